"""Runs of a labelling project and what they cost: crossings, knees, stops.

A run can be repeated from its settings.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dataselect_core import settings as settings_table
from dataselect_core.arrays import ArrayLike, Floats, Integers
from dataselect_core.knee import knee
from dataselect_core.sampling import reference_sweep
from dataselect_core.sampling.project import economic_knee, labels_to_reach, project_cost
from dataselect_core.sampling.rounds import Round, active_learning_rounds
from dataselect_core.settings import SETTINGS

LINE = 0.9  # the card's 90 %
CONTROLS = tuple(SETTINGS["2"])


@dataclass
class LabRun:
    """One run over one or several seeds, complete or in progress.

    Attributes
    ----------
    number : int
        Its number on the page.
    settings : dict
        Everything that is needed to repeat it.
    test_size, critical_size : int
        Number of test samples, and of test samples of the critical class.
    counted : bool
    labels : list of int
        Labels bought up to each round.
    right, found : list of list of int
        For each complete seed and round: test samples predicted correctly, and those of the critical class recognised.
    now_right, now_found : list of int
        The same for the seed in progress.
    shown : bool
        Whether the plot shows it.
    id : str
        Distinguishes it from a run with the same number in another tab; empty in records of older versions.
    """

    number: int
    settings: dict[str, Any]
    test_size: int
    critical_size: int
    counted: bool
    labels: list[int] = field(default_factory=list)
    right: list = field(default_factory=list)
    found: list = field(default_factory=list)
    now_right: list = field(default_factory=list)
    now_found: list = field(default_factory=list)
    shown: bool = True
    id: str = ""

    def add(self, step: Round) -> None:
        """Add one `sampling.Round` to the seed in progress."""
        if len(self.now_right) == len(self.labels):
            self.labels.append(step.labels)
        self.now_right.append(round(step.accuracy * self.test_size))
        self.now_found.append(round(step.recall * self.critical_size))

    def close_seed(self) -> None:
        """Complete the seed in progress."""
        self.right.append(self.now_right)
        self.found.append(self.now_found)
        self.now_right, self.now_found = [], []

    def stop(self) -> None:
        """End the run: an incomplete first seed is kept as far as it got, an incomplete later one is dropped."""
        if not self.right and self.now_right:
            self.close_seed()
        self.now_right, self.now_found = [], []

    @property
    def seeds(self) -> int:
        """Complete seeds."""
        return len(self.right)

    @property
    def selects(self) -> bool:
        """Whether a model chooses the labels."""
        return self.settings["strategy"] != "random"

    def _table(self, complete, current, size):
        rows = np.array(complete or [current], dtype=float) / size
        return np.array(self.labels[: rows.shape[1]]), rows

    def accuracy(self) -> Any:
        """Labels int[r] and accuracy float[s, r] of the complete seeds; of the first seed while it is in progress."""
        return self._table(self.right, self.now_right, self.test_size)

    def recall(self) -> Any:
        """Mean recall of the critical class, float[r]."""
        return self._table(self.found, self.now_found, self.critical_size)[1].mean(axis=0)

    def packed(self) -> dict[str, Any]:
        """The run as the reader's record has it."""
        return {
            name: getattr(self, name)
            for name in (
                "number",
                "settings",
                "test_size",
                "critical_size",
                "counted",
                "labels",
                "right",
                "found",
                "shown",
                "id",
            )
        }


@dataclass(frozen=True)
class Reading:
    """A run at the prices in force.

    `labels`, `mean`, `low`, `high`, `cost` are float[r]; `crossing` the labels at 90 % (None: not reached);
    `geometric`, `economic` labels of the two knees (None: there is none), `net` the benefit at the economic one
    (0 for random sampling); `stop` the index of the first round whose mean reaches the target, or of the last;
    `reached` whether it does.
    """

    run: LabRun
    labels: Integers
    mean: Floats
    low: Floats
    high: Floats
    cost: Floats
    crossing: float | None
    geometric: float | None
    economic: int | None
    net: float | None
    break_even: float | None
    beyond: bool
    stop: int
    reached: bool
    parts: object

    def at(self, labels: float) -> int:
        """Index of the round nearest to this number of labels."""
        return int(np.abs(self.labels - labels).argmin())

    def cost_at(self, labels: float) -> float:
        """Dollars at this number of labels, with straight lines between the rounds."""
        return float(np.interp(labels, self.labels, self.cost))

    def mean_at(self, labels: float) -> float:
        """Mean accuracy at this number of labels, with straight lines between the rounds."""
        return float(np.interp(labels, self.labels, self.mean))


