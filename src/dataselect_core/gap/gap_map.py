"""The map of the domain gap: every measure over mix and randomisation, computed once and saved as JSON.

`measure` takes minutes and runs when the lab is built; `read` loads the result in a moment. Two experiments of the
same kind are saved with the map: the effect of moving the mix from 10 % to 90 % synthetic (`move`), and the effect of
adding synthetic samples to few and to many real ones (`transfer`). All of it can be recomputed with `mix`.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from dataselect_core.arrays import ArrayLike, Flags, Floats
from dataselect_core.gap import mix, statistics

AXIS = tuple(k / 10 for k in range(11))
"""Shares and randomisations of the map."""
SEEDS = (1, 2, 3, 4, 5)
MOVE = (0.1, 0.9)
"""The two shares of `move`."""
MOVE_SEEDS = tuple(range(1, 21))
TRANSFER_RANDOMISATION = 0.3
REAL = (20, 50, 100, 200, 500)
ADDED = (0, 300, 2000)
"""Real samples, and synthetic ones added to them, of `transfer`."""


@dataclass(frozen=True)
class GapMap:
    """The result of `measure`.

    Attributes
    ----------
    setting : Setting
        The settings that are held fixed; its share and randomisation have no meaning.
    shares : float[a]
    randomisations : float[b]
        The axes.
    seeds : tuple of int
        Seeds of the means and intervals.
    measures : dict of str to float[a, b]
        As returned by `mix.grid`.
    move : dict
        As returned by `move`.
    transfer : dict
        As returned by `transfer`.
    """

    setting: mix.Setting
    shares: Floats
    randomisations: Floats
    seeds: tuple[int, ...]
    measures: dict[str, Floats]
    move: dict[str, Any]
    transfer: dict[str, Any]

    def nearest(self, share: float, randomisation: float) -> tuple[int, int]:
        """Indices (i, j) of the point of the map nearest to these values."""
        return (
            int(np.abs(self.shares - share).argmin()),
            int(np.abs(self.randomisations - randomisation).argmin()),
        )

    def holds(self, setting: mix.Setting, seeds: Sequence[int]) -> bool:
        """Whether the map was made for this setting (except share and randomisation) and these seeds."""
        same = replace(self.setting, share=setting.share, randomisation=setting.randomisation)
        return same == setting and tuple(seeds) == self.seeds

    def at(self, i: int, j: int) -> dict[str, statistics.Interval]:
        """All measures of one point: dict of str to `mix.Interval`."""
        return {
            name: statistics.Interval(
                *(float(self.measures[name + end][i, j]) for end in ("", "_low", "_high"))
            )
            for name in mix.MEASURES
        }

    def feasible(self, limits: mix.Limits) -> Flags:
        """Where every limit is met, bool[a, b]; see `mix.feasible`."""
        return mix.feasible(self.setting, self.shares, self.measures, limits)


def measure(
    setting: mix.Setting,
    X: ArrayLike,
    y: ArrayLike,
    rainfall_mm: ArrayLike,
    randomisation: float = TRANSFER_RANDOMISATION,
    axis: Sequence[float] = AXIS,
    seeds: Sequence[int] = SEEDS,
    move_seeds: Sequence[int] = MOVE_SEEDS,
    real: Sequence[int] = REAL,
    added: Sequence[int] = ADDED,
) -> dict[str, Any]:
    """The map and its experiments, ready for JSON.

    Parameters
    ----------
    setting : Setting
        The settings that are held fixed.
    X, y, rainfall_mm
        As for `mix.samples`.
    randomisation : float
        The randomisation at which `move` and `transfer` are measured.
    axis : sequence of float
        Shares, and randomisations.
    seeds, move_seeds : sequence of int
    real, added : sequence of int
        As for `transfer`.

    Returns
    -------
    dict
        The input of `read`.
    """
    data = (X, y, rainfall_mm)
    grid = mix.grid(setting, axis, axis, *data, seeds)
    return {
        "setting": asdict(replace(setting, share=0.0, randomisation=0.0)),
        "axis": list(axis),
        "seeds": list(seeds),
        "measures": {name: values.tolist() for name, values in grid.items()},
        "move": move(setting, randomisation, *data, move_seeds),
        "transfer": transfer(setting, randomisation, *data, seeds, real, added),
    }


def move(
    setting: mix.Setting,
    randomisation: float,
    X: ArrayLike,
    y: ArrayLike,
    rainfall_mm: ArrayLike,
    seeds: Sequence[int] = MOVE_SEEDS,
) -> dict[str, Any]:
    """Effect on the safety metric of moving the mix from one share of `MOVE` to the other, at one total.

    Returns
    -------
    dict
        randomisation; total (`move_total`); seeds; recall (one list per share, one value per seed); real and synthetic
        (samples trained on, one number per share); classes (for every digit the mean recall `before` and `after`, and
        the mean `change` with its interval from `low` to `high`, paired by seed).
    """
    total = move_total(setting)
    shares = [replace(setting, share=share, randomisation=randomisation, total=total) for share in MOVE]
    every = np.array([[mix.recalls(here, X, y, rainfall_mm, seed) for seed in seeds] for here in shares])
    changes = [statistics.interval(every[1, :, digit] - every[0, :, digit]) for digit in range(mix.CLASSES)]
    return {
        "randomisation": randomisation,
        "total": total,
        "seeds": list(seeds),
        "recall": every[:, :, setting.critical].tolist(),
        "real": [here.counts()[0] for here in shares],
        "synthetic": [here.counts()[1] for here in shares],
        "classes": {
            "before": every[0].mean(axis=0).tolist(),
            "after": every[1].mean(axis=0).tolist(),
            "change": [change.mean for change in changes],
            "low": [change.low for change in changes],
            "high": [change.high for change in changes],
        },
    }


def move_total(setting: mix.Setting) -> int:
    """The largest total, up to that of the setting, for which enough real samples exist at every share of `MOVE`.

    With it, moving the mix does not change the size of the training set.
    """
    sizes = range(setting.total, 0, -1)
    return next((size for size in sizes if size - round(min(MOVE) * size) <= setting.real), 0)


def transfer(
    setting: mix.Setting,
    randomisation: float,
    X: ArrayLike,
    y: ArrayLike,
    rainfall_mm: ArrayLike,
    seeds: Sequence[int] = SEEDS,
    real: Sequence[int] = REAL,
    added: Sequence[int] = ADDED,
) -> dict[str, Any]:
    """Accuracy in the field with `added` synthetic samples and `real` real ones, for all pairs of these numbers.

    Returns
    -------
    dict
        randomisation, seeds, real, added; accuracy, low, high: one list per number of real samples.
    """
    record: dict[str, Any] = {
        "randomisation": randomisation,
        "seeds": list(seeds),
        "real": list(real),
        "added": list(added),
        "accuracy": [],
        "low": [],
        "high": [],
    }
    for n in real:
        row = []
        for m in added:
            point = replace(setting, share=m / (n + m), randomisation=randomisation, total=n + m, real=n)
            row.append(mix.summary(point, X, y, rainfall_mm, seeds)["accuracy"])
        for name, field in (("accuracy", "mean"), ("low", "low"), ("high", "high")):
            record[name].append([getattr(interval, field) for interval in row])
    return record


def moved(move: dict[str, Any]) -> statistics.Interval:
    """Change of the safety metric over a `move`, paired by seed: `mix.Interval`, in shares."""
    before, after = np.array(move["recall"])
    return statistics.interval(after - before)


def read(text: str | bytes | dict[str, Any], track: str | None = None) -> GapMap:
    """The `GapMap` in a JSON text.

    Parameters
    ----------
    text : str or dict
        The result of `measure`, as JSON or as a dict; with `track`, several results by track.
    track : str, optional
        The track whose map is read.
    """
    record = json.loads(text) if isinstance(text, (str, bytes)) else text
    if track is not None:
        if track not in record:
            raise ValueError(f"track must be one of {', '.join(record)}, not {track!r}")
        record = record[track]
    axis = np.array(record["axis"])
    return GapMap(
        setting=mix.Setting(**record["setting"]),
        shares=axis,
        randomisations=axis,
        seeds=tuple(record["seeds"]),
        measures={name: np.array(values) for name, values in record["measures"].items()},
        move=record["move"],
        transfer=record["transfer"],
    )
