"""The reader's own files, as the page hands them to Python: read them within limits, and show them."""

import json
import shutil
import zipfile
from contextlib import contextmanager

import numpy as np

from dataselect_core.corpus import compression
from dataselect_core.corpus.compression import split_codec
from dataselect_core.corpus.files import CorpusFiles
from dataselect_core.corpus.formats import TABLES, CorpusError, Problem, format_of
from dataselect_core.corpus.memory import FACTS, PAGE_BYTES, PAGE_DOCUMENTS
from dataselect_core.dedup.items import Texts
from dataselect_core.dedup.pairs import confirmed_similarity
from dataselect_core.shingles import shingle_sets

PAGE_LINES = FACTS["page_lines"]["value"]
MOST_MALFORMED_AT_START = 1000  # malformed lines in a row at the beginning, after which reading stops
BLOCK = 1 << 20  # bytes looked through at a time
ANOTHER_FIELD = "Name the one to compare in “Field or column of the text”."
EXCERPT = 6  # words of a document that are shown next to its place
LONGEST_EXCERPT = 80  # characters of these words
LESS = "Choose a part of them, or use the command python -m dataselect_core dedup, which has no such limit."


class PageFiles(CorpusFiles):
    """Files of a corpus within the limits of a page; see `CorpusFiles`.

    A file that cannot be read is refused with a full sentence that says what to do.
    """

    def _file(self, path, name, *options):
        if format_of(name) in TABLES:
            raise CorpusError(
                f"{name} is a table, whose reader is too large for a page. Use the command python -m dataselect_core "
                "dedup, or save it as .jsonl."
            )
        return super()._file(path, name, *options)

    def check(self):
        """Raise CorpusError for files that are too large, that are not text, or that have too many lines."""
        if self.bytes > PAGE_BYTES:
            raise CorpusError(
                f"The files have {self.bytes:,} bytes, and this page reads at most {PAGE_BYTES:,}. {LESS}"
            )
        lines = size = 0
        for number, name in enumerate(self.names):
            table = self.files[number].layout.format in TABLES
            with self.stream(number) as stream:
                head = b""
                while block := stream.read(BLOCK):
                    head = head or block[:3]
                    size += len(block)
                    if size > PAGE_BYTES:
                        raise CorpusError(
                            f"The files have more than {PAGE_BYTES:,} bytes once they are decompressed, the most "
                            f"that this page reads. {LESS}"
                        )
                    if not table and b"\0" in block and head[:2] not in (b"\xff\xfe", b"\xfe\xff"):
                        raise CorpusError(
                            f"{name} is not text: it contains zero bytes, as binary files and "
                            "UTF-16 do. Export it as .txt, .jsonl or .csv in UTF-8."
                        )
                    lines += block.count(b"\n")
        if lines > PAGE_LINES:
            raise CorpusError(
                f"The files have {lines:,} lines, and this page reads at most {PAGE_LINES:,}. {LESS}"
            )

    def documents(self):
        """Like `CorpusFiles.documents`, but at least one and at most as many as a page may hold."""
        count, problems, first_problem = 0, 0, None
        for number, document in super().documents():
            if isinstance(document, Problem):
                first_problem = first_problem or (number, document)
                problems += 1
                if (problems == MOST_MALFORMED_AT_START and not count) or problems > PAGE_DOCUMENTS:
                    break
            else:
                count += 1
                if count > PAGE_DOCUMENTS:
                    raise CorpusError(
                        f"There are more than {PAGE_DOCUMENTS:,} documents, the most that "
                        f"this page reads. {LESS}"
                    )
            yield number, document
        if problems > PAGE_DOCUMENTS or (not count and first_problem):
            raise CorpusError(self._reason_unreadable(problems, *first_problem))
        if not count:
            subject = self.names[0] if len(self.names) == 1 else "The folder"
            raise CorpusError(f"{subject} is empty: it contains no text. Choose a file with documents in it.")

    def _reason_unreadable(self, problems, number, problem):
        """Why nothing can be read, and what would help."""
        sentence = f"{problem.name}: nothing can be read; line {problem.line} {problem.message}."
        if problems > 1:
            sentence = f"{sentence[:-1]}, and {problems - 1:,} more are malformed."
        if "UTF-8" in problem.message:
            return sentence
        layout = self._layout(problem.name)
        if layout.format == "jsonl":
            if fields := self._fields(number):
                return (
                    f"{problem.name}, line {problem.line} {problem.message}; the fields with text are "
                    f"{', '.join(map(repr, fields))}. {ANOTHER_FIELD}"
                )
            return f"{sentence} A .jsonl file needs one object per line, with the text in the field {self.field!r}."
        return f"{sentence} Check the file, or the choice of the separator between its columns."

    def _fields(self, number):
        """The keys of the first object of a .jsonl whose values are texts."""
        with self.stream(number) as stream:
            for line in stream:
                if line.strip():
                    break
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            return []
        pairs = value.items() if isinstance(value, dict) else ()
        return [key for key, text in pairs if isinstance(text, str)][:20]

    def holds_one(self, name):
        """Whether the whole file is one document."""
        return self._layout(name).format == "txt" and self.split == "document"

    def keep(self, index, keep, folder):
        """Write the kept documents into `folder`: (the file to hand out, the same as text).

        A single file is written as a file of the same kind. A folder becomes a .zip; as text, its files follow
        one another, each under its name.
        """
        folder.mkdir(parents=True)
        if not self.is_folder:
            path = folder / kept_name(self.names[0])
            self.write(path, index, keep)
            text = path
            if self.files[0].codec:
                text = folder / "kept.txt"
                with decompressed(path) as stream, open(text, "wb") as reading:
                    shutil.copyfileobj(stream, reading)
            return path, text
        scratch = folder / "files"
        self.write(scratch, index, keep)
        path, text = folder / f"{self.path.name}-kept.zip", folder / "kept.txt"
        with zipfile.ZipFile(path, "w") as target, open(text, "wb") as reading:
            for name in self.names:
                if (scratch / name).exists():
                    target.writestr(zipfile.ZipInfo(name), (scratch / name).read_bytes())
                    with decompressed(scratch / name) as stream:
                        reading.write(f"===== {name} =====\n".encode() + stream.read() + b"\n")
        shutil.rmtree(scratch)
        return path, text


