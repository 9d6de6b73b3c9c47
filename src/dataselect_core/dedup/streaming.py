"""Near-duplicates of a corpus too large for memory: the same results as `dedup.deduplicate`, from files.

The corpus is read once. For each document we keep its place in the file, a fingerprint of its shingles, and, in a
temporary file, a 64-bit key for each band of its signature. Documents with the same shingles are joined at once. Then
the keys of one band after the other are sorted, and documents with equal keys are compared: by their shingles, which
are read again (and by their words, if they share only one shingle), or by their signatures (from another temporary
file). A pair that is already in one cluster is not compared again, so a thousand copies cost a thousand comparisons
and not a million.
"""

import math
from array import array
from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from tempfile import TemporaryFile
from typing import Any

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import Flags, Floats, Integers
from dataselect_core.corpus.errors import CorpusError, Malformed, Problem
from dataselect_core.corpus.files import CorpusFiles, Index
from dataselect_core.corpus.formats import Document
from dataselect_core.dedup.answers import Ids, Noted
from dataselect_core.dedup.choice import Choice
from dataselect_core.dedup.disk_tables import Keys, Signatures, band_keys
from dataselect_core.dedup.pairs import clusters, confirmed, exact_similarity
from dataselect_core.dedup.workers import Workers
from dataselect_core.lsh import optimal_bands
from dataselect_core.minhash import jaccard, signatures
from dataselect_core.shingles import shingle_sets
from dataselect_core.words import word_ngrams

CHUNK_DOCUMENTS = 4096
CHUNK_BYTES = 1 << 20  # of documents read in one task
COMPARE_BYTES = 1 << 18  # of documents compared in one task
WINDOW = 64  # tasks of comparisons after which their results are joined; the same for any number of processes
CACHED = 1 << 23  # shingles of recently compared documents, 4 bytes each
PROBLEMS = 1000  # malformed lines that are listed; all are counted


@dataclass(frozen=True, eq=False)
class StreamedDeduplication:
    """The result of a streamed deduplication.

    Attributes
    ----------
    keep : bool[n]
        True for the kept documents: the first of each cluster in input order, or the one that the rule chooses.
    cluster : int64[n]
        Index of the document that is kept for this one; for a kept document, its own index.
    index : Index
        Where each document is, and the number of its words.
    same : int
        Documents removed because an earlier one has the same set of shingles.
    empty : int
        Documents without a word; they are not duplicates of anything.
    compared : int
        Pairs that were compared, not counting pairs of equal sets.
    malformed : int
    problems : list of Problem
        The first `PROBLEMS` malformed documents.
    bands, rows : int
    temporary_bytes : int
        Size of the temporary files.
    mine : bool[n]
        True for the documents of the corpus, False for the documents it is compared against.
    similarity : float64[n]
        To the kept document, exact if verified. Below the threshold if others in between joined the two.
    same_sets : bool[n]
        True for documents with the same set of shingles as an earlier document or as the kept one.
    ids : Ids or None
        The ids of the documents in the corpus.
    jobs : int
        Number of processes for the work.
    workers_memory : int
        The most memory that all worker processes together have used, in bytes; 0 if none was started.
    """

    keep: Flags
    cluster: Integers
    index: Index
    same: int
    empty: int
    compared: int
    malformed: int
    problems: list[Problem]
    bands: int
    rows: int
    temporary_bytes: int
    mine: Flags
    similarity: Floats
    same_sets: Flags
    ids: Ids | None
    jobs: int = 1
    workers_memory: int = 0


