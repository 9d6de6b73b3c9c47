"""Costs: arithmetic that can be redone by hand, published runs, and assumptions that cannot change silently."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect_core import economics
from dataselect_core.economics import Assumptions
from dataselect_core.facts import load
from dataselect_core.scaling import training_flops

amounts = st.floats(0, 1e12)


def test_the_training_cost_equals_a_computation_by_hand():
    """One GPU at its peak for an hour costs the price of an hour."""
    a = Assumptions(utilisation=0.5, gpu_hour_price=3)
    cost = economics.training_cost(989.4e12 * 0.5 * 3600 * 7, a)
    assert cost.gpu_hours == pytest.approx(7)
    assert cost.dollars == pytest.approx(21)


def test_llama_3_70b_implies_its_utilisation():
    """6ND over the hours on the model card is a utilisation near .28, which gives the same hours again."""
    llama = {name: fact["value"] for name, fact in load("reported")["llama_3_70b"].items()}
    flops = training_flops(llama["parameters"], llama["tokens"])
    share = economics.implied_utilisation(flops, llama["gpu_hours"], Assumptions().peak_flops)
    assert share == pytest.approx(0.28, abs=0.005)
    repeated_cost = economics.training_cost(flops, Assumptions(utilisation=share))
    assert repeated_cost.gpu_hours == pytest.approx(6.4e6)


def test_half_of_a_llama_training_costs_about_five_million_dollars():
    """Half of a Llama-3-70B training at the default prices is about the $5M that the card names."""
    dollars = economics.training_cost(0.5 * training_flops(70e9, 15e12)).dollars
    assert 4.5e6 < dollars < 6e6


def test_indexing_a_petabyte_costs_about_480_dollars():
    """Signatures of 1 PB take about 3,900 core-hours; indexing takes three times that, about $480, plus requests."""
    cost = economics.indexing_cost(1e15)
    assert cost.core_hours == pytest.approx(3 * 3912, rel=0.001)
    assert cost.compute_dollars == pytest.approx(479, rel=0.001)
    bare = economics.indexing_cost(1e15, Assumptions(index_overhead=1))
    assert bare.core_hours == pytest.approx(3912, rel=0.001) and bare.compute_dollars == pytest.approx(
        160, rel=0.01
    )
    assert cost.read_dollars == pytest.approx(math.ceil(1e15 / 128e6) * 0.0004 / 1000)
    assert cost.dollars == cost.compute_dollars + cost.read_dollars
    assert economics.indexing_cost(0).dollars == 0


def test_scoring_ten_million_images_costs_100k_dollars():
    """Scoring ten million images at a cent costs $100k, twice the edge track's labelling budget."""
    assert economics.scoring_cost(10e6) == pytest.approx(100e3)


def test_the_labelling_cost_is_items_times_labellers_times_price():
    """Labels cost items times labellers times the named price."""
    a = Assumptions(labellers=3, expert_label_price=4, box_price=0.05)
    assert economics.labelling_cost(100, a) == pytest.approx(100 * 3 * 0.012)
    assert economics.labelling_cost(100, a, price="expert_label_price") == pytest.approx(1200)
    assert economics.labelling_cost(100, a, price="box_price") == pytest.approx(15)
    with pytest.raises(ValueError, match="price must be one of label_price"):
        economics.labelling_cost(100, a, price="gpu_hour_price")


def test_storing_a_petabyte_for_a_month_costs_23k_dollars():
    """A petabyte for a month at the list price is $23,000."""
    assert economics.storage_cost(1e15, 1) == pytest.approx(23e3)


def test_selection_breaks_even_at_the_sixth_run():
    """$55k once and $10k saved per run: a loss at one run, even at the sixth, nine times the cost at fifty."""
    assert economics.runs_to_break_even(55e3, 10e3) == 6
    assert economics.return_on_selection(55e3, 10e3, 1) < 1
    assert economics.return_on_selection(55e3, 10e3, 50) == pytest.approx(9.09, abs=0.01)
    assert economics.runs_to_break_even(55e3, 0) is None
    assert economics.runs_to_break_even(55e3, -5) is None
    assert economics.runs_to_break_even(0, 0) == 0


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_break_even_is_the_first_run_that_pays(cost, saving):
    """At the returned run the savings reach the cost, and one run earlier they do not."""
    runs = economics.runs_to_break_even(cost, saving)
    assert runs * saving >= cost > (runs - 1) * saving


@given(amounts, amounts, amounts)
def test_selection_pays_if_it_costs_less_than_full_training(select, subset, full):
    """Selection pays if and only if it and the smaller training together cost less than the full training."""
    assert economics.selection_pays(select, subset, full) == (select + subset < full)


def test_selection_does_not_pay_at_equal_costs():
    """Equal costs are no gain."""
    assert economics.selection_pays(10, 90, 100) is False
    assert economics.selection_pays(9, 90, 100) is True


