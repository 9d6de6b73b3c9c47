"""The table of colours: all outputs take their colours from it, and no source repeats one."""

import copy
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import colours, make, site_facts

ROOT = Path(__file__).resolve().parents[2]
TABLE = site_facts.load_facts(ROOT, "colours")
KINDS = (".py", ".js", ".mjs", ".css", ".html", ".md", ".json", ".svg")


def luminance(colour):
    """Relative luminance, as WCAG 2.2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(first, second):
    """Contrast ratio of two colours."""
    low, high = sorted([luminance(first), luminance(second)])
    return (high + 0.05) / (low + 0.05)


def test_no_source_repeats_a_colour_of_the_table():
    """A colour of the table is only in the table."""
    known = {colour.lower() for names in TABLE.values() for colour in names.values()}
    repeated = []
    for folder in ("src", "site", "tools"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in KINDS or path.name == "colours.json" or make.DATA in path.parents:
                continue
            if "dataselect_data" in path.parts:
                continue
            for match in re.findall(r"#[0-9a-f]{6}\b", path.read_text("utf-8").lower()):
                if match in known:
                    repeated.append(f"{path.relative_to(ROOT)}: {match}")
    assert repeated == []


def test_both_schemes_name_the_same_colours():
    """Every name has a colour in the light and in the dark scheme."""
    assert TABLE["light"].keys() == TABLE["dark"].keys()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_borders_have_enough_contrast(scheme):
    """Text has 4.5:1 on the paper and on the soft background, borders of controls have 3:1."""
    scheme_colours = TABLE[scheme]
    grounds = {"paper", "soft", "line", "mark", "control-border", "on-blue"}
    for name in scheme_colours.keys() - grounds:
        for ground in ("paper", "soft"):
            assert contrast(scheme_colours[name], scheme_colours[ground]) >= 4.5, (name, ground)
    assert contrast(scheme_colours["control-border"], scheme_colours["paper"]) >= 3
    assert contrast(scheme_colours["on-blue"], scheme_colours["blue"]) >= 4.5


def test_plot_lines_contrast_with_the_white_background():
    """Each line has a contrast of at least 3:1."""
    for name, colour in colours.drawn(TABLE).items():
        assert name == "white" or contrast(colour, TABLE["light"]["paper"]) >= 3, name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_style_sheet_follows_a_changed_colour(scheme):
    """Each changed entry appears in its own scheme and in no other."""
    for name in TABLE[scheme]:
        changed = copy.deepcopy(TABLE)
        changed[scheme][name] = "#123456"
        light, _, dark = colours.css(changed).partition("@media")
        assert (f"--{name}: #123456;" in light) == (scheme == "light"), name
        assert (f"--{name}: #123456;" in dark) == (scheme == "dark"), name


READERS = """
import json, sys
from dataselect_core import facts
table, real = json.loads(sys.argv[1]), facts.load
facts.load = lambda name: table if name == "colours" else real(name)
from apps.shared import controls, plots
from dataselect_core.ledger import class_page, report
print(json.dumps({
    "plots": [getattr(plots, name) for name in dir(plots) if name.isupper()],
    "controls": controls.STYLE,
    "report": report.PAGE.format(body="", record="", **report.COLOURS),
    "class": class_page.PAGE.format(body="", **class_page.COLOURS, dark=class_page.DARK),
}))
"""
READ_BY = {
    "plots": {
        "light": ("blue", "quiet", "ink", "control-border", "paper", "line"),
        "plot": ("green", "red", "orange", "purple", "focus"),
    },
    "controls": {"light": ("blue", "quiet", "control-border"), "plot": ("focus",)},
    "report": {"light": ("ink", "blue", "line"), "report": ("rule",)},
    "class": {"light": ("ink", "paper", "blue"), "dark": ("ink", "paper")},
}


def test_every_reader_follows_the_table():
    """If each colour of the table is replaced by another one, plots, controls, report and class page have the new ones."""
    count = iter(range(1, 1000))
    changed = {group: {name: f"#ab{next(count):04x}" for name in names} for group, names in TABLE.items()}
    process = subprocess.run(
        [sys.executable, "-c", READERS, json.dumps(changed)],
        cwd=ROOT, env={"PYTHONPATH": f"{ROOT}:{ROOT / 'site'}", "PATH": ""}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    outputs = json.loads(process.stdout)
    for reader, groups in READ_BY.items():
        for group, names in groups.items():
            for name in names:
                assert changed[group][name] in outputs[reader], (reader, group, name)