def deduplicate_files(
    corpus: CorpusFiles,
    threshold: float = 0.8,
    num_perm: int = 128,
    width: int = 5,
    seed: int = 1,
    verify: bool = True,
    bands: int | None = None,
    rows: int | None = None,
    on_error: str = "stop",
    folder: Any = None,
    progress: Callable[[str, int, int], object] | None = None,
    keep: str = "first",
    id_field: str | None = None,
    jobs: int = 1,
) -> StreamedDeduplication:
    """Find near-duplicates in a corpus on disk, and keep one document of each cluster.

    It keeps the same documents as `dedup.deduplicate` does for the same texts. (Bands are compared by a 64-bit key,
    so with a probability of about n^2 2^-65 per band one more pair is compared.)

    Parameters
    ----------
    corpus : CorpusFiles
    threshold : float
        Jaccard similarity, in (0, 1].
    num_perm : int
        Number of MinHash permutations, at least 2.
    width : int
        Tokens in a shingle, at least 1.
    seed : int
        Seed of the permutations, in [0, 2^32).
    verify : bool
        Compare the candidates exactly, reading them again; otherwise by their signatures, which then take
        4 num_perm bytes per document of temporary disk.
    bands, rows : int or None
        Both or neither; bands * rows <= num_perm. None: the result of `lsh.optimal_bands`.
    on_error : "stop" or "skip"
        What to do at a malformed document.
    folder : path or None
        Folder for temporary files; None: the system's.
    progress : callable or None
        Called from time to time as progress(stage, done, total): "read" in bytes, "compare" in bands.
    keep : str
        Which document of a cluster is kept: "first", "longest", "FIELD:max" or "FIELD:min"; see `choice.Choice`.
    id_field : str or None
        Key or column that names the documents, for `answers`. It and FIELD must be among the corpus' `extras`.
    jobs : int
        Processes that share the work; the results are the same for any number. With more than one, a program
        must guard its main code with `if __name__ == "__main__":`, because new processes import it.

    Returns
    -------
    StreamedDeduplication

    Raises
    ------
    CorpusError
        If there are no documents, a file changes during the run, or a document is malformed and `on_error`
        is "stop".
    TypeError, ValueError
        If an argument is out of range; the message says which.
    """
    steps = deduplication_steps(
        corpus, threshold, num_perm, width, seed, verify, bands, rows, on_error, folder, keep, id_field, jobs
    )
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        if progress:
            progress(*step)


def deduplication_steps(
    corpus: CorpusFiles,
    threshold: float = 0.8,
    num_perm: int = 128,
    width: int = 5,
    seed: int = 1,
    verify: bool = True,
    bands: int | None = None,
    rows: int | None = None,
    on_error: str = "stop",
    folder: Any = None,
    keep: str = "first",
    id_field: str | None = None,
    jobs: int = 1,
) -> Generator[Any, None, StreamedDeduplication]:
    """Run `deduplicate_files` in small steps, for a page that has to respond in between.

    Yields
    ------
    stage, done, total : "read" and bytes, or "compare" and bands

    Returns
    -------
    StreamedDeduplication
        As the value of the StopIteration. Closing the generator stops early and removes all temporary files.
    """
    threshold = arguments.threshold("threshold", threshold)
    width = arguments.integer("width", width, 1)
    bands, rows = _bands(threshold, num_perm, bands, rows)
    if on_error not in ("stop", "skip"):
        raise ValueError(f"on_error must be 'stop' or 'skip', not {on_error!r}")
    jobs, choice = arguments.integer("jobs", jobs, 1), Choice(keep)
    for field in (choice.field, id_field):
        if field is not None and field not in corpus.extras:
            raise ValueError(f"the corpus must be made with extras that hold {field!r}")
    with (
        closing(corpus),
        TemporaryFile(dir=folder) as one,
        TemporaryFile(dir=folder) as other,
        closing(Workers(jobs)) as workers,
    ):
        keys, signed = Keys(one), Signatures(other)
        read = _Reading(corpus, keys, None if verify else signed, num_perm, width, seed, bands, rows, workers)
        read.choice, read.id_field = choice, id_field
        read.ids = None if id_field is None else Ids(folder)
        yield from read.all(on_error)
        index = read.index()
        n = len(index.file)
        first = _first_of_each(np.frombuffer(read.fingerprints, np.uint64).reshape(n, 2))
        filled = np.frombuffer(read.filled, bool)
        distinct = np.flatnonzero(filled & (first == np.arange(n)))
        first = np.where(filled, first, np.arange(n))
        join = _Clusters(n)
        compare = _Exact(corpus, index, width, threshold, workers) if verify else _Estimated(signed)
        similarity = Noted(compare, threshold)
        compared = 0
        for band in range(bands):
            yield "compare", band, bands
            order, starts, sizes = _runs(keys.band(band)[distinct])
            for pairs in _compare(distinct[order], starts, sizes, similarity, threshold, join):
                compared += pairs
                yield "compare", band, bands
        cluster = join.roots(first)
        if not choice.first:
            cluster = Choice.chosen(cluster, np.frombuffer(read.ranks))
        known = similarity.to_kept(first[cluster])
        for some in _batches(missing := distinct[np.isnan(known[distinct])], compare.weights):
            known[missing[some]] = compare(np.stack([first[cluster[missing[some]]], missing[some]], axis=1))
            yield "compare", bands - 1, bands
        return StreamedDeduplication(
            cluster == np.arange(n),
            cluster,
            index,
            int((first != np.arange(n)).sum()),
            read.empty,
            compared,
            read.malformed,
            read.problems,
            bands,
            rows,
            keys.size + signed.size + corpus.temporary_bytes,
            index.file >= corpus.references,
            np.where(filled, known[first], 1.0),
            (first != np.arange(n)) | (first[cluster] == first) & (cluster != np.arange(n)),
            read.ids,
            jobs,
            sum(workers.peaks.values()),
        )


