"""The mix of real and synthetic samples: training, measures, and maps that repeat."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t as student
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from dataselect_core import frechet
from dataselect_core.gap import mix, statistics
from dataselect_core.gap.mix import (
    Limits,
    Setting,
    check,
    feasible,
    gap,
    grid,
    noisy_curve,
    run,
    samples,
    summary,
)

RAINFALL = np.concatenate([np.zeros(58), np.linspace(0.3, 9.0, 32), np.linspace(10, 50, 10)])
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def field():
    """Real digits from scikit-learn in [0, 1], their labels, and a rain record like Seattle's."""
    X, y = load_digits(return_X_y=True)
    return X / 16, y, RAINFALL


def test_counts_follow_the_share():
    """Real and synthetic samples add up to the total; if real ones are missing, the share is kept."""
    assert Setting(0.3, 0.2, total=600, real=500).counts() == (420, 180)
    short = Setting(0.2, 0.2, total=1000, real=400)
    assert short.real_needed == 800
    assert short.counts() == (400, 100)
    assert Setting(1.0, 0.2, total=600, real=0).counts() == (0, 600)


def test_the_field_is_never_trained_on(field):
    """Real training pictures and field pictures are different digits."""
    X, y, mm = field
    draw = samples(Setting(0.25, 0.3, total=400, real=500), X, y, mm, 3)
    assert draw["synthetic"].sum() == 100 and len(draw["X_train"]) == 400
    originals = {x.tobytes() for x in X}
    real = draw["X_train"][~draw["synthetic"]]
    assert all(x.tobytes() in originals for x in real)
    assert not {x.tobytes() for x in real} & {x.tobytes() for x in draw["X_dry"]}
    assert len(draw["X_dry"]) == mix.FIELD


def test_draws_are_shared_between_settings(field):
    """Another mix or intensity has the same field and weather, and adds real samples in the same order."""
    X, y, mm = field
    one = samples(Setting(0.25, 0.3, total=400), X, y, mm, 3)
    two = samples(Setting(0.75, 0.9, total=400), X, y, mm, 3)
    for name in ("X_field", "y_field", "X_heavy"):
        assert np.array_equal(one[name], two[name])
    assert np.array_equal(one["X_train"][:100], two["X_train"][:100])


def test_noise_changes_only_real_labels(field):
    """Label noise changes the given share of the real labels, and no synthetic label."""
    X, y, mm = field
    clean = samples(Setting(0.5, 0.3, total=1000), X, y, mm, 1)
    noisy = samples(Setting(0.5, 0.3, total=1000, label_noise=0.2), X, y, mm, 1)
    changed = clean["y_train"] != noisy["y_train"]
    assert changed[~clean["synthetic"]].mean() == pytest.approx(0.2, abs=0.05)
    assert not changed[clean["synthetic"]].any()


def test_only_simulated_rain_changes_synthetic_pictures(field):
    """Training pictures are dry; with simulated rain, some synthetic pictures are rained on, but no real ones."""
    X, y, mm = field
    dry = samples(Setting(0.5, 0.3, total=400), X, y, mm, 1)
    wet = samples(Setting(0.5, 0.3, total=400, simulator_rain=True), X, y, mm, 1)
    changed = (dry["X_train"] != wet["X_train"]).any(1)
    assert not changed[~dry["synthetic"]].any()
    assert changed[dry["synthetic"]].mean() == pytest.approx(0.42, abs=0.1)


def test_the_wet_share_decides_the_rain_in_the_field(field):
    """Without wet days the field is dry; with only wet days every picture is rained on."""
    X, y, mm = field
    dry = samples(Setting(0.0, 0.0, total=50, wet_share=0.0), X, y, mm, 1)
    wet = samples(Setting(0.0, 0.0, total=50, wet_share=1.0), X, y, mm, 1)
    assert np.array_equal(dry["X_field"], dry["X_dry"])
    assert (wet["X_field"] != wet["X_dry"]).any(1).all()


def test_measures_equal_an_independent_classifier(field):
    """Accuracy and recall equal those of scikit-learn's classifier on the same samples, and FID equals frechet's."""
    X, y, mm = field
    setting = Setting(0.4, 0.3, total=300, critical=3)
    draw = samples(setting, X, y, mm, 5)
    model = LogisticRegression(C=1.0, max_iter=2000, tol=1e-8).fit(draw["X_train"], draw["y_train"])
    outcome = run(setting, X, y, mm, 5)
    assert outcome.accuracy == pytest.approx(model.score(draw["X_field"], draw["y_field"]), abs=2e-3)
    assert outcome.dry_accuracy == pytest.approx(model.score(draw["X_dry"], draw["y_field"]), abs=2e-3)
    assert outcome.recall == pytest.approx((model.predict(draw["X_heavy"]) == 3).mean(), abs=5e-3)
    assert outcome.fid == pytest.approx(frechet.fid(draw["X_train"], draw["X_field"]))
    assert (outcome.real, outcome.synthetic) == (180, 120)


def test_a_map_repeats_and_the_live_run_agrees(field):
    """Two maps from the same seeds are identical, and a repeated single point gives the map's figures."""
    X, y, mm = field
    setting = Setting(0.0, 0.0, total=120, real=200)
    shares, intensities = [0.2, 0.8], [0.1, 0.6]
    one = grid(setting, shares, intensities, X, y, mm, SEEDS)
    mix._simulated.cache_clear()
    two = grid(setting, shares, intensities, X, y, mm, SEEDS)
    assert all(np.array_equal(one[name], two[name]) for name in one)
    live = summary(replace(setting, share=0.8, randomisation=0.6), X, y, mm, SEEDS)
    for name in mix.MEASURES:
        assert (live[name].mean, live[name].low, live[name].high) == (
            one[name][1, 1],
            one[name + "_low"][1, 1],
            one[name + "_high"][1, 1],
        )


