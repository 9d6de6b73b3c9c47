"""The results of Part 1 at one point for the page: values with their kind, tables, cases, clusters."""

import numpy as np

from apps.part1.compare import largest
from dataselect_core.dedup.control import verdict
from dataselect_core.figures.deduplication.cases import cases
from dataselect_core.figures.deduplication.figures import figures, points
from dataselect_core.information import icr
from dataselect_core.lsh import collision_probability
from dataselect_core.statistics import half_width
from dataselect_core.values import measured, modelled


def s_curve(point):
    """The S-curve of a point's bands and rows: similarity and probability, float64[101] each."""
    similarity = np.linspace(0, 1, 101)
    return similarity, collision_probability(similarity, point.bands, point.rows)


DEDUPLICATED_AGAINST_CONTROL = {"better": "control-better", "worse": "control-worse", "same": "control-same"}
DEDUPLICATED_AGAINST_RAW = {"better": "seeds-better", "worse": "seeds-worse", "same": "seeds-same"}


def compared(comparison, progress):
    """Figures and cases of the comparison with the control: shown on request, and not part of a report."""
    if comparison is None:
        return {}, ["control-open"]
    source = f"mean over {len(comparison.seeds)} seeds, and half the width of its 95 % interval"
    values = {"control.seeds": measured(len(comparison.seeds), "seeds", source)}
    for name, difference in (
        ("kept", comparison.against_raw()),
        ("random", comparison.control_against_raw()),
        ("gap", comparison.against_control()),
    ):
        values[f"control.{name}"], values[f"control.{name}_half"] = (
            measured(number, progress, source) for number in difference
        )
    return values, [
        "control-shown",
        DEDUPLICATED_AGAINST_CONTROL[verdict(*comparison.against_control())],
        DEDUPLICATED_AGAINST_RAW[verdict(*comparison.against_raw())],
    ]


LEAKY = {  # way of holding out -> paths of raw and deduplicated loss, of the change and half its interval
    "cluster": ("leaky.cluster.raw", "leaky.cluster.kept", "leaky.cluster.change", "leaky.cluster.half"),
    "document": ("leaky.document.raw", "leaky.document.kept", "leaky.document.change", "leaky.document.half"),
}


def leaky(losses, progress):
    """Figures and cases of the leaky test, for the ways of holding out that were run; not part of a report."""
    values, names, verdicts = {}, [], []
    for held_out, paths in LEAKY.items():
        if held_out not in losses:
            continue
        raw, kept = losses[held_out].T
        change, half = float((kept - raw).mean()), float(half_width(kept - raw))
        source = f"mean over {len(raw)} seeds, and half the width of its 95 % interval"
        numbers = (float(raw.mean()), float(kept.mean()), change, half)
        values |= {path: measured(number, progress, source) for path, number in zip(paths, numbers)}
        values["leaky.seeds"] = measured(len(raw), "seeds", source)
        names.append(f"leaky-{held_out}")
        verdicts.append(verdict(change, half))
    if len(verdicts) == len(LEAKY):
        names.append("leaky-turns" if verdicts[0] != verdicts[1] == "worse" else "leaky-stays")
    return values, names


def report(situation, point, learning, recall, comparison=None, leaks=None):
    """Everything the page shows at `point`; `recall` is its `recall_by_similarity`.

    Returns
    -------
    dict
        `values` (path -> Value), `session` (those that are not in a report), `tables`, `cases`, `clusters`, `nouns`
        (names for the items of the corpus).
    """
    corpus = situation.audit.corpus
    values = figures(situation, point, learning)
    control_values, control_cases = compared(comparison, corpus.progress)
    leaky_values, leaky_cases = leaky(leaks or {}, corpus.progress)
    session = gap_in_points(values) | control_values | leaky_values
    session_cases = [*control_cases, *leaky_cases]
    return {
        "values": values | session,
        "session": [*sorted(session), *session_cases],
        "tables": {"ICR_Curve": curve_table(corpus, learning), "SCurvePlot": _recall_table(point, *recall)},
        "cases": [*cases(situation, values, learning), *session_cases],
        "clusters": largest(situation.audit, point),
        "nouns": nouns(corpus),
    }


def gap_in_points(values):
    """The gap of the prediction in percentage points; a report has it as a share."""
    if "reveal.gap" not in values:
        return {}
    return {
        "reveal.points": modelled(
            points(values["reveal.measured"], values["reveal.prediction"]), "points", "gap"
        )
    }


def nouns(corpus):
    """Words for the items of a corpus and for the settings of its signatures: only texts have a shingle width."""
    texts = corpus.kind == "texts"
    return {
        "item": "text" if texts else corpus.item,  # the part of a document that one reads
        "items": corpus.items,
        "unit": corpus.unit,
        "progress": corpus.progress,
        "signed": "width, permutations" if texts else "permutations",
    }


def curve_table(corpus, learning):
    rows = []
    for name, curve in (("Raw corpus", learning.raw), ("Deduplicated", learning.kept)):
        slopes = 1e6 * icr(curve.progress, curve.operations) if curve.loss.size > 1 else [None]
        for i in range(curve.loss.size):
            rows.append(
                [
                    name,
                    curve.tokens[i],
                    curve.operations[i],
                    curve.flops[i],
                    curve.loss[i],
                    learning.uniform_loss - curve.loss[i],
                    slopes[i],
                ]
            )
    return {
        "columns": [
            {"label": "Corpus"},
            {"label": f"{corpus.unit.capitalize()} read", "format": "integer", "kind": "measured"},
            {"label": "Operations counted", "format": "integer", "kind": "measured"},
            {"label": "6ND FLOPs", "format": "si", "kind": "modelled"},
            {"label": f"Held-out loss, {corpus.progress}", "format": "fixed", "kind": "measured"},
            {"label": f"Learned, {corpus.progress}", "format": "fixed", "kind": "measured"},
            {"label": "ICR there, per million operations", "format": "fixed", "kind": "measured"},
        ],
        "rows": rows,
    }


def _recall_table(point, mean, recall, pairs):
    s_curve_values = collision_probability(mean, point.bands, point.rows)
    return {
        "columns": [
            {"label": "Mean similarity", "format": "fixed", "kind": "measured"},
            {"label": "Pairs", "format": "integer", "kind": "measured"},
            {"label": "Found by LSH", "format": "percent", "kind": "measured"},
            {"label": "S-curve", "format": "percent", "kind": "modelled"},
        ],
        "rows": [list(row) for row in zip(mean, pairs, recall, s_curve_values, strict=True)],
    }
