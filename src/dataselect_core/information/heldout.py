"""A test set that shares no near-duplicate with the training set."""

import numpy as np

from dataselect_core.arrays import ArrayLike, Integers


def heldout_split(
    cluster: ArrayLike, share: float = 0.1, seed: int = 1, words: ArrayLike | None = None
) -> tuple[Integers, Integers]:
    """Set whole clusters aside for testing, so that no near-duplicate of a test text is trained on.

    The clusters are visited in an order drawn from the seed; each one that still fits under the
    share is set aside whole. If none fits, the smallest one is set aside.

    Parameters
    ----------
    cluster : array-like of int, shape (n,)
        Cluster label of each document (`Deduplication.cluster` at a low threshold such as 0.5).
    share : float, default 0.1
        Share of the words to set aside, strictly between 0 and 1; approached from below.
    seed : int, default 1
    words : array-like of int, shape (n,), optional
        Words of each document; default: every document counts the same.

    Returns
    -------
    train_index, heldout_index : int64[...], int64[...]
        Documents of each side, in input order.

    Raises
    ------
    ValueError
        If there are fewer than two clusters, share is outside (0, 1), lengths differ, or words are negative.
    """
    cluster = np.asarray(cluster)
    if cluster.ndim != 1 or not np.issubdtype(cluster.dtype, np.integer):
        raise ValueError("cluster must be a 1-d array of integer labels")
    labels, member = np.unique(cluster, return_inverse=True)
    if labels.size < 2:
        raise ValueError(f"cluster must hold at least two clusters to split, not {labels.size}")
    if not 0 < share < 1:
        raise ValueError(f"share must be strictly between 0 and 1, not {share!r}")
    words = np.ones(cluster.size) if words is None else np.asarray(words, dtype=float)
    if words.shape != cluster.shape or not np.isfinite(words).all() or (words < 0).any():
        raise ValueError(f"words must be {cluster.size} counts of at least 0, one for each document")
    size = np.bincount(member, weights=words)
    order = np.random.default_rng(seed).permutation(labels.size)
    room = share * words.sum()
    is_heldout_cluster = np.zeros(labels.size, dtype=bool)
    for label in order:
        if size[label] <= room:
            is_heldout_cluster[label] = True
            room -= size[label]
    if not size[is_heldout_cluster].sum() > 0:
        is_heldout_cluster[order[np.argmin(size[order])]] = True
    is_heldout = is_heldout_cluster[member]
    return np.flatnonzero(~is_heldout).astype(np.int64), np.flatnonzero(is_heldout).astype(np.int64)
