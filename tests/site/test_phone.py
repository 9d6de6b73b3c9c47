"""The lab on a phone: goals, plot, control and buttons fill the screen, and details open as sheets."""

import re

import pytest
from playwright.sync_api import expect

PHONE = {"width": 360, "height": 640}
PLOTS = {
    1: "Learning against compute",
    2: "Accuracy against the cost of the project",
    3: "The map: every mix, measured",
}
CONTROLS = {1: "Similarity threshold", 2: "Selection batch size", 3: "Synthetic share, %"}
INSIDE = """(element) => {
  let active = document.activeElement;
  return active === document.body || element.contains(active);
}"""


@pytest.fixture(params=["chromium", "firefox"])
def reader(new_reader, request):
    """A reader with a phone's screen in each browser; Firefox has no mobile mode."""
    mobile = {"is_mobile": True} if request.param == "chromium" else {}
    reader = new_reader(browser=request.param, steps=True, viewport=PHONE, has_touch=True, **mobile)
    # Stock Firefox takes no touch from its driver.
    reader.press = lambda target: target.tap() if mobile else target.click()
    return reader


def explore(reader, number):
    """Commit a prediction of a part, and wait for its goals."""
    reader.open(f"?track=edge&part={number}&seeds=1")
    part = reader.page.locator(f"[data-part='{number}']")
    if number > 1:
        part.get_by_label({2: "fewer samples", 3: "It falls"}[number], exact=True).check()
    field = {1: "Reduction in total training FLOPs", 2: "By what factor", 3: "By how much"}[number]
    part.get_by_label(field).fill("20")
    part.get_by_role("button", name="Commit", exact=True).first.click()
    reader.live()
    if number != 2:
        expect(part.get_by_role("list", name="Goals")).to_contain_text(re.compile(r"\d %.*\d %", re.DOTALL))
    return part


def box(place):
    """(top, bottom) of something on the screen."""
    found = place.bounding_box()
    return found["y"], found["y"] + found["height"]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_whole_plot_is_above_the_bar(reader, number):
    """Goals, the whole plot, the control and both buttons are on the screen, one below the other; none covers another."""
    part = explore(reader, number)
    control = part.get_by_text(re.compile(rf"^{re.escape(CONTROLS[number])}")).first
    places = [
        part.get_by_role("list", name="Goals"),
        part.get_by_role("group", name=PLOTS[number]),
        control,
        part.get_by_role("link", name="Explain it"),
    ]
    edges = [edge for place in places for edge in box(place)]
    assert edges[0] >= 0 and edges[-1] <= PHONE["height"], edges
    assert all(lower >= upper - 1 for upper, lower in zip(edges[1::2], edges[2::2], strict=False)), edges
    for button in (part.get_by_role("button", name="Controls"), places[-1]):
        button.click(trial=True)
    width = "document.documentElement.scrollWidth"
    assert reader.page.evaluate(f"() => {width}") <= PHONE["width"]


def test_the_other_controls_open_as_a_sheet(reader):
    """A sheet has the controls that are not at hand; the focus stays in it, and Escape, Close and the page close it."""
    part = explore(reader, 2)
    opener = part.get_by_role("button", name="Controls")
    strategy = part.get_by_role("button", name="Entropy")
    expect(strategy).to_be_hidden()
    reader.press(opener)
    sheet = reader.page.get_by_role("dialog", name="Controls")
    expect(sheet.get_by_role("button", name="Close")).to_be_focused()
    for _ in range(6):  # in Firefox, Tab after the last one leads to the window of the browser
        reader.page.keyboard.press("Tab")
        assert sheet.evaluate(INSIDE)
    reader.press(strategy)
    expect(strategy).to_have_attribute("aria-pressed", "true")
    reader.page.keyboard.press("Escape")
    expect(strategy).to_be_hidden()
    expect(opener).to_be_focused()
    reader.press(opener)
    reader.press(sheet.get_by_role("button", name="Close"))
    expect(opener).to_be_focused()
    reader.press(opener)
    reader.page.mouse.click(180, 20)
    expect(sheet).to_have_count(0)
    reader.press(part.get_by_role("link", name="Explain it"))
    expect(part.get_by_role("heading", name="What happened, and why")).to_be_visible()
