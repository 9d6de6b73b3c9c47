"""One rule for who may overwrite what: nothing that was said to be saved is lost, whatever several tabs do."""

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect
from reader import NO_PYTHON

from tools import node

ROOT = Path(__file__).resolve().parents[2]
SHELL = ROOT / "site" / "shell"
MODEL = ROOT / "tests" / "site" / "merge_model.mjs"
SEEDS = range(1, 21)
STEPS = 200
DEAF = "globalThis.BroadcastChannel = class { postMessage() {} };"
MUTANTS = {
    "a prediction is rewritten by the later one": ("return isThere(theirs) ? theirs : mine;", "return mine;"),
    "runs of the other tab are dropped": (
        "const known = new Map(theirs.runs",
        "const known = new Map([].slice.call([])",
    ),
    "two runs keep one number": ("taken.has(run.number) ? ++last : run.number", "run.number"),
    "a later marker takes the place of the first": ("theirs.marker || (mine.marker", "(mine.marker"),
    "settings are written whole": ("if (IS_FIELDS.has(name)) {", "if (false) {"),
    "one text takes the place of the other": (
        "if (name in MOST) return { at, value: texts(theirs.value, mine.value, MOST[name]) };",
        "",
    ),
}


def lost(seed, shell=SHELL):
    """What the model finds missing at the end of a walk of several tabs."""
    return json.loads(node.node(MODEL, shell, seed, STEPS, capture_output=True).stdout)


def test_nothing_said_to_be_saved_is_lost():
    """Three tabs write, commit, run, import, reload and clear at random; some are deaf, and the disk is full at times."""
    kept = 0
    for seed in SEEDS:
        outcome = lost(seed)
        assert outcome["wrong"] == [], f"seed {seed}"
        kept += sum(outcome["said"].values())
    assert kept > 300  # so much was said to be saved, and looked for


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_model_notices(mutant, tmp_path):
    """A rule that is broken is found by one of the walks."""
    for name in ("schema", "merge", "store"):
        shutil.copy(SHELL / f"{name}.js", tmp_path)
    whole = (SHELL / "merge.js").read_text("utf-8")
    before, after = MUTANTS[mutant]
    assert whole.count(before) == 1
    (tmp_path / "merge.js").write_text(whole.replace(before, after), "utf-8")
    assert any(lost(seed, tmp_path)["wrong"] for seed in range(1, 61))


MERGED = """
globalThis.lab = {};
(0, eval)(require("fs").readFileSync(process.argv[2], "utf8"));
const record = (entry) => ({ reader: "r", entries: { [process.argv[3]]: entry } });
console.log(JSON.stringify(lab.merge.records(...JSON.parse(process.argv[4]).map(record)).entries[process.argv[3]].value));
"""


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
def test_only_what_a_view_has_changed_is_written(key, values, outcome, tmp_path):
    """Given as seen, as here and as there, each entry becomes what both have changed of it."""
    (tmp_path / "merged.cjs").write_text(MERGED, "utf-8")
    entries = json.dumps([{"at": at, "value": value} for at, value in enumerate(values)])
    done = node.node(tmp_path / "merged.cjs", SHELL / "merge.js", key, entries, capture_output=True)
    assert json.loads(done.stdout) == outcome


def writing(reader, part="1"):
    """The field of the reflection, in the page as it stands."""
    return reader.one(f"textarea[data-reflection='{part}']")


def write(reader, text):
    """Write a reflection and wait until it is said to be saved."""
    writing(reader).fill(text)
    writing(reader).blur()
    expect(reader.one("[data-entry-saved='1/reflection']")).to_have_text("saved")


@pytest.fixture
def two(new_reader):
    """Two tabs of one reader on the same part: `two(script)`."""

    def opened(script=""):
        first = new_reader(script=NO_PYTHON + script, steps=False).open("?track=edge&part=1").saved()
        return first, first.another_tab().open("?track=edge&part=1").saved()

    return opened


@pytest.mark.parametrize("script", ["", DEAF], ids=["a tab that hears", "a deaf tab"])
def test_a_click_into_an_older_tab_takes_nothing_away(two, script):
    """A click into the empty field of the other tab and a Tab out of it leave the essay."""
    first, second = two(script)
    first.commit(30)
    second.reload()
    write(first, "An essay that took an hour.")
    writing(second).focus()
    writing(second).blur()
    first.reload()
    expect(writing(first)).to_have_value("An essay that took an hour.")


def test_the_older_tab_that_writes_keeps_both_texts(two):
    """Each tab writes in the same field without hearing of the other: both texts are there."""
    first, second = two(DEAF)
    first.commit(30)
    second.reload()
    write(first, "An essay that took an hour.")
    write(second, "Another thought.")
    second.reload()
    expect(writing(second)).to_have_value("An essay that took an hour.\n\nAnother thought.")


def test_an_open_tab_shows_what_another_one_saved(two):
    """A commitment and a text of one tab appear in the other; the focus and what is being typed there stay."""
    first, second = two()
    field = writing(second)
    first.commit(30)
    expect(second.here("[data-lock-answer='1']")).to_contain_text("30 %")
    field.focus()
    write(first, "From the first tab.")
    expect(field).to_have_value("From the first tab.")
    expect(field).to_be_focused()


def test_what_is_being_typed_stays_beside_what_comes(two):
    """A text that arrives while the reader types is put before it; nothing is typed over."""
    first, second = two()
    first.commit(30)
    expect(second.here("[data-lock-answer='1']")).to_contain_text("30 %")
    writing(second).focus()
    second.page.evaluate(
        "() => { globalThis.later = setTimeout; globalThis.setTimeout = () => 0; }"
    )  # it is not saved yet
    second.page.keyboard.type("mine")
    write(first, "theirs")
    expect(second.one("[data-ledger] tbody tr")).to_contain_text("1 words")
    expect(writing(second)).to_have_value("mine")
    second.page.evaluate("() => { globalThis.setTimeout = later; }")
    second.page.keyboard.type("!")
    expect(writing(second)).to_have_value("theirs\n\nmine!")
    second.page.keyboard.type("?")
    expect(writing(second)).to_have_value("theirs\n\nmine!?")


def test_a_file_rewrites_no_prediction(two, tmp_path):
    """A record of the same reader with another, earlier prediction is taken, but not its prediction."""
    first, second = two()
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
        expect(tab.here("[data-lock-answer='1']")).to_contain_text("30 %")
