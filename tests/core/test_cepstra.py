"""Cepstra: the features of an utterance."""

import numpy as np
import pytest

from dataselect_core import cepstra


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
