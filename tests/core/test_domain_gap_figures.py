"""The figures of part 3 as a report recomputes them: from settings, runs and map, with their cases."""

from dataclasses import replace

import numpy as np
import pytest

from dataselect_core import datasets, noise
from dataselect_core.figures.domain_gap import figures
from dataselect_core.figures.domain_gap.situation import LIMITS, Situation, kept, setting_of, strategies
from dataselect_core.gap import gap_map, mix, noise_experiments, small_map
from dataselect_core.tracks import track

SETTINGS = {
    "synthetic": 50,
    "randomisation": 0.25,
    "measure": "accuracy",
    "total": 200,
    "real": 150,
    "rain": "record",
    "wet_share": 43,
    "simulator_rain": "no",
    "label_noise": 10,
    "seed": 3,
    "seeds": 2,
    "noise": 5,
    "map": "own",
}
FALLS = {"direction": "falls", "prediction": 10}


@pytest.fixture(scope="module")
def data():
    """Digits, labels and rainfall."""
    return *datasets.digits(), datasets.rainfall_mm()


@pytest.fixture(scope="module", autouse=True)
def small_experiments():
    """Small experiments on noise, and a small map with few points."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(noise_experiments, "LABELS", (20, 100, 200))
        patch.setattr(noise_experiments, "TRIALS", 150)
        patch.setattr(noise_experiments, "COIN_TRIALS", 500)
        patch.setattr(small_map, "AXIS", (0.0, 0.5, 1.0))
        yield


@pytest.fixture(scope="module")
def steps_and_values():
    """All figures of a report with its own map, and the steps on the way."""
    *steps, last = figures.recompute_stepwise("tiny", SETTINGS, {"real_price": 3.0}, FALLS)
    return steps, {path: value.value for path, value in last.values.items()}


def situation(track_id="tiny", share=0.5, randomisation=0.2, **changes):
    """A situation on the map of a track, before any run."""
    track_map = gap_map.read(datasets.gap_maps(), track_id)
    setting = replace(track_map.setting, share=share, randomisation=randomisation)
    arguments = {"prediction": ("falls", 10.0), "map": track_map, "wet": 0.4} | changes
    return Situation(track(track_id), setting, (1, 2, 3, 4, 5), 0.05, **arguments)


def test_the_point_is_the_mean_over_the_seeds(steps_and_values, data):
    """Point and intervals are `mix.summary`, the gain is paired, the price is numbers times prices."""
    _, values = steps_and_values
    setting = mix.Setting(0.5, 0.25, total=200, real=150, label_noise=0.1, critical=8)
    for name, interval in mix.summary(setting, *data, (3, 4)).items():
        reported = [values[f"point.{name}{end}"] for end in ("", "_low", "_high")]
        assert reported == [interval.mean, interval.low, interval.high]
    single_strategies = strategies(setting)
    gains = [
        mix.run(setting, *data, s).accuracy - mix.run(single_strategies["real"], *data, s).accuracy
        for s in (3, 4)
    ]
    assert values["strategy.gain"] == pytest.approx(100 * np.mean(gains))
    assert values["cost.total"] == pytest.approx(100 * 3.0 + 100 * 0.002)
    assert values["strategy.expert.dollars"] == pytest.approx(100 * (3.0 + 5.0))
    assert (single_strategies["expert"].label_noise, single_strategies["real"].label_noise) == (0.0, 0.1)


def test_every_step_has_a_label_and_a_share(steps_and_values):
    """Every step before the figures has a label and a share from 0 to 1."""
    steps, _ = steps_and_values
    assert len(steps) > 30
    assert all(label and 0 <= share < 1 for label, share in steps)


def test_the_map_of_the_reader_equals_a_grid(steps_and_values, data):
    """The small map equals `mix.grid` over its axes and the reader's seeds; earlier runs are not repeated."""
    _, values = steps_and_values
    base = situation()
    setting = mix.Setting(0.5, 0.25, total=200, real=150, label_noise=0.1, critical=8)
    runs = {}
    *steps, own_map = small_map.measure(base.map, setting, (3, 4), data, runs)
    assert len(runs) == 18 and len(steps) >= 18
    grid = mix.grid(setting, own_map.shares, own_map.randomisations, *data, (3, 4))
    assert all(np.array_equal(own_map.measures[name], grid[name]) for name in grid)
    assert list(small_map.measure(base.map, setting, (3, 4), data, runs))[:-1] == []
    assert values["region.points"] == 9 and values["map.last_seed"] == 4
    with pytest.raises(ValueError, match="more real samples"):
        list(small_map.measure(base.map, replace(setting, share=1.0, real=0), (3, 4), data, {}))


