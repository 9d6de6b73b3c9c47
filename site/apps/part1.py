"""Part 1, the Deduplication Audit: MinHash and LSH on a corpus the reader can look into."""

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, NumeralTickFormatter, Range1d, Span

from dataselect_core import datasets, tracks
from dataselect_core.audit import HELDOUT_THRESHOLD, Audit
from dataselect_core.economics import Assumptions
from dataselect_core.scale import at_scale
from dataselect_core.values import measured

from . import audit_report, compare, plots
from .controls import slider_with_number, whole_number
from .workbench import Workbench

CORPORA = {"Licence texts (real)": "licences", "Simulated crawl (copies are made)": "crawl"}
PERMUTATIONS = [16, 32, 64, 128, 256]
COMPUTE = {"Operations counted (measured)": "operations", "6ND FLOPs (modelled)": "flops"}
AT_SCALE = ("parameters", "tokens", "corpus_bytes")  # sizes a reader may change
ASKED_SHARE = 0.3  # the card asks about 30 % of the samples


class DeduplicationAudit(Workbench):
    """The workbench of Part 1.

    Before the prediction is locked it reads the corpus and gets everything ready, and reports only what no
    lock guards; afterwards every move of a control is answered with a new set of results.
    """

    part = 1

    def __init__(self, say, load):
        super().__init__(say, load)
        self.prediction = None
        self.track = tracks.track("cloud")
        self.edited = {}  # assumptions the reader has changed
        self.crawl_seed = 1
        self._quiet = False
        self._audit = None
        self._audit_key = None
        self._point = None
        self._ghost = None
        self.asked = None  # the point where the share goes that the lock asks about
        self._controls()
        self._plots()

    # -- what the page shows ---------------------------------------------------------------------------

    def _controls(self):
        start = self.track.part_1
        self.corpus = pn.widgets.RadioButtonGroup(
            name="Corpus", options=CORPORA, value=start.corpus, sizing_mode="stretch_width", orientation="vertical"
        )
        self.threshold, self.threshold_number = slider_with_number(
            "Similarity threshold", start.threshold.value, start=HELDOUT_THRESHOLD, end=1.0, step=0.01
        )
        self.width = whole_number("Words in a shingle", 5, 1, 12)
        self.num_perm = pn.widgets.Select(
            name="Permutations", options=PERMUTATIONS, value=128, sizing_mode="stretch_width"
        )
        self.seed = whole_number("Seed", 1, 0, 9999)
        self.banding = pn.widgets.Select(
            name="Bands × rows", options={"Set by the threshold": "auto", "By hand": "hand"}, value="auto",
            sizing_mode="stretch_width",
        )
        self.bands = whole_number("Bands", 14, 1, 256, disabled=True)
        self.rows = whole_number("Rows", 9, 1, 256, disabled=True)
        self.compute = pn.widgets.Select(
            name="Compute axis", options=COMPUTE, value="operations", sizing_mode="stretch_width"
        )
        for control in (self.corpus, self.width, self.num_perm, self.seed):
            control.param.watch(self._changed_corpus, "value")
        for control in (self.threshold, self.banding, self.bands, self.rows, self.compute):
            control.param.watch(self._changed, "value")

    def _plots(self):
        self.icr_plot = plots.chart("Operations counted (measured), millions", "Learned, nats per word (measured)")
        self.icr_plot.x_range, self.icr_plot.y_range = Range1d(0, 1), Range1d(0, 1)
        self.raw_line = plots.line(self.icr_plot, "Raw corpus", plots.BLUE, "circle")
        self.ghost_line = plots.line(self.icr_plot, "Previous setting", plots.GREY, None, "dotted", 2)
        self.kept_line = plots.line(self.icr_plot, "Deduplicated", plots.GREEN, "square", "dashed")
        plots.dress_legend(self.icr_plot, "bottom_right")

        self.s_plot = plots.chart("Exact Jaccard similarity of a pair", "Share of pairs LSH finds", height=300)
        self.s_plot.x_range, self.s_plot.y_range = Range1d(0, 1), Range1d(-0.02, 1.04)
        self.s_plot.yaxis.formatter = NumeralTickFormatter(format="0%")
        self.s_line = plots.line(self.s_plot, "S-curve (modelled)", plots.BLUE)
        self.s_points = ColumnDataSource({"x": [], "y": []})
        self.s_plot.scatter(
            "x", "y", source=self.s_points, marker="diamond", size=11, color=plots.ORANGE, legend_label="Measured recall"
        )
        self.s_threshold = Span(
            location=self.threshold.value, dimension="height", line_color=plots.RED, line_dash="dashed",
            line_width=2,
        )
        self.s_plot.add_layout(self.s_threshold)
        plots.dress_legend(self.s_plot, "top_left")

    def roots(self):
        """The places of the page and what stands in them."""
        return {
            "corpus": self.corpus,
            "threshold": pn.Column(self.threshold, self.threshold_number, sizing_mode="stretch_width"),
            "advanced": pn.Column(
                self.width, self.num_perm, self.seed, self.banding, self.bands, self.rows, self.compute,
                sizing_mode="stretch_width",
            ),
            "icr": pn.pane.Bokeh(self.icr_plot, sizing_mode="stretch_width"),
            "scurve": pn.pane.Bokeh(self.s_plot, sizing_mode="stretch_width"),
        }

    # -- what the page asks ----------------------------------------------------------------------------

    def open(self, state):
        """Take over track, settings, assumptions and the locked prediction of the page."""
        self.track = tracks.track(state.get("track", "cloud"))
        self.prediction = state.get("prediction")
        self.edited = dict(state.get("assumptions") or {})
        start = self.track.part_1
        settings = {"corpus": start.corpus, "threshold": start.threshold.value, **(state.get("settings") or {})}
        self._quiet = True
        try:
            for name, value in settings.items():
                self.set(name, value)
        finally:
            self._quiet = False
        self._ghost = None
        self._changed_corpus()

    def set(self, name, value):
        """Set one control; a value it cannot take is left out, and the page is told."""
        control = {
            "corpus": self.corpus, "threshold": self.threshold, "width": self.width, "num_perm": self.num_perm,
            "seed": self.seed, "banding": self.banding, "bands": self.bands, "rows": self.rows, "compute": self.compute,
        }.get(name)
        try:
            if control is None:
                raise ValueError(f"there is no setting {name}")
            options = getattr(control, "options", None)
            allowed = list(options.values()) if isinstance(options, dict) else options
            if allowed is not None and value not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}, not {value!r}")
            low, high = getattr(control, "start", None), getattr(control, "end", None)
            if low is not None and not low <= value <= high:
                raise ValueError(f"{name} must lie between {low} and {high}, not {value!r}")
            control.value = value
        except (ValueError, TypeError) as error:
            self.say("ignored", text=str(error))

    def settings(self):
        """The settings a link or a record needs to come back here."""
        return {
            "corpus": self.corpus.value, "threshold": round(self.threshold.value, 4), "width": self.width.value,
            "num_perm": self.num_perm.value, "seed": self.seed.value, "banding": self.banding.value,
            "bands": self.bands.value, "rows": self.rows.value, "compute": self.compute.value,
        }

    def ask_lock(self, prediction):
        """The reader has committed a prediction: from now on results are reported."""
        self.prediction = float(prediction)
        self._report()
        return True

    def ask_assume(self, assumptions):
        """The reader has changed assumptions: name -> value."""
        self.edited = dict(assumptions)
        self._report()
        return True

    def ask_cluster(self, kept):
        """The members of one cluster, most similar to the kept text first."""
        return compare.members(self._audit, self._point, int(kept), self.names)

    def ask_diff(self, left, right):
        """Two texts of a cluster with their differences marked."""
        return compare.side_by_side(self._audit, int(left), int(right), self.names)

    # -- what happens then -----------------------------------------------------------------------------

    def _changed(self, *_):
        self.bands.disabled = self.rows.disabled = self.banding.value == "auto"
        if not self._quiet:
            self._report()

    def _changed_corpus(self, *_):
        if not self._quiet:
            self.start(self._prepare())

    def _corpus(self, name):
        if name == "licences":
            data = datasets.licences()
            return data, data.names
        data = datasets.crawl(self.track.part_1.redundancy.value, self.crawl_seed)
        return data, data.ids

    async def _prepare(self):
        name = self.corpus.value
        redundancy = self.track.part_1.redundancy.value if name == "crawl" else None
        key = (name, redundancy, self.width.value, self.num_perm.value, self.seed.value)
        if key != self._audit_key:
            await self.progress("Reading the corpus", 0.02)
            for file in datasets.FILES[name]:
                await self.load(file)
            data, names = self._corpus(name)
            audit = None
            for step in Audit.stepwise(data.texts, *key[2:]):
                if isinstance(step, tuple):
                    await self.progress(*step)
                else:
                    audit = step
            self.data, self.names, self._audit, self._audit_key = data, names, audit, key
            self._ghost = self._point = None
            self.asked = audit.where_removed(ASKED_SHARE)
        self._report()

    def assumptions(self):
        """Prices and rates in force: the reader's, else the track's, else the lab's."""
        prices = {"gpu_hour_price": self.track.part_1.gpu_hour_price.value}
        prices |= {name: value for name, value in self.edited.items() if name in set(Assumptions())}
        return Assumptions().replace(**prices)

    def _report(self):
        """Compute the reader's point and tell the page; before the lock, only what it does not guard."""
        if self._audit is None or self._audit_key is None:
            return
        audit = self._audit
        known = {
            "corpus.documents": measured(len(audit.texts), "documents", "counted in the corpus"),
            "corpus.words": measured(int(audit.words.sum()), "words", "counted in the corpus, by white space"),
        }
        if self.prediction is None:
            self.say("results", values=known, locked=True, settings=self.settings())
            return
        hand = self.banding.value == "hand"
        bands, rows = (self.bands.value, self.rows.value) if hand else (None, None)
        if hand and bands * rows > audit.num_perm:
            self.say("ignored", text=f"{bands} bands of {rows} rows need {bands * rows} permutations, and there are "
                                     f"{audit.num_perm}. Fewer bands or rows, or more permutations.")
            return
        point = audit.at(self.threshold.value, bands, rows)
        learning = audit.learning(point)
        if self._point is not None and self._point[0].threshold != point.threshold:
            self._ghost = self._point[1]
        self._point, self.learning = (point, learning), learning
        if not hand:
            self._quiet = True
            self.bands.value, self.rows.value = point.bands, point.rows
            self._quiet = False
        self._draw(audit, point, learning)
        report = audit_report.report(self, audit, point, learning)
        report["values"] = known | report["values"]
        self.say("results", locked=False, settings=self.settings(), **report)

    def scale(self, point):
        """The reader's redundancy at the scale of the track."""
        start = self.track.part_1
        size = {name: self.edited.get(name, getattr(start, name).value) for name in AT_SCALE}
        return at_scale(point.cluster, self._audit.words, **size, assumptions=self.assumptions())

    def _draw(self, audit, point, learning):
        axis = self.compute.value
        unit = 1e6 if axis == "operations" else 1e12
        self.icr_plot.xaxis.axis_label = (
            "Operations counted (measured), millions" if axis == "operations" else "6ND compute (modelled), TFLOP"
        )
        for source, curve in ((self.raw_line, learning.raw), (self.kept_line, learning.kept),
                              (self.ghost_line, self._ghost.kept if self._ghost else None)):
            source.data = {"x": [], "y": []} if curve is None else {
                "x": getattr(curve, axis) / unit, "y": learning.uniform_loss - curve.loss,
            }
        # The raw corpus spends the most, so the axes stay while the threshold moves.
        self.icr_plot.x_range.end = 1.03 * float(getattr(learning.raw, axis)[-1]) / unit
        progress = learning.uniform_loss - np.concatenate([learning.raw.loss, learning.kept.loss])
        self.icr_plot.y_range.start = 0.5 * float(np.floor(2 * progress.min()))
        self.icr_plot.y_range.end = 0.5 * float(np.ceil(2 * progress.max()))
        similarity, probability = audit_report.s_curve(point)
        self.s_line.data = {"x": similarity, "y": probability}
        mean, recall, _ = audit.recall_by_similarity(point)
        self.s_points.data = {"x": mean, "y": recall}
        self.s_threshold.location = point.threshold

