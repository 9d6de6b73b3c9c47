"""Shingles compared with sets of word n-grams made from strings, and with the hash in Python integers."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect_core import shingles
from dataselect_core.datasets import licences
from dataselect_core.shingles import flatten, shingle_hashes, shingle_sets, tokens

WORDS = st.lists(st.sampled_from(["a", "b", "ab", "ba", "abcdefgh", "abcdefghi", "0"]), max_size=12)


def ngrams(text, width=5):
    """The distinct word n-grams of a text, as tuples of strings."""
    words = tokens(text)
    if 0 < len(words) < width:
        return {tuple(words)}
    return {tuple(words[i : i + width]) for i in range(len(words) - width + 1)}


def hash_of(ngram, width):
    """The polynomial hash of one shingle in Python integers."""
    total = 0
    for word in ngram:
        data, value = word.encode(), None
        while data:
            data, last = data[:-8], int.from_bytes(data[-8:], "little")
            value = last if value is None else value * int(shingles.BASE) + last
            value = value * int(shingles.MIX) % 2**64
            value ^= value >> 32
        total = (total * int(shingles.BASE) + value) % 2**64
    total = total * int(shingles.BASE) ** (width - len(ngram)) % 2**64
    total ^= total >> 32
    return (total * int(shingles.FINAL) % 2**64) >> 32


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_tokens_equal_a_regular_expression(text):
    """ASCII tokens are the runs of [a-z0-9] in the lower-cased text; test_words.py covers the other scripts."""
    assert tokens(text) == re.findall("[a-z0-9]+", text.lower())


@given(
    st.lists(
        st.text(
            st.one_of(st.characters(), st.sampled_from("aZ9 \u212a\u0130\u0301Ж漢\ud800\0")), max_size=40
        ),
        min_size=1,
    ),
    st.integers(1, 4),
)
def test_hashes_equal_the_definition(texts, width):
    """Every set contains exactly the hashes of the n-grams made from strings, whatever the characters."""
    for text, hashes in zip(texts, shingle_sets(texts, width)):
        assert hashes.dtype == np.uint32
        assert hashes.tolist() == sorted({hash_of(ngram, width) for ngram in ngrams(text, width)})


@given(st.lists(WORDS, min_size=1, max_size=8), st.integers(1, 7))
def test_documents_share_as_many_hashes_as_ngrams(documents, width):
    """Two documents share as many hashes as n-grams, so boundaries and order of tokens count."""
    texts = [" ".join(words) for words in documents]
    expected = [ngrams(text, width) for text in texts]
    hashes = [set(values.tolist()) for values in shingle_sets(texts, width)]
    for i in range(len(texts)):
        for j in range(len(texts)):
            assert len(hashes[i] & hashes[j]) == len(expected[i] & expected[j])


def test_hashes_equal_known_values():
    """The values are pinned: a platform or version with another hash would not find the same pairs."""
    hashes = shingle_hashes("The quick brown fox jumps over the internationalisation of lazy dogs")
    assert hashes.tolist() == [
        730633945,
        1461760364,
        2136233829,
        3151941897,
        3374652243,
        3665675900,
        4180066118,
    ]


def test_every_byte_of_a_long_token_changes_the_hash():
    """Changing any one byte of a token of 40 bytes changes its hash."""
    word = "abcdefghij" * 4
    changed = [word[:i] + "z" + word[i + 1 :] for i in range(len(word))]
    assert len(np.unique(np.concatenate(shingle_sets([word, *changed], 1)))) == len(word) + 1


def test_a_short_document_has_one_shingle_and_an_empty_one_none():
    """A text with fewer tokens than the width has one shingle, an empty text has none; neighbours are not affected."""
    texts = [
        "",
        "one",
        "one two three four five six",
        "...",
        "one two",
        "\u0301 €",
        "one two three four five",
    ]
    sets = shingle_sets(texts)
    assert [len(values) for values in sets] == [0, 1, 2, 0, 1, 0, 1]
    assert sets[6][0] in sets[2]
    assert all(np.array_equal(values, shingle_hashes(text)) for text, values in zip(texts, sets))


def test_chunks_do_not_change_the_sets(monkeypatch):
    """The sets are the same however the corpus is split into chunks."""
    texts = ["alpha beta gamma", "", "delta " * 9, "the end of it all my friend", "x"] * 5
    expected = shingle_sets(texts)
    for size in (0, 1, 30):
        monkeypatch.setattr(shingles, "CHUNK", size)
        assert all(np.array_equal(a, b) for a, b in zip(shingle_sets(texts), expected, strict=True))


def test_hashes_of_the_licences_rarely_collide():
    """On 727 real texts each set has the size of the set of strings; 214,000 shingles collide as 2^-32 predicts."""
    texts = licences().texts
    expected = [ngrams(text) for text in texts]
    sets = shingle_sets(texts)
    assert [len(values) for values in sets] == [len(grams) for grams in expected]
    distinct = len(set().union(*expected))
    assert distinct == 213_528
    collisions = distinct - len(np.unique(np.concatenate(sets)))
    assert collisions <= 15  # 5.1 expected: 15 or more is one in 6,000 for a perfect hash


def test_hashes_fill_the_range():
    """Each bit of the hash is set half of the time, even for short tokens that differ in one letter."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    sets = shingle_sets([f"{a} {b} {c}" for a in letters for b in letters for c in letters], 3)
    values = np.concatenate(sets)
    set_bits = (values[:, None] >> np.arange(32, dtype=np.uint32) & np.uint32(1)).mean(axis=0)
    assert np.abs(set_bits - 0.5).max() < 0.02
    assert len(np.unique(values)) > len(values) - 3


