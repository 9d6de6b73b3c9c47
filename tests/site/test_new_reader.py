"""A school computer: "New reader" leaves nothing of the last one, on the page, in Python, or in the browser."""

import re

import pytest
from playwright.sync_api import expect
from reader import NO_PYTHON

# Everything that the page shows or holds, and everything that the browser keeps for it, as one text.
EVERYTHING = """async () => {
  const found = [location.href, document.title, JSON.stringify(history.state), document.documentElement.outerHTML];
  for (const field of document.querySelectorAll("input, textarea, select")) found.push(`${field.id || field.name}: ${field.value}`);
  for (const storage of [localStorage, sessionStorage]) for (const [key, text] of Object.entries(storage)) found.push(`${key}: ${text}`);
  for (const { name, version } of await indexedDB.databases()) {
    const database = await new Promise((done, fail) => Object.assign(indexedDB.open(name, version), { onsuccess: ({ target }) => done(target.result), onerror: fail }));
    for (const store of database.objectStoreNames) found.push(await new Promise((done) => {
      database.transaction(store).objectStore(store).getAll().onsuccess = ({ target }) => done(JSON.stringify(target.result));
    }));
    database.close();
  }
  return found.join("\\n");
}"""
# Every text of the page, hidden or not, and what the fields contain. The heads of tables say nothing about a reader.
SHOWN = """() => {
  const texts = [];
  const walk = (node) => {
    if (["SCRIPT", "STYLE", "TEMPLATE", "THEAD"].includes(node.nodeName)) return;
    if (node.nodeType === Node.TEXT_NODE && node.data.trim()) texts.push(node.data.replace(/\\s+/g, " ").trim());
    if (node.shadowRoot) walk(node.shadowRoot);
    for (const child of node.childNodes) walk(child);
    if (["INPUT", "TEXTAREA", "SELECT"].includes(node.nodeName)) texts.push(`${node.id || node.name}: ${["radio", "checkbox"].includes(node.type) ? node.checked : node.value}`);
  };
  walk(document.body);
  return texts;
}"""
BOOT = re.compile(r"[\d.]+ of [\d.]+ MB, \d+ s")  # how long the start took
TOKEN = "secret"
TEXTS = "main textarea:not([readonly]), main input[type='text']:not([readonly])"


def tokens_in(page):
    """What is left of the last reader, with a few letters around it."""
    return re.findall(rf".{{0,60}}{TOKEN}\w*", page.evaluate(EVERYTHING), re.IGNORECASE)


def write_everywhere(page):
    """Type a different secret into every text field that takes one; return how many there are."""
    count = 0
    for part in (3, 2, 1):
        page.get_by_role("navigation", name="Parts").get_by_role("link", name=f"Part {part}:").click()
        for field in page.locator(TEXTS).all():
            if field.is_visible() and field.is_editable():
                field.fill(f"{TOKEN}{count} of the last reader")
                field.blur()
                count += 1
    return count


def begin_as_new_reader(reader):
    """Press "New reader", and agree."""
    reader.page.get_by_role("button", name="New reader").click()
    reader.answer("Start as a new reader")
    expect(reader.part.get_by_label("Your answer")).to_have_value("")
    expect(reader.locator("[data-ledger]")).to_contain_text("Nothing recorded yet")
    expect(reader.status()).to_have_attribute("data-state", "saved")


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_new_reader_finds_no_text_of_the_last_one(new_reader, browser):
    """Texts, reasons, the name, export, report and link are gone from page, address and storage, in every open tab."""
    reader = new_reader(script=NO_PYTHON, browser=browser)
    reader.open(f"?track=edge&part=1&view=page&student={TOKEN}+Lisa&class=7b").saved()
    other_tab = reader.another_tab().open("?track=edge&part=1&view=page").saved()
    page = reader.page
    assert write_everywhere(page) > 15
    reader.commit(30, why=f"{TOKEN} reason")
    reader.saved()
    with page.expect_download():
        page.get_by_role("button", name="Export to a file").click()
    with page.expect_download():
        page.get_by_role("button", name="As Markdown").click()
    expect(page.get_by_role("textbox", name="The report as text")).to_have_value(re.compile(TOKEN))
    page.evaluate(  # an earlier visit, in which the browser allowed only the smaller store
        f"""() => localStorage.setItem("data-selection-lab", '{{"schema": 1, "text": "{TOKEN}"}}')"""
    )
    expect(other_tab.part.get_by_label("Your answer")).to_have_value(re.compile(TOKEN))
    assert tokens_in(page) and tokens_in(other_tab.page)

    begin_as_new_reader(reader)
    assert tokens_in(page) == []
    expect(other_tab.notice()).to_contain_text("Another tab has begun a new record")
    assert tokens_in(other_tab.page) == []
    field = reader.part.get_by_label("Your answer")
    field.focus()
    page.keyboard.press("ControlOrMeta+z")  # the browser's own memory of what was typed
    expect(field).to_have_value("")
    reader.reload().saved()
    assert tokens_in(page) == []
    expect(page.locator("[data-class-link]").first).to_contain_text("7b")  # the class is the same


