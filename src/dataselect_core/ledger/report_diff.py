"""Compare the text of a report with the record inside it: the check reads the record, but people read the text.

If someone edits "not met" to "met" in a report, its record is unchanged, and a check of the record alone finds nothing.
So the report is written again from its record, and every place with a different text is named. The content is compared,
not its form: wrapped, trimmed, re-formatted and re-saved reports have the same content. Plots and the tables under them
come from the page and cannot be written again; they are passed over.
"""

import re
from collections import Counter
from difflib import SequenceMatcher
from itertools import takewhile
from typing import NamedTuple

from dataselect_core import __version__
from dataselect_core.ledger.check import TEXT, Check, wheel
from dataselect_core.ledger.fold import folded, lookalike_note, mangled, squeezed
from dataselect_core.ledger.record import TRACKS, Ledger, LedgerError
from dataselect_core.ledger.report import FULL, PARTS, report_html, report_markdown, shown
from dataselect_core.ledger.restore import script_in
from dataselect_core.ledger.units import html_units, markdown_units
from dataselect_core.tracks import track as track_of

UNCHANGED = "as in the record"
FORMATS = ("percent", "dollars", "integer", "fixed", "number")
KINDS = ("measured", "modelled", "cited")
TRANSLATED = re.compile(
    r"<html[^>]{0,1000}\btranslated-(?:ltr|rtl)|_msttexthash=|vertical-align:\s*inherit", re.IGNORECASE
)
PAGE = re.compile(r"<(?:!doctype\s+html|html|body|div|p|table|pre|span)\b[^>]{0,1000}>", re.IGNORECASE)
RECORD = re.compile(r"^[> \t]*(?:#{1,6}[ \t]+Record[ \t#]*$|Record[ \t]*\n[> \t]*-{2,}[ \t]*$)", re.MULTILINE)
SETTINGS = (
    "Settings: "  # how the line with the settings in words begins; reports of before December 2026 have none
)
CONTEXT_WORDS = 4  # words shown on each side of a difference
MAX_GAP = 2  # equal words between two differences that are shown as one
MAX_REJOINED = 30  # lines into which a mail program wraps one row, each of which looks like a row
MAX_WORDS = 4000  # that are compared word by word


def _key(text):
    """The key of a unit with this text."""
    return " ".join(map(folded, text.split()))


LAYOUT = {_key(FULL), *(_key(f"{track_of(track).title}, Part {part}") for track in TRACKS for part in PARTS)}
"""Headings that only arrange the text below them; reports of before December 2026 have none of them."""


class Difference(NamedTuple):
    """One place where the text of a report differs from its record.

    Attributes
    ----------
    found, expected : str
        The text in the report, and the text of its record; one of them may be empty.
    section, line : str and int
        The heading above it, and the line of the file.
    note : str
        The difference between the two, if they look alike.
    lost : bool
        Whether letters were lost on the way (another program wrote question marks for them), and nothing else.
    """

    found: str
    expected: str
    section: str = ""
    line: int = 0
    note: str = ""
    lost: bool = False


def text_checks(report: str, ledger: Ledger) -> tuple[list[Check], str]:
    """The result of checking the text of a report.

    Returns
    -------
    (list of Check, str)
        One Check that agrees, or one for each difference; and why the text could not be compared, or an empty text.
    """
    try:
        differences = altered(report, ledger)
    except LedgerError as error:
        return [], str(error)
    if _is_json(report):
        return [], ""
    checks = []
    for difference in differences:
        note = "the text differs from the record in it"
        if difference.lost:
            note = "mangled: a program on the way lost some letters; ask for the file itself, in a zip"
        checks.append(
            Check(
                "",
                "",
                TEXT,
                TEXT,
                difference.found or None,
                difference.expected or None,
                None if difference.lost else False,
                f"{note}{f' ({difference.note})' if difference.note else ''}",
                difference.section,
                difference.line,
            )
        )
    return checks or [Check("", "", TEXT, TEXT, UNCHANGED, UNCHANGED, True)], ""


