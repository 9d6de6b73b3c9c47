"""Exhibits that are the same for every reader: their figures, their verdicts, and the sentences that stand on the pages."""

import json
import re
from pathlib import Path

import pytest

from tools import exhibits, guarded_texts
from tools.page_error import PageError

ROOT = Path(__file__).resolve().parents[2]
KEPT = {
    name: json.loads((ROOT / "derived" / "exhibit" / f"{name}.json").read_text("utf-8"))["value"]
    for name in exhibits.EXHIBITS
}
WHERE = {"leaky": "1", "pruning": "2", "votes": "2"}


@pytest.mark.parametrize(
    ("mean", "half", "said"),
    [(0.2, 0.1, "better"), (-0.2, 0.1, "worse"), (0.1, 0.2, "same"), (0.1, 0.1, "same")],
)
def test_a_verdict_rests_on_its_interval(mean, half, said):
    """An interval that holds 0 gives no verdict but that the two cannot be told apart."""
    assert exhibits.verdict(mean, half) == said


@pytest.mark.parametrize("name", exhibits.EXHIBITS)
def test_an_exhibit_states_its_number_of_seeds_and_intervals(name):
    """Each card says how many seeds it rests on, or that nothing is drawn, and has an interval beside each mean."""
    text = (ROOT / "site" / "pages" / f"part-{WHERE[name]}.reveal.md").read_text("utf-8")
    (card,) = re.findall(rf"^# {name}$(.*?)(?=^# |\Z)", text, re.MULTILINE | re.DOTALL)
    assert ".seeds|integer" in card or "there is no seed" in card
    assert "±" in card
    assert card.count("::: when built-") >= 1
    assert guarded_texts.settle(card, KEPT, name).count("::: when built-") == 0


def test_what_is_not_the_case_is_left_out():
    """A sentence stays where its case holds, and goes where it does not; a case that nobody made is named."""
    made = {"x": {"cases": {"better": True, "worse": False}}}
    text = "a\n\n::: when built-x-better\nup\n:::\n\n::: when built-x-worse\ndown\n:::\n"
    assert guarded_texts.settle(text, made, "f").split() == ["a", "up"]
    with pytest.raises(PageError, match="no case built-x-same"):
        guarded_texts.settle("::: when built-x-same\n=\n:::\n", made, "f")


def test_the_cards_are_under_more_after_the_commitment(new_reader):
    """What the leaky test shows is not in the page before the lock, and one click away, by name, after it."""
    reader = new_reader(script="delete globalThis.Worker;", steps=True).open("?track=edge&part=1")
    assert "the verdict turns round" not in reader.page.content()
    reader.part.get_by_label("Reduction in total training FLOPs").fill("30")
    reader.part.get_by_role("button", name="Commit").click()
    reader.part.get_by_role("link", name="More", exact=True).click()
    reader.part.get_by_role("link", name="The leaky test").click()
    reader.page.get_by_text("the verdict turns round").wait_for()
    row = reader.part.get_by_role("row").filter(has_text="single document")
    change = KEPT["leaky"]["values"]["crawl"]["document"]["change"]
    assert f"{change:.3f}" in row.inner_text()
