"""The table of ways into the lab: its content, its place, and whether the command wrote the README's."""

import datetime
import re
from pathlib import Path

import pytest

from tools import ways

ROOT = Path(__file__).resolve().parents[2]
DAY = datetime.date(2026, 11, 26)
VERSIONS = {"chromium": "156", "firefox": "153.0"}
ALL = dict.fromkeys(ways.CHECKS)


def test_the_table_has_a_row_for_each_way_and_browser():
    """Each cell is yes or NO; browsers, day and everything that was left out are named."""
    results = {("A server", "chromium"): ALL, ("A server", "firefox"): {**ALL, "report": "it differs"}}
    text = ways.table(results, VERSIONS, DAY, ["Offline, after a first visit"])
    assert "| A server | Chromium | yes | yes | yes | yes | yes |" in text
    assert "| A server | Firefox | yes | yes | yes | NO | yes |" in text
    assert "2026-11-26" in text and "Chromium 156 and Firefox 153.0" in text
    assert "Not tried: offline, after a first visit." in text


def test_the_table_replaces_the_previous_one():
    """Text outside the markers is kept, and a README without them is refused with a sentence."""
    readme = f"before\n{ways.BEGIN}\nold\n{ways.END}\nafter\n"
    assert ways.written(readme, "new") == f"before\n{ways.BEGIN}\nnew\n{ways.END}\nafter\n"
    assert ways.written(ways.written(readme, "new"), "new") == ways.written(readme, "new")
    with pytest.raises(ValueError, match="The README has no"):
        ways.written("before\nafter\n", "new")


def test_a_failed_cell_states_its_reason():
    """Below the table, one line without markup has the error of each cell that is NO."""
    results = {
        ("A server", "firefox"): {**ALL, "report": "it <differs>\n| in `two` figures", "own": "x " * 300}
    }
    text = ways.table(results, VERSIONS, DAY)
    assert "\n- NO, A server, Firefox, report: it differs in two figures\n" in text
    assert re.search(r"^- NO, A server, Firefox, own corpus: [x ]{150,200}…$", text, re.MULTILINE)
    assert unexplained(text) == []
    assert unexplained(text.replace("- NO, A server, Firefox, report", "- ")) == ["A server, Firefox, report"]


def test_results_are_kept_for_the_same_site(tmp_path):
    """One way can be tried again, and its cells replace the earlier ones; after a change of the site, all are tried."""
    path = tmp_path / "found.json"
    ways.Kept(path, "one").add("A server", "firefox", "153.0", {**ALL, "own": "no room"})
    ways.Kept(path, "one").add("A frame", "chromium", "156", ALL)
    ways.Kept(path, "one").add("A server", "firefox", "154.0", ALL)
    results = ways.Kept(path, "one")
    assert results.found == {("A server", "firefox"): ALL, ("A frame", "chromium"): ALL}
    assert results.versions == {"firefox": "154.0", "chromium": "156"}
    assert ways.Kept(path, "two").found == {}


def rows_of(text):
    """The cells of the table's rows."""
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows]


def unexplained(text):
    """The cells that are neither "yes" nor a "NO" whose reason is below the table."""
    cells_without_reason = []
    for way, browser, *cells in rows_of(text)[2:]:
        for check, cell in zip(ways.CHECKS.values(), cells, strict=True):
            label = f"{way}, {browser}, {check}"
            reason = re.search(rf"^- NO, {re.escape(label)}: \S+ \S+", text, re.MULTILINE)
            if cell != "yes" and not (cell == "NO" and reason):
                cells_without_reason.append(label)
    return cells_without_reason


def test_the_readme_has_the_table_of_the_last_command():
    """The columns are the command's; each way was tried in both browsers, and each cell is yes or has a reason."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition(ways.BEGIN)[2].partition(ways.END)[0].strip()
    assert text.count(ways.BEGIN) == text.count(ways.END) == 1
    assert "not been made yet" not in table, "run `python build.py ways`, which writes the table"
    rows = rows_of(table)
    assert rows[0] == ["Way in", "Browser", *ways.CHECKS.values()]
    tried = {(way, browser) for way, browser, *_ in rows[2:]}
    left_out = {(way, name) for way in ways.WAYS for name in ways.driven.NAMES.values()} - tried
    assert {way for way, _ in tried} <= set(ways.WAYS)
    assert [
        way_and_browser
        for way_and_browser in left_out
        if "Not tried: {} ({}).".format(*way_and_browser).lower() not in table.lower()
    ] == []
    assert unexplained(table) == []
    assert re.search(r"^Tried on \d{4}-\d\d-\d\d by `python build.py ways` with ", table)
