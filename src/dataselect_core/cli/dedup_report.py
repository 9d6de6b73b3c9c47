"""The report of a deduplication: as a dictionary for programs, and as text for people."""

import argparse
from typing import Any

import numpy as np

from dataselect_core import __version__
from dataselect_core.corpus.files import CorpusFiles
from dataselect_core.dedup.estimate import Estimate
from dataselect_core.dedup.streaming import StreamedDeduplication
from dataselect_core.dedup.workers import peak_memory
from dataselect_core.lsh import collision_probability

SCHEMA = 1  # of the JSON report
SHOWN = 10  # malformed lines in the report for people; the JSON has up to 1,000


def report(
    corpus: CorpusFiles, result: StreamedDeduplication, options: argparse.Namespace, seconds: float
) -> dict[str, Any]:
    """The settings and results as a dictionary that can be written as JSON; shares are in [0, 1].

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
    in_corpus, keep = result.in_corpus, result.keep[result.in_corpus]
    word_counts = result.index.words[in_corpus]
    documents, words = len(keep), int(word_counts.sum(dtype="int64"))
    kept, kept_words = int(keep.sum()), int(word_counts[keep].sum(dtype="int64"))
    members = np.bincount(result.cluster)
    removed = ~result.keep & in_corpus
    same = int((removed & result.same_sets).sum())
    return {
        "schema": SCHEMA,
        "engine": f"dataselect-core {__version__}",
        "corpus": ", ".join(corpus.paths),
        "output": options.output,
        "files": {"read": len(corpus.names), "passed_over": corpus.ignored, "bytes": corpus.bytes},
        "documents": {
            "all": documents,
            "kept": kept,
            "removed": documents - kept,
            "removed_share": (documents - kept) / documents,
            "same_shingles": same,
            "similar": documents - kept - same,
            "chained": int((removed & (result.similarity < options.threshold)).sum()),
            "empty": result.empty,
            "short": int((word_counts < options.width).sum()),
        },
        "words": {
            "all": words,
            "kept": kept_words,
            "removed": words - kept_words,
            "removed_share": (words - kept_words) / words if words else 0.0,
        },
        "clusters": {"count": int((members > 1).sum()), "largest": int(members.max())},
        "against": {
            "given": options.against,
            "documents": int((~in_corpus).sum()),
            "found": int((removed & ~in_corpus[result.cluster]).sum()),
        }
        if options.against
        else None,
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
            "keep": options.keep.rule,
            "field": corpus.field,
            "split": corpus.split,
            "encoding": corpus.encoding,
        },
        "found_probability": [
            {
                "similarity": similarity,
                "probability": collision_probability(similarity, result.bands, result.rows),
            }
            for similarity in (options.threshold, (1 + options.threshold) / 2)
        ],
        "seconds": round(seconds, 3),
        "jobs": result.jobs,
        "peak_memory_bytes": peak_memory(),
        "workers_memory_bytes": result.workers_memory,
        "temporary_bytes": result.temporary_bytes,
    }


def report_text(record: dict[str, Any]) -> str:
    """The report for people.

    Parameters
    ----------
    record : dict
        As `report` returns it.

    Returns
    -------
    str
    """
    documents, words, parameters = record["documents"], record["words"], record["parameters"]
    chances = [
        f"{row['probability']:.1%} at similarity {row['similarity']:.2f}"
        for row in record["found_probability"]
    ]
    lines = [
        f"{record['corpus']} -> {record['output'] or '(only a report; -o FILE writes the kept documents)'}",
        f"Recall to expect: a pair is found with {', '.join(chances)} (--recall 0.95 chooses the bands for that).",
        f"{'':10}{'all':>15}{'kept':>15}{'removed':>15}{'share':>9}",
    ]
    for name, row in (("documents", documents), ("words", words)):
        lines.append(
            f"{name:10}{row['all']:>15,}{row['kept']:>15,}{row['removed']:>15,}{row['removed_share']:>9.1%}"
        )
    lines.append(
        f"Removed: {documents['same_shingles']:,} with the same shingles as another document,"
        f" {documents['similar']:,} similar to one."
    )
    if documents["chained"]:
        lines.append(
            f"Of these {documents['chained']:,} are below the threshold to the kept one: rows in between join"
            " the two (--removed FILE marks them)."
        )
    if record["against"]:
        lines.append(
            f"{record['against']['found']:,} of the removed documents are in {', '.join(record['against']['given'])}"
            f" ({record['against']['documents']:,} documents, only read)."
        )
    lines.append(
        f"Clusters of two or more: {record['clusters']['count']:,}; the largest has"
        f" {record['clusters']['largest']:,} documents."
    )
    if documents["short"]:
        lines.append(
            f"{documents['short']:,} documents have fewer than {parameters['width']} words; of these"
            " mostly only equal ones are duplicates."
        )
    if documents["empty"]:
        lines.append(
            f"{documents['empty']:,} documents have no letter and no number, so no words; all are kept."
        )
    if record["files"]["passed_over"]:
        lines.append(f"{record['files']['passed_over']:,} files of other kinds were skipped.")
    malformed = record["malformed"]
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
    memory = record["peak_memory_bytes"]
    workers = record["workers_memory_bytes"]
    workers = f" and {workers / 1e6:,.0f} MB in {record['jobs']} workers" if workers else ""
    lines.append(
        f"{record['seconds']:,.1f} s, {record['compared_pairs']:,} pairs compared,"
        + (f" {memory / 1e6:,.0f} MB of memory at most{workers}," if memory else "")
        + f" {record['temporary_bytes'] / 1e6:,.0f} MB of temporary files."
    )
    return "\n".join(lines)


def estimate_text(estimate: Estimate, options: argparse.Namespace) -> str:
    """The report of a dry run for people."""
    skipped = f" {estimate.malformed:,} malformed rows would be left out." if estimate.malformed else ""
    return (
        f"{estimate.documents:,} documents. Of {estimate.sampled:,} sampled ones {estimate.found:,} have an earlier"
        f" near-duplicate at {options.threshold:g}:\n"
        f"about {estimate.share:.1%} of the documents would be removed"
        f" (95 % interval {estimate.low:.1%} to {estimate.high:.1%}),"
        f" and about {estimate.bytes_share:.1%} of the bytes.{skipped}\n"
        f"A run takes about {estimate.seconds:,.0f} s on this machine at its present load,"
        f" {estimate.memory / 1e6:,.0f} MB of memory and {estimate.temporary / 1e6:,.0f} MB of"
        " temporary files. Nothing was written."
    )
