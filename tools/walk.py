"""Use the lab as people do, in any browser that Playwright drives: shared by tests and `ways`.

The walk finds things by role, label and text, uses mouse, keyboard or finger, and waits until the page shows the
effect.
"""

import os
import re

from playwright.sync_api import expect

PATIENCE = 2000 * int(os.environ.get("LAB_PATIENCE", "60"))  # ms: machines that run tests are busy
LONG = 5 * PATIENCE // 2  # ms: for training, on these machines
PARTS = {1: "The Deduplication Audit", 2: "Active Learning ROI", 3: "The Domain Gap Synthesis"}
QUESTION = "Reduction in total training FLOPs"


class Walk:
    """A person who uses the lab.

    Parameters
    ----------
    page : playwright.sync_api.Page
        The tab.
    frame : str, optional
        Selector of the frame that has the lab, if it is embedded in another page.
    finger : bool
        Touches instead of clicking, and uses the keyboard only for the text of fields.

    Attributes
    ----------
    lab : playwright.sync_api.Page or FrameLocator
        The page or the frame that has the lab, to find things in.
    noted : dict of (int, str) to str
        Figures as the page showed them when their evidence was captured: (part, label) -> text.
    """

    def __init__(self, page, frame=None, finger=False):
        self.page, self.finger = page, finger
        self.lab = page.frame_locator(frame) if frame else page
        self.noted = {}

    # -- finding things ------------------------------------------------------------------------------------

    def region(self, name):
        """A section of the page, by its heading."""
        return self.lab.get_by_role("region", name=name, exact=True).first

    def part(self, number):
        """One of the three parts."""
        return self.region(PARTS[number])

    def field(self, place, label):
        """The number field with that label."""
        return place.get_by_role("textbox", name=label, exact=isinstance(label, str))

    def row(self, place, heading):
        """A table's row, by its heading."""
        head = self.page.get_by_role("rowheader", name=heading, exact=True)
        return place.get_by_role("row").filter(has=head)

    def cells(self, place, heading):
        """The texts of a table's row, by its heading."""
        return self.texts(self.row(place, heading).get_by_role("cell"))

    @staticmethod
    def texts(places):
        """The text of each, one by one, because Firefox 153 crashes when roles are found in the page's own world."""
        return [place.inner_text().strip() for place in places.all()]

    # -- actions -----------------------------------------------------------------------------------------------

    def press(self, target):
        """Click it, or touch it."""
        target.tap() if self.finger else target.click()

    def button(self, place, name):
        """Press the button of that name."""
        self.press(place.get_by_role("button", name=name, exact=isinstance(name, str)))

    @staticmethod
    def type(field, text):
        """Replace the text of a field, key by key: for Firefox, a text that a script sets is not a change."""
        field.focus()
        field.press("ControlOrMeta+a")
        field.press_sequentially(str(text))

    def enter(self, place, label, value):
        """Put a number into a field, and leave it."""
        field = self.field(place, label)
        self.type(field, value)
        field.press("Enter")
        if isinstance(label, str) and label.endswith(" (number)"):  # the slider next to it follows
            value_text = re.escape(f"{value:g}".removeprefix("0")) or "0"
            handle = place.get_by_role("slider", name=label.removesuffix(" (number)"), exact=True)
            expect(handle).to_have_attribute(
                "aria-valuetext", re.compile(rf"^0?{value_text}(\.?0*)$"), timeout=LONG
            )

    def nudge(self, place, label):
        """Move a slider one step to the left: by its handle and the keyboard, or by the button that a finger finds."""
        if self.finger:
            self.button(place, f"{label} (number), less")
        else:
            handle = place.get_by_role("slider", name=label, exact=True)
            handle.focus()
            handle.press("ArrowLeft")

    def write(self, label, text, place=None, said="saved"):
        """Write into a text field, leave it, and check what the page shows then: that it was saved, or was not."""
        place = place or self.lab
        field = place.get_by_role("textbox", name=re.compile(f"^{re.escape(label)}"))
        field.fill(text)
        field.blur()
        expect(place.locator("label", has_text=label).get_by_role("status")).to_have_text(
            said, timeout=PATIENCE
        )

    def keeps(self):
        """Whether the browser keeps anything for the page; if not, the page offers the file instead."""
        status = self.lab.locator("[data-store-status]")
        expect(status).to_have_text(
            re.compile("Saved in this browser|this browser keeps nothing"), timeout=LONG
        )
        if "Saved in this browser" in status.text_content():
            return True
        expect(status).to_contain_text("Export to a file before you leave")
        return False

    # -- the way through ---------------------------------------------------------------------------------------

    def live(self):
        """Wait until Python runs."""
        html = self.lab.locator("html")
        expect(html).to_have_attribute("data-boot", re.compile("live|failed"), timeout=LONG)
        if html.get_attribute("data-boot") != "live":
            raise AssertionError(f"Python did not start: {self.texts(self.lab.get_by_role('status'))[:2]}")

    def on_one_page(self):
        """Show the whole lab on one page, like a person who reads it from top to bottom."""
        button = self.lab.get_by_role("button", name="All on one page")
        if button.is_visible():
            self.press(button)

    def go_to(self, number):
        """Go on to a part."""
        self.press(self.lab.get_by_role("link", name=f"Part {number}: {PARTS[number]}"))
        expect(self.part(number)).to_be_visible()

    def predict(self, number, value, choice=None, why="", field=""):
        """Commit the prediction of a part, with a reason; check that the results are locked until then."""
        part = self.part(number)
        expect(part.get_by_text("locked until you commit").first).to_be_visible()
        if choice:
            self.press(part.get_by_label(choice, exact=True))
        part.get_by_label(field).fill(str(value))
        part.locator(f"form[data-lock='{number}']").get_by_label(re.compile("^Why")).fill(why)
        self.button(part, "Commit")
        self.predicted(number, value, why)
        expect(part.get_by_text("locked until you commit a prediction").first).to_be_hidden()

    def predicted(self, number, text, why):
        """Check that a prediction is committed, with its reason."""
        text = re.compile(rf"^Locked: .*{text}.*, because “{re.escape(why)}”")
        expect(self.part(number).get_by_text(text)).to_be_visible(timeout=PATIENCE)

    def at_rest(self, number):
        """Wait until nothing is being computed."""
        expect(self.part(number).get_by_role("progressbar", name="Computing")).to_be_hidden(timeout=LONG)

    def capture(self, number):
        """Capture the evidence, as soon as everything is measured, and note its figures."""
        part = self.part(number)
        self.button(part, "Capture this evidence")
        while part.get_by_text("Not everything is measured yet").is_visible():
            self.page.wait_for_timeout(500)
            self.at_rest(number)
            self.button(part, "Capture this evidence")
        expect(part.get_by_text("Captured evidence, current.")).to_be_visible()
        for line in self.texts(part.locator(f"[data-evidence='{number}']").get_by_role("listitem")):
            label, _, text = line.partition(":")
            if label != "Settings":
                self.noted[number, label] = text.strip()

    def download(self, button, path):
        """Press a button of the report, and save the download under that path."""
        with self.page.expect_download() as arriving:
            self.button(self.region("Your record"), button)
        arriving.value.save_as(path)

    def bring(self, path):
        """Choose a corpus in the browser's file dialog, and wait until it is deduplicated.

        Returns
        -------
        (int, int)
            Its documents, and how many of them were removed.
        """
        with self.page.expect_file_chooser() as window:
            self.button(self.part(1), "Choose a file")
        window.value.set_files(str(path))
        table = self.lab.get_by_role("region", name="What was removed from your corpus")
        expect(table).to_be_visible(timeout=LONG)
        documents, removed, *_ = self.cells(table, "Documents")
        return int(documents.replace(",", "")), int(removed.replace(",", ""))
