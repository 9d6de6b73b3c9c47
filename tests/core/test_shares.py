"""Synthetic samples added to real ones, and the labels that choosing saves seed by seed, against direct computations."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from dataselect_core import datasets
from dataselect_core.gap import mix
from dataselect_core.gap.shares import add_synthetic
from dataselect_core.sampling.evaluation import at_prior, curve_at_prior
from dataselect_core.sampling.sweep import Curve, label_factors


def test_the_real_samples_stay_and_synthetic_ones_come_on_top():
    """At a share of 80 %, 30 real samples are joined by 120 synthetic ones; the gain is paired, with scipy's interval."""
    data = (*datasets.digits(), datasets.rainfall_mm())
    found = add_synthetic(*data, real=(30,), shares=(0.8,), seeds=(3, 4, 5))
    alone = mix.Setting(0.0, 0.3, total=30, real=30)
    both = mix.Setting(0.8, 0.3, total=150, real=30)
    assert both.counts() == (30, 120)
    changes = [
        mix.run(both, *data, seed).accuracy - mix.run(alone, *data, seed).accuracy for seed in (3, 4, 5)
    ]
    mean, half = found.gain()
    assert mean[0, 0] == pytest.approx(np.mean(changes))
    low, high = stats.t.interval(0.95, 2, np.mean(changes), stats.sem(changes))
    assert (mean[0, 0] - half[0, 0], mean[0, 0] + half[0, 0]) == pytest.approx((low, high), abs=1e-4)


CURVE = Curve("random", 10, np.array([10, 20, 30]), np.array([[0.5, 0.7, 0.9], [0.5, 0.8, 0.85]]), None)


def test_the_factor_is_one_division_for_each_seed():
    """Random reaches .8 at 25 and 20 labels, the other at 12.5 and 15: factors 2 and 4/3; unreached is NaN."""
    fast = replace(CURVE, strategy="margin", accuracy=np.array([[0.7, 1.0, 1.0], [0.7, 0.9, 0.9]]))
    reached = np.array([10 + 10 / 3, 15.0])
    assert label_factors(CURVE, fast, 0.8) == pytest.approx(np.array([25.0, 20.0]) / reached)
    assert np.isnan(label_factors(CURVE, fast, 0.95)).all()
    with pytest.raises(ValueError, match="active must have"):
        label_factors(CURVE, replace(fast, accuracy=fast.accuracy[:1]), 0.8)


def test_a_curve_at_another_prior_is_that_of_its_points():
    """Each accuracy becomes the one that `at_prior` gives; a curve without recall is refused."""
    recall = np.array([[0.0, 0.5, 1.0], [0.2, 0.4, 0.6]])
    again = curve_at_prior(replace(CURVE, recall=recall), 0.1, 0.01)
    for i, j in np.ndindex(2, 3):
        assert again.accuracy[i, j] == at_prior(CURVE.accuracy[i, j], recall[i, j], 0.1, 0.01)
    with pytest.raises(ValueError, match="curve must have"):
        curve_at_prior(CURVE, 0.1, 0.01)
