"""Use the lab for long, as a reader would, and measure what grows: memory, and the time of a slider's move.

  python build.py endurance [-- --interactions 500 --seed 1]

A seeded sequence of moves in Chromium: the slider and the number field of Part 1, chips and runs of Part 2, the mix of
Part 3, other parts, typing, another theme, other tracks, export and import of the record. After a warm-up (a tenth of
the moves), and at the end, it measures the resident memory of the renderer after a collection of garbage, and the time
from a move of the slider to the figure on the page (median of `MOVES`). The result is `.build/endurance.json`.
"""

import argparse
import json
import platform
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tools import driven, serve
from tools.walk import LONG, QUESTION, Walk

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / ".build" / "endurance.json"
MOVES = 9
WORDS = ("redundant", "texts", "cost", "compute", "Café", "labels", "rain", "because")


class Reader:
    """One who uses all parts, move by move.

    Parameters
    ----------
    page : playwright.sync_api.Page
    rng : random.Random
    folder : Path
        For exported files.
    """

    def __init__(self, page, rng, folder):
        self.walk, self.page, self.rng, self.folder = Walk(page), page, rng, folder
        self.done, self.threshold, self.mix = Counter(), 0.8, 50

    def begin(self, home):
        """Open the lab on one page, commit the three predictions, and wait for Python."""
        walk = self.walk
        self.page.goto(f"{home}?track=cloud&part=1", wait_until="commit")
        expect(self.page.locator("html")).to_have_attribute(
            "data-boot", re.compile("starting|live|failed"), timeout=LONG
        )
        walk.on_one_page()
        walk.predict(1, 30, why="guess", field=QUESTION)
        walk.live()
        walk.go_to(2)
        walk.predict(2, 1.5, choice="fewer samples", why="guess", field="By what factor")
        walk.go_to(3)
        walk.predict(3, 10, choice="It falls", why="guess", field="By how much")
        walk.go_to(1)
        expect(walk.part(1).get_by_text("In use: threshold")).to_be_visible(timeout=LONG)

    def slider(self):
        """Set the threshold in Part 1 and wait for the figure; the seconds that it took."""
        self.threshold = self.rng.choice([x / 100 for x in range(55, 95) if x / 100 != self.threshold])
        part = self.at(1)
        field = self.walk.field(part, "Similarity threshold (number)")
        field.fill(f"{self.threshold:.2f}")
        start = time.perf_counter()
        field.press("Enter")
        expect(part.get_by_text("In use: threshold")).to_contain_text(f"{self.threshold:.3f}", timeout=LONG)
        return time.perf_counter() - start

    def at(self, number):
        """A part, gone to if it is not in view."""
        part = self.walk.part(number)
        if not part.is_visible():
            self.walk.go_to(number)
        return part

    def arrow(self):
        """Nudge the slider with the keyboard."""
        handle = self.at(1).get_by_role("slider", name="Similarity threshold", exact=True)
        handle.focus()
        handle.press(self.rng.choice(("ArrowLeft", "ArrowRight")))

    def chip(self):
        """Choose a strategy in Part 2."""
        names = ("Entropy", "Margin", "Least confidence", "Random")
        button = self.at(2).get_by_role("button", name=self.rng.choice(names), exact=True)
        if button.count():
            button.first.click()

    def run(self):
        """Run in Part 2, and wait until it has ended."""
        self.at(2).get_by_role("button", name="Run", exact=True).click()
        self.walk.at_rest(2)

    def blend(self):
        """Another share of synthetic data in Part 3."""
        self.mix = self.rng.randrange(5, 96, 5)
        field = self.walk.field(self.at(3), "Synthetic share, % (number)")
        field.fill(str(self.mix))
        field.press("Enter")

    def part_change(self):
        """Go to another part by its link."""
        self.walk.go_to(self.rng.choice((1, 2, 3)))

    def typing(self):
        """Write a reflection."""
        field = self.at(self.rng.choice((1, 2, 3))).get_by_role("textbox", name=re.compile("^Your answer"))
        field.fill(" ".join(self.rng.choices(WORDS, k=self.rng.randrange(1, 30))))
        field.blur()

    def theme(self):
        """The other colours."""
        self.page.emulate_media(color_scheme=self.rng.choice(("light", "dark")))

    def track(self):
        """Look at another track, and return to the one with the predictions."""
        self.at(1)
        for name in (self.rng.choice(("Edge Guardian", "Mobile Nomad", "Tiny Pioneer")), "Cloud Titan"):
            self.page.get_by_role("radio", name=name).check()
        expect(self.at(1).get_by_text("In use: threshold")).to_be_visible(timeout=LONG)

    def files(self):
        """Export the record and import it again."""
        with self.page.expect_download() as arriving:
            self.page.get_by_role("button", name=re.compile("^Export")).first.click()
        path = self.folder / "record.json"
        arriving.value.save_as(path)
        with self.page.expect_file_chooser() as window:
            self.page.get_by_role("button", name=re.compile("^Import a file")).first.click()
        window.value.set_files(str(path))

    KINDS = (
        ("slider",) * 6
        + ("arrow",) * 4
        + ("chip",) * 2
        + ("blend",) * 3
        + ("typing",) * 3
        + ("part_change",) * 2
    )
    RARE = ("theme", "track", "run", "files")

    def interact(self):
        """One random interaction."""
        kind = self.rng.choice(self.RARE if self.rng.random() < 0.08 else self.KINDS)
        getattr(self, kind)()
        self.done[kind] += 1


