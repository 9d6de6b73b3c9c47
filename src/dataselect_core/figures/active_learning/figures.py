"""The figures of Part 2, Active Learning ROI: everything that a report claims, by its path.

The number of counted runs and the rate timed on a reader's machine cannot be recomputed, so they are not figures here.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np

from dataselect_core.economics.assumptions import Assumptions
from dataselect_core.figures.active_learning import cases, indexing, runs
from dataselect_core.figures.active_learning.runs import LINE, crossing
from dataselect_core.figures.active_learning.situation import (
    ANSWERS,
    CONTROLS,
    RUNS,
    Situation,
    check_prediction,
    fixed_limits,
)
from dataselect_core.figures.active_learning.verdict import Judgement
from dataselect_core.sampling import evaluation, reference_sweep
from dataselect_core.sampling.project import labels_to_reach, stop_cost
from dataselect_core.statistics import half_width
from dataselect_core.tracks import track
from dataselect_core.values import Findings, Value, measured, modelled

THIS_RUN = "this run, mean over its seeds"
PRICES = "labels, scoring, training and the evaluation set at the prices in force"
SWEEP = "the sweep made when the page was built, mean over its seeds"
WILSON = "95 % interval of a share, Wilson 1927, at the accuracy measured here"
NATURAL = "accuracy, with the watched class as frequent as in the pool"
EARLY_LABELS = 200  # up to this number of labels, a run is checked for being behind


def recompute(
    track_id: str, settings: Mapping[str, Any], assumptions: Mapping[str, float], prediction: Any
) -> Findings:
    """The figures and cases of a report, computed from its settings alone: the runs are repeated.

    Parameters
    ----------
    track_id : str
    settings : dict
        As `stated` returns them.
    assumptions : dict
        The reader's changes: name -> number.
    prediction : dict
        `direction`, and `prediction`, a factor.

    Returns
    -------
    Findings
    """
    *_, findings = recompute_stepwise(track_id, settings, assumptions, prediction)
    return findings


def recompute_stepwise(
    track_id: str, settings: Mapping[str, Any], assumptions: Mapping[str, float], prediction: Any
) -> Iterator[Any]:
    """Run `recompute` in steps: an iterator of (label, share done) that ends with the `Findings`."""
    controls = {name: settings[name] for name in CONTROLS}
    runs.check(controls)
    check_prediction(prediction)
    if settings.get("answer") not in (None, *ANSWERS):
        raise ValueError(f"the answer must be one of {', '.join(ANSWERS)}, not {settings['answer']!r}")
    current_track = track(track_id)
    situation = Situation(
        current_track,
        controls,
        dict(prediction),
        answer=settings.get("answer"),
        edited=dict(assumptions),
        fixed=fixed_limits(current_track, settings),
        curves=cache(reference_sweep.curves),
    )
    project_prices = situation.prices()  # this refuses invalid prices before anything is run
    for name in (*RUNS, "marker"):
        run_settings = {
            key.removeprefix(f"{name}."): value
            for key, value in settings.items()
            if key.startswith(f"{name}.")
        }
        if not run_settings:
            continue
        if name in ("random", "active") and (run_settings.get("strategy") == "random") is not (
            name == "random"
        ):
            raise ValueError(
                f"{name}.strategy must be one of {name} sampling, not {run_settings.get('strategy')!r}"
            )
        for step in runs.repeated({"data": controls["data"], **run_settings}):
            if isinstance(step, tuple):
                yield step
        if name == "marker":
            situation.marker = _marker(step)
        else:
            baseline = situation.curves(controls["data"])[0]
            setattr(situation, name, runs.read(step, project_prices, baseline, situation.target()))
    judgement = situation.judged()
    values = figures(situation, judgement)
    yield Findings(values, cases.cases(situation, values, judgement))


def _marker(run):
    """The marker at the end of a run."""
    labels, accuracy = run.accuracy()
    return {
        "run": run.number,
        "labels": int(labels[-1]),
        "accuracy": float(accuracy.mean(axis=0)[-1]),
        "recall": float(run.recall()[-1]),
        "selects": run.selects,
        "settings": run.settings,
        "seeds": run.seeds,
        "rounds": len(labels) - 1,
    }


def known(settings: Mapping[str, Any]) -> dict[str, Value]:
    """The figures that no lock guards: the settings of the controls."""
    units = {"batch": "labels", "initial": "labels", "budget": "labels", "seeds": "seeds"}
    return {
        f"setting.{name}": modelled(settings[name], units.get(name, ""), "set by the reader")
        for name in CONTROLS
    }


def figures(situation: Situation, judged: Judgement | None = None) -> dict[str, Value]:
    """All figures, as far as there are runs, a marker and an answer.

    Parameters
    ----------
    situation : Situation
    judged : Judgement, optional
        `situation.judged()`, if it is already known.

    Returns
    -------
    dict of str to Value
    """
    a, project_prices, latest = situation.assumptions(), situation.prices(), situation.latest()
    values = {
        **known(situation.settings),
        "price.round": modelled(project_prices.selection, "$", "pool × price of a score + one training"),
        "price.label": modelled(project_prices.label, "$", "price of a label in force"),
        "price.pool": modelled(project_prices.pool, "items", "pool in force"),
        "price.score": modelled(project_prices.score, "$", "price of a score in force"),
        "price.training": modelled(project_prices.training, "$", "price of a training in force"),
        "price.labels_to_pay": modelled(
            project_prices.selection / project_prices.label if project_prices.label else None,
            "labels",
            "cost of a round ÷ price of a label",
        ),
        "own.labels_saved": measured(None, "labels", THIS_RUN),
        "measure.native": Assumptions()["signature_rate"].as_value(),
    }
    if latest is not None:
        values |= _run(latest) | _at_its_end(latest, project_prices) | _behind(situation, latest)
    if situation.random is not None or situation.active is not None:
        values |= _lock(situation)
    if latest is not None or situation.marker is not None:
        values |= _check(situation, latest)
        values |= _evaluation(situation, latest, values)
    if situation.marker is not None:
        values |= (situation.judged() if judged is None else judged).values
    if situation.answer is not None:
        questions = indexing.questions(a, values["own.labels_saved"].value or 0.0)
        values |= indexing.figures(a, *questions, situation.track.part_2.kind)
    return values


def _run(reading):
    run, i, parts = reading.run, reading.stop, reading.parts
    settings, source, seeds = run.settings, "set by the reader", max(1, run.seeds)
    return {
        "run.number": measured(run.number, "", THIS_RUN),
        "run.strategy": modelled(settings["strategy"], "", source),
        "run.batch": modelled(settings["batch"], "labels", source),
        "run.data": modelled(settings["data"], "", source),
        "run.initial": modelled(settings["initial"], "labels", source),
        "run.budget": modelled(settings["budget"], "labels", source),
        "run.test_share": modelled(settings["test_share"], "", source),
        "run.critical": modelled(reference_sweep.SIZES[settings["data"]][1], "", "the class that is watched"),
        "run.first_seed": modelled(settings["seed"], "", source),
        "run.last_seed": modelled(settings["seed"] + seeds - 1, "", source),
        "run.seeds": measured(seeds, "seeds", THIS_RUN),
        "run.labels": measured(int(reading.labels[-1]), "labels", THIS_RUN),
        "run.accuracy": measured(float(reading.mean[-1]), "", THIS_RUN),
        "run.crossing": measured(reading.crossing, "labels", f"{THIS_RUN}, straight lines between rounds"),
        "run.crossing_cost": modelled(
            None if reading.crossing is None else reading.cost_at(reading.crossing), "$", PRICES
        ),
        "run.geometric": measured(reading.geometric, "labels", "Kneedle on accuracy against labels"),
        "run.economic": modelled(reading.economic, "labels", "largest net benefit over random sampling"),
        "run.net": modelled(
            reading.net, "$", f"labels saved against random sampling ({SWEEP}) − cost of selection"
        ),
        "run.break_even": modelled(
            reading.break_even, "labels", "where selection has cost as much as it saved"
        ),
        "run.cost": modelled(float(reading.cost[-1]), "$", PRICES),
        "run.dollars_labels": modelled(float(parts.labels[-1]), "$", PRICES),
        "run.dollars_scoring": modelled(float(parts.scoring[-1]), "$", PRICES),
        "run.dollars_training": modelled(float(parts.training[-1]), "$", PRICES),
        "run.dollars_evaluation": modelled(float(parts.evaluation[-1]), "$", PRICES),
        "run.rounds": measured(len(reading.labels) - 1, "rounds", THIS_RUN),
        "run.recall": measured(float(run.recall()[-1]), "", "recall of the watched class, " + THIS_RUN),
        "run.stop_labels": measured(
            int(reading.labels[i]), "labels", "first round at the target, else the last"
        ),
        "run.stop_cost": modelled(float(reading.cost[i]), "$", PRICES),
    }


def _at_its_end(reading, price):
    """How exactly the evaluation set measures the end of a run, and the accuracy there at the natural prior."""
    accuracy, recall = float(reading.mean[-1]), float(reading.run.recall()[-1])
    _, in_test, prior = _shares(reading.run.settings)
    bought = evaluation.evaluation_set(price.evaluation, price.label, accuracy, recall, prior)
    return {
        "run.half": modelled(50 * (bought.high - bought.low), "percentage points", WILSON),
        "run.natural": modelled(evaluation.at_prior(accuracy, recall, in_test, prior), "", NATURAL),
    }


def _shares(settings):
    return reference_sweep.watched_shares(settings["data"], settings["test_share"], settings["seed"])


def _behind(situation, reading):
    """The largest gap to random sampling in the sweep, among the early rounds."""
    baseline = situation.curves(reading.run.settings["data"])[0]
    gap = np.interp(reading.labels, baseline.labels, baseline.mean) - reading.mean
    early = gap[(reading.labels <= EARLY_LABELS) & (reading.labels > reading.labels[0])]
    if not reading.run.selects or not len(early):
        return {}
    k = int(early.argmax()) + 1
    accuracies = reading.run.accuracy()[1]
    half = None
    if len(accuracies) > 1:
        of_sweep = [np.interp(reading.labels[k], baseline.labels, row) for row in baseline.accuracy]
        half = float(np.hypot(half_width(accuracies[:, k]), half_width(np.array(of_sweep))))
    return {
        "behind.gap": measured(float(gap[k]), "", f"random sampling in {SWEEP}, less this run"),
        "behind.half": measured(half, "", "half a 95 % interval, from the seeds of both"),
        "behind.labels": measured(int(reading.labels[k]), "labels", THIS_RUN),
    }


def _lock(situation):
    """The prediction next to the reader's own runs and next to the sweep."""
    active, settings = situation.active, situation.settings
    own_crossings = [None if reading is None else reading.crossing for reading in (situation.random, active)]
    if None not in (situation.random, active) and not situation.compared():
        own_crossings = [None, None]  # two runs that differ in more than the strategy cannot be compared
    curves = situation.curves(settings["data"])
    _, in_test, prior = reference_sweep.watched_shares(
        settings["data"], reference_sweep.own_test_share(settings["data"]), 0
    )
    strategy = active.run.settings["strategy"] if active else "margin"
    batch = active.run.settings["batch"] if active else settings["batch"]
    sweep_curves = (
        curves[0],
        next(curve for curve in curves if (curve.strategy, curve.batch_size) == (strategy, batch)),
    )
    sweep_crossings = [crossing(curve.labels, curve.mean) for curve in sweep_curves]
    natural_crossings = [
        crossing(curve.labels, evaluation.curve_at_prior(curve, in_test, prior).mean)
        for curve in sweep_curves
        if curve.recall is not None
    ] or [None, None]
    saved = own_crossings[0] - own_crossings[1] if None not in own_crossings else None
    return {
        "reveal.direction": modelled(situation.prediction["direction"], "", "your prediction"),
        "reveal.factor": modelled(situation.prediction["prediction"], "", "your prediction"),
        "own.random": measured(own_crossings[0], "labels", "random run of the pair, labels to 90 %"),
        "own.active": measured(
            own_crossings[1], "labels", "run of uncertainty sampling of the pair, labels to 90 %"
        ),
        **_pair(situation),
        **_seed_by_seed(situation),
        "own.ratio": measured(
            _ratio(*own_crossings), "", "labels of random sampling ÷ labels of uncertainty sampling"
        ),
        "own.labels_saved": measured(
            saved, "labels", "labels of random sampling − labels of uncertainty sampling"
        ),
        "swept.strategy": modelled(strategy, "", "that of your run"),
        "swept.batch": modelled(batch, "labels", "that of your run"),
        "swept.random": measured(sweep_crossings[0], "labels", SWEEP),
        "swept.active": measured(sweep_crossings[1], "labels", SWEEP),
        "swept.ratio": measured(_ratio(*sweep_crossings), "", SWEEP),
        "swept.natural_random": measured(natural_crossings[0], "labels", f"{SWEEP}, at the natural prior"),
        "swept.natural_active": measured(natural_crossings[1], "labels", f"{SWEEP}, at the natural prior"),
    }


