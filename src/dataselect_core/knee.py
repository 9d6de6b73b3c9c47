"""Two ways to find where a curve stops being worth it: its bend, and its break-even."""

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, Floats

CURVES = ("concave", "convex")
DIRECTIONS = ("increasing", "decreasing")


def knee(x: ArrayLike, y: ArrayLike, curve: str, direction: str, sensitivity: float = 1.0) -> float | None:
    """The geometric knee of a curve, by the Kneedle algorithm (Satopää et al. 2011), offline.

    The curve is scaled to the unit square and turned so that it is concave and rises; the knee is the
    first local maximum of its height above the diagonal from which it then falls by more than
    `sensitivity` mean steps in x. The results are the same as from the package kneed without smoothing.

    Parameters
    ----------
    x : float[n]
        In ascending order, with at least two different values.
    y : float[n]
    curve : {"concave", "convex"}
        Concave curves have knees, convex ones elbows.
    direction : {"increasing", "decreasing"}
    sensitivity : float, default 1.0
        >= 0; larger is more cautious.

    Returns
    -------
    float or None
        The x of the knee; None when there is none, as in a flat curve or with fewer than three points.

    Raises
    ------
    ValueError
        For another curve or direction, NaN, different lengths, x that is not ascending, or a negative
        sensitivity.
    """
    curve = arguments.choice("curve", curve, CURVES)
    direction = arguments.choice("direction", direction, DIRECTIONS)
    sensitivity = arguments.amount("sensitivity", sensitivity)
    x, y = ascending_curve("x", x, y=y)
    if len(x) < 3 or x[0] == x[-1] or y.min() == y.max():
        return None
    across = (x - x.min()) / (x.max() - x.min())
    up = (y - y.min()) / (y.max() - y.min())
    # The knee of a falling concave or rising convex curve lies towards the right: mirror it.
    mirrored = (curve == "concave") == (direction == "decreasing")
    if curve == "convex":
        up = up.max() - up
    if mirrored:
        across, up = np.flip(1 - across), np.flip(up)
    height = up - across

    padded = np.pad(height, 1, mode="edge")
    peak = (height >= padded[:-2]) & (height >= padded[2:])
    valley = (height <= padded[:-2]) & (height <= padded[2:])
    fall = sensitivity * abs(np.diff(across).mean())
    candidate = None
    for i in range(len(height) - 1):
        if peak[i]:
            candidate, threshold = i, height[i] - fall
        if valley[i]:  # past the valley a further fall belongs to the next peak
            threshold = -np.inf
        if candidate is not None and height[i + 1] < threshold:
            return float(x[-(candidate + 1)] if mirrored else x[candidate])
    return None


def break_even(x: ArrayLike, benefit: ArrayLike, cost: ArrayLike) -> float | None:
    """The economic knee: the x beyond which the cost exceeds the benefit.

    Parameters
    ----------
    x : float[n]
        In ascending order, for example labels bought.
    benefit, cost : float[n]
        Both summed up to x and in the same unit, for example dollars saved on labels and spent on selection.

    Returns
    -------
    float or None
        Where benefit − cost last falls from >= 0 to below 0, with straight lines between the points, if it
        remains below 0 until the end. None otherwise: if benefit >= cost at the end, or benefit < cost from the
        beginning.

    Raises
    ------
    ValueError
        For NaN, different lengths, or x that is not ascending.
    """
    x, benefit, cost = ascending_curve("x", x, benefit=benefit, cost=cost)
    net = benefit - cost
    paying = np.flatnonzero(net >= 0)
    if len(paying) == 0 or paying[-1] == len(x) - 1:
        return None
    i = paying[-1]
    return float(x[i] + (x[i + 1] - x[i]) * net[i] / (net[i] - net[i + 1]))


def ascending_curve(name: str, x: ArrayLike, **columns: ArrayLike) -> list[Floats]:
    """Convert x and the columns to float64 vectors of one length, x ascending; errors name the wrong one."""
    vectors = []
    for label, values in {name: x, **columns}.items():
        try:
            vector = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError):
            raise TypeError(f"{label} must be a vector of numbers, not {values!r}") from None
        if vector.ndim != 1 or len(vector) == 0 or not np.isfinite(vector).all():
            raise ValueError(f"{label} must be a non-empty vector of finite numbers")
        if len(vector) != np.size(x):
            raise ValueError(f"{label} must be as long as {name}, {np.size(x)}, not {len(vector)}")
        vectors.append(vector)
    if (np.diff(vectors[0]) < 0).any():
        raise ValueError(f"{name} must be in ascending order")
    return vectors
