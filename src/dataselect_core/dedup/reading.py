"""The only pass over a corpus: what is kept of each document, computed chunk by chunk."""

import math
from array import array
from collections.abc import Iterator
from hashlib import blake2b

import numpy as np

from dataselect_core.arrays import Shorts
from dataselect_core.corpus.errors import CorpusError, Malformed, Problem
from dataselect_core.corpus.files import CorpusFiles, Index
from dataselect_core.corpus.formats import Document
from dataselect_core.dedup.choice import Choice
from dataselect_core.dedup.disk_tables import Ids, Keys, Signatures, band_keys
from dataselect_core.dedup.workers import Workers
from dataselect_core.minhash import minima, permutations
from dataselect_core.shingles import shingle_sets
from dataselect_core.words import word_ngrams

CHUNK_DOCUMENTS = 4096
CHUNK_BYTES = 1 << 20  # of documents read in one task
PROBLEMS = 1000  # malformed lines that are listed; all are counted
# The ASCII characters that `str.split` takes for blanks.
BLANKS = bytes(chr(byte).isspace() for byte in range(128)) + bytes(128)


class Reading:
    """The only pass over the corpus."""

    def __init__(
        self,
        corpus: CorpusFiles,
        keys: Keys,
        signatures: Signatures | None,
        num_perm: int,
        width: int,
        seed: int,
        bands: int,
        rows: int,
        workers: Workers | None = None,
    ) -> None:
        self.corpus, self.keys, self.signatures = corpus, keys, signatures
        self.num_perm, self.width, self.seed, self.bands, self.rows = num_perm, width, seed, bands, rows
        self.workers = workers or Workers()
        self.file, self.start, self.size, self.words = array("i"), array("q"), array("q"), array("i")
        self.line = array("q")
        self.fingerprints, self.filled = bytearray(), bytearray()
        self.choice, self.ranks = Choice("first"), array("d")
        self.ids: Ids | None = None
        self.id_field: str | None = None
        self.empty = self.malformed = 0
        self.problems: list[Problem] = []

    def all(self, on_error: str) -> Iterator[tuple[str, int, int]]:
        """Read everything; yields "read", bytes done, and bytes in all."""
        for chunk in self.workers.ordered(self._tasks(on_error)):
            self._add(*chunk)
            yield "read", self.corpus.done, self.corpus.bytes
        if self.ids is not None:
            self.ids.flush()
        if not self.file or self.file[-1] < self.corpus.references:
            raise CorpusError(
                f"{self.corpus.path} contains no documents"
                + (f" that can be read; {self.problems[0]}" if self.problems else "")
            )
        yield "read", self.corpus.bytes, self.corpus.bytes

    def _tasks(self, on_error):
        options = self.width, self.num_perm, self.seed, self.bands, self.rows, self.signatures is not None
        texts, size = [], 0
        noted = not self.choice.first or self.ids is not None
        for number, item in self.corpus.documents():
            if noted and isinstance(item, Document):
                item = self._with_rank_and_id(number, item)
            if isinstance(item, Problem):
                if on_error == "stop":
                    raise CorpusError(f"{item} (on-error skip leaves it out and continues)")
                self.malformed += 1
                if len(self.problems) < PROBLEMS:
                    self.problems.append(item)
                continue
            self.file.append(number)
            self.start.append(item.start)
            self.size.append(item.stop - item.start)
            self.line.append(item.line)
            texts.append(item.text)
            size += item.stop - item.start
            if len(texts) == CHUNK_DOCUMENTS or size >= CHUNK_BYTES:
                yield sign, texts, *options
                texts, size = [], 0
        if texts:
            yield sign, texts, *options

    def _with_rank_and_id(self, number, document):
        """Note the rank and id of a document and return it; or the problem with them."""
        values = dict(zip(self.corpus.extras, document.values))
        if not self.choice.first:
            try:
                rank = self.choice.rank(document.text, values.get(self.choice.field or ""))
            except Malformed as problem:
                if number >= self.corpus.references:
                    return Problem(self.corpus.names[number], document.line, str(problem))
                rank = 0.0
            self.ranks.append(math.inf if number < self.corpus.references else rank)
        if self.ids is not None:
            self.ids.append(values.get(self.id_field or ""))
        return document

    def index(self) -> Index:
        """Where each document is in the files."""
        return Index(
            *(
                np.frombuffer(column, column.typecode)
                for column in (self.file, self.start, self.size, self.words, self.line)
            )
        )

    def _add(self, words, sizes, fingerprints, keys, sigs):
        self.words.frombytes(words.tobytes())
        self.empty += int((sizes == 0).sum())
        self.filled += (sizes > 0).tobytes()
        self.fingerprints += fingerprints
        self.keys.append(keys)
        if self.signatures is not None:
            self.signatures.append(sigs)


def sign(
    texts: list[str],
    width: int,
    num_perm: int,
    seed: int,
    bands: int,
    rows: int,
    with_signatures: bool = False,
) -> tuple:
    """The values that are kept of some texts.

    Parameters
    ----------
    texts : list of str, n
    width, num_perm, seed, bands, rows :
        As in `deduplicate_files`.
    with_signatures : bool
        Whether the signatures are returned too.

    Returns
    -------
    words : int32[n]
    sizes : int64[n]
        Sizes of the sets of shingles.
    fingerprints : bytes, 16 n
    keys : uint64[n, bands]
    signatures : uint32[n, num_perm] or None
    """
    sets = shingle_sets(texts, width)
    needed = slice(None if with_signatures else bands * rows)
    a, b = permutations(num_perm, seed)
    sigs = minima(sets, a[needed], b[needed])
    return (
        word_counts(texts),
        np.array([len(members) for members in sets]),
        b"".join(_fingerprints(texts, sets, width)),
        band_keys(sigs, bands, rows),
        sigs if with_signatures else None,
    )


def word_counts(texts: list[str]) -> Shorts:
    """The words of each text, as `str.split` counts them: int32[n]."""
    counts = np.empty(len(texts), np.int32)
    plain = [number for number, text in enumerate(texts) if text.isascii()]
    if len(plain) < len(texts):
        others = set(range(len(texts))).difference(plain)
        for number in others:
            counts[number] = len(texts[number].split())
    # A word begins where a blank is followed by something else; every text begins after a blank.
    blank = np.frombuffer(
        " ".join(["", *(texts[number] for number in plain)]).encode().translate(BLANKS), bool
    )
    starts = np.flatnonzero(blank[:-1] > blank[1:])
    ends = np.cumsum([len(texts[number]) + 1 for number in plain])
    counts[plain] = np.diff(np.searchsorted(starts, ends), prepend=0)
    return counts


def _fingerprints(texts, sets, width):
    """128 bits that identify each document: from its set, or from its words if the set is one hash of 32 bits."""
    digests = [blake2b(members, digest_size=16).digest() for members in sets]
    single = [number for number, members in enumerate(sets) if len(members) == 1]
    if single:
        grams = word_ngrams([texts[number] for number in single], width)
        for number, words in zip(single, grams, strict=True):
            text = "\n".join(sorted(map(" ".join, words))).encode()
            digests[number] = blake2b(text, digest_size=16, person=b"words").digest()
    return digests
