"""Softmax regression by a fixed number of passes, so that its cost is known in advance."""

import numpy as np

from dataselect_core.arrays import Floats, Integers


def train(features: Floats, label: Integers, classes: int, l2: float, passes: int) -> tuple[Floats, int]:
    """Softmax regression by a fixed number of passes over the samples, so that its cost is known.

    Minimises the summed negative log-likelihood plus l2 / 2 |W|^2, with a free intercept, as in
    `softmax.SoftmaxRegression`. Each pass goes against the gradient, scaled by the inverse of Boehning's bound
    on the Hessian (Boehning 1992), the same for every pass and class, with Nesterov's momentum (1983). There is
    no line search and no convergence test, because the last bit of a number could then change the amount of work.

    Parameters
    ----------
    features : float[n, d]
    label : int[n]
        0 to classes - 1; a class without samples is allowed.
    classes, passes : int
    l2 : float
        Above 0.

    Returns
    -------
    weights : float64[d + 1, classes]
        The last row is the intercept.
    operations : int
        Operations of the matrix products and the inversion; a multiplication and an addition count as two.
    """
    n = len(features)
    X = np.column_stack([features, np.ones(n)])
    width = X.shape[1]
    penalty = np.full(width, l2)
    penalty[-1] = 0.0
    transpose = np.ascontiguousarray(X.T)
    bound = transpose @ X / 2 + np.diag(penalty) + 1e-9 * n * np.eye(width)
    scale = np.linalg.inv(bound)
    target = (np.arange(classes)[:, None] == label).astype(float)
    weights = ahead = np.zeros((classes, width))
    for i in range(passes):
        p = (
            ahead @ transpose
        )  # one row per class: sums over classes are then sums of rows, which is many times faster
        p -= p.max(axis=0)
        np.exp(p, out=p)
        p /= p.sum(axis=0)
        p -= target
        moved = ahead - (p @ X + penalty * ahead) @ scale
        ahead = moved + i / (i + 3) * (moved - weights)
        weights = moved
    setup_operations = 2 * n * width**2 + 2 * width**3
    return weights.T, setup_operations + passes * (4 * n * width * classes + 2 * width**2 * classes)


def probabilities(weights: Floats, features: Floats) -> Floats:
    """Class probabilities of a trained model: float64[n, classes]."""
    scores = features @ weights[:-1] + weights[-1]
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)
