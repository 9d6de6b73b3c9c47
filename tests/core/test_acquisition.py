"""The price of a training set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect_core.economics.acquisition import acquire


def test_acquire_equals_a_worked_example():
    """100 real samples cost $25 each plus $5 for an expert, and 900 synthetic ones cost $0.002 each."""
    cost = acquire(100, 900, 25.0, 0.002, 5.0)
    assert (cost.real_dollars, cost.expert_dollars) == (2500.0, 500.0)
    assert cost.synthetic_dollars == pytest.approx(1.8)
    assert cost.dollars == pytest.approx(3001.8)
    assert cost.dollars_per_sample == pytest.approx(3.0018)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0, 1e4))
def test_the_parts_add_up(real, synthetic, a, b, c):
    """The total is the sum over all samples, and experts label only the real ones."""
    cost = acquire(real, synthetic, a, b, c)
    assert cost.dollars == pytest.approx(real * (a + c) + synthetic * b)
    assert cost.dollars_per_sample * (real + synthetic) == pytest.approx(cost.dollars)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((-1, 0, 1, 1), ValueError, "real must be at least 0"),
        ((1, 0.5, 1, 1), TypeError, "synthetic must be an integer"),
        ((1, 1, -2, 1), ValueError, "real_price must be a finite number"),
        ((1, 1, 1, float("nan")), ValueError, "synthetic_price must be a finite number"),
        ((1, 1, 1, 1, "5"), TypeError, "expert_price must be a number"),
    ],
)
def test_errors_name_the_bad_argument(arguments, error, message):
    """The error names the argument and what is allowed."""
    with pytest.raises(error, match=message):
        acquire(*arguments)
