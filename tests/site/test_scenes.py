"""Opening scenes and what a stakeholder says to the reader's own numbers in Part 1."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from dataselect_core.figures.deduplication import cases
from dataselect_core.tracks import TRACKS
from tools import part_texts, site_facts

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "site" / "pages"
CASES = (
    "limits-both-fail",
    "limits-budget-fails",
    "limits-guardrail-fails",
    "limits-budget-binds",
    "limits-guardrail-binds",
)


def reactions():
    """Track -> case -> what the stakeholder says, as its source."""
    text = (PAGES / "part-1.reveal.md").read_text(encoding="utf-8")
    text = text.split("# stakeholder\n")[1].split("\n# ")[0]
    by_track = re.findall(r'<div data-for-track="(\w+)".*?>\n(.*?)\n</div>', text, flags=re.DOTALL)
    block = re.compile(r"::: when ([a-z-]+)\n(.*?)\n:::", flags=re.DOTALL)
    return {track: dict(block.findall(texts)) for track, texts in by_track}


def numbers(budget, guardrail):
    """The figures of a constraint check, (value, limit) each."""
    limits = zip(("budget", "guardrail"), (budget, guardrail), strict=True)
    return {
        f"check.{name}.{field}": number
        for name, pair in limits
        for field, number in zip(("value", "limit"), pair, strict=True)
    }


@pytest.mark.parametrize("track", TRACKS, ids=lambda track: track.id)
def test_every_track_opens_with_persona_stakeholder_and_crisis(track):
    """A scene names who the reader is, lets the stakeholder speak first, and tells the card's crisis word
    for word.
    """
    tracks = site_facts.load_facts(ROOT, "tracks")
    scene = re.sub(r"<[^>]+>", "", str(part_texts.scenes(PAGES, tracks)[track.id])).replace("&#x27;", "'")
    assert f"You are the {track.persona}." in scene
    assert scene.count(track.stakeholder) >= 2
    assert track.crisis in scene and "“" in scene
    assert len(scene.split()) < 130


@pytest.mark.parametrize(
    ("budget", "guardrail", "case"),
    [
        ((0.5, 0.4), (0.03, 0.01), "limits-both-fail"),
        ((0.5, 0.4), (0.0, 0.01), "limits-budget-fails"),
        ((0.3, 0.4), (0.03, 0.01), "limits-guardrail-fails"),
        ((0.39, 0.4), (0.001, 0.01), "limits-budget-binds"),
        ((0.2, 0.4), (0.009, 0.01), "limits-guardrail-binds"),
        ((0.4, 0.4), (0.005, 0.01), "limits-budget-binds"),  # at its limit is within it
        ((0.2, 0.4), (0.0, 0.0), "limits-guardrail-binds"),  # a limit of nothing leaves nothing
    ],
)
def test_the_case_names_the_deciding_limit(budget, guardrail, case):
    """The limit that fails decides, else the one that is used up most."""
    assert cases.binding(numbers(budget, guardrail)) == case


def test_every_stakeholder_cites_the_figures_of_every_case():
    """Each reaction cites at least three figures, those of the limit that decides among them; none is said
    twice.
    """
    answers = reactions()
    assert list(answers) == [track.id for track in TRACKS]
    texts = []
    for track in TRACKS:
        assert tuple(answers[track.id]) == CASES
        for case, text in answers[track.id].items():
            cited = set(re.findall(r"\{\{([\w.]+)\|", text))
            assert len(cited) >= 3, (track.id, case)
            limits = {"budget", "guardrail"} if "both" in case else {case.split("-")[1]}
            for limit in limits:
                measured = {f"check.{limit}.value", f"check.{limit}.distance"}
                measured |= {"clusters.chained"} if limit == "guardrail" else set()
                assert cited & measured, (track.id, case)
            assert track.stakeholder in text
            texts.append(re.sub(r"\{\{.*?\}\}", "", text))
    assert len(set(texts)) == len(TRACKS) * len(CASES)


def test_the_stakeholder_follows_the_figures(reader):
    """Before the lock nothing is said; then the words and figures follow threshold, limits and track."""
    reader.open("?track=cloud&part=1&corpus=licences&threshold=0.9")
    place = reader.locator("[data-reveal='stakeholder']")
    expect(place).to_be_hidden()
    reader.commit(30).live().results()
    answer = place.locator("[data-for-track='cloud'] [data-when]:visible")
    expect(answer).to_have_count(1)
    expect(answer).to_have_attribute("data-when", "limits-budget-fails")
    expect(answer).to_contain_text(reader.value("check.budget.value").text_content())
    expect(answer).to_contain_text("0.900")
    reader.type_threshold(0.5)
    expect(answer).to_have_attribute("data-when", "limits-guardrail-fails")
    expect(answer).to_contain_text(reader.value("check.guardrail.value").text_content())
    expect(answer).to_contain_text("Compute Budget Lead")
    expect(place.locator("[data-for-track='edge'] [data-when]:visible")).to_have_count(0)