def test_assumptions_have_kind_source_and_date():
    """Each default has a kind, a source and a date; an edited one is the reader's until it is reset."""
    a = Assumptions()
    assert a["storage_price"].as_value().kind == "cited"
    assert "2026-11" in a["storage_price"].as_value().source
    edited = a.replace(gpu_hour_price=4)
    assert (edited.gpu_hour_price, a.gpu_hour_price) == (4, 2.5)
    assert edited["gpu_hour_price"].kind == "modelled"
    assert edited["gpu_hour_price"].default == 2.5
    assert edited.replace(utilisation=0.3).gpu_hour_price == 4
    assert edited.replace(gpu_hour_price=2.5) == a != edited
    assert list(a) == list(load("prices")) and len(a) == len(list(a))


def test_assumptions_are_immutable():
    """An assumption cannot be set in place."""
    with pytest.raises(AttributeError, match="replace"):
        Assumptions().gpu_hour_price = 3


@pytest.mark.parametrize(
    ("edit", "error", "message"),
    [
        ({"gpu_price": 3}, ValueError, "there is no assumption named 'gpu_price'"),
        ({"gpu_hour_price": -1}, ValueError, "gpu_hour_price"),
        ({"gpu_hour_price": 1e6}, ValueError, "gpu_hour_price must be from 0 to 100"),
        ({"gpu_hour_price": float("nan")}, ValueError, "gpu_hour_price must be a finite number"),
        ({"utilisation": 0}, ValueError, "utilisation must be from"),
        ({"utilisation": 1.1}, ValueError, "utilisation must be from"),
        ({"gpu_hour_price": "3"}, TypeError, "gpu_hour_price must be a number"),
        ({"labellers": True}, TypeError, "labellers must be a number"),
    ],
)
def test_bad_edits_are_refused(edit, error, message):
    """Unknown names, numbers out of range and other types are refused by name."""
    with pytest.raises(error, match=message):
        Assumptions().replace(**edit)


@pytest.mark.parametrize("bad", [-1, float("nan"), float("inf")])
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (economics.training_cost, "flops"),
        (economics.labelling_cost, "labels"),
        (economics.scoring_cost, "items"),
        (economics.indexing_cost, "bytes"),
        (lambda x: economics.storage_cost(1, x), "months"),
        (lambda x: economics.selection_pays(x, 1, 1), "select_cost"),
        (lambda x: economics.selection_pays(1, x, 1), "train_subset_cost"),
        (lambda x: economics.selection_pays(1, 1, x), "train_full_cost"),
        (lambda x: economics.runs_to_break_even(x, 1), "select_cost"),
        (lambda x: economics.implied_utilisation(1, x, 1), "gpu_hours"),
        (lambda x: economics.return_on_selection(x, 1, 1), "select_cost"),
    ],
)
def test_bad_amounts_are_refused(call, name, bad):
    """Negative, infinite and NaN amounts are refused, and the argument is named."""
    with pytest.raises(ValueError, match=f"{name} must be a finite number"):
        call(bad)


def test_the_range_of_a_petabyte_ends_at_a_published_run():
    """SlimPajama: 2.5 days on 64 cores for 1.21 T tokens of 4 bytes, by hand; about 200 times our signatures."""
    cost_range = economics.indexing_range(1e15)
    hours = 2.5 * 24 * 64 / (1.21e12 * 4) * 1e15
    assert cost_range.high.core_hours == pytest.approx(hours) and 780_000 < hours < 800_000
    assert cost_range.high.dollars == pytest.approx(hours * 0.0408 + 1e15 / 128e6 * 4e-7)
    assert (
        cost_range.low == economics.indexing_cost(1e15) and cost_range.low.dollars < cost_range.high.dollars
    )
    assert (
        cost_range.overhead == pytest.approx(hours / (1e15 / 71e6 / 3600)) and 190 < cost_range.overhead < 210
    )


@pytest.mark.parametrize(
    ("saving", "verdict"), [(0, "costs"), (100, "costs"), (2500, "depends"), (1e6, "pays")]
)
def test_the_verdict_is_open_between_the_ends_of_the_range(saving, verdict):
    """Between $482 and $32,000 the verdict is open."""
    assert economics.indexing_range(1e15).verdict(saving) == verdict


def test_no_bytes_cost_nothing():
    """No bytes cost nothing; a negative number of them is refused."""
    assert economics.indexing_range(0).high.dollars == 0
    with pytest.raises(ValueError, match="bytes must be"):
        economics.indexing_range(-1)
    with pytest.raises(ValueError, match="saving must be"):
        economics.indexing_range(1).verdict(float("nan"))


@pytest.mark.parametrize("kind", ["text", "raw video", "pictures", "sound"])
def test_the_documentation_has_the_range_of_the_page(kind):
    """The table of docs/larger-corpora.md and the sentence of docs/method.md have what `indexing_range` gives."""
    cost_range = economics.indexing_range(1e15, kind=kind)
    ends = [cost_range.low, cost_range.high]
    row = " | ".join(f"{end.core_hours:,.0f} | ${end.dollars:,.0f}" for end in ends)
    docs = Path(__file__).resolve().parents[2] / "docs"
    assert f"| {kind} | {row} |" in (docs / "larger-corpora.md").read_text("utf-8")
    method = " ".join((docs / "method.md").read_text("utf-8").split())
    assert (
        f"{kind} {'costs ' if kind == 'text' else ''}${ends[0].dollars:,.0f} to ${ends[1].dollars:,.0f}"
        in method
    )
