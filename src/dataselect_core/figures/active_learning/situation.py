"""The situation of Part 2, from which its figures follow: track, runs, marker, prediction, prices, limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dataselect_core.economics.assumptions import Assumptions
from dataselect_core.figures import class_limits
from dataselect_core.figures.active_learning import runs, verdict
from dataselect_core.figures.active_learning.prediction import DIRECTIONS
from dataselect_core.figures.active_learning.runs import Reading
from dataselect_core.figures.active_learning.verdict import Judgement
from dataselect_core.sampling import reference_sweep
from dataselect_core.sampling.project import Prices
from dataselect_core.settings import limits_of
from dataselect_core.tracks import Track
from dataselect_core.values import Value

TRACK_ASSUMPTIONS = (
    "label_price",
    "score_price",
    "pool_size",
    "training_price",
    "evaluation_labels",
    "bytes_per_sample",
    "gpu_seconds_per_sample",
    "epochs",
    "share_removed",
    "gpu_hour_price",
    "signature_rate",
    "decode_time",
    "content_share",
)


CONTROLS = runs.CONTROLS


RUNS = ("random", "active", "newest")


STATED = (*RUNS, "marker", "answer", "runs_used")
"""Settings of a report in addition to the controls: `answer`, `runs_used`, and names such as `active.batch`."""


ANSWERS = ("yes", "no", "depends")


GUARDRAILS = {"overhead": "overhead_limit", "recall": "critical_limit", "rounds": "rounds_limit"}


LIMITS = limits_of("2")
"""Limits that a class link may set, see `class_limits`; a track has only one of the guardrails."""


@dataclass
class Situation:
    """Everything that a set of figures depends on.

    Attributes
    ----------
    track : Track
    settings : dict
        Values of the controls, by the names in `CONTROLS`.
    prediction : dict
        direction, and prediction: a factor.
    random, active : Reading or None
        The pair that the prediction is compared with: the newest two runs, one of random and one of uncertainty
        sampling, that agree in everything else, see `runs.pair`.
    newest : Reading or None
        The newest run on the data set of the controls, if it is neither of the two.
    marker : dict or None
        The committed marker, see `verdict.judge`, with the number of complete seeds of its run, and the recall of the
        watched class at the marker (None if the record does not have it).
    answer : str or None
        Answer to the indexing question; without one, that question has no figures.
    edited : dict
        Assumptions the reader has changed.
    fixed : dict
        Limits set by a class link, as returned by `fixed_limits`; the track's limits apply for the others.
    curves : callable
        Problem -> its sweep; `reference_sweep.curves`, or a cached version of it.
    """

    track: Track
    settings: dict[str, Any]
    prediction: dict[str, Any]
    random: Reading | None = None
    active: Reading | None = None
    marker: dict | None = None
    answer: str | None = None
    edited: dict = field(default_factory=dict)
    fixed: dict = field(default_factory=dict)
    curves: Callable = reference_sweep.curves
    newest: Reading | None = None

    def latest(self) -> Any:
        """The newest run, or None."""
        readings = [reading for reading in (self.random, self.active, self.newest) if reading]
        return max(readings, key=lambda reading: reading.run.number, default=None)

    def compared(self) -> Any:
        """Whether there is a pair of runs that can be compared."""
        return None not in (self.random, self.active) and runs.alike(self.random.run, self.active.run)

    def assumptions(self) -> Any:
        """Prices and sizes in force."""
        return assumptions(self.track, self.edited)

    def prices(self) -> Prices:
        """Prices of a labelling project."""
        return prices(self.assumptions())

    def judged(self) -> Judgement | None:
        """The marker compared with the sweep: a `verdict.Judgement`, or None without a marker."""
        if self.marker is None:
            return None
        marker, curves = self.marker, self.curves(self.marker["settings"]["data"])
        return verdict.judge(marker, self.prices(), curves, self.target())

    def limits(self) -> dict[str, Value]:
        """The limits of the constraint check: target, budget and guardrail, as `Value`s."""
        return limits(self.track, self.fixed)

    def target(self) -> float:
        """Accuracy the project needs."""
        return self.limits()["target"].value


def limits(track: Track, fixed: Mapping[str, float]) -> dict[str, Value]:
    """Target, budget and guardrail of a track, replaced by the limits of a class link: name -> `Value`."""
    own = track.part_2
    limit_of = {
        "target": ("target_limit", own.target),
        "budget": ("cost_limit", own.budget),
        "guardrail": (GUARDRAILS[own.guardrail], own.limit),
    }
    return {name: class_limits.in_force(fixed, *place) for name, place in limit_of.items()}


def fixed_limits(track: Track, settings: Mapping[str, Any]) -> dict[str, float]:
    """The limits of this track among some settings.

    Raises
    ------
    ValueError
        If a limit is not a number in its range.
    """
    others = set(GUARDRAILS.values()) - {GUARDRAILS[track.part_2.guardrail]}
    return {name: value for name, value in class_limits.among(settings, LIMITS).items() if name not in others}


def assumptions(track: Track, edited: Mapping[str, float]) -> Any:
    """Prices and sizes in force: the reader's, else the track's, else the lab's.

    Raises
    ------
    ValueError, TypeError
        If `edited` has a name that is not an assumption, or a value that is not allowed.
    """
    of_track = {name: getattr(track.part_2, name) for name in TRACK_ASSUMPTIONS}
    return Assumptions(**{**{name: fact.value for name, fact in of_track.items() if fact}, **edited})


def prices(assumptions: Any) -> Prices:
    """The `Prices` of a labelling project among assumptions."""
    return Prices(
        label=assumptions.label_price,
        score=assumptions.score_price,
        pool=assumptions.pool_size,
        training=assumptions.training_price,
        evaluation=assumptions.evaluation_labels,
    )


def check_prediction(prediction: Any) -> None:
    """Raise ValueError if this is not a prediction of a direction and a factor."""
    factor = prediction.get("prediction") if isinstance(prediction, dict) else None
    number = isinstance(factor, (int, float)) and not isinstance(factor, bool)
    if not number or prediction.get("direction") not in DIRECTIONS or not 1 <= factor <= 100:
        raise ValueError(
            f"the prediction must be fewer, same or more and a factor from 1 to 100, not {prediction!r}"
        )


def stated(situation: Situation) -> dict[str, Any]:
    """The settings of a report: the controls, the limits set by a class, and the runs and marker of the figures."""
    settings = {**situation.settings, **situation.fixed}
    for name in RUNS:
        reading = getattr(situation, name)
        if reading is not None and reading.run.right:
            run_settings = runs.stated(reading.run)
            settings |= {f"{name}.{key}": value for key, value in run_settings.items() if key != "data"}
    if situation.marker is not None:
        marker = situation.marker
        run_settings = {
            **marker["settings"],
            "seeds": marker["seeds"],
            "number": marker["run"],
            "labels": marker["labels"],
        }
        settings |= {f"marker.{key}": value for key, value in run_settings.items()}
    if situation.answer is not None:
        settings["answer"] = situation.answer
    return settings
