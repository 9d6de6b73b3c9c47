"""Documents in a file: find their bytes, read their texts, and report what cannot be read.

txt      `split="line"`: one document per line that is not blank; "paragraph": one document per block between
         blank lines; "document": the whole file.
jsonl    one object per line; the text is the string under `field`. Blank lines are skipped.
json     an array of objects; or one object per line, as many programs name it.
csv      RFC 4180 with a header; the text is the column `field`. A quoted text may contain line breaks.
tsv      one record per line, with a header and a tab between columns; a quote mark is an ordinary character.
parquet, arrow   tables; see `tables`.

The input is UTF-8, with or without a byte-order mark; `files` converts other encodings. Each document has the byte
range it came from, so that kept documents can be written with their bytes unchanged.
"""

import csv
import io
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, BinaryIO, NamedTuple

from dataselect_core.corpus import encodings
from dataselect_core.corpus.compression import CODECS, MAGIC, split_codec
from dataselect_core.corpus.errors import CorpusError, Malformed, Problem
from dataselect_core.corpus.fields import MISSING, lookup
from dataselect_core.corpus.json_array import ArrayError, elements
from dataselect_core.facts import load

__all__ = [
    "FORMATS",
    "SPLITS",
    "TABLES",
    "CorpusError",
    "Document",
    "Layout",
    "Malformed",
    "Problem",
    "Reader",
    "format_of",
]

LONGEST = load("corpus")["longest_document"]["value"]
FORMATS = {
    ".txt": "txt",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".arrow": "arrow",
}
TABLES = ("parquet", "arrow")
SPLITS = ("line", "paragraph", "document")
QUOTINGS = ("csv", "none")
MARK = b"\xef\xbb\xbf"
_SCAN = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
OTHERS = {b"PK\x03\x04": "a zip archive", b"PAR1": "a Parquet file", b"ARROW1": "an Arrow file"}


class Document(NamedTuple):
    """One document: the bytes [start, stop) of its file, the line they begin in (from 1), and its text.

    `values` are the unchanged values of the layout's `extras`; None where a value is missing.
    """

    start: int
    stop: int
    line: int
    text: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Layout:
    """How documents are arranged in a file.

    Attributes
    ----------
    format : str
        A value of `FORMATS`.
    field : str
        Key or column of the text (not for a txt). In jsonl, json and tables it is a path: `meta.text`.
    split : "line", "paragraph" or "document"
        The unit that is one document in a txt.
    delimiter : str
        One ASCII character between the columns of a csv.
    quoting : "csv", "none" or None
        Whether a quote mark at the beginning of a column encloses it, as in RFC 4180, or is an ordinary character.
        None: the usual choice, "csv" for a csv and "none" for a tsv.
    extras : tuple of str
        Further keys or columns to read for each document.
    encoding : str
        Original encoding of the file, for messages.
    """

    format: str
    field: str = "text"
    split: str = "line"
    delimiter: str = ","
    quoting: str | None = None
    extras: tuple[str, ...] = ()
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        if self.format not in FORMATS.values():
            raise ValueError(
                f"format must be one of {', '.join(dict.fromkeys(FORMATS.values()))}, not {self.format!r}"
            )
        if self.split not in SPLITS:
            raise ValueError(f"split must be one of {', '.join(SPLITS)}, not {self.split!r}")
        if self.quoting not in (*QUOTINGS, None):
            raise ValueError(f"quoting must be one of {', '.join(QUOTINGS)}, not {self.quoting!r}")
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
        if self.quoting is None:
            object.__setattr__(self, "quoting", "none" if self.format == "tsv" else "csv")


def format_of(name: str) -> str:
    """The format of a file by the ending of its name, without the ending of its compression.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
        A value of `FORMATS`.

    Raises
    ------
    CorpusError
        If the name has another ending; the message lists the endings that can be read.
    """
    suffix = PurePath(split_codec(name)[0]).suffix.lower()
    if suffix in FORMATS:
        return FORMATS[suffix]
    hints = {".zip": "; unpack it first", ".tar": "; unpack it first", ".xlsx": "; export it as .csv"}
    raise CorpusError(
        f"{name} must end in {', '.join(FORMATS)}, or in one of these and {', '.join(CODECS)}{hints.get(suffix, '')}"
    )


