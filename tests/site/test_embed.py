"""The lab in the frame of a page of another origin: height, progress, focus, width, storage."""

import json
import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect
from reader import NO_PYTHON, PATIENCE

from tools import serve

QUESTION = "Reduction in total training FLOPs"
BOOK = """<!doctype html><html lang="en"><title>Book</title><body style="margin: 0">
<p>A chapter. <input aria-label="Search the book" autofocus></p>
<iframe title="lab" style="width: 100%; height: 300px; border: 0" src="LAB"></iframe>
<script>
  window.heard = [];
  addEventListener("message", ({ origin, data }) => {
    heard.push({ origin, data });
    if (data.type !== "data-selection-lab") return;
    document.querySelector("iframe").style.height = data.height + "px";
  });
</script>"""
REQUIRE = {"Cross-Origin-Embedder-Policy": "require-corp"}  # as an isolated textbook page sends
CORS = {"Access-Control-Allow-Origin": "*"}
FOR_FRAMES = {
    **REQUIRE,
    "Cross-Origin-Resource-Policy": "cross-origin",
}  # as the guide tells the lab's host
FRAME_HEIGHT = "() => document.querySelector('iframe').getBoundingClientRect().height"
ROOT_HEIGHT = "() => Math.ceil(document.documentElement.getBoundingClientRect().height)"


@contextmanager
def serving(folder, headers):
    """Serve a folder with headers in addition to those of a static host."""
    server = serve.start(folder)

    class HandlerWithHeaders(server.RequestHandlerClass):
        def end_headers(self):
            for name, value in headers.items():
                self.send_header(name, value)
            super().end_headers()

    server.RequestHandlerClass = HandlerWithHeaders
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


class Book:
    """A textbook's page with the lab in it, in a new browser profile."""

    def __init__(self, context, home):
        self.page, self.home = context.new_page(), home
        self.lab = self.page.frame_locator("iframe")

    def frame(self):
        """The lab's frame, for tests to inspect."""
        return self.page.frames[1]

    def messages(self):
        """Every message that the book has received."""
        return self.page.evaluate("() => heard")

    def wait_for_message(self, condition):
        """Wait for a message that meets the condition."""
        self.page.wait_for_function(f"() => heard.some(({{ data }}) => {condition})")

    def commit(self, prediction):
        """Lock a prediction in the frame."""
        self.lab.get_by_label(QUESTION).fill(str(prediction))
        self.lab.locator("form[data-lock='1']").get_by_role("button", name="Commit").click()
        expect(self.lab.locator("[data-lock-answer='1']")).to_contain_text(f"{prediction} %")


@pytest.fixture
def book(chromium, address, tmp_path):
    """Open a book with the lab at a query, in which ORIGIN stands for the book's own origin.

    `attributes` belong to the frame, `headers` to the book, and `lab` is the lab's address if it is another one. The
    frame stays empty unless the lab `arrives`, and Python starts in it only if it is `live`. All of the lab is on one
    page unless `steps` is set.
    """

    @contextmanager
    def open_book(
        query,
        host="127.0.0.1",
        attributes="",
        headers=None,
        lab=address,
        arrives=True,
        live=False,
        steps=False,
        **options,
    ):
        with serving(tmp_path, headers or {}) as book_address:
            home = book_address.rstrip("/").replace("127.0.0.1", host)
            view = "" if steps else "&view=page"
            source = f"{lab}index.html{query.replace('ORIGIN', home)}{view}"
            text = BOOK.replace("LAB", source.replace("&", "&amp;"))
            text = text.replace("<iframe", f"<iframe {attributes}")
            (tmp_path / "book.html").write_text(text, encoding="utf-8")
            context = chromium.new_context(**{"viewport": {"width": 900, "height": 700}, **options})
            context.set_default_timeout(PATIENCE)
            try:
                if not live:
                    context.add_init_script(NO_PYTHON)
                textbook = Book(context, home)
                textbook.page.goto(f"{home}/book.html")
                if arrives:
                    expect(textbook.lab.locator("html")).not_to_have_attribute("data-boot", "static")
                yield textbook
            finally:
                context.close()

    return open_book


