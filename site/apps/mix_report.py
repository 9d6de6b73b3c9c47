"""What Part 3 tells the page about one mix: values with their kind, tables, cases."""

from dataclasses import replace

import numpy as np

from dataselect_core import gap_map, mixing
from dataselect_core.acquisition import acquire
from dataselect_core.values import measured, modelled

CLOSE = 3.0  # percentage points within which a predicted size counts as close
SAME = 1e-9  # figures of map and live run that differ by less are the same
AXES = ("share", "randomisation")
LIMITS = ("accuracy", "fid", "recall", "supply")
NAMES = {"accuracy": "Field accuracy", "recall": "Safety recall in heavy rain", "fid": "FID", "fid_infinity": "FID∞",
         "dry_accuracy": "Accuracy in dry weather"}


def open_values(bench):
    """What no lock guards: the setting and what it asks for."""
    setting = bench.setting()
    here = "set by the reader"
    real, synthetic = setting.counts()
    wet = bench.rainfall is not None and setting.wet_share is None
    return {
        "setting.share": modelled(setting.share, "", here),
        "setting.randomisation": modelled(setting.randomisation, "", here),
        "setting.total": modelled(setting.total, "samples", here),
        "setting.real": modelled(setting.real, "samples", here),
        "setting.label_noise": modelled(setting.label_noise, "", here),
        "setting.seed": modelled(bench.seed.value, "", here),
        "setting.seeds": modelled(len(bench.seed_list()), "seeds", here),
        "setting.last_seed": modelled(bench.seed_list()[-1], "", here),
        "setting.critical": modelled(setting.critical, "", "the track"),
        "setting.wet_share": measured(float((bench.rainfall > 0).mean()), "", "days of the Seattle record") if wet
        else modelled(setting.wet_share, "", here),
        "mix.real": modelled(real, "samples", "share and supply"),
        "mix.synthetic": modelled(synthetic, "samples", "share and supply"),
        "mix.trained": modelled(real + synthetic, "samples", "share and supply"),
        "mix.needed": modelled(setting.real_needed, "samples", "share of the total budget"),
    }


def kept(made, limits):
    """Limit -> bool[a, b]: where on the map it is kept. All together are `GapMap.feasible`."""
    needed = np.array([replace(made.setting, share=float(s)).real_needed for s in made.shares])
    supply = np.repeat((needed <= made.setting.real)[:, None], len(made.randomisations), axis=1)
    return {"accuracy": made.measures["accuracy"] >= limits.accuracy, "fid": made.measures["fid"] <= limits.fid,
            "recall": made.measures["recall"] >= limits.recall, "supply": supply}


def report(bench, setting):
    """Everything the page shows at `setting`, as far as it is known: `values`, `tables`, `cases`."""
    values, cases = open_values(bench), []
    made, limits = bench.map_of(setting), bench.limits()
    built = made is bench.map
    i, j = made.nearest(setting.share, setting.randomisation)
    on_grid = abs(made.shares[i] - setting.share) < SAME and abs(made.randomisations[j] - setting.randomisation) < SAME
    standard = made.holds(setting, bench.seed_list())
    mapped, live = made.at(i, j), bench.measured(setting)
    ours = bool(made.holds(setting, made.seeds))
    cases.append(("map-holds" if standard else "map-seeds") if ours and built else "map-own" if ours else "map-other")
    cases.append("on-grid" if on_grid else "off-grid")
    cases.append("live-done" if live else "live-waits")
    known = live or (mapped if ours else None)
    source = (f"trained here, mean of {len(bench.seed_list())} seeds" if live
              else "nearest point of the map")
    values |= _intervals("point", known, source) | _intervals("map", mapped, _origin(bench, made))
    values |= _intervals("live", live, source)
    values["map.share"] = measured(float(made.shares[i]), "", "nearest point of the map")
    values["map.randomisation"] = measured(float(made.randomisations[j]), "", "nearest point of the map")
    if live:
        gap = max(abs(live[name].mean - mapped[name].mean) for name in mixing.MEASURES)
        values["map.difference"] = measured(gap, "", "largest difference between live run and map")
        if standard and on_grid and built:
            cases.append("agrees" if gap < SAME else "disagrees")
    checks = _checks(bench, setting, known, limits)
    values |= checks["values"]
    cases += checks["cases"] + _advice(made, i, j, checks["failed"], limits)
    region = _region(made, limits, _origin(bench, made))
    values |= _cuts(made, i, j, _origin(bench, made))
    move = _move(bench, bench.map)
    strategies = _strategies(bench, setting)
    values |= region["values"] | move["values"] | strategies["values"]
    if known:
        values["fid.bias"] = measured(known["fid"].mean - known["fid_infinity"].mean, "squared block inks",
                                      "FID less FID∞")
    cases += region["cases"] + move["cases"] + strategies["cases"]
    values["map.first_seed"] = modelled(made.seeds[0], "", "seeds of the map")
    values["map.last_seed"] = modelled(made.seeds[-1], "", "seeds of the map")
    return {
        "values": values, "cases": cases,
        "tables": {
            "DomainGapPlot": _map_table(bench, made, limits, i, j), "MixPoint": _point_table(mapped, live, known),
            "MixEnds": _ends_table(bench, bench.map, bench.map.nearest(setting.share, setting.randomisation)[1]), "CutMix": _cut_table(made, None, j, "Synthetic share"),
            "CutRandom": _cut_table(made, i, None, "Randomisation"), "Strategies": strategies["table"],
            "Transfer": _transfer_table(bench.map),
        },
    }


