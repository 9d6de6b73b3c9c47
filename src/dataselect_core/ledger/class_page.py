"""The class page: what students predicted, found and handed in, for a teacher who prepares the next lecture.

It is one HTML file without scripts, pictures or external resources.
"""

import html
import statistics
from collections import Counter
from collections.abc import Sequence

from dataselect_core import __version__
from dataselect_core.facts import load
from dataselect_core.ledger.check import PARTS
from dataselect_core.ledger.constraints import constraints
from dataselect_core.ledger.record import TRACKS
from dataselect_core.ledger.report import COLOURS, shown
from dataselect_core.ledger.runtime import described, engine
from dataselect_core.ledger.submissions import AGREES, DISAGREES, NOT_COMPARED, Outcome, Student
from dataselect_core.ledger.summary import LEGEND, causes, difference
from dataselect_core.settings import PARTS as TITLES
from dataselect_core.tracks import track as track_of

VERDICTS = (AGREES, DISAGREES, NOT_COMPARED)
WIDTH, HEIGHT, EDGE, DOT = 320, 44, 8, 3
BINS = 60  # places of a strip at which dots are stacked
MAX_SHOWN = 12  # differences of one student


def class_page(students: Sequence[Student], loose: Sequence[Outcome]) -> str:
    """The class page, as HTML.

    Parameters
    ----------
    students : list of submissions.Student
        With the checks of their figures.
    loose : list of submissions.Outcome
        Files that belong to no student.

    Returns
    -------
    str
    """
    counts = Counter(student.verdict for student in students)
    body = [
        "<h1>Data Selection lab: the class</h1>",
        f"<p>{len(students)} {'student' if len(students) == 1 else 'students'}: "
        + ", ".join(f"{counts[verdict]} {_verdict(verdict)}" for verdict in VERDICTS)
        + f". {LEGEND}</p>",
        "<h2>Students</h2>",
        _table(
            "Every student once, with the verdict and what is pointed out",
            ("Student", "Verdict", "Handed in", "What differs, or could not be compared", "Pointed out"),
            [_row(student) for student in students],
        ),
    ]
    places = [
        (track, part)
        for track in TRACKS
        for part in PARTS
        if any(student.ledger and (track, part) in student.ledger.places() for student in students)
    ]
    for place in places:
        body += _part(students, *place)
    passed_over = [*(outcome for student in students for outcome in student.others), *loose]
    rows = [("/".join(outcome.parts) or outcome.name, outcome.passed) for outcome in passed_over]
    if rows:
        body += [
            "<h2>Files passed over</h2>",
            _table("Every file that was not checked, with the reason", ("File", "Reason"), map(_cells, rows)),
        ]
    engines = sorted(
        {text for student in students for outcome in student.outcomes for text in outcome.by.values()}
    )
    body.append("<h2>What computed the figures</h2>")
    body += [f"<p>In the reports: {html.escape(text)}.</p>" for text in engines]
    body.append(f"<p>In this check: {html.escape(described(engine(), __version__))}.</p>")
    return PAGE.format(body="\n".join(body), **COLOURS, dark=DARK)


def _verdict(verdict):
    sign = {AGREES: "✓", DISAGREES: "✗", NOT_COMPARED: "?"}[verdict]
    return f'<span class="{verdict.replace(" ", "-")}">{sign} {verdict}</span>'


def _cells(texts):
    return [html.escape(str(text)) for text in texts]


def _table(caption, head, rows):
    """A table; the cells are HTML, the first of each row is its header."""
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>' + "".join(f"<td>{cell}</td>" for cell in row[1:]) + "</tr>"
        for row in map(list, rows)
    )
    header = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
    label = html.escape(caption, quote=True)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table><caption>{html.escape(caption)}'
        f"</caption><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _list(texts):
    texts = list(dict.fromkeys(texts))
    rest = [f"and {len(texts) - MAX_SHOWN} more"] if len(texts) > MAX_SHOWN else []
    items = "".join(f"<li>{html.escape(text)}</li>" for text in (*texts[:MAX_SHOWN], *rest))
    return f"<ul>{items}</ul>" if items else ""


def _row(student):
    checks = [check for outcome in student.outcomes for check in outcome.checks]
    differences = [difference(check) for check in checks if check.agrees is False]
    notes = [note for outcome in student.outcomes for note in outcome.notes]
    return (
        html.escape(student.name),
        _verdict(student.verdict),
        _list("/".join(outcome.parts) or outcome.name for outcome in student.outcomes),
        _list([*differences, *causes(student)]),
        _list([*student.facts, *notes]),
    )


def _part(students, track, part):
    """The section of one part: predictions, figures that have limits, and verdicts."""
    title = f"{track_of(track).title}, Part {part}: {TITLES[part]}"
    participants = [
        student for student in students if student.ledger and (track, part) in student.ledger.places()
    ]
    evidence = [student.ledger.get(track, part, "evidence") for student in participants]
    captured = [capture for capture in evidence if capture]
    rows = [
        (html.escape("Predicted"), f"{len(participants)}", *_spread(*_predictions(participants, track, part)))
    ]
    rows += _directions(participants, track, part)
    for name, constraint in constraints(track, part).items():
        values = [
            capture.get("values", {}).get(f"check.{name}.value", {}).get("value") for capture in captured
        ]
        met = sum(f"{name}-ok" in capture.get("cases", []) for capture in captured)
        missed = sum(f"{name}-fails" in capture.get("cases", []) for capture in captured)
        strip, spread = _spread(values, lambda value, form=constraint.format: shown(value, form))
        rows.append((html.escape(constraint.title), f"{met} met, {missed} not met", strip, spread))
    rows.append(("Evidence captured", f"{len(captured)} of {len(participants)}", "", ""))
    missing_counts = Counter(
        words for student in participants for words in student.ledger.missing(track, part)
    )
    rows.append(
        (
            "Missing",
            html.escape(", ".join(f"{n} × {words}" for words, n in missing_counts.items()) or "nothing"),
            "",
            "",
        )
    )
    rows.append(("Verdicts on this part", ", ".join(_verdicts(participants, track, part)), "", ""))
    return [
        f"<h2>{html.escape(title)}</h2>",
        _table(
            f"{title}: what the class predicted and found",
            ("What", "How many", "Spread", "Lowest, middle, highest"),
            rows,
        ),
    ]


