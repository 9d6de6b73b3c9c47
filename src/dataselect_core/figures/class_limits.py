"""Limits that the link of a class sets in place of a track's: found among settings, checked, and told as such."""

from collections.abc import Mapping
from typing import Any

from dataselect_core.values import Value, modelled

SOURCE = "set by the link of a class"


def among(settings: Mapping[str, Any], ranges: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """The limits among some settings; only the link of a class sets any.

    Parameters
    ----------
    settings : dict
        As a page or a report has them; names that are no limits are passed over.
    ranges : dict of str to (float, float)
        The limits that may be among them, with the least and the greatest value of each.

    Returns
    -------
    dict of str to float

    Raises
    ------
    ValueError
        A limit is no number of its range.
    """
    found = {name: settings[name] for name in ranges if settings.get(name) is not None}
    for name, value in found.items():
        low, high = ranges[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError(f"{name} must be a number from {low:g} to {high:g}, not {value!r}")
    return found


def in_force(fixed: Mapping[str, float], name: str, own: Value) -> Value:
    """The `Value` that counts: the link's where `fixed` has one of this name, else the track's `own`."""
    return modelled(fixed[name], own.unit, SOURCE) if name in fixed else own
