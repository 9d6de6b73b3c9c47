"""The frontier over a reader's runs: which rounds no other round beats."""

from dataselect_core.sampling.project import pareto_frontier


def frontier(readings):
    """The Pareto frontier over all rounds of all runs: [(reading, index), ...] by rising cost."""
    points = [(reading, i) for reading in readings for i in range(len(reading.labels))]
    if not points:
        return []
    best = pareto_frontier([r.cost[i] for r, i in points], [r.mean[i] for r, i in points])
    return [points[k] for k in best]
