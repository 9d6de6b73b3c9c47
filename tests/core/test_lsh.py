"""LSH: bands and candidates compared with datasketch 2.0, and recall with the S-curve."""

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH
from datasketch.lsh import _optimal_param
from hypothesis import given
from hypothesis import strategies as st

from dataselect_core import lsh
from dataselect_core.datasets import licences
from dataselect_core.dedup import exact_pairs
from dataselect_core.lsh import candidate_pairs, collision_probability, optimal_bands
from dataselect_core.minhash import signatures
from dataselect_core.shingles import shingle_sets


def brute_force(values, bands, rows):
    """Pairs that agree in a band, by comparing all with all; empty documents are left out."""
    n = len(values)
    empty = [(row == 2**32 - 1).all() for row in values]
    return [
        [i, j]
        for i in range(n)
        for j in range(i + 1, n)
        if not empty[i]
        and not empty[j]
        and any(
            np.array_equal(values[i, k * rows : (k + 1) * rows], values[j, k * rows : (k + 1) * rows])
            for k in range(bands)
        )
    ]


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.1, 0.9), (0.7, 0.3)])
@pytest.mark.parametrize("num_perm", [2, 7, 64, 100])
def test_optimal_bands_equal_datasketch(num_perm, weights):
    """Over a grid of thresholds the choice equals that of datasketch's adaptive quadrature."""
    for threshold in (0.03, 0.2, 0.35, 0.5, 0.66, 0.75, 0.9, 0.99):
        assert optimal_bands(threshold, num_perm, weights) == _optimal_param(threshold, num_perm, *weights)


@pytest.mark.parametrize(
    ("threshold", "expected"), [(0.5, (25, 5)), (0.7, (14, 9)), (0.8, (9, 13)), (0.9, (5, 25))]
)
def test_optimal_bands_equal_known_values(threshold, expected):
    """For 128 permutations the bands and rows are the widely used ones."""
    assert optimal_bands(threshold, 128) == expected


def test_weights_change_the_bands():
    """A larger weight on misses makes more pairs candidates; a larger weight on false positives makes fewer."""
    at_seven = [collision_probability(0.7, *optimal_bands(0.7, 128, (w, 1 - w))) for w in (0.1, 0.5, 0.9)]
    assert at_seven == sorted(at_seven, reverse=True)
    assert optimal_bands(1.0, 16)[0] * optimal_bands(1.0, 16)[1] <= 16


@given(st.floats(0, 1), st.integers(1, 30), st.integers(1, 30))
def test_collision_probability_is_the_s_curve(similarity, bands, rows):
    """The probability is 1 - (1 - s^r)^b, rises with bands, falls with rows, and keeps 0 and 1."""
    probability = collision_probability(similarity, bands, rows)
    assert isinstance(probability, float)
    assert probability == pytest.approx(1 - (1 - similarity**rows) ** bands, abs=1e-12)
    assert collision_probability(similarity, bands + 1, rows) >= probability
    assert collision_probability(similarity, bands, rows + 1) <= probability
    assert collision_probability(np.array([0.0, 1.0]), bands, rows).tolist() == [0, 1]


@given(
    st.lists(st.lists(st.sampled_from([0, 1, 2**32 - 1]), min_size=6, max_size=6), min_size=1, max_size=9),
    st.sampled_from([(1, 1), (6, 1), (3, 2), (2, 3), (1, 6), (2, 2)]),
)
def test_candidates_equal_brute_force(signature_rows, shape):
    """Candidates are exactly the pairs that agree in a band: sorted, distinct, i < j, and without empty documents."""
    values = np.array(signature_rows, np.uint32)
    pairs = candidate_pairs(values, *shape)
    assert pairs.dtype == np.int64
    assert pairs.shape[1] == 2
    assert pairs.tolist() == brute_force(values, *shape)