def test_flatten_joins_the_sets():
    """Flattened sets can be split again at the offsets, whatever integer type they had."""
    values, offsets = flatten([np.array([3, 5], np.uint32), [], np.array([2**32 - 1])])
    assert values.dtype == np.uint32
    assert values.tolist() == [3, 5, 2**32 - 1]
    assert offsets.tolist() == [0, 2, 2, 3]


@pytest.mark.parametrize(
    ("texts", "width", "error", "message"),
    [
        ([], 5, ValueError, "texts must hold at least one document"),
        ("a text", 5, TypeError, "texts must be a list of str"),
        (7, 5, TypeError, "texts must be a list of str"),
        (["a", "b", None], 5, TypeError, r"texts\[2\] must be a str, not NoneType"),
        ([b"bytes"], 5, TypeError, r"texts\[0\] must be a str, not bytes"),
        (["a"], 0, ValueError, "width must be between 1 and 1000000000, not 0"),
        (["a"], 2.5, TypeError, "width must be an integer, not 2.5"),
        (["a"], True, TypeError, "width must be an integer, not True"),
    ],
)
def test_shingle_sets_refuses_bad_input(texts, width, error, message):
    """An error names the argument, what was given and what is allowed."""
    with pytest.raises(error, match=message):
        shingle_sets(texts, width)


@pytest.mark.parametrize("call", [tokens, shingle_hashes])
def test_one_text_must_be_a_str(call):
    """Functions of one text refuse anything else."""
    with pytest.raises(TypeError, match="text must be a str, not list"):
        call(["a"])


@pytest.mark.parametrize(
    ("sets", "error", "message"),
    [
        ([], ValueError, "shingle_sets must hold at least one document"),
        ([[0.5]], TypeError, r"shingle_sets\[0\] must hold integers"),
        ([[1], [-1]], ValueError, r"shingle_sets\[1\] must hold integers in \[0, 2\^32\), not -1"),
        ([[2**32]], ValueError, r"shingle_sets\[0\] must hold integers"),
        ([[[1]]], ValueError, r"shingle_sets\[0\] must have one dimension"),
    ],
)
def test_flatten_refuses_bad_input(sets, error, message):
    """The error for an invalid set of hashes names its index."""
    with pytest.raises(error, match=message):
        flatten(sets)
