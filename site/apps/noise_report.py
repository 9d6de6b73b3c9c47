"""What Part 3 tells the page about label noise: exponents, the price of random flips, training steps."""

import numpy as np

from dataselect_core.noise import noise_factor, steps_under_noise
from dataselect_core.noise_lab import COIN_TRIALS, TRIALS
from dataselect_core.values import measured, modelled

CARD_FACTOR = 10  # the card's crisis of the mobile track: ten times the steps


def steps(bench, rate):
    """Training steps under the realizable law with random flips, and under the agnostic law."""
    return steps_under_noise(bench.assumption("clean_steps"), rate, bench.assumption("target_error"))


def report(bench):
    """Values, tables and cases of the panel on label noise."""
    rate = round(bench.noise.value / 100, 4)
    values = _laws(bench, rate)
    cases = [f"steps-{name}-{'ok' if values[f'noise.steps_{name}'].value <= values['noise.deadline'].value else 'fails'}"
             for name in ("clean", "realizable", "agnostic")]
    found = bench.experiment()
    tables = {}
    if found is None:
        cases.append("noise-waits")
    else:
        cases.append("noise-done")
        values |= _measured(found)
        cases.append("noise-measured-ok" if values["noise.steps_measured"].value <= values["noise.deadline"].value
                     else "noise-measured-fails")
        tables = {"NoisePlot": _slopes_table(found), "LearningCurve": _curve_table(found)}
        values |= {"noise.labels": measured(found.labels[-1], "labels", "the whole pool")}
    return {"values": values, "tables": tables | {"TrainingSteps": _steps_table(values)}, "cases": cases}


def _laws(bench, rate):
    realizable, agnostic = steps(bench, rate)
    found = bench.experiment()
    epsilon, clean = bench.assumption("target_error"), bench.assumption("clean_steps")
    flips = "realizable target, random flips: Aslam and Decatur 1996"
    rule = "agnostic against realizable law, unit constants: 1/ε"
    return {
        "noise.rate": modelled(rate, "", "set by the reader"),
        "noise.epsilon": modelled(epsilon, "", "assumption below"),
        "noise.factor": modelled(noise_factor(rate), "", flips),
        "noise.agnostic_factor": modelled(1 / epsilon, "", rule),
        "noise.needed_clean": modelled(1 / epsilon, "labels", "1/ε, unit constants"),
        "noise.needed_agnostic": modelled(1 / epsilon**2, "labels", "1/ε², unit constants"),
        "noise.steps_clean": modelled(clean, "steps", "assumption below"),
        "noise.steps_realizable": modelled(realizable, "steps", flips),
        "noise.steps_agnostic": modelled(agnostic, "steps", rule),
        "noise.steps_card": modelled(CARD_FACTOR * clean, "steps", "the design card: 10x"),
        "noise.deadline": modelled(bench.assumption("deadline_steps"), "steps", "assumption below"),
        "noise.steps_measured": modelled(found.ratio[0] * clean if found else None, "steps",
                                         "the ratio measured here, times the clean steps"),
    }


def _measured(found):
    thresholds, coins = f"{TRIALS} trials a size, seed {found.seeds[0]}", f"{COIN_TRIALS} coins a size"
    digits = f"dry field digits, mean of {len(found.seeds)} seeds"
    values = {}
    for name, (value, low, high), source in (
        ("slope_clean", found.clean_slope, thresholds), ("slope_noisy", found.noisy_slope, thresholds),
        ("slope_coin", found.coin_slope, coins), ("ratio", found.ratio, thresholds),
    ):
        values |= {f"noise.{name}": measured(value, "", source), f"noise.{name}_low": measured(low, "", source),
                   f"noise.{name}_high": measured(high, "", source)}
    clean, noisy = found.curves["clean"][-1], found.curves["noisy"][-1]
    values |= {
        "noise.accuracy_clean": measured(clean.mean, "", digits),
        "noise.accuracy_noisy": measured(noisy.mean, "", digits),
        "noise.accuracy_lost": measured(100 * (clean.mean - noisy.mean), "percentage points", digits),
        "noise.labels_clean": measured(_labels_for(noisy.mean, found.labels, found.curves["clean"]), "labels",
                                       "clean curve, interpolated in the logarithm of the labels"),
    }
    return values


def _labels_for(accuracy, labels, curve):
    """Labels at which a curve first reaches an accuracy; None where it never does."""
    mean = np.maximum.accumulate([interval.mean for interval in curve])
    if accuracy > mean[-1]:
        return None
    if accuracy <= mean[0]:
        return float(labels[0])
    return float(np.exp(np.interp(accuracy, mean, np.log(labels))))


def _slopes_table(found):
    rows = []
    for n, clean, noisy in zip(found.sizes.tolist(), found.clean, found.noisy, strict=True):
        rows.append([f"{n:,}", clean, noisy, None, None])
    for n, coin in zip(found.coin_sizes.tolist(), found.coin, strict=True):
        rows.append([f"{n:,}", None, None, coin, n * coin**2])
    return {
        "columns": [
            {"label": "Labels N"}, {"label": "Threshold, clean: mean error", "format": "number", "kind": "measured"},
            {"label": "Threshold, noisy: mean error", "format": "number", "kind": "measured"},
            {"label": "Coin: error kept by 90 %", "format": "number", "kind": "measured"},
            {"label": "N·ε² of the coin", "format": "number", "kind": "measured"},
        ],
        "rows": rows,
    }


def _curve_table(found):
    rows = []
    for n, clean, noisy in zip(found.labels, found.curves["clean"], found.curves["noisy"], strict=True):
        rows.append([f"{n:,}", *(f"{100 * c.mean:.1f} ± {50 * (c.high - c.low):.1f}" for c in (clean, noisy))])
    return {"columns": [{"label": "Real labels"}, {"label": "Clean labels, %", "kind": "measured"},
                        {"label": "Noisy labels, %", "kind": "measured"}], "rows": rows}


def _steps_table(values):
    limit = values["noise.deadline"].value
    rows = []
    for name, title, times in (
        ("clean", "Clean labels", 1.0), ("realizable", "Random flips, realizable: 1/(1−2ρ)²",
                                         values["noise.factor"].value),
        ("measured", "Random flips, as measured here", None),
        ("agnostic", "Agnostic: 1/ε² instead of 1/ε", values["noise.agnostic_factor"].value),
        ("card", "The card’s 10x", float(CARD_FACTOR)),
    ):
        count = values[f"noise.steps_{name}"].value
        if times is None and count is not None:
            times = count / values["noise.steps_clean"].value
        status = "being measured" if count is None else "✓ in time" if count <= limit else "✗ too late"
        rows.append([title, times, count, limit, status])
    return {
        "columns": [
            {"label": "Labels"}, {"label": "Times the clean run", "format": "number"},
            {"label": "Steps", "format": "integer", "kind": "modelled"},
            {"label": "Deadline, steps", "format": "integer", "kind": "modelled"}, {"label": "Status"},
        ],
        "rows": rows,
    }
