"""Scores by which labelled samples are ranked for pruning."""

import numpy as np

from dataselect_core.arguments import table
from dataselect_core.arrays import ArrayLike, Floats


def el2n(proba: ArrayLike, y: ArrayLike) -> Floats:
    """Error L2-norm of each sample: how far the predicted probabilities are from its label; larger is harder.

    |p(x) - e_y|, the Euclidean distance between the predicted probabilities and the one-hot label (Paul, Ganguli
    and Dziugaite 2021, "Deep Learning on a Data Diet", equation 3, for one trained model).

    Parameters
    ----------
    proba : float[n, k]
        Class probabilities, k >= 2, each row adding up to 1.
    y : int[n]
        The column of each sample's label, 0 to k - 1.

    Returns
    -------
    float64[n]
        From 0 (certain and right) to the square root of 2 (certain and wrong).

    Raises
    ------
    TypeError, ValueError
        If proba is not a table of probabilities, or y does not have a column of proba for each of its rows.
    """
    proba = table("proba", proba)
    if len(proba) == 0 or proba.shape[1] < 2:
        raise ValueError(f"proba must have at least one row and two columns, not the shape {proba.shape}")
    if proba.min() < 0 or np.abs(proba.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError("proba must hold probabilities >= 0 that add up to 1 in each row")
    y = np.asarray(y)
    if y.dtype.kind not in "iu":
        raise TypeError(f"y must hold integers, the column of each label, not {y.dtype}")
    if y.shape != proba.shape[:1]:
        raise ValueError(
            f"y must hold one label for each of the {len(proba)} rows of proba, not shape {y.shape}"
        )
    if y.min() < 0 or y.max() >= proba.shape[1]:
        raise ValueError(
            f"y must hold columns of proba, 0 to {proba.shape[1] - 1}, not {y.min()} to {y.max()}"
        )
    error = proba.copy()
    error[np.arange(len(y)), y] -= 1
    return np.sqrt((error**2).sum(axis=1))
