"""Similarities of pairs of documents of a corpus in files: exact, estimated, and a log of the similar ones."""

import math
from array import array
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from dataselect_core.arrays import Floats, Hashes, Integers
from dataselect_core.dedup.pairs import confirmed, exact_similarity
from dataselect_core.dedup.workers import Workers
from dataselect_core.minhash import jaccard
from dataselect_core.shingles import shingle_sets

CACHED = 1 << 23  # shingles of recently compared documents, 4 bytes each


class ExactSimilarity:
    """Similarities by the shingles of the texts, which are read again; shingles of recent documents are cached."""

    def __init__(
        self, corpus: Any, index: Any, width: int, threshold: float = 0.0, workers: Workers | None = None
    ) -> None:
        self.corpus, self.index, self.width, self.threshold = corpus, index, width, threshold
        self.weights = index.size  # bytes; they determine how many pairs are compared at a time
        self.workers = workers or Workers()
        self._cache: OrderedDict[int, Hashes] = OrderedDict()
        self._shingles = 0

    def __call__(self, pairs):
        return self.submit(pairs)()

    def submit(self, pairs: Integers) -> Callable[[], Floats]:
        """A function that waits for and returns the similarities."""
        documents, positions = np.unique(pairs, return_inverse=True)
        requested = documents.tolist()
        missing = [number for number, document in enumerate(requested) if document not in self._cache]
        texts = self.corpus.texts(self.index, documents[missing])
        cached = [self._cache.get(document) for document in requested]
        for document in requested:
            if document in self._cache:
                self._cache.move_to_end(document)
        positions = positions.reshape(pairs.shape)
        result = self.workers.submit(compare_texts, texts, cached, positions, self.width)

        def confirm():
            similarity, sizes, sets = result()
            self._store([requested[number] for number in missing], sets)

            def read(subset):
                return self.corpus.texts(self.index, documents[subset])

            return confirmed(sizes, positions, similarity, self.threshold, read, self.width)

        return confirm

    def _store(self, documents, sets):
        for document, members in zip(documents, sets, strict=True):
            if document not in self._cache:
                self._cache[document] = members
                self._shingles += len(members)
        while self._shingles > CACHED and self._cache:
            self._shingles -= len(self._cache.popitem(last=False)[1])


class EstimatedSimilarity:
    """Similarities estimated from the signatures."""

    def __init__(self, signatures: Any) -> None:
        self.signatures = signatures
        self.weights = None

    def __call__(self, pairs):
        documents, positions = np.unique(pairs, return_inverse=True)
        rows, positions = self.signatures.rows(documents), positions.reshape(pairs.shape)
        return jaccard(rows[positions[:, 0]], rows[positions[:, 1]])

    def submit(self, pairs: Integers) -> Callable[[], Floats]:
        """A function that returns the similarities; they are too cheap to compute for another process."""
        similarity = self(pairs)
        return lambda: similarity


class SimilarityLog:
    """Records the similarities that reach the threshold, so that none of them is computed twice.

    Parameters
    ----------
    similarity : callable
        int[m, 2] -> float[m], with `weights`.
    threshold : float
    """

    def __init__(self, similarity: Any, threshold: float) -> None:
        self._similarity, self._threshold = similarity, threshold
        self.weights = similarity.weights
        self._pairs, self._values = array("q"), array("d")

    def __call__(self, pairs):
        return self.submit(pairs)()

    def submit(self, pairs: Integers) -> Callable[[], Floats]:
        """A function that waits for, records and returns the similarities."""
        result = self._similarity.submit(pairs)
        return lambda: self._record(pairs, result())

    def _record(self, pairs, similarity):
        similar = similarity >= self._threshold
        self._pairs.frombytes(np.ascontiguousarray(pairs[similar], np.int64).tobytes())
        self._values.frombytes(np.ascontiguousarray(similarity[similar], np.float64).tobytes())
        return similarity

    def to_kept(self, kept: Integers) -> Floats:
        """Similarity of every document to the kept one of its cluster: float64[n], NaN where none is recorded.

        Parameters
        ----------
        kept : int64[n]
            The kept document of each document's cluster.
        """
        similarity = np.full(len(kept), math.nan)
        similarity[kept == np.arange(len(kept))] = 1.0
        pairs = (
            np.frombuffer(self._pairs, np.int64).reshape(-1, 2) if self._pairs else np.empty((0, 2), np.int64)
        )
        values = np.frombuffer(self._values) if self._values else np.empty(0)
        for i, j in ((0, 1), (1, 0)):
            matches = kept[pairs[:, i]] == pairs[:, j]
            similarity[pairs[matches, i]] = values[matches]
        return similarity


def compare_texts(texts: list[str], cached: list, pairs: Integers, width: int) -> tuple:
    """Similarities of pairs of documents; for each document either the text or the shingles are given.

    Parameters
    ----------
    texts : list of str, m
        Texts of the documents whose shingles are not given, in their order.
    cached : list of (uint32 array or None), n
        Shingles of each document; None: made from the next text.
    pairs : int[k, 2]
    width : int

    Returns
    -------
    similarity : float64[k]
        As in `pairs.exact_similarity`; similarities with only one shared hash are not confirmed.
    sizes : int64[n]
        Sizes of the sets of shingles.
    sets : list of uint32 arrays, m
        The shingles of the texts.
    """
    # Copies, because each array is a view that would keep its neighbours in memory too.
    sets = [members.copy() for members in shingle_sets(texts, width)] if texts else []
    new_sets = iter(sets)
    shingles = [next(new_sets) if members is None else members for members in cached]
    return exact_similarity(shingles, pairs), np.array([len(members) for members in shingles]), sets
