"""Try every way into the built lab with both browsers, and write what worked into the README.

The cells of the table follow what a reader does: predict, move a control in each part, write, reload, choose a corpus,
download the report; the report is then checked by `python -m dataselect_core verify`. Every way starts from a fresh
profile, in an ordinary window of a stock browser.

Run as `python build.py ways`, or on a built site as `python -m tools.ways`. The results are kept in `.build/ways/`
until the site changes, so that one way can be tried again: `python build.py ways -- --only offline`.
"""

import argparse
import datetime
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import expect, sync_playwright

from tools import driven, make, pack, serve
from tools.walk import LONG, PATIENCE, QUESTION, Walk

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- ways:begin -->", "<!-- ways:end -->"
ODD = "Päckchen 数据 #1 50%25 off"  # a folder whose name must be escaped in an address
SETTINGS = "track=mobile&part=1&seeds=2&budget=100"  # small trainings
PREDICTION, WHY, REFLECTION = 30, "a third is a third", "Copies cost operations & teach nothing <twice>."
CHECKS = {
    "live": "live",
    "parts": "three parts",
    "saved": "saved",
    "report": "report",
    "own": "own corpus",
}
BOOK = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Book</title><body style="margin: 0">
<h1>A chapter</h1>
<iframe title="lab" style="width: 100%; height: 3000px; border: 0" src="LAB"></iframe>"""


class NothingKept(Exception):
    """The browser stores nothing for this page, and the page has said so."""


class Place:
    """The page that a way opens, and how to find the lab in it.

    Parameters
    ----------
    address : str
        The URL that is opened.
    home : str
        The beginning of every URL that the page may request.
    frame : str, optional
        Selector of the frame that the lab is in.
    prepare : callable, optional
        Called with the `Walk` when Python runs; then the lab is opened again.
    """

    def __init__(self, address, home, frame=None, prepare=None):
        self.address, self.home, self.frame, self.prepare = address, home, frame, prepare


# -- the ways in -------------------------------------------------------------------------------------------


@contextmanager
def server_at_root(dist, scratch):
    """A server whose root is the site, as `python build.py serve`."""
    with serve.serving(dist, cache_control="no-store") as home:
        yield Place(f"{home}?{SETTINGS}", home)


@contextmanager
def pages_host(dist, scratch):
    """A host like GitHub Pages: a sub-path, gzip, ten minutes of cache, a page for missing files."""
    shutil.copytree(dist, scratch / "repo")
    with serve.serving(scratch) as host:
        yield Place(f"{host}repo/?{SETTINGS}", f"{host}repo/")


@contextmanager
def double_click(dist, scratch):
    """The archive for readers offline, unpacked into a folder with an odd name."""
    archive = pack.write(ROOT, dist, scratch)
    with zipfile.ZipFile(archive) as members:
        members.extractall(scratch / ODD)
    index = next((scratch / ODD).glob("**/index.html"))
    yield Place(f"{index.as_uri()}?{SETTINGS}", "file:///")


@contextmanager
def textbook_frame(dist, scratch):
    """A frame in a textbook's page, which is on another site than the lab."""
    with serve.serving(dist) as home, serve.serving(scratch) as book:
        book = book.replace("127.0.0.1", "localhost")
        source = f"{home}index.html?{SETTINGS}&embed=1&origin={quote(book.rstrip('/'), safe='')}"
        (scratch / "book.html").write_text(
            BOOK.replace("LAB", source.replace("&", "&amp;")), encoding="utf-8"
        )
        yield Place(f"{book}book.html", (home, book), frame="iframe")


@contextmanager
def offline(dist, scratch):
    """A second visit without a network, after the page said that it works offline."""
    with ExitStack() as stack:
        home = stack.enter_context(serve.serving(dist))

        def prepare(walk):
            expect(walk.lab.get_by_text("Works offline now").first).to_be_attached(timeout=LONG)
            stack.close()  # the server is gone

        yield Place(f"{home}?{SETTINGS}", home, prepare=prepare)


