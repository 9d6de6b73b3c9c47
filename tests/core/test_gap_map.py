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
    again = gap_map.measure(FIXED, *field, **TINY)
    assert json.dumps(again) == json.dumps(small)
    assert json.loads(json.dumps(small)) == small


def test_the_live_run_agrees_with_the_map(field, small):
    """If a point of the map is run again, it gives exactly the same means and intervals."""
    made = gap_map.read(json.dumps(small))
    for i, share in enumerate(made.shares):
        for j, randomisation in enumerate(made.randomisations):
            here = replace(FIXED, share=float(share), randomisation=float(randomisation))
            assert made.at(i, j) == mix.summary(here, *field, made.seeds)


def test_move_is_paired_by_seed(field, small):
    """The change is the mean over seeds of recall at 90 % minus recall at 10 %, with scipy's interval."""
    found = small["move"]
    differences = []
    for k, seed in enumerate(TINY["move_seeds"]):
        recall = [
            mix.run(replace(FIXED, share=s, randomisation=found["randomisation"]), *field, seed).recall
            for s in (0.1, 0.9)
        ]
        assert recall == [found["recall"][0][k], found["recall"][1][k]]
        differences.append(recall[1] - recall[0])
    low, high = stats.t.interval(0.95, 2, np.mean(differences), stats.sem(differences))
    change = gap_map.moved(found)
    assert (change.mean, change.low, change.high) == pytest.approx(
        (np.mean(differences), low, high), abs=1e-3
    )
    assert (found["real"], found["synthetic"]) == ([40, 6], [4, 54])


def test_transfer_adds_to_the_same_real_samples(field, small):
    """The first column is the real samples alone, the second has the same samples plus synthetic ones."""
    found = small["transfer"]
    setting = replace(FIXED, share=40 / 70, randomisation=found["randomisation"], total=70, real=30)
    assert setting.counts() == (30, 40)
    accuracy = mix.summary(setting, *field, TINY["seeds"])["accuracy"]
    assert (found["accuracy"][1][1], found["low"][1][1]) == (accuracy.mean, accuracy.low)
    assert np.shape(found["accuracy"]) == (2, 2)


def test_nearest_point_and_what_a_map_holds_for(small):
    """A point belongs to the nearest cell; a map is valid only for its own setting and seeds."""
    made = gap_map.read(small)
    assert made.nearest(0.69, 0.71) == (0, 1)
    assert made.holds(replace(FIXED, share=0.3, randomisation=0.7), (1, 2))
    assert not made.holds(replace(FIXED, share=0.3, real=39), (1, 2))
    assert not made.holds(FIXED, (1, 3))


def test_an_unknown_track_is_named(small):
    """The error for an unknown track lists the tracks in the text."""
    with pytest.raises(ValueError, match="track must be one of cloud, not 'sea'"):
        gap_map.read({"cloud": small}, "sea")


@pytest.mark.parametrize("track", TRACKS, ids=lambda track: track.id)
def test_every_track_has_a_region_that_is_not_trivial(maps, track):
    """Some mixes keep all limits and most do not; every limit is missed somewhere, and 10 % and 90 % fail."""
    made = maps[track.id]
    inside = made.feasible(limits(track))
    assert 3 <= inside.sum() <= inside.size / 4
    assert not inside[made.shares <= 0.1].any(), "the real samples for 10 % synthetic do not exist"
    assert not inside[made.shares >= 0.9].any()
    needed = replace(made.setting, share=0.1).real_needed
    assert needed > made.setting.real
    bound = limits(track)
    late = made.shares >= 0.9
    assert (made.measures["fid"][late] > bound.fid).all() and (
        made.measures["accuracy"][late] < bound.accuracy
    ).all()
    assert (made.measures["recall"] < bound.recall).any()


@pytest.mark.parametrize("track", TRACKS, ids=lambda track: track.id)
def test_the_shipped_map_is_that_of_the_track(maps, track):
    """The setting is the track's, axes and seeds are the module's, and one of its points can be recomputed."""
    made, part = maps[track.id], track.part_3
    for name in ("total", "real", "critical", "label_noise"):
        assert getattr(made.setting, name) == getattr(part, name).value
    assert made.shares.tolist() == made.randomisations.tolist() == list(gap_map.AXIS)
    assert made.seeds == gap_map.SEEDS
    X, y = datasets.digits()
    here = replace(made.setting, share=0.8, randomisation=0.4)
    live = mix.summary(here, X, y, datasets.rainfall_mm(), made.seeds)
    found = made.at(8, 4)
    for name in mix.MEASURES:
        assert live[name].mean == pytest.approx(found[name].mean, abs=1e-9)


def test_too_little_and_too_much_randomisation_hurt_and_synthetic_data_can(maps):
    """The page's statements about the map hold: synthetic only is best in between; 2,000 next to 500 real ones hurt."""
    for made in maps.values():
        alone = made.measures["accuracy"][-1]
        assert alone.argmax() not in (0, len(alone) - 1)
        assert alone.max() > max(alone[0], alone[-1]) + 0.05
        transfer = np.array(made.transfer["accuracy"])
        assert transfer[0, 2] > transfer[0, 0] + 0.1
        assert transfer[-1, 2] < transfer[-1, 0]


def test_fid_infinity_lies_below_fid(maps):
    """The bias that FID infinity removes is positive everywhere on every map."""
    for made in maps.values():
        assert (made.measures["fid"] > made.measures["fid_infinity"]).all()
