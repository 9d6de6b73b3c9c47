"""The figures of Part 3, the Domain Gap Synthesis: everything that the page shows and a report claims, by its path."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from dataselect_core import datasets
from dataselect_core.figures.domain_gap import label_noise
from dataselect_core.figures.domain_gap.situation import (
    DIRECTIONS,
    LIMITS,
    Situation,
    fixed_limits,
    setting_of,
)
from dataselect_core.gap import gap_map, mix, noise_experiments, small_map, statistics
from dataselect_core.tracks import track
from dataselect_core.values import Findings, Value, measured, modelled

CLOSE = 3.0
"""Percentage points within which a predicted size counts as close."""
SAME = 1e-9
"""Figures of map and live run that differ by less count as the same."""
REMEMBERED = 2000
"""Number of runs, and of experiments with label noise, that are cached for reports recomputed one after the other."""
_runs: dict[Any, Any] = {}
_experiments: dict[Any, Any] = {}


def recompute(
    track_id: str, settings: Mapping[str, Any], assumptions: Mapping[str, float], prediction: Any
) -> Findings:
    """The figures and cases of a report, computed from its settings alone.

    Parameters
    ----------
    track_id : str
    settings : dict
        As the page writes them: the settings of Part 3, and the limits that a class link has set.
    assumptions : dict
        The reader's changes: name -> number.
    prediction : dict
        `direction`, and `prediction` in percentage points.

    Returns
    -------
    Findings
    """
    *_, found = recompute_stepwise(track_id, settings, assumptions, prediction)
    return found


def recompute_stepwise(
    track_id: str, settings: Mapping[str, Any], assumptions: Mapping[str, float], prediction: Any
) -> Iterator[Any]:
    """Run `recompute` in steps: an iterator of (label, share done) that ends with the `Findings`."""
    for found in (_runs, _experiments):
        if len(found) > REMEMBERED:
            found.clear()
    here = track(track_id)
    setting, seeds = setting_of(settings, here)
    X, y = datasets.digits()
    data = X, y, datasets.rainfall_mm()
    situation = Situation(
        here,
        setting,
        seeds,
        round(settings["noise"] / 100, 4),
        (prediction["direction"], prediction["prediction"]),
        gap_map.read(datasets.gap_maps(), here.id),
        float((data[2] > 0).mean()),
        edited=dict(assumptions),
        runs=_runs,
        fixed=fixed_limits(settings),
    )
    situation.check_assumptions()
    for name, one in situation.strategies().items():
        for seed in seeds:
            if one is not None and (one, seed) not in situation.runs:
                yield f"Training again: {name}, seed {seed}", 0.3
                situation.runs[one, seed] = mix.run(one, *data, seed)
    if settings.get("map") == "own":
        for step in small_map.measure(situation.map, setting, seeds, data, situation.runs):
            if isinstance(step, tuple):
                yield step
            else:
                situation.own = step
    if (situation.rate, seeds) not in _experiments:
        for step in noise_experiments.measure(situation.rate, seeds, *data[:2]):
            if isinstance(step, tuple):
                yield step
            else:
                _experiments[situation.rate, seeds] = step
    situation.experiment = _experiments[situation.rate, seeds]
    yield Findings(*figures(situation))


def known(situation: Situation) -> dict[str, Value]:
    """The figures that no lock guards: the setting and the samples it needs."""
    setting, seeds = situation.setting, situation.seeds
    here = "set by the reader"
    real, synthetic = setting.counts()
    supply = "share and supply"
    return {
        "setting.share": modelled(setting.share, "", here),
        "setting.randomisation": modelled(setting.randomisation, "", here),
        "setting.total": modelled(setting.total, "samples", here),
        "setting.real": modelled(setting.real, "samples", here),
        "setting.label_noise": modelled(setting.label_noise, "", here),
        "setting.seed": modelled(seeds[0], "", here),
        "setting.seeds": modelled(len(seeds), "seeds", here),
        "setting.last_seed": modelled(seeds[-1], "", here),
        "setting.critical": modelled(setting.critical, "", "the track"),
        "setting.wet_share": measured(situation.wet, "", "days of the Seattle record")
        if setting.wet_share is None
        else modelled(setting.wet_share, "", here),
        "mix.real": modelled(real, "samples", supply),
        "mix.synthetic": modelled(synthetic, "samples", supply),
        "mix.trained": modelled(real + synthetic, "samples", supply),
        "mix.needed": modelled(setting.real_needed, "samples", "share of the total budget"),
    }


def figures(situation: Situation) -> tuple[dict[str, Value], list[str]]:
    """All figures, as far as they are known, and the cases.

    Returns
    -------
    values : dict of str to Value
    cases : list of str
        Names of the blocks of text that are true.
    """
    setting, made = situation.setting, situation.shown()
    i, j = made.nearest(setting.share, setting.randomisation)
    mapped, live = made.at(i, j), situation.measured(setting)
    ours, built = situation.holds(), situation.own is None
    standard = made.holds(setting, situation.seeds)
    on_grid = (
        max(abs(made.shares[i] - setting.share), abs(made.randomisations[j] - setting.randomisation)) < SAME
    )
    cases = [
        "map-other" if not ours else "map-own" if not built else "map-holds" if standard else "map-seeds",
        "on-grid" if on_grid else "off-grid",
        "live-done" if live else "live-waits",
    ]
    origin = f"map measured {'when the lab was built' if built else 'here'}, seeds {made.seeds[0]} to {made.seeds[-1]}"
    source = (
        f"trained here, mean of {len(situation.seeds)} seeds" if live else f"nearest point of the {origin}"
    )
    point = live or (mapped if ours else None)
    values = {
        **known(situation),
        **_intervals("point", point, source),
        **_intervals("map", mapped, origin),
        **_intervals("live", live, source),
        "map.share": measured(float(made.shares[i]), "", "nearest point of the map"),
        "map.randomisation": measured(float(made.randomisations[j]), "", "nearest point of the map"),
        "map.first_seed": modelled(made.seeds[0], "", "seeds of the map"),
        "map.last_seed": modelled(made.seeds[-1], "", "seeds of the map"),
    }
    if live:
        gap = max(abs(live[name].mean - mapped[name].mean) for name in mix.MEASURES)
        values["map.difference"] = measured(gap, "", "largest difference between live run and map")
        if standard and on_grid and built:
            cases.append("agrees" if gap < SAME else "disagrees")
    bias = point["fid"].mean - point["fid_infinity"].mean if point else None
    values["fid.bias"] = measured(bias, "squared block inks", "FID less FID∞")
    failed = _checks(situation, point, values, cases)
    _advise(made, i, j, failed, cases)
    _region(situation, made, origin, values, cases)
    _cuts(made, i, j, origin, values)
    _move(situation, values, cases)
    _strategies(situation, values, cases)
    label_noise.add(situation, values, cases)
    return values, cases


def _intervals(prefix, found, source):
    values = {}
    for name in mix.MEASURES:
        unit = "squared block inks" if name.startswith("fid") else ""
        for end, part in (("", "mean"), ("_low", "low"), ("_high", "high")):
            values[f"{prefix}.{name}{end}"] = measured(
                getattr(found[name], part) if found else None, unit, source
            )
    return values


def _checks(situation, point, values, cases):
    """Check the four limits; returns the names of the missed ones."""
    setting, failed = situation.setting, []
    for name in ("accuracy", "fid", "recall"):
        values[f"check.{name}.limit"] = situation.limit(name)
    values["check.supply.value"] = modelled(setting.real_needed, "samples", "share of the total budget")
    values["check.supply.limit"] = situation.limit("supply")
    found = (
        mix.check(setting, point, situation.limits())
        if point
        else {"supply": (setting.real_needed, setting.real, setting.real_needed <= setting.real)}
    )
    for name in LIMITS:
        if name not in found:
            values[f"check.{name}.value"] = measured(None, "", "waits for the live run")
            cases.append(f"{name}-waits")
            continue
        value, limit, ok = found[name]
        cases.append(f"{name}-{'ok' if ok else 'fails'}")
        failed += [] if ok else [name]
        if name != "supply":
            values[f"check.{name}.value"] = measured(value, "", "mean over the seeds")
            if point[name].low <= limit <= point[name].high:
                cases.append(f"{name}-unsure")
    if point:
        cases.append("challenge-fails" if failed else "challenge-solved")
    return failed


def _advise(made, i, j, failed, cases):
    """For each failing limit, the first thing to try: the step on the map that improves that measure most."""
    across, up = made.measures["accuracy"].shape
    for name in [each for each in failed if each != "supply"]:
        values = (-1 if name == "fid" else 1) * made.measures[name]
        steps = [
            (values[a, b], step)
            for a, b, step in (
                (i + 1, j, "more-synthetic"),
                (i - 1, j, "less-synthetic"),
                (i, j + 1, "more-random"),
                (i, j - 1, "less-random"),
            )
            if 0 <= a < across and 0 <= b < up
        ]
        cases.append(f"{name}-try-{max(steps)[1]}")


def _region(situation, made, here, values, cases):
    """The feasible region of the map, and whether its best point is at a border."""
    good = situation.kept(made)
    inside = np.logical_and.reduce(list(good.values()))
    values |= {
        "region.cells": measured(int(inside.sum()), "points", here),
        "region.points": measured(inside.size, "points", here),
    }
    if not inside.any():
        cases.append("region-empty")
        return
    accuracy = np.where(inside, made.measures["accuracy"], -1.0)
    i, j = np.unravel_index(accuracy.argmax(), accuracy.shape)
    shares, random = made.shares[inside.any(1)], made.randomisations[inside.any(0)]
    for name, value in (
        ("best_accuracy", accuracy[i, j]),
        ("best_share", made.shares[i]),
        ("best_randomisation", made.randomisations[j]),
        ("share_from", shares[0]),
        ("share_to", shares[-1]),
        ("random_from", random[0]),
        ("random_to", random[-1]),
    ):
        values[f"region.{name}"] = measured(float(value), "", here)
    least = made.shares[good["supply"].any(1)][0]
    cases += ["region-some", "best-at-supply" if made.shares[i] == least else "best-inside"]
    if inside[:, 0].any():
        cases.append("region-needs-no-randomisation")


def _cuts(made, i, j, here, values):
    """The ends and the best points of the two lines through the nearest point of the map."""
    for cut, along, line in (
        ("mix", made.shares, (slice(None), j)),
        ("random", made.randomisations, (i, slice(None))),
    ):
        for name in ("accuracy", "recall"):
            on = made.measures[name][line]
            best = int(on.argmax())
            for end, value in (
                ("first", on[0]),
                ("last", on[-1]),
                ("best", on[best]),
                ("best_at", along[best]),
            ):
                values[f"cut.{cut}.{name}.{end}"] = measured(float(value), "", here)


def _move(situation, values, cases):
    """The prediction next to the measured change of the safety metric from 10 % to 90 % synthetic."""
    direction, points = situation.prediction
    made = situation.map
    change = gap_map.moved(made.move)
    before, after = (statistics.interval(recall).mean for recall in made.move["recall"])
    count = len(made.move["seeds"])
    here, unit = f"{count} seeds, natively, when the lab was built", "percentage points"
    signed, size = DIRECTIONS[direction] * points, 100 * change.mean
    found = "rises" if change.low > 0 else "falls" if change.high < 0 else "same"
    asked = made.setting.total - round(gap_map.MOVE[0] * made.setting.total)
    values |= {
        "reveal.prediction": modelled(signed, unit, "your prediction"),
        "reveal.measured": measured(size, unit, here),
        "reveal.low": measured(100 * change.low, unit, here),
        "reveal.high": measured(100 * change.high, unit, here),
        "reveal.gap": measured(abs(size - signed), unit, here),
        "reveal.randomisation": modelled(made.move["randomisation"], "", "fixed for this question"),
        "reveal.seeds": measured(count, "seeds", here),
        "reveal.before": measured(before, "", here),
        "reveal.after": measured(after, "", here),
        "reveal.asked_before": modelled(asked, "samples", "10 % of the total"),
    }
    for k, when in enumerate(("before", "after")):
        for kind in ("real", "synthetic"):
            values[f"reveal.{kind}_{when}"] = modelled(made.move[kind][k], "samples", "share and supply")
    cases += [
        f"moved-{found}",
        "direction-right" if found == direction else "direction-wrong",
        "size-close" if abs(size - signed) <= CLOSE else "size-far",
    ]
    if made.move["real"][0] < asked:
        cases.append("ten-is-short")


def _strategies(situation, values, cases):
    """Quantity compared with quality: the mix, its real samples alone, and these with experts' labels."""
    law, unit, found = "numbers times the prices below", "percentage points", {}
    for name, one in situation.strategies().items():
        if one is None:
            continue
        found[name] = situation.measured(one)
        values |= _intervals(
            f"strategy.{name}", found[name], f"trained here, mean of {len(situation.seeds)} seeds"
        )
        cost = situation.price(*one.counts(), name == "expert")
        values[f"strategy.{name}.dollars"] = modelled(cost.dollars, "$", law)
        values[f"strategy.{name}.real"] = modelled(one.counts()[0], "samples", "share and supply")
    setting, below = situation.setting, "assumption below"
    cost = situation.price(*setting.counts())
    values |= {
        "cost.real_price": modelled(situation.assumption("real_price"), "$/sample", below),
        "cost.synthetic_price": modelled(situation.assumption("synthetic_price"), "$/sample", below),
        "cost.expert_price": modelled(situation.assumption("expert_label_price"), "$/label", below),
        "cost.expert_sample": modelled(situation.price(1, 0, True).dollars, "$/sample", law),
        "cost.real": modelled(cost.real_dollars, "$", law),
        "cost.synthetic": modelled(cost.synthetic_dollars, "$", law),
        "cost.total": modelled(cost.dollars, "$", law),
        "cost.expert": modelled(situation.price(setting.counts()[0], 0, True).dollars, "$", law),
    }
    cases.append("strategies-done" if all(found.values()) else "strategies-wait")
    if len(found) < 3:
        cases.append("no-real-alone")
    elif found["mix"] and found["real"] and setting.share > 0:
        alone = situation.strategies()["real"]
        gain = statistics.interval(
            [
                situation.runs[setting, seed].accuracy - situation.runs[alone, seed].accuracy
                for seed in situation.seeds
            ]
        )
        here = "mix less its real samples alone, paired by seed"
        for end, value in (("", gain.mean), ("_low", gain.low), ("_high", gain.high)):
            values[f"strategy.gain{end}"] = measured(100 * value, unit, here)
        cases.append(
            "transfer-positive"
            if gain.low > 0
            else "transfer-negative"
            if gain.high < 0
            else "transfer-unsure"
        )
