"""The rules for records: page and core read the same table, and both follow each entry of it.

For every entry a record is made that is just within it, and one just beyond. Both readers accept the first and refuse
the second; if that entry is changed, both accept the second.
"""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools import node, site_facts

ROOT = Path(__file__).resolve().parents[2]
RULES = site_facts.load_facts(ROOT, "record")


def record(entries=None, **more):
    """A record of a reader, with entries key -> value."""
    saved_entries = {key: {"value": value, "at": 1} for key, value in (entries or {}).items()}
    return {"schema": RULES["schema"], "lab": "1", "reader": "r", "entries": saved_entries, **more}


def evidence(**more):
    """A record with captured evidence."""
    return record({"cloud/1/evidence": {"settings": {}, **more}})


def figure(**more):
    """A record with one captured figure."""
    return evidence(values={"a.b": {"value": 1, "kind": "measured", **more}})


def prediction(**more):
    """A record with a prediction."""
    return record({"cloud/1/prediction": {"value": 1, **more}})


def nested(depth):
    """Lists within lists."""
    value = 0
    for _ in range(depth - 1):
        value = [value]
    return value


PYTHON = {"python": "3", "numpy": "2", "platform": "p"}
# name of a length -> a record with a text, or with that many names, of the given length
LENGTHS = {
    "lab": lambda n: record(lab="x" * n),
    "reader": lambda n: record(reader="x" * n),
    "student": lambda n: record(student="x" * n),
    "said": lambda n: prediction(said="x" * n),
    "why": lambda n: prediction(why="x" * n),
    "locked_at": lambda n: prediction(locked_at="x" * n),
    "answer": lambda n: prediction(value="x" * n),
    "at": lambda n: evidence(at="x" * n),
    "version": lambda n: evidence(engine={**PYTHON, "platform": "x" * n}),
    "names": lambda n: evidence(settings={f"n{k}": k for k in range(n)}),
    "name": lambda n: evidence(settings={"n" * n: 1}),
    "item": lambda n: evidence(settings={"a": "x" * n}),
    "value": lambda n: figure(value="x" * n),
    "unit": lambda n: figure(unit="x" * n),
    "source": lambda n: figure(source="x" * n),
    "plain name": lambda n: record({"cloud/2/kept-search": {"n" * n: 1}}),
    "plain text": lambda n: record({"cloud/2/kept-search": {"a": "x" * n}}),
}
# path in the table -> its current number, and a record for a number
COUNTED = {
    **{("lengths", name): make for name, make in LENGTHS.items()},
    **{("texts", name): lambda n, name=name: record({f"cloud/1/{name}": "x" * n}) for name in RULES["texts"]},
    ("most_entries",): lambda n: record({f"cloud/1/kept-{k}": 1 for k in range(n)}),
    ("most_cases",): lambda n: evidence(cases=["a"] * n),
    ("depth",): lambda n: record({"cloud/2/kept-search": nested(n)}),
    ("latest",): lambda n: record() | {"entries": {"cloud/1/scene": {"value": "a", "at": n}}},
}
# path -> another content, and a record that is accepted only with it
NAMED = {
    ("schema",): (RULES["schema"], None),  # each number needs a migration, which has its own tests
    ("word",): ("[a-z0-9]{1,20}", record({"b2": 1})),
    ("name",): ("[a-z_]{1,40}", record({"cloud/1/kept_runs": 1})),
    ("path",): ("[A-Z.]{1,40}", evidence(cases=["A.B"])),
    ("version",): ("[v0-9.p]{1,60}", evidence(engine={**PYTHON, "numpy": "..2"})),
    ("kinds",): ([*RULES["kinds"], "guessed"], figure(kind="guessed")),
    ("engine",): ([*RULES["engine"], "device"], evidence(engine={**PYTHON, "device": "d"})),
}
ELSEWHERE = {
    "most_bytes",
    "most_report_bytes",
    "most_runs",
    "of_the_session",
}  # these do not belong to a single entry, and are tested below

