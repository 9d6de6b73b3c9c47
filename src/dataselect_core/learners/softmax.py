"""Softmax (multinomial logistic) regression, trained to the last digit by a truncated Newton method."""

from typing import Self

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, Floats, Labels

ARMIJO = 1e-4  # the share of the predicted decrease that a step must reach (Nocedal & Wright 2006, ch. 3)
ROUNDING = 1e-6  # below this a Newton step that does not halve the distance is limited by rounding


def feature_matrix(name: str, X: ArrayLike, columns: int | None = None) -> Floats:
    """`X` as float64[n, d] without NaN or infinity, or an error that names it.

    Raises
    ------
    ValueError
        If X is not two-dimensional, is empty, holds NaN or infinity, or (if `columns` is given)
        has another number of columns.
    """
    try:
        X = np.ascontiguousarray(X, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a numeric array of shape (samples, features)") from None
    if X.ndim != 2 or 0 in X.shape:
        raise ValueError(f"{name} must be a non-empty array of shape (samples, features), not {X.shape}")
    if columns is not None and X.shape[1] != columns:
        raise ValueError(f"{name} must have {columns} features, not {X.shape[1]}")
    if not np.isfinite(X).all():
        raise ValueError(f"{name} must hold finite numbers, not NaN or infinity")
    return X


def class_labels(name: str, y: ArrayLike, samples: int) -> Labels:
    """`y` as a vector of `samples` labels, or an error that names it.

    Raises
    ------
    ValueError
        If y is not one-dimensional, has another length, or holds NaN.
    """
    try:
        y = np.asarray(y)
    except ValueError:
        raise ValueError(
            f"{name} must be one label for each of the {samples} samples, not rows of them"
        ) from None
    if y.ndim != 1 or len(y) != samples:
        raise ValueError(f"{name} must be one label for each of the {samples} samples, not shape {y.shape}")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError(f"{name} must hold class labels, not NaN or infinity")
    return y


class SoftmaxRegression:
    """Linear classifier with class probabilities softmax(X·Wᵀ + b).

    Minimises the summed negative log-likelihood plus ½·l2·‖W‖²; the intercept b is free. It is the
    objective of scikit-learn's ``LogisticRegression(C=1/l2)``. With two classes there is one vector
    (the score of the second class; the first has score 0), as in scikit-learn.

    The method is truncated Newton (Dembo, Eisenstat & Steihaug 1982; Nocedal & Wright 2006, ch. 7):
    each Newton system is solved by conjugate gradients, to an accuracy that increases near the
    minimum. The preconditioner is the inverse of the Hessian's average diagonal block; it is used for
    every class and keeps the sum over the classes zero.

    Parameters
    ----------
    l2 : float, default 1.0
        Weight of the penalty, > 0 (with 0, the minimum of separable data is at infinity).
    tol : float, default 1e-11
        Training stops when the Newton decrement (estimated with the preconditioner; it does not depend on
        the features' units) is at most this, or rounding prevents a further decrease.
    max_iter : int, default 200
        The maximum number of Newton steps.

    Attributes
    ----------
    classes_ : array[k]
        The labels seen, sorted.
    coef_ : float64[k, d], or [1, d] with two classes
        Weights; with three or more classes they add up to zero over the classes.
    intercept_ : float64[k], or [1]
        Intercepts; with three or more classes they add up to zero.
    operations : int
        Floating-point operations of the matrix products and inversions that the last `fit` carried out
        (an inversion of width w counts as 2·w³; a multiplication and an addition count as two).
    iterations : int
        Newton steps of the last `fit`.
    """

    def __init__(self, l2: float = 1.0, tol: float = 1e-11, max_iter: int = 200) -> None:
        self.l2 = arguments.amount("l2", l2, positive=True)
        self.tol = arguments.amount("tol", tol, positive=True)
        self.max_iter = arguments.integer("max_iter", max_iter, 1)
        self.operations = 0
        self.iterations = 0

    def fit(self, X: ArrayLike, y: ArrayLike, warm_start: bool = False) -> Self:
        """Train on X, y.

        Parameters
        ----------
        X : float[n, d]
            Samples.
        y : array[n]
            Labels of any sortable kind; at least two different ones.
        warm_start : bool, default False
            Start from the current coefficients (of the classes in both fits) instead of zero. The
            minimum is unique, so this changes the time but not the result.

        Returns
        -------
        SoftmaxRegression
            self.

        Raises
        ------
        ValueError
            For NaN, a shape mismatch, fewer than two classes, or a warm start with another number of
            features than before.
        RuntimeError
            If `max_iter` Newton steps were not enough.
        """
        X = feature_matrix("X", X)
        y = class_labels("y", y, len(X))
        classes, index = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"y must hold at least two classes, not only {classes[0]!r}")
        start = self._start(X.shape[1], classes, warm_start)
        target = np.eye(len(classes))[index][:, -start.shape[1] :]
        weights = self._minimise(np.column_stack([X, np.ones(len(X))]), target, index, start)
        self.classes_ = classes
        self.coef_ = weights[:-1].T.copy()
        self.intercept_ = weights[-1].copy()
        if len(classes) > 2:  # adding one number to every intercept changes nothing: report the centred ones
            self.intercept_ -= self.intercept_.mean()
        return self

    def decision_function(self, X: ArrayLike) -> Floats:
        """Scores X·Wᵀ + b as float64[n, k]; with two classes the first column is 0."""
        if not hasattr(self, "classes_"):
            raise ValueError("call fit before predicting")
        X = feature_matrix("X", X, self.coef_.shape[1])
        return _with_reference(X @ self.coef_.T + self.intercept_, len(self.classes_))

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Class probabilities float64[n, k], the columns in the order of `classes_`."""
        return np.exp(_log_softmax(self.decision_function(X)))

    def predict(self, X: ArrayLike) -> Labels:
        """The most probable label of each sample; on a tie, the first in `classes_`."""
        best = self.decision_function(X).argmax(axis=1)
        return self.classes_[best]

    def _start(self, features, classes, warm_start):
        """Initial weights float64[d + 1, columns]: zero, or the weights of an earlier fit."""
        columns = 1 if len(classes) == 2 else len(classes)
        start = np.zeros((features + 1, columns))
        if not warm_start or not hasattr(self, "classes_"):
            return start
        if self.coef_.shape[1] != features:
            raise ValueError(f"X must have {self.coef_.shape[1]} features for a warm start, not {features}")
        before = np.column_stack([self.coef_, self.intercept_]).T
        if np.array_equal(classes, self.classes_):
            return before.copy()
        if columns > 1 and len(self.classes_) > 2:
            for column, label in enumerate(self.classes_):
                start[:, classes == label] = before[:, [column]]
            start[:-1] -= start[:-1].mean(axis=1, keepdims=True)  # the minimum has this property
        return start

    def _minimise(self, X, target, index, W):
        """The weights float64[d + 1, columns] of the minimum; the last column of X is 1."""
        n, width = X.shape
        columns = W.shape[1]
        classes = max(2, columns)
        product = 2 * n * width * columns  # operations of one product with X or its transpose
        penalty = np.full((width, 1), self.l2)
        penalty[-1] = 0.0
        transpose, rows = np.ascontiguousarray(X.T), np.arange(n)

        def evaluate(scores, W):
            log_p = _log_softmax(_with_reference(scores, classes))
            return -log_p[rows, index].sum() + 0.5 * (penalty * W * W).sum(), log_p

        scores, precondition, before = X @ W, None, np.inf
        self.operations = product
        loss, log_p = evaluate(scores, W)
        for iteration in range(self.max_iter + 1):
            P = np.exp(log_p)[:, -columns:]
            gradient = transpose @ (P - target) + penalty * W
            self.operations += product
            if precondition is None or iteration % 4 == 0:
                # One inverse for all columns, of the Hessian's average diagonal block.
                average = (transpose * (P * (1 - P)).mean(axis=1)) @ X + np.diag(penalty[:, 0])
                precondition = _scaled_inverse(average)
                self.operations += 2 * n * width * width + 2 * width**3
            size = np.sqrt(max(0.0, (gradient * (precondition @ gradient)).sum()))
            stuck = size < ROUNDING and size > before / 2
            if size <= self.tol or stuck:
                self.iterations = iteration
                return W

            def curvature(V, P=P):
                """The Hessian times V."""
                U = X @ V
                U -= (P * U).sum(axis=1, keepdims=True)
                U *= P
                return transpose @ U + penalty * V

            step, rounds = _conjugate_gradients(curvature, -gradient, precondition, min(0.1, max(1e-3, size)))
            self.operations += rounds * (2 * product + 2 * width * width * columns) + product
            slope, moved, length = (gradient * step).sum(), X @ step, 1.0
            rounding = 1e-12 * max(1.0, abs(loss))  # a decrease below this cannot be measured or required
            while length > 1e-15:
                trial, log_p = evaluate(scores + length * moved, W + length * step)
                if trial <= loss + ARMIJO * length * slope + rounding:
                    break
                length /= 2
            else:
                break
            W, scores, loss, before = W + length * step, scores + length * moved, trial, size
        raise RuntimeError(f"no minimum found (max_iter={self.max_iter}); scale the features or raise l2")


def _with_reference(scores, classes):
    """Scores with the column of zeros of the first of two classes; unchanged for more classes."""
    return np.column_stack([np.zeros(len(scores)), scores]) if classes == 2 else scores


def _log_softmax(scores):
    """Logarithms of the softmax of each row, without overflow."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _scaled_inverse(H):
    """The inverse of a positive semi-definite matrix, for use as a preconditioner.

    Rows and columns are first scaled to a unit diagonal, so that features may have different units;
    the small number on the diagonal keeps the result positive if H is singular.
    """
    scale = 1 / np.sqrt(np.maximum(np.diag(H), 1e-12 * np.diag(H).max()))
    unit = H * scale * scale[:, None] + 1e-12 * np.eye(len(H))
    inverse = np.linalg.inv(unit) * scale * scale[:, None]
    return (inverse + inverse.T) / 2


def _conjugate_gradients(apply, b, precondition, tolerance):
    """Solve apply(x) = b to a relative residual in the preconditioner's norm: (x, rounds needed)."""
    x, residual = np.zeros_like(b), b
    direction = z = precondition @ b
    energy = (residual * z).sum()
    stop_energy = energy * tolerance * tolerance
    for count in range(1, 2 * b.size + 1):  # noqa: B007 (returned)
        image = apply(direction)
        rate = energy / (direction * image).sum()
        x += rate * direction
        residual = residual - rate * image
        z = precondition @ residual
        energy, before = (residual * z).sum(), energy
        if energy <= stop_energy:
            break
        direction = z + (energy / before) * direction
    return x, count
