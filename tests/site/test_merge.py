"""One rule for overwriting: nothing that was reported as saved is lost, whatever several tabs do."""

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect
from reader import NO_PYTHON

from tools import node, site_facts

ROOT = Path(__file__).resolve().parents[2]
SHELL = ROOT / "site" / "shell"
MODEL = ROOT / "tests" / "site" / "merge_model.mjs"
KINDS = ("indexeddb", "localstorage")
SEEDS = range(1, 13)
STEPS = 200
DEAF = "globalThis.BroadcastChannel = class { postMessage() {} };"
MUTANTS = {
    "a prediction is rewritten by the later one": (
        "merge",
        "return isThere(theirs) ? theirs : mine;",
        "return mine;",
    ),
    "runs of the other tab are dropped": (
        "merge",
        "const merged = new Map(theirs.runs.map((run) => [identity(run), run]));",
        "const merged = new Map();",
    ),
    "two runs keep one number": ("merge", "taken.has(run.number) ? ++last : run.number", "run.number"),
    "a later marker takes the place of the first": ("merge", "theirs.marker || (mine.marker", "(mine.marker"),
    "settings are written whole": ("merge", "if (IS_FIELDS.has(name)) {", "if (false) {"),
    "one text takes the place of the other": (
        "merge",
        "if (Object.hasOwn(lab.schema.TEXTS, name))",
        "if (false)",
    ),
    "a page whose save failed calls itself saved": (
        "store",
        "if (joins && unsaved) saved();",
        "if (false) saved();",
    ),
    "the last reader's work joins the new one's": (
        "store",
        "    return null; // another tab has started anew",
        "    return lab.merge.records(base, record, theirRecord);",
    ),
    "a closed connection is not opened again": ("store", "database = await within(connection());", ""),
}


def run_model(seed, kind, shell=SHELL):
    """The losses that the model finds at the end of a walk of several tabs, and the number of reported saves."""
    return json.loads(node.node(MODEL, shell, seed, STEPS, kind, capture_output=True).stdout)


@pytest.mark.parametrize("kind", KINDS)
def test_no_saved_entry_is_lost(kind):
    """Three tabs write, commit, run, import, reload and clear at random; some are deaf, and storage sometimes fails."""
    count = 0
    for seed in SEEDS:
        outcome = run_model(seed, kind)
        assert outcome["wrong"] == [], f"seed {seed}"
        count += sum(outcome["said"].values())
    assert count > 150  # that many were reported as saved, and checked


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_model_detects_every_broken_rule(mutant, tmp_path):
    """At least one of the walks finds a broken rule."""
    for name in ("schema", "merge", "store"):
        shutil.copy(SHELL / f"{name}.js", tmp_path)
    file, before, after = MUTANTS[mutant]
    source = (SHELL / f"{file}.js").read_text("utf-8")
    assert source.count(before) == 1
    (tmp_path / f"{file}.js").write_text(source.replace(before, after), "utf-8")
    walks = ((seed, kind) for seed in range(1, 41) for kind in KINDS)
    assert any(run_model(seed, kind, tmp_path)["wrong"] for seed, kind in walks)


MERGED = """
const [folder, table, work, ...given] = process.argv.slice(2);
globalThis.lab = { json: () => JSON.parse(table) };
for (const name of ["schema", "merge"]) (0, eval)(require("fs").readFileSync(`${folder}/${name}.js`, "utf8"));
const [key, values] = [given[0], JSON.parse(given[1])];
const record = (value, at) => ({ reader: "r", entries: { [key]: { value, at } } });
const outcome = work === "within" ? lab.merge.within(key, ...values) : lab.merge[work](...values.map(record)).entries[key].value;
console.log(JSON.stringify(outcome));
"""


def merge_values(folder, operation, key, values):
    """The shell's merge of some values of one entry."""
    (folder / "merged.cjs").write_text(MERGED, "utf-8")
    process = node.node(
        folder / "merged.cjs",
        SHELL,
        json.dumps(site_facts.settings_table(ROOT)),
        operation,
        key,
        json.dumps(values),
        capture_output=True,
    )
    return json.loads(process.stdout)


