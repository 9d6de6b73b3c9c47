"""Student's 95 % interval of a mean over several seeds."""

from dataclasses import dataclass

import numpy as np

from dataselect_core.arrays import ArrayLike

T_975 = (
    12.706,
    4.303,
    3.182,
    2.776,
    2.571,
    2.447,
    2.365,
    2.306,
    2.262,
    2.228,
    2.201,
    2.179,
    2.160,
    2.145,
    2.131,
    2.120,
    2.110,
    2.101,
    2.093,
)
"""Upper 2.5 % points of Student's t for 1 ... 19 degrees of freedom."""


@dataclass(frozen=True)
class Interval:
    """Mean over the seeds, and a 95 % interval of that mean (Student's t)."""

    mean: float
    low: float
    high: float


def interval(values: ArrayLike) -> Interval:
    """`Interval` of 2 to 20 values, one per seed: their mean, and Student's 95 % interval of it."""
    values = np.array(values, dtype=float)
    if not 2 <= len(values) <= len(T_975) + 1:
        raise ValueError(f"values must be 2 to {len(T_975) + 1} numbers, not {len(values)}")
    half = T_975[len(values) - 2] * values.std(ddof=1) / np.sqrt(len(values))
    return Interval(float(values.mean()), float(values.mean() - half), float(values.mean() + half))
