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
NEAR = 16  # an error this many characters before the end of what is held may only mean that more is needed


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
    held, begin, comma = _Held(stream, start), 0, False
    line = held.first_line
    while True:
        first = held.blank(begin)
        line += held.text.count("\n", begin, first)
        if first == len(held.text):
            raise ArrayError(line, "ends before its array is closed")
        if held.text[first] == "]" and not comma:
            held.finish(first, line)
            return
        end = _element(held, begin, first, line, longest)
        after = held.blank(end)
        further = line + held.text.count("\n", first, after)
        if after == len(held.text):
            raise ArrayError(further, "ends before its array is closed")
        if held.text[after] not in ",]":
            raise ArrayError(further, "has no comma between two elements")
        last = held.text[after] == "]"
        stop = end if last else after  # blanks before the closing bracket belong to the bracket
        raw = held.text[begin:stop].encode("latin-1") if stop - begin <= longest else None
        yield held.at + begin, held.at + stop, line, raw
        line, begin, comma = further, after + 1, True
        if last:
            held.finish(after, line)
            return
        if begin > CHUNK:
            held.drop(begin)
            begin = 0


def _element(held, begin, first, line, longest):
    """Where an element ends."""
    while True:
        try:
            end = DECODER.raw_decode(held.text, first)[1]
            if end < len(held.text) or held.ended:  # else the last number may continue
                return end
        except RecursionError:
            raise ArrayError(line, "is nested too deeply") from None
        except json.JSONDecodeError as error:
            open_string = error.msg.startswith("Unterminated string")
            if held.ended or (not open_string and error.pos < len(held.text) - NEAR):
                line += held.text.count("\n", first, error.pos)
                raise ArrayError(line, f"is not JSON: {error.msg}") from None
        if len(held.text) - begin > longest:
            raise ArrayError(
                line, f"begins an element of more than {longest:,} bytes, the most that one may have"
            )
        held.more()


class _Held:
    """The part of the stream that is in memory; `at` is where it begins."""

    def __init__(self, stream, start):
        self._stream, self.at, self.text = stream, start, ""
        self.ended = False
        stream.seek(0)
        self.first_line = 1 + stream.read(start).count(b"\n")

    def more(self):
        """Read more, doubling the held part, so that a long element is not parsed too often."""
        chunk = self._stream.read(max(CHUNK, len(self.text)))
        self.ended = not chunk
        self.text += chunk.decode("latin-1")

    def blank(self, place):
        """The first place from `place` on that is not blank, or the end of the stream."""
        while True:
            place = BLANK.match(self.text, place).end()  # type: ignore[union-attr]  # it also matches an empty text
            if place < len(self.text) or self.ended:
                return place
            self.more()

    def drop(self, count):
        """Forget the first `count` characters."""
        self.text = self.text[count:]
        self.at += count

    def finish(self, bracket, line):
        """Raise ArrayError if anything follows the array."""
        end = self.blank(bracket + 1)
        if end < len(self.text):
            raise ArrayError(line + self.text.count("\n", bracket, end), "goes on after the end of its array")
