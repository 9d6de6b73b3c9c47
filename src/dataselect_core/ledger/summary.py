"""The results of checking a class: the table of every figure, the table of students, and the text on a terminal."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from dataselect_core import __version__
from dataselect_core.ledger.check import TEXT, Check
from dataselect_core.ledger.runtime import described, engine
from dataselect_core.ledger.submissions import AGREES, DISAGREES, NOT_COMPARED, Outcome, Student

COLUMNS = (
    "report",
    "student",
    "track",
    "part",
    "path",
    "kind",
    "claimed",
    "recomputed",
    "agrees",
    "note",
    "where",
    "captured_by",
    "checked_by",
)
STUDENT_COLUMNS = (
    "student",
    "verdict",
    "files",
    "parts",
    "figures",
    "agree",
    "disagree",
    "not_compared",
    "differences",
    "causes",
    "pointed_out",
    "restored",
)
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
AGREEMENT = {True: "yes", False: "no", None: "not compared"}
MAX_SHOWN = 5  # disagreements of one student on the terminal; the tables have all
LEGEND = "Agreement shows that the figures are genuine, not who made them."


def figures_table(students: Sequence[Student], loose: Sequence[Outcome] = ()) -> str:
    """Every figure and line that was checked, and every file that was not, as CSV text with a header."""
    checking_engine = described(engine(), __version__)
    rows = []
    for student in students:
        for outcome in student.outcomes:
            head, tail = [outcome.name, outcome.student or student.name], [checking_engine]
            if outcome.problem or outcome.unread:
                reason = outcome.problem or f"its text was not compared with its record: {outcome.unread}"
                rows.append([*head, *[""] * 6, AGREEMENT[None], reason, "", "", *tail])
            rows += [
                [
                    *head,
                    check.track,
                    check.part,
                    check.path,
                    check.kind,
                    check.claimed,
                    check.recomputed,
                    AGREEMENT[check.agrees],
                    check.note,
                    _location(check),
                    outcome.by.get((check.track, check.part)),
                    *tail,
                ]
                for check in outcome.checks
            ]
    skipped = [(outcome, student.name) for student in students for outcome in student.others]
    skipped += [(outcome, "") for outcome in loose]
    rows += [
        [outcome.name, student_name, *[""] * 6, "passed over", outcome.passed, "", "", checking_engine]
        for outcome, student_name in skipped
    ]
    return _csv(COLUMNS, rows)


def students_table(students: Sequence[Student]) -> str:
    """One row per student, as CSV text with a header."""
    rows = []
    for student in students:
        checks = [check for outcome in student.outcomes for check in outcome.checks]
        counts = [sum(check.agrees is verdict for check in checks) for verdict in (True, False, None)]
        parts = [f"{track}/{part}" for track, part in student.ledger.places()] if student.ledger else []
        rows.append(
            [
                student.name,
                student.verdict,
                ", ".join(outcome.name for outcome in student.outcomes),
                ", ".join(parts),
                len(checks),
                *counts,
                "; ".join(dict.fromkeys(difference(check) for check in checks if check.agrees is False)),
                "; ".join(causes(student)),
                "; ".join(student.facts),
                "; ".join(dict.fromkeys(note for outcome in student.outcomes for note in outcome.notes)),
            ]
        )
    return _csv(STUDENT_COLUMNS, rows)


def _csv(columns, rows):
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(columns)
    table.writerows([cell(value) for value in row] for row in rows)
    return stream.getvalue()


def cell(value: Any) -> Any:
    """Text that a spreadsheet does not read as a formula; numbers with all digits."""
    if value is None:
        return ""
    if isinstance(value, str):
        formula = value.lstrip().startswith(FORMULA) or value.startswith(("\t", "\r", "\n"))
        return f"'{value}" if formula else value
    return repr(value)


def _location(check):
    return f"{check.section}, line {check.line}" if check.line else check.section


def causes(student: Student) -> list[str]:
    """Why something of a student could not be compared: list of sentences."""
    return list(dict.fromkeys(cause for outcome in student.outcomes for cause in outcome.causes))


def difference(check: Check) -> str:
    """One disagreement, in words."""
    if check.kind == TEXT:
        location = f"{_location(check)}: " if check.section or check.line else ""
        detail = check.note.partition(" (")[2]
        return (
            f"text: {location}shows “{_line(check.claimed or '')}”, its record gives “{_line(check.recomputed or '')}”"
            f"{f' ({detail}' if detail else ''}"
        )
    return (
        f"{check.track}, part {check.part}, {check.path}: claimed {_line(check.claimed)}, recomputed "
        f"{_line(check.recomputed)}{'; ' + _line(check.note) if check.note else ''}"
    )


def terminal_text(students: Sequence[Student], loose: Sequence[Outcome]) -> str:
    """The results as text for a terminal.

    Parameters
    ----------
    students : list of submissions.Student
    loose : list of submissions.Outcome
        Files that belong to no student.

    Returns
    -------
    str
    """
    lines = []
    for student in students:
        lines += _student_lines(student)
    passed = [(outcome.name, outcome.passed) for student in students for outcome in student.others]
    passed += [(outcome.name, outcome.passed) for outcome in loose]
    lines += [f"passed over  {_line(name)}: {_line(why)}" for name, why in passed]
    checks = [check for student in students for outcome in student.outcomes for check in outcome.checks]
    edited = sum(
        any(c.kind == TEXT and c.agrees is False for c in _all_checks(student)) for student in students
    )
    counts = {
        verdict: sum(student.verdict == verdict for student in students)
        for verdict in (AGREES, DISAGREES, NOT_COMPARED)
    }
    lines.append(
        f"{len(students)} {'student' if len(students) == 1 else 'students'}: {counts[AGREES]}"
        f" {'agrees' if counts[AGREES] == 1 else 'agree'}, {counts[DISAGREES]} disagree{'s' * (counts[DISAGREES] == 1)}"
        f","
        f" {counts[NOT_COMPARED]} could not be compared; {counts_text(checks, agreeing=True)} agree"
        + (f"; the text of {edited} differs from the record in it" if edited else "")
        + (f"; {len(passed)} {'file' if len(passed) == 1 else 'files'} passed over" if passed else "")
        + f". {LEGEND}"
    )
    engines = sorted(
        {text for student in students for outcome in student.outcomes for text in outcome.by.values()}
    )
    lines += [f"Computed by {_line(text)}." for text in engines]
    lines.append(f"Checked by {described(engine(), __version__)}.")
    return "\n".join(lines)


def _all_checks(student):
    return [check for outcome in student.outcomes for check in outcome.checks]


def _student_lines(student):
    checks, names = _all_checks(student), ", ".join(outcome.name for outcome in student.outcomes)
    differences = list(dict.fromkeys(difference(check) for check in checks if check.agrees is False))
    head = f"{_line(names)} ({_line(student.name)})"
    if student.verdict == AGREES:
        suffix = ", and its text" if any(check.kind == TEXT for check in checks) else ""
        lines = [f"agrees       {head}: {counts_text(checks)}{suffix}"]
    elif student.verdict == DISAGREES:
        places = sum(check.kind == TEXT and check.agrees is False for check in checks)
        suffix = f"; {places} {'place' if places == 1 else 'places'} of its text differ{'s' * (places == 1)}"
        lines = [f"DISAGREES    {head}: {counts_text(checks, agreeing=True)} agree{suffix if places else ''}"]
    else:
        figures = f"; {counts_text(checks, agreeing=True)} agree" if checks else ""
        lines = [f"NOT COMPARED {head}{figures}"]
    notes = dict.fromkeys(note for outcome in student.outcomes for note in outcome.notes)
    details = [
        *differences[:MAX_SHOWN],
        *([f"and {len(differences) - MAX_SHOWN} more"] if len(differences) > MAX_SHOWN else []),
    ]
    details += [f"could not be compared: {cause}" for cause in causes(student)]
    details += [*student.facts, *notes]
    return lines + [f"               {_line(line, 400)}" for line in details]


def counts_text(checks: Iterable[Check], agreeing: bool = False) -> str:
    """How many figures and cases there are, in words; on request how many of them agree."""
    phrases = []
    for name, of_them in (
        ("figures", [check for check in checks if check.kind not in ("case", TEXT)]),
        ("cases", [check for check in checks if check.kind == "case"]),
    ):
        if of_them or name == "figures":
            agree = f"{sum(check.agrees is True for check in of_them):,} of " if agreeing else ""
            phrases.append(f"{agree}{len(of_them):,} {name}")
    return " and ".join(phrases)


def _line(value, max_length=160):
    """Any text of a report as one line, without commands for a terminal."""
    text = "".join(letter if letter.isprintable() else "?" for letter in str(value))
    return text if len(text) <= max_length else f"{text[: max_length - 3]}..."
