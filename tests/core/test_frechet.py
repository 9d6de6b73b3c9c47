"""The Frechet distance: scipy's matrix square root as oracle, properties of a distance, and clear errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigvals, sqrtm

from dataselect_core.frechet import fid, fid_infinity, frechet_distance


def gaussian(seed, d, rank):
    """A mean, and a covariance of a given rank."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(d, rank))
    return rng.normal(size=d), root @ root.T


def oracle(mu1, cov1, mu2, cov2):
    """The formula literally, with scipy's square root of the product."""
    return ((mu1 - mu2) ** 2).sum() + np.trace(cov1 + cov2 - 2 * np.real(sqrtm(cov1 @ cov2)))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 12))
def test_the_distance_equals_the_formula_with_scipys_square_root(seed, d):
    """On covariances of full rank the distance equals the textbook formula to 1e-6 of its scale."""
    one, two = gaussian(seed, d, d + 3), gaussian(seed + 1, d, d + 3)
    scale = np.trace(one[1] + two[1])
    assert frechet_distance(*one, *two) == pytest.approx(oracle(*one, *two), abs=1e-6 * scale)


@pytest.mark.parametrize("rank", [1, 3, 8])
def test_the_distance_of_singular_covariances_equals_the_eigenvalue_formula(rank):
    """On singular covariances the distance equals the formula with roots of the product's eigenvalues (scipy)."""
    one, two = gaussian(1, 20, rank), gaussian(2, 20, rank)
    root = np.sqrt(np.maximum(np.real(eigvals(one[1] @ two[1])), 0)).sum()
    scale = np.trace(one[1] + two[1])
    expected = ((one[0] - two[0]) ** 2).sum() + scale - 2 * root
    assert frechet_distance(*one, *two) == pytest.approx(expected, abs=1e-6 * scale)


def test_the_distance_of_commuting_covariances_equals_an_exact_root():
    """Covariances that commute have a root by hand, even if they are singular."""
    q = np.linalg.qr(np.random.default_rng(3).normal(size=(6, 6)))[0]
    a, b = np.array([4.0, 1.0, 0, 0, 9.0, 0]), np.array([1.0, 0, 0, 4.0, 4.0, 0])
    expected = ((np.sqrt(a) - np.sqrt(b)) ** 2).sum() + 6.0
    distance = frechet_distance(np.ones(6), q * a @ q.T, np.zeros(6), q * b @ q.T)
    assert distance == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("rank", [2, 64])
def test_the_distance_to_itself_is_zero(rank):
    """Self-distance stays below 1e-12 of the trace."""
    mu, cov = gaussian(5, 64, rank)
    assert frechet_distance(mu, cov, mu, cov) < 1e-12 * np.trace(cov)


def test_the_distance_is_symmetric_and_does_not_change_with_rotation():
    """The distance does not depend on the order of the samples or the direction of the axes."""
    one, two = gaussian(1, 7, 7), gaussian(2, 7, 7)
    q = np.linalg.qr(np.random.default_rng(3).normal(size=(7, 7)))[0]
    distance = frechet_distance(*one, *two)
    rotated = frechet_distance(q @ one[0], q @ one[1] @ q.T, q @ two[0], q @ two[1] @ q.T)
    assert frechet_distance(*two, *one) == pytest.approx(distance, rel=1e-10)
    assert rotated == pytest.approx(distance, rel=1e-9)


