"""Softmax regression compared with scikit-learn's solution of the same problem."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression

from dataselect_core.learners.softmax import SoftmaxRegression


def digits():
    """The digits scaled to [0, 1]."""
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def oracle(X, y, l2):
    """scikit-learn's model; its Newton solver gets closest to the minimum."""
    return LogisticRegression(C=1 / l2, tol=1e-10, solver="newton-cholesky", max_iter=1000).fit(X, y)


def assert_same(ours, theirs, X):
    """Coefficients, intercepts and probabilities agree to 1e-5 (in practice to about 1e-12)."""
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5, rtol=0)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_ - _centre(theirs), atol=1e-5, rtol=0)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-8, rtol=0)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def _centre(theirs):
    return theirs.intercept_.mean() if len(theirs.classes_) > 2 else 0


@pytest.mark.parametrize("n", [20, 50, 200, 500, 1797])
@pytest.mark.parametrize("l2", [0.1, 1.0, 30.0])
def test_the_model_equals_scikit_learn_on_digits(n, l2):
    """Ten classes, few samples or all, and several penalties give scikit-learn's coefficients."""
    X, y = digits()
    sample = np.random.default_rng(n).permutation(len(X))[:n]
    assert_same(SoftmaxRegression(l2).fit(X[sample], y[sample]), oracle(X[sample], y[sample], l2), X)


def test_the_model_equals_scikit_learns_default_solver():
    """The solution equals that of scikit-learn's L-BFGS at tol 1e-10, as far as its precision allows."""
    X, y = digits()
    theirs = LogisticRegression(tol=1e-10, max_iter=100_000).fit(X[:300], y[:300])
    ours = SoftmaxRegression().fit(X[:300], y[:300])
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("l2", [0.01, 1.0, 100.0])
def test_two_classes_have_one_vector_of_coefficients(l2):
    """The binary case has one vector, with scikit-learn's penalty, and two columns of probability."""
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    ours = SoftmaxRegression(l2).fit(X, y)
    assert ours.coef_.shape == (1, 30)
    assert ours.intercept_.shape == (1,)
    assert_same(ours, oracle(X, y, l2), X)


def test_features_in_different_units_give_scikit_learns_solution():
    """Unscaled measurements from 1e-3 to 4e3 give scikit-learn's solution."""
    X, y = load_breast_cancer(return_X_y=True)
    ours, theirs = SoftmaxRegression().fit(X, y), oracle(X, y, 1.0)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)


def test_the_gradient_is_zero_at_the_solution():
    """The derivative of summed log-loss plus penalty, recomputed here, is zero."""
    X, y = digits()
    X, y = X[:400], y[:400]
    model = SoftmaxRegression(0.5).fit(X, y)
    error = model.predict_proba(X) - (y[:, None] == model.classes_)
    assert np.abs(error.T @ X + 0.5 * model.coef_).max() < 1e-8
    assert np.abs(error.sum(axis=0)).max() < 1e-8
    assert np.abs(model.coef_.sum(axis=0)).max() < 1e-9


def test_a_warm_start_gives_the_same_model_with_fewer_operations():
    """A warm start from a model of fewer samples gives the same model with fewer operations."""
    X, y = digits()
    warm = SoftmaxRegression().fit(X[:490], y[:490]).fit(X[:500], y[:500], warm_start=True)
    cold = SoftmaxRegression().fit(X[:500], y[:500])
    np.testing.assert_allclose(warm.coef_, cold.coef_, atol=1e-9)
    np.testing.assert_allclose(warm.predict_proba(X), cold.predict_proba(X), atol=1e-10)
    assert 0 < warm.operations < cold.operations


def test_a_warm_start_accepts_new_classes():
    """Warm starts from two classes to three to ten, and back, reach the cold solution each time."""
    X, y = digits()
    model = SoftmaxRegression()
    for classes in (2, 3, 10, 4, 2):
        known = y < classes
        model.fit(X[known], y[known], warm_start=True)
        cold = SoftmaxRegression().fit(X[known], y[known])
        np.testing.assert_array_equal(model.classes_, np.arange(classes))
        np.testing.assert_allclose(model.coef_, cold.coef_, atol=1e-9)
        np.testing.assert_allclose(model.intercept_, cold.intercept_, atol=1e-9)


def test_two_fits_of_the_same_data_are_identical():
    """Two fits of the same data are identical."""
    X, y = digits()
    one, two = SoftmaxRegression().fit(X, y), SoftmaxRegression().fit(X, y)
    assert np.array_equal(one.coef_, two.coef_)
    assert one.operations == two.operations


