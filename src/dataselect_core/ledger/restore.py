"""Find the record in a report that was changed on its way: saved again, quoted, wrapped, with other quotation marks.

A record is restored only if there is one way to do so: the result has to be JSON, and a record of the lab that passes
every check of `record`. Otherwise the error says what was found and which form to send instead.
"""

import html
import re
from dataclasses import dataclass
from html.parser import HTMLParser

from dataselect_core.ledger.letters import SEND, misread, text_of
from dataselect_core.ledger.record import MOST_REPORT_BYTES, Ledger, LedgerError

SCRIPT = re.compile(r"<script\b(?=[^>]{0,500}\bid\s*=\s*[\"']?ledger\b)[^>]{0,1000}>", re.IGNORECASE)
"""The beginning of the record in a page, as the lab writes it, and as browsers and editors rewrite it."""
END = re.compile(r"</script", re.IGNORECASE)
FENCE, FENCE_END = "\n```json ledger\n", "\n```\n"
QUOTES = '"“”„‟«»″＂'
QUOTE = f"[{QUOTES}]"
START = re.compile(rf"\{{[\s>]*{QUOTE}(?:entries|schema|lab|reader|student){QUOTE}\s*:")
KEY = re.compile(rf"{QUOTE}[^{QUOTES}\n]{{0,200}}?{QUOTE}\s*:")
CURLY = re.compile(r"[“”„‟«»″＂]\s*:")
BETWEEN = re.compile(r"[\s\u200b\ufeff\u2060]+")
PLAIN = re.compile(r"[-+.\w]+")
NEXT_VALUE = re.compile(rf"\s*(?:,\s*(?:{QUOTE}|[\[{{\d-]|true|false|null)|[\]}}])")
NEXT_KEY = re.compile(rf"\s*(?:,\s*{KEY.pattern}|\}})")
PAGE = re.compile(r"<(?:!doctype\s+html|html|body|div|p|pre|br|span)\b[^>]{0,1000}>", re.IGNORECASE)
UNSPACED_LETTER = re.compile("[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]")
OTHER_FORMATS = (
    (b"%PDF", "is a PDF, which contains no record"),
    (b"{\\rtf", "is a text in RTF, in which the record is lost"),
    (b"\x89PNG", "is a picture"),
    (b"\xff\xd8\xff", "is a picture"),
    (b"GIF8", "is a picture"),
    (b"\xd0\xcf\x11\xe0", "is a document of an old word processor, in which the record is lost"),
)
HALF_LETTER = re.compile("[\ud800-\udfff]")
"""Half of a letter outside Unicode's first plane, which no file can contain."""
MAX_STARTS = 20


@dataclass(frozen=True)
class RestoredRecord:
    """A record and what it was found in.

    Attributes
    ----------
    ledger : Ledger
    text : str
        The whole text, as it was read.
    notes : tuple of str
        What was restored, in words; empty if nothing had to be restored.
    """

    ledger: Ledger
    text: str
    notes: tuple = ()


def record_in(data: bytes | str) -> RestoredRecord:
    """The record in a report, in any form in which people hand it in.

    Parameters
    ----------
    data : bytes or str
        A file (Markdown, HTML, JSON, a mail's text), or its text.

    Returns
    -------
    RestoredRecord

    Raises
    ------
    LedgerError
        If there is no record, or it cannot be restored safely; the message says what was found, and what to send.
    """
    notes = []
    if isinstance(data, (bytes, bytearray)):
        if len(data) > MOST_REPORT_BYTES:
            raise LedgerError("the report is larger than any report of this lab")
        for prefix, description in OTHER_FORMATS:
            if data.startswith(prefix):
                raise LedgerError(f"{description}: {SEND}")
        data, note = text_of(bytes(data))
        notes += [note] if note else []
    text = data.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    ledger = _read_unchanged(text)
    if ledger is None:
        ledger, restored_notes = _restore(text)
        notes += restored_notes
    _check_letters(ledger)
    return RestoredRecord(ledger, text, tuple(notes))


