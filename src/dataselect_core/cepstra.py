"""Utterances as cepstrum coefficients: features of a fixed length for a classifier, and noise added to the voice.

An utterance has as many rows as frames, and a frame has a few cepstrum coefficients: the inverse Fourier transform of
the logarithm of a smooth power spectrum. They hold the shape of the mouth, and so the vowel and the voice.
"""

from collections.abc import Sequence

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, Floats, Hashes


def checked(cepstra: Sequence[ArrayLike]) -> list[Floats]:
    """The utterances as arrays, if they are finite and have frames with the same number of coefficients.

    Raises
    ------
    TypeError, ValueError
        If `cepstra` is not a list of such arrays.
    """
    try:
        utterances = [np.asarray(utterance, dtype=np.float64) for utterance in cepstra]
    except (TypeError, ValueError):
        raise TypeError("cepstra must be a list of arrays of numbers, one for each utterance") from None
    if not utterances:
        raise ValueError("cepstra must hold at least one utterance")
    for utterance in utterances:
        if utterance.ndim != 2 or 0 in utterance.shape or utterance.shape[1] != utterances[0].shape[1]:
            raise ValueError("cepstra must hold arrays of frames with equally many coefficients")
        if not np.isfinite(utterance).all():
            raise ValueError("cepstra must hold finite numbers")
    return utterances


def features(cepstra: Sequence[ArrayLike]) -> Floats:
    """Mean and standard deviation of each coefficient over the frames of an utterance.

    Parameters
    ----------
    cepstra : list of float[frames, d]
        Utterances, each with at least one frame.

    Returns
    -------
    float64[n, 2d]
        The d means, then the d standard deviations (0 for a single frame).

    Raises
    ------
    TypeError, ValueError
        If `cepstra` is not a list of such arrays.
    """
    return np.array([np.r_[u.mean(axis=0), u.std(axis=0)] for u in checked(cepstra)])


WORD_STEP = 0.4
WORD_COEFFICIENTS = 4
LEVELS = 64  # of a coefficient in a word; beyond them it counts as the last


def words(cepstra: Sequence[ArrayLike], step: float = WORD_STEP) -> list[Hashes]:
    """The set of quantised frames of each utterance, for MinHash: a frame is one word, and its place does not count.

    Parameters
    ----------
    cepstra : list of float[frames, d]
        Utterances; the first four coefficients are used, which hold the coarse shape of the spectrum.
    step : float, default 0.4
        Width of a level of a coefficient, above 0.

    Returns
    -------
    list of n uint32 arrays
        Distinct and ascending. Two utterances share a word if they have a frame with the same levels.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.
    """
    step = arguments.between("step", step, 0, 1000)
    sets = []
    for utterance in checked(cepstra):
        level = np.floor(utterance[:, :WORD_COEFFICIENTS] / step) + LEVELS // 2
        level = np.clip(level, 0, LEVELS - 1).astype(np.int64)
        code = level @ LEVELS ** np.arange(level.shape[1])[::-1]
        sets.append(np.unique(code).astype(np.uint32))
    return sets


LARGEST = 300.0  # logarithm of a power, up or down


def power_spectrum(frames: ArrayLike, points: int = 64) -> Floats:
    """The smooth power spectrum that cepstrum coefficients stand for.

    Parameters
    ----------
    frames : float[n, d]
        Coefficients 1 to d of each frame; the coefficient 0, the loudness, is taken to be 0.
    points : int, default 64
        More than d. Frequencies (k + 1/2) / points of the bandwidth, k from 0.

    Returns
    -------
    float64[n, points]
        exp(2 Σ c_m cos(m ω)); its logarithm has the mean 0 over the frequencies.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.
    """
    frames = _table("frames", frames)
    points = arguments.integer("points", points, frames.shape[1] + 1, 4096)
    logarithm = 2.0 * frames @ _cosines(frames.shape[1], points)
    if not np.abs(logarithm).max() < LARGEST:
        raise ValueError("frames must have coefficients whose power is a finite number above 0")
    return np.exp(logarithm)


def from_power_spectrum(power: ArrayLike, coefficients: int) -> Floats:
    """The first cepstrum coefficients of power spectra: the inverse of `power_spectrum`, whatever the loudness.

    Parameters
    ----------
    power : float[n, points]
        Above 0, at the frequencies of `power_spectrum`.
    coefficients : int
        How many, from 1 to points − 1.

    Returns
    -------
    float64[n, coefficients]

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.
    """
    power = _table("power", power)
    if not (power > 0).all():
        raise ValueError("power must be above 0 at every frequency")
    points = power.shape[1]
    coefficients = arguments.integer("coefficients", coefficients, 1, points - 1)
    return np.log(power) @ _cosines(coefficients, points).T / points


def add_noise(frames: ArrayLike, noise: ArrayLike, snr: ArrayLike) -> Floats:
    """Coefficients of frames with noise: its power adds to that of the voice, frequency by frequency.

    Parameters
    ----------
    frames : float[n, d]
        Coefficients of the clean frames.
    noise : float[n, points]
        Power spectrum of the noise of each frame, at least 0 and not all 0; only its shape counts.
    snr : float[n]
        Signal-to-noise ratio of each frame in decibels: mean power of the voice over that of the noise. The source
        does not give the loudness of a frame, so the ratio is the same in loud frames and in soft ones.

    Returns
    -------
    float64[n, d]

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.
    """
    frames, noise, snr = _table("frames", frames), _table("noise", noise), arguments.floats("snr", snr)
    if noise.shape[1] <= frames.shape[1]:
        raise ValueError(f"noise must have more than {frames.shape[1]} frequencies, not {noise.shape[1]}")
    if len(noise) != len(frames) or (noise < 0).any() or not (noise.sum(axis=1) > 0).all():
        raise ValueError(
            f"noise must have {len(frames)} rows of power of at least 0, and none without any power"
        )
    if snr.shape != (len(frames),):
        raise ValueError(f"snr must be {len(frames)} numbers, one for each frame, not of shape {snr.shape}")
    voice = power_spectrum(frames, noise.shape[1])
    level = voice.mean(axis=1) / noise.mean(axis=1) * 10.0 ** (-snr / 10.0)
    return from_power_spectrum(voice + level[:, None] * noise, frames.shape[1])


def _cosines(coefficients, points):
    """cos(m ω) for m from 1 and the frequencies of `power_spectrum`: float64[coefficients, points]."""
    frequencies = np.pi * (np.arange(points) + 0.5) / points
    return np.cos(np.outer(np.arange(1, coefficients + 1), frequencies))


def _table(name, values):
    values = arguments.floats(name, values)
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"{name} must have rows and columns, not the shape {values.shape}")
    return values
