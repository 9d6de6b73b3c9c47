"""The plots of Part 2: accuracy against the project's cost, and the two sides of the indexing question."""

from bokeh.core.properties import field
from bokeh.models import BasicTicker, ColumnDataSource, NumeralTickFormatter, Range1d, Span
from bokeh.transform import stack

from apps.shared import plots
from dataselect_core.figures.active_learning.runs import LINE

STYLES = {  # strategy -> colour, dash, marker; the page's key shows the same
    "random": (plots.GREY, [6, 4], "circle"),
    "least_confidence": (plots.ORANGE, [2, 3], "triangle"),
    "margin": (plots.BLUE, [], "square"),
    "entropy": (plots.GREEN, [8, 3, 2, 3], "diamond"),
}
MARKS = {  # mark on the lines -> marker, size, colour
    "crossing": ("x", 13, plots.INK),
    "economic": ("star", 19, plots.INK),
    "marker": ("circle_cross", 24, plots.RED),
    "optimum": ("hex", 24, plots.RED),
    "predicted": ("diamond", 20, plots.PURPLE),
}
MARK_NAMES = {  # mark -> its name in the plot, the alignment, and the place: pixels across and down
    "crossing": ("90 %", "left", 10, 20),
    "economic": ("economic knee", "center", 0, 44),
    "marker": ("your marker", "left", 16, 18),
    "optimum": ("optimum", "left", 14, 24),
    "predicted": ("you predicted", "left", 14, 62),
}
PARTS = {  # part of a side -> name, colour, hatch
    "decoding": ("Decoding (CPU)", plots.PURPLE, "cross"),
    "signatures": ("Signatures (CPU)", plots.BLUE, None),
    "reads": ("Reads", plots.ORANGE, "right_diagonal_line"),
    "scoring": ("Scoring (GPU)", plots.RED, "dot"),
    "training": ("Training saved (GPU)", plots.GREEN, None),
    "labels": ("Labels saved", plots.PURPLE, "cross"),
}


BEYOND = 1.2  # of the budget: where the axis of the cost ends, unless a marker is farther
ROOM = 1.06  # beyond the last point, for its number


def point_size(rounds):
    """The size of the markers: smaller if there are many."""
    return 7 if rounds <= 30 else 4


