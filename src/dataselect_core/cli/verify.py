"""Check reports of the lab: compute every figure in them anew, from its settings and seed.

  python -m dataselect_core verify reports/*

A report is the Markdown, HTML or JSON file that the lab's page gives out. Each captured figure is computed
anew and compared (to a relative 1e-9), and so is each case: which of the page's sentences are true. What reports
have in common is computed once, the rest in as many processes as --jobs says. What a report shows is compared with
the record inside it, line by line, all but its plots. A table of all figures goes into a CSV file, with what computed
them there and here. Agreement shows that the figures are genuine; it does not show who made them. Nothing in a report
is run, and no report is changed.

Exit status: 0 every figure and the text of every report agree; 1 something does not, cannot be read, or holds no
figures.
"""

import csv
import glob
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from dataselect_core import __version__
from dataselect_core.ledger.check import TEXT, captured, captured_by, checks, questions
from dataselect_core.ledger.check_pool import processors, recomputed
from dataselect_core.ledger.record import Ledger, LedgerError
from dataselect_core.ledger.report import ledger_text
from dataselect_core.ledger.report_diff import text_checks
from dataselect_core.ledger.runtime import described, engine

SUMMARY = "check the figures of the lab's reports"
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
    "captured_by",
    "checked_by",
)
KINDS = (".md", ".html", ".htm", ".json")  # of the files taken from a folder
MOST_BYTES = 60_000_000  # a report with pictures has a few
SHOWN = 5  # disagreements of one report in the summary; the CSV has all
BAR = 24


@dataclass(frozen=True)
class Outcome:
    """What one file came to.

    Attributes
    ----------
    name : str
        The file.
    student : str
        Student, else reader, as the report says; empty where it cannot be read.
    checks : list of Check
    problem : str
        Why there is nothing to check, or empty.
    by : dict
        (track, part) -> what computed its figures, in words.
    unread : str
        Why its text was not compared with its record, or empty.
    """

    name: str
    student: str
    checks: list
    problem: str = ""
    by: dict = field(default_factory=dict)
    unread: str = ""

    @property
    def agrees(self):
        """Whether there are figures and all of them agree."""
        return not self.problem and all(check.agrees for check in self.checks)


