"""The plots of Part 3: the map of the domain gap, cuts through it, and what label noise does."""

import numpy as np
from bokeh.models import ColumnDataSource, FixedTicker, NumeralTickFormatter, Range1d

from apps.shared import plots

LIGHT, DARK = (0xEE, 0xF4, 0xF9), (0x00, 0x4A, 0x73)
DARK_FROM = 0.5  # the share of the way to DARK from which the numbers are white
EMPTY = {"x0": [], "y0": [], "x1": [], "y1": []}
CONTOURS = {  # limit -> how its line is drawn; the page's key shows the same
    "accuracy": (plots.ORANGE, "dashed"),
    "fid": (plots.RED, "dotted"),
    "recall": (plots.PURPLE, "dotdash"),
    "supply": (plots.GREY, "solid"),
}
TOOTH = 0.15  # of a cell: the length of the teeth
WIDE = {"number": "11px", "name": "13px", "ring": 30}
NARROW = {"number": "10px", "name": "11px", "ring": 24}  # cells of 24 pixels
SPREAD = {"accuracy": (0.8, 0.96), "recall": (0.4, 0.92), "fid": (0.15, 1.5), "fid_infinity": (0.1, 1.4)}
"""The values at which the shades of a measure begin and end; the number in a cell is exact, its shade only helps."""


class MapPlot:
    """The map: a number in every cell, the limits as lines, the region that keeps all of them, the reader's point."""

    def __init__(self):
        self.figure = plots.chart("Synthetic share of the training set", "Domain randomisation", height=430)
        self.figure.x_range, self.figure.y_range = Range1d(-5, 105), Range1d(-0.05, 1.05)
        self.figure.grid.visible = False
        for axis, step in ((self.figure.xaxis, 10), (self.figure.yaxis, 0.1)):
            axis.ticker = FixedTicker(ticks=[k * step for k in range(11)])
        self.figure.xaxis.formatter = NumeralTickFormatter(format="0")
        self.figure.xaxis.axis_label = "Synthetic share of the training set, %"
        self.cells = ColumnDataSource(
            {name: [] for name in ("x", "y", "width", "height", "shade", "ink", "text")}
        )
        self.figure.rect(
            "x",
            "y",
            width="width",
            height="height",
            source=self.cells,
            name="cells",  # with this name the page finds where a cell can be touched
            fill_color="shade",
            line_color="white",
            line_width=1,
        )
        self.lines, self.teeth = {}, {}
        for limit, (color, dash) in CONTOURS.items():
            self.lines[limit], self.teeth[limit] = (
                ColumnDataSource(dict(EMPTY)),
                ColumnDataSource(dict(EMPTY)),
            )
            for source, look in ((self.lines[limit], dash), (self.teeth[limit], "solid")):
                self.figure.segment(**_ends(source), line_color="white", line_width=5, line_alpha=0.8)
                self.figure.segment(**_ends(source), line_color=color, line_width=2.5, line_dash=look)
        self.region = ColumnDataSource(dict(EMPTY))
        self.figure.segment(**_ends(self.region), line_color="white", line_width=8)
        self.figure.segment(**_ends(self.region), line_color=plots.INK, line_width=4)
        self.words = plots.words(
            self.figure,
            self.cells,
            "ink",
            size="11px",
            text_align="center",
            text_baseline="middle",
            y_offset=3,
        )
        self.inside = ColumnDataSource({"x": [], "y": [], "ink": []})
        self.figure.scatter("x", "y", source=self.inside, marker="star", size=11, color="ink")
        self.move_line = ColumnDataSource(dict(EMPTY))
        self.figure.segment(**_ends(self.move_line), line_color=plots.PURPLE, line_width=2, line_dash=[3, 4])
        self.move_ends = ColumnDataSource({"x": [], "y": []})
        self.figure.scatter("x", "y", source=self.move_ends, marker="diamond", size=10, color=plots.PURPLE)
        self.move_name = ColumnDataSource({"x": [], "y": [], "text": []})
        self.move_words = plots.words(
            self.figure,
            self.move_name,
            plots.PURPLE,
            text_align="center",
            text_baseline="middle",
            background_fill_color="white",
            background_fill_alpha=0.85,
        )
        self.point = ColumnDataSource({"x": [], "y": []})
        self.rings = [
            self.figure.scatter(
                "x",
                "y",
                source=self.point,
                marker="circle",
                size=WIDE["ring"],
                fill_color=None,
                line_color=color,
                line_width=width,
            )
            for color, width in (("white", 7), (plots.RED, 3))
        ]

    def show(self, gap_map, measure, kept):
        """Draw a track's map; `kept` is limit -> bool[a, b], where on the map that limit is kept."""
        values = gap_map.measures[measure]
        low, high = SPREAD[measure]
        darkness = np.clip((values - low) / (high - low), 0, 1)
        x, y = np.meshgrid(100 * gap_map.shares, gap_map.randomisations, indexing="ij")
        ink = np.where(darkness > DARK_FROM, plots.WHITE, plots.INK)
        percent = measure in ("accuracy", "recall")
        step = gap_map.shares[1] - gap_map.shares[0]
        self.cells.data = {
            "x": x.ravel(),
            "y": y.ravel(),
            "width": [100 * step] * x.size,
            "height": [step] * x.size,
            "shade": [_shade(share) for share in darkness.ravel()],
            "ink": ink.ravel().tolist(),
            "text": [f"{100 * v:.1f}" if percent else f"{v:.2f}" for v in values.ravel()],
        }
        for limit, source in self.lines.items():
            source.data = _borders(kept[limit], gap_map, outer=False)
            self.teeth[limit].data = _teeth(source.data, kept[limit], gap_map, list(self.lines).index(limit))
        region = np.logical_and.reduce(list(kept.values()))
        self.region.data = _borders(region, gap_map, outer=True)
        self.inside.data = {"x": x[region], "y": y[region] + 0.028, "ink": ink[region].tolist()}
        for axis, axis_values, unit in (
            (self.figure.x_range, gap_map.shares, 100),
            (self.figure.y_range, gap_map.randomisations, 1),
        ):
            axis.start, axis.end = unit * (axis_values[0] - step / 2), unit * (axis_values[-1] + step / 2)

    def narrow(self, yes):
        """Make numbers, ring and names fit the cells of a phone; the numbers have the same digits."""
        sizes = NARROW if yes else WIDE
        self.words.glyph.text_font_size = sizes["number"]
        self.move_words.glyph.text_font_size = sizes["name"]
        for ring in self.rings:
            ring.glyph.size = sizes["ring"]

    def predict(self, predicted, measured, randomisation):
        """Show the move of the lock's question, 10 % to 90 % synthetic: predicted and measured, in points."""
        y = randomisation + 0.05  # between two rows of numbers
        self.move_line.data = {"x0": [10], "y0": [y], "x1": [90], "y1": [y]}
        self.move_ends.data = {"x": [10, 90], "y": [y, y]}
        text = f"you said {predicted:+.0f}, measured {measured:+.1f} points".replace("-", "−")
        self.move_name.data = {"x": [50], "y": [y], "text": [text]}

    def move(self, share, randomisation):
        """Move the reader's point."""
        self.point.data = {"x": [100 * share], "y": [randomisation]}

    def clear(self):
        """Show nothing: a lock guards the map."""
        for source in (
            self.cells,
            self.region,
            self.inside,
            self.point,
            self.move_line,
            self.move_ends,
            self.move_name,
            *self.lines.values(),
            *self.teeth.values(),
        ):
            source.data = {name: [] for name in source.data}


