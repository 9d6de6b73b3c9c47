"""The question of the card: does indexing 1 PB cost more than it saves, and does scoring?"""

import time

from dataselect_core.economics.break_even import SHARES
from dataselect_core.figures.active_learning.indexing import over_runs
from dataselect_core.minhash import signatures
from dataselect_core.shingles import shingle_sets
from dataselect_core.values import measured

SLICE = 60  # texts signed between two looks at the page
ROWS = (  # assumption, unit; in the order of the table of break-evens
    "dataset_bytes",
    "bytes_per_sample",
    "content_share",
    "decode_time",
    "signature_rate",
    "index_overhead",
    "vcpu_hour_price",
    "object_bytes",
    "read_request_price",
    "score_price",
    "looks",
    "share_removed",
    "gpu_seconds_per_sample",
    "epochs",
    "gpu_hour_price",
)
SELECTIONS = {
    "low": "Index, our rate",
    "high": "Index, SlimPajama’s rate",
    "whole": "The same, and engineers",
    "score": "Scoring everything",
}
CORE_NAMES = {  # the core's names of prices that have another name here
    "signature_rate": "signature_bytes_per_second",
    "index_overhead": "overhead",
    "decode_time": "decode_seconds_per_megabyte",
    "vcpu_hour_price": "cpu_price_per_hour",
    "object_bytes": "bytes_per_read",
    "read_request_price": "price_per_read",
    "score_price": "price_per_score",
    "looks": "rounds",
    "gpu_hour_price": "gpu_price_per_hour",
}


def tables(assumptions, indexing, scoring, kind):
    """The tables that the page shows once the answer is committed; the core makes figures and cases."""
    return {
        "IndexingPlot": _sides_table(indexing, scoring),
        "BreakEven": _break_even_table(assumptions, indexing, scoring),
        "Amortised": _amortised_table(over_runs(assumptions, indexing, scoring, kind)),
    }


def _amortised_table(amortisations):
    runs = amortisations["low"].runs
    return {
        "columns": [
            {"label": "Selection"},
            {"label": "Paid once", "format": "dollars", "kind": "modelled"},
            {"label": "Pays from run", "format": "integer", "kind": "modelled"},
            *({"label": f"Saved per $ in {n}", "format": "number", "kind": "modelled"} for n in runs),
        ],
        "rows": [
            [title, amortisations[name].once, amortisations[name].pays_from, *amortisations[name].returns]
            for name, title in SELECTIONS.items()
        ],
    }


def _sides_table(indexing, scoring):
    parts = [
        ("Indexing", "costs", "Decoding (CPU)", indexing.cost_parts["decoding"]),
        ("Indexing", "costs", "Signatures (CPU)", indexing.cost_parts["signatures"]),
        ("Indexing", "costs", "Reads", indexing.cost_parts["reads"]),
        ("Indexing", "saves", "Training saved (GPU)", indexing.saving_parts["training"]),
        ("Scoring", "costs", "Scoring (GPU)", scoring.cost_parts["scoring"]),
        ("Scoring", "saves", "Training saved (GPU)", scoring.saving_parts["training"]),
        ("Scoring", "saves", "Labels saved", scoring.saving_parts["labels"]),
    ]
    return {
        "columns": [
            {"label": "Question"},
            {"label": "Side"},
            {"label": "Part"},
            {"label": "Dollars", "format": "dollars", "kind": "modelled"},
        ],
        "rows": [list(row) for row in parts],
    }


def _break_even_table(assumptions, indexing, scoring):
    rows = []
    for name in ROWS:
        core = CORE_NAMES.get(name, name)
        rows.append(
            [
                assumptions[name].title,
                _share(core, getattr(assumptions, name)),
                "" if core in SHARES else assumptions[name].unit,
                *_turning(indexing, core),
                *_turning(scoring, core),
            ]
        )
    return {
        "columns": [
            {"label": "Assumption"},
            {"label": "In force", "format": "number"},
            {"label": "Unit"},
            {"label": "Indexing pays"},
            {"label": "this", "format": "number", "kind": "modelled"},
            {"label": "Scoring pays"},
            {"label": "this", "format": "number", "kind": "modelled"},
        ],
        "rows": rows,
    }


def _turning(question, name):
    """In words, for which values of an assumption the answer is yes: ["above", number], or that none changes it."""
    if name not in question.even:
        return ["not in this bill", ""]
    turn = question.even[name]
    if turn is None:
        return ["at every value" if question.pays else "at no value", ""]
    return ["above" if question.above[name] else "below", _share(name, turn)]


def _share(name, value):
    """A share in percent, or in a million if it is small; any other number as it is."""
    if name not in SHARES:
        return value
    return f"{100 * value:.3g} %" if value >= 0.001 else f"{1e6 * value:.3g} in a million"


class Stopwatch:
    """The throughput of MinHash signatures in this Python, measured in slices on the licence texts."""

    def __init__(self, texts):
        self.texts, self.bytes, self.seconds = texts, 0, 0.0

    def slices(self):
        """Shingle and sign one slice at a time, and yield the share done."""
        for start in range(0, len(self.texts), SLICE):
            batch = self.texts[start : start + SLICE]
            size = sum(len(text.encode()) for text in batch)
            began = time.perf_counter()
            signatures(shingle_sets(batch, 5), 128, 1)
            self.seconds += time.perf_counter() - began
            self.bytes += size
            yield min(1.0, (start + SLICE) / len(self.texts))

    def value(self):
        """Bytes that a core turns into signatures per second."""
        return measured(
            self.bytes / self.seconds,
            "bytes/core-second",
            f"{self.bytes:,} bytes of licence texts, word 5-grams, 128 permutations, timed in this Python",
        )
