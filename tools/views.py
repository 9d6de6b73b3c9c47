"""Make the content that the page shows before Python runs: every part's first view, and the figures in its texts.

The core and the workbenches compute both in separate processes: a process never reads an imported module again, and
there are many edits while a development server runs. On Unix, each process begins as a copy of one that has already
imported Panel, which saves a second each time.
"""

import hashlib
import json
import multiprocessing
import os
import sys
import traceback
from importlib import metadata
from pathlib import Path

from tools import apart

CODE = ("site/apps", "src/dataselect_core")
TOOLS = ("views", "optimum", "gap_maps", "wall")
HEAVY = ["panel", "bokeh.models", "numpy"]  # modules that take a second to import, and that no edit changes
PACKAGES = ("panel", "bokeh", "param", "numpy")


class ViewError(Exception):
    """The core or a workbench failed; the message comes from Python."""


def make(root, data, panel_root):
    """First views (part -> Bokeh document) and native figures; kept from build to build.

    Parameters
    ----------
    root, data : Path
        The repository; the directory of the data files.
    panel_root : str
        The folder where the documents look for Panel's stylesheets, relative to index.html.

    Raises
    ------
    ViewError
        Either could not be made.
    """
    os.environ["PANEL_CDN_ROOT"] = (
        panel_root  # read when Panel is imported, here and in processes that start from here
    )
    folder = root / ".build" / "views"
    cached = folder / f"{key(root, data, panel_root)}.json"
    if not cached.exists():
        documents, figures = (
            json.loads(text) for text in apart_from_here(root, data, (first_views, native_figures))
        )
        for stale in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-8]:
            stale.unlink(missing_ok=True)
        apart.write(cached, json.dumps({"documents": documents, "figures": figures}).encode())
    content = json.loads(cached.read_text("utf-8"))
    return content["documents"], content["figures"]


def key(root, data, panel_root):
    """A hash of the inputs of the views."""
    digest = hashlib.sha256(f"{sys.version} {panel_root}".encode())
    for package in PACKAGES:
        digest.update(f"{package} {metadata.version(package)}".encode())
    paths = [
        path for folder in CODE for path in (root / folder).rglob("*") if path.suffix in (".py", ".json")
    ]
    paths += [root / "tools" / f"{name}.py" for name in TOOLS] + [
        path for path in data.iterdir() if path.is_file()
    ]
    for path in sorted(paths):
        digest.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return digest.hexdigest()[:24]


def apart_from_here(root, data, functions):
    """The answers of functions, which are texts, each from a separate process; all run at the same time."""
    context = workers()
    running = []
    for function in functions:
        mine, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_answer, args=(theirs, str(root), str(data), function.__name__))
        process.start()
        theirs.close()
        running.append((process, mine))
    answers = []
    for process, mine in running:
        try:
            answers.append(mine.recv())
        except EOFError:
            answers.append((False, "The process that computes the first views ended without an answer."))
        process.join()
    for succeeded, text in answers:
        if not succeeded:
            raise ViewError(text)
    return [text for _, text in answers]


def workers():
    """The context that starts processes."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(HEAVY)
    return context


def warm():
    """Start the process from which others are copied, so that it is ready for an edit; call this after `make`."""
    process = workers().Process(target=int)
    process.start()
    process.join()


def _answer(pipe, root, data, name):
    if hasattr(os, "nice"):
        os.nice(10)  # an open page has priority
    os.environ["DATASELECT_DATA"] = data
    sys.path[:0] = [str(Path(root) / "src"), str(Path(root) / "site"), root]
    try:
        pipe.send((True, globals()[name]()))
    except BaseException:
        pipe.send((False, traceback.format_exc()))
    pipe.close()


def first_views():
    """The Bokeh document of every part as Panel builds it natively, as JSON: part -> document."""
    from apps.bridge import Bridge
    from panel.io.resources import CDN_ROOT

    if os.environ["PANEL_CDN_ROOT"] != CDN_ROOT:
        raise ViewError("Panel's stylesheets have moved since this command began: run the command again.")
    return Bridge(lambda text: None, None).documents()


def native_figures():
    """Figures for a reader whose browser cannot run Python, from the same core, as JSON."""
    from dataselect_core import datasets
    from dataselect_core.dedup.audit import Audit
    from tools import gap_maps, optimum, wall

    audit = Audit(datasets.licences().texts)
    n, words = len(audit), int(audit.mass.sum())
    point_at_30 = audit.where_removed(0.3)
    figures = {
        "documents": n,
        "words": words,
        "threshold_at_30": point_at_30.threshold,
        "documents_share_at_30": point_at_30.documents_removed / n,
        "words_share_at_30": point_at_30.words_removed / words,
        "mean_words_removed": float(audit.mass[~point_at_30.keep].mean()),
        "mean_words_kept": float(audit.mass[point_at_30.keep].mean()),
    }
    for threshold in (0.5, 0.7, 0.9):
        point = audit.exact_at(threshold)
        figures[f"exact_{threshold * 100:.0f}"] = {
            "pairs": len(point.pairs),
            "documents_share": point.documents_removed / n,
            "words_share": point.words_removed / words,
        }
    figures["mix"] = gap_maps.figures()
    figures["sweep"] = optimum.figures()
    figures["wall"] = wall.figures()
    return json.dumps(figures)