READ_PYTHON = """
import json, sys
from dataselect_core import facts
cases = json.load(sys.stdin)
real, given = facts.load, {}
facts.load = lambda name: given["rules"] if name == "record" else real(name)
import importlib
answers = []
for given in cases:
    for name in [name for name in sys.modules if name.startswith("dataselect_core") and name != "dataselect_core.facts"]:
        if name not in ("dataselect_core", "dataselect_core.arrays"):
            del sys.modules[name]
    ledger = importlib.import_module("dataselect_core.ledger.record")
    try:
        ledger.migrate(given["record"])
        answers.append(True)
    except ledger.LedgerError:
        answers.append(False)
print(json.dumps(answers))
"""
READ_PAGE = """
const fs = require("fs");
const [source, file] = process.argv.slice(2);
const { table, cases } = JSON.parse(fs.readFileSync(file, "utf8"));
const answers = cases.map(({ rules, record }) => {
  globalThis.lab = { json: () => ({ ...table, record: rules }) };
  (0, eval)(fs.readFileSync(source, "utf8"));
  try { lab.schema.read(record); return true; } catch { return false; }
});
console.log(JSON.stringify(answers));
"""


def answers_of_both(cases, folder):
    """The answers of core and page to each (rules, record): lists of booleans."""
    trials = [{"rules": rules, "record": candidate} for rules, candidate in cases]
    (folder / "read.cjs").write_text(READ_PAGE, "utf-8")
    content = {"table": site_facts.settings_table(ROOT), "cases": trials}
    (folder / "cases.json").write_text(json.dumps(content), "utf-8")
    source = ROOT / "site" / "shell" / "schema.js"
    page = node.node(folder / "read.cjs", source, folder / "cases.json", capture_output=True).stdout
    core = subprocess.run(
        [sys.executable, "-c", READ_PYTHON], input=json.dumps(trials), capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    return json.loads(core), json.loads(page)


def change_rules(path, content):
    """The table with another content at a path."""
    rules = copy.deepcopy(RULES)
    *parents, last = path
    node = rules
    for name in parents:
        node = node[name]
    node[last] = content
    return rules


def test_every_entry_of_the_table_is_tested():
    """Every entry of the table is tested in this file."""
    paths = set(COUNTED) | set(NAMED)
    leaves = {(name, *more) for name in RULES for more in ([(k,) for k in RULES[name]] if isinstance(RULES[name], dict) else [()])}  # fmt: skip
    assert leaves - paths == {(name,) for name in ELSEWHERE}


def test_core_and_page_follow_every_number(tmp_path):
    """Core and page accept a record at the limit, refuse one beyond it, and accept that one if the limit is raised."""
    cases, names = [], []
    for path, make in COUNTED.items():
        number = RULES
        for name in path:
            number = number[name]
        cases += [
            (RULES, make(number)),
            (RULES, make(number + 1)),
            (change_rules(path, number + 1), make(number + 1)),
        ]
        names.append(path)
    core, page = answers_of_both(cases, tmp_path)
    expected = [True, False, True]
    for k, path in enumerate(names):
        assert core[3 * k : 3 * k + 3] == expected, ("core", path)
        assert page[3 * k : 3 * k + 3] == expected, ("page", path)


@pytest.mark.parametrize("path", [path for path, (_, candidate) in NAMED.items() if candidate], ids=".".join)
def test_core_and_page_follow_every_pattern_and_list(path, tmp_path):
    """Core and page refuse names that the table lacks, and accept them once it has them."""
    content, candidate = NAMED[path]
    core, page = answers_of_both([(RULES, candidate), (change_rules(path, content), candidate)], tmp_path)
    assert core == [False, True]
    assert page == [False, True]


def test_the_page_has_no_limits_of_its_own():
    """File sizes and the number of runs are read from the table where they are used."""
    shell = ROOT / "site" / "shell"
    for name, constant in {
        "merge": "schema.MOST_RUNS",
        "verify": "schema.MOST_REPORT_BYTES",
        "record": "schema.MOST_REPORT_BYTES",
        "report": "schema.MOST_REPORT_BYTES",
        "store": "schema.MOST_BYTES",
    }.items():
        assert constant in (shell / f"{name}.js").read_text("utf-8"), name
