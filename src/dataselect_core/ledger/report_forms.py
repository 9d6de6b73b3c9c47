"""The two forms of a report, Markdown and HTML: how each kind of block is written, and the page around them."""

import html
import re

from dataselect_core.facts import load


def inline(text: object) -> str:
    """Text with the marks of Markdown escaped."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", str(text)).replace("\n", " ")


def _cells(cells):
    return "| " + " | ".join(map(inline, cells)) + " |"


def _markdown_table(content):
    title, head, rows = content
    return [f"{inline(title)}:", "", _cells(head), "|" + "---|" * len(head), *map(_cells, rows)]


def _markdown_quote(content):
    label, text = content
    return [f"{label}:", "", *(f"> {inline(line)}" for line in text.splitlines())]


def _markdown_plot(plot):
    text = [f"Plot: {inline(plot['title'])}", ""]
    if plot.get("summary"):
        text += [inline(plot["summary"]), ""]
    return text + (
        _markdown_table(("The same numbers", plot["columns"], plot["rows"])) if plot.get("rows") else []
    )


def _html_table(content):
    title, head, rows = content
    cells = "".join(f"<th scope='col'>{html.escape(cell)}</th>" for cell in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    caption = f"<caption>{html.escape(title)}</caption>"
    return f"<table>{caption}<thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table>"


def _html_quote(content):
    label, text = content
    return f"<h3>{html.escape(label)}</h3><blockquote>{html.escape(text)}</blockquote>"


def _html_plot(plot):
    title = html.escape(plot["title"])
    picture = f'<img alt="{title}" src="data:image/png;base64,{plot["png"]}">' if plot.get("png") else ""
    summary = f" {html.escape(plot['summary'])}" if plot.get("summary") else ""
    table = _html_table(("The same numbers", plot["columns"], plot["rows"])) if plot.get("rows") else ""
    return f"<figure>{picture}<figcaption><b>{title}</b>{summary}</figcaption></figure>{table}"


MARKDOWN = {
    "label": lambda text: [f"### {inline(text)}"],
    "text": lambda text: [inline(text)],
    "quote": _markdown_quote,
    "table": _markdown_table,
    "plot": _markdown_plot,
}
HTML = {
    "label": lambda text: f"<h3>{html.escape(text)}</h3>",
    "text": lambda text: f"<p>{html.escape(text)}</p>",
    "quote": _html_quote,
    "table": _html_table,
    "plot": _html_plot,
}
COLOURS = load("colours")["light"] | load("colours")["report"]
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Data Selection lab: report</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: {ink} }}
table {{ border-collapse: collapse; width: 100%; font-size: .85rem; margin: 0 0 1.2rem; overflow-wrap: break-word }}
caption {{ text-align: left; font-weight: 600; padding: .3rem 0 }} tr {{ break-inside: avoid }}
td, th {{ border: 1px solid {rule}; padding: .2rem .5rem; text-align: left; vertical-align: top }}
blockquote {{ border-left: 3px solid {blue}; margin: 0 0 1rem; padding-left: 1rem; white-space: pre-wrap }}
figure {{ margin: 0 0 1rem; break-inside: avoid }} img {{ max-width: 100%; border: 1px solid {line} }}
h2 {{ border-top: 2px solid {blue}; padding-top: .6rem; margin-top: 2rem }} h2, h3, caption {{ break-after: avoid }}
h3 {{ font-size: 1rem; margin: 1rem 0 .3rem }} summary h2 {{ display: inline-block; border: 0 }}
@media print {{ body {{ margin: 0; font-size: 11px }} }}
</style></head><body><main>
{body}
</main>
<script type="application/json" id="ledger">{record}</script>
</body></html>
"""
