"""How often a vote of one or several labellers is wrong, measured on items that many people have rated."""

from dataclasses import dataclass
from functools import cache
from math import comb

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike
from dataselect_core.statistics import half_width


@dataclass(frozen=True)
class Votes:
    """How often a vote of some labellers differs from the whole panel; all shares are means over the items.

    Attributes
    ----------
    voters : int
        Labels bought for each item.
    items : int
        Items that were counted: all on which the panel is not undecided.
    opposite : float
        Share of votes won by the opposite sign.
    undecided : float
        Share of votes in which both signs have the same number of ratings; a neutral rating counts for neither.
    opposite_half, wrong_half : float
        Half width of the 95 % interval of `opposite` and of `wrong`, over the items.
    """

    voters: int
    items: int
    opposite: float
    undecided: float
    opposite_half: float
    wrong_half: float

    @property
    def wrong(self) -> float:
        """Share of votes that do not give the panel's sign: opposite or undecided."""
        return self.opposite + self.undecided


def majority(values: ArrayLike, voters: int) -> Votes:
    """Votes of `voters` raters of each item, over all choices of raters, compared with the sign of the panel's mean.

    The sign with more ratings wins; neutral ratings abstain. Nothing is sampled: three of 10 ratings can be chosen in
    120 ways, and each is counted (multivariate hypergeometric).

    Parameters
    ----------
    values : float[n, k]
        Ratings of n items by k people each; the sign is the label, 0 is neutral. `datasets.ratings().values`.
    voters : int
        1 to k.

    Returns
    -------
    Votes

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed (the message names it), or the panel is undecided on every item.
    """
    right, opposite = _for_and_against(values)
    people = np.shape(values)[1]
    voters = arguments.integer("voters", voters, 1, people)
    won, lost = np.array(
        [_win_shares(r, o, people, voters) for r, o in zip(right.tolist(), opposite.tolist())]
    ).T
    return Votes(
        voters, len(right), float(lost.mean()), float((1 - lost - won).mean()), _half(lost), _half(1 - won)
    )


@dataclass(frozen=True)
class Clustering:
    """How unevenly errors are spread over the items.

    Attributes
    ----------
    rate : float
        Share of single ratings with the opposite sign.
    none : float
        Share of items without an opposite rating.
    many : float
        Share of items on which at least `threshold` of the ratings are opposite.
    none_half, many_half : float
        Half width of the 95 % interval of `none` and of `many`, over the items.
    threshold : float
    none_if_even, many_if_even : float
        The same shares if every rating were wrong with probability `rate`, independently, as the law of random
        label noise assumes.
    """

    rate: float
    none: float
    many: float
    none_half: float
    many_half: float
    threshold: float
    none_if_even: float
    many_if_even: float


def clustering(values: ArrayLike, threshold: float = 0.3) -> Clustering:
    """How the wrong ratings are spread: many items without any, and a few with many.

    Parameters
    ----------
    values : float[n, k]
        As for `majority`.
    threshold : float
        In (0, 1]: an item counts as one with many from this share of opposite ratings.

    Returns
    -------
    Clustering
    """
    _, opposite = _for_and_against(values)
    threshold = arguments.threshold("threshold", threshold)
    people = np.shape(values)[1]
    rate = float(opposite.mean() / people)
    least = int(np.ceil(threshold * people - 1e-9))
    even = [comb(people, i) * rate**i * (1 - rate) ** (people - i) for i in range(people + 1)]
    return Clustering(
        rate,
        float((opposite == 0).mean()),
        float((opposite >= least).mean()),
        _half(opposite == 0),
        _half(opposite >= least),
        threshold,
        even[0],
        float(sum(even[least:])),
    )


def _half(shares):
    """Half width of the 95 % interval of a mean over the items; NaN for a single item."""
    return float(half_width(shares)) if len(shares) > 1 else float("nan")


def _for_and_against(values):
    """Ratings with the panel's sign and with the opposite sign, for each item on which the panel is not undecided."""
    values = arguments.table("values", values)
    if 0 in values.shape:
        raise ValueError(f"values must hold at least one item and one rating, not shape {values.shape}")
    panel = np.sign(np.round(values.mean(axis=1), 12))
    signs = np.sign(values[panel != 0]) * panel[panel != 0, None]
    if not len(signs):
        raise ValueError("values must hold an item on which the mean rating is not 0")
    return (signs > 0).sum(axis=1), (signs < 0).sum(axis=1)


@cache
def _win_shares(right, opposite, people, voters):
    """Shares of all choices of voters that the right and the opposite sign win."""
    won = lost = 0
    for r in range(min(right, voters) + 1):
        for o in range(min(opposite, voters - r) + 1):
            choices = comb(right, r) * comb(opposite, o) * comb(people - right - opposite, voters - r - o)
            won += choices * (r > o)
            lost += choices * (o > r)
    return won / comb(people, voters), lost / comb(people, voters)
