"""The situation of Part 3, from which its figures follow: a track, a mix, its runs, and the reader's assumptions."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dataselect_core import settings as settings_table
from dataselect_core.arrays import Flags
from dataselect_core.economics.acquisition import Acquisition, acquire
from dataselect_core.economics.assumptions import Assumptions
from dataselect_core.figures import class_limits
from dataselect_core.gap import gap_map, mix, noise_experiments
from dataselect_core.gap.gap_map import GapMap
from dataselect_core.noise import steps_under_noise
from dataselect_core.settings import SETTINGS, limits_of
from dataselect_core.tracks import Track
from dataselect_core.values import Value, modelled

TRACK_ASSUMPTIONS = ("real_price", "synthetic_price", "clean_steps", "deadline_steps", "target_error")
LAB_ASSUMPTIONS = ("expert_label_price",)
DIRECTIONS = {"rises": 1, "same": 0, "falls": -1}
CHECKED = tuple(name for name, spec in SETTINGS["3"].items() if name != "measure")
"""Settings that determine what is computed; shares and rates in per cent."""
LIMITS = ("accuracy", "fid", "recall", "supply")
CLASS_LIMITS = limits_of("3")
"""Limits that a class link may set, see `class_limits`: of a mix, of its supply, and of the steps to the deadline."""


@dataclass
class Situation:
    """Everything that a set of figures depends on.

    Attributes
    ----------
    track : Track
    setting : Setting
    seeds : tuple of int
    rate : float
        Label noise of the experiments, as a share.
    prediction : (str, float)
        A direction of `DIRECTIONS`, and percentage points.
    map : gap_map.GapMap
        The map of the track.
    wet : float or None
        Share of days with rain in the record; None until it is read.
    own : gap_map.GapMap or None
        A map measured for this setting, if the track's map was not made for it.
    runs : dict
        (setting, seed) -> Outcome.
    experiment : Measured or None
    edited : dict
        Assumptions the reader has changed.
    fixed : dict
        Limits set by a class link, by their names in `CLASS_LIMITS`; the track's limits apply for the others.
    """

    track: Track
    setting: mix.Setting
    seeds: tuple[int, ...]
    rate: float
    prediction: tuple[str, float] | None = None
    map: Any = None
    wet: float | None = None
    own: gap_map.GapMap | None = None
    runs: dict = field(default_factory=dict)
    experiment: noise_experiments.Measured | None = None
    edited: dict = field(default_factory=dict)
    fixed: dict = field(default_factory=dict)

    def shown(self) -> Any:
        """The map that is shown: the reader's own if there is one, else the track's."""
        return self.map if self.own is None else self.own

    def holds(self) -> bool:
        """Whether the map that is shown was made for this setting, whatever the seeds."""
        return self.shown().holds(self.setting, self.shown().seeds)

    def limit(self, name: str) -> Value:
        """The limit in force for a name in `LIMITS`, as a `Value`."""
        if name == "supply":
            source = class_limits.SOURCE if "supply_limit" in self.fixed else "real samples available, as set"
            return modelled(self.setting.real, "samples", source)
        return class_limits.in_force(self.fixed, f"{name}_limit", getattr(self.track.part_3.limits, name))

    def limits(self) -> mix.Limits:
        """The limits in force, as `mix.Limits`."""
        return mix.Limits(*(self.limit(name).value for name in ("accuracy", "fid", "recall")))

    def kept(self, measured_map: GapMap) -> dict[str, Flags]:
        """Limit -> bool[a, b]: where on a map it is met, see `kept`.

        If a class has set a smaller supply, a mix that needs no more real samples than this is the same as on the
        map. With a larger supply, the mixes for which the map had too few real samples have not been measured.
        """
        return kept(
            measured_map,
            self.limits(),
            min(measured_map.setting.real, self.fixed.get("supply_limit", measured_map.setting.real)),
        )

    def deadline(self) -> Value:
        """Training steps before the deadline, as a `Value`: set by the class, else by the reader, else by the track."""
        return class_limits.in_force(
            self.fixed,
            "deadline_limit",
            modelled(self.assumption("deadline_steps"), "steps", "assumption below"),
        )

    def strategies(self) -> dict[str, mix.Setting | None]:
        """The strategies that could be bought: name -> setting, or None if too little would be left to train on."""
        return strategies(self.setting)

    def measured(self, setting: mix.Setting) -> dict[str, Any] | None:
        """Measures with intervals over the seeds, or None until all of them are run."""
        outcomes: list[Any] = [self.runs.get((setting, seed)) for seed in self.seeds]
        return None if setting is None or None in outcomes else mix.summarised(outcomes)

    def assumption(self, name: str) -> Any:
        """A price or number of the scenario: the reader's, else the track's, else the lab's."""
        if name in self.edited:
            return self.edited[name]
        return (
            getattr(self.track.part_3, name).value
            if name in TRACK_ASSUMPTIONS
            else getattr(Assumptions(), name)
        )

    def check_assumptions(self) -> None:
        """Raise ValueError or TypeError if a changed assumption is unknown or not allowed."""
        unknown = set(self.edited) - set(TRACK_ASSUMPTIONS) - set(LAB_ASSUMPTIONS)
        if unknown:
            raise ValueError(f"there is no assumption {', '.join(sorted(unknown))}")
        self.price(1, 1, True)
        self.steps()

    def steps(self) -> tuple[float, float]:
        """Training steps under the realizable law with random flips, and under the agnostic law."""
        return steps_under_noise(self.assumption("clean_steps"), self.rate, self.assumption("target_error"))

    def price(self, real: int, synthetic: int, expert: bool = False) -> Acquisition:
        """Cost of samples at the prices in force: `Acquisition`."""
        return acquire(
            real,
            synthetic,
            self.assumption("real_price"),
            self.assumption("synthetic_price"),
            self.assumption("expert_label_price") if expert else 0.0,
        )


