"""Run axe on every state of the lab: each step of each track, in each way of looking at it, and the report.

It walks the tracks as `tools/reading.py` does, with all folds open, and also looks into "More" of each part and at the
lab on one page. axe is pinned in `tools/lock-tools.json`; findings that it calls serious, critical or moderate count.

`python build.py accessibility [TRACK …]` prints one line per state and each finding once, and writes the same into
`.build/accessibility.log`. The exit status is 1 if there is a finding.
"""

import sys
import tempfile
from pathlib import Path

from tools import fetch, lock
from tools.reading import AT_REST, SIZES, Reading, for_each_track, walk
from tools.shell_types import TOOLS
from tools.walk import Walk

ROOT = Path(__file__).resolve().parents[1]
LOG = ROOT / ".build" / "accessibility.log"
USUAL = {"color_scheme": "light", "media": "screen", "forced_colors": "none"}
# way of looking -> (size of the window, emulated medium, size of text in per cent)
WAYS = {
    "light": (SIZES["desk"], {}, 100),
    "dark": (SIZES["desk"], {"color_scheme": "dark"}, 100),
    "forced colours": (SIZES["desk"], {"forced_colors": "active"}, 100),
    "360 px": (SIZES["phone"], {}, 100),
    "200 % text": (SIZES["desk"], {}, 200),
    "400 % zoom": ({"width": 320, "height": 200}, {}, 100),  # what is left of 1280 x 800
    "print": (SIZES["desk"], {"media": "print"}, 100),
}
COUNTED = ("critical", "serious", "moderate")
OPEN_FOLDS = """() => {
  const closed = [...document.querySelectorAll("main details:not([open])")];
  for (const fold of closed) fold.open = true;
  globalThis.closeFolds = () => { for (const fold of closed) fold.open = false; };
}"""
TEXT_SIZE = "(percent) => { document.documentElement.style.fontSize = percent === 100 ? '' : `${percent}%`; }"
RUN = """async (counted) => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.filter(({ impact }) => counted.includes(impact)).map(({ id, impact, help, nodes }) =>
    ({ id, impact, help, nodes: nodes.map(({ target, failureSummary }) =>
      [target.flat().join(" "), failureSummary.split("\\n").slice(1).join(" ").trim()]) }));
}"""


def source():
    """The text of axe, as pinned."""
    return fetch.fetch(lock.load(TOOLS), "axe-core").read_text("utf-8")


def findings(page):
    """What axe finds on a page in its present state: a list of {id, impact, help, nodes: [[place, advice]]}."""
    if not page.evaluate("() => Boolean(globalThis.axe)"):
        page.evaluate(
            source()
        )  # by the browser's debugger: the page's own policy would refuse another script
    return page.evaluate(RUN, COUNTED)


class Inspection(Reading):
    """A reader who runs axe on each step in each way.

    Parameters
    ----------
    page : playwright.sync_api.Page
    track : str
        The title of the track.
    ways : dict
        As `WAYS`.
    note : callable(str)
        Takes each line of the log.

    Attributes
    ----------
    states : int
        How many were looked at.
    found : dict of (str, str) to str
        Rule and place of each finding -> the state in which it was found first.
    """

    def __init__(self, page, track, ways=WAYS, note=print):
        super().__init__(page)
        self.track, self.ways, self.note = track, ways, note
        self.states, self.found = 0, {}

    def press(self, target):
        """Click it; the time does not count here."""
        Walk.press(self, target)

    def measure(self, row, selector):
        """Look at a step; after the last one of a part also at what is under "More"."""
        self.look(f"{row.place} {row.step}".strip())
        if row.step == "decide":
            self.to(row.place, "More")
            self.look(f"{row.place} more")
            self.to(row.place, "Decide")

    def look(self, step, page=None):
        """Run axe on the page in each way, and note its findings."""
        page = page or self.page
        page.evaluate(OPEN_FOLDS)
        for way, (size, medium, text) in self.ways.items():
            page.set_viewport_size(size)
            page.emulate_media(**{**USUAL, **medium})
            page.evaluate(TEXT_SIZE, text)
            page.evaluate(AT_REST)
            problems = findings(page)
            page.evaluate(TEXT_SIZE, 100)
            self.states += 1
            nodes = sum(len(problem["nodes"]) for problem in problems)
            state = f"{self.track}, {step}, {way}"
            self.note(f"{state}: {f'{nodes} findings' if nodes else 'nothing found'}")
            for problem in problems:
                for place, advice in problem["nodes"]:
                    if self.found.setdefault((problem["id"], place), state) == state:
                        self.note(f"  {problem['impact']}: {problem['id']} at {place}: {advice}")
        page.emulate_media(**USUAL)
        page.set_viewport_size(SIZES["desk"])
        page.evaluate("() => closeFolds()")

    def report(self):
        """Look at the lab on one page, and at the report of the work so far."""
        self.on_one_page()
        self.look("one page")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "report.html"
            self.download("Report as a page to print", path)
            tab = self.page.context.new_page()
            tab.set_content(path.read_text("utf-8"))
            self.look("report", tab)
            tab.close()


def main(names):
    """Walk the tracks, and write the log."""
    LOG.parent.mkdir(exist_ok=True)
    states, found = 0, {}
    with open(LOG, "w", encoding="utf-8") as log:

        def note(line):
            print(line, flush=True)
            print(line, file=log, flush=True)

        version = lock.load(TOOLS)["files"]["axe-core"]["version"]

        def visit(page, address, track):
            nonlocal states
            inspection = Inspection(page, track.title, note=note)
            walk(inspection, address, track)
            inspection.report()
            states += inspection.states
            found.update(inspection.found)

        for_each_track(names, visit)
        note(f"axe {version}: {states} states, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
