"""A small map for a setting that the track's was not made for, measured while the reader waits."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dataselect_core.gap import gap_map, mix

AXIS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
SEEDS = 3  # of the reader's, the first ones


def measure(
    built: gap_map.GapMap,
    setting: mix.Setting,
    seeds: Sequence[int],
    data: tuple[Any, Any, Any],
    runs: dict[Any, Any],
) -> Iterator[Any]:
    """A generator of (label, share done), and last the `GapMap`.

    Parameters
    ----------
    built : gap_map.GapMap
        The track's map; its experiments beside the map are kept.
    setting : mixing.Setting
        The reader's; share and randomisation are those of the map.
    seeds : sequence of int
        The reader's; the first `SEEDS` are used.
    data : tuple
        X, y and rainfall, as `mix.samples` takes them.
    runs : dict
        (setting, seed) -> Outcome: what is known already, and where new runs are kept.

    Raises
    ------
    ValueError
        Where fewer than two shares leave enough to train on.
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
    for j, randomisation in enumerate(AXIS):  # outside, so that simulated samples are used again
        for i, share in enumerate(shares):
            here = replace(setting, share=share, randomisation=randomisation)
            for seed in seeds:
                if (here, seed) not in runs:
                    for step in mix.stepwise(here, *data, seed):
                        if step is not None:
                            runs[here, seed] = step
                        yield f"Measuring your map: run {done + 1} of {total}", done / total
                done += 1
            for name, found in mix.summarised([runs[here, seed] for seed in seeds]).items():
                measures[name][i, j] = found.mean
                measures[name + "_low"][i, j] = found.low
                measures[name + "_high"][i, j] = found.high
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
