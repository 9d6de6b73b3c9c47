"""The results of Part 2 for the page in addition to its figures: tables, cases, the list of runs."""

from apps.part2.runs import COUNTED
from dataselect_core.dedup.control import verdict as of_losses
from dataselect_core.figures.active_learning import cases as labelling_cases
from dataselect_core.figures.active_learning import figures, prediction, verdict
from dataselect_core.figures.active_learning.runs import LINE, crossing
from dataselect_core.sampling import evaluation, reference_sweep
from dataselect_core.settings import SETTINGS
from dataselect_core.statistics import half_width
from dataselect_core.values import measured, modelled


def strategy_label(name):
    """A strategy in words, inside a sentence: "least confidence"."""
    return SETTINGS["2"]["strategy"].options[name].lower()


def session(search):
    """Values that only the reader's record has: they are shown, but a report cannot be checked by them."""
    return {
        "search.used": measured(search.used, "runs", "counted in your record"),
        "search.left": measured(search.left, "runs", "counted in your record"),
        "search.limit": modelled(COUNTED, "runs", "the 10-Iteration Rule"),
    }


def limit_values(situation):
    """The limits, which are known before there is a run to compare with them."""
    return {f"check.{name}.limit": limit for name, limit in situation.limits().items()}


def knee(bench):
    """How many labels random sampling needs for the accuracy of the economic knee."""
    judged = bench.judged()
    if judged is None:
        return {}
    random = bench.curves(bench.search.marker["settings"]["data"])[0]
    labels = crossing(random.labels, random.mean, judged.values["knee.accuracy"].value)
    return {"knee.random": measured(labels, "labels", verdict.SWEEP)}


KEPT = ("Hardest", "Easiest", "Random")
SIGNS = {"better": "▲", "worse": "▼", "same": "≈"}


def pruned(found):
    """Figures and cases of the pruning that the reader ran; not part of a report."""
    if found is None:
        return {}, []
    keep, wrong, result = found
    source = f"{len(result.whole)} seeds, run here"
    values = {
        "pruned.keep": modelled(keep, "", "set by the reader"),
        "pruned.wrong": modelled(wrong, "", "set by the reader"),
        "pruned.seeds": measured(len(result.whole), "seeds", source),
        "pruned.whole": measured(float(result.whole.mean()), "", source),
        "pruned.whole_half": measured(float(half_width(result.whole)), "", source),
        "pruned.among": measured(float(result.wrong_among_hardest.mean()), "", source),
        "pruned.among_half": measured(float(half_width(result.wrong_among_hardest)), "", source),
    }
    return values, ["pruned", *(["pruned-wrong"] if wrong else [])]


def pruned_table(found):
    """Accuracy of each part that was kept, and its difference from a random part, paired by seed."""
    if found is None:
        return {}
    result = found[2]
    gap, half = (part[:, 0] for part in result.against_random())
    signs = [SIGNS[of_losses(-g, h)] for g, h in zip(gap, half)]
    rows = [
        [
            name,
            result.mean()[i, 0],
            result.interval()[i, 0],
            *([gap[i], half[i], signs[i]] if i < 2 else ["", "", ""]),
        ]
        for i, name in enumerate(KEPT)
    ]
    return {
        "Pruned": {
            "columns": [
                {"label": "Kept"},
                {"label": "Accuracy", "format": "percent", "kind": "measured"},
                {"label": "±", "format": "percent", "kind": "measured"},
                {"label": "Above random", "format": "percent", "kind": "measured"},
                {"label": "± of it", "format": "percent", "kind": "measured"},
                {"label": "Verdict"},
            ],
            "rows": rows,
        }
    }


def prediction_ratio(values):
    """The prediction on the scale of the measurement: shown, but not in a report, which has both anyway."""
    direction, factor, ratio = (
        values[path].value if path in values else None
        for path in ("reveal.direction", "reveal.factor", "own.ratio")
    )
    if ratio is None:
        return {}
    expected = prediction.ratio(direction, factor)
    return {
        "reveal.ratio": modelled(
            expected, "", "your prediction, as labels of random ÷ of uncertainty sampling"
        ),
        "reveal.apart": modelled(prediction.apart(expected, ratio), "", "the larger ratio ÷ the smaller"),
    }


def session_cases(bench):
    """Cases of the session: how far the search is, and whether the best setting was tried in it."""
    search, judged = bench.search, bench.judged()
    cases = ["runs-left" if search.left or not search.counting else "runs-used"]
    if search.started():
        cases.append("any-runs")
    if bench.rate is not None:
        cases.append("rate-measured")
    if judged is not None:
        cases += labelling_cases.knee_cases(bench.situation(), judged)
    if judged is not None and judged.best is not None:
        best, data = judged.best, search.marker["settings"]["data"]
        tried = any(
            reference_sweep.same_strategy(data, run.settings["strategy"], best.strategy)
            and (best.strategy == "random" or run.settings["batch"] == best.batch_size)
            for run in search.runs
            if run.counted and run.settings["data"] == data
        )
        cases.append("best-tried" if tried else "best-untried")
    return cases


