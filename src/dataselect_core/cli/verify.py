"""Check reports of the lab: compute every figure in them again, from its settings and seed.

  python -m dataselect_core verify reports/

A report is the Markdown, HTML or JSON file that the lab's page gives out; a folder, or an archive, is read as it comes
from Canvas, Moodle, Gradescope or nbgrader, with everything in it. Each captured figure is computed again and compared
(to a relative 1e-9), and so is each case: which of the page's sentences are true. What a report shows is compared with
the record inside it, all but its plots: what it says, not how it is wrapped, quoted or saved.

There are three verdicts: agrees, disagrees, could not be compared (with the cause). A failure of the check itself, too
little memory for instance, never counts against a report. Files go to FILE.csv (every figure), FILE-students.csv (every
student once) and FILE.html (the class). Agreement shows that the figures are genuine; it does not show who made them.
Nothing in a report is run, and no report is changed.

Exit status: 0 every report agrees; 1 some disagree, or the command could not do its work and says why; 2 wrong usage;
3 none disagrees, and some could not be compared.
"""

import argparse
import glob
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from dataselect_core.cli.progress import Progress
from dataselect_core.ledger import lms, submissions
from dataselect_core.ledger.check import checks, questions
from dataselect_core.ledger.check_pool import processors, recomputed
from dataselect_core.ledger.class_page import class_page
from dataselect_core.ledger.containers import items
from dataselect_core.ledger.submissions import DISAGREES, NOT_COMPARED, Outcome, Student
from dataselect_core.ledger.summary import COLUMNS, figures_table, students_table, terminal_text

SUMMARY = "check the figures of the lab's reports"
ALL_AGREE, SOME_DISAGREE, SOME_NOT_COMPARED = 0, 1, 3
__all__ = ["COLUMNS", "SUMMARY", "add_arguments", "report_paths", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of the command."""
    parser.add_argument("reports", nargs="+", help="reports, folders and archives of them")
    parser.add_argument(
        "-o",
        "--csv",
        default="verification.csv",
        metavar="FILE",
        help="file for the table of all figures; FILE-students.csv and FILE.html are written next to it;"
        " - prints only the table, on standard output (default: %(default)s)",
    )
    parser.add_argument(
        "--class-list",
        metavar="FILE",
        help="names of the students, one per line, in UTF-8 (text after a tab is ignored): those who handed in nothing"
        " are listed",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=processors(),
        metavar="N",
        help="processes that share the work; 1 uses only this process (default: one per processor, %(default)s)",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, and no summary")


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    paths = report_paths(options.reports)
    outputs = _outputs(options.csv, paths)
    expected = _class_list(options.class_list)
    names, outcomes = {}, []
    for item in items(paths):
        if item.parts[-1] == "submission_metadata.yml" and item.data:
            names |= lms.submitters(item.data.decode("utf-8", "replace"))
        outcomes.append(submissions.read(item))
    _check_not_read(outputs, {Path(outcome.name).resolve() for outcome in outcomes if not outcome.passed})
    students, loose = submissions.students(outcomes, names)
    students = _checked(students, options)
    students += _missing(students, expected)
    if not students:
        raise ValueError(f"there are no reports in {', '.join(options.reports)}")
    _write(outputs, students, loose)
    if not options.quiet:
        _print(terminal_text(students, loose), sys.stderr if options.csv == "-" else sys.stdout)
        for content, path in zip(("Every figure", "Every student", "The class"), outputs, strict=False):
            _print(f"{content}: {path}", sys.stdout)
    verdicts = {student.verdict for student in students}
    if DISAGREES in verdicts:
        return SOME_DISAGREE
    return SOME_NOT_COMPARED if NOT_COMPARED in verdicts else ALL_AGREE


def report_paths(reports: Sequence[str]) -> list[Path]:
    """The files and folders named on the command line, including patterns that the shell did not expand.

    Raises
    ------
    ValueError
        If the patterns match nothing.
    """
    paths = []
    for name in reports:
        path = Path(name)
        if path.exists() or not glob.has_magic(name):
            paths.append(path)  # a missing file is reported with the others
        else:
            paths += sorted(map(Path, glob.glob(name)))
    if not paths:
        raise ValueError(f"there are no reports in {', '.join(reports)}")
    return list(dict.fromkeys(paths))


def _outputs(target, paths):
    """Paths of the three output files; none of them may be a file that is read."""
    if target == "-":
        return []
    base = Path(target)
    stem = base.with_suffix("") if base.suffix.lower() == ".csv" else base
    outputs = [base, stem.with_name(f"{stem.name}-students.csv"), stem.with_name(f"{stem.name}.html")]
    _check_not_read(outputs, {path.resolve() for path in paths})
    if not base.parent.is_dir():
        raise ValueError(f"--csv must be in a folder that exists: {target}")
    return outputs


def _check_not_read(outputs, read):
    """Raise ValueError if an output file is one of the files that are read."""
    for output in outputs:
        if output.resolve() in read:
            raise ValueError(f"--csv must not overwrite a report: {output}")


def _class_list(name):
    if name is None:
        return []
    try:
        lines = Path(name).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"the class list must be a text in UTF-8: {name}") from None
    return list(dict.fromkeys(line.partition("\t")[0].strip() for line in lines if line.strip()))


def _missing(students, expected):
    """Students on the class list who handed nothing in."""
    missing = []
    for name in expected:
        if not any(submissions.is_of(student, name) for student in students):
            problem = "on the class list, and nothing was handed in"
            missing.append(Student(name, [Outcome("(nothing)", (), problem=problem)], []))
    return missing


def _checked(students, options):
    """The students, with the figures of their counted reports compared."""
    counted = [outcome for student in students for outcome in student.outcomes]
    report_questions = [questions(outcome.ledger) if outcome.ledger else [] for outcome in counted]
    progress = (
        None
        if options.quiet
        else Progress([outcome.name for outcome in counted], report_questions, sys.stderr)
    )
    answered = {}
    with closing(
        recomputed([question for report in report_questions for question in report], options.jobs, progress)
    ) as answers:
        for key, answer in answers:
            answered[key] = answer
            if progress:
                progress.answered(answered)
    if progress:
        progress.clear(answered)
    compared = iter(
        [
            replace(
                outcome,
                checks=[
                    c
                    for question in its_questions
                    for c in checks(outcome.ledger, question, answered[question.key])
                ]
                + outcome.checks,
            )
            for outcome, its_questions in zip(counted, report_questions, strict=True)
        ]
    )
    return [replace(student, outcomes=[next(compared) for _ in student.outcomes]) for student in students]


def _write(outputs, students, loose):
    """Write the tables and the class page; standard output gets no byte-order mark, which only spreadsheets need."""
    if not outputs:
        sys.stdout.write(figures_table(students, loose))
        return
    texts = figures_table(students, loose), students_table(students), class_page(students, loose)
    for path, text, letters in zip(outputs, texts, ("utf-8-sig", "utf-8-sig", "utf-8"), strict=True):
        with open(path, "w", encoding=letters, newline="") as out:
            out.write(text)


def _print(text, stream):
    """Print to a stream in any encoding; a letter that the encoding lacks is shown as its number."""
    letters = getattr(stream, "encoding", None) or "utf-8"
    print(text.encode(letters, "backslashreplace").decode(letters), file=stream)