def refuse_disguised(name: str, first: bytes) -> None:
    """Raise CorpusError for a file whose first bytes show that it is not text, whatever its name is."""
    for magic, codec in MAGIC.items():
        if (first.startswith(magic) and (len(magic) > 2 or first[2:3] == b"\x08") and magic != b"BZh") or (
            magic == b"BZh" and first.startswith(b"BZh") and first[4:10] == b"1AY&SY"
        ):
            raise CorpusError(
                f"{name} is compressed ({CODECS[codec]}), as its first bytes show; its name must end in {codec}"
            )
    for magic, kind in OTHERS.items():
        if first.startswith(magic):
            raise CorpusError(f"{name} is {kind}, as its first bytes show, but its name has another ending")


class Reader:
    """The documents of a binary stream, one after the other.

    Iterating yields a `Document` or a `Problem` for each, in order, and holds one at a time in memory.

    Parameters
    ----------
    name : str
        Name of the file, for messages.
    stream : seekable binary stream, at its beginning
    layout : Layout

    Attributes
    ----------
    preamble : int
        Bytes before the documents: byte-order mark, header of a csv.
    lines : int
        Lines that `between` has read, blank ones included.

    Raises
    ------
    CorpusError
        If the first bytes show that the stream is not UTF-8, or a csv has no header or no column of that name.
    """

    def __init__(self, name: str, stream: BinaryIO, layout: Layout) -> None:
        self.name, self.stream, self.layout = name, stream, layout
        self._lines_of_json = False
        self.format = layout.format
        first = stream.read(encodings.SAMPLE)
        refuse_disguised(name, first)
        self._refuse_wide(first)
        self._guess = None
        self.preamble = len(MARK) if first.startswith(MARK) else 0
        if self.format == "json":
            self._json(first)
        stream.seek(self.preamble)
        self._lines = _lines(stream, self.preamble)
        if self.format in ("csv", "tsv"):
            # This limit applies to the whole process; the default of 131,072 characters would refuse a long text.
            csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
            self._header()

    def __iter__(self) -> Iterator[Any]:
        for start, stop, line, raw in self._records():
            try:
                if raw is None:
                    raise Malformed(f"is longer than {LONGEST:,} bytes, the most that one document may have")
                item = Document(start, stop, line, *self.fields(raw))
            except Malformed as problem:
                item = Problem(self.name, line, str(problem) + self._hint(raw, problem))
            yield item

    @property
    def by_lines(self) -> bool:
        """Whether every line is one document, so that some of the lines can be read without those before them."""
        return self.format == "jsonl" or (self.format == "txt" and self.layout.split == "line")

    def between(self, start: int, stop: int) -> Iterator[Any]:
        """The documents in the bytes [start, stop) of a stream that is read `by_lines`.

        Parameters
        ----------
        start, stop : int
            Where a line begins, and where one ends. Lines are numbered from 1 at `start`.

        Yields
        ------
        Document or Problem
        """
        self.stream.seek(start)
        self._lines = self._counted(_lines(self.stream, start, stop))
        return iter(self)

    def _counted(self, lines):
        self.lines = 0
        for line in lines:
            self.lines = line[2]
            yield line

    def text(self, raw: bytes) -> str:
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
            If the text cannot be read; the message says why.
        """
        return self.fields(raw)[0]

    def fields(self, raw: bytes) -> tuple[Any, tuple[Any, ...]]:
        """The text of one document and the values of the layout's extras; see `text`."""
        if self.format == "txt":
            return self._decode(raw), (None,) * len(self.layout.extras)
        if self.format in ("jsonl", "json"):
            return self._of_json(self._decode(raw))
        if self.layout.encoding != "utf-8":
            self._decode(raw)  # all columns, because all are written in that encoding again
        try:
            row: list[str] = next(self._rows([raw.decode("latin-1")]), [])
        except csv.Error as error:
            reason = {
                "unexpected end": "a quoted text is not closed",
                "new-line chara": "a carriage return is outside quotes",
            }.get(str(error)[:14], error)
            raise Malformed(f"is not a CSV record: {reason}") from None
        if len(row) != len(self._columns):
            raise Malformed(f"has {len(row)} columns where the header has {len(self._columns)}")
        text, *values = (
            None if column is None else self._decode(row[column].encode("latin-1"))
            for column in self._column_indices
        )
        return text, tuple(values)

    def suffix(self) -> bytes:
        """The bytes after the last document that every selection needs: the end of an array."""
        if self.format != "json":
            return b""
        size = self.stream.seek(0, io.SEEK_END)
        self.stream.seek(max(self.preamble, size - 4096))
        tail = self.stream.read()
        return tail[len(tail[: tail.rindex(b"]")].rstrip(b" \t\r\n")) :] if b"]" in tail else b"]\n"

    def _of_json(self, line):
        try:
            value = _parse(line)
        except RecursionError:
            raise Malformed("is not JSON that can be read: it is nested too deeply") from None
        except json.JSONDecodeError as error:
            array = "; a .json is an array of objects, or one object per line" if self._lines_of_json else ""
            raise Malformed(f"is not JSON: {error.msg}, at character {error.pos + 1}{array}") from None
        except ValueError as error:  # a number with more digits than Python reads
            raise Malformed(f"is not JSON that can be read: {error}") from None
        field = self.layout.field
        if not isinstance(value, dict):
            raise Malformed("is not a JSON object")
        text = lookup(value, field)
        if text is MISSING:
            raise Malformed(f"has no field {field!r}")
        if not isinstance(text, str):
            raise Malformed(f"has no string in the field {field!r}")
        if not self.layout.extras:
            return text, ()
        values = (lookup(value, extra) for extra in self.layout.extras)
        return text, tuple(None if extra is MISSING else extra for extra in values)

    def _json(self, first):
        """Find out whether a .json is an array or has one object per line."""
        content = first[self.preamble :].lstrip(b" \t\r\n")
        if content.startswith(b"["):
            self.preamble = first.index(b"[") + 1
            return
        self.format, self._lines_of_json = "jsonl", True
        if content and not content.startswith(b"{"):
            raise CorpusError(f"{self.name} is neither an array of objects nor one object per line")

    def _refuse_wide(self, first):
        """Raise CorpusError for UTF-16 and UTF-32, in which lines and commas are other bytes."""
        guess = encodings.wide_encoding(first)
        if guess:
            raise CorpusError(
                f"{self.name} is {encodings.NAMES[guess]}, as its first bytes show; convert it to UTF-8"
                f" (or use --encoding {guess} in the command)"
            )

    def _decode(self, raw):
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            if self.layout.encoding != "utf-8" and (bad := encodings.bad_byte(raw)) is not None:
                raise Malformed(f"is not {self.layout.encoding}: it contains the byte 0x{bad:02x}") from None
            raise NotUtf8(f"is not UTF-8: byte {error.start + 1} of it is 0x{raw[error.start]:02x}") from None

    def _hint(self, raw, problem):
        """The likely encoding of a line that is not UTF-8, judged also from the lines around it; looked up once."""
        if not isinstance(problem, NotUtf8):
            return ""
        if self._guess is None:
            position = self.stream.tell()
            self.stream.seek(0)
            sample = self.stream.read(encodings.SAMPLE)
            self.stream.seek(position)
            self._guess = _hint(sample, raw)
        return self._guess

    def _records(self):
        """(start, stop, line, bytes) of each document; None for the bytes of one that is too long."""
        if self.format in ("csv", "tsv"):
            return self._csv_records() if self.layout.quoting == "csv" else self._plain_records()
        if self.format == "json":
            return self._elements()
        if self.format == "txt" and self.layout.split == "paragraph":
            return self._paragraphs()
        if self.format == "txt" and self.layout.split == "document":
            return self._whole()
        return (record for record in self._lines if record[3] is None or record[3].strip())

    def _whole(self):
        raw = self.stream.read(LONGEST + 1)
        stop = self.stream.seek(0, io.SEEK_END)
        if raw:
            yield self.preamble, stop, 1, raw if len(raw) <= LONGEST else None

    def _paragraphs(self):
        """Blocks, each with the blank lines that follow it."""
        block: list[Any] = []
        size, ended = 0, False
        for line in self._lines:
            blank = line[3] is not None and not line[3].strip()
            if ended and not blank:
                yield _join(block)
                block, size = [], 0
            if block or not blank:
                size += line[1] - line[0]
                if size > LONGEST:  # of a block that is too long only the first and the last line are held
                    line = *line[:3], None
                    del block[1:]
                block.append(line)
            ended = blank and bool(block)
        if block:
            yield _join(block)

    def _elements(self):
        try:
            yield from elements(self.stream, self.preamble, LONGEST)
        except ArrayError as error:
            raise CorpusError(
                f"{self.name}, line {error.line} {error}; nothing after it can be read"
            ) from None

    def _plain_records(self):
        """One record per line."""
        return (record for record in self._lines if record[3] is None or record[3].rstrip(b"\r\n"))

    def _csv_records(self):
        """Records of one or more lines; after a malformed record, reading continues after its first line."""
        waiting: deque[Any] = deque()
        while True:
            consumed: list[Any] = []
            try:
                row: list[str] | None = next(self._rows(_feed(waiting, self._lines, consumed)), None)
            except csv.Error:
                waiting.extendleft(reversed(consumed[1:]))
                del consumed[1:]
                row = consumed
            if row is None:
                return
            if row or consumed[0][3] is None:
                yield _join(consumed)

    def _rows(self, lines):
        if self.layout.quoting == "none":
            return (line.rstrip("\r\n").split(self.layout.delimiter) for line in lines)
        return csv.reader(lines, strict=True, delimiter=self.layout.delimiter)

    def _header(self):
        """Read the names of the columns and find the column of the text."""
        consumed: list[Any] = []
        try:
            row: list[str] = next(self._rows(_feed(deque(), self._lines, consumed)), [])
            names = [self._decode(name.encode("latin-1")) for name in row]
        except (csv.Error, Malformed) as error:
            hint = self._hint(b"".join(raw or b"" for *_, raw in consumed), error)
            raise CorpusError(f"{self.name}: the header cannot be read: {error}{hint}") from None
        if not any(names):
            raise CorpusError(f"{self.name} contains no documents: its first line must be a header")
        if names.count(self.layout.field) != 1:
            number = "no" if self.layout.field not in names else "more than one"
            raise CorpusError(
                f"{self.name} has {number} column {self.layout.field!r}; its columns are "
                + ", ".join(map(repr, names))
            )
        self._columns = names
        self._column_indices: list[int | None] = [names.index(self.layout.field)]
        self._column_indices += [
            names.index(extra) if extra in names else None for extra in self.layout.extras
        ]
        self.preamble = consumed[-1][1]


