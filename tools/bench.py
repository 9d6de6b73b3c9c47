"""The figures of the speed budget, for the lab and for a stock boot, measured in one run.

Headless Chromium on at most two cores, over loopback, with the headers and the compression of GitHub Pages.
Each repetition starts from a fresh profile, visits a page, closes it and visits it again. Our site, the stock
page and our site as a folder take turns, so noise affects all of them. The figures are medians; nothing passes
or fails by them.

Run as `python build.py bench [-- --repeats N]`, or on a built site as `python -m tools.bench [--repeats N]`.
"""

import argparse
import itertools
import os
import shutil
import statistics
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from tools import bench_core, bench_loop, browsers, lock, serve, stock

ADDRESS = "index.html?track=cloud&part=1&corpus=licences&threshold=0.9"
PATIENCE = 180_000  # milliseconds to wait for a page on a busy machine
MOVES = 10  # of the slider, by key, in one direction: no setting comes twice
CORES = 2

# key, description, unit, decimals, must, aim
FIGURES = [
    ("paint", "readable (mark lab:paint)", "s", 2, 0.5, 0.3),
    ("contentful", "first contentful paint", "s", 2, None, None),
    ("loaded", "DOMContentLoaded", "s", 2, None, None),
    ("locked", "a prediction is locked, without Python", "s", 2, 0.5, 0.3),
    ("first live", "first visit: live", "s", 2, 5, 3),
    ("first answer", "first visit: first slider move answered", "s", 2, None, None),
    ("second live", "second visit: live", "s", 2, 1.5, 0.8),
    ("second answer", "second visit: first slider move answered", "s", 2, None, None),
    ("offline live", "double-clicked page: live", "s", 2, 4, 2),
    ("move", "slider move to results, 727 licences", "ms", 0, 150, 50),
    ("drawn", "slider move to plot drawn", "ms", 0, 150, 50),
    ("megabytes", "bytes of the first visit, as transferred", "MB", 2, 10, 8),
    ("requests", "requests of the first visit", "", 0, None, None),
]
CORE_FIGURES = [
    ("seconds", "MinHash, fresh texts (stock: datasketch bulk)", "s", 3, None, None),
    ("peak", "memory of signing 50,000 documents", "MB", 0, 1000, None),
]
# times as fast as stock: must, aim
RATIOS = {"first live": (2, None), "second live": (6, None), "seconds": (12, 18)}
STEPS = ("interpreter", "packages", "core", "workbench", "live")

# Watches the page from inside, before its own scripts run. The lock is committed as soon as the page allows it;
# the answer to a slider move is the first result at a different threshold.
WATCH = """
(() => {
  const bench = globalThis.bench = { steps: {} };
  const threshold = () => lab.main.latest(1)?.settings.threshold;
  addEventListener("keydown", () => {
    Object.assign(bench, { moved: performance.now(), before: threshold() });
    document.documentElement.dataset.bench = "moved";
  }, true);
  globalThis.Worker = class extends Worker {
    constructor(...how) {
      super(...how);
      this.addEventListener("message", ({ data }) => {
        const step = data.type === "step" ? data.name : data.type;
        bench.steps[step] ??= performance.now() / 1000;
      });
    }
  };
  addEventListener("DOMContentLoaded", () => {
    const section = document.querySelector('section[data-part="1"]');
    new MutationObserver(() => {
      const { dataset } = document.documentElement;
      if (dataset.bench !== "moved" || section.dataset.results === "locked") return;
      if (threshold() === bench.before) return;
      bench.answered = performance.now();
      requestAnimationFrame(() => setTimeout(() => {
        bench.drawn = performance.now();
        dataset.bench = "answered";
      }));
    }).observe(section, { attributes: true, attributeFilter: ["data-results"] });
    const form = document.querySelector('form[data-lock="1"]');
    const commit = () => {
      if (!document.querySelector('[data-lock-committed="1"]').hidden) {
        bench.locked = performance.now() / 1000;
        return;
      }
      if (performance.getEntriesByName("lab:paint").length) {
        form.elements.prediction.value = "20";
        form.requestSubmit();
      }
      setTimeout(commit, 5);
    };
    if (form) commit();
  });
})();
"""
TIMES = """() => {
  const mark = (name) => (performance.getEntriesByName(name)[0]?.startTime ?? 0) / 1000 || null;
  const [navigation] = performance.getEntriesByType("navigation");
  return {
    paint: mark("lab:paint"), contentful: mark("first-contentful-paint"), live: mark("lab:live"),
    loaded: navigation.domContentLoadedEventStart / 1000, locked: bench.locked, steps: bench.steps,
  };
}"""


