"""The Data Wall: the chapter's own example, growth by hand, and what the law of repetition implies."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect_core.scaling import chinchilla_loss, data_constrained_loss
from dataselect_core.scaling.data_wall import chapter_cluster, data_wall, tokens_pushed, years_to_wall

PEAK = 989.4e12
sizes = st.floats(1e6, 1e15)


def test_the_cluster_equals_the_example_of_the_chapter():
    """10,000 H100 for 90 days at 40 % push 73 T tokens through a 70 B model."""
    assert round(chapter_cluster(PEAK) / 1e12) == 73
    assert tokens_pushed(1e9, 1, 1, 1.0, 6e9) == pytest.approx(86_400)


def test_growth_over_three_and_five_years_equals_a_computation_by_hand():
    """After three years ten times as many tokens are read; after five there are twice as many."""
    start, after_three, after_five = (data_wall(1e9, 1e12, 1e12, years) for years in (0, 3, 5))
    assert (start.tokens, start.unique, start.epochs, start.worth) == (1e12, 1e12, 1, 1)
    assert after_three.tokens == pytest.approx(1e13) and after_five.unique == pytest.approx(2e12)
    assert after_three.epochs == pytest.approx(10 / 2**0.6)


@given(sizes, sizes, st.floats(0, 20))
def test_repetition_is_worth_less_than_fresh_data_and_more_than_nothing(tokens, unique, years):
    """The worth of a token is in (0, 1] and falls with the years, and the loss is never below that of fresh data."""
    wall, later = data_wall(7e9, tokens, unique, years), data_wall(7e9, tokens, unique, years + 1)
    assert 0 < wall.worth <= 1 + 1e-12 and later.worth <= wall.worth + 1e-12
    assert wall.loss >= wall.loss_fresh - 1e-12
    assert wall.loss == data_constrained_loss(7e9, wall.tokens, wall.unique)
    assert math.isfinite(chinchilla_loss(7e9, wall.effective))


@given(sizes, sizes, st.floats(1, 100))
def test_the_given_epochs_are_reached_in_the_year_of_the_wall(tokens, unique, epochs):
    """In the year that years_to_wall gives, everything has been read exactly that many times."""
    years = years_to_wall(tokens, unique, epochs)
    if 0 <= years <= 50:
        assert data_wall(1e9, tokens, unique, years).epochs == pytest.approx(epochs, rel=1e-9)
    assert (years < 0) == (tokens > epochs * unique)


def test_the_wall_is_at_four_epochs_by_default():
    """The default is four epochs, as in the paper."""
    assert years_to_wall(1e12, 1e12) == years_to_wall(1e12, 1e12, 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: data_wall(0, 1, 1), "params"),
        (lambda: data_wall(1, -1, 1), "tokens"),
        (lambda: data_wall(1, 1, math.inf), "unique"),
        (lambda: data_wall(1, 1, 1, -1), "years"),
        (lambda: data_wall(1, 1, 1, "3"), "years"),
        (lambda: years_to_wall(1, 1, 0), "epochs"),
        (lambda: tokens_pushed(1, 1, 1, 1.5, 1), "utilisation"),
        (lambda: tokens_pushed(1, 1, math.nan, 1, 1), "days"),
    ],
)
def test_impossible_sizes_are_refused(call, message):
    """Sizes must be finite and above 0, a utilisation at most 1, years from 0 to 50."""
    with pytest.raises(ValueError, match=message):
        call()


def test_texts_and_booleans_are_refused():
    """Texts and booleans raise a TypeError."""
    with pytest.raises(TypeError, match="tokens"):
        data_wall(1.0, "many", 1.0)
    with pytest.raises(TypeError, match="unique"):
        years_to_wall(1.0, True)
