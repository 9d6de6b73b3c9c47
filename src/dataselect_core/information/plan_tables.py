"""The counts from which a `CurvePlan` can be made again without the texts, as a few small arrays."""

from collections.abc import Mapping

import numpy as np

from dataselect_core.arrays import Floats, Integers, Shorts
from dataselect_core.information.text_curve import (
    CurvePlan,
    _Counts,
    _Occurrences,
    _positions,
)
from dataselect_core.learners.bigram import Documents, contexts, number, words_of


def tables(plan: CurvePlan, documents: Documents) -> dict[str, Integers]:
    """The counts of a plan.

    Parameters
    ----------
    plan : CurvePlan
    documents : sequence of str, of sequences of str, or of integer arrays
        What the plan was prepared from.

    Returns
    -------
    dict of int64 arrays
        `words`, `train_index`, `heldout_index`, `vocabulary` (one number); `kinds`, the distinct bigrams of the
        training documents, ascending; `in_document`, how many of them each document has; `kind` and `count`,
        document by document, the places of its bigrams in `kinds`, ascending, and how often each occurs in it;
        `heldout` and `times`, the bigrams of the held-out text and how often each occurs.
    """
    ids, words, index = number(words_of(documents))
    n, width = words.size, len(index) + 1
    owner = np.repeat(np.arange(n), words.astype(np.intp))
    bigram = contexts(ids, words, start=len(index)) * width + ids
    read, tested = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    read[plan.train_index], tested[plan.heldout_index] = True, True
    heldout, times = np.unique(bigram[tested[owner]], return_counts=True)
    kinds, kind = np.unique(bigram[read[owner]], return_inverse=True)
    pair, count = np.unique(owner[read[owner]] * len(kinds) + kind, return_counts=True)
    document, kind = np.divmod(pair, len(kinds))
    arrays = {
        "words": words,
        "train_index": plan.train_index,
        "heldout_index": plan.heldout_index,
        "vocabulary": np.array([plan.vocabulary]),
        "kinds": kinds,
        "in_document": np.bincount(document.astype(np.intp), minlength=n),
        "kind": kind,
        "count": count,
        "heldout": heldout,
        "times": times,
    }
    return {name: array.astype(np.int64) for name, array in arrays.items()}


def plan_of(given: Mapping[str, Integers], discount: float = 0.75) -> CurvePlan:
    """The plan that `tables` was called with; its curves are the same to the last bit.

    Parameters
    ----------
    given : mapping of int64 arrays
        As `tables` returns them.
    discount : float, default 0.75
    """
    plan = CurvePlan.__new__(CurvePlan)
    plan.discount = discount
    plan.words, plan.train_index, plan.heldout_index = (
        given[name] for name in ("words", "train_index", "heldout_index")
    )
    plan.vocabulary = width = int(given["vocabulary"][0])
    plan.uniform_loss = float(np.log(width))
    kinds, heldout = given["kinds"], given["heldout"]
    kind, count = given["kind"], given["count"].astype(float)
    document = np.repeat(np.arange(plan.words.size, dtype=np.int32), given["in_document"].astype(np.intp))
    plan._tokens_tested, plan._times = int(given["times"].sum()), given["times"]
    heldout_contexts, plan._of_context = np.unique(heldout // width, return_inverse=True)
    heldout_words, plan._of_word = np.unique(heldout % width, return_inverse=True)
    before, last = kinds // width, kinds % width

    bigrams = _Bigrams(kinds, kind, document)
    plan._bigrams = bigrams
    plan._unigrams, plan._contexts = _Groups(bigrams, last), _Groups(bigrams, before)
    follows = _positions(heldout_contexts, before)
    plan._following = np.flatnonzero(follows >= 0)
    plan._follows = follows[plan._following]
    plan._heldout_bigrams = _counts(heldout.size, _positions(heldout, kinds)[kind], document, count)
    # A word or context occurs in a document as often as all bigrams with it. The bigrams of one document with the same
    # context are next to each other; those with the same last word after they have been sorted by it.
    row = _positions(heldout_contexts, before)[kind]
    plan._heldout_contexts = _added(heldout_contexts.size, row, document, count)
    row = _positions(heldout_words, last)[kind]
    order = _stable_order(row + 1)
    plan._heldout_words = _added(heldout_words.size, row[order], document[order], count[order])
    return plan


def _stable_order(numbers: Integers) -> Integers:
    """As `numpy.argsort(numbers, kind="stable")` of numbers from 0: it sorts 16 bits several times faster than more."""
    order = np.argsort((numbers & 0xFFFF).astype(np.uint16), kind="stable")
    high = (numbers >> 16).astype(np.uint16)
    return order[np.argsort(high[order], kind="stable")] if high.any() else order


def _added(size: int, row: Integers, document: Shorts, count: Floats) -> _Counts:
    """Counts by row and document; entries of the same row and document, which are neighbours, are added up."""
    differs = (row[1:] != row[:-1]) | (document[1:] != document[:-1])
    first = np.flatnonzero(np.append(True, differs)[: len(row)])
    return _counts(size, row[first], document[first], np.add.reduceat(count, first))


def _counts(size: int, row: Integers, document: Shorts, count: Floats) -> _Counts:
    """Counts by row and document; entries with a negative row are left out."""
    counts = _Counts.__new__(_Counts)
    present = row >= 0
    counts.size, counts._row = size, row[present]
    counts._doc, counts._count = document[present], count[present]
    return counts


class _Bigrams(_Occurrences):
    """Which documents contain each bigram; the last answer is kept, since words and contexts follow from it."""

    def __init__(self, kinds, kind, document):
        self.kinds, self._doc = kinds, document[_stable_order(kind)]
        size = np.bincount(kind.astype(np.intp), minlength=len(kinds))
        self._starts = np.cumsum(size) - size
        self._last = None, None

    def first(self, stretch):
        if self._last[0] is not stretch:
            self._last = stretch, super().first(stretch)
        return self._last[1]


class _Groups(_Occurrences):
    """Words or contexts, each of which is read first where its first bigram is."""

    def __init__(self, bigrams, group):
        self._bigrams, self._order = bigrams, np.argsort(group, kind="stable")
        self._starts = np.flatnonzero(np.diff(group[self._order], prepend=-1))

    def first(self, stretch):
        """Earliest stretch in which each of them occurs: int[groups]."""
        return np.minimum.reduceat(self._bigrams.first(stretch)[self._order], self._starts)
