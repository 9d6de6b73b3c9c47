"""The second visit finds Python as the first one left it; whatever spoils that means an ordinary start."""

import re

import pytest
from playwright.sync_api import expect
from reader import CRAWL, LICENCES

from tools import serve

IS_KEPT = """async () => {
  const shelf = await caches.open("lab-python");
  return (await shelf.keys()).some((request) => request.url.endsWith("/places"));
}"""
REPLACE = """async (what) => {
  const shelf = await caches.open("lab-python");
  const [key] = (await shelf.keys()).filter((request) => request.url.endsWith(what));
  const bytes = new Uint8Array(await (await shelf.match(key)).arrayBuffer());
  await shelf.put(key, new Response(BODY));
}"""
MARK = """async () => {
  const shelf = await caches.open("lab-python");
  for (const key of await shelf.keys()) {
    await shelf.put(key.url.replace(/invalid\\/\\w+/, "invalid/another"), await shelf.match(key));
    await shelf.delete(key);
  }
}"""
FORBIDDEN = "caches.open = () => Promise.reject(new DOMException('no', 'SecurityError'))"
FULL = "navigator.storage.estimate = async () => ({ quota: 3e7, usage: 1e7 })"


def python(reader, how):
    """Wait until Python runs, and see whether it was there or is new."""
    reader.live()
    expect(reader.html).to_have_attribute("data-python", how)
    return reader


def kept(reader):
    """Wait until the browser holds Python."""
    for _ in range(600):
        if reader.page.evaluate(IS_KEPT):
            return reader
        reader.page.wait_for_timeout(100)
    pytest.fail("Python was not kept")


def figures(reader):
    """Every number of Part 1 at two settings, on both corpora."""
    found = []
    for corpus, threshold in ((CRAWL, 0.7), (LICENCES, 0.67)):
        reader.choose_corpus(corpus)
        reader.type_threshold(threshold)
        found.append(reader.here("[data-value]").all_text_contents())
        found.append(reader.here("table[data-table-for]").all_text_contents())
    return found


def test_second_visit_computes_the_same_figures(reader):
    """Python put back shows what a new one shows, in all parts, and also loads what it had not needed before."""
    python(reader.open().commit(30), "new").results()
    first = figures(reader)
    assert any(re.search(r"59\.\d %", text) for text in first[2])
    kept(reader).saved().reload()
    python(reader, "kept").results()
    assert figures(reader) == first
    reader.page.get_by_role("link", name="Part 3").first.click()
    expect(reader.page.locator("[data-part='3']")).to_have_attribute("data-results", re.compile("."))


@pytest.mark.parametrize(
    ("what", "damage"),
    [
        ("memory", "new Uint8Array(bytes.length)"),
        ("places", "new TextDecoder().decode(bytes).replace(/(start.:)[0-9]+/, '$17')"),
    ],
)  # fmt: skip
def test_damaged_python_is_passed_by(reader, what, damage):
    """A kept Python that is damaged in whatever way is not used: the start is an ordinary one, without a word."""
    kept(reader.open().commit(30).live()).saved()
    reader.page.evaluate(REPLACE.replace("BODY", damage), what)
    reader.reload()
    python(reader, "new").results()
    expect(reader.notice()).to_be_hidden()
    expect(reader.value("reveal.prediction")).to_have_text("30.0 %")


def test_python_of_another_build_is_passed_by(reader):
    """What another build of the lab kept is not used, and gives its place to this one's."""
    kept(reader.open().live()).page.evaluate(MARK)
    reader.reload()
    kept(python(reader, "new"))
    assert not reader.page.evaluate(
        "async () => (await (await caches.open('lab-python')).keys()).some((r) => r.url.includes('another'))"
    )


@pytest.mark.parametrize("trouble", [FORBIDDEN, FULL])
def test_browser_that_keeps_nothing(new_reader, broken_dist, trouble):
    """Where the browser forbids keeping, or has no room, every visit is an ordinary one."""
    (shelf,) = (broken_dist / "assets").glob("python.*")
    begin = "function shelf(key) {"
    assert begin in shelf.read_text()
    shelf.write_text(shelf.read_text().replace(begin, begin + trouble + ";"))
    with serve.serving(broken_dist) as base:
        reader = new_reader(base=base).open().commit(30).live().results().saved()
        reader.page.wait_for_timeout(1000)
        python(reader.reload(), "new").results()


def test_page_from_a_folder_keeps_python(new_reader, dist):
    """A page opened by double click finds Python kept the second time, too."""
    reader = new_reader(base=dist.as_uri() + "/").open().commit(30)
    kept(python(reader, "new").results()).saved().reload()
    python(reader, "kept").results()
    reader.type_threshold(0.6)


def test_firefox_keeps_python(new_firefox, address):
    """Firefox, too, finds Python kept the second time, and computes with it."""
    firefox = new_firefox()
    firefox.open(address + "index.html?track=cloud&part=1&corpus=licences")
    firefox.type("spinbutton", "Reduction in total training FLOPs", "30")
    firefox.click("button", "Commit")
    shows = "(path, pattern) => new RegExp(pattern).test(document.querySelector(`[data-part='1'] [data-value='${path}']`).textContent)"
    firefox.wait(shows, "reveal.measured", "^59\\.\\d %$")
    assert firefox.ask("() => document.documentElement.dataset.python") == "new"
    firefox.wait(IS_KEPT)
    firefox.reload()
    firefox.wait("() => document.documentElement.dataset.boot === 'live'")
    assert firefox.ask("() => document.documentElement.dataset.python") == "kept"
    firefox.type("textbox", "Similarity threshold (number)", "0.6")
    firefox.press("Enter")
    firefox.wait(shows, "setting.threshold", "^0\\.600$")
    firefox.check(address)
