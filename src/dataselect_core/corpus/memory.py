"""A corpus in one file in memory, as a page gets it: its documents, its problems, and the kept part.

See `formats` for the formats. For files on disk, of any size, see `files` and `dedup.streaming`.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataselect_core.arguments import integer
from dataselect_core.arrays import Flags, Integers
from dataselect_core.corpus.compression import split_codec
from dataselect_core.corpus.errors import CorpusError, Problem
from dataselect_core.corpus.formats import TABLES, Layout, Reader, format_of
from dataselect_core.facts import load

FACTS = load("corpus")
PAGE_BYTES = FACTS["page_bytes"]["value"]
PAGE_DOCUMENTS = FACTS["page_documents"]["value"]


@dataclass(frozen=True, eq=False)
class LoadedCorpus:
    """All documents of one file.

    Attributes
    ----------
    documents : list of str, n
    ranges : int64[n, 2]
        Bytes [start, stop) of the file that each document came from, ascending.
    lines : int64[n]
        The line that each document begins in, from 1.
    problems : list of Problem
    preamble : int
        Bytes before the first document that every selection needs: byte-order mark, header of a csv.
    between, suffix : bytes
        The bytes between two documents and after the last one: the commas and the end of an array.
    """

    documents: list[str]
    ranges: Integers
    lines: Integers
    problems: list[Problem]
    preamble: int
    between: bytes = b""
    suffix: bytes = b""


def read_corpus(
    name: str,
    data: bytes,
    field: str = "text",
    split: str = "line",
    delimiter: str = ",",
    max_bytes: int = PAGE_BYTES,
    max_documents: int = PAGE_DOCUMENTS,
) -> LoadedCorpus:
    """The documents of one file in memory, and the problems in it; a pure function for a page.

    Parameters
    ----------
    name : str
        Its ending determines the format: .txt, .jsonl or .ndjson, .json, .csv, .tsv.
    data : bytes
        Content of the file, in UTF-8.
    field : str
        Key (jsonl) or column (csv, tsv) of the text.
    split : "line", "paragraph" or "document"
        The unit that is one document in a .txt.
    delimiter : str
        One ASCII character between the columns of a .csv.
    max_bytes, max_documents : int
        A larger file is refused. The defaults are the limits of a page (facts/corpus.json).

    Returns
    -------
    LoadedCorpus
        Malformed lines are in its `problems` and not in its documents.

    Raises
    ------
    CorpusError
        If the file is of another kind or encoding, has no such column, is too large, or has no document.
    TypeError, ValueError
        If an argument is not of the kind above.
    """
    if not isinstance(name, str):
        raise TypeError(f"name must be a str, not {type(name).__name__}")
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"data must be bytes, not {type(data).__name__}")
    max_bytes = integer("max_bytes", max_bytes, 1)
    max_documents = integer("max_documents", max_documents, 1)
    layout = Layout(format_of(name), field, split, delimiter)
    if split_codec(name)[1] or layout.format in TABLES:
        raise CorpusError(f"{name} cannot be read from memory; decompress it, or write it as .jsonl, first")
    if len(data) > max_bytes:
        raise CorpusError(f"{name} has {len(data):,} bytes; at most {max_bytes:,} can be read here")
    reader = Reader(name, io.BytesIO(data), layout)
    documents: list[Any] = []
    problems: list[Problem] = []
    for item in reader:
        if isinstance(item, Problem):
            problems.append(item)
        elif len(documents) == max_documents:
            raise CorpusError(
                f"{name} contains more than {max_documents:,} documents, which is the most that can be read here"
            )
        else:
            documents.append(item)
    if not documents:
        raise CorpusError(f"{name} {nothing_in(problems)}")
    ranges = np.array([(document.start, document.stop) for document in documents], np.int64)
    lines = np.array([document.line for document in documents], np.int64)
    between = b"," if reader.format == "json" else b""
    texts = [document.text for document in documents]
    return LoadedCorpus(texts, ranges, lines, problems, reader.preamble, between, reader.suffix())


def kept_bytes(corpus: LoadedCorpus, data: bytes, keep: Flags) -> bytes:
    """The file with only the kept documents, their bytes unchanged.

    Parameters
    ----------
    corpus : LoadedCorpus
    data : bytes
        The bytes that `corpus` was read from.
    keep : bool[n]

    Returns
    -------
    bytes
    """
    keep = np.asarray(keep)
    if keep.dtype != bool or keep.shape != (len(corpus.documents),):
        raise ValueError(f"keep must be bool[{len(corpus.documents)}], not {keep.dtype}{list(keep.shape)}")
    data = memoryview(data)
    kept = corpus.between.join(data[start:stop] for start, stop in corpus.ranges[keep].tolist())
    return b"".join([data[: corpus.preamble], kept, corpus.suffix])


def nothing_in(problems: Sequence[Problem]) -> str:
    """Why no document was found: the end of a sentence that begins with a name."""
    if not problems:
        return "contains no documents"
    return f"contains no document that can be read; line {problems[0].line} {problems[0].message}"