def _origin(bench, made):
    """Where the figures of a map come from."""
    seeds = f"seeds {made.seeds[0]} to {made.seeds[-1]}"
    return f"map measured when the lab was built, {seeds}" if made is bench.map else f"map measured here, {seeds}"


def _intervals(prefix, found, source):
    values = {}
    for name in mixing.MEASURES:
        unit = "squared block inks" if name.startswith("fid") else ""
        for end, part in (("", "mean"), ("_low", "low"), ("_high", "high")):
            values[f"{prefix}.{name}{end}"] = measured(getattr(found[name], part) if found else None, unit, source)
    return values


def _checks(bench, setting, known, limits):
    values, cases, failed = {}, [], []
    source = {"accuracy": "accuracy", "fid": "fid", "recall": "recall"}
    facts = bench.track.part_3.limits
    for name in source:
        values[f"check.{name}.limit"] = getattr(facts, name)
    values["check.supply.value"] = modelled(setting.real_needed, "samples", "share of the total budget")
    values["check.supply.limit"] = modelled(setting.real, "samples", "real samples available, as set")
    found = mixing.check(setting, known, limits) if known else {}
    supply = setting.real_needed <= setting.real
    for name in LIMITS:
        if name in source and not known:
            cases.append(f"{name}-waits")
            continue
        ok = supply if name == "supply" else found[name][2]
        cases.append(f"{name}-{'ok' if ok else 'fails'}")
        if not ok:
            failed.append(name)
        if name in source:
            values[f"check.{name}.value"] = measured(found[name][0], "", "mean over the seeds")
            interval = known[name]
            if interval.low <= found[name][1] <= interval.high:
                cases.append(f"{name}-unsure")
    if known:
        cases.append("challenge-fails" if failed else "challenge-solved")
    return {"values": values, "cases": cases, "failed": failed}


def _advice(made, i, j, failed, limits):
    """For each failing limit the first thing to try: the step on the map that helps that measure most."""
    cases = []
    shape = made.measures["accuracy"].shape
    for name in failed:
        if name == "supply":
            continue
        sign = -1 if name == "fid" else 1
        here, best = sign * made.measures[name][i, j], None
        for di, dj, step in ((1, 0, "more-synthetic"), (-1, 0, "less-synthetic"),
                             (0, 1, "more-random"), (0, -1, "less-random")):
            a, b = i + di, j + dj
            if 0 <= a < shape[0] and 0 <= b < shape[1]:
                gain = sign * made.measures[name][a, b] - here
                if best is None or gain > best[0]:
                    best = (gain, step)
        cases.append(f"{name}-try-{best[1]}")
    return cases


