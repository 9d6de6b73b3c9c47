"""Active learning compared with scikit-activeml, and data that a run must not use."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skactiveml.classifier import SklearnClassifier
from skactiveml.pool import UncertaintySampling, uncertainty_scores
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from dataselect_core.sampling import (
    MEASURES,
    STRATEGIES,
    active_learning,
    active_learning_rounds,
    most_uncertain,
    rare_class,
    stratified_split,
    uncertainty,
)

THEIR_NAMES = {"least_confidence": "least_confident", "margin": "margin_sampling", "entropy": "entropy"}


def problem(seed=0, data=load_digits, scale=16):
    """Pool and test set of the reference: X, y, X_test, y_test."""
    X, y = data(return_X_y=True)
    pool, test = train_test_split(np.arange(len(y)), test_size=0.3, stratify=y, random_state=seed)
    X = X / scale
    return X[pool], y[pool], X[test], y[test]


def breast_cancer():
    """The binary problem, standardised."""
    X, y, X_test, y_test = problem(data=load_breast_cancer, scale=1)
    mean, spread = X.mean(axis=0), X.std(axis=0)
    return (X - mean) / spread, y, (X_test - mean) / spread, y_test


probabilities = arrays(float, st.tuples(st.integers(1, 8), st.integers(2, 6)), elements=st.floats(0, 1)).map(
    lambda raw: (raw + 1e-9) / (raw + 1e-9).sum(axis=1, keepdims=True)
)


@settings(deadline=None)
@given(probabilities)
def test_uncertainty_scores_equal_scikit_activeml(proba):
    """All three measures equal scikit-activeml's up to rounding."""
    for measure in MEASURES:
        theirs = uncertainty_scores(proba, method=THEIR_NAMES[measure])
        np.testing.assert_allclose(uncertainty(proba, measure), theirs, atol=1e-12)


def test_uncertainty_scores_equal_a_computation_by_hand():
    """Larger is more uncertain: certainty scores 0, an even split of k classes 1 − 1/k, 1 and ln k."""
    proba = [[1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25], [0.5, 0.3, 0.2, 0.0]]
    np.testing.assert_allclose(uncertainty(proba, "least_confidence"), [0, 0.75, 0.5])
    np.testing.assert_allclose(uncertainty(proba, "margin"), [0, 1, 0.8])
    np.testing.assert_allclose(uncertainty(proba, "entropy"), [0, np.log(4), 1.0296530140645737])


def test_ties_are_broken_by_index():
    """Scores that agree to 1e-9 count as equal, and the smaller index is queried first."""
    assert most_uncertain([0.3, 0.5, 0.5 + 3e-11, 0.5 - 3e-11, 0.9], 4).tolist() == [4, 1, 2, 3]
    assert most_uncertain([0.5, 0.5 + 2e-9], 1).tolist() == [1]
    assert most_uncertain([0.5, 0.4], 0).tolist() == []


@pytest.mark.parametrize("data", [problem, breast_cancer])
@pytest.mark.parametrize("measure", MEASURES)
def test_query_sets_equal_scikit_activeml(measure, data):
    """In every round scikit-activeml, with scikit-learn's classifier, queries the same labels."""
    X, y, X_test, y_test = data()
    run = active_learning(X, y, X_test, y_test, measure, 10, 20, 100, seed=0)
    labelled = run.start
    model = LogisticRegression(tol=1e-10, solver="newton-cholesky", max_iter=1000)
    for batch in run.queried.reshape(-1, 10):
        known = np.full(len(y), np.nan)
        known[labelled] = y[labelled]
        classifier = SklearnClassifier(model, classes=np.unique(y[labelled]))
        theirs = UncertaintySampling(method=THEIR_NAMES[measure], random_state=0).query(
            X, known, classifier, batch_size=10
        )
        assert set(theirs) == set(batch)
        labelled = np.concatenate([labelled, batch])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_accuracy_equals_scikit_learns(strategy):
    """The accuracies of a run equal those of scikit-learn's classifier on the same labels."""
    X, y, X_test, y_test = problem(seed=3)
    run = active_learning(X, y, X_test, y_test, strategy, 40, 20, 100, seed=3)
    bought = np.concatenate([run.start, run.queried])
    for count, accuracy in zip(run.labels, run.accuracy):
        known = bought[:count]
        theirs = LogisticRegression(tol=1e-10, solver="newton-cholesky").fit(X[known], y[known])
        assert accuracy == theirs.score(X_test, y_test)