@pytest.mark.parametrize(("bands", "rows"), [(14, 9), (25, 5), (64, 2), (2, 64), (128, 1)])
def test_candidates_equal_datasketch(bands, rows):
    """On sets with many near-duplicates the candidates equal those of MinHashLSH."""
    random = np.random.default_rng(bands)
    sets = []
    for _ in range(60):
        base = random.integers(0, 2**32, 80, np.uint32)
        for swapped in (0, 2, 8, 30):
            copy = base.copy()
            copy[:swapped] = random.integers(0, 2**32, swapped, np.uint32)
            sets.append(np.unique(copy))
    sets = [sets[i] for i in random.permutation(len(sets))]
    values = signatures(sets, 128, 1)
    index = MinHashLSH(num_perm=128, params=(bands, rows))
    minhashes = [MinHash(hashvalues=row, scheme="affine32") for row in values]
    for key, signature in enumerate(minhashes):
        index.insert(key, signature)
    expected = sorted(
        {
            (key, neighbour)
            for key, signature in enumerate(minhashes)
            for neighbour in index.query(signature)
            if key < neighbour
        }
    )
    assert expected
    assert candidate_pairs(values, bands, rows).tolist() == [list(pair) for pair in expected]


def test_copies_of_one_document_are_all_paired():
    """Copies of one document are all paired, each pair once, however many bands they share."""
    values = np.repeat(signatures([np.array([1, 2, 3], np.uint32)], 16), 40, axis=0)
    assert candidate_pairs(values, 8, 2).tolist() == [[i, j] for i in range(40) for j in range(i + 1, 40)]


def test_equal_keys_alone_make_no_candidates(monkeypatch):
    """Pairs come from the rows themselves: a key that is the same for all rows changes nothing."""
    values = np.random.default_rng(2).integers(0, 3, (30, 12), np.uint32)
    expected = brute_force(values, 4, 3)
    monkeypatch.setattr(lsh, "MULTIPLIER", np.uint64(0))
    assert candidate_pairs(values, 4, 3).tolist() == expected


def test_empty_documents_are_never_candidates():
    """Empty documents form no pairs, and the other documents keep their indices."""
    sets = [np.array(members, np.uint32) for members in ([], [1, 2], [], [1, 2], [])]
    assert candidate_pairs(signatures(sets, 8), 4, 2).tolist() == [[1, 3]]


def test_one_document_has_no_candidates():
    """A single document gives an empty array of pairs."""
    pairs = candidate_pairs(signatures([np.array([1], np.uint32)]), 14, 9)
    assert pairs.shape == (0, 2)
    assert pairs.dtype == np.int64


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
def test_recall_on_licences_follows_the_s_curve(threshold):
    """Over 12 seeds the share of true pairs that LSH finds is within .03 of the S-curve's."""
    sets = shingle_sets(licences().texts)
    pairs, similarity = exact_pairs(sets, threshold)
    true_pairs = pairs @ [len(sets), 1]
    bands, rows = optimal_bands(threshold, 128)
    recall = []
    for seed in range(1, 13):
        candidates = candidate_pairs(signatures(sets, 128, seed), bands, rows) @ [len(sets), 1]
        recall.append(np.isin(true_pairs, candidates).mean())
    assert abs(np.mean(recall) - collision_probability(similarity, bands, rows).mean()) < 0.03


@pytest.mark.parametrize("similarity", [0.3, 0.5, 0.6, 0.8])
def test_candidates_of_one_similarity_follow_the_s_curve(similarity):
    """Of 1,200 independent pairs with the same similarity, the predicted share become candidates."""
    random = np.random.default_rng(3)
    shared = round(2 * 120 * similarity / (1 + similarity))
    sets = []
    for _ in range(1200):
        values = random.integers(0, 2**32, 240 - shared, np.uint32)
        sets += [values[:120], values[120 - shared :]]
    pairs = candidate_pairs(signatures(sets, 64, 2), 12, 5)
    share = ((pairs[:, 0] % 2 == 0) & (pairs[:, 1] == pairs[:, 0] + 1)).sum() / 1200
    expected = collision_probability(shared / (240 - shared), 12, 5)
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / 1200)


