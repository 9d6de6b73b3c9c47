"""The lab in the frame of a page of another origin: height, progress, focus, width, storage."""

import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

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
FRAME_HEIGHT = "() => document.querySelector('iframe').getBoundingClientRect().height"
ROOT_HEIGHT = "() => Math.ceil(document.documentElement.getBoundingClientRect().height)"


class Book:
    """A textbook's page with the lab in it, in a browser profile of its own."""

    def __init__(self, context, home):
        self.page, self.home = context.new_page(), home
        self.lab = self.page.frame_locator("iframe")

    def frame(self):
        """The lab's frame, to look into."""
        return self.page.frames[1]

    def heard(self):
        """Every message that the book has been sent."""
        return self.page.evaluate("() => heard")

    def hears(self, condition):
        """Wait for a message of that kind."""
        self.page.wait_for_function(f"() => heard.some(({{ data }}) => {condition})")

    def commit(self, prediction):
        """Lock a prediction in the frame."""
        self.lab.get_by_label(QUESTION).fill(str(prediction))
        self.lab.locator("form[data-lock='1']").get_by_role("button", name="Commit").click()
        expect(self.lab.locator("[data-lock-answer='1']")).to_contain_text(f"{prediction} %")


@pytest.fixture
def book(chromium, address, tmp_path):
    """Opens a book with the lab at a query; ORIGIN in it stands for the book's own origin."""

    @contextmanager
    def opened(query, host="127.0.0.1", sandbox=None, **options):
        with serve.serving(tmp_path) as served:
            home = served.rstrip("/").replace("127.0.0.1", host)
            source = f"{address}index.html{query.replace('ORIGIN', home)}"
            text = BOOK.replace("LAB", source.replace("&", "&amp;"))
            if sandbox:
                text = text.replace("<iframe", f'<iframe sandbox="{sandbox}"')
            (tmp_path / "book.html").write_text(text, encoding="utf-8")
            context = chromium.new_context(**{"viewport": {"width": 900, "height": 700}, **options})
            try:
                here = Book(context, home)
                here.page.goto(f"{home}/book.html")
                expect(here.lab.locator("html")).not_to_have_attribute("data-boot", "static")
                yield here
            finally:
                context.close()

    return opened


def test_height_and_progress_reach_the_named_origin(book, address):
    """The frame grows to the lab's own height, and progress is told without any of the reader's answers."""
    with book("?embed=1&track=edge&part=1&origin=ORIGIN") as here:
        here.hears("data.state === 'not started' && data.track === 'edge' && data.height > 1000")
        here.commit(31)
        here.hears("data.state === 'predicted'")
        here.lab.get_by_role("radio", name="Tiny Pioneer").check()
        here.hears("data.track === 'tiny' && data.state === 'not started'")
        here.lab.get_by_role("link", name=re.compile("^Part 2")).click()
        here.hears("data.part === '2'")
        here.page.wait_for_function(f"() => ({FRAME_HEIGHT})() === heard.at(-1).data.height")
        assert abs(here.page.evaluate(FRAME_HEIGHT) - here.frame().evaluate(ROOT_HEIGHT)) <= 1
        for message in here.heard():
            assert message["origin"] == address.rstrip("/")
            assert set(message["data"]) == {"type", "height", "track", "part", "state"}
            assert message["data"]["type"] == "data-selection-lab"


def test_progress_is_what_the_lab_map_shows(book):
    """From the first visit to a decision, and back when evidence goes stale, the book is told the map's own state."""
    with book("?embed=1&track=cloud&part=1&corpus=licences&origin=ORIGIN") as here:
        part = here.lab.locator("[data-part='1']")

        def both(state, shown=None):
            here.page.wait_for_function(f"() => heard.at(-1)?.data.state === '{state}'")
            expect(here.lab.locator("[data-map='1'] [data-map-state]")).to_have_text(shown or state)

        both("not started")
        here.commit(31)
        both("predicted")
        expect(part.locator("[data-value='removed.documents']").first).to_have_text(re.compile(r"\d"))
        part.get_by_role("button", name="Capture this evidence").click()
        both("evidence")
        part.get_by_label("Your answer").fill("Copies enlarge O.")
        both("checkpoint")
        field = part.get_by_role("textbox", name="Similarity threshold (number)")
        field.fill("0.83")
        field.press("Enter")
        both("evidence", "evidence, stale")
        part.get_by_role("button", name="Capture this evidence").click()
        both("checkpoint")
        part.get_by_label(re.compile("^Your decision in this part")).fill("Remove at 0.83.")
        both("decided")


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
def test_nobody_else_is_told_anything(book, origin):
    """Without an origin, with one that is none, or with another's, the book hears nothing; a bad one is
    named.
    """
    with book(f"?embed=1&part=1&origin={origin}" if origin else "?embed=1&part=1") as here:
        here.commit(31)
        here.lab.get_by_role("radio", name="Tiny Pioneer").check()
        here.page.wait_for_timeout(500)  # longer than the pause between messages
        assert here.heard() == []
        notice = here.lab.locator("[data-notice]")
        if origin in ("", "https://textbook.example", "https://127.0.0.1"):
            expect(notice).to_be_hidden()
        else:
            expect(notice).to_contain_text("was ignored; allowed: an origin such as https://textbook.example")


