"""Experiment with data pruning: keep the hardest, easiest or random samples of a set, with correct or wrong labels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike
from dataselect_core.learners.softmax import SoftmaxRegression, class_labels, feature_matrix
from dataselect_core.noise import flip_labels
from dataselect_core.pruning.scores import el2n
from dataselect_core.sampling.splits import stratified_split
from dataselect_core.statistics import half_width

KEEPS = ("hardest", "easiest", "random")
PROXY_SHARE = 0.2
"""Share of the training samples that the proxy, whose probabilities give the scores, is trained on."""


@dataclass(frozen=True)
class Pruning:
    """A classifier's accuracy when only a part of the training samples is kept.

    Attributes
    ----------
    shares : float64[k]
        Requested shares to keep.
    keeps : tuple of str
        "hardest", "easiest", "random".
    accuracy : float64[s, 3, k]
        Test accuracy for each seed, kept part and share.
    whole : float64[s]
        Test accuracy with all training samples.
    wrong_among_hardest : float64[s]
        Share of wrong labels among the hardest tenth; 0 if no labels were made wrong.
    """

    shares: np.ndarray
    keeps: tuple
    accuracy: np.ndarray
    whole: np.ndarray
    wrong_among_hardest: np.ndarray

    def mean(self) -> Any:
        """Mean accuracy over the seeds: float64[3, k]."""
        return self.accuracy.mean(axis=0)

    def interval(self) -> Any:
        """Half width of the 95 % interval of the mean, by Student's t over the seeds: float64[3, k]."""
        return half_width(self.accuracy)

    def against_random(self) -> Any:
        """Mean difference from keeping random samples, paired by seed, and its half width: two float64[2, k].

        Rows: hardest, easiest. If the half width is larger than the difference, the two cannot be told apart.
        """
        gap = self.accuracy[:, :2] - self.accuracy[:, 2:]
        return gap.mean(axis=0), half_width(gap)


def prune(
    X: ArrayLike,
    y: ArrayLike,
    shares: Sequence[float],
    wrong: Any,
    seeds: Sequence[int],
    *,
    test_share: float = 0.3,
    proxy_share: float = PROXY_SHARE,
) -> Any:
    """Train on the hardest, the easiest and a random part of the training samples, over several seeds.

    Seed s splits the samples (`stratified_split`), makes labels wrong, and draws the proxy's samples and the random
    part. The proxy is a `SoftmaxRegression` on `proxy_share` of the training samples, with the given labels,
    including wrong ones; its probabilities give the EL2N scores of all training samples. Test labels are correct.

    Parameters
    ----------
    X : float[n, d]
    y : int[n]
        Labels 0 to k - 1, each class at least twice.
    shares : sequence of float
        Shares of the training samples to keep, in (0, 1]; at least as many samples as classes must be left.
    wrong : float
        Share of training labels that are replaced by another class, in [0, 1].
    seeds : sequence of int
        At least two.
    test_share : float
        In (0, 1).
    proxy_share : float
        In (0, 1].

    Returns
    -------
    Pruning

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.

    References
    ----------
    Paul, Ganguli and Dziugaite 2021: the hardest half is as good as all samples. Sorscher et al. 2022: with few
    samples, keep the easy ones. Ayed and Hayou 2023 (arXiv 2302.06960): with strong pruning, choices by score are worse
    than random ones.
    """
    X = feature_matrix("X", X)
    y = class_labels("y", y, len(X))
    if y.dtype.kind not in "iu" or y.min() < 0:
        raise ValueError("y must hold integers from 0 on")
    shares = arguments.vector("shares", shares)
    if not len(shares) or not ((shares > 0) & (shares <= 1)).all():
        raise ValueError(f"shares must lie in (0, 1], not {shares.tolist()}")
    wrong = arguments.share("wrong", wrong)
    seeds = arguments.seeds("seeds", seeds)
    proxy_share = arguments.between("proxy_share", proxy_share, 0, 1 + 1e-9)
    accuracy: list[Any] = []
    whole: list[Any] = []
    among: list[Any] = []
    for seed in seeds:
        train, test = stratified_split(y, test_share, seed)
        least = np.floor(shares.min() * len(train) + 0.5)
        if least < len(np.unique(y)):
            raise ValueError(
                f"shares must leave a sample for each class, not {least:.0f} of {len(train)} samples"
            )
        found = _one_seed(X, y, train, test, shares, wrong, seed, proxy_share)
        for each, value in zip((accuracy, whole, among), found):
            each.append(value)
    return Pruning(shares, KEEPS, np.array(accuracy), np.array(whole), np.array(among))


def prune_stepwise(
    X: ArrayLike, y: ArrayLike, shares: Sequence[float], wrong: Any, seeds: Sequence[int]
) -> Iterator[tuple[str, float] | Pruning]:
    """The same in steps of two seeds: an iterator of (label, share done) that ends with the `Pruning`.

    Parameters
    ----------
    X, y, shares, wrong
        As for `prune`.
    seeds : sequence of int
        An even number of them, at least two.
    """
    seeds = arguments.seeds("seeds", seeds)
    if len(seeds) % 2:
        raise ValueError(f"seeds must be an even number of seeds, not {len(seeds)}")
    parts = []
    for i in range(0, len(seeds), 2):
        yield f"Pruning, seeds {i + 1} and {i + 2} of {len(seeds)}", i / len(seeds)
        parts.append(prune(X, y, shares, wrong, seeds[i : i + 2]))
    yield Pruning(
        parts[0].shares,
        KEEPS,
        np.concatenate([part.accuracy for part in parts]),
        np.concatenate([part.whole for part in parts]),
        np.concatenate([part.wrong_among_hardest for part in parts]),
    )


def _one_seed(X, y, train, test, shares, wrong, seed, proxy_share):
    """Accuracy float[3, k], accuracy with all samples, and share of wrong labels among the hardest tenth."""
    given = flip_labels(y[train], wrong, int(y.max()) + 1, seed)
    order = np.random.default_rng([seed, 1]).permutation(len(train))
    proxy = order[: max(2, int(np.floor(proxy_share * len(train) + 0.5)))]
    score = el2n(_probabilities(X[train[proxy]], given[proxy], X[train], int(y.max()) + 1), given)
    # rounded, so that every platform keeps the same samples; ties are in the order of the draw
    ranked = order[np.argsort(-np.round(score[order], 9), kind="stable")]
    parts = {
        "hardest": ranked,
        "easiest": ranked[::-1],
        "random": np.random.default_rng([seed, 2]).permutation(len(train)),
    }

    def test_accuracy(kept):
        if (given[kept] == given[kept[0]]).all():
            return float((y[test] == given[kept[0]]).mean())
        model = SoftmaxRegression().fit(X[train[kept]], given[kept])
        return float((model.predict(X[test]) == y[test]).mean())

    counts = np.floor(shares * len(train) + 0.5).astype(int)
    accuracy = [[test_accuracy(parts[name][:count]) for count in counts] for name in KEEPS]
    tenth = ranked[: max(1, len(train) // 10)]
    return accuracy, test_accuracy(order), float((given[tenth] != y[train[tenth]]).mean())


def _probabilities(X, y, asked, classes):
    """Class probabilities float[n, classes] of a classifier; 0 for a class that is not in its training data."""
    model = SoftmaxRegression().fit(X, y)
    proba = np.zeros((len(asked), classes))
    proba[:, model.classes_] = model.predict_proba(asked)
    return proba
