"""A reader's input is kept: against an older tab that is used last, and while the page is starting."""

import pytest
from playwright.sync_api import expect
from reader import NO_PYTHON, QUESTION

HELD = """const later = setTimeout; globalThis.requestAnimationFrame = () => 0;
globalThis.setTimeout = (work, time, ...more) => (time === 1000 ? (globalThis.goOn = work, 0) : later(work, time, ...more));"""
DEAF = "globalThis.BroadcastChannel = class { constructor() { throw new Error('no'); } };"
NO_DATABASE = "Object.defineProperty(globalThis, 'indexedDB', {get() { throw new Error('no'); }});"


@pytest.mark.parametrize("script", [DEAF, DEAF + NO_DATABASE], ids=["IndexedDB", "localStorage"])
def test_an_older_tab_does_not_replace_a_prediction(new_reader, script):
    """If tabs do not hear of each other, the earlier commitment wins, appears in both, and is there after a reload."""
    older = new_reader(script=NO_PYTHON + script).open("?track=edge&part=1")
    newer = older.another_tab().open("?track=edge&part=1").commit(30)
    older.part.get_by_label(QUESTION).fill("77")
    older.part.get_by_role("button", name="Commit").click()
    for tab in (older, newer, older.reload(), newer.reload()):
        expect(tab.in_part("[data-lock-answer='1']")).to_contain_text("30 %")


def test_early_input_is_kept_when_the_record_is_read(new_reader):
    """A number typed early is not removed by the start of the page; another track or reader begins with no number."""
    reader = new_reader(script=NO_PYTHON + HELD).open("?track=edge&part=1")
    field = reader.part.get_by_label(QUESTION)
    field.fill("42")
    reader.page.evaluate("() => goOn()")
    expect(reader.html).to_have_attribute("data-track-now", "edge")
    expect(field).to_have_value("42")
    reader.choose_track("Tiny Pioneer")
    expect(field).to_have_value("")
    field.fill("17")
    reader.page.get_by_role("button", name="New reader").click()
    reader.answer("Start as a new reader")
    expect(field).to_have_value("")