def test_height_and_progress_reach_the_named_origin(book, address):
    """The frame grows to the lab's own height, and progress messages contain none of the reader's answers."""
    with book("?embed=1&track=edge&part=1&origin=ORIGIN") as textbook:
        textbook.wait_for_message(
            "data.state === 'not started' && data.track === 'edge' && data.height > 1000"
        )
        textbook.commit(31)
        textbook.wait_for_message("data.state === 'predicted'")
        textbook.lab.get_by_role("radio", name="Tiny Pioneer").check()
        textbook.wait_for_message("data.track === 'tiny' && data.state === 'not started'")
        textbook.lab.get_by_role("link", name=re.compile("^Part 2")).click()
        textbook.wait_for_message("data.part === '2'")
        textbook.page.wait_for_function(f"() => ({FRAME_HEIGHT})() === heard.at(-1).data.height")
        assert abs(textbook.page.evaluate(FRAME_HEIGHT) - textbook.frame().evaluate(ROOT_HEIGHT)) <= 1
        for message in textbook.messages():
            assert message["origin"] == address.rstrip("/")
            assert set(message["data"]) == {"type", "height", "track", "part", "state"}
            assert message["data"]["type"] == "data-selection-lab"


def test_progress_messages_match_the_map_of_the_lab(book):
    """From the first visit to a decision, and back when evidence gets stale, the book gets the map's state."""
    with book("?embed=1&track=cloud&part=1&corpus=licences&origin=ORIGIN", live=True) as textbook:
        part = textbook.lab.locator("[data-part='1']")

        def check_state(state, map_state=None):
            textbook.page.wait_for_function(f"() => heard.at(-1)?.data.state === '{state}'")
            expect(textbook.lab.locator("[data-map='1'] [data-map-state]")).to_have_text(map_state or state)

        check_state("not started")
        textbook.commit(31)
        check_state("predicted")
        expect(part.locator("[data-value='removed.documents']").first).to_have_text(re.compile(r"\d"))
        part.get_by_role("button", name="Capture this evidence").click()
        check_state("evidence")
        part.get_by_label("Your answer").fill("Copies enlarge O.")
        check_state("checkpoint")
        field = part.get_by_role("textbox", name="Similarity threshold (number)")
        field.fill("0.83")
        field.press("Enter")
        check_state("evidence", "evidence, stale")
        part.get_by_role("button", name="Capture this evidence").click()
        check_state("checkpoint")
        part.get_by_label(re.compile("^Your decision in this part")).fill("Remove at 0.83.")
        check_state("decided")


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "*",
        "null",
        "https://textbook.example",
        "https://textbook.example/path",
        "http://textbook.example",
        "https://user@textbook.example",
        "javascript:alert(1)",
        "https://127.0.0.1",
    ],
)
def test_other_origins_get_no_messages(book, origin):
    """Without an origin, with an invalid one, or with another's, the book gets no messages; an invalid one is named."""
    with book(f"?embed=1&part=1&origin={origin}" if origin else "?embed=1&part=1") as textbook:
        textbook.commit(31)
        textbook.lab.get_by_role("radio", name="Tiny Pioneer").check()
        textbook.page.wait_for_timeout(500)  # longer than the pause between messages
        assert textbook.messages() == []
        notice = textbook.lab.locator("[data-notice]")
        if origin in ("", "https://textbook.example", "https://127.0.0.1"):
            expect(notice).to_be_hidden()
        else:
            expect(notice).to_contain_text("was ignored; allowed: an origin such as https://textbook.example")


