"""Scaling laws: exact published values, limiting cases, and an integral as oracle."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize

from dataselect_core import scaling
from dataselect_core.facts import load

R_D = 15.387756
sizes = st.floats(1e3, 1e15)


def test_the_data_constrained_law_equals_its_published_value():
    """6.34 B parameters and 242 B tokens, 25 B of them unique, give the value of the paper's own code."""
    assert scaling.data_constrained_loss(6.34e9, 242e9, 25e9) == pytest.approx(2.2256440889984477, abs=1e-14)


def test_the_chinchilla_loss_equals_a_computation_by_hand():
    """The loss for Chinchilla's own size equals the formula with the paper's five constants."""
    by_hand = 1.69 + 406.4 / 70e9**0.34 + 410.7 / 1.4e12**0.28
    assert scaling.chinchilla_loss(70e9, 1.4e12) == pytest.approx(by_hand, rel=1e-15)


def test_the_chinchilla_optimum_equals_the_one_from_calculus():
    """At a fixed budget 6ND the numerical optimum equals the one from calculus."""
    budget, a, b, alpha, beta = 1e21, 406.4, 410.7, 0.34, 0.28
    optimum = optimize.minimize_scalar(
        lambda x: scaling.chinchilla_loss(10**x, budget / 6 / 10**x),
        bounds=(6, 14),
        method="bounded",
        options={"xatol": 1e-10},
    )
    g = (alpha * a / (beta * b)) ** (1 / (alpha + beta))
    assert 10**optimum.x == pytest.approx(g * (budget / 6) ** (beta / (alpha + beta)), rel=1e-4)


@pytest.mark.parametrize("epochs", [1, 1.5, 4, 40, 400])
def test_effective_data_is_an_integral_of_decaying_worth(epochs):
    """The r-th repetition is worth exp(-r / R*) of a fresh reading, and the law is the integral of this."""
    repeated, _ = integrate.quad(lambda r: math.exp(-r / R_D), 0, epochs - 1)
    assert scaling.effective_data(2e9, 2e9 * epochs) == pytest.approx(2e9 * (1 + repeated), rel=1e-12)


@given(sizes, st.floats(1, 1e4))
def test_effective_data_is_between_unique_and_total(unique, epochs):
    """Repetition never hurts, never counts in full, and is worth at most 1 + R* readings."""
    worth = scaling.effective_data(unique, unique * epochs)
    assert unique * (1 - 1e-12) <= worth <= unique * epochs * (1 + 1e-12)
    assert worth <= unique * (1 + R_D) * (1 + 1e-12)


@given(sizes, sizes)
def test_more_unique_data_never_hurts(params, tokens):
    """At the same compute, more unique tokens never give a higher loss."""
    losses = scaling.data_constrained_loss(params, tokens, tokens * np.array([0.01, 0.1, 0.5, 1.0]))
    assert (np.diff(losses) <= 1e-9 * losses[:-1]).all()


def test_unread_data_do_not_count():
    """Data that is never read makes no difference."""
    assert scaling.effective_data(10e9, 1e9) == 1e9
    assert scaling.data_constrained_loss(1e9, 1e9, 5e9) == scaling.data_constrained_loss(1e9, 1e9, 1e9)


def test_without_repetition_the_law_is_a_chinchilla_law():
    """With unique tokens and few parameters the loss is E + A / N^a + B / D^a with the paper's constants."""
    a, b, e, alpha = math.exp(6.255414), math.exp(7.3049974), math.exp(0.6254804), 0.3526596
    by_hand = e + a / 1e8**alpha + b / 1e12**alpha
    assert scaling.data_constrained_loss(1e8, 1e12, 1e12) == pytest.approx(by_hand, rel=1e-14)


