"""What Part 2 tells the page beside its figures: tables, cases, the list of runs."""

from dataselect_core.exhaustive import SIZES, TEST_SHARE
from dataselect_core.figures import active_learning
from dataselect_core.figures.labelling_runs import LINE
from dataselect_core.values import measured, modelled

from .roi_runs import COUNTED

SAME = 1.1  # two numbers of labels are about the same up to this factor
BEHIND = 0.01  # accuracy below random sampling from which a run counts as behind


def session(search):
    """What only the reader's record knows: shown, and no figure that a report could be checked by."""
    return {
        "search.used": measured(search.used, "runs", "counted in your record"),
        "search.left": measured(search.left, "runs", "counted in your record"),
        "search.limit": modelled(COUNTED, "runs", "the 10-Iteration Rule"),
    }


def report(bench, situation, readings, frontier, brief):
    """Everything the page shows of the runs; `readings` are those in the plot, `brief` leaves the tables out."""
    search, latest = bench.search, situation.latest()
    judged = bench.verdict()
    values = active_learning.figures(situation, judged and judged.values)
    cases = ["search-open" if search.counting else "search-closed", f"data-{bench.data.value}"]
    cases.append("runs-left" if search.left or not search.counting else "runs-used")
    begun = search.begun()
    if latest is not None:
        cases += _run_cases(latest, values) + _lock_cases(situation, values) + _check_cases(bench, values)
        cases.append("has-runs")
    if begun:
        cases.append("any-runs")
    if judged:
        cases += judged.cases
    tables = {} if brief else {"LabelingROIPlot": _points(readings, frontier), "RunList": _runs(bench)}
    return {"values": values, "cases": cases, "tables": tables, "runs": [_listed(run) for run in begun],
            "search": {"used": search.used, "left": search.left, "limit": COUNTED, "counting": search.counting,
                       "marker": search.marker}}


def _run_cases(r, values):
    run, found = r.run, []
    selects, data = run.selects, run.settings["data"]
    found.append("run-selects" if selects else "run-random")
    found.append("line-reached" if r.crossing is not None else "line-missed")
    gap = values.get("behind.gap")
    if gap is not None and gap.value > BEHIND:
        found.append("behind")
        if run.settings["strategy"] == "entropy":
            found.append("entropy-behind")
        if run.settings["batch"] >= 50:
            found.append("batch-behind")
    if selects and len(r.labels) > 1:
        found.append("never-pays" if r.economic is None else "pays")
        if r.economic is not None:
            found.append("no-break-even" if r.break_even is None else "break-even")
        if data == "breast_cancer":
            found.append("measures-coincide")
    if data == "rare":
        found.append("rare-missed" if values["run.recall"].value < 0.1 else "rare-found")
    if (run.settings["initial"], run.settings["test_share"]) != (SIZES[data][2], TEST_SHARE):
        found.append("other-start")
    return found


def _lock_cases(situation, values):
    """What is to be said of the prediction, beside the reader's own runs."""
    if situation.random is None or situation.active is None:
        return ["own-needs-random" if situation.random is None else "own-needs-active"]
    ratio = values["own.ratio"].value
    if ratio is None:
        return ["own-unreached"]
    found = _direction(ratio)
    right = found == situation.prediction["direction"]
    return ["own-measured", f"own-{found}", "direction-right" if right else "direction-wrong"]


def _direction(ratio):
    return "fewer" if ratio > SAME else "more" if ratio < 1 / SAME else "same"


def _check_cases(bench, values):
    def at(name):
        return values[f"check.{name}.value"].value, values[f"check.{name}.limit"].value

    (accuracy, target), (cost, budget), (guard, limit) = at("target"), at("budget"), at("guardrail")
    held = guard >= limit if bench.track.part_2.guardrail == "recall" else guard <= limit
    kept = {"target": accuracy >= target, "budget": cost <= budget, "guardrail": held}
    cases = [f"{name}-{'ok' if good else 'fails'}" for name, good in kept.items()]
    return [*cases, "all-ok"] if all(kept.values()) else cases


def _listed(run):
    """A run as the page's list and the marker's form need it."""
    return {"number": run.number, "strategy": run.settings["strategy"], "batch": run.settings["batch"],
            "data": run.settings["data"], "seeds": max(1, run.seeds), "counted": run.counted, "shown": run.shown,
            "labels": run.labels[:len(run.accuracy()[0])]}


def _points(readings, frontier):
    best = {(r.run.number, i) for r, i in frontier}
    rows = []
    for r in readings:
        name = f"{r.run.number}: {r.run.settings['strategy'].replace('_', ' ')}, batch {r.run.settings['batch']}"
        for i in range(len(r.labels)):
            rows.append([name, r.labels[i], r.cost[i], r.mean[i], r.low[i], r.high[i],
                         "yes" if (r.run.number, i) in best else ""])
    return {
        "columns": [
            {"label": "Run"}, {"label": "Labels", "format": "integer", "kind": "measured"},
            {"label": "Project cost", "format": "dollars", "kind": "modelled"},
            {"label": "Accuracy, mean", "format": "percent", "kind": "measured"},
            {"label": "Lowest seed", "format": "percent", "kind": "measured"},
            {"label": "Highest seed", "format": "percent", "kind": "measured"}, {"label": "On the frontier"},
        ],
        "rows": rows,
    }


def _runs(bench):
    rows = []
    for run in bench.search.begun(bench.data.value):
        r = bench.read(run)
        at = None if r.crossing is None else r.cost_at(r.crossing)
        stop = float(r.cost[r.stop]) if r.reached else None
        rows.append([str(run.number), run.settings["strategy"].replace("_", " "), run.settings["batch"],
                     r.crossing, at, int(r.labels[r.stop]) if r.reached else None, stop, r.geometric, r.economic,
                     r.net if run.selects else None, float(run.recall()[r.stop])])
    return {
        "columns": [
            {"label": "Run"}, {"label": "Strategy"}, {"label": "Batch", "format": "integer"},
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
