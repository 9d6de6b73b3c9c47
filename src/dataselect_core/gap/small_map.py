"""A small map for a setting that the track's map was not made for, measured while the reader waits."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dataselect_core.gap import gap_map, mix

AXIS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
SEEDS = 3  # how many of the reader's seeds are used, from the first


def measure(
    built: gap_map.GapMap,
    setting: mix.Setting,
    seeds: Sequence[int],
    data: tuple[Any, Any, Any],
    runs: dict[Any, Any],
) -> Iterator[Any]:
    """Measure the map: a generator of (label, share done) that ends with the `GapMap`.

    Parameters
    ----------
    built : gap_map.GapMap
        The track's map; the two experiments saved with it are kept.
    setting : Setting
        The reader's setting; share and randomisation are replaced by the values of the map.
    seeds : sequence of int
        The reader's seeds; the first `SEEDS` are used.
    data : tuple
        X, y and rainfall, as for `mix.samples`.
    runs : dict
        (setting, seed) -> Outcome: the known runs; new runs are added.

    Raises
    ------
    ValueError
        If fewer than two shares leave enough to train on.
    """
    shares = [share for share in AXIS if _possible(setting, share)]
    if len(shares) < 2:
        raise ValueError(
            "a map needs more real samples: with so few, only all-synthetic mixes can be trained"
        )
    measures = {
        name + end: np.empty((len(shares), len(AXIS)))
        for name in mix.MEASURES
        for end in ("", "_low", "_high")
    }
    seeds = tuple(seeds[:SEEDS])
    total, done = len(shares) * len(AXIS) * len(seeds), 0
    for j, randomisation in enumerate(AXIS):  # outer loop, so that simulated samples are reused
        for i, share in enumerate(shares):
            point = replace(setting, share=share, randomisation=randomisation)
            for seed in seeds:
                if (point, seed) not in runs:
                    for step in mix.stepwise(point, *data, seed):
                        if step is not None:
                            runs[point, seed] = step
                        yield f"Measuring your map: run {done + 1} of {total}", done / total
                done += 1
            for name, estimate in mix.summarised([runs[point, seed] for seed in seeds]).items():
                measures[name][i, j] = estimate.mean
                measures[name + "_low"][i, j] = estimate.low
                measures[name + "_high"][i, j] = estimate.high
    yield replace(
        built,
        setting=replace(setting, share=1.0, randomisation=0.0),
        shares=np.array(shares),
        randomisations=np.array(AXIS),
        seeds=seeds,
        measures=measures,
    )


def _possible(setting, share):
    try:
        replace(setting, share=share)
    except ValueError:
        return False
    return True
