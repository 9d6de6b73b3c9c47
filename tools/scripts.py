"""Parse the page's own scripts when the site is built: a typo is reported there, and not seen as an empty page."""

import hashlib

from tools import node

CHECK = """
const { readFileSync } = require("node:fs");
const { Script } = require("node:vm");
for (const path of process.argv.slice(1)) {
  try {
    new Script(readFileSync(path, "utf8"), { filename: path });
  } catch (error) {
    console.log(error.stack.split("\\n    at ")[0].trim());
  }
}
"""


class ScriptError(Exception):
    """A script that no browser can read; the message says where and why."""


def check(root):
    """Parse every script of `site/shell` that has not been parsed since it was last changed.

    Raises
    ------
    ScriptError
        A script cannot be parsed.
    """
    folder = root / ".build" / "parsed"
    marks = {
        path: folder / hashlib.sha256(path.read_bytes()).hexdigest()[:24]
        for path in sorted((root / "site" / "shell").glob("*.js"))
    }
    changed = [path for path, mark in marks.items() if not mark.exists()]
    if not changed:
        return
    errors = node.node("-e", CHECK, "--", *changed, capture_output=True).stdout.strip()
    if errors:
        raise ScriptError(errors.replace(f"{root.as_posix()}/", ""))
    folder.mkdir(parents=True, exist_ok=True)
    for path in changed:
        marks[path].touch()
