"""The computation of the maps of Part 3, one per track, with which the page shows every mix at once.

`tools.derive` calls it and keeps the result.
"""

import json

FIXED = ("total", "real", "critical", "label_noise")
"""The facts of a track that its map is made for."""


def settings(root):
    """The values that are fixed in the map of each track: track -> name -> number."""
    text = (root / "src" / "dataselect_core" / "facts" / "tracks.json").read_text("utf-8")
    try:
        facts = json.loads(text)
    except ValueError as error:
        raise ValueError(f"tracks.json is not JSON: {error}") from None
    return {track: {name: entry["part_3"][name]["value"] for name in FIXED} for track, entry in facts.items()}


def compute(setting, progress=None):
    """The map of one track, as `gap_map.measure` makes it.

    Parameters
    ----------
    setting : dict
        As from `settings`.
    progress : callable, optional
        Not called: the progress of a map is unknown until it is complete.
    """
    from dataselect_core import datasets
    from dataselect_core.gap import gap_map
    from dataselect_core.gap.mix import Setting

    X, y = datasets.digits()
    fixed = Setting(share=0.0, randomisation=0.0, **setting)
    return gap_map.measure(fixed, X, y, datasets.rainfall_mm())


def figures():
    """The figures of the maps that the page shows without Python: track -> name -> number."""
    from dataselect_core import datasets
    from dataselect_core.gap import gap_map, mix, statistics
    from dataselect_core.tracks import TRACKS

    text, values = datasets.gap_maps(), {}
    for track in TRACKS:
        track_map, limits = gap_map.read(text, track.id), track.part_3.limits
        change = gap_map.moved(track_map.move)
        before, after = (statistics.interval(recall).mean for recall in track_map.move["recall"])
        inside = track_map.feasible(mix.Limits(limits.accuracy.value, limits.fid.value, limits.recall.value))
        best = max(
            (
                (track_map.measures["accuracy"][i, j], track_map.shares[i])
                for i, j in zip(*inside.nonzero(), strict=True)
            ),
            default=(0.0, 0.0),
        )
        values[track.id] = {
            "before": before,
            "after": after,
            "change": 100 * change.mean,
            "low": 100 * change.low,
            "high": 100 * change.high,
            "cells": int(inside.sum()),
            "best": float(best[0]),
            "share": float(best[1]),
        }
    return values
