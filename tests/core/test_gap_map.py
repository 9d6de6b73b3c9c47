"""The map of the domain gap: it repeats, live runs agree with it, and every track's region can be met and missed."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_digits

from dataselect_core import datasets
from dataselect_core.gap import gap_map, mix
from dataselect_core.tracks import TRACKS

RAINFALL = np.concatenate([np.zeros(58), np.linspace(0.3, 9.0, 32), np.linspace(10, 50, 10)])
FIXED = mix.Setting(share=0.0, randomisation=0.0, total=60, real=40, critical=3)
TINY = {"axis": (0.4, 1.0), "seeds": (1, 2), "move_seeds": (3, 4, 5), "real": (20, 30), "added": (0, 40)}


@pytest.fixture(scope="module")
def field():
    """Real digits from scikit-learn in [0, 1], their labels, and a rain record like Seattle's."""
    X, y = load_digits(return_X_y=True)
    return X / 16, y, RAINFALL


@pytest.fixture(scope="module")
def small(field):
    """A small map and its experiments, as `measure` returns them."""
    return gap_map.measure(FIXED, *field, **TINY)


@pytest.fixture(scope="module")
def maps():
    """The map of every track as shipped with the lab."""
    text = datasets.gap_maps()
    return {track.id: gap_map.read(text, track.id) for track in TRACKS}


def limits(track):
    """The limits of a track."""
    return mix.Limits(*(getattr(track.part_3.limits, name).value for name in ("accuracy", "fid", "recall")))


def test_the_map_built_twice_is_identical(field, small):
    """The same seeds give the same figures, and JSON keeps them exactly."""
    mix._simulated.cache_clear()
    repeated = gap_map.measure(FIXED, *field, **TINY)
    assert json.dumps(repeated) == json.dumps(small)
    assert json.loads(json.dumps(small)) == small


def test_the_live_run_agrees_with_the_map(field, small):
    """If a point of the map is run again, it gives exactly the same means and intervals."""
    loaded_map = gap_map.read(json.dumps(small))
    for i, share in enumerate(loaded_map.shares):
        for j, randomisation in enumerate(loaded_map.randomisations):
            setting = replace(FIXED, share=float(share), randomisation=float(randomisation))
            assert loaded_map.at(i, j) == mix.summary(setting, *field, loaded_map.seeds)


def test_the_move_is_paired_by_seed(field, small):
    """The change is the mean over seeds of recall at 90 % minus recall at 10 %, with scipy's interval."""
    move = small["move"]
    differences = []
    for k, seed in enumerate(TINY["move_seeds"]):
        recall = [
            mix.run(
                replace(FIXED, share=s, randomisation=move["randomisation"], total=move["total"]),
                *field,
                seed,
            ).recall
            for s in (0.1, 0.9)
        ]
        assert recall == [move["recall"][0][k], move["recall"][1][k]]
        differences.append(recall[1] - recall[0])
    low, high = stats.t.interval(0.95, 2, np.mean(differences), stats.sem(differences))
    change = gap_map.moved(move)
    assert (change.mean, change.low, change.high) == pytest.approx(
        (np.mean(differences), low, high), abs=1e-3
    )
    assert move["total"] == 44 == sum(counts[0] for counts in (move["real"], move["synthetic"]))
    assert (move["real"], move["synthetic"]) == ([40, 4], [4, 40])
    assert move["classes"]["change"][FIXED.critical] == pytest.approx(change.mean)


def test_every_digit_has_the_recall_that_it_would_have_as_the_critical_one(field):
    """One training gives ten recalls, and each equals that of a run in which this digit is the critical one."""
    here = replace(FIXED, share=0.5, randomisation=0.4, simulator_rain=True)
    found = mix.recalls(here, *field, 6)
    assert found.shape == (10,)
    for digit in (0, 3, 8):
        assert found[digit] == mix.run(replace(here, critical=digit), *field, 6).recall


@pytest.mark.parametrize("real", [19, 37, 200, 400, 500, 600, 799, 800, 1000])
@pytest.mark.parametrize("total", [100, 800, 1000])
def test_the_total_of_the_move_lets_ten_per_cent_be_ten_per_cent(real, total):
    """It is the largest total at which a tenth may be synthetic without asking for real samples that do not exist."""
    found = gap_map.move_total(mix.Setting(0.9, 0.3, total=total, real=real))
    needed = {size: size - round(0.1 * size) for size in range(total + 1)}
    assert needed[found] <= real
    assert found == max(size for size in needed if needed[size] <= real)


