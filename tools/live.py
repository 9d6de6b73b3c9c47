"""The quick loop of `serve`: what changed is built again, and the open page shows it, or why it could not be built."""

import contextlib
import hashlib
import os
import queue
import re
import subprocess
import sys
import threading
import time
import traceback

import jinja2

from tools import bundle, lock, make, page_error, scripts, serve, views

POLL = 0.1  # seconds between two looks at the sources
SETTLE = 0.05  # seconds in which an editor must not have written again
HEARTBEAT = 15  # seconds after which an open line is tried
STYLE = re.compile(r"assets/style\.[0-9a-f]{10}\.css")
# What follows the style in the service worker's list: digest and size of the style and of the page that names it.
LISTED = re.compile(r'"(STYLE|index\.html)":\["[0-9a-f]{64}",\d+\]')
BUILD = re.compile(r'(data-build="|"build":")[0-9a-f]{16}')  # the page and the service worker name the build
PYTHON = ("site/apps", "src/dataselect_core")  # what the page's Python imports of the repository
OWN_WORDS = (
    page_error.PageError,
    views.ViewError,
    bundle.CompileError,
    scripts.ScriptError,
)  # say it all themselves


class Live:
    """What open pages are told: which build they show, and what is wrong with the sources."""

    def __init__(self, dist):
        self.dist, self.fault = dist, ""
        self.token, self._rest, self._style = look(dist)
        # What has changed since the last good build: Python, and whether other files have.
        self._code, self._more = {}, False
        self._listeners, self._lock = set(), threading.Lock()

    def changed(self, root, paths):
        """Sources have changed: where all of them are Python of the page's, hand them to it before they are built."""
        code = sources_of_the_page(root, paths)
        self._more = self._more or code is None
        self._code |= code or {}
        if not self._more:
            self._tell({"code": self._code})

    def built(self):
        """A build is whole: tell the pages, and whether a new style sheet is all they need."""
        before, rest = self.token, self._rest
        self.fault = ""
        self.token, self._rest, self._style = look(self.dist)
        only_style = rest == self._rest and before != self.token
        swapped = bool(self._code) and not self._more
        self._code, self._more = {}, False
        self._tell({"before": before, "style": self._style if only_style else "", "swapped": swapped})

    def broken(self, text):
        """A build failed: show why."""
        self.fault = text
        self._tell({})

    def _message(self):
        return {"token": self.token, "fault": self.fault}

    def _tell(self, more):
        with self._lock:
            for listener in self._listeners:
                listener.put(self._message() | more)

    def listen(self):
        """What a page is told from now on: messages, and None when there was none for a while."""
        mine = queue.Queue()
        with self._lock:
            self._listeners.add(mine)
        try:
            yield self._message()
            while True:
                try:
                    yield mine.get(timeout=HEARTBEAT)
                except queue.Empty:
                    yield None
        finally:
            with self._lock:
                self._listeners.discard(mine)


def look(dist):
    """What a built site is: a name for all of it, one for all but its style sheet, and where that lies."""
    whole, style = hashlib.sha256(), ""
    for path in sorted(dist.rglob("*")):
        name = path.relative_to(dist).as_posix()
        if not path.is_file() or STYLE.fullmatch(name):
            style = name if STYLE.fullmatch(name) else style
            continue
        whole.update(f"{name} ".encode())
        if not make.HASHED.match(name):
            text = path.read_bytes().decode("latin-1")
            text = LISTED.sub("LISTED", STYLE.sub("STYLE", text))
            whole.update(BUILD.sub("BUILD", text).encode("latin-1"))
    return hashlib.sha256(f"{whole.hexdigest()} {style}".encode()).hexdigest()[:16], whole.hexdigest(), style