def test_point_and_checks_need_no_runs():
    """The map alone gives point and checks; strategies and noise need runs."""
    values, cases = figures.figures(situation())
    track_map = gap_map.read(datasets.gap_maps(), "tiny")
    assert values["point.recall"].value == track_map.measures["recall"][5, 2]
    assert {
        "map-holds",
        "on-grid",
        "live-waits",
        "strategies-wait",
        "noise-waits",
        "challenge-solved",
        "best-at-supply",
        "region-some",
    } <= set(cases)
    assert values["live.accuracy"].value is None and values["noise.steps_measured"].value is None


def test_checks_of_a_setting_without_a_map_have_no_value():
    """Without a map for the setting the checks have no value, and only the supply is known."""
    base = situation()
    values, cases = figures.figures(replace(base, setting=replace(base.setting, real=100)))
    assert {"map-other", "accuracy-waits", "fid-waits", "recall-waits", "supply-fails"} <= set(cases)
    assert values["check.fid.value"].value is None and values["fid.bias"].value is None
    assert not {"challenge-solved", "challenge-fails"} & set(cases)


def test_a_case_reports_disagreement_with_the_map():
    """A case says so if a live run gives other figures than the map at the same point."""
    base = situation()
    outcome = mix.Outcome(0.9, 0.9, 0.8, 0.5, 0.4, 500, 500)
    base.runs.update({(base.setting, seed): outcome for seed in base.seeds})
    values, cases = figures.figures(base)
    assert "disagrees" in cases and values["map.difference"].value > 0.01


@pytest.mark.parametrize(("direction", "case"), [("falls", "direction-right"), ("same", "direction-wrong")])
def test_direction_and_size_of_the_prediction_are_judged(direction, case):
    """On the edge track the metric falls; the predicted size counts as close within three points."""
    change = 100 * gap_map.moved(gap_map.read(datasets.gap_maps(), "edge").move).mean
    _, cases = figures.figures(situation("edge", prediction=(direction, -change + 2)))
    assert {case, "moved-falls"} <= set(cases)
    assert ("size-close" in cases) == (direction == "falls")


def test_the_region_keeps_every_limit():
    """`kept` and `GapMap.feasible` agree."""
    base = situation("cloud")
    within_limits = kept(base.map, base.limits(), base.map.setting.real)
    assert tuple(within_limits) == LIMITS
    assert np.array_equal(
        np.logical_and.reduce(list(within_limits.values())), base.map.feasible(base.limits())
    )


def test_fewer_than_20_real_samples_are_not_trained_alone():
    """With fewer than 20 real samples there is no training on them alone."""
    base = situation(share=1.0)
    assert strategies(base.setting)["real"] is None
    assert "no-real-alone" in figures.figures(base)[1]


def test_noise_figures_equal_the_laws_and_the_measurement(steps_and_values):
    """Factor, steps and slopes equal those of `noise`; labels for the noisy accuracy are read from the clean curve."""
    _, values = steps_and_values
    assert values["noise.factor"] == noise.noise_factor(0.05)
    assert (values["noise.steps_realizable"], values["noise.steps_agnostic"]) == noise.steps_under_noise(
        2e4, 0.05, 0.1
    )
    assert values["noise.slope_noisy"] == noise.threshold_slope(0.05, 3, 150)[0]
    assert values["noise.labels_clean"] is None or 20 <= values["noise.labels_clean"] <= 200


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"total": 10**7}, "total must be a whole number from 20 to 3000"),
        ({"seeds": True}, "seeds must be a whole number"),
        ({"synthetic": "90"}, "synthetic must be a number"),
        ({"noise": 49}, "noise must be a number from 0 to 30"),
        ({"real": 0}, "fewer than 20 to train on"),
    ],
)
def test_settings_of_a_report_are_checked(change, message):
    """A report cannot use settings beyond the page's controls; the error names the setting."""
    with pytest.raises(ValueError, match=message):
        setting_of(SETTINGS | change, track("tiny"))


@pytest.mark.parametrize(
    "edited", [{"gold": 1}, {"real_price": -1}, {"target_error": 0}, {"clean_steps": -5}]
)
def test_assumptions_of_a_report_are_checked(edited):
    """Unknown or impossible assumptions are refused."""
    with pytest.raises(ValueError):
        situation(edited=edited).check_assumptions()


@pytest.mark.parametrize(
    ("mean", "half", "said"),
    [
        ((0.5, 0.9, 0.5), 0.1, "random-both-hurt"),
        ((0.5, 0.9, 0.85), 0.1, "random-less-hurts"),
        ((0.9, 0.8, 0.5), 0.1, "random-more-hurts"),
        ((0.85, 0.9, 0.85), 0.1, "random-unsure"),
    ],
)
def test_an_end_hurts_only_if_its_interval_says_so(mean, half, said):
    """Too little or too much randomisation hurts if its interval lies below that of the best point."""
    mean = np.array([mean])
    measures = {"accuracy": mean, "accuracy_low": mean - half, "accuracy_high": mean + half}
    made = replace(situation("cloud").map, measures=measures)
    assert figures.along_randomisation(made, 0) == said