def script_in(text: str) -> str | None:
    """Content of the last script of a page that has the record, or None; it reads each letter once."""
    content, position = None, 0
    while start := SCRIPT.search(text, position):
        end = END.search(text, start.end())
        if end is None:
            break
        content, position = text[start.end() : end.start()], end.end()
    return content


def _fenced_record(text):
    """Content of the last fenced block that has the record, or None."""
    text, content, position = f"\n{text}\n", None, 0
    while (start := text.find(FENCE, position)) >= 0:
        end = text.find(FENCE_END, start + len(FENCE) - 1)
        if end < 0:
            break
        content, position = text[start + len(FENCE) : end], end
    return content


def _read_unchanged(text):
    """The Ledger if the record is unchanged since the lab wrote it, else None."""
    if text.lstrip().startswith("{"):
        content = text.strip()
    else:
        content = script_in(text)
        if content is None:
            content = _fenced_record(text)
        if content is None:
            return None
    try:
        return Ledger.from_text(content)
    except LedgerError as error:
        if str(error) != "the record is not JSON":
            raise
    return None


def _restore(text):
    """(Ledger, notes); raises LedgerError."""
    page = PAGE.search(text) is not None
    source = text
    if page:
        script = script_in(text)
        source = _visible_text(text) if script is None else html.unescape(script)
    result = _last_record(source)
    if isinstance(result, LedgerError):
        if str(result) == "the record is not JSON":
            raise LedgerError(f"its record was changed on the way, and cannot be read; {SEND}")
        raise result
    if result is not None:
        return result
    if "Data Selection lab: report" in text and page:
        raise LedgerError(
            "has the text of a report but no record, because a program on the way removed its script: hand in the"
            " Markdown or JSON file, or the page in a zip"
        )
    if "Data Selection lab: report" in text:
        raise LedgerError(f"has the text of a report but no record, which was at its end: {SEND}")
    if text.lstrip()[:1] in ("{", "["):
        raise LedgerError("the record is not JSON")
    raise LedgerError("this is not a report of the lab: it contains no record")


def _last_record(source):
    """(Ledger, notes) of the last record in a text, the error that it gave, or None if nothing looks like one.

    A place inside another record is part of that record; the reader's own text comes before the record.
    """
    result, end = None, -1
    for match in list(START.finditer(source))[-MAX_STARTS:]:
        line = source.count("\n", 0, match.start())
        if line <= end:
            continue
        restorer = _Restorer(source, match.start())
        try:
            json_text, notes = restorer.run()
            result = Ledger.from_text(json_text), notes
            end = line + restorer.text.count("\n", 0, restorer.position)
        except LedgerError as error:
            result = result if isinstance(result, LedgerError) else error
            end = line
    return result


class _Text(HTMLParser):
    """The visible text of a page, with the line ends of its blocks."""

    def __init__(self):
        super().__init__()
        self.parts, self.hidden = [], 0

    def handle_starttag(self, tag, attrs):
        if tag in ("style", "head", "script"):
            self.hidden += tag != "head"
        elif tag in ("br", "p", "div", "li", "tr", "pre", "blockquote"):
            self.parts.append("\n")

    def handle_endtag(self, tag):
        if tag in ("style", "script"):
            self.hidden = max(0, self.hidden - 1)
        elif tag in ("p", "div", "li", "pre"):
            self.parts.append("\n")

    def handle_data(self, data):
        if not self.hidden:
            self.parts.append(data)


def _visible_text(text):
    parser = _Text()
    parser.feed(text)
    parser.close()
    return "".join(parser.parts)


