"""Errors and problems in a corpus."""

from typing import NamedTuple


class CorpusError(ValueError):
    """A corpus cannot be read or an output cannot be written; the message says which, where, and why."""


class Malformed(ValueError):
    """A document cannot be read; the message, after "line N", says why."""


class Problem(NamedTuple):
    """A document that cannot be read: the name of the file, the line (from 1; in a table the row), and the reason."""

    name: str
    line: int
    message: str

    def __str__(self):
        unit = "row" if self.name.lower().endswith((".parquet", ".arrow")) else "line"
        return f"{self.name}, {unit} {self.line} {self.message}"
