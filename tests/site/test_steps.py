"""The lab step by step: the instrument in view, the way to continue, the address, and few words."""

import re

import pytest
from playwright.sync_api import expect
from reader import NO_PYTHON, QUESTION

from dataselect_core.tracks import TRACKS, track
from tools import reading

# words: before a part's lock, along its steps, of start, synthesis and record together, and in all
BEFORE, ALONG, AROUND, ALL = 120, 600, 500, 2300
TYPES = 6  # sizes of type
LINE = 24  # pixels: the height of a line of text, the most between a control and its plot
TOGETHER = """(names) => names.map((name) => {
  const element = [...document.querySelectorAll(name)].find((each) => each.checkVisibility());
  const {top, bottom} = element.getBoundingClientRect();
  return [name, top >= -1 && bottom <= innerHeight + 1, Math.round(top), Math.round(bottom)];
})"""


@pytest.fixture
def stepper(new_reader):
    """A reader who uses the lab step by step."""
    return new_reader(steps=True, viewport={"width": 1280, "height": 800})


def step(reader, part, name):
    """Go to a step of a part."""
    reader.page.get_by_role("navigation", name=f"Steps of Part {part}").get_by_role("link", name=name).click()


def commit(reader, prediction=30):
    """Commit a prediction of Part 1, which leads to the result."""
    reader.part.get_by_label(QUESTION).fill(str(prediction))
    reader.part.get_by_role("button", name="Commit").click()
    return reader


def decide(reader, text):
    """Write a decision in Part 1, and stay in its field."""
    field = reader.part.get_by_role("textbox", name=re.compile("^Your decision"))
    field.fill(text)
    return field


def words(reader, selector):
    """Visible words of an element of the page, without formulas and folded options."""
    return reader.page.evaluate(reading.WORDS, selector)


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_three_clicks_lead_to_the_result(new_reader, browser):
    """From four tracks the reader gets to a question, and a commitment leads to the result, in both browsers."""
    stepper = new_reader(browser=browser, steps=True, viewport={"width": 1280, "height": 800})
    stepper.open("")
    page = stepper.page
    expect(page.get_by_role("radio")).to_have_count(4)
    expect(stepper.part).to_be_hidden()
    page.get_by_role("radio", name="Edge Guardian").check()
    page.get_by_role("link", name="Begin Part 1").click()
    expect(page.get_by_role("heading", name="Choose your track")).to_be_hidden()
    expect(page.get_by_role("heading", name="First, predict")).to_be_focused()
    expect(page).to_have_title("First, predict · The Deduplication Audit · Data Selection Lab")
    assert words(stepper, "[data-part='1']") <= BEFORE
    commit(stepper)
    expect(page.get_by_role("heading", name="Move the threshold")).to_be_focused()
    stepper.live().results()
    expect(stepper.part.get_by_role("group", name="Learning against compute")).to_be_visible()
    expect(page).to_have_title(re.compile("^Move the threshold .* · The Deduplication Audit"))
    assert page.url.count("step=explore") == 1


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (360, 640)])
def test_goals_plot_control_and_next_button_are_in_view(new_reader, width, height):
    """While the threshold moves, goals, plot, control and next button stay in view; one sentence names the change."""
    reader = new_reader(steps=True, viewport={"width": width, "height": height}).open("?track=edge&part=1")
    commit(reader).live().results()
    field = reader.field("Similarity threshold (number)")
    field.fill("0.6")
    field.press("Enter")
    change_line = reader.in_part("[data-change]")
    expect(change_line).to_have_text(
        re.compile(r"^Similarity threshold 0\.\d+ → 0\.600: documents removed [\d.]+ % → [\d.]+ %")
    )
    reader.page.get_by_role("heading", name="Move the threshold").scroll_into_view_if_needed()
    names = ["[data-part='1'] .goals", "[data-root='threshold']", "[data-part='1'] .results .next"]
    if width > 1000:
        names.append("[data-plot='ICR_Curve']")
    positions = reader.page.evaluate(TOGETHER, names)
    assert all(inside for _, inside, _, _ in positions), positions
    sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert reader.page.evaluate(f"() => {sideways}") <= 0


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (360, 640)])
@pytest.mark.parametrize(
    ("part", "control", "plot"),
    [
        (2, "[data-action='run']", "[data-plot='LabelingROIPlot']"),
        (3, "[data-root='synthetic']", "[data-plot='DomainGapPlot']"),
    ],
)
def test_the_other_parts_have_the_next_button_in_view(new_reader, part, control, plot, width, height):
    """Goals, the control that is used most and the next button stay in view, and the buttons do not cover each other."""
    reader = new_reader(steps=True, viewport={"width": width, "height": height}).open(
        f"?track=edge&part={part}"
    )
    section = reader.page.locator(f"[data-part='{part}']")
    field = {2: "By what factor", 3: "By how much"}[part]
    section.get_by_label({2: "fewer samples", 3: "It falls"}[part], exact=True).check()
    section.get_by_label(field).fill("2")
    section.get_by_role("button", name="Commit").first.click()
    reader.live()
    expect(section.get_by_role("list", name="Goals")).to_be_visible()
    names = [f"[data-part='{part}'] {control}", f"[data-part='{part}'] .results .next .button"]
    names += [f"[data-part='{part}'] .goals"]
    positions = reader.page.evaluate(TOGETHER, names + [plot] * bool(plot and width > 1000))
    assert all(inside for _, inside, _, _ in positions), positions
    section.get_by_role("link", name="Explain it").click(trial=True)
    if part == 2:
        section.get_by_role("button", name="Run").click(trial=True)


