"""What Part 2 tells the page: values with their kind, tables, cases, the list of runs."""

import numpy as np

from dataselect_core.exhaustive import SIZES, TEST_SHARE
from dataselect_core.values import measured, modelled

from .roi_money import LINE, crossing
from .roi_runs import COUNTED

HERE = "this run, mean over its seeds"
PRICES = "labels, scoring and training at the prices in force"
SWEEP = "the sweep made when the page was built, mean over its seeds"
SAME = 1.1  # two numbers of labels are about the same up to this factor
BEHIND = 0.01  # accuracy below random sampling from which a run counts as behind
EARLY = 200  # labels up to which being behind is looked for


def settings(bench):
    """The settings of the controls, as the page shows them."""
    chosen = "set by the reader"
    now = bench.settings()
    return {
        "setting.strategy": modelled(now["strategy"], "", chosen),
        "setting.batch": modelled(now["batch"], "labels", chosen),
        "setting.data": modelled(now["data"], "", chosen),
        "setting.initial": modelled(now["initial"], "labels", chosen),
        "setting.budget": modelled(now["budget"], "labels", chosen),
        "setting.seed": modelled(now["seed"], "", chosen),
        "setting.seeds": modelled(now["seeds"], "seeds", chosen),
        "setting.test_share": modelled(now["test_share"], "", chosen),
    }


def report(bench, readings, frontier, brief):
    """Everything the page shows of the runs; `readings` are those in the plot, `brief` leaves the tables out."""
    search = bench.search
    prices = bench.prices()
    values = {
        **settings(bench),
        "search.used": measured(search.used, "runs", "counted in your record"),
        "search.left": measured(search.left, "runs", "counted in your record"),
        "search.limit": modelled(COUNTED, "runs", "the 10-Iteration Rule"),
        "price.round": modelled(prices.selection, "$", "pool × price of a score + one training"),
        "price.label": modelled(prices.label, "$", "price of a label in force"),
        "price.pool": modelled(prices.pool, "items", "pool in force"),
        "price.score": modelled(prices.score, "$", "price of a score in force"),
        "price.training": modelled(prices.training, "$", "price of a training in force"),
        "price.labels_to_pay": modelled(
            prices.selection / prices.label if prices.label else None, "labels", "cost of a round ÷ price of a label"),
        "own.labels_saved": measured(None, "labels", HERE),
    }
    cases = ["search-open" if search.counting else "search-closed", f"data-{bench.data.value}"]
    cases.append("runs-left" if search.left or not search.counting else "runs-used")
    tables = {}
    begun = [run for run in search.runs if run.right or run.now_right]
    here = [run for run in begun if run.settings["data"] == bench.data.value]
    if here:
        latest = bench.read(here[-1])
        lock_values, lock_cases = _lock(bench, latest)
        values |= _run(bench, latest) | lock_values | _check(bench, latest)
        cases += _run_cases(bench, latest, values) + lock_cases + _check_cases(bench, values)
        cases.append("has-runs")
    if begun:
        cases.append("any-runs")
    if not search.counting:
        values |= bench.verdict().values
        cases += bench.verdict().cases
    if not brief:
        tables = {"LabelingROIPlot": _points(readings, frontier), "RunList": _runs(bench)}
    return {"values": values, "cases": cases, "tables": tables, "runs": [_listed(run) for run in begun],
            "search": {"used": search.used, "left": search.left, "limit": COUNTED, "counting": search.counting,
                       "marker": search.marker}}


def _run(bench, r):
    run, i = r.run, r.stop
    chosen = "set by the reader"
    parts = r.parts
    return {
        "run.number": measured(run.number, "", HERE),
        "run.strategy": modelled(run.settings["strategy"], "", chosen),
        "run.batch": modelled(run.settings["batch"], "labels", chosen),
        "run.data": modelled(run.settings["data"], "", chosen),
        "run.initial": modelled(run.settings["initial"], "labels", chosen),
        "run.budget": modelled(run.settings["budget"], "labels", chosen),
        "run.test_share": modelled(run.settings["test_share"], "", chosen),
        "run.critical": modelled(8 if run.settings["data"] != "breast_cancer" else 0, "", "the class that is watched"),
        "run.first_seed": modelled(run.settings["seed"], "", chosen),
        "run.last_seed": modelled(run.settings["seed"] + max(1, run.seeds) - 1, "", chosen),
        "run.seeds": measured(max(1, run.seeds), "seeds", HERE),
        "run.labels": measured(int(r.labels[-1]), "labels", HERE),
        "run.accuracy": measured(float(r.mean[-1]), "", HERE),
        "run.crossing": measured(r.crossing, "labels", f"{HERE}, straight lines between rounds"),
        "run.crossing_cost": modelled(None if r.crossing is None else r.cost_at(r.crossing), "$", PRICES),
        "run.geometric": measured(r.geometric, "labels", "Kneedle on accuracy against labels"),
        "run.economic": modelled(r.economic, "labels", "largest net benefit over random sampling"),
        "run.net": modelled(r.net, "$", f"labels saved against random sampling ({SWEEP}) − cost of selection"),
        "run.break_even": modelled(r.break_even, "labels", "where selection has cost as much as it saved"),
        "run.cost": modelled(float(r.cost[-1]), "$", PRICES),
        "run.dollars_labels": modelled(float(parts.labels[-1]), "$", PRICES),
        "run.dollars_scoring": modelled(float(parts.scoring[-1]), "$", PRICES),
        "run.dollars_training": modelled(float(parts.training[-1]), "$", PRICES),
        "run.rounds": measured(len(r.labels) - 1, "rounds", HERE),
        "run.recall": measured(float(run.recall()[-1]), "", "recall of the watched class, " + HERE),
        "run.stop_labels": measured(int(r.labels[i]), "labels", "first round at the target, else the last"),
        "run.stop_cost": modelled(float(r.cost[i]), "$", PRICES),
        **_behind(bench, r),
    }


