"""Frames and signals in the audit: the same questions as for texts, checked with brute force on Python sets."""

import numpy as np
import pytest

from dataselect_core import datasets
from dataselect_core.dedup.audit import CHAINED, Audit
from dataselect_core.dedup.items import Frames, Items, Signals, Texts
from dataselect_core.figures.deduplication import figures, situation
from dataselect_core.tracks import track

SETTINGS = {
    "threshold": 0.75,
    "width": 5,
    "num_perm": 128,
    "seed": 1,
    "banding": "auto",
    "bands": 1,
    "rows": 1,
    "compute": "operations",
}
TRACK = {"frames": "edge", "signals": "tiny"}


@pytest.fixture(scope="module", params=["frames", "signals"])
def audit(request):
    """The audit of a corpus of frames or signals, as its track has it."""
    return Audit(situation.corpus(request.param, track(TRACK[request.param])))


def first_in_component(n, pairs):
    """The first member of each item's component, by graph search."""
    neighbours = {i: set() for i in range(n)}
    for i, j in pairs:
        neighbours[i].add(j)
        neighbours[j].add(i)
    first = {}
    for start in range(n):
        if start in first:
            continue
        stack = [start]
        while stack:
            item = stack.pop()
            if item not in first:
                first[item] = start
                stack.extend(neighbours[item])
    return [first[i] for i in range(n)]


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
def test_removal_equals_python_sets(audit, threshold):
    """Clusters, kept items, chained ones and removed mass equal a recomputation with sets and sums in plain Python."""
    point = audit.at(threshold)
    sets = [frozenset(members.tolist()) for members in audit.sets]

    def similar(i, j):
        return len(sets[i] & sets[j]) / len(sets[i] | sets[j])

    true_pairs = [tuple(pair) for pair in point.proposed.tolist() if similar(*pair) >= threshold]
    assert [tuple(pair) for pair in point.pairs.tolist()] == true_pairs
    cluster = first_in_component(len(sets), true_pairs)
    assert point.cluster.tolist() == cluster
    removed = [i for i, kept in enumerate(cluster) if kept != i]
    assert point.chained == sum(similar(cluster[i], i) < CHAINED for i in removed)
    assert point.words_removed == sum(int(audit.mass[i]) for i in removed)
    assert point.documents_removed == len(removed) > 50


def test_training_and_test_items_have_no_similar_pair(audit):
    """No pair of at least .5 crosses training and test, and about a quarter of the mass is held out."""
    is_heldout = np.isin(np.arange(len(audit)), audit.heldout_index)
    pairs = audit.pairs[audit.similarity >= 0.5]
    assert (is_heldout[pairs[:, 0]] == is_heldout[pairs[:, 1]]).all()
    assert 0.15 < audit.mass[is_heldout].sum() / audit.mass.sum() <= 0.25
    learning = audit.learning(audit.at(0.75))
    assert learning.kept.operations[-1] < 0.7 * learning.raw.operations[-1]
    assert learning.uniform_loss == pytest.approx(np.log(10 if audit.corpus.kind == "frames" else 5))
    assert learning.kept.loss[-1] < 0.7 * learning.uniform_loss


def test_the_mass_counts_pixels_samples_or_words():
    """The mass of a frame is its pixels, of a clip its samples, of a text its words; names come from the data."""
    drive, clips = datasets.drive(0.8, 2), datasets.clips(0.5, 2)
    frames, signals, texts = Frames(drive), Signals(clips), Texts(["a b  c", "d"], names=("x", "y"))
    assert frames.mass.tolist() == [64] * 1000 and frames.names == drive.ids
    assert signals.mass.tolist() == [len(signal) for signal in clips.signals] and signals.names == clips.ids
    assert texts.mass.tolist() == [3, 1] and texts.names == ("x", "y") and len(texts) == 2
    for corpus in (frames, signals, texts):
        assert isinstance(corpus, Items)
        assert all((corpus.item, corpus.items, corpus.unit, corpus.learner, corpus.progress, corpus.tested))


def test_a_list_of_texts_equals_a_corpus_of_texts():
    """A list of texts gives the same audit as a corpus of them."""
    texts = list(datasets.licences().texts[:60])
    from_list, from_corpus = Audit(texts), Audit(Texts(texts))
    assert np.array_equal(from_list.pairs, from_corpus.pairs) and np.array_equal(
        from_list.raw.loss, from_corpus.raw.loss
    )
    with pytest.raises(ValueError, match="at least one word"):
        Audit(["", " "])
    with pytest.raises(TypeError, match="texts must be a list"):
        Audit("one text")


@pytest.mark.parametrize("corpus", list(TRACK))
def test_a_report_is_recomputed_from_its_settings(corpus):
    """Figures have the units of the corpus and its known truth, and can be recomputed from settings alone."""
    values = figures.recompute(TRACK[corpus], {**SETTINGS, "corpus": corpus}, {}, 30.0).values
    audit = Audit(situation.corpus(corpus, track(TRACK[corpus])))
    point, items = audit.at(0.75), audit.corpus
    share = point.words_removed / audit.mass.sum()
    assert values["corpus.documents"].unit == items.items and values["corpus.words"].unit == items.unit
    assert values["curve.raw_loss"].unit == items.progress
    assert values["removed.words_share"].value == values["removed.flops_share"].value == share
    assert (
        values["corpus.flops"].value == 6 * audit.raw.parameters[-1] * audit.mass.sum() / items.per_read * 100
    )
    i, j = point.pairs.T
    assert values["truth.precision"].value == (items.origin[i] == items.origin[j]).mean() > 0.95
    assert 0.25 < values["reveal.documents_share"].value < 0.35
    repeated = figures.recompute(TRACK[corpus], {**SETTINGS, "corpus": corpus}, {}, 30.0).values
    assert {path: value.as_dict() for path, value in values.items()} == {
        path: value.as_dict() for path, value in repeated.items()
    }
