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
Q = f"[{QUOTES}]"
START = re.compile(rf"\{{[\s>]*{Q}(?:entries|schema|lab|reader|student){Q}\s*:")
KEY = re.compile(rf"{Q}[^{QUOTES}\n]{{0,200}}?{Q}\s*:")
CURLY = re.compile(r"[“”„‟«»″＂]\s*:")
BETWEEN = re.compile(r"[\s\u200b\ufeff\u2060]+")
PLAIN = re.compile(r"[-+.\w]+")
NEXT = re.compile(rf"\s*(?:,\s*(?:{Q}|[\[{{\d-]|true|false|null)|[\]}}])")
NEXT_KEY = re.compile(rf"\s*(?:,\s*{KEY.pattern}|\}})")
PAGE = re.compile(r"<(?:!doctype\s+html|html|body|div|p|pre|br|span)\b[^>]{0,1000}>", re.IGNORECASE)
UNSPACED = re.compile("[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]")
NO_TEXT = (
    (b"%PDF", "is a PDF, which carries no record"),
    (b"{\\rtf", "is a text in RTF, in which the record is lost"),
    (b"\x89PNG", "is a picture"),
    (b"\xff\xd8\xff", "is a picture"),
    (b"GIF8", "is a picture"),
    (b"\xd0\xcf\x11\xe0", "is a document of an old word processor, in which the record is lost"),
)
MOST_STARTS = 20


@dataclass(frozen=True)
class Found:
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


def record_in(data: bytes | str) -> Found:
    """The record in a report, in any form in which people hand it in.

    Parameters
    ----------
    data : bytes or str
        A file (Markdown, HTML, JSON, a mail's text), or its text.

    Returns
    -------
    Found

    Raises
    ------
    LedgerError
        If there is no record, or it cannot be restored safely; the message says what was found, and what to send.
    """
    notes = []
    if isinstance(data, (bytes, bytearray)):
        if len(data) > MOST_REPORT_BYTES:
            raise LedgerError("the report is larger than any of this lab")
        for begins, what in NO_TEXT:
            if data.startswith(begins):
                raise LedgerError(f"{what}: {SEND}")
        data, how = text_of(bytes(data))
        notes += [how] if how else []
    text = data.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    ledger = _as_written(text)
    if ledger is None:
        ledger, more = _restored(text)
        notes += more
    _check_letters(ledger)
    return Found(ledger, text, tuple(notes))


def script_in(text: str) -> str | None:
    """Content of the last script of a page that has the record, or None; it reads each letter once."""
    found, at = None, 0
    while begins := SCRIPT.search(text, at):
        ends = END.search(text, begins.end())
        if ends is None:
            break
        found, at = text[begins.end() : ends.start()], ends.end()
    return found


def _fenced(text):
    """Content of the last fenced block that has the record, or None."""
    text, found, at = f"\n{text}\n", None, 0
    while (begins := text.find(FENCE, at)) >= 0:
        ends = text.find(FENCE_END, begins + len(FENCE) - 1)
        if ends < 0:
            break
        found, at = text[begins + len(FENCE) : ends], ends
    return found


def _as_written(text):
    """The Ledger if the record is unchanged since the lab wrote it, else None."""
    if text.lstrip().startswith("{"):
        given = text.strip()
    else:
        given = script_in(text)
        if given is None:
            given = _fenced(text)
        if given is None:
            return None
    try:
        return Ledger.from_text(given)
    except LedgerError as error:
        if str(error) != "the record is not JSON":
            raise
    return None


def _restored(text):
    """(Ledger, notes); raises LedgerError."""
    page = PAGE.search(text) is not None
    source = text
    if page:
        script = script_in(text)
        source = _shown(text) if script is None else html.unescape(script)
    result = _last(source)
    if isinstance(result, LedgerError):
        if str(result) == "the record is not JSON":
            raise LedgerError(f"its record was changed on the way, and cannot be read; {SEND}")
        raise result
    if result is not None:
        return result
    if "Data Selection lab: report" in text and page:
        raise LedgerError(
            "has the text of a report and no record, since a program on the way has taken its script out: hand in the"
            " Markdown or JSON file, or the page in a zip"
        )
    if "Data Selection lab: report" in text:
        raise LedgerError(f"has the text of a report and no record, which stood at its end: {SEND}")
    if text.lstrip()[:1] in ("{", "["):
        raise LedgerError("the record is not JSON")
    raise LedgerError("this is no report of the lab: it carries no record")


