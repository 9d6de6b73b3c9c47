"""Make word_characters.json, which has the kind of each character for the rule for words, from Unicode 14.0.

Run as `python tools/word_table.py` with a Python whose `unicodedata` is that version (3.11); `--check` only compares.
The core reads the file instead of `unicodedata`, so that every Python cuts a text into the same words. Version 14.0
belongs to the oldest Python that the core runs on: each later version has all of its characters, and maps them to lower
case and to NFC in the same way (Unicode's stability policies; see tests/core/test_words.py).
"""

import json
import sys
import unicodedata
from itertools import groupby
from pathlib import Path

VERSION = "14.0.0"
TARGET = Path(__file__).resolve().parent.parent / "src" / "dataselect_core" / "word_characters.json"
SEPARATOR, LETTER, MARK, ALONE, UNASSIGNED = range(5)
# Scripts written without spaces: every letter with its marks is a separate word.
WITHOUT_SPACES = (
    (0x0E00, 0x0EFF, "Thai, Lao"),
    (0x0F00, 0x0FFF, "Tibetan"),
    (0x1000, 0x109F, "Myanmar"),
    (0x1780, 0x17FF, "Khmer"),
    (0x19E0, 0x19FF, "Khmer symbols"),
    (0x3005, 0x3007, "ideographic marks and zero"),
    (0x3021, 0x3029, "Hangzhou numerals"),
    (0x3038, 0x303B, "Hangzhou numerals, ideographic iteration mark"),
    (0x3040, 0x30FF, "Hiragana, Katakana"),
    (0x31F0, 0x31FF, "Katakana phonetic extensions"),
    (0x3400, 0x4DBF, "Han, extension A"),
    (0x4E00, 0x9FFF, "Han"),
    (0xA9E0, 0xA9FF, "Myanmar extended B"),
    (0xAA60, 0xAA7F, "Myanmar extended A"),
    (0xF900, 0xFAFF, "Han, compatibility"),
    (0xFF66, 0xFF9F, "Katakana, halfwidth"),
    (0x1B000, 0x1B16F, "Kana supplement and extensions"),
    (0x20000, 0x323AF, "Han, extensions B and later"),
)


def kind(code):
    """The kind of a character: one of the five above."""
    category = unicodedata.category(chr(code))
    if category == "Cn":
        return UNASSIGNED
    if category[0] == "M":
        return MARK
    if category[0] not in "LN":
        return SEPARATOR
    return ALONE if any(first <= code <= last for first, last, _ in WITHOUT_SPACES) else LETTER


def table():
    """The file's text."""
    runs = [(number, sum(1 for _ in run)) for number, run in groupby(map(kind, range(sys.maxunicode + 1)))]
    head = {
        "what": "What each Unicode character is to the rule for words, in the order of their numbers.",
        "unicode": VERSION,
        "source": "General categories of the Unicode Character Database, as Python's unicodedata has them",
        "made_by": "tools/word_table.py",
        "kinds": ["separator", "letter or number", "mark", "a word of its own", "unassigned"],
        "without_spaces": [[f"{first:04X}", f"{last:04X}", name] for first, last, name in WITHOUT_SPACES],
    }
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    for name, column in zip(("run_kinds", "run_lengths"), zip(*runs, strict=True), strict=True):
        lines.append(f" {json.dumps(name)}: {json.dumps(column, separators=(',', ':'))}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main(arguments):
    """Write the file, or compare it with --check; return the exit status."""
    if unicodedata.unidata_version != VERSION:
        print(
            f"This Python has Unicode {unicodedata.unidata_version}; the table is made from {VERSION} (3.11)."
        )
        return 2
    if arguments != ["--check"]:
        TARGET.write_text(table(), encoding="utf-8")
    elif TARGET.read_text("utf-8") != table():
        print(f"{TARGET.name} is not what this script makes.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
