"""Learning curves of a classifier: compared with scikit-learn trained from scratch, and the effect of copies."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from dataselect_core import datasets
from dataselect_core.information.sample_curve import L2, PASSES, SamplePlan
from dataselect_core.learners.softmax_fixed import probabilities, train


@pytest.fixture(scope="module")
def digits():
    """Four hundred digits in blocks of 2 x 2 pixels."""
    X, y = datasets.digits()
    return X[:400].reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16), y[:400]


def plan(X, y, seed=1, heldout=100, mass=None):
    mass = np.full(len(y), 64) if mass is None else mass
    return SamplePlan(
        X, y, 10, mass, 64, np.arange(len(y) - heldout), np.arange(len(y) - heldout, len(y)), seed
    )


@pytest.mark.parametrize("l2", [0.003, 0.1, 3.0])
def test_many_passes_reach_scikit_learns_minimum(digits, l2):
    """The objective is LogisticRegression's with C = 1 / l2, so many passes reach the same probabilities."""
    X, y = digits
    weights, _ = train(X[:300], y[:300], 10, l2, 20_000)
    model = LogisticRegression(C=1 / l2, tol=1e-12, max_iter=20_000).fit(X[:300], y[:300])
    assert probabilities(weights, X[300:]) == pytest.approx(model.predict_proba(X[300:]), abs=1e-4)


def test_every_point_equals_a_model_trained_from_scratch(digits):
    """Each loss is that of a new model trained on the samples read so far, tempered as stated, near scikit-learn's."""
    X, y = digits
    sample_plan = plan(X, y)
    keep = np.arange(400) % 3 > 0
    curve = sample_plan.curve(keep)
    order = sample_plan.train_index[keep[sample_plan.train_index]]
    assert curve.documents[-1] == len(order) and curve.documents.size == 6
    for i, end in enumerate(curve.documents.tolist()):
        samples = order[:end]
        weights, cost = train(X[samples], y[samples], 10, L2 * end, PASSES)
        assert curve.operations[i] == cost
        assert curve.loss[i] == pytest.approx(
            tempered(probabilities(weights, X[300:]), end, y[300:]), abs=1e-12
        )
        model = LogisticRegression(C=1 / (L2 * end), tol=1e-10, max_iter=10_000).fit(X[samples], y[samples])
        p = np.zeros((100, 10))
        p[:, model.classes_] = model.predict_proba(X[300:])
        assert curve.loss[i] == pytest.approx(tempered(p, end, y[300:]), abs=0.02)


def tempered(p, n, y):
    """Log-loss of (n p + 1) / (n + k)."""
    return -np.log(((n * p + 1) / (n + p.shape[1]))[np.arange(len(y)), y]).mean()


def test_operations_follow_from_the_shapes(digits):
    """Operations follow from the shapes of the products; 6ND counts each parameter for each reading."""
    X, y = digits
    mass = 64 * (1 + np.arange(400) % 3)
    sample_plan = plan(X, y, mass=mass)
    curve = sample_plan.curve(checkpoints=[50, 120, 300])
    assert curve.documents.tolist() == [50, 120, 300]
    assert curve.tokens.tolist() == [mass[sample_plan.train_index[:end]].sum() for end in (50, 120, 300)]
    per_pass = [4 * end * 17 * 10 + 2 * 17**2 * 10 for end in (50, 120, 300)]
    once = [2 * end * 17**2 + 2 * 17**3 for end in (50, 120, 300)]
    assert curve.operations.tolist() == [a + 100 * b for a, b in zip(once, per_pass, strict=True)]
    assert curve.parameters.tolist() == [170] * 3
    assert curve.flops.tolist() == (6 * 170 * 100 * curve.tokens / 64).tolist()
    assert sample_plan.uniform_loss == pytest.approx(np.log(10))


def test_exact_copies_do_not_change_the_final_loss(digits):
    """Exact copies do not change the final model, since the penalty grows with the samples; only the cost rises."""
    X, y = digits
    twice = SamplePlan(
        np.concatenate([X[:300], X]),
        np.concatenate([y[:300], y]),
        10,
        np.full(700, 64),
        64,
        np.arange(600),
        np.arange(600, 700),
    )
    raw, once = twice.curve(), twice.curve(np.arange(700) >= 300)
    n = 300
    assert raw.tokens[-1] == 2 * once.tokens[-1]
    assert raw.operations[-1] > 1.8 * once.operations[-1]
    # Only the tempering differs: (n p + 1) / (n + 10) with n or 2 n.
    assert raw.loss[-1] == pytest.approx(once.loss[-1], abs=10 / n)


def test_an_unread_class_keeps_a_small_probability():
    """If only one class has been read, the other keeps a probability of at least its tempered share."""
    X = np.linspace(0, 1, 12).reshape(-1, 1)
    y = np.array([0] * 8 + [1] * 4)
    sample_plan = SamplePlan(X, y, 2, np.ones(12, int), 1, np.arange(8), np.arange(8, 12))
    curve = sample_plan.curve(checkpoints=[1, 8])
    assert (curve.loss > np.log(2)).all()
    assert (curve.loss <= np.log([3, 10])).all()


def test_the_seed_decides_the_order_of_reading(digits):
    """The same seed reads in the same order, another seed in another order."""
    X, y = digits
    first, repeated, other = plan(X, y), plan(X, y), plan(X, y, seed=2)
    assert np.array_equal(first.train_index, repeated.train_index)
    assert not np.array_equal(first.train_index, other.train_index)
    assert np.array_equal(first.curve().loss, repeated.curve().loss)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": np.arange(3)}, "label must have one entry"),
        ({"mass": np.ones(5)}, "mass must have one entry"),
        ({"label": np.array([0, 1, 2, 2])}, "label must be between 0 and 1"),
        ({"classes": 1}, "classes"),
        ({"per_read": 0}, "per_read"),
        ({"train_index": []}, "at least one sample"),
        ({"heldout_index": []}, "at least one"),
        ({"heldout_index": [1]}, "must not share"),
    ],
)
def test_a_plan_refuses_bad_arguments(change, message):
    """A bad argument is named."""
    arguments = {
        "features": np.eye(4),
        "label": np.array([0, 1, 0, 1]),
        "classes": 2,
        "mass": np.ones(4),
        "per_read": 1,
        "train_index": [0, 1],
        "heldout_index": [2, 3],
        **change,
    }
    with pytest.raises(ValueError, match=message):
        SamplePlan(**arguments)


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        (np.ones(3, bool), "mask of 400"),
        (np.ones(400), "mask of 400"),
        (np.arange(400) >= 300, "at least one training"),
    ],
)
def test_an_invalid_mask_is_refused(digits, keep, message):
    """An invalid mask, or one that leaves nothing to learn from, is refused."""
    with pytest.raises(ValueError, match=message):
        plan(*digits).curve(keep)
