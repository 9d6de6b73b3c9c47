"""Cepstra: the features of an utterance, its power spectrum, and noise added to it."""

import numpy as np
import pytest
from scipy.fft import dct

from dataselect_core import cepstra, datasets


def test_features_are_means_and_deviations_over_the_frames():
    """Each utterance gives the mean and the standard deviation of each coefficient, whatever its number of frames."""
    X = cepstra.features([[[1.0, 2.0], [3.0, 6.0]], [[5.0, 7.0]]])
    np.testing.assert_allclose(X, [[2, 4, 1, 2], [5, 7, 0, 0]])


@pytest.mark.parametrize(
    "utterances", [[], [[]], [[1.0]], [[[1.0]], [[1.0, 2.0]]], [[[np.nan]]], [np.empty((0, 3))]]
)
def test_impossible_utterances_are_refused(utterances):
    """Without utterances, frames or finite numbers, or with different numbers of coefficients, there are no features."""
    with pytest.raises(ValueError, match="cepstra must hold"):
        cepstra.features(utterances)


def test_something_else_is_refused():
    """The error names the argument."""
    with pytest.raises(TypeError, match="cepstra must be a list"):
        cepstra.features(["a"])


SPEECH = np.concatenate(datasets.speech().cepstra[::40])


def spectrum(frames, points=64):
    """The power spectrum by SciPy: the cosine transform of the third kind has the factor 2 and the half steps."""
    return np.exp(dct(np.pad(frames, ((0, 0), (1, points - 1 - frames.shape[1]))), type=3))


def test_the_spectrum_of_speech_equals_a_cosine_transform():
    """Real frames have the spectrum that SciPy computes, and its logarithm has the mean 0."""
    power = cepstra.power_spectrum(SPEECH)
    np.testing.assert_allclose(power, spectrum(SPEECH), rtol=1e-9)
    assert np.abs(np.log(power).mean(axis=1)).max() < 1e-12


@pytest.mark.parametrize("points", [13, 64, 200])
def test_cepstrum_to_spectrum_and_back(points):
    """Real coefficients survive the way to the power spectrum and back to 1e-9, also from a louder one."""
    power = cepstra.power_spectrum(SPEECH, points)
    np.testing.assert_allclose(cepstra.from_power_spectrum(power, 12), SPEECH, atol=1e-9)
    np.testing.assert_allclose(cepstra.from_power_spectrum(100 * power, 12), SPEECH, atol=1e-9)


@pytest.mark.parametrize("snr", [-10.0, 0.0, 20.0])
def test_noise_adds_as_power_at_its_ratio(snr):
    """The spectrum of a noisy frame is voice plus noise at that ratio, computed with SciPy; its scale has no effect."""
    noise = np.random.default_rng(1).uniform(0.1, 1, (len(SPEECH), 64))
    voice = spectrum(SPEECH)
    added = noise * (voice.mean(axis=1) / noise.mean(axis=1) / 10 ** (snr / 10))[:, None]
    np.testing.assert_allclose(10 * np.log10(voice.mean(axis=1) / added.mean(axis=1)), snr, atol=1e-9)
    expected = dct(np.log(voice + added), type=2)[:, 1:13] / 128
    for scale in (1, 50):
        noisy = cepstra.add_noise(SPEECH, scale * noise, np.full(len(SPEECH), snr))
        np.testing.assert_allclose(noisy, expected, atol=1e-9)


def test_flat_noise_flattens_a_spectrum_and_quiet_noise_leaves_it():
    """Loud white noise moves every coefficient towards 0, and noise at 200 dB below the voice changes nothing."""
    flat = np.ones((len(SPEECH), 64))
    loud = cepstra.add_noise(SPEECH, flat, np.full(len(SPEECH), -40.0))
    assert np.abs(loud).max() < 0.02
    np.testing.assert_allclose(
        cepstra.add_noise(SPEECH, flat, np.full(len(SPEECH), 200.0)), SPEECH, atol=1e-9
    )


def test_impossible_spectra_are_refused():
    """Too few frequencies, power of 0, and noise without power or of another length are errors that say so."""
    frames = np.zeros((3, 4))
    with pytest.raises(ValueError, match="points must"):
        cepstra.power_spectrum(frames, 4)
    with pytest.raises(ValueError, match="power must be above 0"):
        cepstra.from_power_spectrum([[1.0, 0.0, 1.0]], 2)
    with pytest.raises(ValueError, match="coefficients must"):
        cepstra.from_power_spectrum([[1.0, 1.0]], 2)
    with pytest.raises(ValueError, match="frames must have coefficients"):
        cepstra.power_spectrum(1e3 + frames)
    with pytest.raises(ValueError, match="noise must have more than 4"):
        cepstra.add_noise(frames, np.ones((3, 4)), np.zeros(3))
    for noise in (np.ones((2, 8)), np.zeros((3, 8)), -np.ones((3, 8))):
        with pytest.raises(ValueError, match="noise must have 3 rows"):
            cepstra.add_noise(frames, noise, np.zeros(3))
    with pytest.raises(ValueError, match="snr must be 3 numbers"):
        cepstra.add_noise(frames, np.ones((3, 8)), 0.0)
