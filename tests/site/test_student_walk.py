"""What a student found broken on a walk through the lab, tried in Chromium, and one more place of each kind."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from test_part2_chromium import LONG, Project

from dataselect_core.tracks import TRACKS, track

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "site" / "pages"
FIGURE = re.compile(  # a figure that is shown with its unit, and the next word
    r"""\{\{\s*(?:value\(")?([\w.]+)(?:"\s*,\s*"|\|)(?:number|si)(?:"\)|\|\w+)?\s*\}\}(?:\s|</?\w[^>]*>|\*)*([A-Za-z]+)"""
)
OF_A_CORPUS = re.compile(r"\b(licen[cs]e|version|lawyer|speech|camera|drift|recording|hum|page)s?\b")
NUMBERS = re.compile(r"\d")
ANSWER = "One thing that this page measured, one that it only assumes, and what would turn it."


@pytest.fixture
def project(new_reader):
    """A reader of Part 2, one step at a time or all on one page."""
    return lambda **options: Project(new_reader(**options))


def test_the_latest_run_is_repeated_with_its_own_data(project):
    """The command to repeat a run names the data of that run: Tiny's, not the digits, and Edge's after a change."""
    reader = project().open("tiny", "&seeds=1&budget=60&initial=10").predict()
    repeat = reader.locator("#part-2-repeat code")
    for name in ("tiny", "edge"):
        if name == "edge":
            reader.open("edge", "&seeds=1&budget=60&initial=10").predict()
        reader.run("Entropy", 50)
        expect(repeat).to_contain_text(f'problem("{track(name).part_2.problem}")')
        expect(repeat).to_contain_text('"entropy", 50')


def test_committing_the_marker_keeps_the_focus(project):
    """After the button is pressed by keyboard, the focus is on the sentence that replaces the form, not on the body."""
    reader = project().open("mobile", "&seeds=1&budget=60").predict().run("Random", 20)
    reader.page.get_by_label("Labels", exact=True).fill("40")
    reader.page.get_by_role("button", name="Commit the marker").focus()
    reader.page.keyboard.press("Enter")
    said = reader.locator("[data-marker-said]")
    expect(said).to_have_text("Committed: run 1 at 40 labels.")
    expect(said).to_be_focused()


def test_committing_the_answer_about_indexing_keeps_the_focus(project):
    """The other lock of Part 2 hides its form too: the focus is on the committed answer."""
    reader = project().open("mobile").predict()
    form = reader.locator("form[data-lock='2-indexing']")
    form.get_by_label(re.compile("^It depends")).check()
    form.get_by_role("button", name="Commit").focus()
    reader.page.keyboard.press("Enter")
    answer = reader.locator("[data-lock-answer='2-indexing']")
    expect(answer).to_contain_text("depends")
    assert reader.page.evaluate("() => document.activeElement !== document.body")


@pytest.mark.parametrize(
    ("part", "label", "typed", "range_", "before"),
    [
        ("2", "Initial labels", "1", "from 2 to", None),
        ("3", "Synthetic share, % (number)", "-10", "from 0 to 100", "45"),
    ],
)
def test_other_fields_refuse_a_number_out_of_range(reader, part, label, typed, range_, before):
    """A number outside a field's range is not changed in silence: the old one is back, and a sentence has the range."""
    reader.open(f"?track=mobile&part={part}").live()
    section = reader.locator(f"[data-part='{part}']")
    section.get_by_text("Advanced").first.click()
    field = section.get_by_role("textbox", name=label).or_(section.get_by_label(label, exact=True)).first
    expect(field).to_be_visible()
    before = field.input_value()
    field.fill(typed)
    field.press("Enter")
    expect(section.get_by_role("alert").filter(has_text=range_)).to_contain_text(f"It is still {before}.")
    expect(field).to_have_value(before)


