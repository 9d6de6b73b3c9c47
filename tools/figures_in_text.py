"""The numbers that a text names: a place for a number that Python will report, or a number known at build time."""

import html

from tools.number_formats import FORMATS, format_number
from tools.page_error import PageError

CHOICE = "choice"  # not a number: the reader's choice at a lock
LABEL = "label"  # not a number: an option of a control, as in the control's list
PENDING = "–"
STATIC = ("native.", "track.")


def figure(words, static_values):
    """The part of a text between {{ and }}, as HTML.

    Parameters
    ----------
    words : str
        "path|format|limit"; without a format it is "number".
    static_values : dict
        The tables `native` and `track`.

    Raises
    ------
    PageError
        There is no such format, or no such number.
    """
    path, form, limit = (*words.strip().split("|", 2), "", "")[:3]
    if path.startswith(STATIC):
        return static(path, form or "number", static_values, limit)
    return output(path, form or "number")


def output(path, form):
    """The place of a number that Python reports."""
    if form not in (*FORMATS, CHOICE, LABEL):
        raise PageError(f"{{{{{path}|{form}}}}}: format must be one of {', '.join(FORMATS)}")
    part, mark, name = path.partition(":")
    attributes = (
        f'data-figure="{part}" data-path="{html.escape(name)}"'
        if mark
        else f'data-value="{html.escape(path)}"'
    )
    return f'<output {attributes} aria-live="off" data-format="{form}">{PENDING}</output>'


def lookup(path, values):
    """The value at a dotted `path` of nested dictionaries."""
    value = values
    for name in path.split("."):
        if not isinstance(value, dict):
            raise PageError(f"{path}: {name!r} is not inside a table")
        if name not in value:
            known = ", ".join(sorted(map(str, value)))
            raise PageError(f"{path}: there is no {name!r} (known: {known})")
        value = value[name]
    return value


def static(path, form, static_values, limit=""):
    """A number known at build time, with its kind; `limit` is the name by which the link of a class replaces it."""
    value, kind = lookup(path, static_values), "measured" if path.startswith("native.") else "modelled"
    if isinstance(value, dict):
        value, kind = value["value"], value.get("kind", kind)
    if isinstance(value, str):
        return html.escape(value)
    replaced = f' data-limit="{html.escape(limit)}" data-format="{html.escape(form)}"' if limit else ""
    text = html.escape(format_number(value, form))
    return f'<span class="figure" data-kind="{kind}"{replaced}>{text}</span>'
