"""Limits in the link of a class: checked, used instead of the track's, and labelled as such."""

import math
from dataclasses import replace

import numpy as np
import pytest

from dataselect_core import datasets
from dataselect_core.figures import class_limits
from dataselect_core.figures.active_learning import figures as labelling_figures
from dataselect_core.figures.active_learning import situation as labelling
from dataselect_core.figures.deduplication import situation as deduplication
from dataselect_core.figures.domain_gap import figures as mix_figures
from dataselect_core.figures.domain_gap import situation as mixes
from dataselect_core.gap import gap_map
from dataselect_core.sampling import reference_sweep
from dataselect_core.sampling.sweep import cheapest
from dataselect_core.tracks import TRACKS, track
from dataselect_core.values import modelled

RANGES = {**deduplication.LIMITS, **labelling.LIMITS, **mixes.CLASS_LIMITS}
FEWER = {"direction": "fewer", "prediction": 1.5}
RUN = {"batch": 20, "initial": 20, "budget": 80, "seed": 3, "seeds": 1, "test_share": 0.3}
CONTROLS = {**RUN, "strategy": "margin", "data": "digits"}
MARGIN = {
    f"active.{key}": value for key, value in {**RUN, "strategy": "margin", "number": 1, "labels": 80}.items()
}
MARKER = {
    f"marker.{key}": value
    for key, value in {**RUN, "strategy": "margin", "data": "digits", "number": 1, "labels": 60}.items()
}


def labelled(of, **limits):
    """The figures of a small labelling project under limits."""
    return labelling_figures.recompute(of, {**CONTROLS, **MARGIN, **MARKER, **limits}, {}, FEWER).values


def mixed(of, share=0.5, randomisation=0.3, **fixed):
    """A mix on the map of a track, before any run."""
    made = gap_map.read(datasets.gap_maps(), of)
    setting = replace(made.setting, share=share, randomisation=randomisation)
    return mixes.Situation(track(of), setting, (1, 2, 3, 4, 5), 0.05, ("falls", 10.0), made, 0.4, fixed=fixed)


# -- what the three parts share ----------------------------------------------------------------------------


def test_limits_are_found_among_other_settings():
    """Other settings and limits that are not set are ignored; both ends of a range are allowed."""
    ranges = {"a_limit": (0.5, 1), "b_limit": (0, 1)}
    assert class_limits.among({"a_limit": 0.5, "b_limit": None, "seed": 7}, ranges) == {"a_limit": 0.5}
    assert class_limits.among({"a_limit": 1, "b_limit": 0}, ranges) == {"a_limit": 1, "b_limit": 0}
    assert class_limits.among({}, ranges) == {}


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("wrong", [True, "0.5", math.nan, math.inf, -1, 1e13, [0.5]])
def test_what_is_no_limit_is_refused(name, wrong):
    """Settings come from reports, so the error names limit, range and value."""
    with pytest.raises(ValueError, match=rf"{name} must be a number from .* to .*, not "):
        class_limits.among({name: wrong}, RANGES)


def test_the_limit_in_force_says_who_set_it():
    """The link's value with the unit of the track's limit, or else the track's limit, unchanged."""
    own = modelled(0.9, "accuracy", "scenario")
    assert class_limits.in_force({}, "a_limit", own) is own
    assert class_limits.in_force({"a_limit": 0.8}, "a_limit", own) == modelled(
        0.8, "accuracy", class_limits.SOURCE
    )


@pytest.mark.parametrize("name", RANGES)
def test_no_limit_has_a_name_of_another_part(name):
    """One link holds the limits of all parts, so their names differ."""
    assert sum(name in each for each in (deduplication.LIMITS, labelling.LIMITS, mixes.CLASS_LIMITS)) == 1


# -- Part 2 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", [each.id for each in TRACKS])
def test_each_track_has_the_guardrail_of_its_kind(of):
    """A link has three guardrails, and a track takes its own; target and budget apply to every track."""
    given = {
        "target_limit": 0.8,
        "cost_limit": 900,
        "overhead_limit": 0.2,
        "critical_limit": 0.3,
        "rounds_limit": 4,
    }
    here = track(of)
    own = {"overhead": 0.2, "recall": 0.3, "rounds": 4}[here.part_2.guardrail]
    fixed = labelling.fixed_limits(here, {**CONTROLS, **given})
    assert sorted(fixed.values()) == sorted([0.8, 900, own])
    limits = labelling.limits(here, fixed)
    assert [limits[name].value for name in ("target", "budget", "guardrail")] == [0.8, 900, own]
    assert {value.source for value in limits.values()} == {class_limits.SOURCE}
    alone = labelling.limits(here, {})
    assert list(alone.values()) == [here.part_2.target, here.part_2.budget, here.part_2.limit]


