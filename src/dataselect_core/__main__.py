"""The command line: `python -m dataselect_core COMMAND ...`.

Exit status: 0 done; 1 refused or failed, with one sentence on standard error; 2 wrong usage; 130 interrupted.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from dataselect_core import __version__

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
        None: those of the command line.

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
        described = commands.add_parser(
            name,
            help=command.SUMMARY,
            description=command.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(described)
        described.set_defaults(run=command.run, parser=described)
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        print(f"{options.command}: interrupted; nothing was written", file=sys.stderr)
        return 130
    except (ValueError, OSError) as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    # Before NumPy is loaded: the matrices here are small, and threads that wait for each other cost far more time
    # than they save, the more so beside other processes.
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    sys.exit(main())
