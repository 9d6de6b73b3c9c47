"""Names of people are free text: in links, in the form for a class, and in file names."""

import json
from pathlib import Path

import pytest

from tools import node, site_facts

SHELL = Path(__file__).resolve().parents[2] / "site" / "shell"
NAMES = [
    "O'Brien",
    "Seán O’Brien",
    "Müller, Lisa",
    "王小明",
    "이영희",
    "Дмитрий (Митя) Иванов",
    "نور الهدى",
    "می‌خواهم",  # with a joiner, as Persian needs it
    "เทียนฉาย",
    "Zoë-Kim d'Arc Jr.",
    'Ann "Annie" Lee',
    "student/7; & co.",
    "7b-12",
    "Łukasz 👩‍🔬",
]
ODD = ["<script>", "ada\u202egnp", "x\u200by", "x" * 61, "...", "a\u0007b"]
TRIAL = """
const fs = require("fs");
const [shell, given] = process.argv.slice(2);
const { names, rows, files } = JSON.parse(fs.readFileSync(given, "utf8"));
const table = JSON.parse(fs.readFileSync(given + ".table", "utf8"));
const read = (name) => fs.readFileSync(`${shell}/${name}.js`, "utf8");
globalThis.location = { search: "", href: "https://lab.example/guide.html", protocol: "https:" };
const element = (more = {}) => ({ hidden: true, textContent: "", value: "", addEventListener: () => {}, ...more });
const places = { "[data-link-error]": element(), "[data-link-said]": element(), "[data-links]": element(), "[data-address-note]": element() };
let submit;
const fields = { students: element({ value: rows.join("\\n") }), lab: element({ value: "https://lab.example/" }), part: element({ value: "1" }) };
const form = { elements: new Proxy(fields, { get: (_, name) => (fields[name] ??= element({ matches: () => false })) }), addEventListener: (_, listen) => { submit = listen; } };
globalThis.lab = {
  json: () => table, all: () => [], form: () => form, field: (selector) => places[selector], later: (start) => lab.waiting.push(start), waiting: [],
  one: (selector) => places[selector], store: { watch: () => {} },
};
globalThis.document = { addEventListener: () => {}, documentElement: {} };
globalThis.MutationObserver = class { observe() {} };
(0, eval)(read("state"));
const links = names.map((name) => lab.state.read(`?student=${encodeURIComponent(name)}`));
lab.waiting = [];
(0, eval)(read("guide"));
for (const start of lab.waiting) start();
submit({ preventDefault: () => {} });
const [error, said, made] = ["[data-link-error]", "[data-link-said]", "[data-links]"].map((name) => places[name]);
lab.waiting = [];
(0, eval)(read("report"));
console.log(JSON.stringify({
  links: links.map(({ link, ignored }) => [link.student ?? null, ignored]),
  form: { error: error.hidden ? "" : error.textContent, said: said.textContent, links: made.hidden ? null : made.value },
  files: files.map((name) => lab.report.inFileName(name, "0123456789abcdef")),
}));
"""


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """Run the page's own code: (names in links, rows of the form, names for files) -> results."""
    folder = tmp_path_factory.mktemp("names")
    (folder / "trial.cjs").write_text(TRIAL, "utf-8")

    def run(names=(), rows=(), files=()):
        input_file = folder / "given.json"
        input_file.write_text(
            json.dumps({"names": list(names), "rows": list(rows), "files": list(files)}), "utf-8"
        )
        Path(f"{input_file}.table").write_text(
            json.dumps(site_facts.settings_table(SHELL.parents[1])), "utf-8"
        )
        return json.loads(node.node(folder / "trial.cjs", SHELL, input_file, capture_output=True).stdout)

    return run


def test_links_accept_names_in_every_script_and_refuse_markup(trial):
    """Apostrophes, commas, quotation marks and all scripts are allowed in names; markup and hidden signs are not."""
    links = trial(names=[*NAMES, *ODD])["links"]
    assert [name for name, _ in links[: len(NAMES)]] == NAMES
    assert all(ignored == [] for _, ignored in links[: len(NAMES)])
    assert all(name is None and len(ignored) == 1 for name, ignored in links[len(NAMES) :])


def test_invalid_rows_are_named_and_the_others_get_links(trial):
    """Two invalid rows in a class are named, and all others get a link that the lab reads back."""
    rows = [*NAMES[:3], "<b>", *NAMES[3:], "x" * 99, NAMES[0]]
    form = trial(rows=rows)["form"]
    links = dict(line.split("\t") for line in form["links"].split("\n"))
    assert list(links) == NAMES and f"{len(NAMES)} links" in form["said"] and "1 repeated row" in form["said"]
    assert "No link for 2 of" in form["error"] and "<b>: student=<b> was ignored" in form["error"]
    assert form["error"].count("was ignored") == 2
    result = trial(names=[])
    assert (
        result["form"]["links"].startswith("https://lab.example/index.html?part=1")
        and result["form"]["error"] == ""
    )


def test_invalid_rows_alone_make_no_link(trial):
    """If no row is a valid name, there is no link and a message on each row."""
    form = trial(rows=["<b>", "..."])["form"]
    assert form["links"] is None and "No link for 2 of 2 rows" in form["error"]


def test_file_names_keep_every_letter_and_never_collide(trial):
    """No two students get the same file name, and no file name has a forbidden sign or is too long."""
    names = [
        *NAMES,
        "a/b",
        "a:b",
        "a?b",
        "a b",
        "a-b",
        "a_b",
        "O’Brien",
        "x" * 100,
        "王" * 60,
        "王" * 59 + "小",
        "a.",
        "a",
    ]
    files = trial(files=names)["files"]
    assert len(set(files)) == len(names)
    for name, file in zip(names, files, strict=True):
        assert not set(file) & set('\\/:*?"<>|') and len(file.encode()) <= 190 and not file.endswith(".")
        letters = [letter for letter in name if letter.isalnum()]
        assert (
            letters == [letter for letter in file if letter.isalnum()][: len(letters)]
            or len(name.encode()) > 180
        )
    assert files[3] == "王小明" and files[4] == "이영희"