SHARED_SETTINGS = ("data", "batch", "initial", "test_share", "seed")
"""Settings in which two runs must agree for their labels to be compared; their complete seeds must agree too."""


def alike(run: Any, other_run: Any) -> bool:
    """Whether two runs differ only in their strategy and in how far they go."""
    same_settings = all(run.settings[name] == other_run.settings[name] for name in SHARED_SETTINGS)
    return same_settings and run.seeds == other_run.seeds and bool(run.right) and bool(other_run.right)


def pair(runs: Any) -> Any:
    """The newest two comparable runs, one of random sampling and one that selects: (random, selecting).

    If no run has a partner, the newest run alone; None for a missing run. Runs in progress are left out.

    Parameters
    ----------
    runs : sequence of LabRun
        Runs on one data set, in order.
    """
    complete = [run for run in runs if run.right]
    for newest in reversed(complete):
        for partner in reversed(complete):
            if partner.selects is not newest.selects and alike(newest, partner):
                return (partner, newest) if newest.selects else (newest, partner)
    if not complete:
        return None, None
    return (None, complete[-1]) if complete[-1].selects else (complete[-1], None)


def crossing(labels: ArrayLike, accuracy: ArrayLike, target: float = LINE) -> float | None:
    """Labels at which the curve reaches the target, or None."""
    labels_needed = float(labels_to_reach(labels, accuracy, target))
    return None if np.isnan(labels_needed) else labels_needed


def read(run: LabRun, prices: Any, baseline: Any, target: float) -> Reading:
    """The `Reading` of a run; `baseline` is the sweep's random curve of the same problem."""
    labels, accuracy = run.accuracy()
    mean = accuracy.mean(axis=0)
    cost = project_cost(labels, run.selects, prices)
    economic, net, end, beyond = None, 0.0, None, False
    if run.selects and len(labels) > 1:
        knee_point = economic_knee(labels, mean, baseline.labels, baseline.mean, prices)
        economic = int(labels[knee_point.best]) if knee_point.best else None
        net = (
            float(knee_point.net[knee_point.best]) if knee_point.best else None
        )  # there is no benefit without a knee
        end, beyond = knee_point.break_even, bool(knee_point.beyond[-1])
    reaching = np.flatnonzero(mean >= target)
    return Reading(
        run,
        labels,
        mean,
        accuracy.min(axis=0),
        accuracy.max(axis=0),
        cost.total,
        crossing(labels, mean),
        knee(labels, mean, "concave", "increasing"),
        economic,
        net,
        end,
        beyond,
        int(reaching[0]) if len(reaching) else len(labels) - 1,
        bool(len(reaching)),
        cost,
    )


def check(settings: Mapping[str, Any]) -> None:
    """Raise ValueError if a run cannot have these settings; settings from a file must not cause endless work."""
    settings_table.check("2", settings, CONTROLS)


def stated(run: LabRun) -> dict[str, Any]:
    """Everything needed to repeat a run as far as it got: its settings, number, complete seeds, and labels reached."""
    return {**run.settings, "seeds": run.seeds, "number": run.number, "labels": int(run.accuracy()[0][-1])}


def repeated(run_settings: Mapping[str, Any]) -> Iterator[Any]:
    """Repeat the run that `stated` describes: an iterator of (label, share done) that ends with the `LabRun`.

    Raises
    ------
    ValueError
        If no run can have these settings.
    """
    settings, number, labels = dict(run_settings), run_settings["number"], run_settings["labels"]
    del settings["number"], settings["labels"]
    check(settings)
    if (
        isinstance(labels, bool)
        or not isinstance(labels, int)
        or not settings["initial"] <= labels <= settings["budget"]
    ):
        raise ValueError(f"labels must be from {settings['initial']} to {settings['budget']}, not {labels!r}")
    problem, run = reference_sweep.problem(settings["data"]), None
    for i in range(settings["seeds"]):
        seed = settings["seed"] + i
        yield f"Run {number} again, seed {seed}", i / settings["seeds"]
        X, y, X_test, y_test = reference_sweep.split(problem, settings["test_share"], seed)
        if run is None:
            run = LabRun(number, settings, len(y_test), int((y_test == problem.critical).sum()), False)
        for step in active_learning_rounds(
            X,
            y,
            X_test,
            y_test,
            settings["strategy"],
            settings["batch"],
            settings["initial"],
            labels,
            seed,
            recall_class=problem.critical,
        ):
            run.add(step)
        run.close_seed()
    yield run