class RoiPlot:
    """`LabelingROIPlot`: a line for each run with the band of its seeds, the frontier, the knees."""

    def __init__(self):
        self.figure = plots.chart(
            "Total project cost, dollars (modelled)", "Test accuracy (measured)", height=430
        )
        self.figure.x_range, self.figure.y_range = Range1d(0, 1000), Range1d(0.5, 1.0)
        self.figure.yaxis.formatter = NumeralTickFormatter(format="0%")
        self.figure.xaxis.formatter = NumeralTickFormatter(format="$0.[0]a")
        self.figure.xaxis.ticker = BasicTicker(desired_num_ticks=4)
        self.bands = self._source("xs", "ys", "color")
        self.figure.patches(
            "xs", "ys", source=self.bands, fill_color="color", fill_alpha=0.14, line_color=None
        )
        self.line = Span(
            location=LINE, dimension="width", line_color=plots.RED, line_dash="dashed", line_width=1.5
        )
        self.target = Span(
            location=LINE, dimension="width", line_color=plots.RED, line_dash="dotted", line_width=2
        )
        self.budget = Span(
            location=0, dimension="height", line_color=plots.RED, line_dash="dotted", line_width=2
        )
        for span in (self.line, self.target, self.budget):
            self.figure.add_layout(span)
        # What each limit is, on the side of it that is good.
        self.limits = self._source("x", "y", "text", "align", "x_offset", "y_offset")
        plots.words(
            self.figure,
            self.limits,
            plots.RED,
            text_align=field("align"),
            x_offset="x_offset",
            y_offset="y_offset",
        )
        self.everything = False  # whether the axis of the cost reaches to the end of every run
        self._budget, self._far, self._markers = 1000.0, 0.0, 0.0
        self.best = self._source("x", "y")
        self.figure.line("x", "y", source=self.best, line_color=plots.INK, line_width=7, line_alpha=0.18)
        self.lines = self._source("xs", "ys", "color", "dash", "width")
        self.figure.multi_line(
            "xs",
            "ys",
            source=self.lines,
            line_color="color",
            line_dash="dash",
            line_width="width",
            name="runs",  # with this name the page finds where a run can be touched
        )
        self.points = self._source("x", "y", "color", "marker", "size")
        self.figure.scatter("x", "y", source=self.points, marker="marker", size="size", color="color")
        self.names = self._source("x", "y", "text", "color")
        plots.words(
            self.figure,
            self.names,
            "color",
            name="run numbers",
            text_font_style="bold",
            x_offset=6,
            y_offset=6,
        )
        self.mark_names = self._source("x", "y", "text", "align", "x_offset", "y_offset", "color")
        self.marks = {}
        for name, (marker, size, color) in MARKS.items():
            self.marks[name] = self._source("x", "y")
            self.figure.scatter(
                "x",
                "y",
                source=self.marks[name],
                marker=marker,
                size=size,
                fill_color="white",
                fill_alpha=0.75,
                line_color=color,
                line_width=2,
            )

        plots.words(
            self.figure,
            self.mark_names,
            "color",
            text_align=field("align"),
            x_offset="x_offset",
            y_offset="y_offset",
            background_fill_color="white",
            background_fill_alpha=0.8,
        )

    @staticmethod
    def _source(*columns):
        return ColumnDataSource({name: [] for name in columns})

    def clear(self):
        """Empty the plot."""
        for source in (
            self.bands,
            self.best,
            self.lines,
            self.points,
            self.names,
            self.limits,
            self.mark_names,
            *self.marks.values(),
        ):
            source.data = {name: [] for name in source.data}

    def show(self, readings, frontier, target, budget, marker=None, optimum=None, predicted=None):
        """Draw runs.

        Parameters
        ----------
        readings : list of runs.Reading
        frontier : list of (Reading, int)
            From `money.frontier`.
        target, budget : float
            The limits: the least accuracy, the most dollars.
        marker, optimum, predicted : (float, float), optional
            Cost and accuracy; of the prediction, where it expects uncertainty sampling to reach 90 %.
        """
        styles = [STYLES[r.run.settings["strategy"]] for r in readings]
        newest_number = max((r.run.number for r in readings), default=0)
        self.bands.data = {
            "xs": [[*r.cost, *r.cost[::-1]] for r in readings],
            "ys": [[*r.low, *r.high[::-1]] for r in readings],
            "color": [s[0] for s in styles],
        }
        self.lines.data = {
            "xs": [list(r.cost) for r in readings],
            "ys": [list(r.mean) for r in readings],
            "color": [s[0] for s in styles],
            "dash": [s[1] for s in styles],
            "width": [3.5 if r.run.number == newest_number else 2 for r in readings],
        }
        points = [(r, s, i) for r, s in zip(readings, styles, strict=True) for i in range(len(r.labels))]
        self.points.data = {
            "x": [r.cost[i] for r, _, i in points],
            "y": [r.mean[i] for r, _, i in points],
            "color": [s[0] for _, s, _ in points],
            "marker": [s[2] for _, s, _ in points],
            "size": [point_size(len(r.labels)) for r, _, _ in points],
        }
        self.names.data = {
            "x": [r.cost[-1] for r in readings],
            "y": [r.mean[-1] for r in readings],
            "text": [str(r.run.number) for r in readings],
            "color": [s[0] for s in styles],
        }
        self.best.data = {"x": [r.cost[i] for r, i in frontier], "y": [r.mean[i] for r, i in frontier]}
        self._mark("crossing", [(r.cost_at(r.crossing), LINE) for r in readings if r.crossing is not None])
        knees = [(r, r.economic) for r in readings if r.economic is not None]
        self._mark("economic", [(r.cost_at(x), r.mean_at(x)) for r, x in knees])
        self._mark("marker", [marker] if marker else [])
        self._mark("optimum", [optimum] if optimum else [])
        self._mark("predicted", [predicted] if predicted else [])
        self._name_marks()
        low = min((float(r.low.min()) for r in readings), default=0.5)
        bottom = max(0.0, 0.05 * int(low / 0.05) - 0.05)
        self.figure.y_range.start = bottom
        self.target.location, self.budget.location = target, budget
        self.limits.data = {
            "x": [0, budget],
            "y": [target, bottom],
            "text": [f"↑ target: at least {100 * target:.1f} %", f"budget: at most ${budget:,.0f} ←"],
            "align": ["left", "right"],
            "x_offset": [6, -6],
            "y_offset": [-4, -6],
        }
        self._budget = budget
        self._far = max((r.cost[-1] for r in readings), default=0.0)
        self._markers = max((point[0] for point in (marker, optimum) if point), default=0.0)
        self._reach()

    def show_all(self, everything):
        """Whether the axis of the cost reaches to the end of every run, or a little beyond the budget."""
        self.everything = everything
        self._reach()

    def place(self, point):
        """Draw the marker at a point: (cost, accuracy)."""
        self._mark("marker", [point])
        self._name_marks()
        self._markers = max(self._markers, point[0])
        self._reach()

    def _reach(self):
        ends = [BEYOND * self._budget, ROOM * self._markers]
        self.figure.x_range.end = max([*ends, ROOM * self._far] if self.everything else ends)

    def _name_marks(self):
        """Name each kind of mark once, at the latest run: the names of all would cover each other."""
        rows = []
        for name, (text, align, across, down) in MARK_NAMES.items():
            points = self.marks[name].data
            if points["x"]:
                rows.append((points["x"][-1], points["y"][-1], text, align, across, down, MARKS[name][2]))
        columns = zip(*rows, strict=True) if rows else [[] for _ in self.mark_names.data]
        self.mark_names.data = dict(zip(self.mark_names.data, map(list, columns), strict=True))

    def _mark(self, name, points):
        self.marks[name].data = {"x": [x for x, _ in points], "y": [y for _, y in points]}


