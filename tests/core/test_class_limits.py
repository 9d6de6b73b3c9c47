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


def labelling_values(track_id, **limits):
    """The figures of a small labelling project under limits."""
    return labelling_figures.recompute(track_id, {**CONTROLS, **MARGIN, **MARKER, **limits}, {}, FEWER).values


def mix_situation(track_id, share=0.5, randomisation=0.3, **fixed):
    """A mix on the map of a track, before any run."""
    track_map = gap_map.read(datasets.gap_maps(), track_id)
    setting = replace(track_map.setting, share=share, randomisation=randomisation)
    return mixes.Situation(
        track(track_id), setting, (1, 2, 3, 4, 5), 0.05, ("falls", 10.0), track_map, 0.4, fixed=fixed
    )


# -- what the three parts share ----------------------------------------------------------------------------


def test_among_returns_only_limits_that_are_set():
    """Other settings and limits that are not set are ignored; both ends of a range are allowed."""
    ranges = {"a_limit": (0.5, 1), "b_limit": (0, 1)}
    assert class_limits.among({"a_limit": 0.5, "b_limit": None, "seed": 7}, ranges) == {"a_limit": 0.5}
    assert class_limits.among({"a_limit": 1, "b_limit": 0}, ranges) == {"a_limit": 1, "b_limit": 0}
    assert class_limits.among({}, ranges) == {}


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("wrong", [True, "0.5", math.nan, math.inf, -1, 1e13, [0.5]])
def test_an_invalid_limit_is_refused(name, wrong):
    """Settings come from reports, so the error names limit, range and value."""
    with pytest.raises(ValueError, match=rf"{name} must be a number from .* to .*, not "):
        class_limits.among({name: wrong}, RANGES)


def test_the_limit_in_force_names_its_source():
    """The link's value with the unit of the track's limit, or else the track's limit, unchanged."""
    track_limit = modelled(0.9, "accuracy", "scenario")
    assert class_limits.in_force({}, "a_limit", track_limit) is track_limit
    assert class_limits.in_force({"a_limit": 0.8}, "a_limit", track_limit) == modelled(
        0.8, "accuracy", class_limits.SOURCE
    )


@pytest.mark.parametrize("name", RANGES)
def test_each_limit_belongs_to_one_part(name):
    """One link holds the limits of all parts, so their names differ."""
    assert sum(name in limits for limits in (deduplication.LIMITS, labelling.LIMITS, mixes.CLASS_LIMITS)) == 1


# -- Part 2 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("track_id", [track.id for track in TRACKS])
def test_each_track_has_the_guardrail_of_its_kind(track_id):
    """A link has three guardrails, and a track takes its own; target and budget apply to every track."""
    link_limits = {
        "target_limit": 0.8,
        "cost_limit": 900,
        "overhead_limit": 0.2,
        "critical_limit": 0.3,
        "rounds_limit": 4,
    }
    chosen_track = track(track_id)
    guardrail = {"overhead": 0.2, "recall": 0.3, "rounds": 4}[chosen_track.part_2.guardrail]
    fixed = labelling.fixed_limits(chosen_track, {**CONTROLS, **link_limits})
    assert sorted(fixed.values()) == sorted([0.8, 900, guardrail])
    limits = labelling.limits(chosen_track, fixed)
    assert [limits[name].value for name in ("target", "budget", "guardrail")] == [0.8, 900, guardrail]
    assert {value.source for value in limits.values()} == {class_limits.SOURCE}
    default_limits = labelling.limits(chosen_track, {})
    assert list(default_limits.values()) == [
        chosen_track.part_2.target,
        chosen_track.part_2.budget,
        chosen_track.part_2.limit,
    ]


def test_run_and_marker_are_judged_by_the_target_of_the_class():
    """A lower target is reached in an earlier round, and the optimum is the sweep's at this target."""
    track_values, class_values = (
        labelling_values("mobile"),
        labelling_values("mobile", target_limit=0.8, cost_limit=900, rounds_limit=4),
    )
    assert track_values["check.target.limit"] == track("mobile").part_2.target
    assert class_values["check.target.limit"].value == 0.8 and class_values["check.budget.limit"].value == 900
    assert class_values["check.guardrail.limit"].value == 4
    assert track_values["run.stop_labels"].value == 80
    early = labelling_values("mobile", target_limit=0.5)
    assert early["run.stop_labels"].value == 20 and early["check.target.value"].value >= 0.5
    prices = labelling.prices(labelling.assumptions(track("mobile"), {}))
    for values, target in ((track_values, track("mobile").part_2.target.value), (class_values, 0.8)):
        assert values["optimum.cost"].value == cheapest(reference_sweep.curves("digits"), prices, target).cost
    assert class_values["optimum.cost"].value < track_values["optimum.cost"].value


