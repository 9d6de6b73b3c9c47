"""MinHash: bit for bit as in datasketch 2.0, and the estimate near the true similarity."""

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given
from hypothesis import strategies as st

from dataselect_core import minhash
from dataselect_core.minhash import (
    jaccard,
    one_permutation_signatures,
    permutations,
    signatures,
    signatures_of_texts,
)
from dataselect_core.shingles import shingle_sets

HASHES = st.lists(st.integers(0, 2**32 - 1), max_size=30)


def reference(values, num_perm, seed):
    """Datasketch's MinHash of values that are already hashes."""
    sketch = MinHash(num_perm=num_perm, seed=seed, hashfunc=int)
    sketch.update_batch(values)
    return sketch


def as_set(values):
    """An array as `shingle_sets` makes it."""
    return np.unique(np.array(values, np.uint32))


def test_permutations_and_signature_equal_known_values():
    """With seed 1, four permutations and the signature of b"Hello" are known; its hash is the start of its SHA-1."""
    a, b = permutations(4, 1)
    assert a.tolist() == [3582191691, 4270784983, 1892572953, 3715639441]
    assert b.tolist() == [491263, 550290313, 1298508491, 4290846341]
    hello = int.from_bytes(bytes.fromhex("f7ff9e8b"), "little")
    assert signatures([as_set([hello])], 4, 1).tolist() == [[3231258861, 1388533999, 831950533, 1845606703]]


@pytest.mark.parametrize("seed", [0, 1, 42, 2**32 - 1])
@pytest.mark.parametrize("num_perm", [2, 33, 128, 256])
def test_permutations_equal_datasketch(num_perm, seed):
    """The same seed gives the same permutations as datasketch's default scheme."""
    a, b = permutations(num_perm, seed)
    assert a.dtype == b.dtype == np.uint32
    assert np.array_equal([a, b], MinHash(num_perm=num_perm, seed=seed).permutations)


@given(st.lists(HASHES, min_size=1, max_size=12), st.sampled_from([2, 31, 32, 33, 128]), st.integers(0, 99))
def test_signatures_equal_datasketch(documents, num_perm, seed):
    """Signatures equal datasketch's bit for bit, also for empty sets among others."""
    signature_rows = signatures([as_set(values) for values in documents], num_perm, seed)
    assert signature_rows.dtype == np.uint32
    assert np.array_equal(
        signature_rows, [reference(values, num_perm, seed).hashvalues for values in documents]
    )


def test_signatures_of_large_sets_equal_datasketch():
    """For sets larger than a block, alone or between small ones, the signatures equal datasketch's."""
    random = np.random.default_rng(0)
    sizes = [1, minhash.SHINGLES + 1, 0, 3, minhash.SHINGLES - 3, 3, 0, 5000, 5000, minhash.SHINGLES, 7, 0]
    sets = [np.unique(random.integers(0, 2**32, size, np.uint32)) for size in sizes]
    signature_rows = signatures(sets, 40, 3)
    assert np.array_equal(signature_rows, [reference(values.tolist(), 40, 3).hashvalues for values in sets])


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=30), st.randoms())
def test_order_and_repetition_do_not_change_a_signature(values, random):
    """A signature depends only on the set: shuffled or repeated members do not change it."""
    shuffled = values + values[:3]
    random.shuffle(shuffled)
    first, second = signatures([np.array(values, np.uint32), np.array(shuffled, np.uint32)])
    assert np.array_equal(first, second)


@given(HASHES, HASHES)
def test_the_signature_of_a_union_is_the_minimum_in_every_slot(a, b):
    """In every slot the signature of a union is the smaller value of both signatures."""
    first, second, both = signatures([as_set(a), as_set(b), as_set(a + b)], 16)
    assert np.array_equal(both, np.minimum(first, second))


def test_an_empty_set_resembles_nothing():
    """An empty set has 2^32 - 1 in every slot and resembles nothing, not even another empty set."""
    signature_rows = signatures([as_set([]), as_set([1, 2]), as_set([])], 8)
    assert (signature_rows[[0, 2]] == 2**32 - 1).all()
    assert (
        jaccard(signature_rows[0], signature_rows[2]) == jaccard(signature_rows[0], signature_rows[1]) == 0.0
    )


@given(st.lists(st.integers(0, 9), min_size=1), st.lists(st.integers(0, 9), min_size=1))
def test_jaccard_equals_datasketch(a, b):
    """The estimate equals datasketch's, is symmetric and in [0, 1], and is 1 for a set with itself."""
    first, second = signatures([as_set(a), as_set(b)], 64)
    estimate = jaccard(first, second)
    assert isinstance(estimate, float)
    assert estimate == reference(a, 64, 1).jaccard(reference(b, 64, 1)) == jaccard(second, first)
    assert jaccard(first, first) == 1.0
    assert 0 <= estimate <= 1


def test_jaccard_compares_arrays_row_by_row():
    """Two arrays of signatures are compared row by row."""
    signature_rows = signatures([as_set([1, 2, 3]), as_set([2, 3, 4]), as_set([9])], 32)
    rows = jaccard(signature_rows[[0, 0, 1]], signature_rows[[1, 2, 1]])
    assert rows.tolist() == [
        jaccard(signature_rows[0], signature_rows[1]),
        jaccard(signature_rows[0], signature_rows[2]),
        1.0,
    ]