TABLE = {  # 50, 100, 200 labels
    "random": (0.797, 0.888, 0.922),
    "least_confidence": (0.787, 0.894, 0.951),
    "margin": (0.833, 0.925, 0.958),
    "entropy": (0.730, 0.873, 0.933),
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_accuracy_on_digits_equals_the_reference(strategy):
    """Mean accuracy over 20 seeds is within three standard errors of the reference at 50, 100, 200 labels."""
    runs = [active_learning(*problem(s), strategy, 10, 20, 200, s) for s in range(20)]
    accuracy = np.array([run.accuracy for run in runs])[:, np.searchsorted(runs[0].labels, [50, 100, 200])]
    error = accuracy.std(axis=0, ddof=1) / np.sqrt(20)
    assert (np.abs(accuracy.mean(axis=0) - TABLE[strategy]) <= 3 * error).all()


def test_areas_under_the_curve_equal_the_reference():
    """Up to 500 labels, both areas are within 3 standard errors of the reference, and margin's is larger."""
    areas = {}
    for strategy in ("random", "margin"):
        runs = [active_learning(*problem(s), strategy, 10, 20, 500, s) for s in range(6)]
        areas[strategy] = np.array([np.trapezoid(run.accuracy, run.labels) / 480 for run in runs])
    for strategy, reference in (("random", 0.9089), ("margin", 0.9397)):
        area = areas[strategy]
        assert abs(area.mean() - reference) <= 3 * area.std(ddof=1) / np.sqrt(len(area))
    assert (areas["margin"] > areas["random"]).all()


@pytest.fixture(scope="module")
def small():
    """A small problem for property tests: 60 in the pool, 30 in the test set, 3 classes."""
    random = np.random.default_rng(5)
    y = np.tile([0, 1, 2], 30)
    X = random.normal(size=(90, 4)) + y[:, None]
    return X[:60], y[:60], X[60:], y[60:]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(STRATEGIES), st.integers(1, 70), st.integers(1, 60), st.integers(0, 59), st.integers(0, 9)
)
def test_no_label_is_bought_twice(small, strategy, batch_size, initial, more, seed):
    """No label is bought twice, all come from the pool, and the counts match."""
    budget = min(60, initial + more)
    run = active_learning(*small, strategy, batch_size, initial, budget, seed)
    bought = np.concatenate([run.start, run.queried])
    assert len(set(bought)) == len(bought) == budget == run.labels[-1]
    assert set(bought) <= set(range(60))
    assert run.start.tolist() == np.random.default_rng(seed).permutation(60)[:initial].tolist()
    assert run.labels[0] == initial
    assert (np.diff(run.labels)[:-1] == batch_size).all()
    assert len(run.labels) == len(run.accuracy) == 1 + -(-(budget - initial) // batch_size)
    assert ((run.accuracy >= 0) & (run.accuracy <= 1)).all()


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(STRATEGIES), st.randoms(use_true_random=False), st.integers(0, 9))
def test_test_labels_are_never_used(small, strategy, random, seed):
    """Other labels and samples in the test set change no query and no training cost."""
    X, y, X_test, y_test = small
    run = active_learning(X, y, X_test, y_test, strategy, 7, 5, 40, seed)
    shuffled = y_test.copy()
    random.shuffle(shuffled)
    other = active_learning(X, y, X_test[::-1] * 3 + 1, shuffled, strategy, 7, 5, 40, seed)
    np.testing.assert_array_equal(run.queried, other.queried)
    np.testing.assert_array_equal(run.operations, other.operations)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(STRATEGIES), st.integers(0, 10**6), st.integers(0, 9))
def test_labels_not_bought_are_never_used(small, strategy, noise, seed):
    """Labels in the pool that a run has not bought do not affect it."""
    X, y, X_test, y_test = small
    run = active_learning(X, y, X_test, y_test, strategy, 7, 5, 40, seed)
    hidden = np.random.default_rng(noise).integers(0, 9, len(y))
    bought = np.concatenate([run.start, run.queried])
    hidden[bought] = y[bought]
    other = active_learning(X, hidden, X_test, y_test, strategy, 7, 5, 40, seed)
    np.testing.assert_array_equal(run.queried, other.queried)
    np.testing.assert_array_equal(run.accuracy, other.accuracy)