def sources_of_the_page(root, paths):
    """Texts of Python sources, by where they lie below site-packages; None where a file is another, gone or wrong."""
    found = {}
    for path in paths:
        top = next((folder.parent for folder in map(root.joinpath, PYTHON) if folder in path.parents), None)
        if top is None or path.suffix != ".py":
            return None
        try:
            text = path.read_text("utf-8")
            compile(text, path, "exec")
        except (OSError, ValueError, SyntaxError):
            return None
        found[path.relative_to(top).as_posix()] = text
    return found


class Builder:
    """Builds again and again, in this process as long as its own code is what lies on the disk.

    Parameters
    ----------
    root : Path
        The repository.
    """

    def __init__(self, root):
        self.root = root
        self.compiler = None
        self._old = False  # whether tools have changed that this process has imported already

    def warm(self):
        """Start what an edit of the core or a workbench will need."""
        if "PANEL_CDN_ROOT" in os.environ:
            views.warm()
        if self.compiler is None:
            self.compiler = bundle.Compiler(self.root, lock.load())

    def build(self, changed=()):
        """Build; raises whatever is wrong with a source."""
        own = [path for path in changed if self.root / "tools" in path.parents or path.name == "build.py"]
        self._old = self._old or bool(own)
        if self._old:
            program = "from pathlib import Path; from tools import make; make.build(Path.cwd(), 'build.py serve', True)"
            done = subprocess.run(
                [sys.executable, "-c", program], cwd=self.root, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                text=True, encoding="utf-8", check=False,
            )  # fmt: skip
            if done.returncode:
                raise views.ViewError(done.stderr)
        else:
            if self.compiler and self.compiler.ended:
                self.compiler = None
            make.build(self.root, "build.py serve", earlier=True, compiler=self.compiler)

    def close(self):
        """End what `warm` started."""
        if self.compiler:
            self.compiler.close()


def rebuild_on_change(root, build, live, stop):
    """Call `build` with the changed paths whenever sources have changed, until `stop` is set."""
    seen = serve.state(root)
    while not stop.wait(POLL):
        now = serve.state(root)
        if now == seen:
            continue
        while True:  # until whoever writes has finished
            time.sleep(SETTLE)
            again = serve.state(root)
            if again == now:
                break
            now = again
        changed = sorted(path for path in now.keys() | seen.keys() if now.get(path) != seen.get(path))
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        print(f"\n{changed[0].relative_to(root)}{more} changed; building again", flush=True)
        seen = now
        live.changed(root, changed)
        attempt(live, build, changed)


def attempt(live, build, *arguments):
    """Build, and tell the pages and the terminal how it went."""
    try:
        build(*arguments)
    except Exception as error:
        text = in_words(error)
        print(f"{text}\nThe build failed; the last good site is still served.", file=sys.stderr, flush=True)
        live.broken(text)
    else:
        live.built()


def in_words(error):
    """What a maintainer needs to see of a failed build."""
    if isinstance(error, OWN_WORDS):
        return str(error).strip()
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{error.filename or error.name}, line {error.lineno}: {error.message}"
    return "".join(traceback.format_exception(error)).strip()


def run(root, port):
    """Build, serve `root/dist` until Ctrl-C, and build again when a source changes."""
    builder, first = Builder(root), None
    dist = root / "dist"
    try:
        builder.build()
    except Exception as error:
        if not (dist / "index.html").exists():
            raise
        first = error
    live = Live(dist)
    if first:

        def fail():
            raise first

        attempt(live, fail)
    server = serve.start(dist, port, cache_control="no-store", quiet=False, live=live, worker=False)
    print(f"\nThe lab is at http://127.0.0.1:{server.server_address[1]}/  (Ctrl-C ends it)", flush=True)
    threading.Thread(target=_warm, args=(builder,), daemon=True).start()
    try:
        rebuild_on_change(root, builder.build, live, threading.Event())
    except KeyboardInterrupt:
        print()
    finally:
        builder.close()
        server.shutdown()
        server.server_close()


def _warm(builder):
    with contextlib.suppress(Exception):  # a build says what is wrong
        builder.warm()
