"""The control of a deduplication: as much is removed at random, over several seeds."""

import numpy as np
import pytest

from dataselect_core import datasets
from dataselect_core.dedup.audit import Audit
from dataselect_core.dedup.control import at_random, compare, verdict
from dataselect_core.dedup.items import Frames
from dataselect_core.information import learning_curve


@pytest.fixture(scope="module")
def audit_and_point():
    """The audit and the point at .9 of a small corpus in which every other text occurs three times."""
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(400)]
    base = [" ".join(rng.choice(words, 60, p=np.arange(400, 0, -1) / 80200)) for _ in range(60)]
    audit = Audit([text for i, text in enumerate(base) for _ in range(3 if i % 2 else 1)])
    return audit, audit.at(0.9)


def test_random_removal_has_the_requested_mass():
    """The removed mass is right to half an item, only the given items are removed, and the seed decides which."""
    mass = np.array([5, 9, 2, 7, 4, 8, 3, 6])
    keep = at_random(mass, [0, 1, 2, 3, 4, 5], 12, 1)
    assert keep[[6, 7]].all() and abs(mass[~keep].sum() - 12) <= mass[:6].max() / 2
    assert np.array_equal(keep, at_random(mass, [5, 4, 3, 2, 1, 0], 12, 1))
    assert any((keep != at_random(mass, range(6), 12, seed)).any() for seed in range(2, 6))
    assert at_random(mass, range(8), 0, 1).all()
    assert at_random(mass, range(8), 44, 1).sum() == 1  # one item is left to learn from


def test_losses_of_the_three_corpora_equal_learning_curves(audit_and_point):
    """One seed gives the losses of `learning_curve` on the same texts, selected here."""
    audit, point = audit_and_point
    comparison = compare(audit, point, [3, 4])
    from dataselect_core.dedup.pairs import clusters
    from dataselect_core.information import heldout_split

    near_clusters = clusters(len(audit), audit.pairs[audit.similarity >= 0.5])
    train, heldout = heldout_split(near_clusters, 0.1, 3, audit.mass)
    test = [audit.corpus.texts[i] for i in heldout]
    masks = (
        np.ones(len(audit), dtype=bool),
        point.keep,
        at_random(audit.mass, train, float(audit.mass[train[~point.keep[train]]].sum()), 3),
    )
    for mask, loss in zip(masks, (comparison.raw, comparison.kept, comparison.control)):
        # the vocabulary covers the whole corpus, so removed words stay known
        curve = learning_curve(
            [audit.corpus.texts[i] for i in train], test, [int(mask[train].sum())], mask[train]
        )
        assert loss[0] == pytest.approx(float(curve.loss[-1]), abs=1e-9)


def test_the_control_costs_as_many_operations_as_the_kept_corpus(audit_and_point):
    """Kept and control corpus cost about the same operations, to a tenth; the raw corpus costs more."""
    comparison = compare(*audit_and_point)
    assert np.allclose(comparison.control_operations, comparison.kept_operations, rtol=0.1)
    assert (comparison.raw_operations > 1.3 * comparison.kept_operations).all()


def test_a_verdict_requires_an_interval_without_zero():
    """The verdict is "better" or "worse" only if the interval excludes 0."""
    assert [verdict(*interval) for interval in ((-0.2, 0.1), (0.2, 0.1), (-0.05, 0.1), (0.0, 0.0))] == [
        "better",
        "worse",
        "same",
        "same",
    ]


def test_random_removal_hurts_and_deduplication_does_not():
    """On the simulated drive, over several seeds, losing scenes hurts and losing copies does not."""
    audit = Audit(Frames(datasets.drive(0.7, 1)))
    comparison = compare(audit, audit.at(0.7))
    assert verdict(*comparison.control_against_raw()) == "worse"
    assert verdict(*comparison.against_control()) == "better"
    assert verdict(*comparison.against_raw()) == "same"


@pytest.mark.parametrize(
    ("seeds", "error"), [([1], ValueError), ([1, -1], ValueError), ([1, 0.5], TypeError)]
)
def test_bad_seeds_are_refused(audit_and_point, seeds, error):
    """An interval needs two seeds, and each seed is a whole number."""
    with pytest.raises(error, match="^seeds must"):
        compare(*audit_and_point, seeds)