def test_clearing_keeps_the_name_of_the_link(new_reader):
    """Who clears the work for another attempt is still the student of the link."""
    reader = new_reader(script=NO_PYTHON).open("?track=edge&part=1&student=Lisa").saved()
    reader.page.get_by_role("button", name="Clear my work").click()
    reader.answer("Clear")
    expect(reader.page.locator("[data-class-link]").first).to_contain_text("Student: Lisa.")


def test_a_page_that_the_browser_shows_again_has_the_new_reader(new_reader):
    """A page from the browser's memory, which has heard nothing meanwhile, shows the record of the present reader."""
    deaf = NO_PYTHON + "globalThis.BroadcastChannel = class { postMessage() {} };"
    reader = new_reader(script=deaf).open("?track=edge&part=1").saved()
    field = reader.part.get_by_label("Your answer")
    field.fill(f"{TOKEN} essay")
    field.blur()
    expect(reader.in_part("[data-entry-saved='1/reflection']")).to_have_text("saved")
    begin_as_new_reader(reader.another_tab().open("?track=edge&part=1").saved())
    expect(field).to_have_value(re.compile(TOKEN))
    reader.page.evaluate("() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(field).to_have_value("")
    assert tokens_in(reader.page) == []


def corpus_file(folder):
    """A corpus of the reader's own, with a name and a text that must not be left."""
    path = folder / f"{TOKEN}.txt"
    path.write_text(f"{TOKEN} document of many words that is there twice\n" * 2 + "another one\n", "utf-8")
    return path


def test_a_new_reader_sees_what_a_new_browser_shows(new_reader, tmp_path):
    """After moved controls, captured evidence, a corpus, a check and a run that is under way, nothing is different."""
    query = "?track=edge&part=1&view=page"
    reader = new_reader().open(query).commit(30).live().results()
    reader.type_threshold(0.62)
    page = reader.page
    expected_reader = new_reader().open(query).live()
    expected_reader.locator("[data-part='1'][data-results]").wait_for()
    reader.part.get_by_role("button", name="Capture this evidence").click()
    expect(reader.in_part("[data-captured='1']")).to_have_text("Captured.")
    with page.expect_file_chooser() as chooser:
        reader.part.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files(corpus_file(tmp_path))
    expect(page.get_by_role("region", name="What was removed from your corpus")).to_be_visible()
    page.get_by_role("button", name="Check my own record").click()
    expect(page.locator("[data-verify-result]")).to_contain_text("agree")
    page.get_by_role("link", name="Part 2: Active Learning ROI").click()
    part = page.locator("[data-part='2']")
    part.get_by_label("fewer samples", exact=True).check()
    part.get_by_label("By what factor").fill("2")
    part.locator("form[data-lock='2']").get_by_role("button", name="Commit").click()
    part.get_by_role("button", name="Run", exact=True).click()
    expect(part.get_by_role("button", name="Hide run 1")).to_be_visible()

    begin_as_new_reader(reader)
    page.get_by_role("link", name="Part 1: The Deduplication Audit").click()
    threshold = expected_reader.field("Similarity threshold (number)").input_value()
    expect(reader.field("Similarity threshold (number)")).to_have_value(threshold)
    page.wait_for_timeout(3000)  # late messages of the run would arrive now
    assert tokens_in(page) == []
    shown, expected = (each.page.evaluate(SHOWN) for each in (reader, expected_reader))
    assert [text for text in shown if text not in expected and not BOOT.match(text)] == []