def _last(source):
    """(Ledger, notes) of the last record in a text, the error that it gave, or None if nothing looks like one.

    A place inside another record is part of that record; the reader's own text comes before the record.
    """
    result, end = None, -1
    for match in list(START.finditer(source))[-MOST_STARTS:]:
        line = source.count("\n", 0, match.start())
        if line <= end:
            continue
        reader = _Restorer(source, match.start())
        try:
            made, notes = reader.run()
            result = Ledger.from_text(made), notes
            end = line + reader.text.count("\n", 0, reader.at)
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


def _shown(text):
    page = _Text()
    page.feed(text)
    page.close()
    return "".join(page.parts)


class _Restorer:
    """Reads JSON that was quoted, wrapped, or given other quotation marks and blanks, and writes it as JSON.

    In a record with curly quotation marks, a mark ends a text only if the lab's own format continues after it (a comma
    and the next key, or a closing bracket): marks within a text are unchanged.
    """

    def __init__(self, text, start):
        line = text.rfind("\n", 0, start) + 1
        depth = text.count(">", line, start)
        rest = text[start:]
        if depth and re.fullmatch(r"[>\s]*", text[line:start]):
            rest = re.sub(rf"^[ \t]?(?:>[ \t]?){{1,{depth}}}", "", rest, flags=re.MULTILINE)
        self.text, self.at, self.made, self.stack = rest, 0, [], []
        self.curly = CURLY.search(rest) is not None
        self.notes = {}
        if depth:
            self.notes["quotation by mail undone"] = True
        if self.curly:
            self.notes["curly quotation marks undone"] = True

    def run(self):
        """(JSON text, list of notes)."""
        text, key = self.text, False
        while self.at < len(text):
            letter = text[self.at]
            between = BETWEEN.match(text, self.at)
            if between:
                if not between[0].isascii():
                    self.notes["no-break spaces undone"] = True
                self.made.append(" ")
                self.at = between.end()
            elif letter in "{[":
                self.stack.append(letter)
                self._take()
                key = letter == "{"
            elif letter in "}]":
                if not self.stack:
                    break
                self.stack.pop()
                self._take()
                if not self.stack:
                    return "".join(self.made), list(self.notes)
                key = False
            elif letter in ",:":
                self._take()
                key = letter == "," and self.stack[-1:] == ["{"]
            elif letter in QUOTES:
                self._string(key)
            else:
                plain = PLAIN.match(text, self.at)
                if plain is None:
                    raise LedgerError("the record is not JSON")
                self.made.append(plain[0])
                self.at = plain.end()
        raise LedgerError(
            f"its record breaks off before its end (mail programs and forms cut long texts short): {SEND}"
        )

    def _take(self):
        self.made.append(self.text[self.at])
        self.at += 1

    def _string(self, key):
        text, made = self.text, ['"']
        self.at += 1
        while self.at < len(text):
            letter = text[self.at]
            if letter == "\\":
                following = text[self.at + 1 : self.at + 2]
                made.append('\\"' if following in QUOTES and following else letter + following)
                self.at += 2
            elif letter == "\n":
                self._wrapped(made)
            elif letter in QUOTES and self._ends(letter, key):
                self.at += 1
                self.made.append("".join(made) + '"')
                return
            else:
                made.append('\\"' if letter == '"' else "" if letter < " " else letter)
                self.at += 1
        raise LedgerError(f"its record breaks off within a text: {SEND}")

    def _ends(self, letter, key):
        if not self.curly:
            return letter == '"'
        if key:
            return re.compile(r"\s*:").match(self.text, self.at + 1) is not None
        form = NEXT_KEY if self.stack[-1:] == ["{"] else NEXT
        return form.match(self.text, self.at + 1) is not None

    def _wrapped(self, made):
        """Join a line end within a text: a mail program has wrapped it at a blank, which it kept or dropped."""
        self.notes["wrapped lines joined"] = True
        while self.at < len(self.text) and self.text[self.at] in "\n \t":
            self.at += 1
        before, after = made[-1][-1:], self.text[self.at : self.at + 1]
        if before not in ("", " ") and not (UNSPACED.match(before) and UNSPACED.match(after)):
            made.append(" ")


def _check_letters(ledger):
    """Raise LedgerError if letters of the record were lost or broken on the way."""
    for text in _texts(ledger.record):
        if text.isascii():
            continue
        if "\ufffd" in text:
            raise LedgerError(
                f"letters of its record were lost on the way (“{_piece(text, chr(0xFFFD))}”): {SEND}"
            )
        broken = misread(text)
        if broken:
            raise LedgerError(
                f"letters of its record were broken on the way (“{_piece(text, broken)}”): a program has read UTF-8 in"
                f" another code page; {SEND}"
            )


def _piece(text, part):
    at = text.index(part)
    return " ".join(text[max(0, at - 15) : at + 15].split())


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