def test_the_generator_gives_the_rounds_of_the_run(small):
    """The rounds of the generator equal those of the run, and the first rounds are available before the rest."""
    run = active_learning(*small, "margin", 10, 10, 50, 1, recall_class=2)
    rounds = active_learning_rounds(*small, "margin", 10, 10, 50, 1, recall_class=2)
    first, second = next(rounds), next(rounds)
    rounds.close()
    assert first.queried.tolist() == run.start.tolist()
    assert second.queried.tolist() == run.queried[:10].tolist()
    assert (first.labels, first.accuracy, first.recall) == (10, run.accuracy[0], run.recall[0])
    assert (second.labels, second.accuracy, second.recall) == (20, run.accuracy[1], run.recall[1])
    assert (second.scored, second.operations) == (run.scored[1], run.operations[1])


def test_a_run_repeats_to_the_bit(small):
    """The same settings and seed give the same run, another seed gives another run."""
    one, two, three = (active_learning(*small, "entropy", 5, 10, 40, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.queried, two.queried)
    assert np.array_equal(one.accuracy, two.accuracy)
    assert np.array_equal(one.operations, two.operations)
    assert not np.array_equal(one.queried, three.queried)


def test_scored_samples_and_operations_are_counted(small):
    """Selection scores the rest of the pool each round, random sampling scores nothing, and both train."""
    run = active_learning(*small, "margin", 10, 10, 40, 0)
    assert run.scored.tolist() == [0, 50, 90, 120]
    assert (np.diff(run.operations) > 0).all()
    assert active_learning(*small, "random", 10, 10, 40, 0).scored.tolist() == [0, 0, 0, 0]


def test_random_sampling_does_not_depend_on_the_batch(small):
    """Random sampling has one fixed order, so a smaller batch passes through the same points."""
    fine, coarse = (active_learning(*small, "random", size, 10, 50, 4) for size in (5, 20))
    np.testing.assert_array_equal(fine.queried, coarse.queried)
    np.testing.assert_allclose(fine.accuracy[::4], coarse.accuracy)


def test_the_recall_of_a_class_equals_scikit_learn():
    """Recall equals the share of the class's test samples that scikit-learn's model finds."""
    X, y, X_test, y_test = problem()
    run = active_learning(X, y, X_test, y_test, "margin", 30, 30, 60, 0, recall_class=8)
    bought = np.concatenate([run.start, run.queried])
    theirs = LogisticRegression(tol=1e-10, solver="newton-cholesky").fit(X[bought], y[bought])
    assert run.recall[-1] == (theirs.predict(X_test[y_test == 8]) == 8).mean()
    assert active_learning(X, y, X_test, y_test, "margin", 30, 30, 60, 0).recall is None


def test_a_start_with_one_class_follows_the_random_order(small):
    """If only one class is known, it is predicted for all, and the next batch follows the random order."""
    X, y, X_test, y_test = small
    order = np.random.default_rng(0).permutation(60)
    y = np.where(np.isin(np.arange(60), order[:9]), 1, y)
    y[order[9]] = 0
    run = active_learning(X, y, X_test, y_test, "margin", 3, 4, 20, 0)
    assert run.accuracy[:2].tolist() == [(y_test == 1).mean()] * 2
    assert run.queried[:6].tolist() == order[4:10].tolist()
    assert run.scored[:4].tolist() == [0, 0, 0, 50]
    assert run.operations[:2].tolist() == [0, 0]


def test_a_pool_with_one_class_runs_to_its_end(small):
    """A pool with one class runs to its end."""
    X, _, X_test, y_test = small
    run = active_learning(X, np.ones(60), X_test, y_test, "entropy", 5, 5, 20, 0)
    assert (run.accuracy == (y_test == 1).mean()).all()


def test_the_last_batch_is_the_rest_of_the_budget(small):
    """The last batch is the rest of the budget, so a huge batch makes one round."""
    assert active_learning(*small, "margin", 1000, 10, 60, 0).labels.tolist() == [10, 60]
    assert active_learning(*small, "margin", 25, 10, 60, 0).labels.tolist() == [10, 35, 60]
    assert active_learning(*small, "margin", 5, 10, 10, 0).labels.tolist() == [10]


def test_constant_features_are_queried_by_index(small):
    """If features never vary, all samples are equally uncertain, and ties go by index."""
    _, y, _, y_test = small
    run = active_learning(np.ones((60, 2)), y, np.ones((30, 2)), y_test, "margin", 5, 20, 40, 0)
    remaining = np.setdiff1d(np.arange(60), run.start)
    assert run.queried.tolist() == remaining[:20].tolist()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.2, 0.3, 0.37])
