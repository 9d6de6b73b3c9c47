"""The tables on label noise in Part 3."""

from dataselect_core.figures.domain_gap.label_noise import CARD_FACTOR


def tables(experiment, values):
    """The tables of the noise panel: `experiment` is a `noise_experiments.Measured` or None, `values` the figures."""
    measured = (
        {}
        if experiment is None
        else {"NoisePlot": _slopes_table(experiment), "LearningCurve": _curve_table(experiment)}
    )
    return measured | {"TrainingSteps": _steps_table(values)}


def _slopes_table(experiment):
    rows = []
    for n, clean, noisy in zip(experiment.sizes.tolist(), experiment.clean, experiment.noisy, strict=True):
        rows.append([f"{n:,}", clean, noisy, None, None])
    for n, coin in zip(experiment.coin_sizes.tolist(), experiment.coin, strict=True):
        rows.append([f"{n:,}", None, None, coin, n * coin**2])
    return {
        "columns": [
            {"label": "Labels N"},
            {"label": "Threshold, clean: mean error", "format": "number", "kind": "measured"},
            {"label": "Threshold, noisy: mean error", "format": "number", "kind": "measured"},
            {"label": "Coin: error kept by 90 %", "format": "number", "kind": "measured"},
            {"label": "N·ε² of the coin", "format": "number", "kind": "measured"},
        ],
        "rows": rows,
    }


def _curve_table(experiment):
    rows = []
    for n, clean, noisy in zip(
        experiment.labels, experiment.curves["clean"], experiment.curves["noisy"], strict=True
    ):
        rows.append(
            [f"{n:,}", *(f"{100 * c.mean:.1f} ± {50 * (c.high - c.low):.1f}" for c in (clean, noisy))]
        )
    return {
        "columns": [
            {"label": "Real labels"},
            {"label": "Clean labels, %", "kind": "measured"},
            {"label": "Noisy labels, %", "kind": "measured"},
        ],
        "rows": rows,
    }


def _steps_table(values):
    limit = values["noise.deadline"].value
    rows = []
    for name, title, times in (
        ("clean", "Clean labels", 1.0),
        ("realizable", "Random flips, realizable: 1/(1−2ρ)²", values["noise.factor"].value),
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
            {"label": "Labels"},
            {"label": "Times the clean run", "format": "number"},
            {"label": "Steps", "format": "integer", "kind": "modelled"},
            {"label": "Deadline, steps", "format": "integer", "kind": "modelled"},
            {"label": "Status"},
        ],
        "rows": rows,
    }
