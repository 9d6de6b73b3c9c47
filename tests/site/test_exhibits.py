"""Exhibits that are the same for every reader: their figures, their verdicts, and the sentences on the pages."""

import json
import re
from pathlib import Path

import pytest

from tools import exhibits, guarded_texts
from tools.page_error import PageError

ROOT = Path(__file__).resolve().parents[2]
SAVED = {
    name: json.loads((ROOT / "derived" / "exhibit" / f"{name}.json").read_text("utf-8"))["value"]
    for name in exhibits.EXHIBITS
}
WHERE = {
    "leaky": "1",
    "truth": "1",
    "pruning": "2",
    "votes": "2",
    "voices": "3",
    "writers": "3",
    "chapter": "3",
}


@pytest.mark.parametrize(
    ("mean", "half", "expected"),
    [(0.2, 0.1, "better"), (-0.2, 0.1, "worse"), (0.1, 0.2, "same"), (0.1, 0.1, "same")],
)
def test_a_verdict_depends_on_its_interval(mean, half, expected):
    """If the interval contains 0, the verdict is that the two do not differ."""
    assert exhibits.verdict(mean, half) == expected


@pytest.mark.parametrize(("mean", "half"), [(float("nan"), 0.1), (0.1, float("nan")), (0.1, float("inf"))])
def test_without_an_interval_there_is_no_verdict(mean, half):
    """A missing mean or interval is an error, and no verdict."""
    with pytest.raises(ValueError, match="a verdict needs"):
        exhibits.verdict(mean, half)


OUTCOMES = ({"better", "worse", "same"}, {"turns", "stays"})


def card(name):
    """The text of an exhibit in its file."""
    text = (ROOT / "site" / "pages" / f"part-{WHERE[name]}.reveal.md").read_text("utf-8")
    (section,) = re.findall(rf"^# {name}$(.*?)(?=^# |\Z)", text, re.MULTILINE | re.DOTALL)
    return section


@pytest.mark.parametrize("name", exhibits.EXHIBITS)
def test_a_card_states_intervals_and_number_of_seeds(name):
    """Each cell of figures has ±, and the card gives its number of seeds."""
    text = card(name)
    assert ".seeds|integer" in text or "there is no seed" in text
    cells = [
        cell
        for row in text.splitlines()
        if row.startswith("|") and "{{" in row
        for cell in row.split(" | ")
        if "{{" in cell
    ]
    assert cells
    assert [
        cell for cell in cells if "±" not in cell and not re.fullmatch(r".*threshold\|number.*", cell)
    ] == []


@pytest.mark.parametrize("name", exhibits.EXHIBITS)
def test_each_verdict_has_exactly_one_sentence(name):
    """Each verdict of a card has a sentence for every outcome, and exactly one of them is left."""
    sentences = re.findall(rf"^::: when built-{name}-(.+)-(\w+)$", card(name), re.MULTILINE)
    verdicts = {which for which, _ in sentences}
    assert verdicts
    for which in verdicts:
        outcomes = [outcome for verdict, outcome in sentences if verdict == which]
        assert set(outcomes) in OUTCOMES and len(outcomes) == len(set(outcomes)), which
        assert sum(SAVED[name]["cases"][f"{which}-{outcome}"] for outcome in outcomes) == 1, which


@pytest.mark.parametrize("name", exhibits.EXHIBITS)
def test_a_card_is_short(name):
    """A card has at most 120 words outside its table."""
    text = re.sub(r"^\|.*$", "", guarded_texts.settle(card(name), SAVED, name), flags=re.MULTILINE)
    assert len(re.findall(r"\w[^\s]*", re.sub(r"\{\{.*?\}\}", "1", text))) <= 120


def test_sentences_of_other_cases_are_left_out():
    """A sentence is kept if its case holds, and removed if not; an unknown case is named."""
    results = {"x": {"cases": {"better": True, "worse": False}}}
    text = "a\n\n::: when built-x-better\nup\n:::\n\n::: when built-x-worse\ndown\n:::\n"
    assert guarded_texts.settle(text, results, "f").split() == ["a", "up"]
    with pytest.raises(PageError, match="no case built-x-same"):
        guarded_texts.settle("::: when built-x-same\n=\n:::\n", results, "f")


def test_the_cards_appear_under_more_after_the_commitment(new_reader):
    """The leaky test's results are not in the page before the lock, and one click away, by name, after it."""
    reader = new_reader(script="delete globalThis.Worker;", steps=True).open("?track=edge&part=1")
    assert "the verdict turns round" not in reader.page.content()
    reader.part.get_by_label("Reduction in total training FLOPs").fill("30")
    reader.part.get_by_role("button", name="Commit").click()
    reader.part.get_by_role("link", name="More", exact=True).click()
    reader.part.get_by_role("link", name="The leaky test").click()
    reader.page.get_by_text("the verdict turns round").wait_for()
    row = reader.part.get_by_role("row").filter(has_text="single document")
    change = SAVED["leaky"]["crawl"]["document"]["change"]
    assert f"{change:.3f}" in row.inner_text()
