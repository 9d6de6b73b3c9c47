"""Failures on a reader's side: each one gives a clear sentence and a way to continue."""

import json
import re
import shutil

import pytest
from playwright.sync_api import expect
from reader import CRAWL, LICENCES, NO_PYTHON

from tools import serve

# Messages of the browser and of Pyodide about a missing file.
NETWORK = (
    r"Failed to load resource|net::ERR|Refused to execute script|could not be downloaded|standard library"
)
NO_WEBASSEMBLY = "delete globalThis.WebAssembly"


def asset(dist, name):
    """The built file of that name, whatever its hash."""
    (path,) = (dist / "assets").glob(name)
    return path


@pytest.fixture
def broken_address(broken_dist):
    """A server of the site that a test can break."""
    with serve.serving(broken_dist) as url:
        yield url


def wait_for_failure(reader):
    """Wait until the start has failed and the page says so; return the sentence."""
    expect(reader.html).to_have_attribute("data-boot", "failed")
    text = reader.locator("[data-boot-text]")
    expect(text).to_be_visible()
    return text.inner_text()


def check_fallback(reader):
    """Check that without Python the lock is committed and the part can be finished with figures from the build."""
    expect(reader.in_part("[data-reveal='no-python']")).to_be_hidden()
    reader.commit(30)
    figures = reader.in_part("[data-reveal='no-python']")
    expect(figures).to_contain_text("Python did not start here")
    expect(figures).to_contain_text(re.compile(r"5\d\.\d %"))
    expect(figures.get_by_role("table")).to_be_visible()
    expect(reader.in_part("[data-plot='ICR_Curve']")).to_be_hidden()  # an empty plot would look like a result
    reader.part.get_by_label("Your answer").fill("The long texts are the redundant ones.")
    expect(reader.in_part("[data-entry-saved='1/reflection']")).to_have_text("saved")


def test_a_truncated_archive_is_named(new_reader, broken_dist, broken_address):
    """If an archive is cut off, the page names it, and nothing of it is used."""
    archive = asset(broken_dist, "site-packages*")
    archive.write_bytes(archive.read_bytes()[:700_000])
    reader = new_reader(base=broken_address)
    reader.expected_errors = [NETWORK]
    sentence = wait_for_failure(reader.open())
    assert sentence.startswith("A file of the lab did not arrive") and "site-packages" in sentence
    check_fallback(reader)


@pytest.mark.parametrize("name", ["python_stdlib*", "bokeh.min*"])
def test_a_missing_file_is_named_and_retried(new_reader, broken_dist, broken_address, name):
    """A missing file is named; the lock works; once the file is there, "Try again" leads to results."""
    path = asset(broken_dist, name)
    path.rename(broken_dist / "lost")
    reader = new_reader(base=broken_address)
    reader.expected_errors = [NETWORK]
    reader.open()
    sentence = wait_for_failure(reader)
    assert sentence.startswith("A file of the lab did not arrive") and name.rstrip("*") in sentence
    check_fallback(reader)
    (broken_dist / "lost").rename(path)
    reader.page.get_by_role("button", name="Try again").click()
    reader.live().results()
    expect(reader.in_part("[data-reveal='no-python']")).to_be_hidden()
    expect(reader.in_part("[data-plot='ICR_Curve']")).to_be_visible()
    expect(reader.value("reveal.prediction")).to_have_text("30.0 %")


@pytest.mark.parametrize("name", ["numpy*", "pyodide.asm*.wasm"])
def test_a_truncated_file_gives_a_message(new_reader, broken_dist, broken_address, name):
    """A truncated file gives a sentence instead of an endless wait."""
    path = asset(broken_dist, name)
    path.write_bytes(path.read_bytes()[:100_000])
    reader = new_reader(base=broken_address)
    reader.expected_errors = [NETWORK]
    reader.open()
    assert wait_for_failure(reader).endswith("your prediction work without it.")
    check_fallback(reader)


@pytest.mark.parametrize(("script", "words"), [(NO_WEBASSEMBLY, "WebAssembly"), (NO_PYTHON, "web workers")])
def test_a_browser_that_cannot_run_python_gets_a_message(new_reader, script, words):
    """Without WebAssembly or workers the page says so at once, and the part can be finished."""
    reader = new_reader(script=script).open()
    assert words in wait_for_failure(reader)
    check_fallback(reader)
    reader.reload()
    expect(reader.in_part("[data-lock-answer='1']")).to_contain_text("30 %")
    expect(reader.in_part("[data-reveal='no-python']")).to_contain_text("Python did not start here")


RELOADS = """(() => {
  if (location.protocol === "about:") return;
  const steps = sessionStorage.reloads ? JSON.parse(sessionStorage.reloads) : [];
  new MutationObserver(() => {
    if (!steps.length || !document.querySelector("[data-boot-text]")?.textContent.startsWith(steps[0])) return;
    sessionStorage.reloads = JSON.stringify(steps.slice(1));
    steps.length = 0;
    location.reload();
  }).observe(document, { subtree: true, childList: true, characterData: true });
})()"""


def test_a_reload_restarts_python_and_keeps_the_prediction(new_reader):
    """If a reader reloads while Python starts, early or late, Python starts again, and the prediction is kept."""
    reader = new_reader(script=RELOADS)
    reader.open().commit(30).saved()
    steps = json.dumps(["Starting Python", "Building the workbench"])
    reader.page.evaluate("(steps) => { sessionStorage.reloads = steps; }", steps)
    reader.reload()  # from now on the page itself reloads at each of the steps
    reader.page.wait_for_function("() => sessionStorage.reloads === '[]'")
    expect(reader.in_part("[data-lock-answer='1']")).to_contain_text("30 %")
    reader.live().results()


def test_broken_data_are_reported_and_the_page_keeps_working(new_reader, broken_dist, broken_address):
    """An exception in Python gives one sentence; other controls work, and so does the data once it is repaired."""
    data = asset(broken_dist, "licences.json*")
    asset(
        broken_dist, "licences.audit*"
    ).unlink()  # with the audit of the build it would need the texts only later
    backup = shutil.copy(data, broken_dist / "whole")
    reader = new_reader(base=broken_address)
    reader.expected_errors = [NETWORK]
    reader.open().commit(30).live().results()
    for damage in (data.unlink, lambda: data.write_bytes(b"this is no archive" * 1000)):
        damage()
        reader.part.get_by_role("button", name=LICENCES).click()
        expect(reader.notice()).to_contain_text("The workbench could not finish: licences.json")
        expect(reader.html).to_have_attribute("data-boot", "live")
        reader.choose_corpus(CRAWL)
        reader.type_threshold(0.7)
        expect(reader.notice()).to_be_hidden()
    shutil.copy(backup, data)
    reader.choose_corpus(LICENCES)
    reader.type_threshold(0.8)
    expect(reader.value("corpus.documents")).to_have_text("727")


def test_missing_explanations_are_reported(new_reader, broken_dist, broken_address):
    """If the guarded texts do not arrive, the prediction is kept and a reload brings them."""
    reveal = asset(broken_dist, "reveal-1*")
    reveal.rename(broken_dist / "lost")
    reader = new_reader(base=broken_address, script=NO_PYTHON)
    reader.expected_errors = [NETWORK]
    reader.open().commit(30)
    expect(reader.notice()).to_contain_text("your prediction is saved")
    (broken_dist / "lost").rename(reveal)
    reader.saved().reload()
    expect(reader.in_part("[data-lock-answer='1']")).to_contain_text("30 %")
    expect(reader.in_part("[data-reveal='no-python']")).to_contain_text("Python did not start here")
