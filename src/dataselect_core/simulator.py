"""Synthetic handwritten digits: strokes drawn on a bitmap, with the ink counted as for the real digits.

The real digits (UCI optdigits) are 32 x 32 bitmaps, normalised in height and cut into 8 x 8 blocks of 4 x 4
pixels whose ink is counted. The simulator draws the strokes of a digit on a bitmap and then does the same.
`randomisation` is the intensity of domain randomisation (Tobin et al. 2017): 0 draws the one plain form of each
digit, 1 varies everything far beyond handwriting. The simulator has no rain.
"""

from functools import lru_cache

import numpy as np

from dataselect_core.arguments import integer, share
from dataselect_core.arrays import Floats, Hashes, Integers
from dataselect_core.facts import load

SIDE = 32
BLOCK = 4
POINTS = 96
"""Points along the strokes of one digit: less than a stroke's width apart."""

FACTS = load("simulator")
PARAMETERS = {name: fact for name, fact in FACTS.items() if "spread" in fact}
"""Name -> {value, spread, unit ...} of every parameter that varies between drawings."""
NARROWEST = FACTS["narrowest"]["value"]
"""Pixels; a narrower drawing is stretched in width, as in the normalisation of the real digits."""


def _curve(points, positions):
    """Weights of the control points along a Catmull-Rom spline: float[len(positions), points]."""
    last = points - 1
    start = np.minimum(positions.astype(int), last - 1)
    t = positions - start
    basis = 0.5 * np.stack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2], axis=1
    )
    weights = np.zeros((len(positions), points))
    rows = np.arange(len(positions))
    for k in range(4):
        control = start + k - 1
        inside = (control >= 0) & (control <= last)
        np.add.at(weights, (rows[inside], control[inside]), basis[inside, k])
        # beyond an end the curve continues straight: p[-1] = 2 p[0] - p[1]
        for beyond, end, step in ((control < 0, 0, 1), (control > last, last, -1)):
            np.add.at(weights, (rows[beyond], np.full(beyond.sum(), end)), 2 * basis[beyond, k])
            np.add.at(weights, (rows[beyond], np.full(beyond.sum(), end + step)), -basis[beyond, k])
    return weights


def _skeleton(strokes):
    """Control points of a style, float[K, 2], and the weights that spread POINTS along its strokes."""
    controls = [np.array(stroke, dtype=float) for stroke in strokes]
    fine = [_curve(len(c), np.linspace(0, len(c) - 1, 200)) for c in controls]
    steps = [np.hypot(*np.diff(w @ c, axis=0).T) for w, c in zip(fine, controls)]
    total = sum(step.sum() for step in steps)
    counts = np.array([max(2, int(POINTS * step.sum() / total)) for step in steps])
    counts[-1] += POINTS - counts.sum()
    weights = np.zeros((POINTS, sum(len(c) for c in controls)))
    row = column = 0
    for control, step, count in zip(controls, steps, counts):
        distances = np.concatenate([[0.0], np.cumsum(step)])
        positions = np.interp(
            np.linspace(0, distances[-1], count), distances, np.linspace(0, len(control) - 1, 200)
        )
        weights[row : row + count, column : column + len(control)] = _curve(len(control), positions)
        row += count
        column += len(control)
    return np.concatenate(controls), weights


@lru_cache(maxsize=1)
def skeletons() -> dict[int, list[tuple[str, Floats, Floats]]]:
    """All skeletons.

    Returns
    -------
    dict of int to list of (str, float[K, 2], float[96, K])
        For each digit its styles: name, control points (x right, y down, unit box), and the weights
        that make 96 points along the strokes of the control points.
    """
    digits = load("strokes")["digits"]["value"]
    return {
        int(digit): [(style["style"], *_skeleton(style["strokes"])) for style in styles]
        for digit, styles in digits.items()
    }


def parameters(n: int, randomisation: float, seed: int) -> dict[str, Floats]:
    """Draw the parameters of n drawings.

    Parameters
    ----------
    n : int
        How many.
    randomisation : float
        Intensity in [0, 1]: each parameter is uniform in value +- randomisation * spread.
    seed : int

    Returns
    -------
    dict of str to float[n]
        One array for each of `PARAMETERS`, in its unit; `style` in [0, 1) picks the style.
    """
    n, randomisation, rng = _checked(n, randomisation, seed)
    drawn = {}
    for name, fact in PARAMETERS.items():
        u = rng.uniform(-1.0, 1.0, n)
        drawn[name] = fact["value"] + randomisation * fact["spread"] * u
    drawn["stroke_width"] = np.maximum(drawn["stroke_width"], 1.0)
    drawn["jitter"] = np.abs(drawn["jitter"])
    restyled = rng.random(n) < randomisation * PARAMETERS["style"]["spread"]
    drawn["style"] = np.where(restyled, rng.random(n), 0.0)
    return drawn


