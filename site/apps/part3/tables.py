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
    shown_map, track_map, setting = situation.shown(), situation.map, situation.setting
    i, j = shown_map.nearest(setting.share, setting.randomisation)
    return {
        "DomainGapPlot": _map_table(shown_map, situation.kept(shown_map), measure, i, j),
        "MixPoint": _point_table(shown_map.at(i, j), situation.measured(setting)),
        "MixEnds": _ends_table(situation, track_map.nearest(setting.share, setting.randomisation)[1]),
        "CutMix": _cut_table(shown_map, None, j, "Synthetic share"),
        "CutRandom": _cut_table(shown_map, i, None, "Randomisation"),
        "Strategies": _strategies_table(situation),
        "Transfer": _transfer_table(track_map.transfer),
        "Classes": _classes_table(track_map.move["classes"], setting.critical),
    }


def _classes_table(classes, critical):
    """The move from 10 % to 90 % synthetic for all ten digits, the track's marked."""
    rows = []
    for digit, (before, after, *change) in enumerate(
        zip(*(classes[name] for name in ("before", "after", "change", "low", "high")))
    ):
        mean, low, high = (100 * value for value in change)
        said = "≈" if low <= 0 <= high else "▲" if mean > 0 else "▼"
        mark = f"{digit} (yours)" if digit == critical else str(digit)
        half = (high - low) / 2
        rows.append(
            [
                mark,
                f"{100 * before:.1f}",
                f"{100 * after:.1f}",
                f"{mean:+.1f} ± {half:.1f} {said}".replace("-", "−"),
            ]
        )
    return {
        "columns": [
            {"label": "Digit"},
            {"label": "10 %", "kind": "measured"},
            {"label": "90 %", "kind": "measured"},
            {"label": "Change, points", "kind": "measured"},
        ],
        "rows": rows,
    }


def _strategies_table(situation):
    """Quantity next to quality, each with its price."""
    rows = []
    for name, setting in situation.strategies().items():
        if setting is not None:
            real, synthetic = setting.counts()
            cost, measured = situation.price(real, synthetic, name == "expert"), situation.measured(setting)
            rows.append(
                [
                    STRATEGIES[name],
                    real,
                    synthetic,
                    cost.dollars,
                    cost.dollars_per_sample,
                    *(_plus_minus(measured, measure) for measure in ("accuracy", "recall", "fid")),
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


def _plus_minus(measured, measure):
    if not measured:
        return "being measured"
    interval, shares = measured[measure], not measure.startswith("fid")
    scale, digits = (100, 1) if shares else (1, 2)
    half = scale * (interval.high - interval.low) / 2
    return f"{scale * interval.mean:.{digits}f} ± {half:.{digits}f}"


def _map_table(gap_map, kept, measure, i, j):
    """The map as it is shown: one row per randomisation, the highest first."""
    inside = np.logical_and.reduce(list(kept.values()))
    values = gap_map.measures[measure]
    percent = measure in ("accuracy", "recall")
    rows = []
    for b in range(len(gap_map.randomisations) - 1, -1, -1):
        row = [f"{gap_map.randomisations[b]:.1f}"]
        for a in range(len(gap_map.shares)):
            text = f"{100 * values[a, b]:.1f}" if percent else f"{values[a, b]:.2f}"
            row.append(text + (" ★" if inside[a, b] else "") + (" ◯" if (a, b) == (i, j) else ""))
        rows.append(row)
    unit = ", %" if percent else ""
    columns = [{"label": f"Randomisation ↓ · synthetic share → ({NAMES[measure]}{unit})"}]
    columns += [{"label": f"{100 * share:.0f} %"} for share in gap_map.shares]
    return {"columns": columns, "rows": rows}


def _point_table(mapped, live):
    rows = []
    for name in ("accuracy", "dry_accuracy", "recall", "fid", "fid_infinity"):
        scale, digits, unit = (1, 3, "") if name.startswith("fid") else (100, 1, ", %")

        def text(measures, part, name=name, scale=scale, digits=digits):
            return f"{scale * getattr(measures[name], part):.{digits}f}" if measures else "–"

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
    gap_map = situation.map
    kept = situation.kept(gap_map)
    rows = []
    for share in (0.1, 0.5, 0.9):
        i, _ = gap_map.nearest(share, 0.0)
        measured, setting = gap_map.at(i, j), replace(gap_map.setting, share=share)
        real, synthetic = setting.counts()
        misses = [MISSED[name] for name in LIMITS if not kept[name][i, j]]
        rows.append(
            [
                f"{100 * share:.0f} %",
                setting.real_needed,
                real,
                synthetic,
                situation.price(real, synthetic).dollars,
                *(_plus_minus(measured, name) for name in ("accuracy", "recall", "fid")),
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


def _cut_table(gap_map, i, j, label):
    """A line through the map: along the shares (j fixed) or along the randomisations (i fixed)."""
    along = gap_map.shares if i is None else gap_map.randomisations
    rows = []
    for k, position in enumerate(along):
        measured = gap_map.at(k, j) if i is None else gap_map.at(i, k)
        rows.append(
            [
                f"{100 * position:.0f} %" if i is None else f"{position:.1f}",
                *(_plus_minus(measured, name) for name in ("accuracy", "recall", "fid", "fid_infinity")),
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


def _transfer_table(transfer):
    """Accuracy with synthetic samples added to few and to many real ones."""
    rows = []
    for k, real in enumerate(transfer["real"]):
        row = [f"{real}"]
        for m in range(len(transfer["added"])):
            mean, low, high = (transfer[name][k][m] for name in ("accuracy", "low", "high"))
            worse = m and mean < transfer["accuracy"][k][0]
            row.append(f"{100 * mean:.1f} ± {50 * (high - low):.1f}" + (" ▼ worse" if worse else ""))
        rows.append(row)
    columns = [{"label": "Real samples"}] + [
        {"label": "alone" if not m else f"with {m:,} synthetic", "kind": "measured"}
        for m in transfer["added"]
    ]
    return {"columns": columns, "rows": rows}