def test_transfer_adds_to_the_same_real_samples(field, small):
    """The first column is the real samples alone, the second has the same samples plus synthetic ones."""
    transfer = small["transfer"]
    setting = replace(FIXED, share=40 / 70, randomisation=transfer["randomisation"], total=70, real=30)
    assert setting.counts() == (30, 40)
    accuracy = mix.summary(setting, *field, TINY["seeds"])["accuracy"]
    assert (transfer["accuracy"][1][1], transfer["low"][1][1]) == (accuracy.mean, accuracy.low)
    assert np.shape(transfer["accuracy"]) == (2, 2)


def test_a_map_holds_only_for_its_setting_and_seeds(small):
    """A point belongs to the nearest cell; a map is valid only for its own setting and seeds."""
    loaded_map = gap_map.read(small)
    assert loaded_map.nearest(0.69, 0.71) == (0, 1)
    assert loaded_map.holds(replace(FIXED, share=0.3, randomisation=0.7), (1, 2))
    assert not loaded_map.holds(replace(FIXED, share=0.3, real=39), (1, 2))
    assert not loaded_map.holds(FIXED, (1, 3))


def test_an_unknown_track_is_refused(small):
    """The error for an unknown track lists the tracks in the text."""
    with pytest.raises(ValueError, match="track must be one of cloud, not 'sea'"):
        gap_map.read({"cloud": small}, "sea")


@pytest.mark.parametrize("track", TRACKS, ids=lambda track: track.id)
def test_every_track_has_a_region_that_is_not_trivial(maps, track):
    """Some mixes keep all limits and most do not; every limit is missed somewhere, and 10 % and 90 % fail."""
    track_map = maps[track.id]
    inside = track_map.feasible(limits(track))
    assert 3 <= inside.sum() <= inside.size / 4
    assert not inside[track_map.shares <= 0.1].any(), "the real samples for 10 % synthetic do not exist"
    assert not inside[track_map.shares >= 0.9].any()
    needed = replace(track_map.setting, share=0.1).real_needed
    assert needed > track_map.setting.real
    track_limits = limits(track)
    mostly_synthetic = track_map.shares >= 0.9
    assert (track_map.measures["fid"][mostly_synthetic] > track_limits.fid).all() and (
        track_map.measures["accuracy"][mostly_synthetic] < track_limits.accuracy
    ).all()
    assert (track_map.measures["recall"] < track_limits.recall).any()


@pytest.mark.parametrize("track", TRACKS, ids=lambda track: track.id)
def test_the_shipped_map_has_the_setting_of_the_track(maps, track):
    """The setting is the track's, axes and seeds are the module's, and one of its points can be recomputed."""
    track_map, part = maps[track.id], track.part_3
    for name in ("total", "real", "critical", "label_noise"):
        assert getattr(track_map.setting, name) == getattr(part, name).value
    assert track_map.shares.tolist() == track_map.randomisations.tolist() == list(gap_map.AXIS)
    assert track_map.seeds == gap_map.SEEDS
    X, y = datasets.digits()
    setting = replace(track_map.setting, share=0.8, randomisation=0.4)
    live = mix.summary(setting, X, y, datasets.rainfall_mm(), track_map.seeds)
    point = track_map.at(8, 4)
    for name in mix.MEASURES:
        assert live[name].mean == pytest.approx(point[name].mean, abs=1e-9)


def test_the_statements_of_the_page_hold_on_every_map(maps):
    """The page's statements about the map hold: synthetic only is best in between; 2,000 next to 500 real ones hurt."""
    for track_map in maps.values():
        synthetic_only = track_map.measures["accuracy"][-1]
        assert synthetic_only.argmax() not in (0, len(synthetic_only) - 1)
        assert synthetic_only.max() > max(synthetic_only[0], synthetic_only[-1]) + 0.05
        transfer = np.array(track_map.transfer["accuracy"])
        assert transfer[0, 2] > transfer[0, 0] + 0.1
        assert transfer[-1, 2] < transfer[-1, 0]


def test_fid_infinity_is_below_fid(maps):
    """The bias that FID infinity removes is positive everywhere on every map."""
    for track_map in maps.values():
        assert (track_map.measures["fid"] > track_map.measures["fid_infinity"]).all()
