"""The command line: `python -m dataselect_core COMMAND ...`.

Exit status: 0 done; 1 refused or failed, with one sentence on standard error; 2 wrong usage; 128 plus its number for
a signal that ended it (130 for Ctrl-C, 143 for SIGTERM, 141 for a closed pipe as standard output).
"""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

from dataselect_core import __version__
from dataselect_core.cli.stdout import forget_output

# Command -> the module that has its `SUMMARY`, `add_arguments(parser)` and `run(options) -> exit status`.
COMMANDS = {
    "dedup": "dedup",
    "verify": "verify",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : list of str or None
        None: the arguments of the command line.

    Returns
    -------
    int
        The exit status. Wrong usage raises SystemExit(2), as argparse does.
    """
    parser = argparse.ArgumentParser(
        prog="python -m dataselect_core", description="Data selection for machine learning."
    )
    parser.add_argument("--version", action="version", version=f"dataselect-core {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        command = import_module(f"dataselect_core.cli.{module}")
        command_parser = commands.add_parser(
            name,
            help=command.SUMMARY,
            description=command.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(command_parser)
        command_parser.set_defaults(run=command.run, parser=command_parser)
    streams: tuple[Any, ...] = (sys.stdout, sys.stderr)
    for stream in streams:
        # A console that cannot show a letter of a file's name must not stop the command.
        with suppress(AttributeError, OSError, ValueError):
            stream.reconfigure(errors="backslashreplace")
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except KeyboardInterrupt as stop:
        number = getattr(stop, "number", 2)
        reason = "interrupted" if number == 2 else f"stopped by signal {number}"
        return _print_error(options, f"{reason}; nothing was written", 128 + number)
    except BrokenPipeError:
        forget_output()
        return 128 + 13
    except MemoryError:
        return _print_error(options, "there was not enough memory", 1)
    except OSError as error:
        where = f": {os.fspath(error.filename)}" if isinstance(error.filename, (str, os.PathLike)) else ""
        return _print_error(options, f"{error.strerror}{where}" if error.strerror else str(error), 1)
    except ValueError as error:
        return _print_error(options, str(error), 1)


def _print_error(options, sentence, status):
    with suppress(OSError):
        print(f"{options.command}: {sentence}", file=sys.stderr)
    return status


if __name__ == "__main__":
    # Set before NumPy is loaded: the matrices here are small, and threads that wait for each other cost far more time
    # than they save, especially next to other processes.
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # while the command was still being loaded
        print("interrupted; nothing was written", file=sys.stderr)
        sys.exit(130)
