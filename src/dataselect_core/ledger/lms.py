"""Find out who handed in a file, from the names that learning platforms give to files and folders."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MOODLE = re.compile(r"(?P<who>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)(?:_(?P<file>.*))?")
CANVAS = re.compile(r"(?P<who>[^_]+)_(?:LATE_)?(?P<id>\d+)_(?P<turn>\d+)_(?P<file>.+)")
BLACKBOARD = re.compile(r".+_(?P<who>[^_]+)_attempt_(?P<turn>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)")
GRADESCOPE = re.compile(r"submission_(?P<id>\d+)")
SUBMITTERS = re.compile(r"^\s*:?submission_(\d+):.*?:?name: *([^\n]+)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Giver:
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


def giver(parts: Sequence[str], names: Mapping[str, str] | None = None) -> Giver | None:
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
        found = MOODLE.fullmatch(part)
        if found:
            return _made(found["who"], found["id"], "Moodle")
        found = GRADESCOPE.fullmatch(part)
        if found:
            who = (names or {}).get(found["id"], f"submission {found['id']}")
            return _made(who, found["id"], "Gradescope", found["id"].zfill(20))
    for at, part in enumerate(parts[:-2]):
        if part == "submitted":
            return _made(parts[at + 1], parts[at + 1], "nbgrader")
    for part in parts:
        found = CANVAS.fullmatch(part)
        if found:
            return _made(found["who"], found["id"], "Canvas", found["turn"].zfill(20))
        found = BLACKBOARD.fullmatch(part)
        if found:
            return _made(found["who"], found["who"], "Blackboard", found["turn"])
    return None


def _made(who, key, platform, turn=""):
    who = unicodedata.normalize("NFC", who)
    return Giver(who, f"{platform} {unicodedata.normalize('NFC', key)}", platform, turn)


def submitters(text: str) -> dict[str, str]:
    """Number of a submission -> name, from Gradescope's `submission_metadata.yml`."""
    return {number: name.strip().strip("'\"") for number, name in SUBMITTERS.findall(text)}
