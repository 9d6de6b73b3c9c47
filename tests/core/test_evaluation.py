"""The evaluation set: its price, its intervals against scipy, and the accuracy at another share of a class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from dataselect_core.sampling.evaluation import at_prior, evaluation_set, labels_for
from dataselect_core.sampling.project import Prices, project_cost, stop_cost
from dataselect_core.sampling.reference_sweep import problem, split, watched_shares
from dataselect_core.statistics import share_interval


@given(st.integers(1, 3000), st.data())
def test_the_interval_of_a_share_is_that_of_scipy(size, data):
    """For every number of right answers the interval equals scipy's Wilson interval."""
    right = data.draw(st.integers(0, size))
    theirs = binomtest(right, size).proportion_ci(method="wilson")
    assert share_interval(right / size, size) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_the_interval_holds_the_truth_nineteen_times_in_twenty():
    """Of 20,000 evaluation sets of 100 samples at an accuracy of .93, about 95 % have an interval that contains it."""
    right = np.random.default_rng(1).binomial(100, 0.93, 20_000)
    ends = {k: share_interval(k / 100, 100) for k in set(right.tolist())}
    held = np.mean([ends[k][0] <= 0.93 <= ends[k][1] for k in right.tolist()])
    assert 0.93 <= held <= 0.975


def test_an_evaluation_set_by_hand():
    """100 labels at $108 cost $10,800; at a share of .5 % they hold half a sample of the class, which shows nothing."""
    found = evaluation_set(100, 108.0, 0.9, 0.2, 0.005)
    assert (found.dollars, found.watched) == (10_800, 0.5)
    assert (found.low, found.high) == share_interval(0.9, 100)
    assert found.watched_high - found.watched_low > 0.75
    none = evaluation_set(0, 108.0, 0.9, 0.2, 0.005)
    assert (none.dollars, none.low, none.high, none.watched_low, none.watched_high) == (0, 0, 1, 0, 1)


@pytest.mark.parametrize(("share", "half"), [(0.9, 0.01), (0.95, 0.02), (0.5, 0.05)])
def test_the_labels_for_an_interval_give_that_interval(share, half):
    """With that many labels, the interval of the normal approximation has the wanted half width."""
    size = labels_for(share, half)
    assert 1.959964 * np.sqrt(share * (1 - share) / size) == pytest.approx(half, rel=1e-6)
    low, high = share_interval(share, size)
    assert (high - low) / 2 == pytest.approx(half, rel=0.03)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=30, max_size=200), st.integers(0, 9))
def test_the_accuracy_at_another_share_is_that_of_a_weighted_test_set(answers, watched):
    """It equals the accuracy over the same answers, weighted so that the class has the other share."""
    digit, right = (np.array(column) for column in zip(*answers))
    of_class = digit == watched
    if of_class.all() or not of_class.any():
        return
    weight = np.where(of_class, 0.02 / of_class.sum(), 0.98 / (~of_class).sum())
    again = at_prior(right.mean(), right[of_class].mean(), of_class.mean(), 0.02)
    assert again == pytest.approx((weight * right).sum(), abs=1e-9)


def test_the_evaluation_set_is_bought_once_whatever_the_strategy():
    """It adds labels × price to every round of every project, and a stop costs what the project's round costs."""
    without, with_ = Prices(2.0, 0.01, 1000, 5.0), Prices(2.0, 0.01, 1000, 5.0, 100)
    for selects in (True, False):
        plain, whole = (project_cost([20, 30, 40], selects, p) for p in (without, with_))
        assert (whole.total - plain.total).tolist() == [200, 200, 200] == whole.evaluation.tolist()
        assert plain.evaluation.tolist() == [0, 0, 0]
        assert stop_cost(40, 2 if selects else 0, with_) == whole.total[2]


def test_the_rare_class_is_rarer_in_the_pool_than_in_the_test_set():
    """Edge's pool has six eights; its test set has as many as the digits have."""
    p = problem("rare")
    _, y, _, y_test = split(p, 0.3, 4)
    tested, in_test, in_pool = watched_shares("rare", 0.3, 4)
    assert (tested, in_test, in_pool) == (len(y_test), (y_test == 8).sum() / len(y_test), 6 / len(y))
    assert in_test > 15 * in_pool
