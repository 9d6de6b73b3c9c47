"""What can be touched in the plots: the threshold in the S-curve, the marker on a run, a cell of the map."""

import re

import pytest
from playwright.sync_api import expect

CURSOR = "(plot) => getComputedStyle(plot).cursor"
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 640}


@pytest.fixture(params=["chromium", "firefox"])
def reader(new_reader, request):
    """A reader in each browser, with a mouse."""
    return new_reader(browser=request.param, viewport=DESK)


def commit(reader, part, choice, label, value):
    """Commit a prediction, and wait until Python runs."""
    section = reader.page.locator(f"[data-part='{part}']")
    if choice:
        section.get_by_label(choice, exact=True).check()
    section.get_by_label(label).fill(str(value))
    section.get_by_role("button", name="Commit", exact=True).first.click()
    reader.live()
    return section


def hold(reader, plot, cursor, *heights):
    """Move the mouse across a plot, at these shares of its height, until the cursor shows that something can be held."""
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    for height in heights:
        y = box["y"] + height * box["height"]
        for x in range(60, int(box["width"]) - 10, 18):
            reader.page.mouse.move(box["x"] + x, y)
            if plot.evaluate(CURSOR) == cursor:
                return box["x"] + x, y
    raise AssertionError(f"nothing to hold: the cursor never became {cursor}")


def test_the_threshold_is_dragged_in_the_s_curve(reader):
    """Dragging the line of the threshold moves slider, field and results, and stops when the button is let go."""
    reader.open("?track=edge&part=1")
    commit(reader, 1, None, "Reduction in total training FLOPs", 30)
    reader.results()
    plot = reader.part.get_by_role("group", name="What LSH finds, and what it misses")
    field = reader.field("Similarity threshold (number)")
    before = float(field.input_value())
    x, y = hold(reader, plot, "ew-resize", 0.4)
    reader.page.mouse.down()
    reader.page.mouse.move(x + 40, y, steps=4)
    reader.page.mouse.move(x + 90, y, steps=4)
    reader.page.mouse.up()
    assert before == 0.5
    expect(reader.value("setting.threshold")).to_have_text(re.compile(r"^0\.(5[89]|6[0-3])0$"))
    after = reader.value("setting.threshold").text_content()
    expect(field).to_have_value(re.compile(rf"^0?{after[1:].rstrip('0')}$"))
    reader.page.mouse.move(x + 160, y)
    reader.page.wait_for_timeout(500)
    expect(reader.value("setting.threshold")).to_have_text(after)


def test_a_cell_of_the_map_is_chosen_by_click_and_arrow_keys(reader):
    """A click in the map sets both sliders; arrow keys go on from there, cell by cell, and stop at the border."""
    reader.open("?track=edge&part=3&seeds=2")
    section = commit(reader, 3, "It falls", "By how much", 20)
    share = section.get_by_role("textbox", name="Synthetic share, % (number)")
    strength = section.get_by_role("textbox", name="Domain randomisation (number)")
    point = section.get_by_role("slider", name="Your point on the map")
    expect(point).to_be_visible()
    plot = section.get_by_role("group", name="The map: every mix, measured")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    reader.page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.3 * box["height"])
    expect(point).to_be_focused()
    expect(share).to_have_value(re.compile("^[45]0$"))
    expect(strength).to_have_value(re.compile(r"^0?\.[67]$"))
    chosen = int(share.input_value())
    reader.page.keyboard.press("ArrowRight")
    expect(share).to_have_value(str(chosen + 10))
    reader.page.keyboard.press("ArrowDown")
    reader.page.keyboard.press("ArrowDown")
    expect(strength).to_have_value(re.compile(r"^0?\.[45]$"))
    said = re.compile(rf"^{chosen + 10} % synthetic, randomisation 0\.[45]$")
    expect(point).to_have_attribute("aria-valuetext", said)
    expect(section.locator("[data-value='setting.share']").first).to_have_text(f"{chosen + 10}.0 %")
    for _ in range(10):
        reader.page.keyboard.press("ArrowRight")
    expect(share).to_have_value("100")


def test_the_marker_is_dragged_along_the_curve(reader):
    """Dragging on a curve moves the marker from round to round: field, slider and preview follow."""
    reader.open("?track=tiny&part=2&seeds=1&batch=5&budget=80")
    section = commit(reader, 2, "fewer samples", "By what factor", 2)
    section.get_by_role("button", name="Random", exact=True).click()
    section.get_by_role("button", name="Run", exact=True).click()
    labels = section.get_by_label("Labels", exact=True)
    expect(labels).to_be_visible()
    expect(section.get_by_role("progressbar", name="Computing")).to_be_hidden()
    plot = section.get_by_role("group", name="Accuracy against the cost of the project")
    section.get_by_label("Show all costs").check()
    x, y = hold(reader, plot, "grab", *[k / 20 for k in range(2, 14)])
    reader.page.mouse.down()
    start = int(labels.input_value())
    reader.page.mouse.move(x - 200, y, steps=6)
    reader.page.mouse.up()
    after = int(labels.input_value())
    assert after < start, (start, after)
    expect(section.get_by_text(re.compile(rf"^Run 1 at {after} labels: \$"))).to_be_visible()


def test_a_finger_chooses_a_cell_and_drags_the_threshold(new_reader):
    """On a phone a tap chooses a cell of the map, and a finger drags the threshold."""
    reader = new_reader(viewport=PHONE, has_touch=True, is_mobile=True)
    reader.open("?track=edge&part=3&seeds=2")
    section = commit(reader, 3, "It falls", "By how much", 20)
    share = section.get_by_role("textbox", name="Synthetic share, % (number)")
    expect(section.get_by_role("slider", name="Your point on the map")).to_be_visible()
    plot = section.get_by_role("group", name="The map: every mix, measured")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    reader.page.touchscreen.tap(box["x"] + 0.8 * box["width"], box["y"] + 0.3 * box["height"])
    expect(share).to_have_value(re.compile("^[678]0$"))
    reader.open("?track=edge&part=1")
    commit(reader, 1, None, "Reduction in total training FLOPs", 30)
    reader.results()
    plot = reader.part.get_by_role("group", name="What LSH finds, and what it misses")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    field = reader.field("Similarity threshold (number)")
    before = float(field.input_value())
    fingers = reader.context.new_cdp_session(reader.page)

    def touch(kind, *point):
        points = [{"x": box["x"] + point[0], "y": box["y"] + point[1]}] if point else []
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    y = box["height"] / 2
    for x in range(60, int(box["width"]) - 50, 20):  # the finger looks for the line
        touch("touchStart", x, y)
        touch("touchMove", x + 12, y)
        touch("touchMove", x + 40, y)
        touch("touchEnd")
        if float(field.input_value()) != before:
            break
    expect(field).not_to_have_value(f"{before:g}")
