"""MinHash: a short signature of a set, from which Jaccard similarities are estimated."""

from collections.abc import Iterable, Sequence

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, Hashes, OneOrMany
from dataselect_core.shingles import flatten, shingle_lists

EMPTY = np.uint32(0xFFFFFFFF)  # every slot of the signature of an empty set

# Shingles and permutations worked on at a time: 6144 x 16 products of 4 bytes fit in a second-level cache.
SHINGLES = 6144
PERMUTATIONS = 16
SETS = 1024  # signed at a time by one permutation
HALF = np.uint32(16)
FEW = 64  # below one in so many, empty bins are filled one by one


MOST = 65536  # permutations: more would not improve an estimate, and a table of bands would not fit in memory


def permutations(num_perm: int, seed: int) -> tuple[Hashes, Hashes]:
    """The random permutations h -> a h + b modulo 2^32 of a seed.

    They follow the scheme "affine32" of datasketch 2.0. An odd `a` makes each a bijection.

    Parameters
    ----------
    num_perm : int
        Number of permutations, at least 2.
    seed : int
        In [0, 2^32).

    Returns
    -------
    a, b : uint32[num_perm]
    """
    num_perm = arguments.integer("num_perm", num_perm, 2, MOST)
    random = np.random.RandomState(arguments.integer("seed", seed, 0, 2**32 - 1))
    a = random.randint(0, 1 << 31, num_perm, np.uint32) * np.uint32(2) + np.uint32(1)
    b = random.randint(0, 1 << 32, num_perm, np.uint32)
    return a, b


def signatures(shingle_sets: Sequence[ArrayLike], num_perm: int = 128, seed: int = 1) -> Hashes:
    """The MinHash signature of every set (Broder 1997), bit for bit the same as in datasketch 2.0.

    Slot k of a signature is the smallest value that permutation k gives to a member of the set. Two sets
    agree in a slot with a probability equal to their Jaccard similarity.

    Parameters
    ----------
    shingle_sets : list of uint32 arrays
        As `shingles.shingle_sets` returns them.
    num_perm : int
        Number of permutations, at least 2. The standard error of an estimate is at most 1/(2 sqrt(num_perm)).
    seed : int
        In [0, 2^32).

    Returns
    -------
    uint32[n, num_perm]
        The row of an empty set is 2^32 - 1 throughout.

    Raises
    ------
    TypeError, ValueError
        If there are no sets, one is not a one-dimensional array of integers in [0, 2^32) (the message names
        which), or `num_perm` or `seed` is out of range.
    """
    return minima(shingle_sets, *permutations(num_perm, seed))


def minima(shingle_sets: Sequence[ArrayLike], a: Hashes, b: Hashes) -> Hashes:
    """The smallest value that each of some permutations gives to a member of each set; see `signatures`.

    Parameters
    ----------
    shingle_sets : list of uint32 arrays
        As `shingles.shingle_sets` returns them.
    a, b : uint32[k]
        Some of what `permutations` returns: the first k give the first k slots of the signatures.

    Returns
    -------
    uint32[n, k]
    """
    num_perm = len(a)
    values, offsets = flatten(shingle_sets)
    filled = np.diff(offsets) > 0  # reduceat cannot handle an empty run
    starts, ends = offsets[:-1][filled], offsets[1:][filled]
    result = np.empty((len(starts), num_perm), np.uint32)
    work = np.empty((PERMUTATIONS, max(SHINGLES, np.diff(offsets).max())), np.uint32)
    first = 0
    while first < len(starts):
        last = max(first + 1, int(np.searchsorted(ends, starts[first] + SHINGLES, side="right")))
        block = mix(values[starts[first] : ends[last - 1]])
        runs = starts[first:last] - starts[first]
        for k in range(0, num_perm, PERMUTATIONS):
            step = slice(k, k + PERMUTATIONS)
            permuted = work[: len(a[step]), : len(block)]
            np.multiply(a[step, None], block, out=permuted)
            permuted += b[step, None]
            result[first:last, step] = np.minimum.reduceat(permuted, runs, axis=1).T
        first = last
    if filled.all():
        return result
    complete = np.full((len(filled), num_perm), EMPTY)
    complete[filled] = result
    return complete


def signatures_of_texts(
    texts: Iterable[str],
    width: int = 5,
    num_perm: int = 128,
    seed: int = 1,
    one_permutation: bool = False,
) -> Hashes:
    """The signature of every text, bit for bit that of its set of shingles, without making the set.

    Parameters
    ----------
    texts : iterable of str
    width : int
        Tokens in a shingle, at least 1.
    num_perm, seed : int
        As in `signatures`.
    one_permutation : bool
        Whether the signatures are those of `one_permutation_signatures`.

    Returns
    -------
    uint32[n, num_perm]

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range, or one of the texts is not a str; the message says which.
    """
    lists = shingle_lists(texts, width)
    return (
        one_permutation_signatures(lists, num_perm, seed)
        if one_permutation
        else signatures(lists, num_perm, seed)
    )