def add_arguments(parser):
    """Say what the command takes."""
    parser.add_argument("reports", nargs="+", help="reports (.md, .html, .json), or folders of them")
    parser.add_argument(
        "-o",
        "--csv",
        default="verification.csv",
        metavar="FILE",
        help="where the table of all figures goes; - for standard output (default: %(default)s)",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=processors(),
        metavar="N",
        help="processes to share the work; 1 is this one alone (default: one a processor, %(default)s)",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, and no summary")


def run(options):
    """Carry the command out; the exit status."""
    paths = found(options.reports)
    if options.csv != "-" and Path(options.csv).resolve() in {path.resolve() for path in paths}:
        raise ValueError(f"--csv must not be one of the reports: {options.csv}")
    opened = [_opened(path) for path in paths]
    asked = [questions(ledger) if ledger else [] for _, ledger in opened]
    progress = None if options.quiet else _Progress(paths, asked, sys.stderr)
    found_anew = {}
    with closing(
        recomputed([each for all_of_one in asked for each in all_of_one], options.jobs, progress)
    ) as answers:
        for key, answer in answers:
            found_anew[key] = answer
            if progress:
                progress.answered(found_anew)
    outcomes = [
        _checked(outcome, ledger, asked_of_it, found_anew)
        for (outcome, ledger), asked_of_it in zip(opened, asked, strict=True)
    ]
    if progress:
        progress.clear(found_anew)
    write(outcomes, options.csv)
    if not options.quiet:
        print(summary(outcomes), file=sys.stderr if options.csv == "-" else sys.stdout)
        if options.csv != "-":
            print(f"Every figure: {options.csv}")
    return 0 if all(outcome.agrees for outcome in outcomes) else 1


def found(reports):
    """The files meant by the names on the command line: files, folders, patterns that no shell has resolved.

    Raises
    ------
    ValueError
        A name that is nothing of these, or no files in all.
    """
    paths = []
    for name in reports:
        path = Path(name)
        if path.is_dir():
            paths += sorted(each for each in path.iterdir() if each.suffix.lower() in KINDS)
        elif path.exists() or not glob.has_magic(name):
            paths.append(path)  # one that is not there is reported with the others
        else:
            paths += sorted(map(Path, glob.glob(name)))
    if not paths:
        raise ValueError(f"there are no reports in {', '.join(reports)}")
    return list(dict.fromkeys(paths))


def _opened(path):
    """An `Outcome` with the checks of its text, and the Ledger; None where there is nothing to check."""
    name, student = str(path), ""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise LedgerError(f"larger than any report of this lab ({MOST_BYTES / 1e6:.0f} MB)")
        report = path.read_text(encoding="utf-8-sig")
        ledger = Ledger.from_text(ledger_text(report))
        student = ledger.record.get("student") or ledger.record["reader"]
        if captured(ledger):
            made, unread = text_checks(report, ledger)
            return Outcome(name, student, made, by=captured_by(ledger), unread=unread), ledger
        problem = "holds no captured figures"
    except LedgerError as error:
        problem = str(error)
    except UnicodeDecodeError:
        problem = "is no text in UTF-8"
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
    return Outcome(name, student, [], problem), None


def _checked(outcome, ledger, asked, found):
    """The outcome with its checks; `found` are the answers by key."""
    made = [check for question in asked for check in checks(ledger, question, found[question.key])]
    return replace(outcome, checks=made + outcome.checks)


def write(outcomes, target):
    """Write the table of all figures as CSV.

    Parameters
    ----------
    outcomes : list of Outcome
    target : str
        A file name, or - for standard output.
    """
    if target == "-":
        _write(outcomes, sys.stdout)
    else:
        with open(target, "w", encoding="utf-8", newline="") as out:
            _write(outcomes, out)


def _write(outcomes, out):
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    here = described(engine(), __version__)
    for outcome in outcomes:
        head = [_cell(outcome.name), _cell(outcome.student)]
        if outcome.problem:
            table.writerow([*head, "", "", "", "", "", "", "no", _cell(outcome.problem), "", here])
        for each in outcome.checks:
            table.writerow(
                [
                    *head,
                    each.track,
                    each.part,
                    each.path,
                    each.kind,
                    _cell(each.claimed),
                    _cell(each.recomputed),
                    "yes" if each.agrees else "no",
                    _cell(each.note),
                    _cell(outcome.by.get((each.track, each.part))),
                    here,
                ]
            )


def _cell(value):
    """Text that a spreadsheet does not take for a formula; numbers to their last digit."""
    if value is None:
        return ""
    if isinstance(value, str):
        return (
            f"'{value}" if value.lstrip()[:1] in ("=", "+", "-", "@") or value[:1] in ("\t", "\r") else value
        )
    return repr(value)


def summary(outcomes):
    """What was found, for people.

    Parameters
    ----------
    outcomes : list of Outcome

    Returns
    -------
    str
    """
    lines = []
    for outcome in outcomes:
        wrong = [each for each in outcome.checks if not each.agrees]
        who = f" ({_line(outcome.student)})" if outcome.student else ""
        if outcome.problem:
            lines.append(f"NOT CHECKED  {_line(outcome.name)}{who}: {_line(outcome.problem)}")
        elif not wrong:
            lines.append(
                f"agrees       {_line(outcome.name)}{who}: {_counted(outcome.checks)}"
                + (", and its text" if any(each.kind == TEXT for each in outcome.checks) else "")
            )
        else:
            lines.append(
                f"DISAGREES    {_line(outcome.name)}{who}: {_counted(outcome.checks, agreeing=True)} agree"
                f"{_text(outcome.checks)}"
            )
            lines += [f"               {_difference(each)}" for each in wrong[:SHOWN]]
            if len(wrong) > SHOWN:
                lines.append(f"               and {len(wrong) - SHOWN} more")
        if outcome.unread:
            lines.append(f"               its text was not compared: {_line(outcome.unread)}")
    every = [each for outcome in outcomes for each in outcome.checks]
    unread = sum(bool(outcome.problem) for outcome in outcomes)
    edited = sum(bool(_text(outcome.checks)) for outcome in outcomes)
    lines.append(
        f"{len(outcomes)} {'report' if len(outcomes) == 1 else 'reports'}: "
        f"{_counted(every, agreeing=True)} agree"
        + (f"; the text of {edited} shows another thing than the record in it" if edited else "")
        + (f"; {unread} could not be checked" if unread else "")
        + ". Agreement shows that the figures are genuine, not who made them."
    )
    by = sorted({text for outcome in outcomes for text in outcome.by.values()})
    lines += [f"Computed by {_line(text)}." for text in by]
    lines.append(f"Checked by {described(engine(), __version__)}.")
    return "\n".join(lines)


def _counted(found, agreeing=False):
    """How many figures and cases, in words; on request how many of them agree."""
    words = []
    for name, of_them in (
        ("figures", [each for each in found if each.kind not in ("case", TEXT)]),
        ("cases", [each for each in found if each.kind == "case"]),
    ):
        if of_them or name == "figures":
            agree = f"{sum(each.agrees for each in of_them):,} of " if agreeing else ""
            words.append(f"{agree}{len(of_them):,} {name}")
    return " and ".join(words)


def _text(found):
    """What to add on the text of a report."""
    lines = [each.agrees for each in found if each.kind == TEXT]
    differ = lines.count(False)
    return (
        f"; {differ:,} {'line' if differ == 1 else 'lines'} of its text differ{'s' * (differ == 1)}"
        if differ
        else ""
    )


def _difference(check):
    """One disagreement, as a line."""
    if check.kind == TEXT:
        return (
            f"text: shows “{_line(check.claimed or '')}”, its record gives “{_line(check.recomputed or '')}”"
        )
    return (
        f"{check.track}, part {check.part}, {check.path}: claimed {_line(check.claimed)}, recomputed "
        f"{_line(check.recomputed)}{'; ' + _line(check.note) if check.note else ''}"
    )


def _line(value):
    """Anything a report says, as one line that a terminal cannot take for a command."""
    text = "".join(letter if letter.isprintable() else "?" for letter in str(value))
    return text if len(text) <= 160 else f"{text[:157]}..."


class _Progress:
    """A bar on a terminal, rewritten at most a few times a second; elsewhere a line for each report.

    Reports are counted in their order, each when all that it asks is answered, however the work was shared.
    """

    def __init__(self, paths, asked, stream):
        self.stream, self.bar = stream, stream.isatty()
        self._waiting = list(zip(paths, asked, strict=True))
        self._reports, self._questions = len(paths), len({each.key for one in asked for each in one})
        self._next = 0.0

    def __call__(self, question, label):
        """Show that it is under way."""
        self._draw(f"{question.track}, part {question.part}, {label.lower()}")

    def answered(self, found):
        """These are the answers so far."""
        while self._waiting and all(question.key in found for question in self._waiting[0][1]):
            path, _ = self._waiting.pop(0)
            if not self.bar:
                print(
                    f"[{self._reports - len(self._waiting)}/{self._reports}] {_line(path)}",
                    file=self.stream,
                    flush=True,
                )
        self._draw(f"{len(found)} of {self._questions} computed")

    def _draw(self, doing):
        if not self.bar or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + 0.1
        done = self._reports - len(self._waiting)
        filled = "#" * round(BAR * done / self._reports)
        print(
            f"\r\x1b[K[{filled:<{BAR}}] {done}/{self._reports} {_line(doing)}",
            end="",
            file=self.stream,
            flush=True,
        )

    def clear(self, found):
        """All is answered."""
        self.answered(found)
        if self.bar:
            print("\r\x1b[K", end="", file=self.stream, flush=True)
