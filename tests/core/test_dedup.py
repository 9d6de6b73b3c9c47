"""Deduplication: exact pairs and clusters against brute force, and the licence texts against known counts."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dataselect_core.datasets import licences
from dataselect_core.dedup import clusters, deduplicate, exact_pairs, exact_similarity
from dataselect_core.dedup.pairs import estimated_similarity
from dataselect_core.lsh import candidate_pairs, optimal_bands
from dataselect_core.minhash import jaccard, signatures
from dataselect_core.shingles import shingle_sets

SETS = st.lists(st.sets(st.integers(0, 12)), min_size=1, max_size=9)
EDGES = st.integers(1, 12).flatmap(
    lambda n: st.tuples(
        st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=14)
    )
)
FOX = "the quick brown fox jumps over the lazy dog and runs away into the dark green woods"
SEA = "a ship sailed slowly past the white cliffs while gulls cried above the cold grey sea"


def arrays(sets):
    """Sets of integers as `shingle_sets` makes them."""
    return [np.array(sorted(members), np.uint32) for members in sets]


def brute_force(sets, threshold):
    """All similar pairs, by comparing all with all; an empty set is similar to nothing."""
    return [
        (i, j, len(a & b) / len(a | b))
        for (i, a), (j, b) in combinations(enumerate(sets), 2)
        if a and b and len(a & b) / len(a | b) >= threshold
    ]


@pytest.fixture(scope="module")
def corpus():
    """The licence texts and their shingles."""
    texts = licences().texts
    return texts, shingle_sets(texts)


@given(SETS, st.floats(0.01, 1))
def test_exact_pairs_equal_brute_force(sets, threshold):
    """Every similar pair is found, in order and with its exact similarity, and no other pair."""
    pairs, similarity = exact_pairs(arrays(sets), threshold)
    expected = brute_force(sets, threshold)
    assert pairs.dtype == np.int64
    assert pairs.shape == (len(expected), 2)
    assert [(*pair, s) for pair, s in zip(pairs.tolist(), similarity.tolist())] == expected


@given(SETS, st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_higher_threshold_never_removes_more(sets, first, second):
    """A higher threshold finds only pairs that a lower one finds, and never removes more documents."""
    low, high = sorted((first, second))
    loose, strict = (exact_pairs(arrays(sets), t)[0] for t in (low, high))
    assert set(map(tuple, strict.tolist())) <= set(map(tuple, loose.tolist()))
    n = len(sets)
    assert (clusters(n, strict) == np.arange(n)).sum() >= (clusters(n, loose) == np.arange(n)).sum()


@given(SETS, st.data())
def test_exact_similarity_equals_the_definition_for_any_pairs(sets, data):
    """Any list of pairs, in any order and repeated, gets its exact similarities; those of empty sets are 0."""
    index = st.integers(0, len(sets) - 1)
    pairs = data.draw(st.lists(st.tuples(index, index), max_size=12))
    expected = [len(sets[i] & sets[j]) / max(len(sets[i] | sets[j]), 1) for i, j in pairs]
    assert exact_similarity(arrays(sets), pairs).tolist() == expected


def test_repeated_members_count_once():
    """Unsorted and repeated members count once, so the similarity is that of sets."""
    sets = [np.array([5, 1, 5], np.uint32), np.array([1, 5], np.uint32), np.array([1, 9, 9, 9], np.uint32)]
    pairs, similarity = exact_pairs(sets, 0.1)
    assert pairs.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert similarity.tolist() == [1, 1 / 3, 1 / 3]
    assert exact_similarity(sets, pairs).tolist() == similarity.tolist()


@given(EDGES)
def test_clusters_equal_connected_components(graph):
    """Clusters equal scipy's connected components, each named by its smallest index."""
    n, edges = graph
    i, j = np.array(edges, int).reshape(-1, 2).T
    labels = connected_components(coo_array((np.ones(len(i)), (i, j)), (n, n)), directed=False)[1]
    expected = [int(np.flatnonzero(labels == labels[k])[0]) for k in range(n)]
    assert clusters(n, edges).tolist() == expected


