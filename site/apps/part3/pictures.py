"""The sheet of pictures: samples on which the classifier is trained, and samples of the field."""

from dataclasses import replace

import numpy as np

from dataselect_core.gap import mix

TRAINING = 20  # pictures shown of the training set


def sheet(setting, X, y, rainfall_mm, seed):
    """Rows of pictures at a setting, from the same samples that `mix` draws for it.

    Returns
    -------
    list of dict
        name, title, alt (a description for readers who cannot see the row), pictures: list of {ink: 64 whole
        numbers 0 to 16, label, mark: "real" or "synthetic" or ""}.
    """
    samples = mix.samples(setting, X, y, rainfall_mm, seed)
    half = mix.samples(replace(setting, share=0.5, real=mix.POOL), X, y, rainfall_mm, seed)
    wet = (_ink(samples["X_field"]) != _ink(samples["X_dry"])).any(1)  # so much rain that it shows
    chosen = _one_each(samples["y_field"], wet if wet.any() else ~wet)
    drawings = np.flatnonzero(half["synthetic"])
    drawings = drawings[_one_each(half["y_train"][drawings], np.ones(len(drawings), bool))]
    training = np.linspace(0, len(samples["y_train"]) - 1, TRAINING).astype(int)
    heavy = samples["X_heavy"][:: mix.FACTS["heavy_days"]["value"]][:10]
    real, synthetic = setting.counts()
    rain = "given rain" if setting.simulator_rain else "without rain"
    return [
        _row(
            "training",
            "Your training set",
            samples["X_train"][training],
            samples["y_train"][training],
            f"{TRAINING} pictures spread evenly over the {real + synthetic} you train on, {real} real and "
            f"{synthetic} synthetic",
            np.where(samples["synthetic"][training], "synthetic", "real"),
        ),
        _row(
            "real",
            "Real, dry",
            samples["X_dry"][chosen],
            samples["y_field"][chosen],
            "one real handwritten digit of each class",
        ),
        _row(
            "synthetic",
            f"Synthetic, {rain}",
            half["X_train"][drawings],
            half["y_train"][drawings],
            f"one drawing of each class by the simulator at randomisation {setting.randomisation:.2f}, {rain}",
        ),
        _row(
            "field",
            "The same real digits on rainy days" if wet.any() else "The field: no rain at this share",
            samples["X_field"][chosen],
            samples["y_field"][chosen],
            "the real digits of the second row as the camera sees them on rainy days of the record",
        ),
        _row(
            "heavy",
            f"Safety: the {setting.critical} in heavy rain",
            heavy,
            np.full(len(heavy), setting.critical),
            f"the critical class {setting.critical} on days of at least 10 mm",
        ),
    ]


def _one_each(y, allowed):
    """Index of the first allowed sample of each class, classes in order; of the first sample if none is allowed."""
    indices = []
    for digit in range(mix.CLASSES):
        matches = np.flatnonzero((y == digit) & allowed)
        matches = matches if len(matches) else np.flatnonzero(y == digit)
        indices.extend(matches[:1])
    return np.array(indices, dtype=int)


def _row(name, title, X, y, alt, marks=None):
    marks = [""] * len(X) if marks is None else list(marks)
    description = f"{alt}. Mean ink {X.mean():.2f} of 1, spread between blocks {X.std():.2f}."
    return {
        "name": name,
        "title": title,
        "alt": f"{title}: {description}",
        "pictures": [
            {"ink": row, "label": label, "mark": str(mark)}
            for row, label, mark in zip(_ink(X).tolist(), np.asarray(y).tolist(), marks, strict=True)
        ],
    }


def _ink(X):
    """Whole numbers from 0 to 16, as the page draws them."""
    return np.round(16 * X).astype(int)
