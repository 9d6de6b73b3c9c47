"""Near-duplicates of a corpus too large for memory: the same results as `dedup.deduplicate`, from files.

The corpus is read once. For each document we keep its place in the file, a fingerprint of its shingles, and, in a
temporary file, a 64-bit key for each band of its signature. Documents with the same shingles are joined at once. Then
the keys of one band after the other are sorted, and documents with equal keys are compared: by their shingles, which
are read again (and by their words, if they share only one shingle), or by their signatures (from another temporary
file). A pair that is already in one cluster is not compared again, so a thousand copies cost a thousand comparisons
and not a million.
"""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import Flags, Floats, Integers
from dataselect_core.corpus.errors import Problem
from dataselect_core.corpus.files import CorpusFiles, Index
from dataselect_core.dedup.choice import Choice
from dataselect_core.dedup.clustering import Clusters, compare_runs, first_of_each, in_batches, runs
from dataselect_core.dedup.disk_tables import Ids, Keys, Signatures
from dataselect_core.dedup.reading import Reading
from dataselect_core.dedup.similarity import EstimatedSimilarity, ExactSimilarity, SimilarityLog
from dataselect_core.dedup.workers import Workers
from dataselect_core.lsh import optimal_bands


@dataclass(frozen=True, eq=False)
class StreamedDeduplication:
    """The result of a streamed deduplication.

    Attributes
    ----------
    keep : bool[n]
        True for the kept documents: the first of each cluster in input order, or the one that the rule chooses.
    cluster : int64[n]
        Index of the document that is kept for this one; for a kept document, its own index.
    index : Index
        Where each document is, and the number of its words.
    same : int
        Documents removed because an earlier one has the same set of shingles.
    empty : int
        Documents without a word; they are not duplicates of anything.
    compared : int
        Pairs that were compared, not counting pairs of equal sets.
    malformed : int
    problems : list of Problem
        The first `reading.PROBLEMS` malformed documents.
    bands, rows : int
    temporary_bytes : int
        Size of the temporary files.
    in_corpus : bool[n]
        True for the documents of the corpus, False for the documents it is compared against.
    similarity : float64[n]
        To the kept document, exact if verified. Below the threshold if others in between joined the two.
    same_sets : bool[n]
        True for documents with the same set of shingles as an earlier document or as the kept one.
    ids : Ids or None
        The ids of the documents in the corpus.
    jobs : int
        Number of processes for the work.
    workers_memory : int
        The most memory that all worker processes together have used, in bytes; 0 if none was started.
    """

    keep: Flags
    cluster: Integers
    index: Index
    same: int
    empty: int
    compared: int
    malformed: int
    problems: list[Problem]
    bands: int
    rows: int
    temporary_bytes: int
    in_corpus: Flags
    similarity: Floats
    same_sets: Flags
    ids: Ids | None
    jobs: int = 1
    workers_memory: int = 0


def deduplicate_files(
    corpus: CorpusFiles,
    threshold: float = 0.8,
    num_perm: int = 128,
    width: int = 5,
    seed: int = 1,
    verify: bool = True,
    bands: int | None = None,
    rows: int | None = None,
    on_error: str = "stop",
    folder: Any = None,
    progress: Callable[[str, int, int], object] | None = None,
    keep: str = "first",
    id_field: str | None = None,
    jobs: int = 1,
) -> StreamedDeduplication:
    """Find near-duplicates in a corpus on disk, and keep one document of each cluster.

    It keeps the same documents as `dedup.deduplicate` does for the same texts. (Bands are compared by a 64-bit key,
    so with a probability of about n^2 2^-65 per band one more pair is compared.)

    Parameters
    ----------
    corpus : CorpusFiles
    threshold : float
        Jaccard similarity, in (0, 1].
    num_perm : int
        Number of MinHash permutations, at least 2.
    width : int
        Tokens in a shingle, at least 1.
    seed : int
        Seed of the permutations, in [0, 2^32).
    verify : bool
        Compare the candidates exactly, reading them again; otherwise by their signatures, which then take
        4 num_perm bytes per document of temporary disk.
    bands, rows : int or None
        Both or neither; bands * rows <= num_perm. None: the result of `lsh.optimal_bands`.
    on_error : "stop" or "skip"
        What to do at a malformed document.
    folder : path or None
        Folder for temporary files; None: the system's.
    progress : callable or None
        Called from time to time as progress(stage, done, total): "read" in bytes, "compare" in bands.
    keep : str
        Which document of a cluster is kept: "first", "longest", "FIELD:max" or "FIELD:min"; see `choice.Choice`.
    id_field : str or None
        Key or column that names the documents, for `answers`. It and FIELD must be among the corpus' `extras`.
    jobs : int
        Processes that share the work; the results are the same for any number. With more than one, a program
        must guard its main code with `if __name__ == "__main__":`, because new processes import it.

    Returns
    -------
    StreamedDeduplication

    Raises
    ------
    CorpusError
        If there are no documents, a file changes during the run, or a document is malformed and `on_error`
        is "stop".
    TypeError, ValueError
        If an argument is out of range; the message says which.
    """
    steps = deduplication_steps(
        corpus, threshold, num_perm, width, seed, verify, bands, rows, on_error, folder, keep, id_field, jobs
    )
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        if progress:
            progress(*step)