def test_clusters_equal_the_law_one_by_one():
    """Each cluster counts separately; clusters without copies count in full, and empty ones not at all."""
    unique, total = [100, 50, 0, 10], [400, 50, 0, 1000]
    one_by_one = sum(scaling.effective_data(u, t) for u, t in zip(unique, total, strict=True) if u)
    assert scaling.effective_tokens_of_clusters(unique, total) == pytest.approx(one_by_one, rel=1e-14)
    assert scaling.effective_tokens_of_clusters([7, 8], [7, 8]) == 15
    assert scaling.effective_tokens_of_clusters([0], [0]) == 0


def test_uneven_repetition_is_worth_less_than_even():
    """The law is concave: the same totals are worth less if they are repeated unevenly."""
    even = scaling.effective_tokens_of_clusters([100, 100], [1000, 1000])
    uneven = scaling.effective_tokens_of_clusters([100, 100], [100, 1900])
    assert uneven < even == pytest.approx(scaling.effective_data(200, 2000))


def test_training_flops_are_six_times_parameters_times_tokens():
    """Llama 3 70B on 15 T tokens is 6.3e24 FLOPs; arrays work element by element."""
    assert scaling.training_flops(70e9, 15e12) == 6.3e24
    assert scaling.training_flops(np.array([1, 2]), np.array([3, 4])).tolist() == [18, 48]
    assert scaling.training_flops(0, 5) == 0


def test_plain_numbers_give_plain_numbers():
    """Plain numbers give plain numbers."""
    for value in (
        scaling.chinchilla_loss(1e9, 1e9),
        scaling.effective_data(1, 2),
        scaling.data_constrained_loss(1e9, 1e9, 1e8),
        scaling.training_flops(1, 2),
    ):
        assert type(value) is float


@pytest.mark.parametrize("bad", [0, -1, float("nan"), float("inf")])
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: scaling.chinchilla_loss(x, 1e9), "params"),
        (lambda x: scaling.chinchilla_loss(1e9, x), "tokens"),
        (lambda x: scaling.effective_data(x, 1e9), "unique"),
        (lambda x: scaling.effective_data(1e9, x), "total"),
        (lambda x: scaling.data_constrained_loss(x, 1e9, 1e9), "params"),
        (lambda x: scaling.data_constrained_loss(1e9, x, 1e9), "tokens"),
        (lambda x: scaling.data_constrained_loss(1e9, 1e9, x), "unique"),
    ],
)
def test_bad_sizes_are_refused(call, name, bad):
    """Zero, negative numbers and NaN are refused, and the argument is named."""
    with pytest.raises(ValueError, match=f"{name} must be finite and above 0"):
        call(bad)


@pytest.mark.parametrize(
    ("unique", "total", "message"),
    [
        ([1, 2], [1], "one length"),
        ([5], [4], "at least unique_tokens"),
        ([-1], [4], "unique_tokens must be finite"),
    ],
)
def test_bad_clusters_are_refused(unique, total, message):
    """Clusters smaller than their kept text, and lengths that differ, are refused."""
    with pytest.raises(ValueError, match=message):
        scaling.effective_tokens_of_clusters(unique, total)


def test_negative_parameters_are_refused():
    """Negative parameters have no FLOPs."""
    with pytest.raises(ValueError, match="params must be finite and at least 0"):
        scaling.training_flops(-1, 1)


@pytest.mark.parametrize("name", ["laws", "prices", "tracks", "reported", "kinds"])
def test_every_fact_has_unit_kind_source_and_date(name):
    """Every number in the facts has a unit, a kind, a source and a date."""

    def walk(node, path):
        if isinstance(node, dict) and "value" in node:
            assert node["kind"] in ("cited", "modelled"), path
            assert isinstance(node["unit"], str), path
            assert len(node["source"]) > 10, path
            assert node["date"][:2] == "20", path
        elif isinstance(node, dict):
            for key, child in node.items():
                walk(child, f"{path}.{key}")
        else:
            assert isinstance(node, str), path

    walk(load(name), name)
