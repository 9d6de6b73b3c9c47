"""Remove near-duplicates from a corpus, and report what that removes.

  python -m dataselect_core dedup corpus.jsonl --threshold 0.8 -o kept.jsonl

The corpus is a .jsonl (one object per line), a .json (an array of objects), a .csv or .tsv with a header, a .txt
(one document per line), a .parquet or a Hugging Face dataset, compressed or not (.gz, .bz2, .xz, .zst), or several of
them, or a folder (there a .txt is one document). Documents whose sets of word n-grams have a Jaccard similarity of
at least the threshold are near-duplicates; of each cluster the first is kept, byte for byte, in input order. Memory
grows with the number of documents, not with the texts. Without -o there is only a report.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from dataselect_core import arguments
from dataselect_core.cli.dedup_report import SCHEMA, estimate_text, report, report_text
from dataselect_core.cli.signals import Stopped, Stopping
from dataselect_core.cli.stdout import forget_output
from dataselect_core.corpus import encodings
from dataselect_core.corpus.errors import CorpusError
from dataselect_core.corpus.files import CorpusFiles
from dataselect_core.corpus.formats import FORMATS, QUOTINGS, SPLITS
from dataselect_core.corpus.remote import is_url
from dataselect_core.dedup import distributed
from dataselect_core.dedup.answers import cluster_rows, removed_rows
from dataselect_core.dedup.choice import Choice
from dataselect_core.dedup.estimate import estimate_files
from dataselect_core.dedup.streaming import deduplicate_files
from dataselect_core.dedup.workers import processors
from dataselect_core.lsh import bands_for_recall

SUMMARY = "remove near-duplicates from a corpus"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of the command."""
    parser.add_argument(
        "corpus",
        nargs="+",
        help="files, folders and patterns such as 'data/*.jsonl.gz'; with --engine also URLs such as s3://bucket/*.jsonl",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="file for the kept documents; - for standard output; for a folder or several files, a new folder",
    )
    parser.add_argument(
        "--removed",
        metavar="FILE",
        help="write every removed row with its kept row and their similarity, as JSONL",
    )
    parser.add_argument("--clusters", metavar="FILE", help="write every cluster with its rows, as JSONL")
    parser.add_argument(
        "--against",
        metavar="PATH",
        action="append",
        default=[],
        help="a file, folder or pattern that is only read: rows that are also in it are removed; can be repeated",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="read everything, write nothing, and estimate redundancy from sampled rows, time and memory",
    )
    parser.add_argument("--report", metavar="FILE", help="write the report as JSON; - for standard output")
    parser.add_argument("--quiet", action="store_true", help="no progress, and no report for people")
    text = parser.add_argument_group("what a document is")
    text.add_argument(
        "--format",
        choices=dict.fromkeys(FORMATS.values()),
        help="format of a file whose name does not show it",
    )
    text.add_argument(
        "--field", default="text", help="key, path (meta.text) or column of the text (default: text)"
    )
    text.add_argument("--delimiter", default=",", help="character between the columns of a .csv (default: ,)")
    text.add_argument(
        "--quoting",
        choices=QUOTINGS,
        help="whether a quote mark encloses a column, or is a character (default: csv for a .csv, none for a .tsv)",
    )
    text.add_argument(
        "--encoding",
        type=_converter(str, lambda name, text: encodings.codec_name(text), "encoding"),
        default="utf-8",
        help="encoding of text files (default: utf-8)",
    )
    text.add_argument(
        "--id", metavar="FIELD", help="key or column that names a row in --removed and --clusters"
    )
    text.add_argument(
        "--split", choices=SPLITS, help="what a document is in a .txt (default: line; in a folder: document)"
    )
    text.add_argument(
        "--on-error",
        choices=("stop", "skip"),
        default="stop",
        help="at a malformed line, stop and name the line, or skip it (default: stop)",
    )
    criteria = parser.add_argument_group("what a near-duplicate is")
    criteria.add_argument(
        "--threshold",
        type=_converter(float, arguments.threshold, "threshold"),
        default=0.8,
        help="Jaccard similarity, above 0 and up to 1 (default: 0.8)",
    )
    criteria.add_argument(
        "--width",
        type=_converter(int, arguments.integer, "width", 1),
        default=5,
        help="words in a shingle (default: 5)",
    )
    criteria.add_argument(
        "--permutations",
        type=_converter(int, arguments.integer, "permutations", 2, 4096),
        default=128,
        help="length of a signature (default: 128)",
    )
    criteria.add_argument(
        "--bands",
        type=_converter(int, arguments.integer, "bands", 1),
        help="with --rows: bands of the signature (default: the best for the threshold)",
    )
    criteria.add_argument(
        "--recall",
        type=_converter(float, _recall, "recall"),
        help="instead of --bands: find a pair exactly at the threshold with this probability, for example 0.95",
    )
    criteria.add_argument(
        "--keep",
        type=_converter(str, lambda name, text: Choice(text), "keep"),
        default="first",
        metavar="RULE",
        help="which row of a cluster is kept: first (default), longest, FIELD:max or FIELD:min (a number or date)",
    )
    criteria.add_argument("--rows", type=_converter(int, arguments.integer, "rows", 1), help="rows of a band")
    criteria.add_argument(
        "--seed",
        type=_converter(int, arguments.integer, "seed", 0, 2**32 - 1),
        default=1,
        help="seed of the permutations (default: 1)",
    )
    criteria.add_argument(
        "--verify",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="compare candidates exactly, reading them again (default), or by their signatures",
    )
    parser.add_argument(
        "--jobs",
        type=_converter(int, arguments.integer, "jobs", 1, 1024),
        metavar="N",
        help="processes that share the work (default: one per processor); the result is the same for any number",
    )
    parser.add_argument(
        "--engine",
        type=_engine,
        metavar="dask://HOST:PORT",
        help="run on the workers of this Dask scheduler; --temporary must then be a folder that all of them share",
    )
    parser.add_argument(
        "--temporary",
        type=_folder,
        metavar="FOLDER",
        help="folder for temporary files (default: the system's)",
    )


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    start = time.perf_counter()
    if (options.bands is None) != (options.rows is None):
        options.parser.error("--bands and --rows must be given together or not at all")
    if options.bands and options.bands * options.rows > options.permutations:
        options.parser.error(f"--bands times --rows must be at most the {options.permutations} permutations")
    if options.recall is not None:
        if options.bands is not None:
            options.parser.error("--recall chooses the bands: give it or --bands with --rows, not both")
        options.bands, options.rows = bands_for_recall(
            options.threshold, options.permutations, options.recall
        )
    if options.dry_run and (options.output or options.removed or options.clusters):
        options.parser.error("--dry-run writes no rows: omit -o, --removed and --clusters")
    if options.engine and (options.dry_run or options.jobs or options.temporary is None):
        options.parser.error(
            "--engine needs --temporary FOLDER, which all workers share; omit --jobs and --dry-run"
        )
    with Stopping() as stopping:
        return _run(options, stopping, start)


