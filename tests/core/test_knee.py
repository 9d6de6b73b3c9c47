"""Kneedle compared with kneed on its own examples, and the economic break-even."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kneed import DataGenerator, KneeLocator

from dataselect_core.knee import break_even, knee

EXAMPLES = {
    "figure2": ("concave", "increasing"),
    "convex_decreasing": ("convex", "decreasing"),
    "convex_increasing": ("convex", "increasing"),
    "concave_decreasing": ("concave", "decreasing"),
    "concave_increasing": ("concave", "increasing"),
    "bumpy": ("convex", "decreasing"),
    "noisy_gaussian": ("concave", "increasing"),
}


def equals_kneed(ours, x, y, curve, direction, sensitivity):
    """Whether a knee equals the one that kneed finds."""
    theirs = KneeLocator(x, y, S=sensitivity, curve=curve, direction=direction).knee
    return ours is None if theirs is None else ours == theirs


@pytest.mark.parametrize("sensitivity", [0.0, 0.5, 1.0, 3.0, 5.0, 10.0, 25.0, 100.0])
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_knee_equals_kneed_on_its_examples(name, sensitivity):
    """Each of kneed's own curves has the same knee here, whatever the sensitivity."""
    x, y = getattr(DataGenerator, name)()
    curve, direction = EXAMPLES[name]
    assert equals_kneed(knee(x, y, curve, direction, sensitivity), x, y, curve, direction, sensitivity)


@pytest.mark.parametrize("sigma", [1, 10, 40])
@pytest.mark.parametrize("seed", range(10))
def test_the_knee_equals_kneed_on_other_noisy_gaussians(sigma, seed):
    """For other draws of the paper's noisy Gaussian, with uneven x, the knee equals kneed's."""
    x, y = DataGenerator.noisy_gaussian(sigma=sigma, N=200, seed=seed)
    assert equals_kneed(knee(x, y, "concave", "increasing"), x, y, "concave", "increasing", 1.0)


def test_knees_equal_published_values():
    """The knees equal the values printed in the paper and in kneed's documentation."""
    assert knee(*DataGenerator.figure2(), "concave", "increasing") == pytest.approx(2 / 9)
    assert knee(*DataGenerator.convex_decreasing(), "convex", "decreasing") == 2
    assert knee(*DataGenerator.concave_increasing(), "concave", "increasing") == 2
    assert knee(*DataGenerator.convex_increasing(), "convex", "increasing") == 7
    assert knee(*DataGenerator.concave_decreasing(), "concave", "decreasing") == 7


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.integers(-50, 50), min_size=3, max_size=30).filter(lambda y: len(set(y)) > 1),
    st.integers(0, 10**6),
    st.sampled_from(["concave", "convex"]),
    st.sampled_from(["increasing", "decreasing"]),
    st.sampled_from([0.0, 1.0, 2.5]),
)
def test_the_knee_equals_kneed_on_any_curve(y, seed, curve, direction, sensitivity):
    """Bumps, plateaus and monotone stretches in any order have the same knee as in kneed."""
    x = np.cumsum(np.random.default_rng(seed).uniform(0.1, 2.0, len(y)))
    assert equals_kneed(knee(x, y, curve, direction, sensitivity), x, y, curve, direction, sensitivity)


@given(st.floats(0.01, 1e6), st.floats(-1e6, 1e6), st.floats(0.01, 1e6))
def test_units_do_not_move_the_knee(scale, shift, height):
    """Cents instead of dollars, or per cent instead of shares, do not move the knee."""
    x, y = DataGenerator.concave_increasing()
    assert knee(x * scale + shift, y * height, "concave", "increasing") == pytest.approx(2 * scale + shift)


def test_flat_and_straight_curves_have_no_knee():
    """A flat curve, a straight line and two points have no knee."""
    assert knee([0, 1, 2], [4, 4, 4], "concave", "increasing") is None
    assert knee([0, 1, 2, 3], [0, 1, 2, 3], "concave", "increasing") is None
    assert knee([0, 1], [0, 1], "concave", "increasing") is None
    assert knee([2, 2, 2], [0, 1, 2], "concave", "increasing") is None


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        ({"curve": "round"}, "curve"),
        ({"direction": "up"}, "direction"),
        ({"sensitivity": -1}, "sensitivity"),
        ({"sensitivity": np.nan}, "sensitivity"),
        ({"x": [0, 2, 1]}, "x"),
        ({"x": []}, "x"),
        ({"y": [1, 2]}, "y"),
        ({"y": [1, np.nan, 3]}, "y"),
    ],
)
def test_knee_refuses_bad_input(change, argument):
    """Bad input is refused with the name of the argument."""
    good = {"x": [0, 1, 2], "y": [0, 2, 3], "curve": "concave", "direction": "increasing"}
    with pytest.raises(ValueError, match=argument):
        knee(**{**good, **change})


def test_break_even_equals_a_computation_by_hand():
    """Benefit 10·√x and cost 2·x meet at x = 25."""
    x = np.linspace(0, 100, 401)
    assert break_even(x, 10 * np.sqrt(x), 2 * x) == pytest.approx(25)
    assert break_even([0, 10], [5, 5], [0, 10]) == pytest.approx(5)


def test_break_even_takes_the_last_crossing():
    """If a run loses, pays and then loses for good, the break-even is the point of the last crossing."""
    assert break_even([0, 1, 2, 3, 4], [0, 0, 4, 4, 0], [1, 1, 1, 3, 2]) == pytest.approx(3 + 1 / 3)


def test_break_even_may_not_exist():
    """There is no break-even if the cost always exceeds the benefit, or does not exceed it in the end."""
    assert break_even([0, 1, 2], [0, 0, 0], [1, 2, 3]) is None
    assert break_even([0, 1, 2], [0, 5, 9], [1, 2, 3]) is None


def test_break_even_refuses_bad_input():
    """NaN and different lengths are refused with the name of the argument."""
    with pytest.raises(ValueError, match="cost"):
        break_even([0, 1], [1, 1], [0, np.nan])
    with pytest.raises(ValueError, match="benefit"):
        break_even([0, 1], [1, 1, 1], [0, 1])
    with pytest.raises(ValueError, match="ascending"):
        break_even([1, 0], [1, 1], [0, 1])
