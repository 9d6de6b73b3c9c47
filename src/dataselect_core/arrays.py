"""Names for the arrays that functions take and return; their shapes are in the docstrings."""

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:  # for type checkers only; browsers lack it, and every start would have to read it
    from numpy.typing import ArrayLike, NDArray
else:
    ArrayLike = Any

    class NDArray:
        """Replaces NumPy's class at run time."""

        def __class_getitem__(cls, kind):
            return np.ndarray


__all__ = [
    "ArrayLike",
    "BandKeys",
    "Flags",
    "Floats",
    "Hashes",
    "Indices",
    "Integers",
    "Labels",
    "NDArray",
    "Numbers",
    "OneOrMany",
    "Shorts",
]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Shorts: TypeAlias = NDArray[np.int32]
Indices: TypeAlias = NDArray[np.intp]  # as NumPy counts: 32 bits in a browser
Hashes: TypeAlias = NDArray[np.uint32]
BandKeys: TypeAlias = NDArray[np.uint64]
Flags: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = float | Floats | Integers
"""Numbers that NumPy computes with, element by element."""
Labels: TypeAlias = NDArray[Any]
"""Class labels of any sortable kind: numbers or words."""
OneOrMany: TypeAlias = Any
"""A float if all arguments are single numbers, float64 otherwise."""
