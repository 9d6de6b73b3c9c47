"""Records are restored letter by letter from the files that people have, or refused with a reason and what to send."""

import contextlib
import html
import json
import re
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect_core.ledger import Ledger, LedgerError, report_html, report_markdown
from dataselect_core.ledger.letters import misread
from dataselect_core.ledger.restore import record_in

REFLECTION = (
    'Duplicates "waste" compute, said Müller: their gradient is the same, so the model sees one text, twice, and learns'
    ' nothing from the second. I’d remove them – all of them, “now”, and it\'s done.\n\nA second paragraph: {"a": 1}, \\n.'
)


def ledger(student="Zoë O’Brien-王小明", reflection=REFLECTION):
    """A record whose texts contain quotation marks, braces, backslashes and many letters."""
    values = {
        "removed.words": {"value": 1234, "unit": "words", "kind": "measured", "source": "a count, “exact”"},
        "check.budget.value": {"value": 0.25, "unit": "", "kind": "modelled", "source": ""},
    }
    evidence = {
        "lab": "0.1.0",
        "engine": None,
        "settings": {"seed": 1},
        "values": values,
        "cases": ["budget-ok", "x"],
    }
    entries = {
        "cloud/1/prediction": {"value": 30.0, "said": "30 %", "why": "x, y"},
        "cloud/1/evidence": evidence,
        "cloud/1/reflection": reflection,
    }
    return Ledger(
        {
            "schema": 3,
            "lab": "0.1.0",
            "reader": "r1",
            "student": student,
            "entries": {key: {"value": value, "at": 5} for key, value in entries.items()},
        }
    )


def curly(text):
    """The text with the quotation marks of word processors and phones."""
    return re.sub(r'(^|[\s\[{(])"', r"\1“", text, flags=re.MULTILINE).replace('"', "”")


def wrapped(text, width=76, end="\n"):
    """The text with lines wrapped at blanks, as in a mail program."""
    lines = []
    for line in text.split("\n"):
        blank = line[: len(line) - len(line.lstrip())]
        lines += textwrap.wrap(
            line,
            width,
            break_long_words=False,
            break_on_hyphens=False,
            initial_indent="",
            drop_whitespace=True,
        ) or [blank]
    return end.join(lines)


def quoted(text):
    """The text quoted in an answer to a mail."""
    return "Lisa wrote:\n\n" + "\n".join(f"> {line}" for line in text.split("\n")) + "\n\nSee above."


