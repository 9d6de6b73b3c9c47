"""A student in Chromium who does the whole lab: by mouse and keyboard, or with a finger, and remembers what was seen."""

import re

from playwright.sync_api import expect

LONG = 120_000  # ms: trainings, on machines that are busy with other tests
NUMBER = re.compile(r"\d")
PARTS = {1: "The Deduplication Audit", 2: "Active Learning ROI", 3: "The Domain Gap Synthesis"}
SIZES = {"trillion": 1e12, "billion": 1e9, "million": 1e6}
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Student:
    """One who sits before the lab.

    Parameters
    ----------
    reader : reader.Reader
        With nothing open yet; it watches console and requests.
    finger : bool
        Touches what others click, and has no keyboard but for what stands in fields.

    Attributes
    ----------
    noted : dict of (int, str) to str
        Figures as the page showed them when their evidence was captured: (part, label) -> text.
    """

    def __init__(self, reader, finger=False):
        self.reader, self.page, self.finger = reader, reader.page, finger
        self.noted = {}

    # -- finding things ------------------------------------------------------------------------------------

    def region(self, name):
        """A section of the page, by its heading."""
        return self.page.get_by_role("region", name=name, exact=True).first

    def part(self, number):
        """One of the three parts."""
        return self.region(PARTS[number])

    def field(self, place, label):
        """The number field with that label."""
        return place.get_by_role("textbox", name=label, exact=isinstance(label, str))

    def cells(self, place, row):
        """The texts of a table's row, by its heading."""
        heading = self.page.get_by_role("rowheader", name=row, exact=True)
        return [
            text.strip()
            for text in place.get_by_role("row").filter(has=heading).get_by_role("cell").all_inner_texts()
        ]

    @staticmethod
    def number(text):
        """A shown figure as a number; percentages stay percentages, and dollars dollars."""
        size = next((size for word, size in SIZES.items() if word in text), 1)
        return size * float(re.sub(r"[^\d.\-]", "", text.replace("−", "-")))

    # -- hands -----------------------------------------------------------------------------------------------

    def press(self, target):
        """Click it, or touch it."""
        target.tap() if self.finger else target.click()

    def button(self, place, name):
        """Press the button of that name."""
        self.press(place.get_by_role("button", name=name, exact=isinstance(name, str)))

    def enter(self, place, label, value):
        """Put a number into a field, and leave it."""
        field = self.field(place, label)
        field.fill(str(value))
        field.press("Enter")
        if isinstance(label, str) and label.endswith(" (number)"):  # the slider beside it follows
            shown = re.escape(f"{value:g}".removeprefix("0")) or "0"
            handle = place.get_by_role("slider", name=label.removesuffix(" (number)"), exact=True)
            expect(handle).to_have_attribute(
                "aria-valuetext", re.compile(rf"^0?{shown}(\.?0*)$"), timeout=LONG
            )

    def nudge(self, place, label):
        """Move a slider one step to the left: by its handle and the keyboard, or by the button that a finger finds."""
        if self.finger:
            self.button(place, f"{label} (number), less")
        else:
            handle = place.get_by_role("slider", name=label, exact=True)
            handle.focus()
            handle.press("ArrowLeft")

    def write(self, label, text, place=None):
        """Write into a text field, go on, and see that it was saved."""
        field = (place or self.page).get_by_role("textbox", name=re.compile(f"^{re.escape(label)}"))
        field.fill(text)
        field.blur()
        expect((place or self.page).locator("label", has_text=label).get_by_role("status")).to_have_text(
            "saved"
        )

    # -- the way through ---------------------------------------------------------------------------------------

    def begin(self, track):
        """Open the lab as the textbook links to it, choose a track, read its scene."""
        self.reader.open("")
        chooser = self.region("Choose your track")
        self.press(chooser.locator("label", has_text=track.title))
        expect(chooser.get_by_role("radio", name=track.title)).to_be_checked()
        for words in (f"You are the {track.persona}.", track.crisis, track.stakeholder):
            expect(chooser.get_by_text(words).first).to_be_visible()

    def go_to(self, number):
        """Go on to a part."""
        self.press(self.page.get_by_role("link", name=f"Part {number}: {PARTS[number]}"))
        expect(self.part(number)).to_be_visible()

    def predict(self, number, said, choice=None, why="", field=""):
        """Commit the prediction of a part, with a reason; nothing is given away before, and nothing goes on without."""
        part = self.part(number)
        expect(part.get_by_text("locked until you commit").first).to_be_visible()
        if choice:
            self.press(part.get_by_label(choice, exact=True))
        part.get_by_label(field).fill(str(said))
        part.locator(f"form[data-lock='{number}']").get_by_label(re.compile("^Why")).fill(why)
        self.button(part, "Commit")
        expect(
            part.get_by_text(re.compile(rf"^Locked: .*{said}.*, because “{re.escape(why)}”"))
        ).to_be_visible()
        expect(part.get_by_text("locked until you commit a prediction").first).to_be_hidden()

    def at_rest(self, number):
        """Wait until nothing is being computed."""
        expect(self.part(number).get_by_role("progressbar", name="Computing")).to_be_hidden(timeout=LONG)

    def state(self, number, words):
        """What the map of the lab must say of a part or the synthesis."""
        name = f"Part {number}:" if number in PARTS else number
        step = (
            self.page.get_by_role("navigation", name="Parts")
            .get_by_role("listitem")
            .filter(has_text=re.compile(rf"^\s*{name}"))
        )
        expect(step).to_contain_text(re.compile(rf"{name}.*[○◔◑◕●] {words}(,|\s*$)", re.DOTALL))

    def capture(self, number):
        """Capture the evidence, as soon as everything is measured, and note what it says."""
        part = self.part(number)
        self.button(part, "Capture this evidence")
        while part.get_by_text("Not everything is measured yet").is_visible():
            self.page.wait_for_timeout(500)
            self.at_rest(number)
            self.button(part, "Capture this evidence")
        expect(part.get_by_text("Captured evidence, current.")).to_be_visible()
        for line in part.locator(f"[data-evidence='{number}']").get_by_role("listitem").all_inner_texts():
            label, _, text = line.partition(":")
            if label != "Settings":
                self.noted[number, label] = text.strip()

    def download(self, button, path):
        """Press a button of the report, and keep what arrives under that path."""
        with self.page.expect_download() as arriving:
            self.button(self.region("Your record"), button)
        arriving.value.save_as(path)
