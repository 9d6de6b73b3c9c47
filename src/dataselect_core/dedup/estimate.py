"""Estimate what a deduplication will cost and find, from one reading of the corpus and a sample of its rows.

The signatures of all rows are computed, because a sample compared with itself would miss nearly every duplicate: a
sample of a thousand from a million rows contains both of two copies once in a million times. Sampled rows are looked up
among all rows and compared exactly. This saves comparing everything with everything, and the writing.
"""

import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import Flags, Floats, Integers
from dataselect_core.corpus.files import CorpusFiles
from dataselect_core.dedup import streaming
from dataselect_core.dedup.clustering import first_of_each
from dataselect_core.dedup.disk_tables import Keys
from dataselect_core.dedup.reading import Reading
from dataselect_core.dedup.similarity import ExactSimilarity

Z = 1.959963984540054  # of a standard normal variable, for an interval of 95 %
SAMPLE = 1000
AT_A_TIME = 64  # rows that a sampled row is compared with at a time
BASE_MEMORY = 60_000_000  # bytes, plus DOCUMENT_MEMORY per document; as measured, see docs/own-corpus.md
DOCUMENT_MEMORY = 220


@dataclass(frozen=True)
class Estimate:
    """The expected results and costs of a run.

    Attributes
    ----------
    documents, sampled, found : int
        Rows of the corpus, rows that were looked up, and those of them with an earlier near-duplicate.
    share, low, high : float
        Share of rows that would be removed, with its 95 % interval.
    bytes_share : float
        Share of bytes that would be removed, from the sampled rows.
    seconds : float
        Time of a run: reading as measured now, and sorting and comparing as extrapolated from the sample.
    memory, temporary : int
        Bytes of memory, and of temporary files.
    malformed : int
        Malformed rows, which are left out.
    """

    documents: int
    sampled: int
    found: int
    share: float
    low: float
    high: float
    bytes_share: float
    seconds: float
    memory: int
    temporary: int
    malformed: int


def estimate_files(
    corpus: CorpusFiles,
    threshold: float = 0.8,
    num_perm: int = 128,
    width: int = 5,
    seed: int = 1,
    bands: int | None = None,
    rows: int | None = None,
    on_error: str = "stop",
    folder: Any = None,
    progress: Callable[[str, int, int], object] | None = None,
    sample: int = SAMPLE,
) -> Estimate:
    """Estimate the results and costs of `streaming.deduplicate_files`, with its arguments and `sample`.

    A row counts as removed if an earlier one is a near-duplicate. (A run removes a few more rows, which only a
    later row joins to an earlier one.)

    Returns
    -------
    Estimate
    """
    threshold = arguments.threshold("threshold", threshold)
    width = arguments.integer("width", width, 1)
    sample = arguments.integer("sample", sample, 1)
    bands, rows = streaming.bands_and_rows(threshold, num_perm, bands, rows)
    with closing(corpus), TemporaryFile(dir=folder) as file:
        keys, start = Keys(file), time.perf_counter()
        reader = Reading(corpus, keys, None, num_perm, width, seed, bands, rows)
        for step in reader.all(on_error):
            if progress:
                progress(*step)
        reading_seconds = time.perf_counter() - start
        index = reader.index()
        first = first_of_each(np.frombuffer(reader.fingerprints, np.uint64).reshape(-1, 2))
        filled = np.frombuffer(reader.filled, bool)
        start = time.perf_counter()
        np.argsort(keys.band(0), kind="stable")
        sorting_seconds = (time.perf_counter() - start) * bands
        in_corpus = index.file >= corpus.references
        sampled = np.flatnonzero(in_corpus)
        sampled = np.sort(
            np.random.default_rng(seed).choice(sampled, min(sample, len(sampled)), replace=False)
        )
        compare = ExactSimilarity(corpus, index, width, threshold)
        removed, pairs = look_up(sampled, first, filled, keys, bands, compare, threshold)
        start = time.perf_counter()
        if len(pairs):
            ExactSimilarity(corpus, index, width, threshold)(
                pairs
            )  # all at once, as in a run, and with nothing cached before
        comparing_seconds = (time.perf_counter() - start) * len(index.file) / len(sampled)
        found, mass = int(removed.sum()), index.size[sampled]
        return Estimate(
            int(in_corpus.sum()),
            len(sampled),
            found,
            found / len(sampled),
            *wilson(found, len(sampled)),
            float(mass[removed].sum() / mass.sum()) if mass.sum() else 0.0,
            reading_seconds + sorting_seconds + comparing_seconds,
            BASE_MEMORY + DOCUMENT_MEMORY * len(index.file),
            keys.size + corpus.temporary_bytes,
            reader.malformed,
        )


def wilson(found: int, sampled: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), which is also valid for small shares.

    Parameters
    ----------
    found, sampled : int

    Returns
    -------
    low, high : float
    """
    share, square = found / sampled, Z * Z / sampled
    middle = (share + square / 2) / (1 + square)
    half = Z / (1 + square) * math.sqrt(share * (1 - share) / sampled + square / (4 * sampled))
    return max(0.0, middle - half), min(1.0, middle + half)


def look_up(
    sampled: Integers,
    first: Integers,
    filled: Flags,
    keys: Keys,
    bands: int,
    compare: Callable[[Integers], Floats],
    threshold: float,
) -> tuple[Flags, Integers]:
    """For each of some rows, whether an earlier row is a near-duplicate.

    Parameters
    ----------
    sampled : int64[m]
        The rows, ascending.
    first : int64[n]
        For every row, the first row with the same shingles.
    filled : bool[n]
        Whether a row has any shingles.
    keys : Keys
    bands : int
    compare : callable
        int[k, 2] -> similarity float[k].
    threshold : float

    Returns
    -------
    removed : bool[m]
    pairs : int64[k, 2]
        The pairs that were compared.
    """
    distinct = filled & (first == np.arange(len(first)))
    removed, compared = filled[sampled] & ~distinct[sampled], [np.empty((0, 2), np.int64)]
    for band in range(bands):
        unresolved = np.flatnonzero(~removed & filled[sampled])
        if not len(unresolved):
            break
        values = keys.band(band)
        sampled_keys = np.unique(values[sampled[unresolved]])
        key_number = np.minimum(np.searchsorted(sampled_keys, values), len(sampled_keys) - 1)
        candidates = np.flatnonzero(distinct & (sampled_keys[key_number] == values))
        candidates = candidates[np.argsort(key_number[candidates], kind="stable")]
        borders = np.searchsorted(key_number[candidates], np.arange(len(sampled_keys) + 1))
        for i in unresolved:
            row = sampled[i]
            earlier = candidates[borders[key_number[row]] : borders[key_number[row] + 1]]
            earlier = earlier[earlier < row]
            for start in range(0, len(earlier), AT_A_TIME):
                batch = earlier[start : start + AT_A_TIME]
                compared.append(np.stack([batch, np.full(len(batch), row)], axis=1))
                if (compare(compared[-1]) >= threshold).any():
                    removed[i] = True
                    break
    return removed, np.unique(np.concatenate(compared), axis=0)