@pytest.mark.parametrize("live", [True, False])
def test_the_lab_does_not_move_focus_or_scroll_position(book, live):
    """Until the reader acts in the frame, the book keeps focus and scroll position, whether Python starts or not."""
    with book("?embed=1&part=3" if live else "?embed=1&part=1", live=live) as textbook:
        expect(textbook.lab.locator("html")).to_have_attribute("data-boot", "live" if live else "failed")
        expect(textbook.lab.locator(f"[data-part='{3 if live else 1}'] h2")).to_be_visible()
        textbook.page.wait_for_timeout(500)
        focused = textbook.page.evaluate("() => document.activeElement.getAttribute('aria-label')")
        assert focused == "Search the book"
        assert textbook.page.evaluate("() => scrollY") == 0
        assert textbook.frame().evaluate("() => [document.activeElement.tagName, scrollY]") == ["BODY", 0]


def test_a_reopened_frame_leaves_the_focus_to_the_book(book):
    """If a reader who was writing in the frame opens the chapter again, the book has the focus and nothing scrolls."""
    with book("?embed=1&part=1", steps=True) as textbook:
        textbook.lab.get_by_label(QUESTION).fill("31")
        textbook.page.reload()
        expect(textbook.lab.get_by_label(QUESTION)).to_be_visible()
        assert (
            textbook.page.evaluate("() => document.activeElement.getAttribute('aria-label')")
            == "Search the book"
        )
        assert textbook.frame().evaluate("() => [document.activeElement.tagName, scrollY]") == ["BODY", 0]


def test_the_frame_has_no_title_and_fits_360_pixels(book):
    """Title and footer of the page are hidden, the parts can be reached, and nothing is wider than the frame."""
    with book("?embed=1&part=1", viewport={"width": 360, "height": 640}) as textbook:
        textbook.commit(31)
        expect(textbook.lab.locator(".foot")).to_be_hidden()
        expect(textbook.lab.locator(".lede")).to_be_hidden()
        assert textbook.lab.locator("h1").evaluate("(h1) => h1.getBoundingClientRect().height") <= 1
        for name in (r"^Part 1", r"^Part 3", "Open in a tab of its own"):
            expect(textbook.lab.get_by_role("link", name=re.compile(name))).to_be_visible()
        wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert textbook.frame().evaluate(wide) == 0


@pytest.mark.parametrize("width", [360, 800])
def test_the_frame_shows_one_step_at_a_time(book, width):
    """In a textbook the lab opens at the question of its part; a commitment leads to the next step, in the frame."""
    with book(
        "?embed=1&part=2&origin=ORIGIN", steps=True, viewport={"width": width, "height": 640}
    ) as textbook:
        part = textbook.lab.locator("[data-part='2']")
        expect(textbook.lab.get_by_role("heading", name="Choose your track")).to_be_hidden()
        part.get_by_label("fewer samples").check()
        part.get_by_label("By what factor").fill("2")
        part.get_by_role("button", name="Commit", exact=True).click()
        expect(part.get_by_role("heading", name="Reach the target")).to_be_visible()
        textbook.wait_for_message("data.state === 'predicted'")
        wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert textbook.frame().evaluate(wide) == 0
        textbook.lab.get_by_role("link", name="Start", exact=True).click()
        expect(textbook.lab.get_by_role("radio", name="Tiny Pioneer")).to_be_visible()


def test_a_separate_tab_has_the_same_state_and_no_frame(book):
    """The link out of the frame opens the lab in the same state, with its title."""
    with book("?embed=1&track=mobile&part=2&seed=5&origin=ORIGIN") as textbook:
        with textbook.page.context.expect_page() as new_tab:
            textbook.lab.get_by_role("link", name="Open in a tab of its own").click()
        tab = new_tab.value
        expect(tab.get_by_role("heading", name="Mobile Nomad: AR Glasses Dev").first).to_be_visible()
        expect(tab.get_by_role("link", name="Open in a tab of its own")).to_be_hidden()
        assert "embed" not in tab.url and "seed=5" in tab.url and "part=2" in tab.url


def test_a_frame_with_storage_says_where_work_is_saved(book):
    """Work is kept in the frame, and the page says that the browser keeps it separately and offers the file."""
    with book("?embed=1&part=1") as textbook:
        textbook.commit(31)
        expect(textbook.lab.locator("[data-store-status]")).to_contain_text("Saved in this browser")
        notice = textbook.lab.locator("[data-frame-storage]")
        expect(notice).to_contain_text("Export it to a file before you leave")
        textbook.page.reload()
        expect(textbook.lab.locator("[data-lock-answer='1']")).to_contain_text("31 %")


