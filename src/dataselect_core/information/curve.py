"""A learning curve, and what can be read from it: progress per compute (ICR), tokens to a loss."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dataselect_core import arguments
from dataselect_core.arguments import floats, integer
from dataselect_core.arrays import ArrayLike, Floats, Integers


@dataclass(frozen=True)
class Curve:
    """Held-out loss of a bigram model as it reads a corpus; one entry per checkpoint.

    Attributes
    ----------
    documents : int64[k]
        Documents read.
    tokens : int64[k]
        Words read.
    operations : int64[k]
        Updates of the count tables (measured; see `BigramModel.operations`).
    parameters : int64[k]
        Counts in the model.
    flops : float64[k]
        6 N D with these parameters N and tokens D: modelled, the compute of a neural model with as many
        parameters. The bigram model itself spends `operations`.
    loss : float64[k]
        Mean loss on the held-out text, nats per word (measured).
    """

    documents: Integers
    tokens: Integers
    operations: Integers
    parameters: Integers
    flops: Floats
    loss: Floats

    @property
    def progress(self) -> Floats:
        """Decrease of the loss since the first checkpoint, nats per word: float64[k]."""
        return self.loss[0] - self.loss


def icr(progress: ArrayLike, flops: ArrayLike) -> Floats:
    """Information-compute ratio: progress gained per unit of compute, at each point of a curve.

    ICR = dI / dC, as the slope of progress I over compute C: at inner points the second-order
    difference of both neighbours (unequal steps allowed), at the two ends the slope to the
    neighbour, as in `numpy.gradient`. For I ~ log D it decays as 1 / C.

    Parameters
    ----------
    progress : array-like of float, shape (k,)
        What was learned, here nats per word below the first point's loss. k >= 2.
    flops : array-like of float, shape (k,)
        Compute spent up to each point, strictly increasing; any unit (FLOPs, counted operations).

    Returns
    -------
    float64[k]
        Progress per unit of compute. Negative if more compute made the model worse.

    Raises
    ------
    ValueError
        If lengths differ, there are fewer than two points, a value is not finite, or compute does not increase.
    """
    progress, flops = floats("progress", progress), floats("flops", flops)
    if progress.ndim != 1 or progress.shape != flops.shape or progress.size < 2:
        raise ValueError(
            "progress and flops must be two 1-d arrays of one length of at least 2, not of "
            f"shapes {progress.shape} and {flops.shape}"
        )
    if (np.diff(flops) <= 0).any():
        raise ValueError("flops must be strictly increasing")
    return np.gradient(progress, flops)


def last_icr(progress: ArrayLike, flops: ArrayLike, share: float = 0.2) -> float:
    """Marginal ICR at the end of a curve: what the last share of the compute taught, per unit of compute.

    ICR = delta I / delta C between the first point from which at most that share of the compute is left, and the end.

    Parameters
    ----------
    progress, flops : array-like of float, shape (k,)
        As for `icr`.
    share : float, default 0.2
        Above 0, at most 1. If no point lies in it, the stretch from the last point but one is taken.

    Returns
    -------
    float
        Negative if the last stretch made the model worse.

    Raises
    ------
    ValueError
        As for `icr`, or if `share` is not allowed.
    """
    icr(progress, flops)  # its checks
    share = arguments.number("share", share)
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, not {share!r}")
    learned, spent = floats("progress", progress), floats("flops", flops)
    start = min(int(np.searchsorted(spent, (1 - share) * spent[-1])), spent.size - 2)
    return float((learned[-1] - learned[start]) / (spent[-1] - spent[start]))


def tokens_to_reach(curve: Curve, loss: float) -> float | None:
    """Tokens after which a learning curve first reaches a loss.

    Between two checkpoints the loss is assumed to be linear in the logarithm of the tokens.

    Parameters
    ----------
    curve : Curve
        Or any object with arrays `tokens` (increasing, > 0) and `loss`.
    loss : float
        Nats per word.

    Returns
    -------
    float or None
        Tokens; None if the curve never falls to this loss. If the first checkpoint has already reached it,
        the tokens of that checkpoint, which are then an upper bound.
    """
    if not np.isfinite(loss):
        raise ValueError(f"loss must be finite, not {loss!r}")
    tokens = np.asarray(curve.tokens, dtype=float)
    below = np.flatnonzero(np.asarray(curve.loss) <= loss)
    if not below.size:
        return None
    i = int(below[0])
    if i == 0:
        return float(tokens[0])
    high, low = float(curve.loss[i - 1]), float(curve.loss[i])
    share = (high - loss) / (high - low)
    return float(tokens[i - 1] * (tokens[i] / tokens[i - 1]) ** share)


def checkpoint_ends(checkpoints: int | Sequence[int], so_far: Integers) -> Integers:
    """Documents read at each checkpoint: int64[k], strictly increasing."""
    n = so_far.size
    if isinstance(checkpoints, (int, np.integer)) and not isinstance(checkpoints, bool):
        integer("checkpoints", checkpoints, 1, 10**6)
        share = np.arange(1, checkpoints + 1) / checkpoints * so_far[-1]
        ends = np.minimum(np.searchsorted(so_far, share * (1 - 1e-12)), n - 1) + 1
        return np.unique(ends).astype(np.int64)
    try:
        ends = np.asarray(checkpoints)
    except ValueError:
        raise ValueError("checkpoints must be a whole number or one sequence of document counts") from None
    if ends.ndim != 1 or ends.size == 0 or not np.issubdtype(ends.dtype, np.integer):
        raise ValueError(
            f"checkpoints must be a whole number or a sequence of document counts, not {checkpoints!r}"
        )
    if ends[0] < 1 or ends[-1] > n or (np.diff(ends) <= 0).any() or so_far[ends[0] - 1] == 0:
        raise ValueError(
            f"checkpoints must be strictly increasing document counts from 1 to {n}, the first "
            "of them after at least one word"
        )
    return ends.astype(np.int64)