WAYS = {
    "A server": server_at_root,
    "A host like GitHub Pages, under `/repo/`": pages_host,
    "A double click in the unpacked archive": double_click,
    "A frame in a textbook of another site": textbook_frame,
    "Offline, after a first visit": offline,
}
NOTES = [
    (
        "Saved in the frame of another site means: saved only for the lab in that book; a private window, or a browser"
        " that blocks what frames store, saves nothing, and the page says so and offers the file."
    ),
    f"The archive was unpacked into a folder named `{ODD}`.",
    "Firefox ran a page and its frames in one process, since the driver cannot reach a frame in another process.",
]


def applies(way, dist):
    """Whether the built site has what that way needs."""
    return way is not offline or (dist / "sw.js").is_file()


# -- what is tried in each ---------------------------------------------------------------------------------


def try_way(context, place, scratch, pictures, said=print):
    """Try one way in one browser: {check: None if it worked, else the error}."""
    context.set_default_timeout(PATIENCE)
    requests, errors = [], []
    context.on("request", lambda request: requests.append(request.url))
    context.on("weberror", lambda error: errors.append(str(error.error)))
    outcomes = {}
    walk = Walk(context.new_page(), place.frame)
    steps = {
        "live": lambda: start(walk, place),
        "own": lambda: own_corpus(walk, scratch),
        "parts": lambda: three_parts(walk),
        "saved": lambda: saved(walk),
        "report": lambda: report(walk, scratch),
    }
    for name, step in steps.items():
        began = time.perf_counter()
        try:
            step()
            outcomes[name] = None
        except Exception as error:
            outcomes[name] = "".join(traceback.format_exception_only(error)).strip()
            picture(walk, pictures / f"{scratch.name}-{name}.png")
        text = f"NO: {outcomes[name][:1500]}" if outcomes[name] else "yes"
        said(f"    {CHECKS[name]} ({time.perf_counter() - began:.0f} s): {text}", flush=True)
    homes = place.home if isinstance(place.home, tuple) else (place.home,)
    foreign = [url for url in requests if not url.startswith((*homes, "blob:", "data:", "about:"))]
    if foreign or errors:
        outcomes["live"] = (
            outcomes["live"] or f"requests to other addresses: {foreign[:3]}; errors: {errors[:3]}"
        )
    return outcomes


def picture(walk, path):
    """Save a screenshot of the page after a step failed."""
    try:
        walk.page.screenshot(path=path)
    except Exception as error:
        print(f"    no picture: {error}", file=sys.stderr)


def start(walk, place):
    """Open the lab, predict before Python runs, and wait for Python and its figures."""
    walk.page.goto(place.address, wait_until="commit")
    if place.prepare:
        walk.live()
        place.prepare(walk)
        walk.page.goto("about:blank")
        walk.page.goto(place.address, wait_until="commit")
    # It is not enough that the state is not "static": a frame begins as an empty page, which has no state.
    html = walk.lab.locator("html")
    expect(html).to_have_attribute("data-boot", re.compile("starting|live|failed"), timeout=LONG)
    walk.on_one_page()
    walk.predict(1, PREDICTION, why=WHY, field=QUESTION)
    walk.live()
    expect(walk.part(1).get_by_text("In use: threshold")).to_be_visible(timeout=LONG)


def own_corpus(walk, scratch):
    """Choose a small corpus with three copies in it, and check that they are found."""
    corpus = scratch / "mine.jsonl"
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts()), encoding="utf-8")
    assert walk.bring(corpus) == (15, 3)


def texts():
    """Twelve texts without a common word, and three of them again."""
    originals = [" ".join(f"word{100 * n + k}" for k in range(60)) for n in range(12)]
    return originals + originals[:3]