def test_each_step_has_its_contents_and_a_next_button(stepper):
    """Explain has the verdict, Decide two texts and the link to Part 2; all details are under More, by name."""
    stepper.open("?track=tiny&part=1")
    commit(stepper).live().results()
    count = words(stepper, "[data-part='1']")
    stepper.part.get_by_role("link", name="Explain it").click()
    expect(stepper.part.get_by_role("heading", name="Your prediction beside the measurement")).to_be_visible()
    expect(stepper.part.get_by_text("The clusters", exact=True).last).to_be_hidden()
    count += words(stepper, "[data-part='1']")
    stepper.part.get_by_role("link", name="Decide", exact=True).last.click()
    stepper.part.get_by_role("textbox", name=re.compile("^Your answer")).fill("Duplicates teach nothing new.")
    stepper.part.get_by_role("textbox", name=re.compile("^Your decision")).fill("Stop at 0.6.")
    count += words(stepper, "[data-part='1']")
    step(stepper, 1, "More")
    contents = stepper.page.get_by_role("navigation", name="More about Part 1")
    for link in contents.get_by_role("link").all():
        anchor = link.get_attribute("href")
        link.click()
        expect(stepper.page.locator(anchor)).to_be_in_viewport()
    stepper.page.keyboard.press("Escape")
    step(stepper, 1, "Predict")
    count += words(stepper, "[data-part='1']")
    assert count <= ALONG, count
    step(stepper, 1, "Decide")
    stepper.part.get_by_role("link", name="On to Part 2").click()
    expect(stepper.page.get_by_role("heading", name="Active Learning ROI")).to_be_visible()
    expect(stepper.part).to_be_hidden()


def test_part_2_names_what_is_missing_before_its_first_run(stepper):
    """The card that compares a prediction with runs says which runs it needs, until there is one."""
    stepper.open("?track=tiny&part=2&seeds=1&batch=5&budget=80")
    section = stepper.page.locator("[data-part='2']")
    section.get_by_label("fewer samples", exact=True).check()
    section.get_by_label("By what factor").fill("2")
    section.get_by_role("button", name="Commit", exact=True).first.click()
    stepper.live()
    step(stepper, 2, "Explain")
    hint = section.get_by_text("No run yet. In Explore, run random sampling")
    expect(hint).to_be_visible()
    step(stepper, 2, "Explore")
    section.get_by_role("button", name="Random", exact=True).click()
    section.get_by_role("button", name="Run", exact=True).click()
    step(stepper, 2, "Explain")
    expect(section.get_by_text("no run that chooses can be compared with it")).to_be_visible()
    expect(hint).to_be_hidden()