VARIANTS = {
    "bytes order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16 without a mark": lambda text: text.encode("utf-16-le"),
    "utf-16 of another order": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "utf-32": lambda text: text.encode("utf-32"),
    "windows line ends": lambda text: text.replace("\n", "\r\n").encode(),
    "old mac line ends": lambda text: text.replace("\n", "\r").encode(),
    "trimmed": lambda text: "\n".join(line.strip() for line in text.split("\n")).encode(),
    "no-break spaces": lambda text: re.sub(
        r"^ +", lambda m: "\u00a0" * len(m[0]), text, flags=re.MULTILINE
    ).encode(),
    "quoted by mail": lambda text: quoted(text).encode(),
    "quoted twice": lambda text: quoted(quoted(text)).encode(),
    "curly": lambda text: curly(text).encode(),
    "german marks": lambda text: curly(text).replace("“", "„").replace("”", "“").encode(),
    "guillemets": lambda text: curly(text).replace("“", "«").replace("”", "»").encode(),
    "curly and quoted": lambda text: quoted(curly(text)).encode(),
    "another fence": lambda text: (
        text.replace("```json ledger", "~~~ json").replace("\n```\n", "\n~~~\n").encode()
    ),
    "no fence": lambda text: text.replace("```json ledger\n", "").replace("\n```\n", "\n").encode(),
    "shown as a page": lambda text: f"<html><body><div>{html.escape(text)}</div></body></html>".replace(
        "\n", "<br>\n"
    ).encode(),
    "a block of code in a page": lambda text: (
        f"<!DOCTYPE html><body><pre><code>{html.escape(text)}</code></pre>".encode()
    ),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_record_is_restored_exactly(variant):
    """Unicode encodings, line ends, blanks, quotes and marks: Markdown and JSON give back the same record."""
    record = ledger(
        reflection=REFLECTION.replace('"waste"', "waste").replace('"a"', "a")
        if "curly" in variant or "m" in variant[:7]
        else REFLECTION
    )
    for text in (report_markdown(record), record.to_text()):
        data = VARIANTS[variant](text)
        if "curly" in variant or variant in ("german marks", "guillemets"):
            # Quotation marks within texts may have been changed too, and nobody can tell which.
            restored = record_in(data).ledger.record
            assert _plain(restored) == _plain(record.record)
        else:
            assert record_in(data).ledger == record


def _plain(record):
    """A record with all quotation marks the same."""
    return json.loads(re.sub(r'[“”„«»]|\\"', "'", json.dumps(record, ensure_ascii=False)))


@pytest.mark.parametrize("width", [30, 72, 76, 120])
@pytest.mark.parametrize("end", ["\n", " \n"])
@pytest.mark.parametrize("mail", [str, quoted])
def test_wrapped_lines_are_joined(width, end, mail):
    """Hard-wrapped and format=flowed mail, of several widths, also quoted, gives the same words, one blank apart."""
    record = ledger()
    restored = record_in(mail(wrapped(report_markdown(record), width, end)).encode())
    assert restored.ledger == record and "wrapped lines joined" in restored.notes


def test_a_text_without_blanks_is_joined_without_blanks():
    """Chinese text that was wrapped anywhere is joined without blanks."""
    record = ledger(reflection="重复的文本会浪费计算资源因此我们删除了它们" * 9)
    text = record.to_text()
    position = text.index("资源因此", text.index("reflection")) + 2
    assert record_in((text[:position] + "\n" + text[position:]).encode()).ledger == record


def test_pages_that_were_saved_again_are_read():
    """A page saved from the browser, with attributes in another order or escaped quotation marks, can be read."""
    record = ledger()
    page = report_html(record)
    assert record_in(page.replace("\n", "\r\n").encode()).ledger == record
    assert (
        record_in(
            page.replace(
                'type="application/json" id="ledger"', 'id="ledger" type="application/json"'
            ).encode()
        ).ledger
        == record
    )
    body, script = page.split('id="ledger">')
    script_text, rest = script.split("</script>")
    assert (
        record_in((body + 'id="ledger">' + html.escape(script_text) + "</script>" + rest).encode()).ledger
        == record
    )


@pytest.mark.parametrize("word", ["Müller", "René", "Größe", "d’été", "Jürgen – Zoé"])
def test_windows_1252_is_read_if_it_is_unambiguous(word):
    """Letters that are the same in every plausible code page are read."""
    record = ledger(student=word, reflection="ASCII")
    text = report_markdown(record).translate({ord("≤"): "<", ord("≥"): ">", ord("−"): "-", ord("÷"): "/"})
    restored = record_in(text.encode("cp1252"))
    assert restored.ledger.record["student"] == word and "Windows-1252" in restored.notes[0]


@pytest.mark.parametrize(
    ("word", "page"),
    [
        ("Dvořák", "cp1250"),
        ("Núñez", "cp1252"),
        ("Привет", "cp1251"),
        ("Łukasz", "cp1250"),
        ("王小明", "gb18030"),
        ("이영희", "euc_kr"),
        ("Ženský", "cp1250"),
        ("Ωμέγα", "cp1253"),
    ],
)
def test_ambiguous_letters_are_not_guessed(word, page):
    """If bytes are other letters in another code page, the text is read correctly or refused with what to send."""
    record = ledger(student=word, reflection=word)
    data = record.to_text().replace("“", "").replace("”", "").encode(page)
    try:
        student = record_in(data).ledger.record["student"]
    except LedgerError as error:
        assert "not text in UTF-8" in str(error) and "hand in the file" in str(error)
    else:
        assert student == word


def test_a_page_that_declares_its_code_page_is_read():
    """A saved page in Windows-1250 with that declaration keeps its letters."""
    record = ledger(student="Dvořák", reflection="Žluťoučký kůň")
    page = report_html(record).replace('<meta charset="utf-8">', '<meta charset="windows-1250">')
    page = page.replace("≤", "").replace("≥", "").replace("−", "").replace("“", "").replace("”", "")
    assert record_in(page.encode("cp1250")).ledger.record["student"] == "Dvořák"


@pytest.mark.parametrize("page", ["cp1252", "latin-1"])
@pytest.mark.parametrize("word", ["Zoë", "Привет", "l’été", "王小明"])
def test_broken_letters_are_refused(word, page):
    """UTF-8 that was read in another code page, or lost letters, are refused, with the place."""
    text = ledger(student="x", reflection=word).to_text().encode().decode(page, "replace")
    with pytest.raises(LedgerError, match="letters of its record were (broken|lost)"):
        record_in(text.encode())


@pytest.mark.parametrize(
    "text", ["Ärger", "À bientôt", "ÉCOLE", "«été»", "Ñandú", "ＡＢ", "Ω≈ç√", "“É”", "naïveté"]
)
def test_letters_of_many_languages_are_not_reported_as_broken(text):
    """Ordinary words in many languages show no trace of a wrong code page."""
    assert misread(text) == ""


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"%PDF-1.7 ...", "is a PDF"),
        (b"{\\rtf1\\ansi hello}", "RTF"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old word processor"),
        (b"\0\1\2\3" * 90, "not text"),
        (b"# Homework", "contains no record"),
        (b"", "contains no record"),
        (b"{", "not JSON"),
        (b"# Data Selection lab: report\n\n- Student: x\n", "no record, which was at its end"),
        (b"<html><body><h1>Data Selection lab: report</h1><p>Student</body>", "removed its script"),
    ],
)
def test_the_error_names_the_kind_of_file(data, message):
    """The error names the kind of file that contains no record."""
    with pytest.raises(LedgerError, match=message):
        record_in(data)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_record_that_breaks_off_is_refused(share):
    """A record that a form has cut short is refused, and the error says so."""
    text = report_markdown(ledger())
    start = text.index("```json ledger")
    with pytest.raises(LedgerError, match="breaks off"):
        record_in(text[: start + int(share * (len(text) - start - 8))].encode())


