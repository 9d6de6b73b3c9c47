"""The rest of the lab in a stock Firefox: Parts 2 and 3, a corpus of the reader's own, and a textbook's frame."""

from dataselect_core import datasets
from tools import serve

BOOT = "() => document.documentElement.dataset.boot === 'live'"
SHOWS = """(part, path, pattern) =>
  new RegExp(pattern).test(document.querySelector(`[data-part='${part}'] [data-value='${path}']`).textContent)"""
SAYS = "(place, words) => document.querySelector(place).textContent.includes(words)"
IDLE = "(part) => document.querySelector(`[data-part='${part}'] [data-work-progress]`).hidden"
DROP = """(name, text) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], name));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.querySelector("[data-own-drop]").dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer }));
  }
}"""
BOOK = """<!doctype html><html lang="en"><title>Book</title><input aria-label="Search the book" autofocus>
<iframe title="lab" style="width: 360px; height: 300px" src="LAB"></iframe>
<script>
  window.heard = [];
  addEventListener("message", ({ origin, data }) => heard.push({ origin, data }));
</script>"""


def predict(firefox, part, choice, field, value, answer):
    """Commit a prediction, and wait until Python runs."""
    firefox.click("radio", choice)
    firefox.type("spinbutton", field, value)
    firefox.click("button", "Commit")
    firefox.wait(SAYS, f"[data-lock-answer='{part}']", answer)
    firefox.wait(BOOT)


def test_part_2_works_in_firefox(new_firefox, address):
    """A reader can predict, run a project, and see its end, the frontier and the verdict."""
    firefox = new_firefox()
    firefox.open(address + "index.html?track=mobile&part=2&seeds=2&budget=100")
    predict(firefox, "2", "fewer samples", "By what factor", "1.5", "1.5 times")
    firefox.wait("() => !document.querySelector(`[data-part='2'] [data-action='run']`).disabled")
    firefox.click("button", "Run")
    firefox.wait("() => document.querySelectorAll(`[data-part='2'] [data-runs] li`).length === 1")
    firefox.wait(IDLE, "2")
    firefox.wait(
        "() => document.querySelector(`[data-part='2'] table[data-table-for='LabelingROIPlot']`).tBodies[0].rows.length > 2"
    )
    firefox.check(address)


def test_part_3_works_in_firefox(new_firefox, address):
    """A reader can predict, see the pictures, move the mix by field, and see recall and noise measured."""
    firefox = new_firefox()
    firefox.open(address + "index.html?track=tiny&part=3&seeds=2")
    predict(firefox, "3", "It falls", "By how much", "12", "12 percentage points")
    firefox.wait("() => document.querySelectorAll(`[data-part='3'] [data-sheet] canvas`).length === 5")
    before = firefox.ask(
        "() => document.querySelector(`[data-part='3'] [data-value='mix.synthetic']`).textContent"
    )
    firefox.type("textbox", "Synthetic", "50")
    firefox.press("Enter")
    firefox.wait(
        "(before) => document.querySelector(`[data-part='3'] [data-value='mix.synthetic']`).textContent !== before",
        before,
    )
    firefox.wait(SHOWS, "3", "noise.ratio", "\\d")
    firefox.wait(IDLE, "3")
    firefox.check(address)


def test_firefox_deduplicates_an_own_corpus(new_firefox, address):
    """A dropped file is deduplicated, and the kept lines can be downloaded, without any request."""
    texts = [" ".join(text.split()) for text in datasets.licences().texts[:30]]
    firefox = new_firefox()
    firefox.open(address + "index.html?track=mobile&part=1&threshold=0.8")
    firefox.wait(BOOT)
    firefox.wait(
        "() => document.querySelectorAll(`[data-part][data-results]`).length === 3"
    )  # all their files are loaded
    request_count = len(firefox.requests)
    firefox.ask(DROP, "mine.txt", "\n".join(texts + texts[:10]) + "\n")
    firefox.wait(SAYS, "[data-own-status]", "Done.")
    assert firefox.ask("() => document.querySelector(`[data-own-name]`).textContent").startswith("mine.txt: ")
    kept_lines = firefox.ask(
        "async () => (await (await fetch(document.querySelector(`[data-own-download]`).href)).text())"
    ).splitlines()
    assert 20 <= len(kept_lines) <= 30 and set(kept_lines) <= set(texts)
    assert [url for url in firefox.requests[request_count:] if not url.startswith("blob:")] == []
    firefox.check(address)


def test_the_frame_of_a_book_works_in_firefox(new_firefox, address, tmp_path):
    """A page of another origin gets height and progress and keeps its focus, and its frame does not scroll sideways."""
    with serve.serving(tmp_path) as home:
        home = home.rstrip("/")
        book = BOOK.replace("LAB", f"{address}index.html?track=edge&amp;part=1&amp;embed=1&amp;origin={home}")
        (tmp_path / "book.html").write_text(book, "utf-8")
        firefox = new_firefox()
        firefox.open(f"{home}/book.html")
        messages = firefox.wait("() => heard.some(({data}) => data.height > 300) && heard")
        assert {message["origin"] for message in messages} == {address.rstrip("/")}
        assert firefox.ask("() => document.activeElement.getAttribute('aria-label')") == "Search the book"
        with firefox.inside(address):
            firefox.wait(BOOT)
            assert firefox.ask("() => document.documentElement.scrollWidth <= innerWidth")
            firefox.type("spinbutton", "Reduction in total training FLOPs", "35")
            firefox.click("button", "Commit")
            firefox.wait(SAYS, "[data-lock-answer='1']", "35 %")
        firefox.wait("() => heard.some(({data}) => data.state === 'predicted')")
        assert not firefox.errors
