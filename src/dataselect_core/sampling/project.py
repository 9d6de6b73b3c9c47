"""Cost and savings of choosing the samples, and where the cost exceeds the savings, in dollars.

Selection pays in a round only if labels saved × price per label > pool × price per score + training.
"""

from dataclasses import dataclass, fields

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike, Flags, Floats, Indices, OneOrMany
from dataselect_core.knee import ascending_curve, break_even


@dataclass(frozen=True)
class Prices:
    """Prices of a labelling project, each a finite number >= 0.

    Attributes
    ----------
    label : float
        Dollars per label.
    score : float
        Dollars per pool sample scored.
    pool : float
        Samples scored in each round of selection (the project's pool, not the laboratory's).
    training : float
        Dollars per training of the model.
    evaluation : float, default 0
        Labels of the evaluation set: bought at the same price, drawn at random, and never trained on.
    """

    label: float
    score: float
    pool: float
    training: float
    evaluation: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            arguments.amount(field.name, getattr(self, field.name))

    @property
    def selection(self) -> float:
        """Dollars of one round of selection: the pool is scored by a model trained for it."""
        return self.pool * self.score + self.training

    @property
    def evaluating(self) -> float:
        """Dollars of the evaluation set, the same for every strategy."""
        return self.evaluation * self.label


@dataclass(frozen=True)
class ProjectCost:
    """Cumulative dollars after each round, float64[r] each; `total` is the sum of the other four.

    `evaluation` is the same in every round: the evaluation set is bought once.
    """

    labels: Floats
    scoring: Floats
    training: Floats
    evaluation: Floats
    total: Floats


def stop_cost(labels: float, rounds: int, prices: Prices) -> float:
    """Dollars of a project that stops at some number of labels: the total of `project_cost` there.

    Parameters
    ----------
    labels : float
        Labels bought for training, at least 0.
    rounds : int
        Rounds of selection, at least 0; 0 for random sampling.
    prices : Prices

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If a number is negative or not a number.
    """
    labels, rounds = arguments.amount("labels", labels), arguments.integer("rounds", rounds, 0)
    return labels * prices.label + rounds * prices.selection + prices.training + prices.evaluating


def project_cost(labels: ArrayLike, selects: bool, prices: Prices) -> ProjectCost:
    """Cost of a run, if it had stopped after each of its rounds.

    Every project pays for its labels, for its evaluation set, and for one training, of its final model. A project that
    selects also pays, in each round, for scoring the pool and for training the model that scores it.

    Parameters
    ----------
    labels : int[r]
        Labels bought up to each round, the start first (`Run.labels`).
    selects : bool
        Whether the labels are chosen by a model; False for random sampling.
    prices : Prices

    Returns
    -------
    ProjectCost

    Raises
    ------
    ValueError
        If labels are not ascending numbers >= 0.
    """
    (labels,) = ascending_curve("labels", labels)
    if labels[0] < 0:
        raise ValueError(f"labels must be >= 0, not {labels[0]:g}")
    rounds = np.arange(len(labels), dtype=np.float64) if selects else np.zeros(len(labels))
    label_cost, scoring_cost = labels * prices.label, rounds * prices.pool * prices.score
    training_cost = (rounds + 1) * prices.training
    evaluation_cost = np.full(len(labels), prices.evaluating)
    total = label_cost + scoring_cost + training_cost + evaluation_cost
    return ProjectCost(label_cost, scoring_cost, training_cost, evaluation_cost, total)


def pareto_frontier(cost: ArrayLike, accuracy: ArrayLike) -> Indices:
    """The points that no other point beats: none is as accurate for less, or more accurate for the same cost.

    Parameters
    ----------
    cost, accuracy : float[n]
        Points of any number of runs, in any order.

    Returns
    -------
    int64[m]
        Their indices by increasing cost, with strictly increasing accuracy; of equal points, the first.

    Raises
    ------
    ValueError
        For NaN or different lengths.
    """
    cost, accuracy = np.asarray(cost, dtype=float), np.asarray(accuracy, dtype=float)
    if cost.ndim != 1 or cost.shape != accuracy.shape:
        raise ValueError(f"accuracy must be as long as cost, not {accuracy.shape} for {cost.shape}")
    if not (np.isfinite(cost).all() and np.isfinite(accuracy).all()):
        raise ValueError("cost and accuracy must be finite numbers")
    order = np.lexsort((-accuracy, cost))
    best_before = np.maximum.accumulate(np.concatenate([[-np.inf], accuracy[order][:-1]]))[: len(order)]
    return order[accuracy[order] > best_before]