@pytest.mark.parametrize(
    ("host", "attributes"),
    [
        ("localhost", ""),  # another site than 127.0.0.1: a private window blocks the storage of its frames
        (
            "127.0.0.1",
            'sandbox="allow-scripts allow-forms allow-downloads"',
        ),  # an opaque origin without storage
    ],
)
def test_a_frame_without_storage_says_so(book, host, attributes):
    """If the browser blocks the frame's storage, predicting works, and the page says that nothing is kept."""
    with book("?embed=1&part=1", host=host, attributes=attributes) as textbook:
        status = textbook.lab.locator("[data-store-status]")
        expect(status).to_contain_text("Not saved")
        expect(status).to_contain_text("Export to a file before you leave")
        textbook.commit(31)
        expect(textbook.lab.get_by_role("button", name=re.compile("^Export")).first).to_be_visible()


def test_a_tab_says_nothing_about_frames(new_reader):
    """A reader with the lab in a tab sees nothing about frames, and no link out of one."""
    reader = new_reader(script=NO_PYTHON).open("?part=1")
    expect(reader.locator("[data-frame-storage]")).to_be_hidden()
    expect(reader.locator("[data-own-tab]")).to_be_hidden()
    expect(reader.locator(".foot")).to_be_visible()


# -- frames that may do less -------------------------------------------------------------------------------

NO_MODALS = 'sandbox="allow-scripts allow-same-origin"'  # no modals, forms, downloads or popups


def test_work_can_be_cleared_and_imported_without_modals(book):
    """The frame needs no permission for dialogs: clearing and importing work, each with a question."""
    with book("?embed=1&track=cloud&part=1", attributes=NO_MODALS) as textbook:
        textbook.commit(31)
        expect(textbook.lab.locator("[data-store-status]")).to_have_text("Saved in this browser.")
        textbook.lab.get_by_role("button", name="Clear my work").click()
        question = textbook.lab.get_by_role("alertdialog", name="Clear your work?")
        question.get_by_role("button", name="Cancel").click()
        expect(textbook.lab.locator("[data-lock-answer='1']")).to_contain_text("31 %")
        entry = {"value": 77, "said": "77 %", "why": "", "locked_at": "2026-11-23T12:00:00.000Z"}
        entries = {"cloud/1/prediction": {"value": entry, "at": 1_900_000_000_000}}
        text = json.dumps({"schema": 1, "reader": "somebody-else", "entries": entries})
        with textbook.page.expect_file_chooser() as chooser:
            textbook.lab.get_by_role("button", name="Import a file").click()
        file = {"name": "record.json", "mimeType": "application/json", "buffer": text.encode()}
        chooser.value.set_files(file)
        textbook.lab.get_by_role("alertdialog").get_by_role("button", name="Replace").click()
        expect(textbook.lab.locator("[data-lock-answer='1']")).to_contain_text("77 %")
        textbook.lab.get_by_role("button", name="Clear my work").click()
        question.get_by_role("button", name="Clear", exact=True).click()
        expect(textbook.lab.get_by_label(QUESTION)).to_be_visible()
        expect(textbook.lab.locator("[data-ledger]")).to_contain_text("Nothing recorded yet")


def test_every_commit_works_without_forms(book):
    """A browser ignores forms in such a frame, and the locks of the lab work all the same."""
    with book("?embed=1&track=cloud&part=1", attributes=NO_MODALS) as textbook:
        field = textbook.lab.get_by_label(QUESTION)
        field.fill("700")
        field.press("Enter")
        expect(textbook.lab.locator("[data-lock-error='1']")).to_contain_text("Enter a number from")
        field.fill("31")
        field.press("Enter")
        expect(textbook.lab.locator("[data-lock-answer='1']")).to_contain_text("31 %")
        textbook.lab.get_by_role("link", name=re.compile("^Part 2")).click()
        lock = textbook.lab.locator("form[data-lock='2']")
        lock.get_by_role("button", name="Commit").click()
        expect(textbook.lab.locator("[data-lock-error='2']")).to_contain_text("Choose one of the answers")


