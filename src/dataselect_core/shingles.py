"""Documents as sets of shingles: hashed word n-grams, computed over all documents in one pass."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, BandKeys, Hashes, Indices
from dataselect_core.words import ASCII_WORD, cut, tokens

__all__ = ["flatten", "shingle_hashes", "shingle_lists", "shingle_sets", "tokens"]

IN_TOKEN = bytes(byte < 128 and bool(ASCII_WORD.fullmatch(chr(byte).lower())) for byte in range(256))

WORD = 8  # bytes of a token that are read as one number
CHUNK = 1 << 17  # characters hashed at a time: the data of one pass then fits in a second-level cache

# Odd multipliers of 64 bits, so that multiplication modulo 2^64 loses no information: the golden ratio's fraction
# (Knuth, TAOCP 6.4) and two of Steele and Vigna's multipliers (arXiv 2001.05304).
MIX = np.uint64(0x9E3779B97F4A7C15)
BASE = np.uint64(0xD1342543DE82EF95)
FINAL = np.uint64(0xAF251AF3B0F025B5)
HALF = np.uint64(32)
UINT32 = np.dtype(np.uint32)
LOWER = np.uint64(0x2020202020202020)  # the bit that makes a letter lower case; every digit already has it
AS_IT_IS = np.uint64(0)
UNUSED_BITS = np.array([8 * (WORD - length) for length in range(WORD + 1)], np.uint64)


def shingle_hashes(text: str, width: int = 5) -> Hashes:
    """The distinct shingle hashes of one text; see `shingle_sets`.

    Returns
    -------
    uint32[k], ascending
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, not {type(text).__name__}")
    return shingle_sets([text], width)[0]


def shingle_sets(texts: Iterable[str], width: int = 5) -> list[Hashes]:
    """The set of shingles of every text: distinct hashes of its word n-grams.

    A shingle is `width` consecutive tokens. A text of 1 to width - 1 tokens has one shingle with all its tokens; a
    text without tokens has none. A shingle is represented by a 32-bit hash, so two different shingles count as
    equal with probability 2^-32 (about 7 such pairs among 250,000 shingles of a corpus).

    Parameters
    ----------
    texts : iterable of str
    width : int
        Tokens in a shingle, at least 1.

    Returns
    -------
    list of uint32[k]
        One ascending array of distinct hashes per text, in the order of `texts`.

    Raises
    ------
    TypeError
        If `texts` is a single str, or one of them is not a str (the message names which).
    ValueError
        If there are no texts, or `width` is below 1.

    Notes
    -----
    The hash is polynomial, over the byte spans of tokens and then over the tokens of a shingle, modulo 2^64
    (Karp and Rabin 1987); its value depends only on the tokens, on every platform.
    """
    return _hashed(texts, width, _sets_of_tokens)


def shingle_lists(texts: Iterable[str], width: int = 5) -> list[Hashes]:
    """The hash of every shingle of every text, in order and with repetitions; its distinct values are the set.

    MinHash gives the same signature for both, and a list needs no sorting. Arguments and errors are those of
    `shingle_sets`.

    Returns
    -------
    list of uint32[k]
        k is the number of tokens minus width plus 1; 1 for a text with fewer tokens, and 0 for one without.
    """
    return _hashed(texts, width, _lists_of_tokens)


def _hashed(texts, width, of_tokens):
    """What `of_tokens` makes of the hashes of the tokens, for every text."""
    texts = arguments.documents("texts", texts, "str")
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"texts[{index}] must be a str, not {type(text).__name__}")
    width = arguments.integer("width", width, 1, 10**9)
    hashed = []
    for chunk in _chunks(texts, CHUNK):
        hashed += _chunk(chunk, width, of_tokens)
    return hashed


def flatten(shingle_sets: Sequence[ArrayLike]) -> tuple[Hashes, Indices]:
    """The sets of shingles in one array, and the position where each begins.

    Parameters
    ----------
    shingle_sets : list of integer arrays, one dimension each, values in [0, 2^32)

    Returns
    -------
    values : uint32[total]
    offsets : intp[n + 1]
        Set i is values[offsets[i]:offsets[i + 1]].
    """
    arrays = [
        _hashes(index, members)
        for index, members in enumerate(arguments.documents("shingle_sets", shingle_sets, "uint32 arrays"))
    ]
    offsets = np.zeros(len(arrays) + 1, np.intp)  # 32 bits in a browser: np.repeat takes no other
    np.cumsum([len(array) for array in arrays], out=offsets[1:])
    return np.concatenate(arrays), offsets


def _hashes(index, values):
    if isinstance(values, np.ndarray) and values.dtype == UINT32 and values.ndim == 1:
        return values
    array = np.asarray(values)
    if array.shape == (0,):
        return array.astype(np.uint32)
    if array.dtype.kind not in "iu":
        raise TypeError(f"shingle_sets[{index}] must hold integers in [0, 2^32), not {array.dtype}")
    if array.ndim != 1:
        raise ValueError(f"shingle_sets[{index}] must have one dimension, not shape {array.shape}")
    if array.min() < 0 or array.max() >> 32:
        raise ValueError(
            f"shingle_sets[{index}] must hold integers in [0, 2^32), not {array.min()} to {array.max()}"
        )
    return array.astype(np.uint32)


def _chunks(texts, most):
    """Runs of texts with about `most` characters in all, so that memory does not grow with the corpus."""
    start = size = 0
    for end, text in enumerate(texts):
        if size > most:
            yield texts[start:end]
            start, size = end, 0
        size += len(text)
    yield texts[start:]


