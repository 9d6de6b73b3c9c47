"""Part 3, the Domain Gap Synthesis: a mix of real and synthetic digits, measured in the field, under real rain."""

import asyncio

import panel as pn

from apps.part3 import noise_tables, pictures
from apps.part3 import tables as mix_tables
from apps.part3.plots import CutPlot, MapPlot, NoisePlots
from apps.shared.controlled import Controlled
from apps.shared.controls import UNSEEN, beside, choice, slider_with_number, whole_number
from dataselect_core import datasets, tracks
from dataselect_core.figures.domain_gap import figures
from dataselect_core.figures.domain_gap.situation import (
    CLASS_LIMITS,
    DIRECTIONS,
    Situation,
    fixed_limits,
    setting_of,
)
from dataselect_core.gap import gap_map, mix, noise_experiments, small_map
from dataselect_core.settings import SETTINGS

PAUSE = 0.2  # seconds without a newer setting before training begins
MOST_RUNS = 2000  # runs


class DomainGapSynthesis(Controlled):
    """The workbench of Part 3.

    The map of the track was computed when the lab was built, so a point of it is available at once. Measurements
    at the reader's own setting need training here and follow later. Before the prediction is locked, only the
    pictures are shown.
    """

    part = 3

    def __init__(self, say, load):
        super().__init__(say, load)
        self.prediction = None
        self.fixed = {}  # limits that the link of a class has set
        self.shown = False  # long work waits until the reader looks at this part
        self.digits = self.rainfall = self.map = None
        self.runs = {}  # (setting, seed) -> Outcome
        self.own = []  # maps measured here, for settings that the track's map was not made for
        self.experiments = {}  # (rate, seeds) -> Measured
        self._maps = self._pictured = self._drawn = None
        self._quiet = self._map_requested = False
        self._controls()
        self.map_plot, self.noise_plots = MapPlot(), NoisePlots()
        self.cut_mix = CutPlot("Synthetic share, %", 100)
        self.cut_random = CutPlot("Domain randomisation", 1)
        self._defaults = self.settings()

    def _controls(self):
        table, start = SETTINGS["3"], self.track.part_3
        self.synthetic, synthetic_number = slider_with_number(table["synthetic"], 100 * start.share.value)
        self.randomisation, randomisation_number = slider_with_number(
            table["randomisation"], start.randomisation.value
        )
        self.noise, noise_number = slider_with_number(table["noise"], float(table["noise"].default))
        self._sliders = {
            "synthetic": (self.synthetic, synthetic_number),
            "randomisation": (self.randomisation, randomisation_number),
            "noiserate": (self.noise, noise_number),
        }
        self.measure = choice(table["measure"], styles=[UNSEEN])
        self.total = whole_number(table["total"], int(start.total.value))
        self.real = whole_number(table["real"], int(start.real.value))
        self.rain = choice(table["rain"])
        self.wet_share = whole_number(table["wet_share"], disabled=True)
        self.simulator_rain = choice(table["simulator_rain"])
        self.label_noise = whole_number(table["label_noise"])
        self.seed = whole_number(table["seed"])
        self.seeds = whole_number(table["seeds"])
        self.controls = {
            "synthetic": self.synthetic,
            "randomisation": self.randomisation,
            "measure": self.measure,
            "total": self.total,
            "real": self.real,
            "rain": self.rain,
            "wet_share": self.wet_share,
            "simulator_rain": self.simulator_rain,
            "label_noise": self.label_noise,
            "seed": self.seed,
            "seeds": self.seeds,
            "noise": self.noise,
        }
        for control in self.controls.values():
            control.param.watch(self._changed, "value")

    def roots(self):
        """The places of the page and their contents."""

        def stack(*widgets):
            return pn.Column(*widgets, sizing_mode="stretch_width")

        def plot(figure):
            return pn.pane.Bokeh(figure, sizing_mode="stretch_width")

        return {
            "synthetic": beside(*self._sliders["synthetic"]),
            "randomisation": beside(*self._sliders["randomisation"]),
            "advanced": stack(
                self.total,
                self.real,
                self.rain,
                self.wet_share,
                self.simulator_rain,
                self.label_noise,
                self.seed,
                self.seeds,
            ),
            "measure": self.measure,
            "noiserate": beside(*self._sliders["noiserate"]),
            "map": plot(self.map_plot.figure),
            "cutmix": plot(self.cut_mix.figure),
            "cutrandom": plot(self.cut_random.figure),
            "noise": plot(self.noise_plots.law),
            "learning": plot(self.noise_plots.curve),
        }

    # -- the reader's setting --------------------------------------------------------------------------

    def settings(self):
        """The settings from which a link or a record restores this state, and the limits of a class.

        `map` is "own" if the figures rest on the reader's map, and "track" if they rest on the track's.
        """
        return {**super().settings(), "map": "own" if self._own_map() else "track", **self.fixed}

    def setting(self):
        """The `mix.Setting` of the controls; ValueError if there is too little to train on."""
        return setting_of(super().settings(), self.track)[0]

    def situation(self):
        """What the figures rest on, as far as it is available."""
        setting, seeds = setting_of(super().settings(), self.track)
        rate = round(self.noise.value / 100, 4)
        return Situation(
            self.track,
            setting,
            seeds,
            rate,
            self.prediction,
            self.map,
            None if self.rainfall is None else float((self.rainfall > 0).mean()),
            self._own_map(),
            self.runs,
            self.experiments.get((rate, seeds)),
            self.edited,
            self.fixed,
        )

    def _own_map(self):
        """The map measured here for the reader's setting; None if there is none, or if the track's map holds."""
        setting, seeds = setting_of(super().settings(), self.track)
        if self.map is None or self.map.holds(setting, self.map.seeds):
            return None
        return next(
            (own_map for own_map in self.own if own_map.holds(setting, seeds[: small_map.SEEDS])), None
        )

    # -- requests of the page --------------------------------------------------------------------------

    def open(self, state):
        """Take over track, settings, assumptions and the locked prediction of the page."""
        self.track = tracks.track(state.get("track", "cloud"))
        self.prediction, self.edited, self.fixed, self.map = None, {}, {}, None
        self._pictured, self._drawn, self.own, self._map_requested = None, None, [], False
        start = self.track.part_3
        settings = {
            **self._defaults,
            "synthetic": 100 * start.share.value,
            "randomisation": start.randomisation.value,
            "total": int(start.total.value),
            "real": int(start.real.value),
            "label_noise": round(100 * start.label_noise.value),
        }
        self._quiet = True
        try:
            for values in (settings, state.get("settings") or {}):  # a refused value leaves the track's
                for name, value in values.items():
                    # The reader's own map is measured again on request, and limits come from the link.
                    if name != "map" and name not in CLASS_LIMITS:
                        self.attempt(self.set, name, value)
            self.attempt(self._fix, state.get("limits") or {})
        finally:
            self._quiet = False
        if state.get("prediction") is not None:
            self.attempt(self._lock, state["prediction"])
        self.attempt(self._assume, state.get("assumptions") or {})
        self.hold([*(state.get("fixed") or ()), *(["real"] if "supply_limit" in self.fixed else [])])
        for plot in (self.map_plot, self.cut_mix, self.cut_random, self.noise_plots):
            plot.clear()
        self._update()

    def _fix(self, limits):
        """Take over the limits of a class; its limit of supply also sets the control."""
        supply = limits.get("supply_limit")
        if supply is not None:
            self.set("real", supply)
        self.fixed = fixed_limits({**super().settings(), **limits})

    def ask_show(self):
        """The reader has come to this part: prepare everything that is not ready."""
        if not self.shown:
            self.shown = True
            self._update()
        return True

    def ask_narrow(self, narrow):
        """Draw the map for a page that is as narrow as a phone, or for a wider one."""
        self.map_plot.narrow(bool(narrow))
        return True

    def ask_remap(self):
        """The reader wants a map for settings that the track's map was not made for."""
        if self.prediction is None or self.map is None:
            raise ValueError("there is no map before the prediction is locked and Python is ready")
        self._map_requested = True
        self.start(self._catch_up)
        return True

    def ask_lock(self, prediction, lock="3"):
        """The reader has committed a prediction: from now on results are reported."""
        self._lock(prediction)
        self._update()
        return True

    def _lock(self, prediction):
        direction, points = (
            (prediction.get(name) for name in ("direction", "prediction"))
            if isinstance(prediction, dict)
            else (None, None)
        )
        number = isinstance(points, (int, float)) and not isinstance(points, bool)
        if direction not in DIRECTIONS or not number or not 0 <= points <= 100:
            raise ValueError(
                f"the prediction must be one of {', '.join(DIRECTIONS)} and a number of points from 0 "
                f"to 100, not {prediction!r}"
            )
        self.prediction = (direction, float(points))

    def ask_assume(self, assumptions):
        """The reader has changed assumptions: name -> value."""
        self._assume(assumptions)
        self.report()
        return True

    def _assume(self, edited):
        previous, self.edited = self.edited, dict(edited)
        try:
            self.situation().check_assumptions()
        except (ValueError, TypeError) as error:
            self.edited = previous
            raise ValueError(str(error)) from None

    # -- what happens then -----------------------------------------------------------------------------

    def _changed(self, *_):
        self.wet_share.disabled = self.rain.value == "record"
        if not self._quiet and self.is_valid():
            self._update()

    def _update(self):
        """Show the known results at the reader's setting, and start the work on the missing ones."""
        if not self.attempt(self.setting):
            self.cancel()
            return
        self.report()
        if self.shown and self._missing():
            self.start(self._catch_up)
        elif self.working:
            self.cancel()

    def _missing(self):
        if self.digits is None or self._pictured != self._sheet_key():
            return True
        if self.prediction is None:
            return False
        situation = self.situation()
        settings = [setting for setting in situation.strategies().values() if setting is not None]
        return (
            situation.map is None
            or self._map_requested
            or situation.experiment is None
            or any(situation.measured(setting) is None for setting in settings)
        )

    async def _catch_up(self):
        if self.digits is None:
            await self.progress("Reading digits and weather", 0.01)
            for name in ("digits", "rainfall_mm"):
                for file in datasets.FILES[name]:
                    await self.load(file)
            self.digits, self.rainfall = datasets.digits(), datasets.rainfall_mm()
            await self.progress("Drawing digits", 0.02)
        if self._pictured != self._sheet_key():
            self._show_pictures()
            await asyncio.sleep(0)
        if self.prediction is None:
            return
        if self.map is None:
            if self._maps is None:
                for file in datasets.FILES["gap_maps"]:
                    await self.load(file)
                self._maps = datasets.gap_maps()
            self.map = gap_map.read(self._maps, self.track.id)
            self.report()
        await asyncio.sleep(PAUSE)
        situation = self.situation()
        if self._map_requested:
            await self._train("mix", situation.setting, situation.seeds)
            await self._measure_map(situation)
        for name, setting in situation.strategies().items():
            await self._train(name, setting, situation.seeds)
        await self._experiment(situation.rate, situation.seeds)

    async def _train(self, name, setting, seeds):
        """Run a strategy for every seed that has not been run."""
        if setting is None:
            return
        label = {
            "mix": "Training on your mix",
            "real": "Training on its real samples alone",
            "expert": "Training on expert labels",
        }[name]
        missing_seeds = [seed for seed in seeds if (setting, seed) not in self.runs]
        for number, seed in enumerate(missing_seeds):
            for step in mix.stepwise(setting, *self.digits, self.rainfall, seed):
                if step is not None:
                    self.runs[setting, seed] = step
                await self.progress(
                    f"{label}: seed {number + 1} of {len(missing_seeds)}", (number + 0.5) / len(missing_seeds)
                )
        while len(self.runs) > MOST_RUNS:
            self.runs.pop(next(iter(self.runs)))
        if missing_seeds:
            self.report()

    async def _measure_map(self, situation):
        """The small map that the reader asked for, if their setting still needs one."""
        if not situation.holds():
            for step in small_map.measure(
                self.map, situation.setting, situation.seeds, (*self.digits, self.rainfall), self.runs
            ):
                if isinstance(step, tuple):
                    await self.progress(*step)
                else:
                    self.own.append(step)
        self._map_requested = False
        self.report()

    def cancel(self):
        """Cancel the long work, and forget the request for a map."""
        self._map_requested = False
        super().cancel()

    async def _experiment(self, *key):
        if key not in self.experiments:
            for step in noise_experiments.measure(*key, *self.digits):
                if isinstance(step, tuple):
                    await self.progress(*step)
                else:
                    self.experiments[key] = step
            self.report()

    def _sheet_key(self):
        return self.setting(), self.seed.value

    def _show_pictures(self):
        key = self._sheet_key()
        self.say("pictures", rows=pictures.sheet(*key[:1], *self.digits, self.rainfall, key[1]))
        self._pictured = key

    def report(self):
        """Report the known results to the page; before the lock, only what the lock does not guard."""
        situation = self.situation()
        if self.prediction is None:
            self.say("results", values=figures.known(situation), locked=True, settings=self.settings())
        elif self.map is not None:
            values, cases = figures.figures(situation)
            self._draw(situation)
            said, found = (values[f"reveal.{name}"].value for name in ("prediction", "measured"))
            self.map_plot.predict(said, found, values["reveal.randomisation"].value)
            tables = mix_tables.tables(situation, self.measure.value) | noise_tables.tables(
                situation.experiment, values
            )
            self.say(
                "results",
                locked=False,
                settings=self.settings(),
                assumptions=self.edited,
                values=values,
                tables=tables,
                cases=cases,
                unfinished=self._missing(),
            )

    def _draw(self, situation):
        shown_map, setting = situation.shown(), situation.setting
        i, j = shown_map.nearest(setting.share, setting.randomisation)
        drawn_state = (id(shown_map), self.measure.value)
        if self._drawn != drawn_state:
            self.map_plot.show(shown_map, self.measure.value, situation.kept(shown_map))
            self._drawn = drawn_state
        self.map_plot.move(setting.share, setting.randomisation)
        cut = {
            name: tuple(shown_map.measures[name + end] for end in ("", "_low", "_high"))
            for name in ("accuracy", "recall")
        }
        self.cut_mix.show(
            100 * shown_map.shares, {n: [v[:, j] for v in c] for n, c in cut.items()}, 100 * setting.share
        )
        self.cut_random.show(
            shown_map.randomisations, {n: [v[i] for v in c] for n, c in cut.items()}, setting.randomisation
        )
        if situation.experiment is not None:
            self.noise_plots.show(situation.experiment)
