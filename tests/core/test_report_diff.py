"""The text of a report compared with its record: edits are named, and the lab's own words are not."""

import html
import re
from pathlib import Path

import pytest

from dataselect_core.figures.deduplication import figures
from dataselect_core.ledger import Ledger, LedgerError, ledger_text, report_html, report_markdown
from dataselect_core.ledger.report_diff import altered, text_checks

SETTINGS = {
    "corpus": "licences",
    "threshold": 0.7,
    "width": 5,
    "num_perm": 32,
    "seed": 1,
    "banding": "auto",
    "bands": 1,
    "rows": 1,
    "compute": "operations",
}
LINES = {
    "1": [["Words removed", "removed.words_share", "percent"], ["Threshold", "setting.threshold", "fixed"]]
}
PLOT = {
    "title": "ICR_Curve",
    "place": "cloud/1",
    "summary": "The curve | falls.",
    "columns": ["x", "y", "z"],
    "rows": [["1", "2", "measured"]],
    "png": "aGk=",
}
FORMS = {
    "markdown": lambda ledger: report_markdown(ledger, LINES, [PLOT]),
    "html": lambda ledger: report_html(ledger, [PLOT], LINES),
}
SHARE = "59.7 %"  # of the words, at this threshold


@pytest.fixture(scope="module")
def ledger():
    """A record with prediction, evidence, texts and an edited assumption, and characters that need escaping."""
    findings = figures.recompute("cloud", SETTINGS, {"gpu_hour_price": 3.0}, 30.0)
    value = {
        "settings": SETTINGS,
        "assumptions": {"gpu_hour_price": 3.0},
        "cases": findings.cases,
        "values": {path: value.as_dict() for path, value in findings.values.items()},
    }
    entries = {
        "cloud/1/prediction": {"value": 30.0, "said": "30 %", "why": "a|b <i>*c*</i>"},
        "cloud/1/evidence": value,
        "cloud/1/reflection": "Long texts\nare *the* redundant ones.\n\n| not | a table |",
        "cloud/1/seconds": 600,
        "class": {"budget_limit": 0.5, "name": "CS_101", "seed": 7},
    }
    return Ledger(
        {
            "schema": 3,
            "lab": "0.1.0",
            "reader": "r",
            "student": "7b_12",
            "entries": {key: {"value": value, "at": 1} for key, value in entries.items()},
        }
    )


def read(report):
    """The record in a report, as the check reads it."""
    return Ledger.from_text(ledger_text(report))


@pytest.mark.parametrize("form", FORMS)
def test_an_unchanged_report_agrees_with_its_record(ledger, form):
    """An unchanged report agrees, also with a byte order mark and Windows line ends."""
    report = FORMS[form](ledger)
    assert (
        altered(report, read(report)) == [] == altered("\ufeff" + report.replace("\n", "\r\n"), read(report))
    )
    checks, unread = text_checks(report, read(report))
    assert [check.agrees for check in checks] == [True] and unread == ""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (r"(\| |<td>)(?:not )?met(?= \||</td>)", r"\g<1>perhaps"),
        (
            r"Predicted 30\.0 %, measured [\d.]+ %: a gap of [\d.]+ percentage points\.",
            "Predicted 30.0 %, measured 30.1 %.",
        ),
        (r"Words removed( \\?\| |</td><td>)[\d.]+ %", r"Words removed\g<1>12.3 %"),
        (r"Student: 7b\\?_12", "Student: somebody else"),
        (r"are \\?\*the\\?\* redundant ones", "are the good ones"),
        (r"(removed\.words(?: \| |</td><td>))\d+", r"\g<1>17"),
    ],
)
def test_each_edit_of_a_report_is_named(ledger, form, pattern, replacement):
    """A changed status, gap, main figure, student, answer or figure of the long table is exactly one difference."""
    report = FORMS[form](ledger)
    edited, count = re.subn(pattern, replacement, report, count=1)
    assert count == 1 and edited != report
    differences = altered(edited, read(edited))
    assert len(differences) == 1
    expected = re.sub(r"\\g<1>", "", replacement)
    assert expected.split()[-1].strip("<>/td") in html.unescape(differences[0][0])
    checks, unread = text_checks(edited, read(edited))
    assert [check.agrees for check in checks] == [False] and unread == ""


@pytest.mark.parametrize("form", FORMS)
def test_added_and_removed_lines_are_named(ledger, form):
    """Praise at the head of a report is one difference, and a removed line is another."""
    report = FORMS[form](ledger)
    head = {"markdown": "- Lab:", "html": "<li>Lab:"}[form]
    praised = report.replace(head, f"Full marks, says the lab.\n{head}", 1)
    assert [difference[:2] for difference in altered(praised, read(report))] == [
        ("Full marks, says the lab.", "")
    ]
    without = "\n".join(line for line in report.split("\n") if "Time with this part" not in line)
    assert [difference[:2] for difference in altered(without, read(report))] == [
        ("", "Time with this part in view: 10 min.")
    ]


def test_a_report_in_json_has_no_text_to_compare(ledger):
    """A report in JSON has no text to compare: no difference, and no check."""
    assert altered(ledger.to_text(), ledger) == [] and text_checks(ledger.to_text(), ledger) == ([], "")


def test_reports_without_python_or_of_another_edition_are_not_compared(ledger):
    """A report without Python, and one of another edition, are not compared, and the check says why."""
    plain = report_markdown(ledger).replace("- Lab", "Written without Python: no plots.\n- Lab", 1)
    with pytest.raises(LedgerError, match="written without Python"):
        altered(plain, ledger)
    older = report_markdown(ledger).replace('"lab": "0.1.0"', '"lab": "0.0.9"')
    checks, unread = text_checks(older, read(older))
    assert checks == [] and "written by lab 0.0.9" in unread


@pytest.mark.parametrize("form", ["md", "html"])
def test_a_report_in_the_earlier_order_still_agrees(form):
    """A report with texts after the figures, as the lab wrote it before, agrees with its record; an edit is named."""
    report = (Path(__file__).parent / "old_reports" / f"report.{form}").read_text("utf-8")
    assert "Figures in full" not in report
    assert altered(report, read(report)) == []
    edited, times = re.subn(
        r"(≤ 50\.0 %(?: \| |</td><td>)of raw FLOPs(?: \| |</td><td>))met", r"\1unmet", report
    )
    assert times == 1
    assert ["unmet" in difference.found for difference in altered(edited, read(edited))] == [True]
    forged = report.replace("Reader: r", "Reader: somebody")
    assert len(altered(forged, read(forged))) == 1


@pytest.mark.parametrize("form", FORMS)
def test_the_settings_in_words_are_compared(ledger, form):
    """A report of now has its settings in the words of the controls, and another threshold there is named."""
    report = FORMS[form](ledger)
    edited, times = re.subn(r"Similarity threshold 0\.700", "Similarity threshold 0.300", report)
    assert times == 1
    assert len(altered(edited, read(edited))) == 1
