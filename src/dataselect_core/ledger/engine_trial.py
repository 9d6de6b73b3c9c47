"""Whether this NumPy draws the same random numbers as the NumPy that the lab is built with.

Figures depend on the random numbers that NumPy draws from a seed, and NumPy may change them from one version to
another. A few draws of each kind that the lab uses are compared with the draws of the version that the lab is built
with. If they differ, a difference of figures does not count against a report.
"""

from functools import cache
from typing import Any

import numpy as np

USUAL = (
    *(892, 280, 261),
    *(3, 0, 4, 2, 1, 5),
    *(1, 3, 16),
    *(13, 12, 13),
    *(0.270488856454, 0.301873966982),
    *(-0.853315864897, -0.894828857755),
    *(-0.841569184477, 0.59915671472),
)
"""The draws of NumPy 2.2 and 2.4, natively and in Pyodide."""


def draws() -> tuple[Any, ...]:
    """A few draws of each kind that the lab uses: tuple of numbers."""
    rng = np.random.default_rng(20)
    return (
        *rng.integers(0, 1000, 3).tolist(),
        *rng.permutation(6).tolist(),
        *rng.choice(50, 3, replace=False).tolist(),
        *rng.binomial(40, 0.3, 3).tolist(),
        *rng.random(2).round(12).tolist(),
        *rng.uniform(-1, 1, 2).round(12).tolist(),
        *rng.standard_normal(2).round(12).tolist(),
    )


@cache
def usual() -> bool:
    """Whether this NumPy draws the same numbers as the NumPy that the lab is built with."""
    return draws() == USUAL
