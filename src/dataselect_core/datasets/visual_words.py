"""Visual words: a picture as a set of small patches, so that MinHash can compare pictures in the same way as texts.

A text is the set of its word 5-grams; a picture is the set of its patches of one, two and four neighbouring
pixels, each with its place and a few shades. An empty patch (shade 0 throughout) is not a word. Sivic and Zisserman
(Video Google, 2003) compare video frames by visual words, Chum, Philbin and Zisserman (2008) by MinHash of them.
"""

from typing import Any

import numpy as np

from dataselect_core.arrays import Hashes, NDArray

SIZES = ((1, 1), (1, 2), (2, 1), (2, 2))  # rows and columns of a patch


def patch_words(pictures: NDArray[Any], shades: int) -> list[Hashes]:
    """The set of visual words of each picture.

    Parameters
    ----------
    pictures : int[n, height, width]
        Shade of each pixel, 0 (empty) to shades - 1. At least 2 pixels high and wide.
    shades : int
        At least 2.

    Returns
    -------
    list of n uint32 arrays
        Distinct and ascending; two pictures of equal height and width share a word if they have the same
        patch at the same place. An empty picture has none.

    Raises
    ------
    TypeError, ValueError
        If pictures have another shape or type, shades is out of range, or there are more words than 32 bits can number.
    """
    pictures = np.asarray(pictures)
    if pictures.dtype.kind not in "iu":
        raise TypeError(f"pictures must hold whole shades, not {pictures.dtype}")
    if pictures.ndim != 3 or not len(pictures) or min(pictures.shape[1:]) < 2:
        raise ValueError(f"pictures must have shape (n, height, width), 2 by 2 or more, not {pictures.shape}")
    if isinstance(shades, bool) or not isinstance(shades, int) or shades < 2:
        raise ValueError(f"shades must be a whole number of at least 2, not {shades!r}")
    if pictures.min() < 0 or pictures.max() >= shades:
        raise ValueError(
            f"pictures must hold shades from 0 to {shades - 1}, not {pictures.min()} to {pictures.max()}"
        )
    n, height, width = pictures.shape
    codes = shades**4  # of the largest patch
    if len(SIZES) * height * width * codes > 2**32:
        raise ValueError(
            f"pictures of {height} x {width} in {shades} shades have more words than 32 bits can number"
        )
    position = np.arange(height * width, dtype=np.int64).reshape(height, width)
    words = []
    for kind, (rows, columns) in enumerate(SIZES):
        code = np.zeros((n, height - rows + 1, width - columns + 1), dtype=np.int64)
        for row in range(rows):
            for column in range(columns):
                code = (
                    code * shades
                    + pictures[:, row : height - rows + 1 + row, column : width - columns + 1 + column]
                )
        word = (kind * height * width + position[: code.shape[1], : code.shape[2]]) * codes + code
        words.append(np.where(code > 0, word, -1).reshape(n, -1))
    words = np.concatenate(words, axis=1)
    present = words >= 0
    return np.split(words[present].astype(np.uint32), np.cumsum(present.sum(axis=1))[:-1])
