"""The cases of Part 2: which sentences are true for the runs, the marker and the answer."""

from collections.abc import Mapping

from dataselect_core.figures.active_learning.prediction import direction
from dataselect_core.figures.active_learning.situation import Situation
from dataselect_core.figures.active_learning.verdict import Judgement
from dataselect_core.sampling import reference_sweep
from dataselect_core.sampling.reference_sweep import SIZES, own_test_share
from dataselect_core.values import Value

BEHIND_ACCURACY = 0.01  # a run counts as behind if its accuracy is more than this below random sampling
CLOSE_SHARE = 0.05  # share of the optimum's cost within which a stop counts as the optimum
SHORTFALL = 0.002  # a stop misses the target if its accuracy is more than this below the target


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
    names = [
        "search-open" if situation.marker is None else "search-closed",
        f"data-{situation.settings['data']}",
    ]
    latest = situation.latest()
    if latest is not None:
        names += [*_run_cases(latest, values), "has-runs"]
    if situation.random is not None or situation.active is not None:
        names += _lock_cases(situation, values)
    if "check.target.value" in values:
        names += [
            "check-run" if situation.marker is None else "check-marker",
            *_check_cases(situation, values),
            target_in_interval(values),
        ]
    if judged is not None:
        names += _verdict(situation, judged)
    if situation.answer is not None:
        names += _index(situation.answer, values)
    return names


def _run_cases(reading, values):
    run, names = reading.run, []
    selects, data = run.selects, run.settings["data"]
    names.append("run-selects" if selects else "run-random")
    names.append("line-reached" if reading.crossing is not None else "line-missed")
    gap, half = (values[path].value if path in values else None for path in ("behind.gap", "behind.half"))
    if half is not None and gap > max(BEHIND_ACCURACY, half):
        names.append("behind")
        if run.settings["strategy"] == "entropy":
            names.append("entropy-behind")
        if run.settings["batch"] >= 50:
            names.append("batch-behind")
    if selects and len(reading.labels) > 1:
        names.append("never-pays" if reading.economic is None else "pays")
        if reading.economic is not None:
            names.append("no-break-even" if reading.break_even is None else "break-even")
        if data in reference_sweep.TWO_CLASSES:
            names.append("measures-coincide")
    if data == "rare":
        names.append("rare-missed" if values["run.recall"].value < 0.1 else "rare-found")
    if (run.settings["initial"], run.settings["test_share"]) != (SIZES[data][2], own_test_share(data)):
        names.append("other-start")
    return names


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
    measured_direction = direction(ratio)
    right = measured_direction == situation.prediction["direction"]
    sure = how_sure(values["own.gap"].value, values["own.half"].value)
    verdict = ["direction-right" if right else "direction-wrong"] if sure == "own-sure" else []
    return ["own-measured", f"own-{measured_direction}", *verdict, sure]


def how_sure(gap: float | None, half: float | None) -> str:
    """Whether a pair of runs differs: "own-sure", or "own-unsure" if the interval contains 0 or is not known."""
    if gap is None or half is None:
        return "own-unknown"
    return "own-unsure" if abs(gap) <= half else "own-sure"


def _check_cases(situation, values):
    def value_and_limit(name):
        return values[f"check.{name}.value"].value, values[f"check.{name}.limit"].value

    (accuracy, target), (cost, budget), (guardrail, limit) = (
        value_and_limit("target"),
        value_and_limit("budget"),
        value_and_limit("guardrail"),
    )
    met = {"target": accuracy >= target, "budget": cost <= budget}
    if guardrail is None:  # a marker from an older record: its recall is not known
        return [f"{name}-{'ok' if is_met else 'fails'}" for name, is_met in met.items()]
    met["guardrail"] = (
        guardrail >= limit if situation.track.part_2.guardrail == "recall" else guardrail <= limit
    )
    names = [f"{name}-{'ok' if is_met else 'fails'}" for name, is_met in met.items()]
    return [*names, "all-ok"] if all(met.values()) else names


def target_in_interval(values: Mapping[str, Value]) -> str:
    """Whether the interval of the evaluation set contains the target, so that it cannot show that the target is met."""
    low, high, target = (
        values[path].value for path in ("evaluation.low", "evaluation.high", "check.target.limit")
    )
    return "target-unsure" if low <= target <= high else "target-sure"


def _verdict(situation, judged):
    """Cases of the marker, and of a better stop."""
    best, marker = judged.best, situation.marker
    if best is None:
        return ["verdict-none"]
    expected, target = judged.values["marker.expected"].value, situation.target()
    names = [
        "verdict-short"
        if expected < target - SHORTFALL
        else "verdict-close"
        if judged.cost - best.cost <= CLOSE_SHARE * best.cost
        else "verdict-dear"
    ]
    settings, data = marker["settings"], marker["settings"]["data"]
    if not reference_sweep.same_strategy(data, settings["strategy"], best.strategy):
        names.append("better-strategy")
    elif best.strategy == "random":  # here the batch size only sets how often the accuracy is measured
        names += ["better-stop-random"] if marker["labels"] != best.labels else []
    elif settings["batch"] != best.batch_size:
        names.append("better-batch")
    elif marker["labels"] != best.labels:
        names.append("better-stop")
    if (
        "random" not in (settings["strategy"], best.strategy)
        and settings["strategy"] != best.strategy
        and (reference_sweep.same_strategy(data, settings["strategy"], best.strategy))
    ):
        names.append("strategies-are-one")
    if best.strategy == "random":
        names.append("optimum-random")
    return names


def knee_cases(situation: Situation, judged: Judgement) -> list[str]:
    """Cases of the economic knee, compared with the optimum and the marker.

    They follow from the figures of the three, so a report does not list them as cases.
    """
    knee, target = (
        {name: judged.values[f"knee.{name}"].value for name in ("strategy", "accuracy", "gap_net")},
        situation.target(),
    )
    names = [] if judged.best is None else ["optimum-found"]
    if knee["strategy"] == "random":
        return [*names, "knee-none"]
    names.append("knee-selects")
    if judged.best is not None and judged.best.strategy == "random" and knee["accuracy"] != target:
        names.append("knee-later" if knee["accuracy"] > target else "knee-earlier")
    return [*names, "knee-worth-more"] if knee["gap_net"] > 0 else names


def _turns(values):
    """Which break-evens exist: without one, no value of that assumption changes the answer."""
    turns = {
        "share-turns": "index.even_share",
        "gpu-turns": "index.even_gpu",
        "decode-turns": "index.even_decode",
        "price-turns": "score.even_price",
        "looks-turn": "score.even_looks",
    }
    return [name if values[path].value is not None else f"no-{name}" for name, path in turns.items()]


def _index(answer, values):
    """Cases of the answer to the indexing question."""
    pays = {
        name: values[f"{name}.saving"].value > values[f"{name}.cost"].value for name in ("index", "score")
    }
    ends = {values["index.saving"].value > values[f"index.{end}"].value for end in ("cost", "cost_high")}
    range_case = "range-depends" if len(ends) == 2 else "range-saves" if ends == {True} else "range-costs"
    names = [
        f"answer-{answer}",
        range_case,
        f"kind-{'text' if values['index.kind'].value == 'text' else 'other'}",
        *_turns(values),
        *(f"{name}-{'saves' if pays_off else 'costs'}" for name, pays_off in pays.items()),
    ]
    first = values["amortised.whole_from"].value
    names.append("amortised-never" if first is None else f"amortised-{'first' if first <= 1 else 'later'}")
    return [*names, "answer-turns"] if pays["index"] != pays["score"] else names
