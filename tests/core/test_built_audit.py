"""An audit from a file answers as the computed one does, and a file that does not fit is refused."""

import dataclasses
import zlib

import numpy as np
import pytest

from dataselect_core import datasets
from dataselect_core.dedup import built
from dataselect_core.dedup.audit import Audit
from dataselect_core.dedup.items import Texts
from dataselect_core.information.text_curve import learning_curve

KEY = ["licences", None, 5, 128, 1]


@pytest.fixture(scope="module")
def computed():
    """The audit of every fifth licence, some of them near-duplicates, with origins as if they were simulated."""
    data = datasets.licences()
    texts = list(data.texts[::5])
    return Audit(
        Texts([*texts, texts[3], texts[4] + " and one more word"], origin=np.arange(len(texts) + 2) % 50)
    )


@pytest.fixture(scope="module")
def opened(computed):
    """The same audit, from its file."""
    return built.unpack(built.pack(computed, KEY), KEY)


def equal(mine, other):
    """Whether two results of the core are equal, to the last bit."""
    for field in dataclasses.fields(mine):
        left, right = (getattr(result, field.name) for result in (mine, other))
        if dataclasses.is_dataclass(left):
            assert equal(left, right)
        else:
            assert np.array_equal(left, right), field.name
    return True


@pytest.mark.parametrize("threshold", [0.5, 0.63, 0.8, 0.97, 1.0])
def test_every_answer_is_that_of_the_computed_audit(computed, opened, threshold):
    """At any threshold, points, curves and recall of an audit from a file equal those of the computed one."""
    mine, other = opened.at(threshold), computed.at(threshold)
    assert equal(mine, other)
    assert equal(opened.learning(mine), computed.learning(other))
    for left, right in zip(
        opened.recall_by_similarity(mine), computed.recall_by_similarity(other), strict=True
    ):
        assert np.array_equal(left, right)
    assert equal(opened.at(threshold, 9, 7), computed.at(threshold, 9, 7))
    assert opened.where_removed(0.05).threshold == computed.where_removed(0.05).threshold


def test_a_curve_from_a_file_is_that_of_a_model_trained_from_scratch(computed, opened):
    """A curve of an audit from a file equals the losses of a bigram model that reads the same texts."""
    keep = np.zeros(len(computed), bool)
    keep[::2] = True
    read = [i for i in opened.plan.train_index if keep[i]]
    texts = computed.corpus.texts
    curve = opened.plan.curve(keep, [len(read)])
    # The vocabulary is that of the whole corpus: the texts that are not read are in it too.
    everything = [texts[i] for i in read] + [texts[i] for i in range(len(texts)) if i not in read]
    scratch = learning_curve(everything, [texts[i] for i in opened.heldout_index], [len(read)])
    assert curve.loss[0] == pytest.approx(scratch.loss[0], rel=1e-12)
    assert curve.operations[0] == scratch.operations[0]


def test_a_file_is_small_and_has_no_texts(computed, opened):
    """A file is smaller than the texts, which an audit from it does not have; it says so when they are asked for."""
    packed, texts = (
        len(zlib.compress(data, 9))
        for data in (built.pack(computed), " ".join(computed.corpus.texts).encode())
    )
    assert packed < texts
    assert opened.corpus.names == computed.corpus.names and len(opened) == len(computed)
    with pytest.raises(ValueError, match="texts are still being loaded"):
        opened.corpus.texts  # noqa: B018


def test_differences_names_what_differs(computed):
    """An audit equals the computed one, and every attribute that is changed is named."""
    opened = built.unpack(built.pack(computed, KEY), KEY)
    opened.corpus = computed.corpus
    assert built.differences(opened, computed) == []
    opened.similarity = opened.similarity * (1 + 1e-12)
    assert built.differences(opened, computed) == []
    opened.similarity = opened.similarity * (1 + 1e-6)
    assert built.differences(opened, computed) == ["similarity"]
    opened.signatures = opened.signatures.copy()
    opened.signatures[5, 7] = opened.signatures[4, 7] = 3_000_000
    opened.seed = 2
    assert built.differences(opened, computed) == ["settings", "similarity", "signatures"]
    opened = built.unpack(built.pack(computed, KEY), KEY)
    opened.plan._heldout_words._count[0] += 1
    opened.raw = opened.plan.curve()
    assert built.differences(opened, computed) == ["raw.loss"]
    opened = built.unpack(built.pack(computed, KEY), KEY)
    opened.tables["count"][-1] += 1
    assert built.differences(opened, computed) == ["plan.count"]


def test_a_completed_audit_has_everything(computed):
    """After `complete`, the audit has the texts and sets, and the reader's point is still one of it."""
    opened = built.unpack(built.pack(computed, KEY), KEY)
    point = opened.at(0.8)
    built.complete(opened, computed)
    assert opened.corpus.texts is computed.corpus.texts and opened.sets is computed.sets
    assert equal(opened.learning(point), computed.learning(computed.at(0.8)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<!doctype html>", "file of an audit"),
        (b"", "file of an audit"),
    ],
)
def test_another_file_is_refused(data, message):
    """Something else than the file of an audit is refused."""
    with pytest.raises(ValueError, match=message):
        built.unpack(data, KEY)


def test_an_audit_of_other_settings_is_refused(computed):
    """The file of an audit with other settings is refused."""
    data = built.pack(computed, KEY)
    with pytest.raises(ValueError, match=r"an audit of .*64, 1\], not of .*128, 1\]"):
        built.unpack(data, ["licences", None, 5, 64, 1])


def test_a_corpus_without_words_in_a_text_is_not_packed():
    """An audit with an empty text is refused, since its signature stands for no value."""
    words = "one two three four five six seven eight nine ten"
    others = [f"alpha{i} beta{i} gamma{i} delta{i} epsilon{i} zeta{i} eta{i}" for i in range(20)]
    audit = Audit([words, f"{words} eleven", "", *others])
    with pytest.raises(ValueError, match="texts that all have words"):
        built.pack(audit)


def test_the_name_of_a_file_tells_corpora_apart():
    """Corpora with different shares of copies have different files."""
    assert built.file_name("licences", None) == "licences.audit"
    assert built.file_name("crawl", 0.5) != built.file_name("crawl", 0.3)