def strategies(setting: mix.Setting) -> dict[str, mix.Setting | None]:
    """The mix, its real samples alone, and these with experts' labels: name -> setting or None."""
    real, _ = setting.counts()
    if real < 2 * mix.CLASSES:
        return {"mix": setting, "real": None, "expert": None}
    alone: dict[str, Any] = {
        "share": 0.0,
        "randomisation": 0.0,
        "total": real,
        "real": real,
        "wet_share": setting.wet_share,
        "critical": setting.critical,
    }
    return {
        "mix": setting,
        "real": mix.Setting(**alone, label_noise=setting.label_noise),
        "expert": mix.Setting(**alone),
    }


def setting_of(settings: Mapping[str, Any], track: Track) -> tuple[mix.Setting, tuple[int, ...]]:
    """The `mix.Setting` and the seeds of the page's settings.

    Raises
    ------
    ValueError
        If a setting is outside the range of the page's controls, or leaves too little to train on.
    """
    settings_table.check("3", settings, CHECKED)
    setting = mix.Setting(
        share=round(settings["synthetic"] / 100, 4),
        randomisation=round(settings["randomisation"], 4),
        total=settings["total"],
        real=settings["real"],
        wet_share=settings["wet_share"] / 100 if settings["rain"] == "hand" else None,
        simulator_rain=settings["simulator_rain"] == "yes",
        label_noise=settings["label_noise"] / 100,
        critical=int(track.part_3.critical.value),
    )
    return setting, tuple(range(settings["seed"], settings["seed"] + settings["seeds"]))


def kept(measured_map: GapMap, limits: mix.Limits, supply: Any) -> dict[str, Flags]:
    """Limit -> bool[a, b]: where on a map it is met; all together are `GapMap.feasible`, at the supply of the map."""
    needed = np.array(
        [replace(measured_map.setting, share=float(share)).real_needed for share in measured_map.shares]
    )
    supply = np.repeat((needed <= supply)[:, None], len(measured_map.randomisations), axis=1)
    return {
        "accuracy": measured_map.measures["accuracy"] >= limits.accuracy,
        "fid": measured_map.measures["fid"] <= limits.fid,
        "recall": measured_map.measures["recall"] >= limits.recall,
        "supply": supply,
    }


def fixed_limits(settings: Mapping[str, Any]) -> dict[str, float]:
    """The limits that a class link has set, among the settings of a page or a report.

    Raises
    ------
    ValueError
        If a limit is not a number in its range, or the supply is not the one in the settings.
    """
    fixed = class_limits.among(settings, CLASS_LIMITS)
    if fixed.get("supply_limit", settings["real"]) != settings["real"]:
        raise ValueError(
            f"real must be the supply_limit of the class, {fixed['supply_limit']:g}, not {settings['real']!r}"
        )
    return fixed
