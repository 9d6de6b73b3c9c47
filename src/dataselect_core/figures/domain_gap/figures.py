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

CLOSE_POINTS = 3.0
"""Percentage points within which a predicted size counts as close."""
TOLERANCE = 1e-9
"""Figures of map and live run that differ by less count as the same."""
MAX_CACHED = 2000
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
    *_, findings = recompute_stepwise(track_id, settings, assumptions, prediction)
    return findings


def recompute_stepwise(
    track_id: str, settings: Mapping[str, Any], assumptions: Mapping[str, float], prediction: Any
) -> Iterator[Any]:
    """Run `recompute` in steps: an iterator of (label, share done) that ends with the `Findings`."""
    for cache in (_runs, _experiments):
        if len(cache) > MAX_CACHED:
            cache.clear()
    chosen_track = track(track_id)
    setting, seeds = setting_of(settings, chosen_track)
    X, y = datasets.digits()
    data = X, y, datasets.rainfall_mm()
    situation = Situation(
        chosen_track,
        setting,
        seeds,
        round(settings["noise"] / 100, 4),
        (prediction["direction"], prediction["prediction"]),
        gap_map.read(datasets.gap_maps(), chosen_track.id),
        float((data[2] > 0).mean()),
        edited=dict(assumptions),
        runs=_runs,
        fixed=fixed_limits(settings),
    )
    situation.check_assumptions()
    for strategy, strategy_setting in situation.strategies().items():
        for seed in seeds:
            if strategy_setting is not None and (strategy_setting, seed) not in situation.runs:
                yield f"Training again: {strategy}, seed {seed}", 0.3
                situation.runs[strategy_setting, seed] = mix.run(strategy_setting, *data, seed)
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
    source = "set by the reader"
    real, synthetic = setting.counts()
    supply = "share and supply"
    return {
        "setting.share": modelled(setting.share, "", source),
        "setting.randomisation": modelled(setting.randomisation, "", source),
        "setting.total": modelled(setting.total, "samples", source),
        "setting.real": modelled(setting.real, "samples", source),
        "setting.label_noise": modelled(setting.label_noise, "", source),
        "setting.seed": modelled(seeds[0], "", source),
        "setting.seeds": modelled(len(seeds), "seeds", source),
        "setting.last_seed": modelled(seeds[-1], "", source),
        "setting.critical": modelled(setting.critical, "", "the track"),
        "setting.wet_share": measured(situation.wet, "", "days of the Seattle record")
        if setting.wet_share is None
        else modelled(setting.wet_share, "", source),
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
    setting, shown_map = situation.setting, situation.shown()
    i, j = shown_map.nearest(setting.share, setting.randomisation)
    map_point, live = shown_map.at(i, j), situation.measured(setting)
    fits_setting, is_track_map = situation.holds(), situation.own is None
    fits_seeds = shown_map.holds(setting, situation.seeds)
    on_grid = (
        max(
            abs(shown_map.shares[i] - setting.share), abs(shown_map.randomisations[j] - setting.randomisation)
        )
        < TOLERANCE
    )
    cases = [
        "map-other"
        if not fits_setting
        else "map-own"
        if not is_track_map
        else "map-holds"
        if fits_seeds
        else "map-seeds",
        "on-grid" if on_grid else "off-grid",
        "live-done" if live else "live-waits",
    ]
    measured_where = "when the lab was built" if is_track_map else "here"
    origin = f"map measured {measured_where}, seeds {shown_map.seeds[0]} to {shown_map.seeds[-1]}"
    source = (
        f"trained here, mean of {len(situation.seeds)} seeds" if live else f"nearest point of the {origin}"
    )
    point = live or (map_point if fits_setting else None)
    values = {
        **known(situation),
        **_intervals("point", point, source),
        **_intervals("map", map_point, origin),
        **_intervals("live", live, source),
        "map.share": measured(float(shown_map.shares[i]), "", "nearest point of the map"),
        "map.randomisation": measured(float(shown_map.randomisations[j]), "", "nearest point of the map"),
        "map.first_seed": modelled(shown_map.seeds[0], "", "seeds of the map"),
        "map.last_seed": modelled(shown_map.seeds[-1], "", "seeds of the map"),
    }
    if live:
        gap = max(abs(live[name].mean - map_point[name].mean) for name in mix.MEASURES)
        values["map.difference"] = measured(gap, "", "largest difference between live run and map")
        if fits_seeds and on_grid and is_track_map:
            cases.append("agrees" if gap < TOLERANCE else "disagrees")
    bias = point["fid"].mean - point["fid_infinity"].mean if point else None
    values["fid.bias"] = measured(bias, "squared block inks", "FID less FID∞")
    failed = _checks(situation, point, values, cases)
    _advise(shown_map, i, j, failed, cases)
    _region(situation, shown_map, origin, values, cases)
    _cuts(shown_map, i, j, origin, values)
    cases.append(along_randomisation(shown_map, i))
    _move(situation, values, cases)
    _strategies(situation, values, cases)
    label_noise.add(situation, values, cases)
    return values, cases


def _intervals(prefix, measures, source):
    values = {}
    for name in mix.MEASURES:
        unit = "squared block inks" if name.startswith("fid") else ""
        for end, part in (("", "mean"), ("_low", "low"), ("_high", "high")):
            values[f"{prefix}.{name}{end}"] = measured(
                getattr(measures[name], part) if measures else None, unit, source
            )
    return values


def _checks(situation, point, values, cases):
    """Check the four limits; returns the names of the missed ones."""
    setting, failed = situation.setting, []
    for name in ("accuracy", "fid", "recall"):
        values[f"check.{name}.limit"] = situation.limit(name)
    values["check.supply.value"] = modelled(setting.real_needed, "samples", "share of the total budget")
    values["check.supply.limit"] = situation.limit("supply")
    results = (
        mix.check(setting, point, situation.limits())
        if point
        else {"supply": (setting.real_needed, setting.real, setting.real_needed <= setting.real)}
    )
    for name in LIMITS:
        if name not in results:
            values[f"check.{name}.value"] = measured(None, "", "waits for the live run")
            cases.append(f"{name}-waits")
            continue
        value, limit, is_met = results[name]
        cases.append(f"{name}-{'ok' if is_met else 'fails'}")
        failed += [] if is_met else [name]
        if name != "supply":
            values[f"check.{name}.value"] = measured(value, "", "mean over the seeds")
            if point[name].low <= limit <= point[name].high:
                cases.append(f"{name}-unsure")
    if point:
        cases.append("challenge-fails" if failed else "challenge-solved")
    return failed


def _advise(shown_map, i, j, failed, cases):
    """For each failing limit, the first thing to try: the step on the map that improves that measure most."""
    rows, columns = shown_map.measures["accuracy"].shape
    for name in [limit for limit in failed if limit != "supply"]:
        values = (-1 if name == "fid" else 1) * shown_map.measures[name]
        steps = [
            (values[a, b], step)
            for a, b, step in (
                (i + 1, j, "more-synthetic"),
                (i - 1, j, "less-synthetic"),
                (i, j + 1, "more-random"),
                (i, j - 1, "less-random"),
            )
            if 0 <= a < rows and 0 <= b < columns
        ]
        cases.append(f"{name}-try-{max(steps)[1]}")


def _region(situation, shown_map, source, values, cases):
    """The feasible region of the map, and whether its best point is at a border."""
    good = situation.kept(shown_map)
    inside = np.logical_and.reduce(list(good.values()))
    values |= {
        "region.cells": measured(int(inside.sum()), "points", source),
        "region.points": measured(inside.size, "points", source),
    }
    if not inside.any():
        cases.append("region-empty")
        return
    accuracy = np.where(inside, shown_map.measures["accuracy"], -1.0)
    i, j = np.unravel_index(accuracy.argmax(), accuracy.shape)
    shares, random = shown_map.shares[inside.any(1)], shown_map.randomisations[inside.any(0)]
    for name, value in (
        ("best_accuracy", accuracy[i, j]),
        ("best_share", shown_map.shares[i]),
        ("best_randomisation", shown_map.randomisations[j]),
        ("share_from", shares[0]),
        ("share_to", shares[-1]),
        ("random_from", random[0]),
        ("random_to", random[-1]),
    ):
        values[f"region.{name}"] = measured(float(value), "", source)
    least = shown_map.shares[good["supply"].any(1)][0]
    cases += ["region-some", "best-at-supply" if shown_map.shares[i] == least else "best-inside"]
    if inside[:, 0].any():
        cases.append("region-needs-no-randomisation")


def _cuts(shown_map, i, j, source, values):
    """The ends and the best points of the two lines through the nearest point of the map."""
    for cut, along, line in (
        ("mix", shown_map.shares, (slice(None), j)),
        ("random", shown_map.randomisations, (i, slice(None))),
    ):
        for name in ("accuracy", "recall"):
            line_values = shown_map.measures[name][line]
            best = int(line_values.argmax())
            for end, value in (
                ("first", line_values[0]),
                ("last", line_values[-1]),
                ("best", line_values[best]),
                ("best_at", along[best]),
            ):
                values[f"cut.{cut}.{name}.{end}"] = measured(float(value), "", source)


def along_randomisation(made: gap_map.GapMap, i: int) -> str:
    """How the accuracy depends on the randomisation at one share of a map, as far as its intervals do not overlap.

    "random-both-hurt" if both ends lie below the best point, "random-less-hurts" or "random-more-hurts" if one end
    does, "random-unsure" if neither can be told apart from it.
    """
    mean, low, high = (made.measures[f"accuracy{end}"][i] for end in ("", "_low", "_high"))
    best = int(mean.argmax())
    less, more = high[0] < low[best], high[-1] < low[best]
    if less and more:
        return "random-both-hurt"
    return "random-less-hurts" if less else "random-more-hurts" if more else "random-unsure"


def _move(situation, values, cases):
    """The prediction next to the measured change of the safety metric from 10 % to 90 % synthetic."""
    direction, points = situation.prediction
    track_map = situation.map
    change = gap_map.moved(track_map.move)
    before, after = (statistics.interval(recall).mean for recall in track_map.move["recall"])
    count = len(track_map.move["seeds"])
    source, unit = f"{count} seeds, natively, when the lab was built", "percentage points"
    signed, size = DIRECTIONS[direction] * points, 100 * change.mean
    direction_measured = "rises" if change.low > 0 else "falls" if change.high < 0 else "same"
    classes = track_map.move["classes"]
    values |= {
        "reveal.prediction": modelled(signed, unit, "your prediction"),
        "reveal.measured": measured(size, unit, source),
        "reveal.low": measured(100 * change.low, unit, source),
        "reveal.high": measured(100 * change.high, unit, source),
        "reveal.gap": measured(abs(size - signed), unit, source),
        "reveal.randomisation": modelled(track_map.move["randomisation"], "", "fixed for this question"),
        "reveal.seeds": measured(count, "seeds", source),
        "reveal.before": measured(before, "", source),
        "reveal.after": measured(after, "", source),
        "reveal.total": modelled(
            track_map.move["total"],
            "samples",
            "the largest total at which 10 % synthetic has enough real ones",
        ),
        "reveal.falls": measured(sum(high < 0 for high in classes["high"]), "digits", source),
        "reveal.rises": measured(sum(low > 0 for low in classes["low"]), "digits", source),
    }
    for k, moment in enumerate(("before", "after")):
        for kind in ("real", "synthetic"):
            values[f"reveal.{kind}_{moment}"] = modelled(
                track_map.move[kind][k], "samples", "share and supply"
            )
    cases += [
        f"moved-{direction_measured}",
        "direction-right" if direction_measured == direction else "direction-wrong",
        "size-close" if abs(size - signed) <= CLOSE_POINTS else "size-far",
    ]


def _strategies(situation, values, cases):
    """Quantity compared with quality: the mix, its real samples alone, and these with experts' labels."""
    law, unit, measures = "numbers times the prices below", "percentage points", {}
    for name, strategy_setting in situation.strategies().items():
        if strategy_setting is None:
            continue
        measures[name] = situation.measured(strategy_setting)
        values |= _intervals(
            f"strategy.{name}", measures[name], f"trained here, mean of {len(situation.seeds)} seeds"
        )
        cost = situation.price(*strategy_setting.counts(), name == "expert")
        values[f"strategy.{name}.dollars"] = modelled(cost.dollars, "$", law)
        values[f"strategy.{name}.real"] = modelled(
            strategy_setting.counts()[0], "samples", "share and supply"
        )
    setting, assumption_source = situation.setting, "assumption below"
    cost = situation.price(*setting.counts())
    values |= {
        "cost.real_price": modelled(situation.assumption("real_price"), "$/sample", assumption_source),
        "cost.synthetic_price": modelled(
            situation.assumption("synthetic_price"), "$/sample", assumption_source
        ),
        "cost.expert_price": modelled(
            situation.assumption("expert_label_price"), "$/label", assumption_source
        ),
        "cost.expert_sample": modelled(situation.price(1, 0, True).dollars, "$/sample", law),
        "cost.real": modelled(cost.real_dollars, "$", law),
        "cost.synthetic": modelled(cost.synthetic_dollars, "$", law),
        "cost.total": modelled(cost.dollars, "$", law),
        "cost.expert": modelled(situation.price(setting.counts()[0], 0, True).dollars, "$", law),
    }
    cases.append("strategies-done" if all(measures.values()) else "strategies-wait")
    if len(measures) < 3:
        cases.append("no-real-alone")
    elif measures["mix"] and measures["real"] and setting.share > 0:
        alone = situation.strategies()["real"]
        gain = statistics.interval(
            [
                situation.runs[setting, seed].accuracy - situation.runs[alone, seed].accuracy
                for seed in situation.seeds
            ]
        )
        source = "mix less its real samples alone, paired by seed"
        for end, value in (("", gain.mean), ("_low", gain.low), ("_high", gain.high)):
            values[f"strategy.gain{end}"] = measured(100 * value, unit, source)
        cases.append(
            "transfer-positive"
            if gain.low > 0
            else "transfer-negative"
            if gain.high < 0
            else "transfer-unsure"
        )