def test_an_address_opens_its_step(stepper):
    """A step in the address is opened, an old anchor opens the step that contains it, and a wrong step is named."""
    stepper.open("?track=edge&part=3&step=more")
    expect(stepper.page.get_by_role("heading", name="What you need to know").last).to_be_visible()
    stepper.open("?track=edge&part=2#part-2-sources")
    expect(stepper.page.locator("#part-2-sources")).to_be_in_viewport()
    stepper.open("?track=edge#record")
    expect(stepper.page.get_by_role("heading", name="Your record")).to_be_visible()
    expect(stepper.part).to_be_hidden()
    stepper.open("?track=edge&part=2&step=jump")
    expect(stepper.notice()).to_contain_text("step=jump was ignored; allowed: predict, explore")


def test_every_step_reports_a_failed_save(new_reader):
    """If storage is full, the current step says so, since the record is at another place."""
    full = "IDBObjectStore.prototype.put = function () { throw new DOMException('full', 'QuotaExceededError'); };"
    reader = new_reader(steps=True, script=NO_PYTHON + full).open("?track=edge&part=1")
    reader.expected_errors = ["full"]
    commit(reader)
    expect(reader.page.get_by_role("alert").filter(has_text="could not be saved")).to_be_visible()
    expect(reader.status()).to_be_hidden()


def test_no_step_shows_a_result_before_the_lock(stepper):
    """Before the prediction no step shows a result; each says where the lock is."""
    stepper.open("?track=cloud&part=1&step=explore")
    expect(stepper.part.get_by_text("locked until you commit a prediction").first).to_be_visible()
    expect(stepper.part.get_by_role("group", name="Learning against compute")).to_be_hidden()
    stepper.part.get_by_role("link", name="To the lock").click()
    expect(stepper.part.get_by_label(QUESTION)).to_be_visible()
    for name in ("Explain", "More"):
        step(stepper, 1, name)
        expect(stepper.part.get_by_role("group", name="What LSH finds, and what it misses")).to_be_hidden()
        expect(stepper.part.get_by_text("Measured here", exact=True)).to_be_hidden()


def test_one_click_shows_the_whole_lab_on_one_page(stepper):
    """One click shows the whole lab on one page, also after a reload; another click returns to the steps."""
    stepper.open("?track=cloud&part=1")
    stepper.page.get_by_role("button", name="All on one page").click()
    for name in ("Choose your track", "What you need to know", "Sources", "Reflection", "Your record"):
        expect(stepper.page.get_by_role("heading", name=name, exact=True).first).to_be_visible()
    stepper.reload()
    expect(stepper.page.get_by_role("heading", name="Your record")).to_be_visible()
    stepper.page.get_by_role("button", name="One step at a time").click()
    expect(stepper.page.get_by_role("heading", name="Your record")).to_be_hidden()
    expect(stepper.page.get_by_role("heading", name="First, predict")).to_be_focused()


def test_a_page_without_scripts_shows_the_whole_lab(new_reader):
    """A browser without scripts shows the whole lab, since it could not go from step to step."""
    reader = new_reader(steps=True, java_script_enabled=False)
    reader.page.goto(reader.base + "index.html")
    for name in ("Choose your track", "The Domain Gap Synthesis", "Your record"):
        expect(reader.page.get_by_role("heading", name=name).first).to_be_visible()
    expect(reader.page.get_by_role("button", name="One step at a time")).to_be_hidden()