def _ends(source):
    return {"x0": "x0", "y0": "y0", "x1": "x1", "y1": "y1", "source": source}


def _shade(share):
    return "#" + "".join(f"{round(a + share * (b - a)):02X}" for a, b in zip(LIGHT, DARK, strict=True))


def _borders(mask, gap_map, outer):
    """Segments between cells in and out of the mask; with `outer`, also where it meets the map's border."""
    padded = np.pad(mask, 1, constant_values=False) if outer else np.pad(mask, 1, mode="edge")
    step = gap_map.shares[1] - gap_map.shares[0]
    x_edges, y_edges = (
        np.append(axis_values - step / 2, axis_values[-1] + step / 2)  # edges of the cells
        for axis_values in (gap_map.shares, gap_map.randomisations)
    )
    segments = []
    for i, x in enumerate(100 * x_edges):
        for j, y in enumerate(y_edges):
            # padded cell (i, j) is the one below and left of this corner
            if j < mask.shape[1] and padded[i, j + 1] != padded[i + 1, j + 1]:
                segments.append((x, y, x, y_edges[j + 1]))
            if i < mask.shape[0] and padded[i + 1, j] != padded[i + 1, j + 1]:
                segments.append((x, y, 100 * x_edges[i + 1], y))
    columns = list(zip(*segments, strict=True)) if segments else [[], [], [], []]
    return dict(zip(("x0", "y0", "x1", "y1"), map(list, columns), strict=True))


def _teeth(borders, kept, gap_map, place):
    """Short lines across the borders of a limit, each into the cell in which the limit is kept.

    Each limit has its own place along a border, so that limits with a border in common can be told apart.
    """
    step = gap_map.shares[1] - gap_map.shares[0]
    along = (place + 1) / (len(CONTOURS) + 1)
    teeth = []
    for x0, y0, x1, y1 in zip(*(borders[name] for name in ("x0", "y0", "x1", "y1")), strict=True):
        x, y = x0 + along * (x1 - x0), y0 + along * (y1 - y0)
        across = np.array([100 * TOOTH * step, 0] if x0 == x1 else [0, TOOTH * step])
        i, j = (
            int(np.argmin(np.abs(axis_values - (place_of + reach))))
            for axis_values, place_of, reach in (
                (100 * gap_map.shares, x, across[0]),
                (gap_map.randomisations, y, across[1]),
            )
        )
        side = across if kept[i, j] else -across
        teeth.append((x, y, x + side[0], y + side[1]))
    columns = list(zip(*teeth, strict=True)) if teeth else [[], [], [], []]
    return dict(zip(("x0", "y0", "x1", "y1"), map(list, columns), strict=True))


