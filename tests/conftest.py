"""What all tests share: they test what was built, so what was built must be what the sources say."""

import os
from pathlib import Path

import pytest

from tools import make

ROOT = Path(__file__).resolve().parents[1]


def pytest_sessionstart(session):
    """Stop where an edit would go untested without a word; `LAB_OUTDATED=1` tests the last build all the same."""
    if session.config.option.collectonly or os.environ.get("LAB_OUTDATED"):
        return
    old = make.outdated(ROOT)
    if old:
        pytest.exit(f"{old}. Run `python build.py build` first.", returncode=pytest.ExitCode.USAGE_ERROR)
