"""Shared by all tests: they test the build, so the build must be up to date with the sources."""

import os
from pathlib import Path

import pytest

from tools import make

ROOT = Path(__file__).resolve().parents[1]


def pytest_sessionstart(session):
    """Stop if sources changed since the build, as edits would go untested; `LAB_OUTDATED=1` tests the last build."""
    if session.config.option.collectonly or os.environ.get("LAB_OUTDATED"):
        return
    reason = make.outdated(ROOT)
    if reason:
        pytest.exit(f"{reason}. Run `python build.py build` first.", returncode=pytest.ExitCode.USAGE_ERROR)


def pytest_collection_modifyitems(config, items):
    """Run tests that share a fixture of their module in one process; spread all others over the processes.

    Tests in `left_out.txt` are deselected, and counted, unless `LAB_LEFT_OUT=1` is set or they are named.
    """
    for item in items:
        definitions = item._fixtureinfo.name2fixturedefs.values()
        if any(fixtures[-1].scope == "module" for fixtures in definitions):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    folders = {ROOT / "tests" / name for name in ("core", "site")}
    named = any((ROOT / argument.partition("::")[0]).resolve() not in folders for argument in config.args)
    if os.environ.get("LAB_LEFT_OUT") or named:
        return
    deselected = [item for item in items if is_left_out(item.nodeid)]
    config.hook.pytest_deselected(items=deselected)
    items[:] = [item for item in items if item not in set(deselected)]


def is_left_out(name):
    """Whether `left_out.txt` lists a test, its file, or the function of a parametrised case."""
    return not {name, name.partition("[")[0], name.partition("::")[0]}.isdisjoint(LEFT_OUT)


LEFT_OUT = {
    line.strip()
    for line in (ROOT / "tests" / "left_out.txt").read_text("utf-8").splitlines()
    if line.strip() and not line.startswith("#")
}
