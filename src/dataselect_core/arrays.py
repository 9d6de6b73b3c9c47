"""Names for the arrays that functions take and return; their shapes are in the docstrings."""

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:  # no browser has it: what it brings is for type checkers, and has to be read at every start
    from numpy.typing import ArrayLike, NDArray
else:
    ArrayLike = Any

    class NDArray:
        """In place of NumPy's, for code that runs."""

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
"""What NumPy computes with, element by element."""
Labels: TypeAlias = NDArray[Any]
"""Class labels of any sortable kind: numbers or words."""
OneOrMany: TypeAlias = Any
"""A float where all arguments are single numbers, float64 otherwise: which of them depends on the call."""
