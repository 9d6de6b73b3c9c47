"""Parts of a corpus for workers that share a folder: each worker writes its results there, and others read them.

Every function here is a task. It depends only on its arguments and on files, and each file that it writes appears whole
or not at all. So a task can be run again, or twice at once, when a worker is lost.
"""

import io
import json
import os
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from dataselect_core.corpus.errors import CorpusError
from dataselect_core.corpus.file import CorpusFile, check_unchanged, open_binary
from dataselect_core.corpus.files import CorpusFiles, Index
from dataselect_core.corpus.formats import TABLES, Document, Reader
from dataselect_core.corpus.remote import SEARCH_BYTES, RemotePath
from dataselect_core.corpus.spool import Region
from dataselect_core.dedup.choice import Choice
from dataselect_core.dedup.clustering import Clusters, compare_runs, first_of_each, in_batches, ranges, runs
from dataselect_core.dedup.disk_tables import MULTIPLIER
from dataselect_core.dedup.reading import Reading
from dataselect_core.dedup.similarity import EstimatedSimilarity, ExactSimilarity
from dataselect_core.dedup.stars import save

BLOCK = 1 << 20


@dataclass(frozen=True)
class Part:
    """Some whole files, or some lines of one.

    Attributes
    ----------
    number : int
        Number of the part, in order.
    files : list of (int, CorpusFile)
        The files, with their numbers in the corpus.
    start, stop : int or None
        First byte and the byte after the last, if the part is some lines of a file.
    """

    number: int
    files: list
    start: int | None = None
    stop: int | None = None


@dataclass(frozen=True)
class Work:
    """Settings that all tasks share."""

    folder: str
    extras: tuple
    references: int
    threshold: float
    num_perm: int
    width: int
    seed: int
    verify: bool
    bands: int
    rows: int
    on_error: str
    keep: str
    id_field: str | None


def split(corpus: CorpusFiles, size: int) -> list[Part]:
    """Cut a corpus into parts of about `size` bytes; a file that is not plain JSON Lines is not cut."""
    parts, files, total = [], [], 0
    for number, file in enumerate(corpus.files):
        if not isinstance(file.path, RemotePath):
            file = replace(file, path=Path(file.path).absolute())
        length = file.stamp[0]
        if files and (total + length > size or needs_copy(file) != needs_copy(files[0][1])):
            parts.append(Part(len(parts), files))
            files, total = [], 0
        if file.plain and file.layout.format == "jsonl" and length > size:
            with (
                file.path.open(SEARCH_BYTES) if isinstance(file.path, RemotePath) else open(file.path, "rb")
            ) as stream:
                start = 0
                while start < length:
                    stream.seek(min(start + size, length))
                    stream.readline()
                    parts.append(Part(len(parts), [(number, file)], start, stream.tell()))
                    start = stream.tell()
            continue
        files.append((number, file))
        total += length
    if files:
        parts.append(Part(len(parts), files))
    return parts


def needs_copy(file: CorpusFile) -> bool:
    """Whether the texts of a file have to be copied before they can be read again."""
    return not file.plain or file.layout.format in TABLES or isinstance(file.path, RemotePath)


def sign_part(task: tuple) -> tuple:
    """Read and sign a part: numbers of documents, lines and malformed ones, the first of these, and empty documents."""
    work, part = task
    target = Path(work.folder, f"part-{part.number}")
    target.mkdir(exist_ok=True)
    choice, keys, sigs = Choice(work.keep), _FlushableList(), None if work.verify else _FlushableList()
    with closing(_Source(work, part, target)) as source:
        return _signed(work, part, target, source, choice, keys, sigs)


