"""The report that a reader hands in: everything the record holds, what is missing, and the record itself.

Markdown and HTML carry the whole record as JSON, so that a report can be checked from the file alone.
"""

import html
import json
import re

from .record import MOST_BYTES, Ledger, LedgerError
from .tracks import track as track_of

PARTS = {"1": "The Deduplication Audit", "2": "Active Learning ROI", "3": "The Domain Gap Synthesis"}
SYNTHESIS = {"decision": "Final strategy", "alternative": "Rejected alternative",
             "overturn": "What would overturn it", "risk": "Remaining risk"}
FENCE = re.compile(r"^```json ledger\n(.*?)^```$", re.S | re.M)
SCRIPT = re.compile(r'<script type="application/json" id="ledger">(.*?)</script>', re.S)


def report_markdown(ledger):
    """The report as Markdown.

    Parameters
    ----------
    ledger : Ledger

    Returns
    -------
    str
        Ends with the record in a fenced block named `json ledger`.
    """
    lines = ["# Data Selection lab: report", ""]
    lines += [f"- {label}: {_inline(text)}" for label, text in _head(ledger)] + [""]
    for title, blocks in sections(ledger):
        lines += [f"## {title}", ""]
        for kind, content in blocks:
            lines += [*_MARKDOWN[kind](content), ""]
    lines += ["## Record", "", "The record below is what a check of this report reads.", "",
              "```json ledger", ledger.to_text(), "```", ""]
    return "\n".join(lines)


def report_html(ledger, pictures=()):
    """The report as one HTML page that prints well and needs nothing else.

    Parameters
    ----------
    ledger : Ledger
    pictures : sequence of (str, str)
        Title and PNG as base64, of the plots.

    Returns
    -------
    str
    """
    body = ["<h1>Data Selection lab: report</h1>", "<ul>"]
    body += [f"<li>{label}: {html.escape(text)}</li>" for label, text in _head(ledger)] + ["</ul>"]
    for title, blocks in sections(ledger):
        body.append(f"<h2>{html.escape(title)}</h2>")
        body += [_HTML[kind](content) for kind, content in blocks]
    for title, png in pictures:
        if not re.fullmatch(r"[A-Za-z0-9+/=]+", png):
            raise ValueError("pictures must be base64")
        body.append(f'<figure><img alt="{html.escape(title)}" src="data:image/png;base64,{png}">'
                    f"<figcaption>{html.escape(title)}</figcaption></figure>")
    record = ledger.to_text().replace("<", "\\u003c")
    return _PAGE.format(body="\n".join(body), record=record)


def ledger_text(report):
    """The record inside a report, whatever its form: JSON, Markdown or HTML.

    Parameters
    ----------
    report : str

    Returns
    -------
    str
        JSON text, for `Ledger.from_text`.

    Raises
    ------
    LedgerError
        None of the three.
    """
    if len(report) > 20 * MOST_BYTES:
        raise LedgerError("the report is larger than any of this lab")
    if report.lstrip().startswith("{"):
        return report
    for pattern in (SCRIPT, FENCE):
        found = pattern.findall(report)
        if found:
            return found[-1]
    raise LedgerError("this is no report of the lab: it carries no record")


def sections(ledger):
    """What a report says: [(title, [(kind, content)])], kinds `text`, `quote`, `table`.

    One section for each part the reader began, and one for the synthesis of a track; what is missing is named.
    """
    found = []
    for track, part in ledger.places():
        found.append((f"{track_of(track).title}, Part {part}: {PARTS[part]}", _part(ledger, track, part)))
    for track in dict.fromkeys(track for track, _ in ledger.places()):
        written = [(label, ledger.get(track, "synthesis", name)) for name, label in SYNTHESIS.items()]
        blocks = [("text", f"{label}: {'' if text else 'missing.'}") if not text else ("quote", (label, text))
                  for label, text in written]
        found.append((f"{track_of(track).title}: synthesis", blocks))
    if not found:
        found.append(("Nothing recorded", [("text", "No prediction has been committed yet.")]))
    return found


def _head(ledger):
    record = ledger.record
    head = [("Lab", f"Data Selection lab {record['lab']}, record schema {record['schema']}")]
    if record.get("student"):
        head.append(("Student", record["student"]))
    return [*head, ("Reader", record["reader"])]


def _part(ledger, track, part):
    blocks = []
    missing = ledger.missing(track, part)
    if missing:
        blocks.append(("text", f"Missing: {', '.join(missing)}."))
    entries = ledger.record["entries"]
    for key in sorted(entries):
        if key.startswith(f"{track}/{part}/prediction") and entries[key]["value"]:
            value = entries[key]["value"]
            because = f", because: {value['why']}" if value.get("why") else ""
            name = key.rsplit("/", 1)[-1].removeprefix("prediction").strip("-")
            label = f"Prediction ({name})" if name else "Prediction"
            blocks.append(("text", f"{label}, locked {value.get('locked_at') or 'at an unknown time'}: "
                                   f"{value.get('said') or value.get('value')}{because}."))
    evidence = ledger.get(track, part, "evidence")
    if evidence:
        settings = ", ".join(f"{name} {item}" for name, item in evidence.get("settings", {}).items())
        blocks.append(("text", f"Evidence captured {evidence.get('at') or 'at an unknown time'} with {settings}."))
        if evidence.get("cases"):
            blocks.append(("text", f"Status: {', '.join(evidence['cases'])}."))
        rows = [[path, _figure(value.get("value")), value.get("unit", ""), value["kind"], value.get("source", "")]
                for path, value in evidence.get("values", {}).items()]
        blocks.append(("table", (["Figure", "Value", "Unit", "Kind", "Source"], rows)))
    for name, label in (("reflection", "Reflection"), ("decision", "Decision")):
        text = ledger.get(track, part, name)
        if text:
            blocks.append(("quote", (label, text)))
    return blocks


def _figure(value):
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _inline(text):
    """Text that stays text in Markdown."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", str(text)).replace("\n", " ")


def _markdown_table(content):
    head, rows = content
    line = "| " + " | ".join(head) + " |"
    return [line, "|" + "---|" * len(head), *("| " + " | ".join(_inline(cell) for cell in row) + " |" for row in rows)]


def _markdown_quote(content):
    label, text = content
    return [f"{label}:", "", *(f"> {_inline(line)}" for line in text.splitlines())]


def _html_table(content):
    head, rows = content
    cells = "".join(f"<th scope='col'>{html.escape(cell)}</th>" for cell in head)
    lines = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table>"


def _html_quote(content):
    label, text = content
    return f"<p>{html.escape(label)}:</p><blockquote>{html.escape(text)}</blockquote>"


_MARKDOWN = {"text": lambda text: [_inline(text)], "quote": _markdown_quote, "table": _markdown_table}
_HTML = {"text": lambda text: f"<p>{html.escape(text)}</p>", "quote": _html_quote, "table": _html_table}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Data Selection lab: report</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #0F172A }}
table {{ border-collapse: collapse; width: 100%; font-size: .85rem }} td, th {{ border: 1px solid #CBD5E1; padding: .2rem .5rem; text-align: left }}
blockquote {{ border-left: 3px solid #006395; margin: 0; padding-left: 1rem; white-space: pre-wrap }}
img {{ max-width: 100% }} h2 {{ break-after: avoid }}
</style></head><body>
{body}
<script type="application/json" id="ledger">{record}</script>
</body></html>
"""
