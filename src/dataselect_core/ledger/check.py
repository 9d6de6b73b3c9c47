"""Check a report: recompute every figure and every case in it from its settings and seed.

Agreement shows that the figures are genuine. It does not show who made them.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from dataselect_core import __version__
from dataselect_core.ledger import engine_trial
from dataselect_core.ledger.answers import PARTS, Question, Unanswered, answers
from dataselect_core.ledger.record import TRACKS, Ledger
from dataselect_core.ledger.runtime import described, engine

TOLERANCE = 1e-9  # relative: platforms may differ in the last bits
LAST_DIGITS = 1e-7  # relative: another NumPy or processor may change this much, and no student would
HOLDS = "holds"
TEXT = "text"
ABSOLUTE_TOLERANCE = 1e-12  # absolute: a difference of at most this comes from the last bits


@dataclass(frozen=True)
class Check:
    """One figure or case of a report, next to the same figure or case computed here.

    Attributes
    ----------
    track, part, path : str
        Track and part are empty for the text of a report.
    kind : str
        The kind in the report; "case" for a case, whose path is `cases.` and its name; "text" for a line of the report.
    claimed, recomputed : float, int, str or None
        For a case `HOLDS`, or None if it does not hold; for a line, the text in the report, and the text of its record.
    agrees : bool or None
        Whether they are equal to a relative 1e-9 (or to 1e-12, near zero), and of the same kind. None: could not be
        compared, for a reason that is not the fault of the report.
    note : str
        Why there is nothing to compare with, or why it could not be compared; else empty.
    section, line : str and int
        Where a line is in the report, for the text of a report; else empty and 0.
    """

    track: str
    part: str
    path: str
    kind: str
    claimed: object
    recomputed: object
    agrees: bool | None
    note: str = ""
    section: str = ""
    line: int = 0


def verify(ledger: Ledger, progress: Callable[[str, str], object] | None = None) -> list[Check]:
    """Recompute every captured figure of a record.

    Parameters
    ----------
    ledger : Ledger
    progress : callable(str, str), optional
        Called with track and part before each part that is recomputed.

    Returns
    -------
    list of Check
        In the order of the lab; empty if no evidence was captured.
    """
    results, current = [], None
    for step in stepwise(ledger):
        if isinstance(step, list):
            results += step
        elif progress is not None and step[:2] != current:
            current = step[:2]
            progress(*current)
    return results


def stepwise(ledger: Ledger) -> Iterator[Any]:
    """Run `verify` in steps, for a caller that may stop in between.

    Yields
    ------
    (track, part, label, share) before each step, and after each part its list of Check.
    """
    for question in questions(ledger):
        for step in answers(question):
            if isinstance(step, tuple):
                yield question.track, question.part, *step
        yield checks(ledger, question, step)


def captured(ledger: Ledger) -> list[tuple[str, str]]:
    """(track, part) of everything with captured evidence, in the lab's order."""
    return [(track, part) for track in TRACKS for part in PARTS if ledger.get(track, part, "evidence")]


def captured_by(ledger: Ledger) -> dict[tuple[str, str], str]:
    """What computed the evidence, in words: (track, part) -> versions of lab and engine."""
    captures = {
        track_and_part: ledger.get(*track_and_part, "evidence") for track_and_part in captured(ledger)
    }
    return {
        track_and_part: described(evidence.get("engine"), evidence.get("lab"))
        for track_and_part, evidence in captures.items()
    }


def questions(ledger: Ledger) -> list[Question]:
    """The questions that check a record: a `Question` for each part with evidence, in the lab's order."""
    if not isinstance(ledger, Ledger):
        raise TypeError(f"ledger must be a Ledger, not {type(ledger).__name__}")
    result = []
    for track, part in captured(ledger):
        evidence, prediction = (ledger.get(track, part, name) for name in ("evidence", "prediction"))
        result.append(
            Question(
                track,
                part,
                evidence.get("settings", {}),
                evidence.get("assumptions", {}),
                None if prediction is None else prediction.get("value"),
            )
        )
    return result


