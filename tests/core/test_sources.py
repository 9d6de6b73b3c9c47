"""A second real source as domain gap, recomputed with scikit-learn and scipy, and what must not leak."""

import numpy as np
import pytest
from scipy import linalg, stats
from sklearn.linear_model import LogisticRegression

from dataselect_core import datasets
from dataselect_core.facts import load
from dataselect_core.gap.sources import ORIGINS, cross
from dataselect_core.simulator import simulate


@pytest.fixture(scope="module")
def data():
    """Both sources, the second one thinned out to 2,000 rows."""
    X, y = datasets.nist_digits()
    return *datasets.digits(), X[::5], y[::5]


def fid(A, B):
    """The Frechet distance of two samples with scipy's matrix square root."""
    a, b = np.cov(A.T), np.cov(B.T)
    return ((A.mean(0) - B.mean(0)) ** 2).sum() + np.trace(a + b - 2 * linalg.sqrtm(a @ b).real)


@pytest.mark.filterwarnings("ignore:Matrix is singular")  # a block at the edge has no ink in any picture
def test_each_figure_is_that_of_scikit_learn_and_scipy(data):
    """For one seed, the documented split gives the same accuracies and distances with other people's code."""
    X, y, Z, t = data
    found = cross(*data, size=90, added=30, seeds=(3, 4))
    rng = np.random.default_rng(3)
    u, n = (rng.permutation(len(y))[:917], rng.permutation(len(t))[:917])
    drawn, labels = simulate(90, 0.3, int(rng.integers(0, 2**31)))
    model = LogisticRegression(C=1 / load("mixing")["l2"]["value"], max_iter=5000, tol=1e-8)
    few = slice(887, None)
    for target, (P, p, i, Q, q, j) in enumerate([(X, y, u, Z, t, n), (Z, t, n, X, y, u)]):
        field = P[i[:797]], p[i[:797]]
        own, other = i[797:887], j[797:887]
        sets = (P[own], p[own]), (Q[other], q[other]), (drawn, labels)
        assert len(sets) == len(ORIGINS)
        extra = P[i[few]], p[i[few]]
        assert found.alone[0, target] == pytest.approx(model.fit(*extra).score(*field), abs=0.003)
        for origin, (train, truth) in enumerate(sets):
            place = 0, target, origin
            assert found.accuracy[place] == pytest.approx(model.fit(train, truth).score(*field), abs=0.003)
            both = np.r_[train, extra[0]], np.r_[truth, extra[1]]
            assert found.mixed[place] == pytest.approx(model.fit(*both).score(*field), abs=0.003)
            assert found.fid[place] == pytest.approx(fid(train, field[0]), rel=1e-5)


def test_differences_are_paired_by_seed(data):
    """Means and intervals are those of scipy for the differences of each seed."""
    found = cross(*data, size=40, added=20, seeds=(1, 2, 3))
    change = found.accuracy[:, :, 1] - found.accuracy[:, :, 2]
    low, high = stats.t.interval(0.95, 2, change.mean(0), stats.sem(change))
    mean, half = found.beyond_simulator()
    assert np.allclose([mean - half, mean + half], [low, high], atol=1e-4)
    mean, _ = found.beyond_alone()
    assert np.allclose(mean, (found.mixed - found.alone[:, :, None]).mean(0))


def test_the_judged_samples_are_never_trained_on(data):
    """If the labels are drawn at random, nothing can be learned: every accuracy is near one in ten."""
    X, y, Z, t = data
    rng = np.random.default_rng(0)
    found = cross(
        X, rng.integers(0, 10, len(y)), Z, rng.integers(0, 10, len(t)), size=200, added=100, seeds=(1, 2)
    )
    for measured in (found.accuracy, found.mixed, found.alone):
        assert np.abs(measured - 0.1).max() < 0.06


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 1000}, r"size \+ added must be at most 1000, so that 797 of the 1797 rows of X"),
        ({"size": 5}, "size must be at least 20"),
        ({"added": 19}, "added must be at least 20"),
        ({"seeds": (1,)}, "seeds must hold at least two"),
        ({"randomisation": 1.5}, "randomisation must be in"),
        ({"X": np.full((2000, 64), 2.0)}, "X must have 64 columns with values in"),
        ({"X_other": np.zeros((2000, 63))}, "X_other must have 64 columns"),
        ({"y": np.zeros(3)}, "y must have one label"),
        ({"y_other": np.full(2000, 11)}, "y_other must hold digits"),
    ],
)
def test_bad_input_is_named(data, change, message):
    """An argument that is not allowed is named, with what is allowed."""
    arguments = dict(zip(("X", "y", "X_other", "y_other"), data, strict=True)) | change
    arguments["size"] = change.get("size", 40)
    with pytest.raises(ValueError, match=message):
        cross(**arguments)