class SidesPlot:
    """One question as two stacked bars: what it costs, what it saves."""

    def __init__(self, title, cost, costs, savings):
        self.costs, self.savings, self.rows = costs, savings, ["saves", cost]
        self.figure = plots.chart("Dollars (modelled)", "", height=170, title=title, y_range=self.rows)
        self.figure.title.text_font_size, self.figure.title.text_color = "14px", plots.INK
        self.figure.x_range = Range1d(0, 1)
        self.figure.xaxis.formatter = NumeralTickFormatter(format="$0.[0]a")
        self.figure.xaxis.ticker = BasicTicker(desired_num_ticks=4)
        names = [*costs, *savings]
        self.source = ColumnDataSource({"side": self.rows, **{name: [0.0, 0.0] for name in names}})
        self.sums = ColumnDataSource({"side": [], "end": [], "text": []})
        plots.words(self.figure, self.sums, plots.INK, x="end", y="side", text_baseline="middle", x_offset=6)
        for name, group in ((n, g) for g in (costs, savings) for n in g):
            _, color, hatch = PARTS[name]
            preceding = list(group[: group.index(name)])
            self.figure.hbar(
                y="side",
                left=_stack(preceding),
                right=_stack([*preceding, name]),
                height=0.6,
                source=self.source,
                fill_color=color,
                line_color="white",
                hatch_pattern=hatch,
                hatch_color="white",
                hatch_alpha=0.7,
            )

    def show(self, question):
        """Draw a `break_even.Question`."""
        self.source.data = {
            "side": self.rows,
            **{name: [0.0, question.cost_parts[name]] for name in self.costs},
            **{name: [question.saving_parts[name], 0.0] for name in self.savings},
        }
        sums = [question.saving, question.cost]
        self.sums.data = {"side": self.rows, "end": sums, "text": [_dollars(x) for x in sums]}
        self.figure.x_range.end = 1.3 * max(*sums, 1e-9)  # room for the number after the longest bar

    def clear(self):
        """Empty the plot."""
        self.source.data = {name: self.rows if name == "side" else [0.0, 0.0] for name in self.source.data}
        self.sums.data = {"side": [], "end": [], "text": []}


def _dollars(x):
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if x >= size:
            return f"${x / size:.3g} {letter}"
    return f"${x:.3g}"


def _stack(names):
    return stack(*names) if names else 0
