"""The constraints of each part as the page tells them: title, sign, form of the numbers, and what they are of."""

from dataclasses import dataclass

from dataselect_core.tracks import track


@dataclass(frozen=True)
class Constraint:
    """`sign` is that of the limit, `form` one of those of `report.shown`, `of` what stands in the column of units."""

    title: str
    sign: str
    form: str
    of: str


PART_1 = {
    "budget": Constraint("Budget: compute left after deduplication", "≤", "percent", "of raw FLOPs"),
    "guardrail": Constraint("Guardrail: chained removals", "≤", "percent", "of what was removed"),
}
PART_2 = {
    "target": Constraint("Target: accuracy", "≥", "percent", "of the test samples"),
    "budget": Constraint("Budget: cost of the project", "≤", "dollars", "in all"),
}
GUARDRAILS = {
    "overhead": Constraint("Guardrail: what selection takes", "≤", "percent", "of the cost"),
    "recall": Constraint("Guardrail: recall of the watched class", "≥", "percent", "of its test samples"),
    "rounds": Constraint("Guardrail: rounds of selection", "≤", "integer", "rounds"),
}
PART_3 = {
    "accuracy": Constraint("Accuracy in the field", "≥", "percent", "of the field’s pictures"),
    "recall": Constraint(
        "Safety: recall of the critical class in heavy rain", "≥", "percent", "of its pictures"
    ),
    "fid": Constraint("Domain gap: FID", "≤", "fixed", "squared block inks"),
    "supply": Constraint("Supply: real samples asked for", "≤", "integer", "samples"),
}


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
    if part == "2":
        return {**PART_2, "guardrail": GUARDRAILS[track(track_id).part_2.guardrail]}
    return {"1": PART_1, "3": PART_3}[part]
