"""Frechet distance between two samples: how far apart their means and covariances are.

FID (Heusel et al. 2017) is this distance in a fixed feature space. The caller chooses the space and has to name it;
`mixing` uses the 64 block inks of a digit, in [0, 1].
"""

import numpy as np

from dataselect_core.arguments import floats, integer
from dataselect_core.arrays import ArrayLike

LEVELS = (1, 2, 3, 4)
"""`fid_infinity` cuts the samples into this many parts."""
GROUPS = 10
"""Groups that the jackknife leaves out, one at a time."""
LARGEST = 1e100
"""Values beyond this are refused: their squares and products would overflow."""


def frechet_distance(mu1: ArrayLike, cov1: ArrayLike, mu2: ArrayLike, cov2: ArrayLike) -> float:
    """Squared Frechet (2-Wasserstein) distance between two normal distributions.

    |mu1 - mu2|^2 + Tr(cov1 + cov2 - 2 (cov1 cov2)^(1/2)), Dowson and Landau (1982).

    Parameters
    ----------
    mu1, mu2 : float[d]
        Means.
    cov1, cov2 : float[d, d]
        Covariances: symmetric, positive semidefinite; they may be singular. The tolerance for eigenvalues that
        rounding moved below zero depends on their type: float32 covariances are checked with float32 precision.

    Returns
    -------
    float
        In squared units of the features; 0 for equal arguments.

    Raises
    ------
    TypeError, ValueError
        If an array is empty or holds no numbers, shapes do not match, a value is not finite, or a covariance is
        not symmetric or has a negative eigenvalue.
    """
    precision = [max(_precision(mu), _precision(cov)) for mu, cov in ((mu1, cov1), (mu2, cov2))]
    mu1, mu2 = _finite(mu1, "mu1", 1), _finite(mu2, "mu2", 1)
    cov1, cov2 = _finite(cov1, "cov1", 2), _finite(cov2, "cov2", 2)
    d = len(mu1)
    if len(mu2) != d:
        raise ValueError(f"mu1 and mu2 must have the same length, not {d} and {len(mu2)}")
    for name, cov, eps in (("cov1", cov1, precision[0]), ("cov2", cov2, precision[1])):
        if cov.shape != (d, d):
            raise ValueError(f"{name} must have shape ({d}, {d}) like the means, not {cov.shape}")
        tolerance = max(1e-8, 4 * d * eps)
        if not np.allclose(cov, cov.T, rtol=tolerance, atol=tolerance * np.abs(cov).max(initial=0.0)):
            raise ValueError(f"{name} must be symmetric")
    # Tr (S1 S2)^(1/2) is the nuclear norm of L1' L2 with S = L L'. This needs no square root of a product that is
    # not symmetric, and also works when a covariance is singular.
    root1, root2 = _root(cov1, "cov1", precision[0]), _root(cov2, "cov2", precision[1])
    cross = np.linalg.svd(root1.T @ root2, compute_uv=False).sum()
    distance = ((mu1 - mu2) ** 2).sum() + np.trace(cov1) + np.trace(cov2) - 2.0 * cross
    return float(max(distance, 0.0))


def fid(X: ArrayLike, Y: ArrayLike) -> float:
    """Frechet distance between the normal distributions fitted to two samples.

    Parameters
    ----------
    X : float[n, d]
    Y : float[m, d]
        Samples in one feature space; n, m >= 2. Covariances are sample covariances (ddof = 1).

    Returns
    -------
    float
        In squared units of the features. Biased upwards by about c / n: see `fid_infinity`.

    Raises
    ------
    ValueError
        If the dimensions differ, a sample has fewer than two rows, or a value is not finite.
    """
    X, Y = _samples(X, Y, 2)
    return frechet_distance(X.mean(0), _covariance(X), Y.mean(0), _covariance(Y))


