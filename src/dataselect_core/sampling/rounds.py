"""Uncertainty sampling: a classifier chooses which labels to buy (Settles 2009, ch. 2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, Floats, Integers
from dataselect_core.learners.softmax import SoftmaxRegression, class_labels, feature_matrix
from dataselect_core.sampling.measures import STRATEGIES, most_uncertain, uncertainty


@dataclass(frozen=True)
class Round:
    """State of a run after one round of labelling; all counts are totals so far.

    Attributes
    ----------
    labels : int
        Labels bought, including the initial ones.
    queried : int64[batch]
        Indices of the labels of this round; of the initial ones in round 0.
    accuracy : float
        Share of the test samples that are predicted correctly.
    recall : float or None
        Share of the test samples of `recall_class` that are predicted as such.
    scored : int
        Pool samples whose uncertainty was computed (0 with random sampling).
    operations : int
        Floating-point operations of all trainings, see `SoftmaxRegression.operations`.
    """

    labels: int
    queried: Integers
    accuracy: float
    recall: float | None
    scored: int
    operations: int


@dataclass(frozen=True)
class Run:
    """A whole run: `labels`, `accuracy`, `recall`, `scored`, `operations` have one entry per round.

    Attributes
    ----------
    strategy, batch_size, seed
        The settings that, with the data, `start` and the budget, repeat the run.
    start : int64[initial]
        Indices of the initial labels, in order.
    queried : int64[budget − initial]
        Indices of the labels chosen after them, in order; all different, and different from `start`.
    labels : int64[r]
        Labels bought so far, from `initial` to the budget.
    accuracy : float64[r]
        Accuracy on the test set after each round, including the start.
    recall : float64[r] or None
        Recall of the chosen class, if one was chosen.
    scored : int64[r]
        Pool samples scored so far.
    operations : int64[r]
        Floating-point operations of training so far.
    """

    strategy: str
    batch_size: int
    seed: int
    start: Integers
    queried: Integers
    labels: Integers
    accuracy: Floats
    recall: Floats | None
    scored: Integers
    operations: Integers


def active_learning(
    X: ArrayLike,
    y: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    strategy: str,
    batch_size: int,
    initial: int,
    budget: int,
    seed: int,
    **options: Any,
) -> Run:
    """Buy labels batch by batch, train after each batch, and measure on the test set.

    It takes the arguments of `active_learning_rounds` and runs it to its end.

    Returns
    -------
    Run
    """
    rounds = list(
        active_learning_rounds(X, y, X_test, y_test, strategy, batch_size, initial, budget, seed, **options)
    )
    recall = [r.recall for r in rounds]
    return Run(
        strategy=strategy,
        batch_size=int(batch_size),
        seed=int(seed),
        start=rounds[0].queried,
        queried=np.concatenate([r.queried for r in rounds[1:]] or [rounds[0].queried[:0]]),
        labels=np.array([r.labels for r in rounds], dtype=np.int64),
        accuracy=np.array([r.accuracy for r in rounds]),
        recall=None if recall[0] is None else np.array(recall),
        scored=np.array([r.scored for r in rounds], dtype=np.int64),
        operations=np.array([r.operations for r in rounds], dtype=np.int64),
    )


def active_learning_rounds(
    X: ArrayLike,
    y: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    strategy: str,
    batch_size: int,
    initial: int,
    budget: int,
    seed: int,
    *,
    l2: float = 1.0,
    recall_class: Any = None,
) -> Iterator[Round]:
    """The loop of active learning as a generator, one `Round` at a time, so that it can be stopped.

    The order `default_rng(seed).permutation(n)` gives the initial labels, and random sampling continues
    in that order. The other strategies score every unlabelled sample with the model of the previous
    round and take the most uncertain (`most_uncertain`). No label is read before it is bought, no label
    is bought twice, and the test set is used only for the two measurements.

    While all labels bought are of one class, no classifier can be trained: that class is predicted for
    every sample, and the next batch follows the random order, whatever the strategy is.

    Parameters
    ----------
    X : float[n, d]
        The pool.
    y : array[n]
        Its labels, hidden from the learner until bought.
    X_test, y_test : float[m, d], array[m]
        The test set.
    strategy : {"random", "least_confidence", "margin", "entropy"}
    batch_size : int
        Labels per round, >= 1. The last batch is limited by the budget, so a batch larger than the budget
        (even larger than the pool) makes a single round.
    initial : int
        Labels to start with, from 1 to `budget`.
    budget : int
        Labels in total, including the initial ones; at most n.
    seed : int
        >= 0.
    l2 : float, default 1.0
        Penalty of the `SoftmaxRegression`.
    recall_class : label, optional
        A class of y_test whose recall is measured too.

    Yields
    ------
    Round
        First the start, then one after each batch.

    Raises
    ------
    ValueError, TypeError
        If an argument is not allowed (the message names it): NaN, shapes that do not match, more labels than samples.
    """
    X = feature_matrix("X", X)
    y = class_labels("y", y, len(X))
    X_test = feature_matrix("X_test", X_test, X.shape[1])
    y_test = class_labels("y_test", y_test, len(X_test))
    strategy = arguments.choice("strategy", strategy, STRATEGIES)
    batch_size = arguments.integer("batch_size", batch_size, 1)
    budget = arguments.integer("budget", budget, 1, len(X))
    initial = arguments.integer("initial", initial, 1, budget)
    seed = arguments.integer("seed", seed, 0)
    if recall_class is not None and not (y_test == recall_class).any():
        raise ValueError(f"recall_class must be a label in y_test, not {recall_class!r}")
    model = SoftmaxRegression(l2)
    return _rounds(X, y, X_test, y_test, strategy, batch_size, initial, budget, seed, model, recall_class)


def _rounds(X, y, X_test, y_test, strategy, batch_size, initial, budget, seed, model, recall_class):
    """The loop itself, with arguments already checked (a generator checks nothing before its first item)."""
    order = np.random.default_rng(seed).permutation(len(X)).astype(np.int64)
    unlabelled = np.ones(len(X), dtype=bool)
    labelled, batch = np.empty(0, dtype=np.int64), order[:initial]
    scored = operations = 0
    while True:
        labelled = np.concatenate([labelled, batch])
        unlabelled[batch] = False
        known = y[labelled]
        trained = (known != known[0]).any()
        if trained:
            model.fit(X[labelled], known, warm_start=True)
            operations += model.operations
        predicted = model.predict(X_test) if trained else np.repeat(known[:1], len(X_test))
        right = predicted == y_test
        recall = None if recall_class is None else float(right[y_test == recall_class].mean())
        yield Round(len(labelled), batch, float(right.mean()), recall, scored, operations)

        size = min(batch_size, budget - len(labelled))
        if size == 0:
            return
        if strategy == "random" or not trained:
            batch = order[unlabelled[order]][:size]
        else:
            pool = np.flatnonzero(unlabelled).astype(np.int64)
            scores = uncertainty(model.predict_proba(X[pool]), strategy)
            scored += len(pool)
            batch = pool[most_uncertain(scores, size)]