def test_a_long_chain_is_one_cluster():
    """A chain of 5,000 documents in shuffled order is one cluster."""
    order = np.random.default_rng(1).permutation(5000)
    assert not clusters(5000, np.stack([order[1:], order[:-1]], axis=1)).any()


@pytest.mark.parametrize(
    ("threshold", "pairs", "documents", "words"),
    [(0.5, 1257, 0.4127, 0.6593), (0.7, 639, 0.2875, 0.5738), (0.9, 173, 0.1348, 0.3320)],
)
def test_licences_have_the_known_redundancy(corpus, threshold, pairs, documents, words):
    """Exact pairs and the removed shares of documents and words equal an independent count with strings."""
    texts, sets = corpus
    index_pairs, similarity = exact_pairs(sets, threshold)
    removed = clusters(len(texts), index_pairs) != np.arange(len(texts))
    length = np.array([len(text.split()) for text in texts])
    assert len(texts) == 727
    assert len(index_pairs) == pairs
    assert removed.mean() == pytest.approx(documents, abs=5e-5)
    assert length[removed].sum() / length.sum() == pytest.approx(words, abs=5e-5)
    assert np.array_equal(exact_similarity(sets, index_pairs), similarity)


def test_deduplicate_equals_its_parts(corpus):
    """On the licences the single call finds the exact pairs among the LSH candidates, and nothing else."""
    texts, sets = corpus
    result = deduplicate(texts, 0.7, seed=3)
    pairs, similarity = exact_pairs(sets, 0.7)
    signature_rows = signatures(sets, 128, 3)
    candidates = set(map(tuple, candidate_pairs(signature_rows, *optimal_bands(0.7, 128)).tolist()))
    expected = [k for k, pair in enumerate(pairs.tolist()) if tuple(pair) in candidates]
    assert 400 < len(expected) < len(pairs)
    assert np.array_equal(result.pairs, pairs[expected])
    assert np.array_equal(result.similarity, similarity[expected])
    assert np.array_equal(result.cluster, clusters(len(texts), result.pairs))
    assert np.array_equal(result.keep, result.cluster == np.arange(len(texts)))


def test_unverified_similarities_are_estimates(corpus):
    """Unverified similarities are the signatures' estimates, none below the threshold."""
    texts, sets = corpus
    result = deduplicate(texts, 0.7, num_perm=64, seed=2, verify=False)
    signature_rows = signatures(sets, 64, 2)
    assert result.similarity.tolist() == [
        jaccard(signature_rows[i], signature_rows[j]) for i, j in result.pairs
    ]
    assert result.similarity.min() >= 0.7
    exact = exact_similarity(sets, result.pairs)
    assert (exact < 0.7).any()
    assert np.abs(result.similarity - exact).mean() < 0.05


def test_the_first_document_of_a_cluster_is_kept():
    """Copies are removed and the first is kept, whatever case and punctuation; different texts are kept."""
    result = deduplicate([SEA, FOX, FOX.upper(), SEA.replace(" ", "... "), "something else entirely"])
    assert result.keep.tolist() == [True, True, False, False, True]
    assert result.cluster.tolist() == [0, 1, 1, 0, 4]
    assert result.pairs.tolist() == [[0, 3], [1, 2]]
    assert result.similarity.tolist() == [1, 1]


def test_a_chain_of_near_duplicates_is_one_cluster():
    """A chain a-b, b-c is one cluster, though a and c are less similar than the threshold."""
    words = [f"word{k}" for k in range(36)]
    texts = [" ".join(words[k : k + 28]) for k in (0, 4, 8)]
    result = deduplicate(texts, 20 / 28)  # pairs at the threshold count
    assert result.similarity.tolist() == [20 / 28, 20 / 28]
    assert result.pairs.tolist() == [[0, 1], [1, 2]]
    assert result.cluster.tolist() == [0, 0, 0]
    assert exact_similarity(shingle_sets(texts), [[0, 2]]).tolist() == [0.5]


