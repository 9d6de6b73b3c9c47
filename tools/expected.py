"""The expected values of every figure of a part on every track, for the guide for instructors.

A part needs two functions: its situations, and one that computes its tables, which is in PARTS. `tools.derive` calls
the latter and keeps the result.
"""

SEEDS = (1, 2, 3)
FIRST_SEEDS = (0, 5)  # of runs over several seeds
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
SHARES = (10, 50, 90)


def deduplication(track):
    """Part 1: every corpus of the track at five thresholds, three seeds each.

    Parameters
    ----------
    track : dataselect_core.tracks.Track

    Returns
    -------
    tuple
        Two predictions: a figure that differs between them is the reader's own, and is left out.
    dict
        Title of a table -> [(heading of a column, [settings, ...])].
    """
    common = {"width": 5, "num_perm": 128, "banding": "auto", "compute": "operations"}
    return (30.0, 60.0), {
        f"corpus {corpus}": [
            (
                f"threshold {threshold}",
                [{**common, "corpus": corpus, "threshold": threshold, "seed": seed} for seed in SEEDS],
            )
            for threshold in THRESHOLDS
        ]
        for corpus in track.part_1.limits
    }


def active_learning(track):
    """Part 2: random sampling next to margin sampling, 300 labels of the track's data set; like `deduplication`."""
    from dataselect_core.sampling import reference_sweep

    problem = track.part_2.problem

    def settings(batch, seed):
        controls = {
            "strategy": "margin",
            "batch": batch,
            "initial": reference_sweep.SIZES[problem][2],
            "budget": 300,
            "seed": seed,
            "seeds": 3,
            "test_share": reference_sweep.own_test_share(problem),
        }
        runs = {
            "random": {**controls, "strategy": "random", "number": 1, "labels": 300},
            "active": {**controls, "number": 2, "labels": 300},
        }
        run_settings = {f"{name}.{key}": value for name, run in runs.items() for key, value in run.items()}
        return {**controls, "data": problem, **run_settings, "answer": "depends"}

    predictions = ({"direction": "fewer", "prediction": 2.0}, {"direction": "more", "prediction": 3.0})
    return predictions, {
        f"data {problem}, margin beside random": [
            (f"batch {batch}", [settings(batch, seed) for seed in FIRST_SEEDS]) for batch in (10, 50)
        ]
    }


def domain_gap(track):
    """Part 3: three shares of synthetic samples, the rest as at the start of the track; like `deduplication`."""
    start = track.part_3
    common = {
        "randomisation": start.randomisation.value,
        "measure": "accuracy",
        "total": int(start.total.value),
        "real": int(start.real.value),
        "rain": "record",
        "wet_share": 43,
        "simulator_rain": "no",
        "label_noise": round(100 * start.label_noise.value),
        "seeds": 5,
        "noise": 5,
    }
    predictions = ({"direction": "falls", "prediction": 20.0}, {"direction": "rises", "prediction": 5.0})
    return predictions, {
        f"randomisation {start.randomisation.value:g}": [
            (
                f"synthetic {share} %",
                [{**common, "synthetic": share, "seed": seed + 1} for seed in FIRST_SEEDS],
            )
            for share in SHARES
        ]
    }


def ranges(situations, track, recompute):
    """The tables of one part on one track.

    Parameters
    ----------
    situations : callable
        Like `deduplication`.
    track : dataselect_core.tracks.Track
    recompute : callable
        The function `recompute` of the part in `dataselect_core.figures`.

    Returns
    -------
    list of dict
        `title`, `columns` (headings), `rows`: [path, unit, kind, [[low, high] or None, ...]].
    """
    (prediction, other_prediction), tables = situations(track)
    tables_of_part = []
    for title, columns in tables.items():
        rows = {}
        spread = _by_seed(columns, lambda settings: recompute(track.id, settings, {}, prediction).values)
        first, changed = spread[0][0], recompute(track.id, columns[0][1][0], {}, other_prediction).values
        of_the_reader = {
            path for path in first if path not in changed or first[path].value != changed[path].value
        }
        for i, by_seed in enumerate(spread):
            for path in by_seed[0].keys() - of_the_reader:
                values = [figures[path].value for figures in by_seed if path in figures]
                value = by_seed[0][path]
                row = rows.setdefault(path, [path, value.unit, value.kind, [None] * len(columns)])
                if all(isinstance(value, (int, float)) or hasattr(value, "item") for value in values):
                    row[3][i] = [float(min(values)), float(max(values))]
        tables_of_part.append(
            {
                "title": title,
                "columns": [heading for heading, _ in columns],
                "rows": [rows[path] for path in sorted(rows)],
            }
        )
    return tables_of_part


def _by_seed(columns, figures_of):
    """The figures of every column's settings, computed seed by seed.

    Results that depend only on the seed are then shared.
    """
    figures = [[None] * len(settings) for _, settings in columns]
    for j in range(max(len(settings) for _, settings in columns)):
        for i, (_, settings) in enumerate(columns):
            if j < len(settings):
                figures[i][j] = figures_of(settings[j])
    return figures


def _compute(situations, recompute, progress):
    """The tables of one part: track -> list of tables; `progress` takes the share of a step that is done."""
    from dataselect_core.tracks import TRACKS

    tables = {}
    for track in TRACKS:
        tables[track.id] = ranges(situations, track, recompute)
        if progress:
            progress(1 / len(TRACKS))
    return tables


def part_1(progress=None):
    """The tables of Part 1; see `_compute`."""
    from dataselect_core.figures.deduplication.figures import recompute

    return _compute(deduplication, recompute, progress)


def part_2(progress=None):
    """The tables of Part 2; see `_compute`."""
    from dataselect_core.figures.active_learning.figures import recompute

    return _compute(active_learning, recompute, progress)


def part_3(progress=None):
    """The tables of Part 3; see `_compute`."""
    from dataselect_core.figures.domain_gap.figures import recompute

    return _compute(domain_gap, recompute, progress)


PARTS = {"1": part_1, "2": part_2, "3": part_3}
