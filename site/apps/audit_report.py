"""What Part 1 tells the page about one point: values with their kind, tables, cases, clusters."""

import numpy as np

from dataselect_core.figures.deduplication import figures
from dataselect_core.lsh import collision_probability

from .compare import largest

CLOSE = 3.0  # percentage points within which a prediction counts as close
OUTWEIGH = 1.3  # the words count as well above the documents from this ratio of their shares
SAME_LOSS = 0.005  # nats below which two losses are called the same


def s_curve(point):
    """The S-curve of a point's bands and rows: similarity and probability, float64[101] each."""
    similarity = np.linspace(0, 1, 101)
    return similarity, collision_probability(similarity, point.bands, point.rows)


def report(situation, point, learning, recall):
    """Everything the page shows at `point`; `recall` is its `recall_by_similarity`.

    Returns
    -------
    dict
        `values` (path -> Value), `tables`, `cases`, `clusters`, `nouns` (what the corpus's items are called).
    """
    of = situation.audit.corpus
    values = figures(situation, point, learning)
    return {
        "values": values,
        "tables": {"ICR_Curve": curve_table(of, learning), "SCurvePlot": _recall_table(point, *recall)},
        "cases": _cases(situation, values, learning),
        "clusters": largest(situation.audit, point),
        "nouns": nouns(of),
    }


def nouns(corpus):
    """Words for what a corpus holds, and for the settings of its signatures: only texts have shingles of a width."""
    texts = corpus.kind == "texts"
    return {"item": "text" if texts else corpus.item,  # what one reads of a document
            "items": corpus.items, "unit": corpus.unit, "progress": corpus.progress,
            "signed": "width, permutations" if texts else "permutations"}


def _cases(situation, values, learning):
    number = {path: value.value for path, value in values.items()}
    cases = [f"corpus-{situation.corpus}"]
    if situation.audit.corpus.kind == "texts":
        cases.append("corpus-texts")
    for check in ("budget", "guardrail"):
        fits = number[f"check.{check}.value"] <= number[f"check.{check}.limit"]
        cases.append(f"{check}-{'ok' if fits else 'fails'}")
    cases.append(binding(number))
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


def binding(number):
    """Which limit decides: the one that fails, else the one of which less is left in proportion."""
    limits = {check: (number[f"check.{check}.value"], number[f"check.{check}.limit"])
              for check in ("budget", "guardrail")}
    fails = [check for check, (value, limit) in limits.items() if value > limit]
    if fails:
        return "limits-both-fail" if len(fails) == 2 else f"limits-{fails[0]}-fails"
    used = {check: value / limit if limit else 1.0 for check, (value, limit) in limits.items()}
    return f"limits-{max(used, key=used.get)}-binds"


def curve_table(of, learning):
    rows = []
    for name, curve in (("Raw corpus", learning.raw), ("Deduplicated", learning.kept)):
        for i in range(curve.loss.size):
            rows.append([name, curve.tokens[i], curve.operations[i], curve.flops[i], curve.loss[i],
                         learning.uniform_loss - curve.loss[i]])
    return {
        "columns": [
            {"label": "Corpus"}, {"label": f"{of.unit.capitalize()} read", "format": "integer", "kind": "measured"},
            {"label": "Operations counted", "format": "integer", "kind": "measured"},
            {"label": "6ND FLOPs", "format": "si", "kind": "modelled"},
            {"label": f"Held-out loss, {of.progress}", "format": "fixed", "kind": "measured"},
            {"label": f"Learned, {of.progress}", "format": "fixed", "kind": "measured"},
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
