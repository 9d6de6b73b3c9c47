"""Real speech in the audit of Part 1: its words, its near-duplicates and its classifier, checked by brute force."""

import itertools
import math

import numpy as np
import pytest

from dataselect_core import cepstra, datasets
from dataselect_core.dedup.audit import Audit
from dataselect_core.dedup.control import compare
from dataselect_core.figures.deduplication import figures, situation
from dataselect_core.statistics import half_width
from dataselect_core.tracks import track

SPEECH = datasets.speech()
SETTINGS = {
    "corpus": "speech",
    "threshold": 0.66,
    "width": 5,
    "num_perm": 128,
    "seed": 1,
    "banding": "auto",
    "compute": "operations",
}


@pytest.fixture(scope="module")
def audit():
    """The audit of the track's corpus of speech."""
    return Audit(situation.corpus("speech", track("tiny")))


def as_tuples(utterance):
    """The words of an utterance, by Python."""
    return {tuple(math.floor(value / 0.4) for value in frame[:4]) for frame in utterance.tolist()}


def test_a_word_is_a_frame_with_its_levels():
    """Two utterances share as many words as Python finds, and the place of a frame does not count."""
    hashed = cepstra.words(SPEECH.cepstra[:60])
    plain = [as_tuples(utterance) for utterance in SPEECH.cepstra[:60]]
    for i, j in itertools.combinations(range(60), 2):
        assert len(np.intersect1d(hashed[i], hashed[j])) == len(plain[i] & plain[j])
    assert all(len(a) == len(b) and (np.diff(a.astype(np.int64)) > 0).all() for a, b in zip(hashed, plain))
    (backwards,) = cepstra.words([SPEECH.cepstra[0][::-1]])
    np.testing.assert_array_equal(backwards, hashed[0])


def test_extreme_coefficients_are_the_last_level():
    """A coefficient beyond the levels counts as the last of them, and utterances with few coefficients have words."""
    (high,), (higher,) = cepstra.words([[[1e6, 0.0]]]), cepstra.words([[[2e6, 0.0]]])
    assert high.tolist() == higher.tolist() != cepstra.words([[[-1e6, 0.0]]])[0].tolist()
    with pytest.raises(ValueError, match="step"):
        cepstra.words(SPEECH.cepstra[:2], 0)


def test_the_near_duplicates_equal_those_by_brute_force(audit):
    """At .66 every pair that is found is similar, and LSH finds most of the similar pairs there are."""
    words = [as_tuples(utterance) for utterance in SPEECH.cepstra]
    similar = {
        (i, j)
        for i, j in itertools.combinations(range(640), 2)
        if len(words[i] & words[j]) >= 0.66 * len(words[i] | words[j])
    }
    point = audit.at(0.66)
    removed = np.flatnonzero(~point.keep)
    assert len(removed) == point.documents_removed > 20
    partners = {i for pair in similar for i in pair}
    assert set(removed.tolist()) <= partners and len(removed) > 0.8 * (len(partners) - len(similar))
    assert audit.mass.tolist() == [len(utterance) for utterance in SPEECH.cepstra]


def test_whether_real_speech_is_better_deduplicated_cannot_be_told(audit):
    """At the first threshold of the track the interval of the change of loss over five seeds contains 0."""
    found = compare(audit, audit.at(track("tiny").part_1.threshold.value), (1, 2, 3, 4, 5))
    for change in (found.kept - found.raw, found.kept - found.control):
        assert abs(change.mean()) < half_width(change)


def test_a_report_on_speech_is_recomputed():
    """The figures of a report on this corpus follow from its settings, with the words of the corpus."""
    findings = figures.recompute("tiny", SETTINGS, {}, 30.0)
    values, cases = findings.values, findings.cases
    assert "corpus-speech" in cases and "corpus-texts" not in cases
    assert values["corpus.documents"].value == 640 and values["corpus.documents"].unit == "utterances"
    assert values["check.budget.limit"].value == 0.96 and not [path for path in values if "truth" in path]


def test_the_shares_of_the_lock_nearly_agree(audit):
    """At the point of the lock's question the shares of frames and of utterances nearly agree, as the page says."""
    point = audit.where_removed(situation.ASKED_SHARE)
    removed = ~point.keep
    assert 0.25 < removed.mean() < 0.35
    assert audit.mass[removed].sum() / audit.mass.sum() == pytest.approx(removed.mean(), abs=0.01)
