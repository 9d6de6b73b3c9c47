"""The reader's record: saving, restoring, refusing bad files, and working without storage."""

import json
import re

import pytest
from playwright.sync_api import expect
from reader import Reader

from dataselect_core import datasets
from dataselect_core.dedup.audit import Audit

NO_PYTHON = "delete globalThis.Worker;"  # the record needs no Python, and these tests are quicker without it
NO_INDEXEDDB = """Object.defineProperty(globalThis, "indexedDB", {get() { throw new DOMException("forbidden", "SecurityError"); }});"""
NO_LOCALSTORAGE = """Object.defineProperty(globalThis, "localStorage", {get() { throw new DOMException("forbidden", "SecurityError"); }});"""
OPENING_FAILS = (
    """IDBFactory.prototype.open = () => { throw new DOMException("forbidden", "SecurityError"); };"""
)
SPOIL_INDEXEDDB = """(record) => new Promise((resolve, reject) => {
  const request = indexedDB.open("data-selection-lab", 1);
  request.onsuccess = () => {
    const change = request.result.transaction("records", "readwrite");
    change.objectStore("records").put(record, "record");
    change.oncomplete = () => { request.result.close(); resolve(); };
    change.onerror = reject;
  };
})"""
SPOIL_LOCALSTORAGE = """(text) => localStorage.setItem("data-selection-lab", text)"""
ATTACK = "<img src=x onerror='globalThis.hacked = true'><script>globalThis.hacked = true</script>"
LOCKED = "[data-lock-answer='1']"


@pytest.fixture
def quick(new_reader):
    """Open readers in a browser that cannot run Python."""
    return lambda script="", **options: new_reader(script=NO_PYTHON + script, **options)


def reflect(reader, text):
    """Write a reflection and wait until it is saved."""
    reader.part.get_by_label("Your answer").fill(text)
    expect(reader.in_part("[data-entry-saved='1/reflection']")).to_have_text("saved")


def export(reader):
    """Export to a file, as text."""
    with reader.page.expect_download() as download:
        reader.page.get_by_role("button", name="Export to a file").click()
    with open(download.value.path(), encoding="utf-8") as file:
        return file.read()


def import_file(reader, content):
    """Choose a file with that content for import."""
    with reader.page.expect_file_chooser() as chooser:
        reader.page.get_by_role("button", name="Import a file").click()
    data = content if isinstance(content, bytes) else content.encode()
    chooser.value.set_files({"name": "record.json", "mimeType": "application/json", "buffer": data})


def test_work_is_restored_after_a_reload(reader):
    """After a reload, prediction, settings, reflection and evidence are there, and stale evidence is marked."""
    reader.open("?track=cloud&part=1&corpus=licences").commit(30).live().results()
    reader.type_threshold(0.8)
    reflect(reader, "The long texts repeat.")
    reader.part.get_by_role("button", name="Capture this evidence").click()
    expect(reader.in_part("[data-captured='1']")).to_have_text("Captured.")
    evidence = reader.in_part("[data-evidence='1']")
    expect(evidence).to_contain_text("current")
    expect(evidence).to_contain_text("threshold 0.8")
    expect(evidence).to_contain_text(reader.value("removed.words_share").text_content())
    reader.type_threshold(0.7)
    expect(evidence).to_contain_text("stale")
    ledger = reader.locator("[data-ledger] tbody tr")
    expect(ledger).to_contain_text("30 %")
    expect(ledger).to_contain_text("4 words")

    reader.saved().page.goto(reader.base + "index.html")  # not even the address contains the settings
    expect(reader.in_part(LOCKED)).to_contain_text("30 %")
    expect(reader.part.get_by_label("Your answer")).to_have_value("The long texts repeat.")
    reader.live().at_threshold(0.7)
    expect(reader.value("corpus.documents")).to_have_text("727")
    expect(evidence).to_contain_text("stale")
    reader.type_threshold(0.8)
    expect(evidence).to_contain_text("current")

    entries = json.loads(export(reader))["entries"]
    values = entries["cloud/1/evidence"]["value"]["values"]
    audit = Audit(datasets.licences().texts)  # the same core, natively
    point = audit.at(0.8)
    learning = audit.learning(point)
    removed = audit.where_removed(0.3)
    expected = {
        "removed.words": point.words_removed,
        "removed.documents": point.documents_removed,
        "lsh.recall": point.recall,
        "lsh.expected_recall": point.expected_recall,
        "curve.raw_loss": float(learning.raw.loss[-1]),
        "curve.dedup_loss": float(learning.kept.loss[-1]),
        "reveal.measured": removed.words_removed / int(audit.mass.sum()),
    }
    shown = {path: values[path]["value"] for path in expected}
    assert shown == pytest.approx(expected, rel=1e-9)
    assert values["removed.words"]["kind"] == "measured" and values["removed.flops"]["kind"] == "modelled"