def test_stepwise_returns_the_outcome_of_the_run(field):
    """The steps return only the outcome of the whole run, at the end."""
    X, y, mm = field
    setting = Setting(0.5, 0.3, total=100)
    steps = list(mix.stepwise(setting, X, y, mm, 4))
    assert len(steps) > 2
    assert steps[:-1] == [None] * (len(steps) - 1)
    assert steps[-1] == run(setting, X, y, mm, 4)


def test_the_interval_equals_students(field):
    """The interval over the seeds is scipy's 95 % t interval of their mean."""
    X, y, mm = field
    setting = Setting(0.5, 0.3, total=100)
    values = [run(setting, X, y, mm, seed).accuracy for seed in SEEDS]
    low, high = student.interval(0.95, 2, np.mean(values), np.std(values, ddof=1) / np.sqrt(3))
    interval = summary(setting, X, y, mm, SEEDS)["accuracy"]
    assert (interval.mean, interval.low, interval.high) == pytest.approx(
        (np.mean(values), low, high), abs=1e-4
    )


def test_medium_randomisation_is_better_than_both_ends(field):
    """With only synthetic samples, the middle is better than both ends, in accuracy and in FID."""
    X, y, mm = field
    measures = grid(Setting(1.0, 0.0, total=400), [1.0], [0.0, 0.3, 1.0], X, y, mm, SEEDS)
    assert measures["accuracy"][0, 1] > measures["accuracy"][0, [0, 2]].max() + 0.1
    assert measures["fid"][0, 1] < measures["fid"][0, [0, 2]].min() - 0.5


def test_synthetic_samples_help_few_and_hurt_many_real_samples(field):
    """Adding 400 synthetic samples to 20 real ones is a gain, to 500 a loss (negative transfer)."""
    X, y, mm = field

    def change(real):
        real_only = summary(Setting(0.0, 0.3, total=real, real=real), X, y, mm, SEEDS)["accuracy"].mean
        mixed = Setting(400 / (real + 400), 0.3, total=real + 400, real=real)
        assert mixed.counts() == (real, 400)
        return summary(mixed, X, y, mm, SEEDS)["accuracy"].mean - real_only

    assert change(20) > 0.1
    assert change(500) < 0.0


def test_the_gap_is_below_fid_and_has_a_standard_error(field):
    """The extrapolated distance removes the bias of FID and comes with its standard error."""
    X, y, mm = field
    setting = Setting(0.5, 0.3, total=600)
    value, error = gap(setting, X, y, mm, 1)
    outcome = run(setting, X, y, mm, 1)
    assert value < outcome.fid
    assert outcome.fid_infinity == value
    assert 0 < error < value


def test_the_region_has_the_points_that_keep_every_limit(field):
    """A point is in the region if and only if its check says that every limit is kept."""
    X, y, mm = field
    setting = Setting(0.0, 0.3, total=300, real=150)
    shares = [0.2, 0.6, 1.0]
    measures = grid(setting, shares, [0.3, 0.9], X, y, mm, SEEDS)
    limits = Limits(accuracy=0.84, fid=1.0, recall=0.4)
    region = feasible(setting, shares, measures, limits)
    assert region.any() and not region.all()
    for i, share in enumerate(shares):
        for j, intensity in enumerate([0.3, 0.9]):
            point = replace(setting, share=share, randomisation=intensity)
            checks = check(point, summary(point, X, y, mm, SEEDS), limits)
            assert all(ok for _, _, ok in checks.values()) == region[i, j]
    supply = check(replace(setting, share=0.2), summary(setting, X, y, mm, SEEDS), limits)["supply"]
    assert supply == (240, 150, False)


def test_label_noise_lowers_the_learning_curve(field):
    """More labels help, and wrong labels hurt."""
    X, y, _ = field
    clean, noisy = (noisy_curve([50, 400], rate, X, y, 1) for rate in (0.0, 0.3))
    assert clean[1] > clean[0] + 0.05
    assert (noisy < clean - 0.03).all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"share": 1.2}, ValueError, "share must be in"),
        ({"randomisation": -0.1}, ValueError, "randomisation must be in"),
        ({"total": 5}, ValueError, "total must be between"),
        ({"total": 50.0}, TypeError, "total must be an integer"),
        ({"real": 2000}, ValueError, "real must be between"),
        ({"critical": 10}, ValueError, "critical must be between"),
        ({"label_noise": 2}, ValueError, "label_noise must be in"),
        ({"wet_share": 3}, ValueError, "wet_share must be in"),
        ({"real": 0}, ValueError, "fewer than 20 to train on"),
    ],
)
def test_bad_settings_are_refused(arguments, error, message):
    """The error names the argument and what is allowed."""
    with pytest.raises(error, match=message):
        Setting(**({"share": 0.5, "randomisation": 0.3} | arguments))


def test_bad_data_are_refused(field):
    """Too few digits, mismatched labels, a record without heavy rain and too few seeds are named in the error."""
    X, y, mm = field
    setting = Setting(0.5, 0.3)
    with pytest.raises(ValueError, match="X must have at least"):
        run(setting, X[:900], y[:900], mm, 1)
    with pytest.raises(ValueError, match="X must have shape"):
        run(setting, X, y[:-1], mm, 1)
    with pytest.raises(ValueError, match="heavy rain"):
        run(setting, X, y, [0.0, 1.0], 1)
    with pytest.raises(ValueError, match="values must be"):
        statistics.interval([1.0])
    with pytest.raises(ValueError, match="seeds must be"):
        summary(setting, X, y, mm, (1,))