def _seed_by_seed(situation):
    """How many more labels random sampling needs, paired by seed: mean, and half its 95 % interval if seeds > 1."""
    gap = half = None
    if situation.compared():
        needed = [
            np.array([float(labels_to_reach(reading.labels, row, LINE)) for row in reading.run.accuracy()[1]])
            for reading in (situation.random, situation.active)
        ]
        gaps = needed[0] - needed[1]
        if not np.isnan(gaps).any():
            gap = float(gaps.mean())
            half = float(half_width(gaps)) if len(gaps) > 1 else None
    source = "labels of random sampling − labels of uncertainty sampling to 90 %, paired by seed"
    return {"own.gap": measured(gap, "labels", source), "own.half": measured(half, "labels", source)}


def _pair(situation):
    """The two compared runs and the settings they share; for a single run, the settings that its partner needs."""
    readings = {name: getattr(situation, name) for name in ("random", "active")}
    numbers = {
        f"pair.{name}": measured(reading.run.number if reading else None, "", f"the {name} run of the pair")
        for name, reading in readings.items()
    }
    run = next(reading.run for reading in readings.values() if reading)
    strategy = readings["active"].run.settings["strategy"] if readings["active"] else None
    source = "shared by both runs of the pair"
    return numbers | {
        "pair.strategy": modelled(strategy, "", source),
        "pair.batch": modelled(run.settings["batch"], "labels", source),
        "pair.initial": modelled(run.settings["initial"], "labels", source),
        "pair.first_seed": modelled(run.settings["seed"], "", source),
        "pair.seeds": measured(max(1, run.seeds), "seeds", source),
        "pair.test_share": modelled(run.settings["test_share"], "", source),
    }


