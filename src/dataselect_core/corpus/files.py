"""A corpus on disk: files, folders and patterns, read twice and never held in memory as a whole.

A plain file in UTF-8 is read twice from its place. Other files (compressed files, other encodings, tables, pipes) are
saved uncompressed in a temporary file on the first reading; see `spool`.
"""

import io
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from dataselect_core.arrays import Flags, Integers, Shorts
from dataselect_core.corpus import compression, encodings, tables
from dataselect_core.corpus.errors import CorpusError, Problem
from dataselect_core.corpus.file import (
    CorpusFile,
    Lines,
    check_unchanged,
    cut,
    may_be_cut,
    open_binary,
    stamp_of,
)
from dataselect_core.corpus.formats import FORMATS, LONGEST, TABLES, Document, Layout, Reader, format_of
from dataselect_core.corpus.inputs import find
from dataselect_core.corpus.outputs import Output, Outputs
from dataselect_core.corpus.remote import RemoteOutput, RemotePath
from dataselect_core.corpus.spool import Region, Spool, Writer

Paths: TypeAlias = str | Path | Iterable[str | Path]

AT_A_TIME = 1 << 20  # bytes copied at a time


@dataclass(frozen=True, eq=False)
class Index:
    """Where the documents of a corpus are: one row per document, in input order.

    Attributes
    ----------
    file : int32[n]
        The number of its file in the corpus.
    start, size : int64[n]
        Its first byte in the file as plain UTF-8, and its length in bytes; in a table, those of the text alone.
    words : int32[n]
        Its words, as `str.split` counts them.
    line : int64[n]
        The line it begins in, from 1; in a table, its row.
    """

    file: Shorts
    start: Integers
    size: Integers
    words: Shorts
    line: Integers


