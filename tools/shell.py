"""Join the page's scripts: few files that can fail to arrive, made of many sources that can be read.

A joined script is named after what a page lacks without it. Each source in it is a piece of its own: what one throws
while it is read stops no other. `site/shell/first.js` loads the joined scripts and watches them; it ships as it is.
"""

import json
from pathlib import Path

FIRST = "first"
# The pieces without which Python does not start, but everything else works; all others show and save.
PYTHON = ("snapshot", "shelf", "worker", "boot", "documents", "part2", "part3", "own")


def groups(names):
    """The joined scripts of the lab's page, in the order in which they run: name -> names of the sources."""
    return {
        "page": [name for name in names if name not in PYTHON],
        "python": [name for name in names if name in PYTHON],
    }


def join(folder, name, sources):
    """One joined script as text.

    Parameters
    ----------
    folder : path
        Where the sources are, as NAME.js.
    name : str
        The name by which the script says that it has arrived.
    sources : sequence of str
        Names of the sources, in order.
    """
    pieces = [
        f"labFirst.piece({json.dumps(source)}, function () {{\n"
        f"{(Path(folder) / f'{source}.js').read_text(encoding='utf-8')}}});\n"
        for source in sources
    ]
    return "".join(pieces) + f"labFirst.arrived({json.dumps(name)});\n"


def add(assets, folder, name, sources):
    """Ship a joined script; returns its relative URL."""
    return assets.add(f"{name}.js", join(folder, name, sources).encode())
