"""One table of constraints: the goals and the constraint checks of the page follow a change of any entry."""

import copy

import pytest

from dataselect_core.facts import load
from tools import part_texts
from tools.pages import templates

TABLE, TRACKS = load("constraints"), load("tracks")


def rendered(root, number, table):
    """The goals and the constraint check of a part, as HTML."""
    environment = templates(root / "site" / "pages")
    environment.globals["value"] = lambda path, form: f"[{path} {form}]"
    part = {"number": number, "constraints": part_texts.constraint_rows(number, TRACKS, table), "changes": []}
    return "".join(
        environment.get_template(name).render(part=part) for name in ("goals.html", "constraints.html")
    )


def rows():
    """Where each row is: part, name, and the kind of guardrail where the tracks differ."""
    for part, entries in TABLE.items():
        for name, row in entries.items():
            yield from ((part, name, kind) for kind in ([None] if "title" in row else row))


@pytest.mark.parametrize(("part", "name", "kind"), list(rows()))
def test_the_page_follows_a_changed_row(pytestconfig, part, name, kind):
    """Each entry appears on the page, and no other row of the part changes with it."""
    changed = copy.deepcopy(TABLE)
    row = changed[part][name][kind] if kind else changed[part][name]
    row.update(title="Another <title>", goal="Another goal", sign="≈", format="si", unit="of another thing")
    before, after = (rendered(pytestconfig.rootpath, int(part), table) for table in (TABLE, changed))
    times = sum(track["part_2"]["guardrail"] == kind for track in TRACKS.values()) if kind else 1
    for text, count in {
        "Another &lt;title&gt;": times,
        "Another goal": times,
        "of another thing": times,
        "≈": 2 * times,
        f"[check.{name}.value si]": 2 * times,
        f"[check.{name}.limit si]": 2 * times,
    }.items():
        assert (before.count(text), after.count(text)) == (0, count), text
    others = (
        after.count(" percent]")
        + after.count(" dollars]")
        + after.count(" fixed]")
        + after.count(" integer]")
    )
    assert others + 4 * times == 4 * len(part_texts.constraint_rows(int(part), TRACKS, TABLE))


def test_each_track_has_one_row_where_tracks_differ():
    """The guardrail of Part 2 is shown once for each track, with the row of that track's kind."""
    guardrails = [row for row in part_texts.constraint_rows(2, TRACKS, TABLE) if row["name"] == "guardrail"]
    assert [row["track"] for row in guardrails] == list(TRACKS)
    for row in guardrails:
        kind = TRACKS[row["track"]]["part_2"]["guardrail"]
        assert row["title"] == TABLE["2"]["guardrail"][kind]["title"]
