"""Read the text of a report as units: headings, paragraphs, list items and rows of tables, each with its place.

It reads Markdown after any formatter, and HTML as any browser saves it.
"""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from dataselect_core.ledger.fold import folded, words

LINE_PREFIX = re.compile(r"^[>\s]*(?:[-*+•◦▪·]\s+(?=\S))?")
HEADING = re.compile(r"^[>\s]*#{1,6}\s+(.*?)\s*#*\s*$")
RULE = re.compile(r"^[>\s]*(?:=+|-{2,}|\*{3,}|_{3,})\s*$")
TABLE_RULE = re.compile(r"^[>\s]*\|?(?:\s*:?-+:?\s*\|)+\s*(?::?-+:?\s*)?$")
CELL = re.compile(r"(?<!\\)\|")
LABEL = re.compile(r"^[>\s]*(?:All captured figures|Constraint check|Main figures|The same numbers|Plot):")
BLOCK_TAGS = frozenset(
    [
        "p",
        "li",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "tr",
        "blockquote",
        "caption",
        "div",
        "br",
        "table",
        "pre",
        "section",
        "article",
        "main",
        "ul",
        "ol",
        "hr",
        "thead",
        "tbody",
    ]
)
HIDDEN_TAGS = frozenset(("script", "style", "title", "template", "noscript"))
MAX_JOINED = 400  # lines of one row that a mail program has wrapped


@dataclass(frozen=True)
class Unit:
    """One heading, paragraph, list item or row.

    Attributes
    ----------
    cells : tuple of tuple of str
        Its words, cell by cell; one cell if it is not a row.
    section : str
        The heading above it.
    line : int
        Line in the report, from 1.
    heading : bool
    """

    cells: tuple[Any, ...]
    section: str
    line: int
    heading: bool = False

    @property
    def words(self) -> Any:
        """All words."""
        return tuple(word for cell in self.cells for word in cell)

    @property
    def key(self) -> Any:
        """A key that is the same for two units with the same text."""
        return " ".join(map(folded, self.words))

    @property
    def text(self) -> str:
        """The text as shown."""
        return " ".join(self.words)


def markdown_units(text: str) -> list[Unit]:
    """The units of a report in Markdown, quoted by mail or not: list of `Unit`."""
    units, section, first_line, lines = [], "", 0, []

    def close():
        nonlocal lines
        if lines:
            joined = " ".join(lines)
            row = "\t" in joined.strip() or joined.lstrip().startswith("|")
            cells = re.split(r"\t", joined) if "\t" in joined else CELL.split(joined)
            _add(units, cells if row else [joined], section, first_line)
        lines = []

    for number, line in enumerate(text.split("\n"), 1):
        heading = HEADING.match(line)
        if heading or RULE.match(line) or TABLE_RULE.match(line):
            underlined = RULE.match(line) and lines and not lines[0].lstrip().startswith("|")
            title = heading[1] if heading else " ".join(lines) if underlined else ""
            if underlined:
                lines = []
            close()
            if title:
                section = " ".join(words(title))
                _add(units, [title], section, number, heading=True)
            continue
        lead = LINE_PREFIX.match(line)[0]
        rest = line[len(lead) :].rstrip()
        row = rest.startswith("|")
        # A wrapped row continues until the bar that ends it.
        unended = (
            lines
            and lines[0].startswith("|")
            and not re.search(r"(?<!\\)\|$", lines[-1])
            and len(lines) < MAX_JOINED
        )
        if (
            not rest
            or (lead.strip(" >\t") and not unended)
            or (row and not unended)
            or LABEL.match(line)
            or (lines and lines[0].startswith("|") and not unended)
        ):
            close()
        if rest:
            if not lines:
                first_line = number
            lines.append(rest)
    close()
    return units


def _add(units, cells, section, line, heading=False):
    cells = tuple(tuple(words(cell)) for cell in cells)
    cells = tuple(cell for cell in cells if cell) if len(cells) > 1 else cells
    if any(cells):
        units.append(Unit(cells, section, line, heading))


class _PageParser(HTMLParser):
    def __init__(self):
        super().__init__()
        self.units, self.section, self.hidden_depth, self.figure = [], "", 0, False
        self.cells, self.line, self.heading = [""], 1, False
        self.level, self.drop = 0, False  # drop: the table under a figure

    def handle_starttag(self, tag, attrs):
        if tag in HIDDEN_TAGS or tag == "figure":
            self.flush()
            self.hidden_depth += 1
        elif tag in ("td", "th"):
            if any(self.cells):
                self.cells.append("")
        elif tag in BLOCK_TAGS:
            self.flush()
            self.heading = re.fullmatch("h[1-6]", tag) is not None
            self.level = int(tag[1]) if self.heading else 0

    def handle_endtag(self, tag):
        if tag in HIDDEN_TAGS or tag == "figure":
            self.hidden_depth = max(0, self.hidden_depth - 1)
            self.figure = self.figure or tag == "figure"
            return
        if tag in BLOCK_TAGS:
            self.flush()
            self.heading = False
        if tag == "table":
            self.drop = self.figure = False

    def handle_data(self, data):
        if not self.hidden_depth:
            if not any(self.cells) and data.strip():
                self.line = self.getpos()[0] + len(data[: len(data) - len(data.lstrip())].split("\n")) - 1
            self.cells[-1] += data

    def flush(self):
        cells, self.cells = self.cells, [""]
        if not any(cell.strip() for cell in cells):
            return
        if self.figure:  # the block right under a figure is its table, or something else
            self.figure, self.drop = False, "".join(cells).strip() == "The same numbers"
        if self.drop:
            return
        # A blank line within a quotation ends a paragraph there too.
        parts = cells if len(cells) > 1 else [cells[0]]
        if self.heading and self.level < 3:
            self.section = " ".join(words(parts[0]))
        _add(self.units, parts, self.section, self.line, self.heading)


def html_units(text: str) -> list[Unit]:
    """The units of a report in HTML, without its figures and the tables under them: list of `Unit`."""
    parser = _PageParser()
    parser.feed(text)
    parser.close()
    parser.flush()
    return parser.units
