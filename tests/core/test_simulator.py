"""The simulator: drawn within the stated ranges, counted like the real digits, and good enough to learn from."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from dataselect_core import simulator
from dataselect_core.simulator import bitmaps, count_blocks, parameters, simulate, strokes


@pytest.fixture(scope="module")
def real():
    """Real digits from scikit-learn, in [0, 1]."""
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def unpacked(bitmap):
    """Rows of 32 bits as a picture, lowest bit on the left."""
    return (bitmap[:, :, None] >> np.arange(32, dtype=np.uint32)) & np.uint32(1)


def accuracy(randomisation, real, seed=1):
    """Accuracy on real digits of a softmax regression trained only on simulated ones."""
    X, y = simulate(1500, randomisation, seed)
    return LogisticRegression(C=1.0, max_iter=200).fit(X, y).score(*real)


def test_blocks_are_counts_of_sixteen_pixels():
    """Each value is the ink of a 4 x 4 block over 16, row by row, equal to a count pixel by pixel."""
    rng = np.random.default_rng(1)
    bitmap = rng.integers(0, 2**32, (5, 32), dtype=np.uint32)
    picture = unpacked(bitmap)
    counts = count_blocks(bitmap).reshape(5, 8, 8)
    for i in range(8):
        for j in range(8):
            expected = picture[:, 4 * i : 4 * i + 4, 4 * j : 4 * j + 4].sum((1, 2)) / 16
            assert np.array_equal(counts[:, i, j], expected)


def test_the_pen_draws_the_pixels_within_its_radius():
    """One point makes an ellipse: every pixel whose distance from the point's pixel is within the radius."""
    points = np.array([[[15.5, 10.5]], [[1.2, 30.9]]])
    width, stretch = np.array([7.0, 5.0]), np.array([1.0, 2.0])
    picture = unpacked(bitmaps(points, width, stretch))
    y, x = np.mgrid[0:32, 0:32]
    for k, (cx, cy) in enumerate([(15, 10), (1, 30)]):
        inside = ((x - cx) / stretch[k]) ** 2 + (y - cy) ** 2 <= (width[k] / 2) ** 2
        assert np.array_equal(picture[k].astype(bool), inside)


def test_samples_have_the_form_of_the_real_digits(real):
    """Values are multiples of 1/16 in [0, 1], digits are equally frequent, and the ink is about that of real digits."""
    X, y = simulate(2000, 0.3, 7)
    assert X.shape == (2000, 64) and X.min() >= 0 and X.max() <= 1
    assert np.array_equal(X * 16, np.round(X * 16))
    assert np.array_equal(np.bincount(y), np.full(10, 200))
    assert abs(X.mean() - real[0].mean()) < 0.03


def test_without_randomisation_a_digit_has_one_form():
    """At 0 all samples of a digit are equal, above 0 they differ."""
    X, y = simulate(200, 0.0, 3)
    assert all((X[y == digit] == X[y == digit][0]).all() for digit in range(10))
    X, y = simulate(200, 0.2, 3)
    assert all(len(np.unique(X[y == digit], axis=0)) > 10 for digit in range(10))


def test_randomisation_is_the_width_of_the_ranges():
    """Every parameter is within value +- intensity * spread, and comes near both ends."""
    draws = parameters(4000, 0.5, 1)
    for name in ("slant", "aspect", "scale", "position_x", "position_y", "stroke_width"):
        fact = simulator.PARAMETERS[name]
        deviation = (draws[name] - fact["value"]) / (0.5 * fact["spread"])
        assert -1 <= deviation.min() < -0.99 and 0.99 < deviation.max() <= 1


def test_each_parameter_has_the_effect_of_its_name():
    """More stroke width gives more ink, a position shifts the drawing, and a scale changes its height."""
    y = np.repeat(np.arange(10), 2)
    plain = parameters(20, 0.0, 1)

    def drawn(**change):
        values = plain | {name: plain[name] + value for name, value in change.items()}
        points, stretch = strokes(y, values, 1)
        return unpacked(bitmaps(points, values["stroke_width"], stretch)).astype(bool)

    base = drawn()
    assert (drawn(stroke_width=2.0).sum((1, 2)) > 1.15 * base.sum((1, 2))).all()
    assert np.array_equal(drawn(position_x=2.0)[:, :, 2:], base[:, :, :-2])
    height = base.any(2).sum(1)
    assert (height >= 31).all()
    assert (drawn(scale=-0.25).any(2).sum(1) <= 25).all()


def test_a_slanted_digit_leans_to_the_right():
    """With a slant, the upper half of a plain 1 is further to the right than the lower half."""
    plain = parameters(1, 0.0, 1)
    plain["slant"], plain["style"] = np.array([0.6]), np.array([0.5])  # style: the bar
    points, _ = strokes(np.array([1]), plain, 1)
    x, y = points[0].T
    assert x[y < 16].mean() > x[y > 16].mean() + 5


def test_every_style_can_appear():
    """At full intensity all styles are about equally frequent."""
    styles = simulator.skeletons()
    assert min(len(s) for s in styles.values()) >= 3
    chosen = parameters(8000, 1.0, 2)["style"]
    share = np.histogram(chosen, bins=4, range=(0, 1))[0] / 8000
    assert np.abs(share - 0.25).max() < 0.03


def test_a_classifier_trained_on_simulated_digits_reads_real_digits(real):
    """At its best intensity it gives above .80 on real digits; much less and much more are clearly worse."""
    best = accuracy(0.3, real)
    assert best > 0.80
    assert accuracy(0.0, real) < best - 0.05
    assert accuracy(1.0, real) < best - 0.2


def test_the_same_seed_gives_the_same_samples():
    """The seed decides everything; another seed gives other samples."""
    first, repeated, other = simulate(50, 0.4, 5), simulate(50, 0.4, 5), simulate(50, 0.4, 6)
    assert np.array_equal(first[0], repeated[0]) and np.array_equal(first[1], repeated[1])
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, 0.3, 1), ValueError, "n must be between 1 and 1000000"),
        ((2.5, 0.3, 1), TypeError, "n must be an integer"),
        ((10, 1.2, 1), ValueError, "randomisation must be in"),
        ((10, float("nan"), 1), ValueError, "randomisation must be in"),
        ((10, "much", 1), TypeError, "randomisation must be a number"),
        ((10, 0.3, -1), ValueError, "seed must be at least 0"),
    ],
)
def test_errors_name_the_bad_argument(arguments, error, message):
    """The error names the argument and what is allowed."""
    with pytest.raises(error, match=message):
        simulate(*arguments)