def strokes(y: Integers, drawn: dict[str, Floats], seed: int) -> tuple[Floats, Floats]:
    """Points along the strokes of each digit, in pixels of the bitmap.

    Parameters
    ----------
    y : int[n]
        The digits.
    drawn : dict
        As returned by `parameters`.
    seed : int
        Seed of the jitter of the pen points.

    Returns
    -------
    points : float[n, 96, 2]
        x and y in pixels; the bitmap is [0, 32) in both directions, and points may be outside.
    stretch : float[n]
        Width over height of the pen's mark after the normalisation; 1 for all but narrow digits.
    """
    rng = np.random.default_rng(seed)
    jitter = rng.standard_normal((len(y), 24, 2))
    points = np.empty((len(y), POINTS, 2))
    for digit, styles in skeletons().items():
        chosen = np.minimum((drawn["style"] * len(styles)).astype(int), len(styles) - 1)
        for k, (_, control, weights) in enumerate(styles):
            samples = np.flatnonzero((y == digit) & (chosen == k))
            pen = control + drawn["jitter"][samples, None, None] * jitter[samples, : len(control)]
            points[samples] = weights @ pen
    x, height = points[..., 0], points[..., 1]
    x = (x - 0.5) * drawn["aspect"][:, None] - drawn["slant"][:, None] * (height - 0.5)
    # the real bitmaps are normalised in height and centred; do the same here before scale and position
    top, bottom = height.min(1, keepdims=True), height.max(1, keepdims=True)
    middle = (x.min(1, keepdims=True) + x.max(1, keepdims=True)) / 2
    pen = drawn["stroke_width"][:, None]
    unit = (SIDE * drawn["scale"][:, None] - pen) / (bottom - top)
    width = (x.max(1, keepdims=True) - x.min(1, keepdims=True)) * unit + pen
    stretch = np.maximum(1.0, NARROWEST * drawn["scale"][:, None] / width)
    points[..., 0] = SIDE / 2 + (x - middle) * unit * stretch + drawn["position_x"][:, None]
    points[..., 1] = SIDE / 2 + (height - (top + bottom) / 2) * unit + drawn["position_y"][:, None]
    return points, stretch[:, 0]


def bitmaps(points: Floats, stroke_width: Floats, stretch: Floats) -> Hashes:
    """Draw points with a round pen: 32 rows of 32 bits.

    Parameters
    ----------
    points : float[n, P, 2]
        x, y in pixels.
    stroke_width : float[n]
        Diameter of the pen in pixels, top to bottom.
    stretch : float[n]
        Width over height of the pen.

    Returns
    -------
    uint32[n, 32]
        One row of pixels per number; the lowest bit is leftmost.
    """
    n = len(points)
    pixel = np.floor(points).astype(int)
    inside = ((pixel >= 0) & (pixel < SIDE)).all(2)
    bits = np.zeros((n, SIDE, SIDE), dtype=np.uint8)
    sample = np.broadcast_to(np.arange(n)[:, None], inside.shape)[inside]
    bits[sample, pixel[inside][:, 1], pixel[inside][:, 0]] = 1
    row = np.packbits(bits, axis=2, bitorder="little").view("<u4").reshape(n, SIDE).astype(np.uint32)

    # a disc is a stack of horizontal bars: widen by 0, 1, 2 ... pixels once, then lift each to its row
    radius = stroke_width / 2
    reach = int(radius.max())
    widened = [row]
    for _ in range(int((radius * stretch).max() + 1e-9)):
        last = widened[-1]
        widened.append(last | (last << np.uint32(1)) | (last >> np.uint32(1)))
    widened = np.stack(widened)
    ink = np.zeros_like(row)
    for lift in range(-reach, reach + 1):
        samples = np.flatnonzero(radius >= abs(lift))
        bar = (stretch[samples] * np.sqrt(radius[samples] ** 2 - lift**2) + 1e-9).astype(int)
        source = widened[bar, samples]
        target, start = max(lift, 0), max(-lift, 0)
        ink[samples, target : SIDE - start] |= source[:, start : SIDE - target]
    return ink


def count_blocks(bitmap: Hashes) -> Floats:
    """Share of ink in each block of 4 x 4 pixels: float[n, 64] in [0, 1], row by row, as in optdigits.

    Parameters
    ----------
    bitmap : uint32[n, 32]
        As returned by `bitmaps`.
    """
    side = SIDE // BLOCK
    columns = [np.bitwise_count((bitmap >> np.uint32(BLOCK * k)) & np.uint32(15)) for k in range(side)]
    ink = np.stack(columns, axis=2).astype(float).reshape(len(bitmap), side, BLOCK, side).sum(2)
    return ink.reshape(len(bitmap), side * side) / BLOCK**2


def simulate(n: int, randomisation: float = 0.35, seed: int = 1) -> tuple[Floats, Integers]:
    """Draw n synthetic digits.

    Parameters
    ----------
    n : int
        How many; the ten digits occur equally often (to within one), in random order.
    randomisation : float
        Intensity of the domain randomisation, in [0, 1].
    seed : int
        The same seed gives the same samples.

    Returns
    -------
    X : float[n, 64]
        Share of ink in 8 x 8 blocks, in [0, 1], multiples of 1/16.
    y : int[n]
        The digit.

    Raises
    ------
    ValueError, TypeError
        If n is not a positive whole number or randomisation is outside [0, 1].
    """
    n, randomisation, rng = _checked(n, randomisation, seed)
    y = rng.permutation(np.arange(n, dtype=np.int64) % 10)
    parameter_seed, pen_seed = rng.integers(0, 2**31, 2)
    drawn = parameters(n, randomisation, int(parameter_seed))
    points, stretch = strokes(y, drawn, int(pen_seed))
    return count_blocks(bitmaps(points, drawn["stroke_width"], stretch)), y


MOST = 10**6  # samples at a time: more would not fit in memory


def _checked(n, randomisation, seed):
    n = integer("n", n, 1, MOST)
    return n, share("randomisation", randomisation), np.random.default_rng(integer("seed", seed, 0))
