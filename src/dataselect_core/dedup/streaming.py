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
from dataselect_core.dedup.choice import Choice
from dataselect_core.dedup.disk_tables import Ids, Keys, Signatures, band_keys
from dataselect_core.dedup.pairs import clusters, confirmed, exact_similarity
from dataselect_core.dedup.workers import Workers
from dataselect_core.lsh import optimal_bands
from dataselect_core.minhash import jaccard, minima, permutations
from dataselect_core.shingles import shingle_sets
from dataselect_core.words import word_ngrams

CHUNK_DOCUMENTS = 4096
CHUNK_BYTES = 1 << 20  # of documents read in one task
COMPARE_BYTES = 1 << 18  # of documents compared in one task
WINDOW = 64  # tasks of comparisons after which their results are joined; the same for any number of processes
CACHED = 1 << 23  # shingles of recently compared documents, 4 bytes each
TABLE_BITS = 22  # of a key, by which keys that occur once are passed over
BLANKS = bytes(chr(byte).isspace() for byte in range(128)) + bytes(
    128
)  # what `str.split` takes for blanks in ASCII
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
    in_corpus : bool[n]
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
    in_corpus: Flags
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
            raise ValueError(f"the corpus must be opened with extras that include {field!r}")
    with (
        closing(corpus),
        TemporaryFile(dir=folder) as keys_file,
        TemporaryFile(dir=folder) as signatures_file,
        closing(Workers(jobs)) as workers,
    ):
        key_table, signature_table = Keys(keys_file), Signatures(signatures_file)
        reading = _Reading(
            corpus,
            key_table,
            None if verify else signature_table,
            num_perm,
            width,
            seed,
            bands,
            rows,
            workers,
        )
        reading.choice, reading.id_field = choice, id_field
        reading.ids = None if id_field is None else Ids(folder)
        yield from reading.all(on_error)
        index = reading.index()
        n = len(index.file)
        first = _first_of_each(np.frombuffer(reading.fingerprints, np.uint64).reshape(n, 2))
        filled = np.frombuffer(reading.filled, bool)
        distinct = np.flatnonzero(filled & (first == np.arange(n)))
        first = np.where(filled, first, np.arange(n))
        forest = _Clusters(n)
        compare = (
            _ExactSimilarity(corpus, index, width, threshold, workers)
            if verify
            else _EstimatedSimilarity(signature_table)
        )
        similarity = _SimilarityLog(compare, threshold)
        compared = 0
        for band in range(bands):
            yield "compare", band, bands
            order, starts, sizes = _runs(key_table.band(band)[distinct])
            for pairs in _compare(distinct[order], starts, sizes, similarity, threshold, forest):
                compared += pairs
                yield "compare", band, bands
        cluster = forest.roots(first)
        if not choice.first:
            cluster = Choice.renumber(cluster, np.frombuffer(reading.ranks))
        to_kept = similarity.to_kept(first[cluster])
        for batch in _batches(missing := distinct[np.isnan(to_kept[distinct])], compare.weights):
            to_kept[missing[batch]] = compare(
                np.stack([first[cluster[missing[batch]]], missing[batch]], axis=1)
            )
            yield "compare", bands - 1, bands
        return StreamedDeduplication(
            cluster == np.arange(n),
            cluster,
            index,
            int((first != np.arange(n)).sum()),
            reading.empty,
            compared,
            reading.malformed,
            reading.problems,
            bands,
            rows,
            key_table.size + signature_table.size + corpus.temporary_bytes,
            index.file >= corpus.references,
            np.where(filled, to_kept[first], 1.0),
            (first != np.arange(n)) | (first[cluster] == first) & (cluster != np.arange(n)),
            reading.ids,
            jobs,
            sum(workers.peaks.values()),
        )


