"""An interpolated bigram language model: the learner of the deduplication audit.

It is small enough to be trained while a slider moves, and it is a language model: it predicts every
word from the one before it, and its loss on unseen text falls as it reads more.
"""

from collections.abc import Sequence
from typing import Any, Self, TypeAlias

import numpy as np

from dataselect_core.arrays import ArrayLike, Floats, Integers, Numbers
from dataselect_core.shingles import tokens as cut

Words: TypeAlias = list[str] | Integers
"""One document: its words, or their numbers."""
Documents: TypeAlias = Sequence[str] | Sequence[Sequence[str]] | Sequence[Sequence[int]] | Sequence[Integers]
"""Documents as a caller passes them: texts, lists of words, or lists of their numbers."""


def word_probability(
    count: Numbers, total: ArrayLike, kinds: Numbers, vocabulary: int, discount: float
) -> Floats:
    """Probability of a word without context: absolute discounting against the uniform distribution.

        p(w) = max(c(w) - d, 0) / T  +  d K / T * 1 / V

    T words were read, K of them distinct, and V words are possible. Arrays broadcast. Before anything
    is read (T = 0) it is the uniform 1 / V.
    """
    total = np.asarray(total, dtype=float)
    has_counts = total > 0
    t = np.where(has_counts, total, 1.0)
    p = np.maximum(count - discount, 0.0) / t + discount * kinds / t / vocabulary
    return np.where(has_counts, p, 1.0 / vocabulary)


def bigram_probability(
    count: Numbers, context: ArrayLike, followers: Numbers, word: Numbers, discount: float
) -> Floats:
    """Probability of a word after a context word: absolute discounting, interpolated.

        p(w2 | w1) = max(c(w1, w2) - d, 0) / c(w1)  +  d N(w1) / c(w1) * p(w2)

    c(w1) words followed w1, N(w1) of them distinct. After a context never seen, it is p(w2), `word`.
    """
    context = np.asarray(context, dtype=float)
    followed = context > 0
    c = np.where(followed, context, 1.0)
    p = np.maximum(count - discount, 0.0) / c + discount * followers / c * word
    return np.where(followed, p, word)


def check_discount(discount: float) -> float:
    """The discount as a float; ValueError unless it is strictly between 0 and 1."""
    if isinstance(discount, bool) or not isinstance(discount, (int, float, np.number)):
        raise TypeError(f"discount must be a number between 0 and 1, not {discount!r}")
    if not 0 < discount < 1:
        raise ValueError(f"discount must lie strictly between 0 and 1, not {discount!r}")
    return float(discount)


def words_of(documents: Documents, name: str = "documents") -> list[Words]:
    """Documents converted to one type: a list of token lists, or of integer arrays.

    Parameters
    ----------
    documents : sequence of str, of sequences of str, or of integer arrays
        A text is split into words by `shingles.tokens`; the other two are used unchanged.
    name : str
        Name of the argument in error messages.

    Returns
    -------
    list of list of str, or list of int64[k]
    """
    if isinstance(documents, (str, bytes)) or not isinstance(documents, (Sequence, np.ndarray)):
        raise TypeError(f"{name} must be a sequence of documents, not {type(documents).__name__}")
    converted = []
    coded = None
    for i, document in enumerate(documents):
        if isinstance(document, str):
            document = cut(document)
        elif isinstance(document, np.ndarray):
            if document.ndim != 1 or not (np.issubdtype(document.dtype, np.integer) or document.size == 0):
                raise TypeError(
                    f"{name}[{i}] must be a 1-d array of integer word ids, not "
                    f"{document.dtype} with {document.ndim} dimensions"
                )
            document = document.astype(np.int64, copy=False)
        elif isinstance(document, (list, tuple)):
            document = list(document)
            if document and all(isinstance(w, (int, np.integer)) for w in document):
                document = np.array(document, dtype=np.int64)
            elif not all(isinstance(w, str) for w in document):
                raise TypeError(f"{name}[{i}] must hold only words (str) or only word ids (int)")
        else:
            raise TypeError(
                f"{name}[{i}] must be a text, a list of words or an integer array, not "
                f"{type(document).__name__}"
            )
        if len(document):
            is_coded = isinstance(document, np.ndarray)
            if coded is not None and coded != is_coded:
                raise TypeError(f"{name} must be all words or all word ids, not both; {name}[{i}] differs")
            coded = is_coded
        converted.append(document)
    return converted


def number(documents: Sequence[Words]) -> tuple[Integers, Integers, dict[Any, int]]:
    """Number the words of checked documents 0, 1, ... in order of first appearance.

    Parameters
    ----------
    documents : list of list of str, or list of int64[k]
        As `words_of` returns them.

    Returns
    -------
    ids : int64[T]
        Word numbers of all documents, one after the other.
    lengths : int64[n]
        Words in each document.
    index : dict
        Number of each word.
    """
    lengths = np.array([len(d) for d in documents], dtype=np.int64)
    index: dict[Any, int] = {}
    ids = np.empty(int(lengths.sum()), dtype=np.int64)
    start = 0
    for document in documents:
        if isinstance(document, np.ndarray):
            document = document.tolist()
        ids[start : start + len(document)] = [index.setdefault(w, len(index)) for w in document]
        start += len(document)
    return ids, lengths, index


def contexts(ids: Integers, lengths: Integers, start: int) -> Integers:
    """The word before each word; `start` before the first word of a document."""
    before = np.empty_like(ids)
    before[1:] = ids[:-1]
    first = (np.cumsum(lengths) - lengths)[lengths > 0]
    before[first] = start
    return before


