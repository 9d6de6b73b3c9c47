"""EL2N scores against a few lines of independent NumPy, and what pruning by them does to a classifier."""

import numpy as np
import pytest

from dataselect_core.pruning import el2n


def test_el2n_is_the_distance_to_the_label():
    """The score is the Euclidean distance between probabilities and one-hot label, computed here row by row."""
    rng = np.random.default_rng(1)
    proba, y = rng.dirichlet(np.ones(5), 200), rng.integers(0, 5, 200)
    expected = [sum((p[k] - (k == label)) ** 2 for k in range(5)) ** 0.5 for p, label in zip(proba, y)]
    assert np.allclose(el2n(proba, y), expected, rtol=0, atol=1e-12)


def test_el2n_of_certain_predictions():
    """Certain and right is 0, certain and wrong the square root of 2, undecided between two that of a half."""
    got = el2n([[1, 0], [0, 1], [0.5, 0.5]], [0, 0, 1])
    assert np.allclose(got, [0, 2**0.5, 0.5**0.5], rtol=0, atol=1e-15)
    assert got.dtype == np.float64


@pytest.mark.parametrize(
    ("proba", "y", "kind", "named"),
    [
        ([[0.5, 0.6]], [0], ValueError, "proba"),
        ([[1.5, -0.5]], [0], ValueError, "proba"),
        ([[np.nan, 1.0]], [0], ValueError, "proba"),
        (np.empty((0, 3)), np.empty(0, int), ValueError, "proba"),
        ([[1.0]], [0], ValueError, "proba"),
        ([0.5, 0.5], [0], ValueError, "proba"),
        ("ab", [0], TypeError, "proba"),
        ([[0.5, 0.5]], [2], ValueError, "y"),
        ([[0.5, 0.5]], [-1], ValueError, "y"),
        ([[0.5, 0.5]], [0.0], TypeError, "y"),
        ([[0.5, 0.5]], [0, 1], ValueError, "y"),
        ([[0.5, 0.5]], None, TypeError, "y"),
    ],
)
def test_el2n_names_the_argument_at_fault(proba, y, kind, named):
    """What is no table of probabilities, or no column of it, is refused by name."""
    with pytest.raises(kind, match=f"^{named} must"):
        el2n(proba, y)