def one_permutation_signatures(
    shingle_sets: Sequence[ArrayLike], num_perm: int = 128, seed: int = 1
) -> Hashes:
    """Signatures by one permutation instead of `num_perm`: less work, and estimates that vary a little more.

    One hash puts a member into one of `num_perm` bins, and a slot has the smallest value of its bin (Li, Owen and
    Zhang 2012). An empty bin takes the value of another one, drawn in an order that is the same for all sets
    (Shrivastava 2017), so the share of slots in which two sets agree remains an unbiased estimate of their Jaccard
    similarity. They can be compared only with each other, not with those of `signatures`.

    Parameters
    ----------
    shingle_sets, num_perm, seed :
        As in `signatures`.

    Returns
    -------
    uint32[n, num_perm]
        The row of an empty set is 2^32 - 1 throughout.

    Raises
    ------
    TypeError, ValueError
        As in `signatures`.

    Notes
    -----
    A set of k members costs k hashes instead of k times `num_perm`. For sets with far fewer members than there are
    slots, most slots are copies of others: the standard error of an estimate grows.
    """
    a, b = (draws[0] for draws in permutations(num_perm, seed))
    values, offsets = flatten(shingle_sets)
    n = len(offsets) - 1
    result = np.empty((n, num_perm), np.uint32)
    for first in range(0, n, SETS):
        last = min(first + SETS, n)
        hashed = mix(mix(values[offsets[first] : offsets[last]]) * a + b)
        np.minimum(hashed, EMPTY - np.uint32(1), out=hashed)  # the largest value marks an empty bin
        # The upper 16 bits choose the bin: a product of 32 bits is quicker than one of 64.
        bins = ((hashed >> HALF) * np.uint32(num_perm) >> HALF).astype(np.intp)
        starts = np.arange(0, (last - first) * num_perm, num_perm)
        smallest = np.full((last - first, num_perm), EMPTY)
        np.minimum.at(
            smallest.reshape(-1), np.repeat(starts, np.diff(offsets[first : last + 1])) + bins, hashed
        )
        _fill_empty_bins(smallest, np.random.RandomState(seed), result[first:last])
    return result


def _fill_empty_bins(smallest, random, filled):
    """Give every empty bin the value of the first bin that is not empty, in a random order of its own."""
    num_perm = smallest.shape[1]
    filled[:] = smallest
    others, unless_empty = np.empty_like(smallest), np.empty_like(smallest)
    alone = (smallest == EMPTY).all(axis=1, keepdims=True)
    while (left := np.count_nonzero(empty := (filled == EMPTY) & ~alone)) > empty.size // FEW:
        # Without a branch, which costs more than these passes: all bits are set, and nothing is smaller, unless empty.
        np.subtract(empty, 1, out=unless_empty.view(np.int32), dtype=np.int32)
        np.take(smallest, random.randint(0, num_perm, num_perm), axis=1, out=others, mode="clip")
        np.bitwise_or(others, unless_empty, out=others)
        np.minimum(filled, others, out=filled)
    sets, slot = np.nonzero(empty) if left else ((), ())
    while len(slot):
        taken = smallest[sets, random.randint(0, num_perm, num_perm)[slot]]
        filled[sets, slot] = taken
        sets, slot = sets[taken == EMPTY], slot[taken == EMPTY]


def mix(values: Hashes) -> Hashes:
    """The 32-bit finaliser of MurmurHash3 (Appleby 2011), a bijection that spreads structured values.

    Parameters
    ----------
    values : uint32 array

    Returns
    -------
    uint32 array of the same shape
    """
    values = values ^ (values >> np.uint32(16))
    values *= np.uint32(0x85EBCA6B)
    values ^= values >> np.uint32(13)
    values *= np.uint32(0xC2B2AE35)
    values ^= values >> np.uint32(16)
    return values


def jaccard(sig_a: Hashes, sig_b: Hashes) -> OneOrMany:
    """The estimated Jaccard similarity of two sets: the share of slots in which their signatures agree.

    Parameters
    ----------
    sig_a, sig_b : uint32[num_perm], or uint32[m, num_perm] for m pairs at once
        Of the same shape, and of the same permutations.

    Returns
    -------
    float, or float64[m]
        In [0, 1]; 0 if both sets are empty, because an empty document is not a duplicate of anything.
    """
    sig_a, sig_b = check_signatures("sig_a", sig_a, (1, 2)), check_signatures("sig_b", sig_b, (1, 2))
    if sig_a.shape != sig_b.shape:
        raise ValueError(f"sig_a and sig_b must have the same shape, not {sig_a.shape} and {sig_b.shape}")
    agree = ((sig_a == sig_b) & (sig_a != EMPTY)).mean(axis=-1)
    return float(agree) if sig_a.ndim == 1 else agree


def check_signatures(name: str, array: object, dimensions: tuple[int, ...] = (2,)) -> Hashes:
    """`array` if it is a uint32 array of signatures and not empty; else an error that says why not."""
    if not isinstance(array, np.ndarray) or array.dtype != np.uint32:
        kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise TypeError(f"{name} must be an array of uint32, as minhash.signatures returns it, not {kind}")
    if array.ndim not in dimensions or array.size == 0:
        allowed = " or ".join({1: "(num_perm,)", 2: "(n, num_perm)"}[d] for d in dimensions)
        raise ValueError(f"{name} must have shape {allowed} and not be empty, not {array.shape}")
    return array
