"""The figures of Part 2: made from the settings of a report alone, and checked one by one."""

import numpy as np
import pytest

from dataselect_core.economics.break_even import indexing_question
from dataselect_core.figures.active_learning import cases as of_cases
from dataselect_core.figures.active_learning import figures, situation
from dataselect_core.figures.active_learning import runs as runs_of
from dataselect_core.figures.active_learning.verdict import Judgement
from dataselect_core.figures.deduplication.situation import scale
from dataselect_core.ledger import Ledger, verify
from dataselect_core.sampling import STRATEGIES, reference_sweep
from dataselect_core.sampling import active_learning as label
from dataselect_core.sampling.project import labels_to_reach, project_cost
from dataselect_core.sampling.sweep import Stop, cheapest
from dataselect_core.tracks import track
from dataselect_core.values import measured

CONTROLS = {
    "strategy": "margin",
    "batch": 20,
    "data": "digits",
    "initial": 20,
    "budget": 80,
    "seed": 3,
    "seeds": 2,
    "test_share": 0.3,
}
FEWER = {"direction": "fewer", "prediction": 1.5}


def again(name, number, labels=80, **settings):
    """The settings of a run as a report states them."""
    stated = {key: value for key, value in CONTROLS.items() if key != "data"} | settings
    return {f"{name}.{key}": value for key, value in {**stated, "number": number, "labels": labels}.items()}


SETTINGS = {
    **CONTROLS,
    **again("random", 1, strategy="random"),
    **again("active", 2),
    "runs_used": 2,
    "answer": "no",
    **again("marker", 2, labels=60),
    "marker.data": "digits",
}


@pytest.fixture(scope="module")
def found():
    """The figures of two small runs, a marker and an answer."""
    return figures.recompute("mobile", SETTINGS, {}, FEWER).values


@pytest.fixture(scope="module")
def runs():
    """The same runs from the sampling function: strategy -> one run per seed."""
    problem = reference_sweep.problem("digits")
    return {
        strategy: [
            label(*reference_sweep.split(problem, 0.3, seed), strategy, 20, 20, 80, seed, recall_class=8)
            for seed in (3, 4)
        ]
        for strategy in ("random", "margin")
    }


def test_the_latest_run_is_the_one_that_the_sampling_gives(found, runs):
    """Labels, accuracy, recall and crossing equal those of the runs themselves, and cost follows the track's prices."""
    margin = runs["margin"]
    mean = np.mean([run.accuracy for run in margin], axis=0)
    assert found["run.number"].value == 2 and found["run.last_seed"].value == 4
    assert found["run.labels"].value == margin[0].labels[-1] == 80
    assert found["run.accuracy"].value == pytest.approx(mean[-1], abs=1e-12)
    assert found["run.recall"].value == pytest.approx(np.mean([run.recall[-1] for run in margin]), abs=1e-12)
    crossing = float(labels_to_reach(margin[0].labels, mean, 0.9))
    assert found["run.crossing"].value == (None if np.isnan(crossing) else pytest.approx(crossing))
    prices = situation.prices(situation.assumptions(track("mobile"), {}))
    cost = project_cost(margin[0].labels, True, prices).total
    assert found["run.cost"].value == pytest.approx(cost[-1])
    assert found["price.round"].value == pytest.approx(prices.pool * prices.score + prices.training)


def test_the_marker_stands_where_it_was_set(found, runs):
    """The accuracy is that of the run at the marker's labels, and the optimum equals the sweep's."""
    mean = np.mean([run.accuracy for run in runs["margin"]], axis=0)
    assert found["marker.accuracy"].value == pytest.approx(mean[2], abs=1e-12)
    prices = situation.prices(situation.assumptions(track("mobile"), {}))
    best = cheapest(reference_sweep.curves("digits"), prices, track("mobile").part_2.target.value)
    assert found["optimum.labels"].value == best.labels
    cost = 60 * prices.label + 2 * prices.selection + prices.training
    assert found["optimum.gap_dollars"].value == pytest.approx(cost - best.cost)


def test_the_bill_of_the_index_is_that_of_the_question(found):
    """Cost and saving of indexing follow from the track's sizes and the lab's prices."""
    a = situation.assumptions(track("mobile"), {})
    asked = indexing_question(
        dataset_bytes=a.dataset_bytes,
        bytes_per_sample=a.bytes_per_sample,
        share_removed=a.share_removed,
        gpu_seconds_per_sample=a.gpu_seconds_per_sample,
        epochs=a.epochs,
        gpu_price_per_hour=a.gpu_hour_price,
        signature_bytes_per_second=a.signature_rate,
        cpu_price_per_hour=a.vcpu_hour_price,
        overhead=a.index_overhead,
        bytes_per_read=a.object_bytes,
        price_per_read=a.read_request_price,
    )
    assert (found["index.cost"].value, found["index.saving"].value) == (asked.cost, asked.saving)