def resident_mb(session, pids):
    """Resident memory of the renderer, in MB, after garbage was collected."""
    session.send("HeapProfiler.collectGarbage")
    time.sleep(1)
    sizes = []
    for pid in pids():
        text = Path(f"/proc/{pid}/status").read_text()
        if match := re.search(r"VmRSS:\s+(\d+) kB", text):
            sizes.append(int(match[1]) / 1000)
    return max(sizes)


def renderers(browser):
    """The process ids of a browser's renderers."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return [process["id"] for process in processes if process["type"] == "renderer"]


def measured(reader, session, pids):
    """Memory, and the median time of a slider's move."""
    reader.walk.go_to(1)
    for part in (1, 2, 3):
        if reader.walk.part(part).is_visible():
            reader.walk.at_rest(part)
    seconds = [reader.slider() for _ in range(MOVES)]
    counts = reader.page.evaluate("() => ({ elements: document.querySelectorAll('*').length })")
    heap = session.send("Runtime.getHeapUsage")["usedSize"] / 1e6
    return {
        "resident_mb": round(resident_mb(session, pids), 1),
        "heap_mb": round(heap, 1),
        "slider_ms": round(1000 * statistics.median(seconds), 1),
        **counts,
    }


def run(interactions, seed, dist=ROOT / "dist", say=print):
    """Use the lab, and return the result."""
    errors, start = [], time.monotonic()
    with (
        sync_playwright() as playwright,
        driven.browser(playwright, "chromium") as browser,
        serve.serving(dist) as home,
        tempfile.TemporaryDirectory(prefix="endurance-") as folder,
    ):
        context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        session = context.new_cdp_session(page)
        reader = Reader(page, random.Random(seed), Path(folder))
        reader.begin(f"{home}index.html" if home.endswith("/") else f"{home}/index.html")
        warm = max(1, interactions // 10)
        before = None
        for number in range(interactions):
            if number == warm:
                before = measured(reader, session, lambda: renderers(browser))
                say(f"after {number} interactions: {before}")
            reader.interact()
        after = measured(reader, session, lambda: renderers(browser))
        say(f"after {interactions} interactions: {after}")
        version = browser.version
    return {
        "interactions": interactions,
        "seed": seed,
        "kinds": dict(reader.done),
        "warm": before,
        "end": after,
        "memory_ratio": round(after["resident_mb"] / before["resident_mb"], 3),
        "slider_ratio": round(after["slider_ms"] / before["slider_ms"], 3),
        "errors": errors,
        "minutes": round((time.monotonic() - start) / 60, 1),
        "browser": f"Chromium {version}",
        "machine": platform.platform(),
        "date": time.strftime("%Y-%m-%d"),
    }


def main():
    """Use the lab and write the result."""
    parser = argparse.ArgumentParser(
        prog="endurance", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--interactions", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.interactions < 10:
        parser.error("--interactions must be at least 10")
    result = run(options.interactions, options.seed)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(f"memory {result['memory_ratio']} times, slider {result['slider_ratio']} times; {RESULT}")
    return 1 if result["errors"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
