"""Pool and test set with the classes in equal proportions, and a class made rare."""

from typing import Any

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, Floats, Integers, Labels
from dataselect_core.learners.softmax import class_labels, feature_matrix


def stratified_split(y: ArrayLike, test_share: float, seed: int) -> tuple[Integers, Integers]:
    """Split samples into a pool and a test set with the classes in equal proportions.

    The indices are exactly the same as from scikit-learn's
    ``train_test_split(indices, test_size=test_share, stratify=y, random_state=seed)``.

    Parameters
    ----------
    y : array[n]
        Labels; each class at least twice.
    test_share : float
        Share of the samples in the test set, between 0 and 1; rounded up to whole samples.
    seed : int
        >= 0.

    Returns
    -------
    (int64[n − m], int64[m])
        Indices of the pool and of the test set.

    Raises
    ------
    ValueError
        If a class has only one sample, or a side would be too small to have every class.
    """
    y = class_labels("y", y, np.size(y))
    seed = arguments.integer("seed", seed, 0)
    test_share = arguments.between("test_share", test_share, 0, 1)
    classes, index, counts = np.unique(y, return_inverse=True, return_counts=True)
    tests = int(np.ceil(test_share * len(y)))
    if counts.min() < 2:
        raise ValueError(f"y must hold every class at least twice, not {classes[counts.argmin()]!r} once")
    if min(tests, len(y) - tests) < len(classes):
        raise ValueError(f"test_share must leave each side {len(classes)} or more, not {test_share!r}")
    random = np.random.RandomState(seed)  # the generator scikit-learn uses
    pool_counts = _proportional(counts, len(y) - tests, random)
    test_counts = _proportional(counts - pool_counts, tests, random)
    members = np.split(np.argsort(index, kind="stable"), np.cumsum(counts)[:-1])
    pool, test = [], []
    for samples, in_pool, in_test in zip(members, pool_counts, test_counts):
        samples = samples[random.permutation(len(samples))]
        pool.append(samples[:in_pool])
        test.append(samples[in_pool : in_pool + in_test])
    pool, test = np.concatenate(pool).astype(np.int64), np.concatenate(test).astype(np.int64)
    return random.permutation(pool), random.permutation(test)


def standardise(X: ArrayLike, X_test: ArrayLike) -> tuple[Floats, Floats]:
    """Both sets on the scale of the pool: each feature with mean 0 and standard deviation 1 there.

    Only the pool determines the scale, and it needs no labels for it.

    Parameters
    ----------
    X, X_test : float[n, d], float[m, d]
        The pool and the test set.

    Returns
    -------
    (float64[n, d], float64[m, d])
        A feature that is constant in the pool is only shifted.

    Raises
    ------
    ValueError
        If they are not matrices of finite numbers with the same number of columns.
    """
    X = feature_matrix("X", X)
    X_test = feature_matrix("X_test", X_test, X.shape[1])
    mean, deviation = X.mean(axis=0), X.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    return (X - mean) / scale, (X_test - mean) / scale


def _proportional(counts, draws, random):
    """`draws` distributed in proportion to `counts`, largest remainders first; ties are drawn."""
    exact = counts / counts.sum() * draws
    shares = np.floor(exact)
    missing = int(draws - shares.sum())
    for remainder in np.unique(exact - shares)[::-1] if missing else ():
        tied = np.flatnonzero(exact - np.floor(exact) == remainder)
        chosen = random.choice(tied, size=min(len(tied), missing), replace=False)
        shares[chosen] += 1
        missing -= len(chosen)
        if missing == 0:
            break
    return shares.astype(np.int64)


def rare_class(X: ArrayLike, y: ArrayLike, label: Any, keep: int, seed: int) -> tuple[Floats, Labels]:
    """The same samples with one class thinned out: the "statue" that a fleet sees once a year.

    Parameters
    ----------
    X : float[n, d]
    y : array[n]
    label : label
        The class to make rare.
    keep : int
        How many of its samples are kept, from 0 to all of them, drawn at random.
    seed : int
        >= 0.

    Returns
    -------
    (float[m, d], array[m])
        The kept samples, in their original order.

    Raises
    ------
    ValueError
        If y has no such label, or fewer samples of it than `keep`.
    """
    X = feature_matrix("X", X)
    y = class_labels("y", y, len(X))
    if isinstance(label, (list, tuple)) or np.ndim(label):
        raise TypeError(f"label must be one label, not {label!r}")
    members = np.flatnonzero(y == label)
    if len(members) == 0:
        raise ValueError(f"label must be one of the labels in y, not {label!r}")
    keep = arguments.integer("keep", keep, 0, len(members))
    seed = arguments.integer("seed", seed, 0)
    kept = y != label
    kept[np.random.default_rng(seed).permutation(members)[:keep]] = True
    return X[kept], y[kept]
