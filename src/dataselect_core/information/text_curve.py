"""What a model has learned for the compute it has spent: learning curves and the ICR.

`prepare` reads a corpus once; the `CurvePlan` it returns then trains and scores the bigram model on
any part of that corpus in milliseconds. This is not an approximation: every point equals a `BigramModel`
fitted from scratch.
"""

from collections.abc import Sequence

import numpy as np

from dataselect_core.arrays import ArrayLike
from dataselect_core.information.curve import Curve, checkpoint_ends
from dataselect_core.learners.bigram import (
    Documents,
    bigram_probability,
    check_discount,
    contexts,
    number,
    word_probability,
    words_of,
)
from dataselect_core.scaling.laws import training_flops


class CurvePlan:
    """A corpus that is read once and prepared for learning from any part of it; made by `prepare`.

    It keeps, for each document, how often each word and bigram occurs in it (sparse, ordered by word and
    by bigram). A curve then needs no text: every document of the chosen part is in the stretch
    between two checkpoints, counts are summed over the stretches, and a bigram becomes a new
    parameter in the earliest stretch that has it.

    Attributes
    ----------
    words : int64[n]
        Words in each document of the whole corpus.
    train_index, heldout_index : int64[...]
        Training documents, in the order of reading, and test documents.
    vocabulary : int
        Distinct words of the whole corpus, plus one for unknown words; the same for all curves.
    uniform_loss : float
        Loss of a model that predicts uniformly over the vocabulary, nats per word.
    """

    def __init__(
        self,
        documents: Documents,
        train_index: ArrayLike,
        heldout_index: ArrayLike,
        discount: float,
        seed: int | None,
    ) -> None:
        self.discount = check_discount(discount)
        ids, self.words, index = number(words_of(documents))
        n = self.words.size
        self.train_index = _documents(train_index, n, "train_index")
        self.heldout_index = _documents(heldout_index, n, "heldout_index")
        if np.intersect1d(self.train_index, self.heldout_index).size:
            raise ValueError("train_index and heldout_index must not share a document")
        if seed is not None:
            self.train_index = np.random.default_rng(seed).permutation(self.train_index)
        self.vocabulary = len(index) + 1
        self.uniform_loss = float(np.log(self.vocabulary))
        width = len(index) + 1
        if width * width * n >= 2**63:
            raise ValueError(
                f"documents must be smaller: {n} of them with {len(index)} distinct words are too many"
            )

        owner = np.repeat(np.arange(n), self.words.astype(np.intp))  # 32 bits in a browser
        previous = contexts(ids, self.words, start=len(index))
        bigram = previous * width + ids
        is_heldout = np.zeros(n, dtype=bool)
        is_heldout[self.heldout_index] = True
        in_heldout = is_heldout[owner]
        self._tokens_tested = int(in_heldout.sum())
        if not self._tokens_tested:
            raise ValueError("heldout_index must hold at least one document with words in it")
        # What the model has to predict in the held-out text: its bigrams, their contexts and their last words.
        heldout_bigrams, self._times = np.unique(bigram[in_heldout], return_counts=True)
        heldout_contexts, self._of_context = np.unique(heldout_bigrams // width, return_inverse=True)
        heldout_words, self._of_word = np.unique(heldout_bigrams % width, return_inverse=True)

        train = np.zeros(n, dtype=bool)
        train[self.train_index] = True
        train = train[owner]
        owner, ids, previous, bigram = owner[train], ids[train], previous[train], bigram[train]
        kind, doc, count = _per_document(bigram, owner, n)
        self._bigrams = _Occurrences(kind, doc)
        follows = _positions(heldout_contexts, self._bigrams.kinds // width)
        self._following = np.flatnonzero(follows >= 0)
        self._follows = follows[self._following]
        self._heldout_bigrams = _Counts(kind, doc, count, heldout_bigrams)
        kind, doc, count = _per_document(ids, owner, n)
        self._unigrams = _Occurrences(kind, doc)
        self._heldout_words = _Counts(kind, doc, count, heldout_words)
        kind, doc, count = _per_document(previous, owner, n)
        self._contexts = _Occurrences(kind, doc)
        self._heldout_contexts = _Counts(kind, doc, count, heldout_contexts)

    def curve(self, keep: ArrayLike | None = None, checkpoints: int | Sequence[int] = 12) -> Curve:
        """Held-out loss of a model that reads the kept training documents, at a few checkpoints.

        Parameters
        ----------
        keep : bool[n], optional
            Documents of the whole corpus that are kept; of these the training documents are read,
            in the plan's order. Default: all.
        checkpoints : int or sequence of int
            How many points, at equal shares of the kept words (each at the end of the document
            that completes its share); or the document counts themselves, strictly increasing.

        Returns
        -------
        Curve
            At most `checkpoints` points: two shares that end in the same document are one.

        Raises
        ------
        ValueError
            If the mask has the wrong length, no words are left, or checkpoints are out of range.
        """
        keep = np.ones(self.words.size, dtype=bool) if keep is None else np.asarray(keep)
        if keep.dtype != bool or keep.shape != self.words.shape:
            raise ValueError(
                f"keep must be a mask of {self.words.size} booleans, one for each document, not "
                f"{keep.dtype} of shape {keep.shape}"
            )
        reading_order = self.train_index[keep[self.train_index]]
        so_far = np.cumsum(self.words[reading_order])
        if not so_far.size or so_far[-1] == 0:
            raise ValueError("keep must leave at least one training document with words in it")
        ends = checkpoint_ends(checkpoints, so_far)
        k = ends.size
        # Stretch of each document: the first checkpoint that includes it; k: not read at all.
        stretch = np.full(self.words.size, k, dtype=np.uint8 if k < 255 else np.int32)
        stretch[reading_order] = np.searchsorted(ends, np.arange(1, reading_order.size + 1))
        tokens = so_far[ends - 1]

        bigrams = self._bigrams.first(stretch)
        followers = _cumulative_sums(
            self._follows, bigrams[self._following], None, self._heldout_contexts.size, k
        )
        words = _cumulative_kinds(self._unigrams.first(stretch), k)
        pairs = _cumulative_kinds(bigrams, k)
        heads = _cumulative_kinds(self._contexts.first(stretch), k)

        word = word_probability(
            self._heldout_words.up_to(stretch, k), tokens, words, self.vocabulary, self.discount
        )
        context = self._heldout_contexts.up_to(stretch, k)
        p = bigram_probability(
            self._heldout_bigrams.up_to(stretch, k),
            context[self._of_context],
            followers[self._of_context],
            word[self._of_word],
            self.discount,
        )
        loss = -(self._times @ np.log(p)) / self._tokens_tested
        parameters = words + heads + pairs
        return Curve(
            documents=ends,
            tokens=tokens,
            operations=3 * tokens + words + pairs,
            parameters=parameters,
            flops=training_flops(parameters, tokens),
            loss=loss,
        )


def prepare(
    documents: Documents,
    train_index: ArrayLike,
    heldout_index: ArrayLike,
    discount: float = 0.75,
    seed: int | None = 1,
) -> CurvePlan:
    """Read a corpus once, so that learning curves of any part of it take milliseconds.

    Parameters
    ----------
    documents : sequence of str, of sequences of str, or of integer arrays
        The whole corpus, as for `BigramModel.fit`.
    train_index, heldout_index : array-like of int
        Training and test documents (see `heldout_split`); no document is in both.
    discount : float, default 0.75
    seed : int or None, default 1
        Order of reading: a permutation of `train_index` drawn from the seed, so that the curve does
        not depend on how the file is sorted; None: as given.

    Returns
    -------
    CurvePlan
    """
    return CurvePlan(documents, train_index, heldout_index, discount, seed)


def learning_curve(
    documents: Documents,
    heldout: Documents,
    checkpoints: int | Sequence[int] = 12,
    keep: ArrayLike | None = None,
    discount: float = 0.75,
    seed: int | None = None,
) -> Curve:
    """Held-out loss of a bigram model after each of several prefixes of its training text.

    Parameters
    ----------
    documents, heldout : sequence of str, of sequences of str, or of integer arrays
        Training and test text, as for `BigramModel`. The vocabulary has the words of both together and
        one unknown word.
    checkpoints : int or sequence of int
        As for `CurvePlan.curve`.
    keep : bool[n], optional
        Training documents to keep; default: all.
    discount : float, default 0.75
    seed : int or None
        Order of reading; None (default): as given.

    Returns
    -------
    Curve
    """
    documents, heldout = list(words_of(documents)), list(words_of(heldout, "heldout"))
    n, m = len(documents), len(heldout)
    if not any(map(len, documents)):
        raise ValueError("documents must hold at least one word")
    kinds = {isinstance(document, np.ndarray) for document in heldout if len(document)}
    if len(kinds) == 1 and any(
        isinstance(document, np.ndarray) not in kinds for document in documents if len(document)
    ):
        raise TypeError("heldout must hold words where documents do, and word ids where documents do")
    plan = prepare(
        documents + heldout,  # type: ignore[arg-type]  # either kind, checked above
        np.arange(n),
        np.arange(n, n + m),
        discount,
        seed,
    )
    if keep is not None:
        keep = np.asarray(keep)
        if keep.dtype != bool or keep.shape != (n,):
            raise ValueError(f"keep must be a mask of {n} booleans, one for each of documents")
        keep = np.concatenate([keep, np.ones(m, dtype=bool)])
    return plan.curve(keep, checkpoints)


class _Occurrences:
    """Which documents contain each kind (of bigram, word or context)."""

    def __init__(self, kind, doc):
        starts = np.flatnonzero(np.diff(kind, prepend=-1))
        self.kinds = kind[starts]
        self._starts, self._doc = starts, doc

    def first(self, stretch):
        """Earliest stretch in which each kind occurs: int[kinds]."""
        return np.minimum.reduceat(stretch[self._doc], self._starts) if self._starts.size else stretch[:0]


class _Counts:
    """How often each of the kinds that the held-out text needs occurs in each document."""

    def __init__(self, kind, doc, count, needed):
        row = _positions(needed, kind)
        present = row >= 0
        self.size = needed.size
        self._row, self._doc, self._count = row[present], doc[present], count[present].astype(float)

    def up_to(self, stretch, k):
        """Count of each kind at the end of each of the k stretches: float64[size, k]."""
        return _cumulative_sums(self._row, stretch[self._doc], self._count, self.size, k)


def _per_document(kind, owner, n):
    """Kind, document and count of every pair of kind and document that occurs, ordered by kind, then document."""
    pair, count = np.unique(kind * n + owner, return_counts=True)
    return pair // n, (pair % n).astype(np.int32), count


def _positions(table, values):
    """Index of each value in a sorted table, -1 if it is not in the table."""
    index = np.minimum(np.searchsorted(table, values), table.size - 1)
    return np.where(table[index] == values, index, -1)


def _cumulative_sums(row, stretch, weights, size, k):
    """Sum of the weights (None: 1 each) of each row at the end of each of the k stretches: [size, k]."""
    table = np.bincount((row * (k + 1) + stretch).astype(np.intp), weights=weights, minlength=size * (k + 1))
    return np.cumsum(table.reshape(size, k + 1)[:, :k], axis=1)


def _cumulative_kinds(first, k):
    """How many kinds have occurred by the end of each of the k stretches."""
    return np.cumsum(np.bincount(first, minlength=k + 1)[:k], dtype=np.int64)


def _documents(index, n, name):
    """A list of document numbers, checked."""
    index = np.asarray(index)
    if index.ndim != 1 or not np.issubdtype(index.dtype, np.integer) or index.size == 0:
        raise ValueError(f"{name} must be a non-empty 1-d array of document numbers")
    if index.min() < 0 or index.max() >= n or np.unique(index).size != index.size:
        raise ValueError(f"{name} must hold distinct document numbers from 0 to {n - 1}")
    return index.astype(np.int64)