def _signed(work, part, target, source, choice, keys, sigs):
    reading = Reading(source, keys, sigs, work.num_perm, work.width, work.seed, work.bands, work.rows)
    reading.choice, reading.id_field = choice, work.id_field
    reading.ids = None if work.id_field is None else _FlushableList()
    for _ in reading.chunks(work.on_error):
        pass
    index = reading.index()
    n = len(index.file)
    filled = np.frombuffer(bytes(reading.filled), bool)
    save(
        target / "index.npy",
        np.stack([index.file, index.start, index.size, index.words, index.line]).astype(np.int64),
    )
    save(target / "filled.npy", filled)
    save(target / "ranks.npy", np.frombuffer(reading.ranks.tobytes()))
    if reading.ids is not None:
        _write(target / "ids.json", json.dumps(reading.ids, default=str).encode())
    prints = np.frombuffer(bytes(reading.fingerprints), np.uint64).reshape(n, 2)
    _save_sorted(target / "prints", prints[filled, 0], np.flatnonzero(filled), prints[filled, 1])
    band_keys = np.concatenate(keys) if keys else np.empty((0, work.bands), np.uint64)
    with np.errstate(over="ignore"):  # equal keys of two bands must not be mistaken for one
        band_keys = (band_keys + np.arange(work.bands, dtype=np.uint64)) * MULTIPLIER
    _save_sorted(target / "keys", band_keys[filled].ravel(), np.repeat(np.flatnonzero(filled), work.bands))
    if sigs is not None:
        save(
            target / "signed.npy",
            np.concatenate(sigs) if sigs else np.empty((0, work.num_perm), np.uint32),
        )
    if n and needs_copy(part.files[0][1]):
        source.save_texts(index, target)
    return n, source.line_breaks(), reading.malformed, reading.problems, reading.empty


class _FlushableList(list):
    def flush(self):
        pass