def test_a_record_can_be_moved_to_another_machine(quick):
    """An exported file, imported elsewhere, restores the work, and typed markup stays text."""
    reader = quick().open().commit(42, why="<b>bold</b> & brave")
    reflect(reader, ATTACK)
    text = export(reader)
    expect(reader.page.get_by_label("The record as text")).to_have_value(text)
    other_reader = quick().open("?track=cloud&part=1")
    import_file(other_reader, text)
    expect(other_reader.in_part(LOCKED)).to_contain_text("42 %")
    expect(other_reader.in_part(LOCKED)).to_contain_text("<b>bold</b> & brave")
    expect(other_reader.part.get_by_label("Your answer")).to_have_value(ATTACK)
    expect(other_reader.in_part("[data-reveal='no-python']")).to_contain_text("Python did not start here")
    other_reader.reload()
    expect(other_reader.in_part(LOCKED)).to_contain_text("42 %")
    assert other_reader.page.evaluate("() => globalThis.hacked") is None


# -- invalid files -----------------------------------------------------------------------------------------


def record(**entries):
    """A record with those entries, as JSON; `cloud_1_prediction` means cloud/1/prediction."""
    timestamp = 1_900_000_000_000
    return json.dumps(
        {
            "schema": 1,
            "reader": "somebody-else",
            "entries": {
                key.replace("_", "/", 2): {"value": value, "at": timestamp} for key, value in entries.items()
            },
        }
    )


def prediction(value, **more):
    """A locked prediction."""
    return {"value": value, "why": "", "locked_at": "2026-11-23T12:00:00.000Z", **more}


HOSTILE = {
    "empty": "",
    "cut off": record(cloud_1_prediction=prediction(77))[:-10],
    "not JSON": "PK\x03\x04 this is a zip",
    "no object": "[1, 2, 3]",
    "null": "null",
    "NaN": record(cloud_1_prediction=prediction(77)).replace("77", "NaN"),
    "an endless number": record(cloud_1_prediction=prediction(77)).replace("77", "1e999"),
    "newer edition": record(cloud_1_prediction=prediction(77)).replace('"schema": 1', '"schema": 99'),
    "no schema": record(cloud_1_prediction=prediction(77)).replace('"schema": 1, ', ""),
    "entries as a list": '{"schema": 1, "reader": "x", "entries": [{"value": 1, "at": 1}]}',
    "prediction as a bare number": record(cloud_1_prediction=77),
    "prediction as a list": record(cloud_1_prediction=prediction([ATTACK])),
    "evidence without settings": record(cloud_1_prediction=prediction(77), cloud_1_evidence={"values": {}}),
    "evidence of wrong types": record(
        cloud_1_evidence={"at": 1, "settings": "x", "values": [ATTACK], "cases": 7}
    ),
    "reflection as object": record(cloud_1_reflection={"html": ATTACK}),
    "assumptions as text": record(cloud_1_assumptions={"gpu_hour_price": ATTACK}),
    "ten megabytes": record(cloud_1_reflection="x" * 10_000_000),
    "binary": bytes(range(256)) * 100,
}


@pytest.fixture(scope="module")
def careful(chromium, address):
    """A reader with a prediction of 42 and a reflection."""
    context = chromium.new_context()
    context.set_default_timeout(60_000)
    context.add_init_script(NO_PYTHON)
    reader = Reader(context, address).open().commit(42)
    reflect(reader, "Mine.")
    yield reader
    context.close()


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_changes_nothing(careful, case):
    """A file that is not a record of this lab is refused in one sentence; nothing changes and nothing runs."""
    before = careful.locator("[data-ledger]").inner_html()
    import_file(careful, HOSTILE[case])
    expect(careful.status()).to_contain_text(re.compile("nothing was changed", re.IGNORECASE))
    assert "Error" not in careful.status().inner_text() and len(careful.status().inner_text()) < 300
    assert careful.locator("[data-ledger]").inner_html() == before
    expect(careful.in_part(LOCKED)).to_contain_text("42 %")
    expect(careful.part.get_by_label("Your answer")).to_have_value("Mine.")
    careful.reload()
    expect(careful.in_part(LOCKED)).to_contain_text("42 %")
    assert careful.page.evaluate("() => globalThis.hacked") is None
    careful.check()