def test_a_petabyte_is_indexed_at_one_price_in_both_parts():
    """Edge's corpus in Part 1 and Part 2's data set are 1 PB each and cost the same to index, even if prices change."""
    for edited in ({}, {"index_overhead": 5, "object_bytes": 3e6}):
        part_1 = scale(track("edge"), [0, 0, 2], [100, 100, 300], edited).indexing_dollars
        for of in ("cloud", "edge"):
            part_2 = (
                figures.recompute(of, {**CONTROLS, "answer": "no"}, edited, FEWER).values["index.cost"].value
            )
            assert part_1 == pytest.approx(part_2, rel=1e-12)
    assert 500 < part_1 < 1000


def test_without_runs_marker_and_answer_there_are_settings_and_prices_only():
    """A report has no figures for things not done; it has edited prices."""
    few = figures.recompute("cloud", CONTROLS, {"label_price": 7.0}, FEWER).values
    assert {path.split(".")[0] for path in few} == {"setting", "price", "own", "measure"}
    assert few["price.label"].value == 7.0


def test_a_genuine_report_agrees_and_a_changed_number_is_found(found):
    """Every captured figure is recomputed; after one is changed, only that one disagrees."""
    values = {path: value.as_dict() for path, value in found.items()}

    cases = figures.recompute("mobile", SETTINGS, {}, FEWER).cases
    assert {"search-closed", "has-runs", "answer-no", "target-fails"} <= set(cases)

    def checks(values, cases=cases):
        entries = {
            "prediction": {"value": FEWER, "said": "fewer"},
            "evidence": {"settings": SETTINGS, "assumptions": {}, "values": values, "cases": cases},
        }
        record = {
            "schema": 3,
            "lab": "0.1.0",
            "reader": "r",
            "entries": {f"mobile/2/{name}": {"value": value, "at": 1} for name, value in entries.items()},
        }
        return verify(Ledger(record))

    genuine = checks(values)
    assert len(genuine) > 80 and all(check.agrees for check in genuine)
    better = {
        **values,
        "run.accuracy": {**values["run.accuracy"], "value": values["run.accuracy"]["value"] + 1e-6},
    }
    assert [check.path for check in checks(better) if not check.agrees] == ["run.accuracy"]
    kinder = ["target-ok" if case == "target-fails" else case for case in cases]
    wrong = [
        (check.path, check.claimed, check.recomputed) for check in checks(values, kinder) if not check.agrees
    ]
    assert wrong == [("cases.target-ok", "holds", None), ("cases.target-fails", None, "holds")]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"batch": 7}, "batch must be one of"),
        ({"seeds": 1000}, "seeds must be a whole number"),
        ({"data": "web"}, "data must be one of"),
        ({"answer": "maybe"}, "answer must be"),
        ({"active.seeds": 10**6}, "seeds must be a whole number"),
        ({"active.labels": 90}, "labels must be from"),
        ({"active.strategy": "random"}, "active.strategy"),
        ({"random.strategy": "margin"}, "random.strategy"),
        ({"marker.budget": 10**9}, "budget must be a whole number"),
        ({"initial": True}, "initial must be a whole number"),
    ],
)
def test_settings_that_cannot_be_are_refused(change, sentence):
    """A report may contain anything, but settings that the page's controls cannot produce are not run."""
    with pytest.raises(ValueError, match=sentence):
        figures.recompute("mobile", {**SETTINGS, **change}, {}, FEWER)


@pytest.mark.parametrize(
    "prediction", [30, {"direction": "up", "prediction": 2}, {"direction": "fewer", "prediction": 0}]
)
def test_a_prediction_that_is_none_is_refused(prediction):
    """A prediction needs one of three directions and a factor from 1 to 100."""
    with pytest.raises(ValueError, match="prediction must be"):
        figures.recompute("cloud", CONTROLS, {}, prediction)


# -- which runs are compared, what the marker is compared with ------------------------------------------------


def lab_run(number, seeds=2, **settings):
    """A complete run as the page keeps it, with invented figures."""
    run = runs_of.LabRun(number, {**CONTROLS, **settings}, 100, 10, True, labels=[20, 40])
    run.right, run.found = [[50, 95]] * seeds, [[1, 5]] * seeds
    return run


RANDOM, MARGIN = lab_run(1, strategy="random", batch=10), lab_run(2, batch=10)


@pytest.mark.parametrize(
    "other",
    [
        {"batch": 50},
        {"initial": 30},
        {"seed": 4},
        {"test_share": 0.4},
        {"data": "rare"},
    ],
)
def test_only_like_is_compared_with_like(other):
    """A newer run that differs in more than the strategy leaves the pair unchanged; without a pair it is alone."""
    for newest in (
        lab_run(3, **{"batch": 10, **other}),
        lab_run(3, strategy="random", **{"batch": 10, **other}),
    ):
        assert runs_of.pair([RANDOM, MARGIN, newest]) == (RANDOM, MARGIN)
        alone = (None, newest) if newest.selects else (newest, None)
        assert runs_of.pair([RANDOM if newest.selects else MARGIN, newest]) == alone


