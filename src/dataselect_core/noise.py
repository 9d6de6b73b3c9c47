"""Label noise, and what it costs: laws, and experiments that measure their exponents.

Which law holds depends on the assumption. If some rule of the class is always right (realizable), N ~ d / eps
labels bring the error to eps. If no rule is, N ~ d / eps^2 labels bring the error to within eps of the best rule
(agnostic). Flipping each label with probability rho (random classification noise) multiplies the first number by
1 / (1 - 2 rho)^2 (Aslam and Decatur 1996), but does not turn the first law into the second. The laws leave out
constants, so only their ratios are meaningful.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from dataselect_core.arguments import amount, between, integer, number, share
from dataselect_core.arrays import ArrayLike, Floats, Integers, Labels

BLOCK = 2_000_000
"""Samples drawn at a time, to bound the memory."""


def flip_labels(y: ArrayLike, rate: float, classes: int | Sequence[Any], seed: int) -> Labels:
    """Labels with random classification noise.

    Parameters
    ----------
    y : array[n]
        Labels, each one of the classes.
    rate : float
        Probability in [0, 1] that a label is replaced by another class, drawn uniformly.
    classes : int or sequence
        The classes; a number k means 0 ... k - 1. At least two.
    seed : int
        With the same seed a higher rate flips the same labels and some more.

    Returns
    -------
    array[n]
        A new array of y's type.

    Raises
    ------
    ValueError
        If rate is outside [0, 1], there are fewer than two classes, or y holds another label.
    """
    y = np.asarray(y)
    names = _classes(classes)
    if y.ndim != 1:
        raise ValueError(f"y must be one list of labels, not of shape {y.shape}")
    if len(names) < 2:
        raise ValueError(f"classes must name at least two classes, not {classes!r}")
    rate = share("rate", rate)
    if not np.isin(y, names).all():
        raise ValueError("y must hold only labels that are in classes")
    rng = np.random.default_rng(integer("seed", seed, 0))
    flipped = rng.random(len(y)) < rate
    shift = rng.integers(1, len(names), len(y))
    wrong_label = names[(np.searchsorted(names, y) + shift) % len(names)]
    return np.where(flipped, wrong_label, y).astype(y.dtype)


def _classes(classes):
    """The classes in order: 0 ... k - 1 for a number k."""
    if isinstance(classes, (int, np.integer)):
        return np.arange(integer("classes", classes, 0, 10**6))
    try:
        return np.unique(np.asarray(classes))
    except (TypeError, ValueError):
        raise TypeError(
            f"classes must be a number or a list of labels of one kind, not {classes!r}"
        ) from None


def noise_factor(rate: float) -> float:
    """1 / (1 - 2 rate)^2: how many times more labels random classification noise requires, modelled.

    Parameters
    ----------
    rate : float
        In [0, 1/2). Two classes, a realizable target (Aslam and Decatur 1996).
    """
    rate = number("rate", rate)
    if not 0.0 <= rate < 0.5:
        raise ValueError(
            f"rate must lie in [0, 0.5), not {rate!r}: at one half a label contains no information"
        )
    return 1.0 / (1.0 - 2.0 * rate) ** 2


def realizable_samples(dimension: int, epsilon: float, rate: float = 0.0, delta: float = 0.05) -> float:
    """Labels for error epsilon when some rule of the class is right, without the constant, modelled.

    (d + ln(1/delta)) / epsilon * noise_factor(rate). The bound's ln(1/epsilon) is left out, because an optimal
    learner does not need it (Hanneke 2016).

    Parameters
    ----------
    dimension : int
        VC dimension d of the class, at least 1.
    epsilon : float
        Error, in (0, 1).
    rate : float
        Random classification noise, in [0, 1/2).
    delta : float
        Probability of failure, in (0, 1).
    """
    return _numerator(dimension, epsilon, delta) / epsilon * noise_factor(rate)


def agnostic_samples(dimension: int, epsilon: float, delta: float = 0.05) -> float:
    """Labels to come within epsilon of the best rule when no rule is right, without the constant, modelled.

    (d + ln(1/delta)) / epsilon^2; arguments as for `realizable_samples`.
    """
    return _numerator(dimension, epsilon, delta) / epsilon**2


def threshold_errors(sizes: Iterable[int], rate: float, trials: int, seed: int) -> Floats:
    """Errors of threshold learning under label noise, measured.

    Points are uniform in [0, 1]; the label says whether a point is above the threshold 1/2, and is flipped
    with probability `rate`. The learner minimises the disagreements with the noisy labels over all thresholds
    (the middle of the first best gap); a learner that has to agree with every label would fail at the first
    flip.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of labels N.
    rate : float
        In [0, 1/2).
    trials : int
    seed : int

    Returns
    -------
    float[len(sizes), trials]
        True error |threshold - 1/2| of each trial.
    """
    noise_factor(rate)
    sizes, trials = _sizes(sizes, trials)
    rng = np.random.default_rng(integer("seed", seed, 0))
    errors = np.empty((len(sizes), trials))
    for i, n in enumerate(sizes):
        step = max(1, BLOCK // n)
        for start in range(0, trials, step):
            errors[i, start : start + step] = _threshold_trials(n, rate, min(step, trials - start), rng)
    return errors


def _threshold_trials(n, rate, trials, rng):
    """Errors of `trials` thresholds learnt from n labels each."""
    # n sorted uniform points: cumulative sums of exponential gaps, without sorting
    gaps = np.cumsum(rng.standard_exponential((trials, n + 1)), axis=1)
    edges = np.concatenate([np.zeros((trials, 1)), gaps / gaps[:, -1:]], axis=1)
    label = (edges[:, 1:-1] > 0.5) ^ (rng.random((trials, n)) < rate)
    # disagreements of a threshold after the first k points: the ones below it, minus the zeros, plus a constant
    disagreements = np.concatenate(
        [np.zeros((trials, 1), dtype=int), np.cumsum(2 * label.astype(int) - 1, axis=1)], axis=1
    )
    k = disagreements.argmin(1)
    row = np.arange(trials)
    return np.abs((edges[row, k] + edges[row, k + 1]) / 2 - 0.5)


def coin_errors(sizes: Iterable[int], trials: int, seed: int, bias: float = 0.5) -> Floats:
    """Errors of estimating a coin's bias by its frequency, measured: float[len(sizes), trials].

    This is the agnostic case in one number: telling apart two rules whose errors differ by eps is like estimating
    a coin's bias to within eps.
    """
    if not 0.0 < bias < 1.0:
        raise ValueError(f"bias must lie in (0, 1), not {bias!r}")
    sizes, trials = _sizes(sizes, trials)
    rng = np.random.default_rng(integer("seed", seed, 0))
    return np.array([np.abs(rng.binomial(n, bias, trials) / n - bias) for n in sizes])


def slope(
    sizes: Sequence[int] | Integers,
    errors: ArrayLike,
    seed: int,
    statistic: Callable[..., Floats] = np.mean,
    confidence: float = 0.95,
    resamples: int = 400,
) -> tuple[float, float, float]:
    """Exponent of error against N: slope of a straight line in the logarithms, with a bootstrap interval.

    Parameters
    ----------
    sizes : int[k]
    errors : float[k, trials]
    seed : int
        Seed of the bootstrap over trials.
    statistic : callable
        Computed from the errors along axis 1: `np.mean`, or `at_confidence`.
    confidence : float
        Confidence of the interval.
    resamples : int

    Returns
    -------
    value, low, high : float
    """
    errors = np.asarray(errors, dtype=float)
    if errors.ndim != 2 or len(errors) != len(sizes) or len(sizes) < 2:
        raise ValueError(f"errors must have one row for each of at least two sizes, not shape {errors.shape}")
    logs = np.log(np.asarray(sizes, dtype=float))

    def fit(sample):
        level = statistic(sample, axis=1)
        if not (level > 0).all():
            raise ValueError("errors must be above 0 at every size to have a logarithm")
        return np.polyfit(logs, np.log(level), 1)[0]

    rng = np.random.default_rng(integer("seed", seed, 0))
    trials = errors.shape[1]
    resampled = [
        fit(np.take_along_axis(errors, rng.integers(0, trials, errors.shape), axis=1))
        for _ in range(resamples)
    ]
    low, high = np.quantile(resampled, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(fit(errors)), float(low), float(high)


def at_confidence(errors: Floats, axis: int = 1, confidence: float = 0.9) -> Floats:
    """The error that a share `confidence` of the trials stays within."""
    return np.quantile(errors, confidence, axis=axis)


def threshold_slope(rate: float, seed: int, trials: int = 1000) -> tuple[float, float, float]:
    """Measured exponent of threshold learning under label noise: (value, low, high); theory says -1.

    The sizes grow with `noise_factor(rate)`, so that every rate is measured where the law already holds.
    """
    sizes = np.round(64 * noise_factor(rate) * 2.0 ** np.arange(6)).astype(int)
    return slope(sizes, threshold_errors(sizes, rate, trials, seed), seed)


def coin_slope(seed: int, trials: int = 20000) -> tuple[float, float, float]:
    """Measured exponent of a coin's bias: (value, low, high) of the error at 90 % confidence; theory says -1/2."""
    sizes = 101 * 2 ** np.arange(7)
    return slope(sizes, coin_errors(sizes, trials, seed), seed, at_confidence, resamples=200)


