"""A selection paid once and used in many runs: the chapter's table, and a bill added up run by run."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataselect_core.economics import amortise
from dataselect_core.facts import load
from dataselect_core.figures.active_learning import figures
from dataselect_core.figures.active_learning import indexing as bill
from dataselect_core.figures.active_learning.situation import assumptions
from dataselect_core.tracks import track

CONTROLS = {
    "strategy": "margin",
    "batch": 20,
    "data": "digits",
    "initial": 20,
    "budget": 80,
    "seed": 3,
    "seeds": 2,
    "test_share": 0.3,
}


def test_the_table_of_the_chapter():
    """$55,000 once and $10,000 a run: −81.8 %, −9.1 %, +81.8 % and +809.1 %, as the chapter prints it; even at run 6."""
    facts = {name: fact["value"] for name, fact in load("chapter")["amortisation"].items()}
    found = amortise(facts["build"] + facts["compute"], facts["saved_per_run"])
    assert found.runs == (1, 5, 10, 50) and found.pays_from == 6
    assert [round(100 * (each - 1), 1) for each in found.returns] == [-81.8, -9.1, 81.8, 809.1]


@example(1.0, 1e-308, [1])
@given(st.floats(0.01, 1e6), st.floats(-1e4, 1e5), st.lists(st.integers(0, 60), min_size=1, max_size=4))
def test_the_savings_are_those_of_the_runs_one_by_one(once, per_run, runs):
    """Adding up the runs gives each return, and the first run that reaches the cost is the one named."""
    found = amortise(once, per_run, runs)
    for count, each in zip(runs, found.returns):
        assert each == pytest.approx(sum([per_run] * count) / once, rel=1e-9, abs=1e-12)
    if found.pays_from is not None and found.pays_from < 10_000:
        saved = np.cumsum(np.full(found.pays_from + 1, per_run))
        assert found.pays_from * per_run >= once * (1 - 1e-12)
        assert found.pays_from == 1 or saved[found.pays_from - 2] < once * (1 + 1e-12)
    assert (found.pays_from is None) == (per_run <= 0 or not np.isfinite(once / per_run))


def test_what_was_never_paid_has_no_return():
    """If nothing was paid, it has paid from the start, and there is no dollar to compare with."""
    found = amortise(0, 5.0)
    assert found.pays_from == 0 and found.returns == (None,) * 4


@pytest.mark.parametrize("of", ["cloud", "edge", "mobile", "tiny"])
def test_each_track_is_told_when_its_index_has_paid(of):
    """The one-off costs are the range of the index, then with engineers; the case follows from the last of them."""
    found = figures.recompute(
        of, {**CONTROLS, "answer": "depends"}, {}, {"direction": "fewer", "prediction": 2}
    )
    values = {path: value.value for path, value in found.values.items()}
    a = assumptions(track(of), {})
    assert values["amortised.low_once"] == values["index.cost"]
    assert values["amortised.high_once"] == values["index.cost_high"]
    assert values["amortised.whole_once"] == values["index.cost_high"] + a.build_price
    assert values["amortised.score_once"] == values["score.cost"]  # no runs of the reader, so no labels saved
    first = values["amortised.whole_from"]
    assert (
        (first - 1) * values["index.saving"]
        < values["amortised.whole_once"]
        <= first * values["index.saving"]
    )
    assert {"amortised-first", "amortised-later", "amortised-never"} & set(found.cases) == {
        "amortised-first" if first <= 1 else "amortised-later"
    }


def test_saved_labels_are_saved_once():
    """Labels that scoring saves lower what is paid once; each run saves the training alone."""
    a = assumptions(track("mobile"), {})
    few, many = (bill.questions(a, saved) for saved in (0, 100))
    before, after = (bill.over_runs(a, *each)["score"] for each in (few, many))
    assert before.once - after.once == pytest.approx(100 * a.label_price)
    assert before.per_run == after.per_run == few[1].saving_parts["training"]
    assert bill.over_runs(a, *bill.questions(a, 1e9))["score"].once == 0


def test_without_savings_no_number_of_runs_pays():
    """If the index makes nothing unnecessary, the page says so."""
    found = figures.recompute(
        "cloud", {**CONTROLS, "answer": "no"}, {"share_removed": 0}, {"direction": "fewer", "prediction": 2}
    )
    assert "amortised-never" in found.cases and found.values["amortised.whole_from"].value is None