def test_run_and_marker_are_judged_by_the_target_of_the_class():
    """A lower target is reached in an earlier round, and the optimum is the sweep's at this target."""
    own, lower = labelled("mobile"), labelled("mobile", target_limit=0.8, cost_limit=900, rounds_limit=4)
    assert own["check.target.limit"] == track("mobile").part_2.target
    assert lower["check.target.limit"].value == 0.8 and lower["check.budget.limit"].value == 900
    assert lower["check.guardrail.limit"].value == 4
    assert own["run.stop_labels"].value == 80
    reached = labelled("mobile", target_limit=0.5)
    assert reached["run.stop_labels"].value == 20 and reached["check.target.value"].value >= 0.5
    prices = labelling.prices(labelling.assumptions(track("mobile"), {}))
    for found, target in ((own, track("mobile").part_2.target.value), (lower, 0.8)):
        assert found["optimum.cost"].value == cheapest(reference_sweep.curves("digits"), prices, target).cost
    assert lower["optimum.cost"].value < own["optimum.cost"].value


def test_a_report_keeps_the_limits_among_its_settings():
    """A report states the controls and the limits that apply."""
    here = labelling.Situation(track("cloud"), CONTROLS, FEWER, fixed={"overhead_limit": 0.2})
    assert labelling.stated(here) == {**CONTROLS, "overhead_limit": 0.2}
    with pytest.raises(ValueError, match="target_limit must be a number from 0.5 to 1, not 7"):
        labelled("cloud", target_limit=7)


# -- Part 3 ------------------------------------------------------------------------------------------------


def test_the_region_is_that_of_the_limits_of_the_class():
    """The region has the cells that keep the class's accuracy, FID and recall, counted one by one here."""
    here = mixed("tiny", accuracy_limit=0.9, fid_limit=0.8, recall_limit=0.7)
    values, _ = mix_figures.figures(here)
    made, cells = here.map, 0
    for a, share in enumerate(made.shares):
        for b in range(len(made.randomisations)):
            cells += bool(
                made.measures["accuracy"][a, b] >= 0.9
                and made.measures["fid"][a, b] <= 0.8
                and made.measures["recall"][a, b] >= 0.7
                and replace(made.setting, share=float(share)).real_needed <= made.setting.real
            )
    own = mix_figures.figures(mixed("tiny"))[0]
    assert values["region.cells"].value == cells > own["region.cells"].value
    assert values["check.recall.limit"] == modelled(0.7, own["check.recall.limit"].unit, class_limits.SOURCE)
    assert own["check.recall.limit"] == track("tiny").part_3.limits.recall


@pytest.mark.parametrize(("name", "harsh"), [("accuracy", 1), ("fid", 0.01), ("recall", 1)])
def test_a_harsher_limit_fails_what_the_track_allows(name, harsh):
    """One limit of the class fails alone, and the challenge fails with it."""
    assert "challenge-solved" in mix_figures.figures(mixed("tiny", 0.5, 0.2))[1]
    cases = mix_figures.figures(mixed("tiny", 0.5, 0.2, **{f"{name}_limit": harsh}))[1]
    assert {f"{name}-fails", "challenge-fails", "region-empty"} <= set(cases)
    assert {f"{other}-ok" for other in ("accuracy", "fid", "recall", "supply") if other != name} <= set(cases)


def test_the_deadline_of_the_class_wins_over_that_of_the_reader():
    """Steps are compared with the link's deadline, whatever the reader assumes; without one, with the reader's."""
    here = replace(mixed("mobile", deadline_limit=5), edited={"deadline_steps": 1e9})
    values, cases = mix_figures.figures(here)
    assert values["noise.deadline"] == modelled(5, "steps", class_limits.SOURCE)
    assert {"steps-clean-fails", "steps-agnostic-fails"} <= set(cases)
    assert mix_figures.figures(replace(here, fixed={}))[0]["noise.deadline"].value == 1e9


def test_a_supply_of_the_class_is_the_supply_of_the_mix():
    """The class's supply is labelled as such, and a report whose mix has another supply is refused."""
    here = mixed("tiny")
    fixed = mixes.fixed_limits({"real": 100, "supply_limit": 100})
    values, cases = mix_figures.figures(replace(here, setting=replace(here.setting, real=100), fixed=fixed))
    assert values["check.supply.limit"] == modelled(100, "samples", class_limits.SOURCE)
    assert "supply-fails" in cases
    assert mix_figures.figures(here)[0]["check.supply.limit"].source == "real samples available, as set"
    easy = {"accuracy_limit": 0.9, "fid_limit": 0.8, "recall_limit": 0.7}
    some = mixed("tiny", supply_limit=300, **easy)
    made, before = some.map, mix_figures.figures(mixed("tiny", **easy))[0]["region.cells"].value
    few = made.feasible(some.limits()) & (np.round(1000 * (1 - made.shares)) <= 300)[:, None]
    assert 0 < mix_figures.figures(some)[0]["region.cells"].value == few.sum() < before
    assert mix_figures.figures(mixed("tiny", supply_limit=1000, **easy))[0]["region.cells"].value == before
    with pytest.raises(ValueError, match="real must be the supply_limit of the class, 100, not 400"):
        mixes.fixed_limits({"real": 400, "supply_limit": 100})
