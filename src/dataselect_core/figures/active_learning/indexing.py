"""The card's question in dollars: does indexing 1 PB cost more than it saves, and does scoring it?"""

from typing import Any

from dataselect_core.economics.amortisation import Amortisation, amortise
from dataselect_core.economics.break_even import (
    Question,
    indexing_hours,
    indexing_question,
    scoring_question,
)
from dataselect_core.economics.costs import indexing_range
from dataselect_core.facts import load
from dataselect_core.values import Value, cited, modelled

LAW = "the prices and sizes in force, see the assumptions"


def questions(assumptions: Any, labels_saved: float) -> tuple[Question, Question]:
    """Both questions at these assumptions; `labels_saved` is the number of labels that the reader's own runs saved."""
    a = assumptions
    common = {
        "dataset_bytes": a.dataset_bytes,
        "bytes_per_sample": a.bytes_per_sample,
        "share_removed": a.share_removed,
        "gpu_seconds_per_sample": a.gpu_seconds_per_sample,
        "epochs": a.epochs,
        "gpu_price_per_hour": a.gpu_hour_price,
        "content_share": a.content_share,
    }
    indexing = indexing_question(
        **common,
        signature_bytes_per_second=a.signature_rate,
        cpu_price_per_hour=a.vcpu_hour_price,
        overhead=a.index_overhead,
        bytes_per_read=a.object_bytes,
        price_per_read=a.read_request_price,
        decode_seconds_per_megabyte=a.decode_time,
    )
    scoring = scoring_question(
        **common,
        price_per_score=a.score_price,
        rounds=a.looks,
        labels_saved=max(0.0, labels_saved),
        price_per_label=a.label_price,
    )
    return indexing, scoring


def over_runs(
    assumptions: Any, indexing: Question, scoring: Question, kind: str = "text"
) -> dict[str, Amortisation]:
    """What each way of choosing returns over several runs: name -> `Amortisation`.

    "low" and "high" are the ends of the range of the index, "whole" is the high end with the engineers who build it,
    "score" is scoring every sample once, less the labels that it saves once.
    """
    high = indexing_range(assumptions.dataset_bytes, assumptions, kind).high.dollars
    once = {"low": indexing.cost, "high": high, "whole": high + assumptions.build_price}
    index_returns = {name: amortise(cost, indexing.saving) for name, cost in once.items()}
    cost_left = max(0.0, scoring.cost - scoring.saving_parts["labels"])
    return {**index_returns, "score": amortise(cost_left, scoring.saving_parts["training"])}


def _amortised(assumptions, indexing, scoring, kind):
    returns = over_runs(assumptions, indexing, scoring, kind)
    chapter = {name: fact["value"] for name, fact in load("chapter")["amortisation"].items()}
    chapter_returns = amortise(chapter["build"] + chapter["compute"], chapter["saved_per_run"])
    source = load("chapter")["amortisation"]["build"]
    citation = f"{source['source'].split(':')[0]} ({source['date']})"
    return {
        "amortised.per_run": modelled(indexing.saving, "$", LAW),
        **{f"amortised.{name}_once": modelled(one.once, "$", LAW) for name, one in returns.items()},
        **{f"amortised.{name}_from": modelled(one.pays_from, "runs", LAW) for name, one in returns.items()},
        "amortised.build": modelled(assumptions.build_price, "$", assumptions["build_price"].source),
        "amortised.chapter_once": cited(chapter_returns.once, "$", citation),
        "amortised.chapter_per_run": cited(chapter_returns.per_run, "$/run", citation),
        "amortised.chapter_from": modelled(chapter_returns.pays_from, "runs", "once ÷ saved per run"),
        "amortised.chapter_return": modelled(chapter_returns.returns[-1], "", "saved in 50 runs ÷ paid once"),
    }


def _million(share):
    return None if share is None else 1e6 * share


def figures(assumptions: Any, indexing: Question, scoring: Question, kind: str = "text") -> dict[str, Value]:
    """Costs, savings, break-evens and returns over several runs of both, path -> Value."""
    a = assumptions
    cost_range = indexing_range(a.dataset_bytes, a, kind)
    decoding, signing = indexing_hours(a.dataset_bytes, a.signature_rate, a.decode_time, a.content_share)
    samples = a.dataset_bytes * a.content_share / a.bytes_per_sample
    return {
        "index.kind": modelled(kind, "", "the track's data"),
        "index.samples": modelled(samples, "samples", LAW),
        "index.content": modelled(a.content_share, "", a["content_share"].source),
        "index.share": modelled(a.share_removed, "", a["share_removed"].source),
        "index.core_hours": modelled(signing, "core-hours", LAW),
        "index.decode_hours": modelled(decoding, "core-hours", LAW),
        "index.decoding": modelled(indexing.cost_parts["decoding"], "$", LAW),
        "index.signatures": modelled(indexing.cost_parts["signatures"], "$", LAW),
        "index.reads": modelled(indexing.cost_parts["reads"], "$", LAW),
        "index.cost": modelled(indexing.cost, "$", LAW),
        "index.cost_high": modelled(
            cost_range.high.dollars,
            "$",
            f"core-hours of SlimPajama, a published run{'' if kind == 'text' else ', of text'}; " + LAW,
        ),
        "index.overhead": modelled(a.index_overhead, "", a["index_overhead"].source),
        "index.overhead_high": modelled(
            cost_range.overhead, "", "core-hours of SlimPajama ÷ those of the lab's signatures"
        ),
        "index.saving": modelled(indexing.saving, "$", LAW),
        "index.ratio": modelled(indexing.saving / indexing.cost if indexing.cost else None, "", LAW),
        "index.even_share": modelled(indexing.even["share_removed"], "", LAW),
        "index.even_million": modelled(_million(indexing.even["share_removed"]), "in a million samples", LAW),
        "index.even_decode": modelled(indexing.even["decode_seconds_per_megabyte"], "core-s/MB", LAW),
        "index.even_gpu": modelled(indexing.even["gpu_seconds_per_sample"], "GPU-s/sample", LAW),
        "score.cost": modelled(scoring.cost, "$", LAW),
        "score.training": modelled(scoring.saving_parts["training"], "$", LAW),
        "score.labels": modelled(scoring.saving_parts["labels"], "$", LAW),
        "score.saving": modelled(scoring.saving, "$", LAW),
        "score.even_price": modelled(scoring.even["price_per_score"], "$/item", LAW),
        "score.even_looks": modelled(scoring.even["rounds"], "looks", LAW),
        **_amortised(a, indexing, scoring, kind),
    }
