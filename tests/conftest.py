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


def pytest_collection_modifyitems(items):
    """Keep tests that share what their module makes once in one process; all others go where there is room."""
    for item in items:
        made = item._fixtureinfo.name2fixturedefs.values()
        if any(fixtures[-1].scope == "module" for fixtures in made):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
