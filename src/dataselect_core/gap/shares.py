"""Synthetic samples added to a fixed number of real ones, at the shares that the textbook recommends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, Floats
from dataselect_core.gap import mix
from dataselect_core.statistics import half_width

REAL = (20, 50, 100, 200, 500)
SHARES = (0.5, 0.8)
"""Synthetic shares of the chapter's table, apart from 0."""
RANDOMISATION = 0.3
SEEDS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Added:
    """Accuracy in the field with and without synthetic samples.

    Attributes
    ----------
    real : tuple of int
        Real samples.
    shares : tuple of float
        Synthetic shares of the training set.
    seeds : tuple of int
    alone : float64[s, n]
        Accuracy with the real samples alone, for each seed and number.
    mixed : float64[s, n, m]
        Accuracy with synthetic samples added up to each share.
    """

    real: tuple[int, ...]
    shares: tuple[float, ...]
    seeds: tuple[int, ...]
    alone: Floats
    mixed: Floats

    def gain(self) -> tuple[Floats, Floats]:
        """Change of the accuracy, paired by seed: its mean and half its 95 % interval, float64[n, m] each."""
        change = self.mixed - self.alone[:, :, None]
        return change.mean(axis=0), half_width(change)


def add_synthetic(
    X: ArrayLike,
    y: ArrayLike,
    rainfall_mm: ArrayLike,
    real: Sequence[int] = REAL,
    shares: Sequence[float] = SHARES,
    seeds: Sequence[int] = SEEDS,
    randomisation: float = RANDOMISATION,
) -> Added:
    """Train on some real samples alone and together with synthetic ones, and measure in the field.

    Parameters
    ----------
    X, y, rainfall_mm
        As for `mix.samples`.
    real : sequence of int
        20 to 1,000 each.
    shares : sequence of float
        Synthetic shares of the whole training set, above 0 and below 1.
    seeds : sequence of int
        At least two.
    randomisation : float
        Of the simulator, from 0 to 1.

    Returns
    -------
    Added

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.
    """
    seeds = arguments.seeds("seeds", seeds)
    shares = tuple(arguments.between("shares", share, 0, 1) for share in shares)
    real = tuple(arguments.integer("real", count, 2 * mix.CLASSES, mix.POOL) for count in real)

    def accuracy(count: int, share: float) -> list[float]:
        total = round(count / (1 - share))
        setting = mix.Setting((total - count) / total, randomisation, total=total, real=count)
        return [mix.run(setting, X, y, rainfall_mm, seed).accuracy for seed in seeds]

    found: list[Any] = [[accuracy(count, share) for share in (0.0, *shares)] for count in real]
    table = np.moveaxis(np.array(found), 2, 0)
    return Added(real, shares, seeds, table[:, :, 0], table[:, :, 1:])
