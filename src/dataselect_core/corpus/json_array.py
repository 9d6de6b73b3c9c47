"""The elements of a JSON array in a stream, without holding the array.

The bytes are split as Latin-1: each byte is one character, and JSON's punctuation is the same as in UTF-8.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

CHUNK = 1 << 20
BLANK = re.compile(r"[ \t\r\n]*")
DECODER = json.JSONDecoder(parse_int=len, parse_float=len)  # numbers of any length; their values are not used
NEAR = 16  # an error this many characters before the end of the buffer may only mean that more is needed


class ArrayError(ValueError):
    """The stream is not an array, or breaks off; `line` is where."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def elements(stream: Any, start: int, longest: int) -> Iterator[tuple[int, int, int, bytes | None]]:
    """The elements of an array, each with the blanks around it.

    Parameters
    ----------
    stream : binary file, after the opening bracket
    start : int
        Position after the opening bracket.
    longest : int
        The most bytes that an element may have.

    Yields
    ------
    start, stop, line, bytes : int, int, int, bytes or None
        The bytes between two commas, and the line where the element begins; the bytes are None if there are too many.

    Raises
    ------
    ArrayError
        If no further element can be found.
    """
    buffer, begin, comma = _Buffer(stream, start), 0, False
    line = buffer.first_line
    while True:
        first = buffer.skip_blanks(begin)
        line += buffer.text.count("\n", begin, first)
        if first == len(buffer.text):
            raise ArrayError(line, "ends before its array is closed")
        if buffer.text[first] == "]" and not comma:
            buffer.finish(first, line)
            return
        end = _element(buffer, begin, first, line, longest)
        after = buffer.skip_blanks(end)
        next_line = line + buffer.text.count("\n", first, after)
        if after == len(buffer.text):
            raise ArrayError(next_line, "ends before its array is closed")
        if buffer.text[after] not in ",]":
            raise ArrayError(next_line, "has no comma between two elements")
        last = buffer.text[after] == "]"
        stop = end if last else after  # blanks before the closing bracket belong to the bracket
        raw = buffer.text[begin:stop].encode("latin-1") if stop - begin <= longest else None
        yield buffer.offset + begin, buffer.offset + stop, line, raw
        line, begin, comma = next_line, after + 1, True
        if last:
            buffer.finish(after, line)
            return
        if begin > CHUNK:
            buffer.drop(begin)
            begin = 0


def _element(buffer, begin, first, line, longest):
    """Where an element ends."""
    while True:
        try:
            end = DECODER.raw_decode(buffer.text, first)[1]
            if end < len(buffer.text) or buffer.ended:  # else the last number may continue
                return end
        except RecursionError:
            raise ArrayError(line, "is nested too deeply") from None
        except json.JSONDecodeError as error:
            open_string = error.msg.startswith("Unterminated string")
            if buffer.ended or (not open_string and error.pos < len(buffer.text) - NEAR):
                line += buffer.text.count("\n", first, error.pos)
                raise ArrayError(line, f"is not JSON: {error.msg}") from None
        if len(buffer.text) - begin > longest:
            raise ArrayError(
                line, f"has an element of more than {longest:,} bytes, the most that one may have"
            )
        buffer.more()


class _Buffer:
    """The part of the stream that is in memory; `offset` is the position where it begins."""

    def __init__(self, stream, start):
        self._stream, self.offset, self.text = stream, start, ""
        self.ended = False
        stream.seek(0)
        self.first_line = 1 + stream.read(start).count(b"\n")

    def more(self):
        """Read more, doubling the buffer, so that a long element is not parsed too often."""
        chunk = self._stream.read(max(CHUNK, len(self.text)))
        self.ended = not chunk
        self.text += chunk.decode("latin-1")

    def skip_blanks(self, position):
        """The first position from `position` on that is not blank, or the end of the stream."""
        while True:
            position = BLANK.match(self.text, position).end()  # type: ignore[union-attr]  # it also matches an empty text
            if position < len(self.text) or self.ended:
                return position
            self.more()

    def drop(self, count):
        """Forget the first `count` characters."""
        self.text = self.text[count:]
        self.offset += count

    def finish(self, bracket, line):
        """Raise ArrayError if anything follows the array."""
        end = self.skip_blanks(bracket + 1)
        if end < len(self.text):
            raise ArrayError(
                line + self.text.count("\n", bracket, end), "continues after the end of its array"
            )
