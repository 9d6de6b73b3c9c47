"""Numbers look the same in the build, on the page and, with its own precision, in the report."""

import json
import random
from pathlib import Path

import pytest

from dataselect_core.ledger.report import shown
from tools import node
from tools.number_formats import FORMATS, format_number
from tools.page_error import PageError

HERE = Path(__file__).resolve().parent
SHELL = HERE.parents[1] / "site" / "shell" / "format.js"
CASES = json.loads((HERE / "number_cases.json").read_text("utf-8"))
TRIAL = """
const fs = require("fs");
globalThis.lab = {};
(0, eval)(fs.readFileSync(process.argv[2], "utf8"));
const cases = JSON.parse(fs.readFileSync(process.argv[3], "utf8"));
console.log(JSON.stringify(cases.map(({ value, format, unit }) => lab.format(value, format, unit))));
"""


def written_on_the_page(tmp_path, cases):
    """The texts of site/shell/format.js for some cases."""
    (tmp_path / "trial.cjs").write_text(TRIAL, "utf-8")
    (tmp_path / "cases.json").write_text(json.dumps(cases), "utf-8")
    process = node.node(tmp_path / "trial.cjs", SHELL, tmp_path / "cases.json", capture_output=True)
    return json.loads(process.stdout)


def test_the_page_writes_every_case(tmp_path):
    """site/shell/format.js gives the text of each case, with its unit, or a dash for a missing number."""
    for case, text in zip(CASES, written_on_the_page(tmp_path, CASES), strict=True):
        assert text == case["text"], case


def test_the_build_writes_every_number():
    """Numbers in the page before any script runs look as the script would write them."""
    numbers = [case for case in CASES if isinstance(case["value"], (int, float)) and "unit" not in case]
    assert {case["format"] for case in numbers} == set(FORMATS)
    for case in numbers:
        assert format_number(case["value"], case["format"]) == case["text"], case


def test_the_report_writes_every_case():
    """The report has the same texts, or the ones that the cases state for it: half to even, four digits."""
    for case in CASES:
        if "unit" not in case:
            assert shown(case["value"], case["format"]) == case.get("report", case["text"]), case


def test_page_and_build_round_numbers_alike(tmp_path):
    """Numbers halfway between two roundings, and the largest and smallest numbers, look the same in both."""
    generator = random.Random(1)
    values = [
        generator.choice((-1, 1)) * generator.randint(0, 10**6) / 2 ** generator.randint(0, 10)
        for _ in range(500)
    ]
    values += [digits * 10.0**power for power in range(-7, 26) for digits in (1, 1.25, 2.3456, 9.995, -1.125)]
    cases = [{"value": value, "format": form} for form in FORMATS for value in values]
    for case, text in zip(cases, written_on_the_page(tmp_path, cases), strict=True):
        assert format_number(case["value"], case["format"]) == text, case


def test_an_unknown_format_stops_the_build():
    """A misspelt format is named, with a list of the valid ones."""
    with pytest.raises(PageError, match="one of percent, .* not 'roman'"):
        format_number(1, "roman")