class _Reading:
    """The only pass over the corpus."""

    def __init__(self, corpus, keys, signed, num_perm, width, seed, bands, rows, workers=None):
        self.corpus, self.keys, self.signed = corpus, keys, signed
        self.num_perm, self.width, self.seed, self.bands, self.rows = num_perm, width, seed, bands, rows
        self.workers = workers or Workers()
        self.file, self.start, self.size, self.words = array("i"), array("q"), array("q"), array("i")
        self.line = array("q")
        self.fingerprints, self.filled = bytearray(), bytearray()
        self.choice, self.ranks = Choice("first"), array("d")
        self.ids: Ids | None = None
        self.id_field: str | None = None
        self.empty = self.malformed = 0
        self.problems = []

    def all(self, on_error):
        for made in self.workers.ordered(self._tasks(on_error)):
            self._add(*made)
            yield "read", self.corpus.done, self.corpus.bytes
        if self.ids is not None:
            self.ids.flush()
        if not self.file or self.file[-1] < self.corpus.references:
            raise CorpusError(
                f"{self.corpus.path} holds no documents"
                + (f" that can be read; {self.problems[0]}" if self.problems else "")
            )
        yield "read", self.corpus.bytes, self.corpus.bytes

    def _tasks(self, on_error):
        options = self.width, self.num_perm, self.seed, self.bands, self.rows, self.signed is not None
        texts, size = [], 0
        for number, found in self.corpus.documents():
            if isinstance(found, Document):
                found = self._noted(number, found)
            if isinstance(found, Problem):
                if on_error == "stop":
                    raise CorpusError(f"{found} (on-error skip would leave it out and go on)")
                self.malformed += 1
                if len(self.problems) < PROBLEMS:
                    self.problems.append(found)
                continue
            self.file.append(number)
            self.start.append(found.start)
            self.size.append(found.stop - found.start)
            self.line.append(found.line)
            texts.append(found.text)
            size += found.stop - found.start
            if len(texts) == CHUNK_DOCUMENTS or size >= CHUNK_BYTES:
                yield sign, texts, *options
                texts, size = [], 0
        if texts:
            yield sign, texts, *options

    def _noted(self, number, found):
        """Note the rank and id of a document and return it; or the problem with them."""
        values = dict(zip(self.corpus.extras, found.values))
        if not self.choice.first:
            try:
                rank = self.choice.rank(found.text, values.get(self.choice.field))
            except Malformed as problem:
                if number >= self.corpus.references:
                    return Problem(self.corpus.names[number], found.line, str(problem))
                rank = 0.0
            self.ranks.append(math.inf if number < self.corpus.references else rank)
        if self.ids is not None:
            self.ids.append(values.get(self.id_field))
        return found

    def index(self):
        return Index(
            *(
                np.frombuffer(given, given.typecode)
                for given in (self.file, self.start, self.size, self.words, self.line)
            )
        )

    def _add(self, words, sizes, fingerprints, keys, signed):
        self.words.frombytes(words.tobytes())
        self.empty += int((sizes == 0).sum())
        self.filled += (sizes > 0).tobytes()
        self.fingerprints += fingerprints
        self.keys.append(keys)
        if self.signed is not None:
            self.signed.append(signed)


