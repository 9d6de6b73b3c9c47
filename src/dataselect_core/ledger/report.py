"""The report that a reader hands in: everything in the record, what is missing, and the record itself.

The decision and its reason come first, then prediction and measurement, evidence, checks and reflection. The figures in
full and the record's number are folded at the end (`FULL`).

Markdown and HTML contain the whole record as JSON, so that a report can be checked from the file alone.
"""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from dataselect_core.figures.active_learning import prediction
from dataselect_core.ledger.constraints import Constraint, constraints
from dataselect_core.ledger.record import MOST_REPORT_BYTES, Ledger, LedgerError
from dataselect_core.ledger.report_forms import COLOURS, HTML, MARKDOWN, PAGE, inline
from dataselect_core.ledger.runtime import described
from dataselect_core.settings import LIMITS, PARTS, SETTINGS
from dataselect_core.tracks import track as track_of

SYNTHESIS = {
    "decision": "Final strategy",
    "alternative": "Rejected alternative",
    "overturn": "What would overturn it",
    "risk": "Remaining risk",
}
FULL = "Figures in full"
"""The heading of what is folded: every captured figure, how it was computed, and the number of the record."""
DECISION = {
    "decision": "Decision",
    "alternative": "Rejected alternative",
    "overturn": "What would overturn it",
    "risk": "Remaining risk",
}
SAMPLES = {"fewer": "fewer samples", "same": "about as many samples", "more": "more samples"}
CHECK = re.compile(r"check\.([a-z0-9_-]+)\.(value|limit)")
UNIT = re.compile(r"\{([\w.]+)\}")
FENCE = re.compile(r"^```json ledger\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SCRIPT = re.compile(r'<script type="application/json" id="ledger">(.*?)</script>', re.DOTALL)


def report_markdown(
    ledger: Ledger, lines: Mapping[str, Any] | None = None, plots: Sequence[Mapping[str, Any]] = ()
) -> str:
    """The report as Markdown.

    Parameters
    ----------
    ledger : Ledger
    lines : dict of str to sequence of (str, str, str), optional
        Part -> label, path and format of the main figures, as the page names them; {path} in a label is the unit
        of that figure.
    plots : sequence of dict, optional
        What a plot shows in words and numbers: `title`, and if known `place` ("cloud/1"), `summary`,
        `columns`, `rows` (texts).

    Returns
    -------
    str
        Ends with the record in a fenced block named `json ledger`.
    """
    text = ["# Data Selection lab: report", ""]
    text += [f"- {label}: {inline(value)}" for label, value in _head(ledger)] + [""]
    for title, blocks in [*sections(ledger, lines, plots), (FULL, in_full(ledger))]:
        text += [f"## {title}", ""]
        for kind, content in blocks:
            text += [*MARKDOWN[kind](content), ""]
    text += [
        "## Record",
        "",
        "The record below is what a check of this report reads.",
        "",
        "```json ledger",
        ledger.to_text(),
        "```",
        "",
    ]
    return "\n".join(text)


def report_html(ledger: Ledger, pictures: Sequence[Any] = (), lines: Mapping[str, Any] | None = None) -> str:
    """The report as one HTML page that prints well and needs no other files.

    Parameters
    ----------
    ledger : Ledger
    pictures : sequence of (str, str) or of dict
        Title and PNG as base64 of each plot; or `title`, `png` and the values that `report_markdown` takes for a plot.
    lines : dict, optional
        As for `report_markdown`.

    Returns
    -------
    str
    """
    plots = [
        {"title": picture[0], "png": picture[1]} if isinstance(picture, (tuple, list)) else picture
        for picture in pictures
    ]
    for plot in plots:
        if not isinstance(plot, dict) or not isinstance(plot.get("title"), str):
            raise TypeError("pictures must be pairs of a title and a PNG, or have a title")
        if not re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", plot.get("png", "")):
            raise ValueError("pictures must be base64")
    body = ["<h1>Data Selection lab: report</h1>", "<ul>"]
    body += [f"<li>{label}: {html.escape(text)}</li>" for label, text in _head(ledger)] + ["</ul>"]
    for title, blocks in sections(ledger, lines, plots):
        body.append(f"<h2>{html.escape(title)}</h2>")
        body += [HTML[kind](content) for kind, content in blocks]
    body += [f"<details><summary><h2>{FULL}</h2></summary>"]
    body += [*(HTML[kind](content) for kind, content in in_full(ledger)), "</details>"]
    record = ledger.to_text().replace("<", "\\u003c")
    return PAGE.format(body="\n".join(body), record=record, **COLOURS)


def ledger_text(report: str) -> str:
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
        If it has none of the three forms.
    """
    if len(report) > MOST_REPORT_BYTES:
        raise LedgerError("the report is larger than any report of this lab")
    report = report.removeprefix("\ufeff").replace("\r\n", "\n")
    if report.lstrip().startswith("{"):
        return report
    for pattern in (SCRIPT, FENCE):
        records = pattern.findall(report)
        if records:
            return records[-1]
    raise LedgerError("this is not a report of the lab: it contains no record")


def sections(
    ledger: Ledger, lines: Mapping[str, Any] | None = None, plots: Sequence[Mapping[str, Any]] = ()
) -> list[tuple[str, list[Any]]]:
    """The content of a report: [(title, [(kind, content)])], kinds `text`, `quote`, `table`, `plot`.

    One section for each part of every track that the reader began, which also names what is missing, and one for the
    synthesis of the track. Plots that belong to none of these places come last.
    """
    result: list[tuple[str, list[Any]]] = []
    unplaced = {plot["place"] for plot in plots if plot.get("place")}
    places = [(track, part) for track, part in ledger.places()]
    for track in dict.fromkeys(track for track, _ in places):
        title = track_of(track).title
        answers = [(label, ledger.get(track, "synthesis", name)) for name, label in SYNTHESIS.items()]
        result.append(
            (
                f"{title}: synthesis",
                [
                    ("quote", (label, text)) if text else ("text", f"{label}: missing.")
                    for label, text in answers
                ],
            )
        )
        for part, name in PARTS.items():
            if (track, part) in places:
                blocks = _part(ledger, track, part, (lines or {}).get(part, ()))
                blocks += [("plot", plot) for plot in plots if plot.get("place") == f"{track}/{part}"]
                unplaced.discard(f"{track}/{part}")
            else:
                blocks = [("text", "Missing: not begun.")]
            result.append((f"{title}, Part {part}: {name}", blocks))
    if not result:
        result.append(("Nothing recorded", [("text", "No prediction has been committed yet.")]))
    remaining = [plot for plot in plots if not plot.get("place") or plot["place"] in unplaced]
    if remaining:
        result.append(("Plots", [("plot", plot) for plot in remaining]))
    return result


def in_full(ledger: Ledger) -> list[tuple[str, Any]]:
    """What is folded at the end of a report: each evidence with every figure, and the record's number.

    Its blocks are those of `sections`, and `label`, a small heading.
    """
    blocks: list[tuple[str, Any]] = []
    for track, part in ledger.places():
        evidence = ledger.get(track, part, "evidence")
        if evidence:
            blocks.append(("label", f"{track_of(track).title}, Part {part}"))
            blocks += _provenance(evidence)
            blocks += _all_figures(evidence)
    return [*blocks, ("text", f"Reader: {ledger.record['reader']}")]


def _head(ledger):
    record = ledger.record
    head = [("Lab", f"Data Selection lab {record['lab']}, record schema {record['schema']}")]
    if record.get("student"):
        head.append(("Student", record["student"]))
    link = record["entries"].get("class", {}).get("value")
    if isinstance(link, dict):
        head.append(("Link of the class", _class_link(link)))
    return head


def _class_link(link):
    """The settings of a class link, in the words of the page."""
    items = [str(link["name"])] if link.get("name") else []
    for name, (words, form) in {
        "seed": ("seed", "number"),
        **{n: (limit.said, limit.format) for n, limit in LIMITS.items()},
    }.items():
        if link.get(name) is not None:
            items.append(f"{words} {shown(link[name], form)}")
    return ", ".join(items)


def _part(ledger, track, part, lines):
    blocks: list[tuple[str, Any]] = []
    blocks += _quotes(ledger, track, part, DECISION)
    missing = ledger.missing(track, part)
    if missing:
        blocks.append(("text", f"Missing: {', '.join(missing)}."))
    blocks += _predictions(ledger, track, part)
    evidence = ledger.get(track, part, "evidence")
    if evidence:
        blocks += _evidence(ledger, track, part, evidence, lines)
    blocks += _quotes(ledger, track, part, {"reflection": "Reflection"})
    seconds = ledger.get(track, part, "seconds")
    if isinstance(seconds, (int, float)) and seconds >= 30:
        blocks.append(("text", f"Time with this part in view: {round(seconds / 60)} min."))
    return blocks


def _quotes(ledger, track, part, labels):
    texts = [(label, ledger.get(track, part, name)) for name, label in labels.items()]
    return [("quote", (label, text)) for label, text in texts if text]


def _predictions(ledger, track, part):
    blocks, entries = [], ledger.record["entries"]
    for key in sorted(entries):
        value = entries[key]["value"]
        if key.startswith(f"{track}/{part}/prediction") and value:
            reason = f", because: {value['why']}" if value.get("why") else ""
            name = key.rsplit("/", 1)[-1].removeprefix("prediction").strip("-")
            label = f"Prediction ({name})" if name else "Prediction"
            time = value.get("locked_at") or "at an unknown time"
            blocks.append(
                ("text", f"{label}, locked {time}: {value.get('said') or value.get('value')}{reason}.")
            )
    return blocks


def _evidence(ledger, track, part, evidence, lines):
    blocks: list[tuple[str, Any]] = []
    values = evidence.get("values", {})
    comparison = _comparison(values)
    if comparison:
        blocks.append(("text", comparison))
    settings = settings_text(part, evidence.get("settings", {}))
    if settings:
        blocks.append(("text", f"Settings: {settings}."))
    assumptions = evidence.get("assumptions")
    if assumptions:
        blocks.append(("text", f"Assumptions changed: {_by_name(assumptions)}."))
    changed = [
        name
        for name in ("settings", "assumptions")
        if (ledger.get(track, part, name, evidence.get(name)) or {}) != (evidence.get(name) or {})
    ]
    if changed:
        blocks.append(
            ("text", f"Stale: the {' and the '.join(changed)} have changed since this was captured.")
        )
    main_figures = [
        [_figure_label(label, values), shown(values[path].get("value"), form), values[path]["kind"]]
        for label, path, form in lines
        if path in values
    ]
    if main_figures:
        blocks.append(("table", ("Main figures", ["Figure", "Value", "Kind"], main_figures)))
    known, status = constraints(track, part), _status(values, evidence.get("cases", []))
    if status:
        shown_constraints = {
            name: known.get(name, Constraint(name, name, "", "number", "")) for name in status
        }
        rows = [
            _constraint(
                constraint,
                *(values.get(f"check.{name}.{end}", {}) for end in ("value", "limit")),
                status[name],
            )
            for name, constraint in shown_constraints.items()
        ]
        blocks.append(
            ("table", ("Constraint check", ["Constraint", "Value", "Limit", "Unit", "Status"], rows))
        )
        binding = _binding(values, status)
        if binding:
            blocks.append(("text", f"Binding constraint: {shown_constraints[binding].title}."))
    return blocks


def _by_name(numbers):
    # Sorted by name: the record has no fixed order, and the same record must give the same report.
    return ", ".join(f"{name} {item}" for name, item in sorted(numbers.items()))


def _provenance(evidence):
    """When, with which settings and by what the figures were computed, as the record has it."""
    time, settings = evidence.get("at") or "at an unknown time", _by_name(evidence.get("settings", {}))
    engine = described(evidence.get("engine"), evidence.get("lab"))
    return [("text", f"Evidence captured {time} with {settings}."), ("text", f"Computed by {engine}.")]


def settings_text(part: str, settings: Mapping[str, Any]) -> str:
    """The controls of a part and the limits of its class in words, as the page has them: "Corpus Licence texts, …"."""
    words = []
    for name, setting in SETTINGS[part].items():
        value = settings.get(name)
        if value is None or (name in ("bands", "rows") and settings.get("banding") == "auto"):
            continue
        label = (setting.options or {}).get(value)
        if label is None:
            whole = isinstance(value, (int, float)) and value == int(value)
            label = shown(value, "integer" if whole else "fixed")
        words.append(f"{setting.label} {label}")
    words += [
        f"{limit.said} {shown(settings[name], limit.format)}"
        for name, limit in LIMITS.items()
        if limit.part == part and settings.get(name) is not None
    ]
    return ", ".join(words)


def _figure_label(label, values):
    """The label of a figure: "{removed.words} removed" takes the unit of that figure, as in "Pixels removed"."""
    words = UNIT.sub(lambda match: values.get(match[1], {}).get("unit") or "content", label)
    return words[:1].upper() + words[1:]


def _all_figures(evidence):
    if not evidence:
        return []
    rows = [
        [path, _figure(value.get("value")), value.get("unit", ""), value["kind"], value.get("source", "")]
        for path, value in evidence.get("values", {}).items()
    ]
    return [("table", ("All captured figures", ["Figure", "Value", "Unit", "Kind", "Source"], rows))]


def _comparison(values):
    """The prediction next to the measurement, if the figures have both."""
    predicted_path, measured_path = "reveal.prediction", "reveal.measured"
    expected, measured = (values.get(path, {}).get("value") for path in (predicted_path, measured_path))
    if not all(isinstance(value, (int, float)) for value in (expected, measured)):
        return _factors(
            *(
                values.get(path, {}).get("value")
                for path in ("reveal.direction", "reveal.factor", "own.ratio")
            )
        )
    gap, unit = abs(measured - expected), values[measured_path].get("unit", "")
    difference = f"{gap:.4g} {unit}" if unit else f"{100 * gap:.1f} percentage points"
    predicted_text, measured_text = _with_unit(values[predicted_path]), _with_unit(values[measured_path])
    return f"Predicted {predicted_text}, measured {measured_text}: a gap of {difference}."


def _factors(direction, factor, measured):
    """The same for a direction and a factor: a factor in the other direction does not count as close."""
    if direction not in SAMPLES or not all(
        isinstance(value, (int, float)) and value > 0 for value in (factor, measured)
    ):
        return ""
    measured_direction, predicted = prediction.direction(measured), prediction.ratio(direction, factor)
    verdict = "right" if measured_direction == direction else "wrong"
    distance = shown(prediction.apart(predicted, measured), "number")
    predicted_text = _direction_text(direction, factor)
    measured_text = _direction_text(measured_direction, max(measured, 1 / measured))
    return (
        f"Predicted {predicted_text}, measured {measured_text}: the direction is"
        f" {verdict}. As labels of random sampling ÷ labels of uncertainty sampling that is"
        f" {shown(predicted, 'number')} predicted and {shown(measured, 'number')} measured, {distance} times apart."
    )


def _direction_text(direction, factor):
    return SAMPLES[direction] + ("" if direction == "same" else f" by a factor of {shown(factor, 'number')}")


def _binding(values, statuses):
    """The constraint that is missed by most, in shares of its limit; if none is missed, the nearest to its limit."""
    distance = {}
    for name, status in statuses.items():
        value, limit = (values.get(f"check.{name}.{end}", {}).get("value") for end in ("value", "limit"))
        if all(isinstance(number, (int, float)) for number in (value, limit)) and status != "–":
            distance[name] = (
                status == "met",
                (-1 if status == "not met" else 1) * abs(value - limit) / (abs(limit) or 1),
            )
    return min(distance, key=distance.__getitem__, default="")


def _status(values, cases):
    """The status of every constraint that the figures name as check.NAME.value and .limit: NAME -> words."""
    names = dict.fromkeys(match[1] for match in map(CHECK.fullmatch, values) if match)
    return {
        name: "met" if f"{name}-ok" in cases else "not met" if f"{name}-fails" in cases else "–"
        for name in names
    }


def _constraint(constraint, value, limit, status):
    """A row of the constraint check."""
    return [
        constraint.title,
        shown(value.get("value"), constraint.format),
        f"{constraint.sign} {shown(limit.get('value'), constraint.format)}".strip(),
        constraint.unit,
        status,
    ]


def _with_unit(figure):
    """A predicted or measured figure with few digits and its unit; a figure without a unit is a share."""
    unit = figure.get("unit", "")
    return f"{shown(figure['value'], 'number')} {unit}" if unit else shown(figure["value"], "percent")


def shown(value: Any, form: str) -> str:
    """A figure as the page shows it, with few digits: `form` as percent, dollars, integer, …"""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return _figure(value)
    if form == "dollars":
        return _dollars(value)
    if form == "percent":
        text = f"{100 * value:,.1f} %"
    elif form == "integer":
        text = f"{value:,.0f}"
    else:
        text = f"{value:,.3f}" if form == "fixed" else f"{value:.4g}"
    return "−" + text[1:] if text.startswith("-") else text


def _dollars(value):
    sign, size = "−" if value < 0 else "", abs(value)
    for scale, word in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if size >= scale:
            digits = f"{float(f'{size / scale:.3g}'):,.2f}".rstrip("0").rstrip(".")
            return f"{sign}${digits} {word}"
    return f"{sign}${size:,.0f}" if size >= 100 else f"{sign}${size:,.2f}".removesuffix(".00")


def _figure(value):
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