def _ratio(random, active):
    return None if random is None or active is None else random / active


def _check(situation, reading):
    """The constraints at the committed marker; before there is one, at the stop of the latest run."""
    limits, marker, price = situation.limits(), situation.marker, situation.prices()
    if marker is None:
        source, i = THIS_RUN, reading.stop
        accuracy, cost, recall = (
            float(reading.mean[i]),
            float(reading.cost[i]),
            float(reading.run.recall()[i]),
        )
        rounds = i if reading.run.selects else 0
    else:
        source, rounds = "your committed marker", marker["rounds"] if marker["selects"] else 0
        accuracy, recall = marker["accuracy"], marker.get("recall")
        cost = stop_cost(marker["labels"], rounds, price)
    guardrail = {
        "overhead": modelled(price.selection * rounds / cost if cost else 0.0, "share of the cost", PRICES),
        "recall": measured(recall, "", "recall of the watched class, " + source),
        "rounds": measured(rounds, "rounds", "rounds of selection, " + source),
    }[situation.track.part_2.guardrail]
    return {
        "check.target.value": measured(accuracy, "", source),
        "check.target.limit": limits["target"],
        "check.budget.value": modelled(cost, "$", f"{source}; {PRICES}"),
        "check.budget.limit": limits["budget"],
        "check.guardrail.value": guardrail,
        "check.guardrail.limit": limits["guardrail"],
    }


