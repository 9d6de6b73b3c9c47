"""Join documents into clusters: runs of equal keys are compared, and a pair that is in one cluster is passed over."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from dataselect_core.arrays import BandKeys, Integers
from dataselect_core.dedup.pairs import clusters

COMPARE_DOCUMENTS = 4096  # compared in one task
COMPARE_BYTES = 1 << 18  # of documents compared in one task
WINDOW = 64  # tasks of comparisons after which their results are joined; the same for any number of processes
TABLE_BITS = 22  # of a key, by which keys that occur once are passed over


class Clusters:
    """Documents joined so far; the first one of a cluster is its root."""

    def __init__(self, n: int) -> None:
        self._parent = np.arange(n)

    def roots(self, documents: Integers) -> Integers:
        """The root of each document's cluster; int[...] like `documents`."""
        root = self._parent[documents]
        while (root != (parent := self._parent[root])).any():
            root = parent
        self._parent[documents] = root
        return root

    def join(self, pairs: Integers) -> None:
        """Join the clusters of the documents of each pair, int[m, 2]."""
        roots, positions = np.unique(self.roots(pairs), return_inverse=True)
        if len(roots):
            self._parent[roots] = roots[clusters(len(roots), positions.reshape(pairs.shape))]


def first_of_each(fingerprints: BandKeys) -> Integers:
    """For every row, the index of the first row equal to it."""
    order = np.lexsort(fingerprints.T)
    ordered = fingerprints[order]
    new = np.append(True, (ordered[1:] != ordered[:-1]).any(axis=1))[: len(order)]
    first = np.empty(len(order), np.int64)
    first[order] = order[np.flatnonzero(new)][np.cumsum(new) - 1]
    return first


def runs(keys: BandKeys) -> tuple[Integers, Integers, Integers]:
    """Positions of the keys that may occur twice, in the order that sorts them (stably); and the runs of equal keys.

    Returns start and size of each run of two or more. Most keys occur once: sorting only the keys themselves, which is
    quicker than sorting their positions, tells which low bits belong to the others.
    """
    ordered = np.sort(keys)
    low_bits = np.uint64((1 << TABLE_BITS) - 1)
    repeated = np.zeros(1 << TABLE_BITS, bool)
    repeated[(ordered[1:][ordered[1:] == ordered[:-1]] & low_bits).astype(np.intp)] = True
    candidates = np.flatnonzero(repeated[(keys & low_bits).astype(np.intp)])
    order = candidates[np.argsort(keys[candidates], kind="stable")]
    ordered = keys[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(order)])
    sizes = np.diff(starts, append=len(order))
    return order, starts[sizes > 1], sizes[sizes > 1]


def compare_runs(
    documents: Integers,
    starts: Integers,
    sizes: Integers,
    similarity: Any,
    threshold: float,
    forest: Clusters,
) -> Iterator[int]:
    """Compare within each run of documents, and join similar ones; yields numbers of comparisons.

    The first of each run is compared with all after it, then the second, until each run is one cluster or all
    its pairs were compared. Only the pairs of one such round are in memory at a time.
    """
    while len(starts):
        following = sizes - 1
        left = np.repeat(documents[starts], following)
        right = documents[ranges(starts + 1, following)]
        batches = in_batches(right, similarity.weights)
        while window := list(islice(batches, WINDOW)):
            pending = []
            for batch in window:
                pairs = np.stack([left[batch], right[batch]], axis=1)
                roots = forest.roots(pairs)
                pairs = pairs[roots[:, 0] != roots[:, 1]]
                if len(pairs):
                    pending.append((pairs, similarity.submit(pairs)))
            for pairs, result in pending:
                forest.join(pairs[result() >= threshold])
                yield len(pairs)
        starts, sizes = starts[sizes > 2] + 1, sizes[sizes > 2] - 1
        if len(starts):
            roots = forest.roots(documents[ranges(starts, sizes)])
            borders = np.cumsum(sizes) - sizes
            unfinished = np.minimum.reduceat(roots, borders) != np.maximum.reduceat(roots, borders)
            starts, sizes = starts[unfinished], sizes[unfinished]


def in_batches(documents: Integers, weights: Integers | None) -> Iterator[slice]:
    """Slices of a list of documents with about COMPARE_BYTES in all, and at most COMPARE_DOCUMENTS."""
    start = 0
    while start < len(documents):
        stop = min(start + COMPARE_DOCUMENTS, len(documents))
        if weights is not None:
            total = np.cumsum(weights[documents[start:stop]])
            stop = start + max(1, int(np.searchsorted(total, COMPARE_BYTES)))
        yield slice(start, stop)
        start = stop


def ranges(starts: Integers, sizes: Integers) -> Integers:
    """`size` numbers from each start on, one range after the other."""
    return np.repeat(starts - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())
