"""Controls that a keyboard, a finger and a screen reader can use."""

import panel as pn

from apps.shared.plots import BLUE, EDGE, FOCUS, GREY

# Panel's widgets are in shadow roots, which the page's style sheet cannot reach. Text has the page's size, and no touch
# target is below 24 px (WCAG 2.2, 2.5.8). Panel draws buttons that are not chosen as plain text, hence the two
# `!important`.
STYLE = f"""
:host {{ font-size: 15px; }}
label, .bk-slider-title {{ font-size: 15px; line-height: 1.4; color: inherit; }}
.bk-input {{ font-size: 15px; min-height: 36px; }}
.bk-btn {{ font-size: 15px; min-height: 38px; white-space: normal; }}
.bk-btn-group > .bk-btn {{ border: 1px solid var(--control-border, {EDGE}) !important; }}
.bk-btn-group > .bk-btn.bk-active {{ box-shadow: inset 0 0 0 2px var(--blue, {BLUE}) !important; font-weight: 600; }}
.bk-btn:focus-visible, .bk-input:focus-visible {{ outline: 3px solid {BLUE}; outline-offset: 1px; }}
.bk-spin-btn {{ width: 26px; }}
.noUi-target {{ height: 10px; margin-block: 10px; }}
.noUi-handle, .noUi-horizontal .noUi-handle {{ width: 26px; height: 26px; top: -9px; right: -13px;
  border-radius: 50%;
  background: {BLUE}; border: 3px solid white; box-shadow: 0 0 0 1px {GREY}; cursor: grab; }}
.noUi-handle:focus-visible {{ outline: 3px solid {FOCUS}; outline-offset: 2px; }}
"""

# On a phone the slider and its field share a line; the slider's title names both.
NARROW = "@media (max-width: 39.99rem)"
BESIDE = f"{NARROW} {{ :host {{ flex-direction: row !important; align-items: end; gap: 12px; }} }}"
UNSEEN = f"""{NARROW} {{
  label {{ position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap; }}
}}"""
REST = f"{NARROW} {{ :host {{ width: calc(100% - 144px) !important; min-width: 0 !important; }} }}"
SHORT = f"{UNSEEN} {NARROW} {{ :host {{ width: 92px !important; min-width: 0 !important; }} }}"

DIGITS = 4  # the browser adds up steps: .15 minus .05 arrives as .09999999999999999, which is hard to read


def slider_with_number(setting, value, **options):
    """A slider and a number field that always show the same value: (slider, field).

    A slider alone is hard to set exactly and needs a drag on a touch screen, so there is a field next to it.
    """
    ends = {"start": setting.low, "end": setting.high, "step": setting.step, "value": value}
    slider = pn.widgets.FloatSlider(
        label=setting.label, sizing_mode="stretch_width", stylesheets=[STYLE, REST], **ends, **options
    )
    field = pn.widgets.FloatInput(
        label=f"{setting.label} (number)", width=150, stylesheets=[STYLE, SHORT], **ends, **options
    )

    def typed(event):
        if event.new is not None:  # an emptied field gets the slider's value again
            slider.value = min(max(round(event.new, DIGITS), setting.low), setting.high)
        field.value = slider.value

    def moved(event):
        field.value = round(event.new, DIGITS)

    field.param.watch(typed, "value")
    slider.param.watch(moved, "value")
    return slider, field


def beside(slider, field):
    """A slider and its field as one place of the page: one below the other, on a phone next to each other."""
    return pn.Column(slider, field, sizing_mode="stretch_width", stylesheets=[BESIDE])


def whole_number(setting, value=None, **options):
    """A field for a whole number in the range of its setting."""
    return pn.widgets.IntInput(
        label=f"{setting.label} ({setting.low}–{setting.high})",
        value=setting.default if value is None else value,
        start=setting.low,
        end=setting.high,
        sizing_mode="stretch_width",
        stylesheets=[STYLE],
        **options,
    )


def choice(setting, value=None, styles=(), **more):
    """A list from which one option is chosen."""
    return pn.widgets.Select(
        label=setting.label,
        options=by_label(setting),
        value=setting.default if value is None else value,
        sizing_mode="stretch_width",
        stylesheets=[STYLE, *styles],
        **more,
    )


def switch(setting, value, options=None):
    """A few alternatives as buttons, all visible; `options` are the ones on offer."""
    return pn.widgets.RadioButtonGroup(
        label=setting.label,
        options=by_label(setting, options),
        value=value,
        sizing_mode="stretch_width",
        orientation="vertical",
        stylesheets=[STYLE],
    )


def by_label(setting, only=None):
    """The options of a choice as Panel takes them: label -> value, or the values if each is its own label."""
    offered = {label: value for value, label in setting.options.items() if only is None or value in only}
    plain = all(label == str(value) for label, value in offered.items())
    return list(offered.values()) if plain else offered
