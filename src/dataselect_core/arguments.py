"""Checks of arguments: each error names the argument, the value given and the values allowed."""

import math
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from dataselect_core.arrays import Floats


def integer(name: str, value: object, low: int, high: int | None = None) -> int:
    """`value` as an int in [low, high]; TypeError for another type, ValueError outside the range."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    if value < low or (high is not None and value > high):
        allowed = f"at least {low}" if high is None else f"between {low} and {high}"
        raise ValueError(f"{name} must be {allowed}, not {value}")
    return int(value)


def integers(name: str, value: object, low: int, high: int | None = None) -> tuple[int, ...]:
    """`value` as one or more ints in [low, high]; TypeError unless it is a list of integers, else ValueError."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of integers, not {value!r}")
    members = tuple(integer(name, member, low, high) for member in value)
    if not members:
        raise ValueError(f"{name} must hold at least one integer, not none")
    return members


def seeds(name: str, value: object) -> tuple[int, ...]:
    """`value` as two or more seeds >= 0, as an interval needs; TypeError unless a list of integers, else ValueError."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of integers, not {value!r}")
    numbers = tuple(integer(name, seed, 0) for seed in value)
    if len(numbers) < 2:
        raise ValueError(f"{name} must hold at least two, for an interval, not {len(numbers)}")
    return numbers


def amount(name: str, value: object, positive: bool = False) -> float:
    """`value` as a finite float >= 0 (> 0 if `positive`); TypeError for another type, else ValueError."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, not {value!r}")
    if not math.isfinite(value) or value < 0 or (positive and value == 0):
        raise ValueError(f"{name} must be a finite number {'> 0' if positive else '>= 0'}, not {value!r}")
    return float(value)


def number(name: str, value: object) -> float:
    """`value` as a finite float of either sign; TypeError for another type, else ValueError."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, not {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, not {value!r}")
    return float(value)


def threshold(name: str, value: object) -> float:
    """`value` as a float in (0, 1]; TypeError for another type, ValueError outside, or for NaN."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number in (0, 1], not {value!r}")
    if not 0 < value <= 1:  # this refuses NaN, too
        raise ValueError(f"{name} must be in (0, 1], not {value}")
    return float(value)


def share(name: str, value: object) -> float:
    """`value` as a float in [0, 1]; TypeError for another type, ValueError outside, or for NaN."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number in [0, 1], not {value!r}")
    if math.isnan(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be in [0, 1], not {value}")
    return float(value)


def documents(name: str, values: Any, kind: str) -> list[Any]:
    """`values` as a list of at least one document; a single str or bytes is refused as a mistake."""
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} must be a list of {kind}, one per document, not a {type(values).__name__}")
    values = list(values)
    if not values:
        raise ValueError(f"{name} must hold at least one document, not none")
    return values


def choice(name: str, value: object, allowed: Sequence[str]) -> str:
    """`value` if it is one of the allowed texts; TypeError if it is not a text, ValueError for another text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def between(name: str, value: object, low: float, high: float) -> float:
    """`value` as a float in the open interval (low, high); TypeError for another type, else ValueError."""
    value = number(name, value)
    if not low < value < high:
        raise ValueError(f"{name} must lie in ({low:g}, {high:g}), not {value!r}")
    return value


def floats(name: str, values: Any, ndim: int | None = None, allowed: str = "finite") -> Floats:
    """`values` as finite float64 with `ndim` dimensions; TypeError if they are not numbers, else ValueError.

    `allowed` describes the allowed numbers in the error message.
    """
    try:
        array = np.asarray(float(values) if isinstance(values, Integral) else values)
    except OverflowError:
        raise ValueError(f"{name} must be finite, not {values!r:.40}") from None
    except ValueError:  # rows of different lengths
        raise ValueError(f"{name} must be one array of numbers; its rows differ in length") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, not {array.dtype}")
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension{'s' * (ndim > 1)}, not {array.ndim}")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be {allowed}, but holds NaN or infinity")
    return array


def table(name: str, values: Any) -> Floats:
    """`values` as finite float64[n, d]; see `floats`."""
    return floats(name, values, 2)


def vector(name: str, values: Any) -> Floats:
    """`values` as finite float64[n]; see `floats`."""
    return floats(name, values, 1)
