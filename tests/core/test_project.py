"""Costs of a labelling project by hand, the frontier by brute force, and the economic knee."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect_core.sampling.project import (
    Prices,
    economic_knee,
    labels_to_reach,
    pareto_frontier,
    project_cost,
)

PRICES = Prices(label=2.0, score=0.01, pool=1000, training=5.0)  # a round of selection: $15


def test_the_cost_of_selection_equals_a_computation_by_hand():
    """The start is 20 labels and one training; each round adds its labels, one scoring and one more training."""
    cost = project_cost([20, 30, 40], True, PRICES)
    assert cost.labels.tolist() == [40, 60, 80]
    assert cost.scoring.tolist() == [0, 10, 20]
    assert cost.training.tolist() == [5, 10, 15]
    assert cost.total.tolist() == [45, 80, 115]


def test_the_cost_of_random_sampling_equals_a_computation_by_hand():
    """Random sampling trains once, at the end, and scores nothing."""
    cost = project_cost([20, 30, 40], False, PRICES)
    assert cost.total.tolist() == [45, 65, 85]
    assert cost.scoring.tolist() == [0, 0, 0]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20), *[st.floats(0, 1e4)] * 4)
def test_the_extra_cost_of_selection_is_that_of_its_rounds(batches, label, score, pool, training):
    """With and without selection, the costs differ by rounds × (pool × score + training), whatever the prices."""
    prices = Prices(label, score, pool, training)
    labels = np.cumsum(batches)
    extra = project_cost(labels, True, prices).total - project_cost(labels, False, prices).total
    expected = np.arange(len(labels)) * (pool * score + training)
    np.testing.assert_allclose(extra, expected, rtol=1e-9, atol=1e-6)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=25))
def test_the_pareto_frontier_equals_brute_force(points):
    """The frontier is exactly the set of points that no other dominates, without duplicates, by rising cost."""
    cost = np.array([p[0] for p in points], dtype=float)
    accuracy = np.array([p[1] for p in points], dtype=float)
    frontier = pareto_frontier(cost, accuracy)
    undominated = {
        (c, a)
        for c, a in points
        if not any((c2 <= c and a2 >= a) and (c2, a2) != (c, a) for c2, a2 in points)
    }
    assert [tuple(map(int, (cost[i], accuracy[i]))) for i in frontier] == sorted(undominated)
    assert all(points.index(points[i]) == i for i in frontier)


def test_labels_to_reach_equals_a_computation_by_hand():
    """Between points the curve is a straight line; the first crossing counts; NaN if the target is never reached."""
    labels, accuracy = [10, 20, 30, 40], [0.5, 0.7, 0.6, 0.9]
    assert labels_to_reach(labels, accuracy, 0.6) == 15
    assert labels_to_reach(labels, accuracy, 0.7) == 20
    assert labels_to_reach(labels, accuracy, 0.8) == pytest.approx(30 + 20 / 3)
    assert labels_to_reach(labels, accuracy, 0.3) == 10
    assert labels_to_reach(labels, accuracy, 0.9) == pytest.approx(40)
    assert np.isnan(labels_to_reach(labels, accuracy, 0.91))
    assert labels_to_reach([10], [0.5], 0.5) == 10
    np.testing.assert_allclose(labels_to_reach(labels, accuracy, [0.6, 0.95]), [15, np.nan])


@given(st.lists(st.floats(0, 1), min_size=2, max_size=15), st.floats(0, 1))
def test_labels_to_reach_returns_the_first_crossing(accuracy, target):
    """Before the result the curve is below the target, and there it has reached it."""
    labels = np.arange(len(accuracy)) * 10.0
    reached = labels_to_reach(labels, accuracy, target)
    if np.isnan(reached):
        assert max(accuracy) < target
    else:
        assert all(a < target for n, a in zip(labels, accuracy) if n < reached - 1e-6)
        assert np.interp(reached, labels, accuracy) >= target - 1e-9


def test_the_economic_knee_equals_a_computation_by_hand():
    """If the baseline needs twice the labels, saving and spending add up, and the best round is found."""
    baseline_labels = np.arange(20, 221, 20)
    baseline = 0.5 + baseline_labels / 1000
    labels = np.array([20, 40, 60, 80, 100])
    accuracy = labels_to_accuracy = 0.5 + np.array([20, 60, 100, 110, 115]) / 1000
    knee = economic_knee(labels, labels_to_accuracy, baseline_labels, baseline, PRICES)
    np.testing.assert_allclose(knee.labels_saved, [0, 20, 40, 30, 15])
    np.testing.assert_allclose(knee.saved, [0, 40, 80, 60, 30])
    np.testing.assert_allclose(knee.spent, [0, 15, 30, 45, 60])
    np.testing.assert_allclose(knee.net, [0, 25, 50, 15, -30])
    assert knee.best == 2
    assert knee.break_even == pytest.approx(80 + 20 * 15 / 45)
    assert not knee.beyond.any()
    assert accuracy[knee.best] == pytest.approx(0.6)


def test_the_knee_is_the_start_if_selection_never_pays():
    """If a score costs more than it can save, no round pays and the knee is the start."""
    dear = Prices(label=1.0, score=1.0, pool=1000, training=0)
    knee = economic_knee([20, 40], [0.5, 0.6], [20, 40, 60], [0.5, 0.55, 0.6], dear)
    assert knee.best == 0
    assert knee.break_even == 20
    assert knee.net[1] == 20 - 1000


def test_the_knee_is_the_last_round_if_selection_always_pays():
    """With free scoring and training the best round is the last one that the baseline covers."""
    free = Prices(label=1.0, score=0, pool=1000, training=0)
    knee = economic_knee([20, 40], [0.5, 0.6], [20, 40, 60], [0.5, 0.55, 0.6], free)
    assert knee.best == 1
    assert knee.break_even is None


def test_rounds_beyond_the_baseline_are_marked():
    """An accuracy that the baseline never reaches is marked, gives only a lower bound, and cannot be the best round."""
    knee = economic_knee([20, 40, 60], [0.5, 0.6, 0.9], [20, 60], [0.5, 0.6], PRICES)
    assert knee.beyond.tolist() == [False, False, True]
    assert knee.labels_saved.tolist() == [0, 20, 0]
    assert knee.best == 1
    assert knee.break_even is None
    all_beyond = economic_knee([20, 40], [0.7, 0.8], [20, 60], [0.5, 0.6], PRICES)
    assert all_beyond.beyond.all()
    assert (all_beyond.best, all_beyond.break_even) == (0, None)


@given(st.integers(0, 10**6), st.floats(0.01, 50), st.floats(0, 1), st.floats(0, 50))
def test_the_best_round_equals_brute_force(seed, label, score, training):
    """No other round within the baseline has a larger net benefit, recomputed here."""
    random = np.random.default_rng(seed)
    labels = 20 + 10 * np.arange(12)
    accuracy, baseline = (np.sort(random.uniform(0.5, 1, 12)) for _ in range(2))
    prices = Prices(label, score, 100, training)
    knee = economic_knee(labels, accuracy, labels, baseline, prices)
    for i in range(12):
        if accuracy[i] > baseline[-1]:
            assert knee.beyond[i]
            continue
        needed = 20 if accuracy[i] <= baseline[0] else np.interp(accuracy[i], baseline, labels)
        net = (needed - labels[i]) * label - i * (100 * score + training)
        assert net == pytest.approx(knee.net[i], abs=1e-6)
        assert max(0, knee.net[knee.best]) >= net - 1e-6


@pytest.mark.parametrize("name", ["label", "score", "pool", "training"])
def test_bad_prices_are_refused(name):
    """Negative, infinite and missing prices are refused by name."""
    good = {"label": 1.0, "score": 1.0, "pool": 1, "training": 1.0}
    for bad in (-0.01, np.nan, np.inf):
        with pytest.raises(ValueError, match=name):
            Prices(**{**good, name: bad})
    with pytest.raises(TypeError, match=name):
        Prices(**{**good, name: "1 dollar"})


def test_bad_curves_are_refused():
    """Labels that go down, NaN and different lengths are refused by name."""
    with pytest.raises(ValueError, match="labels"):
        project_cost([30, 20], True, PRICES)
    with pytest.raises(ValueError, match="labels"):
        project_cost([-1, 20], True, PRICES)
    with pytest.raises(ValueError, match="accuracy"):
        pareto_frontier([1, 2], [1])
    with pytest.raises(ValueError, match="finite"):
        pareto_frontier([1, np.nan], [1, 1])
    with pytest.raises(ValueError, match="accuracy"):
        labels_to_reach([1, 2], [0.1, np.nan], 0.5)
    with pytest.raises(ValueError, match="target"):
        labels_to_reach([1, 2], [0.1, 0.2], np.nan)
    with pytest.raises(ValueError, match="labels"):
        economic_knee([30, 20], [0.1, 0.2], [1, 2], [0.1, 0.2], PRICES)
