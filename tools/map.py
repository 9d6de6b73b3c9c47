"""Compute the maps of Part 3, one a track, so that the page shows every mix at once.

`build` writes maps.json.gz, the same bytes every time. What was computed is kept in .build/map under a hash of
everything it depends on, the code, the data and the track's setting, so that only a change of those costs the
minutes again. Run as a module, it computes one track and prints it: python -m tools.map tiny
"""

import gzip
import hashlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import apart

CODE = ("arguments", "frechet", "gap_map", "mixing", "noise", "simulator", "softmax", "weather")
FACTS = ("mixing", "simulator", "strokes", "weather")
DATA = ("digits.u8.gz", "rainfall.csv.gz")
FIXED = ("total", "real", "critical", "label_noise")
"""The facts of a track that its map is made for."""
TOGETHER = 2
"""Maps computed at a time, each by a Python of its own."""


def setting(root, track):
    """What the map of a track holds fixed: name -> number."""
    facts = json.loads((root / "src" / "dataselect_core" / "facts" / "tracks.json").read_text("utf-8"))
    return {name: facts[track]["part_3"][name]["value"] for name in FIXED}


def tracks(root):
    """The tracks, in order."""
    return list(json.loads((root / "src" / "dataselect_core" / "facts" / "tracks.json").read_text("utf-8")))


def key(root, data, track):
    """A hash of what the map of one track depends on."""
    core = root / "src" / "dataselect_core"
    whole = hashlib.sha256(json.dumps(setting(root, track), sort_keys=True).encode())
    for module in CODE:
        whole.update((core / f"{module}.py").read_bytes())
    for name in FACTS:
        whole.update((core / "facts" / f"{name}.json").read_bytes())
    for name in DATA:
        whole.update(gzip.decompress((data / name).read_bytes()))
    return whole.hexdigest()[:16]


def build(root, data, cache):
    """Write the maps of all tracks into one file in the directory of the data files.

    Parameters
    ----------
    root : Path
        The repository.
    data : Path
        Directory of the data files, where digits and rainfall already are.
    cache : Path
        Made when missing; holds one file for each track and state of the code.

    Returns
    -------
    Path
        maps.json.gz
    """
    cache.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(TOGETHER) as pool:
        found = dict(
            zip(
                tracks(root),
                pool.map(lambda track: kept(root, data, cache, track), tracks(root)),
                strict=True,
            )
        )
    packed = gzip.compress(json.dumps(found, separators=(",", ":")).encode("ascii"), 9, mtime=0)
    target = data / "maps.json.gz"
    if not target.exists() or target.read_bytes() != packed:
        apart.write(target, packed)
    return target


def kept(root, data, cache, track):
    """The map of one track as a dictionary, computed if it is not kept."""
    path = cache / f"{track}.{key(root, data, track)}.json"
    if not path.exists():
        apart.write(path, apart.output(root, data, "map", track).encode("ascii"))
    return json.loads(path.read_text("ascii"))


def figures():
    """What the page says of the maps where Python does not run: track -> name -> number."""
    from dataselect_core import datasets
    from dataselect_core.gap import gap_map, mix, statistics
    from dataselect_core.tracks import TRACKS

    text, found = datasets.gap_maps(), {}
    for track in TRACKS:
        made, limits = gap_map.read(text, track.id), track.part_3.limits
        change = gap_map.moved(made.move)
        before, after = (statistics.interval(recall).mean for recall in made.move["recall"])
        inside = made.feasible(mix.Limits(limits.accuracy.value, limits.fid.value, limits.recall.value))
        best = max(
            (
                (made.measures["accuracy"][i, j], made.shares[i])
                for i, j in zip(*inside.nonzero(), strict=True)
            ),
            default=(0.0, 0.0),
        )
        found[track.id] = {
            "before": before,
            "after": after,
            "change": 100 * change.mean,
            "low": 100 * change.low,
            "high": 100 * change.high,
            "cells": int(inside.sum()),
            "best": float(best[0]),
            "share": float(best[1]),
        }
    return found


def main(track):
    """Compute the map of one track and print it."""
    from dataselect_core import datasets
    from dataselect_core.gap import gap_map
    from dataselect_core.gap.mix import Setting

    root = Path(__file__).resolve().parents[1]
    X, y = datasets.digits()
    fixed = Setting(share=0.0, randomisation=0.0, **setting(root, track))
    print(json.dumps(gap_map.measure(fixed, X, y, datasets.rainfall_mm()), separators=(",", ":")))


if __name__ == "__main__":
    main(sys.argv[1])
