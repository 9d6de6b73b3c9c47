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


def pytest_collection_modifyitems(config, items):
    """Keep tests that share what their module makes once in one process; all others go where there is room.

    Tests of `left_out.txt` are left out, and counted, unless `LAB_LEFT_OUT=1` asks for them or they are named.
    """
    for item in items:
        made = item._fixtureinfo.name2fixturedefs.values()
        if any(fixtures[-1].scope == "module" for fixtures in made):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    whole = {ROOT / "tests" / name for name in ("core", "site")}
    named = any((ROOT / each.partition("::")[0]).resolve() not in whole for each in config.args)
    if os.environ.get("LAB_LEFT_OUT") or named:
        return
    out = [item for item in items if is_left_out(item.nodeid)]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in set(out)]


def is_left_out(name):
    """Whether a test, its file, or the function of its case is a line of `left_out.txt`."""
    return not {name, name.partition("[")[0], name.partition("::")[0]}.isdisjoint(LEFT_OUT)


LEFT_OUT = {
    line.strip()
    for line in (ROOT / "tests" / "left_out.txt").read_text("utf-8").splitlines()
    if line.strip() and not line.startswith("#")
}
