"""Intervals of a mean over seeds."""

from typing import Any

import numpy as np

STUDENT = {
    1: 12.706,
    2: 4.303,
    3: 3.182,
    4: 2.776,
    5: 2.571,
    6: 2.447,
    7: 2.365,
    8: 2.306,
    9: 2.262,
    10: 2.228,
}
"""97.5 % quantiles of Student's t by degrees of freedom; beyond ten, see `student`."""


def student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t: from the table, and beyond it from the Cornish-Fisher expansion."""
    if freedom in STUDENT:
        return STUDENT[freedom]
    z = 1.959963984540054
    terms = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + terms[0] / freedom + terms[1] / freedom**2


def half_width(values: Any) -> Any:
    """Half width of the 95 % interval of the mean over the first axis, which has at least two entries."""
    n = len(values)
    return student(n - 1) * values.std(axis=0, ddof=1) / np.sqrt(n)
