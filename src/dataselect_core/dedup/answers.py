"""Details of a deduplication: which row duplicates which, and which rows were joined by a chain."""

import json
import math
from array import array
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from dataselect_core.arrays import Floats, Integers
from dataselect_core.corpus.files import CorpusFiles
from dataselect_core.corpus.spool import Spool

if TYPE_CHECKING:  # `streaming` imports this module
    from dataselect_core.dedup.streaming import StreamedDeduplication


class Ids:
    """The ids of a corpus' documents, in a temporary file.

    Parameters
    ----------
    folder : path or None
        Folder of the file; None: the system's temporary folder.
    """

    def __init__(self, folder: Any = None) -> None:
        self._spool, self._ends, self._held = Spool(folder), array("q", [0]), bytearray()

    def append(self, value: Any) -> None:
        """Add the id of the next document: any JSON value; other values are saved as text."""
        self._held += json.dumps(value, default=str).encode()
        self._ends.append(self._spool.size + len(self._held))
        if len(self._held) > 1 << 16:
            self.flush()

    def flush(self) -> None:
        """Write the collected ids."""
        self._spool.append(self._held)
        self._held = bytearray()

    def __getitem__(self, document: int | np.integer) -> Any:
        start, stop = self._ends[document], self._ends[document + 1]
        return json.loads(self._spool.read(start, stop - start))

    def close(self) -> None:
        """Remove the file."""
        self._spool.close()


class Noted:
    """Similarities that are noted if they reach the threshold, so that none of them is computed twice.

    Parameters
    ----------
    similarity : callable
        int[m, 2] -> float[m], with `weights`.
    threshold : float
    """

    def __init__(self, similarity: Any, threshold: float) -> None:
        self._similarity, self._threshold = similarity, threshold
        self.weights = similarity.weights
        self._pairs, self._values = array("q"), array("d")

    def __call__(self, pairs: Integers) -> Floats:
        return self.submit(pairs)()

    def submit(self, pairs: Integers) -> Callable[[], Floats]:
        """A function that waits for, notes and returns the similarities."""
        found = self._similarity.submit(pairs)
        return lambda: self._noted(pairs, found())

    def _noted(self, pairs, found):
        enough = found >= self._threshold
        self._pairs.frombytes(np.ascontiguousarray(pairs[enough], np.int64).tobytes())
        self._values.frombytes(np.ascontiguousarray(found[enough], np.float64).tobytes())
        return found

    def to_kept(self, kept: Integers) -> Floats:
        """Noted similarity of every document to the kept one of its cluster: float64[n], NaN where none is noted.

        Parameters
        ----------
        kept : int64[n]
            The kept document of each document's cluster.
        """
        found = np.full(len(kept), math.nan)
        found[kept == np.arange(len(kept))] = 1.0
        pairs = (
            np.frombuffer(self._pairs, np.int64).reshape(-1, 2) if self._pairs else np.empty((0, 2), np.int64)
        )
        values = np.frombuffer(self._values) if self._values else np.empty(0)
        for one, other in ((0, 1), (1, 0)):
            mine = kept[pairs[:, one]] == pairs[:, other]
            found[pairs[mine, one]] = values[mine]
        return found


def place(corpus: CorpusFiles, result: "StreamedDeduplication", document: int | np.integer) -> dict[str, Any]:
    """Where a document is: file, line (in a table: row), and its id if ids were requested.

    Parameters
    ----------
    corpus : CorpusFiles
    result : StreamedDeduplication
    document : int

    Returns
    -------
    dict
    """
    index = result.index
    found = {"file": corpus.names[index.file[document]], "line": int(index.line[document])}
    if result.ids is not None:
        found["id"] = result.ids[document]
    return found


def removed_rows(
    corpus: CorpusFiles, result: "StreamedDeduplication", threshold: float
) -> Iterator[dict[str, Any]]:
    """Every removed document with the document that is kept for it.

    Parameters
    ----------
    corpus, result :
        As in `place`.
    threshold : float
        Below it, a removed document was joined to the kept one by others in between.

    Yields
    ------
    dict
        `file`, `line`, `id`; `kept`: the same for the kept document; `similarity` of the two; `chained`: whether
        the similarity is below the threshold.
    """
    for document in np.flatnonzero(~result.keep & result.mine):
        similarity = float(result.similarity[document])
        yield {
            **place(corpus, result, document),
            "kept": place(corpus, result, result.cluster[document]),
            "similarity": round(similarity, 9),
            "chained": similarity < threshold,
        }


def cluster_rows(corpus: CorpusFiles, result: "StreamedDeduplication") -> Iterator[dict[str, Any]]:
    """Every cluster of two or more documents.

    Yields
    ------
    dict
        `size`; `kept`, the place of the kept document; `removed`, the places of the others.
    """
    order = np.argsort(result.cluster, kind="stable")
    ordered = result.cluster[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(order)])
    for start, stop in zip(starts, np.append(starts[1:], len(order)), strict=True):
        members = order[start:stop]
        if len(members) < 2 or not result.mine[members].any():
            continue
        kept = int(ordered[start])
        yield {
            "size": len(members),
            "kept": place(corpus, result, kept),
            "removed": [place(corpus, result, member) for member in members if member != kept],
        }
