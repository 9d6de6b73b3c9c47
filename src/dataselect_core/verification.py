"""Checks a report: every figure in it is computed anew from its settings and seed.

Agreement shows that the figures are genuine. It does not show who made them.
"""

from dataclasses import dataclass
from importlib import import_module

from .record import Ledger

PARTS = {"1": "deduplication", "2": "active_learning", "3": "domain_gap"}
TOLERANCE = 1e-9


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
        Equal to a relative 1e-9, and of the same kind.
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
    if not isinstance(ledger, Ledger):
        raise TypeError(f"ledger must be a Ledger, not {type(ledger).__name__}")
    checks = []
    for track, part in ledger.places():
        evidence = ledger.get(track, part, "evidence")
        if evidence:
            if progress is not None:
                progress(track, part)
            checks += _checks(ledger, track, part, evidence)
    return checks


def _checks(ledger, track, part, evidence):
    claimed = evidence.get("values", {})
    prediction = ledger.get(track, part, "prediction")["value"]
    try:
        recompute = import_module(f".figures.{PARTS[part]}", __package__).recompute
        found = recompute(track, evidence["settings"], evidence.get("assumptions", {}), prediction)
    except (ImportError, KeyError, TypeError, ValueError) as error:
        note = f"cannot be recomputed: {type(error).__name__}: {error}"
        return [Check(track, part, path, value["kind"], value.get("value"), None, False, note)
                for path, value in claimed.items()]
    checks = []
    for path, value in claimed.items():
        if path not in found:
            note = "the lab has no such figure at these settings"
            checks.append(Check(track, part, path, value["kind"], value.get("value"), None, False, note))
            continue
        here = found[path]
        same = _same(value.get("value"), here.value) and value["kind"] == here.kind
        checks.append(Check(track, part, path, value["kind"], value.get("value"), _plain(here.value), same))
    for path in found.keys() - claimed.keys():
        note = "left out of the report"
        checks.append(Check(track, part, path, found[path].kind, None, _plain(found[path].value), False, note))
    return checks


def _plain(value):
    return value.item() if hasattr(value, "item") else value


def _same(a, b):
    a, b = _plain(a), _plain(b)
    if isinstance(a, bool) or isinstance(b, bool) or not all(isinstance(x, (int, float)) for x in (a, b)):
        return a == b and type(a) is type(b)
    return abs(a - b) <= TOLERANCE * max(1.0, abs(a), abs(b))
