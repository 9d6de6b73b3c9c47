"""Train on a mix of real and synthetic digits, and measure in the field, under weather.

The real digits are split into a pool that may be bought for training, in dry weather, and the field, which is never
used for training. The weather of the field is drawn from a rainfall record. The simulator has no rain unless it is
given some. Labels of synthetic digits are correct by construction; label noise, if there is any, is in the labels of
the real digits. Distances are measured between the pictures as the classifier gets them: the feature space is the 64
block inks, in [0, 1].
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from dataselect_core.arguments import integer, share
from dataselect_core.arrays import ArrayLike, Flags, Floats
from dataselect_core.facts import load
from dataselect_core.frechet import fid, fid_extrapolated, fid_infinity
from dataselect_core.gap.statistics import T_975, Interval, interval
from dataselect_core.learners.softmax import SoftmaxRegression
from dataselect_core.noise import flip_labels
from dataselect_core.simulator import simulate
from dataselect_core.weather import FACTS as WEATHER
from dataselect_core.weather import field_weather, rain
from dataselect_core.weather import intensity as rain_intensity

FACTS = load("mixing")
CLASSES = 10
FIELD = FACTS["field"]["value"]
POOL = FACTS["pool"]["value"]
FEATURES = "ink of the 8 x 8 blocks, 64 features in [0, 1]"
"""The feature space of every FID here; it is fixed."""


@dataclass(frozen=True)
class Setting:
    """A point of the map, and the settings that are held fixed around it.

    Attributes
    ----------
    share : float
        Share of synthetic samples in the training set, in [0, 1].
    randomisation : float
        Domain-randomisation intensity of the simulator, in [0, 1].
    total : int
        Requested size of the training set, at least 20.
    real : int
        Real samples that exist, 0 to the 1,000 of the pool.
    wet_share : float or None
        Share of field days with rain; None for the share in the record.
    simulator_rain : bool
        Whether the simulator is given rain: the weather of its pictures is then drawn from the same record.
    label_noise : float
        Probability that the label of a real training sample is wrong, in [0, 1].
    critical : int
        The digit that must not be missed in rain.
    """

    share: float
    randomisation: float
    total: int = 600
    real: int = 500
    wet_share: float | None = None
    simulator_rain: bool = False
    label_noise: float = 0.0
    critical: int = 8

    def __post_init__(self) -> None:
        for name in ("share", "randomisation", "label_noise"):
            share(name, getattr(self, name))
        if self.wet_share is not None:
            share("wet_share", self.wet_share)
        for name, low, high in (("total", 20, 20000), ("real", 0, POOL), ("critical", 0, 9)):
            integer(name, getattr(self, name), low, high)
        if sum(self.counts()) < 2 * CLASSES:
            raise ValueError(
                f"share {self.share} of {self.total} with {self.real} real samples leaves fewer than "
                f"{2 * CLASSES} to train on: use more synthetic or more real ones"
            )

    @property
    def real_needed(self) -> int:
        """Real samples that the mix requires, whether or not they exist."""
        return self.total - round(self.share * self.total)

    def counts(self) -> tuple[int, int]:
        """(real, synthetic) samples trained on.

        If the mix requires more real samples than exist, the share is kept and the training set
        is smaller.
        """
        if self.real_needed <= self.real:
            return self.real_needed, self.total - self.real_needed
        return self.real, round(self.real * self.share / (1.0 - self.share))


@dataclass(frozen=True)
class Outcome:
    """The measurements of one run; all shares are in [0, 1].

    Attributes
    ----------
    accuracy : float
        Accuracy on the field, under the weather of the record.
    dry_accuracy : float
        Accuracy on the same pictures without rain.
    recall : float
        Safety metric: share of the critical class that is recognised on days of heavy rain.
    fid : float
        Frechet distance between the training set and the field, in squared block inks.
    fid_infinity : float
        The same, extrapolated to infinitely many samples.
    real, synthetic : int
        Samples trained on.
    """

    accuracy: float
    dry_accuracy: float
    recall: float
    fid: float
    fid_infinity: float
    real: int
    synthetic: int


MEASURES = ("accuracy", "dry_accuracy", "recall", "fid", "fid_infinity")


@dataclass(frozen=True)
class Limits:
    """The limits that a track sets for a mix.

    Attributes
    ----------
    accuracy : float
        Least accuracy in the field, in [0, 1].
    fid : float
        Greatest FID, in squared block inks.
    recall : float
        Least recall of the critical class in heavy rain, in [0, 1].
    """

    accuracy: float
    fid: float
    recall: float


def samples(
    setting: Setting, X: ArrayLike, y: ArrayLike, rainfall_mm: ArrayLike, seed: int
) -> dict[str, Any]:
    """The training set and the field of one run.

    Parameters
    ----------
    setting : Setting
    X : float[n, 64]
        Real digits in [0, 1], all of them.
    y : int[n]
        Their labels.
    rainfall_mm : float[days]
        Daily rainfall in the field.
    seed : int
        Settings share as many draws as possible: the split, the order in which real
        samples are bought, the field's weather.

    Returns
    -------
    dict of str to array
        X_train, y_train, synthetic (bool); X_dry, X_field, y_field; X_heavy (the critical class of the field
        on days of heavy rain).

    Raises
    ------
    ValueError
        If X and y do not match, or have no more samples than the field needs.
    """
    dry, draws = _trained_on(setting, X, y, rainfall_mm, seed)
    mm = field_weather(rainfall_mm, FIELD, draws[1], setting.wet_share)
    return {
        **dry,
        "X_field": rain(dry["X_dry"], rain_intensity(mm), draws[2]),
        "X_heavy": _in_heavy_rain(dry, setting.critical, rainfall_mm, draws),
    }


def _trained_on(setting, X, y, rainfall_mm, seed):
    """The draws of `samples` with the weather of the training set, but without that of the field."""
    dry, draws = _dry(setting, X, y, seed)
    _, synthetic = setting.counts()
    if setting.simulator_rain and synthetic:
        rainfall = field_weather(rainfall_mm, synthetic, draws[6], setting.wet_share)
        pictures = dry["X_train"][dry["synthetic"]]
        dry["X_train"][dry["synthetic"]] = rain(pictures, rain_intensity(rainfall), draws[7])
    return dry, draws


def _in_heavy_rain(dry, digit, rainfall_mm, draws):
    """The pictures of one digit in the field, on days of heavy rain."""
    record = np.asarray(rainfall_mm, dtype=float)
    record = record[record >= WEATHER["heavy_rain"]["value"]]
    if not len(record):
        raise ValueError("rainfall_mm must have at least one day of heavy rain for the safety metric")
    pictures = np.repeat(dry["X_dry"][dry["y_field"] == digit], FACTS["heavy_days"]["value"], axis=0)
    heavy = np.random.default_rng(draws[3]).choice(record, len(pictures))
    return rain(pictures, rain_intensity(heavy), draws[4])


def recalls(setting: Setting, X: ArrayLike, y: ArrayLike, rainfall_mm: ArrayLike, seed: int) -> Floats:
    """The safety metric of every digit after one training: its recall on days of heavy rain.

    Parameters
    ----------
    setting, X, y, rainfall_mm, seed
        As for `samples`; the critical digit has no meaning.

    Returns
    -------
    float[10]
        That of the critical digit equals `run(...).recall`.
    """
    dry, draws = _trained_on(setting, X, y, rainfall_mm, seed)
    model = SoftmaxRegression(l2=FACTS["l2"]["value"]).fit(dry["X_train"], dry["y_train"])
    return np.array(
        [
            (model.predict(_in_heavy_rain(dry, digit, rainfall_mm, draws)) == digit).mean()
            for digit in range(CLASSES)
        ]
    )


def _dry(setting, X, y, seed):
    """The draws of `samples` before any rain is added, and their seeds.

    Rain is the slow half of a run, and not every experiment needs the weather.
    """
    X, y = np.asarray(X, dtype=float), np.asarray(y)
    if X.ndim != 2 or X.shape[1] != 64 or y.shape != (len(X),):
        raise ValueError(f"X must have shape (n, 64) and y (n,), not {X.shape} and {y.shape}")
    if len(X) < FIELD + setting.real:
        raise ValueError(f"X must have at least {FIELD} + {setting.real} rows, not {len(X)}")
    rng = np.random.default_rng(integer("seed", seed, 0))
    order = rng.permutation(len(X))
    draws = tuple(int(s) for s in rng.integers(0, 2**31, 8))
    field, pool = order[:FIELD], order[FIELD:]
    real, synthetic = setting.counts()
    real_index = pool[:real]
    pictures, labels = X[:0], y[:0]
    if synthetic:
        pictures, labels = _simulated(setting.total, setting.randomisation, draws[0])
    return {
        "X_train": np.concatenate([X[real_index], pictures[:synthetic]]),
        "y_train": np.concatenate(
            [flip_labels(y[real_index], setting.label_noise, CLASSES, draws[5]), labels[:synthetic]]
        ),
        "synthetic": np.arange(real + synthetic) >= real,
        "X_dry": X[field],
        "y_field": y[field],
    }, draws


def stepwise(
    setting: Setting, X: ArrayLike, y: ArrayLike, rainfall_mm: ArrayLike, seed: int
) -> Iterator[Any]:
    """`run` in steps: a generator that yields None after each, and the `Outcome` last.

    For a page that has to respond to its reader between the steps.
    """
    data = samples(setting, X, y, rainfall_mm, seed)
    yield None
    model = SoftmaxRegression(l2=FACTS["l2"]["value"]).fit(data["X_train"], data["y_train"])
    yield None
    real, synthetic = setting.counts()
    yield Outcome(
        accuracy=float((model.predict(data["X_field"]) == data["y_field"]).mean()),
        dry_accuracy=float((model.predict(data["X_dry"]) == data["y_field"]).mean()),
        recall=float((model.predict(data["X_heavy"]) == setting.critical).mean()),
        fid=fid(data["X_train"], data["X_field"]),
        fid_infinity=fid_extrapolated(data["X_train"], data["X_field"], seed),
        real=real,
        synthetic=synthetic,
    )


def run(setting: Setting, X: ArrayLike, y: ArrayLike, rainfall_mm: ArrayLike, seed: int) -> Outcome:
    """Train on the mix once, and measure the `Outcome`; arguments as for `samples`."""
    *_, outcome = stepwise(setting, X, y, rainfall_mm, seed)
    return outcome


def gap(
    setting: Setting, X: ArrayLike, y: ArrayLike, rainfall_mm: ArrayLike, seed: int
) -> tuple[float, float]:
    """FID of the training set and the field, extrapolated to infinitely many samples: (value, standard_error)."""
    data = samples(setting, X, y, rainfall_mm, seed)
    return fid_infinity(data["X_train"], data["X_field"], seed)


def summary(
    setting: Setting,
    X: ArrayLike,
    y: ArrayLike,
    rainfall_mm: ArrayLike,
    seeds: Sequence[int] = (1, 2, 3, 4, 5),
) -> dict[str, Interval]:
    """Mean and interval of every measure over several seeds.

    A point of `grid` is computed by this function, so a live run there gives the same figures.

    Returns
    -------
    dict of str to Interval
        Keys `MEASURES`.
    """
    if not 2 <= len(seeds) <= len(T_975) + 1:
        raise ValueError(f"seeds must be 2 to {len(T_975) + 1} numbers, not {len(seeds)}")
    return summarised([run(setting, X, y, rainfall_mm, seed) for seed in seeds])


def summarised(outcomes: Sequence[Outcome]) -> dict[str, Interval]:
    """Mean and interval of every measure over the `Outcome`s of several seeds: dict of str to Interval."""
    return {name: interval([getattr(outcome, name) for outcome in outcomes]) for name in MEASURES}


def grid(
    setting: Setting,
    shares: Sequence[float] | Floats,
    randomisations: Sequence[float] | Floats,
    X: ArrayLike,
    y: ArrayLike,
    rainfall_mm: ArrayLike,
    seeds: Sequence[int] = (1, 2, 3, 4, 5),
) -> dict[str, Floats]:
    """The map over mix and randomisation; it is slow and meant for the build.

    Parameters
    ----------
    setting : Setting
        Everything but `share` and `randomisation` is taken from it.
    shares : float[a]
    randomisations : float[b]
        The axes, in [0, 1].

    Returns
    -------
    dict of str to float[a, b]
        Means over the seeds of every measure of `MEASURES`, and with `_low` and `_high` their intervals.
    """
    result = {
        name + end: np.empty((len(shares), len(randomisations)))
        for name in MEASURES
        for end in ("", "_low", "_high")
    }
    for j, randomisation in enumerate(randomisations):  # outer loop, so that simulated samples are reused
        for i, synthetic in enumerate(shares):
            point = replace(setting, share=float(synthetic), randomisation=float(randomisation))
            for name, estimate in summary(point, X, y, rainfall_mm, seeds).items():
                result[name][i, j] = estimate.mean
                result[name + "_low"][i, j] = estimate.low
                result[name + "_high"][i, j] = estimate.high
    return result


def check(
    setting: Setting, measures: dict[str, Interval], limits: Limits
) -> dict[str, tuple[float, float, bool]]:
    """Which limits a mix meets.

    Parameters
    ----------
    setting : Setting
    measures : dict of str to Interval
        From `summary`; the means are compared with the limits.
    limits : Limits

    Returns
    -------
    dict of str to (value, limit, bool)
        "accuracy", "fid", "recall", and "supply": the real samples it needs, and those that exist.
    """
    accuracy, distance, recall = (measures[name].mean for name in ("accuracy", "fid", "recall"))
    return {
        "accuracy": (accuracy, limits.accuracy, accuracy >= limits.accuracy),
        "fid": (distance, limits.fid, distance <= limits.fid),
        "recall": (recall, limits.recall, recall >= limits.recall),
        "supply": (setting.real_needed, setting.real, setting.real_needed <= setting.real),
    }


def feasible(setting: Setting, shares: Floats, measures: dict[str, Floats], limits: Limits) -> Flags:
    """Where on the map every limit is met: bool[a, b]; `measures` is from `grid` with these shares."""
    needed = np.array([replace(setting, share=float(share)).real_needed for share in shares])
    met = (measures["accuracy"] >= limits.accuracy) & (measures["fid"] <= limits.fid)
    return met & (measures["recall"] >= limits.recall) & (needed <= setting.real)[:, None]


def noisy_curve(sizes: Iterable[int], rate: float, X: ArrayLike, y: ArrayLike, seed: int) -> Floats:
    """Accuracy in a dry field against the number of real labels, of which a share `rate` is wrong.

    Parameters
    ----------
    sizes : sequence of int
        Real samples, 20 to 1,000 each; a larger set contains the smaller ones.
    rate : float
        Probability that a label is wrong, in [0, 1].
    X, y, seed
        As for `samples`.

    Returns
    -------
    float[len(sizes)]
    """
    accuracy = []
    for n in sizes:
        setting = Setting(share=0.0, randomisation=0.0, total=n, real=n, label_noise=rate)
        data, _ = _dry(setting, X, y, seed)
        model = SoftmaxRegression(l2=FACTS["l2"]["value"]).fit(data["X_train"], data["y_train"])
        accuracy.append((model.predict(data["X_dry"]) == data["y_field"]).mean())
    return np.array(accuracy)


@lru_cache(maxsize=32)
def _simulated(n, randomisation, seed):
    """`simulate`, cached: neighbouring points of the map share their synthetic samples."""
    return simulate(n, randomisation, seed)
