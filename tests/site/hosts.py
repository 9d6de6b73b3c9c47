"""Hosts as in practice: a server of the site that sends wrong headers, other pages, partial files, or nothing.

A host has rules, each a pattern of file names and an effect:

    kind       the Content-Type; None sends none
    headers    more headers
    status     another status, with a page of the host
    body       other content
    gzip       True compresses the content and labels it; "label" only labels it
    cut        sends that many bytes of the announced length, then closes the connection
    reset      closes the connection without an answer
    wait       an Event; nothing is sent before it is set
    times      how often the rule applies; afterwards the file is sent unchanged
"""

import contextlib
import fnmatch
import gzip
import threading
import urllib.parse
from pathlib import Path

from tools import serve

SIGN_IN = b"<!DOCTYPE html>\n<title>Welcome to our network</title><p>Please sign in."


class Rules(list):
    """The rules of a host; tests add and remove them while it runs."""

    def __init__(self):
        super().__init__()
        self.requests = []  # names of the requested files, in order
        self.lock = threading.Lock()

    def add(self, pattern, **rule):
        """Add a rule before the earlier ones, and return it so that it can be removed."""
        entry = {"pattern": pattern, **rule}
        self.insert(0, entry)
        return entry

    def rule_for(self, name):
        """The first rule for a file, or an empty one."""
        with self.lock:
            self.requests.append(name)
            for rule in self:
                if fnmatch.fnmatch(name, rule["pattern"]) and rule.get("times", 1) > 0:
                    if "times" in rule:
                        rule["times"] -= 1
                    return rule
        return {}


class Handler(serve.Handler):
    """Like the plain server, but with rules."""

    rules = Rules()
    below = ""  # the folder of the address in which the site is

    def answer(self, body):
        """Send the requested file according to the rules."""
        target = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        if not target.startswith(f"/{self.below}"):
            self.send_error(404)
            return
        path, _ = serve.resolve(self.folder, "/" + urllib.parse.quote(target[1 + len(self.below) :]))
        rule = self.rules.rule_for(path.name if path else Path(target).name)
        if rule.get("reset"):
            self.close_connection = True
            return
        if "wait" in rule:
            rule["wait"].wait(120)
        status = rule.get("status", 200 if path else 404)
        kind = serve.TYPES.get(path.suffix.lower(), serve.OPAQUE) if path else serve.TYPES[".html"]
        content = path.read_bytes() if path and status == 200 else b"<!doctype html><p>An error of the host."
        content = rule.get("body", content)
        headers = {"Content-Type": rule.get("kind", kind), "Cache-Control": self.cache_control}
        headers.update(rule.get("headers", {}))
        if rule.get("gzip"):
            content = gzip.compress(content, 1) if rule["gzip"] is True else content
            headers["Content-Encoding"] = "gzip"
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        if not body:
            return
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(content[: rule.get("cut", len(content))])
        if "cut" in rule:
            self.close_connection = True


@contextlib.contextmanager
def serving(folder, below=""):
    """Serve the site below `/<below>` of a host; yield its address and its rules."""
    rules = Rules()
    members = {"folder": Path(folder), "cache_control": "max-age=600", "rules": rules, "below": below}
    server = serve.Server(("127.0.0.1", 0), type("HostHandler", (Handler,), members))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/{urllib.parse.quote(below)}", rules
    finally:
        for rule in rules:
            if "wait" in rule:
                rule["wait"].set()
        server.shutdown()
        server.server_close()
