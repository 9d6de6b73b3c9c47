"""Clusters of near-duplicates compared with known classes: what a threshold joins rightly, misses, and loses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, Floats
from dataselect_core.dedup.pairs import clusters
from dataselect_core.statistics import Z_975

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
DRAWS = 1000


@dataclass(frozen=True)
class Agreement:
    """How well clusters agree with known classes, averaged over the classes, at several thresholds.

    Attributes
    ----------
    thresholds : tuple of float
    removed : float64[t]
        Share of the documents that are removed if the first of each cluster is kept.
    classes : int
        Number of classes.
    precision, recall, lost : float64[t]
        Means over the classes, see `agreement`; NaN if no class has a value.
    draws : float64[3, d, t]
        The three means for each bootstrap draw of the classes.
    """

    thresholds: tuple[float, ...]
    removed: Floats
    classes: int
    precision: Floats
    recall: Floats
    lost: Floats
    draws: Floats

    def half(self) -> Floats:
        """Half the 95 % interval of precision, recall and lost, from the spread of the draws: float64[3, t]."""
        return Z_975 * _spread(self.draws)

    def change(self, first: int, last: int) -> tuple[Floats, Floats]:
        """Change of the three between two thresholds, by index, and half its 95 % interval: float64[3] each.

        The change is paired: both thresholds have the same classes in each draw.
        """
        means = np.array([self.precision, self.recall, self.lost])
        change = self.draws[:, :, last] - self.draws[:, :, first]
        return means[:, last] - means[:, first], Z_975 * _spread(change)


def agreement(
    classes: Sequence[Any],
    pairs: ArrayLike,
    similarity: ArrayLike,
    thresholds: Sequence[float] = THRESHOLDS,
    draws: int = DRAWS,
    seed: int = 1,
) -> Agreement:
    """Compare the clusters at several thresholds with known classes.

    Precision of a document: of the other documents of its cluster, the share of its class. Recall: of the other
    documents of its class, the share in its cluster (B-cubed without the document itself, after Bagga and Baldwin
    1998). A class has the mean over its documents; documents without others are left out. A class is lost if no
    document of it is kept, where the first document of each cluster is kept. Each class counts once. The
    intervals come from a bootstrap over the classes, since documents of one class are not independent.

    Parameters
    ----------
    classes : sequence of str or int
        The known class of each document.
    pairs : int[m, 2]
        Pairs of documents.
    similarity : float[m]
        Their similarities; all pairs from the smallest threshold on should be in the list.
    thresholds : sequence of float
        In (0, 1].
    draws : int
        Bootstrap draws, at least 2.
    seed : int

    Returns
    -------
    Agreement

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.
    """
    names = arguments.documents("classes", classes, "class names")
    if not all(isinstance(name, (str, int, np.integer)) for name in names):
        raise TypeError("classes must be names or whole numbers, one per document")
    _, label = np.unique(np.array([str(name) for name in names]), return_inverse=True)
    numbers = arguments.vector("thresholds", thresholds)
    if not len(numbers):
        raise ValueError("thresholds must hold at least one number, not none")
    thresholds = tuple(arguments.threshold("thresholds", each) for each in numbers.tolist())
    draws, seed = arguments.integer("draws", draws, 2, 10**6), arguments.integer("seed", seed, 0)
    similarity = arguments.vector("similarity", similarity)
    try:
        clusters(len(label), pairs)
    except ValueError as error:
        raise ValueError(f"{error}; classes has {len(label)} documents") from None
    pairs = np.asarray(pairs)
    if len(similarity) != len(pairs):
        raise ValueError(
            f"similarity must have one number for each of the {len(pairs)} pairs, not {len(similarity)}"
        )
    count = int(label.max()) + 1
    chosen = np.random.default_rng(seed).integers(0, count, (draws, count))
    removed, means, drawn = [], [], []
    for threshold in thresholds:
        cluster = clusters(len(label), pairs[similarity >= threshold])
        removed.append(1 - len(np.unique(cluster)) / len(label))
        by_class = _by_class(label, cluster, count)
        means.append(_means(by_class))
        drawn.append(_means(by_class[:, chosen]))
    precision, recall, lost = np.array(means).T
    return Agreement(
        thresholds, np.array(removed), count, precision, recall, lost, np.moveaxis(np.array(drawn), 0, 2)
    )


def _by_class(label, cluster, count):
    """Precision, recall and whether all is lost, for each class: float[3, count], NaN where there is no value."""
    in_cluster, in_class = (
        np.bincount(cluster, minlength=len(label))[cluster] - 1,
        np.bincount(label)[label] - 1,
    )
    _, joint, counts = np.unique(cluster * count + label, return_inverse=True, return_counts=True)
    together = counts[joint] - 1
    kept = np.bincount(label[cluster == np.arange(len(label))], minlength=count)
    return np.array(
        [_mean_of(label, together, others, count) for others in (in_cluster, in_class)] + [kept == 0]
    )


def _mean_of(label, together, others, count):
    """For each class, the mean of together ÷ others over its documents that have others; NaN without any."""
    has = others > 0
    sums = np.bincount(label[has], together[has] / others[has], count)
    sizes = np.bincount(label[has], minlength=count)
    return np.divide(sums, sizes, out=np.full(count, np.nan), where=sizes > 0)


def _means(values):
    """Means over the last axis of what is not NaN; NaN if all is."""
    there = ~np.isnan(values)
    sizes = there.sum(axis=-1)
    sums = np.where(there, values, 0.0).sum(axis=-1)
    return np.divide(sums, sizes, out=np.full(sizes.shape, np.nan), where=sizes > 0)


def _spread(draws):
    """Standard deviation over the draws, the second axis, of what is not NaN; NaN with fewer than two."""
    centred = draws - _means(np.moveaxis(draws, 1, -1))[:, None]
    sizes = (~np.isnan(draws)).sum(axis=1)
    squares = np.nansum(centred**2, axis=1)
    return np.sqrt(np.divide(squares, sizes - 1, out=np.full(sizes.shape, np.nan), where=sizes > 1))
