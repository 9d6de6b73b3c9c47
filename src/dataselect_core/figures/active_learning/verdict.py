"""The committed marker compared with the true optimum, from the sweep at the prices in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dataselect_core.sampling.project import Prices, economic_knee, stop_cost
from dataselect_core.sampling.sweep import Curve, Stop, cheapest, most_worthwhile
from dataselect_core.statistics import half_width
from dataselect_core.values import Value, measured, modelled

SWEEP = "exhaustive sweep made when the page was built, at the prices in force"


@dataclass(frozen=True)
class Judgement:
    """`values` are path -> Value; `best` is the optimum, None if no stop reaches the target; `cost` of the marker."""

    values: dict[str, Value]
    best: Stop | None
    cost: float


def judge(marker: Mapping[str, Any], prices: Prices, curves: Sequence[Curve], target: float) -> Judgement:
    """Compare the marker with the sweep of its problem.

    Parameters
    ----------
    marker : dict
        run, labels, accuracy, selects, settings, and rounds up to it.
    prices : Prices
    curves : list of sweep.Curve
        Random sampling first.
    target : float
        Accuracy the project needs.

    Returns
    -------
    Judgement
    """
    settings, best, cost = marker["settings"], cheapest(curves, prices, target), _cost(marker, prices)
    curve = _curve(curves, settings)
    expected = float(np.interp(marker["labels"], curve.labels, curve.mean))
    accuracies = np.array([np.interp(marker["labels"], curve.labels, row) for row in curve.accuracy])
    knee = most_worthwhile(curves, prices)
    values = {
        "marker.run": measured(marker["run"], "", "your marker"),
        "marker.labels": measured(marker["labels"], "labels", "your marker"),
        "marker.data": modelled(settings["data"], "", "your marker"),
        "marker.strategy": modelled(settings["strategy"], "", "your marker"),
        "marker.batch": modelled(settings["batch"], "labels", "your marker"),
        "marker.cost": modelled(cost, "$", "labels, scoring and training at the prices in force"),
        "marker.accuracy": measured(marker["accuracy"], "", "your run, mean over its seeds"),
        "marker.expected": measured(expected, "", "that setting in the sweep, mean over its seeds"),
        "marker.expected_half": measured(
            float(half_width(accuracies)), "", "half a 95 % interval over the sweep’s seeds"
        ),
        "knee.strategy": measured(knee.strategy, "", SWEEP),
        "knee.batch": measured(knee.batch_size, "labels", SWEEP),
        "knee.labels": measured(knee.labels, "labels", SWEEP),
        "knee.accuracy": measured(knee.accuracy, "", SWEEP),
        "knee.cost": modelled(knee.cost, "$", SWEEP),
        "knee.net": modelled(knee.net, "$", SWEEP),
        "knee.gap_labels": measured(
            marker["labels"] - knee.labels, "labels", "your marker − the economic knee"
        ),
        "knee.gap_net": modelled(
            knee.net - _net(curve, marker, curves[0], prices), "$", "net benefit given away"
        ),
    }
    if best is not None:
        values |= _optimum(marker, cost, best, curves, prices, target)
    return Judgement(values, best, cost)


def _optimum(marker, cost, best, curves, prices, target):
    halves = [_half(curves, np.arange(s, curves[0].accuracy.shape[0], 2), prices, target) for s in (0, 1)]
    even, odd = [half or best for half in halves]
    own = next(c for c in curves if (c.strategy, c.batch_size) == (best.strategy, best.batch_size))
    spread = half_width(own.accuracy[:, int(np.flatnonzero(own.labels == best.labels)[0])])
    return {
        "optimum.half": measured(float(spread), "", "half a 95 % interval over the sweep’s seeds"),
        "optimum.strategy": measured(best.strategy, "", SWEEP),
        "optimum.batch": measured(best.batch_size, "labels", SWEEP),
        "optimum.labels": measured(best.labels, "labels", SWEEP),
        "optimum.accuracy": measured(best.accuracy, "", SWEEP),
        "optimum.cost": modelled(best.cost, "$", SWEEP),
        "optimum.gap_dollars": modelled(cost - best.cost, "$", "your marker − the optimum"),
        "optimum.gap_labels": measured(marker["labels"] - best.labels, "labels", "your marker − the optimum"),
        "optimum.even_labels": measured(even.labels, "labels", SWEEP + ", even seeds only"),
        "optimum.even_cost": modelled(even.cost, "$", SWEEP + ", even seeds only"),
        "optimum.odd_labels": measured(odd.labels, "labels", SWEEP + ", odd seeds only"),
        "optimum.odd_cost": modelled(odd.cost, "$", SWEEP + ", odd seeds only"),
    }


def _cost(marker, prices):
    """Dollars of the marker: its labels, its rounds of selection, one final training, the evaluation set."""
    rounds = marker["rounds"] if marker["selects"] else 0
    return stop_cost(marker["labels"], rounds, prices)


def _curve(curves, settings):
    """The sweep's curve of a run's strategy and batch size; random sampling has one curve for all batch sizes."""
    candidates = [curve for curve in curves if curve.strategy == settings["strategy"]]
    return min(candidates, key=lambda curve: abs(curve.batch_size - settings["batch"]))


def _half(curves, seeds, prices, target):
    """The optimum computed from these seeds only; they are half of all seeds."""
    half_curves = [replace(curve, accuracy=curve.accuracy[seeds], recall=None) for curve in curves]
    return cheapest(half_curves, prices, target)


def _net(curve, marker, baseline, prices):
    """Net benefit of the marker in the sweep; 0 for random sampling."""
    if not marker["selects"]:
        return 0.0
    knee = economic_knee(curve.labels, curve.mean, baseline.labels, baseline.mean, prices)
    return float(np.interp(marker["labels"], curve.labels, knee.net))
