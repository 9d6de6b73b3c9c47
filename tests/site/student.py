"""A student who does the whole lab, by mouse and keyboard or by touch, and remembers what was shown."""

import re

from playwright.sync_api import expect

from tools.walk import LONG, PARTS, Walk

__all__ = ["LONG", "NUMBER", "PARTS", "SIDEWAYS", "Student"]
NUMBER = re.compile(r"\d")
SIZES = {"trillion": 1e12, "billion": 1e9, "million": 1e6}
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Student(Walk):
    """A student with the lab in a new tab.

    Parameters
    ----------
    reader : reader.Reader
        Without an open page; it watches console and requests.
    finger : bool
        Whether to touch instead of clicking, and to use the keyboard only in fields.
    """

    def __init__(self, reader, finger=False):
        super().__init__(reader.page, finger=finger)
        self.reader = reader

    @staticmethod
    def number(text):
        """A shown figure as a number; percentages and dollars are not converted."""
        size = next((size for word, size in SIZES.items() if word in text), 1)
        return size * float(re.sub(r"[^\d.\-]", "", text.replace("−", "-")))

    def begin(self, track):
        """Open the lab as the textbook links to it, choose a track, and read its scene."""
        self.reader.open("")
        chooser = self.region("Choose your track")
        self.press(chooser.locator("label", has_text=track.title))
        expect(chooser.get_by_role("radio", name=track.title)).to_be_checked()
        for words in (f"You are the {track.persona}.", track.crisis, track.stakeholder):
            expect(chooser.get_by_text(words).filter(visible=True).first).to_be_visible()

    def state(self, number, words):
        """Check what the map of the lab says of a part or the synthesis."""
        name = f"Part {number}:" if number in PARTS else number
        step = (
            self.page.get_by_role("navigation", name="Parts")
            .get_by_role("listitem")
            .filter(has_text=re.compile(rf"^\s*{name}"))
        )
        expect(step).to_contain_text(re.compile(rf"{name}.*[○◔◑◕●] {words}(,|\s*$)", re.DOTALL))
