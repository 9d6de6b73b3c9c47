"""The lab's own sweep: the saved curves equal recomputed ones."""

import json

import numpy as np
import pytest

from dataselect_core.sampling import MEASURES, active_learning, reference_sweep
from dataselect_core.sampling.sweep import sweep


@pytest.mark.parametrize("name", list(reference_sweep.SIZES))
def test_the_sweep_that_was_built_is_what_the_core_computes(name):
    """A sample of curves of each problem, one seed each, equals `active_learning` with the same settings."""
    problem = reference_sweep.problem(name)
    curves = reference_sweep.curves(name)
    assert [(c.strategy, c.batch_size) for c in curves[1:]] == [
        (s, b) for s in ("least_confidence", "margin", "entropy") for b in reference_sweep.BATCH_SIZES
    ]
    assert all(c.accuracy.shape == (len(reference_sweep.SEEDS), len(c.labels)) for c in curves)
    for curve, seed in ((curves[5], 4), (curves[0], 9), (curves[10], 0)):
        run = active_learning(
            *reference_sweep.split(problem, reference_sweep.TEST_SHARE, seed),
            curve.strategy,
            curve.batch_size,
            problem.initial,
            min(int(curve.labels[-1]), 500),
            seed,
            recall_class=None if problem.rare is None else problem.rare[0],
        )
        rounds = len(run.labels)
        whole = curve.labels[:rounds] == run.labels
        np.testing.assert_array_equal(curve.accuracy[seed, :rounds][whole], run.accuracy[whole])
        assert whole.sum() >= rounds - 1
        if problem.rare is not None:
            np.testing.assert_array_equal(curve.recall[seed, :rounds][whole], run.recall[whole])


def test_packed_curves_come_back_to_the_last_bit():
    """Curves are packed as whole numbers without loss."""
    curves = reference_sweep.curves("rare")[:3]
    again = reference_sweep.unpack(json.loads(json.dumps(reference_sweep.pack(curves, 540, 52))))
    for one, two in zip(curves, again, strict=True):
        np.testing.assert_array_equal(one.accuracy, two.accuracy)
        np.testing.assert_array_equal(one.recall, two.recall)
        np.testing.assert_array_equal(one.labels, two.labels)


@pytest.mark.parametrize("ask", [reference_sweep.problem, reference_sweep.curves, reference_sweep.run])
def test_an_unknown_problem_is_named(ask):
    """The error names the argument, and what is allowed."""
    with pytest.raises(ValueError, match="name must be one of digits, rare, breast_cancer, not 'mnist'"):
        ask("mnist")


@pytest.mark.parametrize("name", list(reference_sweep.SIZES))
def test_a_sweep_is_run_from_the_settings_named(name, monkeypatch):
    """`run` tries each strategy with each batch size and seed; random sampling is first and gets the most labels."""
    rare, critical, initial, _, _ = reference_sweep.SIZES[name]
    monkeypatch.setitem(reference_sweep.SIZES, name, (rare, critical, initial, 40, 60))
    monkeypatch.setattr(reference_sweep, "SEEDS", (3, 5))
    monkeypatch.setattr(reference_sweep, "BATCH_SIZES", (10, 20))
    seen = []
    found = reference_sweep.run(name, seen.append)
    assert [(c.strategy, c.batch_size) for c in found] == [
        ("random", 10),
        *((strategy, batch) for strategy in MEASURES for batch in (10, 20)),
    ]
    assert seen == found and found[0].labels[-1] == 60 and found[1].labels[-1] == 40
    problem = reference_sweep.problem(name)
    (again,) = sweep(problem.X, problem.y, ("margin",), (20,), initial, 40, (3, 5), rare=rare)
    np.testing.assert_array_equal(found[4].accuracy, again.accuracy)


def test_the_rare_class_is_rare_in_the_pool_only():
    """The pool has six eights, and the test set keeps all of its eights."""
    X, y, X_test, y_test = reference_sweep.split(reference_sweep.problem("rare"), 0.3, 1)
    assert (y == 8).sum() == 6 and len(X) == len(y) == 1141
    assert (y_test == 8).sum() == 52 and len(X_test) == 540
