"""A corpus on disk: a file, or a folder of files, read twice without ever being held whole."""

import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataselect_core.corpus.formats import FORMATS, CorpusError, Layout, Reader, format_of

AT_A_TIME = 1 << 20  # bytes copied at a time


@dataclass(frozen=True, eq=False)
class Index:
    """Where the documents of a corpus are. One row a document, in input order.

    Attributes
    ----------
    file : int32[n]
        Which of the corpus' files it is in.
    start, size : int64[n]
        Its first byte there, and its bytes.
    words : int32[n]
        Its words, as `str.split` counts them.
    """

    file: np.ndarray
    start: np.ndarray
    size: np.ndarray
    words: np.ndarray


class CorpusFiles:
    """The files of a corpus.

    Parameters
    ----------
    path : str or Path
        A file, or a folder: then all files below it with an ending that can be read, in the order of their
        names. What begins with a dot is passed over.
    format : "txt", "jsonl", "csv", "tsv" or None
        Of a file whose name does not say it.
    field : str
        Key (jsonl) or column (csv, tsv) of the text.
    split : "line", "paragraph", "document" or None
        What a document is in a txt. None: a line of a single file, a whole file of a folder.
    delimiter : str
        One ASCII character between the columns of a csv.

    Attributes
    ----------
    names : list of str
        Of the files, relative to a folder.
    ignored : int
        Files of a folder that were passed over for their ending.
    bytes : int
        Size of all files.

    Raises
    ------
    CorpusError
        If there is no such file, its format is not known, or a folder holds none that can be read.
    ValueError, TypeError
        If another argument is not of the kind above.
    """

    def __init__(self, path, format=None, field="text", split=None, delimiter=","):
        self.path, self.format, self.field, self.delimiter = Path(path), format, field, delimiter
        self.names, self.ignored = [], 0
        self.is_folder = self.path.is_dir()
        if self.is_folder:
            if self.format is not None:
                raise ValueError("format must not be given for a folder: the ending of each file says it")
            self.root = self.path
            self._find()
        elif self.path.is_file():
            self.root, self.names = self.path.parent, [self.path.name]
        else:
            raise CorpusError(f"{self.path} is no file and no folder")
        self.split = split or ("document" if self.is_folder else "line")
        for name in self.names[:1]:
            self._layout(name)
        self._stamps = [self._stamp(index) for index in range(len(self.names))]
        self.bytes = sum(size for size, _ in self._stamps)
        self._open = None, None, None

    def documents(self):
        """Every document of every file, in order.

        Yields
        ------
        file : int
        found : Document or Problem
        """
        for index in range(len(self.names)):
            self.close()
            _, reader = self._reader(index)
            for found in reader:
                yield index, found
            self._unchanged(index)
        self.close()

    def texts(self, index, documents):
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
            stream, reader = self._reader(int(index.file[document]))
            stream.seek(int(index.start[document]))
            texts.append(reader.text(stream.read(int(index.size[document]))))
        return texts

    def write(self, output, index, keep):
        """Write the documents that stay, in input order, byte for byte as they came.

        A file becomes a file and a folder a folder of the same names, in which a .txt that is one document is
        there or is not. The header of a csv and a byte-order mark are written as they came. Nothing is at
        `output` before all of it is written.

        Parameters
        ----------
        output : Path
            Must not be the corpus, nor lie in it; a folder must not exist, or be empty.
        index : Index
        keep : bool[n]
        """
        output = Path(output)
        self.check_output(output)
        output.parent.mkdir(parents=True, exist_ok=True)
        borders = np.searchsorted(index.file, np.arange(len(self.names) + 1)).tolist()
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as work:
            target = Path(work, "kept")
            for number, name in enumerate(self.names):
                rows = slice(borders[number], borders[number + 1])
                whole = self._layout(name).format == "txt" and self.split == "document"
                if whole and not keep[rows].any():
                    continue
                path = target / name if self.is_folder else target
                path.parent.mkdir(parents=True, exist_ok=True)
                with open(path, "wb") as sink:
                    self._copy(number, index.start[rows][keep[rows]], index.size[rows][keep[rows]], sink)
                self._unchanged(number)
            self.close()
            if self.is_folder and output.exists():
                output.rmdir()
            os.replace(target, output)

    def check_output(self, output):
        """Raise CorpusError if `output` is no place to write to; see `write`."""
        output = Path(output)
        if self.path.resolve() in (output.resolve(), *(output.resolve().parents if self.is_folder else ())):
            raise CorpusError(f"the output {output} must not be the corpus itself, nor lie in it")
        if not self.is_folder and output.is_dir():
            raise CorpusError(f"the output {output} is a folder; for a file it must be a file")
        if self.is_folder and (output.is_file() or output.is_dir() and any(output.iterdir())):
            raise CorpusError(f"the output {output} must be a new or an empty folder, as the corpus is one")

    def close(self):
        """Close the file that is open, if one is."""
        if self._open[1]:
            self._open[1].close()
        self._open = None, None, None

    def _find(self):
        for folder, folders, files in os.walk(self.path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in files:
                if name.startswith("."):
                    continue
                if Path(name).suffix.lower() in FORMATS:
                    self.names.append(Path(folder, name).relative_to(self.path).as_posix())
                else:
                    self.ignored += 1
        self.names.sort()
        if not self.names:
            raise CorpusError(f"{self.path} holds no file that ends in {', '.join(FORMATS)}")

    def _layout(self, name):
        return Layout(self.format or format_of(name), self.field, self.split, self.delimiter)

    def _reader(self, number):
        """The stream of a file and its reader; the last one stays open."""
        if self._open[0] != number:
            self.close()
            self._unchanged(number)
            stream = io.BufferedReader(io.FileIO(self.root / self.names[number]))
            try:
                reader = Reader(self.names[number], stream, self._layout(self.names[number]))
            except BaseException:
                stream.close()
                raise
            self._open = number, stream, reader
        return self._open[1:]

    def _copy(self, number, starts, sizes, sink):
        stream, reader = self._reader(number)
        _copy(stream, 0, reader.preamble, sink)
        if not len(starts):
            return
        # Neighbours are copied together.
        first = np.flatnonzero(np.append(True, starts[1:] != starts[:-1] + sizes[:-1]))
        ends = (starts + sizes)[np.append(first[1:] - 1, len(starts) - 1)]
        for start, end in zip(starts[first].tolist(), ends.tolist()):
            _copy(stream, start, end, sink)

    def _stamp(self, number):
        status = os.stat(self.root / self.names[number])
        return status.st_size, status.st_mtime_ns

    def _unchanged(self, number):
        if self._stamp(number) != self._stamps[number]:
            raise CorpusError(f"{self.names[number]} was changed while it was read; run again")


def _copy(stream, start, end, sink):
    stream.seek(start)
    if end - start <= AT_A_TIME:
        sink.write(stream.read(end - start))
        return
    while start < end:
        part = stream.read(min(AT_A_TIME, end - start))
        if not part:
            return
        sink.write(part)
        start += len(part)
