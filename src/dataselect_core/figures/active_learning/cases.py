"""The cases of Part 2: which sentences are true for the runs, the marker and the answer."""

from collections.abc import Mapping

from dataselect_core.figures.active_learning.prediction import direction
from dataselect_core.figures.active_learning.situation import Situation
from dataselect_core.figures.active_learning.verdict import Judgement
from dataselect_core.sampling import reference_sweep
from dataselect_core.sampling.reference_sweep import SIZES, TEST_SHARE
from dataselect_core.values import Value

BEHIND = 0.01  # a run counts as behind if its accuracy is more than this below random sampling
CLOSE = 0.05  # share of the optimum's cost within which a stop counts as the optimum
SHORT = 0.002  # a stop misses the target if its accuracy is more than this below the target


def cases(situation: Situation, values: Mapping[str, Value], judged: Judgement | None = None) -> list[str]:
    """Names of the sentences that are true, as far as there are runs, a marker and an answer.

    Parameters
    ----------
    situation : active_learning.Situation
    values : dict of str to Value
        From `active_learning.figures`.
    judged : Judgement or None
        `situation.judged()`.
    """
    found = [
        "search-open" if situation.marker is None else "search-closed",
        f"data-{situation.settings['data']}",
    ]
    latest = situation.latest()
    if latest is not None:
        found += [*_run_cases(latest, values), "has-runs"]
    if situation.random is not None or situation.active is not None:
        found += _lock_cases(situation, values)
    if "check.target.value" in values:
        found += [
            "check-run" if situation.marker is None else "check-marker",
            *_check_cases(situation, values),
        ]
    if judged is not None:
        found += _verdict(situation, judged)
    if situation.answer is not None:
        found += _index(situation.answer, values)
    return found


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
        if data in reference_sweep.TWO_CLASSES:
            found.append("measures-coincide")
    if data == "rare":
        found.append("rare-missed" if values["run.recall"].value < 0.1 else "rare-found")
    if (run.settings["initial"], run.settings["test_share"]) != (SIZES[data][2], TEST_SHARE):
        found.append("other-start")
    return found


def _lock_cases(situation, values):
    """Cases of the prediction, compared with the reader's own runs."""
    if situation.random is None or situation.active is None:
        return ["own-needs-random" if situation.random is None else "own-needs-active"]
    if not situation.compared():
        return ["own-unlike"]
    alone = ["newest-alone"] if situation.newest is not None else []
    return ["own-pair", *alone, *_pair_cases(situation, values)]


def _pair_cases(situation, values):
    """Cases of the prediction, compared with the pair of runs."""
    ratio = values["own.ratio"].value
    if ratio is None:
        return ["own-unreached"]
    found = direction(ratio)
    right = found == situation.prediction["direction"]
    return ["own-measured", f"own-{found}", "direction-right" if right else "direction-wrong"]


def _check_cases(situation, values):
    def at(name):
        return values[f"check.{name}.value"].value, values[f"check.{name}.limit"].value

    (accuracy, target), (cost, budget), (guard, limit) = at("target"), at("budget"), at("guardrail")
    kept = {"target": accuracy >= target, "budget": cost <= budget}
    if guard is None:  # a marker from an older record: its recall is not known
        return [f"{name}-{'ok' if good else 'fails'}" for name, good in kept.items()]
    kept["guardrail"] = guard >= limit if situation.track.part_2.guardrail == "recall" else guard <= limit
    found = [f"{name}-{'ok' if good else 'fails'}" for name, good in kept.items()]
    return [*found, "all-ok"] if all(kept.values()) else found


def _verdict(situation, judged):
    """Cases of the marker, and of a better stop."""
    best, marker = judged.best, situation.marker
    if best is None:
        return ["verdict-none"]
    expected, target = judged.values["marker.expected"].value, situation.target()
    found = [
        "verdict-short"
        if expected < target - SHORT
        else "verdict-close"
        if judged.cost - best.cost <= CLOSE * best.cost
        else "verdict-dear"
    ]
    own, data = marker["settings"], marker["settings"]["data"]
    if not reference_sweep.same_strategy(data, own["strategy"], best.strategy):
        found.append("better-strategy")
    elif best.strategy == "random":  # here the batch size only sets how often the accuracy is measured
        found += ["better-stop-random"] if marker["labels"] != best.labels else []
    elif own["batch"] != best.batch_size:
        found.append("better-batch")
    elif marker["labels"] != best.labels:
        found.append("better-stop")
    if (
        "random" not in (own["strategy"], best.strategy)
        and own["strategy"] != best.strategy
        and (reference_sweep.same_strategy(data, own["strategy"], best.strategy))
    ):
        found.append("strategies-are-one")
    if best.strategy == "random":
        found.append("optimum-random")
    return found


def knee_cases(situation: Situation, judged: Judgement) -> list[str]:
    """Cases of the economic knee, compared with the optimum and the marker.

    They follow from the figures of the three, so a report does not list them as cases.
    """
    knee, target = (
        {name: judged.values[f"knee.{name}"].value for name in ("strategy", "accuracy", "gap_net")},
        situation.target(),
    )
    found = [] if judged.best is None else ["optimum-found"]
    if knee["strategy"] == "random":
        return [*found, "knee-none"]
    found.append("knee-selects")
    if judged.best is not None and judged.best.strategy == "random" and knee["accuracy"] != target:
        found.append("knee-later" if knee["accuracy"] > target else "knee-earlier")
    return [*found, "knee-worth-more"] if knee["gap_net"] > 0 else found


def _index(answer, values):
    """Cases of the answer to the indexing question."""
    pays = {
        name: values[f"{name}.saving"].value > values[f"{name}.cost"].value for name in ("index", "score")
    }
    ends = {values["index.saving"].value > values[f"index.{end}"].value for end in ("cost", "cost_high")}
    span = "range-depends" if len(ends) == 2 else "range-saves" if ends == {True} else "range-costs"
    found = [
        f"answer-{answer}",
        span,
        *(f"{name}-{'saves' if good else 'costs'}" for name, good in pays.items()),
    ]
    return [*found, "answer-turns"] if pays["index"] != pays["score"] else found
