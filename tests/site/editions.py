"""Editions of the built site, as a deployment would bring them: another text, and a new stylesheet under a new name."""

import hashlib
import shutil

from tools import service_worker

TITLE = "<h1>Signal-to-noise engineering</h1>"
COLOUR = "rgb(1, 2, 3)"  # of the title in the other edition


def copied(dist, folder):
    """A copy of the site without the files for use without a server."""
    return shutil.copytree(dist, folder, ignore=shutil.ignore_patterns("offline"))


def another(dist, folder, title="Another edition"):
    """An edition with another title in another colour, and a new list of files."""
    copied(dist, folder)
    (old_style,) = (folder / "assets").glob("style.*.css")
    sheet = old_style.read_bytes() + f"\nh1 {{ color: {COLOUR}; }}\n".encode()
    new_style = old_style.with_name(f"style.{hashlib.sha256(sheet).hexdigest()[:10]}.css")
    new_style.write_bytes(sheet)
    old_style.unlink()
    index = folder / "index.html"
    page = index.read_text("utf-8")
    assert page.count(TITLE) == 1
    index.write_text(
        page.replace(old_style.name, new_style.name).replace(TITLE, f"<h1>{title}</h1>"), "utf-8"
    )
    service_worker.build(folder)
    return folder


def switched_off(dist, folder):
    """The edition without a service worker."""
    copied(dist, folder)
    service_worker.build(folder, enabled=False)
    return folder
