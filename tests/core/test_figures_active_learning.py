"""The figures of Part 2: made from the settings of a report alone, and checked one by one."""

import numpy as np
import pytest
from scipy.stats import norm, sem, t

from dataselect_core.economics.break_even import indexing_question
from dataselect_core.facts import load
from dataselect_core.figures.active_learning import cases as case_module
from dataselect_core.figures.active_learning import figures, situation
from dataselect_core.figures.active_learning import runs as run_module
from dataselect_core.figures.active_learning.verdict import Judgement
from dataselect_core.figures.deduplication.situation import scale
from dataselect_core.learners import SoftmaxRegression
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


def run_settings(name, number, labels=80, **settings):
    """The settings of a run as a report states them."""
    merged = {key: value for key, value in CONTROLS.items() if key != "data"} | settings
    return {f"{name}.{key}": value for key, value in {**merged, "number": number, "labels": labels}.items()}


SETTINGS = {
    **CONTROLS,
    **run_settings("random", 1, strategy="random"),
    **run_settings("active", 2),
    "runs_used": 2,
    "answer": "no",
    **run_settings("marker", 2, labels=60),
    "marker.data": "digits",
}


@pytest.fixture(scope="module")
def mobile_values():
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


def test_the_latest_run_equals_active_learning(mobile_values, runs):
    """Labels, accuracy, recall and crossing equal those of the runs themselves, and cost follows the track's prices."""
    margin = runs["margin"]
    mean = np.mean([run.accuracy for run in margin], axis=0)
    assert mobile_values["run.number"].value == 2 and mobile_values["run.last_seed"].value == 4
    assert mobile_values["run.labels"].value == margin[0].labels[-1] == 80
    assert mobile_values["run.accuracy"].value == pytest.approx(mean[-1], abs=1e-12)
    assert mobile_values["run.recall"].value == pytest.approx(
        np.mean([run.recall[-1] for run in margin]), abs=1e-12
    )
    crossing = float(labels_to_reach(margin[0].labels, mean, 0.9))
    assert mobile_values["run.crossing"].value == (None if np.isnan(crossing) else pytest.approx(crossing))
    prices = situation.prices(situation.assumptions(track("mobile"), {}))
    cost = project_cost(margin[0].labels, True, prices).total
    assert mobile_values["run.cost"].value == pytest.approx(cost[-1])
    assert mobile_values["price.round"].value == pytest.approx(prices.pool * prices.score + prices.training)


def test_the_marker_is_at_its_number_of_labels(mobile_values, runs):
    """The accuracy is that of the run at the marker's labels, and the optimum equals the sweep's."""
    mean = np.mean([run.accuracy for run in runs["margin"]], axis=0)
    assert mobile_values["marker.accuracy"].value == pytest.approx(mean[2], abs=1e-12)
    prices = situation.prices(situation.assumptions(track("mobile"), {}))
    best = cheapest(reference_sweep.curves("digits"), prices, track("mobile").part_2.target.value)
    assert mobile_values["optimum.labels"].value == best.labels
    cost = (60 + 100) * prices.label + 2 * prices.selection + prices.training  # 100: the evaluation set
    assert mobile_values["optimum.gap_dollars"].value == pytest.approx(cost - best.cost)


def test_the_indexing_bill_equals_indexing_question(mobile_values):
    """Cost and saving of indexing follow from the track's sizes and the lab's prices."""
    a = situation.assumptions(track("mobile"), {})
    answer = indexing_question(
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
        decode_seconds_per_megabyte=a.decode_time,
        content_share=a.content_share,
    )
    assert answer.cost_parts["decoding"] > answer.cost_parts["signatures"] > 0  # pictures
    assert (mobile_values["index.cost"].value, mobile_values["index.saving"].value) == (
        answer.cost,
        answer.saving,
    )


def petabyte(track_id, edited):
    """The figures of the question about indexing."""
    return figures.recompute(track_id, {**CONTROLS, "answer": "no"}, edited, FEWER).values


