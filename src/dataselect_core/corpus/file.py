"""One file of a corpus: how it was described, whether it changed since, and pieces of it for other processes."""

import io
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dataselect_core.corpus.errors import CorpusError
from dataselect_core.corpus.formats import Layout, Reader
from dataselect_core.corpus.inputs import FilePath
from dataselect_core.corpus.remote import RemotePath

AT_A_TIME = 1 << 20  # bytes read at a time
FORMATS_OF_LINES = ("jsonl", "json", "txt")  # in which a line may be a document


@dataclass(frozen=True)
class CorpusFile:
    """One file: its path, its name in messages, the layout of its documents, and its compression."""

    path: FilePath
    name: str
    layout: Layout
    codec: str | None
    plain: bool  # whether it can be read twice from its place
    stamp: tuple[Any, ...]


@dataclass(frozen=True)
class Lines:
    """Some whole lines of a plain file, each of them one document, which any process can read.

    Attributes
    ----------
    file : CorpusFile
    start, stop : int
        Their bytes, [start, stop).
    done : int
        Bytes of the corpus up to their end.
    """

    file: CorpusFile
    start: int
    stop: int
    done: int


def cut(file: CorpusFile, stream: io.BufferedReader, reader: Reader, size: int) -> Iterator[tuple[int, int]]:
    """Cut a file that is read by lines.

    Parameters
    ----------
    file : CorpusFile
    stream, reader :
        The open file and its reader.
    size : int
        Bytes of a piece, at least, except for the last one.

    Yields
    ------
    start, stop : int
        Whole lines, [start, stop).
    """
    start, end = reader.preamble, file.stamp[0]
    while start < end:
        stop = end_of_line(stream, min(start + size, end))
        yield start, stop
        start = stop


def open_binary(path: FilePath) -> io.BufferedReader:
    """A buffered binary stream of a file, here or behind a URL."""
    return path.open() if isinstance(path, RemotePath) else io.BufferedReader(io.FileIO(path))


def may_be_cut(file: CorpusFile) -> bool:
    """Whether every process can read a file from any place, and its lines may be documents."""
    return file.plain and file.layout.format in FORMATS_OF_LINES and not isinstance(file.path, RemotePath)


def check_unchanged(file: CorpusFile) -> None:
    """Raise CorpusError if a file was changed since it was described."""
    path = file.path
    stamp = path.status(again=True).stamp if isinstance(path, RemotePath) else stamp_of(os.stat(path))
    if stamp != file.stamp:
        raise CorpusError(f"{file.name} was changed while it was read; run again")


def stamp_of(status: os.stat_result) -> tuple[int, int]:
    """Size and modification time, which show that a file was changed; zeros for a pipe, where nothing shows it."""
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else (0, 0)


def end_of_line(stream: io.BufferedReader, position: int) -> int:
    """The end of the line that contains a byte, or the end of the file."""
    stream.seek(position)
    while (part := stream.readline(AT_A_TIME)) and not part.endswith(b"\n"):
        pass
    return stream.tell()
