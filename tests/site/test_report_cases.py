"""The report by Python and the plain one by a page without Python: both have the words of the shared cases."""

import html
import json
import re
from pathlib import Path

import pytest

from dataselect_core.ledger import SCHEMA, Ledger, report_html, report_markdown
from tools import node, site_facts

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CASES = json.loads((HERE / "report_cases.json").read_text("utf-8"))
AT = "2026-11-23T12:00:00.000Z"
FILES = ("format", "state", "schema", "links", "record", "report")
TRIAL = """
const fs = require("fs");
const { shell, files, table, cases } = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const told = {};
const later = [];
const clicks = [];
globalThis.location = { search: "", href: "https://lab.example/" };
globalThis.Element = class { constructor(action) { this.action = action; } closest(what) { return what === "[data-action]" ? this : null; } getAttribute() { return this.action; } };
globalThis.document = { addEventListener: (kind, does) => { if (kind === "click") clicks.push(does); } };
globalThis.window = globalThis;
let now; // the case that is written
const place = (part, lines) => ({ dataset: { part, evidence: part, lines: JSON.stringify(lines) } });
globalThis.lab = {
  all: (what) => (what.startsWith("[data-part]") ? Object.keys(table.parts).map((part) => place(part, [])) : what.startsWith("[data-evidence]") ? Object.entries(now.lines || {}).map(([part, lines]) => place(part, lines)) : []),
  one: () => null, field: () => null,
  json: () => table,
  later: (work) => later.push(work),
  boot: { live: false },
  store: { watch: () => {}, get: (key) => now.record.entries[key]?.value, record: () => now.record, get student() { return now.record.student; } },
};
for (const file of files) (0, eval)(fs.readFileSync(`${shell}/${file}.js`, "utf8"));
(async () => {
  const answers = [];
  for (now of cases) {
    const texts = {};
    lab.record.save = (name, text) => { texts[name.split(".").pop()] = text; };
    for (const form of ["markdown", "html"]) {
      for (const does of clicks) does({ target: new Element(`report-${form}`) });
      await new Promise((done) => setTimeout(done, 0));
    }
    answers.push(texts);
  }
  console.log(JSON.stringify(answers));
})();
"""


def record(case):
    student = {"student": case["student"]} if "student" in case else {}
    entries = {key: {"value": value, "at": AT} for key, value in case["entries"].items()}
    return {"schema": SCHEMA, "lab": "0.1.0", "reader": "somebody", **student, "entries": entries}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The reports of a page without Python for every case, in both forms."""
    folder = tmp_path_factory.mktemp("plain")
    cases = [{"record": record(case), "lines": case.get("lines")} for case in CASES]
    table = site_facts.settings_table(ROOT)
    content = {"shell": str(ROOT / "site" / "shell"), "files": FILES, "table": table, "cases": cases}
    (folder / "trial.cjs").write_text(TRIAL, "utf-8")
    (folder / "given.json").write_text(json.dumps(content), "utf-8")
    process = node.node(folder / "trial.cjs", folder / "given.json", capture_output=True)
    return json.loads(process.stdout)


def lines_of_markdown(text):
    """The lines of a report before its record, without the marks of lists, headings and quotes."""
    shown = text.split("## Record\n")[0].splitlines()
    return [re.sub(r"\\(.)", r"\1", re.sub(r"^(#+|>|-) ", "", line)).strip() for line in shown]


def lines_of_html(page):
    """The same for the HTML form, with each row of a table on one line as in Markdown."""
    body = page.split("<body>")[1].split('<script type="application/json"')[0]
    body = re.sub(r"</t[dh]>", " | ", re.sub(r"<tr[^>]*>", "| ", body.replace("\n", "\0\n")))
    body = re.sub(r"</(p|h\d|li|tr|blockquote|caption)>", "\n", body.replace("\0", ""))
    return [html.unescape(re.sub(r"<[^>]+>", "", line)).strip() for line in body.splitlines()]


def missing(expected, lines, with_colons):
    """The expected lines that are missing, in order; `with_colons` is whether labels have a colon."""
    remaining, missing_lines = iter(lines), []
    for row in expected:
        expected_line = f"| {' | '.join(row)} |" if isinstance(row, list) else row
        if not with_colons and expected_line.endswith(":"):
            expected_line = expected_line[:-1]
        if not any(line == expected_line for line in remaining):
            missing_lines.append(expected_line)
            break
    return missing_lines


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case["name"] for case in CASES])
@pytest.mark.parametrize("form", ["markdown", "html"])
@pytest.mark.parametrize("writer", ["Python", "page"])
def test_both_writers_include_the_sentences_of_a_case(plain, writer, form, number):
    """Every sentence of a case is in the report, word for word and in order, for both writers and both forms."""
    case = CASES[number]
    if writer == "page":
        text = plain[number]["md" if form == "markdown" else "html"]
    else:
        write = report_markdown if form == "markdown" else report_html
        text = write(Ledger(record(case)), lines=case.get("lines"))
    lines = lines_of_markdown(text) if form == "markdown" else lines_of_html(text)
    assert missing(case["says"], lines, with_colons=form == "markdown") == []