def test_indexing_a_petabyte_costs_the_same_in_both_parts():
    """Edge's corpus in Part 1 and its data set in Part 2 are 1 PB of raw video each, and cost the same to index."""
    for edited in ({}, {"index_overhead": 5, "object_bytes": 3e6}, {"decode_time": 0.13}):
        part_1 = scale(track("edge"), [0, 0, 2], [100, 100, 300], edited).indexing_dollars
        assert part_1 == pytest.approx(petabyte("edge", edited)["index.cost"].value, rel=1e-12)
    assert part_1 == pytest.approx(3 * 1e9 * 0.13 / 3600 * 0.0408, rel=0.01)  # nearly all of it is decoding


@pytest.mark.parametrize(
    ("track_id", "kind", "case"),
    [
        ("cloud", "text", "range-saves"),
        ("edge", "raw video", "range-depends"),
        ("mobile", "pictures", "range-saves"),
        ("tiny", "sound", "range-costs"),
    ],
)
def test_each_track_pays_for_its_kind_of_data(track_id, kind, case):
    """The bill has the rates of the track's data, and "it depends" where the ends of the range disagree."""
    values = petabyte(track_id, {})
    numbers = {path: value.value for path, value in values.items()}
    rates = load("kinds")[kind]
    content = 1e15 * numbers["index.content"]
    assert numbers["index.core_hours"] == pytest.approx(content / rates["signature_rate"]["value"] / 3600)
    assert numbers["index.decode_hours"] == pytest.approx(1e9 * rates["decode_time"]["value"] / 3600)
    hours = numbers["index.core_hours"] + numbers["index.decode_hours"]
    assert numbers["index.cost"] == pytest.approx(3 * 0.0408 * hours + numbers["index.reads"])
    factor = 2.5 * 24 * 64 / (1.21e12 * 4) * 71e6 * 3600  # SlimPajama's core-hours for each of our signatures
    assert numbers["index.cost_high"] == pytest.approx(factor * 0.0408 * hours + numbers["index.reads"])
    found = figures.recompute(track_id, {**CONTROLS, "answer": "no"}, {}, FEWER).cases
    assert case in found and f"kind-{'text' if kind == 'text' else 'other'}" in found


def test_the_share_of_text_reduces_both_sides():
    """With a tenth of the text there are a tenth of the signatures and of the saving, and as many reads."""
    whole, tenth = (petabyte("cloud", {"content_share": share}) for share in (1, 0.1))
    for path in ("index.signatures", "index.saving", "index.samples"):
        assert tenth[path].value == pytest.approx(whole[path].value / 10)
    assert tenth["index.reads"].value == whole["index.reads"].value > 0


@pytest.mark.parametrize(
    ("edited", "yes", "no"),
    [
        ({}, {"share-turns", "gpu-turns", "decode-turns"}, {"no-share-turns"}),
        (
            {"gpu_seconds_per_sample": 0},
            {"no-share-turns", "no-decode-turns", "gpu-turns"},
            {"share-turns"},
        ),
        ({"score_price": 0, "looks": 0}, {"no-looks-turn"}, {"looks-turn"}),
    ],
)
def test_a_sentence_says_where_no_value_changes_the_answer(edited, yes, no):
    """Each break-even of the texts has a case, or the case that there is none, and never both."""
    found = set(figures.recompute("cloud", {**CONTROLS, "answer": "no"}, edited, FEWER).cases)
    assert yes <= found and not no & found


def test_a_report_without_runs_has_only_settings_and_prices():
    """A report has no figures for things not done; it has edited prices."""
    values = figures.recompute("cloud", CONTROLS, {"label_price": 7.0}, FEWER).values
    assert {path.split(".")[0] for path in values} == {"setting", "price", "own", "measure"}
    assert values["price.label"].value == 7.0


