"""A simulated drive: real images, each seen again in several frames, so it is known which frames show one scene."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, Floats, Hashes, Integers, NDArray
from dataselect_core.datasets.visual_words import patch_words
from dataselect_core.facts import load

SIDE = 8  # pixels of a frame in each direction
PIXELS = SIDE * SIDE
MOST_REDUNDANT = 0.9
FACTS = {name: fact["value"] for name, fact in load("drive").items()}


@dataclass(frozen=True, eq=False)
class Drive:
    """Frames in the order in which the camera took them, with the scene that each frame shows.

    Attributes
    ----------
    ids : tuple of str
        Scene, frame of the scene, and the real image it shows.
    pictures : uint8[n, 8, 8]
        Ink of each pixel, 0 to 255.
    origin : int64[n]
        Index of the real image; two frames are truly redundant exactly when their origins are equal.
    label : int64[n]
        The digit on the real image.
    redundancy : float
        Share of the frames that show a scene again.
    provenance : str
        Source of the images, and a note that the frames are simulated.
    """

    ids: tuple = field(repr=False)
    pictures: Integers = field(repr=False)
    origin: Integers = field(repr=False)
    label: Integers = field(repr=False)
    redundancy: float
    provenance: str


def simulate(
    images: ArrayLike, labels: ArrayLike, redundancy: float = 0.7, seed: int = 1, provenance: str = ""
) -> Drive:
    """Make a drive of a fixed number of frames from real images.

    1. Images in a seeded order become scenes, until they make up 1 - redundancy of the frames.
    2. The other frames are distributed over the scenes by a Zipf-Mandelbrot law: the k-th (k = 0, 1, ...) has
       weight 1 / (k + offset). A car that waits sees one scene for a long time; most scenes pass quickly.
    3. The drive passes the scenes in a seeded order, each without interruption. The first frame of a scene is
       the real image with sensor noise; from frame to frame the camera moves a little (parts of a pixel,
       bilinear), the light changes a little, and the noise is drawn again. So neighbouring frames are most
       alike, and the first and the last frame of a long halt may have little in common.

    All draws and all arithmetic are in integers, from one `numpy.random.RandomState`, whose stream is frozen, so
    the frames are the same to the bit on every platform. The sizes of the steps are in `facts/drive.json`.

    Parameters
    ----------
    images : float[m, 64]
        Ink in [0, 1], multiples of 1/16, as `datasets.digits` returns them.
    labels : int[m]
    redundancy : float in [0, 0.9]
    seed : int in [0, 2**32)
    provenance : str
        Source of the images.

    Returns
    -------
    Drive
    """
    ink, labels = _images(images, labels)
    redundancy = arguments.share("redundancy", redundancy)
    if redundancy > MOST_REDUNDANT:
        raise ValueError(f"redundancy must be in [0, {MOST_REDUNDANT}], not {redundancy}")
    state = np.random.RandomState(arguments.integer("seed", seed, 0, 2**32 - 1))
    facts = FACTS
    n = facts["frames"]
    scenes = min(round(n * (1 - redundancy)), len(ink))
    images_of = _permutation(state, len(ink))[:scenes]
    weight = np.cumsum(1_000_000 // (np.arange(scenes, dtype=np.int64) + facts["offset"]))
    extra_scenes = np.searchsorted(weight, _below(state, int(weight[-1]), n - scenes), side="right")
    length = 1 + np.bincount(extra_scenes, minlength=scenes)
    scene_order = _permutation(state, scenes)
    scene = np.repeat(
        np.arange(scenes), length[scene_order].astype(np.intp)
    )  # number of the scene along the way
    origin = images_of[scene_order[scene]]
    nth = np.arange(n) - np.searchsorted(scene, scene)
    right, down, light = (
        _walk(_jitter(state, facts[step], n), nth, facts[reach])
        for step, reach in (("step", "reach"), ("step", "reach"), ("light_step", "light_reach"))
    )
    pictures = _render(ink[origin], right, down, light) + _jitter(state, facts["noise"], (n, SIDE, SIDE))
    description = (
        f"SIMULATED drive: {scenes} real images, each seen again under small shifts, changes of light and noise; "
        f"{n} frames (redundancy {redundancy:g}, seed {int(seed)})."
    )
    return Drive(
        ids=tuple(
            f"Scene {s + 1}, frame {k + 1} (image {i}, a {labels[i]})"
            for s, k, i in zip(scene, nth, origin, strict=True)
        ),
        pictures=np.clip(pictures, 0, 255).astype(np.uint8),
        origin=origin,
        label=labels[origin],
        redundancy=1 - scenes / n,
        provenance=f"{description} {provenance}".strip(),
    )


def visual_words(pictures: NDArray[Any]) -> list[Hashes]:
    """The set of visual words of each frame: list of uint32 arrays, as `visual_words.patch_words` numbers them.

    Measured on `datasets.drive()` (redundancy 0.7, seed 1): about 116 words per frame.
    """
    shades = FACTS["shades"]
    return patch_words(np.asarray(pictures, dtype=np.int64) * shades // 256, shades)


def blocks(pictures: NDArray[Any]) -> Floats:
    """Mean ink of each block of 2 x 2 pixels, in [0, 1]: float64[n, 16], the input of the learner."""
    return pictures.reshape(-1, SIDE // 2, 2, SIDE // 2, 2).mean(axis=(2, 4)).reshape(-1, PIXELS // 4) / 255


def _images(images, labels):
    images, labels = np.asarray(images, dtype=float), np.asarray(labels)
    if images.ndim != 2 or images.shape[1] != PIXELS or not len(images):
        raise ValueError(f"images must have shape (m, {PIXELS}), not {images.shape}")
    if labels.shape != images.shape[:1]:
        raise ValueError(
            f"labels must be {len(images)} digits, one for each image, not of shape {labels.shape}"
        )
    ink = np.round(16 * images)
    if not (np.abs(16 * images - ink) < 1e-9).all() or ink.min() < 0 or ink.max() > 16:
        raise ValueError("images must hold ink in [0, 1] in sixteenths")
    return ink.astype(np.int64).reshape(-1, SIDE, SIDE), labels.astype(np.int64)


def _below(state, n, size):
    return state.randint(0, n, size, dtype=np.int64)


def _permutation(state, n):
    return np.argsort(_below(state, 1 << 62, n), kind="stable").astype(np.int64)


def _jitter(state, most, size):
    """Sums of two draws from -most to most."""
    return _below(state, 2 * most + 1, size) + _below(state, 2 * most + 1, size) - 2 * most


def _walk(steps, nth, reach):
    """Positions of a walk that starts again at 0 wherever nth is 0, and never leaves [-reach, reach]."""
    position = np.zeros(len(steps), dtype=np.int64)
    for i in range(1, len(steps)):
        if nth[i]:
            position[i] = min(reach, max(-reach, position[i - 1] + steps[i]))
    return position


def _render(ink, right, down, light):
    """Images [n, 8, 8] in sixteenths, moved by parts of a pixel (64ths) and under a light (256ths): levels int64."""
    n = len(ink)
    padded = np.zeros((n, SIDE + 2, SIDE + 2), dtype=np.int64)
    padded[:, 1:-1, 1:-1] = ink
    total = np.zeros((n, SIDE, SIDE), dtype=np.int64)
    for row in (-1, 0, 1):
        for column in (-1, 0, 1):
            # Bilinear: how much of the pixel `row` above and `column` to the left has moved here.
            share = np.maximum(0, 64 - np.abs(64 * row - down)) * np.maximum(
                0, 64 - np.abs(64 * column - right)
            )
            total += (
                share[:, None, None] * padded[:, 1 - row : 1 - row + SIDE, 1 - column : 1 - column + SIDE]
            )
    return total * (256 + light)[:, None, None] * 255 // (16 * 64 * 64 * 256)
