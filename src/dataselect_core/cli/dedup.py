"""Remove near-duplicates from a corpus, and report what that removes.

  python -m dataselect_core dedup corpus.jsonl --threshold 0.8 -o kept.jsonl

The corpus is a .jsonl (an object a line), a .csv or .tsv with a header, a .txt (a document a line), or a
folder of such files (there a .txt is one document). Documents whose sets of word n-grams have a Jaccard
similarity of at least the threshold are near-duplicates; of each cluster the first is kept, byte for byte, in
input order. Memory grows with the number of documents, not with the texts. Without -o there is only a report.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

from dataselect_core import __version__, arguments
from dataselect_core.corpus.files import CorpusFiles
from dataselect_core.corpus.formats import FORMATS, SPLITS, CorpusError
from dataselect_core.dedup.streaming import deduplicate_files
from dataselect_core.lsh import collision_probability

SUMMARY = "remove near-duplicates from a corpus"
SCHEMA = 1  # of the JSON report
SHOWN = 10  # malformed lines in the report for people; the JSON has up to 1,000


def add_arguments(parser):
    """Say what the command takes."""
    parser.add_argument("corpus", type=Path, help="a .jsonl, .csv, .tsv or .txt, or a folder of them")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="where what is kept goes: a file, or for a folder a new folder",
    )
    parser.add_argument("--report", metavar="FILE", help="write the report as JSON; - for standard output")
    parser.add_argument("--quiet", action="store_true", help="no progress, and no report for people")
    text = parser.add_argument_group("what a document is")
    text.add_argument(
        "--format", choices=dict.fromkeys(FORMATS.values()), help="of a file whose name does not say it"
    )
    text.add_argument("--field", default="text", help="key or column of the text (default: text)")
    text.add_argument("--delimiter", default=",", help="between the columns of a .csv (default: ,)")
    text.add_argument(
        "--split", choices=SPLITS, help="what a document is in a .txt (default: line; in a folder: document)"
    )
    text.add_argument(
        "--on-error",
        choices=("stop", "skip"),
        default="stop",
        help="at a malformed line stop and say which, or leave it out (default: stop)",
    )
    what = parser.add_argument_group("what a near-duplicate is")
    what.add_argument(
        "--threshold",
        type=_checked(float, arguments.threshold, "threshold"),
        default=0.8,
        help="Jaccard similarity, above 0 and up to 1 (default: 0.8)",
    )
    what.add_argument(
        "--width",
        type=_checked(int, arguments.integer, "width", 1),
        default=5,
        help="words in a shingle (default: 5)",
    )
    what.add_argument(
        "--permutations",
        type=_checked(int, arguments.integer, "permutations", 2, 4096),
        default=128,
        help="length of a signature (default: 128)",
    )
    what.add_argument(
        "--bands",
        type=_checked(int, arguments.integer, "bands", 1),
        help="with --rows: bands of the signature (default: the best for the threshold)",
    )
    what.add_argument("--rows", type=_checked(int, arguments.integer, "rows", 1), help="rows of a band")
    what.add_argument(
        "--seed",
        type=_checked(int, arguments.integer, "seed", 0, 2**32 - 1),
        default=1,
        help="of the permutations (default: 1)",
    )
    what.add_argument(
        "--verify",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="compare candidates exactly, reading them again (default), or by their signatures",
    )
    parser.add_argument(
        "--temporary", type=Path, metavar="FOLDER", help="for temporary files (default: the system's)"
    )


def run(options):
    """Carry the command out; the exit status."""
    begun = time.perf_counter()
    if (options.bands is None) != (options.rows is None):
        options.parser.error("--bands and --rows must be given together, or neither")
    if options.bands and options.bands * options.rows > options.permutations:
        options.parser.error(f"--bands times --rows must be at most the {options.permutations} permutations")
    corpus = CorpusFiles(options.corpus, options.format, options.field, options.split, options.delimiter)
    if options.output:
        corpus.check_output(options.output)
    if options.report not in (None, "-") and not Path(options.report).resolve().parent.is_dir():
        raise CorpusError(f"there is no folder for the report {options.report}")
    progress = _Progress() if sys.stderr.isatty() and not options.quiet else None
    try:
        result = deduplicate_files(
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
        )
        if options.output:
            corpus.write(options.output, result.index, result.keep)
    finally:
        corpus.close()
        if progress:
            progress.clear()
    found = report(corpus, result, options, time.perf_counter() - begun)
    if options.report == "-":
        print(json.dumps(found, indent=2))
    elif options.report:
        Path(options.report).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if not options.quiet and options.report != "-":
        print(report_text(found))
    return 0


def report(corpus, result, options, seconds):
    """What was done and found, as a dictionary that can be written as JSON. Shares are in [0, 1].

    Parameters
    ----------
    corpus : CorpusFiles
    result : StreamedDeduplication
    options : argparse.Namespace
    seconds : float

    Returns
    -------
    dict
    """
    documents, words = len(result.keep), int(result.index.words.sum(dtype="int64"))
    kept, kept_words = int(result.keep.sum()), int(result.index.words[result.keep].sum(dtype="int64"))
    members = np.bincount(result.cluster)
    return {
        "schema": SCHEMA,
        "engine": f"dataselect-core {__version__}",
        "corpus": str(corpus.path),
        "output": str(options.output) if options.output else None,
        "files": {"read": len(corpus.names), "passed_over": corpus.ignored, "bytes": corpus.bytes},
        "documents": {
            "all": documents,
            "kept": kept,
            "removed": documents - kept,
            "removed_share": (documents - kept) / documents,
            "same_shingles": result.same,
            "similar": documents - kept - result.same,
            "empty": result.empty,
            "short": int((result.index.words < options.width).sum()),
        },
        "words": {
            "all": words,
            "kept": kept_words,
            "removed": words - kept_words,
            "removed_share": (words - kept_words) / words if words else 0.0,
        },
        "clusters": {"count": int((members > 1).sum()), "largest": int(members.max())},
        "compared_pairs": result.compared,
        "malformed": {
            "count": result.malformed,
            "on_error": options.on_error,
            "lines": [problem._asdict() for problem in result.problems],
        },
        "parameters": {
            "threshold": options.threshold,
            "width": options.width,
            "permutations": options.permutations,
            "bands": result.bands,
            "rows": result.rows,
            "seed": options.seed,
            "verify": options.verify,
            "field": corpus.field,
            "split": corpus.split,
        },
        "found_probability": [
            {
                "similarity": similarity,
                "probability": collision_probability(similarity, result.bands, result.rows),
            }
            for similarity in (options.threshold, (1 + options.threshold) / 2)
        ],
        "seconds": round(seconds, 3),
        "peak_memory_bytes": peak_memory(),
        "temporary_bytes": result.temporary_bytes,
    }


def report_text(found):
    """The report for people.

    Parameters
    ----------
    found : dict
        As `report` makes it.

    Returns
    -------
    str
    """
    documents, words, parameters = found["documents"], found["words"], found["parameters"]
    lines = [
        f"{found['corpus']} -> {found['output'] or '(only a report; -o FILE writes what is kept)'}",
        f"{'':10}{'all':>15}{'kept':>15}{'removed':>15}{'share':>9}",
    ]
    for name, row in (("documents", documents), ("words", words)):
        lines.append(
            f"{name:10}{row['all']:>15,}{row['kept']:>15,}{row['removed']:>15,}{row['removed_share']:>9.1%}"
        )
    lines.append(
        f"Removed: {documents['same_shingles']:,} with the same shingles as an earlier document,"
        f" {documents['similar']:,} similar to one."
    )
    lines.append(
        f"Clusters of two or more: {found['clusters']['count']:,}; the largest has"
        f" {found['clusters']['largest']:,} documents."
    )
    if documents["short"]:
        lines.append(
            f"{documents['short']:,} documents have fewer than {parameters['width']} words; of these"
            " mostly only equal ones are duplicates."
        )
    if documents["empty"]:
        lines.append(f"{documents['empty']:,} documents have no letter and no number, so no words; all stay.")
    if found["files"]["passed_over"]:
        lines.append(f"{found['files']['passed_over']:,} files of other kinds were passed over.")
    malformed = found["malformed"]
    if malformed["count"]:
        lines.append(f"{malformed['count']:,} malformed lines were left out:")
        lines += [
            f"  {line['name']}, line {line['line']} {line['message']}" for line in malformed["lines"][:SHOWN]
        ]
        if malformed["count"] > SHOWN:
            lines.append(f"  and {malformed['count'] - SHOWN:,} more (--report FILE lists up to 1,000)")
    lines.append(
        f"Near-duplicate: Jaccard similarity >= {parameters['threshold']:g} of word"
        f" {parameters['width']}-grams, {'exact' if parameters['verify'] else 'estimated'};"
        f" {parameters['permutations']} permutations, {parameters['bands']} bands x"
        f" {parameters['rows']} rows, seed {parameters['seed']}."
    )
    chances = [
        f"{row['probability']:.2f} at similarity {row['similarity']:.2f}"
        for row in found["found_probability"]
    ]
    lines.append(f"A pair is found with probability {', '.join(chances)}.")
    memory = found["peak_memory_bytes"]
    lines.append(
        f"{found['seconds']:,.1f} s, {found['compared_pairs']:,} pairs compared,"
        + (f" {memory / 1e6:,.0f} MB of memory at most," if memory else "")
        + f" {found['temporary_bytes'] / 1e6:,.0f} MB of temporary files."
    )
    return "\n".join(lines)


def peak_memory():
    """The most memory this process has held, in bytes; None where the system does not say."""
    try:
        with open("/proc/self/status") as status:  # getrusage would count what the parent held at the fork
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource  # not on every system
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class _Progress:
    """One line on standard error, rewritten at most a few times a second."""

    def __init__(self):
        self._next = 0.0

    def __call__(self, stage, done, total):
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + 0.2
        if stage == "read":
            amount = f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
        else:
            amount = f"band {done + 1} of {total}"
        print(f"\r\x1b[K{stage}: {amount}", end="", file=sys.stderr, flush=True)

    def clear(self):
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _checked(kind, check, name, *limits):
    """A converter for argparse out of a check of the core."""

    def convert(given):
        try:
            return check(name, kind(given), *limits)
        except ValueError as error:
            reason = str(error) if str(error).startswith(name) else f"{name} must be a number, not {given!r}"
            raise argparse.ArgumentTypeError(reason) from None

    return convert
