"""The second visit finds Python as the first one left it; if that fails, Python starts as usual.

Readers in test_offline.py and test_part1_firefox.py also come back, from a folder and in Firefox.
"""

import re

import pytest
from playwright.sync_api import expect
from reader import CRAWL, IS_KEPT, LICENCES, PATIENCE, Reader

from dataselect_core.tracks import track
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


def wait_for_python(reader, origin):
    """Wait until Python runs, and check whether it was kept or is new."""
    reader.live()
    expect(reader.html).to_have_attribute("data-python", origin)
    return reader


def wait_for_snapshot(reader):
    """Wait until the browser has kept Python."""
    for _ in range(PATIENCE // 100):
        if reader.page.evaluate(IS_KEPT):
            return reader
        reader.page.wait_for_timeout(100)
    pytest.fail("the browser did not save Python")


@pytest.fixture(scope="module")
def visited(chromium, address):
    """A reader whose browser has kept Python, with a prediction and the figures of the first visit."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    context.set_default_timeout(PATIENCE)
    reader = Reader(context, address).open().commit(30)
    wait_for_python(reader, "new").results()
    reader.first = figures(reader)
    wait_for_snapshot(reader).saved().page.evaluate(KEEP, ["lab-python", "whole"])
    yield reader
    context.close()


@pytest.fixture
def returning_reader(visited):
    """That reader, with the Python that the first visit kept."""
    visited.page.evaluate(KEEP, ["whole", "lab-python"])
    yield visited
    visited.check()
    visited.errors.clear()


def figures(reader):
    """Every number of Part 1 at two settings, on both corpora."""
    texts = []
    for corpus, threshold in ((CRAWL, 0.7), (LICENCES, 0.67)):
        reader.choose_corpus(corpus)
        reader.type_threshold(threshold)
        texts.append(reader.in_part("[data-value]").all_text_contents())
        texts.append(reader.in_part("table[data-table-for]").all_text_contents())
    return texts


def test_a_second_visit_computes_the_same_figures(returning_reader):
    """A restored Python shows the same as a new one, in all parts, and loads data that it had not needed before."""
    assert any(re.search(r"59\.\d %", text) for text in returning_reader.first[2])
    wait_for_python(returning_reader.open(), "kept").results()
    assert figures(returning_reader) == returning_reader.first
    returning_reader.page.get_by_role("link", name="Part 3").first.click()
    expect(returning_reader.page.locator("[data-part='3']")).to_have_attribute(
        "data-results", re.compile(".")
    )


def test_a_second_visit_reuses_the_audit(returning_reader):
    """What the first visit computed before the reader's settings arrived is there: the second one reads no corpus."""
    returning_reader.page.add_init_script(
        "globalThis.work = []; document.addEventListener('lab:python', ({ detail }) =>"
        " detail.type === 'work' && detail.part === 1 && globalThis.work.push(detail.label));"
    )
    corpus = track("cloud").part_1.corpus  # with which the first visit began; the record has another by now
    wait_for_python(
        returning_reader.open(f"?track=cloud&part=1&corpus={corpus}&threshold=0.8"), "kept"
    ).results()
    assert [label for label in returning_reader.page.evaluate("globalThis.work") if "orpus" in label] == []


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("memory", "new Uint8Array(bytes.length)"),
        ("places", "new TextDecoder().decode(bytes).replace(/(start.:)[0-9]+/, '$17')"),
    ],
)  # fmt: skip
def test_a_damaged_snapshot_is_not_used(returning_reader, name, damage):
    """If a kept Python is damaged in any way, it is not used, and Python starts as usual without a message."""
    returning_reader.page.evaluate(REPLACE.replace("BODY", damage), name)
    wait_for_python(returning_reader.open(), "new").results()
    expect(returning_reader.notice()).to_be_hidden()
    expect(returning_reader.value("reveal.prediction")).to_have_text("30.0 %")


def test_a_snapshot_of_another_build_is_not_used(returning_reader):
    """A Python kept by another build of the lab is not used, and this build's replaces it."""
    returning_reader.page.evaluate(MARK)
    wait_for_snapshot(wait_for_python(returning_reader.open(), "new"))
    returning_reader.page.wait_for_function(
        "async () => !(await (await caches.open('lab-python')).keys()).some((r) => r.url.includes('another'))"
    )


@pytest.mark.parametrize("failure", [FORBIDDEN, FULL])
def test_a_second_visit_works_without_a_snapshot(new_reader, broken_dist, failure):
    """If the browser forbids storage, or has no room, the second visit starts as usual too."""
    (shelf,) = (broken_dist / "assets").glob("python.*")
    declaration = "function shelf(key) {"
    assert declaration in shelf.read_text()
    shelf.write_text(shelf.read_text().replace(declaration, declaration + failure + ";"))
    with serve.serving(broken_dist) as base:
        reader = new_reader(base=base).open().commit(30).live().results().saved()
        reader.page.wait_for_timeout(1000)
        # A kept Python would be used from the beginning, without any other start.
        expect(reader.reload().html).to_have_attribute("data-python", "new")
