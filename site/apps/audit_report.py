"""What Part 1 tells the page about one point: values with their kind, tables, cases, clusters."""

import numpy as np

from dataselect_core.audit import CHAINED
from dataselect_core.lsh import collision_probability
from dataselect_core.scaling import training_flops
from dataselect_core.values import measured, modelled

from .compare import largest

CLOSE = 3.0  # percentage points within which a prediction counts as close
OUTWEIGH = 1.3  # the words count as well above the documents from this ratio of their shares
SAME_LOSS = 0.005  # nats per word below which two losses are called the same


def s_curve(point):
    """The S-curve of a point's bands and rows: similarity and probability, float64[101] each."""
    similarity = np.linspace(0, 1, 101)
    return similarity, collision_probability(similarity, point.bands, point.rows)


def report(bench, audit, point, learning, recall):
    """Everything the page shows at `point`; `recall` is its `recall_by_similarity`.

    Returns
    -------
    dict
        `values` (path -> Value), `tables`, `cases`, `clusters`.
    """
    limits = bench.track.part_1.limits[bench.corpus.value]
    values = {
        **_settings(bench, audit, point), **_removed(audit, point, learning), **_lsh(point),
        **_learning(learning), **_clusters(point), **_scale(bench, point), **_reveal(bench, audit),
        **_truth(bench, point),
    }
    values["check.budget.value"] = values["kept.flops_share"]
    values["check.budget.limit"] = limits.budget
    values["check.guardrail.value"] = values["clusters.chained_share"]
    values["check.guardrail.limit"] = limits.guardrail
    return {
        "values": values,
        "tables": {"ICR_Curve": _curve_table(learning), "SCurvePlot": _recall_table(point, *recall)},
        "cases": _cases(bench, values, learning),
        "clusters": largest(point, bench.names, audit.words),
    }


def _settings(bench, audit, point):
    here = "set by the reader"
    banding = here if bench.banding.value == "hand" else "least false positives and misses at the threshold"
    return {
        "setting.threshold": modelled(point.threshold, "Jaccard", here),
        "setting.width": modelled(audit.width, "words", here),
        "setting.num_perm": modelled(audit.num_perm, "permutations", here),
        "setting.seed": modelled(audit.seed, "", here),
        "setting.bands": modelled(point.bands, "bands", banding),
        "setting.rows": modelled(point.rows, "rows", banding),
    }


def _removed(audit, point, learning):
    n, words = len(audit.texts), int(audit.words.sum())
    here = "MinHash and LSH on this corpus, pairs verified exactly"
    law = "6ND with the same N: compute follows the words"
    share = point.words_removed / words
    # The bigram model's own 6ND over the whole corpus: the reader sees an amount and not only a share.
    flops = training_flops(int(learning.raw.parameters[-1]), words)
    return {
        "removed.documents": measured(point.documents_removed, "documents", here),
        "removed.documents_share": measured(point.documents_removed / n, "", here),
        "removed.words": measured(point.words_removed, "words", here),
        "removed.words_share": measured(share, "", here),
        "removed.flops_share": modelled(share, "", law),
        "removed.flops": modelled(flops * share, "FLOP", law),
        "corpus.flops": modelled(flops, "FLOP", law),
        "kept.documents": measured(n - point.documents_removed, "documents", here),
        "kept.words": measured(words - point.words_removed, "words", here),
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
        "lsh.expected_recall": modelled(point.expected_recall, "", "mean of the S-curve over the true pairs"),
    }


def _learning(learning):
    here = "bigram model trained here, on held-out text"
    ratio = learning.icr_kept / learning.icr_raw
    return {
        "curve.raw_loss": measured(float(learning.raw.loss[-1]), "nats per word", here),
        "curve.dedup_loss": measured(float(learning.kept.loss[-1]), "nats per word", here),
        "curve.loss_change": measured(learning.loss_change, "nats per word", here),
        "curve.tokens_saved_share": measured(learning.tokens_saved_share, "", here),
        "icr.raw": measured(learning.icr_raw * 1e6, "nats per million operations", here),
        "icr.dedup": measured(learning.icr_kept * 1e6, "nats per million operations", here),
        "icr.ratio": measured(ratio, "", here),
    }


def _clusters(point):
    size = np.bincount(point.cluster.astype(np.intp))
    removed = point.documents_removed
    here = "connected components of the found pairs"
    chain = f"exact Jaccard with the kept document below {CHAINED}"
    return {
        "clusters.count": measured(int((size > 1).sum()), "clusters", here),
        "clusters.largest": measured(int(size.max()), "documents", here),
        "clusters.chained": measured(point.chained, "documents", chain),
        "clusters.chained_share": measured(point.chained / removed if removed else 0.0, "", chain),
    }