def test_a_genuine_report_agrees_and_a_changed_number_disagrees(mobile_values):
    """Every captured figure is recomputed; after one is changed, only that one disagrees."""
    values = {path: value.as_dict() for path, value in mobile_values.items()}

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
    forged = {
        **values,
        "run.accuracy": {**values["run.accuracy"], "value": values["run.accuracy"]["value"] + 1e-6},
    }
    assert [check.path for check in checks(forged) if not check.agrees] == ["run.accuracy"]
    forged_cases = ["target-ok" if case == "target-fails" else case for case in cases]
    disagreements = [
        (check.path, check.claimed, check.recomputed)
        for check in checks(values, forged_cases)
        if not check.agrees
    ]
    assert disagreements == [("cases.target-ok", "holds", None), ("cases.target-fails", None, "holds")]


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
def test_impossible_settings_are_refused(change, sentence):
    """A report may contain anything, but settings that the page's controls cannot produce are not run."""
    with pytest.raises(ValueError, match=sentence):
        figures.recompute("mobile", {**SETTINGS, **change}, {}, FEWER)


@pytest.mark.parametrize(
    "prediction", [30, {"direction": "up", "prediction": 2}, {"direction": "fewer", "prediction": 0}]
)
def test_an_invalid_prediction_is_refused(prediction):
    """A prediction needs one of three directions and a factor from 1 to 100."""
    with pytest.raises(ValueError, match="prediction must be"):
        figures.recompute("cloud", CONTROLS, {}, prediction)


# -- which runs are compared, what the marker is compared with ------------------------------------------------


def lab_run(number, seeds=2, **settings):
    """A complete run as the page keeps it, with invented figures."""
    run = run_module.LabRun(number, {**CONTROLS, **settings}, 100, 10, True, labels=[20, 40])
    run.right, run.found = [[50, 95]] * seeds, [[1, 5]] * seeds
    return run


RANDOM, MARGIN = lab_run(1, strategy="random", batch=10), lab_run(2, batch=10)


@pytest.mark.parametrize(
    "difference",
    [
        {"batch": 50},
        {"initial": 30},
        {"seed": 4},
        {"test_share": 0.4},
        {"data": "rare"},
    ],
)
def test_runs_that_differ_in_more_than_the_strategy_are_not_paired(difference):
    """A newer run that differs in more than the strategy leaves the pair unchanged; without a pair it is alone."""
    for newest in (
        lab_run(3, **{"batch": 10, **difference}),
        lab_run(3, strategy="random", **{"batch": 10, **difference}),
    ):
        assert run_module.pair([RANDOM, MARGIN, newest]) == (RANDOM, MARGIN)
        unpaired = (None, newest) if newest.selects else (newest, None)
        assert run_module.pair([RANDOM if newest.selects else MARGIN, newest]) == unpaired


def test_an_incomplete_run_is_not_paired():
    """Two complete seeds are not compared with one, and an unfinished run is not compared at all."""
    assert run_module.pair([lab_run(1, 1, strategy="random", batch=10), MARGIN]) == (None, MARGIN)
    unfinished = lab_run(3, batch=10)
    unfinished.right, unfinished.now_right = [], [50]
    assert run_module.pair([RANDOM, MARGIN, unfinished]) == (RANDOM, MARGIN)
    assert run_module.pair([unfinished]) == run_module.pair([]) == (None, None)


def test_a_repeated_run_makes_a_new_pair():
    """A rerun of one run makes a new pair; budgets may differ, since the crossing does not depend on them."""
    rerun = lab_run(3, batch=10, budget=60, strategy="entropy")
    assert run_module.pair([RANDOM, MARGIN, rerun]) == (RANDOM, rerun)


def test_a_report_cannot_compare_unlike_runs():
    """If a record states two runs with different batches, there is no ratio of them, and a case says so."""
    settings = {
        **CONTROLS,
        **run_settings("random", 1, strategy="random", batch=10),
        **run_settings("active", 2),
    }
    findings = figures.recompute("mobile", settings, {}, FEWER)
    assert findings.values["own.ratio"].value is None
    assert "own-unlike" in findings.cases and not {"direction-right", "direction-wrong"} & set(findings.cases)


