r"""Convert the Markdown of the lab to HTML: CommonMark with tables, raw HTML, and the lab's additions.

\( \)  \[ \]                    LaTeX, written as MathML
{{path|format}}                a number the shell fills in when Python reports it
{{N:path|format}}              in the synthesis: a number of the evidence captured in part N
{{native.path|format}}         a number computed natively, written at build time
{{track.path|format}}          a figure of the text's track, from facts/tracks.json
{{path|choice}}                the reader's choice at the lock of the part, in the words of the choice
{{path|label}}                 an option of a control, in the words of the control: "least confidence"
{{track.path|format|NAME}}     the same for a limit: if the link of a class sets NAME, the shell shows that instead
::: when CASE ... :::          a block the shell shows when Python reports that case
{.name data-key="value"}       alone on a line: attributes of the block below it
"""

import re
from functools import lru_cache

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markupsafe import Markup
from mdit_py_plugins.attrs import attrs_block_plugin
from mdit_py_plugins.container import container_plugin

from tools.figures_in_text import figure
from tools.page_error import PageError

PAIRS = {"\\(": "\\)", "\\[": "\\]", "{{": "}}"}  # how a formula or a number begins and ends
CASE = re.compile(r" when ([a-z_-]+)")
UNCLOSED = "a block '::: when CASE' is not closed by a line ':::' (or the other way)"


def render(text, name, static_values=None):
    """A text as HTML.

    Parameters
    ----------
    text : str
    name : str
        The file, for messages.
    static_values : dict, optional
        The tables `native` and `track`.

    Returns
    -------
    Markup

    Raises
    ------
    PageError
        A number, a format or a formula is wrong, or something is not closed.
    """
    if "{{" not in text:
        return _without_numbers(text, name)
    return Markup(_reader().render(text, {"file": name, "values": static_values or {}}))


@lru_cache(maxsize=1024)  # most of a page is the same in the next build of a development server
def _without_numbers(text, name):
    return Markup(_reader().render(text, {"file": name, "values": {}}))


def inline(text, name, static_values=None):
    """Like `render`, for one line of text without a paragraph around it."""
    return Markup(_reader().renderInline(text, {"file": name, "values": static_values or {}}))


def formula(latex, display="inline"):
    """LaTeX as MathML; `display` is "inline" or "block"."""
    return Markup(convert(latex.strip(), display=display))


def split(text, mark, name):
    """The sections of a text that begin with a heading of level `mark`: heading -> text."""
    pieces = re.split(rf"^{mark} (.+)$", text, flags=re.MULTILINE)
    if pieces[0].strip():
        raise PageError(f"{name}: text before the first heading {mark!r}")
    return {title.strip(): body for title, body in zip(pieces[1::2], pieces[2::2], strict=True)}


@lru_cache(maxsize=1)
def _reader():
    reader = MarkdownIt("commonmark", {"xhtmlOut": False}).enable("table")
    reader.use(attrs_block_plugin)
    reader.use(container_plugin, "when", validate=lambda words, _: bool(CASE.fullmatch(words)))
    paragraphs_end = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    reader.block.ruler.after("container_when", "stray_container", _stray_container, paragraphs_end)
    reader.core.ruler.before("block", "figures_in_tables", _protect_bars)
    reader.core.ruler.after("block", "when_closed", _check_containers)
    reader.core.ruler.after("inline", "no_numbers_in_html", _check_html)
    reader.inline.ruler.before("escape", "between_marks", _between_marks)
    reader.add_render_rule("container_when_open", _open_container)
    reader.add_render_rule("between_marks", _write_between_marks)
    reader.add_render_rule("table_open", lambda *_: '<div class="scroll"><table>\n')
    reader.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return reader


# -- formulas and numbers ------------------------------------------------------------------------------


def _protect_bars(state):
    """Put a backslash before the bars of a number in a table, so that they do not divide cells."""

    def row(line):
        return re.sub(r"\{\{.*?\}\}", lambda number: number[0].replace("|", "\\|"), line[0])

    state.src = re.sub(r"^\|.*$", row, state.src, flags=re.MULTILINE)


def _between_marks(state, silent):
    """The inline rule for formulas and numbers."""
    mark = state.src[state.pos : state.pos + 2]
    if mark not in PAIRS and mark not in PAIRS.values():
        return False
    end = state.src.find(PAIRS[mark], state.pos + 2) if mark in PAIRS else -1
    if end < 0 or (mark == "{{" and mark in state.src[state.pos + 2 : end]):
        raise PageError(f"{state.env['file']}: {mark} without its other half")
    if not silent:
        token = state.push("between_marks", "", 0)
        token.content, token.markup = state.src[state.pos + 2 : end], mark
    state.pos = end + 2
    return True


def _write_between_marks(_renderer, tokens, index, _options, env):
    token = tokens[index]
    if token.markup != "{{":
        return str(formula(token.content, "inline" if token.markup == "\\(" else "block"))
    try:
        return figure(token.content, env["values"])
    except PageError as error:
        raise PageError(f"{env['file']}: {error}") from None


def _check_html(state):
    """Refuse a number inside raw HTML, which is written unchanged: it would never be filled in."""
    for token in (item for block in state.tokens for item in (block, *(block.children or ()))):
        if token.type in ("html_block", "html_inline") and "{{" in token.content:
            line = token.content.strip().splitlines()[0]
            raise PageError(f"{state.env['file']}: a number inside raw HTML, which begins with {line}")


# -- blocks for a case ---------------------------------------------------------------------------------


def _stray_container(state, line, _last, _silent):
    """The block rule for three colons that open and close nothing."""
    begin = state.bMarks[line] + state.tShift[line]
    if state.src.startswith(":::", begin):
        raise PageError(f"{state.env['file']}: {UNCLOSED}")
    return False


def _check_containers(state):
    """Refuse an unclosed block, which the plugin would close at the end of the block around it."""
    lines = state.src.split("\n")
    ends = [token.map[1] for token in state.tokens if token.type == "container_when_open"]
    closed = all(end < len(lines) and lines[end].strip() == ":::" for end in ends)
    if not closed or len(set(ends)) < len(ends):
        raise PageError(f"{state.env['file']}: {UNCLOSED}")


def _open_container(_renderer, tokens, index, _options, _env):
    return f'<div data-when="{CASE.fullmatch(tokens[index].info)[1]}" hidden>\n'
