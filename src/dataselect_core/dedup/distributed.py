"""`streaming.deduplicate_files` on the workers of a Dask cluster, with the same result.

First, parts of the corpus are read and signed; their sorted fingerprints and band keys are written to a shared folder.
Then one task per range of keys compares the documents with equal keys. The joined pairs are combined into clusters by
`stars`, or here if there are few. Dask runs a task again if its worker is lost.
"""

import json
import math
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from dataselect_core import __version__, arguments
from dataselect_core.corpus.errors import CorpusError
from dataselect_core.corpus.files import CorpusFiles, Index
from dataselect_core.dedup import parts as tasks
from dataselect_core.dedup import stars, streaming
from dataselect_core.dedup.choice import Choice
from dataselect_core.dedup.disk_tables import Ids
from dataselect_core.dedup.pairs import clusters
from dataselect_core.dedup.reading import PROBLEMS

PART_BYTES = 1 << 27  # of a corpus in one task
BUCKET_BYTES = 1 << 26  # of keys in one task
CLIENT_EDGES = 10_000_000  # up to this number, edges are combined here: 160 MB
PAIRS = 20_000  # pairs per task that computes similarities to the kept document
MISSING = "--engine dask:// needs Dask: python -m pip install 'dataselect-core[dask]'"


def scheduler(engine: str) -> str:
    """The address in `dask://host:port`; ValueError for anything else."""
    kind, separator, address = engine.partition("://")
    if not separator or kind != "dask" or not address.rpartition(":")[2].isdigit():
        raise ValueError(f"engine must be dask://HOST:PORT, the address of a Dask scheduler, not {engine!r}")
    return f"tcp://{address}"