def pairs_of(similarity, size, pairs):
    """Sets of a size, two and two with the same similarity, and that similarity exactly."""
    random = np.random.default_rng(7)
    shared = round(2 * size * similarity / (1 + similarity))
    sets = []
    for _ in range(pairs):
        values = random.choice(2**32, 2 * size - shared, replace=False).astype(np.uint32)
        sets += [values[:size], values[size - shared :]]
    return sets, shared / (2 * size - shared)


@pytest.mark.parametrize("similarity", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("sign", [signatures, one_permutation_signatures])
def test_the_estimate_is_unbiased(sign, similarity):
    """Over 200 pairs of sets with known similarity the mean estimate is within four standard errors of it."""
    sets, exact = pairs_of(similarity, 300, 200)
    signature_rows = sign(sets, 128, 5)
    error = np.sqrt(exact * (1 - exact) / 128 / 200)
    assert abs(jaccard(signature_rows[::2], signature_rows[1::2]).mean() - exact) < 4 * error


@pytest.mark.parametrize(("size", "most"), [(5, 1.6), (20, 1.3), (96, 1.05), (500, 1.0)])
def test_one_permutation_costs_little_accuracy(size, most):
    """Its error is that of 128 permutations for sets with as many members as slots, larger for small, smaller for large."""
    sets, exact = pairs_of(0.7, size, 1500)
    rows = one_permutation_signatures(sets, 128, 2)
    estimate = jaccard(rows[::2], rows[1::2])
    assert abs(estimate.mean() - exact) < 4 * estimate.std() / np.sqrt(1500)
    assert estimate.std() < most * np.sqrt(exact * (1 - exact) / 128)


@given(st.lists(HASHES, min_size=1, max_size=12), st.sampled_from([2, 31, 128, 500]), st.integers(0, 99))
def test_one_permutation_follows_its_definition(documents, num_perm, seed):
    """A bin that is not empty has its smallest hash; an empty one the value of the first full bin in its own order."""
    a, b = (int(draws[0]) for draws in permutations(num_perm, seed))

    def mixed(value):
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            value = (value ^ value >> shift) * factor % 2**32
        return value ^ value >> 16

    rows = one_permutation_signatures([as_set(values) for values in documents], num_perm, seed)
    for values, row in zip(documents, rows, strict=True):
        bins = {}
        for value in values:
            hashed = min(mixed((mixed(value) * a + b) % 2**32), 2**32 - 2)
            place = (hashed >> 16) * num_perm >> 16
            bins[place] = min(hashed, bins.get(place, hashed))
        order = np.random.RandomState(seed)
        expected = [bins.get(place) for place in range(num_perm)]
        while bins and None in expected:
            others = order.randint(0, num_perm, num_perm)
            expected = [bins.get(others[k]) if value is None else value for k, value in enumerate(expected)]
        assert row.tolist() == (expected if bins else [2**32 - 1] * num_perm)


@pytest.mark.parametrize("one_permutation", [False, True])
@pytest.mark.parametrize("width", [1, 3, 5])
def test_signatures_of_texts_equal_those_of_their_sets(width, one_permutation):
    """Texts in several scripts, short, empty and repetitive ones get the signature of their set of shingles."""
    texts = [
        "",
        "one",
        "to be or not to be or not to be or not",
        "Москва слезам не верит и не плачет",
        "你好世界",
    ]
    texts += [" ".join(map(str, range(n, 2 * n))) for n in (4, 5, 300, 20_000)] + ["ab " * 500, "é a b c d e"]
    sign = one_permutation_signatures if one_permutation else signatures
    expected = sign(shingle_sets(texts, width), 40, 3)
    rows = signatures_of_texts(texts, width, 40, 3, one_permutation=one_permutation)
    assert rows.dtype == np.uint32 and np.array_equal(rows, expected)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([],), ValueError, "shingle_sets must hold at least one document"),
        (("text",), TypeError, "shingle_sets must be a list of uint32 arrays"),
        ((["text"],), TypeError, r"shingle_sets\[0\] must hold integers"),
        (([[1]], 1), ValueError, "num_perm must be between 2 and 65536, not 1"),
        (([[1]], 2.0), TypeError, "num_perm must be an integer, not 2.0"),
        (([[1]], 4, -1), ValueError, "seed must be between 0 and 4294967295, not -1"),
        (([[1]], 4, None), TypeError, "seed must be an integer, not None"),
    ],
)
@pytest.mark.parametrize("sign", [signatures, one_permutation_signatures])
def test_signatures_refuses_bad_input(sign, arguments, error, message):
    """An error names the argument, what was given and what is allowed."""
    with pytest.raises(error, match=message):
        sign(*arguments)


@pytest.mark.parametrize(
    ("a", "b", "error", "message"),
    [
        ([1, 2], np.zeros(2, np.uint32), TypeError, "sig_a must be an array of uint32.*not list"),
        (np.zeros(2, np.uint32), np.zeros(2), TypeError, "sig_b must be an array of uint32.*not float64"),
        (np.zeros(2, np.uint32), np.zeros(3, np.uint32), ValueError, "the same shape"),
        (np.zeros(0, np.uint32), np.zeros(0, np.uint32), ValueError, "sig_a must have shape"),
        (np.zeros((1, 1, 2), np.uint32), np.zeros((1, 1, 2), np.uint32), ValueError, "sig_a must have shape"),
    ],
)
def test_jaccard_refuses_bad_input(a, b, error, message):
    """Only two signatures of the same kind can be compared."""
    with pytest.raises(error, match=message):
        jaccard(a, b)