def test_start_synthesis_and_record_are_short(stepper):
    """Before anything is recorded, start, synthesis and record have few words."""
    stepper.open("?track=mobile")
    counts = [words(stepper, "main")]
    for name in ("Synthesis", "Your record"):
        stepper.page.get_by_role("navigation", name="Parts").get_by_role(
            "link", name=name, exact=True
        ).click()
        counts.append(words(stepper, "main"))
    assert sum(counts) <= AROUND, counts


@pytest.mark.parametrize("name", [track.id for track in TRACKS])
def test_a_track_takes_45_minutes_and_2300_words(stepper, name):
    """A reader who reads and does everything in the steps needs 15 minutes for a part and 45 for the lab."""
    rows = reading.walk(reading.Reading(stepper.page), stepper.base, track(name))
    print(reading.table(track(name), rows))
    for part in (1, 2, 3):
        count, minutes = reading.total(rows, part)
        assert count <= ALONG and minutes <= reading.PART, (part, count, minutes)
        assert next(row.words for row in rows if row.place == part) <= BEFORE
    words, minutes = reading.total(rows)
    assert words <= ALL and minutes <= reading.LAB, (words, minutes)
    around = {place: reading.total(rows, place)[0] for place in ("start", "synthesis", "record")}
    assert sum(around.values()) <= AROUND, around
    distances = [distance for row in rows for distance in row.apart.values() if distance is not None]
    assert len(distances) == 6 and max(distances) <= LINE, distances
    for size in reading.SIZES:
        assert len(reading.sizes_of_type(rows, size)) <= TYPES, reading.sizes_of_type(rows, size)


def test_a_returning_reader_continues_where_they_left(stepper):
    """The address without a part restores step, scroll position and field; a new reader starts from the beginning."""
    stepper.open("?track=mobile&part=1")
    commit(stepper).live().results()
    step(stepper, 1, "Decide")
    text = decide(stepper, "Stop at 0.6.")
    expect(stepper.part.get_by_text("Captured evidence, current.")).to_have_count(0)
    stepper.page.set_viewport_size({"width": 1280, "height": 400})
    stepper.page.evaluate("() => scrollTo(0, 60)")
    text.focus()
    stepper.open("")
    expect(text).to_be_focused()
    stepper.page.wait_for_function("() => scrollY === 60")
    stepper.live().results()
    stepper.page.wait_for_function("() => scrollY === 60")
    text.blur()
    stepper.page.get_by_role("navigation", name="Parts").get_by_role("link", name="Your record").click()
    stepper.page.get_by_role("button", name="New reader").click()
    stepper.answer("Start as a new reader")
    expect(stepper.page.get_by_role("heading", name="Choose your track")).to_be_focused()
    stepper.open("")
    expect(stepper.page.get_by_role("heading", name="Choose your track")).to_be_visible()


def test_evidence_is_captured_when_the_reader_decides(stepper):
    """Leaving the written decision captures the evidence, described with the words of the controls."""
    stepper.open("?track=edge&part=1")
    commit(stepper).live().results()
    step(stepper, 1, "Decide")
    decide(stepper, "Stop at 0.6.").blur()
    expect(stepper.part.get_by_text("Captured evidence, current.")).to_be_visible()
    stepper.part.get_by_text("What was captured").click()
    expect(stepper.part.get_by_text("Settings:")).to_contain_text("Similarity threshold 0.")


def test_a_decision_before_the_lock_captures_no_evidence(stepper):
    """If a reader decides before predicting, the first results are not captured as evidence for the decision."""
    stepper.open("?track=edge&part=1&step=decide")
    decide(stepper, "Remove nothing.").blur()
    step(stepper, 1, "Predict")
    commit(stepper).live().results()
    step(stepper, 1, "Decide")
    expect(stepper.part.get_by_role("button", name="Capture this evidence")).to_be_visible()
    expect(stepper.part.get_by_text("Captured evidence")).to_have_count(0)
