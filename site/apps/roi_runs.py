"""The runs of a reader's search: what was measured, which of it counted, and the marker that ends it."""

from dataclasses import dataclass, field

import numpy as np

from dataselect_core.exhaustive import SIZES
from dataselect_core.sampling import STRATEGIES

COUNTED = 10  # the 10-Iteration Rule
KEPT = 40  # runs a record holds; older ones leave the plot, what counted stays counted


@dataclass
class LabRun:
    """One run over one or several seeds, complete or on its way.

    Attributes
    ----------
    number : int
        As the page names it.
    settings : dict
        Everything that repeats it.
    test_size, critical_size : int
        Test samples, and those of the critical class.
    counted : bool
    labels : list of int
        Labels bought up to each round.
    right, found : list of list of int
        For each complete seed and round: test samples predicted rightly; of the critical class, recognised.
    now_right, now_found : list of int
        The same for the seed under way.
    shown : bool
        Whether the reader wants it in the plot.
    """

    number: int
    settings: dict
    test_size: int
    critical_size: int
    counted: bool
    labels: list = field(default_factory=list)
    right: list = field(default_factory=list)
    found: list = field(default_factory=list)
    now_right: list = field(default_factory=list)
    now_found: list = field(default_factory=list)
    shown: bool = True

    def add(self, step):
        """Take one `sampling.Round` of the seed under way."""
        if len(self.now_right) == len(self.labels):
            self.labels.append(step.labels)
        self.now_right.append(round(step.accuracy * self.test_size))
        self.now_found.append(round(step.recall * self.critical_size))

    def close_seed(self):
        """The seed under way is complete."""
        self.right.append(self.now_right)
        self.found.append(self.now_found)
        self.now_right, self.now_found = [], []

    def stop(self):
        """Nothing more will come: a first seed that was cut off stays as far as it got, a later one is dropped."""
        if not self.right and self.now_right:
            self.close_seed()
        self.now_right, self.now_found = [], []

    @property
    def seeds(self):
        """Complete seeds."""
        return len(self.right)

    @property
    def selects(self):
        """Whether a model chooses the labels."""
        return self.settings["strategy"] != "random"

    def _table(self, complete, now, size):
        rows = np.array(complete if complete else [now], dtype=float) / size
        return np.array(self.labels[:rows.shape[1]]), rows

    def accuracy(self):
        """Labels int[r] and accuracy float[s, r] of the complete seeds; of the first one while it is under way."""
        return self._table(self.right, self.now_right, self.test_size)

    def recall(self):
        """Mean recall of the critical class, float[r]."""
        return self._table(self.found, self.now_found, self.critical_size)[1].mean(axis=0)

    def packed(self):
        """As the reader's record keeps it."""
        return {name: getattr(self, name) for name in (
            "number", "settings", "test_size", "critical_size", "counted", "labels", "right", "found", "shown")}


def _known(settings):
    """ValueError for settings that no run can have: a record may come from a file."""
    if settings["strategy"] not in STRATEGIES or settings["data"] not in SIZES:
        raise ValueError("an unknown strategy or data set")
    for name in ("batch", "initial", "budget", "seed", "seeds"):
        int(settings[name])
    float(settings["test_share"])


class Search:
    """What one track's reader has done so far.

    Parameters
    ----------
    track : str
    kept : dict or None
        What `packed` gave earlier; anything that is no such thing is not taken over.
    """

    def __init__(self, track, kept=None):
        self.track = track
        self.runs, self.used, self.marker, self.last = [], 0, None, 0
        if isinstance(kept, dict):
            self._take(kept)

    def _take(self, kept):
        try:
            runs = [LabRun(**run) for run in kept["runs"]]
            for run in runs:
                labels, accuracy = run.accuracy()
                if not (accuracy.ndim == 2 and len(labels) == accuracy.shape[1] > 0):
                    raise ValueError("a run without rounds")
                _known(run.settings)
            used, last, marker = int(kept["used"]), int(kept["last"]), kept.get("marker")
            if marker is not None:
                _known(marker["settings"])
                marker = {"selects": bool(marker["selects"]), "settings": dict(marker["settings"]),
                          "accuracy": float(marker["accuracy"]),
                          **{name: int(marker[name]) for name in ("run", "labels", "rounds")}}
        except (AttributeError, KeyError, TypeError, ValueError):
            return
        self.runs, self.last, self.marker = runs, last, marker
        self.used = max(used, sum(run.counted for run in runs))

    @property
    def left(self):
        """Counted runs that are left."""
        return max(0, COUNTED - self.used)

    @property
    def counting(self):
        """Whether a new run counts: until the marker is committed."""
        return self.marker is None

    def begin(self, settings, test_size, critical_size):
        """A new run, counted from its first result on."""
        self.last += 1
        run = LabRun(self.last, settings, test_size, critical_size, self.counting)
        self.used += run.counted
        self.runs = [*self.runs, run][-KEPT:]
        return run

    def run(self, number):
        """The run of that number.

        Raises
        ------
        ValueError
            When there is none.
        """
        for run in self.runs:
            if run.number == number:
                return run
        raise ValueError(f"there is no run {number!r}")

    def shown(self):
        """The runs in the plot, in order."""
        return [run for run in self.runs if run.shown and (run.right or run.now_right)]

    def packed(self):
        """As the reader's record keeps it."""
        return {"used": self.used, "last": self.last, "marker": self.marker,
                "runs": [run.packed() for run in self.runs if run.right]}
