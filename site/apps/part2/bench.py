"""Part 2, Active Learning ROI: a labelling project that is really run, round by round, at the track's prices."""

import time

import panel as pn

from apps.part2 import indexing as roi_index
from apps.part2 import money, tables
from apps.part2.plots import RoiPlot, SidesPlot
from apps.part2.runs import COUNTED, Search
from apps.shared.controlled import Controlled
from apps.shared.controls import choice, slider_with_number, switch, whole_number
from dataselect_core import datasets, tracks
from dataselect_core.figures.active_learning import figures, prediction, runs
from dataselect_core.figures.active_learning import indexing as index_bill
from dataselect_core.figures.active_learning import situation as situation_
from dataselect_core.figures.active_learning.runs import LINE
from dataselect_core.figures.active_learning.situation import ANSWERS
from dataselect_core.pruning.experiment import prune_stepwise
from dataselect_core.sampling import active_learning_rounds, reference_sweep
from dataselect_core.settings import SETTINGS

TURN = 0.06  # seconds of training between two looks at the page
FRAME = 0.15  # seconds between two pictures
PRUNING_SEEDS = tuple(range(6))
OWN_DATA = {"rare": "digits"}  # data set -> what `datasets.FILES` calls its files, if that is another name


class LabelingROI(Controlled):
    """The workbench of Part 2.

    Nothing is run before the prediction is locked. A run is a coroutine over seeds and rounds; the newest wins.
    """

    part = 2

    def __init__(self, say, load):
        super().__init__(say, load)
        self.prediction = None  # {"direction": ..., "prediction": factor}
        self.answer = None  # to the indexing question
        self.fixed = {}  # limits that the link of a class has set
        self.search = Search(self.track.id)
        self.pruned = None  # share kept, share of wrong labels, and what pruning did
        self.rate = None  # signatures per second, measured in this browser
        self._curves = {}
        self._readings = {}  # run -> (what the reading depends on, the reading)
        self._judged = None  # the same for the verdict
        self._quiet = False
        self._loaded = set()  # names in `datasets.FILES`
        self._drawn = 0.0
        self._controls()
        self.plot = RoiPlot()
        self.sides = {
            "indexing": SidesPlot(
                "Indexing everything, once", "costs", ("decoding", "signatures", "reads"), ("training",)
            ),
            "scoring": SidesPlot("Scoring everything", "costs", ("scoring",), ("training", "labels")),
        }

    # -- what the page shows ---------------------------------------------------------------------------

    def _controls(self):
        table, start = SETTINGS["2"], self.track.part_2
        self.strategy = switch(table["strategy"], start.strategy)
        self.batch_size = choice(table["batch"], start.batch_size.value)
        self.data = choice(table["data"], start.problem)
        self.initial = whole_number(table["initial"])
        self.budget = whole_number(table["budget"])
        self.seed = whole_number(table["seed"])
        self.seeds = whole_number(table["seeds"])
        self.test_share, self.test_share_number = slider_with_number(
            table["test_share"], table["test_share"].default
        )
        self.controls = {
            "strategy": self.strategy,
            "batch": self.batch_size,
            "data": self.data,
            "initial": self.initial,
            "budget": self.budget,
            "seed": self.seed,
            "seeds": self.seeds,
            "test_share": self.test_share,
        }
        self._running = False  # whether a run adds to the search
        self._defaults = self.settings()
        for name, control in self.controls.items():
            control.param.watch(self._changed_data if name == "data" else self._changed, "value")

    def roots(self):
        """The places of the page and their contents."""
        return {
            "strategy": self.strategy,
            "batch": self.batch_size,
            "data": self.data,
            "advanced": pn.Column(
                self.initial,
                self.budget,
                self.seed,
                self.seeds,
                self.test_share,
                self.test_share_number,
                sizing_mode="stretch_width",
            ),
            "roi": pn.pane.Bokeh(self.plot.figure, sizing_mode="stretch_width"),
            "sides": pn.Column(
                *(pn.pane.Bokeh(side.figure, sizing_mode="stretch_width") for side in self.sides.values()),
                sizing_mode="stretch_width",
            ),
        }

    # -- requests of the page --------------------------------------------------------------------------

    def open(self, state):
        """Take over track, settings, assumptions, answers and the search of the record."""
        if self.working:
            self.cancel()
        self.track = tracks.track(state.get("track", "cloud"))
        self.search = Search(self.track.id, (state.get("kept") or {}).get("search"), self.reader)
        start = self.track.part_2
        self._quiet = True
        try:
            settings = {
                "strategy": start.strategy,
                "batch": start.batch_size.value,
                "data": start.problem,
                **self._own_start((state.get("settings") or {}).get("data", start.problem)),
                **(state.get("settings") or {}),
            }
            for name, value in {**self._defaults, **settings}.items():
                # Runs and marker come from the record, limits from the link of a class.
                if name.split(".")[0] not in (*situation_.STATED, *situation_.LIMITS):
                    self.attempt(self.set, name, value)
        finally:
            self._quiet = False
        self.prediction = self.answer = None
        predictions = state.get("predictions") or {}
        if predictions.get("2") is not None:
            self.attempt(self._lock, predictions["2"])
        if predictions.get("2-indexing") is not None:
            self.attempt(self._lock_index, predictions["2-indexing"])
        self.edited, self.fixed = {}, {}
        self.attempt(self._assume, state.get("assumptions") or {})
        self.attempt(self._fix, state.get("limits") or {})
        self.hold(state.get("fixed") or ())
        self._redraw()
        self.start(self._prepare)

    def ask_lock(self, prediction, lock="2"):
        """Commit a prediction or an answer."""
        self._lock_index(prediction) if lock == "2-indexing" else self._lock(prediction)
        self.report()
        return True

    def _lock(self, prediction):
        situation_.check_prediction(prediction)
        self.prediction = prediction

    def _lock_index(self, answer):
        answer = answer.get("direction") if isinstance(answer, dict) else answer
        if answer not in ANSWERS:
            raise ValueError(f"the answer must be one of {', '.join(ANSWERS)}, not {answer!r}")
        self.answer = answer

    def ask_assume(self, assumptions):
        """The reader has changed prices or sizes: name -> value."""
        self._assume(assumptions)
        self.report()
        return True

    def _assume(self, edited):
        previous, self.edited = self.edited, dict(edited)
        try:
            self.assumptions()
        except (ValueError, TypeError) as error:
            self.edited = previous
            raise ValueError(str(error)) from None

    def _fix(self, limits):
        self.fixed = situation_.fixed_limits(self.track, limits)

    def ask_run(self):
        """Start a run with the settings of the controls."""
        self._require_prediction()
        if not self.is_valid():
            return False
        if self.search.counting and not self.search.left:
            raise ValueError(
                f"All {COUNTED} counted runs are used. Commit your marker; after that, runs are not counted."
            )
        self.start(self._run, self.search, self.settings())
        return True

    def _check_sizes(self):
        if self.initial.value > self.budget.value:
            raise ValueError(
                f"The initial labels ({self.initial.value}) must not be more than the labels in all "
                f"({self.budget.value})."
            )
        pool = len(
            reference_sweep.split(
                reference_sweep.problem(self.data.value), self.test_share.value, self.seed.value
            )[1]
        )
        if self.budget.value > pool:
            raise ValueError(
                f"The pool of this data set holds {pool} samples, so no more than {pool} labels can be "
                f"bought, not {self.budget.value}."
            )

    def ask_show(self, run, shown):
        """Take a run out of the plot, or put it back."""
        self.search.run(run).shown = bool(shown)
        self._keep(self.search)
        self.report()
        return True

    def ask_search(self, kept):
        """Take over the runs of another tab; refused during a run, and the page repeats the request after it."""
        if self._running:
            return False
        self.search = Search(self.track.id, kept, self.reader)
        self._redraw()
        self.report()
        return True

    def _redraw(self):
        self._readings.clear()
        self.plot.clear()
        for side in self.sides.values():
            side.clear()

    def ask_place(self, run, labels):
        """The round of the run that is nearest to a marker at `labels`."""
        reading, i = self._round_at(run, labels)
        if self.search.counting and reading.run.settings["data"] == self.data.value:
            self.plot.place((reading.cost[i], reading.mean[i]))
        return {"run": run, "labels": reading.labels[i], "cost": reading.cost[i], "accuracy": reading.mean[i]}

    def ask_all_costs(self, everything):
        """Let the plot show all costs, or those up to a little beyond the budget."""
        self.plot.show_all(bool(everything))

    def ask_commit(self, run, labels):
        """Commit the marker, once."""
        self._require_prediction()
        if not self.search.counting:
            raise ValueError("The marker is committed, and a commitment cannot be changed.")
        if self.working:
            raise ValueError("A run is under way. Wait for it or cancel it, then commit the marker.")
        reading, i = self._round_at(run, labels)
        self.search.marker = {
            "run": run,
            "labels": int(reading.labels[i]),
            "accuracy": float(reading.mean[i]),
            "recall": float(reading.run.recall()[i]),
            "selects": reading.run.selects,
            "settings": dict(reading.run.settings),
            "seeds": reading.run.seeds,
            "rounds": i,
        }
        self._keep(self.search)
        self.report()
        return True

    def ask_prune(self, keep, wrong):
        """Keep a share of the digits by EL2N, or at random, with a share of wrong labels: percents, six seeds."""
        self._require_prediction()
        for value, (low, high), name in ((keep, (5, 100), "Keep"), (wrong, (0, 45), "Wrong labels")):
            if not isinstance(value, (int, float)) or not low <= value <= high:
                raise ValueError(f"{name} must be a number from {low} to {high} %.")
        if self.working:
            raise ValueError("A run is under way. Wait for it or cancel it, then prune.")
        self.start(self._prune, keep / 100, wrong / 100)
        return True

    async def _prune(self, keep, wrong):
        await self.progress("Reading the digits", 0.02)
        for file in datasets.FILES["digits"]:
            await self.load(file)
        for step in prune_stepwise(*datasets.digits(), [keep], wrong, PRUNING_SEEDS):
            if isinstance(step, tuple):
                await self.progress(*step)
            else:
                self.pruned = (keep, wrong, step)
        self.report()

    def ask_measure(self):
        """Time MinHash signatures in this browser."""
        if self.working:
            raise ValueError(
                "A run is under way, and both would be slower for it. Wait for it or cancel it first."
            )
        self.start(self._measure)
        return True

    def _require_prediction(self):
        if self.prediction is None:
            raise ValueError("Commit a prediction first: nothing is run before it is locked.")

    def _round_at(self, run, labels):
        reading = self.read(self.search.run(run))
        return reading, reading.at(labels)

    # -- prices ----------------------------------------------------------------------------------------

    def assumptions(self):
        """Prices and sizes in force: the reader's, else the track's, else the lab's."""
        return situation_.assumptions(self.track, self.edited)

    def prices(self):
        """The prices of a labelling project."""
        return situation_.prices(self.assumptions())

    def situation(self):
        """What the figures rest on."""
        data = self.data.value
        started = self.search.started(data)
        random, active = runs.pair(started)
        newest = started[-1] if started and started[-1] not in (random, active) else None
        return situation_.Situation(
            self.track,
            self.settings(),
            self.prediction,
            random and self.read(random),
            active and self.read(active),
            self.search.marker,
            self.answer,
            self.edited,
            self.fixed,
            self.curves,
            newest and self.read(newest),
        )

    def target(self):
        """The accuracy that the project needs: the class's target, else the track's."""
        return situation_.limits(self.track, self.fixed)["target"].value

    def curves(self, name):
        """The build's sweep of one problem."""
        if name not in self._curves:
            self._curves[name] = reference_sweep.curves(name)
        return self._curves[name]

    def read(self, run):
        """A run at the prices in force."""
        state = (self.search.track, run.seeds, bool(run.now_right), self.prices())
        entry = self._readings.get(run.number)
        if entry is None or entry[0] != state or entry[1].run is not run or not run.right:
            baseline = self.curves(run.settings["data"])[0]
            reading = runs.read(run, self.prices(), baseline, self.target())
            entry = self._readings[run.number] = (state, reading)
        return entry[1]

    def judged(self):
        """The committed marker against the optimum, at the prices in force: a `Judgement`, or None."""
        if self.search.counting:
            return None
        state = (self.search, self.prices(), self.target())
        if self._judged is None or self._judged[0] != state:
            self._judged = (state, self.situation().judged())
        return self._judged[1]

    def _plot_positions(self):
        """The positions of marker and optimum in the plot, each (cost, accuracy) or None."""
        judgement = self.judged()
        if judgement is None:
            return None, None
        return (judgement.cost, self.search.marker["accuracy"]), judgement.best and (
            judgement.best.cost,
            judgement.best.accuracy,
        )

    def _predicted(self, situation):
        """The position of the prediction in the plot, (cost, accuracy), or None.

        It is on the curve of the run that chooses, at the labels that the prediction expects from its random partner.
        """
        random, active = situation.random, situation.active
        if random is None or active is None or random.crossing is None:
            return None
        expected = prediction.ratio(self.prediction["direction"], self.prediction["prediction"])
        labels = random.crossing / expected
        return (active.cost_at(labels), LINE) if labels <= active.labels[-1] else None

    # -- what happens then -----------------------------------------------------------------------------

    def _changed(self, *_):
        if not self._quiet and self.is_valid():
            self.report()

    def _changed_data(self, *_):
        if self._quiet:
            return
        self._quiet = True
        for name, value in self._own_start(self.data.value).items():
            self.controls[name].value = value
        self._quiet = False
        self._changed()

    @staticmethod
    def _own_start(data):
        """The settings with which runs on a data set begin: those of its sweep."""
        if data not in reference_sweep.SIZES:
            return {}
        return {
            "initial": reference_sweep.SIZES[data][2],
            "test_share": reference_sweep.own_test_share(data),
        }

    async def _prepare(self):
        await self._data()
        self.report()

    async def _data(self):
        """Load what is missing; the page may choose another data set meanwhile."""
        while missing := self._missing():
            await self.progress("Reading the data", 0.02)
            for name in missing:
                for file in datasets.FILES[name]:
                    await self.load(file)
                self._loaded.add(name)

    def _missing(self):
        """Names in `datasets.FILES` that the figures need and that are not loaded: a data set is large."""
        marker = self.search.marker
        data = {self.data.value} if marker is None else {self.data.value, marker["settings"]["data"]}
        return [
            name
            for name in ("labelling_sweep", *sorted({OWN_DATA.get(each, each) for each in data}))
            if name not in self._loaded
        ]

    async def _run(self, search, settings):
        """Run seed after seed and round after round; each round is shown as soon as it is measured."""
        await self._data()
        if not self.attempt(self._check_sizes):
            return
        problem = reference_sweep.problem(settings["data"])
        run = None
        total = settings["seeds"] * max(
            1, -(-(settings["budget"] - settings["initial"]) // settings["batch"]) + 1
        )
        rounds_done, last_pause = 0, time.monotonic()
        await self.progress("Drawing the first labels", 0.01)
        self._running = True
        try:
            for seed in range(settings["seed"], settings["seed"] + settings["seeds"]):
                X, y, X_test, y_test = reference_sweep.split(problem, settings["test_share"], seed)
                for step in active_learning_rounds(
                    X,
                    y,
                    X_test,
                    y_test,
                    settings["strategy"],
                    settings["batch"],
                    settings["initial"],
                    settings["budget"],
                    seed,
                    recall_class=problem.critical,
                ):
                    if run is None:
                        critical = int((y_test == problem.critical).sum())
                        run = search.begin(settings, len(y_test), critical)
                        self._keep(search)
                    run.add(step)
                    rounds_done += 1
                    if time.monotonic() - last_pause > TURN:
                        self._show_progress(search)
                        await self.progress(
                            f"Run {run.number}: seed {seed}, {step.labels} labels", rounds_done / total
                        )
                        await self._data()
                        last_pause = time.monotonic()
                run.close_seed()
        finally:
            self._running = False
            if run is not None:
                run.stop()
                self._keep(search)
                self.report(search=search)

    def _show_progress(self, search):
        now = time.monotonic()
        if search is self.search and now - self._drawn > FRAME:
            self.report(brief=True)
            self._drawn = time.monotonic()

    async def _measure(self):
        await self.progress("Reading texts to sign", 0.02)
        for file in datasets.FILES["licences"]:
            await self.load(file)
        stopwatch = roi_index.Stopwatch(datasets.licences().texts)
        for share in stopwatch.slices():
            await self.progress("Signing texts", share)
        self.rate = stopwatch.value()
        self.report()

    def _keep(self, search):
        """Save in the reader's record, under the search's own track, even if another track is shown by now.

        The message has the search's own reader: a run that ends because a new reader begins belongs to the last one.
        """
        message = {
            "type": "keep",
            "part": self.part,
            "track": search.track,
            "name": "search",
            "value": search.packed(),
            **({"reader": search.reader} if search.reader else {}),
        }
        self._say(message)

    def report(self, search=None, brief=False):
        """Report the current results to the page; before the lock, only what the lock does not guard."""
        if search is not None and search is not self.search:
            return
        if self._missing():
            if not self.working:
                self.start(self._prepare)
            return
        settings = self.settings()
        if self.prediction is None:
            self.say(
                "results",
                values=figures.known(settings),
                locked=True,
                settings={**settings, **self.fixed},
            )
            return
        situation = self.situation()
        readings = [self.read(run) for run in self.search.shown() if run.settings["data"] == settings["data"]]
        best = money.frontier(readings)
        results = tables.report(self, situation, readings, best, brief)
        marker, optimum = self._plot_positions()
        if not self.search.counting and self.search.marker["settings"]["data"] != settings["data"]:
            marker = optimum = None
        limits = situation.limits()
        self.plot.show(
            readings,
            best,
            limits["target"].value,
            limits["budget"].value,
            marker,
            optimum,
            self._predicted(situation),
        )
        self._report_index(results, brief)
        session_cases = tables.session_cases(self) + tables.pruned(self.pruned)[1]
        results["tables"] |= tables.pruned_table(self.pruned)
        rate = {} if self.rate is None else {"measure.rate": self.rate}
        session = (
            tables.session(self.search)
            | tables.prediction_ratio(results["values"])
            | tables.knee(self)
            | rate
            | tables.pruned(self.pruned)[0]
        )
        if "check.target.value" not in results["values"]:
            session |= tables.limit_values(situation)
        results["values"] |= session
        results["cases"] += session_cases
        self.say(
            "results",
            locked=False,
            settings={**situation_.stated(situation), "runs_used": self.search.used},
            session=[*sorted(session), *session_cases],
            unfinished=any(run.now_right for run in self.search.runs),
            **results,
        )

    def _report_index(self, results, brief):
        if brief or self.answer is None:
            return
        assumptions = self.assumptions()
        indexing, scoring = index_bill.questions(
            assumptions, results["values"]["own.labels_saved"].value or 0.0
        )
        results["tables"] |= roi_index.tables(assumptions, indexing, scoring, self.track.part_2.kind)
        self.sides["indexing"].show(indexing)
        self.sides["scoring"].show(scoring)
