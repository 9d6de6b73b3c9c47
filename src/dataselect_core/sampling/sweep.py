"""Try every setting of a labelling project, to find the true optimum that a reader looks for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataselect_core.arrays import ArrayLike, Floats, Integers
from dataselect_core.sampling.measures import STRATEGIES
from dataselect_core.sampling.project import Prices, economic_knee, labels_to_reach, project_cost
from dataselect_core.sampling.rounds import active_learning
from dataselect_core.sampling.splits import rare_class, standardise, stratified_split


@dataclass(frozen=True)
class Curve:
    """One setting over several seeds.

    Attributes
    ----------
    strategy : str
    batch_size : int
    labels : int64[r]
        Labels bought up to each round.
    accuracy : float64[s, r]
        Accuracy for each seed.
    recall : float64[s, r] or None
        Recall of the rare class for each seed.
    """

    strategy: str
    batch_size: int
    labels: Integers
    accuracy: Floats
    recall: Floats | None

    @property
    def mean(self) -> Floats:
        """Mean accuracy over the seeds, float64[r]."""
        return self.accuracy.mean(axis=0)


@dataclass(frozen=True)
class Stop:
    """A setting and where to stop: mean accuracy, dollars, and dollars of net benefit over random."""

    strategy: str
    batch_size: int
    labels: int
    accuracy: float
    cost: float
    net: float
    beyond: bool


def sweep(
    X: ArrayLike,
    y: ArrayLike,
    strategies: Sequence[str],
    batch_sizes: Sequence[int],
    initial: int,
    budget: int,
    seeds: Sequence[int],
    *,
    random_budget: int | None = None,
    test_share: float = 0.3,
    rare: tuple[Any, int] | None = None,
    standardised: bool = False,
    progress: Callable[[Curve], object] | None = None,
) -> list[Curve]:
    """Run every strategy with every batch size, over all seeds.

    Seed s splits the data (`stratified_split`), thins the rare class out of the pool, and draws the
    initial labels: `active_learning` with the same seed on the same split is the same run.

    Parameters
    ----------
    X, y : float[n, d], array[n]
    strategies : sequence of str
        Names in `sampling.STRATEGIES`; "random" is needed as the baseline of `stops`.
    batch_sizes : sequence of int
    initial, budget : int
        As in `active_learning`.
    seeds : sequence of int
    random_budget : int, optional
        Budget of random sampling if it is different. The baseline should reach the accuracy that the others
        reach with fewer labels: labels are only counted as saved up to the accuracy that it reaches.
    test_share : float, default 0.3
    rare : (label, int), optional
        A class and how many of its samples are kept in the pool; its recall is measured.
    standardised : bool, default False
        Whether the features of each split are put on the scale of its pool (`standardise`).
    progress : callable, optional
        Called with each `Curve` when it is done.

    Returns
    -------
    list of Curve
        In the order strategy, batch size.

    Raises
    ------
    ValueError
        If a list is empty, a strategy is unknown, or a run refuses its arguments.
    """
    for name, values in (("strategies", strategies), ("batch_sizes", batch_sizes), ("seeds", seeds)):
        if len(values) == 0:
            raise ValueError(f"{name} must hold at least one value")
    unknown = set(strategies) - set(STRATEGIES)
    if unknown:
        raise ValueError(f"strategies must be of {', '.join(STRATEGIES)}, not {sorted(unknown)}")
    X, y = np.asarray(X), np.asarray(y)
    problems = []
    for seed in seeds:
        pool, test = stratified_split(y, test_share, seed)
        X_pool, y_pool = (X[pool], y[pool]) if rare is None else rare_class(X[pool], y[pool], *rare, seed)
        X_pool, X_test = standardise(X_pool, X[test]) if standardised else (X_pool, X[test])
        problems.append((X_pool, y_pool, X_test, y[test]))
    curves = []
    for strategy in strategies:
        limit = random_budget if strategy == "random" and random_budget is not None else budget
        for batch_size in batch_sizes:
            runs = [
                active_learning(
                    *problem,
                    strategy,
                    batch_size,
                    initial,
                    limit,
                    seed,
                    recall_class=None if rare is None else rare[0],
                )
                for problem, seed in zip(problems, seeds)
            ]
            recall = None if rare is None else np.array([run.recall for run in runs])
            accuracy = np.array([run.accuracy for run in runs])
            curves.append(Curve(strategy, int(batch_size), runs[0].labels, accuracy, recall))
            if progress is not None:
                progress(curves[-1])
    return curves


def stops(curves: Sequence[Curve], prices: Prices) -> list[Stop]:
    """Every point of every curve as a `Stop`, in order.

    The baseline of the net benefit is the longest random curve, and of several the one with
    the smallest batch. Random sampling itself spends nothing on selection; its net benefit is 0.

    Parameters
    ----------
    curves : list of Curve
        With at least one of strategy "random".
    prices : Prices

    Returns
    -------
    list of Stop
    """
    random = [curve for curve in curves if curve.strategy == "random"]
    if not random:
        raise ValueError("curves must hold one of strategy 'random', the baseline")
    baseline = min(random, key=lambda curve: (-curve.labels[-1], curve.batch_size))
    result = []
    for curve in curves:
        selects = curve.strategy != "random"
        cost = project_cost(curve.labels, selects, prices).total
        knee = economic_knee(curve.labels, curve.mean, baseline.labels, baseline.mean, prices)
        net = knee.net if selects else np.zeros(len(cost))
        beyond = knee.beyond & selects
        for point in zip(curve.labels, curve.mean, cost, net, beyond):
            labels, accuracy, dollars, benefit, is_beyond = (value.item() for value in point)
            result.append(
                Stop(curve.strategy, curve.batch_size, labels, accuracy, dollars, benefit, is_beyond)
            )
    return result


def cheapest(curves: Sequence[Curve], prices: Prices, target: float) -> Stop | None:
    """The cheapest stop whose mean accuracy reaches the target; None if none does.

    Of equally cheap stops, it is the most accurate, then the first.
    """
    if not 0 < target <= 1:
        raise ValueError(f"target must be an accuracy above 0 and at most 1, not {target!r}")
    reaching = [stop for stop in stops(curves, prices) if stop.accuracy >= target]
    return min(reaching, key=lambda stop: (stop.cost, -stop.accuracy), default=None)


def most_worthwhile(curves: Sequence[Curve], prices: Prices) -> Stop:
    """The stop with the largest net benefit over random sampling, without the stops beyond the baseline.

    If selection never pays, its net benefit is 0 and it is a stop of random sampling.
    """
    known = [stop for stop in stops(curves, prices) if not stop.beyond]
    return max(known, key=lambda stop: (stop.net, stop.strategy == "random", -stop.cost))


def label_factors(random: Curve, active: Curve, target: float) -> Floats:
    """How many times as many labels random sampling needs for a target, seed by seed.

    Parameters
    ----------
    random, active : Curve
        Of the same seeds.
    target : float
        Accuracy.

    Returns
    -------
    float64[s]
        Labels of random sampling ÷ labels of the other, NaN where one of them never reaches the target.

    Raises
    ------
    ValueError
        If the curves have different numbers of seeds.
    """
    if len(random.accuracy) != len(active.accuracy):
        raise ValueError("active must have as many seeds as random")
    needed = [
        [float(labels_to_reach(curve.labels, row, target)) for row in curve.accuracy]
        for curve in (random, active)
    ]
    return np.array(needed[0]) / np.array(needed[1])


def stop_at(curves: Sequence[Curve], prices: Prices, strategy: str, batch_size: int, labels: int) -> Stop:
    """The `Stop` of a marker that a reader has placed, for comparison with the optimum.

    Raises
    ------
    ValueError
        If the sweep has no such point.
    """
    for stop in stops(curves, prices):
        if (stop.strategy, stop.batch_size, stop.labels) == (strategy, batch_size, labels):
            return stop
    raise ValueError(
        "strategy, batch_size and labels must name a point of the sweep, "
        f"not {strategy!r}, {batch_size}, {labels}"
    )
