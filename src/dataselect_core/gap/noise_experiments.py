"""The experiments on label noise: two exponents, the price of random flips, and the digits' learning curve."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataselect_core import noise
from dataselect_core.arrays import ArrayLike, Floats, Integers
from dataselect_core.gap import mix, statistics

TRIALS = 600  # of threshold learning, at each size
COIN_TRIALS = 3000
LABELS = (20, 50, 100, 200, 400, 700, 1000)
COIN_SIZES = 101 * 2 ** np.arange(7, dtype=np.int64)


@dataclass(frozen=True)
class Measured:
    """The results of the experiments at a rate, for some seeds.

    Attributes
    ----------
    rate : float
    seeds : tuple of int
        The first is the seed of the thresholds and coins, all are seeds of the learning curve.
    sizes, coin_sizes : int[k]
    clean, noisy : float[k]
        Mean errors of threshold learning, with clean and with noisy labels, at `sizes`.
    coin : float[k]
        The error that 90 % of the coins do not exceed, at `coin_sizes`.
    clean_slope, noisy_slope, coin_slope : (float, float, float)
        Exponent, and its interval.
    ratio : (float, float, float)
        How many times more labels the noise costs, and its interval.
    labels : tuple of int
    curves : dict of str to list of Interval
        "clean" and "noisy": accuracy at `labels`.
    """

    rate: float
    seeds: tuple[int, ...]
    sizes: Integers
    coin_sizes: Integers
    clean: Floats
    noisy: Floats
    coin: Floats
    clean_slope: tuple[float, float, float]
    noisy_slope: tuple[float, float, float]
    coin_slope: tuple[float, float, float]
    ratio: tuple[float, float, float]
    labels: tuple[int, ...]
    curves: dict[str, list[statistics.Interval]]


def measure(rate: float, seeds: Sequence[int], X: ArrayLike, y: ArrayLike) -> Iterator[Any]:
    """All experiments in steps: a generator of (label, share done) that ends with the `Measured`.

    Parameters
    ----------
    rate : float
        Share of wrong labels, in [0, 1/2).
    seeds : sequence of int
        2 to 20; the first is the seed of the thresholds and coins, which have many trials per seed.
    X, y
        The real digits, as for `mix.samples`.
    """
    seed = seeds[0]
    sizes = np.round(64 * noise.noise_factor(rate) * 2.0 ** np.arange(6)).astype(np.int64)
    yield "Learning thresholds", 0.02
    clean = noise.threshold_errors(sizes, 0.0, TRIALS, seed)
    yield "Learning thresholds from noisy labels", 0.08
    noisy = noise.threshold_errors(sizes, rate, TRIALS, seed)
    yield "Fitting the exponents", 0.14
    slopes = [noise.slope(sizes, clean, seed), noise.slope(sizes, noisy, seed)]
    ratio = noise.label_ratio(clean, noisy, seed)
    yield "Tossing coins", 0.2
    coin = noise.coin_errors(COIN_SIZES, COIN_TRIALS, seed)
    yield "Fitting the exponents", 0.24
    coin_slope = noise.slope(COIN_SIZES, coin, seed, noise.at_confidence, resamples=100)
    curves: dict[str, list[statistics.Interval]] = {"clean": [], "noisy": []}
    total, done = 2 * len(seeds) * len(LABELS), 0
    for name, label_noise in (("clean", 0.0), ("noisy", rate)):
        runs = []
        for curve_seed in seeds:
            accuracy = []
            for n in LABELS:
                yield f"Digits, {name} labels", 0.28 + 0.72 * done / total
                accuracy.append(float(mix.noisy_curve([n], label_noise, X, y, curve_seed)[0]))
                done += 1
            runs.append(accuracy)
        curves[name] = [statistics.interval(column) for column in np.array(runs).T]
    yield Measured(
        rate=rate,
        seeds=tuple(seeds),
        sizes=sizes,
        coin_sizes=COIN_SIZES,
        clean=clean.mean(1),
        noisy=noisy.mean(1),
        coin=noise.at_confidence(coin),
        clean_slope=slopes[0],
        noisy_slope=slopes[1],
        coin_slope=coin_slope,
        ratio=ratio,
        labels=LABELS,
        curves=curves,
    )
