"""Votes of several labellers, compared with the raw ratings: every choice of voters is counted."""

from itertools import combinations

import numpy as np
import pytest

from dataselect_core import datasets, votes


@pytest.mark.parametrize("voters", [1, 2, 3, 4])
def test_shares_equal_a_count_of_every_choice_of_voters(voters):
    """On a few rated words, the shares equal those of all combinations, one by one."""
    values = datasets.ratings().values[::400]
    won = lost = items = 0
    for row in values:
        if row.mean() == 0:
            continue
        items += 1
        results = [
            np.sign(row[list(choice)]).sum() * np.sign(row.mean())
            for choice in combinations(range(10), voters)
        ]
        won += np.mean([result > 0 for result in results])
        lost += np.mean([result < 0 for result in results])
    majority = votes.majority(values, voters)
    assert majority.items == items
    assert majority.wrong_half > majority.opposite_half > 0
    assert majority.opposite == pytest.approx(lost / items, abs=1e-12)
    assert majority.wrong == pytest.approx(1 - won / items, abs=1e-12)


def test_larger_panels_are_wrong_less_often():
    """One rating in twenty-two has the opposite sign; majorities of three and five are wrong less often."""
    values = datasets.ratings().values
    one, three, five = (votes.majority(values, m) for m in (1, 3, 5))
    assert one.opposite == pytest.approx(0.0457, abs=0.0002)
    assert one.opposite > three.opposite > five.opposite and one.wrong > three.wrong > five.wrong
    assert 0 < one.opposite_half < 0.003 and 0 < one.wrong_half < 0.006


def test_errors_cluster_on_few_words():
    """73 % of the words have no opposite rating and 4 % have three or more, far more than with evenly spread errors."""
    values = datasets.ratings().values
    clustering = votes.clustering(values)
    against = (np.sign(values) == -np.sign(values.mean(axis=1))[:, None]).sum(axis=1)
    assert clustering.rate == pytest.approx(against.mean() / 10) and clustering.none == pytest.approx(
        (against == 0).mean()
    )
    assert clustering.many == pytest.approx((against >= 3).mean())
    for share, half in ((clustering.none, clustering.none_half), (clustering.many, clustering.many_half)):
        assert half == pytest.approx(1.96 * (share * (1 - share) / len(values)) ** 0.5, rel=1e-3)
    draws = np.random.default_rng(0).binomial(10, clustering.rate, 200_000)
    assert clustering.none_if_even == pytest.approx((draws == 0).mean(), abs=0.005)
    assert clustering.many_if_even == pytest.approx((draws >= 3).mean(), abs=0.002)
    assert clustering.none > clustering.none_if_even + 0.05 and clustering.many > 3 * clustering.many_if_even


def test_a_unanimous_panel_is_never_wrong():
    """If all agree, no vote is wrong; an item whose ratings cancel out is not counted."""
    assert votes.majority(np.ones((3, 5)), 3).wrong == 0
    with pytest.raises(ValueError, match="values must hold an item"):
        votes.majority([[1, -1]], 1)
