"""Rain on a camera: streaks across the picture and a wet lens.

Intensity means optical intensity. With the drop sizes of Marshall and Palmer (1948), N(D) ~ exp(-L D) and
L ~ R^-0.21 for a rain rate R, the area of drops in the line of sight grows with
integral D^2 N(D) dD ~ L^-3 ~ R^0.63, and the mean drop, 1/L, with R^0.21. So for intensity i:
coverage of the picture ~ i, length of a streak ~ i^(1/3), number of streaks ~ i^(2/3); blur ~ i.

The model leaves out that daily totals are not rates (we take the same hours of rain every day), drops that sit on
the lens and bend the picture, fog, darkness and glare, sensor noise and the camera's automatic exposure, and that
successive pictures share their weather. The law of the drops is cited; the number, opacity and brightness of
streaks are our choice (facts/weather.json). The digits are pictures of 8 x 8 blocks; real streaks are finer.
"""

import numpy as np

from dataselect_core.arguments import floats, integer, share
from dataselect_core.arrays import ArrayLike, Floats, OneOrMany
from dataselect_core.facts import load

FACTS = load("weather")
SIDE = 8
STEP = 0.25
"""Distance, in blocks, between the points that make a streak."""
CANDIDATES = 32
"""Streaks prepared for each picture; how many are visible depends on the intensity."""


def intensity(millimetres: ArrayLike) -> OneOrMany:
    """Optical intensity of a day's rain, modelled.

    Parameters
    ----------
    millimetres : float or float[n]
        Rainfall of the day in mm, at least 0.

    Returns
    -------
    float or float[n]
        In [0, 1]: (mm / 50)^0.63, at most 1. The law is from Marshall and Palmer; the full day is our choice.
    """
    millimetres = np.asarray(millimetres, dtype=float)
    if not np.isfinite(millimetres).all() or (millimetres < 0).any():
        raise ValueError("millimetres must be finite and at least 0")
    exponent = 3.0 * FACTS["marshall_palmer_exponent"]["value"]
    result = np.minimum(1.0, (millimetres / FACTS["full_rain"]["value"]) ** exponent)
    return float(result) if result.ndim == 0 else result


def rain(X: ArrayLike, intensity: ArrayLike, seed: int) -> Floats:
    """Pictures of digits as seen through rain.

    The same seed prepares the same streaks at every intensity. More rain shows more and longer streaks,
    so the coverage of a pixel never falls as the intensity rises.

    Parameters
    ----------
    X : float[n, 64]
        Pictures of 8 x 8 blocks, in [0, 1].
    intensity : float or float[n]
        In [0, 1]; 0 leaves the pictures unchanged. One for all, or one for each picture.
    seed : int

    Returns
    -------
    float[n, 64]
        In [0, 1]; a new array.

    Raises
    ------
    ValueError
        If X is not n x 64 in [0, 1], or an intensity is outside [0, 1].
    """
    X, strength = _checked(X, intensity)
    covered = FACTS["streak_opacity"]["value"] * coverage(len(X), strength, seed)
    wet = FACTS["blur"]["value"] * strength[:, None]
    blurred = X + wet * (blur(X) - X)
    return blurred + covered * (FACTS["streak_brightness"]["value"] - blurred)


def coverage(n: int, strength: Floats, seed: int) -> Floats:
    """Share of each block that streaks cover: float[n, 64] in [0, 1].

    `strength`, float[n], is the intensity of each picture; the share never falls as it rises.
    """
    rng = np.random.default_rng(integer("seed", seed, 0))
    turn = rng.random((n, CANDIDATES))
    left = rng.uniform(0.0, SIDE, (n, CANDIDATES))
    top = rng.uniform(-FACTS["longest_streak"]["value"], SIDE, (n, CANDIDATES))
    wind = rng.uniform(-1.0, 1.0, (n, 1)) * FACTS["wind"]["value"]
    visible = turn < (FACTS["most_streaks"]["value"] / CANDIDATES * strength ** (2 / 3))[:, None]
    length = (FACTS["longest_streak"]["value"] * strength ** (1 / 3))[:, None]
    water = np.zeros((n, SIDE, SIDE))
    picture, streak = np.nonzero(visible)
    for fallen in np.arange(0.0, FACTS["longest_streak"]["value"], STEP):
        x = np.floor(left[picture, streak] + wind[picture, 0] * fallen).astype(int)
        y = np.floor(top[picture, streak] + fallen).astype(int)
        # the last step counts only with the part that the streak reaches
        part = np.clip((length[picture, 0] - fallen) / STEP, 0.0, 1.0) * STEP
        inside = (x >= 0) & (x < SIDE) & (y >= 0) & (y < SIDE)
        np.add.at(water, (picture[inside], y[inside], x[inside]), part[inside])
    return 1.0 - np.exp(-water.reshape(n, SIDE * SIDE))


def blur(X: Floats) -> Floats:
    """Each picture after a 3 x 3 binomial filter; there is no ink beyond the border."""
    picture = np.pad(X.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)))
    rows = 0.25 * picture[:, :-2] + 0.5 * picture[:, 1:-1] + 0.25 * picture[:, 2:]
    filtered = 0.25 * rows[:, :, :-2] + 0.5 * rows[:, :, 1:-1] + 0.25 * rows[:, :, 2:]
    return filtered.reshape(len(X), SIDE * SIDE)


def field_weather(rainfall_mm: ArrayLike, n: int, seed: int, wet_share: float | None = None) -> Floats:
    """Rain on n days in the field, drawn from a record.

    Parameters
    ----------
    rainfall_mm : float[days]
        Daily rainfall in mm.
    n : int
        How many days to draw, with replacement.
    seed : int
    wet_share : float, optional
        Share of the drawn days that have rain, in [0, 1]; the share in the record if not given.

    Returns
    -------
    float[n]
        mm on each day.
    """
    record = np.asarray(rainfall_mm, dtype=float)
    if record.ndim != 1 or not np.isfinite(record).all() or (record < 0).any():
        raise ValueError("rainfall_mm must be one list of finite amounts of at least 0 mm")
    wet = record[record > 0]
    if not len(wet):
        raise ValueError("rainfall_mm must have at least one day with rain")
    chance = len(wet) / len(record) if wet_share is None else share("wet_share", wet_share)
    rng = np.random.default_rng(integer("seed", seed, 0))
    return np.where(rng.random(n) < chance, rng.choice(wet, n), 0.0)


def _checked(X, intensity):
    X = floats("X", X)
    if X.ndim != 2 or X.shape[1] != SIDE * SIDE:
        raise ValueError(f"X must have shape (n, {SIDE * SIDE}), not {X.shape}")
    if not ((X >= 0.0) & (X <= 1.0)).all():
        raise ValueError("X must lie in [0, 1] (divide the block counts by 16)")
    strength = floats("intensity", intensity)
    if strength.ndim and strength.shape != (len(X),):
        raise ValueError(f"intensity must be one number or {len(X)}, one per row, not {strength.shape}")
    if not ((strength >= 0.0) & (strength <= 1.0)).all():
        raise ValueError(f"intensity must lie in [0, 1], not {intensity!r}")
    return X, np.broadcast_to(strength, (len(X),)).astype(float)