def three_parts(walk):
    """Move a control in each part, wait for the results, capture the evidence."""
    part = walk.part(1)
    walk.enter(part, "Similarity threshold (number)", 0.7)
    expect(part.get_by_text("In use: threshold")).to_contain_text("0.700", timeout=LONG)
    walk.nudge(part, "Similarity threshold")
    expect(part.get_by_text("In use: threshold")).to_contain_text("0.690", timeout=LONG)
    walk.write("Your answer", REFLECTION, part, "saved" if walk.keeps() else "not saved")
    walk.capture(1)

    walk.go_to(2)
    walk.predict(2, 1.5, choice="fewer samples", why=WHY, field="By what factor")
    part = walk.part(2)
    walk.button(part, "Entropy")
    walk.button(part, "Run")
    expect(part.get_by_role("button", name="Hide run 1")).to_be_visible(timeout=LONG)
    walk.at_rest(2)
    walk.capture(2)

    walk.go_to(3)
    walk.predict(3, 10, choice="It falls", why=WHY, field="By how much")
    part = walk.part(3)
    supply = walk.row(part, "Supply: real samples asked for")
    expect(supply.get_by_role("cell").first).to_have_text(re.compile(r"\d"), timeout=LONG)
    before = supply.get_by_role("cell").first.inner_text()
    walk.enter(part, "Synthetic share, % (number)", 70)
    expect(supply.get_by_role("cell").first).not_to_have_text(before, timeout=LONG)
    walk.at_rest(3)
    walk.capture(3)


def saved(walk):
    """Reload the page, and check that predictions and text are there, before and after Python starts."""
    if not walk.keeps():
        raise NothingKept(
            "this browser keeps nothing for a frame of another site; the page says so, and offers the file"
        )
    walk.page.reload()
    walk.go_to(1)
    walk.predicted(1, PREDICTION, WHY)
    answer = walk.part(1).get_by_role("textbox", name=re.compile("^Your answer"))
    expect(answer).to_have_value(REFLECTION, timeout=PATIENCE)
    walk.go_to(3)
    walk.predicted(3, 10, WHY)
    walk.live()
    walk.go_to(1)
    expect(walk.part(1).get_by_text("In use: threshold")).to_contain_text("0.690", timeout=LONG)


def report(walk, scratch):
    """Download the report, and recompute each of its figures natively."""
    path = scratch / "report.html"
    walk.download("Report as a page to print", path)
    command = [sys.executable, "-m", "dataselect_core", "verify", str(path), "--csv", str(scratch / "v.csv")]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr


# -- the table ---------------------------------------------------------------------------------------------


def table(found, versions, day, left_out=()):
    """The Markdown between the markers of the README.

    Parameters
    ----------
    found : dict of (str, str) to dict
        (way, browser) -> {check: None or the error}.
    versions : dict of str to str
        Browser -> version.
    day : datetime.date
    left_out : sequence of str
        Ways that were not tried, each with its browser if only that one was left out.
    """
    browsers_run = " and ".join(f"{driven.NAMES[name]} {version}" for name, version in versions.items())
    lines = [
        (
            f"Tried on {day.isoformat()} by `python build.py ways` with {browsers_run}, each cell in a fresh profile"
            f" of a stock browser on {sys.platform.capitalize()}:"
        ),
        "",
        f"| Way in | Browser | {' | '.join(CHECKS.values())} |",
        f"|---|---|{'---|' * len(CHECKS)}",
    ]
    for (way, name), cells in found.items():
        marks = " | ".join("NO" if cells[check] else "yes" for check in CHECKS)
        lines.append(f"| {way} | {driven.NAMES[name]} | {marks} |")
    lines.append("")
    lines += [f"- NO, {place}: {in_a_line(why)}" for place, why in failures(found)]
    lines += [""] * bool(failures(found))
    lines += ["Three parts: in each a prediction, a moved control and its answer. Saved: predictions and"]
    lines[-1] += (
        " text are there after a reload. Report: downloaded, and every figure computed again natively."
    )
    lines[-1] += " Own corpus: a file was chosen and its duplicates were found."
    lines += NOTES
    lines += [f"Not tried: {way.lower()}." for way in left_out]
    return "\n".join(lines)


def failures(outcomes):
    """The failed cells: the place of each in the table, and the error."""
    return [
        (f"{way}, {driven.NAMES[name]}, {CHECKS[check]}", cells[check])
        for (way, name), cells in outcomes.items()
        for check in CHECKS
        if cells[check]
    ]


