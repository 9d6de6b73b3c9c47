"""The experiments of the noise panel: slopes near theory, the price of flips, and the functions behind them."""

import numpy as np
import pytest

from dataselect_core import datasets, noise
from dataselect_core.gap import mix, noise_experiments, statistics


@pytest.fixture(scope="module")
def steps_and_results():
    """All experiments at 5 % label noise over two seeds, and the steps on the way."""
    *steps, last = noise_experiments.measure(0.05, (1, 2), *datasets.digits())
    return steps, last


def test_the_exponents_equal_those_of_the_laws(steps_and_results):
    """The slopes are within .05 of −1, −1 and −½, and each interval contains its estimate."""
    _, measured = steps_and_results
    for (value, low, high), theory in (
        (measured.clean_slope, -1),
        (measured.noisy_slope, -1),
        (measured.coin_slope, -0.5),
    ):
        assert abs(value - theory) <= 0.05
        assert low < value < high
        assert low - 0.05 < theory < high + 0.05


def test_the_slopes_equal_those_of_the_core(steps_and_results):
    """The slopes equal those of `threshold_slope` and `slope` for these seeds and trials."""
    _, measured = steps_and_results
    assert measured.noisy_slope == noise.threshold_slope(0.05, 1, noise_experiments.TRIALS)
    errors = noise.coin_errors(noise_experiments.COIN_SIZES, noise_experiments.COIN_TRIALS, 1)
    assert measured.coin_slope == noise.slope(
        noise_experiments.COIN_SIZES, errors, 1, noise.at_confidence, resamples=100
    )


def test_five_per_cent_noise_does_not_cost_ten_times(steps_and_results):
    """The same error takes between 1 and 2 times as many labels: the interval excludes both 1 and 10."""
    _, measured = steps_and_results
    value, low, high = measured.ratio
    assert 1.1 < low < value < high < 2


def test_the_learning_curve_equals_noisy_curve(steps_and_results):
    """The curves equal `noisy_curve` over the seeds, with their intervals."""
    _, measured = steps_and_results
    X, y = datasets.digits()
    runs = [mix.noisy_curve(measured.labels, 0.05, X, y, seed) for seed in (1, 2)]
    assert measured.curves["noisy"] == [statistics.interval(column) for column in np.array(runs).T]
    assert measured.curves["clean"][-1].mean > measured.curves["noisy"][-1].mean


def test_every_step_has_a_label_and_a_rising_share(steps_and_results):
    """Every step has a label and a share below 1 that never falls."""
    steps, _ = steps_and_results
    shares = [share for _, share in steps]
    assert shares == sorted(shares) and shares[0] > 0 and shares[-1] < 1
    assert all(label for label, _ in steps)


def test_errors_three_times_as_large_cost_three_times_the_labels():
    """If errors are three times as large, they cost three times the labels."""
    clean = np.random.default_rng(1).exponential(1.0, (4, 5000)) / np.array([[10], [20], [40], [80]])
    value, low, high = noise.label_ratio(clean, 3 * clean, 2)
    assert value == pytest.approx(3.0)
    assert low < 3 < high and high - low < 0.2
    with pytest.raises(ValueError, match="one row per size"):
        noise.label_ratio(clean, clean[:2], 1)


def test_steps_follow_the_two_laws():
    """Random flips cost 1/(1-2 rho)^2, and the agnostic law costs 1/epsilon."""
    realizable, agnostic = noise.steps_under_noise(1000, 0.05, 0.1)
    assert realizable == pytest.approx(1000 / 0.81)
    assert agnostic == pytest.approx(10_000)
    assert noise.steps_under_noise(1000, 0.0, 0.5) == (1000, 2000)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0.1, 0.1), "clean_steps must be a finite number > 0"),
        ((10, 0.5, 0.1), r"rate must lie in \[0, 0.5\)"),
        ((10, 0.1, 0), r"epsilon must lie in \(0, 1\)"),
    ],
)
def test_bad_steps_are_refused(arguments, message):
    """The error names the argument and what is allowed."""
    with pytest.raises(ValueError, match=message):
        noise.steps_under_noise(*arguments)
