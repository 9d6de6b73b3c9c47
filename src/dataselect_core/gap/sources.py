"""Digits of another real source as a domain gap, next to the simulator's: judged on writers who were not trained on.

Training sets of equal size come from the source itself, from the other source and from the simulator. Each is judged on
samples of the first source that it has never seen, in dry weather, so that only the source of the training set differs.
A few samples of the target, added or alone, show how much of the gap they close.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, Floats
from dataselect_core.frechet import fid, fid_extrapolated
from dataselect_core.gap import mix
from dataselect_core.learners.softmax import SoftmaxRegression
from dataselect_core.simulator import simulate
from dataselect_core.statistics import half_width

ORIGINS = ("own", "other", "simulator")
"""Where a training set comes from, seen from the target: `own` is the source that it is judged on."""
SIZE = 500
ADDED = 50
RANDOMISATION = 0.3
SEEDS = tuple(range(1, 11))


@dataclass(frozen=True)
class Crossing:
    """Two real sources and the simulator, judged on samples of each real source.

    Attributes
    ----------
    size, added : int
        Samples of the training set; samples of the target that are added to it.
    seeds : tuple of int
    accuracy : float64[s, 2, 3]
        Accuracy on the target, for each seed, target (the first source, the second) and origin (`ORIGINS`).
    mixed : float64[s, 2, 3]
        The same after training on the `added` samples of the target as well.
    alone : float64[s, 2]
        Accuracy after training on these `added` samples alone.
    fid, fid_infinity : float64[s, 2, 3]
        Frechet distance of the training set and the samples it is judged on, in squared block inks; and extrapolated to
        infinitely many samples.
    """

    size: int
    added: int
    seeds: tuple[int, ...]
    accuracy: Floats
    mixed: Floats
    alone: Floats
    fid: Floats
    fid_infinity: Floats

    def beyond_simulator(self) -> tuple[Floats, Floats]:
        """Accuracy of the other real source less that of the simulator, paired by seed: mean and half interval, [2]."""
        change = self.accuracy[:, :, 1] - self.accuracy[:, :, 2]
        return change.mean(axis=0), half_width(change)

    def beyond_alone(self) -> tuple[Floats, Floats]:
        """Accuracy with added samples less that of these samples alone: mean and half interval, float64[2, 3] each."""
        change = self.mixed - self.alone[:, :, None]
        return change.mean(axis=0), half_width(change)


def cross(
    X: ArrayLike,
    y: ArrayLike,
    X_other: ArrayLike,
    y_other: ArrayLike,
    size: int = SIZE,
    added: int = ADDED,
    seeds: Sequence[int] = SEEDS,
    randomisation: float = RANDOMISATION,
) -> Crossing:
    """Train on each source and on the simulator, and judge on both real sources.

    The samples of a source are split at random, anew for each seed: 797 to judge on (as many as the field of
    `mix.samples` has), `size` to train on, and `added` to add.

    Parameters
    ----------
    X, X_other : float[n, 64], float[m, 64]
        Digits of the two sources, in [0, 1].
    y, y_other : int[n], int[m]
        Their labels, 0 to 9.
    size : int
        Samples of each training set, at least 20.
    added : int
        Samples of the target that are added, at least 20.
    seeds : sequence of int
        At least two.
    randomisation : float
        Of the simulator, from 0 to 1.

    Returns
    -------
    Crossing

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.
    """
    seeds = arguments.seeds("seeds", seeds)
    size = arguments.integer("size", size, 2 * mix.CLASSES)
    added = arguments.integer("added", added, 2 * mix.CLASSES)
    randomisation = arguments.share("randomisation", randomisation)
    sources = [_source("X", X, "y", y), _source("X_other", X_other, "y_other", y_other)]
    for name, (pictures, _) in zip(("X", "X_other"), sources, strict=True):
        if len(pictures) < mix.FIELD + size + added:
            raise ValueError(
                f"size + added must be at most {len(pictures) - mix.FIELD}, so that {mix.FIELD} of the "
                f"{len(pictures)} rows of {name} are left, not {size} + {added}"
            )
    shape = len(seeds), len(sources), len(ORIGINS)
    accuracy, mixed, distance, limit = (np.empty(shape) for _ in range(4))
    alone = np.empty(shape[:2])
    for k, seed in enumerate(seeds):
        rng = np.random.default_rng(seed)
        orders = [rng.permutation(len(pictures))[: mix.FIELD + size + added] for pictures, _ in sources]
        judged, trained, extra = (
            [
                (pictures[order[part]], labels[order[part]])
                for (pictures, labels), order in zip(sources, orders, strict=True)
            ]
            for part in (
                slice(mix.FIELD),
                slice(mix.FIELD, mix.FIELD + size),
                slice(mix.FIELD + size, None),
            )
        )
        simulated = simulate(size, randomisation, int(rng.integers(0, 2**31)))
        for target, field in enumerate(judged):
            alone[k, target] = _accuracy(extra[target], field)
            for origin, train in enumerate((trained[target], trained[1 - target], simulated)):
                both = [np.concatenate(pair) for pair in zip(train, extra[target], strict=True)]
                accuracy[k, target, origin] = _accuracy(train, field)
                mixed[k, target, origin] = _accuracy(both, field)
                distance[k, target, origin] = fid(train[0], field[0])
                limit[k, target, origin] = fid_extrapolated(train[0], field[0], seed)
    return Crossing(size, added, seeds, accuracy, mixed, alone, distance, limit)


def _accuracy(train, field):
    model = SoftmaxRegression(l2=mix.FACTS["l2"]["value"]).fit(*train)
    return float((model.predict(field[0]) == field[1]).mean())


def _source(name, X, labels_name, y):
    X, y = arguments.table(name, X), arguments.vector(labels_name, y)
    if X.shape[1] != 64 or X.min(initial=0) < 0 or X.max(initial=0) > 1:
        raise ValueError(f"{name} must have 64 columns with values in [0, 1], not {X.shape[1]} columns")
    if y.shape != (len(X),):
        raise ValueError(f"{labels_name} must have one label for each of the {len(X)} rows, not {y.shape}")
    if not np.isin(y, np.arange(mix.CLASSES)).all():
        raise ValueError(f"{labels_name} must hold digits from 0 to 9")
    return X, y.astype(np.int64)