@pytest.mark.parametrize("verify", [True, False])
def test_empty_documents_are_never_duplicates(verify):
    """All documents without tokens are kept, even next to each other; equal short ones are duplicates."""
    result = deduplicate(["", "...", "one word", "", "One Word!", "€"], threshold=0.01, verify=verify)
    assert result.keep.tolist() == [True, True, True, True, False, True]
    assert result.pairs.tolist() == [[2, 4]]


@pytest.mark.parametrize("text", ["", "word", FOX])
def test_a_single_document_is_kept(text):
    """A corpus of one document is kept as it is."""
    result = deduplicate([text])
    assert result.keep.tolist() == [True]
    assert result.cluster.tolist() == [0]
    assert result.pairs.shape == (0, 2)
    assert result.similarity.shape == (0,)


def test_the_same_seed_gives_the_same_pairs(corpus):
    """A run can be repeated exactly, and another seed finds other pairs."""
    texts = corpus[0][:300]
    first, repeated, other = (deduplicate(texts, 0.6, seed=seed) for seed in (5, 5, 6))
    assert np.array_equal(first.pairs, repeated.pairs)
    assert np.array_equal(first.similarity, repeated.similarity)
    assert not np.array_equal(first.pairs, other.pairs)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"texts": []}, ValueError, "texts must hold at least one document"),
        ({"texts": "a text"}, TypeError, "texts must be a list of str"),
        ({"texts": ["a", 3]}, TypeError, r"texts\[1\] must be a str, not int"),
        ({"threshold": 0}, ValueError, r"threshold must be in \(0, 1\], not 0"),
        ({"threshold": 1.1}, ValueError, r"threshold must be in \(0, 1\], not 1.1"),
        ({"threshold": float("nan")}, ValueError, r"threshold must be in \(0, 1\], not nan"),
        ({"threshold": None}, TypeError, "threshold must be a number"),
        ({"num_perm": 1}, ValueError, "num_perm must be between 2 and 65536, not 1"),
        ({"width": 0}, ValueError, "width must be between 1 and 1000000000, not 0"),
        ({"seed": -1}, ValueError, "seed must be between 0 and"),
    ],
)
def test_deduplicate_refuses_bad_input(arguments, error, message):
    """An error names the argument, what was given and what is allowed."""
    with pytest.raises(error, match=message):
        deduplicate(**{"texts": [FOX, SEA], **arguments})


@pytest.mark.parametrize(
    ("pairs", "error", "message"),
    [
        ([[0, 3]], ValueError, "pairs must hold indices from 0 to 2, not 0 to 3"),
        ([[-1, 0]], ValueError, "pairs must hold indices from 0 to 2"),
        ([0, 1], ValueError, r"pairs must have shape \(m, 2\), not \(2,\)"),
        ([[0.5, 1]], TypeError, "pairs must hold integers, not float64"),
    ],
)
def test_bad_pairs_are_refused(pairs, error, message):
    """Invalid pairs and indices out of range are refused in every function that takes pairs."""
    sets = arrays([{1}, {2}, {3}])
    for call in (
        lambda: clusters(3, pairs),
        lambda: exact_similarity(sets, pairs),
        lambda: estimated_similarity(signatures(sets, 4), pairs),
    ):
        with pytest.raises(error, match=message):
            call()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: exact_pairs([], 0.5), ValueError, "shingle_sets must hold at least one document"),
        (lambda: exact_pairs(arrays([{1}]), 0), ValueError, r"threshold must be in \(0, 1\]"),
        (lambda: clusters(0, []), ValueError, "n must be between 1 and 1000000000, not 0"),
        (lambda: estimated_similarity([[1]], [[0, 0]]), TypeError, "signatures must be an array of uint32"),
    ],
)
def test_the_parts_of_deduplicate_refuse_bad_input(call, error, message):
    """The functions behind `deduplicate` name their arguments too."""
    with pytest.raises(error, match=message):
        call()
