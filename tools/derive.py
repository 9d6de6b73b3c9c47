"""Derived data: results that take minutes to compute, kept in the repository under a key of their inputs.

    derived/sweep/PROBLEM.json      Part 2's labelling problems, every setting tried out   tools/optimum.py
    derived/map/TRACK.json          Part 3's maps                                          tools/gap_maps.py
    derived/exhibit/NAME.json       exhibits of the pages, the same for everyone           tools/exhibits.py
    derived/expected/PART.json      the expected ranges of the guide for instructors       tools/expected.py

Each file has a `key` (of the code that can be reached, its arguments, the facts and data files that it names; see
`tools.meaning`), a record of what it was `made_with` (not part of the key), and its `value`. A file is used if its key
fits. Otherwise the value is computed and kept in `.build/derived` until `python build.py derive` puts it in its place;
`derive --check` recomputes everything and compares.
"""

import functools
import gzip
import hashlib
import json
import math
import platform
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tools import apart, exhibits, expected, gap_maps, meaning, optimum
from tools.progress import Progress

FOLDER = "derived"
TOGETHER = 2  # computed at the same time, each in a separate Python
TOLERANCE = 1e-9  # relative, between platforms; on the same platform, every byte is the same
VOLATILE = (
    "recipe_sha256",
    "sha256",
    "bytes",
)  # of provenance.json: about the packing of a file, not about its content
LINE = 100  # characters, up to which a list or table is written on one line
PACKED = {"sweep": "sweep.json.gz", "map": "maps.json.gz"}  # the data files that the page loads


@dataclass(frozen=True)
class Job:
    """One file of derived data: its kind and name, and the call that computes it."""

    kind: str
    name: str
    entry: str
    arguments: tuple = field(compare=False)

    @property
    def place(self):
        """Its path below the folder."""
        return Path(self.kind) / f"{self.name}.json"


def jobs(root):
    """All jobs, in two stages: the second may read the results of the first."""
    sweeps = [Job("sweep", name, "tools.optimum:compute", (name,)) for name in optimum.PROBLEMS]
    settings = gap_maps.settings(root).items()
    maps = [Job("map", track, "tools.gap_maps:compute", (fixed,)) for track, fixed in settings]
    tables = [
        Job("expected", part, f"tools.expected:{function.__name__}", ())
        for part, function in expected.PARTS.items()
    ]
    exhibit_jobs = {name: Job("exhibit", name, f"tools.exhibits:{name}", ()) for name in exhibits.EXHIBITS}
    later = [exhibit_jobs.pop(name) for name in exhibits.LATER]
    return sweeps + maps + list(exhibit_jobs.values()), tables + later


def key(root, data, job, sources=None):
    """A hash of the inputs of one result.

    Parameters
    ----------
    root, data : Path
        The repository; the directory of the data files.
    job : Job
    sources : meaning.Sources, optional
        Parsed modules, for several keys of the same state of the code.
    """
    walk = meaning.Walk(sources or meaning.Sources(root / "src", root))
    walk.visit(job.entry)
    arguments = json.dumps(job.arguments, sort_keys=True).encode()
    inputs = [(name, path) for name, path in readable(root, data).items() if name in walk.strings]
    contents = (f"{name}\n".encode() + content(path, walk.strings) for name, path in sorted(inputs))
    return walk.key(arguments, *contents)


def readable(root, data):
    """The files that the core can read, by the string that names them in its code."""
    facts = {path.stem: path for path in (root / "src" / "dataselect_core").rglob("*.json")}
    return facts | {path.name: path for path in data.iterdir() if path.is_file()}


