"""How long an edit takes until the open page shows it under `serve`: `python build.py bench -- --loop`.

Each kind of source is edited in a copy of the tree, while Chromium has the lab open. "Shown" is the time from the write
until the page has the new content; an edit of a workbench or of the core is shown when the Python of the page, which
starts again, runs it.
"""

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from tools import browsers, make

# Caches of a build that a copy can use; with them, the first build of the copy takes seconds.
CACHES = [
    f".build/{name}" for name in ("runtime", "packed", "own", "views", "pyodide", "notice", "parsed", "wheel")
]
ADDRESS = "?track=edge&part=1"
LATEST = "JSON.stringify(globalThis.lab?.main?.latest(1) ?? null)"
DRAWN = (
    "globalThis.Bokeh?.documents?.some((each) => [...each._all_models.values()]"
    ".some((model) => model.type === 'LegendItem' && String(model.label?.value ?? model.label) === {}))"
)
# kind -> (file, text to replace (empty: append to the file), replacement with {} for the number of the edit, condition
# that is true in the page that shows the edit, most seconds that this may take)
EDITS = {
    "style": (
        "site/shell/style.css",
        "",
        "\nhtml {{ --edit: {} }}\n",
        "getComputedStyle(document.documentElement).getPropertyValue('--edit').trim() === '{}'",
        1,
    ),
    "words": (
        "site/pages/scene.edge.md",
        "",
        "\n\nEdit {}.\n",
        "document.documentElement.textContent.includes('Edit {}.')",
        1,
    ),
    "script": (
        "site/shell/main.js",
        "",
        "\ndocument.documentElement.dataset.edit = '{}';\n",
        "document.documentElement.dataset.edit === '{}'",
        None,
    ),
    "workbench": (
        "site/apps/part1/bench.py",
        '"Previous setting"',
        '"Previous setting, edit {}"',
        "document.documentElement.dataset.boot === 'live' && " + DRAWN.format("'Previous setting, edit {}'"),
        3,
    ),
    "core": (
        "src/dataselect_core/figures/deduplication/figures.py",
        '"counted in the corpus, {corpus.counted}"',
        '"counted in the corpus, {{corpus.counted}}, edit {}"',
        f"document.documentElement.dataset.boot === 'live' && {LATEST}.includes(', edit {{}}')",
        3,
    ),
}
PATIENCE = 120_000  # milliseconds


def copied(root, target):
    """Copy the sources and the caches of the last build into a new folder."""
    hidden = shutil.ignore_patterns("__pycache__")
    for name in (*make.SOURCES, str(make.DATA), *CACHES):
        source = root / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=hidden)
        elif source.exists():
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)
    return target


@contextmanager
def serving(root):
    """Run `build.py serve` on a tree in a separate process, and yield its address."""
    program = "from pathlib import Path; from tools import live; live.run(Path.cwd(), 0)"
    command = [sys.executable, "-u", "-c", program]
    with subprocess.Popen(
        command, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        try:
            lines = []
            for line in server.stdout:
                lines.append(line)
                if match := re.search(r"http://127\.0\.0\.1:\d+/", line):
                    break
            else:
                raise RuntimeError("The server ended:\n" + "".join(lines[-10:]))
            yield match[0]
        finally:
            server.kill()


def measure(root, repeats):
    """Edit each kind of source several times; seconds until the page shows it, one list per kind."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        tree = copied(root, Path(scratch) / "lab")
        browser = playwright.chromium.launch(executable_path=browsers.chromium_path())
        page = browser.new_page(bypass_csp=True)  # the page evaluates the conditions below, which are strings
        with serving(tree) as address:
            page.goto(address + ADDRESS)
            page.wait_for_selector("html[data-boot=live]", state="attached", timeout=PATIENCE)
            time.sleep(10)  # until `serve` has started what the first edit needs
            seconds = {
                kind: [shown(page, tree, *edit[:4], count) for count in range(1, repeats + 1)]
                for kind, edit in EDITS.items()
            }
        browser.close()
    return seconds


def shown(page, tree, name, old, new, condition, count):
    """Seconds from an edit until the page shows it."""
    path = tree / name
    text = path.read_text("utf-8")
    target = old if count == 1 else new.format(count - 1)
    if target not in text:
        raise ValueError(f"{name} does not contain {target!r}")
    began = time.perf_counter()
    edited = text.replace(target, new.format(count), 1) if target else text + new.format(count)
    path.write_text(edited, "utf-8")
    page.wait_for_function(condition.replace("{}", str(count)), timeout=PATIENCE, polling=20)
    took = time.perf_counter() - began
    page.wait_for_selector("html[data-boot=live]", state="attached", timeout=PATIENCE)
    return took


def main(root, repeats):
    """Measure, and print the figures."""
    seconds = measure(root, repeats)
    print(f"{'edit under serve, until the page shows it':<46}{'median':>10}{'longest':>10}   must")
    for kind, times in seconds.items():
        budget = EDITS[kind][4]
        figures = f"{kind:<46}{statistics.median(times):>8.2f} s{max(times):>8.2f} s"
        print(f"{figures}   {budget} s" if budget else figures)
