"""Bokeh figures in the lab's style: lines differ in shape and dash, colour only helps."""

from bokeh.core.properties import value
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from dataselect_core.facts import load

_COLOURS = load("colours")
_LIGHT, _PLOT = _COLOURS["light"], _COLOURS["plot"]
BLUE, GREY, INK, EDGE, WHITE, GRID = (
    _LIGHT[name] for name in ("blue", "quiet", "ink", "control-border", "paper", "line")
)
GREEN, RED, ORANGE, PURPLE, FOCUS = (_PLOT[name] for name in ("green", "red", "orange", "purple", "focus"))
FONT = 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
"""The page's type. Text in a plot takes `value(FONT)`, since a plain string would name a column there."""


def chart(x_label, y_label, height=340, **options):
    """An empty figure that leaves scrolling and dragging to the page."""
    plot = figure(
        height=height,
        min_width=240,
        sizing_mode="stretch_width",
        toolbar_location=None,
        tools="",
        x_axis_label=x_label,
        y_axis_label=y_label,
        background_fill_color="white",
        border_fill_color="white",
        outline_line_color=None,
        stylesheets=[f":host {{ height: var(--plot-height, {height}px) !important; }}"],  # lower on a phone
        **options,
    )
    for axis in plot.axis:
        axis.axis_label_text_font = axis.major_label_text_font = FONT
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_color = axis.major_label_text_color = INK
        axis.axis_label_text_font_size = "13px"
        axis.major_label_text_font_size = "13px"
        axis.minor_tick_line_color = None
        axis.axis_line_color = axis.major_tick_line_color = GREY
    plot.grid.grid_line_color = GRID
    return plot


def line(plot, label, color, marker=None, dash="solid", width=2.5, alpha=1.0, name=None):
    """An empty line with markers, and the source that fills it; the page finds it by its name."""
    source = ColumnDataSource({"x": [], "y": []})
    look = {"source": source, "color": color, "alpha": alpha, "legend_label": label, "name": name}
    plot.line("x", "y", line_dash=dash, line_width=width, **look)
    if marker:
        plot.scatter("x", "y", marker=marker, size=8, **look)
    return source


def words(plot, source, color, x="x", y="y", size="13px", **look):
    """Write the column "text" of a source into a plot, in the page's type; returns the renderer."""
    return plot.text(
        x, y, text="text", source=source, text_color=color, text_font=value(FONT), text_font_size=size, **look
    )


def dress_legend(plot, location):
    """Put the legend inside the plot, out of the way of the lines."""
    plot.legend.location = location
    plot.legend.label_text_font = FONT
    plot.legend.label_text_font_size = "13px"
    plot.legend.label_text_color = INK
    plot.legend.background_fill_alpha = 0.85
    plot.legend.border_line_color = None
    plot.legend.padding = plot.legend.margin = 4
    for item in plot.legend[0].items:
        _show_once_drawn(item)


def _show_once_drawn(item):
    """Hide an entry of a legend while its lines have no points: it would be a name without a sign."""
    sources = {renderer.data_source for renderer in item.renderers}

    def show(_attr, _old, _new):
        item.visible = any(len(column) for source in sources for column in source.data.values())

    for source in sources:
        source.on_change("data", show)
    show("data", {}, {})
