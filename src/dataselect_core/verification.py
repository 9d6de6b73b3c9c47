"""Checks a report: every figure in it is computed anew from its settings and seed.

Agreement shows that the figures are genuine. It does not show who made them.
"""

import json
import math
from dataclasses import dataclass
from importlib import import_module

from .record import TRACKS, Ledger

PARTS = {"1": "deduplication", "2": "active_learning", "3": "domain_gap"}
UNFIT = (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError)
TOLERANCE = 1e-9  # relative: platforms may differ in the last bits
ZERO = 1e-12  # of a difference that would be nothing but for those bits


@dataclass(frozen=True)
class Check:
    """One figure of a report beside the same figure computed here.

    Attributes
    ----------
    track, part, path : str
    kind : str
        As the report says it.
    claimed, recomputed : float, int, str or None
    agrees : bool
        Equal to a relative 1e-9 (or to 1e-12, near zero), and of the same kind.
    note : str
        Why there is nothing to compare with, where there is not.
    """

    track: str
    part: str
    path: str
    kind: str
    claimed: object
    recomputed: object
    agrees: bool
    note: str = ""


def verify(ledger, progress=None):
    """Recompute every captured figure of a record.

    Parameters
    ----------
    ledger : Ledger
    progress : callable(str, str), optional
        Called with track and part before each part that is recomputed.

    Returns
    -------
    list of Check
        In the order of the lab; empty where no evidence was captured.
    """
    checks, at = [], None
    for step in stepwise(ledger):
        if isinstance(step, list):
            checks += step
        elif progress is not None and step[:2] != at:
            at = step[:2]
            progress(*at)
    return checks


def stepwise(ledger, cache=None):
    """The same in steps, for one who wants to be able to stop in between.

    Parameters
    ----------
    ledger : Ledger
    cache : dict, optional
        Figures already recomputed; filled here, so that reports with the same settings share them.

    Yields
    ------
    (track, part, label, share) before each step, and after each part its list of Check.
    """
    if not isinstance(ledger, Ledger):
        raise TypeError(f"ledger must be a Ledger, not {type(ledger).__name__}")
    cache = {} if cache is None else cache
    for track, part in captured(ledger):
        evidence = ledger.get(track, part, "evidence")
        prediction = ledger.get(track, part, "prediction")
        asked = (track, part, evidence.get("settings", {}), evidence.get("assumptions", {}),
                 None if prediction is None else prediction.get("value"))
        key = json.dumps(asked, sort_keys=True)
        if key not in cache:
            for step in _recomputed(*asked):
                if isinstance(step, tuple):
                    yield track, part, *step
                else:
                    cache[key] = step
        yield _checks(track, part, evidence.get("values", {}), cache[key])


def captured(ledger):
    """(track, part) of everything with captured evidence, in the lab's order."""
    return [(track, part) for track in TRACKS for part in PARTS if ledger.get(track, part, "evidence")]


def _recomputed(track, part, settings, assumptions, prediction):
    """(label, share) before each step; last the figures, path -> Value, or the sentence why there are none."""
    if prediction is None:
        yield "cannot be recomputed: there is no prediction, and without one the lab shows no figures"
        return
    yield "Recomputing", 0.0
    try:
        module = import_module(f".figures.{PARTS[part]}", __package__)
        in_steps = getattr(module, "recompute_stepwise", None)
        if in_steps is None:
            yield module.recompute(track, settings, assumptions, prediction)
        else:
            yield from in_steps(track, settings, assumptions, prediction)
    except ImportError:
        yield f"cannot be recomputed: this edition of the lab has no figures for part {part}"
    except FileNotFoundError:  # no fault of the report: nothing can be checked here
        raise
    except UNFIT as error:  # whatever a report says must not end the check of the others
        yield f"cannot be recomputed: {type(error).__name__}: {error}"


def _checks(track, part, claimed, found):
    if isinstance(found, str):
        return [Check(track, part, path, value["kind"], value.get("value"), None, False, found)
                for path, value in claimed.items()]
    checks = []
    for path, value in claimed.items():
        if path not in found:
            note = "the lab has no such figure at these settings"
            checks.append(Check(track, part, path, value["kind"], value.get("value"), None, False, note))
            continue
        here = found[path]
        same = _same(value.get("value"), here.value)
        note = "" if not same or value["kind"] == here.kind else f"the lab calls this {here.kind}"
        checks.append(Check(track, part, path, value["kind"], value.get("value"), _plain(here.value),
                            same and not note, note))
    for path in sorted(found.keys() - claimed.keys()):
        note = "left out of the report"
        checks.append(Check(track, part, path, found[path].kind, None, _plain(found[path].value), False, note))
    return checks


def _plain(value):
    """As the page writes it: no NumPy types, and what is no number is left empty."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _same(a, b):
    a, b = _plain(a), _plain(b)
    if isinstance(a, bool) or isinstance(b, bool) or not all(isinstance(x, (int, float)) for x in (a, b)):
        return a == b and type(a) is type(b)
    return abs(a - b) <= max(TOLERANCE * max(abs(a), abs(b)), ZERO)
