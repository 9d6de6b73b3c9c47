"""Uncertainty sampling: a classifier chooses which labels to buy (Settles 2009, ch. 2)."""

from dataclasses import dataclass

import numpy as np

from . import arguments
from .softmax import SoftmaxRegression, class_labels, feature_matrix

MEASURES = ("least_confidence", "margin", "entropy")
STRATEGIES = ("random", *MEASURES)
DECIMALS = 9  # scores are ranked after rounding to this, so that every platform asks for the same labels


def uncertainty(proba, measure):
    """How unsure a classifier is of each sample; larger is more uncertain.

    least_confidence is 1 − p₁, margin is 1 − (p₁ − p₂) with the two largest probabilities, entropy is
    −Σ p ln p in nats (Settles, "Active Learning Literature Survey", 2009, section 3.1).

    Parameters
    ----------
    proba : float[n, k]
        Class probabilities, k >= 2, each row adding up to 1.
    measure : {"least_confidence", "margin", "entropy"}

    Returns
    -------
    float64[n]

    Raises
    ------
    ValueError
        For another measure, or when proba is not a table of probabilities.
    """
    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}, not {measure!r}")
    proba = feature_matrix("proba", proba)
    if proba.shape[1] < 2:
        raise ValueError("proba must have a column for each of at least two classes, not 1")
    if proba.min() < 0 or np.abs(proba.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError("proba must hold probabilities >= 0 that add up to 1 in each row")
    if measure == "entropy":
        return -(proba * np.log(np.where(proba > 0, proba, 1.0))).sum(axis=1)
    second, first = np.partition(proba, -2, axis=1)[:, -2:].T
    return 1 - first if measure == "least_confidence" else 1 - (first - second)


def most_uncertain(scores, count):
    """Indices of the `count` largest scores, the largest first.

    Scores that agree to 1e-9 are equal, and of equals the smaller index goes first.

    Raises
    ------
    ValueError
        When scores is not a vector of finite numbers, or count is not between 0 and its length.
    """
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim != 1 or not np.isfinite(scores).all():
        raise ValueError("scores must be a vector of finite numbers")
    count = arguments.integer("count", count, 0, len(scores))
    return np.argsort(-np.round(scores, DECIMALS), kind="stable")[:count]


@dataclass(frozen=True)
class Round:
    """Where a run stands after one round of labelling; all counts are totals so far.

    Attributes
    ----------
    labels : int
        Labels bought, the initial ones included.
    queried : int64[batch]
        Indices of the labels of this round; of the initial ones in round 0.
    accuracy : float
        Share of the test samples that are predicted rightly.
    recall : float or None
        Share of the test samples of `recall_class` that are predicted as such.
    scored : int
        Pool samples whose uncertainty was computed (0 with random sampling).
    operations : int
        Floating-point operations of all trainings, see `SoftmaxRegression.operations`.
    """

    labels: int
    queried: np.ndarray
    accuracy: float
    recall: float | None
    scored: int
    operations: int


@dataclass(frozen=True)
class Run:
    """A whole run: `labels`, `accuracy`, `recall`, `scored`, `operations` have one entry a round.

    Attributes
    ----------
    strategy, batch_size, seed
        The settings that, with the data, `start` and the budget, repeat the run.
    start : int64[initial]
        Indices of the initial labels, in order.
    queried : int64[budget − initial]
        Indices of the labels chosen after them, in order; together with `start` all different.
    labels : int64[r]
        Labels bought so far, from `initial` to the budget.
    accuracy : float64[r]
        Accuracy on the test set after each round, the start included.
    recall : float64[r] or None
        Recall of the chosen class, where one was chosen.
    scored : int64[r]
        Pool samples scored so far.
    operations : int64[r]
        Floating-point operations of training so far.
    """

    strategy: str
    batch_size: int
    seed: int
    start: np.ndarray
    queried: np.ndarray
    labels: np.ndarray
    accuracy: np.ndarray
    recall: np.ndarray | None
    scored: np.ndarray
    operations: np.ndarray


def active_learning(X, y, X_test, y_test, strategy, batch_size, initial, budget, seed, **options):
    """Buy labels batch by batch, train after each batch, and measure on the test set.

    The arguments are those of `active_learning_rounds`, which this runs to its end.

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
    X, y, X_test, y_test, strategy, batch_size, initial, budget, seed, *, l2=1.0, recall_class=None
):
    """The loop of active learning as a generator, one `Round` at a time, so that it can be stopped.

    The order `default_rng(seed).permutation(n)` gives the initial labels, and random sampling simply
    goes on in it. The other strategies score every sample still unlabelled with the model of the
    round before and take the most uncertain (`most_uncertain`). No label is read before it is
    bought, none is bought twice, and the test set is used for nothing but the two measurements.

    While all labels bought are of one class no classifier can be trained: that class is predicted for
    everything, and the next batch follows the random order whatever the strategy.

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
        Labels a round, >= 1. The last batch is what the budget leaves, so a batch larger than that
        (even larger than the pool) makes a single round.
    initial : int
        Labels to start with, from 1 to `budget`.
    budget : int
        Labels in total, the initial ones included; at most n.
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
        Named after the argument: NaN, shapes that do not fit, more labels than the pool holds.
    """
    X = feature_matrix("X", X)
    y = class_labels("y", y, len(X))
    X_test = feature_matrix("X_test", X_test, X.shape[1])
    y_test = class_labels("y_test", y_test, len(X_test))
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy must be one of {', '.join(STRATEGIES)}, not {strategy!r}")
    batch_size = arguments.integer("batch_size", batch_size, 1)
    budget = arguments.integer("budget", budget, 1, len(X))
    initial = arguments.integer("initial", initial, 1, budget)
    seed = arguments.integer("seed", seed, 0)
    if recall_class is not None and not (y_test == recall_class).any():
        raise ValueError(f"recall_class must be a label in y_test, not {recall_class!r}")
    model = SoftmaxRegression(l2)
    return _rounds(X, y, X_test, y_test, strategy, batch_size, initial, budget, seed, model, recall_class)


def _rounds(X, y, X_test, y_test, strategy, batch_size, initial, budget, seed, model, recall_class):
    """The loop itself, with arguments already checked (a generator checks nothing until first asked)."""
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


def stratified_split(y, test_share, seed):
    """Split samples into a pool and a test set with the classes in equal proportions.

    The same indices, to the last one, as scikit-learn's
    ``train_test_split(indices, test_size=test_share, stratify=y, random_state=seed)``.

    Parameters
    ----------
    y : array[n]
        Labels; each class at least twice.
    test_share : float
        Share of the samples in the test set, between 0 and 1; rounded up to whole samples.
    seed : int
        >= 0.

    Returns
    -------
    (int64[n − m], int64[m])
        Indices of the pool and of the test set.

    Raises
    ------
    ValueError
        When a class has one sample only, or a side would be too small to hold every class.
    """
    y = class_labels("y", y, np.size(y))
    seed = arguments.integer("seed", seed, 0)
    if not 0 < test_share < 1:
        raise ValueError(f"test_share must be between 0 and 1, not {test_share!r}")
    classes, index, counts = np.unique(y, return_inverse=True, return_counts=True)
    tests = int(np.ceil(test_share * len(y)))
    if counts.min() < 2:
        raise ValueError(f"y must hold every class at least twice, not {classes[counts.argmin()]!r} once")
    if min(tests, len(y) - tests) < len(classes):
        raise ValueError(f"test_share must leave each side {len(classes)} or more, not {test_share!r}")
    random = np.random.RandomState(seed)  # the generator scikit-learn uses
    pool_counts = _proportional(counts, len(y) - tests, random)
    test_counts = _proportional(counts - pool_counts, tests, random)
    members = np.split(np.argsort(index, kind="stable"), np.cumsum(counts)[:-1])
    pool, test = [], []
    for samples, in_pool, in_test in zip(members, pool_counts, test_counts):
        samples = samples[random.permutation(len(samples))]
        pool.append(samples[:in_pool])
        test.append(samples[in_pool : in_pool + in_test])
    pool, test = np.concatenate(pool).astype(np.int64), np.concatenate(test).astype(np.int64)
    return random.permutation(pool), random.permutation(test)


def _proportional(counts, draws, random):
    """`draws` shared out in proportion to `counts`, largest remainders first, ties drawn."""
    exact = counts / counts.sum() * draws
    shares = np.floor(exact)
    missing = int(draws - shares.sum())
    for remainder in np.unique(exact - shares)[::-1] if missing else ():
        tied = np.flatnonzero(exact - np.floor(exact) == remainder)
        chosen = random.choice(tied, size=min(len(tied), missing), replace=False)
        shares[chosen] += 1
        missing -= len(chosen)
        if missing == 0:
            break
    return shares.astype(np.int64)


def rare_class(X, y, label, keep, seed):
    """The same samples with one class thinned out: the "statue" that a fleet meets once a year.

    Parameters
    ----------
    X : float[n, d]
    y : array[n]
    label : label
        The class to make rare.
    keep : int
        How many of its samples stay, from 0 to all of them, drawn at random.
    seed : int
        >= 0.

    Returns
    -------
    (float[m, d], array[m])
        What is left, in the order it had.

    Raises
    ------
    ValueError
        When y holds no such label, or fewer samples of it than `keep`.
    """
    X = feature_matrix("X", X)
    y = class_labels("y", y, len(X))
    members = np.flatnonzero(y == label)
    if len(members) == 0:
        raise ValueError(f"label must be one of the labels in y, not {label!r}")
    keep = arguments.integer("keep", keep, 0, len(members))
    seed = arguments.integer("seed", seed, 0)
    staying = y != label
    staying[np.random.default_rng(seed).permutation(members)[:keep]] = True
    return X[staying], y[staying]
