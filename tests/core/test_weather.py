"""Rain: more of it hides more, none of it changes nothing, and training with it helps."""

import numpy as np
import pytest
from scipy.ndimage import convolve
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from dataselect_core import weather
from dataselect_core.weather import blur, coverage, field_weather, intensity, rain

STEPS = np.linspace(0, 1, 9)


@pytest.fixture(scope="module")
def digits():
    """Real digits from scikit-learn, in [0, 1]."""
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def test_no_rain_does_not_change_the_picture(digits):
    """Intensity 0 returns equal values in a new array; pictures always stay in [0, 1]."""
    X = digits[0][:50]
    dry, wet = rain(X, 0.0, 1), rain(X, 1.0, 1)
    assert np.array_equal(dry, X) and dry is not X
    assert wet.min() >= 0 and wet.max() <= 1


def test_coverage_never_falls_with_intensity():
    """With one seed, more rain covers each block at least as much, and the mean coverage grows with every step."""
    covered = np.array([coverage(200, np.full(200, step), 3) for step in STEPS])
    assert (np.diff(covered, axis=0) >= 0).all()
    assert covered[0].max() == 0
    assert (np.diff(covered.mean((1, 2))) > 0.01).all()


def test_damage_grows_with_intensity(digits):
    """The mean change of the pictures grows with every step, and their contrast shrinks."""
    X = digits[0][:400]
    change = [np.abs(rain(X, step, 2) - X).mean() for step in STEPS]
    contrast = [rain(X, step, 2).std() for step in STEPS]
    assert (np.diff(change) > 0.005).all()
    assert (np.diff(contrast) < 0).all()


def test_coverage_is_proportional_to_light_rain():
    """Coverage is about proportional to the intensity (Marshall and Palmer's optics) while streaks are few."""
    mean = [coverage(3000, np.full(3000, step), 5).mean() for step in (0.05, 0.1, 0.2)]
    assert mean[1] / mean[0] == pytest.approx(2, abs=0.25)
    assert mean[2] / mean[1] == pytest.approx(2, abs=0.3)


def test_blur_is_the_binomial_filter(digits):
    """The wet lens equals scipy's convolution with the 3 x 3 binomial kernel."""
    X = digits[0][:20]
    kernel = np.outer([1, 2, 1], [1, 2, 1]) / 16
    expected = np.array([convolve(x.reshape(8, 8), kernel, mode="constant").ravel() for x in X])
    assert np.allclose(blur(X), expected, atol=1e-15)


def test_each_picture_has_its_own_weather(digits):
    """With an array of intensities, each picture gets the rain of its own intensity."""
    X = digits[0][:30]
    mixed = np.where(np.arange(30) % 3, 0.7, 0.0)
    wet = rain(X, mixed, 4)
    assert np.array_equal(wet[::3], X[::3])
    assert np.array_equal(wet[1], rain(X, 0.7, 4)[1])
    assert not np.array_equal(wet, rain(X, mixed, 5))


def test_rain_costs_accuracy_and_training_with_rain_recovers_part(digits):
    """A classifier trained on dry digits loses accuracy in full rain; one trained in rain loses less."""
    X, y = digits
    dry = LogisticRegression(max_iter=300).fit(X[:1200], y[:1200])
    wet = LogisticRegression(max_iter=300).fit(rain(X[:1200], 1.0, 1), y[:1200])
    pictures = [rain(X[1200:], step, 2) for step in (0.0, 0.5, 1.0)]
    scores = [dry.score(p, y[1200:]) for p in pictures]
    assert scores[0] > scores[1] > scores[2] + 0.03
    assert scores[0] > wet.score(pictures[2], y[1200:]) > scores[2] + 0.03


def test_the_intensity_of_rain_follows_a_power_law():
    """No rain is 0, rain of the full day or more is 1, and the exponent between them is .63."""
    assert intensity(0) == 0 and intensity(50) == 1 and intensity(80) == 1
    assert intensity(25) == pytest.approx(0.5**0.63)
    assert np.array_equal(intensity([0.0, 50.0]), [0.0, 1.0])


def test_field_weather_follows_the_record():
    """Days are drawn from the record, with its share of rain unless another share is given."""
    record = np.array([0.0, 0.0, 0.0, 4.0, 20.0])
    days = field_weather(record, 5000, 1)
    assert set(days) == {0.0, 4.0, 20.0}
    assert (days > 0).mean() == pytest.approx(0.4, abs=0.03)
    assert (field_weather(record, 100, 1, wet_share=1.0) > 0).all()
    assert (field_weather(record, 100, 1, wet_share=0.0) == 0).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rain(np.ones((2, 63)), 0.5, 1), "X must have shape"),
        (lambda: rain(np.full((2, 64), 16.0), 0.5, 1), "X must lie in"),
        (lambda: rain(np.full((2, 64), np.nan), 0.5, 1), "X must be finite"),
        (lambda: rain(np.ones((2, 64)), 1.5, 1), "intensity must lie in"),
        (lambda: rain(np.ones((2, 64)), np.array([0.1, 0.2, 0.3]), 1), "intensity must be one number"),
        (lambda: intensity(-1), "millimetres must be"),
        (lambda: field_weather([0.0, 0.0], 5, 1), "at least one day with rain"),
        (lambda: field_weather([0.0, 3.0], 5, 1, 2.0), "wet_share must be in"),
    ],
)
def test_errors_name_the_bad_argument(call, message):
    """The error names the argument and what is allowed."""
    with pytest.raises(ValueError, match=message):
        call()


def test_facts_of_the_rain_have_sources():
    """Every number is marked as cited or as modelled."""
    assert {fact["kind"] for fact in weather.FACTS.values()} == {"cited", "modelled"}
