"""What is wrong with a corpus."""

from typing import NamedTuple


class CorpusError(ValueError):
    """A corpus that cannot be read, or an output that cannot be; the message says which, where, and why."""


class Malformed(ValueError):
    """A document that cannot be read; the message, after "line N", says why."""


class Problem(NamedTuple):
    """What could not be read: the name of the file, a line (from 1; of a table a row), and why."""

    name: str
    line: int
    message: str

    def __str__(self):
        place = "row" if self.name.lower().endswith((".parquet", ".arrow")) else "line"
        return f"{self.name}, {place} {self.line} {self.message}"
