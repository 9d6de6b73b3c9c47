"""The things that the pages take from the core's sources: its facts, the table of settings, its version."""

import json
import re
from pathlib import Path

from tools import colours


def load_facts(root, name):
    """A file of src/dataselect_core/facts as a dictionary."""
    path = Path(root) / "src" / "dataselect_core" / "facts" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def tracks_with_kinds(root):
    """The facts of the tracks; each part has the rates of its kind of data, as the core's tracks have them."""
    kinds, tracks = load_facts(root, "kinds"), load_facts(root, "tracks")
    for track in tracks.values():
        for name, part in track.items():
            if name.startswith("part_"):
                track[name] = {**kinds.get(part.get("kind", ""), {}), **part}
    return tracks


def settings_table(root):
    """The tables as the page gets them: parts and tracks by title, settings, limits, colours, rules of a record."""
    tracks = {track_id: track["title"] for track_id, track in load_facts(root, "tracks").items()}
    table = load_facts(root, "colours")
    used = {**colours.drawn(table), **table["report"]}
    return {
        **load_facts(root, "settings"),
        "tracks": tracks,
        "colours": used,
        "record": load_facts(root, "record"),
    }


def version(root):
    """The version of the core, which is the lab's."""
    text = (Path(root) / "src" / "dataselect_core" / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"$', text, flags=re.MULTILINE)[1]


def edition(root, numbers):
    """One sentence that says which parts this edition has."""
    titles = load_facts(root, "settings")["parts"]
    titled = [f"Part {number}, {titles[str(number)]}" for number in numbers]
    if len(numbers) == len(titles):
        return "This edition has all three parts."
    return f"The lab is planned in three parts; this edition has {' and '.join(titled)}."