def checks(ledger: Ledger, question: Question, answer: Any) -> list[Check]:
    """Compare the figures and cases of one part of a record with the answer to its question: list of Check.

    If another edition of the lab, or another NumPy, explains a difference, it counts as not compared.
    """
    track, part = question.track, question.part
    evidence = ledger.get(track, part, "evidence")
    values, cases = evidence.get("values", {}), list(dict.fromkeys(evidence.get("cases", [])))
    if isinstance(answer, Unanswered):
        agrees, reason = False if answer.refused else None, answer.reason
        results = [
            *(
                Check(track, part, path, value["kind"], value.get("value"), None, agrees, reason)
                for path, value in values.items()
            ),
            *(Check(track, part, f"cases.{name}", "case", HOLDS, None, agrees, reason) for name in cases),
        ]
    else:
        results = _figures(track, part, values, answer.values) + _cases(track, part, cases, answer.cases)
    explanation = _explanation(evidence)
    captured_engine = evidence.get("engine")
    return [
        _not_compared(check, explanation, captured_engine) if check.agrees is False else check
        for check in results
    ]


def _explanation(evidence):
    """Why no difference in these figures counts against a report, or an empty text."""
    lab = evidence.get("lab")
    if lab and lab != __version__:
        return (
            f"made with lab {lab}, whose figures may differ from those of lab {__version__}: to compare it, install"
            f" {wheel(lab)} from the site where the report was made"
        )
    if not engine_trial.usual():
        return (
            f"NumPy {engine()['numpy']} of this machine draws other random numbers than the lab is built with:"
            " to compare it, install NumPy 2.2 or 2.4"
        )
    return ""


def wheel(lab: str) -> str:
    """The file that installs an edition of the lab."""
    return f"dataselect_core-{lab}-py3-none-any.whl"


def _not_compared(check, explanation, captured_engine):
    """The check, marked as not compared if something other than the report explains the difference."""
    numbers = [
        value
        for value in (check.claimed, check.recomputed)
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]
    if not explanation and len(numbers) == 2 and not check.note and captured_engine != engine():
        a, b = numbers
        if abs(a - b) <= LAST_DIGITS * max(abs(a), abs(b)):
            explanation = (
                "differs only in the last digits, as it may with another NumPy or another kind of processor"
            )
    if not explanation:
        return check
    return replace(check, agrees=None, note="; ".join(filter(None, (check.note, explanation))))


def _figures(track, part, claimed, recomputed):
    results = []
    for path, figure in claimed.items():
        if path not in recomputed:
            note = "the lab has no such figure at these settings"
            results.append(Check(track, part, path, figure["kind"], figure.get("value"), None, False, note))
            continue
        value = recomputed[path]
        equal = _same(figure.get("value"), value.value)
        note = "" if not equal or figure["kind"] == value.kind else f"the kind is {value.kind} in the lab"
        results.append(
            Check(
                track,
                part,
                path,
                figure["kind"],
                figure.get("value"),
                _plain(value.value),
                equal and not note,
                note,
            )
        )
    for path in sorted(recomputed.keys() - claimed.keys()):
        note = "left out of the report"
        results.append(
            Check(track, part, path, recomputed[path].kind, None, _plain(recomputed[path].value), False, note)
        )
    return results


def _cases(track, part, claimed, recomputed):
    results = [
        Check(
            track,
            part,
            f"cases.{name}",
            "case",
            HOLDS,
            HOLDS if name in recomputed else None,
            name in recomputed,
            "" if name in recomputed else "not the case at these settings",
        )
        for name in claimed
    ]
    return results + [
        Check(track, part, f"cases.{name}", "case", None, HOLDS, False, "left out of the report")
        for name in sorted(set(recomputed) - set(claimed))
    ]


def _plain(value):
    """The value as the page writes it: without NumPy types, and None if it is NaN or infinite."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _same(claimed, recomputed):
    claimed, recomputed = _plain(claimed), _plain(recomputed)
    if (
        isinstance(claimed, bool)
        or isinstance(recomputed, bool)
        or not all(isinstance(x, (int, float)) for x in (claimed, recomputed))
    ):
        return claimed == recomputed and type(claimed) is type(recomputed)
    return abs(claimed - recomputed) <= max(
        TOLERANCE * max(abs(claimed), abs(recomputed)), ABSOLUTE_TOLERANCE
    )