class _Restorer:
    """Reads JSON that was quoted, wrapped, or given other quotation marks and blanks, and writes it as JSON.

    In a record with curly quotation marks, a mark ends a text only if the lab's own format continues after it (a comma
    and the next key, or a closing bracket): marks within a text are unchanged.
    """

    def __init__(self, text, start):
        line = text.rfind("\n", 0, start) + 1
        depth = text.count(">", line, start)
        record = text[start:]
        if depth and re.fullmatch(r"[>\s]*", text[line:start]):
            record = re.sub(rf"^[ \t]?(?:>[ \t]?){{1,{depth}}}", "", record, flags=re.MULTILINE)
        self.text, self.position, self.output, self.brackets = record, 0, [], []
        self.has_curly_quotes = CURLY.search(record) is not None
        self.notes = {}
        if depth:
            self.notes["quotation by mail undone"] = True
        if self.has_curly_quotes:
            self.notes["curly quotation marks undone"] = True

    def run(self):
        """(JSON text, list of notes)."""
        text, key = self.text, False
        while self.position < len(text):
            letter = text[self.position]
            between = BETWEEN.match(text, self.position)
            if between:
                if not between[0].isascii():
                    self.notes["no-break spaces undone"] = True
                self.output.append(" ")
                self.position = between.end()
            elif letter in "{[":
                self.brackets.append(letter)
                self._take()
                key = letter == "{"
            elif letter in "}]":
                if not self.brackets:
                    break
                self.brackets.pop()
                self._take()
                if not self.brackets:
                    return "".join(self.output), list(self.notes)
                key = False
            elif letter in ",:":
                self._take()
                key = letter == "," and self.brackets[-1:] == ["{"]
            elif letter in QUOTES:
                self._string(key)
            else:
                plain = PLAIN.match(text, self.position)
                if plain is None:
                    raise LedgerError("the record is not JSON")
                self.output.append(plain[0])
                self.position = plain.end()
        raise LedgerError(
            f"its record breaks off before its end (mail programs and forms cut long texts short): {SEND}"
        )

    def _take(self):
        self.output.append(self.text[self.position])
        self.position += 1

    def _string(self, key):
        text, letters = self.text, ['"']
        self.position += 1
        while self.position < len(text):
            letter = text[self.position]
            if letter == "\\":
                next_letter = text[self.position + 1 : self.position + 2]
                letters.append('\\"' if next_letter in QUOTES and next_letter else letter + next_letter)
                self.position += 2
            elif letter == "\n":
                self._join_wrapped(letters)
            elif letter in QUOTES and self._is_end(letter, key):
                self.position += 1
                self.output.append("".join(letters) + '"')
                return
            else:
                letters.append('\\"' if letter == '"' else "" if letter < " " else letter)
                self.position += 1
        raise LedgerError(f"its record breaks off within a text: {SEND}")

    def _is_end(self, letter, key):
        if not self.has_curly_quotes:
            return letter == '"'
        if key:
            return re.compile(r"\s*:").match(self.text, self.position + 1) is not None
        form = NEXT_KEY if self.brackets[-1:] == ["{"] else NEXT_VALUE
        return form.match(self.text, self.position + 1) is not None

    def _join_wrapped(self, letters):
        """Join a line end within a text: a mail program has wrapped it at a blank, which it kept or dropped."""
        self.notes["wrapped lines joined"] = True
        while self.position < len(self.text) and self.text[self.position] in "\n \t":
            self.position += 1
        last, first = letters[-1][-1:], self.text[self.position : self.position + 1]
        if last not in ("", " ") and not (UNSPACED_LETTER.match(last) and UNSPACED_LETTER.match(first)):
            letters.append(" ")


def _check_letters(ledger):
    """Raise LedgerError if letters of the record were lost or broken on the way."""
    for text in _texts(ledger.record):
        if text.isascii():
            continue
        if HALF_LETTER.search(text):
            raise LedgerError(f"a letter of its record was cut in half on the way: {SEND}")
        if "\ufffd" in text:
            raise LedgerError(
                f"letters of its record were lost on the way (“{_excerpt(text, chr(0xFFFD))}”): {SEND}"
            )
        broken = misread(text)
        if broken:
            raise LedgerError(
                f"letters of its record were broken on the way (“{_excerpt(text, broken)}”): a program read UTF-8 in"
                f" another code page; {SEND}"
            )


def _excerpt(text, part):
    index = text.index(part)
    return " ".join(text[max(0, index - 15) : index + 15].split())


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
