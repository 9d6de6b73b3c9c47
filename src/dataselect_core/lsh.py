"""Locality-sensitive hashing: which pairs of signatures are worth comparing."""

import math
from typing import Any

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, Hashes, Integers, OneOrMany
from dataselect_core.minhash import EMPTY, MOST, check_signatures

NODES, WEIGHTS = np.polynomial.legendre.leggauss(64)
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # odd: the golden ratio's fraction in 64 bits


def collision_probability(similarity: ArrayLike, bands: int, rows: int) -> OneOrMany:
    """The probability that two sets share at least one band: the S-curve 1 - (1 - s^rows)^bands.

    Parameters
    ----------
    similarity : float or float array
        Jaccard similarity s, in [0, 1].
    bands, rows : int
        At least 1 each.

    Returns
    -------
    float or float64 array of the same shape

    Notes
    -----
    Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4.2.
    """
    bands = arguments.integer("bands", bands, 1)
    rows = arguments.integer("rows", rows, 1)
    similarity = arguments.floats("similarity", similarity)
    if not ((similarity >= 0) & (similarity <= 1)).all():
        raise ValueError(f"similarity must be in [0, 1], not {similarity}")
    probability = 1 - (1 - similarity**rows) ** bands
    return float(probability) if probability.ndim == 0 else probability


def optimal_bands(
    threshold: float, num_perm: int, weights: tuple[float, float] = (0.5, 0.5)
) -> tuple[int, int]:
    """The bands and rows whose S-curve comes closest to a step at the threshold.

    Among all pairs with bands x rows <= num_perm it is the pair that minimises
    weights[0] * (area under the curve below the threshold: false positives)
    + weights[1] * (area above the curve beyond the threshold: false negatives),
    as in datasketch 2.0 (Zhu et al. 2016). On a tie it is the pair with fewer bands, then fewer rows.

    Parameters
    ----------
    threshold : float
        Jaccard similarity, in (0, 1].
    num_perm : int
        Number of permutations, at least 2.
    weights : (float, float)
        Weights of false positives and of false negatives, in [0, 1], with sum 1.

    Returns
    -------
    bands, rows : int
    """
    threshold = arguments.threshold("threshold", threshold)
    num_perm = arguments.integer("num_perm", num_perm, 2, MOST)
    try:
        positive, negative = (float(weight) for weight in weights)
    except (TypeError, ValueError):
        raise TypeError(f"weights must be two numbers in [0, 1] with sum 1, not {weights!r}") from None
    if not (0 <= positive <= 1 and 0 <= negative <= 1 and math.isclose(positive + negative, 1)):
        raise ValueError(f"weights must be two numbers in [0, 1] with sum 1, not {weights!r}")
    per_bands = num_perm // np.arange(1, num_perm + 1)
    bands = np.repeat(np.arange(1, num_perm + 1), per_bands)
    rows = np.concatenate([np.arange(1, most + 1) for most in per_bands])
    below = threshold * (NODES + 1) / 2  # Gauss-Legendre nodes on [0, threshold] and on [threshold, 1]
    above = threshold + (1 - threshold) * (NODES + 1) / 2
    missed_below = (1 - below ** rows[:, None]) ** bands[:, None]
    missed_above = (1 - above ** rows[:, None]) ** bands[:, None]
    false_positive = threshold / 2 * ((1 - missed_below) @ WEIGHTS)
    false_negative = (1 - threshold) / 2 * ((1 - (1 - missed_above)) @ WEIGHTS)
    best = np.argmin(positive * false_positive + negative * false_negative)
    return int(bands[best]), int(rows[best])


def candidate_pairs(signatures: Hashes, bands: int, rows: int) -> Integers:
    """The pairs of documents whose signatures agree in all rows of at least one band.

    Parameters
    ----------
    signatures : uint32[n, num_perm]
        As `minhash.signatures` returns them.
    bands, rows : int
        At least 1 each, bands * rows <= num_perm. Band k is the columns k * rows to (k + 1) * rows - 1.

    Returns
    -------
    int64[m, 2]
        Distinct pairs i < j in lexicographic order. An empty document is in none of them.

    Notes
    -----
    Each band is sorted instead of put into buckets. The pairs are the same as from datasketch's MinHashLSH, except
    that datasketch pairs empty documents with each other.
    """
    check_signatures("signatures", signatures)
    bands = arguments.integer("bands", bands, 1)
    rows = arguments.integer("rows", rows, 1)
    n, num_perm = signatures.shape
    if bands * rows > num_perm:
        raise ValueError(f"bands * rows must be at most num_perm = {num_perm}, not {bands} * {rows}")
    filled = np.flatnonzero((signatures != EMPTY).any(axis=1)).astype(np.int64)  # so that n * n fits
    keys = np.empty(0, np.int64)
    for band in range(bands):
        values = signatures[filled, band * rows : (band + 1) * rows]
        i, j = _equal_rows(values)
        keys = np.union1d(keys, filled[i] * n + filled[j])
    return np.stack(np.divmod(keys, n), axis=1)


def _equal_rows(values):
    """All pairs i < j of equal rows of an array."""
    key = np.zeros(len(values), np.uint64)
    for column in values.T:
        key = (key + column) * MULTIPLIER
        key ^= key >> np.uint64(32)
    order = np.argsort(key, kind="stable")
    border = np.flatnonzero(np.diff(key[order])) + 1
    sizes = np.diff(border, prepend=0, append=len(order))
    # Each row pairs with all rows that follow it in its run of equal keys.
    following = np.repeat(np.cumsum(sizes), sizes) - np.arange(len(order)) - 1
    left = np.repeat(np.arange(len(order)), following)
    right = left + 1 + np.arange(len(left)) - np.repeat(np.cumsum(following) - following, following)
    i, j = order[left], order[right]
    same = (values[i] == values[j]).all(axis=1)  # equal keys do not prove equal rows
    return i[same], j[same]


def bands_for_recall(threshold: float, num_perm: int, recall: float) -> Any:
    """The bands and rows that find a pair exactly at the threshold with at least a given probability.

    Among these it is the pair with the most rows, then the fewest bands, because it compares the fewest pairs below
    the threshold. `optimal_bands` weighs both errors over all similarities instead, and misses many pairs just at
    the threshold.

    Parameters
    ----------
    threshold : float
        Jaccard similarity, in (0, 1].
    num_perm : int
        Number of permutations, at least 2.
    recall : float
        In (0, 1).

    Returns
    -------
    bands, rows : int

    Raises
    ------
    ValueError
        If an argument is out of range, or so many permutations cannot reach that recall.
    """
    threshold = arguments.threshold("threshold", threshold)
    num_perm = arguments.integer("num_perm", num_perm, 2, MOST)
    if not 0 < arguments.share("recall", recall) < 1:
        raise ValueError(f"recall must be above 0 and below 1, not {recall}")
    for rows in range(num_perm, 0, -1):
        chance = threshold**rows
        if chance >= recall:
            return 1, rows
        bands = math.ceil(math.log1p(-recall) / math.log1p(-chance)) if chance > 1e-300 else num_perm + 1
        for count in (bands - 1, bands, bands + 1):  # the logarithms are rounded
            if 0 < count * rows <= num_perm and collision_probability(threshold, count, rows) >= recall:
                return count, rows
    raise ValueError(
        f"recall {recall:g} at the threshold {threshold:g} cannot be reached with {num_perm} permutations: at most"
        f" {collision_probability(threshold, num_perm, 1):.4g}; use more permutations"
    )
