"""Serve a folder on 127.0.0.1 as a static host would; for a developer, with a script that reloads the page."""

import contextlib
import errno
import gzip
import http.server
import json
import os
import sys
import threading
import urllib.parse
from functools import lru_cache
from pathlib import Path

from tools import service_worker

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".webmanifest": "application/manifest+json; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}
OPAQUE = "application/octet-stream"  # .whl, .zip, .gz, .bin and everything that is not named above
# The types that GitHub Pages compresses: text and WebAssembly, not opaque types.
COMPRESSED = (
    "text/",
    "application/json",
    "application/manifest",
    "application/xml",
    "application/wasm",
    "image/svg",
)
WATCHED = ("build.py", "pyproject.toml", "derived", "site", "src/dataselect_core", "tools")
EVENTS, SCRIPT = "/@lab/events", "/@lab/live.js"  # of the development server only
INJECTED = f'\n<script src="{SCRIPT}"></script>\n'.encode()
LIVE = Path(__file__).with_name("live.js")


class Handler(http.server.BaseHTTPRequestHandler):
    """GET and HEAD of files below one folder."""

    protocol_version = "HTTP/1.1"
    server_version = "lab"
    folder = Path()
    cache_control = "no-store"
    service_worker = True  # whether the site is served with its service worker
    quiet = True
    live = None

    def do_GET(self):
        """Answer with a file."""
        self.answer(body=True)

    def do_HEAD(self):
        """Answer with a file's headers."""
        self.answer(body=False)

    def answer(self, body):
        """Send the file that the path names, or 404."""
        if self.live and urllib.parse.urlsplit(self.path).path == EVENTS:
            self.tell(self.live.listen() if body else ())
            return
        path, redirect = resolve(self.folder, self.path)
        if redirect:
            self.send_response(301)
            self.send_header("Location", redirect)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        status, kind, data = self.found(path)
        packed = kind.startswith(COMPRESSED) and accepts_gzip(self.headers.get("Accept-Encoding", ""))
        if packed:
            data = _gzip(data)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", self.cache_control)
        self.send_header("Vary", "Accept-Encoding")
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if body:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the reader has left the page
                self.wfile.write(data)

    def found(self, path):
        """Status, type and bytes of an answer."""
        if self.live and urllib.parse.urlsplit(self.path).path == SCRIPT:
            return 200, TYPES[".js"], LIVE.read_bytes()
        try:
            data = path.read_bytes() if path else None
        except FileNotFoundError:  # a build has just removed it
            data = None
        if data is None:
            return 404, TYPES[".html"], b"<!doctype html><title>Not found</title><p>Not found: 404."
        if not self.service_worker:
            data = without_worker(path, data)
        kind = TYPES.get(path.suffix.lower(), OPAQUE)
        return 200, kind, data + INJECTED if self.live and kind == TYPES[".html"] else data

    def tell(self, messages):
        """Send messages as they come, for as long as somebody listens."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        with contextlib.suppress(OSError):
            for message in messages:
                line = ": still here" if message is None else f"data: {json.dumps(message)}"
                self.wfile.write(f"{line}\n\n".encode())

    def log_message(self, form, *values):
        """Log the request, unless `quiet` is set."""
        if not self.quiet:
            super().log_message(form, *values)


def resolve(folder, target):
    """The file that a request target names: `(path or None, redirect or None)`; nothing outside `folder`."""
    url = urllib.parse.urlsplit(target)
    parts = [part for part in urllib.parse.unquote(url.path).split("/") if part not in ("", ".")]
    if any(part == ".." or "\\" in part or "\0" in part or ":" in part for part in parts):
        return None, None
    path = folder.joinpath(*parts)
    if not path.resolve().is_relative_to(folder.resolve()):
        return None, None
    if path.is_dir():
        if not url.path.endswith("/"):
            query = f"?{url.query}" if url.query else ""
            return None, "/" + urllib.parse.quote("/".join(parts)) + "/" + query
        path = path / "index.html"
    return (path if path.is_file() else None), None


def without_worker(path, data):
    """A file as in a site without a service worker: a developer who changes sources does not want cached pages."""
    if path.name == service_worker.INDEX:
        return service_worker.PLACE.sub(r"\g<1>\g<2>", data.decode()).encode()
    return service_worker.without() if path.name == service_worker.WORKER else data


def accepts_gzip(header):
    """Whether an Accept-Encoding header admits gzip."""
    for item in header.lower().split(","):
        name, _, parameters = item.partition(";")
        if name.strip() in ("gzip", "*"):
            return parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


@lru_cache(maxsize=64)
def _gzip(data):
    return gzip.compress(data, 6, mtime=0)


@contextlib.contextmanager
def serving(directory, port=0, cache_control="max-age=600"):
    """Serve `directory` during a `with` block, and yield the address, which ends in a slash.

    The headers are like those of GitHub Pages, unless `cache_control` is different; port 0 takes a free one.
    """
    server = start(directory, port, cache_control)
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def start(directory, port=0, cache_control="max-age=600", quiet=True, live=None, worker=True):
    """Start a server of `directory` in a thread; raises `OSError` if the port is taken.

    With `live`, a `live.Live`, every page gets the script that reloads it. With `worker`, the site is served with its
    service worker.
    """
    members = {
        "folder": Path(directory),
        "cache_control": cache_control,
        "quiet": quiet,
        "live": live,
        "service_worker": worker,
    }
    server = Server(("127.0.0.1", port), type("FolderHandler", (Handler,), members))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


class Server(http.server.ThreadingHTTPServer):
    """A server whose threads end with the program, and which does not share a port with another program."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"

    def handle_error(self, request, client_address):
        """Ignore a browser that disconnects in the middle of an answer, which is not an error of the server."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def state(root):
    """The current state of the sources: path -> time of the last change."""
    times = {}
    for name in WATCHED:
        top = root / name
        for path in [top, *top.rglob("*")] if top.is_dir() else [top]:
            with contextlib.suppress(FileNotFoundError):  # renamed in the meantime
                if "__pycache__" not in path.parts and path.is_file():
                    times[path] = path.stat().st_mtime_ns
    return times


def require_port(port):
    """Exit with a message if the port is not available; called before a long build, not after it."""
    try:
        Server(("127.0.0.1", port), Handler).server_close()
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        sys.exit(
            f"Port {port} is taken by another program."
            f" Choose another: python build.py serve --port {port + 1}"
        )
