"""The lock: which files ship to readers, from where, under which licence; and how it is changed on purpose."""

import json
import zipfile
from pathlib import Path

from tools import fetch

PATH = Path(__file__).with_name("lock.json")


def load(path=PATH):
    """The lock as a dictionary: `{"files": {name: {version, license, file, sha256, size, sources}}}`."""
    return json.loads(Path(path).read_text("utf-8"))


def save(lock, path=PATH):
    """Write the lock as people read it."""
    Path(path).write_text(json.dumps(lock, indent=1, ensure_ascii=False) + "\n", "utf-8")
