"""Content is compared, not form: changes by programs on the way agree, changes by a person do not."""

import re
import textwrap
import unicodedata

import pytest
from markdown_it import MarkdownIt
from test_report_diff import FORMS, SETTINGS, ledger

from dataselect_core.ledger import Ledger, report_markdown
from dataselect_core.ledger.report_diff import altered, text_checks

__all__ = ["SETTINGS", "ledger"]
CHANGES = {
    "prose": ("redundant ones", "redundant twos"),
    "status": (" met ", " perhaps "),
    "figure": ("10 min", "70 min"),
}


def text_part(report):
    """The Markdown of a report before its record, and the rest."""
    position = report.index("## Record")
    return report[:position], report[position:]


def only_text(change):
    """A change to everything but the record."""

    def apply(report):
        text, record = text_part(report)
        return change(text) + record

    return apply


def wrapped(text, width=76, end="\n"):
    """The text with lines wrapped as in a mail program."""
    lines = []
    for line in text.split("\n"):
        lines += textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]
    return end.join(lines)


def tables_aligned(text):
    """The text with tables aligned as a formatter does."""

    def row(line):
        if re.fullmatch(r"\|(---\|)+", line):
            return line.replace("---", " :------ ")
        return re.sub(r" \| ", "   |   ", line)

    return "\n".join(row(line) if line.startswith("|") else line for line in text.split("\n"))


def curly(text):
    """The text with quotation marks and dashes as in a word processor."""
    text = re.sub(r'"([^"\n]*)"', r"“\1”", text).replace("'", "’")
    return text.replace(" - ", " – ").replace("...", "…")


MARKDOWN = {
    "trimmed": lambda report: "\n".join(line.rstrip() for line in report.split("\n")),
    "blanks at line ends": lambda report: report.replace("\n", "  \n"),
    "windows": lambda report: report.replace("\n", "\r\n"),
    "old mac": lambda report: report.replace("\n", "\r"),
    "wrapped": only_text(wrapped),
    "wrapped narrowly": only_text(lambda text: wrapped(text, 40)),
    "flowed": only_text(lambda text: wrapped(text, 72, " \n")),
    "quoted": lambda report: "\n".join(f"> {line}" for line in report.split("\n")),
    "quoted twice and wrapped": only_text(
        lambda text: "\n".join(f"> > {line}" for line in wrapped(text).split("\n"))
    ),
    "curly": only_text(curly),
    "no-break spaces": only_text(lambda text: text.replace(" %", "\u00a0%").replace(" min", "\u202fmin")),
    "decomposed": only_text(lambda text: unicodedata.normalize("NFD", text)),
    "zero-width": only_text(lambda text: text.replace("Predicted", "Pre\u00addicted\u200b")),
    "bullets": only_text(lambda text: re.sub(r"^- ", "* ", text, flags=re.MULTILINE)),
    "unescaped": only_text(lambda text: re.sub(r"\\([*_<>])", r"\1", text)),
    "entities": only_text(lambda text: text.replace("\\<", "&lt;").replace("\\>", "&gt;")),
    "aligned": only_text(tables_aligned),
    "setext": only_text(lambda text: re.sub(r"^## (.*)$", r"\1\n-----", text, flags=re.MULTILINE)),
    "closed headings": only_text(lambda text: re.sub(r"^(##? .*)$", r"\1 ##", text, flags=re.MULTILINE)),
    "no blank lines": only_text(lambda text: text.replace("\n\n|", "\n|")),
}


def saved_by_a_browser(report):
    """The page as “Save page as” writes it: from the tree, with a note of where it came from."""
    report = report.replace(
        "<!doctype html>", "<!DOCTYPE html>\n<!-- saved from url=(0016)http://localhost -->"
    )
    report = report.replace("scope='col'", 'scope="col"').replace("&#x27;", "'").replace("&quot;", '"')
    return report.replace("<tr>", "\n<tr>\n  ").replace("<br>", "<br/>").replace("\n", "\r\n")


HTML = {
    "saved by a browser": saved_by_a_browser,
    "indented": lambda report: report.replace("<td>", "\n      <td>\n        ").replace("<p>", "  <p>\n"),
    "on one line": lambda report: re.sub(r"</(p|h2|h3|table|li|ul)>\n", r"</\1>", report),
    "entities": lambda report: re.sub(
        r"(?<=>)[^<>{}]+(?=<)",
        lambda match: match[0].replace("÷", "&divide;").replace("−", "&minus;"),
        report,
    ),
    "styles written in": lambda report: report.replace("<td>", '<td style="color: red"><span>').replace(
        "</td>", "</span></td>"
    ),
    "an extension's": lambda report: report.replace(
        "</body>", "<grammarly-desktop-integration></grammarly-desktop-integration></body>"
    ),
}