GOOD = np.zeros((2, 6), np.uint32)


@pytest.mark.parametrize(
    ("values", "bands", "rows", "error", "message"),
    [
        (GOOD, 3, 3, ValueError, r"bands \* rows must be at most num_perm = 6, not 3 \* 3"),
        (GOOD, 0, 3, ValueError, "bands must be at least 1, not 0"),
        (GOOD, 3, -1, ValueError, "rows must be at least 1, not -1"),
        (GOOD, 1.5, 1, TypeError, "bands must be an integer, not 1.5"),
        (GOOD.astype(np.int64), 3, 2, TypeError, "signatures must be an array of uint32.*not int64"),
        (GOOD.tolist(), 3, 2, TypeError, "signatures must be an array of uint32.*not list"),
        (GOOD[0], 3, 2, ValueError, r"signatures must have shape \(n, num_perm\).*not \(6,\)"),
        (GOOD[:0], 3, 2, ValueError, "signatures must have shape"),
    ],
)
def test_candidate_pairs_refuses_bad_input(values, bands, rows, error, message):
    """An error names the argument, what was given and what is allowed."""
    with pytest.raises(error, match=message):
        candidate_pairs(values, bands, rows)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0.0, 128), ValueError, r"threshold must be in \(0, 1\], not 0.0"),
        ((1.01, 128), ValueError, r"threshold must be in \(0, 1\]"),
        ((float("nan"), 128), ValueError, r"threshold must be in \(0, 1\], not nan"),
        (("0.5", 128), TypeError, r"threshold must be a number in \(0, 1\], not '0.5'"),
        ((0.5, 1), ValueError, "num_perm must be between 2 and 65536, not 1"),
        ((0.5, 8, (0.5, 0.6)), ValueError, "weights must be two numbers"),
        ((0.5, 8, (-0.5, 1.5)), ValueError, "weights must be two numbers"),
        ((0.5, 8, (float("nan"), 1)), ValueError, "weights must be two numbers"),
        ((0.5, 8, (1,)), TypeError, "weights must be two numbers"),
        ((0.5, 8, None), TypeError, "weights must be two numbers"),
    ],
)
def test_optimal_bands_refuses_bad_input(arguments, error, message):
    """Thresholds, permutations and weights out of range are refused by name."""
    with pytest.raises(error, match=message):
        optimal_bands(*arguments)


@pytest.mark.parametrize("similarity", [-0.1, 1.1, float("nan"), [0.5, 2]])
def test_collision_probability_refuses_bad_input(similarity):
    """A similarity outside [0, 1] is refused."""
    with pytest.raises(ValueError, match=r"similarity must be (in \[0, 1\]|finite)"):
        collision_probability(similarity, 14, 9)


@pytest.mark.parametrize("num_perm", [2, 7, 32, 100, 128])
@pytest.mark.parametrize("recall", [0.5, 0.9, 0.99])
def test_bands_for_a_recall_use_no_more_permutations_than_there_are(num_perm, recall):
    """The bands and rows for a recall fit into the permutations and reach it, and no more rows do both."""
    for threshold in (0.3, 0.5, 0.75, 0.9, 0.99):
        fitting = [  # 1 - (1 - s**r)**b, by its formula and not by the core
            (bands, rows)
            for rows in range(1, num_perm + 1)
            for bands in range(1, num_perm // rows + 1)
            if 1 - (1 - threshold**rows) ** bands >= recall
        ]
        if not fitting:
            with pytest.raises(ValueError, match="cannot be reached"):
                lsh.bands_for_recall(threshold, num_perm, recall)
            continue
        bands, rows = lsh.bands_for_recall(threshold, num_perm, recall)
        assert (bands, rows) in fitting and rows == max(rows for _, rows in fitting)
