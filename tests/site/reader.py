"""A reader in Chromium who opens the lab, predicts, moves controls, and records errors meanwhile."""

import os
import re
from contextlib import contextmanager
from copy import copy
from urllib.parse import urljoin

from playwright.sync_api import expect

PATIENCE = int(os.environ.get("LAB_PATIENCE", "120")) * 1000  # ms: machines that run tests are busy
QUESTION = "Reduction in total training FLOPs"
LICENCES, CRAWL = "Licence texts (real)", "Simulated crawl (copies are made)"
PART = "[data-part='1']"
IS_KEPT = """async () => {
  const shelf = await caches.open("lab-python");
  return (await shelf.keys()).some((request) => request.url.endsWith("/places"));
}"""
ONE_PAGE = 'try { const VIEW = "data-selection-lab view"; if (!localStorage.getItem(VIEW)) localStorage.setItem(VIEW, "page"); } catch { /* an empty tab keeps nothing */ }'
NO_PYTHON = "delete globalThis.Worker;"  # a script for tests that do not need Python


class Reader:
    """One browser profile with the lab in it.

    Parameters
    ----------
    context : playwright.sync_api.BrowserContext
        The profile.
    base : str
        Address of the folder of `index.html`, ending in a slash.
    steps : bool
        Whether the lab is shown step by step, as usual; most tests show all of it on one page.
    """

    def __init__(self, context, base, steps=False):
        if not steps:
            context.add_init_script(f"{{ {ONE_PAGE} }}")
        self.context, self.base = context, base
        self.errors, self.requests = [], []
        self.own_requests = []  # requests of the pages; the service worker's requests come at unpredictable times
        self.expected_errors = []  # patterns of console errors that the test itself causes
        context.on(
            "console", lambda m: self.errors.append(f"console: {m.text}") if m.type == "error" else None
        )
        context.on("weberror", lambda error: self.errors.append(f"uncaught: {error.error}"))
        context.on("request", self._record_request)
        self.page = context.new_page()

    def _record_request(self, request):
        self.requests.append(request.url)
        if not request.service_worker:
            self.own_requests.append(request.url)

    def check(self):
        """Fail on errors in the console and on requests that left the origin."""
        unexpected = [e for e in self.errors if not any(re.search(p, e) for p in self.expected_errors)]
        assert not unexpected, "the page reported errors:\n" + "\n".join(unexpected)
        home = "file:///" if self.base.startswith("file:") else self.base
        foreign = [url for url in self.requests if not url.startswith((home, "blob:", "data:"))]
        assert not foreign, f"requests left the origin: {foreign}"

    # -- finding things --------------------------------------------------------------------------------

    @property
    def html(self):
        """The root element, whose attribute shows how far Python's start is."""
        return self.page.locator("html")

    @property
    def part(self):
        """Part 1; the other parts are also in the page, with the same steps and labels."""
        return self.page.locator(PART)

    def locator(self, selector):
        """An element of the page's contract, outside the parts."""
        return self.page.locator(selector)

    def in_part(self, selector):
        """An element of the page's contract in Part 1."""
        return self.part.locator(selector)

    def value(self, path):
        """The first place that shows that value."""
        return self.in_part(f"[data-value='{path}']").first

    def number(self, path):
        """A shown value as a number; percentages are not converted."""
        return float(re.sub(r"[^\d.\-]", "", self.value(path).text_content().replace("−", "-")))

    def slider(self):
        """The handle of the similarity threshold."""
        return self.part.get_by_role("slider", name="Similarity threshold")

    def field(self, name):
        """The text or number field with that label."""
        return self.part.get_by_role("textbox", name=name)

    def notice(self):
        """The page's notice."""
        return self.page.locator("[data-notice]")

    def status(self):
        """The page's line about how the record is kept."""
        return self.page.locator("[data-store-status]")

    def question(self, title=None):
        """The page's question before work is lost."""
        return self.page.get_by_role("alertdialog", name=title)

    def answer(self, button):
        """Press a button of the question; returns when the question is gone."""
        self.question().get_by_role("button", name=button, exact=True).click()
        expect(self.question()).to_have_count(0)
        return self

    @contextmanager
    def hold_back(self, pattern):
        """Hold back the answers to requests that match the pattern while the `with` block runs."""
        waiting, free = [], []
        self.page.route(pattern, lambda route: route.continue_() if free else waiting.append(route))
        yield
        free.append(True)
        for route in waiting:
            route.continue_()

    # -- actions of a reader ----------------------------------------------------------------------------

    def open(self, query="?track=cloud&part=1"):
        """Open the lab; return when the page is readable."""
        # The load event waits for every file of Python's start, which can take long on a busy machine.
        self.page.goto(urljoin(self.base, "index.html" + query), wait_until="domcontentloaded")
        expect(self.html).not_to_have_attribute("data-boot", "static")
        return self

    def commit(self, prediction, why=""):
        """Lock a prediction."""
        self.part.get_by_label(QUESTION).fill(str(prediction))
        self.part.get_by_label(re.compile("^Why")).fill(why)
        self.part.get_by_role("button", name="Commit").click()
        expect(self.in_part("[data-lock-answer='1']")).to_contain_text(f"{prediction} %")
        return self

    def live(self):
        """Wait until Python runs."""
        expect(self.html).to_have_attribute("data-boot", re.compile("live|failed"))
        why = " ".join(self.page.locator("[data-boot-text], [data-boot-detail]").all_text_contents())
        assert self.html.get_attribute("data-boot") == "live", f"Python did not start: {why}"
        return self

    def results(self):
        """Wait until results are shown."""
        expect(self.value("removed.documents")).to_have_text(re.compile(r"\d"))
        return self

    def choose_corpus(self, name):
        """Switch the corpus and wait for its results."""
        self.part.get_by_role("button", name=name).click()
        expect(self.part.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
        expect(self.value("corpus.documents")).to_have_text(
            "727" if name == LICENCES else re.compile(r"^\d,\d{3}$")
        )
        return self

    def type_threshold(self, value):
        """Set the threshold with the number field and wait for the answer."""
        field = self.field("Similarity threshold (number)")
        field.fill(str(value))
        field.press("Enter")
        self.at_threshold(value)
        return self

    def at_threshold(self, value):
        """Wait until the page shows results of that threshold."""
        expect(self.value("setting.threshold")).to_have_text(f"{value:.3f}")
        return self

    def choose_track(self, name):
        """Choose a track by its label."""
        self.page.get_by_role("radio", name=name).check()
        return self

    def another_tab(self):
        """The same reader in a second tab of the same browser; errors of both are recorded together."""
        tab = copy(self)
        tab.page = self.context.new_page()
        return tab

    def saved(self):
        """Wait until the page says that the record is kept."""
        expect(self.status()).to_have_attribute("data-state", "saved")
        expect(self.status()).to_have_text("Saved in this browser.")
        return self

    def reload(self):
        """Load the page again, as it is."""
        self.page.reload()
        expect(self.html).not_to_have_attribute("data-boot", "static")
        return self