def _chunk(texts, width, of_tokens):
    joined = " ".join(texts)
    if joined.isascii():
        return of_tokens(*_ascii_token_hashes(joined, list(map(len, texts))), width)
    ascii_texts = [text for text in texts if text.isascii()]
    of_ascii = iter(_chunk(ascii_texts, width, of_tokens) if ascii_texts else ())
    # Such a character takes up to four bytes, and four more for its code point.
    chunks = _chunks([text for text in texts if not text.isascii()], CHUNK // 4)
    of_others = (hashes for chunk in chunks for hashes in of_tokens(*_token_hashes(chunk), width))
    return [next(of_ascii if text.isascii() else of_others) for text in texts]


def _sets_of_tokens(hashes: BandKeys, counts: Indices, width: int) -> list[Hashes]:
    shingle, document, counts = _shingles(hashes, counts, width)
    # One number has both document and hash, so one sort makes every document's shingles distinct.
    shingle |= document << HALF
    shingle = np.sort(shingle)
    first = np.ones(len(shingle), bool)
    np.not_equal(shingle[1:], shingle[:-1], out=first[1:])
    shingle = shingle[first]
    borders = np.arange(len(counts) + 1, dtype=np.uint64) << HALF
    offsets = np.searchsorted(shingle, borders).tolist()
    shingle = shingle.astype(np.uint32)
    return [shingle[start:end] for start, end in pairwise(offsets)]


def _lists_of_tokens(hashes: BandKeys, counts: Indices, width: int) -> list[Hashes]:
    shingle, _, counts = _shingles(hashes, counts, width)
    offsets = np.concatenate([[0], np.cumsum(np.maximum(counts - width + 1, 0))]).tolist()
    shingle = shingle.astype(np.uint32)
    return [shingle[start:end] for start, end in pairwise(offsets)]


def _shingles(hashes: BandKeys, counts: Indices, width: int) -> tuple[BandKeys, BandKeys, Indices]:
    """The 32-bit hash of every shingle in order, the number of its document, and the tokens of each document."""
    if ((counts > 0) & (counts < width)).any():
        hashes, counts = _pad(hashes, counts, width)
    document = np.repeat(np.arange(len(counts), dtype=np.uint64), counts)
    windows = max(len(hashes) - width + 1, 0)
    shingle = hashes[:windows].copy()
    for step in range(1, width):
        shingle *= BASE
        shingle += hashes[step : step + windows]
    shingle ^= shingle >> HALF
    shingle *= FINAL
    shingle >>= HALF
    within = document[:windows] == document[width - 1 :]  # not across the border between two documents
    if within.all():
        return shingle, document[:windows], counts
    return shingle[within], document[:windows][within], counts


def _ascii_token_hashes(joined: str, sizes: list[int]) -> tuple[BandKeys, Indices]:
    """The 64-bit hash of every token of ASCII texts in order, and the number of tokens of each text."""
    blob = b" " * WORD + joined.encode() + b" "
    inside = np.frombuffer(blob.translate(IN_TOKEN), bool)
    edges = np.flatnonzero(inside[1:] != inside[:-1])  # the byte before each token, and its last byte
    last = edges[1::2].copy()
    hashes = _span_hashes(blob, last, last - edges[::2], LOWER)
    borders = WORD + np.cumsum(np.array(sizes) + 1)
    return hashes, np.diff(np.searchsorted(last, borders), prepend=0)


def _token_hashes(texts: Sequence[str]) -> tuple[BandKeys, Indices]:
    """The same for texts in any script; an ASCII token has the same hash here, computed from its bytes in UTF-8."""
    joined, code, first, last, counts = cut(texts)
    # Characters that UTF-8 cannot encode become "?", as in `code`; they are not in any token.
    blob = b" " * WORD + joined.encode("utf-8", "replace")
    sizes = 1 + (code > 0x7F).view(np.uint8) + (code > 0x7FF) + (code > 0xFFFF)
    ends = np.cumsum(sizes, dtype=np.intp)
    return _span_hashes(blob, ends[last] + (WORD - 1), ends[last] - ends[first - 1], AS_IT_IS), counts


def _span_hashes(blob, last, lengths, fold):
    """The 64-bit hash of each span of bytes, given by its last byte and its length."""
    # Copy every run of 8 bytes to an aligned place: this costs less than reading them unaligned.
    runs = np.ascontiguousarray(np.ndarray(len(blob) - WORD + 1, "<u8", blob, strides=(1,)))
    hashes = _last_bytes(runs, last, lengths, fold)
    hashes *= MIX
    hashes ^= hashes >> HALF
    longer = np.flatnonzero(lengths > WORD)
    read = WORD
    while len(longer):  # the next 8 bytes, backwards, of the tokens that are longer
        value = hashes[longer] * BASE + _last_bytes(runs, last[longer] - read, lengths[longer] - read, fold)
        value *= MIX
        hashes[longer] = value ^ (value >> HALF)
        read += WORD
        longer = longer[lengths[longer] > read]
    return hashes


def _last_bytes(runs, last, lengths, fold):
    """The 8 bytes that end at each last one (or all bytes of a shorter token) as one number; `fold` sets bits in it."""
    value = runs.take(last - (WORD - 1)).astype(np.uint64, copy=False)
    value |= fold
    return value >> UNUSED_BITS.take(lengths, mode="clip")


def _pad(hashes, counts, width):
    """Texts shorter than a shingle, padded with zeros; no token has the hash zero."""
    padded = np.where(counts > 0, np.maximum(counts, width), 0)
    shift = np.cumsum(padded - counts) - (padded - counts)
    filled = np.zeros(padded.sum(), np.uint64)
    filled[np.arange(len(hashes)) + np.repeat(shift, counts)] = hashes
    return filled, padded