def test_a_newer_run_next_to_the_pair_is_recomputed():
    """The shown run and the two runs of the pair may be three runs; a report states all of them."""
    settings = {
        **CONTROLS,
        **run_settings("random", 1, strategy="random"),
        **run_settings("active", 2),
        **run_settings("newest", 3, strategy="entropy", batch=50),
    }
    findings = figures.recompute("mobile", settings, {}, FEWER)
    assert findings.values["run.number"].value == 3 and findings.values["run.strategy"].value == "entropy"
    assert (findings.values["pair.random"].value, findings.values["pair.active"].value) == (1, 2)
    assert "newest-alone" in findings.cases


def test_the_check_compares_the_marker_with_the_limits(mobile_values, runs):
    """If a marker is committed at 60 labels, its accuracy, cost and rounds are checked, not the end of the run."""
    mean = np.mean([run.accuracy for run in runs["margin"]], axis=0)
    prices = situation.prices(situation.assumptions(track("mobile"), {}))
    assert mobile_values["check.target.value"].value == pytest.approx(mean[2], abs=1e-12)
    assert mobile_values["check.budget.value"].value == pytest.approx(
        (60 + 100) * prices.label + 2 * prices.selection + prices.training
    )
    assert mobile_values["check.guardrail.value"].value == 2  # rounds of selection
    cases = figures.recompute("mobile", SETTINGS, {}, FEWER).cases
    assert "check-marker" in cases and "check-run" not in cases


def test_the_check_uses_the_recall_at_the_marker(runs):
    """On a track with a guardrail of recall, the recall at the marker counts."""
    values = figures.recompute("edge", SETTINGS, {}, FEWER).values
    recall = np.mean([run.recall for run in runs["margin"]], axis=0)
    assert values["check.guardrail.value"].value == pytest.approx(recall[2], abs=1e-12)


def verdict(data, chosen, best):
    """The cases of the verdict for a marker and an optimum, each given as (strategy, batch, labels)."""
    strategy, batch, labels = chosen
    marker = {"settings": {"strategy": strategy, "batch": batch, "data": data}, "labels": labels}
    case_situation = situation.Situation(track("tiny"), CONTROLS, FEWER, marker=marker)
    stop = Stop(*best, accuracy=0.99, cost=100.0, net=1.0, beyond=False)
    values = {"marker.expected": measured(0.99, "", "made up")}
    return set(case_module._verdict(case_situation, Judgement(values, stop, 200.0)))


