"""The details of a part in a drawer beside the instrument, and as a sheet on a phone."""

import re

import pytest
from playwright.sync_api import expect
from reader import QUESTION

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 640}
PLOT = "Learning against compute"


@pytest.fixture(params=["chromium", "firefox"])
def reader(new_reader, request):
    """A reader at a desk in each browser, one step at a time."""
    return new_reader(browser=request.param, steps=True, viewport=DESK)


def commit(reader):
    """Commit a prediction of Part 1, and wait for the result."""
    reader.part.get_by_label(QUESTION).fill("30")
    reader.part.get_by_role("button", name="Commit").click()
    reader.live().results()


def drawer(reader, role="complementary"):
    """The drawer of the part that is shown."""
    return reader.page.get_by_role(role, name="More about this part")


def more(reader):
    """The link that opens it."""
    return reader.page.get_by_role("navigation", name="Steps of Part 1").get_by_role("link", name="More")


def test_details_open_beside_the_instrument(reader):
    """A named detail opens beside plot and control, which stay in view and in use; the address names it; Escape closes."""
    reader.open("?track=edge&part=1")
    commit(reader)
    expect(drawer(reader)).to_have_count(0)
    more(reader).click()
    drawer(reader).get_by_role("link", name="What LSH finds, and what it misses").click()
    assert reader.page.url.endswith("#scurve-title")
    curve = drawer(reader).get_by_role("group", name="What LSH finds, and what it misses")
    expect(curve).to_be_in_viewport()
    field = reader.field("Similarity threshold (number)")
    plot = reader.part.get_by_role("group", name=PLOT)
    edge = curve.bounding_box()["x"]
    for place in (plot, field):
        expect(place).to_be_in_viewport(ratio=1)
        found = place.bounding_box()
        assert found["x"] + found["width"] <= edge
    field.press("ControlOrMeta+a")  # in Firefox a text that a script sets is not a change
    field.press_sequentially("0.6")
    field.press("Enter")
    expect(reader.in_part("[data-change]")).to_contain_text("→ 0.600")
    expect(curve).to_be_in_viewport()
    reader.page.keyboard.press("Escape")
    expect(drawer(reader)).to_have_count(0)
    assert "#" not in reader.page.url
    expect(more(reader)).to_be_focused()


def test_an_address_opens_the_drawer_at_its_detail(new_reader):
    """An address with a detail opens the drawer there, and the step that is to be done beside it; the lock still holds."""
    reader = new_reader(steps=True, viewport=DESK).open("?track=edge&part=1#clusters-title")
    expect(drawer(reader)).to_contain_text("appears once you have committed a prediction")
    expect(reader.part.get_by_role("heading", name="The clusters")).to_be_hidden()
    expect(reader.part.get_by_label(QUESTION)).to_be_in_viewport()
    commit(reader)
    expect(drawer(reader)).to_be_visible()
    drawer(reader).get_by_role("link", name="The clusters").click()
    expect(drawer(reader).get_by_role("heading", name="The clusters")).to_be_in_viewport()
    expect(drawer(reader).get_by_text("appears once you have committed")).to_be_hidden()
    reader.page.get_by_role("navigation", name="Parts").get_by_role("link", name="Part 2").click()
    expect(drawer(reader)).to_have_count(0)


def test_details_are_printed_and_stay_in_the_text_of_one_page(new_reader):
    """On paper, and with everything on one page, each detail is shown, on one page at its place in the text."""
    reader = new_reader(steps=True, viewport=DESK).open("?track=edge&part=1")
    sources = reader.part.get_by_role("heading", name="Sources")
    expect(sources).to_be_hidden()
    reader.page.emulate_media(media="print")
    for name in ("Sources", "What you need to know", "Constraint check"):
        expect(reader.part.get_by_role("heading", name=name, exact=True)).to_be_visible()
    reader.page.emulate_media(media="screen")
    more(reader).click()
    reader.page.get_by_role("button", name="All on one page").click()
    expect(drawer(reader)).to_have_count(0)
    headings = reader.part.get_by_role("heading", level=3).all_inner_texts()
    wanted = [
        "What you need to know",
        "Your mission",
        "Your prediction",
        "Try it",
        "Evidence",
        "Constraint check",
        "Sources",
        "Reflection",
    ]
    assert [name for name in headings if name in wanted] == wanted, headings


def test_on_a_phone_details_are_a_sheet(new_reader):
    """On a phone the details cover the page up to their close button, which returns the focus."""
    reader = new_reader(steps=True, viewport=PHONE, has_touch=True, is_mobile=True)
    reader.open("?track=edge&part=1")
    more(reader).tap()
    sheet = drawer(reader, "dialog")
    sheet.get_by_role("link", name=re.compile("^Math Peek")).tap()
    expect(sheet.get_by_role("heading", name="MinHash probability")).to_be_in_viewport()
    for _ in range(40):
        reader.page.keyboard.press("Tab")
        assert sheet.evaluate(
            "(sheet) => document.activeElement === document.body || sheet.contains(document.activeElement)"
        )
    sheet.get_by_role("button", name="Close").tap()
    expect(more(reader)).to_be_focused()
