"""A number with its unit, its kind and its source."""

from dataclasses import asdict, dataclass
from typing import Any

from dataselect_core.facts import load

KINDS: tuple[str, ...] = tuple(load("record")["kinds"])


@dataclass(frozen=True)
class Value:
    """A number with its unit and its kind, so that every plot and report can show both.

    Attributes
    ----------
    value : float, int, str or None
        The number; None if there is none (the page then shows that).
    unit : str
        Unit as a reader would write it; "" for a pure number.
    kind : {"measured", "modelled", "cited"}
        measured: computed here, from this data and seed. modelled: from a named law or an
        assumption of the scenario. cited: read in another source.
    source : str
        What was measured, which law was used, or where and when the number was read.
    """

    value: Any
    unit: str
    kind: str
    source: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}")

    def as_dict(self) -> dict[str, Any]:
        """The value as a plain dictionary, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Findings:
    """All figures of a part at some settings, and the cases that are true.

    Attributes
    ----------
    values : dict of str to Value
        Figures by path.
    cases : list of str
        Names of the sentences of the page that are true, such as "budget-ok".
    """

    values: dict[str, Value]
    cases: list[str]


def measured(value: Any, unit: str = "", source: str = "") -> Value:
    """A `Value` computed here, from this data and seed."""
    return Value(value, unit, "measured", source)


def modelled(value: Any, unit: str = "", source: str = "") -> Value:
    """A `Value` that follows from a named law or an assumption of the scenario."""
    return Value(value, unit, "modelled", source)


def cited(value: Any, unit: str = "", source: str = "") -> Value:
    """A `Value` from another source; `source` names where and when it was read."""
    return Value(value, unit, "cited", source)
