"""Check reports of the lab: compute every figure in them anew, from its settings and seed.

  python -m dataselect_core verify reports/*

A report is the Markdown, HTML or JSON file that the lab's page gives out. Each captured figure is computed
anew and compared (to a relative 1e-9). A table of all figures goes into a CSV file. Agreement shows that the
figures are genuine; it does not show who made them. Nothing in a report is run, and no report is changed.

Exit status: 0 every figure of every report agrees; 1 something does not, cannot be read, or holds no figures.
"""

import csv
import glob
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .record import Ledger, LedgerError
from .report import ledger_text
from .verification import captured, stepwise

SUMMARY = "check the figures of the lab's reports"
COLUMNS = ("report", "student", "track", "part", "path", "kind", "claimed", "recomputed", "agrees", "note")
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
    """

    name: str
    student: str
    checks: list
    problem: str = ""

    @property
    def agrees(self):
        """Whether there are figures and all of them agree."""
        return not self.problem and all(check.agrees for check in self.checks)


def add_arguments(parser):
    """Say what the command takes."""
    parser.add_argument("reports", nargs="+", help="reports (.md, .html, .json), or folders of them")
    parser.add_argument("-o", "--csv", default="verification.csv", metavar="FILE",
                        help="where the table of all figures goes; - for standard output (default: %(default)s)")
    parser.add_argument("--quiet", action="store_true", help="no progress, and no summary")


def run(options):
    """Carry the command out; the exit status."""
    paths = found(options.reports)
    if options.csv != "-" and Path(options.csv).resolve() in {path.resolve() for path in paths}:
        raise ValueError(f"--csv must not be one of the reports: {options.csv}")
    progress = _Progress(len(paths), sys.stderr) if not options.quiet else None
    cache, outcomes = {}, []
    for number, path in enumerate(paths):
        if progress:
            progress(number, path)
        outcomes.append(check(path, cache, progress and partial(progress, number, path)))
    if progress:
        progress.clear()
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


def check(path, cache=None, progress=None):
    """Check one file.

    Parameters
    ----------
    path : Path
    cache : dict, optional
        As for `verification.stepwise`.
    progress : callable, optional
        Called with (track, part, label, share) before each step.

    Returns
    -------
    Outcome
        Also for a file that is no report: that is not an error here.
    """
    name, student = str(path), ""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise LedgerError(f"larger than any report of this lab ({MOST_BYTES / 1e6:.0f} MB)")
        ledger = Ledger.from_text(ledger_text(path.read_text(encoding="utf-8-sig")))
        student = ledger.record.get("student") or ledger.record["reader"]
        if not captured(ledger):
            return Outcome(name, student, [], "holds no captured figures")
        checks = []
        for step in stepwise(ledger, cache):
            if isinstance(step, list):
                checks += step
            elif progress:
                progress(step)
        return Outcome(name, student, checks)
    except LedgerError as error:
        return Outcome(name, student, [], str(error))
    except UnicodeDecodeError:
        return Outcome(name, student, [], "is no text in UTF-8")
    except OSError as error:
        if path.exists() and error.filename != name and str(error.filename) != name:
            raise  # the lab's own data are missing: no report could be checked
        return Outcome(name, student, [], f"cannot be read: {error.strerror or error}")


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
    for outcome in outcomes:
        head = [_cell(outcome.name), _cell(outcome.student)]
        if outcome.problem:
            table.writerow([*head, "", "", "", "", "", "", "no", _cell(outcome.problem)])
        for each in outcome.checks:
            table.writerow([*head, each.track, each.part, each.path, each.kind, _cell(each.claimed),
                            _cell(each.recomputed), "yes" if each.agrees else "no", _cell(each.note)])


def _cell(value):
    """Text that a spreadsheet does not take for a formula; numbers to their last digit."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.lstrip()[:1] in ("=", "+", "-", "@") or value[:1] in ("\t", "\r") else value
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
            lines.append(f"agrees       {_line(outcome.name)}{who}: {len(outcome.checks)} figures")
        else:
            lines.append(f"DISAGREES    {_line(outcome.name)}{who}: {len(wrong)} of {len(outcome.checks)} figures")
            lines += [f"               {each.track}, part {each.part}, {each.path}: claimed {_line(each.claimed)}, "
                      f"recomputed {_line(each.recomputed)}{'; ' + _line(each.note) if each.note else ''}"
                      for each in wrong[:SHOWN]]
            if len(wrong) > SHOWN:
                lines.append(f"               and {len(wrong) - SHOWN} more")
    figures = sum(len(outcome.checks) for outcome in outcomes)
    agree = sum(each.agrees for outcome in outcomes for each in outcome.checks)
    unread = sum(bool(outcome.problem) for outcome in outcomes)
    lines.append(f"{len(outcomes)} {'report' if len(outcomes) == 1 else 'reports'}: {agree} of {figures} figures agree"
                 + (f"; {unread} could not be checked" if unread else "")
                 + ". Agreement shows that the figures are genuine, not who made them.")
    return "\n".join(lines)


def _line(value):
    """Anything a report says, as one line that a terminal cannot take for a command."""
    text = "".join(letter if letter.isprintable() else "?" for letter in str(value))
    return text if len(text) <= 160 else f"{text[:157]}..."


class _Progress:
    """A bar on a terminal, rewritten at most a few times a second; elsewhere a line for each report."""

    def __init__(self, reports, stream):
        self.reports, self.stream, self.bar = reports, stream, stream.isatty()
        self._next = 0.0

    def __call__(self, number, path, step=None):
        if not self.bar:
            if step is None:
                print(f"[{number + 1}/{self.reports}] {_line(path)}", file=self.stream, flush=True)
            return
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + 0.1
        doing = f": {step[0]}, part {step[1]}, {step[2].lower()}" if step else ""
        filled = "#" * round(BAR * number / self.reports)
        print(f"\r\x1b[K[{filled:<{BAR}}] {number + 1}/{self.reports} {_line(path.name)[:40]}{doing}",
              end="", file=self.stream, flush=True)

    def clear(self):
        if self.bar:
            print("\r\x1b[K", end="", file=self.stream, flush=True)