def sign(
    texts: list[str], width: int, num_perm: int, seed: int, bands: int, rows: int, whole: bool = False
) -> tuple:
    """The values that are kept of some texts.

    Parameters
    ----------
    texts : list of str, n
    width, num_perm, seed, bands, rows :
        As in `deduplicate_files`.
    whole : bool
        Whether the signatures are returned too.

    Returns
    -------
    words : int32[n]
    sizes : int64[n]
        Sizes of the sets of shingles.
    fingerprints : bytes, 16 n
    keys : uint64[n, bands]
    signed : uint32[n, num_perm] or None
    """
    sets = shingle_sets(texts, width)
    signed = signatures(sets, num_perm, seed)
    return (
        np.array([len(text.split()) for text in texts], np.int32),
        np.array([len(members) for members in sets]),
        b"".join(_fingerprints(texts, sets, width)),
        band_keys(signed, bands, rows),
        signed if whole else None,
    )


class _Exact:
    """Similarities by the shingles of the texts, which are read again; shingles of recent documents are cached."""

    def __init__(self, corpus, index, width, threshold=0.0, workers=None):
        self.corpus, self.index, self.width, self.threshold = corpus, index, width, threshold
        self.weights = index.size  # bytes; they determine how many pairs are compared at a time
        self.workers = workers or Workers()
        self._held, self._shingles = OrderedDict(), 0

    def __call__(self, pairs):
        return self.submit(pairs)()

    def submit(self, pairs):
        """A function that waits for and returns the similarities."""
        documents, place = np.unique(pairs, return_inverse=True)
        wanted = documents.tolist()
        missing = [number for number, document in enumerate(wanted) if document not in self._held]
        texts = self.corpus.texts(self.index, documents[missing])
        held = [self._held.get(document) for document in wanted]
        for document in wanted:
            if document in self._held:
                self._held.move_to_end(document)
        place = place.reshape(pairs.shape)
        found = self.workers.submit(compare_texts, texts, held, place, self.width)

        def confirm():
            similarity, sizes, sets = found()
            self._hold([wanted[number] for number in missing], sets)

            def read(some):
                return self.corpus.texts(self.index, documents[some])

            return confirmed(sizes, place, similarity, self.threshold, read, self.width)

        return confirm

    def _hold(self, documents, sets):
        for document, members in zip(documents, sets, strict=True):
            if document not in self._held:
                self._held[document] = members
                self._shingles += len(members)
        while self._shingles > CACHED and self._held:
            self._shingles -= len(self._held.popitem(last=False)[1])


def compare_texts(texts: list[str], held: list, pairs: Integers, width: int) -> tuple:
    """Similarities of pairs of documents; for each document either the text or the shingles are given.

    Parameters
    ----------
    texts : list of str, m
        Texts of the documents whose shingles are not given, in their order.
    held : list of (uint32 array or None), n
        Shingles of each document; None: made from the next text.
    pairs : int[k, 2]
    width : int

    Returns
    -------
    similarity : float64[k]
        As in `pairs.exact_similarity`; similarities with only one shared hash are not confirmed.
    sizes : int64[n]
        Sizes of the sets of shingles.
    sets : list of uint32 arrays, m
        The shingles of the texts.
    """
    # Copies, because each array is a view that would keep its neighbours in memory too.
    sets = [members.copy() for members in shingle_sets(texts, width)] if texts else []
    made = iter(sets)
    shingles = [next(made) if members is None else members for members in held]
    return exact_similarity(shingles, pairs), np.array([len(members) for members in shingles]), sets


class _Estimated:
    """Similarities estimated from the signatures."""

    def __init__(self, signed):
        self.signed = signed
        self.weights = None

    def __call__(self, pairs):
        documents, place = np.unique(pairs, return_inverse=True)
        rows, place = self.signed.rows(documents), place.reshape(pairs.shape)
        return jaccard(rows[place[:, 0]], rows[place[:, 1]])

    def submit(self, pairs):
        """A function that returns the similarities; they are too cheap to compute for another process."""
        found = self(pairs)
        return lambda: found