def _predictions(students, track, part):
    """The predicted numbers, and a function that formats them."""
    values = []
    for student in students:
        value = student.ledger.get(track, part, "prediction")["value"]
        values.append(value.get("prediction") if isinstance(value, dict) else value)
    return values, lambda value: shown(value, "number")


def _directions(students, track, part):
    """A row for the predicted directions, if the part asks for one."""
    values = [student.ledger.get(track, part, "prediction")["value"] for student in students]
    counts = Counter(str(value.get("direction")) for value in values if isinstance(value, dict))
    if not counts:
        return []
    text = ", ".join(f"{n} × {direction}" for direction, n in counts.most_common())
    return [("Predicted direction", html.escape(text), "", "")]


def _verdicts(students, track, part):
    counts = Counter()
    for student in students:
        agreements = {
            check.agrees
            for outcome in student.outcomes
            for check in outcome.checks
            if (check.track, check.part) == (track, part)
        }
        if agreements:
            counts[DISAGREES if False in agreements else NOT_COMPARED if None in agreements else AGREES] += 1
    return [f"{counts[verdict]} {_verdict(verdict)}" for verdict in VERDICTS if counts[verdict]] or ["none"]


def _spread(values, format_value):
    """A strip with one dot per student, and the lowest, middle and highest value in words."""
    numbers = sorted(v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool))
    if not numbers:
        return "", "–"
    low, high, middle = numbers[0], numbers[-1], statistics.median(numbers)
    text = f"{format_value(low)}, {format_value(middle)}, {format_value(high)}"
    if low == high:
        return "", html.escape(f"all {format_value(low)}")
    width, stacked, dots = high - low, Counter(), []
    places = [round((number - low) / width * BINS) for number in numbers]
    step = min(2 * DOT, (HEIGHT - 2 * EDGE) / max(Counter(places).values()))
    for place in places:
        x = EDGE + place / BINS * (WIDTH - 2 * EDGE)
        y = HEIGHT - EDGE - step * stacked[place]
        stacked[place] += 1
        dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{DOT}"/>')
    x = EDGE + (middle - low) / width * (WIDTH - 2 * EDGE)
    label = html.escape(
        f"{len(numbers)} values from {format_value(low)} to {format_value(high)}, middle {format_value(middle)}",
        quote=True,
    )
    strip = (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{label}">'
        f'<line x1="{EDGE}" x2="{WIDTH - EDGE}" y1="{HEIGHT - 3}" y2="{HEIGHT - 3}"/>'
        f'<line class="middle" x1="{x:.1f}" x2="{x:.1f}" y1="2" y2="{HEIGHT - 1}"/>{"".join(dots)}</svg>'
    )
    return strip, html.escape(text)


DARK = load("colours")["dark"]
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Data Selection lab: the class</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
:root {{ color-scheme: light dark; --ink: {ink}; --paper: {paper}; --line: #64748B; --mark: {blue};
  --good: #14532D; --bad: #991B1B; --open: #7C4A03 }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: {dark[ink]}; --paper: {dark[paper]}; --line: #94A3B8; --mark: #7DD3FC;
  --good: #86EFAC; --bad: #FCA5A5; --open: #FCD34D }} }}
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 0; color: var(--ink); background: var(--paper) }}
main {{ max-width: 75rem; margin: 0 auto; padding: 1rem }}
h2 {{ border-top: 2px solid var(--mark); padding-top: .6rem; margin-top: 2rem }}
.scroll {{ overflow-x: auto }} .scroll:focus-visible {{ outline: 2px solid var(--mark) }}
table {{ border-collapse: collapse; font-size: .9rem; width: 100% }}
caption {{ text-align: left; font-weight: 600; padding: .3rem 0 }}
th, td {{ border: 1px solid var(--line); padding: .3rem .5rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; min-width: 6rem }}
ul {{ margin: 0; padding-left: 1.1rem }}
svg {{ max-width: 100%; min-width: 12rem; height: auto }} svg line {{ stroke: var(--line) }} svg .middle {{ stroke: var(--mark); stroke-width: 2 }}
svg circle {{ fill: var(--mark); fill-opacity: .75 }}
.agrees {{ color: var(--good) }} .disagrees {{ color: var(--bad); font-weight: 600 }}
.could-not-be-compared {{ color: var(--open); font-weight: 600 }}
@media print {{ :root {{ --ink: #000; --paper: #FFF; --line: #555; --mark: #004A70; --good: #14532D; --bad: #991B1B;
  --open: #7C4A03 }} .scroll {{ overflow: visible }} tr, svg {{ break-inside: avoid }} h2 {{ break-after: avoid }}
  body {{ font-size: 11px }} }}
</style></head><body><main>
{body}
</main></body></html>
"""
