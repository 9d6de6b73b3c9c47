"""The figures of Part 1, the Deduplication Audit: everything that the page shows and a report claims, by its path."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from dataselect_core import datasets
from dataselect_core.dedup.audit import CHAINED, Audit, Learning, Point
from dataselect_core.economics.costs import runs_to_break_even
from dataselect_core.figures import class_limits
from dataselect_core.figures.deduplication.cases import cases
from dataselect_core.figures.deduplication.situation import (
    ASKED_SHARE,
    LIMITS,
    Situation,
    check,
    corpus,
    redundancy,
)
from dataselect_core.information.curve import last_icr
from dataselect_core.lsh import collision_probability
from dataselect_core.scaling.laws import training_flops
from dataselect_core.tracks import track
from dataselect_core.values import Findings, Value, measured, modelled

MAX_AUDITS = 4
_AUDITS: dict[Any, Any] = {}  # the latest corpora and their audits, by what they depend on


def figures(situation: Situation, point: Point, learning: Learning) -> dict[str, Value]:
    """All figures at a point.

    Parameters
    ----------
    situation : Situation
    point : Point
    learning : Learning

    Returns
    -------
    dict of str to Value
    """
    audit = situation.audit
    budget, guardrail = situation.limits()
    values = {
        **known(audit),
        **_settings(situation, point),
        **_removed(audit, point, learning),
        **_lsh(point),
        **_learning(audit, learning),
        **_clusters(audit, point),
        **_scale(situation, point),
        **_reveal(situation),
        **_truth(situation, point),
    }
    values["check.budget.value"] = values["kept.flops_share"]
    values["check.budget.limit"] = budget
    values["check.guardrail.value"] = values["clusters.chained_share"]
    values["check.guardrail.limit"] = guardrail
    source = "value beside limit"
    values["check.budget.distance"] = modelled(points(values["kept.flops_share"], budget), "points", source)
    values["check.guardrail.distance"] = modelled(
        points(values["clusters.chained_share"], guardrail), "points", source
    )
    return values


def points(value: Value, other: Value) -> Value:
    """Distance of a share from another, such as its limit, in percentage points; both are `Value`s."""
    return 100 * abs(value.value - other.value)


def known(audit: Audit) -> dict[str, Value]:
    """The figures that no lock guards."""
    corpus = audit.corpus
    return {
        "corpus.documents": measured(len(audit), corpus.items, "counted in the corpus"),
        "corpus.words": measured(
            int(audit.mass.sum()), corpus.unit, f"counted in the corpus, {corpus.counted}"
        ),
    }


def recompute(
    track_id: str, settings: Mapping[str, Any], assumptions: Mapping[str, float], prediction: Any
) -> Findings:
    """The figures and cases of a report, computed from its settings alone.

    Parameters
    ----------
    track_id : str
    settings : dict
        As the page writes them: corpus, threshold, width, num_perm, seed, banding, bands, rows, and the limits
        that a class link has set.
    assumptions : dict
        The reader's changes: name -> number.
    prediction : float

    Returns
    -------
    Findings
    """
    for step in recompute_stepwise(track_id, settings, assumptions, prediction):
        findings = step
    return findings


def recompute_stepwise(
    track_id: str, settings: Mapping[str, Any], assumptions: Mapping[str, float], prediction: Any
) -> Iterator[Any]:
    """Run `recompute` in steps: an iterator of (label, share done) that ends with the `Findings`.

    The audits of the latest few corpora and seeds are cached, because they take most of the time.
    """
    current_track = track(track_id)
    check(settings)
    key = (
        settings["corpus"],
        redundancy(settings["corpus"], current_track),
        settings["width"],
        settings["num_perm"],
        settings["seed"],
        str(datasets.data_directory()),
    )
    audit: Any = _AUDITS.pop(key, None)
    if audit is None:
        for step in Audit.stepwise(corpus(settings["corpus"], current_track), *key[2:5]):
            if isinstance(step, tuple):
                yield step
            else:
                audit = step
    _AUDITS[key] = audit
    while len(_AUDITS) > MAX_AUDITS:
        del _AUDITS[next(iter(_AUDITS))]
    by_hand = settings.get("banding") == "hand"
    bands = (settings["bands"], settings["rows"]) if by_hand else (None, None)
    point = audit.at(settings["threshold"], *bands)
    lock_point = audit.where_removed(ASKED_SHARE)
    situation = Situation(
        current_track,
        settings["corpus"],
        audit,
        lock_point,
        prediction,
        by_hand,
        dict(assumptions),
        class_limits.among(settings, LIMITS),
    )
    learning = audit.learning(point)
    values = figures(situation, point, learning)
    yield Findings(values, cases(situation, values, learning))


def _settings(situation, point):
    source, audit = "set by the reader", situation.audit
    banding = source if situation.by_hand else "least false positives and misses at the threshold"
    return {
        "setting.threshold": modelled(point.threshold, "Jaccard", source),
        "setting.width": modelled(
            audit.width, "words", source if audit.corpus.kind == "texts" else "of no use here"
        ),
        "setting.num_perm": modelled(audit.num_perm, "permutations", source),
        "setting.seed": modelled(audit.seed, "", source),
        "setting.bands": modelled(point.bands, "bands", banding),
        "setting.rows": modelled(point.rows, "rows", banding),
    }


def _removed(audit, point, learning):
    n, words = len(audit), int(audit.mass.sum())
    items, unit = audit.corpus.items, audit.corpus.unit
    source = "MinHash and LSH on this corpus, pairs verified exactly"
    law = f"6ND with the same N: compute follows the {unit}"
    share = point.words_removed / words
    # The small model's 6ND over the whole corpus, so that the reader sees an amount and not only a share.
    flops = training_flops(
        int(learning.raw.parameters[-1]), words // audit.corpus.per_read * audit.corpus.passes
    )
    return {
        "removed.documents": measured(point.documents_removed, items, source),
        "removed.documents_share": measured(point.documents_removed / n, "", source),
        "removed.words": measured(point.words_removed, unit, source),
        "removed.words_share": measured(share, "", source),
        "removed.flops_share": modelled(share, "", law),
        "removed.flops": modelled(flops * share, "FLOP", law),
        "corpus.flops": modelled(flops, "FLOP", law),
        "kept.documents": measured(n - point.documents_removed, items, source),
        "kept.words": measured(words - point.words_removed, unit, source),
        "kept.flops_share": modelled(1 - share, "", law),
    }


def _lsh(point):
    exact = "LSH candidates against exact Jaccard of all pairs"
    return {
        "lsh.true_pairs": measured(point.true_pairs, "pairs", "exact Jaccard of all pairs"),
        "lsh.found_pairs": measured(point.found_pairs, "pairs", exact),
        "lsh.missed": measured(point.missed, "pairs", exact),
        "lsh.candidates": measured(point.candidates, "pairs", "LSH"),
        "lsh.false_positives": measured(point.false_positives, "pairs", exact),
        "lsh.recall": measured(point.recall, "", exact),
        "lsh.at_threshold": modelled(
            float(collision_probability(point.threshold, point.bands, point.rows)),
            "",
            "S-curve at the threshold",
        ),
        "lsh.expected_recall": modelled(point.expected_recall, "", "mean of the S-curve over the true pairs"),
    }


def _learning(audit, learning):
    corpus = audit.corpus
    source = f"{corpus.learner} trained here, on held-out {corpus.tested}"
    ratio = learning.icr_kept / learning.icr_raw
    return {
        "curve.raw_loss": measured(float(learning.raw.loss[-1]), corpus.progress, source),
        "curve.dedup_loss": measured(float(learning.kept.loss[-1]), corpus.progress, source),
        "curve.loss_change": measured(learning.loss_change, corpus.progress, source),
        "curve.tokens_saved_share": measured(learning.tokens_saved_share, "", source),
        "icr.raw": measured(learning.icr_raw * 1e6, "nats per million operations", source),
        "icr.dedup": measured(learning.icr_kept * 1e6, "nats per million operations", source),
        "icr.ratio": measured(ratio, "", source),
        "icr.last_raw": measured(_last(learning.raw), "nats per million operations", source),
        "icr.last_dedup": measured(_last(learning.kept), "nats per million operations", source),
    }


def _last(curve):
    """ICR of the last fifth of the compute; None for a curve of one point."""
    return 1e6 * last_icr(curve.progress, curve.operations) if len(curve.loss) > 1 else None


def _clusters(audit, point):
    item, items = audit.corpus.item, audit.corpus.items
    size = np.bincount(point.cluster.astype(np.intp))
    removed = point.documents_removed
    source = "connected components of the found pairs"
    chain = f"exact Jaccard with the kept {item} below {CHAINED}"
    return {
        "clusters.count": measured(int((size > 1).sum()), "clusters", source),
        "clusters.largest": measured(int(size.max()), items, source),
        "clusters.chained": measured(point.chained, items, chain),
        "clusters.chained_share": measured(point.chained / removed if removed else 0.0, "", chain),
    }


def _scale(situation, point):
    scale = situation.scale(point)
    law, flops = "6ND and the prices below", "6ND"
    loss = "data-constrained scaling law, Muennighoff et al. 2023, per cluster"
    after = f"the measured share of {situation.audit.corpus.unit}, at the track's scale"
    return {
        "scale.parameters": modelled(scale.parameters, "parameters", "the track"),
        "scale.tokens": modelled(scale.tokens, "tokens", "the track"),
        "scale.tokens_after": modelled(scale.tokens_after, "tokens", after),
        "scale.effective_tokens": modelled(scale.effective_tokens, "tokens", loss),
        "scale.flops": modelled(scale.flops, "FLOP", flops),
        "scale.flops_after": modelled(scale.flops_after, "FLOP", flops),
        "scale.gpu_hours": modelled(scale.gpu_hours, "GPU-hours", law),
        "scale.gpu_hours_after": modelled(scale.gpu_hours_after, "GPU-hours", law),
        "scale.gpu_hours_saved": modelled(scale.gpu_hours - scale.gpu_hours_after, "GPU-hours", law),
        "scale.dollars": modelled(scale.dollars, "$", law),
        "scale.dollars_after": modelled(scale.dollars_after, "$", law),
        "scale.dollars_saved": modelled(scale.dollars - scale.dollars_after, "$", law),
        "scale.indexing_dollars": modelled(
            scale.indexing_dollars, "$", "MinHash signatures with their overhead, and one read"
        ),
        **{
            f"scale.{name}": modelled(None if scale.fit == "below" else value, "nats per token", loss)
            for name, value in (
                ("loss", scale.loss),
                ("loss_after", scale.loss_after),
                ("loss_same_compute", scale.loss_same_compute),
            )
        },
        "scale.passes": modelled(scale.tokens / scale.tokens_after, "passes", "raw tokens ÷ tokens left"),
        "scale.net": modelled(
            scale.dollars - scale.dollars_after - scale.indexing_dollars, "$", "saved in one run − indexing"
        ),
        "scale.runs_to_pay": modelled(
            runs_to_break_even(scale.indexing_dollars, scale.dollars - scale.dollars_after),
            "runs",
            "indexing once ÷ what each run saves",
        ),
    }


def _reveal(situation):
    """The prediction next to the measurement at the point where the requested share of documents is removed."""
    lock_point, audit, prediction = situation.lock_point, situation.audit, situation.prediction
    source = "exact Jaccard of all pairs, merged from the most similar down"
    if lock_point is None:
        return {"reveal.prediction": modelled(prediction / 100, "", "your prediction")}
    share = lock_point.words_removed / int(audit.mass.sum())
    return {
        "reveal.prediction": modelled(prediction / 100, "", "your prediction"),
        "reveal.measured": measured(share, "", source),
        "reveal.gap": measured(abs(share - prediction / 100), "", source),
        "reveal.threshold": measured(lock_point.threshold, "Jaccard", source),
        "reveal.documents_share": measured(lock_point.documents_removed / len(audit), "", source),
    }


def _truth(situation, point):
    """Precision and recall of the found pairs in a simulated corpus, where the copies are known."""
    origin = situation.audit.corpus.origin
    if origin is None:
        return {}
    pairs = point.pairs
    correct = int((origin[pairs[:, 0]] == origin[pairs[:, 1]]).sum())
    sizes = np.bincount(origin.astype(np.intp))
    known = int((sizes * (sizes - 1) // 2).sum())
    source = "pairs found, against the copies the simulation made"
    return {
        "truth.precision": measured(correct / len(pairs) if len(pairs) else None, "", source),
        "truth.recall": measured(correct / known if known else None, "", source),
    }