def altered(report: str, ledger: Ledger) -> list[Difference]:
    """The places where the text of a report differs from its record.

    Parameters
    ----------
    report : str
        Markdown or HTML as the lab writes it and other programs save it, or the record alone as JSON, which has no
        other text.
    ledger : Ledger
        The record of that report.

    Returns
    -------
    list of Difference
        In the order of the report; empty if there is none.

    Raises
    ------
    LedgerError
        If they cannot be compared; the message says why: another wording, or another edition of the lab.
    """
    report = report.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if _is_json(report):
        return []
    if "Written without Python" in report:
        raise LedgerError(
            "the report was written without Python, with other words than the lab uses with Python"
        )
    lab = ledger.record["lab"]
    if lab != __version__:
        raise LedgerError(
            f"the report was written by lab {lab}, whose wording differs from that of lab {__version__}: to compare it,"
            f" install {wheel(lab)} from the site where the report was made"
        )
    if TRANSLATED.search(report):
        raise LedgerError(
            "a browser has translated the report: ask for the file as it was downloaded from the lab"
        )
    if script_in(report) is not None:
        units, expected = html_units(report), html_units(report_html(ledger))
    else:
        if PAGE.search(
            report[:5000]
        ):  # made from a report in Markdown: the text after that heading is the record
            units = list(takewhile(lambda unit: unit.key != "Record", html_units(report)))
        else:
            units = markdown_units(_without_record(report))
        expected = markdown_units(_without_record(report_markdown(ledger)))
    shown_values = {shown(value.get("value"), form) for value in _captured(ledger) for form in FORMATS}
    shown_values = set(map(_key, shown_values))
    if not any(unit.key == _key(FULL) for unit in units):  # written before that arrangement
        expected = [unit for unit in expected if not unit.text.startswith(SETTINGS)]
    return _differences(_content(units, shown_values), _content(expected, shown_values))


def _is_json(report):
    return report.lstrip("\ufeff \t\r\n").startswith("{")


def _captured(ledger):
    """Every captured figure of a record."""
    for track in TRACKS:
        for part in PARTS:
            yield from (ledger.get(track, part, "evidence") or {}).get("values", {}).values()


def _without_record(text):
    """The text without the record, with unchanged line numbers."""
    starts = [match.start() for match in RECORD.finditer(text)]
    if not starts:
        return text
    start = starts[-1]
    fence = re.compile(r"^[> \t]*(?:```|~~~)[^\n]*$", re.MULTILINE)
    fences = [match.end() for match in fence.finditer(text, start)]
    end = fences[1] if len(fences) > 1 else len(text)
    return text[:start] + "\n" * text.count("\n", start, end) + text[end:]


def _content(units, shown_values):
    """The units that are compared: without plots, and without main figures whose values are in the record.

    The page decides which main figures a report shows, and their names; their values must be in the record.
    """
    kept, plot, main = [], False, False
    for unit in units:
        text = unit.key
        if unit.heading:
            plot = main = False
            if text == "Plots":
                continue
        if text.startswith("Plot:"):
            plot = True
        elif text.rstrip(":") == "All captured figures":
            plot = False
        if plot or text in LAYOUT:
            continue
        if text.rstrip(":") == "Main figures":
            main = True
            continue
        if main:
            cells = [" ".join(map(folded, cell)) for cell in unit.cells]
            if cells == ["Figure", "Value", "Kind"] or (
                len(cells) == 3 and cells[1] in shown_values and cells[2] in KINDS
            ):
                continue
            main = len(cells) == 3
        kept.append(unit)
    return kept


def _differences(units, expected):
    """The differences of two lists of units."""
    extra, missing = _rejoined(units, _not_in(units, expected), _not_in(expected, units))
    if not extra and not missing:
        return []
    if _joined(extra) == _joined(missing):
        return []  # the same words, wrapped differently
    differences = []
    for extra_units, missing_units in _by_section(extra, missing):
        differences += _word_by_word(extra_units, missing_units)
    return differences