class CutPlot:
    """A line through the map with its intervals: two measures in per cent, against one of the axes."""

    def __init__(self, x_label, end):
        self.figure = plots.chart(x_label, "Per cent", height=350)
        self.figure.x_range, self.figure.y_range = Range1d(-0.02 * end, 1.02 * end), Range1d(0, 102)
        self.accuracy = plots.line(self.figure, "Field accuracy", plots.BLUE, "circle")
        self.recall = plots.line(self.figure, "Safety recall in rain", plots.ORANGE, "square", "dashed")
        self.bars = {}
        for name, color in (("accuracy", plots.BLUE), ("recall", plots.ORANGE)):
            self.bars[name] = ColumnDataSource(dict(EMPTY))
            self.figure.segment(**_ends(self.bars[name]), line_color=color, line_width=2)
        self.position = ColumnDataSource(dict(EMPTY))
        self.figure.segment(**_ends(self.position), line_color=plots.RED, line_width=2, line_dash="dotted")
        plots.dress_legend(self.figure, "bottom_left")

    def show(self, x, cut, position):
        """`cut` is measure -> (mean, low, high), float[k] each, in shares; `position` is the reader's x."""
        for name, source in (("accuracy", self.accuracy), ("recall", self.recall)):
            mean, low, high = (100 * np.asarray(values) for values in cut[name])
            source.data = {"x": x, "y": mean}
            self.bars[name].data = {"x0": x, "y0": low, "x1": x, "y1": np.minimum(high, 100)}
        self.position.data = {"x0": [position], "y0": [0], "x1": [position], "y1": [102]}

    def clear(self):
        """Show nothing: a lock guards the measurements."""
        for source in (self.accuracy, self.recall, self.position, *self.bars.values()):
            source.data = {name: [] for name in source.data}


class NoisePlots:
    """Errors against labels in logarithms, and the digits' learning curve, clean and noisy."""

    def __init__(self):
        log = {"x_axis_type": "log", "y_axis_type": "log"}
        # fixed axes: the lines shift when the noise changes, and nothing else does
        self.law = plots.chart(
            "Labels N", "Error", height=350, x_range=Range1d(50, 20_000), y_range=Range1d(2e-5, 2), **log
        )
        self.clean = plots.line(self.law, "Threshold, clean labels", plots.BLUE, "circle")
        self.noisy = plots.line(self.law, "Threshold, noisy labels", plots.ORANGE, "square", "dashed")
        self.coin = plots.line(self.law, "Coin’s bias (agnostic)", plots.RED, "triangle", "dotted")
        plots.dress_legend(self.law, "top_right")
        self.curve = plots.chart(
            "Real labels",
            "Accuracy on dry field digits, %",
            height=350,
            x_axis_type="log",
            x_range=Range1d(18, 1100),
            y_range=Range1d(40, 100),
        )
        self.curve.xaxis.ticker = FixedTicker(ticks=[20, 50, 100, 200, 500, 1000])
        self.curve_clean = plots.line(self.curve, "Clean labels", plots.BLUE, "circle")
        self.curve_noisy = plots.line(self.curve, "Noisy labels", plots.ORANGE, "square", "dashed")
        self.bars = {}
        for name, color in (("clean", plots.BLUE), ("noisy", plots.ORANGE)):
            self.bars[name] = ColumnDataSource(dict(EMPTY))
            self.curve.segment(**_ends(self.bars[name]), line_color=color, line_width=2)
        plots.dress_legend(self.curve, "bottom_right")

    def show(self, experiment):
        """`experiment` is a `noise_experiments.Measured`."""
        self.clean.data = {"x": experiment.sizes, "y": experiment.clean}
        self.noisy.data = {"x": experiment.sizes, "y": experiment.noisy}
        self.coin.data = {"x": experiment.coin_sizes, "y": experiment.coin}
        for name, source in (("clean", self.curve_clean), ("noisy", self.curve_noisy)):
            curve = experiment.curves[name]
            source.data = {"x": experiment.labels, "y": [100 * i.mean for i in curve]}
            self.bars[name].data = {
                "x0": experiment.labels,
                "y0": [100 * i.low for i in curve],
                "x1": experiment.labels,
                "y1": [100 * i.high for i in curve],
            }

    def clear(self):
        """Show nothing: a lock guards the measurements."""
        for source in (
            self.clean,
            self.noisy,
            self.coin,
            self.curve_clean,
            self.curve_noisy,
            *self.bars.values(),
        ):
            source.data = {name: [] for name in source.data}
