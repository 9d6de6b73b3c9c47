"""The first answer: what a page fetches before it, and that it is the answer of a computation."""

import re

from playwright.sync_api import expect
from reader import LICENCES

from tools import bench

MEGABYTES, REQUESTS = 9.55, 33
"""What a first visit may transfer before its first answer: a change that needs more has to say why."""

LISTEN = """
globalThis.work = [];
document.addEventListener("lab:python", ({ detail }) => {
  if (detail.type === "work" && detail.part === 1) globalThis.work.push(detail.label);
});
"""
CHECKED = (
    "() => globalThis.work.some((label) => label.startsWith('Checking')) && globalThis.work.at(-1) === ''"
)


def test_bytes_and_requests_before_the_first_answer(playwright, address):
    """A first visit answers a move after so many bytes and requests, and without the texts of the corpus."""
    with bench.profile(playwright) as browser:
        page, finished = browser.new_page(), []
        page.set_default_timeout(bench.PATIENCE)
        page.on("requestfinished", lambda request: finished.append(request))
        page.goto(f"{address}{bench.ADDRESS}", wait_until="commit")
        page.wait_for_selector("[data-boot=live]", state="attached", timeout=bench.PATIENCE)
        bench.move(page)
        answered = page.evaluate("performance.timeOrigin + bench.answered")
        needed = [request for request in finished if request.timing["startTime"] <= answered]
        sizes = [request.sizes() for request in needed]
    names = [request.url.rsplit("/", 1)[-1] for request in needed]
    texts = [name for name in names if re.match(r"(licences|addresses)\.json", name)]
    assert texts == [] and any(name.startswith("licences.audit") for name in names)
    megabytes = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) / 1e6
    assert 5 < megabytes <= MEGABYTES
    assert len(needed) <= REQUESTS, names


def test_every_figure_of_the_first_answer_is_as_computed_here(new_reader):
    """All figures and tables that the audit of the build gives are the same after the browser has computed its own."""
    reader = new_reader(script=LISTEN).open("?track=cloud&part=1&corpus=licences&threshold=0.7").commit(30)
    reader.live().results()

    def figures():
        return [
            reader.in_part(places).all_text_contents() for places in ("[data-value]", "table[data-table-for]")
        ]

    reader.type_threshold(0.67)
    first = figures()
    assert len(first[0]) > 40 and any(re.search(r"\d\.\d %", text) for text in first[0])
    reader.page.wait_for_function(CHECKED)
    expect(reader.notice()).to_be_hidden()
    reader.type_threshold(0.7)
    assert figures() != first
    reader.type_threshold(0.67)
    assert figures() == first
    expect(reader.part.get_by_role("button", name=LICENCES)).to_be_visible()