def test_split_equals_scikit_learn(seed, share):
    """The stratified split equals scikit-learn's train_test_split, index by index."""
    for y in (load_digits().target, load_breast_cancer().target, np.repeat(["a", "b", "c"], [5, 7, 11])):
        theirs = train_test_split(np.arange(len(y)), test_size=share, stratify=y, random_state=seed)
        for ours, other in zip(stratified_split(y, share, seed), theirs):
            np.testing.assert_array_equal(ours, other)


def test_rare_class_keeps_the_given_number_of_samples(small):
    """Thinning keeps the given number of the class and all of the others, in order, by the seed."""
    X, y, _, _ = small
    X_rare, y_rare = rare_class(X, y, 2, 3, seed=1)
    assert np.bincount(y_rare).tolist() == [20, 20, 3]
    rows = [np.flatnonzero((row == X).all(axis=1))[0] for row in X_rare]
    assert rows == sorted(rows)
    assert np.array_equal(y[rows], y_rare)
    assert np.array_equal(rare_class(X, y, 2, 3, seed=1)[0], X_rare)
    assert not np.array_equal(rare_class(X, y, 2, 3, seed=2)[0], X_rare)
    assert np.array_equal(rare_class(X, y, 2, 20, seed=1)[1], y)
    assert 2 not in rare_class(X, y, 2, 0, seed=1)[1]


@pytest.mark.parametrize(
    ("change", "error", "argument"),
    [
        ({"strategy": "oracle"}, ValueError, "strategy"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"batch_size": 2.5}, TypeError, "batch_size"),
        ({"initial": 0}, ValueError, "initial"),
        ({"initial": 41}, ValueError, "initial must be between 1 and 40"),
        ({"budget": 61}, ValueError, "budget must be between 1 and 60"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": True}, TypeError, "seed"),
        ({"X": np.full((60, 4), np.nan)}, ValueError, "X"),
        ({"y": np.zeros(59)}, ValueError, "y"),
        ({"y": np.full(60, np.nan)}, ValueError, "y"),
        ({"X_test": np.zeros((30, 5))}, ValueError, "X_test"),
        ({"y_test": np.zeros(2)}, ValueError, "y_test"),
        ({"recall_class": 17}, ValueError, "recall_class"),
        ({"l2": -1.0}, ValueError, "l2"),
    ],
)
def test_active_learning_refuses_bad_input(small, change, error, argument):
    """Bad input is refused at the call, before the first round, with the name of the argument."""
    good = dict(zip(("X", "y", "X_test", "y_test"), small), strategy="margin", batch_size=5)
    good |= {"initial": 5, "budget": 40, "seed": 0}
    with pytest.raises(error, match=argument):
        active_learning_rounds(**{**good, **change})


@pytest.mark.parametrize(
    "proba", [[[0.5, 0.4]], [[1.2, -0.2]], [[np.nan, 1.0]], [[1.0]], [0.5, 0.5], np.empty((0, 2))]
)
def test_bad_probabilities_are_refused(proba):
    """Anything but a table of probabilities of two or more classes is refused."""
    with pytest.raises(ValueError, match="proba"):
        uncertainty(proba, "margin")


def test_other_bad_input_is_refused(small):
    """Unknown measures, scores that are NaN, splits that lose a class, and absent classes are refused."""
    with pytest.raises(ValueError, match="measure"):
        uncertainty([[0.5, 0.5]], "random")
    with pytest.raises(ValueError, match="scores"):
        most_uncertain([0.1, np.nan], 1)
    with pytest.raises(ValueError, match="count"):
        most_uncertain([0.1, 0.2], 3)
    with pytest.raises(ValueError, match="test_share"):
        stratified_split([0, 0, 1, 1], 1.0, 0)
    with pytest.raises(ValueError, match="test_share"):
        stratified_split([0, 0, 1, 1], 0.1, 0)
    with pytest.raises(ValueError, match="twice"):
        stratified_split([0, 0, 0, 1], 0.5, 0)
    with pytest.raises(ValueError, match="label"):
        rare_class(small[0], small[1], 9, 1, 0)
    with pytest.raises(ValueError, match="keep"):
        rare_class(small[0], small[1], 1, 21, 0)
