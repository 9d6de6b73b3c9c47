"""The exhaustive sweep: its runs equal a reader's runs, and its optimum is the cheapest point."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from dataselect_core.sampling import active_learning, rare_class, stratified_split
from dataselect_core.sampling.project import Prices, economic_knee, project_cost
from dataselect_core.sampling.sweep import cheapest, most_worthwhile, stop_at, stops, sweep

PRICES = Prices(label=5.0, score=0.01, pool=1000, training=1.0)


@pytest.fixture(scope="module")
def data():
    """Every third of the digits."""
    X, y = load_digits(return_X_y=True)
    return X[::3] / 16, y[::3]


@pytest.fixture(scope="module")
def curves(data):
    """Two strategies, two batch sizes, three seeds."""
    return sweep(*data, ("random", "margin"), (10, 40), 20, 200, range(3))


def test_the_curves_equal_active_learning(data, curves):
    """Each row of a curve equals the run that a reader gets with the same settings and seed."""
    X, y = data
    for curve in curves:
        for seed in range(3):
            pool, test = stratified_split(y, 0.3, seed)
            run = active_learning(
                X[pool], y[pool], X[test], y[test], curve.strategy, curve.batch_size, 20, 200, seed
            )
            np.testing.assert_array_equal(curve.accuracy[seed], run.accuracy)
            np.testing.assert_array_equal(curve.labels, run.labels)


def test_curves_are_ordered_and_repeatable(data, curves):
    """The curves are ordered by strategy, then batch size, reported one by one, and equal in a second sweep."""
    reported = []
    repeated = sweep(*data, ("random", "margin"), (10, 40), 20, 200, range(3), progress=reported.append)
    assert [(c.strategy, c.batch_size) for c in repeated] == [
        ("random", 10),
        ("random", 40),
        ("margin", 10),
        ("margin", 40),
    ]
    assert all(a is b for a, b in zip(reported, repeated))
    for one, two in zip(curves, repeated):
        np.testing.assert_array_equal(one.accuracy, two.accuracy)


def test_cheapest_equals_brute_force(curves):
    """No point of any curve reaches the target at a lower cost, with cost and accuracy recomputed here."""
    for target in (0.5, 0.8, 0.9):
        best = cheapest(curves, PRICES, target)
        costs = [
            project_cost(c.labels, c.strategy != "random", PRICES).total[i]
            for c in curves
            for i in range(len(c.labels))
            if c.accuracy.mean(axis=0)[i] >= target
        ]
        assert best.cost == min(costs)
        assert best.accuracy >= target
    assert cheapest(curves, PRICES, 1.0) is None


def test_prices_change_the_optimum(curves):
    """With expensive labels selection is the cheapest way to 90 %, with expensive scores it is random sampling."""
    dear_labels = cheapest(curves, Prices(label=100, score=0, pool=1000, training=0), 0.9)
    dear_scores = cheapest(curves, Prices(label=1, score=1, pool=1000, training=0), 0.9)
    assert (dear_labels.strategy, dear_scores.strategy) == ("margin", "random")
    assert dear_labels.labels < dear_scores.labels
    assert most_worthwhile(curves, Prices(label=100, score=0, pool=1, training=0)).strategy == "margin"
    unprofitable = most_worthwhile(curves, Prices(label=1, score=1, pool=1000, training=0))
    assert (unprofitable.strategy, unprofitable.net) == ("random", 0)


def test_most_worthwhile_equals_brute_force(curves):
    """Its net benefit is the largest of all economic knees, compared with the finest random curve."""
    baseline = curves[0]
    best = most_worthwhile(curves, PRICES)
    nets = [economic_knee(c.labels, c.mean, baseline.labels, baseline.mean, PRICES) for c in curves[2:]]
    assert best.net == max(k.net[k.best] for k in nets)
    assert best.net > 0
    assert not best.beyond


def test_stop_at_finds_every_stop(curves):
    """Each stop is found by strategy, batch size and labels, and other points are refused."""
    for stop in stops(curves, PRICES):
        assert stop_at(curves, PRICES, stop.strategy, stop.batch_size, stop.labels) == stop
    with pytest.raises(ValueError, match="point of the sweep"):
        stop_at(curves, PRICES, "margin", 40, 70)


def test_a_sweep_thins_a_rare_class(data):
    """A rare class is thinned in the pool by the seed, and its recall equals that of the same run."""
    X, y = data
    (curve,) = sweep(X, y, ("random",), (30,), 30, 60, (4,), rare=(8, 3))
    pool, test = stratified_split(y, 0.3, 4)
    X_pool, y_pool = rare_class(X[pool], y[pool], 8, 3, 4)
    run = active_learning(X_pool, y_pool, X[test], y[test], "random", 30, 30, 60, 4, recall_class=8)
    np.testing.assert_array_equal(curve.recall[0], run.recall)
    np.testing.assert_array_equal(curve.accuracy[0], run.accuracy)


def test_a_longer_baseline_covers_more_stops(data, curves):
    """Random sampling may get more labels than the rest, so that fewer stops are beyond it."""
    longer = sweep(*data, ("random", "margin"), (40,), 20, 200, range(3), random_budget=400)
    assert [curve.labels[-1] for curve in longer] == [400, 200]
    np.testing.assert_array_equal(longer[1].accuracy, curves[3].accuracy)
    before = [stop.beyond for stop in stops([curves[0], curves[3]], PRICES) if stop.strategy == "margin"]
    after = [stop.beyond for stop in stops([curves[0], *longer], PRICES) if stop.strategy == "margin"]
    assert sum(after) < sum(before)


def test_bad_arguments_are_refused(data, curves):
    """Empty lists, unknown strategies, more labels than the pool has, no baseline and bad targets are refused."""
    with pytest.raises(ValueError, match="seeds"):
        sweep(*data, ("random",), (10,), 20, 40, ())
    with pytest.raises(ValueError, match="strategies"):
        sweep(*data, ("best",), (10,), 20, 40, (0,))
    with pytest.raises(ValueError, match="budget"):
        sweep(*data, ("random",), (10,), 20, 10_000, (0,))
    with pytest.raises(ValueError, match="random"):
        stops(curves[2:], PRICES)
    with pytest.raises(ValueError, match="target"):
        cheapest(curves, PRICES, 90)
