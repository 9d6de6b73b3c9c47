"""Clusters against known classes: counted again document by document, and by hand."""

import numpy as np
import pytest

from dataselect_core import dedup
from dataselect_core.dedup.truth import agreement


def by_hand(classes, pairs, similarity, threshold):
    """Precision, recall and lost classes with sets and loops."""
    groups = [{i} for i in range(len(classes))]
    for (i, j), value in zip(pairs, similarity):
        if value >= threshold and groups[i] is not groups[j]:
            groups[i] |= groups[j]
            for k in groups[j]:
                groups[k] = groups[i]
    kept = {min(group) for group in groups}
    precision, recall, lost = [], [], []
    for name in set(classes):
        members = {i for i, each in enumerate(classes) if each == name}
        right = [len(groups[i] & members - {i}) / len(groups[i] - {i}) for i in members if len(groups[i]) > 1]
        found = [len(groups[i] & members - {i}) / len(members - {i}) for i in members if len(members) > 1]
        precision += [np.mean(right)] if right else []
        recall += [np.mean(found)] if found else []
        lost.append(not members & kept)
    return np.mean(precision), np.mean(recall), np.mean(lost), 1 - len(kept) / len(classes)


def test_each_mean_is_that_of_loops_over_the_documents():
    """On random classes and pairs, the three means and the share removed are those of sets and loops."""
    rng = np.random.default_rng(5)
    classes = [f"class {k}" for k in rng.integers(0, 12, 60)]
    pairs = np.array(sorted({tuple(sorted(rng.choice(60, 2, replace=False))) for _ in range(70)}))
    similarity = rng.uniform(0.3, 1, len(pairs))
    found = agreement(classes, pairs, similarity, thresholds=(0.5, 0.8, 0.95), draws=20)
    for k, threshold in enumerate(found.thresholds):
        measured = found.precision[k], found.recall[k], found.lost[k], found.removed[k]
        assert measured == pytest.approx(by_hand(classes, pairs, similarity, threshold))
    assert found.classes == len(set(classes))


def test_a_copy_of_another_class_costs_precision_and_the_class():
    """Two texts of b and one of a in one cluster: a is kept, b is lost; a lone document has no precision."""
    found = agreement(["a", "b", "b", "c"], [[0, 1], [1, 2]], [0.9, 0.9], thresholds=(0.8, 0.95), draws=10)
    assert found.precision[0] == pytest.approx(
        (0 + 0.5) / 2
    )  # a: no other is an a; b: one of two others is a b
    assert found.recall.tolist() == [1.0, 0.0] and found.lost[0] == pytest.approx(1 / 3)
    assert np.isnan(found.precision[1]) and found.lost[1] == 0 and found.removed.tolist() == [0.5, 0.0]


def test_the_interval_is_that_of_a_share_of_classes():
    """Of 200 classes a fifth is lost: the bootstrap's half width is that of the binomial; a change is paired."""
    classes = np.repeat(np.arange(200), 2)
    pairs = [
        [0, i] for i in range(1, 82)
    ]  # 80 documents of the classes 1 to 40 are joined with the first one
    found = agreement(classes, pairs, np.full(len(pairs), 0.7), thresholds=(0.6, 0.8), draws=4000)
    assert found.lost.tolist() == [0.2, 0.0]
    assert found.half()[2, 0] == pytest.approx(1.96 * np.sqrt(0.2 * 0.8 / 200), rel=0.05)
    change, half = found.change(1, 0)
    assert change[2] == pytest.approx(0.2) and half[2] == pytest.approx(found.half()[2, 0])


def test_the_clusters_are_those_of_deduplication():
    """The share removed is what `deduplicate` removes at the same threshold, if LSH misses nothing."""
    words = [f"word{k}" for k in range(40)]
    texts = [" ".join(words[:n]) for n in (40, 39, 38, 20)] + ["something else that is alone here"]
    result = dedup.deduplicate(texts, 0.5, num_perm=256)
    found = agreement([0, 0, 1, 1, 2], result.pairs, result.similarity, thresholds=(0.5,), draws=2)
    assert found.removed[0] == pytest.approx(1 - result.keep.mean())


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"classes": []}, ValueError, "classes must hold at least one"),
        ({"classes": "ab"}, TypeError, "classes must be a list"),
        ({"classes": [0.5, 1.5]}, TypeError, "classes must be names"),
        ({"thresholds": []}, ValueError, "thresholds must hold at least one"),
        ({"thresholds": [1.5]}, ValueError, "thresholds must be in"),
        ({"similarity": [0.5, 0.6]}, ValueError, "similarity must have one number"),
        ({"pairs": [[0, 9]]}, ValueError, "pairs"),
        ({"draws": 1}, ValueError, "draws must be between 2"),
    ],
)
def test_bad_input_is_named(change, error, message):
    """An argument that is not allowed is named, with what is allowed."""
    with pytest.raises(error, match=message):
        agreement(**{"classes": ["a", "b"], "pairs": [[0, 1]], "similarity": [0.9], **change})
