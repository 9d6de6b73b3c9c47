"""Controls that a keyboard, a finger and a screen reader can use."""

import panel as pn


def slider_with_number(label, value, start, end, step, **options):
    """A slider and a number field that always show the same value: (slider, field).

    A slider alone is hard to set exactly and needs a drag on a touch screen, so the field stands beside it.
    """
    slider = pn.widgets.FloatSlider(
        name=label, start=start, end=end, step=step, value=value, sizing_mode="stretch_width", **options
    )
    field = pn.widgets.FloatInput(
        name=f"{label} (number)", start=start, end=end, step=step, value=value, width=130, **options
    )
    slider.link(field, value="value", bidirectional=True)
    return slider, field


def whole_number(label, value, start, end, **options):
    """A field for a whole number in a stated range."""
    return pn.widgets.IntInput(
        name=f"{label} ({start}–{end})", value=value, start=start, end=end, sizing_mode="stretch_width", **options
    )
