"""Part 1, the Deduplication Audit: MinHash and LSH on a corpus the reader can look into."""

import time

import numpy as np
import panel as pn
from bokeh.core.properties import field
from bokeh.models import ColumnDataSource, NumeralTickFormatter, Range1d, Span

from apps.part1 import compare, tables
from apps.part1.built_audit import BuiltAudit
from apps.part1.own_corpus import OwnCorpus
from apps.shared import plots
from apps.shared.controlled import Controlled
from apps.shared.controls import beside, by_label, choice, slider_with_number, switch, whole_number
from dataselect_core import arguments, datasets, tracks
from dataselect_core.dedup.audit import Audit
from dataselect_core.dedup.control import at_random, compare_stepwise
from dataselect_core.dedup.leak import HELD_OUT, leaky_stepwise
from dataselect_core.figures import class_limits
from dataselect_core.figures.deduplication.figures import known
from dataselect_core.figures.deduplication.situation import (
    ASKED_SHARE,
    LIMITS,
    SOURCES,
    Situation,
    corpus,
    redundancy,
    scale,
)
from dataselect_core.settings import SETTINGS

TEXTS = ("licences", "crawl")
AXES = {"operations": "Operations counted (measured), millions", "flops": "6ND compute (modelled), TFLOP"}
LEARNED = "Learned: {} below chance"
GESTURE = 1.0  # seconds; changes closer together count as one movement of the reader


