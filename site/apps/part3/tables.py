"""The tables of Part 3: the same numbers as its plots, and those that can only be read in rows."""

from dataclasses import replace

import numpy as np

from dataselect_core.figures.domain_gap.situation import LIMITS

NAMES = {
    "accuracy": "Field accuracy",
    "recall": "Safety recall in heavy rain",
    "fid": "FID",
    "fid_infinity": "FID∞",
    "dry_accuracy": "Accuracy in dry weather",
}
MISSED = {
    "accuracy": "accuracy",
    "fid": "FID",
    "recall": "safety recall",
    "supply": "real samples do not exist",
}
STRATEGIES = {"mix": "Your mix", "real": "Its real samples alone", "expert": "The same, labelled by experts"}


def tables(situation, measure):
    """All tables of the mix at a situation; `measure` is the one that the map shows."""
    made, built, setting = situation.shown(), situation.map, situation.setting
    i, j = made.nearest(setting.share, setting.randomisation)
    return {
        "DomainGapPlot": _map_table(made, situation.kept(made), measure, i, j),
        "MixPoint": _point_table(made.at(i, j), situation.measured(setting)),
        "MixEnds": _ends_table(situation, built.nearest(setting.share, setting.randomisation)[1]),
        "CutMix": _cut_table(made, None, j, "Synthetic share"),
        "CutRandom": _cut_table(made, i, None, "Randomisation"),
        "Strategies": _strategies_table(situation),
        "Transfer": _transfer_table(built.transfer),
    }


def _strategies_table(situation):
    """Quantity next to quality, each with its price."""
    rows = []
    for name, one in situation.strategies().items():
        if one is not None:
            real, synthetic = one.counts()
            cost, found = situation.price(real, synthetic, name == "expert"), situation.measured(one)
            rows.append(
                [
                    STRATEGIES[name],
                    real,
                    synthetic,
                    cost.dollars,
                    cost.dollars_per_sample,
                    *(_plus_minus(found, measure) for measure in ("accuracy", "recall", "fid")),
                ]
            )
    return {
        "columns": [
            {"label": "Strategy"},
            {"label": "Real", "format": "integer"},
            {"label": "Synthetic", "format": "integer"},
            {"label": "Cost", "format": "dollars", "kind": "modelled"},
            {"label": "A sample", "format": "dollars", "kind": "modelled"},
            {"label": "Field accuracy, %", "kind": "measured"},
            {"label": "Safety recall, %", "kind": "measured"},
            {"label": "FID", "kind": "measured"},
        ],
        "rows": rows,
    }


def _plus_minus(found, measure):
    if not found:
        return "being measured"
    interval, shares = found[measure], not measure.startswith("fid")
    scale, digits = (100, 1) if shares else (1, 2)
    half = scale * (interval.high - interval.low) / 2
    return f"{scale * interval.mean:.{digits}f} ± {half:.{digits}f}"


def _map_table(made, good, measure, i, j):
    """The map as it is shown: one row per randomisation, the highest first."""
    inside = np.logical_and.reduce(list(good.values()))
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


def _point_table(mapped, live):
    rows = []
    for name in ("accuracy", "dry_accuracy", "recall", "fid", "fid_infinity"):
        scale, digits, unit = (1, 3, "") if name.startswith("fid") else (100, 1, ", %")

        def text(found, part, name=name, scale=scale, digits=digits):
            return f"{scale * getattr(found[name], part):.{digits}f}" if found else "–"

        rows.append(
            [
                NAMES[name] + unit,
                text(mapped, "mean"),
                f"{text(mapped, 'low')} to {text(mapped, 'high')}",
                text(live, "mean"),
                f"{text(live, 'low')} to {text(live, 'high')}" if live else "–",
            ]
        )
    return {
        "columns": [
            {"label": "Measure"},
            {"label": "Map, nearest point", "kind": "measured"},
            {"label": "95 % interval"},
            {"label": "Trained here", "kind": "measured"},
            {"label": "95 % interval"},
        ],
        "rows": rows,
    }


def _ends_table(situation, j):
    """10 %, 50 % and 90 % synthetic at the reader's randomisation, and which limits each misses."""
    made = situation.map
    good = situation.kept(made)
    rows = []
    for share in (0.1, 0.5, 0.9):
        i, _ = made.nearest(share, 0.0)
        found, here = made.at(i, j), replace(made.setting, share=share)
        real, synthetic = here.counts()
        misses = [MISSED[name] for name in LIMITS if not good[name][i, j]]
        rows.append(
            [
                f"{100 * share:.0f} %",
                here.real_needed,
                real,
                synthetic,
                situation.price(real, synthetic).dollars,
                *(_plus_minus(found, name) for name in ("accuracy", "recall", "fid")),
                "✗ " + ", ".join(misses) if misses else "✓ none",
            ]
        )
    return {
        "columns": [
            {"label": "Synthetic"},
            {"label": "Real asked for", "format": "integer"},
            {"label": "Real there", "format": "integer"},
            {"label": "Synthetic there", "format": "integer"},
            {"label": "Cost", "format": "dollars", "kind": "modelled"},
            {"label": "Field accuracy, %", "kind": "measured"},
            {"label": "Safety recall, %", "kind": "measured"},
            {"label": "FID", "kind": "measured"},
            {"label": "Limits missed"},
        ],
        "rows": rows,
    }


def _cut_table(made, i, j, label):
    """A line through the map: along the shares (j fixed) or along the randomisations (i fixed)."""
    along = made.shares if i is None else made.randomisations
    rows = []
    for k, at in enumerate(along):
        found = made.at(k, j) if i is None else made.at(i, k)
        rows.append(
            [
                f"{100 * at:.0f} %" if i is None else f"{at:.1f}",
                *(_plus_minus(found, name) for name in ("accuracy", "recall", "fid", "fid_infinity")),
            ]
        )
    return {
        "columns": [
            {"label": label},
            {"label": "Field accuracy, %", "kind": "measured"},
            {"label": "Safety recall, %", "kind": "measured"},
            {"label": "FID", "kind": "measured"},
            {"label": "FID∞", "kind": "measured"},
        ],
        "rows": rows,
    }


def _transfer_table(found):
    """Accuracy with synthetic samples added to few and to many real ones."""
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
