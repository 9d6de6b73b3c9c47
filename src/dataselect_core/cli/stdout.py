"""Standard output after its reader has gone."""

import os
import sys
from contextlib import suppress


def forget_output() -> None:
    """Send standard output to the null device after its reader has gone, so that closing it does not fail either."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
