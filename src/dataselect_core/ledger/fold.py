"""Fold away the changes that editors, mail programs and formatters make to a text without changing its content.

Words and figures are kept. White space, quotation marks, dashes, ellipses, invisible characters, the two ways to write
an accented letter (Unicode's NFC), and the marks of Markdown are folded. Signs such as ≤ and ² are never folded,
because another sign changes the statement.
"""

import html
import re
import unicodedata
from collections.abc import Iterable

MARKS = str.maketrans("", "", "\\*_`#[]|")
ASCII_SIGNS = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″〝〞", '"'),
        **dict.fromkeys("‘’‚‛‹›′", "'"),
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        "…": "...",
    }
)
LOST_LETTERS = re.compile(r"[?\ufffd]+")


def words(text: str) -> list[str]:
    """The words of a text without marks, otherwise unchanged: list of str."""
    text = html.unescape(unicodedata.normalize("NFC", text)).translate(MARKS)
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cf").split()


def folded(word: str) -> str:
    """A word in the form in which it is compared."""
    return re.sub("-{2,3}", "-", word.translate(ASCII_SIGNS))


def squeezed(parts: Iterable[str]) -> str:
    """Words as one text without white space, except between figures: for texts that were wrapped within a word."""
    return re.sub(r"(?<!\d)\s+|\s+(?!\d)", "", " ".join(parts))


def mangled(found: str, expected: str) -> bool:
    """Whether a text is another one with some letters lost: to question marks, or to a wrong code page.

    Parameters
    ----------
    found, expected : str
    """
    if found == expected or not (LOST_LETTERS.search(found) or any(ord(letter) > 127 for letter in found)):
        return False
    pattern = ""
    for run in re.findall(r"[^\x00-\x7f]+|[\x00-\x7f]+", expected):
        if ord(run[0]) < 128:
            pattern += re.escape(run)
            continue
        variants = {run, "[?\ufffd]+"}
        for page in ("cp1252", "latin-1", "cp437"):  # those that Python in the browser has
            variants.add(re.escape(run.encode().decode(page, "replace")))
        pattern += f"(?:{'|'.join(sorted(variants))})"
    return re.fullmatch(pattern, found) is not None


def lookalike_note(found: str, expected: str) -> str:
    """The difference between two texts that look alike, in words; empty if anyone can see it.

    Returns
    -------
    str
        Such as "“а” is U+0430 CYRILLIC SMALL LETTER A".
    """
    if len(found) != len(expected):
        return ""
    pairs = [(a, b) for a, b in zip(found, expected, strict=True) if a != b]
    if not pairs or any(ord(a) < 128 and ord(b) < 128 for a, b in pairs):
        return ""
    lookalikes = dict.fromkeys(letter for pair in pairs for letter in pair if ord(letter) > 127)
    return ", ".join(
        f"“{letter}” is U+{ord(letter):04X} {unicodedata.name(letter, 'without a name')}"
        for letter in list(lookalikes)[:4]
    )