@contextmanager
def connected(engine: str, timeout: float = 10) -> Iterator[Any]:
    """A Dask client of the engine, whose workers have this version of the package.

    Raises
    ------
    CorpusError
        If Dask is missing, no scheduler answers, or the workers have another version.
    """
    address = scheduler(engine)
    try:
        from distributed import Client
    except ImportError:
        raise CorpusError(MISSING) from None
    try:
        client = Client(address, timeout=timeout, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise CorpusError(f"no Dask scheduler answers at {engine} ({type(error).__name__})") from None
    try:
        try:
            versions = set(client.run(_version).values())
        except ImportError:
            raise CorpusError(
                f"the workers of {engine} have no dataselect-core: install {__version__}"
            ) from None
        if not versions:
            raise CorpusError(f"the scheduler at {engine} has no workers")
        if versions != {__version__}:
            raise CorpusError(
                f"the workers of {engine} have dataselect-core {', '.join(sorted(versions))},"
                f" this machine has {__version__}"
            )
        with client.as_current():
            yield client
    finally:
        client.close(timeout=5)


def deduplicate_on(
    client: Any,
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
    part_bytes: int | None = None,
    bucket_bytes: int | None = None,
    client_edges: int | None = None,
) -> streaming.StreamedDeduplication:
    """Do the same as `streaming.deduplicate_files`, on the workers of a Dask cluster.

    Kept rows, clusters and similarities are byte for byte the same as on one machine. Only the number of comparisons
    differs, because a task does not have the pairs that other tasks joined.

    Parameters
    ----------
    client : distributed.Client
    corpus, threshold, num_perm, width, seed, verify, bands, rows, on_error, progress, keep, id_field :
        As in `deduplicate_files`. The files must be at the same places on every worker, or behind URLs that every
        worker can read.
    folder : path
        Every worker must have it at the same path; shuffled data is written there, and removed at the end.
    part_bytes, bucket_bytes, client_edges : int or None
        Instead of `PART_BYTES`, `BUCKET_BYTES` and `CLIENT_EDGES`. The first two limit the memory of a task: a part
        needs about 40 bytes per document and 24 bytes per band of each document, a bucket five times its bytes.

    Returns
    -------
    StreamedDeduplication

    Raises
    ------
    CorpusError, TypeError, ValueError
        As in `deduplicate_files`; and CorpusError if a task was lost with its worker repeatedly.
    """
    threshold = arguments.threshold("threshold", threshold)
    width = arguments.integer("width", width, 1)
    bands, rows = streaming.bands_and_rows(threshold, num_perm, bands, rows)
    for file in corpus.files:
        if not file.path.is_file():
            raise CorpusError(f"{file.name} is not a file, so workers on other machines cannot read it")
    choice, shared = Choice(keep), tempfile.mkdtemp(prefix="dedup-", dir=folder)
    run = _Runner(client, progress)
    try:
        with closing(corpus):
            work = tasks.Work(
                str(Path(shared).absolute()), corpus.extras, corpus.references, threshold, num_perm, width, seed,
                verify, bands, rows, on_error, keep, id_field,
            )  # fmt: skip
            parts = tasks.split(corpus, part_bytes or PART_BYTES)
            summaries = run(tasks.sign_part, [(work, part) for part in parts], "sign")
            bases = np.cumsum([0] + [summary[0] for summary in summaries])
            index = _index(work, parts, bases, summaries)
            n, problems = len(index.file), [problem for summary in summaries for problem in summary[3]]
            if not n or index.file[-1] < corpus.references:
                reason = f" that can be read; {problems[0]}" if problems else ""
                raise CorpusError(f"{corpus.path} contains no documents{reason}")
            filled = _load_all(work, parts, "filled")
            count = max(
                math.ceil(n * bands * 16 / (bucket_bytes or BUCKET_BYTES)),
                2 * sum(client.nthreads().values()),
            )
            ranges = _ranges(count)
            first = np.arange(n)
            for duplicates in run(tasks.first_of_bucket, [(work, bases, *keys) for keys in ranges], "equal"):
                first[duplicates[:, 0]] = duplicates[:, 1]
            distinct = filled & (first == np.arange(n))
            stars.save(f"{work.folder}/distinct.npy", distinct)
            compared = run(
                tasks.compare_bucket,
                [(work, parts, bases, number, *keys) for number, keys in enumerate(ranges)],
                "pairs",
            )
            files, edges = [bucket[0] for bucket in compared], sum(bucket[1] for bucket in compared)
            if edges <= (CLIENT_EDGES if client_edges is None else client_edges):
                nodes, positions = np.unique(
                    np.concatenate([np.load(name) for name in files]), return_inverse=True
                )
                root = np.arange(n)
                if len(nodes):
                    root[nodes] = nodes[clusters(len(nodes), positions.reshape(-1, 2))]
            else:
                links, _ = stars.components(files, work.folder, lambda *call: run(*call, "join"), count)
                root = np.arange(n)
                root[links[:, 0]] = links[:, 1]
            cluster = root[first]
            if not choice.first:
                cluster = Choice.renumber(cluster, _load_all(work, parts, "ranks"))
            kept = first[cluster]
            missing = np.flatnonzero(distinct & (kept != np.arange(n)))
            pairs = np.stack([kept[missing], missing], axis=1)
            pieces = [pairs[start : start + PAIRS] for start in range(0, len(pairs), PAIRS)]
            similarity = np.ones(n)
            similarities = run(
                tasks.similarity_of, [(work, parts, bases, piece) for piece in pieces], "similarity"
            )
            similarity[missing] = np.concatenate([np.empty(0), *similarities])
            return streaming.StreamedDeduplication(
                cluster == np.arange(n),
                cluster,
                index,
                int((first != np.arange(n)).sum()),
                sum(summary[4] for summary in summaries),
                sum(bucket[2] for bucket in compared),
                sum(summary[2] for summary in summaries),
                problems[:PROBLEMS],
                bands,
                rows,
                sum(path.stat().st_size for path in Path(shared).rglob("*") if path.is_file()),
                index.file >= corpus.references,
                np.where(filled, similarity[first], 1.0),
                (first != np.arange(n)) | (first[cluster] == first) & (cluster != np.arange(n)),
                _ids(work, parts, folder),
                len(client.nthreads()),
            )
    finally:
        run.cancel()
        shutil.rmtree(shared, ignore_errors=True)


class _Runner:
    """Runs tasks on the cluster and fetches their results, so that no worker has to keep them."""

    def __init__(self, client, progress):
        self._client, self._progress, self._futures = client, progress, []

    def __call__(self, function, task_arguments, stage="join"):
        from distributed import KilledWorker, as_completed

        self._futures = self._client.map(function, task_arguments, pure=False)
        try:
            for done, future in enumerate(as_completed(self._futures, loop=self._client.loop), 1):
                if future.status == "error":
                    future.result()
                if self._progress:
                    self._progress(stage, done, len(task_arguments))
            return self._client.gather(self._futures)
        except KilledWorker as error:
            raise CorpusError(
                f"a task was lost with its worker several times, most recently at {error.last_worker.address}:"
                " there is probably not enough memory; nothing was written"
            ) from None
        finally:
            self.cancel()

    def cancel(self):
        """Cancel the tasks that are not done."""
        futures, self._futures = self._futures, []
        if futures:
            self._client.cancel(futures, force=True)


def _version():
    from dataselect_core import __version__

    return __version__


def _ranges(count):
    """Cut all 64-bit keys into `count` ranges of about equal size: the first and last key of each."""
    borders = [(2**64 * number) // count for number in range(count + 1)]
    return [(np.uint64(low), np.uint64(high - 1)) for low, high in pairwise(borders)]


def _load_all(work, parts, name, axis=0):
    return np.concatenate([np.load(f"{work.folder}/part-{part.number}/{name}.npy") for part in parts], axis)


def _index(work, parts, bases, summaries):
    """The index of all documents, with lines counted from the beginning of each file."""
    file, start, size, words, line = _load_all(work, parts, "index", 1)
    before = 0
    for number, part in enumerate(parts):
        if not part.start:
            before = 0
        line[bases[number] : bases[number + 1]] += before
        before += summaries[number][1]
    return Index(file.astype(np.int32), start, size, words.astype(np.int32), line)


def _ids(work, parts, folder):
    if work.id_field is None:
        return None
    ids = Ids(folder)
    for part in parts:
        for value in json.loads(Path(work.folder, f"part-{part.number}", "ids.json").read_bytes()):
            ids.append(value)
    ids.flush()
    return ids
