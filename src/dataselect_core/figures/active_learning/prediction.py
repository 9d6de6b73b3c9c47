"""The prediction of Part 2 next to the measurement: a direction and a factor, converted to the measured scale.

The scale is labels of random sampling ÷ labels of uncertainty sampling: "fewer, 2 times" is 2 on it, "more,
2 times" is 0.5, "about as many" is 1.
"""

SAME = 1.1  # two numbers of labels are about the same up to this factor
DIRECTIONS = ("fewer", "same", "more")


def direction(ratio: float) -> str:
    """What uncertainty sampling needs at a ratio > 0: "fewer", "same" or "more" labels than random sampling."""
    return "fewer" if ratio > SAME else "more" if ratio < 1 / SAME else "same"


def ratio(direction: str, factor: float) -> float:
    """The ratio for a prediction of a direction and a factor of at least 1.

    Raises
    ------
    ValueError
        If `direction` is not in `DIRECTIONS`.
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"direction must be one of {', '.join(DIRECTIONS)}, not {direction!r}")
    return {"fewer": factor, "same": 1.0, "more": 1 / factor}[direction]


def apart(predicted: float, measured: float) -> float:
    """The larger of two ratios > 0, divided by the smaller: 1 if they agree."""
    return max(predicted / measured, measured / predicted)
