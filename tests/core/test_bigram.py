"""The bigram model, compared with plain dictionaries that count word by word."""

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataselect_core.learners import BigramModel

texts = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=12), min_size=1, max_size=6)


class Plain:
    """The definition in dictionaries, one elementary update after the other."""

    def __init__(self, documents, discount=0.75, vocabulary=None):
        self.d = discount
        self.words, self.pairs, self.heads, self.kinds = (defaultdict(int) for _ in range(4))
        self.operations = self.tokens = self.distinct = 0
        for document in documents:
            previous = "<start>"
            for word in document:
                if word not in self.words:
                    self.distinct += 1
                    self.operations += 1
                if (previous, word) not in self.pairs:
                    self.kinds[previous] += 1
                    self.operations += 1
                for table, key in (
                    (self.words, word),
                    (self.pairs, (previous, word)),
                    (self.heads, previous),
                ):
                    table[key] += 1
                    self.operations += 1
                self.tokens += 1
                previous = word
        self.v = vocabulary or self.distinct + 1

    def p(self, word, previous):
        uni = max(self.words.get(word, 0) - self.d, 0) / self.tokens
        uni += self.d * self.distinct / self.tokens / self.v
        c = self.heads.get(previous, 0)
        if c == 0:
            return uni
        return (
            max(self.pairs.get((previous, word), 0) - self.d, 0) / c + self.d * self.kinds[previous] / c * uni
        )

    def log_loss(self, documents):
        losses = [
            -math.log(self.p(w, b)) for d in documents for b, w in zip(["<start>", *d], d, strict=False)
        ]
        return sum(losses) / len(losses)


def with_one_word(documents):
    return [*documents, ["a"]]


@settings(max_examples=150, deadline=None)
@given(texts, texts, st.floats(0.05, 0.95))
def test_the_model_equals_the_plain_definition(train, test, discount):
    """Loss, operations, tokens and stored parameters equal those of dictionaries that count word by word."""
    train, test = with_one_word(train), [*with_one_word(test), ["z", "a", "z"]]
    plain, model = Plain(train, discount), BigramModel(discount).fit(train)
    assert model.log_loss(test) == pytest.approx(plain.log_loss(test), abs=1e-12)
    assert model.operations == plain.operations
    assert model.tokens == plain.tokens
    assert model.parameters == len(plain.words) + len(plain.heads) + len(plain.pairs)


@settings(max_examples=50, deadline=None)
@given(texts, st.integers(0, 5))
def test_probabilities_sum_to_one(train, spare):
    """After any context, known or unknown, the probabilities of known and unknown words sum to 1."""
    train = with_one_word(train)
    known = sorted({w for d in train for w in d})
    size = len(known) + 1 + spare
    model = BigramModel(vocabulary=size).fit(train)
    for context in [*known, "never seen"]:
        p = [model.probabilities([[context, w]])[1] for w in [*known, "unknown"]]
        assert sum(p[:-1]) + (1 + spare) * p[-1] == pytest.approx(1, abs=1e-12)
        assert min(p) > 0


def test_probabilities_equal_a_computation_by_hand():
    """A corpus of three words gives the fractions that one gets on paper."""
    model = BigramModel(discount=0.5).fit([["a", "b", "a"]])
    uni_b = 0.5 / 3 + 0.5 * 2 / 3 / 3
    uni_z = 0.5 * 2 / 3 / 3
    assert model.probabilities([["a", "b"]])[1] == pytest.approx(0.5 / 1 + 0.5 * 1 / 1 * uni_b)
    assert model.probabilities([["a", "z"]])[1] == pytest.approx(0.5 * uni_z)
    assert model.probabilities([["z", "b"]])[1] == pytest.approx(uni_b)
    assert model.vocabulary_ == 3
    assert model.operations == 3 * 3 + 2 + 3


def test_no_bigram_crosses_a_document_border():
    """Two documents teach something different from the same words in one document."""
    apart = BigramModel().fit([["a", "b"], ["c", "d"]])
    joined = BigramModel().fit([["a", "b", "c", "d"]])
    assert apart.log_loss([["b", "c"]]) > joined.log_loss([["b", "c"]])


def test_empty_documents_do_not_change_the_model():
    """Empty documents, anywhere, change neither the fit nor the score."""
    documents, with_empty = [["a", "b"], ["b"]], [[], ["a", "b"], [], ["b"], []]
    assert BigramModel().fit(documents).log_loss(documents) == BigramModel().fit(with_empty).log_loss(
        with_empty
    )


def test_texts_words_and_ids_give_the_same_loss():
    """Texts are split into words as everywhere in the lab, and word ids work like words."""
    texts = ["The cat. The DOG!", "the cat"]
    words = [["the", "cat", "the", "dog"], ["the", "cat"]]
    ids = [np.array([7, 3, 7, 900]), np.array([7, 3])]
    losses = [BigramModel().fit(form).log_loss(form) for form in (texts, words, ids)]
    assert losses[0] == losses[1] == losses[2]


def test_a_repeated_text_has_a_lower_loss():
    """A text read twice is predicted better than one read once."""
    text = [list("the quick brown fox jumps over the lazy dog")]
    assert BigramModel().fit(text * 2).log_loss(text) < BigramModel().fit(text).log_loss(text)


def test_a_larger_vocabulary_raises_the_loss():
    """The same words are less likely in a larger vocabulary, and one that is too small is refused."""
    text = [["a", "b", "c"]]
    small, large = (BigramModel(vocabulary=v).fit(text).log_loss([["q"]]) for v in (10, 1000))
    assert large > small
    with pytest.raises(ValueError, match="vocabulary must be at least 4"):
        BigramModel(vocabulary=3).fit(text)


@pytest.mark.parametrize("discount", [0, 1, -0.1, 1.5, float("nan")])
def test_a_discount_out_of_range_is_refused(discount):
    """A discount outside (0, 1) is refused by name."""
    with pytest.raises(ValueError, match="discount must lie strictly between 0 and 1"):
        BigramModel(discount)


@pytest.mark.parametrize(
    ("documents", "error", "message"),
    [
        ([], ValueError, "at least one word"),
        ([[], ""], ValueError, "at least one word"),
        ("a text", TypeError, "sequence of documents"),
        ([None], TypeError, r"documents\[0\]"),
        ([["a"], [1.5]], TypeError, r"documents\[1\]"),
        ([["a"], [1, 2]], TypeError, "all words or all word ids"),
        ([np.array([0.5])], TypeError, "integer word ids"),
    ],
)
def test_bad_documents_are_refused(documents, error, message):
    """Documents of the wrong type, or without a word, are refused with their place, by fit and by log_loss."""
    with pytest.raises(error, match=message):
        BigramModel().fit(documents)
    with pytest.raises(error, match=message):
        BigramModel().fit([["a"]]).log_loss(documents)


def test_scoring_before_fitting_raises_an_error():
    """The error of an unfitted model says what to do first."""
    with pytest.raises(RuntimeError, match="fit must be called"):
        BigramModel().log_loss([["a"]])


@pytest.mark.parametrize("vocabulary", [0, -1, 2.5, True])
def test_a_bad_vocabulary_is_refused(vocabulary):
    """A vocabulary that is not a positive whole number is refused."""
    with pytest.raises(ValueError, match="vocabulary must be a whole number"):
        BigramModel(vocabulary=vocabulary)
