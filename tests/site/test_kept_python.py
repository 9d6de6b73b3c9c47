"""The second visit finds Python as the first one left it; whatever spoils that means an ordinary start.

Pages from a folder and Firefox are in test_offline.py and test_part1_firefox.py, whose readers come back, too.
"""

import re

import pytest
from playwright.sync_api import expect
from reader import CRAWL, IS_KEPT, LICENCES, PATIENCE, Reader

from tools import serve

REPLACE = """async (what) => {
  const shelf = await caches.open("lab-python");
  const [key] = (await shelf.keys()).filter((request) => request.url.endsWith(what));
  const bytes = new Uint8Array(await (await shelf.match(key)).arrayBuffer());
  await shelf.put(key, new Response(BODY));
}"""
KEEP = """async ([from, to]) => {
  const shelf = await caches.open(from);
  const copy = await caches.open(to);
  for (const key of await copy.keys()) await copy.delete(key);
  for (const key of await shelf.keys()) await copy.put(key, await shelf.match(key));
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
    for _ in range(PATIENCE // 100):
        if reader.page.evaluate(IS_KEPT):
            return reader
        reader.page.wait_for_timeout(100)
    pytest.fail("Python was not kept")


@pytest.fixture(scope="module")
def visited(chromium, address):
    """A reader whose browser holds Python, with a prediction and the figures of the first visit."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    context.set_default_timeout(PATIENCE)
    reader = Reader(context, address).open().commit(30)
    python(reader, "new").results()
    reader.first = figures(reader)
    kept(reader).saved().page.evaluate(KEEP, ["lab-python", "whole"])
    yield reader
    context.close()


@pytest.fixture
def back(visited):
    """That reader, whose browser holds Python as the first visit left it."""
    visited.page.evaluate(KEEP, ["whole", "lab-python"])
    yield visited
    visited.check()
    visited.errors.clear()


def figures(reader):
    """Every number of Part 1 at two settings, on both corpora."""
    found = []
    for corpus, threshold in ((CRAWL, 0.7), (LICENCES, 0.67)):
        reader.choose_corpus(corpus)
        reader.type_threshold(threshold)
        found.append(reader.here("[data-value]").all_text_contents())
        found.append(reader.here("table[data-table-for]").all_text_contents())
    return found


def test_second_visit_computes_the_same_figures(back):
    """Python put back shows what a new one shows, in all parts, and also loads what it had not needed before."""
    assert any(re.search(r"59\.\d %", text) for text in back.first[2])
    python(back.open(), "kept").results()
    assert figures(back) == back.first
    back.page.get_by_role("link", name="Part 3").first.click()
    expect(back.page.locator("[data-part='3']")).to_have_attribute("data-results", re.compile("."))


@pytest.mark.parametrize(
    ("what", "damage"),
    [
        ("memory", "new Uint8Array(bytes.length)"),
        ("places", "new TextDecoder().decode(bytes).replace(/(start.:)[0-9]+/, '$17')"),
    ],
)  # fmt: skip
def test_damaged_python_is_passed_by(back, what, damage):
    """A kept Python that is damaged in whatever way is not used: the start is an ordinary one, without a word."""
    back.page.evaluate(REPLACE.replace("BODY", damage), what)
    python(back.open(), "new").results()
    expect(back.notice()).to_be_hidden()
    expect(back.value("reveal.prediction")).to_have_text("30.0 %")


def test_python_of_another_build_is_passed_by(back):
    """What another build of the lab kept is not used, and gives its place to this one's."""
    back.page.evaluate(MARK)
    kept(python(back.open(), "new"))
    back.page.wait_for_function(
        "async () => !(await (await caches.open('lab-python')).keys()).some((r) => r.url.includes('another'))"
    )


@pytest.mark.parametrize("trouble", [FORBIDDEN, FULL])
def test_browser_that_keeps_nothing(new_reader, broken_dist, trouble):
    """Where the browser forbids keeping, or has no room, the second visit is an ordinary one, too."""
    (shelf,) = (broken_dist / "assets").glob("python.*")
    begin = "function shelf(key) {"
    assert begin in shelf.read_text()
    shelf.write_text(shelf.read_text().replace(begin, begin + trouble + ";"))
    with serve.serving(broken_dist) as base:
        reader = new_reader(base=base).open().commit(30).live().results().saved()
        reader.page.wait_for_timeout(1000)
        # What was kept would be used from the beginning, so that nothing more needs to start.
        expect(reader.reload().html).to_have_attribute("data-python", "new")
