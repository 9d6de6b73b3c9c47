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
from dataselect_core.ledger.fold import folded, mangled, squeezed, told_apart
from dataselect_core.ledger.record import TRACKS, Ledger, LedgerError
from dataselect_core.ledger.report import PARTS, report_html, report_markdown, shown
from dataselect_core.ledger.restore import script_in
from dataselect_core.ledger.units import html_units, markdown_units

SAME = "as the record has it"
FORMATS = ("percent", "dollars", "integer", "fixed", "number")
KINDS = ("measured", "modelled", "cited")
TRANSLATED = re.compile(
    r"<html[^>]{0,1000}\btranslated-(?:ltr|rtl)|_msttexthash=|vertical-align:\s*inherit", re.IGNORECASE
)
PAGE = re.compile(r"<(?:!doctype\s+html|html|body|div|p|table|pre|span)\b[^>]{0,1000}>", re.IGNORECASE)
RECORD = re.compile(r"^[> \t]*(?:#{1,6}[ \t]+Record[ \t#]*$|Record[ \t]*\n[> \t]*-{2,}[ \t]*$)", re.MULTILINE)
CONTEXT = 4  # words shown on each side of a difference
NEAR = 2  # equal words between two differences that are shown as one
MOST_WORDS = 4000  # that are compared word by word


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
        found = altered(report, ledger)
    except LedgerError as error:
        return [], str(error)
    if _bare(report):
        return [], ""
    made = []
    for each in found:
        note = "the text shows another thing than the record in it"
        if each.lost:
            note = "mangled: a program on the way did not know some letters; ask for the file itself, zipped"
        made.append(
            Check(
                "",
                "",
                TEXT,
                TEXT,
                each.found or None,
                each.expected or None,
                None if each.lost else False,
                f"{note}{f' ({each.note})' if each.note else ''}",
                each.section,
                each.line,
            )
        )
    return made or [Check("", "", TEXT, TEXT, SAME, SAME, True)], ""


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
        If they cannot be compared; the message says why: other words, or another edition of the lab.
    """
    report = report.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if _bare(report):
        return []
    if "Written without Python" in report:
        raise LedgerError("the report was written without Python, in other words than here")
    lab = ledger.record["lab"]
    if lab != __version__:
        raise LedgerError(
            f"the report was written by lab {lab}, in other words than lab {__version__} writes: to compare it,"
            f" install {wheel(lab)} from the site that gave the report out"
        )
    if TRANSLATED.search(report):
        raise LedgerError("a browser has translated the report: ask for the file as the lab gave it out")
    if script_in(report) is not None:
        given, expected = html_units(report), html_units(report_html(ledger))
    else:
        if PAGE.search(
            report[:5000]
        ):  # made from a report in Markdown: the text after that heading is the record
            given = list(takewhile(lambda unit: unit.key != "Record", html_units(report)))
        else:
            given = markdown_units(_without_record(report))
        expected = markdown_units(_without_record(report_markdown(ledger)))
    told = {shown(value.get("value"), form) for value in _captured(ledger) for form in FORMATS}
    told = {" ".join(map(folded, text.split())) for text in told}
    return _compared(_content(given, told), _content(expected, told))


def _bare(report):
    return report.lstrip("\ufeff \t\r\n").startswith("{")


def _captured(ledger):
    """Every captured figure of a record."""
    for track in TRACKS:
        for part in PARTS:
            yield from (ledger.get(track, part, "evidence") or {}).get("values", {}).values()


def _without_record(text):
    """The text without the record, with unchanged line numbers."""
    begins = [match.start() for match in RECORD.finditer(text)]
    if not begins:
        return text
    start = begins[-1]
    fence = re.compile(r"^[> \t]*(?:```|~~~)[^\n]*$", re.MULTILINE)
    fences = [match.end() for match in fence.finditer(text, start)]
    end = fences[1] if len(fences) > 1 else len(text)
    return text[:start] + "\n" * text.count("\n", start, end) + text[end:]


def _content(units, told):
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
        if plot:
            continue
        if text.rstrip(":") == "Main figures":
            main = True
            continue
        if main:
            cells = [" ".join(map(folded, cell)) for cell in unit.cells]
            if cells == ["Figure", "Value", "Kind"] or (
                len(cells) == 3 and cells[1] in told and cells[2] in KINDS
            ):
                continue
            main = len(cells) == 3
        kept.append(unit)
    return kept


def _compared(given, expected):
    """The differences of two lists of units."""
    strange, absent = _beyond(given, expected), _beyond(expected, given)
    if not strange and not absent:
        return []
    if squeezed(folded(w) for u in strange for w in u.words) == squeezed(
        folded(w) for u in absent for w in u.words
    ):
        return []  # the same words, wrapped differently
    differences = []
    for mine, its in _by_section(strange, absent):
        differences += _word_by_word(mine, its)
    return differences


def _beyond(units, others):
    """The units that the others do not have, counting repetitions."""
    left, found = Counter(unit.key for unit in others), []
    for unit in units:
        if left[unit.key]:
            left[unit.key] -= 1
        else:
            found.append(unit)
    return found


def _by_section(strange, absent):
    """Pairs of lists of units with the same heading above them, in the order of the report."""
    if {unit.section for unit in strange} - {unit.section for unit in absent}:
        yield strange, absent  # a heading was changed, or wrapped
        return
    sections = dict.fromkeys(unit.section for unit in (*strange, *absent))
    for section in sections:
        yield (
            [unit for unit in strange if unit.section == section],
            [unit for unit in absent if unit.section == section],
        )


def _word_by_word(strange, absent):
    mine = [(word, unit) for unit in strange for word in unit.words]
    its = [(word, unit) for unit in absent for word in unit.words]
    a, b = [folded(word) for word, _ in mine], [folded(word) for word, _ in its]
    if squeezed(a) == squeezed(b):
        return []
    if max(len(a), len(b)) > MOST_WORDS:
        return [Difference(unit.text, "", unit.section, unit.line) for unit in strange] + [
            Difference("", unit.text, unit.section, 0) for unit in absent
        ]
    made = []
    for low, high, from_, to in _spans(SequenceMatcher(None, a, b, autojunk=False).get_opcodes()):
        if squeezed(a[low:high]) == squeezed(b[from_:to]):
            continue
        found, wanted = ([word for word, _ in part] for part in (mine[low:high], its[from_:to]))
        place = mine[low][1] if low < len(mine) and found else mine[low - 1][1] if low else None
        section = place.section if place else its[from_][1].section
        lost = mangled(" ".join(found), " ".join(wanted))
        note = "" if lost else told_apart(" ".join(found), " ".join(wanted))
        if found and wanted:  # with context, so that the place can be found in the report
            left = min(CONTEXT, low, from_)
            found = [word for word, _ in mine[low - left : high + CONTEXT]]
            wanted = [word for word, _ in its[from_ - left : to + CONTEXT]]
        made.append(
            Difference(" ".join(found), " ".join(wanted), section, place.line if place else 0, note, lost)
        )
    return made


def _spans(codes):
    """(low, high, from, to) of each difference; differences with few equal words between them are merged."""
    made = []
    for tag, low, high, from_, to in codes:
        if tag == "equal":
            continue
        if made and low - made[-1][1] <= NEAR and made[-1][1] < low:
            made[-1] = (made[-1][0], high, made[-1][2], to)
        else:
            made.append((low, high, from_, to))
    return made
