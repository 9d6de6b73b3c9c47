"""The card's question: does indexing 1 PB cost more than it saves, and how is it with scoring?"""

import time

from dataselect_core.cost_benefit import indexing_question, scoring_question
from dataselect_core.minhash import signatures
from dataselect_core.shingles import shingle_sets
from dataselect_core.values import measured, modelled

SLICE = 60  # texts signed between two looks at the page
ROWS = (  # assumption, unit; in the order of the table of break-evens
    "dataset_bytes", "bytes_per_sample", "signature_rate", "index_overhead", "vcpu_hour_price", "object_bytes",
    "read_request_price", "score_price", "looks", "share_removed", "gpu_seconds_per_sample", "epochs", "gpu_hour_price",
)
CORE_NAMES = {  # what the core calls them, where the prices have another name
    "signature_rate": "signature_bytes_per_second", "index_overhead": "overhead",
    "vcpu_hour_price": "cpu_price_per_hour", "object_bytes": "bytes_per_read", "read_request_price": "price_per_read",
    "score_price": "price_per_score", "looks": "rounds", "gpu_hour_price": "gpu_price_per_hour",
}
LAW = "the prices and sizes in force, see the assumptions"


def questions(assumptions, labels_saved):
    """Both questions at the reader's assumptions; `labels_saved` is what the reader's own runs saved."""
    a = assumptions
    common = {"dataset_bytes": a.dataset_bytes, "bytes_per_sample": a.bytes_per_sample,
              "share_removed": a.share_removed, "gpu_seconds_per_sample": a.gpu_seconds_per_sample,
              "epochs": a.epochs, "gpu_price_per_hour": a.gpu_hour_price}
    indexing = indexing_question(
        **common, signature_bytes_per_second=a.signature_rate, cpu_price_per_hour=a.vcpu_hour_price,
        overhead=a.index_overhead, bytes_per_read=a.object_bytes, price_per_read=a.read_request_price,
    )
    scoring = scoring_question(**common, price_per_score=a.score_price, rounds=a.looks,
                               labels_saved=max(0.0, labels_saved), price_per_label=a.label_price)
    return indexing, scoring


def report(assumptions, indexing, scoring, answer):
    """What the page shows once the answer is committed: values, tables, cases."""
    a = assumptions
    hours = a.dataset_bytes / a.signature_rate / 3600
    values = {
        "index.samples": modelled(a.dataset_bytes / a.bytes_per_sample, "samples", LAW),
        "index.core_hours": modelled(hours, "core-hours", LAW),
        "index.signatures": modelled(indexing.cost_parts["signatures"], "$", LAW),
        "index.reads": modelled(indexing.cost_parts["reads"], "$", LAW),
        "index.cost": modelled(indexing.cost, "$", LAW),
        "index.saving": modelled(indexing.saving, "$", LAW),
        "index.ratio": modelled(indexing.saving / indexing.cost if indexing.cost else None, "", LAW),
        "index.even_share": modelled(indexing.even["share_removed"], "", LAW),
        "index.even_gpu": modelled(indexing.even["gpu_seconds_per_sample"], "GPU-s/sample", LAW),
        "score.cost": modelled(scoring.cost, "$", LAW),
        "score.training": modelled(scoring.saving_parts["training"], "$", LAW),
        "score.labels": modelled(scoring.saving_parts["labels"], "$", LAW),
        "score.saving": modelled(scoring.saving, "$", LAW),
        "score.even_price": modelled(scoring.even["price_per_score"], "$/item", LAW),
        "score.even_looks": modelled(scoring.even["rounds"], "looks", LAW),
    }
    cases = [f"answer-{answer}", "index-saves" if indexing.pays else "index-costs",
             "score-saves" if scoring.pays else "score-costs"]
    if indexing.pays != scoring.pays:
        cases.append("answer-turns")
    return values, {"IndexingPlot": _sides(indexing, scoring), "BreakEven": _even(a, indexing, scoring)}, cases


def _sides(indexing, scoring):
    parts = [
        ("Indexing", "costs", "Signatures (CPU)", indexing.cost_parts["signatures"]),
        ("Indexing", "costs", "Reads", indexing.cost_parts["reads"]),
        ("Indexing", "saves", "Training saved (GPU)", indexing.saving_parts["training"]),
        ("Scoring", "costs", "Scoring (GPU)", scoring.cost_parts["scoring"]),
        ("Scoring", "saves", "Training saved (GPU)", scoring.saving_parts["training"]),
        ("Scoring", "saves", "Labels saved", scoring.saving_parts["labels"]),
    ]
    return {
        "columns": [{"label": "Question"}, {"label": "Side"}, {"label": "Part"},
                    {"label": "Dollars", "format": "dollars", "kind": "modelled"}],
        "rows": [list(row) for row in parts],
    }


def _even(a, indexing, scoring):
    rows = []
    for name in ROWS:
        core = CORE_NAMES.get(name, name)
        rows.append([a[name].title, a[name].unit, getattr(a, name), indexing.even.get(core), scoring.even.get(core)])
    return {
        "columns": [{"label": "Assumption"}, {"label": "Unit"}, {"label": "In force", "format": "number"},
                    {"label": "Even for indexing", "format": "number", "kind": "modelled"},
                    {"label": "Even for scoring", "format": "number", "kind": "modelled"}],
        "rows": rows,
    }


class Stopwatch:
    """The throughput of MinHash signatures in this very Python, measured in slices on the licence texts."""

    def __init__(self, texts):
        self.texts, self.bytes, self.seconds = texts, 0, 0.0

    def slices(self):
        """Shingle and sign a slice at a time; yields the share done."""
        for first in range(0, len(self.texts), SLICE):
            batch = self.texts[first:first + SLICE]
            size = sum(len(text.encode()) for text in batch)
            began = time.perf_counter()
            signatures(shingle_sets(batch, 5), 128, 1)
            self.seconds += time.perf_counter() - began
            self.bytes += size
            yield min(1.0, (first + SLICE) / len(self.texts))

    def value(self):
        """Bytes that a core turns into signatures in a second."""
        return measured(self.bytes / self.seconds, "bytes/core-second",
                        f"{self.bytes:,} bytes of licence texts, word 5-grams, 128 permutations, timed in this Python")
