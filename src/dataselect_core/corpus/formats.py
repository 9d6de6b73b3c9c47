"""A corpus in a file: which bytes are a document, what its text is, and what is wrong with the rest.

txt      `split="line"`: a document a line that is not blank; "paragraph": a document a block between
         blank lines; "document": the whole file.
jsonl    an object a line; the text is the string under `field`. Blank lines are passed over.
csv      RFC 4180 with a header; the text is the column `field`. A quoted text may hold line breaks.

All of it is UTF-8, with or without a byte-order mark. Each document knows the bytes it came from, so that
what is kept can be written byte for byte as it came.
"""

import csv
import io
import json
from collections import deque
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple

from dataselect_core.facts import load

LONGEST = load("corpus")["longest_document"]["value"]
FORMATS = {".txt": "txt", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv"}
SPLITS = ("line", "paragraph", "document")
MARK = b"\xef\xbb\xbf"
OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff")  # of UTF-16 and UTF-32


class CorpusError(ValueError):
    """A corpus that cannot be read; the message says which file, where, and why."""


class Malformed(ValueError):
    """A document that cannot be read; the message, after "line N", says why."""


class Document(NamedTuple):
    """One document: the bytes [start, stop) of its file, the line they begin in (from 1), and its text."""

    start: int
    stop: int
    line: int
    text: str


class Problem(NamedTuple):
    """What could not be read: the name of the file, a line (from 1), and why."""

    name: str
    line: int
    message: str

    def __str__(self):
        return f"{self.name}, line {self.line} {self.message}"


@dataclass(frozen=True)
class Layout:
    """How documents stand in a file.

    Attributes
    ----------
    format : "txt", "jsonl", "csv" or "tsv"
    field : str
        Key or column of the text (jsonl, csv, tsv).
    split : "line", "paragraph" or "document"
        What a document is in a txt.
    delimiter : str
        One ASCII character between the columns of a csv.
    """

    format: str
    field: str = "text"
    split: str = "line"
    delimiter: str = ","

    def __post_init__(self):
        if self.format not in FORMATS.values():
            raise ValueError(
                f"format must be one of {', '.join(dict.fromkeys(FORMATS.values()))}, not {self.format!r}"
            )
        if self.split not in SPLITS:
            raise ValueError(f"split must be one of {', '.join(SPLITS)}, not {self.split!r}")
        if not isinstance(self.field, str):
            raise TypeError(f"field must be a str, not {type(self.field).__name__}")
        if not isinstance(self.delimiter, str):
            raise TypeError(f"delimiter must be a str, not {type(self.delimiter).__name__}")
        if len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n':
            raise ValueError(
                f"delimiter must be one ASCII character, no quote or line break, not {self.delimiter!r}"
            )
        if self.format == "tsv":
            object.__setattr__(self, "delimiter", "\t")


def format_of(name):
    """The format of a file by the end of its name.

    Parameters
    ----------
    name : str

    Returns
    -------
    "txt", "jsonl", "csv" or "tsv"

    Raises
    ------
    CorpusError
        If the name ends otherwise; the message names the endings that can be read.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix in FORMATS:
        return FORMATS[suffix]
    hints = {
        ".json": "; write one JSON object a line, as .jsonl",
        ".gz": "; decompress it first",
        ".zst": "; decompress it first",
        ".zip": "; decompress it first",
    }
    raise CorpusError(f"{name} must end in {', '.join(FORMATS)}{hints.get(suffix, '')}")


class Reader:
    """The documents of a binary stream, one after the other.

    Iterating yields a `Document` or a `Problem` for each, in order, and holds one at a time.

    Parameters
    ----------
    name : str
        Of the file, for messages.
    stream : seekable binary stream, at its beginning
    layout : Layout

    Attributes
    ----------
    preamble : int
        Bytes before the documents: byte-order mark, header of a csv.

    Raises
    ------
    CorpusError
        If the stream is not UTF-8 by its first bytes, or a csv has no header or no column of that name.
    """

    def __init__(self, name, stream, layout):
        self.name, self.stream, self.layout = name, stream, layout
        first = stream.read(len(MARK))
        if first[:2] in OTHER_MARKS:
            raise CorpusError(f"{name} is UTF-16 or UTF-32 by its first bytes; convert it to UTF-8")
        self.preamble = len(MARK) if first == MARK else 0
        stream.seek(self.preamble)
        self._lines = _lines(stream, self.preamble)
        if layout.format in ("csv", "tsv"):
            # Of the whole process; the default of 131,072 characters would refuse a long text.
            csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
            self._header()

    def __iter__(self):
        for start, stop, line, raw in self._records():
            try:
                if raw is None:
                    raise Malformed(f"is longer than {LONGEST:,} bytes, the most that one document may have")
                found = Document(start, stop, line, self.text(raw))
            except Malformed as problem:
                found = Problem(self.name, line, str(problem))
            yield found

    def text(self, raw):
        """The text of one document.

        Parameters
        ----------
        raw : bytes
            The bytes of that document.

        Returns
        -------
        str

        Raises
        ------
        Malformed
            The message says how.
        """
        if self.layout.format == "txt":
            return _decode(raw)
        if self.layout.format == "jsonl":
            return self._text_of_json(_decode(raw))
        try:
            row = next(self._rows([raw.decode("latin-1")]), [])
        except csv.Error as error:
            reason = {
                "unexpected end": "a quoted text is not closed",
                "new-line chara": "a carriage return stands outside quotes",
            }.get(str(error)[:14], error)
            raise Malformed(f"is not a record of a CSV: {reason}") from None
        if len(row) != self._columns:
            raise Malformed(f"has {len(row)} columns where the header has {self._columns}")
        return _decode(row[self._column].encode("latin-1"))

    def _text_of_json(self, line):
        try:
            value = json.loads(line)
        except RecursionError:
            raise Malformed("is not JSON that can be read: it is nested too deeply") from None
        except json.JSONDecodeError as error:
            raise Malformed(f"is not JSON: {error.msg}, at character {error.pos + 1}") from None
        except ValueError as error:  # a number of more digits than Python reads
            raise Malformed(f"is not JSON that can be read: {error}") from None
        field = self.layout.field
        if not isinstance(value, dict):
            raise Malformed("is not a JSON object")
        if field not in value:
            raise Malformed(f"has no field {field!r}")
        if not isinstance(value[field], str):
            raise Malformed(f"has no string in the field {field!r}")
        return value[field]

    def _records(self):
        """(start, stop, line, bytes) of each document; None for the bytes of one that is too long."""
        if self.layout.format in ("csv", "tsv"):
            return self._csv_records()
        if self.layout.format == "txt" and self.layout.split == "paragraph":
            return self._paragraphs()
        if self.layout.format == "txt" and self.layout.split == "document":
            return self._whole()
        return (record for record in self._lines if record[3] is None or record[3].strip())

    def _whole(self):
        raw = self.stream.read(LONGEST + 1)
        stop = self.stream.seek(0, io.SEEK_END)
        if raw:
            yield self.preamble, stop, 1, raw if len(raw) <= LONGEST else None

    def _paragraphs(self):
        """Blocks, each with the blank lines that follow it."""
        block, size, ended = [], 0, False
        for line in self._lines:
            blank = line[3] is not None and not line[3].strip()
            if ended and not blank:
                yield _joined(block)
                block, size = [], 0
            if block or not blank:
                size += line[1] - line[0]
                if size > LONGEST:  # of a block too long only the first and the last line are held
                    line = *line[:3], None
                    del block[1:]
                block.append(line)
            ended = blank and bool(block)
        if block:
            yield _joined(block)

    def _csv_records(self):
        """Records of one or more lines. Where one is malformed, reading goes on after its first line."""
        waiting = deque()
        while True:
            taken = []
            try:
                row = next(self._rows(_feed(waiting, self._lines, taken)), None)
            except csv.Error:
                waiting.extendleft(reversed(taken[1:]))
                del taken[1:]
                row = taken
            if row is None:
                return
            if row or taken[0][3] is None:
                yield _joined(taken)

    def _rows(self, lines):
        return csv.reader(lines, strict=True, delimiter=self.layout.delimiter)

    def _header(self):
        """Read the names of the columns, and where the text stands among them."""
        taken = []
        try:
            row = next(self._rows(_feed(deque(), self._lines, taken)), [])
            names = [_decode(name.encode("latin-1")) for name in row]
        except (csv.Error, Malformed) as error:
            raise CorpusError(f"{self.name}: the header cannot be read: {error}") from None
        if not names:
            raise CorpusError(f"{self.name} holds no documents: its first line must be a header")
        if names.count(self.layout.field) != 1:
            number = "no" if self.layout.field not in names else "more than one"
            raise CorpusError(
                f"{self.name} has {number} column {self.layout.field!r}; its columns are "
                + ", ".join(map(repr, names))
            )
        self._columns, self._column = len(names), names.index(self.layout.field)
        self.preamble = taken[-1][1]


def _lines(stream, start):
    """(start, stop, number, bytes) of each line with its line break; None for one longer than a document."""
    number = 1
    while raw := stream.readline(LONGEST + 1):
        stop = start + len(raw)
        if len(raw) > LONGEST:
            while not raw.endswith(b"\n") and (raw := stream.readline(LONGEST)):
                stop += len(raw)
            raw = None
        yield start, stop, number, raw
        start, number = stop, number + 1


def _joined(lines):
    """One record of some lines."""
    raws = [raw for *_, raw in lines]
    return lines[0][0], lines[-1][1], lines[0][2], None if None in raws else b"".join(raws)


def _feed(waiting, lines, taken):
    """Lines for a csv.reader, noting those it takes. As Latin-1 any bytes can be split into columns."""
    while (line := waiting.popleft() if waiting else next(lines, None)) is not None:
        taken.append(line)
        yield "" if line[3] is None else line[3].decode("latin-1")


def _decode(raw):
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(
            f"is not UTF-8: byte {error.start + 1} of it is 0x{raw[error.start]:02x}"
            " (if it is Latin-1 or Windows-1252, convert the file to UTF-8)"
        ) from None
