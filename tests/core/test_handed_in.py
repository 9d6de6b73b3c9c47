"""Reports on their way from the page to the check: what a short run of the fuzzer and its findings show."""

import json
import quopri
import re
import textwrap

import pytest
from test_report_diff import SETTINGS, ledger

from dataselect_core.ledger import Ledger, LedgerError, migrate, report_html, report_markdown
from dataselect_core.ledger.containers import items
from dataselect_core.ledger.report_diff import altered
from dataselect_core.ledger.restore import record_in
from dataselect_core.ledger.submissions import AGREES, DISAGREES, NOT_COMPARED, read, students

__all__ = ["SETTINGS", "ledger"]


def as_the_page_has_it(ledger):
    """The report of a ledger whose figures are not sorted by name, and its record as the check reads it."""
    entries = json.loads(json.dumps(ledger.record["entries"]))
    values = entries["cloud/1/evidence"]["value"]["values"]
    entries["cloud/1/evidence"]["value"]["values"] = dict(sorted(values.items(), reverse=True))
    report = report_markdown(Ledger({**ledger.record, "entries": entries}))
    return report, record_in(report).ledger


def wrapped(report, width):
    """The report with the lines of its text wrapped, as a mail program does."""
    text, record = report.split("## Record")
    lines = []
    for line in text.split("\n"):
        lines += textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]
    return "\n".join(lines) + "## Record" + record


@pytest.mark.parametrize("width", range(30, 100, 7))
def test_rows_wrapped_next_to_a_bar_agree_in_any_order(ledger, width):
    """A wrapped report agrees if its rows are in another order than in the record; a changed figure there disagrees."""
    report, record = as_the_page_has_it(ledger)
    assert altered(wrapped(report, width), record) == []
    edited, times = re.subn(r"(removed\.documents \| )\d", r"\g<1>98", report)
    assert times == 1 and altered(wrapped(edited, width), record)


@pytest.mark.parametrize("form", ["text/markdown", "text/x-anything", "text/html", "application/json"])
def test_a_report_without_a_name_in_a_mail_agrees(ledger, form, tmp_path):
    """A report that a mail has as a part without a name, in quoted-printable, is decoded and agrees."""
    report = {"text/html": report_html, "application/json": Ledger.to_text}.get(form, report_markdown)(ledger)
    head = f"MIME-Version: 1.0\nContent-Type: {form}; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
    (tmp_path / "a.eml").write_bytes(head.encode() + quopri.encodestring(report.encode()))
    (item,) = items([tmp_path])
    outcome = read(item)
    assert outcome.verdict == AGREES and outcome.ledger.record["entries"] == ledger.record["entries"]
    edited = report.replace("redundant ones", "redundant twos", 1)
    (tmp_path / "a.eml").write_bytes(head.encode() + quopri.encodestring(edited.encode()))
    (item,) = items([tmp_path])
    assert read(item).verdict == (
        AGREES if form == "application/json" else DISAGREES
    )  # JSON has no other text


def test_a_sentence_about_a_huge_schema_is_short():
    """A schema of 400 digits is refused with a sentence that people can read."""
    with pytest.raises(LedgerError, match="newer edition") as refusal:
        migrate({"schema": 10**400, "lab": "1", "reader": "r", "entries": {}})
    assert len(str(refusal.value)) < 200


def test_an_old_entry_without_a_value_is_refused():
    """Migration does not invent a value for an entry of schema 1 that has none; the page refuses it too."""
    record = {"schema": 1, "lab": "1", "reader": "r", "entries": {"cloud/1/reflection": {"at": 1}}}
    with pytest.raises(LedgerError, match="must have a value and a time"):
        migrate(record)


@pytest.mark.parametrize("place", ["a text", "a name"])
def test_half_a_letter_in_a_record_is_named(ledger, place, tmp_path):
    """A record in which an emoji was cut in half is refused with a sentence, and does not stop the check of a class."""
    entries = json.loads(json.dumps(ledger.record["entries"]))
    if place == "a text":
        entries["cloud/1/reflection"]["value"] = "cut \ud83d"
    else:
        entries["cloud/1/assumptions"] = {"value": {"\ud83d": 1}, "at": 1}
    (tmp_path / "a.json").write_text(json.dumps({**ledger.record, "entries": entries}), "utf-8")
    (tmp_path / "b.json").write_text(ledger.to_text(), "utf-8")
    outcomes = [read(item) for item in items([tmp_path])]
    assert "cut in half" in outcomes[0].problem and outcomes[1].verdict == AGREES
    whole, _ = students(outcomes, {})
    assert sorted(student.verdict for student in whole) == [AGREES, NOT_COMPARED]