def test_no_model_answer_is_in_parts_2_and_3_before_the_reader_wrote_one(project):
    """After the locks of Parts 2 and 3 their model answers are not in the page, until the reader has written."""
    reader = project().open("tiny").predict()
    page = reader.page
    reader.locator("form[data-lock='2-indexing']").get_by_label(re.compile("^It depends")).check()
    reader.locator("form[data-lock='2-indexing']").get_by_role("button", name="Commit").click()
    expect(reader.value("index.cost")).to_have_text(NUMBERS, timeout=LONG)
    _is_shown_after_writing(page, "2", "Scoring")
    page.get_by_role("navigation", name="Parts").get_by_role("link", name=re.compile("Part 3")).click()
    part = page.locator("[data-part='3']")
    part.get_by_label("It falls", exact=True).check()
    part.get_by_label("By how much").fill("10")
    part.get_by_role("button", name="Commit").click()
    expect(part.locator("[data-guard='3'] [data-reveal='prediction']").first).not_to_be_empty(timeout=LONG)
    _is_shown_after_writing(page, "3", "scarce")


def _is_shown_after_writing(page, number, words):
    section = page.locator(f"[data-part='{number}']")
    answer = section.locator("[data-written] [data-reveal]")
    expect(answer).to_have_count(1)
    assert answer.text_content() == ""
    section.locator(f"textarea[data-reflection='{number}']").fill(ANSWER)
    expect(answer).to_contain_text(re.compile(words, re.IGNORECASE))


def test_one_page_keeps_its_place_over_a_reload(project):
    """All on one page, a reload restores the scroll position, also after Python has filled the page above it."""
    reader = project().open("mobile", "&view=page&seeds=1&budget=60").predict().run("Random", 20)
    field = reader.locator("textarea[data-reflection='2']")
    field.fill(ANSWER)
    field.scroll_into_view_if_needed()
    top = field.evaluate("(field) => field.getBoundingClientRect().top")
    reader.reader.saved()
    reader.page.reload()
    reader.ready()
    expect(reader.runs).to_have_count(1, timeout=LONG)
    reader.page.wait_for_function(
        "([field, top]) => Math.abs(field.getBoundingClientRect().top - top) < 120",
        arg=[field.element_handle(), top],
    )


# -- texts ---------------------------------------------------------------------------------------------------


def repeated_units(part, text):
    """The figures of a text whose unit is shown and is followed by the same word again."""
    tables = json.loads((ROOT / "derived" / "expected" / f"{part}.json").read_text("utf-8"))["value"]
    units = {
        (row[0], row[1].split("/")[0].split()[-1])
        for track_tables in tables.values()
        for table in track_tables
        for row in table["rows"]
        if row[1].split("/")[0].split()
    }
    return [(path, word) for path, word in FIGURE.findall(text) if (path, word) in units]


@pytest.mark.parametrize("part", ["1", "2", "3"])
def test_no_text_repeats_the_unit_of_a_figure(part):
    """No text writes "10 million items items": the figure brings its unit, and the next word is another."""
    texts = [path.read_text("utf-8") for path in PAGES.glob(f"part-{part}*")]
    assert [found for text in texts for found in repeated_units(part, text)] == []
    assert sum(len(FIGURE.findall(text)) for text in texts) > 0
    if part == "2":
        assert repeated_units("2", 'a pool of {{ value("price.pool", "si") }} items') == [
            ("price.pool", "items")
        ]


def outside_corpora(fragment):
    """A fragment of Part 1's reveal without the blocks that only one corpus shows."""
    return re.sub(r"(?ms)^::: when corpus-\w+\n.*?^:::$", "", fragment)


def test_what_is_said_of_one_corpus_is_shown_with_it_alone():
    """Clusters, removal and prediction speak of licences, speeches or cameras only where that corpus is shown."""
    text = (PAGES / "part-1.reveal.md").read_text("utf-8")
    fragments = dict(re.findall(r"(?ms)^# ([\w-]+)\n(.*?)(?=^# |\Z)", text))
    for name in ("clusters", "prediction", "removed", "summary-icr", "summary-scurve"):
        assert OF_A_CORPUS.findall(outside_corpora(fragments[name])) == [], name
    corpora = {name for each in TRACKS for name in each.part_1.limits}
    for name in ("clusters", "prediction"):
        assert set(re.findall(r"::: when corpus-(\w+)", fragments[name])) - {"beside"} == corpora
