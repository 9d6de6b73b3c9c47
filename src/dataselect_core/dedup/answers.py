"""Details of a deduplication: which row duplicates which, and which rows were joined by a chain."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from dataselect_core.corpus.files import CorpusFiles
from dataselect_core.dedup.streaming import StreamedDeduplication


def location(
    corpus: CorpusFiles, result: StreamedDeduplication, document: int | np.integer
) -> dict[str, Any]:
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
    row = {"file": corpus.names[index.file[document]], "line": int(index.line[document])}
    if result.ids is not None:
        row["id"] = result.ids[document]
    return row


def removed_rows(
    corpus: CorpusFiles, result: StreamedDeduplication, threshold: float
) -> Iterator[dict[str, Any]]:
    """Every removed document with the document that is kept for it.

    Parameters
    ----------
    corpus, result :
        As in `location`.
    threshold : float
        Below it, a removed document was joined to the kept one by others in between.

    Yields
    ------
    dict
        `file`, `line`, `id`; `kept`: the same for the kept document; `similarity` of the two; `chained`: whether
        the similarity is below the threshold.
    """
    for document in np.flatnonzero(~result.keep & result.in_corpus):
        similarity = float(result.similarity[document])
        yield {
            **location(corpus, result, document),
            "kept": location(corpus, result, result.cluster[document]),
            "similarity": round(similarity, 9),
            "chained": similarity < threshold,
        }


def cluster_rows(corpus: CorpusFiles, result: StreamedDeduplication) -> Iterator[dict[str, Any]]:
    """Every cluster of two or more documents.

    Yields
    ------
    dict
        `size`; `kept`, the location of the kept document; `removed`, the locations of the others.
    """
    order = np.argsort(result.cluster, kind="stable")
    ordered = result.cluster[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(order)])
    for start, stop in zip(starts, np.append(starts[1:], len(order)), strict=True):
        members = order[start:stop]
        if len(members) < 2 or not result.in_corpus[members].any():
            continue
        kept = int(ordered[start])
        yield {
            "size": len(members),
            "kept": location(corpus, result, kept),
            "removed": [location(corpus, result, member) for member in members if member != kept],
        }
