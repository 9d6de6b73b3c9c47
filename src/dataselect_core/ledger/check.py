"""Check a report: recompute every figure and every case in it from its settings and seed.

Agreement shows that the figures are genuine. It does not show who made them.
"""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from dataselect_core import __version__
from dataselect_core.ledger import engine_trial
from dataselect_core.ledger.answers import PARTS, Unanswered, answers
from dataselect_core.ledger.record import TRACKS, Ledger
from dataselect_core.ledger.runtime import described, engine

TOLERANCE = 1e-9  # relative: platforms may differ in the last bits
LAST_DIGITS = 1e-7  # relative: another NumPy or processor may change this much, and no student would
HOLDS = "holds"
TEXT = "text"
SHARED = {"1": ("corpus", "width", "num_perm", "seed"), "2": None, "3": ("noise", "seed", "seeds")}
"""Part -> settings of the slowest step, whose result is cached from one recomputation to the next."""
ZERO = 1e-12  # absolute: a difference of at most this comes from the last bits


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


@dataclass(frozen=True)
class Question:
    """The input for recomputing one part of a record: everything that its figures depend on."""

    track: str
    part: str
    settings: dict[str, Any]
    assumptions: dict[str, float]
    prediction: object

    @property
    def key(self) -> Any:
        """A key that is the same for two questions with the same answer."""
        return json.dumps(
            (self.track, self.part, self.settings, self.assumptions, self.prediction), sort_keys=True
        )

    @property
    def kin(self) -> Any:
        """A key that is the same for two questions that are quicker to answer one after the other, in one process."""
        names = SHARED[self.part]
        if names is None:
            return self.key
        track = self.track if self.part == "1" else ""
        return json.dumps((self.part, track, [self.settings.get(name) for name in names]), sort_keys=True)


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
    found, at = [], None
    for step in stepwise(ledger):
        if isinstance(step, list):
            found += step
        elif progress is not None and step[:2] != at:
            at = step[:2]
            progress(*at)
    return found


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
    found = {place: ledger.get(*place, "evidence") for place in captured(ledger)}
    return {
        place: described(evidence.get("engine"), evidence.get("lab")) for place, evidence in found.items()
    }


def questions(ledger: Ledger) -> list[Question]:
    """The questions that check a record: a `Question` for each part with evidence, in the lab's order."""
    if not isinstance(ledger, Ledger):
        raise TypeError(f"ledger must be a Ledger, not {type(ledger).__name__}")
    asked = []
    for track, part in captured(ledger):
        evidence, prediction = (ledger.get(track, part, name) for name in ("evidence", "prediction"))
        asked.append(
            Question(
                track,
                part,
                evidence.get("settings", {}),
                evidence.get("assumptions", {}),
                None if prediction is None else prediction.get("value"),
            )
        )
    return asked


def checks(ledger: Ledger, question: Question, found: Any) -> list[Check]:
    """Compare the figures and cases of one part of a record with the answer to its question: list of Check.

    If another edition of the lab, or another NumPy, explains a difference, it counts as not compared.
    """
    track, part = question.track, question.part
    evidence = ledger.get(track, part, "evidence")
    values, cases = evidence.get("values", {}), list(dict.fromkeys(evidence.get("cases", [])))
    if isinstance(found, Unanswered):
        verdict, why = False if found.refused else None, found.why
        made = [
            *(
                Check(track, part, path, value["kind"], value.get("value"), None, verdict, why)
                for path, value in values.items()
            ),
            *(Check(track, part, f"cases.{name}", "case", HOLDS, None, verdict, why) for name in cases),
        ]
    else:
        made = _figures(track, part, values, found.values) + _cases(track, part, cases, found.cases)
    excuse = _excuse(evidence)
    return [_excused(each, excuse, evidence.get("engine")) if each.agrees is False else each for each in made]


def _excuse(evidence):
    """Why no difference in these figures counts against a report, or an empty text."""
    lab = evidence.get("lab")
    if lab and lab != __version__:
        return (
            f"made with lab {lab}, whose figures may differ from those of lab {__version__}: to compare it, install"
            f" {wheel(lab)} from the site that gave the report out"
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


def _excused(check, excuse, by):
    """The check, marked as not compared if something other than the report explains the difference."""
    numbers = [
        each
        for each in (check.claimed, check.recomputed)
        if isinstance(each, (int, float)) and not isinstance(each, bool)
    ]
    if not excuse and len(numbers) == 2 and not check.note and by != engine():
        a, b = numbers
        if abs(a - b) <= LAST_DIGITS * max(abs(a), abs(b)):
            excuse = (
                "differs in the last digits alone, as another NumPy or another kind of processor may give"
            )
    if not excuse:
        return check
    return replace(check, agrees=None, note="; ".join(filter(None, (check.note, excuse))))


def _figures(track, part, claimed, found):
    made = []
    for path, value in claimed.items():
        if path not in found:
            note = "the lab has no such figure at these settings"
            made.append(Check(track, part, path, value["kind"], value.get("value"), None, False, note))
            continue
        here = found[path]
        same = _same(value.get("value"), here.value)
        note = "" if not same or value["kind"] == here.kind else f"the lab calls this {here.kind}"
        made.append(
            Check(
                track,
                part,
                path,
                value["kind"],
                value.get("value"),
                _plain(here.value),
                same and not note,
                note,
            )
        )
    for path in sorted(found.keys() - claimed.keys()):
        note = "left out of the report"
        made.append(Check(track, part, path, found[path].kind, None, _plain(found[path].value), False, note))
    return made


def _cases(track, part, claimed, found):
    made = [
        Check(
            track,
            part,
            f"cases.{name}",
            "case",
            HOLDS,
            HOLDS if name in found else None,
            name in found,
            "" if name in found else "not the case at these settings",
        )
        for name in claimed
    ]
    return made + [
        Check(track, part, f"cases.{name}", "case", None, HOLDS, False, "left out of the report")
        for name in sorted(set(found) - set(claimed))
    ]


def _plain(value):
    """The value as the page writes it: without NumPy types, and None if it is NaN or infinite."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _same(a, b):
    a, b = _plain(a), _plain(b)
    if isinstance(a, bool) or isinstance(b, bool) or not all(isinstance(x, (int, float)) for x in (a, b)):
        return a == b and type(a) is type(b)
    return abs(a - b) <= max(TOLERANCE * max(abs(a), abs(b)), ZERO)
