"""The table of ways into the lab: what it says, where it goes, and that the README's is one the command wrote."""

import datetime
import re
from pathlib import Path

import pytest

from tools import ways

ROOT = Path(__file__).resolve().parents[2]
DAY = datetime.date(2026, 11, 26)
VERSIONS = {"chromium": "156", "firefox": "153.0"}
ALL = dict.fromkeys(ways.CHECKS)


def test_a_row_a_way_and_browser():
    """Each cell says yes or NO, browsers and day are named, and what was left out is said."""
    found = {("A server", "chromium"): ALL, ("A server", "firefox"): {**ALL, "report": "it differs"}}
    text = ways.table(found, VERSIONS, DAY, ["Offline, after a first visit"])
    assert "| A server | Chromium | yes | yes | yes | yes | yes |" in text
    assert "| A server | Firefox | yes | yes | yes | NO | yes |" in text
    assert "2026-11-26" in text and "Chromium 156 and Firefox 153.0" in text
    assert "Not tried: offline, after a first visit." in text


def test_the_table_replaces_the_one_before():
    """What is around the markers stays, and a README without them is refused with a sentence."""
    readme = f"before\n{ways.BEGIN}\nold\n{ways.END}\nafter\n"
    assert ways.written(readme, "new") == f"before\n{ways.BEGIN}\nnew\n{ways.END}\nafter\n"
    assert ways.written(ways.written(readme, "new"), "new") == ways.written(readme, "new")
    with pytest.raises(ValueError, match="The README has no"):
        ways.written("before\nafter\n", "new")


def test_the_readme_has_the_table_of_the_last_command():
    """Between the markers stand the command's columns, and of every way in it each cell was tried and held."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    inside = text.partition(ways.BEGIN)[2].partition(ways.END)[0].strip()
    assert text.count(ways.BEGIN) == text.count(ways.END) == 1
    assert "not been made yet" not in inside, "run `python build.py ways`, which writes the table"
    rows = [line.split("|")[1:-1] for line in inside.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in row] for row in rows]
    assert rows[0] == ["Way in", "Browser", *ways.CHECKS.values()]
    assert all(way in ways.WAYS for way, *_ in rows[2:])
    assert len(rows) >= 2 + 2 * 4  # two browsers; the way without a network needs a service worker
    assert [row for row in rows[2:] if row[2:] != ["yes"] * len(ways.CHECKS)] == []
    assert re.search(r"^Tried on \d{4}-\d\d-\d\d by `python build.py ways` with Chromium", inside)
