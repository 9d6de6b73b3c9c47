"""Compares what a report shows with the record inside it: figures are checked in the record, and read in the text.

Whoever edits "not met" to "met" in a report leaves its record as it was, and a check of the record alone finds
nothing. So the report is written anew from its record, and every line that differs is named. Plots and the tables
under them come from the page and cannot be written anew; they are passed over.
"""

import html
import json
import re
from collections import Counter

from dataselect_core import __version__
from dataselect_core.ledger.check import TEXT, Check
from dataselect_core.ledger.record import SCHEMA, TRACKS, LedgerError
from dataselect_core.ledger.report import PARTS, SCRIPT, ledger_text, report_html, report_markdown, shown

SAME = "as the record has it"
FORMATS = ("percent", "dollars", "integer", "fixed", "number")
KINDS = ("measured", "modelled", "cited")
PLOTS = re.compile(r"^Plot: .*?(?=^All captured figures:$|^## |\Z)", re.DOTALL | re.MULTILINE)
MAIN_TABLE = re.compile(r"^Main figures:\n\n\| Figure \| Value \| Kind \|\n\|---\|---\|---\|\n", re.MULTILINE)
MAIN_ROW = re.compile(r"^\| .+ \| (.+) \| (\w+) \|$")
FIGURE = re.compile(r"^<figure>.*$\n", re.MULTILINE)  # with the table under it
HTML_TABLE = re.compile(r"^<table><caption>Main figures</caption>.*$", re.MULTILINE)
HTML_ROW = re.compile(r"<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td></tr>")


def text_checks(report, ledger):
    """What a check of a report says of its text: (list of Check, why it could not be checked or "").

    One Check that agrees, or one for each line that differs.
    """
    try:
        found = altered(report, ledger)
    except LedgerError as error:
        return [], str(error)
    if report.lstrip("\ufeff \n").startswith("{"):
        return [], ""
    note = "the text shows another thing than the record in it"
    return [
        Check("", "", TEXT, TEXT, given or None, expected or None, False, note) for given, expected in found
    ] or [Check("", "", TEXT, TEXT, SAME, SAME, True)], ""


def altered(report, ledger):
    """Where a report shows another thing than its record.

    Parameters
    ----------
    report : str
        Markdown or HTML as the lab writes it, or the record alone as JSON, which shows nothing else.
    ledger : Ledger
        The record of that report.

    Returns
    -------
    list of (str, str)
        A line that the report shows, and the one that its record gives in that place; empty where there is none.

    Raises
    ------
    LedgerError
        It cannot be told, and why: other words, or another edition of the lab.
    """
    report = report.removeprefix("\ufeff").replace("\r\n", "\n")
    if report.lstrip().startswith("{"):
        return []
    if "Written without Python" in report:
        raise LedgerError("the report was written without Python, in other words than here")
    record = json.loads(ledger_text(report))
    if (record.get("lab"), record.get("schema")) != (__version__, SCHEMA):
        raise LedgerError(
            f"the report was written by lab {record.get('lab')} with schema {record.get('schema')}, in other"
            f" words than lab {__version__} with schema {SCHEMA} writes"
        )
    told = {shown(value.get("value"), form) for value in _captured(ledger) for form in FORMATS}
    if SCRIPT.search(report):
        lines = _html_lines(report, told)
        expected = _html_lines(report_html(ledger), told)
    else:
        lines = _markdown_lines(report, told)
        expected = _markdown_lines(report_markdown(ledger), told)
    return _paired(_beyond(lines, expected), _beyond(expected, lines))


def _captured(ledger):
    """Every captured figure of a record."""
    for track in TRACKS:
        for part in PARTS:
            yield from (ledger.get(track, part, "evidence") or {}).get("values", {}).values()


def _markdown_lines(text, told):
    """The lines before the record, without plots, and without the main figures that are figures of the record."""
    text = PLOTS.sub("", text.partition("\n## Record\n")[0])
    kept, main = [], False
    for line in MAIN_TABLE.sub("Main figures:\n", text).split("\n"):
        row = MAIN_ROW.match(line)
        if line == "Main figures:":
            main = True
        elif not (main and row and row[1] in told and row[2] in KINDS):
            main = main and bool(row)
            kept.append(line)
    return [line for line in kept if line]


def _html_lines(text, told):
    """The lines of a page, without the record, plots, and the main figures that are figures of the record."""

    def strange(table):
        rows = [[html.unescape(cell) for cell in row.groups()] for row in HTML_ROW.finditer(table[0])]
        return "\n".join(" ".join(row) for row in rows if row[1] not in told or row[2] not in KINDS)

    text = HTML_TABLE.sub(strange, FIGURE.sub("", SCRIPT.sub("", text)))
    text = re.sub(r"(</tr>|</caption>|</thead>|<tbody>)", r"\1\n", text)  # a row of a table is a line
    return [line for line in text.split("\n") if line]


def _beyond(lines, others):
    """The lines that the others do not have, as often as they have them."""
    left, found = Counter(others), []
    for line in lines:
        if left[line]:
            left[line] -= 1
        else:
            found.append(_words(line) or line)
    return found


def _words(line):
    """A line without its marks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", line)).replace("\\", "").split())


def _paired(strange, absent):
    """Each strange line beside the absent one that it resembles most, in the words they share."""
    pairs, absent = [], list(absent)
    for line in strange:
        words = set(line.split())
        best = max(absent, key=lambda other: len(words & set(other.split())), default="")
        if best and len(words & set(best.split())) * 3 >= len(words):
            absent.remove(best)
        else:
            best = ""
        pairs.append((line, best))
    return pairs + [("", line) for line in absent]
