"""Generated signals and their spectral words: invariances, a spectrum by hand, and the known truth."""

from itertools import pairwise

import numpy as np
import pytest

from dataselect_core import datasets
from dataselect_core.datasets import simulated_clips
from dataselect_core.datasets.simulated_clips import (
    FACTS,
    HOP,
    KINDS,
    band_edges,
    loudness,
    spectral_words,
    spectrum,
    summary,
)
from dataselect_core.dedup import exact_pairs, exact_similarity


@pytest.fixture(scope="module")
def clips():
    """The clips of the Tiny track."""
    return datasets.clips(0.6, 1)


@pytest.fixture(scope="module")
def words(clips):
    """Their spectral words."""
    return spectral_words(clips.signals)


def tone(frequency, windows=6):
    """A pure tone at half of full scale."""
    return 16_000 * np.sin(2 * np.pi * frequency * np.arange(windows * HOP) / FACTS["rate"])


# -- words ---------------------------------------------------------------------------------------------


def test_the_spectrum_equals_a_sum_by_hand():
    """The power of each band is the sum over the frequencies of a Hann window of two hops around each hop."""
    signal = np.random.default_rng(4).integers(-9000, 9000, 3 * HOP).astype(np.int16)
    edges = np.round(band_edges() / FACTS["rate"] * 2 * HOP).astype(int)
    padded = np.concatenate([np.zeros(HOP // 2), signal, np.zeros(3 * HOP)])
    t = np.arange(2 * HOP)
    for window, decibels in enumerate(spectrum(signal)):
        part = padded[window * HOP : window * HOP + 2 * HOP]
        if window == 2:  # the last window extends past the end, where the signal is zero
            part = np.concatenate([part[: HOP + HOP // 2], np.zeros(HOP // 2)])
        part = part * np.sin(np.pi * (t + 0.5) / (2 * HOP)) ** 2
        power = [abs((part * np.exp(-2j * np.pi * k * t / (2 * HOP))).sum()) ** 2 for k in range(HOP + 1)]
        last = len(edges) - 2
        by_hand = [
            sum(power[low : high if i < last else None]) for i, (low, high) in enumerate(pairwise(edges))
        ]
        assert decibels == pytest.approx(10 * np.log10(by_hand), abs=1e-6)


@pytest.mark.parametrize("band", [2, 6, 11])
def test_a_tone_is_loudest_in_its_band(band):
    """A pure tone in the middle of a band fills that band and leaves far ones empty."""
    low, high = band_edges()[band : band + 2]
    loud = loudness(tone(np.sqrt(low * high)))[1:-1]
    assert (loud.argmax(axis=1) == band).all()
    assert loud.max() > 0.95
    assert (loud[:, np.abs(np.arange(12) - band) > 3] == 0).all()


def test_gain_does_not_change_the_words():
    """A signal at half the gain has the same words, as loudness is relative to the loudest band."""
    signal = np.random.default_rng(1).normal(0, 3000, 9 * HOP)
    one, half, eighth = spectral_words([signal, signal / 2, signal / 8])
    assert np.array_equal(one, half) and np.array_equal(one, eighth)


def test_a_small_shift_keeps_most_words_and_another_sound_few(clips, words):
    """A shift by a few samples keeps most words, and another kind of sound has other words."""
    voice = next(clips.signals[i] for i in range(500) if clips.label[i] == 0 and clips.copy[i] == "recording")
    moved = np.concatenate([np.zeros(5), voice[:-5]])
    hum = tone(90, len(voice) // HOP)
    similarity = exact_similarity(spectral_words([voice, moved, hum]), [(0, 1), (0, 2)])
    assert similarity[0] > 0.8
    assert similarity[1] < 0.3


def test_silence_has_no_words():
    """Silence has no words."""
    silence, noise = spectral_words([np.zeros(5 * HOP), np.random.default_rng(1).normal(0, 9, 5 * HOP)])
    assert silence.size == 0
    assert noise.size > 0


def test_the_summary_has_two_means_per_band():
    """The learner gets mean loudness and mean change of each band."""
    signal = np.random.default_rng(2).normal(0, 3000, 7 * HOP)
    loud = loudness(signal)
    change = [sum(abs(loud[i, k] - loud[i - 1, k]) for i in range(1, 7)) / 7 for k in range(12)]
    assert summary([signal, signal]).shape == (2, 24)
    assert summary([signal])[0] == pytest.approx([*(loud.sum(axis=0) / 7), *change])


# -- the log -------------------------------------------------------------------------------------------


def test_recordings_and_copies_have_the_requested_numbers(clips):
    """Of 500 clips two in five are recordings; each copy has the kind and length of its recording."""
    assert len(clips.ids) == len(set(clips.ids)) == len(clips.signals) == 500
    assert clips.copy.count("recording") == 200
    assert clips.redundancy == pytest.approx(0.6)
    recording = {clips.origin[i]: clips.signals[i] for i in range(500) if clips.copy[i] == "recording"}
    assert sorted(recording) == list(range(200))
    for i in range(500):
        assert clips.label[i] == clips.origin[i] % len(KINDS)
        assert clips.ids[i].startswith(f"{KINDS[clips.label[i]]} {clips.origin[i] + 1}")
        assert len(clips.signals[i]) == len(recording[clips.origin[i]])
        assert clips.signals[i].dtype == np.int16 and len(clips.signals[i]) % HOP == 0
        assert np.abs(clips.signals[i].astype(int)).max() <= 32_767
    assert "no real sound" in clips.provenance


def test_long_recordings_are_copied_more_often(clips):
    """Copies are drawn by length, so their share of the samples is greater than their share of the clips."""
    samples = np.array([len(signal) for signal in clips.signals])
    copies = np.array(clips.copy) == "augmented"
    assert samples[copies].sum() / samples.sum() > 0.62


def test_the_same_seed_gives_the_same_clips(clips):
    """The same seed gives the same samples and truth, bit for bit; another seed gives others."""
    same, other = simulated_clips.simulate(0.6, 1), simulated_clips.simulate(0.6, 2)
    assert all(np.array_equal(a, b) for a, b in zip(clips.signals, same.signals, strict=True))
    assert clips.ids == same.ids
    assert clips.ids != other.ids


def test_copies_are_alike_and_recordings_are_not(clips, words):
    """Similarities of one recording's copies cover the thresholds; two recordings rarely reach them."""
    pairs, similarity = exact_pairs(words, 0.01)
    same = clips.origin[pairs[:, 0]] == clips.origin[pairs[:, 1]]
    size = np.bincount(clips.origin)
    pair_count = int((size * (size - 1) // 2).sum())
    within = np.concatenate([similarity[same], np.zeros(pair_count - same.sum())])
    assert (np.quantile(within, [0.1, 0.5, 0.95]) > [0.5, 0.8, 0.95]).all()
    assert np.quantile(within, 0.25) < 0.75
    assert 0 < (similarity[~same] >= 0.5).sum() / (500 * 499 / 2 - pair_count) < 0.002


@pytest.mark.parametrize(
    ("threshold", "precision", "recall"), [(0.5, 0.75, 0.9), (0.7, 0.97, 0.7), (0.9, 0.97, 0.4)]
)
def test_exact_pairs_have_high_precision_and_recall(clips, words, threshold, precision, recall):
    """Most pairs above a threshold are copies of one recording, by the known truth, and most such copies are found."""
    pairs, _ = exact_pairs(words, threshold)
    correct = (clips.origin[pairs[:, 0]] == clips.origin[pairs[:, 1]]).sum()
    size = np.bincount(clips.origin)
    assert correct / len(pairs) >= precision
    assert correct / (size * (size - 1) // 2).sum() >= recall


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((0.95, 1), ValueError),
        ((-0.1, 1), ValueError),
        (("x", 1), TypeError),
        ((float("nan"), 1), ValueError),
        ((0.5, -1), ValueError),
        ((0.5, 2**32), ValueError),
        ((0.5, 1.0), TypeError),
    ],
)
def test_bad_arguments_are_refused(arguments, error):
    """A redundancy or a seed that is not allowed is refused by name."""
    with pytest.raises(error, match="redundancy|seed"):
        simulated_clips.simulate(*arguments)
