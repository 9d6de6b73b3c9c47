"""Measures of uncertainty, and the samples that are most uncertain (Settles 2009, section 3.1)."""

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, Floats, Indices
from dataselect_core.learners.softmax import feature_matrix

MEASURES = ("least_confidence", "margin", "entropy")


STRATEGIES = ("random", *MEASURES)


DECIMALS = 9  # scores are ranked after rounding to this, so that every platform buys the same labels


def uncertainty(proba: ArrayLike, measure: str) -> Floats:
    """How unsure a classifier is of each sample; larger is more uncertain.

    least_confidence is 1 − p₁, margin is 1 − (p₁ − p₂) with the two largest probabilities, entropy is
    −Σ p ln p in nats (Settles, "Active Learning Literature Survey", 2009, section 3.1).

    Parameters
    ----------
    proba : float[n, k]
        Class probabilities, k >= 2, each row adding up to 1.
    measure : {"least_confidence", "margin", "entropy"}

    Returns
    -------
    float64[n]

    Raises
    ------
    ValueError
        For another measure, or if proba is not a table of probabilities.
    """
    measure = arguments.choice("measure", measure, MEASURES)
    proba = feature_matrix("proba", proba)
    if proba.shape[1] < 2:
        raise ValueError("proba must have a column for each of at least two classes, not 1")
    if proba.min() < 0 or np.abs(proba.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError("proba must hold probabilities >= 0 that add up to 1 in each row")
    if measure == "entropy":
        return -(proba * np.log(np.where(proba > 0, proba, 1.0))).sum(axis=1)
    second, first = np.partition(proba, -2, axis=1)[:, -2:].T
    return 1 - first if measure == "least_confidence" else 1 - (first - second)


def most_uncertain(scores: ArrayLike, count: int) -> Indices:
    """Indices of the `count` largest scores, the largest first.

    Scores that agree to 1e-9 count as equal, and of equal scores the smaller index comes first.

    Raises
    ------
    ValueError
        If scores is not a vector of finite numbers, or count is not between 0 and its length.
    """
    scores = arguments.vector("scores", scores)
    count = arguments.integer("count", count, 0, len(scores))
    return np.argsort(-np.round(scores, DECIMALS), kind="stable")[:count]
