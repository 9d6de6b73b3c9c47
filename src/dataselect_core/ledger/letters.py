"""Read bytes as text, but only if there is one way to read their letters.

A file in an old code page does not state which one: the same byte is ø in Windows-1252 and ř in Windows-1250. Such a
file is read if every code page that gives plausible words gives the same words; otherwise it is refused, with advice.
Nothing is read with broken letters.
"""

import codecs
import re
import unicodedata

from dataselect_core.ledger.record import LedgerError

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
CODE_PAGES = {
    "cp1252": "Windows-1252 (Western Europe)",
    "cp1250": "Windows-1250 (Central Europe)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1257": "Windows-1257 (Baltic)",
    "mac_roman": "Mac Roman",
    "cp850": "the code page of DOS",
    "gb18030": "GB 18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "shift_jis": "Shift JIS (Japanese)",
    "euc_jp": "EUC-JP (Japanese)",
    "euc_kr": "EUC-KR (Korean)",
}
CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,30})", re.IGNORECASE)
SEND = "hand in the file that the lab’s page gave out, unopened, as an attachment or in a zip"
MARKS = frozenset("’‘“”„‚«»‹›–—…")
"""Signs that may touch letters on both sides."""
WORD = re.compile(r"(?:[^\W\d_]|[^\x00-\x7f])+")
MAX_DOUBTFUL = 2  # places where a letter and the quotation marks after it could be one letter in UTF-8
MISREAD = re.compile(r"[\u0080-\uffff]{2,}")


def text_of(data: bytes) -> tuple[str, str]:
    """The text of a file.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    (str, str)
        The text, and a note on how it was read if that was unusual, or an empty text.

    Raises
    ------
    LedgerError
        If it is not text, or its letters can be read in more than one way.
    """
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return _decode(
                data[len(mark) :], encoding
            ), "" if encoding == "utf-8" else f"read as {encoding.upper()}"
    head = data[:4000]
    if b"\0" in head:
        even, odd = head[::2].count(0), head[1::2].count(0)
        if min(even, odd) * 4 > max(even, odd) or max(even, odd) * 10 < len(head):
            raise LedgerError(f"is not text: {SEND}")
        encoding = "utf-16-le" if odd > even else "utf-16-be"
        text = _decode(data, encoding)
        if not _is_printable(text):
            raise LedgerError(f"is not text: {SEND}")
        return text, f"read as {encoding.upper()}"
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError:
        pass
    declared = CHARSET.search(data[:4096])
    if declared and declared[1].lower() not in (b"utf-8", b"utf8"):
        encoding = declared[1].decode("ascii")
        try:
            if codecs.lookup(encoding).name != "utf-8":
                return _decode(data, encoding), f"read as {encoding}, as the page declares"
        except LookupError:
            pass
    return _by_code_page(data)


def _decode(data, encoding):
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError, ValueError):
        raise LedgerError(f"is damaged: its bytes are not text in {encoding.upper()}; {SEND}") from None


def _by_code_page(data):
    readings = {}
    for encoding in CODE_PAGES:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        except LookupError:  # Python in the browser has few code pages, so no reading can be ruled out
            raise LedgerError(f"is not text in UTF-8: {SEND}") from None
        if _is_plausible(text):
            readings.setdefault(text, encoding)
    if len(readings) == 1:
        ((text, encoding),) = readings.items()
        return text, f"read as {CODE_PAGES[encoding]}"
    if not readings:
        raise LedgerError(f"is not text in UTF-8: {SEND}")
    (first, first_page), (second, second_page), *_ = readings.items()
    examples = ", ".join(
        f"{CODE_PAGES[page]} reads “{_first_difference(reading, other_reading)}”"
        for page, reading, other_reading in ((first_page, first, second), (second_page, second, first))
    )
    raise LedgerError(f"is not text in UTF-8, and its letters can be read in two ways: {examples}; {SEND}")


def _first_difference(reading, other_reading):
    """The first word that is different in another reading of the same file."""
    words, other_words = ([match[0] for match in WORD.finditer(text)] for text in (reading, other_reading))
    for word, other_word in zip(words, other_words, strict=False):
        if word != other_word:
            return word[:40]
    return reading[:40]


def _is_plausible(text):
    """Whether every word with letters other than a to z is one that a person writes."""
    return _is_printable(text) and all(
        map(_is_plausible_word, {match[0] for match in WORD.finditer(text) if not match[0].isascii()})
    )


def _is_printable(text):
    """Whether a text has no characters that never occur in a text."""
    return not any(
        unicodedata.category(letter) in ("Cc", "Co", "Cn") for letter in set(text) - set("\t\n\r\f\v")
    )


def _is_plausible_word(word):
    scripts, previous = set(), ""
    core = word.strip("".join(letter for letter in set(word) if not letter.isalpha()))
    for letter in core:
        if unicodedata.category(letter)[0] not in "LM":
            if letter not in MARKS:
                return False
            scripts.clear()
        else:
            scripts.add(unicodedata.name(letter, "?").split()[0])
            if len(scripts) > 1 and scripts != {"CJK", "HIRAGANA"} and not scripts <= _JAPANESE:
                return False
            if previous.islower() and letter.isupper() and not (previous + letter).isascii():
                return False
        previous = letter
    return True


_JAPANESE = {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}


def misread(text: str) -> str:
    """A place where UTF-8 was read in another code page and saved again, such as “Ã©”; empty if there is none."""
    doubtful = []
    for match in MISREAD.finditer(text):
        raw = b"".join(map(_byte, match[0]))
        for start in range(len(raw)):
            for end in range(start + 2, min(start + 4, len(raw)) + 1):
                try:
                    letter = raw[start:end].decode("utf-8")
                except UnicodeDecodeError:
                    continue
                if len(letter) == 1 and unicodedata.category(letter)[0] in "LPS" and ord(letter) > 159:
                    piece = match[0][start:end]
                    if not set(piece[1:]) <= MARKS:  # as in “É”, where a person may have written both
                        return piece
                    doubtful.append(piece)
    return doubtful[0] if len(doubtful) > MAX_DOUBTFUL else ""


def _byte(letter):
    for page in ("cp1252", "latin-1"):
        try:
            return letter.encode(page)
        except UnicodeEncodeError:
            pass
    return b"\xff"  # a byte that UTF-8 never has