def kept_name(name):
    """corpus.jsonl -> corpus-kept.jsonl, corpus.jsonl.gz -> corpus-kept.jsonl.gz"""
    plain, codec = split_codec(name)
    stem, dot, ending = plain.rpartition(".")
    return (f"{stem}-kept.{ending}" if dot else f"{plain}-kept") + (codec or "")


@contextmanager
def decompressed(path):
    """The decompressed contents of a file that was just written, as a stream."""
    _, codec = split_codec(path.name)
    with open(path, "rb") as stream:
        if codec:
            with compression.decompressed(path.name, stream, codec) as plain:
                yield plain
        else:
            yield stream


class Shelf:
    """Deduplicated documents that `compare` can show like an audit; texts are read when needed.

    Attributes
    ----------
    mass : int64[n]
        Words of each document.
    corpus : Documents
    """

    def __init__(self, files, index, width):
        self.files, self.index, self.width = files, index, width
        self.mass = index.words.astype(np.int64)
        self.corpus = Documents(self)
        self.lines = index.line

    def __len__(self):
        return len(self.mass)

    def read(self, documents):
        """The texts of some documents: int[m], ascending."""
        try:
            return self.files.texts(self.index, np.asarray(documents, np.int64))
        finally:
            self.files.close()

    def exact(self, pairs):
        """Exact Jaccard similarity of pairs: float64[m]."""
        pairs = np.asarray(pairs, np.int64).reshape(-1, 2)
        documents, positions = np.unique(pairs, return_inverse=True)
        texts = self.read(documents)
        return confirmed_similarity(
            shingle_sets(texts, self.width),
            positions.reshape(pairs.shape),
            0.0,
            lambda numbers: [texts[number] for number in numbers],
            self.width,
        )

    def name(self, document):
        """The place of a document and its first words."""
        file = self.files.names[int(self.index.file[document])]
        if self.files.is_folder and self.files.holds_one(file):
            location = file
        else:
            location = f"{file + ', ' if self.files.is_folder else ''}line {self.lines[document]:,}"
        words = self.read([document])[0].split(None, EXCERPT)
        text = " ".join(words[:EXCERPT])
        more = len(words) > EXCERPT or len(text) > LONGEST_EXCERPT
        return f"{location}: {text[:LONGEST_EXCERPT]}{'…' if more else ''}"


class Documents(Texts):
    """The texts and names of a shelf."""

    def __init__(self, shelf):
        self.texts = _Lazy(len(shelf), lambda document: shelf.read([document])[0])
        self.names = _Lazy(len(shelf), shelf.name)


class _Lazy:
    """A sequence whose items are made when they are accessed."""

    def __init__(self, size, item):
        self._size, self._item = size, item

    def __len__(self):
        return self._size

    def __getitem__(self, index):
        return self._item(index)
