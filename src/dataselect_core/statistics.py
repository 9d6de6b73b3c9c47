"""Intervals of a mean over seeds, and of a share."""

from typing import Any

import numpy as np

from dataselect_core import arguments

Z_975 = 1.959963984540054
"""97.5 % quantile of the normal distribution."""

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
    z = Z_975
    terms = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + terms[0] / freedom + terms[1] / freedom**2


def half_width(values: Any) -> Any:
    """Half width of the 95 % interval of the mean over the first axis, which has at least two entries."""
    n = len(values)
    return student(n - 1) * values.std(axis=0, ddof=1) / np.sqrt(n)


def share_interval(share: float, size: float) -> tuple[float, float]:
    """95 % interval of a share that was measured on independent samples (Wilson 1927).

    Parameters
    ----------
    share : float
        Measured share, from 0 to 1.
    size : float
        Number of samples, above 0; it may be an expected number.

    Returns
    -------
    (float, float)
        Lower and upper end, from 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.
    """
    share, size = arguments.share("share", share), arguments.amount("size", size, positive=True)
    z = Z_975 * Z_975 / size
    middle = (share + z / 2) / (1 + z)
    half = float(np.sqrt(z * share * (1 - share) + z * z / 4)) / (1 + z)
    return max(0.0, middle - half), min(1.0, middle + half)
