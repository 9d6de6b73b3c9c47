"""The deduplication audit: what one threshold removes, what it misses, and what a model still learns.

`Audit` reads a corpus once (sets, signatures, exact similarities, a held-out set and a learning-curve
plan); `Audit.at(threshold)` then takes milliseconds, so that a reader can move the threshold by hand.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, Flags, Floats, Integers
from dataselect_core.dedup.items import Items, Texts
from dataselect_core.dedup.pairs import clusters, exact_pairs
from dataselect_core.information.curve import Curve, icr, tokens_to_reach
from dataselect_core.information.heldout import heldout_split
from dataselect_core.lsh import candidate_pairs, collision_probability, optimal_bands
from dataselect_core.minhash import signatures

FLOOR = 0.3  # exact similarities are computed down to this value
# Test text comes from whole clusters at this similarity, whatever threshold the reader sets. No threshold may be
# lower, or a training text could be removed in favour of a test text.
HELDOUT_THRESHOLD = 0.5
CHAINED = 0.5  # a removed document less similar than this to its kept document was removed by a chain


@dataclass(frozen=True, eq=False)
class Point:
    """Result of deduplication at one threshold for a corpus of n documents; all values are measured.

    Attributes
    ----------
    threshold : float
    bands, rows : int
    keep : bool[n]
        True for the first document of each cluster in source order.
    cluster : int64[n]
        Index of the kept document of each document's cluster.
    proposed : int64[candidates, 2]
        Pairs that LSH proposed.
    pairs : int64[found_pairs, 2]
        The proposed pairs with exact Jaccard >= threshold.
    candidates, true_pairs, found_pairs, missed, false_positives : int
        Pairs proposed by LSH; pairs with exact Jaccard >= threshold; those of them that LSH proposed, and
        did not propose; proposed pairs below the threshold.
    recall, expected_recall : float or None
        found / true, and the mean of the S-curve over the true pairs; None without true pairs.
    documents_removed, words_removed : int
        Items removed, and their mass: words of texts, pixels of frames, samples of signals.
    chained : int
        Removed documents whose exact Jaccard with the kept one is below `CHAINED`.
    """

    threshold: float
    bands: int
    rows: int
    keep: Flags
    cluster: Integers
    proposed: Integers
    pairs: Integers
    candidates: int
    true_pairs: int
    found_pairs: int
    missed: int
    false_positives: int
    recall: float | None
    expected_recall: float | None
    documents_removed: int
    words_removed: int
    chained: int


@dataclass(frozen=True, eq=False)
class Learning:
    """What the same model learns from the raw and from the deduplicated corpus.

    Attributes
    ----------
    raw, kept : Curve
    uniform_loss : float
        Loss of a model that predicts uniformly, nats per word, frame or clip: progress starts here.
    loss_change : float
        Final loss with the deduplicated corpus minus final loss with the raw one; negative is better.
    tokens_saved_share : float or None
        Mass that the deduplicated corpus saves in reaching the best loss of the raw corpus, as a share of the
        mass that the raw corpus needed. Negative if it needs more; None if it never reaches that loss.
    icr_raw, icr_kept : float
        Progress per counted operation, averaged over the whole run.
    """

    raw: Curve
    kept: Curve
    uniform_loss: float
    loss_change: float
    tokens_saved_share: float | None
    icr_raw: float
    icr_kept: float


class Audit:
    """A corpus prepared for deduplication at any threshold.

    Parameters
    ----------
    corpus : Items, or sequence of str
        The items to deduplicate; a sequence of texts is enough.
    width : int, default 5
        Words in a shingle; used for texts only.
    num_perm : int, default 128
        Values in a MinHash signature.
    seed : int, default 1
        Seed of the permutations, the held-out set and the order of reading.

    Attributes
    ----------
    corpus : Items
    mass : int64[n]
        Compute is proportional to it: words of each document, by white space; pixels of a frame, samples of a clip.
    pairs, similarity : int64[m, 2], float64[m]
        All pairs with exact Jaccard >= `FLOOR`.
    train_index, heldout_index : int64[...]
    plan : CurvePlan or SamplePlan

    Raises
    ------
    TypeError, ValueError
        For arguments that `shingle_sets`, `signatures` or `heldout_split` refuse: two clusters are needed, one
        for training and one for testing.
    """

    def __init__(
        self, corpus: Items | Sequence[str], width: int = 5, num_perm: int = 128, seed: int = 1
    ) -> None:
        for _ in self._steps(corpus, width, num_perm, seed):
            pass

    @classmethod
    def stepwise(
        cls, corpus: Items | Sequence[str], width: int = 5, num_perm: int = 128, seed: int = 1
    ) -> Iterator[tuple[str, float] | Self]:
        """Prepare the audit in steps: an iterator of (label, share done) that ends with the audit as its last item."""
        audit = cls.__new__(cls)
        yield from audit._steps(corpus, width, num_perm, seed)
        yield audit

    def _steps(self, corpus, width, num_perm, seed):
        """Do the work, and yield (label, share done) before each step."""
        self.corpus = corpus if isinstance(corpus, Items) else Texts(corpus)
        self.width, self.num_perm, self.seed = width, num_perm, seed
        n = len(self.corpus)
        yield f"Cutting the {self.corpus.items} into {self.corpus.sets_of}", 0.0
        self.sets = self.corpus.sets(width)
        self.mass = self.corpus.mass
        yield "Computing MinHash signatures", 0.2
        self.signatures = signatures(self.sets, num_perm, seed)
        yield f"Comparing all {self.corpus.items} exactly, to check MinHash against", 0.3
        self.pairs, self.similarity = exact_pairs(self.sets, FLOOR, self.corpus.texts, width)
        self._key = self.pairs[:, 0] * n + self.pairs[:, 1]
        yield f"Preparing the {self.corpus.learner}", 0.7
        near = self.pairs[self.similarity >= HELDOUT_THRESHOLD]
        self.train_index, self.heldout_index = heldout_split(
            clusters(n, near), self.corpus.heldout_share, seed, self.mass
        )
        self.plan = self.corpus.plan(self.train_index, self.heldout_index, seed)
        yield "Training on the raw corpus", 0.9
        self.raw = self.plan.curve()

    def __len__(self) -> int:
        """Number of items."""
        return len(self.corpus)

    def exact(self, pairs: ArrayLike) -> Floats:
        """Exact Jaccard of pairs (i < j): float64[m]; 0 if it is below `FLOOR`."""
        pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
        if not self._key.size:
            return np.zeros(len(pairs))
        key = pairs[:, 0] * len(self) + pairs[:, 1]
        position = np.minimum(np.searchsorted(self._key, key), self._key.size - 1)
        return np.where(self._key[position] == key, self.similarity[position], 0.0)

    def at(self, threshold: float, bands: int | None = None, rows: int | None = None) -> Point:
        """Deduplicate at a threshold.

        Parameters
        ----------
        threshold : float
            In [`HELDOUT_THRESHOLD`, 1].
        bands, rows : int, optional
            Give both or neither; default: `optimal_bands` for the threshold.

        Returns
        -------
        Point

        Raises
        ------
        TypeError, ValueError
            If the threshold is out of range, only one of bands and rows is given, or they exceed `num_perm`.
        """
        _check_threshold(threshold)
        if (bands is None) != (rows is None):
            raise ValueError(
                f"bands and rows must be given together or not at all, not {bands!r} and {rows!r}"
            )
        if bands is None or rows is None:
            bands, rows = optimal_bands(threshold, self.num_perm)
        return self._point(threshold, bands, rows, candidate_pairs(self.signatures, bands, rows))

    def _point(self, threshold, bands, rows, proposed):
        pairs = proposed[self.exact(proposed) >= threshold]
        true_similarity = self.similarity[self.similarity >= threshold]
        cluster = clusters(len(self), pairs)
        keep = cluster == np.arange(len(self))
        removed = np.flatnonzero(~keep)
        to_kept = self.exact(np.column_stack([cluster[removed], removed]))
        expected = (
            collision_probability(true_similarity, bands, rows).mean()
            if true_similarity.size and bands
            else None
        )
        return Point(
            threshold=float(threshold),
            bands=int(bands),
            rows=int(rows),
            keep=keep,
            cluster=cluster,
            proposed=proposed,
            pairs=pairs,
            candidates=len(proposed),
            true_pairs=true_similarity.size,
            found_pairs=len(pairs),
            missed=true_similarity.size - len(pairs),
            false_positives=len(proposed) - len(pairs),
            recall=len(pairs) / true_similarity.size if true_similarity.size else None,
            expected_recall=None if expected is None else float(expected),
            documents_removed=removed.size,
            words_removed=int(self.mass[removed].sum()),
            chained=int((to_kept < CHAINED).sum()),
        )

    def learning(self, point: Point) -> Learning:
        """Train the model on the documents that a point keeps, and compare with the raw corpus.

        Returns
        -------
        Learning
        """
        kept = self.raw if point.keep.all() else self.plan.curve(point.keep)
        uniform = self.plan.uniform_loss
        best = float(self.raw.loss.min())  # not the last: more copies can make the model worse again
        tokens_raw, tokens_kept = tokens_to_reach(self.raw, best), tokens_to_reach(kept, best)
        return Learning(
            raw=self.raw,
            kept=kept,
            uniform_loss=uniform,
            loss_change=float(kept.loss[-1] - self.raw.loss[-1]),
            tokens_saved_share=None
            if tokens_raw is None or tokens_kept is None
            else float(1 - tokens_kept / tokens_raw),
            icr_raw=_mean_icr(uniform, self.raw),
            icr_kept=_mean_icr(uniform, kept),
        )

    def exact_at(self, threshold: float) -> Point:
        """Deduplicate at a threshold by exact similarity: the reference for MinHash.

        Returns
        -------
        Point
            With `bands = rows = 0`, since no LSH is used, and no missed pairs.
        """
        _check_threshold(threshold)
        return self._point(threshold, 0, 0, self.pairs[self.similarity >= threshold])

    def where_removed(self, share: float) -> Point | None:
        """The point, at thresholds in steps of 0.01, whose share of removed documents is closest to a given share.

        It uses exact similarity, without LSH's misses; of equally close thresholds it takes the highest.

        Parameters
        ----------
        share : float
            Share of the documents to remove, in (0, 1).

        Returns
        -------
        Point or None
            None if even `HELDOUT_THRESHOLD` removes less than half of the requested share.
        """
        if not 0 < share < 1:
            raise ValueError(f"share must lie strictly between 0 and 1, not {share!r}")
        target = share * len(self)
        levels = [percent / 100 for percent in range(100, round(100 * HELDOUT_THRESHOLD) - 1, -1)]

        @cache
        def removed(level):
            return self.exact_at(level).documents_removed

        # A lower threshold removes more, so the position is found by bisection.
        position = bisect_left(levels, target, key=removed)
        nearest = min(
            levels[max(position - 1, 0) : position + 1], key=lambda level: abs(removed(level) - target)
        )
        if removed(nearest) < target / 2:
            return None
        return self.exact_at(levels[bisect_left(levels, removed(nearest), key=removed)])

    def recall_by_similarity(self, point: Point, width: float = 0.05) -> tuple[Floats, Floats, Integers]:
        """Measured recall of LSH in bins of exact similarity.

        Returns
        -------
        similarity, recall, pairs : float64[k], float64[k], int64[k]
            Mean similarity, share proposed by LSH, and number of pairs of each bin that holds any.
        """
        proposed = np.isin(self._key, point.proposed[:, 0] * len(self) + point.proposed[:, 1])
        last_bin = int(
            (1 - FLOOR) / width - 1e-9
        )  # a bin includes its lower border, and the last bin includes 1
        bins = np.minimum(((self.similarity - FLOOR) / width + 1e-9).astype(np.intp), last_bin)
        pairs = np.bincount(bins).astype(np.int64)
        nonempty = pairs > 0
        mean = np.bincount(bins, self.similarity)[nonempty] / pairs[nonempty]
        return mean, np.bincount(bins, proposed)[nonempty] / pairs[nonempty], pairs[nonempty]


def _check_threshold(threshold):
    arguments.threshold("threshold", threshold)
    if not HELDOUT_THRESHOLD <= threshold <= 1:
        raise ValueError(f"threshold must lie in [{HELDOUT_THRESHOLD}, 1], not {threshold!r}")


def _mean_icr(uniform_loss, curve):
    """Mean ICR of a run: progress from uniform predictions to the end, per counted operation."""
    return float(icr([0.0, uniform_loss - curve.loss[-1]], [0.0, float(curve.operations[-1])])[0])
