"""Measure what the way through the lab demands of its reader: words, screens, distances and minutes, step by step.

Each track is walked in Chromium, one step at a time, like a reader who reads everything that a step shows and follows
its instructions: ten runs in Part 2, three texts and decisions, a report at the end. The count has the words that are
visible when a step is left, with labels, tables, and goals, but without formulas and the options of folded lists. A
minute is 200 words. `SECONDS` has the time for each action.

`python build.py reading [TRACK …]` prints the table.
"""

import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from dataselect_core.tracks import TRACKS
from tools import browsers, driven, serve
from tools.walk import LONG, PATIENCE, QUESTION, Walk

ROOT = Path(__file__).resolve().parents[1]
SECONDS = {"press": 3, "slide": 8, "run": 20, "reflection": 180, "decision": 90}
SPEED = 200  # words per minute
SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 360, "height": 640}}
PART, LAB = 15, 45  # minutes that a part and the lab may take
WORDS = r"""(selector) => {
  const root = document.querySelector(selector);
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let count = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (parent.closest("math, script, option") || parent.matches("details:not([open])")) continue;
    let seen = parent.checkVisibility({visibilityProperty: true});
    for (let at = parent; seen && at !== root; at = at.parentElement) {
      seen = at.getBoundingClientRect().width > 1 || getComputedStyle(at).display === "contents";
    }
    if (seen) count += (node.textContent.match(/[\p{L}\p{N}]\S*/gu) || []).length;
  }
  return count;
}"""
# The sizes of type of all visible text, also in the shadow roots of the widgets; formulas have their own.
TYPE = r"""() => {
  const sizes = new Set();
  const visit = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.shadowRoot) visit(node.shadowRoot);
      const parent = node.parentElement;
      if (node.nodeType !== Node.TEXT_NODE || !node.textContent.trim() || !parent) continue;
      if (parent.closest("math, script, style, option, details:not([open]) > :not(summary)")) continue;
      const {width} = parent.getBoundingClientRect();
      if (width > 1 && parent.checkVisibility({visibilityProperty: true})) sizes.add(getComputedStyle(parent).fontSize);
    }
  };
  visit(document.body);
  return [...sizes];
}"""
SCREENS = "(selector) => document.querySelector(selector).getBoundingClientRect().height / innerHeight"
APART = """([control, plot]) => {
  const [one, other] = [control, plot].map((selector) =>
    [...document.querySelectorAll(selector)].find((each) => each.checkVisibility())?.getBoundingClientRect());
  if (!one || !other) throw new Error(`${one ? plot : control} is not shown`);
  return Math.max(0, one.top - other.bottom, other.top - one.bottom);
}"""
# Waits for twenty frames with the same height of the page: everything that depends on its width has then been drawn.
AT_REST = """async () => {
  for (let same = 0, last = -1; same < 20;) {
    await new Promise(requestAnimationFrame);
    const height = document.documentElement.scrollHeight;
    same = height === last ? same + 1 : 0;
    last = height;
  }
}"""
# The control that is moved in a part, and the plot that it changes.
MOVED = {
    1: ("[data-part='1'] [data-root='threshold']", "[data-plot='ICR_Curve']"),
    2: ("[data-part='2'] [data-root='batch']", "[data-plot='LabelingROIPlot']"),
    3: ("[data-part='3'] [data-root='synthetic']", "[data-plot='DomainGapPlot']"),
}
RUNS = [
    ("Random", 10), ("Margin", 10), ("Entropy", 10), ("Random", 20), ("Margin", 20),
    ("Entropy", 20), ("Margin", 5), ("Random", 50), ("Margin", 50), ("Entropy", 50),
]  # fmt: skip
TEXT = "What I measured differs from what I predicted, and this is why."


class Row:
    """The measurements of one step of the way.

    Attributes
    ----------
    place, step : str
        Where the reader was.
    words : int
    seconds : int
        Of actions only, by `SECONDS`.
    screens : dict of str to float
        Height of the step in screens, on a desk and on a phone.
    type : dict of str to set of str
        The sizes of type of the visible text, on a desk and on a phone.
    apart : dict of str to int or None
        Vertical pixels between the control and its plot; None if nothing is moved.
    """

    def __init__(self, place, step):
        self.place, self.step = place, step
        self.words = self.seconds = 0
        self.screens, self.apart, self.type = {}, {}, {}

    @property
    def minutes(self):
        """The minutes of reading and of actions."""
        return self.words / SPEED + self.seconds / 60


