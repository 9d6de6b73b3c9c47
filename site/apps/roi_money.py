"""What a run costs and where it stands: crossings, knees, stops. Prices are those in force for the reader."""

from dataclasses import dataclass

import numpy as np

from dataselect_core.knee import knee
from dataselect_core.selection_economics import economic_knee, labels_to_reach, pareto_frontier, project_cost

LINE = 0.9  # the card's 90 %


@dataclass(frozen=True)
class Reading:
    """A run at the reader's prices.

    `labels`, `mean`, `low`, `high`, `cost` are float[r]; `crossing` the labels at 90 % (None: not reached);
    `geometric`, `economic` labels of the two knees (None: there is none); `stop` the index of the first round
    whose mean reaches the target, or of the last; `reached` whether it does.
    """

    run: object
    labels: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    cost: np.ndarray
    crossing: float | None
    geometric: float | None
    economic: int | None
    net: float
    break_even: float | None
    beyond: bool
    stop: int
    reached: bool
    parts: object

    def at(self, labels):
        """Index of the round nearest to so many labels."""
        return int(np.abs(self.labels - labels).argmin())

    def cost_at(self, labels):
        """Dollars at so many labels, straight lines between the rounds."""
        return float(np.interp(labels, self.labels, self.cost))

    def mean_at(self, labels):
        """Mean accuracy there."""
        return float(np.interp(labels, self.labels, self.mean))


def crossing(labels, accuracy, target=LINE):
    """Labels at which the curve reaches the target, or None."""
    found = float(labels_to_reach(labels, accuracy, target))
    return None if np.isnan(found) else found


def read(run, prices, baseline, target):
    """The `Reading` of a run; `baseline` is the sweep's random curve of the same problem."""
    labels, accuracy = run.accuracy()
    mean = accuracy.mean(axis=0)
    cost = project_cost(labels, run.selects, prices)
    economic, net, end, beyond = None, 0.0, None, False
    if run.selects and len(labels) > 1:
        found = economic_knee(labels, mean, baseline.labels, baseline.mean, prices)
        economic = int(labels[found.best]) if found.best else None
        net, end, beyond = float(found.net[found.best]), found.break_even, bool(found.beyond[-1])
    reaching = np.flatnonzero(mean >= target)
    return Reading(
        run, labels, mean, accuracy.min(axis=0), accuracy.max(axis=0), cost.total, crossing(labels, mean),
        knee(labels, mean, "concave", "increasing"), economic, net, end, beyond,
        int(reaching[0]) if len(reaching) else len(labels) - 1, bool(len(reaching)), cost,
    )


def frontier(readings):
    """The Pareto frontier over all rounds of all runs: [(reading, index), ...] by rising cost."""
    points = [(reading, i) for reading in readings for i in range(len(reading.labels))]
    if not points:
        return []
    best = pareto_frontier([r.cost[i] for r, i in points], [r.mean[i] for r, i in points])
    return [points[k] for k in best]
