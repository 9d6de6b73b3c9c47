"""Find out who handed in a file, from the names that learning platforms give to files and folders."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)(?:_(?P<file>.*))?")
CANVAS = re.compile(r"(?P<name>[^_]+)_(?:LATE_)?(?P<id>\d+)_(?P<turn>\d+)_(?P<file>.+)")
BLACKBOARD = re.compile(r".+_(?P<name>[^_]+)_attempt_(?P<turn>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)")
GRADESCOPE = re.compile(r"submission_(?P<id>\d+)")
SUBMITTERS = re.compile(r"^\s*:?submission_(\d+):.*?:?name: *([^\n]+)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Submitter:
    """Who handed something in.

    Attributes
    ----------
    name : str
        As the platform writes it, or the name of a folder.
    key : str
        The same for two files of one student; two students with one name have two keys if the platform numbers them.
    platform : str
        Empty if the name is only the name of a folder.
    turn : str
        The greater, the later it was handed in; comparable within one platform.
    """

    name: str
    key: str
    platform: str = ""
    turn: str = ""


def submitter(parts: Sequence[str], names: Mapping[str, str] | None = None) -> Submitter | None:
    """Who handed in the file with this path, by a platform's pattern; None if no pattern matches.

    Parameters
    ----------
    parts : sequence of str
        Folders, archives and the file.
    names : dict, optional
        For Gradescope: number of a submission -> name, as `submitters` returns it.
    """
    if "__MACOSX" in parts:
        return None
    for part in parts:
        match = MOODLE.fullmatch(part)
        if match:
            return _submitter(match["name"], match["id"], "Moodle")
        match = GRADESCOPE.fullmatch(part)
        if match:
            name = (names or {}).get(match["id"], f"submission {match['id']}")
            return _submitter(name, match["id"], "Gradescope", match["id"].zfill(20))
    for index, part in enumerate(parts[:-2]):
        if part == "submitted":
            return _submitter(parts[index + 1], parts[index + 1], "nbgrader")
    for part in parts:
        match = CANVAS.fullmatch(part)
        if match:
            return _submitter(match["name"], match["id"], "Canvas", match["turn"].zfill(20))
        match = BLACKBOARD.fullmatch(part)
        if match:
            return _submitter(match["name"], match["name"], "Blackboard", match["turn"])
    return None


def _submitter(name, key, platform, turn=""):
    name = unicodedata.normalize("NFC", name)
    return Submitter(name, f"{platform} {unicodedata.normalize('NFC', key)}", platform, turn)


def submitters(text: str) -> dict[str, str]:
    """Number of a submission -> name, from Gradescope's `submission_metadata.yml`."""
    return {number: name.strip().strip("'\"") for number, name in SUBMITTERS.findall(text)}
