"""A static host that a test can change, stop, or make answer with something else."""

import threading
from contextlib import contextmanager
from urllib.parse import quote, unquote, urlsplit

from tools import serve


class Host:
    """Serve one folder at a fixed address, even after a stop.

    Parameters
    ----------
    folder : Path
        The folder to serve; a test may replace it.
    base : str
        The path of the site, such as "/repo/".
    """

    def __init__(self, folder, base="/"):
        self.folder, self.base = folder, base
        self.requests = []  # paths, in order, below the base
        self.replaced = {}  # path -> answer instead of the file: (type, bytes), or None for 404
        self.events = {}  # path -> an event that its answer waits for
        self.port = 0
        self.server = None
        self.start()

    @property
    def address(self):
        """The address of the site, ending in a slash."""
        return f"http://127.0.0.1:{self.port}{self.base}"

    def start(self):
        """Start at the same address as before."""
        host = self

        class Answer(serve.Handler):
            folder = host.folder
            cache_control = "max-age=600"

            def answer(self, body):
                path = unquote(urlsplit(self.path).path)
                if not path.startswith(host.base):
                    self.path = "/nowhere"
                    super().answer(body)
                    return
                path = path[len(host.base) :]
                host.requests.append(path)
                if path in host.events:
                    host.events[path].wait()
                self.folder, self.path = host.folder, "/" + quote(path)
                if path not in host.replaced:
                    super().answer(body)
                    return
                kind, data = host.replaced[path] or ("text/html", b"Not found")
                self.send_response(200 if host.replaced[path] else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = serve.Server(("127.0.0.1", self.port), Answer)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        """Stop; connections are refused."""
        for event in self.events.values():
            event.set()
        if self.server:
            self.server.shutdown()
            self.server.server_close()
        self.server = None


@contextmanager
def hosting(folder, base="/"):
    """A host that runs during a `with` block."""
    host = Host(folder, base)
    try:
        yield host
    finally:
        host.stop()
