"""The only pass over a corpus: what is kept of each document, computed chunk by chunk."""

import math
from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np

from dataselect_core.arrays import Shorts
from dataselect_core.corpus.errors import CorpusError, Malformed, Problem
from dataselect_core.corpus.file import Lines, open_binary
from dataselect_core.corpus.files import CorpusFiles, Index
from dataselect_core.corpus.formats import Document, Reader
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


@dataclass(frozen=True)
class Wanted:
    """What is noted of each document: the rank by which one of a cluster is kept, and the id.

    Attributes
    ----------
    rule : str
        See `choice.Choice`.
    id_field : str or None
        None: no ids are noted.
    extras : tuple of str
        The names of a document's values.
    references : int
        The files before this number are only compared against.
    """

    rule: str
    id_field: str | None
    extras: tuple
    references: int

    @cached_property
    def choice(self) -> Choice:
        """The rule."""
        return Choice(self.rule)


class Rows:
    """The documents and problems of one task, without the texts.

    Parameters
    ----------
    wanted : Wanted

    Attributes
    ----------
    file, start, size, line : array
        Columns of the `Index`.
    ranks : array
        Empty if the first document of a cluster is kept.
    ids : list
    problems : list of Problem
        The first `PROBLEMS` of them.
    malformed : int
    number, lines, done : int
        For lines of a file: the number of the file, of lines, and of the bytes of the corpus up to their end.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.file, self.start, self.size, self.line = array("i"), array("q"), array("q"), array("q")
        self.ranks = array("d")
        self.ids: list[Any] = []
        self.problems: list[Problem] = []
        self.malformed = self.number = self.lines = self.done = 0

    def add(self, number: int, name: str, item: Document | Problem) -> Document | None:
        """Add a document or a problem of a file; the document, or None for a problem."""
        wanted = self.wanted
        if isinstance(item, Document) and not (wanted.choice.first and wanted.id_field is None):
            item = self._with_rank_and_id(number, name, item)
        if isinstance(item, Problem):
            self.malformed += 1
            if len(self.problems) < PROBLEMS:
                self.problems.append(item)
            return None
        self.file.append(number)
        self.start.append(item.start)
        self.size.append(item.stop - item.start)
        self.line.append(item.line)
        return item

    def _with_rank_and_id(self, number, name, document):
        """Note the rank and id of a document and return it; or the problem with them."""
        wanted = self.wanted
        values = dict(zip(wanted.extras, document.values))
        if not wanted.choice.first:
            try:
                rank = wanted.choice.rank(document.text, values.get(wanted.choice.field or ""))
            except Malformed as problem:
                if number >= wanted.references:
                    return Problem(name, document.line, str(problem))
                rank = 0.0
            self.ranks.append(math.inf if number < wanted.references else rank)
        if wanted.id_field is not None:
            self.ids.append(values.get(wanted.id_field))
        return document


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
        self._waiting: deque[Rows | None] = (
            deque()
        )  # of each task that is not done; None: the task makes them
        self._lines_before: dict[int, int] = {}  # of each file of which lines are read

    def all(self, on_error: str) -> Iterator[tuple[str, int, int]]:
        """Read everything; yields "read", bytes done, and bytes in all."""
        for _ in self.chunks(on_error):
            yield "read", self.corpus.done, self.corpus.bytes
        self.corpus.check_unchanged()  # the last lines may have been read after the file was closed here
        if self.ids is not None:
            self.ids.flush()
        if not self.file or self.file[-1] < self.corpus.references:
            raise CorpusError(
                f"{self.corpus.path} contains no documents"
                + (f" that can be read; {self.problems[0]}" if self.problems else "")
            )
        yield "read", self.corpus.bytes, self.corpus.bytes

    def chunks(self, on_error: str) -> Iterator[None]:
        """Read everything; yields after each chunk."""
        for result in self.workers.ordered(self._tasks(on_error)):
            rows = self._waiting.popleft()
            if rows is None:
                rows, result = result
                self._place(rows)
            self._add(rows, on_error)
            for signed in result:
                self._add_signed(*signed)
            yield

    def _tasks(self, on_error):
        options = self.width, self.num_perm, self.seed, self.bands, self.rows, self.signatures is not None
        wanted = Wanted(
            self.choice.rule,
            None if self.ids is None else self.id_field,
            tuple(self.corpus.extras),
            self.corpus.references,
        )
        rows, size = Rows(wanted), 0
        texts: list[str] = []
        several = self.workers.jobs > 1
        for number, item in self.corpus.pieces(CHUNK_BYTES) if several else self.corpus.documents():
            if isinstance(item, Lines):
                if texts or rows.malformed:
                    self._waiting.append(rows)
                    yield sign_all, texts, options
                    rows, texts, size = Rows(wanted), [], 0
                self._waiting.append(None)
                yield sign_lines, item, number, wanted, on_error, options
                continue
            if document := rows.add(number, self.corpus.names[number], item):
                texts.append(document.text)
                size += document.stop - document.start
            elif on_error == "stop":
                break
            if len(texts) == CHUNK_DOCUMENTS or size >= CHUNK_BYTES or rows.malformed >= CHUNK_DOCUMENTS:
                self._waiting.append(rows)
                yield sign_all, texts, options
                rows, texts, size = Rows(wanted), [], 0
        if texts or rows.malformed:
            self._waiting.append(rows)
            yield sign_all, texts, options

    def index(self) -> Index:
        """Where each document is in the files."""
        return Index(
            *(
                np.frombuffer(column, column.typecode)
                for column in (self.file, self.start, self.size, self.words, self.line)
            )
        )

    def _place(self, rows):
        """Number the lines of a task, which are numbered from its first one, as in the whole file."""
        self.corpus.done = max(self.corpus.done, rows.done)
        number = rows.number
        before = self._lines_before.get(number, 0)
        self._lines_before[number] = before + rows.lines
        rows.line = array("q", (np.frombuffer(rows.line, np.int64) + before).tobytes())
        rows.problems = [problem._replace(line=problem.line + before) for problem in rows.problems]

    def _add(self, rows, on_error):
        if rows.problems and on_error == "stop":
            raise CorpusError(f"{rows.problems[0]} (on-error skip leaves it out and continues)")
        for name in ("file", "start", "size", "line", "ranks"):
            getattr(self, name).extend(getattr(rows, name))
        if self.ids is not None:
            for value in rows.ids:
                self.ids.append(value)
        self.malformed += rows.malformed
        self.problems += rows.problems[: PROBLEMS - len(self.problems)]

    def _add_signed(self, words, sizes, fingerprints, keys, sigs):
        self.words.frombytes(words.tobytes())
        self.empty += int((sizes == 0).sum())
        self.filled += (sizes > 0).tobytes()
        self.fingerprints += fingerprints
        self.keys.append(keys)
        if self.signatures is not None:
            self.signatures.append(sigs)


def sign_all(texts: list[str], options: tuple) -> list[tuple]:
    """What `sign` returns for some texts, as a list: empty if there is no text.

    Parameters
    ----------
    texts : list of str
    options : tuple
        The other arguments of `sign`.
    """
    return [sign(texts, *options)] if texts else []


def sign_lines(
    lines: Lines, number: int, wanted: Wanted, on_error: str, options: tuple
) -> tuple[Rows, list[tuple]]:
    """Read some lines of a file, and sign their documents.

    Parameters
    ----------
    lines : Lines
    number : int
        Of the file in the corpus.
    wanted : Wanted
    on_error : "stop" or "skip"
    options : tuple
        The other arguments of `sign`.

    Returns
    -------
    rows : Rows
        Their lines are numbered from the first of these.
    signed : list of tuple
        What `sign` returns, `CHUNK_DOCUMENTS` documents at a time.
    """
    rows = Rows(wanted)
    texts: list[str] = []
    signed: list[tuple] = []
    rows.number, rows.done = number, lines.done
    with open_binary(lines.file.path) as stream:
        reader = Reader(lines.file.name, stream, lines.file.layout)
        for item in reader.between(lines.start, lines.stop):
            if document := rows.add(number, lines.file.name, item):
                texts.append(document.text)
            elif on_error == "stop":
                break
            if len(texts) == CHUNK_DOCUMENTS:
                signed += sign_all(texts, options)
                texts = []
        rows.lines = reader.lines
    return rows, signed + sign_all(texts, options)


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