def _region(made, limits, here):
    """The feasible region of the track's map, and whether its best point lies at a border."""
    inside = made.feasible(limits)
    values = {"region.cells": measured(int(inside.sum()), "points", here),
              "region.points": measured(inside.size, "points", here)}
    if not inside.any():
        return {"values": values, "cases": ["region-empty"]}
    accuracy = np.where(inside, made.measures["accuracy"], -1)
    i, j = np.unravel_index(accuracy.argmax(), accuracy.shape)
    supply = kept(made, limits)["supply"][:, 0]
    shares = made.shares[inside.any(1)]
    random = made.randomisations[inside.any(0)]
    values |= {
        "region.best_accuracy": measured(float(accuracy[i, j]), "", here),
        "region.best_share": measured(float(made.shares[i]), "", here),
        "region.best_randomisation": measured(float(made.randomisations[j]), "", here),
        "region.share_from": measured(float(shares[0]), "", here),
        "region.share_to": measured(float(shares[-1]), "", here),
        "region.random_from": measured(float(random[0]), "", here),
        "region.random_to": measured(float(random[-1]), "", here),
    }
    cases = ["best-at-supply" if made.shares[i] == made.shares[supply][0] else "best-inside"]
    if inside[:, 0].any():
        cases.append("region-needs-no-randomisation")
    return {"values": values, "cases": cases}


def _cuts(made, i, j, here):
    """The ends and the best points of the two lines through the nearest point of the map."""
    values = {}
    for cut, along, line in (("mix", made.shares, (slice(None), j)), ("random", made.randomisations, (i, slice(None)))):
        for name in ("accuracy", "recall"):
            on = made.measures[name][line]
            best = int(on.argmax())
            for end, value in (("first", on[0]), ("last", on[-1]), ("best", on[best]), ("best_at", along[best])):
                values[f"cut.{cut}.{name}.{end}"] = measured(float(value), "", here)
    return values


def _move(bench, made):
    """The prediction beside what the safety metric did, from 10 % to 90 % synthetic."""
    direction, points = bench.prediction
    change = gap_map.moved(made.move)
    before, after = (mixing.interval(recall) for recall in made.move["recall"])
    here = f"{len(made.move['seeds'])} seeds, natively, when the lab was built"
    sign = {"rises": 1, "same": 0, "falls": -1}[direction]
    found = "rises" if change.low > 0 else "falls" if change.high < 0 else "same"
    size = 100 * change.mean
    values = {
        "reveal.prediction": modelled(sign * points, "percentage points", "your prediction"),
        "reveal.measured": measured(size, "percentage points", here),
        "reveal.low": measured(100 * change.low, "percentage points", here),
        "reveal.high": measured(100 * change.high, "percentage points", here),
        "reveal.gap": measured(abs(size - sign * points), "percentage points", here),
        "reveal.randomisation": modelled(made.move["randomisation"], "", "fixed for this question"),
        "reveal.seeds": measured(len(made.move["seeds"]), "seeds", here),
        "reveal.before": measured(before.mean, "", here), "reveal.after": measured(after.mean, "", here),
        "reveal.real_before": modelled(made.move["real"][0], "samples", "supply"),
        "reveal.real_after": modelled(made.move["real"][1], "samples", "supply"),
        "reveal.synthetic_before": modelled(made.move["synthetic"][0], "samples", "supply"),
        "reveal.synthetic_after": modelled(made.move["synthetic"][1], "samples", "supply"),
        "reveal.asked_before": modelled(made.setting.total - round(gap_map.MOVE[0] * made.setting.total), "samples",
                                        "10 % of the total"),
    }
    cases = [f"moved-{found}", "direction-right" if found == direction else "direction-wrong",
             "size-close" if abs(size - sign * points) <= CLOSE else "size-far"]
    if made.move["real"][0] < values["reveal.asked_before"].value:
        cases.append("ten-is-short")
    return {"values": values, "cases": cases}


def prices(bench, real, synthetic, expert=False):
    """What samples cost at the prices in force."""
    return acquire(real, synthetic, bench.assumption("real_price"), bench.assumption("synthetic_price"),
                   bench.assumption("expert_label_price") if expert else 0.0)