@pytest.mark.parametrize(
    "key, values, outcome",
    [
        ("edge/1/reflection", ("one two", "one two", "one"), "one"),
        ("edge/1/settings", ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 3}), {"a": 2, "b": 3}),
        ("edge/1/assumptions", ({"a": 1, "b": 1}, {"b": 1}, {"a": 1, "b": 3}), {"b": 3}),
        ("edge/1/seconds", (10, 15, 12), 17),
        ("edge/1/reflection", ("", "mine", "theirs"), "theirs\n\nmine"),
    ],
    ids=["deleted there, untouched here", "two settings", "back to the default", "two clocks", "two texts"],
)
def test_changes_of_both_tabs_are_merged(key, values, outcome, tmp_path):
    """From the value last seen, the one here and the one there, each entry gets the changes of both."""
    assert merge_values(tmp_path, "records", key, values) == outcome


def test_a_search_without_another_tab_is_unchanged(tmp_path):
    """Without another tab, Python's search equals the record, in order, so that nothing is sent and redrawn."""
    runs = [
        {"id": name, "number": i, "counted": True, "shown": True, "right": [[1]]}
        for i, name in enumerate("zyx")
    ]
    before = {"used": 2, "last": 1, "marker": None, "spent": ["z", "y"], "runs": runs[:2]}
    after = {"used": 3, "last": 2, "marker": None, "spent": ["z", "y", "x"], "runs": runs}
    assert merge_values(tmp_path, "within", "edge/2/kept-search", [before, after]) == after


@pytest.mark.parametrize(
    ("key", "page", "file", "outcome"),
    [
        ("edge/1/prediction", {"value": 30}, {"value": 77}, {"value": 30}),
        ("edge/2/prediction-indexing", {"value": "yes"}, {"value": "no"}, {"value": "yes"}),
        ("edge/1/settings", {"a": 1, "b": 1}, {"a": 2}, {"a": 2, "b": 1}),
        ("edge/1/reflection", "of the page", "of the file", "of the file"),
        ("edge/1/seconds", 10, 7, 10),
    ],
)
def test_a_newer_file_of_the_same_reader_is_merged(key, page, file, outcome, tmp_path):
    """The file's newer entries are merged, field by field, and entries that are written only once do not change."""
    assert merge_values(tmp_path, "imported", key, [page, file]) == outcome


def reflection_field(reader, part="1"):
    """The field of the reflection in the page."""
    return reader.locator(f"textarea[data-reflection='{part}']")


def write(reader, text):
    """Write a reflection and wait until the page says that it is saved."""
    reflection_field(reader).fill(text)
    reflection_field(reader).blur()
    expect(reader.locator("[data-entry-saved='1/reflection']")).to_have_text("saved")


@pytest.fixture
def two_tabs(new_reader):
    """Two tabs of one reader on the same part: `two(script)`."""

    def open_tabs(script=""):
        first = new_reader(script=NO_PYTHON + script, steps=False).open("?track=tiny&part=1").saved()
        first.choose_track("Edge Guardian")  # so that a record exists when the second tab opens
        first.saved()
        return first, first.another_tab().open("?track=edge&part=1").saved()

    return open_tabs


@pytest.mark.parametrize("script", ["", DEAF], ids=["a tab that hears", "a deaf tab"])
def test_a_click_into_an_older_tab_removes_nothing(two_tabs, script):
    """A click into the empty field of the other tab and a Tab out of it do not change the essay."""
    first, second = two_tabs(script)
    first.commit(30)
    second.reload()
    write(first, "An essay that took an hour.")
    reflection_field(second).focus()
    reflection_field(second).blur()
    first.reload()
    expect(reflection_field(first)).to_have_value("An essay that took an hour.")


def test_deleted_text_does_not_come_back(two_tabs):
    """A sentence that the reader deletes does not come back in either tab."""
    first, second = two_tabs()
    first.commit(30)
    write(first, "One sentence. Another one.")
    expect(reflection_field(second)).to_have_value("One sentence. Another one.")
    write(second, "One sentence.")
    for tab in (first, second, first.reload()):
        expect(reflection_field(tab)).to_have_value("One sentence.")


