"""Votes of several labellers, compared with the raw ratings: every choice of voters is counted."""

from itertools import combinations
from zlib import crc32

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from dataselect_core import datasets, votes
from dataselect_core.votes import buy_labels, ngram_features


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


# -- what a vote teaches for its price -----------------------------------------------------------------------


def test_the_features_are_the_runs_of_characters():
    """Each column is on if a run of two to four characters hashes to it; rows have length 1; case does not count."""
    found = ngram_features(["Ab", "ab", "a"], 64)
    runs = {"^a", "ab", "b$", "^ab", "ab$", "^ab$"}
    columns = {crc32(run.encode()) % 64 for run in runs}
    assert set(np.flatnonzero(found[0])) == columns
    assert (found[0] == found[1]).all() and np.linalg.norm(found, axis=1) == pytest.approx([1, 1, 1])


def test_bought_labels_teach_what_an_independent_loop_measures():
    """Accuracies equal those of scikit-learn's regression on the same drawn votes; an undecided vote gives no label."""
    rated = datasets.ratings()
    texts, values = rated.texts[:400], rated.values[:400]
    found = buy_labels(texts, values, [(90, 30)], voters=(1, 3), test=150, seeds=(7, 8))
    truth = np.sign(values.mean(axis=1).round(12))
    there = np.flatnonzero(truth)
    X = ngram_features([texts[i] for i in there])
    for i, seed in enumerate((7, 8)):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(there))
        places = rng.random((len(there), 10)).argsort(axis=1)
        for k, (number, count) in enumerate(((90, 1), (30, 3))):
            rows, labels = [], []
            for item in order[150 : 150 + number]:
                votes = [np.sign(values[there[item]][place]) for place in places[item][:count]]
                if sum(votes):
                    rows.append(item)
                    labels.append(np.sign(sum(votes)))
            model = LogisticRegression(C=10, tol=1e-8, max_iter=3000).fit(X[rows], labels)
            right = model.predict(X[order[:150]]) == truth[there][order[:150]]
            assert found.accuracy[i, 0, k] == pytest.approx(right.mean(), abs=1 / 150 + 1e-9)
    gap, _ = found.against_first()
    assert gap[0].tolist() == pytest.approx([0, (found.accuracy[:, 0, 1] - found.accuracy[:, 0, 0]).mean()])


def test_the_same_money_is_the_same_number_of_labels():
    """A plan with other numbers than voters, or more items than there are, is refused."""
    texts, values = [f"word{i}" for i in range(40)], np.resize([[1.0, 1, -1], [-1, -1, 1]], (40, 3))
    with pytest.raises(ValueError, match="plans must hold"):
        buy_labels(texts, values, [(5,)], voters=(1, 3), test=10, seeds=(0, 1))
    with pytest.raises(ValueError, match="plans must be between"):
        buy_labels(texts, values, [(31, 5)], voters=(1, 3), test=10, seeds=(0, 1))
    with pytest.raises(ValueError, match="values must have a row"):
        buy_labels(texts[:-1], values, [(5, 5)], voters=(1, 3), test=10, seeds=(0, 1))