class BigramModel:
    """Interpolated bigram language model with absolute discounting.

    With d the discount, c the counts, N(w1) the number of distinct words seen after w1, T words read
    and K distinct ones among them:

        p(w2 | w1) = max(c(w1, w2) - d, 0) / c(w1)  +  d N(w1) / c(w1) * p(w2)
        p(w)       = max(c(w) - d, 0) / T           +  d K / T * 1 / V

    V is the size of the vocabulary, with one place for all unknown words. Every document begins
    after its own start mark, so no bigram crosses a border between documents, and every word
    is predicted once. c(w1) counts the words that followed w1 (not its occurrences: no word follows
    the last word of a document). After a context never seen, p(w2 | w1) = p(w2).

    Parameters
    ----------
    discount : float, default 0.75
        d, strictly between 0 and 1.
    vocabulary : int, optional
        V. Default: the distinct words of the training text, plus one for unknown words. Set it to
        compare models of different training texts with the same vocabulary.

    Attributes
    ----------
    operations : int
        Elementary updates of the count tables that the training text causes (measured): three per
        word, for c(w2), c(w1, w2) and c(w1), one more for K at each new word and one more for N(w1)
        at each new bigram. Scoring is not counted.
    parameters : int
        Number of counts: distinct words, distinct contexts and distinct bigrams.
    tokens : int
        Words read, T.
    vocabulary_ : int
        V as used.

    References
    ----------
    H. Ney, U. Essen, R. Kneser: On structuring probabilistic dependences in stochastic language
    modelling. Computer Speech and Language 8 (1994), 1-38: absolute discounting with interpolation.
    """

    def __init__(self, discount: float = 0.75, vocabulary: int | None = None) -> None:
        self.discount = check_discount(discount)
        if vocabulary is not None:
            is_integer = isinstance(vocabulary, (int, np.integer)) and not isinstance(vocabulary, bool)
            if not is_integer or vocabulary < 1:
                raise ValueError(
                    f"vocabulary must be a whole number of at least 1, or None, not {vocabulary!r}"
                )
        self.vocabulary = vocabulary

    def fit(self, documents: Documents) -> Self:
        """Count the words and bigrams of the training text.

        Parameters
        ----------
        documents : sequence of str, of sequences of str, or of integer arrays
            Texts (split by `shingles.tokens`), lists of words, or arrays of word ids.

        Returns
        -------
        BigramModel
            The model itself.

        Raises
        ------
        ValueError
            If no document has a word, or `vocabulary` has no room for the words and one unknown word.
        TypeError
            If a document is none of the three.
        """
        ids, lengths, self._index = number(words_of(documents))
        if not ids.size:
            raise ValueError("documents must hold at least one word, but all of them are empty")
        kinds = len(self._index)
        self.vocabulary_ = kinds + 1 if self.vocabulary is None else int(self.vocabulary)
        if kinds >= self.vocabulary_:
            raise ValueError(
                f"vocabulary must be at least {kinds + 1}, the distinct words of documents and "
                f"one for the unknown, not {self.vocabulary_}"
            )
        # Number `kinds` is the unknown word; as a context, `kinds + 1` is the start mark.
        self._width = kinds + 1
        before = contexts(ids, lengths, start=kinds + 1)
        self._bigrams, self._bigram_counts = np.unique(before * self._width + ids, return_counts=True)
        self._word_counts = np.bincount(ids.astype(np.intp), minlength=kinds + 1)
        self._context_counts = np.bincount(before.astype(np.intp), minlength=kinds + 2)
        self._followers = np.bincount((self._bigrams // self._width).astype(np.intp), minlength=kinds + 2)
        self.tokens = int(ids.size)
        self._kinds = kinds
        self.operations = 3 * self.tokens + kinds + int(self._bigrams.size)
        self.parameters = kinds + int((self._context_counts > 0).sum()) + int(self._bigrams.size)
        return self

    def log_loss(self, documents: Documents) -> float:
        """Mean negative log-likelihood of a text.

        Parameters
        ----------
        documents : sequence of str, of sequences of str, or of integer arrays
            As for `fit`.

        Returns
        -------
        float
            Nats per word.

        Raises
        ------
        RuntimeError
            If the model has not been fitted.
        ValueError
            If no document has a word.
        """
        return float(-np.log(self.probabilities(documents)).mean())

    def probabilities(self, documents: Documents) -> Floats:
        """Probability of each word of the documents, one after the other: float[T]."""
        if not hasattr(self, "_index"):
            raise RuntimeError("fit must be called before the model can score a text")
        documents = words_of(documents)
        unknown = self._kinds
        word_id = self._index.get
        ids = np.array(
            [
                word_id(w, unknown)
                for d in documents
                for w in (d.tolist() if isinstance(d, np.ndarray) else d)
            ],
            dtype=np.int64,
        )
        if not ids.size:
            raise ValueError("documents must hold at least one word, but all of them are empty")
        lengths = np.array([len(d) for d in documents], dtype=np.int64)
        before = contexts(ids, lengths, start=self._kinds + 1)
        key = before * self._width + ids
        position = np.minimum(np.searchsorted(self._bigrams, key), self._bigrams.size - 1)
        count = np.where(self._bigrams[position] == key, self._bigram_counts[position], 0)
        word = word_probability(
            self._word_counts[ids], self.tokens, self._kinds, self.vocabulary_, self.discount
        )
        return bigram_probability(
            count, self._context_counts[before], self._followers[before], word, self.discount
        )
