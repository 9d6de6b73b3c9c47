"""The evaluation set of a labelling project: what it costs, and how exactly it measures.

Its labels are drawn at random: labels that a model has chosen are no fair sample. The laboratory's own test set costs
the reader nothing and is larger, so its accuracy is more exact than the one that a project would see.
"""

from dataclasses import dataclass, replace

import numpy as np

from dataselect_core import arguments
from dataselect_core.sampling.sweep import Curve
from dataselect_core.statistics import Z_975, share_interval

SIZES = (50, 100, 200, 500, 1000, 2000)
"""Sizes that the page sets side by side."""
EXACT = 0.01
"""Half width of an interval, as a share, for which `labels_for` is asked on the page: one point."""


@dataclass(frozen=True)
class Evaluation:
    """An evaluation set of random samples.

    Attributes
    ----------
    labels : float
    dollars : float
    low, high : float
        95 % interval of the accuracy.
    watched : float
        How many samples of the watched class it is expected to hold.
    watched_low, watched_high : float
        95 % interval of the recall of the watched class.
    """

    labels: float
    dollars: float
    low: float
    high: float
    watched: float
    watched_low: float
    watched_high: float


def evaluation_set(labels: float, price: float, accuracy: float, recall: float, prior: float) -> Evaluation:
    """What an evaluation set of random samples costs and shows, if the model is as good as measured here.

    Parameters
    ----------
    labels : float
        Its size, at least 0.
    price : float
        Dollars per label.
    accuracy, recall : float
        Of the model, and of the watched class, from 0 to 1.
    prior : float
        Share of the watched class where the samples are drawn.

    Returns
    -------
    Evaluation
        Without samples, an interval is 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.
    """
    labels, price = arguments.amount("labels", labels), arguments.amount("price", price)
    accuracy, recall = arguments.share("accuracy", accuracy), arguments.share("recall", recall)
    watched = labels * arguments.share("prior", prior)
    of_all, of_watched = (
        share_interval(share, size) if size else (0.0, 1.0)
        for share, size in ((accuracy, labels), (recall, watched))
    )
    return Evaluation(labels, labels * price, *of_all, watched, *of_watched)


def labels_for(share: float, half: float = EXACT) -> float:
    """Random samples that measure a share to ± `half`, 95 %, by the normal approximation: z² p (1 − p) / half².

    Parameters
    ----------
    share : float
        From 0 to 1.
    half : float
        Half width of the interval, above 0 and below 1.

    Returns
    -------
    float
    """
    share, half = arguments.share("share", share), arguments.between("half", half, 0, 1)
    return Z_975 * Z_975 * share * (1 - share) / (half * half)


def at_prior(accuracy: float, recall: float, share: float, prior: float) -> float:
    """The accuracy if one class had another share of the samples, and everything else stayed.

    A test set may hold a rare class far more often than the world does; its accuracy then is largely the recall of that
    class.

    Parameters
    ----------
    accuracy, recall : float
        Measured on the test set: of all its samples, and of the class, from 0 to 1.
    share : float
        Share of the class in the test set, between 0 and 1.
    prior : float
        Its share in the world, from 0 to 1.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.
    """
    accuracy, recall = arguments.share("accuracy", accuracy), arguments.share("recall", recall)
    share, prior = arguments.between("share", share, 0, 1), arguments.share("prior", prior)
    others = (accuracy - share * recall) / (1 - share)  # of all other classes together
    return prior * recall + (1 - prior) * min(max(others, 0.0), 1.0)


def curve_at_prior(curve: Curve, share: float, prior: float) -> Curve:
    """A curve of a sweep with the accuracies that `at_prior` gives, seed by seed and round by round.

    Parameters
    ----------
    curve : Curve
        With the recall of the class.
    share, prior : float
        As for `at_prior`.

    Raises
    ------
    ValueError
        If the curve has no recall.
    """
    if curve.recall is None:
        raise ValueError("curve must have the recall of a class")
    again = np.vectorize(at_prior, otypes=[float])(curve.accuracy, curve.recall, share, prior)
    return replace(curve, accuracy=again)