def _behind(bench, r):
    """The largest gap to random sampling in the sweep, among the early rounds."""
    baseline = bench.curves(r.run.settings["data"])[0]
    gap = np.interp(r.labels, baseline.labels, baseline.mean) - r.mean
    early = gap[(r.labels <= EARLY) & (r.labels > r.labels[0])]
    if not r.run.selects or not len(early):
        return {}
    k = int(early.argmax()) + 1
    return {
        "behind.gap": measured(float(gap[k]), "", f"random sampling in {SWEEP}, less this run"),
        "behind.labels": measured(int(r.labels[k]), "labels", HERE),
    }


def _run_cases(bench, r, values):
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


def _lock(bench, latest):
    """The prediction beside the reader's own runs and beside the sweep."""
    data = latest.run.settings["data"]
    same = [run for run in bench.search.runs if run.settings["data"] == data and (run.right or run.now_right)]
    random = next((run for run in reversed(same) if not run.selects), None)
    active = next((run for run in reversed(same) if run.selects), None)
    own = [None if run is None else bench.read(run).crossing for run in (random, active)]
    curves = bench.curves(data)
    strategy = active.settings["strategy"] if active else "margin"
    batch = active.settings["batch"] if active else bench.batch_size.value
    swept = [crossing(c.labels, c.mean) for c in (
        curves[0], next(c for c in curves if (c.strategy, c.batch_size) == (strategy, batch)))]
    ratio = _ratio(*own)
    saved = own[0] - own[1] if None not in own else None
    values = {
        "reveal.direction": modelled(bench.prediction["direction"], "", "your prediction"),
        "reveal.factor": modelled(bench.prediction["prediction"], "", "your prediction"),
        "own.random": measured(own[0], "labels", "your latest random run, labels to 90 %"),
        "own.active": measured(own[1], "labels", "your latest run of uncertainty sampling, labels to 90 %"),
        "own.ratio": measured(ratio, "", "labels of random sampling ÷ labels of uncertainty sampling"),
        "own.labels_saved": measured(saved, "labels", "labels of random sampling − labels of uncertainty sampling"),
        "swept.strategy": modelled(strategy, "", "that of your run"),
        "swept.batch": modelled(batch, "labels", "that of your run"),
        "swept.random": measured(swept[0], "labels", SWEEP),
        "swept.active": measured(swept[1], "labels", SWEEP),
        "swept.ratio": measured(_ratio(*swept), "", SWEEP),
    }
    cases = []
    if random is None or active is None:
        cases.append("own-needs-random" if random is None else "own-needs-active")
    elif ratio is None:
        cases.append("own-unreached")
    else:
        cases += ["own-measured", f"own-{_direction(ratio)}"]
    judged = ratio if ratio is not None else values["swept.ratio"].value
    if judged is not None and "own-measured" in cases:
        cases.append("direction-right" if _direction(judged) == bench.prediction["direction"] else "direction-wrong")
    return values, cases


def _ratio(random, active):
    return None if random is None or active is None else random / active


def _direction(ratio):
    return "fewer" if ratio > SAME else "more" if ratio < 1 / SAME else "same"


def _check(bench, r):
    """The constraints at the stop of the latest run."""
    track, i = bench.track.part_2, r.stop
    selection = bench.prices().selection * i if r.run.selects else 0.0
    guardrail = {
        "overhead": modelled(selection / float(r.cost[i]) if r.cost[i] else 0.0, "share of the cost", PRICES),
        "recall": measured(float(r.run.recall()[i]), "", "recall of the watched class, " + HERE),
        "rounds": measured(i if r.run.selects else 0, "rounds", "rounds of selection, " + HERE),
    }[track.guardrail]
    return {
        "check.target.value": measured(float(r.mean[i]), "", HERE),
        "check.target.limit": track.target,
        "check.budget.value": modelled(float(r.cost[i]), "$", PRICES),
        "check.budget.limit": track.budget,
        "check.guardrail.value": guardrail,
        "check.guardrail.limit": track.limit,
    }


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
    for run in bench.search.runs:
        if not (run.right or run.now_right) or run.settings["data"] != bench.data.value:
            continue
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