class _Reading:
    """The only pass over the corpus."""

    def __init__(self, corpus, keys, signatures, num_perm, width, seed, bands, rows, workers=None):
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
        self.problems = []

    def all(self, on_error):
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
                rank = self.choice.rank(document.text, values.get(self.choice.field))
            except Malformed as problem:
                if number >= self.corpus.references:
                    return Problem(self.corpus.names[number], document.line, str(problem))
                rank = 0.0
            self.ranks.append(math.inf if number < self.corpus.references else rank)
        if self.ids is not None:
            self.ids.append(values.get(self.id_field))
        return document

    def index(self):
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
        _word_counts(texts),
        np.array([len(members) for members in sets]),
        b"".join(_fingerprints(texts, sets, width)),
        band_keys(sigs, bands, rows),
        sigs if with_signatures else None,
    )


class _ExactSimilarity:
    """Similarities by the shingles of the texts, which are read again; shingles of recent documents are cached."""

    def __init__(self, corpus, index, width, threshold=0.0, workers=None):
        self.corpus, self.index, self.width, self.threshold = corpus, index, width, threshold
        self.weights = index.size  # bytes; they determine how many pairs are compared at a time
        self.workers = workers or Workers()
        self._cache, self._shingles = OrderedDict(), 0

    def __call__(self, pairs):
        return self.submit(pairs)()

    def submit(self, pairs):
        """A function that waits for and returns the similarities."""
        documents, positions = np.unique(pairs, return_inverse=True)
        requested = documents.tolist()
        missing = [number for number, document in enumerate(requested) if document not in self._cache]
        texts = self.corpus.texts(self.index, documents[missing])
        cached = [self._cache.get(document) for document in requested]
        for document in requested:
            if document in self._cache:
                self._cache.move_to_end(document)
        positions = positions.reshape(pairs.shape)
        result = self.workers.submit(compare_texts, texts, cached, positions, self.width)

        def confirm():
            similarity, sizes, sets = result()
            self._store([requested[number] for number in missing], sets)

            def read(subset):
                return self.corpus.texts(self.index, documents[subset])

            return confirmed(sizes, positions, similarity, self.threshold, read, self.width)

        return confirm

    def _store(self, documents, sets):
        for document, members in zip(documents, sets, strict=True):
            if document not in self._cache:
                self._cache[document] = members
                self._shingles += len(members)
        while self._shingles > CACHED and self._cache:
            self._shingles -= len(self._cache.popitem(last=False)[1])


