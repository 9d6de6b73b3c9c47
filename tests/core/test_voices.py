"""Mixes of real and synthetic speech: the draws, the noise in the field, the simulator, and a run by scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.fft import dct
from sklearn.linear_model import LogisticRegression

from dataselect_core import datasets
from dataselect_core.gap import voices
from dataselect_core.weather import intensity

SPEECH = datasets.speech()
RAIN = datasets.rainfall_mm()
HALF = voices.Setting(share=0.5, randomisation=0.3, total=400, real=500)


def draw(setting=HALF, seed=3):
    """The samples of a setting."""
    return voices.samples(setting, SPEECH.cepstra, SPEECH.y, RAIN, seed)


def features(utterances):
    """Features by loops, on the scale of all utterances."""
    spread = np.std([[*u.mean(axis=0), *u.std(axis=0)] for u in SPEECH.cepstra], axis=0)
    return np.array([[*u.mean(axis=0), *u.std(axis=0)] for u in utterances]) / spread


def positions(rows, among):
    """Index of each row among others, to 1e-9."""
    return [np.flatnonzero(np.abs(among - row).max(axis=1) < 1e-9).tolist() for row in rows]


def test_field_and_training_share_no_utterance():
    """140 real utterances are the field; the real ones of the training set are among the other 500, in dry weather."""
    data, every = draw(), features(SPEECH.cepstra)
    field = positions(data["X_dry"], every)
    bought = positions(data["X_train"][~data["synthetic"]], every)
    assert len(field) == 140 and len(bought) == 200 and all(len(found) == 1 for found in field + bought)
    assert not {i for (i,) in field} & {i for (i,) in bought}
    assert [SPEECH.y[i] for (i,) in field] == data["y_field"].tolist()
    assert [SPEECH.y[i] for (i,) in bought] == data["y_train"][~data["synthetic"]].tolist()
    assert not any(positions(data["X_train"][data["synthetic"]], every))


def test_settings_share_their_draws():
    """Field, weather and the order of buying are the same at another share; real ones are added, not exchanged."""
    few, many = draw(), draw(replace(HALF, share=0.25))
    for name in ("X_dry", "X_field", "X_heavy", "y_field"):
        np.testing.assert_array_equal(few[name], many[name])
    np.testing.assert_array_equal(few["X_train"][:200], many["X_train"][:200])


def test_the_ratio_falls_with_the_rain():
    """Dry days have no noise, light rain 30 dB, rain of full intensity 0 dB."""
    assert voices.snr([0.0])[0] == np.inf
    ratio = voices.snr([0.001, 1.0, 10.0, 50.0, 90.0])
    np.testing.assert_allclose(ratio, 30 - 30 * np.array(intensity([0.001, 1.0, 10.0, 50.0, 90.0])))
    assert 29.9 < ratio[0] < 30 and (np.diff(ratio)[:3] < 0).all() and ratio[3] == ratio[4] == 0


def test_noise_has_its_ratio_and_is_low():
    """Voice plus a noise that falls with the frequency has the coefficients of a noisy utterance; dry ones stay."""
    utterances = voices._utterances(SPEECH.cepstra[:30])
    noisy = voices.with_noise(utterances, np.where(np.arange(30) % 2, np.inf, 5.0), 7)
    for i in range(1, 30, 2):
        assert noisy[i] is utterances[i]
    rng = np.random.default_rng(7)
    corner = 500 * 2 ** rng.uniform(-1, 1, 30)
    frequency = 5000 * (np.arange(64) + 0.5) / 64
    for i in range(0, 30, 2):
        voice = np.exp(dct(np.pad(utterances[i], ((0, 0), (1, 51))), type=3))
        noise = 1 / (1 + (frequency / corner[i]) ** 2)
        added = voice + noise / noise.mean() * voice.mean(axis=1)[:, None] / 10**0.5
        np.testing.assert_allclose(noisy[i], dct(np.log(added), type=2)[:, 1:13] / 128, atol=1e-9)


def test_without_randomisation_the_simulator_repeats_what_it_heard():
    """At 0 each speaker's utterance is repeated; at 1 lengths and coefficients vary, and speakers stay balanced."""
    templates = [SPEECH.cepstra[np.flatnonzero(SPEECH.y == k)[0]] for k in range(9)]
    plain, y = voices.simulate(templates, 45, 0.0, 1)
    assert np.bincount(y).tolist() == [5] * 9
    for frames, speaker in zip(plain, y):
        np.testing.assert_allclose(frames, templates[speaker], atol=1e-9)
    wild, y = voices.simulate(templates, 45, 1.0, 1)
    assert len({len(frames) for frames in wild}) > 8
    assert min(np.abs(w.mean(axis=0) - templates[k].mean(axis=0)).max() for w, k in zip(wild, y)) > 0.01


