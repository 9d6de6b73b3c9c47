"""The one table of settings and limits: what a control, an address, a report and a class link may say.

The table is `facts/settings.json`. The workbenches make their controls from it, the page its address checks, the guides
their forms and tables, and the check of a report its ranges.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dataselect_core.facts import load


@dataclass(frozen=True)
class Setting:
    """One setting of a part.

    Attributes
    ----------
    part, name : str
    kind : {"number", "whole", "choice"}
    label : str
        As its control is labelled.
    low, high, step : float or None
        The range of a number, both ends included, and the step of its slider; None for a choice.
    default : object
        None where the track has its own.
    unit : str
    options : dict
        Value -> label of a choice, in the order of the control; empty for a number.
    """

    part: str
    name: str
    kind: str
    label: str
    default: object
    low: float | None = None
    high: float | None = None
    step: float | None = None
    unit: str = ""
    options: dict[Any, str] | None = None

    @property
    def values(self) -> tuple[Any, ...]:
        """What a choice can be: a tuple."""
        return tuple(self.options or ())

    def check(self, value: Any) -> Any:
        """`value`, where it is allowed.

        Raises
        ------
        ValueError
            Names the setting and what is allowed.
        """
        if self.kind == "choice":
            if isinstance(value, bool) or value not in self.values:
                allowed = ", ".join(map(str, self.values))
                raise ValueError(f"{self.name} must be one of {allowed}, not {value!r}")
        else:
            assert self.low is not None and self.high is not None  # every number has a range
            kinds = int if self.kind == "whole" else (int, float)
            if isinstance(value, bool) or not isinstance(value, kinds) or not self.low <= value <= self.high:
                whole = "whole " if self.kind == "whole" else ""
                raise ValueError(
                    f"{self.name} must be a {whole}number from {self.low:g} to {self.high:g}, not {value!r}"
                )
        return value


@dataclass(frozen=True)
class Limit:
    """A limit of the constraint check that the link of a class can set.

    Attributes
    ----------
    name, part : str
    kind : {"number", "whole"}
    low, high : float
        Both ends included.
    of : str
        What the number is, for the list of what an address may say.
    said, format : str
        The words before the number, and its form, on the page and in a report.
    label : str
        As the form for class links has it.
    tracks : tuple of str
        The tracks that have it; empty: all.
    """

    name: str
    part: str
    kind: str
    low: float
    high: float
    of: str
    said: str
    format: str
    label: str
    tracks: tuple[str, ...] = ()


def _settings():
    made: dict[str, dict[str, Setting]] = {}
    for part, rows in load("settings")["settings"].items():
        made[part] = {}
        for name, row in rows.items():
            options = {option["value"]: option["label"] for option in row.pop("options", ())}
            made[part][name] = Setting(part, name, options=options, **row)
    return made


PARTS = load("settings")["parts"]
"""Part -> title."""
SETTINGS = _settings()
"""Part -> name -> `Setting`."""
LIMITS = {
    name: Limit(name, **{**row, "tracks": tuple(row.get("tracks", ()))})
    for name, row in load("settings")["limits"].items()
}
"""Name -> `Limit`."""


def setting(part: str, name: str) -> Setting:
    """The `Setting` of a part; KeyError where there is none."""
    return SETTINGS[part][name]


def limits_of(part: str) -> dict[str, tuple[float, float]]:
    """The limits of a part: name -> (low, high)."""
    return {name: (limit.low, limit.high) for name, limit in LIMITS.items() if limit.part == part}


def check(part: str, given: Mapping[str, Any], names: Iterable[str]) -> None:
    """Check some settings of a part.

    Parameters
    ----------
    part : {"1", "2", "3"}
    given : dict
        Name -> value, as a page or a report has them.
    names : iterable of str
        Those that are checked; each must be there.

    Raises
    ------
    ValueError
        A setting is missing, or is not allowed; the message names it and what is allowed.
    """
    for name in names:
        if name not in given:
            raise ValueError(f"{name} is missing among the settings")
        SETTINGS[part][name].check(given[name])