def test_a_run_that_was_cut_off_is_no_partner():
    """Two complete seeds are not compared with one, and an unfinished run is not compared at all."""
    assert runs_of.pair([lab_run(1, 1, strategy="random", batch=10), MARGIN]) == (None, MARGIN)
    under_way = lab_run(3, batch=10)
    under_way.right, under_way.now_right = [], [50]
    assert runs_of.pair([RANDOM, MARGIN, under_way]) == (RANDOM, MARGIN)
    assert runs_of.pair([under_way]) == runs_of.pair([]) == (None, None)


def test_the_newest_pair_is_the_one():
    """A rerun of one run makes a new pair; budgets may differ, since the crossing does not depend on them."""
    again = lab_run(3, batch=10, budget=60, strategy="entropy")
    assert runs_of.pair([RANDOM, MARGIN, again]) == (RANDOM, again)


def test_a_report_cannot_compare_unlike_runs():
    """If a record states two runs with different batches, there is no ratio of them, and a case says so."""
    settings = {**CONTROLS, **again("random", 1, strategy="random", batch=10), **again("active", 2)}
    found = figures.recompute("mobile", settings, {}, FEWER)
    assert found.values["own.ratio"].value is None
    assert "own-unlike" in found.cases and not {"direction-right", "direction-wrong"} & set(found.cases)


def test_a_newest_run_beside_the_pair_is_stated_and_made_again():
    """The shown run and the two runs of the pair may be three runs; a report states all of them."""
    settings = {
        **CONTROLS,
        **again("random", 1, strategy="random"),
        **again("active", 2),
        **again("newest", 3, strategy="entropy", batch=50),
    }
    found = figures.recompute("mobile", settings, {}, FEWER)
    assert found.values["run.number"].value == 3 and found.values["run.strategy"].value == "entropy"
    assert (found.values["pair.random"].value, found.values["pair.active"].value) == (1, 2)
    assert "newest-alone" in found.cases


def test_the_check_holds_the_marker_against_the_limits(found, runs):
    """If a marker is committed at 60 labels, its accuracy, cost and rounds are checked, not the end of the run."""
    mean = np.mean([run.accuracy for run in runs["margin"]], axis=0)
    prices = situation.prices(situation.assumptions(track("mobile"), {}))
    assert found["check.target.value"].value == pytest.approx(mean[2], abs=1e-12)
    assert found["check.budget.value"].value == pytest.approx(
        60 * prices.label + 2 * prices.selection + prices.training
    )
    assert found["check.guardrail.value"].value == 2  # rounds of selection
    cases = figures.recompute("mobile", SETTINGS, {}, FEWER).cases
    assert "check-marker" in cases and "check-run" not in cases


def test_the_check_knows_the_recall_at_the_marker(runs):
    """On a track with a guardrail of recall, the recall at the marker counts."""
    found = figures.recompute("edge", SETTINGS, {}, FEWER).values
    recall = np.mean([run.recall for run in runs["margin"]], axis=0)
    assert found["check.guardrail.value"].value == pytest.approx(recall[2], abs=1e-12)


def verdict(data, own, best):
    """The cases of the verdict for a marker and an optimum, each given as (strategy, batch, labels)."""
    strategy, batch, labels = own
    marker = {"settings": {"strategy": strategy, "batch": batch, "data": data}, "labels": labels}
    place = situation.Situation(track("tiny"), CONTROLS, FEWER, marker=marker)
    stop = Stop(*best, accuracy=0.99, cost=100.0, net=1.0, beyond=False)
    values = {"marker.expected": measured(0.99, "", "made up")}
    return set(of_cases._verdict(place, Judgement(values, stop, 200.0)))


@pytest.mark.parametrize(
    ("data", "own", "best", "said"),
    [
        ("digits", ("margin", 5, 80), ("margin", 10, 70), "better-batch"),
        ("digits", ("margin", 10, 80), ("margin", 10, 70), "better-stop"),
        ("digits", ("entropy", 10, 80), ("margin", 10, 70), "better-strategy"),
        ("digits", ("random", 5, 80), ("random", 10, 70), "better-stop-random"),
        ("digits", ("random", 5, 80), ("margin", 5, 80), "better-strategy"),
        ("digits", ("least_confidence", 10, 80), ("least_confidence", 10, 70), "better-stop"),
        ("breast_cancer", ("entropy", 5, 30), ("least_confidence", 5, 20), "better-stop"),
        ("breast_cancer", ("margin", 10, 30), ("least_confidence", 5, 20), "better-batch"),
        ("breast_cancer", ("random", 5, 30), ("least_confidence", 5, 20), "better-strategy"),
        ("digits", ("margin", 10, 70), ("margin", 10, 70), None),
    ],
)
def test_the_verdict_says_what_was_off(data, own, best, said):
    """The verdict names strategy, batch or stop only if it was off; on two classes all measures are the same."""
    better = {case for case in verdict(data, own, best) if case.startswith("better-")}
    assert better == ({said} if said else set())
    one = data == "breast_cancer" and own[0] not in ("random", best[0])
    assert ("strategies-are-one" in verdict(data, own, best)) is one


@pytest.mark.parametrize("name", ["marker.strategy", "optimum.strategy", "knee.strategy"])
def test_a_strategy_has_one_name(found, name):
    """A strategy has the same name in the figures and in the settings."""
    assert found[name].value in STRATEGIES
