"""Throw damaged input at everything that comes from outside, besides corpora (`tools/fuzz_readers.py` has those).

  python -m tools.fuzz_inputs --minutes 5 --seed 1 [--kind report --kind record --kind address --kind lock]

Each case is random, and reproducible by the seed and its number (`--first 1234 --cases 1` repeats one).

report   A report (Markdown, HTML, JSON; as a file, a mail, a zip) whose form was changed by a program, whose content
         was changed by a person, or whose bytes are damaged, is read as `verify` reads it. The first never disagrees,
         the second never agrees, and all give a result or a sentence: no other error, no hang, no file outside.
record   A record with a random place changed. The page and the core both accept it or both refuse it with a sentence;
         an accepted one can be written as a report and checked for what it has in common with others.
address  An address of the page: the same settings when it is written and read again, and a sentence for the rest.
lock     The lock file of the build: a lock that is whole, or a sentence that names the file.

Prints the number of cases and of each outcome. The status is 1 if a case failed.
"""

import argparse
import collections
import copy
import functools
import json
import random
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse
from pathlib import Path

from dataselect_core.figures.deduplication import figures
from dataselect_core.ledger import Ledger, LedgerError, class_page, report_html, report_markdown, summary
from dataselect_core.ledger.answers import Unanswered, answers
from dataselect_core.ledger.check import checks, questions
from dataselect_core.ledger.containers import items
from dataselect_core.ledger.lms import submitters
from dataselect_core.ledger.submissions import AGREES, DISAGREES, read, students
from tools import fetch, fuzz_changes, lock, node, site_facts

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("report", "record", "address", "lock")
WORDS = (
    "one", "two", "Café", "Müller’s", "語", "中文", "日本の", "€", "*bold*", "_a_", "`x`", "quo\"te", "new\nline", "a|b", "<b>", "&amp;",
    "\\", "# x", "> q", "- item", "1. x", "😀", "3.14", "≤ 5", "10²", "don't", "“said”", "O’Brien", "http://a.example/?b=1&c=2",
    "very ordinary words", "redundant documents", "Привет мир", "שלום", "مرحبا", "```", "{\"schema\": 3}", "Main figures:", "...",
)  # fmt: skip
NASTY = (
    None, True, False, 0, -1, 1e308, -1e308, 1e-320, 10**400, 2**53 + 1, 0.1, "", " ", "x", "x" * 30_000, "\0", "\ud800", "\u202e",
    "__proto__", "constructor", [], {}, [[]], {"value": 1}, {"__proto__": {"polluted": 1}}, ["a"] * 3000, "<script>", "=1+1",
    {"x" * 300: 1}, "NaN", "1", [None], {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": {"j": {"k": {"l": 1}}}}}}}}}}}},
)  # fmt: skip
SETTINGS = {
    "corpus": "licences",
    "threshold": 0.7,
    "width": 5,
    "num_perm": 32,
    "seed": 1,
    "banding": "auto",
    "bands": 1,
    "rows": 1,
    "compute": "operations",
}
LINES = {
    "1": [["Words removed", "removed.words_share", "percent"], ["Threshold", "setting.threshold", "fixed"]]
}
SECONDS = 20  # of processor time for one case


@functools.cache
def evidence():
    """Genuine evidence for Part 1, computed once."""
    findings = figures.recompute("cloud", SETTINGS, {"gpu_hour_price": 3.0}, 30.0)
    return {
        "settings": SETTINGS,
        "assumptions": {"gpu_hour_price": 3.0},
        "cases": findings.cases,
        "values": {path: value.as_dict() for path, value in findings.values.items()},
    }


@functools.cache
def _answer(key):
    """The answer to a question with this key, computed once."""
    question = _questions[key]
    *_, answer = answers(question)
    return answer


_questions = {}


def random_record(rng):
    """A record with texts of random words."""

    def text():
        return " ".join(rng.choices(WORDS, k=rng.randrange(12)))

    entries = {
        "cloud/1/prediction": {"value": 30.0, "said": "30 %", "why": text()[:200]},
        "cloud/1/evidence": copy.deepcopy(evidence()),
        "cloud/1/reflection": text(),
        "cloud/1/decision": text(),
        "cloud/synthesis/risk": text(),
        "cloud/1/seconds": rng.randrange(4000),
        "class": {"name": rng.choice(("CS_101", "7b", "物理")), "seed": 7, "budget_limit": 0.5},
    }
    for name in rng.sample(
        sorted(set(entries) - {"cloud/1/evidence", "cloud/1/prediction"}), rng.randrange(4)
    ):
        del entries[name]
    record = {"schema": 3, "lab": figures_edition(), "reader": "r", "entries": {}}
    if rng.random() < 0.7:
        record["student"] = rng.choice(("Ada Müller", "王小明", "O’Brien, Pat", "7b_12", "=1+1", "Zoë"))
    record["entries"] = {name: {"value": value, "at": 1.0} for name, value in entries.items()}
    return record


@functools.cache
def figures_edition():
    """The version of the core that is checked."""
    return site_facts.version(ROOT)


def report_case(rng, folder):
    """A report that was changed in form, in content, or damaged, as `verify` reads it."""
    ledger = Ledger.from_text(json.dumps(random_record(rng)))
    kind = rng.choice(("md", "html", "json"))
    lines = rng.choice((None, LINES))
    report = {
        "md": lambda: report_markdown(ledger, lines),
        "html": lambda: report_html(ledger, (), lines),
        "json": ledger.to_text,
    }[kind]()
    intent, changed = rng.choice(("honest", "forged", "damaged")), ""
    if intent == "forged":
        report, changed = fuzz_changes.forged(rng, kind, report)
        intent = intent if changed else "honest"
    report, names = fuzz_changes.honest(rng, kind, report)
    data, name, way = fuzz_changes.packed(rng, kind, report)
    if intent == "damaged":
        data = fuzz_changes.damaged(rng, data)
    path = folder / "in" / name
    path.parent.mkdir()
    path.write_bytes(data)
    outcomes = _verified(path)
    verdicts = {outcome.verdict for outcome in outcomes} - {""}
    problems = [outcome.problem for outcome in outcomes if outcome.problem.startswith("the check itself")]
    if problems:
        raise AssertionError(f"{problems[0]} ({kind}, {intent}, {names}, {way})")
    if [file.relative_to(folder) for file in folder.rglob("*")] != [Path("in"), Path("in", name)]:
        raise AssertionError("a file was written")
    if path.read_bytes() != data:
        raise AssertionError("the report was changed")
    found = "; ".join(
        f"{c.path}: {c.claimed!r}, {c.recomputed!r}" for o in outcomes for c in o.checks if not c.agrees
    )
    if intent == "honest" and not verdicts:
        raise AssertionError(f"an honest report is passed over ({kind}, {names}, {way}): {outcomes}"[:900])
    if intent == "honest" and DISAGREES in verdicts:
        raise AssertionError(f"an honest report disagrees ({kind}, {names}, {way}): {found[:500]}")
    if intent == "forged" and AGREES in verdicts:
        raise AssertionError(f"a report with {changed} agrees ({kind}, {names}, {way})")
    return f"{intent}: {', '.join(sorted(verdicts)) or 'passed over'}"


def _verified(path):
    """The outcomes of all files at a path, with figures compared, and the pages about them written to nowhere."""
    outcomes = []
    for item in items([path.parent]):
        if item.data is not None and item.parts[-1] == "submission_metadata.yml":
            submitters(item.data.decode("utf-8", "replace"))
        outcome = read(item)
        if outcome.ledger:
            for question in questions(outcome.ledger):
                outcome.checks.extend(checks(outcome.ledger, question, _answer_to(question)))
        outcomes.append(outcome)
    _summaries(outcomes)
    return outcomes


def _answer_to(question):
    """The genuine answer if the question is the genuine one; else none, since a random question can take hours."""
    if (question.track, question.part, question.settings, question.prediction) != (
        "cloud",
        "1",
        SETTINGS,
        30.0,
    ):
        return Unanswered("not asked here", False)
    _questions[question.key] = question
    return _answer(question.key)


def _summaries(outcomes):
    """The tables and the page of a class with these files."""
    whole, loose = students(outcomes, {})
    summary.figures_table(whole, loose)
    summary.students_table(whole)
    summary.terminal_text(whole, loose)
    class_page.class_page(whole, loose)


def places(value, path=()):
    """The path of every value within a JSON value."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inside:
        yield from places(item, (*path, name))


def changed_value(rng, value):
    """A JSON value with up to three places replaced, left out or renamed."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        path = rng.choice(list(places(value)))
        if not path:
            if rng.random() < 0.05:
                return rng.choice(NASTY)
            continue
        parent = functools.reduce(lambda inside, name: inside[name], path[:-1], value)
        kind = rng.randrange(4)
        if kind == 0:
            del parent[path[-1]]
        elif kind == 1 and isinstance(parent, dict):
            parent[rng.choice(("x", "__proto__", "cloud/4/settings", "a" * 100, "", "value", "kind"))] = (
                parent.pop(path[-1])
            )
        else:
            parent[path[-1]] = copy.deepcopy(rng.choice(NASTY))
    return value


def record_case(rng, page):
    """A changed record: page and core decide alike, and what they accept can be used."""
    record = random_record(rng)
    values = record["entries"]["cloud/1/evidence"]["value"]["values"]
    for path in list(values)[rng.randrange(1, 6) :]:
        del values[path]
    if rng.random() < 0.3:
        record["schema"] = rng.choice((1, 2, 4))
    record = changed_value(rng, record)
    text = json.dumps(record)
    # JavaScript reads 1e400 as infinite, and a text of half a letter as a broken one: both sides get what it reads.
    answer = page.ask({"record": record})
    try:
        ledger = Ledger.from_text(text)
    except LedgerError as error:
        if answer.get("accepted"):
            raise AssertionError(f"the page accepts a record that the core refuses: {error}") from None
        if not str(error) or len(str(error)) > 400:
            raise AssertionError(f"the sentence is {len(str(error))} letters long") from None
        return "record: refused"
    if not answer.get("accepted"):
        raise AssertionError(f"the core accepts a record that the page refuses: {answer.get('why')}")
    report_markdown(ledger), report_html(ledger)
    outcome = read(_item(report_markdown(ledger).encode("utf-8", "replace")))
    if outcome.problem.startswith("the check itself"):
        raise AssertionError(outcome.problem)
    for question in questions(ledger):
        checks(ledger, question, Unanswered("not asked here", False))
    _summaries([outcome])
    return "record: accepted"


def _item(data):
    from dataselect_core.ledger.containers import Item

    return Item("report.md", ("report.md",), data, named=True)


def address_case(rng, page):
    """An address with random settings: understood, or named in a sentence."""
    table = site_facts.settings_table(ROOT)
    names = [*table["limits"], *(name for rows in table["settings"].values() for name in rows)]
    names += [
        "track",
        "part",
        "step",
        "view",
        "embed",
        "origin",
        "student",
        "class",
        "fixed",
        "__proto__",
        "x",
    ]
    values = [
        "cloud",
        "1",
        "2",
        "3",
        "0.5",
        "7",
        "licences",
        "limits",
        "seed,limits",
        "Ada L",
        "1e999",
        "NaN",
        "0x10",
        "-0",
        "",
        " ",
    ]
    values += [
        "auto",
        "hand",
        "https://a.example",
        "javascript:alert(1)",
        "<b>",
        "\u202e",
        "%",
        "%E0%A4%A",
        "a" * 5000,
        "1.0",
        "07",
        "\uff11",
    ]
    pairs = []
    for _ in range(rng.randrange(12)):
        name, value = rng.choice(names), rng.choice(values)
        quote = (
            (lambda text: text)
            if rng.random() < 0.2
            else functools.partial(urllib.parse.quote, errors="replace")
        )
        pairs.append(f"{quote(name)}={quote(value)}")
    text = (
        fuzz_changes.damaged(rng, "&".join(pairs).encode()).decode("utf-8", "replace")
        if rng.random() < 0.3
        else "&".join(pairs)
    )
    answer = page.ask({"address": f"?{text}"})
    first, again = answer["first"], answer["again"]
    if again["ignored"]:
        raise AssertionError(
            f"the page does not understand its own address {answer['query']}: {again['ignored']}"
        )
    if {k: again[k] for k in ("settings", "link")} != {k: first[k] for k in ("settings", "link")}:
        own = {"bands", "rows", "real"}  # left out of an address where others decide them
        kept = {k: v for k, v in first["settings"].items() if k not in own}
        if {k: v for k, v in again["settings"].items() if k not in own} != kept or again["link"] != first[
            "link"
        ]:
            raise AssertionError(f"{first} is {again} when it is read again")
    if len(answer["complaint"]) > 1200:
        raise AssertionError(f"the sentence is {len(answer['complaint'])} letters long")
    return "address: understood in part" if first["ignored"] else "address: understood"


def lock_case(rng, folder):
    """The lock file, changed or damaged."""
    path = folder / "lock.json"
    if rng.random() < 0.6:
        path.write_text(json.dumps(changed_value(rng, lock.load())), "utf-8", "replace")
    else:
        path.write_bytes(fuzz_changes.damaged(rng, lock.PATH.read_bytes()))
    try:
        read_lock = lock.load(path)
    except fetch.FetchError as error:
        if path.name not in str(error):
            raise AssertionError(f"the message does not name the file: {error}") from None
        return "lock: refused"
    for entry in read_lock["files"].values():
        fetch.describe(entry["sources"][0])
        if fetch.cache_dir().resolve() not in fetch.kept_at(entry).resolve().parents:
            raise AssertionError(f"{entry['file']} would be kept outside the cache")
    return "lock: read"


class Page:
    """The page's own readers of addresses and records, in Node."""

    def __init__(self, folder):
        table = Path(folder) / "table.json"
        table.write_text(json.dumps(site_facts.settings_table(ROOT)), "utf-8")
        command = [node.executable(), ROOT / "tools" / "fuzz_shell.mjs", ROOT / "site" / "shell", table]
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    def ask(self, question):
        """The page's answer; AssertionError if it threw anything but a sentence of its own."""
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "thrown" in answer:
            raise AssertionError(f"the page threw {answer['thrown']}")
        return answer

    def close(self):
        """End the process."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def run(kinds, seed, first, cases, seconds):
    """Run cases until the time is over; returns (number, outcomes, failures: list of (name of the case, error))."""
    end = time.monotonic() + seconds
    outcomes, failures, number = collections.Counter(), [], first
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        page = Page(scratch)
        evidence()
        while time.monotonic() < end and number < first + cases and len(failures) < 5:
            rng = random.Random(f"{seed}-{number}")
            kind = rng.choice(kinds)
            start = time.process_time()
            try:
                with tempfile.TemporaryDirectory(dir=scratch) as folder:
                    where = Path(folder) if kind in ("report", "lock") else page
                    outcomes[CASES[kind](rng, where)] += 1
                if time.process_time() - start > SECONDS:
                    raise AssertionError(f"took {time.process_time() - start:.1f} s")
            except Exception as error:
                failures.append((f"{seed}-{number} ({kind})", error))
            number += 1
        page.close()
    return number - first, outcomes, failures


CASES = {"report": report_case, "record": record_case, "address": address_case, "lock": lock_case}


def main():
    """Run for some minutes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--cases", type=int, default=sys.maxsize, help="stop after so many")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this kind; may be repeated")
    parser.add_argument("--json", type=Path, help="write the result to this file too")
    options = parser.parse_args()
    kinds = options.kind or KINDS
    number, outcomes, failures = run(kinds, options.seed, options.first, options.cases, 60 * options.minutes)
    for name, error in failures:
        print(f"case {name}", file=sys.stderr)
        traceback.print_exception(error)
    print(f"{number:,} cases: {dict(sorted(outcomes.items()))}, {len(failures)} failed")
    if options.json:
        result = {
            "cases": number,
            "seed": options.seed,
            "minutes": options.minutes,
            "outcomes": outcomes,
            "failed": len(failures),
            "date": time.strftime("%Y-%m-%d"),
        }
        options.json.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
