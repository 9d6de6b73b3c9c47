"""The table of settings and limits: the allowed values in a control, an address, a report and a class link.

The table is `facts/settings.json`. It defines the controls of the workbenches, the address checks of the page, the
forms and tables of the guides, and the ranges in the check of a report.
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
        Label of its control.
    low, high, step : float or None
        The range of a number, both ends included, and the step of its slider; None for a choice.
    default : object
        None if each track has a different one.
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
        """The allowed values of a choice."""
        return tuple(self.options or ())

    def check(self, value: Any) -> Any:
        """`value` if it is allowed.

        Raises
        ------
        ValueError
            If it is not; the message names the setting and the allowed values.
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
    """A limit of the constraint check that a class link can set.

    Attributes
    ----------
    name, part : str
    kind : {"number", "whole"}
    low, high : float
        Both ends included.
    of : str
        What the number is, for the list of what an address may contain.
    said, format : str
        The words before the number, and the format of the number, on the page and in a report.
    label : str
        Its label in the form for class links.
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
    table: dict[str, dict[str, Setting]] = {}
    for part, rows in load("settings")["settings"].items():
        table[part] = {}
        for name, row in rows.items():
            options = {option["value"]: option["label"] for option in row.pop("options", ())}
            table[part][name] = Setting(part, name, options=options, **row)
    return table


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
    """The `Setting` of a part; KeyError if there is none."""
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
        Name -> value, as in a page or a report.
    names : iterable of str
        The settings to check; each must be in `given`.

    Raises
    ------
    ValueError
        If a setting is missing or is not allowed; the message names it and the allowed values.
    """
    for name in names:
        if name not in given:
            raise ValueError(f"{name} is missing from the settings")
        SETTINGS[part][name].check(given[name])