@pytest.mark.parametrize("part", ["1", "3"])
def test_the_lab_leaves_focus_and_scroll_where_they_are(book, part):
    """Until the reader acts in the frame, the book keeps the keyboard and its place, also when Python
    arrives.
    """
    with book(f"?embed=1&part={part}") as here:
        expect(here.lab.locator("html")).to_have_attribute("data-boot", "live")
        expect(here.lab.locator(f"[data-part='{part}'] h2")).to_be_attached()
        here.page.wait_for_timeout(500)
        focused = here.page.evaluate("() => document.activeElement.getAttribute('aria-label')")
        assert focused == "Search the book"
        assert here.page.evaluate("() => scrollY") == 0
        assert here.frame().evaluate("() => [document.activeElement.tagName, scrollY]") == ["BODY", 0]


def test_the_frame_is_bare_and_fits_360_pixels(book):
    """Title and footer of the page are left out, the parts can be reached, and nothing is wider than the
    frame.
    """
    with book("?embed=1&part=1", viewport={"width": 360, "height": 640}) as here:
        here.commit(31)
        expect(here.lab.locator(".foot")).to_be_hidden()
        expect(here.lab.locator(".lede")).to_be_hidden()
        assert here.lab.locator("h1").evaluate("(h1) => h1.getBoundingClientRect().height") <= 1
        for name in (r"^Part 1", r"^Part 3", "Open in a tab of its own"):
            expect(here.lab.get_by_role("link", name=re.compile(name))).to_be_visible()
        wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert here.frame().evaluate(wide) == 0


def test_a_tab_of_its_own_has_the_same_state_and_no_frame(book):
    """The way out of the frame leads to the lab as it stands, with its title."""
    with book("?embed=1&track=mobile&part=2&seed=5&origin=ORIGIN") as here:
        with here.page.context.expect_page() as opened:
            here.lab.get_by_role("link", name="Open in a tab of its own").click()
        tab = opened.value
        expect(tab.get_by_role("radio", name="Mobile Nomad")).to_be_checked()
        expect(tab.locator(".foot")).to_be_visible()
        assert "embed" not in tab.url and "seed=5" in tab.url and "part=2" in tab.url


def test_a_frame_that_may_keep_work_says_where_it_is(book):
    """Work is kept in the frame, and the page says that the browser keeps it apart and offers the file."""
    with book("?embed=1&part=1") as here:
        here.commit(31)
        expect(here.lab.locator("[data-store-status]")).to_contain_text("Saved in this browser")
        said = here.lab.locator("[data-frame-storage]")
        expect(said).to_contain_text("Export it to a file before you leave")
        expect(here.lab.locator("html")).to_have_attribute("data-boot", "live")
        here.page.reload()
        expect(here.lab.locator("[data-lock-answer='1']")).to_contain_text("31 %")


@pytest.mark.parametrize(
    ("host", "sandbox"),
    [
        ("localhost", None),  # another site than 127.0.0.1: a private window blocks the storage of its frames
        ("127.0.0.1", "allow-scripts allow-forms allow-downloads"),  # an origin of its own, without storage
    ],
)
def test_a_frame_that_may_not_keep_work_says_so(book, host, sandbox):
    """Where the browser blocks the frame's storage, predicting works, and the page says that nothing is
    kept.
    """
    with book("?embed=1&part=1", host=host, sandbox=sandbox) as here:
        status = here.lab.locator("[data-store-status]")
        expect(status).to_contain_text("Not saved")
        expect(status).to_contain_text("Export to a file before you leave")
        here.commit(31)
        expect(here.lab.get_by_role("button", name=re.compile("^Export")).first).to_be_visible()


def test_outside_a_frame_nothing_is_said_about_frames(reader):
    """A reader with the lab in a tab is told nothing about frames, and sees no way out of one."""
    reader.open("?part=1")
    expect(reader.one("[data-frame-storage]")).to_be_hidden()
    expect(reader.one("[data-own-tab]")).to_be_hidden()
    expect(reader.one(".foot")).to_be_visible()
