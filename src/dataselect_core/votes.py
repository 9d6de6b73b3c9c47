"""How often a vote of one or several labellers is wrong, and what it teaches for its price.

Both are measured on items that many people have rated.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import comb

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, Floats
from dataselect_core.learners.softmax import SoftmaxRegression
from dataselect_core.statistics import half_width

NGRAMS = (2, 3, 4)
"""Lengths of the runs of characters that `ngram_features` counts."""
VOTERS = (1, 3, 5)
L2 = 0.1


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


def ngram_features(texts: Sequence[str], dimensions: int = 512) -> Floats:
    """Which runs of two to four characters a text has, hashed into a fixed number of columns, each row of length 1.

    Parameters
    ----------
    texts : list of str
        Words or short phrases; upper and lower case count as the same. The start and the end of a text are characters.
    dimensions : int
        1 to 65,536.

    Returns
    -------
    float64[n, dimensions]

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.
    """
    texts = arguments.documents("texts", texts, "texts")
    dimensions = arguments.integer("dimensions", dimensions, 1, 1 << 16)
    table = np.zeros((len(texts), dimensions))
    for row, text in zip(table, texts):
        if not isinstance(text, str):
            raise TypeError(f"texts must hold texts, not {text!r}")
        marked = f"^{text.lower()}$"
        for width in NGRAMS:
            for start in range(len(marked) - width + 1):
                row[zlib.crc32(marked[start : start + width].encode("utf-8", "replace")) % dimensions] = 1
    return table / np.maximum(1, np.linalg.norm(table, axis=1, keepdims=True))


@dataclass(frozen=True)
class Bought:
    """Test accuracy of a model that learned from bought labels.

    Attributes
    ----------
    items : tuple of tuple of int
        For each plan and number of voters, how many items were labelled.
    voters : tuple of int
    seeds : tuple of int
    accuracy : float64[s, p, v]
        Share of the test items whose sign is predicted, for each seed, plan and number of voters.
    """

    items: tuple[tuple[int, ...], ...]
    voters: tuple[int, ...]
    seeds: tuple[int, ...]
    accuracy: Floats

    def mean(self) -> tuple[Floats, Floats]:
        """Mean over the seeds, and half its 95 % interval: float64[p, v] each."""
        return self.accuracy.mean(axis=0), half_width(self.accuracy)

    def against_first(self) -> tuple[Floats, Floats]:
        """The same for the difference from the first number of voters, paired by seed."""
        gap = self.accuracy - self.accuracy[:, :, :1]
        return gap.mean(axis=0), half_width(gap)


def buy_labels(
    texts: Sequence[str],
    values: ArrayLike,
    plans: Sequence[Sequence[int]],
    voters: Sequence[int] = VOTERS,
    test: int = 2000,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
) -> Bought:
    """Buy labels of real people for some items, learn the sign from the characters, and test on other items.

    For each item and seed the voters are drawn from its ratings. An item on which their vote is undecided is paid for,
    but gives no label. The truth of a test item is the sign of the mean of all its ratings; items on which the panel is
    undecided are left out.

    Parameters
    ----------
    texts : list of str
    values : float[n, k]
        Ratings, as for `majority`.
    plans : sequence of sequence of int
        How many items to label, one number for each of `voters`: a plan of (3000, 1000, 600) costs 3,000 labels however
        they are spent, one of (1000, 1000, 1000) labels the same items.
    voters : sequence of int
        Numbers of labels for each item, 1 to k.
    test : int
        Test items, at least 1.
    seeds : sequence of int
        At least two. The seed determines the test items, the order of the others, and the voters.

    Returns
    -------
    Bought

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.
    """
    values, seeds = arguments.table("values", values), arguments.seeds("seeds", seeds)
    features = ngram_features(texts)
    if len(features) != len(values):
        raise ValueError(f"values must have a row for each of texts, not {len(values)} for {len(features)}")
    if 0 in values.shape:
        raise ValueError(f"values must hold at least one rating for each text, not shape {values.shape}")
    counts = arguments.integers("voters", voters, 1, values.shape[1])
    panel = np.sign(np.round(values.mean(axis=1), 12))
    features, values, panel = features[panel != 0], values[panel != 0], panel[panel != 0]
    test = arguments.integer("test", test, 1, max(1, len(panel) - 1))
    if isinstance(plans, (str, bytes)) or not isinstance(plans, Iterable):
        raise TypeError(f"plans must be a list of lists of integers, not {plans!r}")
    items = tuple(arguments.integers("plans", plan, 1, len(panel) - test) for plan in plans)
    if not items or any(len(plan) != len(counts) for plan in items):
        raise ValueError("plans must hold at least one plan, with one number of items for each of voters")
    accuracy = np.empty((len(seeds), len(items), len(counts)))
    for i, seed in enumerate(seeds):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(panel))
        drawn = np.take_along_axis(values, rng.random(values.shape).argsort(axis=1), axis=1)
        for j, plan in enumerate(items):
            for k, (number, count) in enumerate(zip(plan, counts)):
                bought = order[test : test + number]
                vote = np.sign(np.sign(drawn[bought, :count]).sum(axis=1))
                labelled, labels = bought[vote != 0], vote[vote != 0]
                if len(np.unique(labels)) < 2:
                    raise ValueError("plans must buy labels of both signs: label more items")
                model = SoftmaxRegression(L2).fit(features[labelled], labels)
                accuracy[i, j, k] = (model.predict(features[order[:test]]) == panel[order[:test]]).mean()
    return Bought(items, counts, seeds, accuracy)


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