def _run(options, stopping, start):
    _check_temporary(options.temporary)
    corpus = CorpusFiles(
        options.corpus,
        options.format,
        options.field,
        options.split,
        options.delimiter,
        encoding=options.encoding,
        quoting=options.quoting,
        extras=tuple(field for field in (options.id, options.keep.field) if field is not None),
        against=options.against,
        temporary=options.temporary,
        remote=options.engine is not None,
    )
    progress = _Progress() if sys.stderr.isatty() and not options.quiet else None
    with corpus.outputs() as outputs:
        kept_output = corpus.output(outputs, options.output) if options.output else None
        removed_list = outputs.add("the list of removed rows", options.removed) if options.removed else None
        cluster_list = outputs.add("the list of clusters", options.clusters) if options.clusters else None
        report_output = outputs.add("the report", options.report) if options.report else None
        if options.dry_run:
            return _estimate(corpus, options, outputs, report_output, progress)
        result = None
        try:
            settings = (
                corpus,
                options.threshold,
                options.permutations,
                options.width,
                options.seed,
                options.verify,
                options.bands,
                options.rows,
                options.on_error,
                options.temporary,
                progress,
                options.keep.rule,
                options.id,
            )
            if options.engine:
                with distributed.connected(options.engine) as client:
                    result = distributed.deduplicate_on(client, *settings)
            else:
                result = deduplicate_files(*settings, options.jobs or processors())
            if kept_output:
                corpus.write_into(kept_output, result.index, result.keep)
            if removed_list:
                _write_rows(removed_list, removed_rows(corpus, result, options.threshold))
            if cluster_list:
                _write_rows(cluster_list, cluster_rows(corpus, result))
        finally:
            corpus.forget()
            if result is not None and result.ids is not None:
                result.ids.close()
            if progress:
                progress.clear()
        record = report(corpus, result, options, time.perf_counter() - start)
        if report_output:
            with report_output.open() as file:
                file.write((json.dumps(record, indent=2) + "\n").encode())
        try:
            with stopping.held():
                outputs.commit()
        except Stopped as stop:
            print("dedup: stopped after everything was written", file=sys.stderr)
            return 128 + stop.number
    kinds = {output.kind for output in (kept_output, removed_list, cluster_list, report_output) if output}
    if options.quiet or (report_output and report_output.kind == "standard"):
        return 0
    return print_report(report_text(record), sys.stderr if "standard" in kinds else sys.stdout)


