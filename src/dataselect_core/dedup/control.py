"""The control of a deduplication: the same mass removed at random; an effect of both is not due to deduplication."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import Flags, Integers
from dataselect_core.dedup.audit import HELDOUT_THRESHOLD, Audit, Point
from dataselect_core.dedup.pairs import clusters
from dataselect_core.information.heldout import heldout_split
from dataselect_core.statistics import half_width

SEEDS = tuple(range(1, 6))
"""Default seeds of a comparison."""


@dataclass(frozen=True)
class Comparison:
    """Final held-out loss of three corpora, over several seeds (of held-out part, order of reading, random removal).

    Attributes
    ----------
    seeds : tuple of int
    raw, kept, control : float64[s]
        Loss of the raw corpus, of the deduplicated one, and of one with as much removed at random.
    raw_operations, kept_operations, control_operations : float64[s]
        Operations counted up to that loss.
    """

    seeds: tuple
    raw: np.ndarray
    kept: np.ndarray
    control: np.ndarray
    raw_operations: np.ndarray
    kept_operations: np.ndarray
    control_operations: np.ndarray

    def against_raw(self) -> Any:
        """Change of the loss by deduplication, mean over the seeds, and the half width of its 95 % interval."""
        return _mean_and_half_width(self.kept - self.raw)

    def against_control(self) -> Any:
        """Loss of the deduplicated corpus minus loss of the control, at equal compute: mean and half width."""
        return _mean_and_half_width(self.kept - self.control)

    def control_against_raw(self) -> Any:
        """Change of the loss by removing the same mass at random: mean and half width."""
        return _mean_and_half_width(self.control - self.raw)


def verdict(mean: float, half_width: float) -> str:
    """ "better" or "worse"; "same" if the interval of a difference of losses contains 0."""
    if abs(mean) <= half_width:
        return "same"
    return "better" if mean < 0 else "worse"


def at_random(mass: Integers, index: Integers, removed: float, seed: int) -> Flags:
    """A mask that removes random items of a given mass.

    Parameters
    ----------
    mass : int64[n]
    index : int[m]
        The items that may be removed, such as the training items; at least one of them is kept.
    removed : float
        Mass to remove, from 0 to the mass of all of them; reached to within half an item.
    seed : int

    Returns
    -------
    bool[n]
    """
    mass, index = arguments.vector("mass", mass), np.asarray(arguments.vector("index", index), dtype=np.intp)
    if not index.size or index.min() < 0 or index.max() >= mass.size:
        raise ValueError(f"index must hold indices from 0 to {mass.size - 1}, at least one")
    removed = arguments.amount("removed", removed)
    order = np.random.default_rng(arguments.integer("seed", seed, 0)).permutation(np.sort(index))
    cumulative = np.concatenate([[0], np.cumsum(mass[order])])
    if removed > cumulative[-1]:
        raise ValueError(
            f"removed must be at most {cumulative[-1]}, the mass of all items in index, not {removed:g}"
        )
    count = min(int(np.abs(cumulative - removed).argmin()), len(order) - 1)
    keep = np.ones(len(mass), dtype=bool)
    keep[order[:count]] = False
    return keep


def compare(audit: Audit, point: Point, seeds: Sequence[int] = SEEDS) -> Comparison:
    """Train on the raw corpus, the deduplicated one and its control, once for each seed.

    The seed determines the held-out clusters, the order of reading and the random removal; pairs and point are the
    same for all seeds. The control loses as much mass of the training items as deduplication removes.

    Parameters
    ----------
    audit : Audit
    point : Point
        A point of this audit.
    seeds : sequence of int
        At least two.

    Returns
    -------
    Comparison
    """
    *_, comparison = compare_stepwise(audit, point, seeds)
    return comparison


def compare_stepwise(audit: Audit, point: Point, seeds: Sequence[int] = SEEDS) -> Iterator[Any]:
    """The same in steps: an iterator of (label, share done) that ends with the `Comparison`."""
    seeds = arguments.seeds("seeds", seeds)
    near = clusters(len(audit), audit.pairs[audit.similarity >= HELDOUT_THRESHOLD])
    rows = []
    for i, seed in enumerate(seeds):
        yield f"Comparing with as much removed at random, seed {i + 1} of {len(seeds)}", i / len(seeds)
        train, heldout = heldout_split(near, audit.corpus.heldout_share, seed, audit.mass)
        plan = audit.corpus.plan(train, heldout, seed)
        removed = audit.mass[train[~point.keep[train]]].sum()
        masks = (None, point.keep, at_random(audit.mass, train, float(removed), seed))
        # only the last checkpoint, after everything is read
        curves = [plan.curve(mask, 1) for mask in masks]
        rows.append([(float(curve.loss[-1]), float(curve.operations[-1])) for curve in curves])
    table = np.array(rows)
    yield Comparison(seeds, *table[:, :, 0].T, *table[:, :, 1].T)


def _mean_and_half_width(values):
    return float(values.mean()), float(half_width(values))
