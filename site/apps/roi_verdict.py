"""The committed marker against the true optimum, from the sweep at the reader's prices."""

from dataclasses import dataclass, replace

import numpy as np

from dataselect_core.selection_economics import economic_knee
from dataselect_core.sweep import cheapest, most_worthwhile
from dataselect_core.values import measured, modelled

CLOSE = 0.05  # share of the optimum's cost within which a stop counts as the optimum
SWEEP = "exhaustive sweep made when the page was built, at the prices in force"


def _cost(marker, prices):
    """Dollars of a stop: its labels, its rounds of selection, one final training."""
    rounds = marker["rounds"] if marker["selects"] else 0
    return marker["labels"] * prices.label + rounds * prices.selection + prices.training


def _curve(curves, settings):
    """The sweep's curve of a run's strategy and batch size; random sampling has one for all."""
    found = [c for c in curves if c.strategy == settings["strategy"]]
    return min(found, key=lambda c: abs(c.batch_size - settings["batch"]))


def _half(curves, seeds, prices, target):
    """The optimum as every second seed sees it."""
    part = [replace(c, accuracy=c.accuracy[seeds], recall=None) for c in curves]
    return cheapest(part, prices, target)


@dataclass(frozen=True)
class Verdict:
    """`values` and `cases` for the page; `places` are (cost, accuracy) of the marker and of the optimum or None."""

    values: dict
    cases: list
    places: tuple


def judge(bench):
    """The committed marker against the sweep, at the prices in force: a `Verdict`."""
    marker, prices, target = bench.search.marker, bench.prices(), bench.track.part_2.target.value
    best = cheapest(bench.curves(marker["settings"]["data"]), prices, target)
    places = (_cost(marker, prices), marker["accuracy"]), best and (best.cost, best.accuracy)
    return Verdict(*_verdict(bench, marker, prices, target, best), places)


def _verdict(bench, marker, prices, target, best):
    settings = marker["settings"]
    curves = bench.curves(settings["data"])
    own = _curve(curves, settings)
    expected = float(np.interp(marker["labels"], own.labels, own.mean))
    cost = _cost(marker, prices)
    knee = most_worthwhile(curves, prices)
    values = {
        "marker.run": measured(marker["run"], "", "your marker"),
        "marker.labels": measured(marker["labels"], "labels", "your marker"),
        "marker.strategy": modelled(settings["strategy"].replace("_", " "), "", "your marker"),
        "marker.batch": modelled(settings["batch"], "labels", "your marker"),
        "marker.cost": modelled(cost, "$", "labels, scoring and training at the prices in force"),
        "marker.accuracy": measured(marker["accuracy"], "", "your run, mean over its seeds"),
        "marker.expected": measured(expected, "", "that setting in the sweep, mean over its seeds"),
        "knee.strategy": measured(knee.strategy.replace("_", " "), "", SWEEP),
        "knee.batch": measured(knee.batch_size, "labels", SWEEP),
        "knee.labels": measured(knee.labels, "labels", SWEEP),
        "knee.accuracy": measured(knee.accuracy, "", SWEEP),
        "knee.cost": modelled(knee.cost, "$", SWEEP),
        "knee.net": modelled(knee.net, "$", SWEEP),
        "knee.gap_labels": measured(marker["labels"] - knee.labels, "labels", "your marker − the economic knee"),
        "knee.gap_net": modelled(knee.net - _net(own, marker, curves[0], prices), "$", "net benefit given away"),
    }
    if best is None:
        return values, ["verdict-none"]
    halves = [_half(curves, np.arange(s, curves[0].accuracy.shape[0], 2), prices, target) for s in (0, 1)]
    halves = [h or best for h in halves]
    gap = cost - best.cost
    values |= {
        "optimum.strategy": measured(best.strategy.replace("_", " "), "", SWEEP),
        "optimum.batch": measured(best.batch_size, "labels", SWEEP),
        "optimum.labels": measured(best.labels, "labels", SWEEP),
        "optimum.accuracy": measured(best.accuracy, "", SWEEP),
        "optimum.cost": modelled(best.cost, "$", SWEEP),
        "optimum.gap_dollars": modelled(gap, "$", "your marker − the optimum"),
        "optimum.gap_labels": measured(marker["labels"] - best.labels, "labels", "your marker − the optimum"),
        "optimum.even_labels": measured(halves[0].labels, "labels", SWEEP + ", even seeds only"),
        "optimum.even_cost": modelled(halves[0].cost, "$", SWEEP + ", even seeds only"),
        "optimum.odd_labels": measured(halves[1].labels, "labels", SWEEP + ", odd seeds only"),
        "optimum.odd_cost": modelled(halves[1].cost, "$", SWEEP + ", odd seeds only"),
    }
    return values, [*_judged(expected, target, gap, best), *_advice(bench, settings, marker, best)]


def _net(curve, marker, baseline, prices):
    """The net benefit that the sweep gives the marker; 0 for random sampling."""
    if not marker["selects"]:
        return 0.0
    found = economic_knee(curve.labels, curve.mean, baseline.labels, baseline.mean, prices)
    return float(np.interp(marker["labels"], curve.labels, found.net))


def _judged(expected, target, gap, best):
    if expected < target - 0.002:
        return ["verdict-short"]
    return ["verdict-close" if gap <= CLOSE * best.cost else "verdict-dear"]


def _advice(bench, settings, marker, best):
    tried = {(r.settings["strategy"], r.settings["batch"] if r.selects else None) for r in bench.search.runs
             if r.counted and r.settings["data"] == settings["data"]}
    wanted = (best.strategy.replace("_", " "), best.batch_size if best.strategy != "random" else None)
    cases = ["best-tried" if wanted in tried else "best-untried"]
    if settings["strategy"] != best.strategy:
        cases.append("better-strategy")
    elif best.strategy != "random" and settings["batch"] != best.batch_size:
        cases.append("better-batch")
    elif marker["labels"] != best.labels:
        cases.append("better-stop")
    if best.strategy == "random":
        cases.append("optimum-random")
    return cases