def compare_texts(texts: list[str], cached: list, pairs: Integers, width: int) -> tuple:
    """Similarities of pairs of documents; for each document either the text or the shingles are given.

    Parameters
    ----------
    texts : list of str, m
        Texts of the documents whose shingles are not given, in their order.
    cached : list of (uint32 array or None), n
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
    new_sets = iter(sets)
    shingles = [next(new_sets) if members is None else members for members in cached]
    return exact_similarity(shingles, pairs), np.array([len(members) for members in shingles]), sets


class _EstimatedSimilarity:
    """Similarities estimated from the signatures."""

    def __init__(self, signatures):
        self.signatures = signatures
        self.weights = None

    def __call__(self, pairs):
        documents, positions = np.unique(pairs, return_inverse=True)
        rows, positions = self.signatures.rows(documents), positions.reshape(pairs.shape)
        return jaccard(rows[positions[:, 0]], rows[positions[:, 1]])

    def submit(self, pairs):
        """A function that returns the similarities; they are too cheap to compute for another process."""
        similarity = self(pairs)
        return lambda: similarity


class _SimilarityLog:
    """Records the similarities that reach the threshold, so that none of them is computed twice.

    Parameters
    ----------
    similarity : callable
        int[m, 2] -> float[m], with `weights`.
    threshold : float
    """

    def __init__(self, similarity, threshold):
        self._similarity, self._threshold = similarity, threshold
        self.weights = similarity.weights
        self._pairs, self._values = array("q"), array("d")

    def __call__(self, pairs):
        return self.submit(pairs)()

    def submit(self, pairs):
        """A function that waits for, records and returns the similarities."""
        result = self._similarity.submit(pairs)
        return lambda: self._record(pairs, result())

    def _record(self, pairs, similarity):
        similar = similarity >= self._threshold
        self._pairs.frombytes(np.ascontiguousarray(pairs[similar], np.int64).tobytes())
        self._values.frombytes(np.ascontiguousarray(similarity[similar], np.float64).tobytes())
        return similarity

    def to_kept(self, kept):
        """Similarity of every document to the kept one of its cluster: float64[n], NaN where none is recorded.

        Parameters
        ----------
        kept : int64[n]
            The kept document of each document's cluster.
        """
        similarity = np.full(len(kept), math.nan)
        similarity[kept == np.arange(len(kept))] = 1.0
        pairs = (
            np.frombuffer(self._pairs, np.int64).reshape(-1, 2) if self._pairs else np.empty((0, 2), np.int64)
        )
        values = np.frombuffer(self._values) if self._values else np.empty(0)
        for i, j in ((0, 1), (1, 0)):
            matches = kept[pairs[:, i]] == pairs[:, j]
            similarity[pairs[matches, i]] = values[matches]
        return similarity


class _Clusters:
    """Documents joined so far; the first one of a cluster is its root."""

    def __init__(self, n):
        self._parent = np.arange(n)

    def roots(self, documents):
        root = self._parent[documents]
        while (root != (parent := self._parent[root])).any():
            root = parent
        self._parent[documents] = root
        return root

    def join(self, pairs):
        roots, positions = np.unique(self.roots(pairs), return_inverse=True)
        if len(roots):
            self._parent[roots] = roots[clusters(len(roots), positions.reshape(pairs.shape))]


def _bands(threshold, num_perm, bands, rows):
    if bands is None and rows is None:
        return optimal_bands(threshold, num_perm)
    if bands is None or rows is None:
        raise ValueError("bands and rows must be given together or not at all")
    bands, rows = arguments.integer("bands", bands, 1), arguments.integer("rows", rows, 1)
    if bands * rows > arguments.integer("num_perm", num_perm, 2):
        raise ValueError(f"bands * rows must be at most num_perm = {num_perm}, not {bands} * {rows}")
    return bands, rows


def _word_counts(texts):
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


def _first_of_each(fingerprints):
    """For every row, the index of the first row equal to it."""
    order = np.lexsort(fingerprints.T)
    ordered = fingerprints[order]
    new = np.append(True, (ordered[1:] != ordered[:-1]).any(axis=1))[: len(order)]
    first = np.empty(len(order), np.int64)
    first[order] = order[np.flatnonzero(new)][np.cumsum(new) - 1]
    return first


def _runs(keys):
    """Positions of the keys that may occur twice, in the order that sorts them (stably); and the runs of equal keys.

    Returns start and size of each run of two or more. Most keys occur once: sorting only the keys themselves, which is
    quicker than sorting their positions, tells which low bits belong to the others.
    """
    ordered = np.sort(keys)
    low_bits = np.uint64((1 << TABLE_BITS) - 1)
    repeated = np.zeros(1 << TABLE_BITS, bool)
    repeated[(ordered[1:][ordered[1:] == ordered[:-1]] & low_bits).astype(np.intp)] = True
    candidates = np.flatnonzero(repeated[(keys & low_bits).astype(np.intp)])
    order = candidates[np.argsort(keys[candidates], kind="stable")]
    ordered = keys[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(order)])
    sizes = np.diff(starts, append=len(order))
    return order, starts[sizes > 1], sizes[sizes > 1]


def _compare(documents, starts, sizes, similarity, threshold, forest):
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
            pending = []
            for batch in window:
                pairs = np.stack([left[batch], right[batch]], axis=1)
                roots = forest.roots(pairs)
                pairs = pairs[roots[:, 0] != roots[:, 1]]
                if len(pairs):
                    pending.append((pairs, similarity.submit(pairs)))
            for pairs, result in pending:
                forest.join(pairs[result() >= threshold])
                yield len(pairs)
        starts, sizes = starts[sizes > 2] + 1, sizes[sizes > 2] - 1
        if len(starts):
            roots = forest.roots(documents[_ranges(starts, sizes)])
            borders = np.cumsum(sizes) - sizes
            unfinished = np.minimum.reduceat(roots, borders) != np.maximum.reduceat(roots, borders)
            starts, sizes = starts[unfinished], sizes[unfinished]


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
