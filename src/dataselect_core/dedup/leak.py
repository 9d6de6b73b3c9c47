"""The leaky test: what a deduplication seems to do when near-duplicates of the training items may be in the test."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataselect_core import arguments
from dataselect_core.dedup.audit import HELDOUT_THRESHOLD, Audit, Point
from dataselect_core.dedup.control import SEEDS
from dataselect_core.dedup.pairs import clusters
from dataselect_core.information.heldout import heldout_split
from dataselect_core.statistics import half_width

HELD_OUT = ("cluster", "document")


@dataclass(frozen=True)
class Leak:
    """Final held-out loss of the raw and the deduplicated corpus, for both ways of holding out.

    Attributes
    ----------
    seeds : tuple of int
    raw, kept : float64[s, 2]
        Loss for each seed; columns: whole clusters held out, single documents held out.
    """

    seeds: tuple
    raw: np.ndarray
    kept: np.ndarray

    def change(self) -> Any:
        """Change of the loss by deduplication, mean over the seeds, and half its 95 % interval: float64[2] each."""
        gap = self.kept - self.raw
        return gap.mean(axis=0), half_width(gap)


def leaky_test(audit: Audit, point: Point, seeds: Sequence[int] = SEEDS) -> Leak:
    """Train on the raw and the deduplicated corpus, tested on whole clusters and on single documents.

    If whole clusters are held out, the model learns from no near-duplicate of a test item. If single documents are held
    out, copies of test items are still in the raw corpus: the model is tested on items that it has read, and
    deduplication removes them.

    Parameters
    ----------
    audit : Audit
    point : Point
        A point of this audit.
    seeds : sequence of int
        At least two. The seed determines the held-out part and the order of reading.

    Returns
    -------
    Leak

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.
    """
    seeds = arguments.seeds("seeds", seeds)
    near = clusters(len(audit), audit.pairs[audit.similarity >= HELDOUT_THRESHOLD])
    loss = np.empty((2, len(seeds), 2))
    for i, seed in enumerate(seeds):
        for j, label in enumerate((near, np.arange(len(audit)))):
            train, heldout = heldout_split(label, audit.corpus.heldout_share, seed, audit.mass)
            plan = audit.corpus.plan(train, heldout, seed)
            for k, mask in enumerate((None, point.keep)):
                loss[k, i, j] = plan.curve(mask, 1).loss[-1]
    return Leak(seeds, *loss)


def leaky_stepwise(
    audit: Audit, point: Point, held_out: str, seeds: Sequence[int] = SEEDS
) -> Iterator[tuple[str, float] | np.ndarray]:
    """One way of holding out, in steps: an iterator of (label, share done) that ends with the losses.

    Parameters
    ----------
    audit, point, seeds
        As for `leaky_test`.
    held_out : {"cluster", "document"}

    Yields
    ------
    tuple of (str, float), at last float64[s, 2]
        Final held-out loss of the raw and the deduplicated corpus, one row for each seed: a column of `leaky_test`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.
    """
    held_out, seeds = arguments.choice("held_out", held_out, HELD_OUT), arguments.seeds("seeds", seeds)
    label = np.arange(len(audit))
    if held_out == "cluster":
        label = clusters(len(audit), audit.pairs[audit.similarity >= HELDOUT_THRESHOLD])
    losses = []
    for i, seed in enumerate(seeds):
        yield f"Holding out by {held_out}, seed {i + 1} of {len(seeds)}", i / len(seeds)
        train, heldout = heldout_split(label, audit.corpus.heldout_share, seed, audit.mass)
        plan = audit.corpus.plan(train, heldout, seed)
        losses.append([float(plan.curve(mask, 1).loss[-1]) for mask in (None, point.keep)])
    yield np.array(losses)