@contextmanager
def profile(playwright):
    """A browser with a fresh profile."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = playwright.chromium.launch_persistent_context(
            folder, executable_path=browsers.chromium_path(), viewport={"width": 1280, "height": 900}
        )
        browser.add_init_script(WATCH)
        try:
            yield browser
        finally:
            browser.close()


def visit(browser, address, moves=0):
    """Open a page, wait until it is live, move its slider; return the measurements, in seconds."""
    page = browser.new_page()
    requests, messages = [], []
    page.on("requestfinished", lambda request: requests.append(request))
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto(address, wait_until="commit")
    page.wait_for_selector("[data-boot=live], [data-boot=failed]", state="attached", timeout=PATIENCE)
    if page.locator("[data-boot=failed]").count():
        raise RuntimeError(f"{address} did not start:\n" + "\n".join(messages[-5:]))
    figures = page.evaluate(TIMES)
    times = [move(page) for _ in range(moves)]
    if times:
        figures["answer"] = times[0][2]
        figures["move"] = statistics.median(time[0] for time in times[1:] or times)
        figures["drawn"] = statistics.median(time[1] for time in times[1:] or times)
    sizes = [request.sizes() for request in requests if request.url.startswith("http")]
    figures["requests"] = len(sizes)
    figures["megabytes"] = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) / 1e6
    page.close()
    return figures


def move(page):
    """Press a key on the slider: ms to the results, ms to the drawn plot, seconds since the start."""
    page.locator(".noUi-handle").first.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("html[data-bench=answered]", state="attached", timeout=PATIENCE)
    return page.evaluate("[bench.answered - bench.moved, bench.drawn - bench.moved, bench.answered / 1000]")


def two_visits(playwright, address):
    """The figures of a first and a second visit with one profile, under the names of `FIGURES`."""
    with profile(playwright) as browser:
        first, second = visit(browser, address, MOVES), visit(browser, address, 1)
    return {
        **first, "first live": first["live"], "first answer": first["answer"],
        "second live": second["live"], "second answer": second["answer"], "second steps": second["steps"],
    }  # fmt: skip


def warm(address, folder):
    """Have the server compress the large files once: a static host has them compressed before the first request."""
    for path in folder.rglob("*"):
        if path.suffix in serve.TYPES and path.stat().st_size > 100_000:
            url = address + path.relative_to(folder).as_posix()
            urllib.request.urlopen(urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})).read()


def bench_pages(root, repeats):
    """Measure the built site, the stock page and the folder in turns: (ours, stock), lists of figures."""
    from playwright.sync_api import sync_playwright

    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        scratch = Path(scratch)
        shutil.copytree(root / "dist", scratch / "lab")  # a build in the meantime changes nothing
        stock.make(root, lock.load(), scratch / "lab", scratch / "stock")
        with serve.serving(scratch) as server:
            warm(server, scratch)
            for count in range(repeats):
                print(f"  {count + 1} of {repeats}", end="\r", file=sys.stderr, flush=True)
                ours.append(two_visits(playwright, f"{server}lab/{ADDRESS}"))
                theirs.append(two_visits(playwright, f"{server}stock/{ADDRESS}"))
                with profile(playwright) as browser:
                    offline = visit(browser, f"{(scratch / 'lab').as_uri()}/{ADDRESS}")
                ours[-1]["offline live"] = offline["live"]
    return ours, theirs


def medians(runs):
    """The median of every figure that is a number in all runs."""
    names = [name for name in runs[0] if all(isinstance(run.get(name), (int, float)) for run in runs)]
    return {name: statistics.median(run[name] for run in runs) for name in names}


def table(figures, ours, theirs):
    """The figures as lines of text: ours, stock, their ratio, and the budget next to it."""
    lines = [f"{'':<46}{'lab':>10}{'stock':>10}{'ratio':>8}   must / aim"]
    for key, label, unit, digits, *budget in figures:
        if key not in ours:
            continue
        cells = [f"{side[key]:.{digits}f} {unit}".strip() if key in side else "" for side in (ours, theirs)]
        ratio = f"{theirs[key] / ours[key]:.1f}" if theirs.get(key) and ours[key] else ""
        limits = " / ".join(f"{value:g}" for value in budget if value is not None)
        ratios = " / ".join(f"{value:g}" for value in RATIOS.get(key, ()) if value is not None)
        budget_text = ", ".join(filter(None, (limits, ratios and f"ratio {ratios}")))
        lines.append(f"{label:<46}{cells[0]:>10}{cells[1]:>10}{ratio:>8}   {budget_text}".rstrip())
    return lines


def step_lines(runs, key):
    """The duration of the steps of the boot, from the worker's messages: seconds from one step to the next, medians.

    A visit that finds a snapshot of Python takes fewer steps than one that does not.
    """
    seconds = {}
    steps = [step for step in STEPS if all(step in run[key] for run in runs)]
    for step, following in itertools.pairwise(steps):
        seconds[step] = statistics.median(run[key][following] - run[key][step] for run in runs)
    page_seconds = statistics.median(run[key][STEPS[0]] for run in runs)
    return (
        f"page {page_seconds:.2f}, "
        + ", ".join(f"{step} {value:.2f}" for step, value in seconds.items())
        + " s"
    )


def main(root, arguments=()):
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure the speed budget.")
    parser.add_argument("--repeats", type=int, default=5, help="repetitions of every figure (default 5)")
    parser.add_argument("--loop", action="store_true", help="only the time from an edit to the open page")
    options = parser.parse_args(arguments)
    repeats = max(1, options.repeats)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    if browsers.chromium_path() is None:
        browsers.ensure_browsers()
    if options.loop:
        bench_loop.main(root, repeats)
        return
    began = time.perf_counter()
    ours, theirs = bench_pages(root, repeats)
    print("\n".join(table(FIGURES, medians(ours), medians(theirs))))
    print(f"steps of our first visit:  {step_lines(ours, 'steps')}")
    print(f"steps of our second visit: {step_lines(ours, 'second steps')}")
    core = bench_core.bench_minhash(repeats=repeats)
    mine = {"seconds": core["seconds_core"], "peak": core["peak_mb"]}
    print("\n".join(table(CORE_FIGURES, mine, {"seconds": core["seconds_datasketch"]})[1:]))
    print(f"medians of {repeats}, {time.perf_counter() - began:.0f} s in all")


if __name__ == "__main__":
    main(Path(__file__).resolve().parent.parent, sys.argv[1:])
