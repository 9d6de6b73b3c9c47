"""Limits that a class link sets in place of the track's limits: found among settings, checked, and labelled as such."""

from collections.abc import Mapping
from typing import Any

from dataselect_core.values import Value, modelled

SOURCE = "set by the link of a class"


def among(settings: Mapping[str, Any], ranges: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """The limits among some settings; only a class link sets them.

    Parameters
    ----------
    settings : dict
        Settings of a page or a report; names that are not limits are ignored.
    ranges : dict of str to (float, float)
        The limits that may be among them, with the minimum and maximum of each.

    Returns
    -------
    dict of str to float

    Raises
    ------
    ValueError
        If a limit is not a number in its range.
    """
    limits = {name: settings[name] for name in ranges if settings.get(name) is not None}
    for name, value in limits.items():
        low, high = ranges[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError(f"{name} must be a number from {low:g} to {high:g}, not {value!r}")
    return limits


def in_force(fixed: Mapping[str, float], name: str, own: Value) -> Value:
    """The `Value` in force: the limit of the class link if `fixed` has one of this name, else the track's `own`."""
    return modelled(fixed[name], own.unit, SOURCE) if name in fixed else own
