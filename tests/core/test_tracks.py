"""The four tracks: the card's words, sourced settings, and limits that can be met, but not by everything."""

import dataclasses

import numpy as np
import pytest

from dataselect_core import datasets
from dataselect_core.audit import Audit
from dataselect_core.tracks import TRACKS, track
from dataselect_core.values import Value

CARD = {
    "cloud": ("Cloud Titan", "LLM Architect", "Maximize Llama-3-70B serving.", "The Deduplication Tax."),
    "edge": ("Edge Guardian", "AV Systems Lead", "Deterministic 10ms safety loop.",
             "The Hard-Negative Crisis."),
    "mobile": ("Mobile Nomad", "AR Glasses Dev", "60FPS AR translation.", "The Noise Penalty."),
    "tiny": ("Tiny Pioneer", "Hearable Lead", "Neural isolation in <10ms under 1mW.",
             "The Synthetic Bridge."),
}


def test_the_card_word_for_word():
    """Titles, personas, missions and crises are those of the design card, in its order."""
    assert [t.id for t in TRACKS] == list(CARD)
    for id, (title, persona, north_star, crisis) in CARD.items():
        t = track(id)
        assert (t.title, t.persona, t.north_star) == (title, persona, north_star)
        assert t.crisis.startswith(crisis)
        assert t.stakeholder


def test_every_number_has_its_kind():
    """All settings of all tracks are values with unit, kind and source."""
    for t in TRACKS:
        for field in dataclasses.fields(t.part_1):
            if field.name not in ("corpus", "limits"):
                value = getattr(t.part_1, field.name)
                assert isinstance(value, Value) and value.unit and value.source, (t.id, field.name)
        assert t.part_1.corpus in ("licences", "crawl")
        assert set(t.part_1.limits) == {"licences", "crawl"}


def test_cloud_is_the_case_of_the_card():
    """The cloud track trains Llama 3 70B on 15 T tokens, half of them redundant."""
    part = track("cloud").part_1
    assert (part.parameters.value, part.tokens.value, part.redundancy.value) == (70e9, 15e12, 0.5)
    assert part.parameters.kind == part.tokens.kind == "cited"
    assert part.corpus == "crawl"


def test_a_track_changes_more_than_its_label():
    """No two tracks share their scale, price, redundancy or limits."""
    for get in (lambda p: p.parameters.value, lambda p: p.gpu_hour_price.value, lambda p: p.redundancy.value,
                lambda p: (p.limits["licences"].budget.value, p.limits["licences"].guardrail.value)):
        assert len({get(t.part_1) for t in TRACKS}) == 4


@pytest.fixture(scope="module")
def audits():
    """Each corpus that a track can show, read once."""
    made = {("licences", None): Audit(datasets.licences().texts)}
    for t in TRACKS:
        share = t.part_1.redundancy.value
        made["crawl", share] = Audit(datasets.crawl(share, 1).texts)
    return made


@pytest.mark.parametrize("corpus", ["licences", "crawl"])
@pytest.mark.parametrize("id", list(CARD))
def test_limits_can_be_met_but_not_by_everything(audits, id, corpus):
    """Some thresholds meet both limits, a high one breaks the budget alone, a low one the guardrail alone."""
    part = track(id).part_1
    audit = audits[corpus, None if corpus == "licences" else part.redundancy.value]
    limits = part.limits[corpus]

    def check(threshold):
        point = audit.at(threshold)
        left = audit.words[point.keep].sum() / audit.words.sum()
        return (bool(left <= limits.budget.value),
                point.chained <= limits.guardrail.value * point.documents_removed)

    checked = {t: check(t) for t in np.round(np.arange(0.5, 1.001, 0.02), 2)}
    met = [t for t, both in checked.items() if both == (True, True)]
    assert met and max(met) - min(met) >= 0.05
    assert checked[1.0] == (False, True)
    assert checked[0.5] == (True, False)
    if corpus == part.corpus:
        assert check(part.threshold.value) != (True, True)


@pytest.mark.parametrize("id", ["Cloud", "", None, "cloud ", 3])
def test_unknown_track(id):
    """An unknown track is refused, and the four are named."""
    with pytest.raises(ValueError, match="cloud, edge, mobile, tiny"):
        track(id)


def test_tracks_are_frozen():
    """A track cannot be changed in place."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        track("cloud").title = "x"
    with pytest.raises(TypeError):
        track("cloud").part_1.limits["licences"] = None
