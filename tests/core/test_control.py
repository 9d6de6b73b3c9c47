"""The control of a deduplication: as much is removed at random, over several seeds."""

import numpy as np
import pytest

from dataselect_core import datasets
from dataselect_core.dedup.audit import Audit
from dataselect_core.dedup.control import at_random, compare, verdict
from dataselect_core.dedup.items import Frames
from dataselect_core.information import learning_curve


@pytest.fixture(scope="module")
def texts():
    """The audit and the point at .9 of a small corpus in which every other text occurs three times."""
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(400)]
    base = [" ".join(rng.choice(words, 60, p=np.arange(400, 0, -1) / 80200)) for _ in range(60)]
    audit = Audit([text for i, text in enumerate(base) for _ in range(3 if i % 2 else 1)])
    return audit, audit.at(0.9)


def test_what_goes_at_random_has_the_mass_asked_for():
    """The removed mass is right to half an item, only the given items are removed, and the seed decides which."""
    mass = np.array([5, 9, 2, 7, 4, 8, 3, 6])
    keep = at_random(mass, [0, 1, 2, 3, 4, 5], 12, 1)
    assert keep[[6, 7]].all() and abs(mass[~keep].sum() - 12) <= mass[:6].max() / 2
    assert np.array_equal(keep, at_random(mass, [5, 4, 3, 2, 1, 0], 12, 1))
    assert any((keep != at_random(mass, range(6), 12, seed)).any() for seed in range(2, 6))
    assert at_random(mass, range(8), 0, 1).all()
    assert at_random(mass, range(8), 44, 1).sum() == 1  # one item is left to learn from


def test_the_three_corpora_are_trained_as_said(texts):
    """One seed gives the losses of `learning_curve` on the same texts, selected here."""
    audit, point = texts
    found = compare(audit, point, [3, 4])
    from dataselect_core.dedup.pairs import clusters
    from dataselect_core.information import heldout_split

    near = clusters(len(audit), audit.pairs[audit.similarity >= 0.5])
    train, heldout = heldout_split(near, 0.1, 3, audit.mass)
    test = [audit.corpus.texts[i] for i in heldout]
    masks = (
        np.ones(len(audit), dtype=bool),
        point.keep,
        at_random(audit.mass, train, float(audit.mass[train[~point.keep[train]]].sum()), 3),
    )
    for mask, loss in zip(masks, (found.raw, found.kept, found.control)):
        # the vocabulary covers the whole corpus, so removed words stay known
        curve = learning_curve(
            [audit.corpus.texts[i] for i in train], test, [int(mask[train].sum())], mask[train]
        )
        assert loss[0] == pytest.approx(float(curve.loss[-1]), abs=1e-9)


def test_the_control_spends_as_much(texts):
    """Kept and control corpus cost about the same operations, to a tenth; the raw corpus costs more."""
    found = compare(*texts)
    assert np.allclose(found.control_operations, found.kept_operations, rtol=0.1)
    assert (found.raw_operations > 1.3 * found.kept_operations).all()


def test_a_verdict_needs_its_interval():
    """The verdict is "better" or "worse" only if the interval excludes 0."""
    assert [verdict(*each) for each in ((-0.2, 0.1), (0.2, 0.1), (-0.05, 0.1), (0.0, 0.0))] == [
        "better",
        "worse",
        "same",
        "same",
    ]


def test_removing_at_random_is_not_deduplicating():
    """On the simulated drive, over several seeds, losing scenes hurts and losing copies does not."""
    audit = Audit(Frames(datasets.drive(0.7, 1)))
    found = compare(audit, audit.at(0.7))
    assert verdict(*found.control_against_raw()) == "worse"
    assert verdict(*found.against_control()) == "better"
    assert verdict(*found.against_raw()) == "same"


@pytest.mark.parametrize(("seeds", "kind"), [([1], ValueError), ([1, -1], ValueError), ([1, 0.5], TypeError)])
def test_bad_seeds_are_named(texts, seeds, kind):
    """An interval needs two seeds, and each seed is a whole number."""
    with pytest.raises(kind, match="^seeds must"):
        compare(*texts, seeds)
