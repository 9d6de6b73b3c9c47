"""Near-duplicates: which pairs of documents are similar, and which documents are kept."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, Flags, Floats, Hashes, Integers
from dataselect_core.lsh import candidate_pairs, optimal_bands
from dataselect_core.minhash import check_signatures, jaccard, signatures
from dataselect_core.shingles import flatten
from dataselect_core.shingles import shingle_sets as shingle_sets_of
from dataselect_core.words import word_ngrams

AT_A_TIME = 1 << 21  # slots of signatures compared at a time, which bounds the memory


@dataclass(frozen=True, eq=False)
class Deduplication:
    """The result of a deduplication.

    Attributes
    ----------
    keep : bool[n]
        True for the kept documents: the first of each cluster in input order.
    cluster : int64[n]
        Index of the document that is kept for this one; for a kept document, its own index.
    pairs : int64[m, 2]
        The pairs i < j that were found to be at least as similar as the threshold, in lexicographic order.
    similarity : float64[m]
        Their Jaccard similarity: exact if it was verified, else estimated from the signatures.
    """

    keep: Flags
    cluster: Integers
    pairs: Integers
    similarity: Floats


def deduplicate(
    texts: Iterable[str],
    threshold: float = 0.8,
    num_perm: int = 128,
    width: int = 5,
    seed: int = 1,
    verify: bool = True,
) -> Deduplication:
    """Find near-duplicate texts with MinHash and LSH, and keep one text of each cluster.

    Texts whose shingle sets have a Jaccard similarity >= threshold are joined, and texts joined through
    others are in one cluster. LSH misses some pairs: see `lsh.collision_probability`, and `exact_pairs` for all.

    Parameters
    ----------
    texts : iterable of str
    threshold : float
        Jaccard similarity, in (0, 1].
    num_perm : int
        Number of MinHash permutations, at least 2.
    width : int
        Tokens in a shingle, at least 1.
    seed : int
        Seed of the permutations, in [0, 2^32).
    verify : bool
        Compare the candidates exactly; otherwise by their signatures. Shingles are compared by 32-bit hashes,
        and a pair that shares only one hash is compared by its words.

    Returns
    -------
    Deduplication

    Raises
    ------
    TypeError, ValueError
        If there are no texts, one is not a str, or an argument is out of range; the message says which.
    """
    threshold = arguments.threshold("threshold", threshold)
    if not isinstance(verify, (bool, np.bool_)):
        raise TypeError(f"verify must be True or False, not {verify!r}")
    bands, rows = optimal_bands(threshold, num_perm)
    texts = arguments.documents("texts", texts, "str")
    sets = shingle_sets_of(texts, width)
    sigs = signatures(sets, num_perm, seed)
    pairs = candidate_pairs(sigs, bands, rows)
    if verify:
        similarity = confirmed_similarity(sets, pairs, threshold, _reader(texts), width)
    else:
        similarity = estimated_similarity(sigs, pairs)
    similar = similarity >= threshold
    cluster = clusters(len(sets), pairs[similar])
    keep = cluster == np.arange(len(sets))
    return Deduplication(keep, cluster, pairs[similar], similarity[similar])


def exact_pairs(
    shingle_sets: Sequence[ArrayLike], threshold: float, texts: Sequence[str] | None = None, width: int = 5
) -> tuple[Integers, Floats]:
    """All pairs of documents with a Jaccard similarity >= threshold, without any estimate.

    Parameters
    ----------
    shingle_sets : list of uint32 arrays
        As `shingles.shingle_sets` returns them.
    threshold : float
        In (0, 1].
    texts : sequence of str, optional
        The texts of the sets. If they are given, a pair that shares only one hash is compared by its words,
        because two different shingles can have the same 32 bits.
    width : int
        Tokens in a shingle of the texts.

    Returns
    -------
    pairs : int64[m, 2]
        i < j, in lexicographic order. An empty document is in none of them.
    similarity : float64[m]

    Notes
    -----
    An inverted index counts for each document how many shingles each later one shares with it. The work is
    the sum over the shingles of the squared number of documents that have it.
    """
    threshold = arguments.threshold("threshold", threshold)
    values, offsets = _sets(shingle_sets)
    n = len(offsets) - 1
    sizes = np.diff(offsets)
    order, last = _sorted(values)
    document = np.repeat(np.arange(n), sizes)[order]  # ascending within each shingle
    # The position of each shingle of each document in the index, and the end of the entries with the same shingle.
    position = np.empty(len(order), np.intp)
    position[order] = np.arange(len(order))
    end = np.empty(len(order), np.intp)
    end[order] = np.repeat(last + 1, np.diff(last, prepend=-1))
    pairs, similarity = [np.empty((0, 2), np.int64)], [np.empty(0)]
    for i in range(n):
        of_i = slice(offsets[i], offsets[i + 1])
        shared = np.bincount(document[_ranges(position[of_i] + 1, end[of_i])])
        j = np.flatnonzero(shared)
        jaccards = shared[j] / (sizes[i] + sizes[j] - shared[j])
        similar = jaccards >= threshold
        pairs.append(np.stack([np.full(similar.sum(), i, np.int64), j[similar]], axis=1))
        similarity.append(jaccards[similar])
    pairs, similarity = np.concatenate(pairs), np.concatenate(similarity)
    if texts is None:
        return pairs, similarity
    if len(texts) != n:
        raise ValueError(f"texts must be the {n} texts of shingle_sets, not {len(texts)}")
    similarity = confirmed(sizes, pairs, similarity, threshold, _reader(texts), width)
    similar = similarity >= threshold
    return pairs[similar], similarity[similar]


def exact_similarity(shingle_sets: Sequence[ArrayLike], pairs: ArrayLike) -> Floats:
    """The Jaccard similarity of given pairs of documents.

    Parameters
    ----------
    shingle_sets : list of uint32 arrays
        As `shingles.shingle_sets` returns them.
    pairs : int[m, 2]
        Indices of documents.

    Returns
    -------
    float64[m]
        In [0, 1]; 0 if both documents are empty.
    """
    values, offsets = _sets(shingle_sets)
    n = len(offsets) - 1
    pairs = _check_pairs(n, pairs)
    sizes = np.diff(offsets)
    shared = np.zeros(len(pairs), np.intp)
    single = np.bincount(pairs[:, 0], minlength=n)[pairs[:, 0]] == 1 if len(pairs) else np.zeros(0, bool)
    shared[single] = _shared_of_each(values, offsets, pairs[single])
    if not single.all():
        groups = np.flatnonzero(~single)
        shared[groups] = _shared_of_groups(values, offsets, pairs[groups])
    return shared / np.maximum(sizes[pairs].sum(axis=1) - shared, 1)


def _shared_of_each(values, offsets, pairs):
    """The number of shingles that the two documents of each pair share, by sorting both sets together."""
    sizes = np.diff(offsets)[pairs].sum(axis=1)
    shared = np.zeros(len(pairs), np.intp)
    first = 0
    ends = np.cumsum(sizes)
    while first < len(pairs):
        before = ends[first - 1] if first else 0
        stop = max(first + 1, int(np.searchsorted(ends, before + AT_A_TIME, side="right")))
        both = pairs[first:stop].ravel()
        pair = np.repeat(np.arange(stop - first, dtype=np.uint64), sizes[first:stop])
        keys = pair << np.uint64(32) | values[_ranges(offsets[both], offsets[both + 1])]
        keys.sort()
        twice = keys[1:][keys[1:] == keys[:-1]] >> np.uint64(32)
        shared[first:stop] = np.bincount(twice.astype(np.intp), minlength=stop - first)
        first = stop
    return shared


def _shared_of_groups(values, offsets, pairs):
    """The same, for pairs that have their first document in common with others: it is marked once for all of them."""
    n, sizes = len(offsets) - 1, np.diff(offsets)
    order, last = _sorted(values)
    rank = np.empty(len(order), np.intp)  # shingles numbered from 0, so that a set can be marked in a table
    rank[order] = np.repeat(np.arange(len(last)), np.diff(last, prepend=-1))
    marked = np.zeros(len(last), bool)
    shared = np.zeros(len(pairs), np.intp)
    by_left = np.argsort(pairs[:, 0], kind="stable")
    borders = np.flatnonzero(np.diff(pairs[by_left, 0], prepend=-1, append=n)).tolist()
    for first, stop in pairwise(borders):
        group = by_left[first:stop]
        i, j = pairs[group[0], 0], pairs[group, 1]
        marked[rank[offsets[i] : offsets[i + 1]]] = True
        hits = np.cumsum(marked[rank[_ranges(offsets[j], offsets[j + 1])]])
        shared[group] = np.diff(np.append(0, hits)[np.cumsum(sizes[j])], prepend=0)
        marked[rank[offsets[i] : offsets[i + 1]]] = False
    return shared


def confirmed_similarity(
    shingle_sets: Sequence[Hashes],
    pairs: ArrayLike,
    threshold: float,
    read: Callable[[list[int]], Sequence[str]],
    width: int,
) -> Floats:
    """`exact_similarity`, but computed from the words for a similar pair with only one hash in common.

    A shingle is represented by 32 bits. So among a million documents of one shingle each, about a hundred pairs have
    the same hash without a word in common. Only one in 10^10 of these would have two such collisions.

    Parameters
    ----------
    shingle_sets : list of uint32 arrays
    pairs : int[m, 2]
    threshold : float
        A pair below it is not similar, whatever its words are, so its words are not read.
    read : callable
        read(documents) returns the texts of some of the documents, given as an ascending list of indices.
    width : int
        Tokens in a shingle.

    Returns
    -------
    float64[m]
    """
    pairs = _check_pairs(len(shingle_sets), pairs)
    sizes = np.array([len(members) for members in shingle_sets])
    return confirmed(sizes, pairs, exact_similarity(shingle_sets, pairs), threshold, read, width)


def confirmed(
    sizes: Integers, pairs: Integers, similarity: Floats, threshold: float, read: Callable, width: int
) -> Floats:
    """The similarities; those >= threshold with only one shared hash are recomputed from the words."""
    # J = shared / (a + b - shared)
    shared = np.rint(similarity * sizes[pairs].sum(axis=1) / (1 + similarity))
    doubtful = np.flatnonzero((shared == 1) & (similarity >= threshold))
    if not len(doubtful):
        return similarity
    documents = np.unique(pairs[doubtful]).tolist()
    grams = dict(zip(documents, word_ngrams(read(documents), width), strict=True))
    similarity = similarity.copy()
    for number in doubtful.tolist():
        a, b = (grams[document] for document in pairs[number].tolist())
        similarity[number] = len(a & b) / len(a | b)
    return similarity


def estimated_similarity(signatures: Hashes, pairs: ArrayLike) -> Floats:
    """The Jaccard similarity of given pairs of documents, estimated from their signatures.

    Parameters
    ----------
    signatures : uint32[n, num_perm]
    pairs : int[m, 2]

    Returns
    -------
    float64[m]
    """
    check_signatures("signatures", signatures)
    pairs = _check_pairs(len(signatures), pairs)
    batch_size = max(1, AT_A_TIME // signatures.shape[1])
    parts = [np.empty(0)]
    for first in range(0, len(pairs), batch_size):
        i, j = pairs[first : first + batch_size].T
        parts.append(jaccard(signatures[i], signatures[j]))
    return np.concatenate(parts)


def clusters(n: int, pairs: ArrayLike) -> Integers:
    """The cluster of every document: its connected component in the graph whose edges are the pairs.

    Parameters
    ----------
    n : int
        Number of documents, at least 1.
    pairs : int[m, 2]
        Indices of documents.

    Returns
    -------
    int64[n]
        The first document of each document's cluster: the smallest index in the cluster.
    """
    n = arguments.integer("n", n, 1, 10**9)
    i, j = _check_pairs(n, pairs).T
    cluster = np.arange(n, dtype=np.int64)
    while (cluster[i] != cluster[j]).any():
        # Link the first document of a cluster to the first of an earlier cluster joined with it, until nothing changes.
        lower = np.minimum(cluster[i], cluster[j])
        np.minimum.at(cluster, np.maximum(cluster[i], cluster[j]), lower)
        while (cluster != cluster[cluster]).any():
            cluster = cluster[cluster]
    return cluster


def _reader(texts):
    return lambda documents: [texts[document] for document in documents]


def _check_pairs(n, pairs):
    try:
        pairs = np.asarray(pairs)
    except ValueError:
        raise ValueError("pairs must have shape (m, 2), not rows that differ in length") from None
    if pairs.shape == (0,):
        pairs = np.empty((0, 2), np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ValueError(f"pairs must have shape (m, 2), not {pairs.shape}")
    if pairs.dtype.kind not in "iu":
        raise TypeError(f"pairs must hold integers, not {pairs.dtype}")
    if len(pairs) and (pairs.min() < 0 or pairs.max() >= n):
        raise ValueError(f"pairs must hold indices from 0 to {n - 1}, not {pairs.min()} to {pairs.max()}")
    return pairs.astype(np.int64, copy=False)


def _sets(shingle_sets):
    """The shingles flattened; each set is ascending and distinct, even if the caller's set was not."""
    values, offsets = flatten(shingle_sets)
    rising = np.ones(len(values), bool)
    np.greater(values[1:], values[:-1], out=rising[1:])
    rising[offsets[:-1][np.diff(offsets) > 0]] = True
    return (values, offsets) if rising.all() else flatten([np.unique(members) for members in shingle_sets])


def _sorted(values):
    """The order that sorts the values (stably), and the last place of each distinct value in that order."""
    order = np.argsort(values, kind="stable")
    border = values[order[1:]] != values[order[:-1]]
    return order, np.flatnonzero(np.append(border, True)[: len(order)])


def _ranges(starts, ends):
    """The numbers from each start up to but not including its end, one range after the other."""
    lengths = ends - starts
    shift = starts - (np.cumsum(lengths) - lengths)
    return np.arange(lengths.sum()) + np.repeat(shift, lengths)
