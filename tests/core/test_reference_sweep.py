"""The lab's own sweep: the saved curves equal recomputed ones."""

import json

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from dataselect_core import datasets
from dataselect_core.sampling import MEASURES, active_learning, reference_sweep
from dataselect_core.sampling.project import Prices, project_cost
from dataselect_core.sampling.splits import stratified_split
from dataselect_core.sampling.sweep import sweep
from dataselect_core.tracks import track


@pytest.mark.parametrize("name", list(reference_sweep.SIZES))
def test_the_saved_sweep_equals_the_computed_sweep(name):
    """A sample of curves of each problem, one seed each, equals `active_learning` with the same settings."""
    problem = reference_sweep.problem(name)
    curves = reference_sweep.curves(name)
    assert [(c.strategy, c.batch_size) for c in curves[1:]] == [
        (s, b) for s in ("least_confidence", "margin", "entropy") for b in reference_sweep.BATCH_SIZES
    ]
    assert all(c.accuracy.shape == (len(reference_sweep.SEEDS), len(c.labels)) for c in curves)
    for curve, seed in ((curves[5], 4), (curves[0], 9), (curves[10], 0)):
        run = active_learning(
            *reference_sweep.split(problem, problem.test_share, seed),
            curve.strategy,
            curve.batch_size,
            problem.initial,
            min(int(curve.labels[-1]), 500),
            seed,
            recall_class=None if problem.rare is None else problem.rare[0],
        )
        rounds = len(run.labels)
        same_labels = curve.labels[:rounds] == run.labels
        np.testing.assert_array_equal(curve.accuracy[seed, :rounds][same_labels], run.accuracy[same_labels])
        assert same_labels.sum() >= rounds - 1
        if problem.rare is not None:
            np.testing.assert_array_equal(curve.recall[seed, :rounds][same_labels], run.recall[same_labels])


def test_packed_curves_are_unpacked_exactly():
    """Curves are packed as whole numbers without loss."""
    curves = reference_sweep.curves("rare")[:3]
    unpacked = reference_sweep.unpack(json.loads(json.dumps(reference_sweep.pack(curves, 540, 52))))
    for one, two in zip(curves, unpacked, strict=True):
        np.testing.assert_array_equal(one.accuracy, two.accuracy)
        np.testing.assert_array_equal(one.recall, two.recall)
        np.testing.assert_array_equal(one.labels, two.labels)


@pytest.mark.parametrize("function", [reference_sweep.problem, reference_sweep.curves, reference_sweep.run])
def test_an_unknown_problem_is_refused(function):
    """The error names the argument, and what is allowed."""
    with pytest.raises(
        ValueError, match="name must be one of digits, rare, breast_cancer, speech, not 'mnist'"
    ):
        function("mnist")


@pytest.mark.parametrize("name", list(reference_sweep.SIZES))
def test_run_tries_every_strategy_batch_size_and_seed(name, monkeypatch):
    """`run` tries each strategy with each batch size and seed; random sampling is first and gets the most labels."""
    rare, critical, initial, _, _ = reference_sweep.SIZES[name]
    monkeypatch.setitem(reference_sweep.SIZES, name, (rare, critical, initial, 40, 60))
    monkeypatch.setattr(reference_sweep, "SEEDS", (3, 5))
    monkeypatch.setattr(reference_sweep, "BATCH_SIZES", (10, 20))
    reported = []
    curves = reference_sweep.run(name, reported.append)
    assert [(c.strategy, c.batch_size) for c in curves] == [
        ("random", 10),
        *((strategy, batch) for strategy in MEASURES for batch in (10, 20)),
    ]
    assert reported == curves and curves[0].labels[-1] == 60 and curves[1].labels[-1] == 40
    problem = reference_sweep.problem(name)
    options = {"rare": rare, "test_share": problem.test_share, "standardised": name == "speech"}
    (expected,) = sweep(problem.X, problem.y, ("margin",), (20,), initial, 40, (3, 5), **options)
    np.testing.assert_array_equal(curves[4].accuracy, expected.accuracy)


def test_the_rare_class_is_rare_only_in_the_pool():
    """The pool has six eights, and the test set keeps all of its eights."""
    X, y, X_test, y_test = reference_sweep.split(reference_sweep.problem("rare"), 0.3, 1)
    assert (y == 8).sum() == 6 and len(X) == len(y) == 1141
    assert (y_test == 8).sum() == 52 and len(X_test) == 540


def test_speech_has_500_utterances_for_sale_and_140_as_the_field():
    """Each seed draws them in equal proportions of the speakers, on the scale of the utterances for sale."""
    speech = datasets.speech()
    features = np.array([[*utterance.mean(axis=0), *utterance.std(axis=0)] for utterance in speech.cepstra])
    problem = reference_sweep.problem("speech")
    for seed in (0, 7):
        X, y, X_test, y_test = reference_sweep.split(problem, problem.test_share, seed)
        pool, test = stratified_split(speech.y, 140 / 640, seed)
        assert len(pool) == 500 and len(test) == 140
        scaler = StandardScaler().fit(features[pool])
        np.testing.assert_allclose(X, scaler.transform(features[pool]), atol=1e-9)
        np.testing.assert_allclose(X_test, scaler.transform(features[test]), atol=1e-9)
        np.testing.assert_array_equal(y, speech.y[pool])
        np.testing.assert_array_equal(y_test, speech.y[test])
        assert (y_test == problem.critical).sum() == 13


def test_the_limits_of_real_speech_can_be_met_but_not_by_its_first_setting():
    """Over ten seeds the first setting of Tiny Pioneer misses the budget alone, and margin in tens meets all limits."""
    part = track("tiny").part_2
    problem = reference_sweep.problem(part.problem)
    names = ("label_price", "score_price", "pool_size", "training_price", "evaluation_labels")
    prices = Prices(*(getattr(part, name).value for name in names))

    def met(strategy, batch_size):
        runs = [
            active_learning(
                *reference_sweep.split(problem, problem.test_share, seed),
                strategy,
                batch_size,
                problem.initial,
                200,
                seed,
                recall_class=problem.critical,
            )
            for seed in range(10)
        ]
        accuracy, recall = (
            np.mean([getattr(run, name) for run in runs], axis=0) for name in ("accuracy", "recall")
        )
        stop = int(np.argmax(accuracy >= part.target.value))
        cost = project_cost(runs[0].labels, True, prices).total[stop]
        return (
            accuracy[stop] >= part.target.value,
            cost <= part.budget.value,
            recall[stop] >= part.limit.value,
        )

    assert met(part.strategy, int(part.batch_size.value)) == (True, False, True)
    assert met("margin", 10) == (True, True, True)