def test_a_report_states_the_limits_of_the_class():
    """A report states the controls and the limits that apply."""
    report_situation = labelling.Situation(track("cloud"), CONTROLS, FEWER, fixed={"overhead_limit": 0.2})
    assert labelling.stated(report_situation) == {**CONTROLS, "overhead_limit": 0.2}
    with pytest.raises(ValueError, match="target_limit must be a number from 0.5 to 1, not 7"):
        labelling_values("cloud", target_limit=7)


# -- Part 3 ------------------------------------------------------------------------------------------------


def test_the_region_follows_the_limits_of_the_class():
    """The region has the cells that keep the class's accuracy, FID and recall, counted one by one here."""
    limited = mix_situation("tiny", accuracy_limit=0.9, fid_limit=0.8, recall_limit=0.7)
    values, _ = mix_figures.figures(limited)
    track_map, cells = limited.map, 0
    for a, share in enumerate(track_map.shares):
        for b in range(len(track_map.randomisations)):
            cells += bool(
                track_map.measures["accuracy"][a, b] >= 0.9
                and track_map.measures["fid"][a, b] <= 0.8
                and track_map.measures["recall"][a, b] >= 0.7
                and replace(track_map.setting, share=float(share)).real_needed <= track_map.setting.real
            )
    track_values = mix_figures.figures(mix_situation("tiny"))[0]
    assert values["region.cells"].value == cells > track_values["region.cells"].value
    assert values["check.recall.limit"] == modelled(
        0.7, track_values["check.recall.limit"].unit, class_limits.SOURCE
    )
    assert track_values["check.recall.limit"] == track("tiny").part_3.limits.recall


@pytest.mark.parametrize(("name", "strict_value"), [("accuracy", 1), ("fid", 0.01), ("recall", 1)])
def test_a_stricter_limit_fails_the_challenge(name, strict_value):
    """One limit of the class fails alone, and the challenge fails with it."""
    assert "challenge-solved" in mix_figures.figures(mix_situation("tiny", 0.5, 0.2))[1]
    cases = mix_figures.figures(mix_situation("tiny", 0.5, 0.2, **{f"{name}_limit": strict_value}))[1]
    assert {f"{name}-fails", "challenge-fails", "region-empty"} <= set(cases)
    assert {
        f"{other_name}-ok" for other_name in ("accuracy", "fid", "recall", "supply") if other_name != name
    } <= set(cases)


def test_the_deadline_of_the_class_overrides_that_of_the_reader():
    """Steps are compared with the link's deadline, whatever the reader assumes; without one, with the reader's."""
    limited = replace(mix_situation("mobile", deadline_limit=5), edited={"deadline_steps": 1e9})
    values, cases = mix_figures.figures(limited)
    assert values["noise.deadline"] == modelled(5, "steps", class_limits.SOURCE)
    assert {"steps-clean-fails", "steps-agnostic-fails"} <= set(cases)
    assert mix_figures.figures(replace(limited, fixed={}))[0]["noise.deadline"].value == 1e9


def test_the_supply_of_the_class_limits_the_mix():
    """The class's supply is labelled as such, and a report whose mix has another supply is refused."""
    unlimited = mix_situation("tiny")
    fixed = mixes.fixed_limits({"real": 100, "supply_limit": 100})
    values, cases = mix_figures.figures(
        replace(unlimited, setting=replace(unlimited.setting, real=100), fixed=fixed)
    )
    assert values["check.supply.limit"] == modelled(100, "samples", class_limits.SOURCE)
    assert "supply-fails" in cases
    assert mix_figures.figures(unlimited)[0]["check.supply.limit"].source == "real samples available, as set"
    loose_limits = {"accuracy_limit": 0.9, "fid_limit": 0.8, "recall_limit": 0.7}
    limited = mix_situation("tiny", supply_limit=300, **loose_limits)
    track_map, unlimited_cells = (
        limited.map,
        mix_figures.figures(mix_situation("tiny", **loose_limits))[0]["region.cells"].value,
    )
    feasible_cells = (
        track_map.feasible(limited.limits()) & (np.round(1000 * (1 - track_map.shares)) <= 300)[:, None]
    )
    assert 0 < mix_figures.figures(limited)[0]["region.cells"].value == feasible_cells.sum() < unlimited_cells
    assert (
        mix_figures.figures(mix_situation("tiny", supply_limit=1000, **loose_limits))[0]["region.cells"].value
        == unlimited_cells
    )
    with pytest.raises(ValueError, match="real must be the supply_limit of the class, 100, not 400"):
        mixes.fixed_limits({"real": 400, "supply_limit": 100})
