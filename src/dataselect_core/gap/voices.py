"""The mix of Part 3 with real speech: whose voice is it, when rain and wind are on the microphone?

The real utterances are split into those for sale, in dry weather, and the field, which is never trained on. On a wet
day of the rainfall record the field has noise: its power is added to the power spectrum of the voice, at a
signal-to-noise ratio that falls with the rain. The simulator has heard each speaker once, in an utterance of those for
sale, and varies it: all of its voices are made. It knows no noise unless it is given some.

A sample is the mean and the standard deviation of each coefficient (`cepstra.features`), each divided by its spread
over all utterances without noise; in this space the classifier learns and the distances are measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataselect_core import cepstra
from dataselect_core.arguments import integer, share
from dataselect_core.arrays import ArrayLike, Floats, Integers
from dataselect_core.facts import load
from dataselect_core.frechet import fid, fid_extrapolated
from dataselect_core.gap import mix
from dataselect_core.learners.softmax import SoftmaxRegression
from dataselect_core.noise import flip_labels
from dataselect_core.statistics import half_width
from dataselect_core.weather import FACTS as WEATHER
from dataselect_core.weather import field_weather, intensity

FACTS = load("voices")
FIELD = FACTS["field"]["value"]
SEEDS = tuple(range(1, 21))
SHARES = (0.1, 0.5, 0.9)
RANDOMISATION = 0.3


@dataclass(frozen=True)
class Setting(mix.Setting):
    """A mix of real and synthetic utterances; `mix.Setting` with rain as noise and `critical` as a speaker."""

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("real", self.real, 0, 500)
        integer("critical", self.critical, 0, 8)


@dataclass(frozen=True)
class Compared:
    """Several mixes over the same seeds.

    Attributes
    ----------
    settings : tuple of Setting
    seeds : tuple of int
    measures : dict of str to float64[len(settings), len(seeds)]
        accuracy, dry_accuracy, recall, fid and fid_infinity of `mix.Outcome`.
    """

    settings: tuple[Setting, ...]
    seeds: tuple[int, ...]
    measures: dict[str, Floats]

    def mean(self, measure: str) -> tuple[Floats, Floats]:
        """Mean of a measure and half its 95 % interval over the seeds, float64[len(settings)] each."""
        values = self.measures[measure]
        return values.mean(axis=1), half_width(values.T)

    def change(self, measure: str, first: int, last: int) -> tuple[float, float]:
        """Change of a measure between two settings, paired by seed: its mean and half its 95 % interval."""
        change = self.measures[measure][last] - self.measures[measure][first]
        return float(change.mean()), float(half_width(change))


def snr(millimetres: ArrayLike) -> Floats:
    """Signal-to-noise ratio on days with rain, in decibels, modelled; infinite on a dry day.

    Parameters
    ----------
    millimetres : float[n]
        Rainfall of each day, at least 0.

    Returns
    -------
    float64[n]
        30 dB with hardly any rain, less by 30 dB times the optical intensity of the rain (`weather.intensity`).

    Raises
    ------
    TypeError, ValueError
        If a rainfall is not allowed.
    """
    strength = np.asarray(intensity(millimetres), dtype=float)
    ratio = FACTS["quiet_snr"]["value"] - FACTS["lost_snr"]["value"] * strength
    return np.where(strength > 0, ratio, np.inf)


def with_noise(utterances: Any, ratio: ArrayLike, seed: int) -> Any:
    """Utterances with noise on the microphone, its spectrum falling above a corner that differs between them.

    Parameters
    ----------
    utterances : object[n]
        Each float[frames, d].
    ratio : float[n]
        Signal-to-noise ratio in decibels; infinite: the utterance stays as it is.
    seed : int

    Returns
    -------
    object[n]
        A new array.
    """
    rng = np.random.default_rng(integer("seed", seed, 0))
    spread = np.log(FACTS["corner_spread"]["value"])
    corner = FACTS["corner"]["value"] * np.exp(rng.uniform(-spread, spread, len(utterances)))
    noisy = np.flatnonzero(np.isfinite(ratio))
    result = utterances.copy()
    if len(noisy):
        points = FACTS["points"]["value"]
        frequency = FACTS["bandwidth"]["value"] * (np.arange(points) + 0.5) / points
        shape = 1.0 / (1.0 + (frequency / corner[noisy, None]) ** 2)
        lengths = np.array([len(each) for each in utterances[noisy]])
        frames = cepstra.add_noise(
            np.concatenate(list(utterances[noisy])),
            np.repeat(shape, lengths, axis=0),
            np.repeat(np.asarray(ratio)[noisy], lengths),
        )
        result[noisy] = _utterances(np.split(frames, np.cumsum(lengths)[:-1]))
    return result


def simulate(templates: Sequence[Floats], n: int, randomisation: float, seed: int) -> tuple[Any, Integers]:
    """Synthetic utterances: those that the simulator has heard, varied.

    Parameters
    ----------
    templates : list of float[frames, d]
        One utterance of each speaker.
    n : int
        How many; the speakers occur equally often (to within one), in random order.
    randomisation : float
        Intensity in [0, 1]: 0 repeats the templates; 1 varies formants, length, tilt and timbre far beyond a voice.
    seed : int

    Returns
    -------
    object[n], int64[n]
        The utterances, and the speaker of each.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.
    """
    templates = cepstra.checked(templates)
    n, strength = integer("n", n, 1, 10**6), share("randomisation", randomisation)
    rng = np.random.default_rng(integer("seed", seed, 0))
    y = rng.permutation(np.arange(n, dtype=np.int64) % len(templates))
    drawn = {
        name: FACTS[name]["value"] + strength * FACTS[name]["spread"] * rng.uniform(-1.0, 1.0, n)
        for name in ("formants", "length", "tilt")
    }
    order = np.arange(1, templates[0].shape[1] + 1)
    timbre = strength * FACTS["timbre"]["spread"] * rng.standard_normal((n, len(order))) / order
    made = []
    for i, speaker in enumerate(y):
        frames = _stretched(templates[speaker], drawn["length"][i]) @ _warp(drawn["formants"][i], len(order))
        flutter = strength * FACTS["frame"]["spread"] * rng.standard_normal(frames.shape) / order
        frames += timbre[i] + flutter
        frames[:, 0] += drawn["tilt"][i]
        made.append(frames)
    return _utterances(made), y


def samples(
    setting: Setting, utterances: Sequence[Floats], y: ArrayLike, rainfall_mm: ArrayLike, seed: int
) -> dict[str, Any]:
    """The training set and the field of one run.

    Parameters
    ----------
    setting : Setting
    utterances : list of float[frames, d]
        Real utterances, all of them.
    y : int[n]
        Their speakers, from 0.
    rainfall_mm : float[days]
        Daily rainfall in the field.
    seed : int
        Settings share as many draws as possible: the split, the order in which real utterances are bought, the
        field's weather.

    Returns
    -------
    dict of str to array
        X_train, y_train, synthetic (bool); X_dry, X_field, y_field; X_heavy, y_heavy (every utterance of the field
        on days of heavy rain).

    Raises
    ------
    TypeError, ValueError
        If utterances and y do not match, or there are too few of them.
    """
    real: Any = _utterances(cepstra.checked(utterances))
    y = np.asarray(y)
    if y.shape != (len(real),):
        raise ValueError(f"y must have {len(real)} speakers, one for each utterance, not the shape {y.shape}")
    if len(real) < FIELD + setting.real:
        raise ValueError(
            f"utterances must be at least {FIELD} and the {setting.real} for sale, not {len(real)}"
        )
    rng = np.random.default_rng(integer("seed", seed, 0))
    order, draws = rng.permutation(len(real)), rng.integers(0, 2**31, 8).tolist()
    field, pool = order[:FIELD], order[FIELD:]
    count, synthetic = setting.counts()
    bought, X, labels = pool[:count], real[:0], y[:0]
    if synthetic:
        templates = [real[pool[y[pool] == speaker][0]] for speaker in np.unique(y)]
        X, labels = simulate(templates, setting.total, setting.randomisation, draws[0])
        X, labels = X[:synthetic], labels[:synthetic]
        if setting.simulator_rain:
            X = with_noise(
                X, snr(field_weather(rainfall_mm, synthetic, draws[6], setting.wet_share)), draws[7]
            )
    record = np.asarray(rainfall_mm, dtype=float)
    record = record[record >= WEATHER["heavy_rain"]["value"]]
    if not len(record):
        raise ValueError("rainfall_mm must have at least one day of heavy rain for the safety metric")
    again = np.repeat(field, mix.FACTS["heavy_days"]["value"])
    heavy = snr(np.random.default_rng(draws[3]).choice(record, len(again)))
    weather = snr(field_weather(rainfall_mm, FIELD, draws[1], setting.wet_share))
    spread = cepstra.features(real).std(axis=0)
    trained: Any = np.concatenate([real[bought], X])
    return {
        "X_train": cepstra.features(trained) / spread,
        "y_train": np.concatenate(
            [flip_labels(y[bought], setting.label_noise, int(y.max()) + 1, draws[5]), labels]
        ),
        "synthetic": np.arange(count + synthetic) >= count,
        "X_dry": cepstra.features(real[field]) / spread,
        "X_field": cepstra.features(with_noise(real[field], weather, draws[2])) / spread,
        "y_field": y[field],
        "X_heavy": cepstra.features(with_noise(real[again], heavy, draws[4])) / spread,
        "y_heavy": y[again],
    }


def run(
    setting: Setting, utterances: Sequence[Floats], y: ArrayLike, rainfall_mm: ArrayLike, seed: int
) -> mix.Outcome:
    """Train on the mix once, and measure the `mix.Outcome`; arguments as for `samples`."""
    data = samples(setting, utterances, y, rainfall_mm, seed)
    model = SoftmaxRegression(l2=mix.FACTS["l2"]["value"]).fit(data["X_train"], data["y_train"])
    heavy = data["X_heavy"][data["y_heavy"] == setting.critical]
    real, synthetic = setting.counts()
    return mix.Outcome(
        accuracy=float((model.predict(data["X_field"]) == data["y_field"]).mean()),
        dry_accuracy=float((model.predict(data["X_dry"]) == data["y_field"]).mean()),
        recall=float((model.predict(heavy) == setting.critical).mean()),
        fid=fid(data["X_train"], data["X_field"]),
        fid_infinity=fid_extrapolated(data["X_train"], data["X_field"], seed),
        real=real,
        synthetic=synthetic,
    )


def compare(
    settings: Sequence[Setting],
    utterances: Sequence[Floats],
    y: ArrayLike,
    rainfall_mm: ArrayLike,
    seeds: Sequence[int] = SEEDS,
) -> Compared:
    """Run every setting with every seed: `Compared`; the other arguments as for `samples`."""
    outcomes = [[run(setting, utterances, y, rainfall_mm, seed) for seed in seeds] for setting in settings]
    measures = {
        name: np.array([[getattr(outcome, name) for outcome in row] for row in outcomes])
        for name in mix.MEASURES
    }
    return Compared(tuple(settings), tuple(seeds), measures)


def _stretched(frames, factor):
    """The frames with another number of them, at least two, on straight lines between those there are."""
    count = max(2, round(len(frames) * factor))
    position = np.linspace(0.0, len(frames) - 1.0, count)
    before = np.minimum(position.astype(int), max(len(frames) - 2, 0))
    after = np.minimum(before + 1, len(frames) - 1)
    part = (position - before)[:, None]
    return (1.0 - part) * frames[before] + part * frames[after]


def _warp(factor, coefficients):
    """The matrix that multiplies all frequencies of a frame by 1 / factor, from the right."""
    points = FACTS["points"]["value"]
    order = np.arange(1, coefficients + 1)
    frequency = np.pi * (np.arange(points) + 0.5) / points
    return 2.0 * np.cos(np.outer(order, frequency * factor)) @ np.cos(np.outer(order, frequency)).T / points


def _utterances(arrays):
    """Arrays of different lengths as object[n], so that they can be chosen by index."""
    result = np.empty(len(arrays), dtype=object)
    for i, each in enumerate(arrays):
        result[i] = each
    return result
