"""The figures on label noise in Part 3: exponents, the price of random flips, training steps."""

from typing import Any

import numpy as np

from dataselect_core.figures.domain_gap.situation import Situation
from dataselect_core.gap.noise_experiments import COIN_TRIALS, TRIALS
from dataselect_core.noise import noise_factor
from dataselect_core.values import Value, measured, modelled

CARD_FACTOR = 10  # the card's crisis of the mobile track: ten times the steps


def add(situation: Situation, values: dict[str, Value], cases: list[str]) -> None:
    """Add the figures and cases on label noise to the figures and cases of the mix."""
    experiment = situation.experiment
    values |= _laws(situation)
    if experiment is not None:
        values |= _measured(experiment)
        (_, low, high), (_, noisy_low, noisy_high) = experiment.clean_slope, experiment.noisy_slope
        cases.append("slopes-alike" if max(low, noisy_low) <= min(high, noisy_high) else "slopes-differ")
    cases.append("noise-waits" if experiment is None else "noise-done")
    for name in ("clean", "realizable", "agnostic", "measured"):
        count = values[f"noise.steps_{name}"].value
        if count is not None:
            cases.append(f"steps-{name}-{'ok' if count <= values['noise.deadline'].value else 'fails'}")


def _laws(situation):
    realizable, agnostic = situation.steps()
    rate, experiment = situation.rate, situation.experiment
    epsilon, clean = situation.assumption("target_error"), situation.assumption("clean_steps")
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
        "noise.deadline": situation.deadline(),
        "noise.steps_measured": modelled(
            experiment.ratio[0] * clean if experiment else None,
            "steps",
            "the ratio measured here, times the clean steps",
        ),
    }


def _measured(experiment):
    thresholds, coins = f"{TRIALS} trials a size, seed {experiment.seeds[0]}", f"{COIN_TRIALS} coins a size"
    digits = f"dry field digits, mean of {len(experiment.seeds)} seeds"
    values: dict[Any, Any] = {}
    for name, (value, low, high), source in (
        ("slope_clean", experiment.clean_slope, thresholds),
        ("slope_noisy", experiment.noisy_slope, thresholds),
        ("slope_coin", experiment.coin_slope, coins),
        ("ratio", experiment.ratio, thresholds),
    ):
        values |= {
            f"noise.{name}": measured(value, "", source),
            f"noise.{name}_low": measured(low, "", source),
            f"noise.{name}_high": measured(high, "", source),
        }
    clean, noisy = experiment.curves["clean"][-1], experiment.curves["noisy"][-1]
    values |= {
        "noise.labels": measured(experiment.labels[-1], "labels", "the whole pool"),
        "noise.accuracy_clean": measured(clean.mean, "", digits),
        "noise.accuracy_noisy": measured(noisy.mean, "", digits),
        "noise.accuracy_lost": measured(100 * (clean.mean - noisy.mean), "percentage points", digits),
        "noise.labels_clean": measured(
            _labels_for(noisy.mean, experiment.labels, experiment.curves["clean"]),
            "labels",
            "clean curve, interpolated in the logarithm of the labels",
        ),
    }
    return values


def _labels_for(accuracy, labels, curve):
    """Labels at which a curve first reaches an accuracy; None if it never does."""
    mean = np.maximum.accumulate([interval.mean for interval in curve])
    if accuracy > mean[-1]:
        return None
    if accuracy <= mean[0]:
        return float(labels[0])
    return float(np.exp(np.interp(accuracy, mean, np.log(labels))))
