"""The constraints of each part, as the page and the report show them, from `facts/constraints.json`."""

from dataclasses import dataclass
from typing import Any

from dataselect_core import facts
from dataselect_core.tracks import track


@dataclass(frozen=True)
class Constraint:
    """A row of the constraint check.

    Attributes
    ----------
    title : str
    goal : str
        A shorter title, for the goals above the plot.
    sign : {"≤", "≥"}
        Of the limit.
    format : str
        One of the formats of `report.shown`.
    unit : str
    """

    title: str
    goal: str
    sign: str
    format: str
    unit: str


def constraints(track_id: str, part: str) -> dict[str, Constraint]:
    """The constraints of a part on a track: name in `check.NAME.value` -> `Constraint`.

    Parameters
    ----------
    track_id : str
    part : {"1", "2", "3"}

    Returns
    -------
    dict
    """
    rows: dict[str, Any] = facts.load("constraints")[part]
    if part == "2":  # the tracks differ in their guardrail
        rows = {**rows, "guardrail": rows["guardrail"][track(track_id).part_2.guardrail]}
    return {name: Constraint(**row) for name, row in rows.items()}