def test_formants_move_with_the_factor():
    """The spectrum of a warped frame at a frequency is the smooth spectrum at factor times the frequency."""
    c = np.array([0.9, -0.3, 0.1, 0.05])
    omega = np.linspace(0.1, 2.5, 9)

    def log_spectrum(coefficients, frequencies):
        return 2 * np.cos(np.outer(frequencies, np.arange(1, len(coefficients) + 1))) @ coefficients

    many = np.pad(c, (0, 36))
    warped = many @ voices._warp(1.1, 40)
    gap = log_spectrum(warped, omega) - log_spectrum(many, 1.1 * omega)
    assert np.abs(gap - gap.mean()).max() < 0.03  # a series of 40 cosines; the loudness is left out


def test_a_run_equals_scikit_learn():
    """Accuracy in the field and the recall in heavy rain equal those of a logistic regression on the same samples."""
    data, outcome = draw(), voices.run(HALF, SPEECH.cepstra, SPEECH.y, RAIN, 3)
    model = LogisticRegression(C=1, tol=1e-10, max_iter=5000).fit(data["X_train"], data["y_train"])
    assert outcome.accuracy == (model.predict(data["X_field"]) == data["y_field"]).mean()
    assert outcome.dry_accuracy == (model.predict(data["X_dry"]) == data["y_field"]).mean()
    heavy = data["X_heavy"][data["y_heavy"] == 8]
    assert len(heavy) == 5 * (data["y_field"] == 8).sum()
    assert outcome.recall == (model.predict(heavy) == 8).mean()
    assert (outcome.real, outcome.synthetic) == (200, 200) and outcome.fid > outcome.fid_infinity


def test_a_comparison_is_paired_by_seed():
    """Means, changes and their intervals follow from single runs."""
    settings = [replace(HALF, share=share) for share in (0.1, 0.9)]
    compared = voices.compare(settings, SPEECH.cepstra, SPEECH.y, RAIN, (1, 2, 3))
    runs = [
        [voices.run(setting, SPEECH.cepstra, SPEECH.y, RAIN, seed).accuracy for seed in (1, 2, 3)]
        for setting in settings
    ]
    np.testing.assert_array_equal(compared.measures["accuracy"], runs)
    change = np.subtract(runs[1], runs[0])
    mean, half = compared.change("accuracy", 0, 1)
    assert mean == pytest.approx(change.mean())
    assert half == pytest.approx(4.303 * change.std(ddof=1) / 3**0.5, rel=1e-3)
    assert compared.mean("accuracy")[0] == pytest.approx(np.mean(runs, axis=1))


def test_noise_in_the_simulator_reaches_synthetic_samples_only():
    """A simulator that is given noise changes its own utterances, and the real ones stay."""
    dry, wet = draw(), draw(replace(HALF, simulator_rain=True))
    same = np.isclose(dry["X_train"], wet["X_train"]).all(axis=1)
    assert same[~dry["synthetic"]].all() and 0.3 < 1 - same[dry["synthetic"]].mean() < 0.6


@pytest.mark.parametrize(("name", "value"), [("real", 501), ("critical", 9), ("share", 1.5)])
def test_impossible_settings_are_refused(name, value):
    """There are 500 utterances for sale and nine speakers."""
    with pytest.raises(ValueError, match=name):
        replace(HALF, **{name: value})


def test_data_that_do_not_fit_are_refused():
    """Too few utterances, and speakers that do not match, are errors that say so."""
    with pytest.raises(ValueError, match="utterances must be at least 140"):
        voices.samples(HALF, SPEECH.cepstra[:300], SPEECH.y[:300], RAIN, 1)
    with pytest.raises(ValueError, match="y must have 640 speakers"):
        voices.samples(HALF, SPEECH.cepstra, SPEECH.y[:9], RAIN, 1)
    with pytest.raises(ValueError, match="heavy rain"):
        voices.samples(HALF, SPEECH.cepstra, SPEECH.y, [0.0, 1.0], 1)
