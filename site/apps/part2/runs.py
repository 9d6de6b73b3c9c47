"""The runs of a reader's search: their measurements, which of them counted, and the marker that ends the search."""

import uuid

from dataselect_core.facts import load
from dataselect_core.figures.active_learning.runs import LabRun
from dataselect_core.sampling import STRATEGIES
from dataselect_core.sampling.reference_sweep import SIZES

COUNTED = 10  # the 10-Iteration Rule
# The most runs that a record holds: older ones leave the plot, but counted runs remain counted.
MOST_RUNS: int = load("record")["most_runs"]


def _check_settings(settings):
    """Raise ValueError for settings that no run can have: a record may come from a file."""
    if settings["strategy"] not in STRATEGIES or settings["data"] not in SIZES:
        raise ValueError("an unknown strategy or data set")
    for name in ("batch", "initial", "budget", "seed", "seeds"):
        int(settings[name])
    float(settings["test_share"])


def _recall(marker, runs):
    """The recall at a marker: as committed, else from its run if the record still has it, else None."""
    if marker.get("recall") is not None:
        return float(marker["recall"])
    for run in runs:
        if run.number == marker["run"]:
            return float(run.recall()[int(marker["rounds"])])
    return None


class Search:
    """The runs and the marker of one track's reader so far.

    Parameters
    ----------
    track : str
    saved : dict or None
        An earlier result of `packed`; anything else is ignored.
    reader : int
        Number of the reader on this page.
    """

    def __init__(self, track, saved=None, reader=0):
        self.track, self.reader = track, reader
        self.runs, self.used, self.marker, self.last = [], 0, None, 0
        self.spent = []  # ids of the counted runs, so that two tabs count each once
        if isinstance(saved, dict):
            self._restore(saved)

    def _restore(self, saved):
        try:
            runs = [LabRun(**run) for run in saved["runs"]]
            for run in runs:
                labels, accuracy = run.accuracy()
                if not (accuracy.ndim == 2 and len(labels) == accuracy.shape[1] > 0):
                    raise ValueError("a run without rounds")
                _check_settings(run.settings)
            used, last, marker = int(saved["used"]), int(saved["last"]), saved.get("marker")
            spent = [str(run_id) for run_id in saved.get("spent", ())]
            if marker is not None:
                _check_settings(marker["settings"])
                seeds = [run.seeds for run in runs if run.number == marker["run"]] or [
                    marker["settings"]["seeds"]
                ]
                marker = {
                    "selects": bool(marker["selects"]),
                    "settings": dict(marker["settings"]),
                    "seeds": int(marker.get("seeds", seeds[0])),
                    "accuracy": float(marker["accuracy"]),
                    "recall": _recall(marker, runs),
                    **{name: int(marker[name]) for name in ("run", "labels", "rounds")},
                }
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return
        self.runs, self.last, self.marker, self.spent = runs, last, marker, spent
        self.used = max(used, len(spent), sum(run.counted for run in runs))

    @property
    def left(self):
        """Counted runs that are left."""
        return max(0, COUNTED - self.used)

    @property
    def counting(self):
        """Whether a new run counts: it does until the marker is committed."""
        return self.marker is None

    def begin(self, settings, test_size, critical_size):
        """A new run, counted from its first result on."""
        self.last += 1
        run = LabRun(self.last, settings, test_size, critical_size, self.counting, id=uuid.uuid4().hex[:12])
        if run.counted:
            self.used += 1
            self.spent.append(run.id)
        self.runs = [*self.runs, run][-MOST_RUNS:]
        return run

    def run(self, number):
        """The run of that number.

        Raises
        ------
        ValueError
            If there is none.
        """
        for run in self.runs:
            if run.number == number:
                return run
        raise ValueError(f"there is no run {number!r}")

    def shown(self):
        """The runs in the plot, in order."""
        return [run for run in self.started() if run.shown]

    def started(self, data=None):
        """The runs that have something to show, on one data set or on all, in order."""
        return [
            run for run in self.runs if (run.right or run.now_right) and data in (None, run.settings["data"])
        ]

    def packed(self):
        """The search as the reader's record keeps it."""
        return {
            "used": self.used,
            "last": self.last,
            "marker": self.marker,
            "spent": self.spent,
            "runs": [run.packed() for run in self.runs if run.right],
        }