def labels_to_reach(labels: ArrayLike, accuracy: ArrayLike, target: ArrayLike) -> OneOrMany:
    """Labels at which a curve first reaches each target, with straight lines between its points.

    Parameters
    ----------
    labels, accuracy : float[r]
        A run, with ascending labels. Use the mean of several seeds: a single noisy peak is a crossing too.
    target : float or float[k]

    Returns
    -------
    float64, of the shape of target
        NaN if the curve never reaches the target; the first entry of `labels` if it starts at the target or above.
    """
    labels, accuracy = ascending_curve("labels", labels, accuracy=accuracy)
    target = np.asarray(target, dtype=float)
    if not np.isfinite(target).all():
        raise ValueError("target must be a finite number")
    first = np.searchsorted(np.maximum.accumulate(accuracy), target)  # the first point at or above it
    right = np.minimum(first, len(labels) - 1)
    left = np.maximum(right - 1, 0)
    rise = accuracy[right] - accuracy[left]
    share = (target - accuracy[left]) / np.where(rise > 0, rise, 1)
    reached = labels[left] + share * (labels[right] - labels[left])
    return np.where(first == len(labels), np.nan, np.where(first == 0, labels[0], reached))[()]


@dataclass(frozen=True)
class EconomicKnee:
    """Where selection stops paying, compared with a random baseline.

    Attributes
    ----------
    labels_saved : float64[r]
        Labels that the baseline needs for the same accuracy, minus the labels of the run; negative if the
        run is behind. If the baseline never reaches that accuracy, at least this many.
    saved, spent, net : float64[r]
        Dollars of those labels, dollars of selection, and the difference, all cumulative.
    beyond : bool[r]
        True if the baseline never reaches the accuracy, so that the saving is only a lower bound.
    best : int
        Index of the round with the largest net benefit, without the rounds beyond the baseline: the
        next round of selection costs more than it saves. 0 if no round ever pays.
    break_even : float or None
        Labels from which on the total cost of selection exceeds the total saving, without the rounds beyond
        the baseline; None if that does not happen within the run. The start if it never pays.
    """

    labels_saved: Floats
    saved: Floats
    spent: Floats
    net: Floats
    beyond: Flags
    best: int
    break_even: float | None


def economic_knee(
    labels: ArrayLike,
    accuracy: ArrayLike,
    baseline_labels: ArrayLike,
    baseline_accuracy: ArrayLike,
    prices: Prices,
) -> EconomicKnee:
    """The economic knee of a run of active learning.

    Parameters
    ----------
    labels, accuracy : float[r]
        The run, or the mean of several seeds.
    baseline_labels, baseline_accuracy : float[q]
        Random sampling from the same start; the longer it runs, the fewer rounds are beyond it.
    prices : Prices

    Returns
    -------
    EconomicKnee
    """
    labels, accuracy = ascending_curve("labels", labels, accuracy=accuracy)
    needed = labels_to_reach(baseline_labels, baseline_accuracy, accuracy)
    beyond = np.isnan(needed)
    labels_saved = np.where(beyond, np.max(baseline_labels), needed) - labels
    saved = labels_saved * prices.label
    spent = np.arange(len(labels), dtype=np.float64) * prices.selection
    net = saved - spent
    known = np.flatnonzero(~beyond)
    best, end = 0, None
    if len(known):
        best = int(known[net[known].argmax()])
        end = break_even(labels[known], saved[known], spent[known])
    return EconomicKnee(labels_saved, saved, spent, net, beyond, best if net[best] > 0 else 0, end)
