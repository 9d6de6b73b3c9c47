"""The four tracks: the words of the card, settings with sources, and limits that some settings meet and others miss."""

import dataclasses
from functools import cache

import numpy as np
import pytest

from dataselect_core.dedup.audit import Audit
from dataselect_core.figures.deduplication import situation
from dataselect_core.tracks import TRACKS, track
from dataselect_core.values import Value

CARD = {
    "cloud": ("Cloud Titan", "LLM Architect", "Maximize Llama-3-70B serving.", "The Deduplication Tax."),
    "edge": (
        "Edge Guardian",
        "AV Systems Lead",
        "Deterministic 10ms safety loop.",
        "The Hard-Negative Crisis.",
    ),
    "mobile": ("Mobile Nomad", "AR Glasses Dev", "60FPS AR translation.", "The Noise Penalty."),
    "tiny": (
        "Tiny Pioneer",
        "Hearable Lead",
        "Neural isolation in <10ms under 1mW.",
        "The Synthetic Bridge.",
    ),
}


def test_the_tracks_equal_the_card_word_for_word():
    """Titles, personas, missions and crises equal those of the design card, in its order."""
    assert [t.id for t in TRACKS] == list(CARD)
    for track_id, (title, persona, north_star, crisis) in CARD.items():
        t = track(track_id)
        assert (t.title, t.persona, t.north_star) == (title, persona, north_star)
        assert t.crisis.startswith(crisis)
        assert t.stakeholder


def test_every_number_has_its_kind():
    """All settings of all tracks are values with unit, kind and source."""
    for t in TRACKS:
        for field in dataclasses.fields(t.part_1):
            if field.name not in ("corpus", "kind", "limits"):
                value = getattr(t.part_1, field.name)
                assert isinstance(value, Value) and value.unit and value.source, (t.id, field.name)
        assert t.part_1.corpus in t.part_1.limits
    assert [set(t.part_1.limits) for t in TRACKS] == [
        {"licences", "crawl"},
        {"licences", "frames"},
        {"licences", "crawl"},
        {"licences", "signals", "speech"},
    ]
    assert [t.part_1.corpus for t in TRACKS] == ["crawl", "frames", "licences", "signals"]


def test_part_3_has_the_numbers_of_the_card():
    """Every number of part 3 has its kind; the 500 samples, the 5 % noise and the 10x are on the card's tracks."""
    for t in TRACKS:
        part = t.part_3
        for field in dataclasses.fields(part):
            values = [getattr(part, field.name)]
            if field.name == "limits":
                values = [part.limits.accuracy, part.limits.fid, part.limits.recall]
                assert all("after it had seen the map" in value.source for value in values)
            assert all(isinstance(value, Value) and value.unit and value.source for value in values), (
                t.id,
                field.name,
            )
        assert part.deadline_steps.value >= part.clean_steps.value
    assert track("tiny").part_3.real.value == 500
    mobile = track("mobile").part_3
    assert mobile.label_noise.value == 0.05
    assert 1 / mobile.target_error.value == 10
    assert 10 * mobile.clean_steps.value > mobile.deadline_steps.value


def test_the_cloud_track_has_the_numbers_of_the_card():
    """The cloud track trains Llama 3 70B on 15 T tokens, half of them redundant."""
    part = track("cloud").part_1
    assert (part.parameters.value, part.tokens.value, part.redundancy.value) == (70e9, 15e12, 0.5)
    assert part.parameters.kind == part.tokens.kind == "cited"
    assert part.corpus == "crawl"


def test_no_two_tracks_share_their_numbers():
    """No two tracks share their scale, price, redundancy or limits."""
    for get in (
        lambda p: p.parameters.value,
        lambda p: p.gpu_hour_price.value,
        lambda p: p.redundancy.value,
        lambda p: (p.limits["licences"].budget.value, p.limits["licences"].guardrail.value),
    ):
        assert len({get(t.part_1) for t in TRACKS}) == 4


@cache
def audit(corpus, share):
    """The audit of a corpus of a track, made once; `share` is None for a corpus without simulation."""
    track_id = next(
        t.id for t in TRACKS if corpus in t.part_1.limits and share in (None, t.part_1.redundancy.value)
    )
    return Audit(situation.corpus(corpus, track(track_id)))


@pytest.mark.parametrize(
    ("track_id", "corpus"), [(t.id, corpus) for t in TRACKS for corpus in t.part_1.limits]
)
def test_some_thresholds_meet_the_limits_and_others_miss_them(track_id, corpus):
    """Some thresholds meet both limits, a high one misses only the budget, and a low one only the guardrail."""
    part = track(track_id).part_1
    corpus_audit = audit(corpus, situation.redundancy(corpus, track(track_id)))
    limits = part.limits[corpus]

    def check(threshold):
        point = corpus_audit.at(threshold)
        remaining_share = corpus_audit.mass[point.keep].sum() / corpus_audit.mass.sum()
        return (
            bool(remaining_share <= limits.budget.value),
            point.chained <= limits.guardrail.value * point.documents_removed,
        )

    checked = {t: check(t) for t in np.round(np.arange(0.5, 1.001, 0.02), 2)}
    met = [t for t, both in checked.items() if both == (True, True)]
    assert met and max(met) - min(met) >= 0.05
    assert checked[1.0] == (False, True)
    assert checked[0.5] == (True, False)
    if corpus == part.corpus:
        assert check(part.threshold.value) != (True, True)


@pytest.mark.parametrize(("track_id", "corpus"), [("cloud", "frames"), ("edge", "crawl"), ("tiny", "web")])
def test_a_corpus_of_another_track_is_refused(track_id, corpus):
    """A track has its own corpora, and the error lists them."""
    with pytest.raises(ValueError, match=" or ".join(track(track_id).part_1.limits)):
        situation.corpus(corpus, track(track_id))


@pytest.mark.parametrize("track_id", ["Cloud", "", None, "cloud ", 3])
def test_an_unknown_track_is_refused(track_id):
    """An unknown track is refused, and the error lists the four."""
    with pytest.raises(ValueError, match="cloud, edge, mobile, tiny"):
        track(track_id)


def test_tracks_are_frozen():
    """A track cannot be changed in place."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        track("cloud").title = "x"
    with pytest.raises(TypeError):
        track("cloud").part_1.limits["licences"] = None
