"""Light marks for measured, modelled and cited, their words on focus or tap, and motion that explains."""

import re

import pytest
from playwright.sync_api import expect
from reader import QUESTION

KEY = "tap a number for its source"
# every place where the last point of the deduplicated line is drawn, until it rests
WATCH = """() => {
  const line = (name) => {
    const within = (view) => (view.frame ? view : (view.child_views || []).map(within).find(Boolean));
    const place = document.querySelector("[data-plot='ICR_Curve']");
    const view = [...Bokeh.index].filter((root) => root.el && place.contains(root.el)).map(within).find(Boolean);
    return view.model.renderers.find((renderer) => renderer.name === name).data_source;
  };
  const source = line("deduplicated");
  window.drawn = [];
  source.properties.data.change.connect(() => window.drawn.push(source.data.x.at(-1)));
  return source.data.x.at(-1);
}"""


def commit(reader):
    """Commit a prediction of Part 1, and wait for the result."""
    reader.open("?track=edge&part=1&threshold=0.8")
    reader.part.get_by_label(QUESTION).fill("30")
    reader.part.get_by_role("button", name="Commit").click()
    reader.live().results()


def test_a_number_says_its_kind_and_source(new_reader):
    """The marks are explained until the first move; a click or the focus on a number shows its kind and source."""
    reader = new_reader(steps=True, viewport={"width": 1280, "height": 800})
    commit(reader)
    page = reader.page
    expect(reader.part.get_by_text(KEY)).to_be_visible()
    goals = reader.part.get_by_role("list", name="Goals")
    number = goals.get_by_role("status").first
    number.click()
    expect(page.get_by_role("tooltip")).to_have_text(re.compile("^modelled: .+"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("tooltip")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("tooltip")).to_have_count(0)
    field = reader.field("Similarity threshold (number)")
    field.fill("0.6")
    field.press("Enter")
    expect(reader.in_part("[data-change]")).to_contain_text("→ 0.600")
    expect(reader.part.get_by_text(KEY)).to_be_hidden()


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_points_move_to_their_new_place(new_reader, motion):
    """With a new threshold the points move from their place to the new one; with less motion they are there at once."""
    reader = new_reader(steps=True, viewport={"width": 1280, "height": 800}, reduced_motion=motion)
    commit(reader)
    page = reader.page
    page.wait_for_timeout(1000)
    before = page.evaluate(WATCH)
    field = reader.field("Similarity threshold (number)")
    field.fill("0.5")
    field.press("Enter")
    expect(reader.in_part("[data-change]")).to_contain_text("→ 0.500")
    page.wait_for_function("() => window.drawn.length")
    page.wait_for_timeout(1500)
    drawn = page.evaluate("() => window.drawn")
    after = drawn[-1]
    between = [x for x in drawn if min(before, after) < x < max(before, after)]
    assert after != before
    assert bool(between) == (motion == "no-preference"), drawn
    assert between == sorted(between, reverse=after < before)