@pytest.mark.parametrize("variant", MARKDOWN)
def test_reformatted_markdown_agrees_and_a_changed_word_disagrees(ledger, variant):
    """Changes by mail programs, editors and formatters agree; the same with one changed word or figure disagree."""
    report = FORMS["markdown"](ledger)
    assert altered(MARKDOWN[variant](report), ledger) == []
    for old, new in CHANGES.values():
        text, record = text_part(report)
        assert text.count(old), old
        differences = altered(MARKDOWN[variant](text.replace(old, new, 1) + record), ledger)
        assert len(differences) == 1, (variant, old, differences)
        assert differences[0].line > 0 and "Part 1" in differences[0].section
        assert new.split()[-1] in re.sub(r"[\u00a0\u202f]", " ", differences[0].found)


@pytest.mark.parametrize("variant", HTML)
def test_resaved_pages_agree_and_a_changed_word_disagrees(ledger, variant):
    """Changes by browsers and page editors agree; the same with one changed word or figure disagree."""
    report = FORMS["html"](ledger)
    assert altered(HTML[variant](report), ledger) == []
    body, record = report.split("<script", 1)
    for old, new in (
        ("redundant ones", "redundant twos"),
        ("<td>met<", "<td>perhaps<"),
        ("10 min", "70 min"),
    ):
        differences = altered(HTML[variant](body.replace(old, new, 1) + "<script" + record), ledger)
        assert len(differences) == 1 and differences[0].line > 0 and "Part 1" in differences[0].section, (
            variant,
            old,
            differences,
        )


def test_markdown_rendered_as_a_page_agrees(ledger):
    """Markdown as a learning platform renders it, with the record in a code block, has the same words."""
    page = "<html><body>" + MarkdownIt("commonmark").enable("table").render(FORMS["markdown"](ledger))
    assert "<blockquote>" in page and "<table>" in page and altered(page, ledger) == []
    differences = altered(page.replace("redundant ones", "redundant twos", 1), ledger)
    assert len(differences) == 1 and "twos" in differences[0].found


def test_letters_that_look_alike_are_named(ledger):
    """A Cyrillic letter in a word makes another word, and the note names the letter."""
    report = FORMS["markdown"](ledger).replace("redundant ones", "redundаnt ones", 1)
    (check,), unread = text_checks(report, ledger)
    assert check.agrees is False and not unread and "U+0430 CYRILLIC SMALL LETTER A" in check.note
    assert check.section == "Cloud Titan, Part 1: The Deduplication Audit" and check.line > 5


def test_a_changed_sign_disagrees(ledger):
    """≤ and ≥, and ² and 2, count as different signs."""
    report = FORMS["markdown"](ledger)
    assert "≤" in report and len(altered(report.replace("≤", "≥", 1), ledger)) == 1
    entries = {**ledger.record["entries"], "cloud/1/reflection": {"value": "about 10² items", "at": 1}}
    squared = Ledger({**ledger.record, "entries": entries})
    report = report_markdown(squared)
    assert altered(report, squared) == [] and len(altered(report.replace("10²", "102", 1), squared)) == 1


@pytest.mark.parametrize("lost", ["?", "\ufffd", "â‰¤"])
def test_lost_letters_do_not_disagree(ledger, lost):
    """If a program wrote question marks, or misread UTF-8, the text is called mangled and does not disagree."""
    text, record = text_part(FORMS["markdown"](ledger))
    checks, _ = text_checks(text.replace("≤", lost) + record, ledger)
    assert {check.agrees for check in checks} == {None} and "mangled" in checks[0].note


def test_texts_without_spaces_may_be_wrapped_anywhere(ledger):
    """Chinese has no spaces for wrapping, and a changed character is still found."""
    reflection = "重复的文本会浪费计算资源，因此我们删除了它们。" * 4
    entries = {**ledger.record["entries"], "cloud/1/reflection": {"value": reflection, "at": 1}}
    record = Ledger({**ledger.record, "entries": entries})
    text, rest = text_part(report_markdown(record))
    wrapped_text = text.replace(
        reflection, "\n> ".join(reflection[i : i + 30] for i in range(0, len(reflection), 30))
    )
    assert (
        altered(wrapped_text + rest, record) == []
        and len(altered(wrapped_text.replace("删除", "保留", 1) + rest, record)) == 1
    )


def test_a_translated_page_is_not_compared(ledger):
    """A page that a browser translated is reported as translated, and does not disagree."""
    report = FORMS["html"](ledger).replace('<html lang="en">', '<html lang="de" class="translated-ltr">')
    checks, unread = text_checks(report.replace("Missing", "Es fehlt"), ledger)
    assert checks == [] and "translated" in unread


def test_text_after_the_record_is_compared(ledger):
    """Praise below the record is compared like any other text of the report."""
    differences = altered(FORMS["markdown"](ledger) + "\nFull marks.\n", ledger)
    assert [difference[:2] for difference in differences] == [("Full marks.", "")]