def in_a_line(why, most=200):
    """The beginning of an error's text, as one line without Markdown's markup."""
    line = " ".join(re.sub(r"[^\w\s.,:;()/='\"%+-]", " ", why).split())
    return line if len(line) <= most else f"{line[:most].rpartition(' ')[0]} …"


def written(readme, text):
    """The README with that table between its markers."""
    head, begin, remainder = readme.partition(BEGIN)
    _, end, tail = remainder.partition(END)
    if not (begin and end):
        raise ValueError(f"The README has no {BEGIN} … {END} for the table.")
    return f"{head}{BEGIN}\n{text}\n{END}{tail}"


def main(root, arguments=()):
    """Try the ways, print the table, and write it if it is complete; the exit status is 0 if every cell worked."""
    parser = argparse.ArgumentParser(prog="ways", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="try only the ways whose names contain this word")
    parser.add_argument("--browser", choices=driven.NAMES, help="one browser instead of both")
    parser.add_argument("--incomplete", action="store_true", help="write the table even if ways are left out")
    options = parser.parse_args(arguments)
    expect.set_options(timeout=PATIENCE)
    folder = root / ".build" / "ways"
    folder.mkdir(parents=True, exist_ok=True)
    results = Kept(folder / "found.json", make.source_hash(root, ["dist"]))
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        dist = Path(
            shutil.copytree(root / "dist", Path(scratch) / "dist")
        )  # a build in the meantime changes nothing
        cells = [(title, name) for title in WAYS if applies(WAYS[title], dist) for name in driven.NAMES]
        for title, name in cells:
            if options.only.lower() not in title.lower() or options.browser not in (None, name):
                continue
            print(f"{title}: {driven.NAMES[name]}", flush=True)
            place = Path(scratch) / f"{WAYS[title].__name__}-{name}"
            place.mkdir()
            for picture_before in folder.glob(f"{place.name}-*.png"):
                picture_before.unlink()
            window = {"viewport": {"width": 1280, "height": 900}, "accept_downloads": True}
            with WAYS[title](dist, place) as way, driven.profile(playwright, name, **window) as context:
                results.add(title, name, version(context), try_way(context, way, place, folder))
    outcomes = {cell: results.found[cell] for cell in cells if cell in results.found}
    missing = [f"{title} ({driven.NAMES[name]})" for title, name in cells if (title, name) not in outcomes]
    left_out = [title for title in WAYS if title not in dict(cells)] + missing
    text = table(outcomes, results.versions, datetime.datetime.now(datetime.UTC).date(), left_out)
    print(text)
    if not missing or options.incomplete:
        readme = root / "README.md"
        readme.write_text(written(readme.read_text(encoding="utf-8"), text), encoding="utf-8")
    if wrong := [f"{place}: {why}" for place, why in failures(outcomes)]:
        sys.exit("\n\n".join(["These cells failed (pictures in .build/ways):", *wrong]))


class Kept:
    """The results for one state of the site, in a file.

    Parameters
    ----------
    path : Path
    site : str
        A hash of the site; results for another one are discarded.
    """

    def __init__(self, path, site):
        self.path, self.site = path, site
        self.found, self.versions = {}, {}
        earlier = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        if earlier.get("site") == site:
            self.versions = earlier["versions"]
            self.found = {(way, name): cells for way, name, cells in earlier["found"]}

    def add(self, way, name, version, cells):
        """Save the results of one way in one browser, in place of earlier ones."""
        self.versions[name] = version
        self.found[way, name] = cells
        found = [[way, name, cells] for (way, name), cells in self.found.items()]
        content = {"site": self.site, "versions": self.versions, "found": found}
        self.path.write_text(json.dumps(content, indent=1), "utf-8")


def version(context):
    """The browser's version, from its user agent."""
    page = context.new_page()
    agent = page.evaluate("() => navigator.userAgent")
    page.close()
    return re.search(r"(?:Chrome|Firefox)/([\d.]+)", agent)[1].removesuffix(".0.0.0")


if __name__ == "__main__":
    main(ROOT, sys.argv[1:])
