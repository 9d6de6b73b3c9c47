"""Two tabs of one reader: what is written once stays, whichever tab is touched last."""

import pytest
from playwright.sync_api import expect
from reader import NO_PYTHON, QUESTION

DEAF = "globalThis.BroadcastChannel = class { constructor() { throw new Error('no'); } };"
NO_DATABASE = "Object.defineProperty(globalThis, 'indexedDB', {get() { throw new Error('no'); }});"


@pytest.mark.parametrize("script", [DEAF, DEAF + NO_DATABASE], ids=["IndexedDB", "localStorage"])
def test_the_older_tab_does_not_replace_a_prediction(new_reader, script):
    """Tabs that do not hear of each other: the earlier commitment stays, is shown in both, and outlives a reload."""
    older = new_reader(script=NO_PYTHON + script).open("?track=edge&part=1")
    newer = older.another_tab().open("?track=edge&part=1").commit(30)
    older.part.get_by_label(QUESTION).fill("77")
    older.part.get_by_role("button", name="Commit").click()
    for tab in (older, newer, older.reload(), newer.reload()):
        expect(tab.here("[data-lock-answer='1']")).to_contain_text("30 %")