def test_record_and_report_can_be_copied_without_downloads(book):
    """A file cannot be downloaded from such a frame, so the page shows its content."""
    with book("?embed=1&track=cloud&part=1", attributes=NO_MODALS) as textbook:
        textbook.commit(31)
        textbook.lab.get_by_role("button", name="Export to a file").click()
        record = json.loads(textbook.lab.get_by_label("The record as text").input_value())
        assert record["entries"]["cloud/1/prediction"]["value"]["value"] == 31
        textbook.lab.get_by_role("button", name="As Markdown").click()
        expect(textbook.lab.get_by_label("The report as text")).to_have_value(re.compile("31 %"))


def test_a_question_in_a_tall_frame_appears_in_the_visible_part(book):
    """The frame is as high as the lab, many screens long, and the question appears in the visible part."""
    with book("?embed=1&track=cloud&part=1&origin=ORIGIN", attributes=NO_MODALS) as textbook:
        textbook.commit(31)
        textbook.page.wait_for_function(f"() => ({FRAME_HEIGHT})() > 3000")
        textbook.lab.get_by_role("button", name="Clear my work").click()
        question = textbook.lab.get_by_role("alertdialog")
        expect(question).to_be_visible()
        box, height = question.bounding_box(), textbook.page.viewport_size["height"]
        assert box["y"] >= 0 and box["y"] + box["height"] <= height


def test_a_sandboxed_frame_is_live_if_the_host_allows_it(book, dist):
    """As in the guide: without `allow-same-origin`, Python needs the host's `Access-Control-Allow-Origin`."""
    sandbox = 'sandbox="allow-scripts"'
    with (
        serving(dist, CORS) as lab,
        book("?embed=1&part=1", attributes=sandbox, lab=lab, live=True) as textbook,
    ):
        expect(textbook.lab.locator("html")).to_have_attribute("data-boot", "live")
        textbook.commit(31)
        expect(textbook.lab.locator("[data-value='removed.documents']").first).to_have_text(re.compile(r"\d"))
        expect(textbook.lab.locator("[data-store-status]")).to_contain_text("Not saved")


# -- a book that is isolated from other origins ------------------------------------------------------------


def test_an_isolated_book_gets_the_lab_from_a_host_with_headers(book, dist):
    """With the two headers of the guide, the lab is live in a page with `COEP: require-corp`, and work is kept."""
    with (
        serving(dist, FOR_FRAMES) as lab,
        book("?embed=1&part=1", headers=REQUIRE, lab=lab, live=True) as textbook,
    ):
        expect(textbook.lab.locator("html")).to_have_attribute("data-boot", "live")
        textbook.commit(31)
        expect(textbook.lab.locator("[data-value='removed.documents']").first).to_have_text(re.compile(r"\d"))
        expect(textbook.lab.locator("[data-store-status]")).to_have_text("Saved in this browser.")


def test_an_isolated_book_shows_no_lab_from_a_host_without_headers(book):
    """Without these headers the browser refuses the frame, so the guide has another way."""
    with book("?embed=1&part=1", headers=REQUIRE, arrives=False) as textbook:
        textbook.page.wait_for_function("() => document.readyState === 'complete'")
        assert textbook.frame().url.startswith("chrome-error:")


def test_a_credentialless_frame_needs_no_headers_and_says_how_long_work_is_kept(book):
    """`credentialless` lets the lab into an isolated page; work that the browser discards is not called saved."""
    with book("?embed=1&part=1", headers=REQUIRE, attributes="credentialless", live=True) as textbook:
        expect(textbook.lab.locator("html")).to_have_attribute("data-boot", "live")
        textbook.commit(31)
        status = textbook.lab.locator("[data-store-status]")
        expect(status).to_contain_text("Kept only until you leave")
        expect(status).to_contain_text("Export to a file")