class CorpusFiles:
    """The files of a corpus.

    Parameters
    ----------
    path : str, Path or list of them
        Files, folders and patterns; see `inputs.find`.
    format : str or None
        A value of `FORMATS`, for files whose name does not show it.
    field : str
        Key, path or column of the text; see `Layout`.
    split : "line", "paragraph", "document" or None
        The unit that is one document in a txt. None: a line of a file given by name, the whole file in a folder.
    delimiter : str
        One ASCII character between the columns of a csv.
    encoding : str
        Encoding of text files; output is written in the same encoding.
    quoting : "csv", "none" or None
        See `Layout`.
    extras : tuple of str
        See `Layout`.
    against : list of path
        Files that are read first and never written: near-duplicates of their documents are removed from the corpus.
    temporary : path or None
        Folder for the temporary file; None: the system's.
    remote : bool
        Whether paths may be URLs, such as `s3://bucket/corpus.jsonl`; this needs the extra `dask`.

    Attributes
    ----------
    names : list of str
        Names of the files, relative to a folder.
    references : int
        How many of the files come from `against`; they are the first ones.
    ignored : int
        Files of a folder that were skipped because of their ending.
    bytes, done : int
        Size of all files, and about how many of these bytes have been read.
    is_folder : bool
        Whether the output is a folder.

    Raises
    ------
    CorpusError
        If a file does not exist, its format is unknown, or a folder has no file that can be read.
    ValueError, TypeError
        If another argument is not of the kind above.
    """

    def __init__(
        self,
        path: Paths,
        format: str | None = None,
        field: str = "text",
        split: str | None = None,
        delimiter: str = ",",
        *,
        encoding: str = "utf-8",
        quoting: str | None = None,
        extras: Sequence[str] = (),
        against: Iterable[str | Path] = (),
        temporary: str | Path | None = None,
        remote: bool = False,
    ) -> None:
        paths = [path] if isinstance(path, (str, os.PathLike)) else list(path)
        if not paths:
            raise ValueError("path must name at least one file or folder")
        self.field, self.delimiter = field, delimiter
        self.encoding = encodings.codec_name(encoding)
        self.remote = remote
        inputs, reference_inputs = find(paths, remote), find(list(against), remote)
        if format is not None and (inputs.folders or reference_inputs.folders):
            raise ValueError("format must not be given for a folder: each file's ending determines it")
        self.root, self.folders = inputs.root, [*reference_inputs.folders, *inputs.folders]
        self.is_folder = bool(inputs.folders) or len(inputs.paths) > 1
        self.path = paths[0] if len(paths) == 1 else inputs.root
        self.paths = [os.fspath(name) for name in paths]
        self.ignored, self._metadata_files = inputs.ignored + reference_inputs.ignored, inputs.metadata
        self.split = split or ("document" if inputs.folders else "line")
        self.references, self.extras = len(reference_inputs.paths), tuple(extras)
        options = (format, field, split, delimiter, quoting, tuple(extras))
        self.files = [
            self._file(file, str(file), folder, *options)
            for file, folder in zip(reference_inputs.paths, reference_inputs.in_folder)
        ]
        self.files += [
            self._file(file, _name(file, inputs.root), folder, *options)
            for file, folder in zip(inputs.paths, inputs.in_folder)
        ]
        self._start_reading(temporary)

    @classmethod
    def of(
        cls, files: list[CorpusFile], extras: tuple[str, ...] = (), temporary: Any = None
    ) -> "CorpusFiles":
        """A corpus of files that another `CorpusFiles` has described, to be read elsewhere.

        Parameters
        ----------
        files : list of CorpusFile
        extras, temporary :
            As for the class.
        """
        corpus = cls.__new__(cls)
        corpus.files, corpus.extras, corpus.references = list(files), tuple(extras), 0
        corpus._start_reading(temporary)
        return corpus

    def _start_reading(self, temporary):
        self.names = [file.name for file in self.files]
        self.bytes, self.done = sum(file.stamp[0] for file in self.files), 0
        self._open: tuple[Any, Any, Any] = (None, None, None)
        self._spool = Spool(temporary)
        self._regions: dict[Any, Any] = {}
        self._codecs: dict[Any, Any] = {}

    @property
    def temporary_bytes(self) -> int:
        """Bytes in the temporary file."""
        return self._spool.size

    def documents(self) -> Iterator[tuple[int, Document | Problem]]:
        """Every document of every file, in order.

        Yields
        ------
        file : int
        item : Document or Problem
        """
        self.done = 0
        for index in range(len(self.files)):
            self.close()
            yield from self._documents(index, self.done)
        self.close()

    def pieces(self, size: int) -> Iterator[tuple[int, Document | Problem | Lines]]:
        """Like `documents`, but a large plain file of lines is only cut into pieces, for other processes to read.

        Parameters
        ----------
        size : int
            Bytes of a piece, at least; it ends where a line ends.

        Yields
        ------
        file : int
        item : Document, Problem or Lines
        """
        done = 0
        for index, file in enumerate(self.files):
            self.close()
            whole = file.stamp[0]
            stream, reader = self._reader(index) if whole > size and may_be_cut(file) else (None, None)
            if stream and reader and reader.by_lines:
                for start, stop in cut(file, stream, reader, size):
                    yield index, Lines(file, start, stop, done + stop)
            else:
                yield from self._documents(index, done)
            done += whole
        self.close()

    def check_unchanged(self) -> None:
        """Raise CorpusError if a file was changed since it was described."""
        for file in self.files:
            check_unchanged(file)

    def _documents(self, index, before):
        """The documents of one file; `before` are the bytes of the files before it."""
        file = self.files[index]
        size = file.stamp[0]
        for item in self._rows(index) if file.layout.format in TABLES else self._texts(index):
            yield index, item
            if isinstance(item, Document) and file.layout.format not in TABLES:
                length = self._regions[index][1] if index in self._regions else size
                self.done = before + min(size, size * item.stop // max(1, length))
        self._check_unchanged(index)
        self.done = before + size

    def texts(self, index: Index, documents: Integers) -> list[str]:
        """The texts of some documents, read again.

        Parameters
        ----------
        index : Index
        documents : int[m]
            Ascending, so that the files are read forwards.

        Returns
        -------
        list of str, m
        """
        texts = []
        for document in documents.tolist():
            number, start = int(index.file[document]), int(index.start[document])
            if self.files[number].layout.format in TABLES:
                raw = self._spool.read(self._regions[number][0] + start, int(index.size[document]))
                texts.append(raw.decode("utf-8"))
                continue
            stream, reader = self._reader(number)
            stream.seek(start)
            texts.append(reader.text(stream.read(int(index.size[document]))))
        return texts

    def write(self, output: str | Path, index: Index, keep: Flags) -> None:
        """Write the kept documents in input order, with their bytes unchanged.

        A file becomes a file, and a folder becomes a folder with the same file names; a .txt that is one document is
        written whole or not at all. The header of a csv and a byte-order mark are copied unchanged, and compression
        and encoding are the same as in the input file. Nothing is at `output` until all of it is written.

        Parameters
        ----------
        output : path
            Must not be the corpus or be in it; a folder must be new or empty.
        index : Index
        keep : bool[n]
        """
        with self.outputs() as outputs:
            self.write_into(self.output(outputs, output), index, keep)
            outputs.commit()

    def output(self, outputs: Outputs, target: str | Path) -> Output | RemoteOutput:
        """The `Output` for kept documents; CorpusError if its ending is for another format than the corpus has."""
        if not self.is_folder:
            file, name = self.files[-1], os.fspath(target)
            plain, codec = compression.split_codec(name)
            named_format = FORMATS.get(Path(plain).suffix.lower())
            if (named_format or codec) and (
                codec != file.codec or named_format not in (None, file.layout.format)
            ):
                ending = next(end for end, kind in FORMATS.items() if kind == file.layout.format) + (
                    file.codec or ""
                )
                raise CorpusError(
                    f"the output {name} is written in the format of the corpus; its name must end in {ending}"
                )
        return outputs.add("the output", target, self.is_folder)

    def outputs(self) -> Outputs:
        """`Outputs` that are checked against the files that this corpus reads."""
        return Outputs([file.path for file in self.files], self.folders, self.remote)

    def write_into(self, output: Output | RemoteOutput, index: Index, keep: Flags) -> None:
        """Write the kept documents into an `Output`; see `write`."""
        borders = np.searchsorted(index.file, np.arange(len(self.files) + 1)).tolist()
        for number in range(self.references, len(self.files)):
            rows = slice(borders[number], borders[number + 1])
            layout = self.files[number].layout
            single_document = layout.format == "txt" and layout.split == "document"
            if self.is_folder and single_document and not keep[rows].any():
                continue
            with output.file(self.names[number]) if self.is_folder else output.open() as sink:
                self._write(number, index, np.flatnonzero(keep[rows]) + rows.start, sink)
            self._check_unchanged(number)
        for path in self._metadata_files:
            selection = blake2b(np.packbits(keep).data).digest()
            with output.file(_name(path, self.root)) as sink:
                sink.write(tables.dataset_file(path.name, path.read_bytes(), selection))
        self.close()

    def close(self) -> None:
        """Close the file that is open, if one is."""
        if self._open[1]:
            self._open[1].close()
        self._open = None, None, None

    def forget(self) -> None:
        """Close everything and remove the temporary file."""
        self.close()
        self._spool.close()
        self._regions = {}

    @contextmanager
    def stream(self, number: int) -> Any:
        """A stream of a file's decompressed bytes, to be read once."""
        file = self.files[number]
        with open_binary(file.path) as stream:
            if not file.codec:
                yield stream
                return
            try:
                with compression.decompressed(file.name, stream, file.codec) as plain:
                    yield plain
            except compression.errors() as error:
                raise self._damage_error(file, error) from None
            except OSError as error:
                if error.errno is not None:
                    raise
                raise self._damage_error(file, error) from None

    def _file(self, path, name, in_folder, format, field, split, delimiter, quoting, extras):
        kind = format or format_of(name)
        _, codec = compression.split_codec(name)
        split = split or ("document" if in_folder else "line")
        encoding = "utf-8" if kind in TABLES else self.encoding
        layout = Layout(kind, field, split, delimiter, quoting, extras, encoding)
        if codec:
            compression.check(name, codec)
        if kind in TABLES:
            tables.arrow()
        if isinstance(path, RemotePath):
            again, stamp = path.status().seekable, path.status().stamp
        else:
            status = os.stat(path)
            again, stamp = stat.S_ISREG(status.st_mode), stamp_of(status)
        plain = codec is None and encoding == "utf-8" and again
        return CorpusFile(path, name, layout, codec, plain, stamp)

    def _damage_error(self, file, error):
        reason = str(error).rstrip(".") or type(error).__name__
        return CorpusError(f"{file.name} is incomplete or is not {compression.CODECS[file.codec]}: {reason}")

    def _layout(self, name):
        return self.files[self.names.index(name)].layout

    def _texts(self, number):
        """Documents and problems of a text file."""
        yield from self._reader(number)[1]

    def _rows(self, number):
        """Documents and problems of a table; its texts are saved in the temporary file."""
        file = self.files[number]
        start = 0
        with self._raw(number) as raw:
            # Made only now, because `_raw` may append a decompressed table to the spool.
            writer = None if number in self._regions else Writer(self._spool)
            for row, text, values in tables.texts(file.name, raw, file.layout):
                if text is None:
                    yield Problem(file.name, row, f"{tables.NO_TEXT} {file.layout.field!r}")
                    continue
                data = text.encode("utf-8", "surrogatepass")
                if len(data) > LONGEST:
                    yield Problem(
                        file.name,
                        row,
                        f"is longer than {LONGEST:,} bytes, the most that one document may have",
                    )
                    continue
                if writer:
                    writer.write(data)
                yield Document(start, start + len(data), row, text, values)
                start += len(data)
        if writer:
            writer.flush()
            self._regions[number] = writer.start, writer.written

    def _reader(self, number):
        """The stream of a file in plain UTF-8 and its reader; the most recent one stays open."""
        if self._open[0] != number:
            self.close()
            self._check_unchanged(number)
            stream = self._plain(number)
            try:
                reader = Reader(self.names[number], stream, self.files[number].layout)
            except BaseException:
                stream.close()
                raise
            self._open = number, stream, reader
        return self._open[1:]

    def _plain(self, number):
        """A seekable stream of a text file as UTF-8."""
        file = self.files[number]
        if file.plain:
            return open_binary(file.path)
        if number not in self._regions:
            writer = Writer(self._spool)
            with self.stream(number) as stream:
                if file.layout.encoding == "utf-8":
                    while block := stream.read(AT_A_TIME):
                        writer.write(block)
                else:
                    head = stream.read(AT_A_TIME)
                    encoding = encodings.resolve(file.layout.encoding, head)
                    encodings.transcode(encodings.StreamWithHead(head, stream), encoding, writer)
                    self._codecs[number] = encoding
            writer.flush()
            self._regions[number] = writer.start, writer.written
        return io.BufferedReader(Region(self._spool, *self._regions[number]))

    def _raw(self, number):
        """A seekable stream of a table in its original form, decompressed."""
        file = self.files[number]
        self._check_unchanged(number)
        if file.plain:
            return open_binary(file.path)
        if -1 - number not in self._regions:
            writer = Writer(self._spool)
            with self.stream(number) as stream:
                while block := stream.read(AT_A_TIME):
                    writer.write(block)
            writer.flush()
            self._regions[-1 - number] = writer.start, writer.written
        return io.BufferedReader(Region(self._spool, *self._regions[-1 - number]))

    def _write(self, number, index, rows, sink):
        """Write some documents of a file in the form of that file."""
        file = self.files[number]
        stages = [sink]
        if file.codec:
            stages.append(compression.compressed(file.name, sink, file.codec))
        try:
            if file.layout.format in TABLES:
                with self._raw(number) as raw:
                    tables.write(file.name, raw, file.layout, index.line[rows] - 1, stages[-1])
            else:
                stream, reader = self._reader(number)
                if file.layout.encoding != "utf-8":
                    stages.append(encodings.Encoding(stages[-1], self._codecs[number]))
                _copy_documents(stream, reader, index.start[rows], index.size[rows], stages[-1])
            for stage in reversed(stages[1:]):
                stage.close()
        except BaseException:
            for stage in reversed(stages[1:]):
                with suppress(Exception):
                    stage.close()
            raise

    def _check_unchanged(self, number):
        check_unchanged(self.files[number])


def _name(path, root):
    """A path below a folder, with slashes."""
    if isinstance(path, RemotePath):
        return path.relative_to(root).as_posix()
    absolute = os.path.abspath(path)
    return Path(os.path.relpath(absolute, os.path.abspath(root))).as_posix()


def _copy_documents(stream, reader, starts, sizes, sink):
    _copy(stream, 0, reader.preamble, sink)
    between = b"," if reader.format == "json" else b""
    if len(starts):
        # Neighbours are copied together, with the comma between them.
        first = np.flatnonzero(np.append(True, starts[1:] != starts[:-1] + sizes[:-1] + len(between)))
        ends = (starts + sizes)[np.append(first[1:] - 1, len(starts) - 1)]
        for number, (start, end) in enumerate(zip(starts[first].tolist(), ends.tolist())):
            sink.write(between if number else b"")
            _copy(stream, start, end, sink)
    sink.write(reader.suffix())


def _copy(stream, start, end, sink):
    stream.seek(start)
    while start < end:
        part = stream.read(min(AT_A_TIME, end - start))
        if not part:
            return
        sink.write(part)
        start += len(part)