def fid_infinity(X: ArrayLike, Y: ArrayLike, seed: int) -> tuple[float, float]:
    """FID extrapolated to infinitely many samples, with its standard error.

    Both samples are cut into k = 1, 2, 3, 4 random parts; the mean FID of the parts is fitted by a straight
    line in k, which is proportional to 1/N, and the value is the line at 1/N = 0 (Chong and Forsyth 2020).
    The standard error comes from a jackknife over ten groups of both samples, so it includes the spread
    of the samples and of the fit. The extrapolation is only linear while the parts are larger than the
    dimension; it may come out below zero when the distance is small.

    Parameters
    ----------
    X : float[n, d]
    Y : float[m, d]
        Samples in one feature space; n, m >= 20.
    seed : int
        Seed of the cuts.

    Returns
    -------
    value : float
    standard_error : float
        Both in squared units of the features.

    Raises
    ------
    ValueError
        As `fid`, and if a sample has fewer than 20 rows.
    """
    X, Y = _shuffled(X, Y, seed)
    value = _intercept(X, Y)
    group_x, group_y = np.arange(len(X)) % GROUPS, np.arange(len(Y)) % GROUPS
    left_out = np.array([_intercept(X[group_x != g], Y[group_y != g]) for g in range(GROUPS)])
    variance = (GROUPS - 1) / GROUPS * ((left_out - left_out.mean()) ** 2).sum()
    return value, float(np.sqrt(variance))


def fid_extrapolated(X: ArrayLike, Y: ArrayLike, seed: int) -> float:
    """The value of `fid_infinity` alone, without its standard error: float, in a tenth of the time."""
    return _intercept(*_shuffled(X, Y, seed))


def _shuffled(X, Y, seed):
    """Both samples in random order, so that a cut by index is a random one."""
    X, Y = _samples(X, Y, 2 * GROUPS)
    rng = np.random.default_rng(integer("seed", seed, 0))
    return X[rng.permutation(len(X))], Y[rng.permutation(len(Y))]


def _intercept(X, Y):
    """Intercept of the least-squares line through (k, mean FID of k parts)."""
    means = [np.mean([fid(X[j::k], Y[j::k]) for j in range(k)]) for k in LEVELS]
    return float(np.polyfit(LEVELS, means, 1)[1])


def _covariance(X):
    """Sample covariance with ddof = 1, exactly symmetric."""
    centred = X - X.mean(0)
    return centred.T @ centred / (len(X) - 1)


def _root(cov, name, eps):
    """L with cov = L L', from the eigenvectors; `eps` is the relative precision that cov was computed with."""
    values, vectors = np.linalg.eigh((cov + cov.T) / 2)
    scale = max(abs(values[0]), abs(values[-1]), np.finfo(float).tiny)
    # rounding noise around zero differs between machines, and a square root would enlarge it
    noise = len(cov) * eps * scale
    if values[0] < -max(1e-8 * scale, 4 * noise):
        raise ValueError(f"{name} must be positive semidefinite, but has the eigenvalue {values[0]:.3g}")
    return vectors * np.sqrt(np.where(values > noise, values, 0.0))


def _precision(array):
    """Distance from 1 to the next larger number in the array's type (float64 if it is not an array of floats)."""
    kind = getattr(array, "dtype", None)
    return float(np.finfo(kind).eps) if kind is not None and kind.kind == "f" else float(np.finfo(float).eps)


def _finite(array, name, ndim):
    array = floats(name, array, ndim)
    if not array.size:
        raise ValueError(f"{name} must not be empty, but has the shape {array.shape}")
    if np.abs(array).max() > LARGEST:
        raise ValueError(f"{name} must hold numbers up to {LARGEST:g}, not {np.abs(array).max():g}")
    return array


def _samples(X, Y, fewest):
    X, Y = floats("X", X, 2), floats("Y", Y, 2)
    for name, sample in (("X", X), ("Y", Y)):
        if len(sample) < fewest:
            raise ValueError(f"{name} must have at least {fewest} rows (samples), not {len(sample)}")
    X, Y = _finite(X, "X", 2), _finite(Y, "Y", 2)
    if X.shape[1] != Y.shape[1]:
        raise ValueError(f"X and Y must have the same number of columns, not {X.shape[1]} and {Y.shape[1]}")
    return X, Y
