"""A browser that translates the page changes its texts, and not what the record and the report have."""

import json

from playwright.sync_api import expect
from reader import NO_PYTHON

# As the translators of browsers do it: each text is replaced, in an element of its own.
TRANSLATE = """() => {
  const texts = [];
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) if (node.data.trim() && !node.parentElement.closest("script, style, textarea")) texts.push(node);
  for (const node of texts) {
    const font = document.createElement("font");
    font.textContent = `übersetzt ${node.data.length}`;
    node.replaceWith(font);
  }
}"""


def work(new_reader, translated):
    """Predict in all parts and answer the question of indexing; return the record and the report, without their times."""
    reader = new_reader(script=NO_PYTHON).open("?track=edge&part=1&view=page").saved()
    page = reader.page
    if translated:
        page.evaluate(TRANSLATE)
    for part, choice, number in ((1, None, 30), (2, 0, 2), (3, 0, 10)):
        page.get_by_role("navigation").locator(f"a[data-go-part='{part}']").click()
        form = page.locator(f"form[data-lock='{part}']")
        if choice is not None:
            form.get_by_role("radio").nth(choice).check()
        form.get_by_role("spinbutton").fill(str(number))
        form.get_by_role("button").click()
        expect(page.locator(f"[data-lock-committed='{part}']")).to_be_visible()
    reader.saved()
    with page.expect_download() as download:
        page.locator("[data-action='export']").click()
    record = json.loads(download.value.path().read_text("utf-8"))
    return {
        key: {name: text for name, text in entry["value"].items() if name != "locked_at"}
        for key, entry in record["entries"].items()
        if "/prediction" in key
    }


def test_each_label_in_the_record_is_the_one_on_the_page(new_reader):
    """The words for the record are those that a reader of the original page sees."""
    page = new_reader(script=NO_PYTHON).open().page
    pairs = page.locator("form[data-lock] [data-label]").evaluate_all(
        "(fields) => fields.map((field) => [field.dataset.label, field.labels[0].textContent.trim()])"
    )
    assert len(pairs) > 9 and all(kept == shown for kept, shown in pairs), pairs
    named = "form[data-lock] :is(input[type='radio'], input[type='number'])"
    assert page.locator(named).count() == len(pairs)


def test_a_translated_page_records_the_same(new_reader):
    """The words in which a prediction is repeated are those of the lab, in every part."""
    translated, original = (work(new_reader, flag) for flag in (True, False))
    assert translated == original and len(original) == 3
    assert original["edge/1/prediction"]["said"] == "Reduction in total training FLOPs: 30 %"
