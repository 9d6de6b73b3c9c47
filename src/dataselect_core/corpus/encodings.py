"""Guess the encoding of bytes, and read and write encodings other than UTF-8."""

import codecs
from itertools import pairwise
from typing import Any

MARKS = (  # UTF-32 before UTF-16: its mark begins with the mark of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
NAMES = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 without a mark",
    "utf-16-be": "UTF-16 without a mark",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
    "gb18030": "GB18030",
    "shift_jis": "Shift-JIS",
}
SAMPLE = 1 << 16  # bytes used for a guess
CHUNK = 1 << 20
MARKED = "dataselect.marked"  # the error handler that marks undecodable bytes so that they can be found in their line


def codec_name(encoding: str) -> str:
    """Python's codec name for a text encoding.

    Parameters
    ----------
    encoding : str

    Returns
    -------
    str

    Raises
    ------
    TypeError, ValueError
        If it is not a str, or Python has no text encoding of that name.
    """
    if not isinstance(encoding, str):
        raise TypeError(f"encoding must be a str, not {type(encoding).__name__}")
    try:
        "".encode(encoding)
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError):
        name = "undefined"
    if name in ("undefined", "idna", "punycode", "unicode_escape", "raw_unicode_escape"):
        raise ValueError(
            f"encoding must be a text encoding of Python, such as {', '.join(NAMES)}, not {encoding!r}"
        )
    return "utf-8" if name == "utf-8-sig" else name


def likely_encoding(sample: bytes) -> str | None:
    """The encoding that some bytes of a file are most likely in.

    Parameters
    ----------
    sample : bytes
        From the beginning of the file, if possible.

    Returns
    -------
    str or None
        A key of `NAMES`; None if the bytes are not text in any of these encodings.
    """
    for mark, encoding in MARKS:
        if sample.startswith(mark):
            return encoding
    if b"\0" in sample:
        return _by_zeros(sample)
    if _decodes(sample, "utf-8"):
        return "utf-8"
    scores = {"gb18030": _double_bytes(sample, _is_gb2312), "shift_jis": _double_bytes(sample, _is_japanese)}
    scores["cp1252"] = _western(sample)
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] > 0.5 else None


def wide_encoding(first: bytes) -> str | None:
    """The encoding if the first bytes of a file are surely UTF-16 or UTF-32, else None."""
    for mark, encoding in MARKS:
        if first.startswith(mark) and encoding != "utf-8":
            return encoding
    # Text in Latin letters has a zero byte in every character; a few zero bytes may belong to the text itself.
    mostly_zeros = len(first) >= 16 and 8 * first.count(0) > len(first)
    return _by_zeros(first) if mostly_zeros else None


def resolve(encoding: str, first: bytes) -> str:
    """The codec that reads a stream with these first bytes, and leaves a byte-order mark in the text.

    Parameters
    ----------
    encoding : str
        As `codec_name` returns it.
    first : bytes

    Returns
    -------
    str
    """
    if encoding not in ("utf-16", "utf-32"):
        return encoding
    for mark, marked in MARKS:
        if marked == encoding and first.startswith(mark):
            return f"{encoding}-{'le' if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF32_LE) else 'be'}"
    guess = _by_zeros(first) if encoding == "utf-16" else None
    return guess or f"{encoding}-le"


def transcode(stream: Any, encoding: str, sink: Any) -> None:
    """Write a stream to `sink` as UTF-8, in bounded memory.

    Bytes that cannot be decoded are written as invalid UTF-8, and the reader of that line then finds them.

    Parameters
    ----------
    stream, sink : binary files
    encoding : str
        As `resolve` returns it.
    """
    decoder = codecs.getincrementaldecoder(encoding)(MARKED)
    while chunk := stream.read(CHUNK):
        sink.write(decoder.decode(chunk).encode("utf-8", "surrogatepass"))
    sink.write(decoder.decode(b"", True).encode("utf-8", "surrogatepass"))


def bad_byte(raw: bytes) -> int | None:
    """The first byte of a transcoded document that could not be decoded, or None."""
    text = raw.decode("utf-8", "surrogatepass")
    return next((ord(char) - 0xDC00 for char in text if 0xDC00 <= ord(char) < 0xDD00), None)


class StreamWithHead:
    """A stream read from its beginning, although some of its bytes were already read."""

    def __init__(self, head: bytes, stream: Any) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int) -> bytes:
        """Some bytes."""
        head, self._head = self._head, b""
        return head or self._stream.read(size)


class Encoding:
    """A binary file that takes UTF-8 and writes it to `sink` in another encoding."""

    def __init__(self, sink: Any, encoding: str) -> None:
        self._sink = sink
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._encoder = codecs.getincrementalencoder(encoding)()

    def write(self, data: bytes) -> int:
        """Write some bytes of UTF-8."""
        self._sink.write(self._encoder.encode(self._decoder.decode(data)))
        return len(data)

    def close(self) -> None:
        """Write the remaining characters; `sink` is left open."""
        self._sink.write(self._encoder.encode(self._decoder.decode(b"", True), True))


def _mark_bytes(error):
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    # Keep line breaks, so that the lines after them can be read.
    return "".join("\n" if byte == 0x0A else chr(0xDC00 + byte) for byte in bad), error.end


codecs.register_error(MARKED, _mark_bytes)


def _decodes(sample, encoding):
    """Whether the bytes are in that encoding; the last character may be cut off."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _by_zeros(sample):
    """UTF-16, recognised by the positions of zero bytes: Latin letters and spaces have one each."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    for name, many, few in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if many > 4 * few and _decodes(sample, name):
            return name
    return None


def _double_bytes(sample, common):
    """The share of non-ASCII characters that are common ones in an encoding with two bytes per character."""
    common_count = total = i = 0
    while i < len(sample):
        lead = sample[i]
        if lead < 0x80:
            i += 1
            continue
        if i + 1 == len(sample):
            break
        total += 1
        kind = common(lead, sample[i + 1])
        common_count += kind == 2
        i += max(1, kind)
    return common_count / total if total else 0.0


def _is_gb2312(lead, trail):
    """2 for punctuation and the characters in common use, 2 bytes each; 1 for anything else."""
    return 2 if trail >= 0xA1 and (lead in (0xA1, 0xA3) or 0xB0 <= lead <= 0xD7) else 1


def _is_japanese(lead, trail):
    """2 for kana, punctuation and the first level of characters; 1 for anything else."""
    if not (0x40 <= trail <= 0xFC and trail != 0x7F):
        return 1
    return 2 if lead in (0x81, 0x82, 0x83) or 0x88 <= lead <= 0x97 else 1


def _western(sample):
    """The share of non-ASCII bytes that occur alone or in pairs between ASCII bytes, as accents and quotes do."""
    if any(byte in sample for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)):  # no character has these bytes
        return 0.0
    high = [i for i, byte in enumerate(sample) if byte >= 0x80]
    runs, length = [], 1
    for before, after in pairwise(high):
        if after == before + 1:
            length += 1
        else:
            runs.append(length)
            length = 1
    if high:
        runs.append(length)
    return 0.95 * sum(run for run in runs if run <= 2) / len(high) if high else 0.0