def test_fid_uses_sample_covariances():
    """The covariance of fid divides by n - 1, as numpy's cov does."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(12, 3)), rng.normal(size=(9, 3)) * 2 + 1
    expected = oracle(X.mean(0), np.cov(X.T), Y.mean(0), np.cov(Y.T))
    assert fid(X, Y) == pytest.approx(expected, abs=1e-6)


def test_extrapolation_removes_the_bias_and_estimates_its_error():
    """On normal samples FID is far too high; FID infinity misses the truth by about its stated error."""
    d, truth = 16, 16 * 0.1**2 + 16 * 0.2**2
    plain, deviations = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        X, Y = rng.normal(size=(300, d)), 0.1 + 1.2 * rng.normal(size=(300, d))
        value, error = fid_infinity(X, Y, seed)
        plain.append(fid(X, Y) - truth)
        deviations.append((value - truth) / error)
    misses = np.array(deviations)
    assert np.mean(plain) > 0.15
    assert abs(misses.mean()) < 0.6
    assert 0.6 < misses.std() < 1.5


def test_extrapolation_repeats_with_its_seed():
    """The same seed gives the same figures; another seed splits the samples in another way."""
    X = np.random.default_rng(1).normal(size=(80, 4))
    Y = np.random.default_rng(2).normal(size=(90, 4))
    assert fid_infinity(X, Y, 3) == fid_infinity(X, Y, 3)
    assert fid_infinity(X, Y, 3) != fid_infinity(X, Y, 4)


@pytest.mark.parametrize("kind", [np.float32, np.float16])
@pytest.mark.parametrize("seed", range(7))
def test_covariances_of_low_precision_and_low_rank_are_accepted(kind, seed):
    """Moments of fewer samples than dimensions in float32 or float16 are accepted, with the distance of float64."""
    rng = np.random.default_rng(seed)
    d, n = ((64, 10), (128, 20), (96, 40))[seed % 3]
    X, Y = (rng.normal(size=(n, d)) + shift for shift in (0.0, 0.5))
    moments = [moment for sample in (X, Y) for moment in (sample.mean(0), np.cov(sample.T))]
    exact = frechet_distance(*moments)
    low = frechet_distance(*(moment.astype(kind) for moment in moments))
    assert low == pytest.approx(exact, rel=0.02 if kind is np.float32 else 0.2)
    in_float32 = frechet_distance(
        *(
            moment.astype(np.float32)
            for moment in (
                X.astype(np.float32).mean(0),
                np.cov(X.T, dtype=np.float32),
                Y.astype(np.float32).mean(0),
                np.cov(Y.T, dtype=np.float32),
            )
        )
    )
    assert in_float32 == pytest.approx(exact, rel=0.02)


def test_a_negative_eigenvalue_is_refused_in_float32():
    """The wider tolerance covers rounding, not wrong input."""
    cov = np.eye(4, dtype=np.float32)
    cov[0, 0] = -0.01
    with pytest.raises(ValueError, match="cov2 must be positive semidefinite"):
        frechet_distance(np.zeros(4), np.eye(4), np.zeros(4), cov)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: frechet_distance([], np.empty((0, 0)), [], np.empty((0, 0))), "mu1 must not be empty"),
        (lambda: frechet_distance([0.0], np.empty((0, 0)), [0.0], [[1.0]]), "cov1 must not be empty"),
        (lambda: fid(np.empty((0, 3)), np.ones((5, 3))), "X must have at least 2 rows"),
        (lambda: fid(np.ones((5, 0)), np.ones((5, 0))), "X must not be empty"),
        (lambda: fid_infinity(np.ones((30, 0)), np.ones((30, 0)), 1), "X must not be empty"),
        (lambda: fid_infinity(np.ones((30, 2)), np.full((30, 2), np.nan), 1), "Y must be finite"),
        (lambda: fid(np.ones((5, 2)), np.full((5, 2), 1e200)), "Y must hold numbers up to"),
        (lambda: fid(np.ones((1, 3)), np.ones((5, 3))), "X must have at least 2 rows"),
        (lambda: fid(np.ones((5, 3)), np.ones((5, 4))), "same number of columns"),
        (lambda: fid(np.ones((5, 3)), np.full((5, 3), np.nan)), "Y must be finite"),
        (lambda: fid(np.ones(5), np.ones((5, 3))), "X must have 2 dimensions"),
        (lambda: fid_infinity(np.ones((19, 3)), np.ones((50, 3)), 1), "X must have at least 20 rows"),
        (lambda: frechet_distance([0, 0], np.eye(2), [0], np.eye(1)), "mu1 and mu2 must have the same"),
        (lambda: frechet_distance([0, 0], np.eye(3), [0, 0], np.eye(2)), "cov1 must have shape"),
        (lambda: frechet_distance([0, 0], np.eye(2), [0, 0], [[1, 0], [0, np.inf]]), "cov2 must be finite"),
        (lambda: frechet_distance([0, 0], np.eye(2), [0, 0], [[1, 1], [0, 1]]), "cov2 must be symmetric"),
        (lambda: frechet_distance([0, 0], -np.eye(2), [0, 0], np.eye(2)), "cov1 must be positive"),
    ],
)
def test_errors_name_the_bad_argument(call, message):
    """The error names the argument and what is allowed."""
    with pytest.raises(ValueError, match=message):
        call()