def label_ratio(
    clean: ArrayLike, noisy: ArrayLike, seed: int, confidence: float = 0.95, resamples: int = 400
) -> tuple[float, float, float]:
    """How many times more labels the noise costs, measured where the error falls as 1/N: (value, low, high).

    There the ratio of two errors at the same N is the ratio of the labels needed for the same error. It is averaged
    (geometrically) over the sizes; the interval is a bootstrap over the trials.

    Parameters
    ----------
    clean, noisy : float[k, trials]
        Errors at the same sizes, as returned by `threshold_errors`.
    seed : int
    """
    clean, noisy = np.asarray(clean, dtype=float), np.asarray(noisy, dtype=float)
    if clean.ndim != 2 or noisy.ndim != 2 or len(clean) != len(noisy):
        raise ValueError(
            f"clean and noisy must have one row per size, not shapes {clean.shape} and {noisy.shape}"
        )
    rng = np.random.default_rng(integer("seed", seed, 0))

    def ratio(a, b):
        return float(np.exp(np.mean(np.log(b.mean(1)) - np.log(a.mean(1)))))

    def resample(errors):
        return np.take_along_axis(errors, rng.integers(0, errors.shape[1], errors.shape), axis=1)

    ratios = [ratio(resample(clean), resample(noisy)) for _ in range(resamples)]
    low, high = np.quantile(ratios, [(1 - confidence) / 2, (1 + confidence) / 2])
    return ratio(clean, noisy), float(low), float(high)


def steps_under_noise(clean_steps: float, rate: float, epsilon: float) -> tuple[float, float]:
    """Training steps with noisy labels if clean labels need `clean_steps`, under the two laws, modelled.

    Steps are assumed proportional to labels: each is seen as often as before, in batches of the same size.

    Returns
    -------
    realizable : float
        clean_steps * noise_factor(rate): a rule fits, and its labels are flipped at random.
    agnostic : float
        clean_steps / epsilon: no rule fits, and we want to come within epsilon of the best (unit constants).
    """
    clean_steps = amount("clean_steps", clean_steps, positive=True)
    _numerator(1, epsilon, 0.5)
    return clean_steps * noise_factor(rate), clean_steps / epsilon


def _numerator(dimension, epsilon, delta):
    dimension = number("dimension", dimension)
    if dimension < 1:
        raise ValueError(f"dimension must be at least 1, not {dimension!r}")
    between("epsilon", epsilon, 0, 1)
    between("delta", delta, 0, 1)
    return dimension + np.log(1.0 / delta)


def _sizes(sizes, trials):
    sizes = [integer("sizes", n, 1) for n in sizes]
    if not sizes:
        raise ValueError("sizes must hold at least one number of labels")
    return sizes, integer("trials", trials, 2)