def test_constant_features_get_no_weight_and_copies_share_theirs():
    """Features that never vary get weight zero, and copies of a feature share its weight equally."""
    X, y = digits()
    X = np.column_stack([X[:300, 20:30], np.full(300, 7.0), np.zeros(300), X[:300, 20]])
    model = SoftmaxRegression().fit(X, y[:300])
    assert_same(model, oracle(X, y[:300], 1.0), X)
    assert np.abs(model.coef_[:, 10:12]).max() < 1e-8
    np.testing.assert_allclose(model.coef_[:, 0], model.coef_[:, 12], atol=1e-8)


def test_constant_features_give_the_shares_of_the_classes():
    """Without informative features, the probabilities are the shares of the classes."""
    model = SoftmaxRegression().fit(np.ones((10, 3)), [0, 0, 0, 0, 0, 1, 1, 1, 2, 2])
    np.testing.assert_allclose(model.predict_proba(np.ones((1, 3))), [[0.5, 0.3, 0.2]], atol=1e-9)


def test_labels_can_be_words():
    """Labels can be words, and the classes are sorted."""
    model = SoftmaxRegression().fit([[0.0], [1.0], [2.0]], ["cat", "bird", "bird"])
    assert model.classes_.tolist() == ["bird", "cat"]
    assert model.predict([[3.0], [-3.0]]).tolist() == ["bird", "cat"]


def test_operations_grow_with_the_samples():
    """Twice the samples cost about twice the operations of a Newton step, and each fit starts a new count."""
    X, y = digits()
    model = SoftmaxRegression().fit(X[:800], y[:800])
    large = model.operations / model.iterations
    model.fit(X[:400], y[:400])
    assert 1.2 < large / (model.operations / model.iterations) < 3.5


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")  # theirs may stop early, ours must not
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(1, 6), st.floats(0.05, 20), st.floats(1e-3, 1e3))
def test_the_fit_is_a_minimum_on_any_data(seed, classes, features, l2, scale):
    """On random data of any size and unit the gradient is zero, and scikit-learn finds no smaller loss."""
    random = np.random.default_rng(seed)
    n = int(random.integers(classes, 60))
    y = np.concatenate([np.arange(classes), random.integers(0, classes, n - classes)])
    X = scale * (random.normal(size=(n, features)) + y[:, None] * random.normal(size=features))
    ours = SoftmaxRegression(l2).fit(X, y)
    P = ours.predict_proba(X)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    error = (P - (y[:, None] == ours.classes_))[:, -len(ours.coef_) :]
    assert np.abs(error.T @ X + l2 * ours.coef_).max() < 1e-7 * max(1, np.abs(X).sum())
    assert np.abs(error.sum(axis=0)).max() < 1e-7
    theirs = LogisticRegression(C=1 / l2, tol=1e-8, max_iter=3000).fit(X, y)
    assert _loss(ours, X, y, l2) <= _loss(theirs, X, y, l2) * (1 + 1e-9) + 1e-9


def _loss(model, X, y, l2):
    """The objective, from the model's own probabilities and coefficients."""
    chosen = model.predict_proba(X)[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    return -np.log(chosen).sum() + l2 / 2 * (model.coef_**2).sum()


@pytest.mark.parametrize(
    ("X", "y", "argument"),
    [
        ([[1.0], [np.nan]], [0, 1], "X"),
        ([[1.0], [np.inf]], [0, 1], "X"),
        ([1.0, 2.0], [0, 1], "X"),
        (np.empty((0, 3)), [], "X"),
        ([["a"], ["b"]], [0, 1], "X"),
        ([[1.0], [2.0]], [0, 1, 1], "y"),
        ([[1.0], [2.0]], [[0], [1]], "y"),
        ([[1.0], [2.0]], [0, np.nan], "y"),
        ([[1.0], [2.0]], [3, 3], "y must hold at least two classes"),
    ],
)
def test_bad_data_are_refused(X, y, argument):
    """NaN, wrong shapes and a single class are refused with the name of the argument."""
    with pytest.raises(ValueError, match=argument):
        SoftmaxRegression().fit(X, y)


def test_bad_settings_are_refused():
    """A penalty that is not positive, and a prediction before a fit or for other features, are refused."""
    for l2 in (0, -1, np.nan, np.inf):
        with pytest.raises(ValueError, match="l2"):
            SoftmaxRegression(l2)
    with pytest.raises(TypeError, match="l2"):
        SoftmaxRegression("much")
    with pytest.raises(ValueError, match="max_iter"):
        SoftmaxRegression(max_iter=0)
    with pytest.raises(ValueError, match="fit"):
        SoftmaxRegression().predict([[1.0]])
    model = SoftmaxRegression().fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ValueError, match="1 features"):
        model.predict([[1.0, 2.0]])
    with pytest.raises(ValueError, match="warm start"):
        model.fit([[0.0, 1.0], [1.0, 1.0]], [0, 1], warm_start=True)
    with pytest.raises(RuntimeError, match="max_iter=1"):
        SoftmaxRegression(max_iter=1).fit(*digits())