def _estimate(corpus, options, outputs, report_output, progress):
    """Do the dry run and return the exit status."""
    try:
        estimate = estimate_files(
            corpus,
            options.threshold,
            options.permutations,
            options.width,
            options.seed,
            options.bands,
            options.rows,
            options.on_error,
            options.temporary,
            progress,
        )
    finally:
        corpus.forget()
        if progress:
            progress.clear()
    if report_output:
        with report_output.open() as file:
            file.write(
                (json.dumps({"schema": SCHEMA, "estimate": asdict(estimate)}, indent=2) + "\n").encode()
            )
        outputs.commit()
    if options.quiet or (report_output and report_output.kind == "standard"):
        return 0
    return print_report(estimate_text(estimate, options), sys.stdout)


def _write_rows(output, rows):
    """Write rows as JSON Lines."""
    with output.open() as file:
        for row in rows:
            file.write(json.dumps(row).encode() + b"\n")


def _folder(name):
    if is_url(name):
        raise argparse.ArgumentTypeError(f"must be a folder that all workers share, not a URL: {name}")
    return Path(name)


def _engine(address):
    try:
        distributed.scheduler(address)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return address


def _recall(name, recall):
    if not 0 < arguments.share(name, recall) < 1:
        raise ValueError(f"recall must be above 0 and below 1, not {recall:g}")
    return recall


def print_report(text: str, stream: TextIO) -> int:
    """Print the report after the work is done and return the exit status; a closed pipe is not a failure."""
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        forget_output()
    except OSError as error:
        print(f"dedup: everything was written except the report: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _check_temporary(folder):
    """Raise CorpusError, before any work, if temporary files cannot be written into the folder."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        path = folder or tempfile.gettempdir()
        raise CorpusError(
            f"the folder for temporary files {path} cannot be written: {error.strerror}"
        ) from None


class _Progress:
    """One line on standard error, rewritten at most a few times a second, with rate and time left."""

    def __init__(self):
        self._next, self._stage, self._start = 0.0, None, 0.0

    def __call__(self, stage, done, total):
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._start = stage, now
        if now < self._next:
            return
        self._next = now + 0.2
        print(
            f"\r\x1b[K{progress_line(stage, done, total, now - self._start)}",
            end="",
            file=sys.stderr,
            flush=True,
        )

    def clear(self):
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def progress_line(stage: str, done: int, total: int, seconds: float) -> str:
    """How far a stage is, in at most 79 characters.

    Parameters
    ----------
    stage : str
        "read" or "compare", or a stage of an engine.
    done, total : int
        Bytes, bands, or tasks.
    seconds : float
        Since the stage began.

    Returns
    -------
    str
    """
    filled = int(20 * done / total) if total else 20
    if stage == "read":
        size, unit = (1e9, "GB") if total >= 1e11 else (1e6, "MB")
        amount = f"{done / size:,.0f} of {total / size:,.0f} {unit}"
        rate = f", {done / 1e6 / seconds:,.1f} MB/s" if seconds > 1 else ""
    elif stage == "compare":
        amount, rate = f"band {done + 1} of {total}", ""
    else:
        amount, rate = f"{done:,} of {total:,} tasks", ""
    remaining = round(seconds * (total - done) / done) if done and seconds > 1 else None
    time_left = "" if remaining is None else f", {remaining // 60}:{remaining % 60:02d} left"
    return f"{stage} [{'#' * filled}{'.' * (20 - filled)}] {amount}{rate}{time_left}"


def _converter(kind, check, name, *limits):
    """Make a converter for argparse from a check function of the core."""

    def convert(text):
        try:
            return check(name, kind(text), *limits)
        except ValueError as error:
            reason = str(error) if str(error).startswith(name) else f"{name} must be a number, not {text!r}"
            raise argparse.ArgumentTypeError(reason) from None

    return convert
