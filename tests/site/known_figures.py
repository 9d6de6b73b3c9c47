"""The paths of figures that each part can report: the oracle for every number in a text."""

import ast
import json
import re
from functools import lru_cache
from pathlib import Path

from dataselect_core.figures.active_learning.figures import recompute
from dataselect_core.tracks import TRACKS
from tools import expected

ROOT = Path(__file__).resolve().parents[2]
CODE = {
    "1": ("site/apps/part1", "src/dataselect_core/figures/deduplication"),
    "2": ("site/apps/part2", "src/dataselect_core/figures/active_learning"),
    "3": ("site/apps/part3", "src/dataselect_core/figures/domain_gap"),
}
OWN_SETTINGS = ("threshold", "width", "num_perm", "seed", "bands", "rows")  # of a reader's own corpus
CONTROL = (
    "random",
    "kept",
    "gap",
)  # the control of Part 1, which the workbench computes; each path also has a half interval
PATH = re.compile(r"[a-z]\w*(\.\w+)+")


@lru_cache
def known_figures(part):
    """The exact paths of one part, "1" to "3"; there are no patterns.

    The paths are those that `recompute` gave for the expected figures on all four tracks, those of Part 2 with a
    marker, and every path that is a whole string in the code of the part, such as figures that only the page shows.
    """
    tables = json.loads((ROOT / "derived" / "expected" / f"{part}.json").read_text("utf-8"))["value"]
    paths = {row[0] for track in tables.values() for table in track for row in table["rows"]}
    for folder in CODE[part]:
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if (
                    isinstance(node, ast.Constant)
                    and isinstance(node.value, str)
                    and PATH.fullmatch(node.value)
                ):
                    paths.add(node.value)
    if part == "1":
        paths |= {f"own.setting.{name}" for name in OWN_SETTINGS}
        paths |= {f"control.{name}{half}" for name in CONTROL for half in ("", "_half")}
    if part == "2":
        paths |= _with_a_marker()
    return frozenset(paths)


def _with_a_marker():
    """The paths of Part 2 if a reader has set the marker: short runs, on every kind of track."""
    paths = set()
    for track in TRACKS:
        (prediction, _), tables = expected.active_learning(track)
        ((_, (settings, *_)), *_), *_ = tables.values()
        settings = settings | {f"marker.{k[7:]}": v for k, v in settings.items() if k.startswith("active.")}
        settings |= {name: 40 for name in settings if name.endswith(".labels")}
        paths |= set(recompute(track.id, settings, {}, prediction).values)
    return paths
