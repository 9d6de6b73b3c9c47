"""MinHash: bit for bit as in datasketch 2.0, and the estimate near the true similarity."""

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given
from hypothesis import strategies as st

from dataselect_core import minhash
from dataselect_core.minhash import jaccard, permutations, signatures

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


@pytest.mark.parametrize("similarity", [0.1, 0.5, 0.9])
def test_the_estimate_is_unbiased(similarity):
    """Over 200 pairs of sets with known similarity the mean estimate is within four standard errors of it."""
    random = np.random.default_rng(7)
    shared = round(2 * 300 * similarity / (1 + similarity))
    sets = []
    for _ in range(200):
        values = random.choice(2**32, 600 - shared, replace=False).astype(np.uint32)
        sets += [values[:300], values[300 - shared :]]
    signature_rows = signatures(sets, 128, 5)
    exact = shared / (600 - shared)
    error = np.sqrt(exact * (1 - exact) / 128 / 200)
    assert abs(jaccard(signature_rows[::2], signature_rows[1::2]).mean() - exact) < 4 * error


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
def test_signatures_refuses_bad_input(arguments, error, message):
    """An error names the argument, what was given and what is allowed."""
    with pytest.raises(error, match=message):
        signatures(*arguments)


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
