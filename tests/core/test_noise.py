"""Label noise: flips at the given rate, laws as published, and exponents that experiments confirm."""

import numpy as np
import pytest
from scipy.stats import binom

from dataselect_core import noise
from dataselect_core.noise import (
    agnostic_samples,
    at_confidence,
    coin_errors,
    coin_slope,
    flip_labels,
    noise_factor,
    realizable_samples,
    slope,
    threshold_errors,
    threshold_slope,
)


def test_labels_flip_at_the_rate_to_every_other_class():
    """The share of changed labels is the rate, and the wrong labels are spread evenly over the other classes."""
    y = np.repeat(np.arange(5), 4000)
    noisy = flip_labels(y, 0.3, 5, 1)
    wrong = noisy != y
    assert wrong.mean() == pytest.approx(0.3, abs=0.01)
    offset = (noisy[wrong] - y[wrong]) % 5
    assert np.abs(np.bincount(offset, minlength=5)[1:] / wrong.sum() - 0.25).max() < 0.02


def test_rate_0_changes_nothing_and_rate_1_everything():
    """Rate 0 changes nothing, rate 1 changes everything, and the input is not modified."""
    y = np.array([3, 7, 7, 3])
    assert np.array_equal(flip_labels(y, 0.0, [3, 7], 1), y)
    assert np.array_equal(flip_labels(y, 1.0, [3, 7], 1), [7, 3, 3, 7])
    assert np.array_equal(y, [3, 7, 7, 3])


def test_higher_rates_flip_the_same_labels_and_more():
    """With one seed the flipped labels of a lower rate are among those of a higher one."""
    y = np.random.default_rng(0).integers(0, 10, 500)
    few, many = flip_labels(y, 0.1, 10, 4), flip_labels(y, 0.4, 10, 4)
    assert (many[few != y] == few[few != y]).all()
    assert np.array_equal(few, flip_labels(y, 0.1, 10, 4))


def test_labels_may_be_words():
    """Classes can be of any sortable kind; the type of the labels is kept."""
    y = np.array(["cat", "dog", "cat"])
    assert flip_labels(y, 1.0, ["dog", "cat"], 1).tolist() == ["dog", "cat", "dog"]


def test_laws_scale_as_published():
    """Half the error doubles the realizable count and quadruples the agnostic count; noise multiplies the first."""
    assert realizable_samples(3, 0.05) / realizable_samples(3, 0.1) == pytest.approx(2)
    assert agnostic_samples(3, 0.05) / agnostic_samples(3, 0.1) == pytest.approx(4)
    assert realizable_samples(3, 0.1, rate=0.4) / realizable_samples(3, 0.1) == pytest.approx(25)
    assert noise_factor(0.05) == pytest.approx(1 / 0.81)
    assert agnostic_samples(3, 0.1) / realizable_samples(3, 0.1) == pytest.approx(10)


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.2, 0.4])
def test_threshold_learning_keeps_slope_minus_one(rate):
    """Label noise below one half does not change the exponent: it is within .05 of -1, with a narrow interval."""
    value, low, high = threshold_slope(rate, seed=1, trials=500 if rate == 0.4 else 1000)
    assert value == pytest.approx(-1.0, abs=0.05)
    assert low < value < high and high - low < 0.12


def test_noise_costs_a_factor_near_the_law():
    """Errors at one N grow with the noise about as 1 / (1 - 2 rho)^2, within a factor of two."""
    clean, noisy = (threshold_errors([3000], rate, 800, 3).mean() for rate in (0.0, 0.3))
    assert 0.5 < noisy / clean / noise_factor(0.3) < 2.0


def test_noiseless_thresholds_have_the_error_of_order_statistics():
    """Without noise the best gap is the one around the threshold, so the mean error is 1 / (2 N) to first order."""
    error = threshold_errors([200], 0.0, 4000, 1).mean()
    assert error == pytest.approx(0.5 / 200, rel=0.06)


def test_the_coin_error_has_slope_minus_one_half():
    """The error of a coin's estimated bias falls as N^(-1/2), within .05 and inside its interval."""
    value, low, high = coin_slope(seed=1)
    assert value == pytest.approx(-0.5, abs=0.05)
    assert low < value < high
    n = 6400
    assert 0.6 < n * at_confidence(coin_errors([n], 20000, 2), axis=1)[0] ** 2 < 0.75


def test_coin_errors_are_binomial():
    """The 90 % error equals that of scipy's binomial distribution."""
    n = 400
    error = at_confidence(coin_errors([n], 40000, 3), axis=1)[0]
    counts = np.arange(n + 1)
    spread = np.abs(counts / n - 0.5)
    order = np.argsort(spread)
    exact = spread[order][np.searchsorted(np.cumsum(binom.pmf(counts, n, 0.5)[order]), 0.9)]
    assert error == pytest.approx(exact, abs=1 / n + 1e-12)


def test_slope_of_a_power_law_is_its_exponent():
    """An exact power law gives its exponent, and a noisy one gives an interval that contains it."""
    sizes = np.array([10, 20, 40, 80])
    exact = np.tile((sizes**-0.7)[:, None], (1, 5))
    assert slope(sizes, exact, 1) == pytest.approx((-0.7, -0.7, -0.7))
    noisy = (sizes**-0.7)[:, None] * np.random.default_rng(1).exponential(size=(4, 300))
    value, low, high = slope(sizes, noisy, 1)
    assert low < -0.7 < high and low < value < high


def test_the_same_seed_gives_the_same_errors():
    """The same seed gives the same errors, even if they are drawn in blocks to save memory."""
    assert np.array_equal(threshold_errors([64, 128], 0.1, 50, 2), threshold_errors([64, 128], 0.1, 50, 2))
    assert threshold_errors([noise.BLOCK // 4], 0.0, 9, 2).max() < 1e-4


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: flip_labels([0, 1], 1.5, 2, 1), ValueError, "rate must be in"),
        (lambda: flip_labels([0, 5], 0.1, 2, 1), ValueError, "y must hold only labels"),
        (lambda: flip_labels([0, 0], 0.1, 1, 1), ValueError, "at least two classes"),
        (lambda: flip_labels([[0, 1]], 0.1, 2, 1), ValueError, "y must be one list"),
        (lambda: flip_labels([0, 1], "some", 2, 1), TypeError, "rate must be a number"),
        (lambda: noise_factor(0.5), ValueError, "rate must lie in"),
        (lambda: realizable_samples(3, 0.0), ValueError, "epsilon must lie in"),
        (lambda: agnostic_samples(0, 0.1), ValueError, "dimension must be at least 1"),
        (lambda: threshold_errors([], 0.1, 10, 1), ValueError, "sizes must hold at least one"),
        (lambda: threshold_errors([0], 0.1, 10, 1), ValueError, "sizes must be at least 1"),
        (lambda: coin_errors([10], 1, 1), ValueError, "trials must be at least 2"),
        (lambda: coin_errors([10], 10, 1, bias=1.0), ValueError, "bias must lie in"),
        (lambda: slope([10, 20], np.zeros((2, 5)), 1), ValueError, "errors must be above 0"),
        (lambda: slope([10], np.ones((1, 5)), 1), ValueError, "errors must have one row"),
    ],
)
def test_errors_name_the_bad_argument(call, error, message):
    """The error names the argument and what is allowed."""
    with pytest.raises(error, match=message):
        call()
