"""Words of texts in every script, split by a rule that is pinned to one version of Unicode.

The rule: convert the text to lower case (`str.lower`) and to NFC. Letters and numbers (general categories L and N)
form words. A mark (M) belongs to the word before it, and is dropped if there is none. Everything else separates words.
In scripts that are written without spaces, every letter or number, with its marks, is a separate word.

The categories are from Unicode 14.0 (word_characters.json). A character that is not assigned there separates words, as
in a Python of that version: it is replaced by a space first, because a newer Python may treat it as a letter. Lower
case and NFC of all other characters are the same in every later version, except for the final sigma next to two
characters; see `MOVED`.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise

import numpy as np

from dataselect_core.arrays import Hashes, Indices

ASCII_WORD = re.compile("[a-z0-9]+")
SEPARATOR, LETTER, MARK, ALONE, UNASSIGNED = range(5)
SIGMA = "\u03a3"
# Capital sigma becomes a final sigma after a cased letter, unless a cased letter follows. Two characters change their
# role in this rule after Unicode 14.0: each is replaced by the character given here, which has the old role.
MOVED = {"\u0295": "a", "\U0001171e": "\u0301"}


def tokens(text: str) -> list[str]:
    """The words of a text, in order, in lower case and NFC.

    Letters and numbers of any script, with the marks that follow them, form words; everything else separates words.
    In Thai, Lao, Tibetan, Burmese, Khmer, kana and Han, which are written without spaces, each letter is a word.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, not {type(text).__name__}")
    if text.isascii():
        return ASCII_WORD.findall(text.lower())
    joined, _, first, last, _ = cut([text])
    return [joined[start:end] for start, end in zip(first.tolist(), (last + 1).tolist())]


def tokens_of(texts: Sequence[str]) -> list[list[str]]:
    """`tokens` of each of several texts, in one pass over the texts that are not ASCII.

    Parameters
    ----------
    texts : list of str

    Returns
    -------
    list of list of str
    """
    non_ascii = [text for text in texts if not text.isascii()]
    split_texts = iter(())
    if non_ascii:
        joined, _, first, last, counts = cut(non_ascii)
        words = [joined[start:end] for start, end in zip(first.tolist(), (last + 1).tolist())]
        borders = [0, *np.cumsum(counts).tolist()]
        split_texts = (words[start:end] for start, end in pairwise(borders))
    return [ASCII_WORD.findall(text.lower()) if text.isascii() else next(split_texts) for text in texts]


def word_ngrams(texts: Sequence[str], width: int) -> list[set[tuple[str, ...]]]:
    """The shingles of each of several texts, as words.

    Parameters
    ----------
    texts : list of str
    width : int
        Words in a shingle; a text with fewer words, but at least one, has one shingle of all of them.

    Returns
    -------
    list of set of tuple of str
    """
    grams = []
    for words in tokens_of(texts):
        last = max(len(words) - width, 0) if words else -1
        grams.append({tuple(words[start : start + width]) for start in range(last + 1)})
    return grams


def cut(texts: Sequence[str]) -> tuple[str, Hashes, Indices, Indices, Indices]:
    """Find the words of several texts.

    Parameters
    ----------
    texts : list of str, at least one

    Returns
    -------
    joined : str
        The texts in the form in which they are compared, with a space before, between and after them.
    code : uint32[len(joined)]
        Their code points; a "?" for half of a surrogate pair.
    first, last : intp[words]
        Positions of the first and the last character of each word in `joined`.
    counts : intp[n]
        Number of words in each text.
    """
    texts, joined, code = _prepared(texts)
    first, last = _borders(_kinds().take(code, mode="clip"))
    ends = np.cumsum(np.array(list(map(len, texts))) + 1)
    return joined, code, first, last, np.diff(np.searchsorted(last, ends), prepend=0)


def _prepared(texts):
    """The texts in the form in which they are compared, joined, and as code points."""
    joined, code = _join(texts)
    kinds = _kinds().take(code, mode="clip")
    if kinds.max() == UNASSIGNED:
        spaces = dict.fromkeys(np.unique(code[kinds == UNASSIGNED]).tolist(), " ")
        texts = [text.translate(spaces) for text in texts]
    texts = [unicodedata.normalize("NFC", _lower(text)) for text in texts]
    normalised = f" {' '.join(texts)} "
    return (texts, joined, code) if normalised == joined else (texts, *_join(texts))


def _join(texts):
    joined = f" {' '.join(texts)} "
    return joined, np.frombuffer(joined.encode("utf-32-le", "replace"), "<u4")


def _lower(text):
    lowered = text.lower()
    if SIGMA in text and any(character in text for character in MOVED):
        substituted = text.translate(str.maketrans(MOVED)).lower()
        lowered = "".join(j if j in "\u03c3\u03c2" else c for j, c in zip(substituted, lowered, strict=True))
    return lowered


@cache
def _kinds():
    """The kind of each character, by its code point: uint8[0x110000]."""
    table = json.loads(files("dataselect_core").joinpath("word_characters.json").read_text(encoding="utf-8"))
    return np.repeat(np.array(table["run_kinds"], np.uint8), table["run_lengths"])


def _borders(kinds):
    """First and last position of each word; the characters begin and end with a separator."""
    base = kinds  # the kind of each character; for a mark, the kind of the character it belongs to
    if (kinds == MARK).any():
        position = np.arange(len(kinds), dtype=np.int32)
        position[kinds == MARK] = 0
        base = kinds.take(np.maximum.accumulate(position, out=position))
    inside = base != SEPARATOR
    begins = inside[1:] > inside[:-1]
    if base.max() == ALONE:
        begins |= kinds[1:] == ALONE
        begins |= (base[:-1] == ALONE) & (kinds[1:] == LETTER)
    ends = inside[:-1] & (begins | ~inside[1:])
    return np.flatnonzero(begins) + 1, np.flatnonzero(ends)