class Reading(Walk):
    """A reader who goes one step at a time, and is measured.

    Parameters
    ----------
    page : playwright.sync_api.Page

    Attributes
    ----------
    rows : list of Row
        The steps so far.
    """

    def __init__(self, page):
        super().__init__(page)
        self.rows = []

    @contextmanager
    def step(self, place, name, selector="main"):
        """Run the `with` block at a step; afterwards measure what the step shows."""
        row = Row(place, name)
        self.rows.append(row)
        yield row
        self.measure(row, selector)

    def measure(self, row, selector):
        """Measure what a step shows, on a desk and on a phone."""
        row.words = self.page.evaluate(WORDS, selector)
        for name, size in SIZES.items():
            self.page.set_viewport_size(size)
            self.page.evaluate(AT_REST)
            self.page.evaluate("() => scrollTo(0, 0)")
            row.screens[name] = self.page.evaluate(SCREENS, selector)
            row.type[name] = set(self.page.evaluate(TYPE))
            moved = row.place in MOVED and row.step == "explore"
            row.apart[name] = self.page.evaluate(APART, MOVED[row.place]) if moved else None
        self.page.set_viewport_size(SIZES["desk"])

    def press(self, target):
        """Click it, and count the time."""
        super().press(target)
        self.rows[-1].seconds += SECONDS["press"]

    def type(self, field, text):
        """Type a number, and count the time of the click into the field and of each key."""
        super().type(field, text)
        self.rows[-1].seconds += SECONDS["press"] * (1 + len(str(text)))

    def slide(self, place, label, value):
        """Move a control to a value and look; this counts the time of a slider, however it is done here."""
        seconds = self.rows[-1].seconds
        self.enter(place, label, value)
        self.rows[-1].seconds = seconds + SECONDS["slide"]

    def texts_of(self, part):
        """Write the reflection and the decision of a part."""
        self.write("Your answer", TEXT, part)
        self.write("Your decision in this part", TEXT, part)
        self.rows[-1].seconds += SECONDS["reflection"] + SECONDS["decision"]

    def to(self, part, step):
        """Go to a step of a part by its stepper."""
        self.press(
            self.lab.get_by_role("navigation", name=f"Steps of Part {part}").get_by_role("link", name=step)
        )

    def commit(self, number, choice, label, value):
        """Predict, without a reason."""
        part = self.part(number)
        if choice:
            self.press(part.get_by_label(choice, exact=True))
        self.type(part.get_by_label(label), value)
        self.press(
            part.locator(f"form[data-lock='{number}']").get_by_role("button", name="Commit", exact=True)
        )


def walk(reader, address, track):
    """Go through the lab on one track, and return its rows."""
    page = reader.page
    page.set_viewport_size(SIZES["desk"])
    page.goto(address, wait_until="domcontentloaded")
    expect(page.locator("html")).not_to_have_attribute("data-boot", "static", timeout=LONG)
    with reader.step("start", ""):
        reader.press(page.locator("label", has_text=track.title))
    reader.press(page.get_by_role("link", name="Begin Part 1"))
    part_1(reader)
    part_2(reader)
    part_3(reader)
    with reader.step("synthesis", ""):
        for label in (
            "Final acquisition strategy",
            "Rejected alternative",
            "What would overturn it",
            "Remaining risk",
        ):
            reader.write(label, TEXT, reader.region("Synthesis: your data strategy"))
            reader.rows[-1].seconds += SECONDS["decision"]
    with reader.step("record", ""), tempfile.TemporaryDirectory() as folder:
        reader.press(
            page.get_by_role("navigation", name="Parts").get_by_role("link", name="Your record", exact=True)
        )
        reader.download("Report as a page to print", Path(folder) / "report.html")
    return reader.rows


def part_1(reader):
    """Predict, move the threshold four times, compare with the control, explain, decide."""
    part = reader.part(1)
    with reader.step(1, "predict", "[data-part='1']"):
        pass
    with reader.step(1, "explore", "[data-part='1']"):
        reader.commit(1, None, QUESTION, 30)
        reader.live()
        expect(part.get_by_role("list", name="Goals")).to_contain_text("%", timeout=LONG)
        for threshold in (0.8, 0.7, 0.6, 0.5):
            reader.slide(part, "Similarity threshold (number)", threshold)
        reader.at_rest(1)
    with reader.step(1, "explain", "[data-part='1']"):
        reader.to(1, "Explain")
    with reader.step(1, "decide", "[data-part='1']"):
        reader.to(1, "Decide")
        reader.texts_of(part)
    reader.press(part.get_by_role("link", name="On to Part 2"))