def _scale(bench, point):
    scale = bench.scale(point)
    law, flops = "6ND and the prices below", "6ND"
    loss = "data-constrained scaling law, Muennighoff et al. 2023, per cluster"
    after = "the measured share of words, at the track's scale"
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
        "scale.indexing_dollars": modelled(scale.indexing_dollars, "$", "MinHash signatures and one read"),
        "scale.loss": modelled(scale.loss, "nats per token", loss),
        "scale.loss_after": modelled(scale.loss_after, "nats per token", loss),
    }


def _reveal(bench, audit):
    """The prediction beside what is measured where the asked share of the documents goes."""
    asked = bench.asked
    here = "exact Jaccard of all pairs, merged from the most similar down"
    if asked is None:
        return {"reveal.prediction": modelled(bench.prediction / 100, "", "your prediction")}
    share = asked.words_removed / int(audit.words.sum())
    return {
        "reveal.prediction": modelled(bench.prediction / 100, "", "your prediction"),
        "reveal.measured": measured(share, "", here),
        "reveal.gap": measured(abs(share - bench.prediction / 100), "", here),
        "reveal.threshold": measured(asked.threshold, "Jaccard", here),
        "reveal.documents_share": measured(asked.documents_removed / len(audit.texts), "", here),
    }


def _truth(bench, point):
    """On the simulated crawl the copies are known: precision and recall of the pairs themselves."""
    origin = getattr(bench.data, "origin", None)
    if origin is None:
        return {}
    pairs = point.pairs
    right = int((origin[pairs[:, 0]] == origin[pairs[:, 1]]).sum())
    sizes = np.bincount(origin.astype(np.intp))
    known = int((sizes * (sizes - 1) // 2).sum())
    here = "pairs found, against the copies the simulation made"
    return {
        "truth.precision": measured(right / len(pairs) if len(pairs) else None, "", here),
        "truth.recall": measured(right / known if known else None, "", here),
    }


def _cases(bench, values, learning):
    number = {path: value.value for path, value in values.items()}
    cases = [f"corpus-{bench.corpus.value}"]
    for check in ("budget", "guardrail"):
        fits = number[f"check.{check}.value"] <= number[f"check.{check}.limit"]
        cases.append(f"{check}-{'ok' if fits else 'fails'}")
    change = number["curve.loss_change"]
    cases.append("loss-same" if abs(change) < SAME_LOSS else "loss-better" if change < 0 else "loss-worse")
    if "reveal.measured" not in number:
        cases.append("asked-none")
    else:
        points = 100 * (number["reveal.prediction"] - number["reveal.measured"])
        near = abs(points) <= CLOSE
        cases.append("prediction-close" if near else "prediction-low" if points < 0 else "prediction-high")
    saved = number["curve.tokens_saved_share"]
    cases.append("reaches-raw" if saved is not None and saved > 0 else "misses-raw")
    if learning.raw.loss[-1] > learning.raw.loss.min() + SAME_LOSS:
        cases.append("raw-rises")
    if number["removed.words_share"] > OUTWEIGH * number["removed.documents_share"]:
        cases.append("words-outweigh")
    return cases


def _curve_table(learning):
    rows = []
    for name, curve in (("Raw corpus", learning.raw), ("Deduplicated", learning.kept)):
        for i in range(curve.loss.size):
            rows.append([name, curve.tokens[i], curve.operations[i], curve.flops[i], curve.loss[i],
                         learning.uniform_loss - curve.loss[i]])
    return {
        "columns": [
            {"label": "Corpus"}, {"label": "Words read", "format": "integer", "kind": "measured"},
            {"label": "Operations counted", "format": "integer", "kind": "measured"},
            {"label": "6ND FLOPs", "format": "si", "kind": "modelled"},
            {"label": "Held-out loss, nats per word", "format": "fixed", "kind": "measured"},
            {"label": "Learned, nats per word", "format": "fixed", "kind": "measured"},
        ],
        "rows": rows,
    }


def _recall_table(point, mean, recall, pairs):
    expected = collision_probability(mean, point.bands, point.rows)
    return {
        "columns": [
            {"label": "Mean similarity", "format": "fixed", "kind": "measured"},
            {"label": "Pairs", "format": "integer", "kind": "measured"},
            {"label": "Found by LSH", "format": "percent", "kind": "measured"},
            {"label": "S-curve", "format": "percent", "kind": "modelled"},
        ],
        "rows": [list(row) for row in zip(mean, pairs, recall, expected, strict=True)],
    }
