"""The lab's one command line: build, serve, setup, test, bench, ways, derive, zip, fresh, update-lock.

Needs nothing but Python 3.11 to 3.14. On first use it makes `.venv` with the pinned packages of
`tools/requirements-*.txt` (`tools/environment.py`) and continues in there (`tools/commands.py`).

This file alone is written for any Python, 2.7 too, so that an old one says what is missing.
"""

import os
import subprocess
import sys

OLDEST_PYTHON = (3, 11)
ROOT = os.path.dirname(os.path.abspath(__file__))


def main():
    """Hand over to `tools/commands.py`, or say which Python is needed."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        newer = newer_python()
        advice = "Install a newer one, for instance from python.org."
        if newer:
            advice = "Start the command with " + newer + ": " + " ".join([newer, "build.py"] + sys.argv[1:])
        this = ".".join(str(number) for number in sys.version_info[:2])
        sys.exit("The lab needs Python 3.11 to 3.14; this is " + this + ". " + advice)
    sys.path.insert(0, ROOT)  # also where Python was told not to do so by itself
    from tools import commands

    commands.main()


def newer_python():
    """The name of a Python on the path that is new enough, or None."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    for name in ("python3.13", "python3.14", "python3.12", "python3.11"):
        for folder in folders:
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK) and runs(path):
                return name
    return None


def runs(path):
    """Whether a Python starts; what a version manager puts on the path need not."""
    with open(os.devnull, "w") as nowhere:
        return subprocess.call([path, "-c", ""], stdout=nowhere, stderr=nowhere) == 0


if __name__ == "__main__":
    main()