# -- a shared computer -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("button", "agree"), [("Clear my work", "Clear"), ("New reader", "Start as a new reader")]
)
def test_clearing_removes_the_work_after_a_question(quick, button, agree):
    """After a question, the work is removed from page and browser; without consent nothing happens."""
    reader = quick().open().commit(42)
    reflect(reader, "Mine.")
    reader.page.get_by_role("button", name=button).click()
    expect(reader.question()).to_contain_text("?")
    reader.answer("Cancel")
    expect(reader.in_part(LOCKED)).to_contain_text("42 %")
    reader.page.get_by_role("button", name=button).click()
    reader.answer(agree)
    for _ in range(2):
        expect(reader.locator("[data-ledger]")).to_contain_text("Nothing recorded yet")
        expect(reader.part.get_by_label("Reduction in total training FLOPs")).to_be_visible()
        expect(reader.part.get_by_label("Your answer")).to_have_value("")
        expect(reader.in_part("[data-guard='1']").first).to_be_hidden()
        expect(reader.in_part("[data-reveal='no-python']")).to_be_empty()
        reader.reload()
    assert "42" not in json.dumps(json.loads(export(reader))["entries"])


# -- storage that fails ------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [NO_INDEXEDDB, OPENING_FAILS])
def test_the_smaller_store_is_used_without_indexeddb(quick, script):
    """If IndexedDB is forbidden, the work is still saved, and the page says where."""
    reader = quick(script).open().commit(42)
    expect(reader.status()).to_contain_text("smaller store")
    reader.reload()
    expect(reader.in_part(LOCKED)).to_contain_text("42 %")


def test_a_page_without_storage_says_so(quick):
    """If nothing can be stored, the lab works, says so, and offers the file."""
    reader = quick(OPENING_FAILS + NO_LOCALSTORAGE).open("?track=cloud&part=1&view=page")
    expect(reader.status()).to_contain_text("Not saved")
    reader.commit(42)
    expect(reader.in_part("[data-reveal='no-python']")).to_contain_text("Python did not start here")
    assert json.loads(export(reader))["entries"]["cloud/1/prediction"]["value"]["value"] == 42
    reader.reload()
    expect(reader.part.get_by_label("Reduction in total training FLOPs")).to_be_visible()


@pytest.mark.parametrize("content", [{"schema": 1, "entries": "my thesis"}, "my thesis", 7, [1, "my thesis"]])
def test_an_unreadable_record_is_kept_for_export(quick, content):
    """A record that cannot be read is kept for export, and the page continues with a new one."""
    reader = quick().open().commit(42).saved()
    reader.page.evaluate(SPOIL_INDEXEDDB, content)
    for _ in range(2):  # also if it was put aside on an earlier visit
        reader.reload()
        expect(reader.status()).to_contain_text("could not be read")
        if content != 7:
            assert "my thesis" in export(reader)
    reader.commit(55)
    expect(reader.locator("[data-ledger] tbody tr")).to_contain_text("55 %")
    reader.reload()
    expect(reader.in_part(LOCKED)).to_contain_text("55 %")
    if content != 7:
        assert "my thesis" in export(reader)


def test_an_unreadable_record_in_the_smaller_store_is_kept_for_export(quick):
    """The same holds in localStorage, where a record can be cut off in the middle."""
    reader = quick(OPENING_FAILS).open().commit(42)
    expect(reader.status()).to_contain_text("smaller store")
    reader.page.evaluate(SPOIL_LOCALSTORAGE, '{"schema": 1, "entries": {"my thesis')
    reader.reload()
    expect(reader.status()).to_contain_text("could not be read")
    reader.commit(55)
    assert "my thesis" in export(reader)
    reader.reload()
    expect(reader.in_part(LOCKED)).to_contain_text("55 %")


def test_two_tabs_do_not_overwrite_each_other(quick):
    """Work in two tabs is kept, whichever saved last."""
    reader = quick().open("?track=cloud&part=1").saved()
    second = reader.another_tab().open("?track=edge&part=1")
    reader.commit(11)
    second.commit(22)
    reflect(reader, "From the first tab.")
    reflect(second, "From the second tab.")
    for tab in (reader, second):
        expect(tab.locator("[data-ledger] tbody tr")).to_have_count(2)
    reader.reload()
    expect(reader.locator("[data-ledger] tbody tr")).to_contain_text(["11 %", "22 %"])
    entries = json.loads(export(reader))["entries"]
    assert entries["cloud/1/reflection"]["value"] == "From the first tab."
    assert entries["edge/1/reflection"]["value"] == "From the second tab."


def test_a_full_disk_is_reported(quick):
    """The page shows a failed save and offers the file; when there is room, saving continues."""
    reader = quick().open().saved()
    devtools = reader.context.new_cdp_session(reader.page)
    origin = {"origin": reader.base.rstrip("/")}
    devtools.send("Storage.overrideQuotaForOrigin", {**origin, "quotaSize": 1})
    reader.commit(42)
    expect(reader.status()).to_contain_text("could not be saved")
    assert json.loads(export(reader))["entries"]["cloud/1/prediction"]["value"]["value"] == 42
    devtools.send("Storage.overrideQuotaForOrigin", origin)
    reflect(reader, "There is room again.")
    reader.saved().reload()
    expect(reader.in_part(LOCKED)).to_contain_text("42 %")