def _parse(line):
    """The same as `json.loads`, without its search for blanks around the usual line, which is an object."""
    if line[:1] == "{":
        try:
            value, end = _SCAN(line, 0)
        except (StopIteration, ValueError):
            return json.loads(line)  # which raises the error that says what is wrong
        if not line[end:].strip(" \t\r\n"):
            return value
    return json.loads(line)


def _lines(stream, start, end=None):
    """(start, stop, number, bytes) of each line with its line break; None for one longer than a document."""
    number = 1
    while (end is None or start < end) and (raw := stream.readline(LONGEST + 1)):
        stop = start + len(raw)
        if len(raw) > LONGEST:
            while not raw.endswith(b"\n") and (raw := stream.readline(LONGEST)):
                stop += len(raw)
            raw = None
        yield start, stop, number, raw
        start, number = stop, number + 1


def _join(lines):
    """One record made of several lines."""
    raws = [raw for *_, raw in lines]
    return lines[0][0], lines[-1][1], lines[0][2], None if None in raws else b"".join(raws)


def _feed(waiting, lines, consumed):
    """Lines for a csv.reader, noting those it takes; as Latin-1, any bytes can be split into columns."""
    while (line := waiting.popleft() if waiting else next(lines, None)) is not None:
        consumed.append(line)
        yield "" if line[3] is None else line[3].decode("latin-1")


class NotUtf8(Malformed):
    """Bytes that are not UTF-8."""


def _hint(sample, raw):
    """Advice about bytes that are not UTF-8."""
    non_ascii = [line for line in sample.split(b"\n") if not line.isascii()]
    # A line is complete: its last byte is not the beginning of a longer character.
    raw += b"\n"
    valid = sum(encodings.likely_encoding(line + b"\n") == "utf-8" for line in non_ascii)
    if 2 * valid > len(non_ascii):
        return "; the rest of the file is, so this line may be damaged (--on-error skip leaves it out)"
    guess = encodings.likely_encoding(raw if encodings.likely_encoding(sample) in (None, "utf-8") else sample)
    if guess in (None, "utf-8"):
        return "; convert the file to UTF-8"
    return (
        f"; its bytes suggest {encodings.NAMES[guess]}: convert the file to UTF-8 "
        f"(or use --encoding {guess} in the command)"
    )
