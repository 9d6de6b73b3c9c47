"""Join the page's scripts: many readable sources become a few files, so fewer files can fail to arrive.

A joined script is named after the thing that a page lacks without it. Each source in it is a separate piece: an error
that one throws while it is read does not stop the others. `site/shell/first.js` loads the joined scripts and watches
them; it ships unchanged.
"""

import json
from pathlib import Path

FIRST = "first"
# Without these pieces, Python does not start, but everything else works; all other pieces show and save.
PYTHON = ("snapshot", "shelf", "worker", "boot", "documents", "part2", "part3", "touch", "own")


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
        The folder of the sources, which are named NAME.js.
    name : str
        The name with which the script reports that it has arrived.
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
    """Ship a joined script; return its relative URL."""
    return assets.add(f"{name}.js", join(folder, name, sources).encode())
