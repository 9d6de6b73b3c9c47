"""The page opened by double click: Part 1 works without a server."""

import re

from playwright.sync_api import expect
from reader import IS_KEPT

SHOWS = "(path, pattern) => new RegExp(pattern).test(document.querySelector(`[data-part='1'] [data-value='${path}']`).textContent)"
REFUSED = "() => fetch(document.scripts[0].src).then(() => false, () => true)"


def test_chromium_runs_the_lab_from_a_file(new_reader, dist):
    """In Chromium, the opened file gets live results, moves, changes the corpus, and keeps its record and Python."""
    reader = new_reader(base=dist.as_uri() + "/").open("?track=cloud&part=1")
    reader.commit(30).live().results()
    expect(reader.html).to_have_attribute("data-first-view", "kept")
    expect(reader.value("reveal.measured")).to_have_text(re.compile(r"^\d\d\.\d %$"))
    reader.type_threshold(0.6)
    reader.choose_corpus("Licence texts (real)")  # these data are loaded only now
    expect(reader.value("reveal.measured")).to_have_text(re.compile(r"^59\.\d %$"))
    reader.page.wait_for_function(IS_KEPT)
    reader.saved().reload()
    expect(reader.in_part("[data-lock-answer='1']")).to_contain_text("30 %")
    expect(reader.live().html).to_have_attribute("data-python", "kept")
    reader.type_threshold(0.7)
    assert all(url.startswith(("file:///", "blob:", "data:")) for url in reader.requests)
    assert reader.part.is_visible()


def test_firefox_runs_the_lab_from_a_file(new_firefox, dist):
    """In Firefox with its usual rules for files, the opened file gets live results and moves."""
    firefox = new_firefox()
    firefox.open((dist / "index.html").as_uri() + "?track=cloud&part=1&corpus=licences")
    assert firefox.ask(REFUSED), "this Firefox lets files read each other, so the test would prove nothing"
    firefox.type("spinbutton", "Reduction in total training FLOPs", "30")
    firefox.click("button", "Commit")
    firefox.wait("() => document.documentElement.dataset.boot === 'live'")
    firefox.wait(SHOWS, "reveal.measured", "^59\\.\\d %$")
    firefox.type("textbox", "Similarity threshold (number)", "0.6")
    firefox.press("Enter")
    firefox.wait(SHOWS, "setting.threshold", "^0\\.600$")
    # The only error comes from the request at the start.
    firefox.errors = [error for error in firefox.errors if "Cross-Origin Request Blocked" not in error]
    firefox.check("file:///")