def content(path, names=None):
    """The content of a file, independent of its packing and layout; of provenance.json, the records of these names."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix != ".json":
        return path.read_bytes()
    try:
        value = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name} is not JSON: {error}") from None
    if path.name == "provenance.json":
        value = {name: record for name, record in value.items() if names is None or name in names}
        for record in value.values():
            for name in VOLATILE:
                record.pop(name, None)
    return json.dumps(value, sort_keys=True).encode()


def build(root, data, earlier=False):
    """All derived data, computed if not kept; this also writes the data files sweep.json.gz and maps.json.gz.

    Parameters
    ----------
    root, data : Path
        The repository; the directory of the data files, which already has those of `tools.data`.
    earlier : bool
        Use an earlier result if there is one, instead of computing for minutes.

    Returns
    -------
    dict
        kind -> name -> value.
    bool
        Whether all of it fits the code.
    """
    values, fresh = {"sweep": {}, "map": {}, "exhibit": {}, "expected": {}}, True
    for stage in jobs(root):
        states, stale = settle(root, data, stage, earlier)
        fresh = fresh and not stale
        for job, state in states.items():
            values[job.kind][job.name] = state["value"]
        for kind, name in PACKED.items():
            pack(data / name, values[kind])
    return values, fresh


def settle(root, data, stage, earlier=False):
    """The file of each job, computed if none has the right key.

    Returns job -> contents, and the jobs for which an earlier file was used.
    """
    keys = _keys(root, data, stage)
    settled, missing, stale = {}, [], []
    for job in stage:
        saved = [read(folder / job.place) for folder in (root / FOLDER, root / ".build" / FOLDER)]
        matching = [state for state in saved if state and state["key"] == keys[job]]
        earlier_states = [state for state in reversed(saved) if state]
        if matching:
            settled[job] = matching[0]
        elif earlier and earlier_states:
            settled[job] = earlier_states[0]
            stale.append(job)
        else:
            missing.append(job)
    if stale:
        print(f"  {names(stale)}: older than the code; `python build.py derive` recomputes them", flush=True)
    for job, value in compute(root, data, missing).items():
        state = {"key": keys[job], "made_with": made_with(), "value": value}
        apart.write(root / ".build" / FOLDER / job.place, layout(state).encode())
        settled[job] = state
    if missing:
        print(f"  {names(missing)}: computed, and kept in .build/{FOLDER}", flush=True)
    return {job: settled[job] for job in stage}, stale


def compute(root, data, pending):
    """Compute some jobs, a few at a time: job -> value."""
    if not pending:
        return {}
    print(f"  computing {names(pending)}", flush=True)
    with Progress("derived data", len(pending)) as progress, ThreadPoolExecutor(TOGETHER) as pool:

        def run(job):
            shares = []

            def step(share):
                shares.append(share)
                progress.step(share)

            value = apart.compute(root, data, job.entry, job.arguments, step)
            progress.step(max(0.0, 1 - sum(shares)))
            return value

        return dict(zip(pending, pool.map(run, pending), strict=True))


def keep(root, data):
    """Put the results that fit into the repository; return the paths that changed.

    If a result differs from the one in the repository only as much as platforms differ, only its key is replaced.
    """
    changed = []
    expected_files = set()
    for stage in jobs(root):
        for job, state in settle(root, data, stage)[0].items():
            target = root / FOLDER / job.place
            expected_files.add(target)
            previous = read(target)
            if previous and not differences(previous["value"], state["value"]):
                state = {**previous, "key": state["key"]}
            text = layout(state).encode()
            if not target.exists() or target.read_bytes() != text:
                apart.write(target, text)
                changed.append(target)
        for kind, name in PACKED.items():
            values = {job.name: read(root / FOLDER / job.place)["value"] for job in stage if job.kind == kind}
            if values:
                pack(data / name, values)
    for path in set((root / FOLDER).rglob("*.json")) - expected_files:
        path.unlink()
        changed.append(path)
    return sorted(changed)


def check(root, data):
    """Recompute everything and compare with the repository: a list of sentences, empty if everything agrees."""
    faults = []
    for stage in jobs(root):
        keys, values = _keys(root, data, stage), compute(root, data, stage)
        for job in stage:
            kept = read(root / FOLDER / job.place)
            faults += compare(job, kept, keys[job], values[job])
    return faults


def compare(job, kept, key, value):
    """The faults of a kept result, in sentences; none if it equals the value that was computed now."""
    path = f"{FOLDER}/{job.place.as_posix()}"
    if kept is None:
        return [f"{path} is missing."]
    faults = [] if kept["key"] == key else [f"{path} was made from other sources."]
    if kept["made_with"] == made_with():
        is_same = json.dumps(kept["value"]) == json.dumps(value)
        return faults + ([] if is_same else [f"{path}: the bytes differ on the same platform."])
    deviations = differences(kept["value"], value)
    return faults + ([f"{path}: {deviations[0]} ({len(deviations)} in all)."] if deviations else [])


def differences(first, second, path="value"):
    """The places where two values differ by more than platforms do: a list of sentences."""
    if isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys():
        return [line for name in first for line in differences(first[name], second[name], f"{path}.{name}")]
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        pairs = enumerate(zip(first, second, strict=True))
        return [line for i, (a, b) in pairs for line in differences(a, b, f"{path}.{i}")]
    numbers = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (first, second))
    if numbers and math.isclose(first, second, rel_tol=TOLERANCE, abs_tol=1e-12):
        return []
    return [] if type(first) is type(second) and first == second else [f"{path} is {second!r}, not {first!r}"]


def made_with():
    """The versions and the platform that compute here, for the record."""
    import numpy

    return {
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "platform": f"{sys.platform} {platform.machine()}",
    }


def read(path):
    """A kept file, or None if there is none that can be read."""
    try:
        state = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return state if isinstance(state, dict) and {"key", "made_with", "value"} <= state.keys() else None


def pack(path, values):
    """Write a file that the page loads, unless it is there already."""
    packed = compressed(json.dumps(values, separators=(",", ":")).encode("ascii"))
    if values and (not path.exists() or path.read_bytes() != packed):
        apart.write(path, packed)


@functools.lru_cache(maxsize=8)  # a development server packs the same values again and again
def compressed(data):
    """Bytes as gzip, always with the same result."""
    return gzip.compress(data, 9, mtime=0)


def layout(value):
    """JSON that version control can compare: one line for everything that is short or has only numbers."""
    return _lines(value, "") + "\n"


def _lines(value, indent):
    short = json.dumps(value, ensure_ascii=False)
    flat = isinstance(value, list) and not any(isinstance(item, (list, dict)) for item in value)
    if not isinstance(value, (dict, list)) or len(short) <= LINE or flat:
        return short
    deeper = indent + " "
    if isinstance(value, dict):
        rows = [f"{json.dumps(name)}: {_lines(item, deeper)}" for name, item in value.items()]
        return "{\n" + ",\n".join(deeper + row for row in rows) + f"\n{indent}}}"
    return "[\n" + ",\n".join(deeper + _lines(item, deeper) for item in value) + f"\n{indent}]"


def names(stage):
    """Some jobs in words."""
    return ", ".join(f"{job.kind} {job.name}" for job in stage)


def _keys(root, data, stage):
    """The key of each job; cached until a file changes that could change a key."""
    digest = hashlib.sha256()
    folders = (root / "src" / "dataselect_core", root / "tools", data)
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        if "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(root) if root in path.parents else path.name} ".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    cache = root / ".build" / FOLDER / "keys" / f"{digest.hexdigest()[:24]}.json"
    keys = json.loads(cache.read_text("utf-8")) if cache.exists() else {}
    if not all(job.place.as_posix() in keys for job in stage):
        sources = meaning.Sources(root / "src", root)
        keys |= {job.place.as_posix(): key(root, data, job, sources) for job in stage}
        for stale in cache.parent.glob("*.json"):
            if stale != cache:
                stale.unlink()
        apart.write(cache, json.dumps(keys).encode())
    return {job: keys[job.place.as_posix()] for job in stage}