def _evaluation(situation, reading, values):
    """The evaluation set at the point that is checked: its price, its interval, and what it shows of a rare class."""
    price, marker = situation.prices(), situation.marker
    settings = reading.run.settings if marker is None else marker["settings"]
    recall = float(reading.run.recall()[reading.stop]) if marker is None else marker.get("recall")
    accuracy, bill = values["check.target.value"].value, values["check.budget.value"].value
    tested, in_test, prior = _shares(settings)
    bought = evaluation.evaluation_set(price.evaluation, price.label, accuracy, recall or 0.0, prior)
    exact = evaluation.labels_for(accuracy)
    natural = None if recall is None else evaluation.at_prior(accuracy, recall, in_test, prior)
    return {
        "evaluation.labels": modelled(price.evaluation, "labels", "assumption in force"),
        "evaluation.dollars": modelled(bought.dollars, "$", "labels × price of a label"),
        "evaluation.share": modelled(bought.dollars / bill if bill else 0.0, "share of the bill", PRICES),
        "evaluation.low": modelled(bought.low, "", WILSON),
        "evaluation.high": modelled(bought.high, "", WILSON),
        "evaluation.exact": modelled(exact, "labels", "for ± 1 point, by the normal approximation"),
        "evaluation.exact_dollars": modelled(exact * price.label, "$", "labels × price of a label"),
        "evaluation.lab": measured(tested, "samples", "the test set of the laboratory"),
        "evaluation.lab_dollars": modelled(tested * price.label, "$", "samples × price of a label"),
        "evaluation.prior": measured(prior, "", "share of the watched class in the pool"),
        "evaluation.in_test": measured(in_test, "", "share of the watched class in the test set"),
        "evaluation.watched": modelled(bought.watched, "samples", "labels × share of the class in the pool"),
        "evaluation.natural": modelled(natural, "", NATURAL),
        "evaluation.recall": measured(recall, "", "recall of the watched class on the test set"),
    }