def _strategies(bench, setting):
    """Quantity beside quality: the mix, its real samples alone, and the same with experts' labels."""
    titles = {"mix": "Your mix", "real": "Its real samples alone", "expert": "The same, labelled by experts"}
    law, values, rows, found = "numbers times the prices below", {}, [], {}
    for name, one in bench.strategies(setting).items():
        if one is None:
            continue
        real, synthetic = one.counts()
        cost, result = prices(bench, real, synthetic, name == "expert"), bench.measured(one)
        found[name] = result
        values |= _intervals(f"strategy.{name}", result, "trained here, over your seeds")
        values[f"strategy.{name}.dollars"] = modelled(cost.dollars, "$", law)
        values[f"strategy.{name}.real"] = modelled(real, "samples", "share and supply")
        rows.append([titles[name], real, synthetic, cost.dollars, cost.dollars_per_sample,
                     *(_plus_minus(result, measure) for measure in ("accuracy", "recall", "fid"))])
    cost = prices(bench, *setting.counts())
    values |= {
        "cost.real_price": modelled(bench.assumption("real_price"), "$/sample", "assumption below"),
        "cost.synthetic_price": modelled(bench.assumption("synthetic_price"), "$/sample", "assumption below"),
        "cost.expert_price": modelled(bench.assumption("expert_label_price"), "$/label", "assumption below"),
        "cost.expert_sample": modelled(prices(bench, 1, 0, True).dollars, "$/sample", law),
        "cost.real": modelled(cost.real_dollars, "$", law),
        "cost.synthetic": modelled(cost.synthetic_dollars, "$", law),
        "cost.total": modelled(cost.dollars, "$", law),
        "cost.expert": modelled(prices(bench, setting.counts()[0], 0, True).dollars, "$", law),
    }
    cases = ["strategies-done"] if found and all(found.values()) and len(found) == 3 else ["strategies-wait"]
    if found.get("mix") and found.get("real") and setting.share > 0:
        gain = _gain(bench, setting)
        here = "mix less its real samples alone, paired by seed"
        values |= {f"strategy.gain{end}": measured(100 * value, "percentage points", here)
                   for end, value in (("", gain.mean), ("_low", gain.low), ("_high", gain.high))}
        cases.append("transfer-positive" if gain.low > 0 else "transfer-negative" if gain.high < 0
                     else "transfer-unsure")
    if len(found) < 3:
        cases.append("no-real-alone")
    columns = [
        {"label": "Strategy"}, {"label": "Real", "format": "integer"}, {"label": "Synthetic", "format": "integer"},
        {"label": "Cost", "format": "dollars", "kind": "modelled"},
        {"label": "A sample", "format": "dollars", "kind": "modelled"},
        {"label": "Field accuracy, %", "kind": "measured"}, {"label": "Safety recall, %", "kind": "measured"},
        {"label": "FID", "kind": "measured"},
    ]
    return {"values": values, "cases": cases, "table": {"columns": columns, "rows": rows}}


def _gain(bench, setting):
    """What the synthetic samples add to the accuracy of the real ones, paired by seed: `mixing.Interval`."""
    alone = bench.strategies(setting)["real"]
    return mixing.interval([bench.runs[setting, seed].accuracy - bench.runs[alone, seed].accuracy
                            for seed in bench.seed_list()])


def _plus_minus(found, measure):
    if not found:
        return "being measured"
    interval, shares = found[measure], not measure.startswith("fid")
    scale, digits = (100, 1) if shares else (1, 2)
    half = scale * (interval.high - interval.low) / 2
    return f"{scale * interval.mean:.{digits}f} ± {half:.{digits}f}"


def _map_table(bench, made, limits, i, j):
    """The map as it is shown: a row for each randomisation, the highest first."""
    measure, inside = bench.measure.value, made.feasible(limits)
    values = made.measures[measure]
    percent = measure in ("accuracy", "recall")
    rows = []
    for b in range(len(made.randomisations) - 1, -1, -1):
        row = [f"{made.randomisations[b]:.1f}"]
        for a in range(len(made.shares)):
            text = f"{100 * values[a, b]:.1f}" if percent else f"{values[a, b]:.2f}"
            row.append(text + (" ★" if inside[a, b] else "") + (" ◯" if (a, b) == (i, j) else ""))
        rows.append(row)
    unit = ", %" if percent else ""
    columns = [{"label": f"Randomisation ↓ · synthetic share → ({NAMES[measure]}{unit})"}]
    columns += [{"label": f"{100 * share:.0f} %"} for share in made.shares]
    return {"columns": columns, "rows": rows}