class _Clusters:
    """Documents joined so far; the first one of a cluster is its root."""

    def __init__(self, n):
        self._parent = np.arange(n)

    def roots(self, documents):
        found = self._parent[documents]
        while (found != (further := self._parent[found])).any():
            found = further
        self._parent[documents] = found
        return found

    def join(self, pairs):
        roots, place = np.unique(self.roots(pairs), return_inverse=True)
        if len(roots):
            self._parent[roots] = roots[clusters(len(roots), place.reshape(pairs.shape))]


def _bands(threshold, num_perm, bands, rows):
    if bands is None and rows is None:
        return optimal_bands(threshold, num_perm)
    if bands is None or rows is None:
        raise ValueError("bands and rows must be given together, or neither")
    bands, rows = arguments.integer("bands", bands, 1), arguments.integer("rows", rows, 1)
    if bands * rows > arguments.integer("num_perm", num_perm, 2):
        raise ValueError(f"bands * rows must be at most num_perm = {num_perm}, not {bands} * {rows}")
    return bands, rows


def _fingerprints(texts, sets, width):
    """128 bits that identify each document: from its set, or from its words if the set is one hash of 32 bits."""
    made = [blake2b(members, digest_size=16).digest() for members in sets]
    single = [number for number, members in enumerate(sets) if len(members) == 1]
    if single:
        grams = word_ngrams([texts[number] for number in single], width)
        for number, words in zip(single, grams, strict=True):
            said = "\n".join(sorted(map(" ".join, words))).encode()
            made[number] = blake2b(said, digest_size=16, person=b"words").digest()
    return made


def _first_of_each(fingerprints):
    """For every row, the index of the first row equal to it."""
    order = np.lexsort(fingerprints.T)
    ordered = fingerprints[order]
    new = np.append(True, (ordered[1:] != ordered[:-1]).any(axis=1))[: len(order)]
    first = np.empty(len(order), np.int64)
    first[order] = order[np.flatnonzero(new)][np.cumsum(new) - 1]
    return first


def _runs(keys):
    """The order that sorts the keys (stably), and start and size of each run of two or more equal keys."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(order)])
    sizes = np.diff(starts, append=len(order))
    return order, starts[sizes > 1], sizes[sizes > 1]


def _compare(documents, starts, sizes, similarity, threshold, join):
    """Compare within each run of documents, and join similar ones; yields numbers of comparisons.

    The first of each run is compared with all after it, then the second, until each run is one cluster or all
    its pairs were compared. Only the pairs of one such round are in memory at a time.
    """
    while len(starts):
        following = sizes - 1
        left = np.repeat(documents[starts], following)
        right = documents[_ranges(starts + 1, following)]
        batches = _batches(right, similarity.weights)
        while window := list(islice(batches, WINDOW)):
            found = []
            for batch in window:
                pairs = np.stack([left[batch], right[batch]], axis=1)
                roots = join.roots(pairs)
                pairs = pairs[roots[:, 0] != roots[:, 1]]
                if len(pairs):
                    found.append((pairs, similarity.submit(pairs)))
            for pairs, similar in found:
                join.join(pairs[similar() >= threshold])
                yield len(pairs)
        starts, sizes = starts[sizes > 2] + 1, sizes[sizes > 2] - 1
        if len(starts):
            roots = join.roots(documents[_ranges(starts, sizes)])
            borders = np.cumsum(sizes) - sizes
            apart = np.minimum.reduceat(roots, borders) != np.maximum.reduceat(roots, borders)
            starts, sizes = starts[apart], sizes[apart]


def _batches(documents, weights):
    """Slices of a list of documents with about COMPARE_BYTES in all, and at most CHUNK_DOCUMENTS."""
    start = 0
    while start < len(documents):
        stop = min(start + CHUNK_DOCUMENTS, len(documents))
        if weights is not None:
            total = np.cumsum(weights[documents[start:stop]])
            stop = start + max(1, int(np.searchsorted(total, COMPARE_BYTES)))
        yield slice(start, stop)
        start = stop


def _ranges(starts, sizes):
    """`size` numbers from each start on, one range after the other."""
    return np.repeat(starts - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())
