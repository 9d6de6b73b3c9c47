"""The service worker of a built site: the list of the files that it keeps, with the SHA-256 of each, above its code.

The name of a version is a hash of the list. index.html has that name too, so that a page can find out its version; the
hash is made from index.html without the name.
"""

import hashlib
import json
import re
from pathlib import Path

SHELL = Path(__file__).resolve().parent.parent / "site" / "shell"
PLACE = re.compile(r'(<html\b[^>]* data-build=")[^"]*(")')
INDEX, WORKER = "index.html", "sw.js"
# Files for all parts, the record, the reader's own corpus and the report. The guides come from the network.
KEPT = ("assets/*", "panel/**/*")
LEFT = re.compile(r"^assets/guide[.-]")


def listed(out):
    """The files that the worker keeps: path relative to the site -> [SHA-256, size in bytes]; index.html last."""
    paths = {path for pattern in KEPT for path in out.glob(pattern) if path.is_file()}
    names = sorted(path.relative_to(out).as_posix() for path in paths)
    files = {}
    for name in [name for name in names if not LEFT.match(name)] + [INDEX]:
        data = (out / name).read_bytes()
        files[name] = [hashlib.sha256(data).hexdigest(), len(data)]
    return files


def stamped(page, build):
    """The text of index.html with the name of its version; "" removes it."""
    text, count = PLACE.subn(rf"\g<1>{build}\g<2>", page)
    if count != 1:
        raise ValueError(f"{INDEX} has {count} places for the name of its version, not one")
    return text


def without():
    """The worker that removes an earlier worker of the reader, and itself."""
    return (SHELL / "sw-off.js").read_bytes()


def build(out, enabled=True):
    """Write sw.js into a finished site and the version's name into its index.html; again, after a change of either.

    Parameters
    ----------
    out : Path
        The built site.
    enabled : bool
        Whether the site has a service worker; otherwise sw.js removes the one a reader may have.

    Returns
    -------
    str
        The name of the version; "" without a service worker.
    """
    index = out / INDEX
    page = stamped(index.read_text("utf-8"), "")
    index.write_bytes(page.encode())
    if not enabled:
        (out / WORKER).write_bytes(without())
        return ""
    name = hashlib.sha256(json.dumps(listed(out)).encode()).hexdigest()[:16]
    index.write_bytes(stamped(page, name).encode())
    listing = json.dumps({"build": name, "files": listed(out)}, separators=(",", ":"))
    code = (SHELL / WORKER).read_text("utf-8")
    (out / WORKER).write_bytes(f"const LIST = {listing};\n{code}".encode())
    return name