@pytest.mark.parametrize(
    ("data", "chosen", "best", "expected"),
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
def test_the_verdict_names_the_better_choice(data, chosen, best, expected):
    """The verdict names strategy, batch or stop only if it was off; on two classes all measures are the same."""
    better = {case for case in verdict(data, chosen, best) if case.startswith("better-")}
    assert better == ({expected} if expected else set())
    same_measure = data == "breast_cancer" and chosen[0] not in ("random", best[0])
    assert ("strategies-are-one" in verdict(data, chosen, best)) is same_measure


@pytest.mark.parametrize("name", ["marker.strategy", "optimum.strategy", "knee.strategy"])
def test_a_strategy_has_one_name(mobile_values, name):
    """A strategy has the same name in the figures and in the settings."""
    assert mobile_values[name].value in STRATEGIES


# -- the evaluation set ---------------------------------------------------------------------------------------


def test_the_evaluation_set_is_in_the_bill_and_says_how_exact_it_is(mobile_values):
    """Its labels at the label's price are part of the bill; its interval is Wilson's at the accuracy that is checked."""
    label_price = track("mobile").part_2.label_price.value
    assert mobile_values["evaluation.dollars"].value == 100 * label_price
    assert mobile_values["run.dollars_evaluation"].value == 100 * label_price
    parts = [
        mobile_values[f"run.dollars_{name}"].value for name in ("labels", "scoring", "training", "evaluation")
    ]
    assert sum(parts) == pytest.approx(mobile_values["run.cost"].value)
    accuracy = mobile_values["check.target.value"].value
    z = norm.ppf(0.975)
    middle, half = accuracy + z * z / 200, z * np.sqrt(accuracy * (1 - accuracy) / 100 + z * z / 40_000)
    ends = [(middle - half) / (1 + z * z / 100), (middle + half) / (1 + z * z / 100)]
    assert [mobile_values["evaluation.low"].value, mobile_values["evaluation.high"].value] == pytest.approx(
        ends
    )
    assert mobile_values["evaluation.share"].value == pytest.approx(
        100 * label_price / mobile_values["check.budget.value"].value
    )


@pytest.mark.parametrize(("labels", "said"), [(100, "target-unsure"), (1_000_000, "target-sure")])
def test_too_small_an_evaluation_set_cannot_tell_whether_the_target_is_met(labels, said):
    """With 100 samples the interval contains a target two points away; with a million it does not."""
    settings = {
        **SETTINGS,
        **run_settings("active", 2, budget=300, labels=300),
        **run_settings("marker", 2, budget=300, labels=200),
    }
    found = figures.recompute("mobile", settings, {"evaluation_labels": labels}, FEWER)
    assert {"target-unsure", "target-sure"} & set(found.cases) == {said}
    low, high = (found.values[f"evaluation.{end}"].value for end in ("low", "high"))
    assert (low <= found.values["check.target.limit"].value <= high) is (said == "target-unsure")


def test_on_edge_the_accuracy_at_the_natural_prior_stands_beside_the_recall(runs):
    """With eights as rare as in the pool, the accuracy is that of the nine other digits, whatever the recall."""
    controls = {**CONTROLS, "data": "rare", "strategy": "random"}
    settings = {**controls, **run_settings("random", 1, strategy="random")}
    found = figures.recompute("edge", settings, {}, FEWER).values
    p = reference_sweep.problem("rare")
    right = others = 0.0
    for seed in (3, 4):
        X, y, X_test, y_test = reference_sweep.split(p, 0.3, seed)
        run = label(X, y, X_test, y_test, "random", 20, 20, 80, seed, recall_class=8)
        bought = np.concatenate([run.start, run.queried])
        model = SoftmaxRegression().fit(X[bought], y[bought])
        good = model.predict(X_test) == y_test
        right, others = right + good[y_test == 8].mean() / 2, others + good[y_test != 8].mean() / 2
    prior = 6 / len(y)
    assert found["evaluation.prior"].value == pytest.approx(prior)
    assert found["evaluation.recall"].value == pytest.approx(right)
    assert found["evaluation.natural"].value == pytest.approx(prior * right + (1 - prior) * others)
    assert found["evaluation.natural"].value > found["check.target.value"].value + 0.05
    assert found["evaluation.watched"].value == pytest.approx(100 * prior)
    assert found["run.natural"].value == pytest.approx(
        found["evaluation.natural"].value
    )  # the run stops at its end


def test_what_choosing_saves_on_edge_is_mostly_the_prior():
    """In the sweep, random sampling needs many times the labels on the test set, and hardly more at the natural prior."""
    controls = {**CONTROLS, "data": "rare", "batch": 10}
    settings = {**controls, **run_settings("active", 2, batch=10)}
    found = {
        path: value.value for path, value in figures.recompute("edge", settings, {}, FEWER).values.items()
    }
    random, margin = (
        next(c for c in reference_sweep.curves("rare") if (c.strategy, c.batch_size) == (name, 10))
        for name in ("random", "margin")
    )
    share, prior = 52 / 540, 6 / 1141
    for name, c in (("random", random), ("active", margin)):
        others = (c.mean - share * c.recall.mean(axis=0)) / (1 - share)
        natural = prior * c.recall.mean(axis=0) + (1 - prior) * others
        first = int((natural >= 0.9).argmax())
        assert c.labels[first - 1] < found[f"swept.natural_{name}"] <= c.labels[first]
    assert found["swept.random"] / found["swept.active"] > 4
    assert found["swept.natural_random"] / found["swept.natural_active"] < 2


# -- how sure a comparison is ---------------------------------------------------------------------------------


def test_a_pair_of_runs_is_compared_seed_by_seed(mobile_values, runs):
    """The gap is the mean over seeds of the labels that random sampling needs more, with scipy's interval."""
    settings = {
        **CONTROLS,
        "budget": 300,
        **run_settings("random", 1, strategy="random", budget=300, labels=300, seeds=4),
        **run_settings("active", 2, budget=300, labels=300, seeds=4),
    }
    told = figures.recompute("mobile", settings, {}, FEWER)
    p = reference_sweep.problem("digits")
    needed = [
        [
            float(labels_to_reach(run.labels, run.accuracy, 0.9))
            for run in (
                label(*reference_sweep.split(p, 0.3, seed), strategy, 20, 20, 300, seed)
                for seed in range(3, 7)
            )
        ]
        for strategy in ("random", "margin")
    ]
    gaps = np.subtract(*needed)
    low, high = t.interval(0.95, 3, gaps.mean(), sem(gaps))
    gap, half = told.values["own.gap"].value, told.values["own.half"].value
    assert (gap, gap - half, gap + half) == pytest.approx((gaps.mean(), low, high), abs=1e-2)
    assert ("own-sure" in told.cases) is bool(low > 0 or high < 0)


@pytest.mark.parametrize(
    ("gap", "half", "said"),
    [
        (30.0, 10.0, "own-sure"),
        (-30.0, 10.0, "own-sure"),
        (5.0, 10.0, "own-unsure"),
        (5.0, None, "own-unknown"),
    ],
)
def test_an_interval_that_holds_zero_tells_nothing(gap, half, said):
    """Within the interval, or without one, two runs cannot be told apart."""
    assert case_module.how_sure(gap, half) == said


@pytest.mark.parametrize("seeds", [1, 2, 3])
@pytest.mark.parametrize("batch", [10, 50])
def test_every_direction_comes_with_how_sure_it_is(seeds, batch):
    """One sentence says how sure the pair is, and only a sure pair makes a direction right or wrong."""
    settings = {
        **CONTROLS,
        **run_settings("random", 1, strategy="random", batch=batch, seeds=seeds, budget=200, labels=200),
        **run_settings("active", 2, batch=batch, seeds=seeds, budget=200, labels=200),
    }
    told = figures.recompute("mobile", settings, {}, FEWER)
    sure = {"own-sure", "own-unsure", "own-unknown"} & set(told.cases)
    assert len(sure) == ("own-measured" in told.cases)
    assert bool({"direction-right", "direction-wrong"} & set(told.cases)) == (sure == {"own-sure"})
    if seeds == 1 and sure:
        assert sure == {"own-unknown"}


def test_a_run_of_one_seed_is_never_called_behind(runs):
    """Whether a run is behind needs an interval, so more than one seed, and a gap that is larger."""
    for seeds in (1, 3):
        settings = {
            **CONTROLS,
            **run_settings("active", 2, strategy="entropy", seeds=seeds, budget=200, labels=200),
        }
        told = figures.recompute("mobile", settings, {}, FEWER)
        gap, half = (told.values[f"behind.{name}"].value for name in ("gap", "half"))
        assert (half is None) is (seeds == 1)
        assert ("entropy-behind" in told.cases) is (half is not None and gap > max(half, 0.01))


def test_the_marker_and_the_optimum_have_their_intervals(mobile_values):
    """Half widths over the ten seeds of the sweep equal scipy's."""
    curve = next(c for c in reference_sweep.curves("digits") if (c.strategy, c.batch_size) == ("margin", 20))
    at = [float(np.interp(60, curve.labels, row)) for row in curve.accuracy]
    assert mobile_values["marker.expected_half"].value == pytest.approx(t.ppf(0.975, 9) * sem(at), rel=1e-3)
    assert 0 < mobile_values["optimum.half"].value < 0.03