class DeduplicationAudit(Controlled):
    """The workbench of Part 1.

    Before the prediction is locked, it reads the corpus, prepares everything and reports only what no lock
    guards. Afterwards it answers every change of a control with new results.
    """

    part = 1

    def __init__(self, say, load):
        super().__init__(say, load)
        self.prediction = None
        self.fixed = {}  # limits that the link of a class has set
        self._quiet = False
        self._audit = None
        self._audit_key = None
        self.built = BuiltAudit(self)
        self._point = self.learning = None  # what is shown
        self._reach = None  # how far down and up the plot of this corpus has reached
        self._control = None  # audit, kept part, comparison and curve of the last control
        self._leaks = {}  # way of holding out -> audit, kept part and losses
        self._ghost = None  # the result before this movement
        self._moved = 0.0  # when the reader last changed what is kept
        self.question_point = None  # the point that removes the share in the lock's question
        self.own = OwnCorpus(self.say)
        self._controls()
        self._plots()
        self._defaults = self.settings()

    # -- what the page shows ---------------------------------------------------------------------------

    def _controls(self):
        table, start = SETTINGS["1"], self.track.part_1
        self.corpus = switch(table["corpus"], start.corpus, start.limits)
        self.threshold, self.threshold_number = slider_with_number(table["threshold"], start.threshold.value)
        self.width = whole_number(table["width"])
        self.num_perm = choice(table["num_perm"])
        self.seed = whole_number(table["seed"])
        self.banding = choice(table["banding"])
        self.bands = whole_number(table["bands"], disabled=True)
        self.rows = whole_number(table["rows"], disabled=True)
        self.compute = choice(table["compute"])
        self.controls = {
            "corpus": self.corpus,
            "threshold": self.threshold,
            "width": self.width,
            "num_perm": self.num_perm,
            "seed": self.seed,
            "banding": self.banding,
            "bands": self.bands,
            "rows": self.rows,
            "compute": self.compute,
        }
        for name, control in self.controls.items():
            of_the_corpus = name in ("corpus", "width", "num_perm", "seed")
            control.param.watch(self._changed_corpus if of_the_corpus else self._changed, "value")

    def _plots(self):
        self.icr_plot = plots.chart(AXES["operations"], LEARNED.format("nats per word"))
        self.icr_plot.x_range, self.icr_plot.y_range = Range1d(0, 1), Range1d(0, 1)
        self.raw_line = plots.line(self.icr_plot, "Raw corpus", plots.BLUE, "circle", name="raw")
        self.ghost_line = plots.line(self.icr_plot, "Previous setting", plots.GREY, None, "dotted", 2)
        self.kept_line = plots.line(
            self.icr_plot, "Deduplicated", plots.GREEN, "square", "dashed", name="deduplicated"
        )
        self.control_line = plots.line(
            self.icr_plot, "As much removed at random", plots.ORANGE, "triangle", "dotdash"
        )
        self.predicted_line = ColumnDataSource({"x": [], "y": []})
        self.icr_plot.line(
            "x", "y", source=self.predicted_line, line_color=plots.PURPLE, line_width=2, line_dash=[3, 4]
        )
        self.predicted_name = ColumnDataSource({"x": [], "y": [], "text": [], "align": [], "x_offset": []})
        plots.words(
            self.icr_plot,
            self.predicted_name,
            plots.PURPLE,
            text_align=field("align"),
            text_baseline="top",
            x_offset="x_offset",
            y_offset=4,
        )
        plots.dress_legend(self.icr_plot, "bottom_right")

        similarity, share = "Exact Jaccard similarity of a pair", "Share of pairs LSH finds"
        self.s_curve_plot = plots.chart(similarity, share, height=300)
        self.s_curve_plot.x_range, self.s_curve_plot.y_range = Range1d(0, 1), Range1d(-0.02, 1.04)
        self.s_curve_plot.yaxis.formatter = NumeralTickFormatter(format="0%")
        self.s_curve_line = plots.line(self.s_curve_plot, "S-curve (modelled)", plots.BLUE)
        self.recall_points = ColumnDataSource({"x": [], "y": []})
        self.s_curve_plot.scatter(
            "x",
            "y",
            source=self.recall_points,
            marker="diamond",
            size=11,
            color=plots.ORANGE,
            legend_label="Measured recall",
        )
        self.s_curve_threshold = Span(
            location=self.threshold.value,
            dimension="height",
            line_color=plots.RED,
            line_dash="dashed",
            line_width=2,
        )
        self.s_curve_plot.add_layout(self.s_curve_threshold)
        self.s_curve_grip = ColumnDataSource({"x": [], "y": []})
        self.s_curve_plot.scatter(
            "x",
            "y",
            source=self.s_curve_grip,
            size=18,
            fill_color="white",
            line_color=plots.RED,
            line_width=3,
        )
        plots.dress_legend(self.s_curve_plot, "top_left")

    def roots(self):
        """The places of the page and their contents."""
        return {
            "corpus": self.corpus,
            "threshold": beside(self.threshold, self.threshold_number),
            "advanced": pn.Column(
                self.width,
                self.num_perm,
                self.seed,
                self.banding,
                self.bands,
                self.rows,
                self.compute,
                sizing_mode="stretch_width",
            ),
            "icr": pn.pane.Bokeh(self.icr_plot, sizing_mode="stretch_width"),
            "scurve": pn.pane.Bokeh(self.s_curve_plot, sizing_mode="stretch_width"),
            "own": pn.pane.Bokeh(self.own.plot, sizing_mode="stretch_width"),
        }

    # -- requests of the page --------------------------------------------------------------------------

    def open(self, state):
        """Take over track, settings, assumptions and the locked prediction of the page."""
        self.track = tracks.track(state.get("track", "cloud"))
        self.prediction, self.edited, self.fixed = None, {}, {}
        start = self.track.part_1
        self._quiet = True
        self.corpus.param.update(
            options=by_label(SETTINGS["1"]["corpus"], self.track.part_1.limits), value=start.corpus
        )
        settings = {**self._defaults, "corpus": start.corpus, "threshold": start.threshold.value}
        try:
            # The track's values first: if a value of the page is refused, the track's remains.
            for name, value in (*settings.items(), *(state.get("settings") or {}).items()):
                if name not in LIMITS:  # skip the limits of an earlier link, which the record keeps
                    self.attempt(self.set, name, value)
        finally:
            self._quiet = False
        if state.get("prediction") is not None:
            self.attempt(self._lock, state["prediction"])
        self.attempt(self._assume, state.get("assumptions") or {})
        self.attempt(self._fix, state.get("limits") or {})
        self.hold(state.get("fixed") or ())
        self._forget()
        self._changed_corpus()

    def settings(self):
        """The settings from which a link or a record restores this state, and the limits of a class."""
        return {**super().settings(), **self.fixed}

    def _fix(self, limits):
        self.fixed = class_limits.among(limits, LIMITS)

    def ask_lock(self, prediction, lock="1"):
        """The reader has committed a prediction: from now on results are reported."""
        self._lock(prediction)
        self._refresh()
        return True

    def _lock(self, prediction):
        number = isinstance(prediction, (int, float)) and not isinstance(prediction, bool)
        if not number or not 0 <= prediction <= 100:
            raise ValueError(f"the prediction must be a number from 0 to 100, not {prediction!r}")
        self.prediction = float(prediction)

    def ask_assume(self, assumptions):
        """The reader has changed assumptions: name -> value."""
        self._assume(assumptions)
        self._refresh()
        return True

    def _assume(self, edited):
        previous, self.edited = self.edited, dict(edited)
        try:
            scale(self.track, np.zeros(1, int), np.ones(1), self.edited)
        except (ValueError, TypeError) as error:
            self.edited = previous
            raise ValueError(str(error)) from None

    def ask_cluster(self, kept):
        """The members of one cluster, most similar to the kept one first."""
        self._require_point()
        return compare.members(self._audit, self._point, kept)

    async def ask_diff(self, left, right):
        """Two members of a cluster with their differences marked."""
        self._require_point()
        await self.built.texts()
        return compare.side_by_side(self._audit, left, right)

    def ask_control(self):
        """Compare the deduplicated corpus with one from which as much was removed at random, over several seeds."""
        self._require_point()
        self.start(self._compare, self._audit, self._point)
        return True

    async def _compare(self, audit, point):
        await self.built.texts()
        comparison = None
        for step in compare_stepwise(audit, point):
            if isinstance(step, tuple):
                await self.progress(*step)
            else:
                comparison = step
        removed = float(audit.mass[audit.train_index[~point.keep[audit.train_index]]].sum())
        mask = at_random(audit.mass, audit.train_index, removed, audit.seed)
        self._control = (audit, point.keep, comparison, audit.plan.curve(mask))
        self._report()

    def ask_leaky(self, held_out):
        """Raw against deduplicated, tested on whole clusters or on single documents, over several seeds."""
        self._require_point()
        arguments.choice("held_out", held_out, HELD_OUT)
        self.start(self._leak, self._audit, self._point, held_out)
        return True

    async def _leak(self, audit, point, held_out):
        await self.built.texts()
        for step in leaky_stepwise(audit, point, held_out):
            if isinstance(step, tuple):
                await self.progress(*step)
            else:
                self._leaks[held_out] = (audit, point.keep, step)
        self._report()

    def _leaked(self, point):
        """The losses that were measured at this point: way of holding out -> float64[s, 2]."""
        return {
            held_out: losses
            for held_out, (audit, keep, losses) in self._leaks.items()
            if audit is self._audit and (keep == point.keep).all()
        }

    def _compared(self, point):
        """The comparison and the curve of the control if they were made at this point; else (None, None)."""
        control = self._control
        if control is None or control[0] is not self._audit or (control[1] != point.keep).any():
            return None, None
        return control[2:]

    def _require_point(self):
        if self._point is None:
            raise ValueError("there are no clusters before the prediction is locked and the corpus is ready")

    # -- the reader's own corpus, which no lock guards --------------------------------------------------

    def ask_own(self, job, file, **layout):
        """Deduplicate the file that the page has put in place, with the settings of the controls; see `OwnCorpus`."""
        try:
            for setting, control in self.controls.items():
                self.check(setting, control, control.value)
            return self.own.start(job, file, self.settings(), **layout)
        except ValueError as error:
            return self.own.refuse(job, str(error))

    def ask_own_cancel(self, job):
        """Cancel the work on the reader's corpus."""
        return self.own.cancel(job)

    def ask_own_clear(self):
        """Forget the reader's corpus."""
        return self.own.clear()

    def ask_own_cluster(self, job, kept):
        """The members of one cluster of the reader's corpus."""
        return self.own.cluster(job, kept)

    def ask_own_diff(self, job, left, right):
        """Two documents of the reader's corpus."""
        return self.own.diff(job, left, right)

    # -- reactions to changes --------------------------------------------------------------------------

    def _changed(self, *_):
        self._dim()
        if not self._quiet and self.is_valid():
            self._refresh()

    def _dim(self):
        """Disable controls that have no effect."""
        self.bands.disabled = self.rows.disabled = self.banding.value == "auto"
        self.width.disabled = self.corpus.value not in TEXTS

    def _refresh(self):
        """Report if the corpus of the controls is ready; else prepare it, unless work is under way already."""
        if self._audit_key == self._key():
            self._report()
        elif not self.working:
            self.start(self._prepare)

    def _changed_corpus(self, *_):
        self._dim()
        if not self._quiet and self.is_valid():
            self.start(self._prepare)

    async def prepare(self, state):
        """Make the audit that `open` with this state will need."""
        track = tracks.track(state.get("track", "cloud"))
        settings = {**self._defaults, "corpus": track.part_1.corpus, **(state.get("settings") or {})}
        if settings["corpus"] not in track.part_1.limits:
            raise ValueError(f"the track has no corpus {settings['corpus']!r}")
        for name in ("width", "num_perm", "seed"):
            self.check(name, self.controls[name], settings[name])
        await self._make_audit(self._key(track, settings), track)

    def _key(self, track=None, settings=None):
        """The current values that an audit depends on."""
        values = settings or {name: control.value for name, control in self.controls.items()}
        name = values["corpus"]
        return (
            name,
            redundancy(name, track or self.track),
            values["width"],
            values["num_perm"],
            values["seed"],
        )

    async def _prepare(self):
        await self._make_audit(self._key(), self.track)
        self._report()

    async def _make_audit(self, key, track):
        """Make the audit of this key, if it is not the present one."""
        name = key[0]
        if key != self._audit_key:
            await self.progress("Reading the corpus", 0.02)
            audit = await self.built.take(key, track)
            if audit is None:
                for file in datasets.FILES.get(SOURCES[name], ()):
                    await self.load(file)
                for step in Audit.stepwise(corpus(name, track), *key[2:]):
                    if isinstance(step, tuple):
                        await self.progress(*step)
                    else:
                        audit = step
            self._audit, self._audit_key = audit, key
            self._forget()
            self.question_point = audit.where_removed(ASKED_SHARE)

    def _forget(self):
        """Show nothing until the next report."""
        self._point = self.learning = self._ghost = None
        for source in (
            self.raw_line,
            self.kept_line,
            self.ghost_line,
            self.control_line,
            self.s_curve_line,
            self.recall_points,
            self.s_curve_grip,
            self.predicted_line,
            self.predicted_name,
        ):
            source.data = {name: [] for name in source.data}
        self._reach = None

    def recomputed(self):
        """The audit has other values than before: show what follows from them."""
        self.question_point = self._audit.where_removed(ASKED_SHARE)
        self._forget()
        self._report()

    def _report(self):
        """Compute the reader's point and report it; before the lock, report only what the lock does not guard."""
        self._show_point()
        self.built.rest()

    def _show_point(self):
        audit = self._audit
        if self.prediction is None:
            self.say(
                "results",
                values=known(audit),
                nouns=tables.nouns(audit.corpus),
                locked=True,
                settings=self.settings(),
            )
            return
        by_hand = self.banding.value == "hand"
        bands, rows = (self.bands.value, self.rows.value) if by_hand else (None, None)
        if by_hand and bands * rows > audit.num_perm:
            self.say(
                "ignored",
                text=(
                    f"{bands} bands of {rows} rows need {bands * rows} permutations, and there are "
                    f"{audit.num_perm}. Fewer bands or rows, or more permutations."
                ),
            )
            return
        point = audit.at(self.settings()["threshold"], bands, rows)
        learning = audit.learning(point)
        if self._point is None or (point.keep != self._point.keep).any():
            now = time.monotonic()
            if now - self._moved > GESTURE:
                self._ghost = self.learning  # the result before this movement, not before each of its steps
            self._moved = now
        self._point, self.learning = point, learning
        if not by_hand:
            self._quiet = True
            self.bands.value, self.rows.value = point.bands, point.rows
            self._quiet = False
        recall = audit.recall_by_similarity(point)
        comparison, random = self._compared(point)
        self._draw(point, learning, recall, random)
        situation = Situation(
            self.track,
            self.corpus.value,
            audit,
            self.question_point,
            self.prediction,
            by_hand,
            self.edited,
            self.fixed,
        )
        report = tables.report(situation, point, learning, recall, comparison, self._leaked(point))
        self.say("results", locked=False, settings=self.settings(), **report)

    def _learned(self, learning, random):
        """The ends of the axis of what was learned; it never shrinks on one corpus, so it does not move in a drag."""
        curves = [learning.raw.loss, learning.kept.loss, *([] if random is None else [random.loss])]
        progress = learning.uniform_loss - np.concatenate(curves)
        start, end = 0.5 * float(np.floor(2 * progress.min())), 0.5 * float(np.ceil(2 * progress.max()))
        if self._reach is not None:
            start, end = min(start, self._reach[0]), max(end, self._reach[1])
        self._reach = (start, end)
        return self._reach

    def _draw(self, point, learning, recall, random):
        axis = self.compute.value
        small = self._audit.corpus.kind != "texts"
        unit = 1e6 if axis == "operations" or small else 1e12
        self.icr_plot.xaxis.axis_label = AXES[axis].replace("TFLOP", "MFLOP") if small else AXES[axis]
        self.icr_plot.yaxis.axis_label = LEARNED.format(self._audit.corpus.progress)
        for source, curve in (
            (self.raw_line, learning.raw),
            (self.kept_line, learning.kept),
            (self.ghost_line, self._ghost.kept if self._ghost else None),
            (self.control_line, random),
        ):
            source.data = (
                {"x": [], "y": []}
                if curve is None
                else {
                    "x": getattr(curve, axis) / unit,
                    "y": learning.uniform_loss - curve.loss,
                }
            )
        # The raw corpus needs the most compute, so the axes do not change with the threshold.
        start, end = self._learned(learning, random)
        self.icr_plot.y_range.start, self.icr_plot.y_range.end = start, end
        compute = float(getattr(learning.raw, axis)[-1]) / unit
        expected = compute * (1 - self.prediction / 100)
        left = self.prediction > 50  # the name is on the side where there is more room
        self.predicted_line.data = {"x": [expected, expected], "y": [start, end]}
        self.predicted_name.data = {
            "x": [expected],
            "y": [end],
            "text": [f"you predicted −{self.prediction:g} %"],
            "align": ["left" if left else "right"],
            "x_offset": [6 if left else -6],
        }
        self.icr_plot.x_range.end = 1.03 * float(getattr(learning.raw, axis)[-1]) / unit
        similarity, probability = tables.s_curve(point)
        self.s_curve_line.data = {"x": similarity, "y": probability}
        self.recall_points.data = {"x": recall[0], "y": recall[1]}
        self.s_curve_threshold.location = point.threshold
        at = float(np.interp(point.threshold, similarity, probability))
        self.s_curve_grip.data = {"x": [point.threshold], "y": [at]}