class _Source:
    """The documents of a part, numbered as in the whole corpus, except for the lines of a part of a file.

    Files behind URLs are first copied into the folder of the part, each once and from beginning to end: a request for
    every text that is read again would take far longer, and not every server can answer it.
    """

    def __init__(self, work, part, target):
        self.part, self.extras, self.references = part, work.extras, work.references
        self.names = {number: file.name for number, file in part.files}
        self._copies, self._before_copy = [], 0
        try:
            files = [self._here(file, target) for _, file in part.files]
        except BaseException:
            self.close()
            raise
        self._files = CorpusFiles.of(files, work.extras, work.folder)

    def close(self):
        """Remove the copies."""
        for path in self._copies:
            path.unlink(missing_ok=True)

    def _here(self, file, target):
        """The file itself, or the copy of one behind a URL (of the bytes of the part only)."""
        if not isinstance(file.path, RemotePath):
            return file
        copy = target / f"copy.{os.getpid()}.{os.urandom(4).hex()}"
        self._copies.append(copy)
        start = self._before_copy = self.part.start or 0
        rest = None if self.part.stop is None else self.part.stop - start
        expected = file.path.status(again=True).size if rest is None else rest
        with file.path.open() as stream, open(copy, "wb") as out:
            if start:
                stream.seek(start)
            while rest != 0 and (block := stream.read(BLOCK if rest is None else min(BLOCK, rest))):
                out.write(block)
                rest = None if rest is None else rest - len(block)
            copied = out.tell()
        check_unchanged(file)
        if expected is not None and copied != expected:
            raise CorpusError(f"{file.name} ended after {copied:,} of {expected:,} bytes; run again")
        plain = file.codec is None and file.layout.encoding == "utf-8"
        status = os.stat(copy)
        return replace(file, path=copy, plain=plain, stamp=(status.st_size, status.st_mtime_ns))

    def line_breaks(self):
        """Line breaks in a part of a file; 0 for whole files."""
        if self.part.start is None:
            return 0
        start, stop = self.part.start - self._before_copy, self.part.stop - self._before_copy
        return _line_breaks(self._files.files[0].path, start, stop)

    @cached_property
    def _lines_before(self):
        return _line_breaks(self.part.files[0][1].path, 0, self.part.start)

    def documents(self):
        if self.part.start is None:
            for number, item in self._files.documents():
                yield self.part.files[number][0], item
            return
        number, file = self.part.files[0]
        start, stop = self.part.start, self.part.stop
        with open(self._files.files[0].path, "rb") as stream:
            region = io.BufferedReader(
                Region(_SpoolLikeFile(stream), start - self._before_copy, stop - start)
            )
            for item in Reader(file.name, region, file.layout):
                if isinstance(item, Document):
                    yield number, item._replace(start=item.start + start, stop=item.stop + start)
                else:
                    yield number, item._replace(line=item.line + self._lines_before)

    def save_texts(self, index, target):
        """Save the texts in one file, one after the other, where all workers can read them."""
        numbers = np.array([number for number, _ in self.part.files])
        file, start = np.searchsorted(numbers, index.file), index.start - self._before_copy
        index = Index(file, start, index.size, index.words, index.line)
        ends, staged = [0], target / f"texts.{os.getpid()}.{os.urandom(4).hex()}"
        with open(staged, "wb") as out:
            for batch in np.array_split(np.arange(len(index.file)), len(index.file) // 1000 + 1):
                for text in self._files.texts(index, batch):
                    ends.append(ends[-1] + out.write(text.encode("utf-8", "surrogatepass")))
        save(target / "ends.npy", np.array(ends))
        os.replace(staged, target / "texts")
        self._files.forget()


class _SpoolLikeFile:
    """A file with the interface that `spool.Region` reads."""

    def __init__(self, stream):
        self._stream = stream

    def read(self, start, size):
        self._stream.seek(start)
        return self._stream.read(size)


class Documents:
    """Some documents from any parts, by position, with the methods that the classes of `similarity` call.

    Parameters
    ----------
    work : Work
    parts : list of Part
    bases : int64[parts + 1]
        Number of the first document of each part.
    documents : int64[m]
        Ascending.
    """

    def __init__(self, work: Work, parts: list[Part], bases: np.ndarray, documents: np.ndarray) -> None:
        self.work, self.parts = work, parts
        self.part = np.searchsorted(bases, documents, side="right") - 1
        self.row = documents - bases[self.part]
        sizes = np.zeros(len(documents), np.int64)
        self._index = {}
        for part in np.unique(self.part).tolist():
            self._index[part] = np.load(Path(work.folder, f"part-{part}", "index.npy"), mmap_mode="r")
            in_part = self.part == part
            sizes[in_part] = self._index[part][2][self.row[in_part]]
        self.index = Index(*(sizes for _ in range(5)))
        self._open = None, None, None

    def texts(self, index: Index, documents: np.ndarray) -> list[str]:
        """Do the same as `CorpusFiles.texts`."""
        return [
            self._text(int(self.part[document]), int(self.row[document])) for document in documents.tolist()
        ]

    def rows(self, documents: np.ndarray) -> np.ndarray:
        """Do the same as `disk_tables.Signatures.rows`."""
        signatures = np.empty((len(documents), self.work.num_perm), np.uint32)
        for part in np.unique(self.part[documents]).tolist():
            in_part = self.part[documents] == part
            part_signatures = np.load(Path(self.work.folder, f"part-{part}", "signed.npy"), mmap_mode="r")
            signatures[in_part] = part_signatures[self.row[documents][in_part]]
        return signatures

    def similarity(self) -> Any:
        """The function that computes similarities of pairs of these documents."""
        if not self.work.verify:
            return EstimatedSimilarity(self)
        return ExactSimilarity(self, self.index, self.work.width, self.work.threshold)

    def _text(self, part, row):
        number, start, size = (int(value) for value in self._index[part][:3, row])
        if needs_copy(self.parts[part].files[0][1]):
            stream, ends = self._opened(("texts", part), Path(self.work.folder, f"part-{part}", "texts"))
            stream.seek(int(ends[row]))
            return stream.read(int(ends[row + 1] - ends[row])).decode("utf-8", "surrogatepass")
        file = next(file for file_number, file in self.parts[part].files if file_number == number)
        stream, reader = self._opened((number, part), file.path, file)
        stream.seek(start)
        return reader.text(stream.read(size))

    def _opened(self, key, path, file=None):
        if self._open[0] != key:
            self.close()
            stream = open(path, "rb")  # noqa: SIM115 (closed by `close`)
            companion = (
                Reader(file.name, stream, file.layout) if file else np.load(path.with_name("ends.npy"))
            )
            self._open = key, stream, companion
        return self._open[1:]

    def close(self) -> None:
        """Close the file that is open, if one is."""
        if self._open[1]:
            self._open[1].close()
        self._open = None, None, None


def first_of_bucket(task: tuple) -> np.ndarray:
    """Documents with the same shingles as an earlier one, and that one, in a range of fingerprints: int64[m, 2]."""
    work, bases, low, high = task
    high_bits, documents, low_bits = _bucket(work, bases, "prints", low, high)
    first = first_of_each(np.stack([high_bits, low_bits], axis=1))
    later = first != np.arange(len(first))
    return np.stack([documents[later], documents[first[later]]], axis=1)


def compare_bucket(task: tuple) -> tuple:
    """Compare documents with equal keys in a range of keys; the joined documents are saved as edges in a file."""
    work, parts, bases, number, low, high = task
    keys, documents, _ = _bucket(work, bases, "keys", low, high)
    distinct = np.load(Path(work.folder, "distinct.npy"), mmap_mode="r")[documents]
    keys, documents = keys[distinct], documents[distinct]
    order, starts, sizes = runs(keys)
    inside = ranges(starts, sizes)
    members, positions = np.unique(documents[order][inside], return_inverse=True)
    texts, forest, compared = Documents(work, parts, bases, members), Clusters(len(members)), 0
    borders = np.cumsum(sizes) - sizes
    for pairs in compare_runs(positions, borders, sizes, texts.similarity(), work.threshold, forest):
        compared += pairs
    texts.close()
    roots = forest.roots(np.arange(len(members)))
    joined = roots != np.arange(len(members))
    target = f"{work.folder}/edges-{number}.npy"
    save(target, np.stack([members[joined], members[roots[joined]]], axis=1).reshape(-1, 2))
    return target, int(joined.sum()), compared, len(keys)


def similarity_of(task: tuple) -> np.ndarray:
    """Similarities of pairs of documents: float64[m]."""
    work, parts, bases, pairs = task
    members, positions = np.unique(pairs, return_inverse=True)
    texts = Documents(work, parts, bases, members)
    similarity, positions = texts.similarity(), positions.reshape(pairs.shape)
    batches = [similarity(positions[batch]) for batch in in_batches(positions[:, 1], similarity.weights)]
    texts.close()
    return np.concatenate(batches)


def _bucket(work, bases, name, low, high):
    """Keys in [low, high] of all parts, their documents, and the values saved with the keys; sorted by document."""
    keys, documents, low_bits = [np.empty(0, np.uint64)], [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
    for part in range(len(bases) - 1):
        if bases[part] == bases[part + 1]:
            continue
        base = Path(work.folder, f"part-{part}")
        part_keys = np.load(base / f"{name}.npy", mmap_mode="r")
        start, stop = np.searchsorted(part_keys, low), np.searchsorted(part_keys, high, side="right")
        keys.append(np.array(part_keys[start:stop]))
        rows = np.load(base / f"{name}-rows.npy", mmap_mode="r")[start:stop]
        documents.append(rows.astype(np.int64) + bases[part])
        if name == "prints":
            low_bits.append(np.array(np.load(base / f"{name}-beside.npy", mmap_mode="r")[start:stop]))
    keys, documents, low_bits = (np.concatenate(pieces) for pieces in (keys, documents, low_bits))
    order = np.argsort(documents, kind="stable")
    return keys[order], documents[order], low_bits[order] if name == "prints" else low_bits


def _save_sorted(target, keys, rows, low_bits=None):
    order = np.argsort(keys, kind="stable")
    save(f"{target}.npy", keys[order])
    save(f"{target}-rows.npy", rows[order].astype(np.int32))
    if low_bits is not None:
        save(f"{target}-beside.npy", low_bits[order])


def _write(path, data):
    staged = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    staged.write_bytes(data)
    os.replace(staged, path)


def _line_breaks(path, start, stop):
    with open_binary(path) as stream:
        stream.seek(start)
        count = 0
        while start < stop and (block := stream.read(min(BLOCK, stop - start))):
            count += block.count(b"\n")
            start += len(block)
    return count
