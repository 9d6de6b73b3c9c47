"""Standard output whose reader has gone."""

import os
import sys
from contextlib import suppress


def forget_output() -> None:
    """Let standard output, whose reader has gone, lead nowhere, so that closing it is no error either."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
