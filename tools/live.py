"""The quick loop of `serve`: rebuild what changed, and show the result or the error in the open page."""

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
SETTLE = 0.05  # seconds without another write, after which an editor has finished
HEARTBEAT = 15  # seconds without a message, after which a connection is tested
STYLE = re.compile(r"assets/style\.[0-9a-f]{10}\.css")
# Entries of the service worker's list that change with the style: digest and size of the style and of its page.
LISTED = re.compile(r'"(STYLE|index\.html)":\["[0-9a-f]{64}",\d+\]')
BUILD = re.compile(r'(data-build="|"build":")[0-9a-f]{16}')  # the page and the service worker name the build
PYTHON = ("site/apps", "src/dataselect_core")  # what the page's Python imports from the repository
OWN_WORDS = (
    page_error.PageError,
    views.ViewError,
    bundle.CompileError,
    scripts.ScriptError,
)  # their messages need no traceback


class Live:
    """The state that open pages receive: the current build, and the error in the sources, if there is one."""

    def __init__(self, dist):
        self.dist, self.fault = dist, ""
        self.token, self._rest, self._style = look(dist)
        # Changes since the last good build: Python sources, whether other files have changed, and which of the sources
        # do not compile, because of a mistake or because an editor is still writing.
        self._code, self._more, self._invalid = {}, False, set()
        self._listeners, self._lock = set(), threading.Lock()

    def changed(self, root, paths):
        """Note changed sources; if all of them are Python of the page, send them to it before they are built."""
        code = sources_of_the_page(root, paths)
        self._more = self._more or code is None
        if code is None:
            return
        for name, text in code.items():
            (self._invalid.discard if compiles(text, name) else self._invalid.add)(name)
        self._code |= code
        if not self._more and not self._invalid:
            self._tell({"code": self._code})

    def built(self):
        """Report a complete build to the pages, and whether they only need a new style sheet."""
        before, rest = self.token, self._rest
        self.fault = ""
        self.token, self._rest, self._style = look(self.dist)
        only_style = rest == self._rest and before != self.token
        swapped = bool(self._code) and not self._more and not self._invalid
        self._code, self._more, self._invalid = {}, False, set()
        self._tell({"before": before, "style": self._style if only_style else "", "swapped": swapped})

    def broken(self, text):
        """Report a failed build to the pages, with the error."""
        self.fault = text
        self._tell({})

    def _message(self):
        return {"token": self.token, "fault": self.fault}

    def _tell(self, more):
        with self._lock:
            for listener in self._listeners:
                listener.put(self._message() | more)

    def listen(self):
        """The messages to one page from now on, and None if there was none for a while."""
        messages = queue.Queue()
        with self._lock:
            self._listeners.add(messages)
        try:
            yield self._message()
            while True:
                try:
                    yield messages.get(timeout=HEARTBEAT)
                except queue.Empty:
                    yield None
        finally:
            with self._lock:
                self._listeners.discard(messages)


def look(dist):
    """A hash of a built site, a hash without its style sheet, and the path of the style sheet."""
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
    """Python sources by their path below site-packages; None if a file is of another kind, missing or no text."""
    found = {}
    for path in paths:
        top = next((folder.parent for folder in map(root.joinpath, PYTHON) if folder in path.parents), None)
        if top is None or path.suffix != ".py":
            return None
        try:
            found[path.relative_to(top).as_posix()] = path.read_text("utf-8")
        except (OSError, ValueError):
            return None
    return found


def compiles(text, name):
    """Whether a text is Python."""
    try:
        compile(text, name, "exec")
    except (ValueError, SyntaxError):
        return False
    return True


class Builder:
    """Builds repeatedly, in this process as long as the code that it has imported is unchanged on the disk.

    Parameters
    ----------
    root : Path
        The repository.
    """

    def __init__(self, root):
        self.root = root
        self.compiler = None
        self._old = False  # whether tools have changed since this process imported them

    def warm(self):
        """Start the processes that an edit of the core or a workbench will need."""
        if "PANEL_CDN_ROOT" in os.environ:
            views.warm()
        if self.compiler is None:
            self.compiler = bundle.Compiler(self.root, lock.load())

    def build(self, changed=()):
        """Build; raises the error in a source."""
        edited = [path for path in changed if self.root / "tools" in path.parents or path.name == "build.py"]
        self._old = self._old or bool(edited)
        if self._old:
            program = "from pathlib import Path; from tools import make; make.build(Path.cwd(), 'build.py serve', True)"
            completed = subprocess.run(
                [sys.executable, "-c", program], cwd=self.root, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                text=True, encoding="utf-8", check=False,
            )  # fmt: skip
            if completed.returncode:
                raise views.ViewError(completed.stderr)
        else:
            if self.compiler and self.compiler.ended:
                self.compiler = None
            make.build(self.root, "build.py serve", earlier=True, compiler=self.compiler)

    def close(self):
        """End the compiler that `warm` started."""
        if self.compiler:
            self.compiler.close()


def rebuild_on_change(root, build, live, stop):
    """Call `build` with the changed paths whenever sources have changed, until `stop` is set."""
    seen = serve.state(root)
    while not stop.wait(POLL):
        now = serve.state(root)
        if now == seen:
            continue
        while True:  # until the editor has finished writing
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
    """Build, and report the result to the pages and the terminal."""
    try:
        build(*arguments)
    except Exception as error:
        text = in_words(error)
        print(f"{text}\nThe build failed; the last good site is still served.", file=sys.stderr, flush=True)
        live.broken(text)
    else:
        live.built()


def in_words(error):
    """The error of a failed build, as a maintainer needs it."""
    if isinstance(error, OWN_WORDS):
        return str(error).strip()
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{error.filename or error.name}, line {error.lineno}: {error.message}"
    return "".join(traceback.format_exception(error)).strip()


def run(root, port):
    """Build, serve `root/dist` until Ctrl-C, and rebuild when a source changes."""
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
    with contextlib.suppress(Exception):  # the next build reports the error
        builder.warm()
