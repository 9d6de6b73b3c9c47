"""The lab's own sweep: every setting of its labelling problems, run once and saved.

`run("digits")` repeats it from the data and the seeds named here alone; `curves("digits")` reads the result
that the build saved, natively and in the browser. The sweep does not depend on prices, so an optimum under any
prices needs no further runs (see `sweep`).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import numpy as np

from dataselect_core import cepstra, datasets
from dataselect_core.arrays import Floats, Labels
from dataselect_core.sampling.measures import MEASURES
from dataselect_core.sampling.splits import rare_class, standardise, stratified_split
from dataselect_core.sampling.sweep import Curve, sweep
from dataselect_core.settings import setting

SEEDS = tuple(range(10))
BATCH_SIZES = setting("2", "batch").values  # every batch a reader can choose
TEST_SHARE = 0.3
BASELINE_BATCH = 10  # of random sampling, where the batch size only sets how often the accuracy is measured


@dataclass(frozen=True)
class Problem:
    """A labelling problem of the lab.

    Attributes
    ----------
    X, y : float64[n, d], int64[n]
        The samples and their labels.
    rare : (int, int) or None
        A class, and how many of its samples are kept in the pool.
    critical : int
        The class whose recall is watched.
    initial : int
        Labels to start with.
    budget, baseline : int
        Labels up to which the sweep runs the strategies, and random sampling (there: the whole pool).
    test_share : float
        Share of the samples in the test set, with which the sweep is made.
    standardised : bool
        Whether the features are put on the scale of the pool.
    """

    X: Floats
    y: Labels
    rare: tuple[int, int] | None
    critical: int
    initial: int
    budget: int
    baseline: int
    test_share: float = TEST_SHARE
    standardised: bool = False


RARE = (8, 6)  # the "statue" of the Edge Guardian: eights; a pool has six of them
SIZES = {  # rare class, critical class, initial labels, budget, pool
    "digits": (None, 8, 20, 500, 1257),
    "rare": (RARE, 8, 20, 500, 1141),
    "breast_cancer": (None, 0, 10, 300, 398),
    "speech": (None, 8, 20, 300, 500),
}
TEST_SHARES = {"speech": 0.2187}  # 140 of 640 utterances, so that 500 are in the pool; the others: TEST_SHARE
STANDARDISED = ("speech",)  # cepstrum coefficients have scales of their own


TWO_CLASSES = ("breast_cancer",)
"""Problems with two classes: the three measures of uncertainty give the same ranking, so they are one strategy."""


def same_strategy(data: str, strategy: str, other_strategy: str) -> bool:
    """Whether two strategies buy the same labels of a problem: if they are equal, or measures on two classes."""
    return strategy == other_strategy or (
        data in TWO_CLASSES and strategy in MEASURES and other_strategy in MEASURES
    )


def problem(name: str) -> Problem:
    """The `Problem` of that name.

    Parameters
    ----------
    name : {"digits", "rare", "breast_cancer", "speech"}
        Handwritten digits; the same with the class 8 thinned to six samples in the pool; tumours; utterances of nine
        speakers, whose voice is to be recognised.

    Raises
    ------
    ValueError
        If there is no problem of that name.
    """
    if name not in SIZES:
        raise ValueError(f"name must be one of {', '.join(SIZES)}, not {name!r}")
    X, y = _samples(name)
    return Problem(X, y, *SIZES[name], own_test_share(name), name in STANDARDISED)


def own_test_share(name: str) -> float:
    """Share of the samples of a problem that the sweep, and a run at first, has in its test set."""
    return TEST_SHARES.get(name, TEST_SHARE)


@cache
def _samples(name):
    """The samples of a problem and their labels."""
    if name == "breast_cancer":
        return datasets.breast_cancer()
    if name == "speech":
        speech = datasets.speech()
        return cepstra.features(speech.cepstra), speech.y
    return datasets.digits()


def split(problem: Problem, test_share: float, seed: int) -> tuple[Floats, Labels, Floats, Labels]:
    """Pool and test set of one seed: X, y, X_test, y_test.

    The rare class is thinned in the pool, and the features are on the pool's scale if the problem says so.
    """
    pool, test = stratified_split(problem.y, test_share, seed)
    X, y = problem.X[pool], problem.y[pool]
    if problem.rare is not None:
        X, y = rare_class(X, y, *problem.rare, seed)
    X_test = problem.X[test]
    if problem.standardised:
        X, X_test = standardise(X, X_test)
    return X, y, X_test, problem.y[test]


@cache
def watched_shares(name: str, test_share: float, seed: int) -> tuple[int, float, float]:
    """Size of the test set of one seed, and the share of the watched class in it and in the pool.

    The shares differ if the class is rare: the pool is the world, in which its share is the natural one.

    Parameters
    ----------
    name, test_share, seed
        As for `problem` and `split`.

    Returns
    -------
    (int, float, float)
    """
    p = problem(name)
    _, y, _, y_test = split(p, test_share, seed)
    return len(y_test), float((y_test == p.critical).mean()), float((y == p.critical).mean())


def run(name: str, progress: Callable[[Curve], object] | None = None) -> list[Curve]:
    """The sweep of one problem, computed now: a list of `sweep.Curve`, random sampling first."""
    p = problem(name)
    common: dict[str, Any] = {
        "test_share": p.test_share,
        "rare": p.rare,
        "standardised": p.standardised,
        "progress": progress,
    }
    random = sweep(p.X, p.y, ("random",), (BASELINE_BATCH,), p.initial, p.baseline, SEEDS, **common)
    return random + sweep(p.X, p.y, MEASURES, BATCH_SIZES, p.initial, p.budget, SEEDS, **common)


def pack(curves: Sequence[Curve], test_size: int, rare_size: int | None = None) -> dict[str, Any]:
    """Curves as JSON-ready dictionaries that contain only whole numbers.

    Parameters
    ----------
    curves : list of Curve
    test_size : int
        Number of test samples; an accuracy is saved as a number of them.
    rare_size : int, optional
        Number of test samples of the rare class; needed if a curve has its recall.
    """
    return {
        "test_size": test_size,
        "rare_size": rare_size,
        "curves": [
            {
                "strategy": c.strategy,
                "batch_size": c.batch_size,
                "labels": c.labels.tolist(),
                "right": np.rint(c.accuracy * test_size).astype(np.int64).tolist(),
                "found": None
                if c.recall is None
                else np.rint(c.recall * cast(int, rare_size)).astype(np.int64).tolist(),
            }
            for c in curves
        ],
    }


def unpack(packed: dict[str, Any]) -> list[Curve]:
    """The curves that `pack` packed, identical to the last bit."""
    return [
        Curve(
            c["strategy"],
            c["batch_size"],
            np.array(c["labels"], dtype=np.int64),
            np.array(c["right"]) / packed["test_size"],
            None if c["found"] is None else np.array(c["found"]) / packed["rare_size"],
        )
        for c in packed["curves"]
    ]


def curves(name: str) -> list[Curve]:
    """The sweep of one problem, as saved by the build: the result of `run(name)` without the computation.

    Raises
    ------
    ValueError
        If the name is not one of the names for `problem`.
    datasets.DataMissing
        If the file is not in the data directory.
    """
    if name not in SIZES:
        raise ValueError(f"name must be one of {', '.join(SIZES)}, not {name!r}")
    return unpack(json.loads(datasets.labelling_sweep())[name])