def part_2(reader):
    """Predict, make ten runs and read each, commit the marker, answer the question of indexing, decide."""
    part = reader.part(2)
    with reader.step(2, "predict", "[data-part='2']"):
        pass
    with reader.step(2, "explore", "[data-part='2']"):
        reader.commit(2, "fewer samples", "By what factor", 2)
        for number, (strategy, batch) in enumerate(RUNS, start=1):
            reader.button(part, strategy)
            part.get_by_label("Selection batch size").select_option(str(batch))
            reader.button(part, "Run")
            expect(part.get_by_role("button", name=f"Hide run {number}")).to_be_visible(timeout=LONG)
            reader.at_rest(2)
            reader.rows[-1].seconds += SECONDS["press"] + SECONDS["run"]  # the choice of a batch, and reading
        part.get_by_label("Run", exact=True).select_option("5")
        reader.rows[-1].seconds += SECONDS["press"] + SECONDS["slide"]  # the run, and moving along it
        reader.button(part, "Commit the marker")
        expect(part.get_by_text("Committed: run 5")).to_be_visible()
    with reader.step(2, "explain", "[data-part='2']"):
        reader.to(2, "Explain")
    with reader.step(2, "decide", "[data-part='2']"):
        reader.to(2, "Decide")
        reader.press(part.get_by_label("It depends"))
        reader.button(part, "Commit the answer")
        expect(part.get_by_role("group", name="Both sides of the bill")).to_be_visible(timeout=LONG)
        reader.texts_of(part)
    reader.press(part.get_by_role("link", name="On to Part 3"))


def part_3(reader):
    """Predict, try six mixes, explain, decide."""
    part = reader.part(3)
    with reader.step(3, "predict", "[data-part='3']"):
        pass
    with reader.step(3, "explore", "[data-part='3']"):
        reader.commit(3, "It falls", "By how much", 20)
        expect(part.get_by_role("list", name="Goals")).to_contain_text("FID", timeout=LONG)
        reader.live()
        for share, strength in ((50, 0.4), (30, 0.4), (10, 0.6)):
            reader.slide(part, "Synthetic share, % (number)", share)
            reader.slide(part, "Domain randomisation (number)", strength)
        reader.at_rest(3)
    with reader.step(3, "explain", "[data-part='3']"):
        reader.to(3, "Explain")
        reader.at_rest(3)
    with reader.step(3, "decide", "[data-part='3']"):
        reader.to(3, "Decide")
        reader.texts_of(part)
    reader.press(part.get_by_role("link", name="On to the synthesis"))


def total(rows, place=None):
    """(words, minutes) of all rows, or of the rows of one place."""
    selected = [row for row in rows if place is None or row.place == place]
    return sum(row.words for row in selected), sum(row.minutes for row in selected)


def sizes_of_type(rows, name):
    """All sizes of type on the way, the smallest first."""
    return sorted(set().union(*(row.type[name] for row in rows)), key=lambda size: float(size[:-2]))


def table(track, rows):
    """The rows as text, with a sum per part and in all."""
    lines = [
        f"{track.title}",
        f"  {'place':<10}{'step':<9}{'words':>6}{'desk':>7}{'phone':>7}{'apart':>12}{'minutes':>9}",
    ]
    for row in rows:
        apart = "/".join(
            "–" if distance is None else f"{distance:.0f}"
            for distance in (row.apart["desk"], row.apart["phone"])
        )
        screens = f"{row.screens['desk']:>7.1f}{row.screens['phone']:>7.1f}"
        lines.append(f"  {row.place!s:<10}{row.step:<9}{row.words:>6}{screens}{apart:>12}{row.minutes:>9.1f}")
    for part in (1, 2, 3):
        words, minutes = total(rows, part)
        lines.append(
            f"  Part {part}: {words} words, {minutes:.1f} minutes{'' if minutes <= PART else f', over {PART}'}"
        )
    for name in SIZES:
        lines.append(f"  Sizes of type, {name}: {', '.join(sizes_of_type(rows, name))}")
    words, minutes = total(rows)
    lines.append(f"  In all: {words} words, {minutes:.1f} minutes{'' if minutes <= LAB else f', over {LAB}'}")
    return "\n".join(lines)


@contextmanager
def tab(running):
    """A tab in a separate browser profile."""
    context = running.new_context(service_workers="block", accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    try:
        yield context.new_page()
    finally:
        context.close()


def for_each_track(names, visit):
    """Call `visit(page, address, track)` for the tracks of those names, or for all, with the built site in Chromium."""
    tracks = {track.id: track for track in TRACKS}
    unknown = ", ".join(name for name in names if name not in tracks)
    if unknown:
        sys.exit(f"There is no track {unknown}; choose from {', '.join(tracks)}.")
    browsers.ensure_browsers()
    with (
        sync_playwright() as playwright,
        driven.browser(playwright, "chromium") as running,
        serve.serving(ROOT / "dist") as home,
    ):
        for name in names or tracks:
            with tab(running) as page:
                visit(page, home, tracks[name])


def main(names):
    """Walk the tracks and print the table of each; fail if one takes too long."""
    too_long = []

    def visit(page, address, track):
        rows = walk(Reading(page), address, track)
        print(table(track, rows), flush=True)
        if total(rows)[1] > LAB or any(total(rows, part)[1] > PART for part in (1, 2, 3)):
            too_long.append(track.title)

    for_each_track(names, visit)
    print(
        "words: visible when the reader leaves the step; desk, phone: height in screens;"
        " apart: pixels between control and plot."
    )
    return f"Too long: {', '.join(too_long)}." if too_long else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
