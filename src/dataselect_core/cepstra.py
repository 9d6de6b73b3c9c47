"""Utterances as cepstrum coefficients: features of a fixed length for a classifier.

An utterance has as many rows as frames, and a frame has a few cepstrum coefficients: the inverse Fourier transform of
the logarithm of a smooth power spectrum. They hold the shape of the mouth, and so the vowel and the voice.
"""

from collections.abc import Sequence

import numpy as np

from dataselect_core.arrays import ArrayLike, Floats


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
