"""EL2N scores compared with a few lines of independent NumPy, and the effect of pruning on a classifier."""

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression

from dataselect_core import datasets
from dataselect_core.pruning import el2n
from dataselect_core.pruning.experiment import prune, prune_stepwise
from dataselect_core.sampling import stratified_split
from dataselect_core.statistics import half_width, student


def test_el2n_is_the_distance_to_the_label():
    """The score is the Euclidean distance between probabilities and one-hot label, computed row by row here."""
    rng = np.random.default_rng(1)
    proba, y = rng.dirichlet(np.ones(5), 200), rng.integers(0, 5, 200)
    expected = [sum((p[k] - (k == label)) ** 2 for k in range(5)) ** 0.5 for p, label in zip(proba, y)]
    assert np.allclose(el2n(proba, y), expected, rtol=0, atol=1e-12)


def test_el2n_scores_of_certain_predictions_equal_known_values():
    """Certain and right scores 0, certain and wrong the square root of 2, a tie between two classes that of a half."""
    scores = el2n([[1, 0], [0, 1], [0.5, 0.5]], [0, 0, 1])
    assert np.allclose(scores, [0, 2**0.5, 0.5**0.5], rtol=0, atol=1e-15)
    assert scores.dtype == np.float64


@pytest.mark.parametrize(
    ("proba", "y", "error", "argument"),
    [
        ([[0.5, 0.6]], [0], ValueError, "proba"),
        ([[1.5, -0.5]], [0], ValueError, "proba"),
        ([[np.nan, 1.0]], [0], ValueError, "proba"),
        (np.empty((0, 3)), np.empty(0, int), ValueError, "proba"),
        ([[1.0]], [0], ValueError, "proba"),
        ([0.5, 0.5], [0], ValueError, "proba"),
        ("ab", [0], TypeError, "proba"),
        ([[0.5, 0.5]], [2], ValueError, "y"),
        ([[0.5, 0.5]], [-1], ValueError, "y"),
        ([[0.5, 0.5]], [0.0], TypeError, "y"),
        ([[0.5, 0.5]], [0, 1], ValueError, "y"),
        ([[0.5, 0.5]], None, TypeError, "y"),
    ],
)
def test_el2n_names_the_bad_argument(proba, y, error, argument):
    """Invalid tables of probabilities and invalid labels are refused by name."""
    with pytest.raises(error, match=f"^{argument} must"):
        el2n(proba, y)


@pytest.fixture(scope="module")
def clean_and_noisy():
    """Results for digits, clean and with 5 % wrong labels, over three seeds."""
    X, y = datasets.digits()
    return [prune(X, y, [0.5, 0.1], wrong, range(3)) for wrong in (0.0, 0.05)]


def test_pruning_accuracies_equal_scikit_learn():
    """One seed with clean labels gives the accuracies of scikit-learn's classifier and a few lines of NumPy."""
    X, y = datasets.digits()
    result = prune(X, y, [0.5, 0.1], 0.0, [0, 1])
    train, test = stratified_split(y, 0.3, 0)
    order = np.random.default_rng([0, 1]).permutation(len(train))
    proxy = train[order[: round(0.2 * len(train))]]
    fit = {"C": 1.0, "tol": 1e-8, "max_iter": 5000}
    proba = LogisticRegression(**fit).fit(X[proxy], y[proxy]).predict_proba(X[train])
    error = np.linalg.norm(proba - np.eye(10)[y[train]], axis=1)
    hardest = train[np.argsort(-error)]
    for i, kept in enumerate((hardest, hardest[::-1])):
        for j, share in enumerate((0.5, 0.1)):
            part = kept[: round(share * len(train))]
            theirs = LogisticRegression(**fit).fit(X[part], y[part]).score(X[test], y[test])
            assert result.accuracy[0, i, j] == pytest.approx(theirs, abs=0.006)


def test_pruning_reproduces_published_results(clean_and_noisy):
    """At half size the hardest are as good as all; at a tenth they fall below random; many of them are mislabelled."""
    clean, noisy = clean_and_noisy
    hard, easy, random = clean.mean()
    assert abs(hard[0] - clean.whole.mean()) < 0.01 and hard[0] > easy[0]
    assert random[1] > easy[1] > hard[1] and random[1] - hard[1] > 0.2
    gap, width = clean.against_random()
    assert gap[0, 1] + width[0, 1] < 0  # the interval excludes random
    assert (clean.wrong_among_hardest == 0).all() and 0.3 < noisy.wrong_among_hardest.mean() < 0.6
    assert noisy.mean()[0, 1] < hard[1]


def test_the_interval_equals_students():
    """The half width equals scipy's, for few seeds and for many."""
    values = np.random.default_rng(0).normal(size=(4, 3))
    theirs = stats.t.ppf(0.975, 3) * values.std(axis=0, ddof=1) / 2
    assert np.allclose(half_width(values), theirs, rtol=1e-3)
    for freedom in (1, 5, 10, 11, 19, 99):
        assert student(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-3)


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        ({"shares": [0.0]}, "shares"),
        ({"shares": [0.001]}, "shares"),
        ({"shares": []}, "shares"),
        ({"wrong": 1.5}, "wrong"),
        ({"seeds": [1]}, "seeds"),
        ({"seeds": 3}, "seeds"),
        ({"proxy_share": 0}, "proxy_share"),
        ({"y": np.full(1797, -1)}, "y"),
    ],
)
def test_prune_names_the_bad_argument(change, argument):
    """Invalid arguments are refused before any training."""
    X, y = datasets.digits()
    arguments = {"X": X, "y": y, "shares": [0.5], "wrong": 0.0, "seeds": [0, 1], **change}
    with pytest.raises((TypeError, ValueError), match=f"^{argument} must"):
        prune(**arguments)


def test_pruning_in_steps_gives_the_same():
    """Two seeds a step: the whole equals one call, each step has a share below 1, and an odd number is refused."""
    X, y = datasets.digits()
    *steps, found = prune_stepwise(X, y, [0.2], 0.05, range(4))
    whole = prune(X, y, [0.2], 0.05, range(4))
    assert [share for _, share in steps] == [0, 0.5]
    assert found.accuracy.tolist() == whole.accuracy.tolist() and found.whole.tolist() == whole.whole.tolist()
    assert found.wrong_among_hardest.tolist() == whole.wrong_among_hardest.tolist()
    with pytest.raises(ValueError, match="seeds must be an even number"):
        next(prune_stepwise(X, y, [0.2], 0.05, range(3)))