def deduplication_steps(
    corpus: CorpusFiles,
    threshold: float = 0.8,
    num_perm: int = 128,
    width: int = 5,
    seed: int = 1,
    verify: bool = True,
    bands: int | None = None,
    rows: int | None = None,
    on_error: str = "stop",
    folder: Any = None,
    keep: str = "first",
    id_field: str | None = None,
    jobs: int = 1,
) -> Generator[Any, None, StreamedDeduplication]:
    """Run `deduplicate_files` in small steps, for a page that has to respond in between.

    Yields
    ------
    stage, done, total : "read" and bytes, or "compare" and bands

    Returns
    -------
    StreamedDeduplication
        As the value of the StopIteration. Closing the generator stops early and removes all temporary files.
    """
    threshold = arguments.threshold("threshold", threshold)
    width = arguments.integer("width", width, 1)
    bands, rows = bands_and_rows(threshold, num_perm, bands, rows)
    if on_error not in ("stop", "skip"):
        raise ValueError(f"on_error must be 'stop' or 'skip', not {on_error!r}")
    jobs, choice = arguments.integer("jobs", jobs, 1), Choice(keep)
    for field in (choice.field, id_field):
        if field is not None and field not in corpus.extras:
            raise ValueError(f"the corpus must be opened with extras that include {field!r}")
    with (
        closing(corpus),
        TemporaryFile(dir=folder) as keys_file,
        TemporaryFile(dir=folder) as signatures_file,
        closing(Workers(jobs)) as workers,
    ):
        key_table, signature_table = Keys(keys_file), Signatures(signatures_file)
        reading = Reading(
            corpus,
            key_table,
            None if verify else signature_table,
            num_perm,
            width,
            seed,
            bands,
            rows,
            workers,
        )
        reading.choice, reading.id_field = choice, id_field
        reading.ids = None if id_field is None else Ids(folder)
        yield from reading.all(on_error)
        index = reading.index()
        n = len(index.file)
        first = first_of_each(np.frombuffer(reading.fingerprints, np.uint64).reshape(n, 2))
        filled = np.frombuffer(reading.filled, bool)
        distinct = np.flatnonzero(filled & (first == np.arange(n)))
        first = np.where(filled, first, np.arange(n))
        forest = Clusters(n)
        compare = (
            ExactSimilarity(corpus, index, width, threshold, workers)
            if verify
            else EstimatedSimilarity(signature_table)
        )
        similarity = SimilarityLog(compare, threshold)
        compared = 0
        for band in range(bands):
            yield "compare", band, bands
            order, starts, sizes = runs(key_table.band(band)[distinct])
            for pairs in compare_runs(distinct[order], starts, sizes, similarity, threshold, forest):
                compared += pairs
                yield "compare", band, bands
        cluster = forest.roots(first)
        if not choice.first:
            cluster = Choice.renumber(cluster, np.frombuffer(reading.ranks))
        to_kept = similarity.to_kept(first[cluster])
        for batch in in_batches(missing := distinct[np.isnan(to_kept[distinct])], compare.weights):
            to_kept[missing[batch]] = compare(
                np.stack([first[cluster[missing[batch]]], missing[batch]], axis=1)
            )
            yield "compare", bands - 1, bands
        return StreamedDeduplication(
            cluster == np.arange(n),
            cluster,
            index,
            int((first != np.arange(n)).sum()),
            reading.empty,
            compared,
            reading.malformed,
            reading.problems,
            bands,
            rows,
            key_table.size + signature_table.size + corpus.temporary_bytes,
            index.file >= corpus.references,
            np.where(filled, to_kept[first], 1.0),
            (first != np.arange(n)) | (first[cluster] == first) & (cluster != np.arange(n)),
            reading.ids,
            jobs,
            sum(workers.peaks.values()),
        )


def bands_and_rows(threshold: float, num_perm: int, bands: int | None, rows: int | None) -> tuple[int, int]:
    """The bands and rows of a caller who gave both, or else those that suit the threshold."""
    if bands is None and rows is None:
        return optimal_bands(threshold, num_perm)
    if bands is None or rows is None:
        raise ValueError("bands and rows must be given together or not at all")
    bands, rows = arguments.integer("bands", bands, 1), arguments.integer("rows", rows, 1)
    if bands * rows > arguments.integer("num_perm", num_perm, 2):
        raise ValueError(f"bands * rows must be at most num_perm = {num_perm}, not {bands} * {rows}")
    return bands, rows