def _point_table(mapped, live, known):
    rows = []
    for name in ("accuracy", "dry_accuracy", "recall", "fid", "fid_infinity"):
        scale, digits, unit = (1, 3, "") if name.startswith("fid") else (100, 1, ", %")

        def text(found, part, name=name, scale=scale, digits=digits):
            return f"{scale * getattr(found[name], part):.{digits}f}" if found else "–"

        rows.append([NAMES[name] + unit, text(mapped, "mean"), f"{text(mapped, 'low')} to {text(mapped, 'high')}",
                     text(live, "mean"), f"{text(live, 'low')} to {text(live, 'high')}" if live else "–"])
    return {
        "columns": [
            {"label": "Measure"}, {"label": "Map, nearest point", "kind": "measured"}, {"label": "95 % interval"},
            {"label": "Trained here", "kind": "measured"}, {"label": "95 % interval"},
        ],
        "rows": rows,
    }


def _ends_table(bench, made, j):
    """10 %, 50 % and 90 % synthetic at the reader's randomisation, and which limits each misses."""
    good = kept(made, bench.limits())
    words = {"accuracy": "accuracy", "fid": "FID", "recall": "safety recall", "supply": "real samples do not exist"}
    rows = []
    for share in (0.1, 0.5, 0.9):
        i = int(np.abs(made.shares - share).argmin())
        found = made.at(i, j)
        here = replace(made.setting, share=share)
        real, synthetic = here.counts()
        misses = [words[name] for name in LIMITS if not good[name][i, j]]
        rows.append([f"{100 * share:.0f} %", here.real_needed, real, synthetic, prices(bench, real, synthetic).dollars,
                     *(_plus_minus(found, name) for name in ("accuracy", "recall", "fid")),
                     "✗ " + ", ".join(misses) if misses else "✓ none"])
    return {
        "columns": [
            {"label": "Synthetic"}, {"label": "Real asked for", "format": "integer"},
            {"label": "Real there", "format": "integer"}, {"label": "Synthetic there", "format": "integer"},
            {"label": "Cost", "format": "dollars", "kind": "modelled"},
            {"label": "Field accuracy, %", "kind": "measured"}, {"label": "Safety recall, %", "kind": "measured"},
            {"label": "FID", "kind": "measured"}, {"label": "Limits missed"},
        ],
        "rows": rows,
    }


def _cut_table(made, i, j, label):
    """A line through the map: along the shares (j fixed) or along the randomisations (i fixed)."""
    along = made.shares if i is None else made.randomisations
    rows = []
    for k, at in enumerate(along):
        found = made.at(k, j) if i is None else made.at(i, k)
        rows.append([f"{100 * at:.0f} %" if i is None else f"{at:.1f}",
                     *(_plus_minus(found, name) for name in ("accuracy", "recall", "fid", "fid_infinity"))])
    return {
        "columns": [{"label": label}, {"label": "Field accuracy, %", "kind": "measured"},
                    {"label": "Safety recall, %", "kind": "measured"}, {"label": "FID", "kind": "measured"},
                    {"label": "FID∞", "kind": "measured"}],
        "rows": rows,
    }


def _transfer_table(made):
    """Accuracy with synthetic samples added to few and to many real ones."""
    found = made.transfer
    rows = []
    for k, real in enumerate(found["real"]):
        row = [f"{real}"]
        for m in range(len(found["added"])):
            mean, low, high = (found[name][k][m] for name in ("accuracy", "low", "high"))
            worse = m and mean < found["accuracy"][k][0]
            row.append(f"{100 * mean:.1f} ± {50 * (high - low):.1f}" + (" ▼ worse" if worse else ""))
        rows.append(row)
    columns = [{"label": "Real samples"}] + [
        {"label": "alone" if not m else f"with {m:,} synthetic", "kind": "measured"} for m in found["added"]
    ]
    return {"columns": columns, "rows": rows}