def report(bench, situation, readings, frontier, brief):
    """Everything the page shows of the runs; `readings` are the ones in the plot, `brief` leaves the tables out."""
    search = bench.search
    judged, started = bench.judged(), search.started()
    values = figures.figures(situation, judged)
    cases = labelling_cases.cases(situation, values, judged)
    tables = {} if brief else {"LabelingROIPlot": _points(readings, frontier), "RunList": _runs(bench)}
    if not brief and "evaluation.labels" in values:
        tables["EvaluationSet"] = _evaluation(values, situation)
    return {
        "values": values,
        "cases": cases,
        "tables": tables,
        "runs": [_listed(run) for run in started],
        "search": {
            "used": search.used,
            "left": search.left,
            "limit": COUNTED,
            "counting": search.counting,
            "marker": search.marker,
        },
    }


def _listed(run):
    """A run as the page's list and the marker's form need it."""
    return {
        "number": run.number,
        "strategy": run.settings["strategy"],
        "batch": run.settings["batch"],
        "data": run.settings["data"],
        "seeds": max(1, run.seeds),
        "counted": run.counted,
        "shown": run.shown,
        "labels": run.labels[: len(run.accuracy()[0])],
    }


def _points(readings, frontier):
    best = {(r.run.number, i) for r, i in frontier}
    rows = []
    for r in readings:
        name = (
            f"{r.run.number}: {strategy_label(r.run.settings['strategy'])}, batch {r.run.settings['batch']}"
        )
        for i in range(len(r.labels)):
            rows.append(
                [
                    name,
                    r.labels[i],
                    r.cost[i],
                    r.mean[i],
                    r.low[i],
                    r.high[i],
                    "yes" if (r.run.number, i) in best else "",
                ]
            )
    return {
        "columns": [
            {"label": "Run"},
            {"label": "Labels", "format": "integer", "kind": "measured"},
            {"label": "Project cost", "format": "dollars", "kind": "modelled"},
            {"label": "Accuracy, mean", "format": "percent", "kind": "measured"},
            {"label": "Lowest seed", "format": "percent", "kind": "measured"},
            {"label": "Highest seed", "format": "percent", "kind": "measured"},
            {"label": "On the frontier"},
        ],
        "rows": rows,
    }


def _evaluation(values, situation):
    """Evaluation sets of several sizes side by side: price, interval, and how many of the watched class they hold."""
    price = situation.prices()
    now = {name: values[f"evaluation.{name}"].value for name in ("labels", "recall", "prior")}
    rows = []
    for size in sorted({*evaluation.SIZES, now["labels"]}):
        one = evaluation.evaluation_set(
            size, price.label, values["check.target.value"].value, now["recall"] or 0.0, now["prior"]
        )
        rows.append(
            [
                f"{size:,.0f}{' (yours)' if size == now['labels'] else ''}",
                one.dollars,
                one.low,
                one.high,
                one.watched,
            ]
        )
    return {
        "columns": [
            {"label": "Labels"},
            {"label": "Price", "format": "dollars", "kind": "modelled"},
            {"label": "Accuracy, from", "format": "percent", "kind": "modelled"},
            {"label": "to", "format": "percent", "kind": "modelled"},
            {"label": "Watched class in it", "format": "number", "kind": "modelled"},
        ],
        "rows": rows,
    }


def _runs(bench):
    rows = []
    for run in bench.search.started(bench.data.value):
        r = bench.read(run)
        crossing_cost = None if r.crossing is None else r.cost_at(r.crossing)
        target_cost = float(r.cost[r.stop]) if r.reached else None
        rows.append(
            [
                str(run.number),
                strategy_label(run.settings["strategy"]),
                run.settings["batch"],
                r.crossing,
                crossing_cost,
                int(r.labels[r.stop]) if r.reached else None,
                target_cost,
                r.geometric,
                r.economic,
                r.net if run.selects else None,
                float(run.recall()[r.stop]),
            ]
        )
    return {
        "columns": [
            {"label": "Run"},
            {"label": "Strategy"},
            {"label": "Batch", "format": "integer"},
            {"label": f"Labels to {LINE:.0%}", "format": "integer", "kind": "measured"},
            {"label": f"Cost at {LINE:.0%}", "format": "dollars", "kind": "modelled"},
            {"label": "Labels to the target", "format": "integer", "kind": "measured"},
            {"label": "Cost at the target", "format": "dollars", "kind": "modelled"},
            {"label": "Geometric knee, labels", "format": "integer", "kind": "measured"},
            {"label": "Economic knee, labels", "format": "integer", "kind": "modelled"},
            {"label": "Net benefit there", "format": "dollars", "kind": "modelled"},
            {"label": "Recall, watched class", "format": "percent", "kind": "measured"},
        ],
        "rows": rows,
    }
