"""What every figure of a part comes to on every track, for the guide for instructors: computed from the core.

A part that can be recomputed joins by a function in SITUATIONS. What was computed is kept in .build/expected under a
hash of everything it rests on, the code and the data, so that only a change of those costs the minute again.
"""

import ast
import hashlib
import json
from importlib import import_module
from pathlib import Path

SEEDS = (1, 2, 3)
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


def deduplication(track):
    """Part 1: every corpus of the track at five thresholds, three seeds each.

    Parameters
    ----------
    track : dataselect_core.tracks.Track

    Returns
    -------
    prediction
        What the lock is given; figures that hang on it are named in OF_THE_PREDICTION.
    dict
        Title of a table -> [(heading of a column, [settings, ...])].
    """
    common = {"width": 5, "num_perm": 128, "banding": "auto", "compute": "operations"}
    return 30.0, {
        f"corpus {corpus}": [
            (f"threshold {threshold}",
             [{**common, "corpus": corpus, "threshold": threshold, "seed": seed} for seed in SEEDS])
            for threshold in THRESHOLDS]
        for corpus in track.part_1.limits}


SITUATIONS = {"1": deduplication}  # part -> its situations
OF_THE_PREDICTION = {"reveal.prediction", "reveal.gap"}  # each reader has their own


def ranges(part, track, recompute):
    """The tables of one part on one track.

    Returns
    -------
    list of dict
        `title`, `columns` (headings), `rows`: [path, unit, kind, [[low, high] or None, ...]].
    """
    prediction, tables = SITUATIONS[part](track)
    found = []
    for title, columns in tables.items():
        rows = {}
        spread = _by_seed(columns, lambda settings: recompute(track.id, settings, {}, prediction))
        for i, every in enumerate(spread):
            for path in every[0].keys() - OF_THE_PREDICTION:
                values = [figures[path].value for figures in every if path in figures]
                first = every[0][path]
                row = rows.setdefault(path, [path, first.unit, first.kind, [None] * len(columns)])
                if all(isinstance(value, (int, float)) or hasattr(value, "item") for value in values):
                    row[3][i] = [float(min(values)), float(max(values))]
        found.append({"title": title, "columns": [heading for heading, _ in columns],
                      "rows": [rows[path] for path in sorted(rows)]})
    return found


def _by_seed(columns, figures_of):
    """The figures of every column's settings, computed seed by seed: what rests on a seed alone is then shared."""
    found = [[None] * len(settings) for _, settings in columns]
    for j in range(max(len(settings) for _, settings in columns)):
        for i, (_, settings) in enumerate(columns):
            if j < len(settings):
                found[i][j] = figures_of(settings[j])
    return found


def compute(part):
    """The tables of one part: track -> list of tables."""
    from dataselect_core.tracks import TRACKS
    from dataselect_core.verification import PARTS

    recompute = import_module(f"dataselect_core.figures.{PARTS[part]}").recompute
    return {track.id: ranges(part, track, recompute) for track in TRACKS}


def key(root, data, module):
    """A hash of what a module of the core rests on: itself, what it imports, the facts, the data, this file."""
    core = root / "src" / "dataselect_core"
    seen, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        path = core / f"{name.replace('.', '/')}.py"
        if name in seen or not path.is_file():
            continue
        seen.add(name)
        folder = name.rpartition(".")[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = folder if node.level == 1 else ""
                start = ".".join(filter(None, (base, node.module)))
                waiting += [start, *(".".join(filter(None, (start, alias.name))) for alias in node.names)]
    whole = hashlib.sha256()
    files = [core / f"{name.replace('.', '/')}.py" for name in sorted(seen)]
    for path in [Path(__file__), *files, *sorted((core / "facts").glob("*.json")), *sorted(data.iterdir())]:
        if path.is_file():
            whole.update(path.read_bytes())
    return whole.hexdigest()[:16]


def build(root, data, cache):
    """The tables of every part that can be recomputed: part -> track -> list of tables.

    Parameters
    ----------
    root, data : Path
        The repository; the directory of the data files.
    cache : Path
        Made when missing; holds one file for each part and state of the code.
    """
    from dataselect_core.verification import PARTS

    cache.mkdir(parents=True, exist_ok=True)
    found = {}
    for part in SITUATIONS:
        kept = cache / f"part-{part}.{key(root, data, f'figures.{PARTS[part]}')}.json"
        if not kept.exists():
            fresh = kept.with_suffix(".part")
            fresh.write_text(json.dumps(compute(part)), encoding="utf-8")
            fresh.replace(kept)
        found[part] = json.loads(kept.read_text(encoding="utf-8"))
    return found