def test_texts_of_two_deaf_tabs_are_both_kept(two_tabs):
    """If two tabs write in the same field without hearing of each other, both texts are kept."""
    first, second = two_tabs(DEAF)
    first.commit(30)
    second.reload()
    write(first, "An essay that took an hour.")
    write(second, "Another thought.")
    second.reload()
    expect(reflection_field(second)).to_have_value("An essay that took an hour.\n\nAnother thought.")


def test_an_open_tab_shows_the_saved_work_of_another_tab(two_tabs):
    """A commitment and a text from one tab appear in the other, where the focus stays in its field."""
    first, second = two_tabs()
    field = reflection_field(second)
    first.commit(30)
    expect(second.in_part("[data-lock-answer='1']")).to_contain_text("30 %")
    field.focus()
    write(first, "From the first tab.")
    expect(field).to_have_value("From the first tab.")
    expect(field).to_be_focused()


def test_typed_text_is_kept_when_another_text_arrives(two_tabs):
    """A text that arrives while the reader types is put before the typed text, which is kept."""
    first, second = two_tabs()
    first.commit(30)
    expect(second.in_part("[data-lock-answer='1']")).to_contain_text("30 %")
    reflection_field(second).focus()
    second.page.evaluate(
        "() => { globalThis.later = setTimeout; globalThis.setTimeout = () => 0; }"
    )  # to delay its saving
    second.page.keyboard.type("mine")
    write(first, "theirs")
    expect(second.locator("[data-ledger] tbody tr")).to_contain_text("1 words")
    expect(reflection_field(second)).to_have_value("mine")
    second.page.evaluate("() => { globalThis.setTimeout = later; }")
    second.page.keyboard.type("!")
    expect(reflection_field(second)).to_have_value("theirs\n\nmine!")
    second.page.keyboard.type("?")
    expect(reflection_field(second)).to_have_value("theirs\n\nmine!?")


FULL = """() => {
  globalThis.whole = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (...given) {
    const request = whole.apply(this, given);
    this.transaction.abort();
    return request;
  };
}"""


def test_an_unsaved_text_is_saved_with_the_next_save_of_any_tab(two_tabs):
    """With a full disk no text is called saved; when the other tab can save again, this tab's text is saved too."""
    first, second = two_tabs()
    first.commit(30)
    for tab in (first, second):
        tab.page.evaluate(FULL)
    reflection_field(first).fill("Written while the disk is full.")
    reflection_field(first).blur()
    expect(first.locator("[data-entry-saved='1/reflection']")).to_have_text("not saved")
    expect(first.status()).to_contain_text("could not be saved")
    for tab in (first, second):
        tab.page.evaluate("() => { IDBObjectStore.prototype.put = whole; }")
    second.choose_track("Tiny Pioneer")
    expect(first.locator("[data-entry-saved='1/reflection']")).to_have_text("saved")
    first.saved().reload()
    expect(reflection_field(first)).to_have_value("Written while the disk is full.")


def test_an_imported_file_replaces_no_prediction(two_tabs, tmp_path):
    """A record of the same reader with another, earlier prediction is imported without that prediction."""
    first, second = two_tabs()
    first.commit(30)
    with first.page.expect_download() as download:
        first.page.get_by_role("button", name="Export").first.click()
    record = json.loads(download.value.path().read_text("utf-8"))
    entry = record["entries"]["edge/1/prediction"]["value"]
    entry.update(value=77, said="77 %", locked_at="2020-01-01T00:00:00.000Z")
    record["entries"]["edge/1/prediction"]["at"] += 1000
    (tmp_path / "edited.json").write_text(json.dumps(record), "utf-8")
    first.page.locator("[data-import-file]").set_input_files(tmp_path / "edited.json")
    expect(first.status()).to_have_text("Imported.")
    for tab in (first, second, first.reload()):
        expect(tab.in_part("[data-lock-answer='1']")).to_contain_text("30 %")