def _not_in(units, others):
    """The units that the others do not have, counting repetitions."""
    remaining, result = Counter(unit.key for unit in others), []
    for unit in units:
        if remaining[unit.key]:
            remaining[unit.key] -= 1
        else:
            result.append(unit)
    return result


def _rejoined(units, extra, missing):
    """Both lists without what was only wrapped: a missing unit whose words are those of neighbours in the report.

    A row that is wrapped next to a bar gives two rows, and a wrapped heading gives a heading and a paragraph. The
    order of the other units does not matter, since a record has no order.
    """
    extra_ids = {id(unit) for unit in extra}
    wanted = {}
    for unit in missing:
        wanted.setdefault(_joined([unit]), []).append(unit)
    found, matched, start = set(), set(), 0
    while start < len(units):
        end = start
        while end < len(units) and id(units[end]) in extra_ids and end - start < MAX_REJOINED:
            end += 1
            same = wanted.get(_joined(units[start:end]))
            if same:
                matched.add(id(same.pop()))
                found.update(map(id, units[start:end]))
                break
        else:
            end = start + 1
        start = end
    return [unit for unit in extra if id(unit) not in found], [
        unit for unit in missing if id(unit) not in matched
    ]


def _joined(units):
    return squeezed(folded(word) for unit in units for word in unit.words)


def _by_section(extra, missing):
    """Pairs of lists of units with the same heading above them, in the order of the report."""
    if {unit.section for unit in extra} - {unit.section for unit in missing}:
        yield extra, missing  # a heading was changed, or wrapped
        return
    sections = dict.fromkeys(unit.section for unit in (*extra, *missing))
    for section in sections:
        yield (
            [unit for unit in extra if unit.section == section],
            [unit for unit in missing if unit.section == section],
        )


def _word_by_word(extra, missing):
    report_words = [(word, unit) for unit in extra for word in unit.words]
    record_words = [(word, unit) for unit in missing for word in unit.words]
    a, b = [folded(word) for word, _ in report_words], [folded(word) for word, _ in record_words]
    if squeezed(a) == squeezed(b):
        return []
    if max(len(a), len(b)) > MAX_WORDS:
        return [Difference(unit.text, "", unit.section, unit.line) for unit in extra] + [
            Difference("", unit.text, unit.section, 0) for unit in missing
        ]
    differences = []
    for low, high, start, end in _spans(SequenceMatcher(None, a, b, autojunk=False).get_opcodes()):
        if squeezed(a[low:high]) == squeezed(b[start:end]):
            continue
        found, expected = (
            [word for word, _ in part] for part in (report_words[low:high], record_words[start:end])
        )
        if found and low < len(report_words):
            unit = report_words[low][1]
        else:
            unit = report_words[low - 1][1] if low else None
        section = unit.section if unit else record_words[start][1].section
        lost = mangled(" ".join(found), " ".join(expected))
        note = "" if lost else lookalike_note(" ".join(found), " ".join(expected))
        if found and expected:  # with context, so that the place can be found in the report
            context = min(CONTEXT_WORDS, low, start)
            found = [word for word, _ in report_words[low - context : high + CONTEXT_WORDS]]
            expected = [word for word, _ in record_words[start - context : end + CONTEXT_WORDS]]
        differences.append(
            Difference(" ".join(found), " ".join(expected), section, unit.line if unit else 0, note, lost)
        )
    return differences


def _spans(codes):
    """(low, high, from, to) of each difference; differences with few equal words between them are merged."""
    spans = []
    for tag, low, high, start, end in codes:
        if tag == "equal":
            continue
        if spans and low - spans[-1][1] <= MAX_GAP and spans[-1][1] < low:
            spans[-1] = (spans[-1][0], high, spans[-1][2], end)
        else:
            spans.append((low, high, start, end))
    return spans