def test_a_text_that_looks_like_a_record_does_not_replace_it():
    """A reflection that contains the JSON of a record does not replace the record."""
    record = ledger(reflection='{"entries": {}, "lab": "0.1.0", "reader": "x", "schema": 3}')
    text = report_markdown(record)
    assert record_in(text.encode()).ledger == record
    assert record_in(quoted(text).encode()).ledger == record


@pytest.mark.parametrize(
    "piece",
    [
        "<script id=ledger>",
        "\n```json ledger",
        "<p",
        "<html",
        "\n",
        "> ",
        "{",
        '{"lab":',
        "“",
        "|",
        "```\n",
        "<!--",
        "Ã©",
        "\t\u00a0",
    ],
)
def test_hostile_texts_are_refused_quickly(piece):
    """A hundred thousand repetitions of a piece, alone or before a record that breaks off, are refused quickly."""
    for text in (piece * 100_000, piece * 100_000 + '\n{"schema": 3, "entries": {'):
        with pytest.raises(LedgerError):
            record_in(text.encode())


@given(st.binary(max_size=400) | st.text(max_size=200))
def test_any_input_is_a_record_or_refused(data):
    """Any input gives a record or a LedgerError."""
    with contextlib.suppress(LedgerError):
        record_in(data)


@given(st.data())
def test_a_damaged_report_gives_a_valid_record_or_an_error(data):
    """If any piece is cut out or replaced, the result is a valid record or a refusal."""
    text = report_markdown(ledger())
    start = data.draw(st.integers(0, len(text) - 1))
    length = data.draw(st.integers(1, 40))
    replacement = data.draw(st.sampled_from(["", "\n", " ", "”", "> ", "\u00a0", '"', "\\"]))
    with contextlib.suppress(LedgerError):
        restored = record_in((text[:start] + replacement + text[start + length :]).encode())
        assert isinstance(restored.ledger, Ledger) and set(restored.ledger.record) <= {
            "schema",
            "lab",
            "reader",
            "student",
            "entries",
        }
