"""Part 1 on frames and sounds as a reader does it, in Chromium, on a desktop and on a phone."""

import re

import pytest
from playwright.sync_api import expect

from dataselect_core import datasets

SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
CORPORA = {
    "edge": (
        "Simulated drive (real images, seen again)",
        "1,000",
        "Frames",
        "Pixels",
        "frame",
        [r"^Kept: mean ink \d+%", r"^Removed: mean ink \d+%", r"^Difference: \d+ of 64 pixels"],
    ),
    "tiny": (
        "Simulated sounds (all made)",
        "500",
        "Clips",
        "Samples",
        "clip",
        [r"^Kept: [\d,]+ samples", r"^Removed: [\d,]+ samples"],
    ),
}


@pytest.mark.parametrize(
    ("track", "options"),
    [("edge", {}), ("tiny", {}), ("edge", PHONE), ("tiny", PHONE)],
    ids=["edge", "tiny", "edge on a phone", "tiny on a phone"],
)
def test_a_track_shows_its_own_corpus(new_reader, track, options):
    """The track's corpus is chosen, counted in its units, deduplicated, and shown by pictures with text."""
    corpus, items, item_header, unit_header, item, alts = CORPORA[track]
    reader = new_reader(**options)
    reader.open(f"?track={track}&part=1").commit(30).live().results()
    expect(reader.part.get_by_role("button", name=corpus)).to_have_attribute("aria-pressed", "true")
    expect(reader.value("corpus.documents")).to_have_text(items)
    for header in (item_header, unit_header):
        expect(reader.part.get_by_role("rowheader", name=header, exact=True)).to_be_visible()
    expect(reader.in_part("[data-when='corpus-texts']").first).to_be_hidden()
    advanced = reader.in_part("details.advanced summary")
    expect(advanced).to_have_text(
        "Advanced: permutations, seed, bands × rows"
    )  # only texts have shingles with a width
    before = reader.value("removed.documents").text_content()
    reader.type_threshold(0.7)
    expect(reader.value("removed.documents")).not_to_have_text(before)
    reader.part.get_by_role("group", name="The clusters").get_by_role("button").first.click()
    choice = reader.part.get_by_label(f"Removed {item} to compare")
    expect(choice).to_be_visible()  # its options are counted next, and counting does not wait
    choice.select_option(index=choice.locator("option").count() - 1)
    pictures = reader.in_part(".sides svg[role=img]")
    expect(pictures).to_have_count(len(alts))
    for picture, alt in zip(pictures.all(), alts, strict=True):
        assert re.search(alt, picture.get_attribute("aria-label"))
        assert picture.bounding_box()["width"] > 80
    expect(reader.part.get_by_role("region", name=f"{item.capitalize()} that is kept")).to_be_visible()
    assert reader.page.evaluate(SIDEWAYS) <= 0


def test_the_page_follows_a_change_of_corpus_and_track(new_reader):
    """The switch changes the corpus, its nouns and its pictures; another track has another switch."""
    reader = new_reader()
    reader.open("?track=edge&part=1").commit(30).live().results()
    reader.choose_corpus("Licence texts (real)")
    expect(reader.in_part("details.advanced summary")).to_have_text(
        "Advanced: width, permutations, seed, bands × rows"
    )
    expect(reader.part.get_by_role("rowheader", name="Documents", exact=True)).to_be_visible()
    reader.part.get_by_role("group", name="The clusters").get_by_role("button").first.click()
    expect(reader.in_part(".sides del").first).to_be_visible()
    expect(reader.in_part(".sides svg")).to_have_count(0)
    reader.choose_track("Tiny Pioneer")
    expect(reader.part.get_by_role("button", name="Simulated drive")).to_have_count(0)
    expect(reader.part.get_by_role("button", name="Simulated sounds")).to_have_attribute(
        "aria-pressed", "true"
    )
    reader.choose_track("Edge Guardian")
    reader.results()
    expect(reader.part.get_by_role("button", name="Licence texts")).to_have_attribute("aria-pressed", "true")
    expect(reader.value("corpus.documents")).to_have_text("727")


def test_identical_texts_are_called_identical(new_reader):
    """If two texts are equal word for word, the page says so, since nothing is marked; otherwise it does not."""
    data = datasets.licences()
    texts = {name: text.split() for name, text in zip(data.names, data.texts, strict=True)}
    reader = new_reader()
    reader.open("?track=cloud&part=1&corpus=licences&threshold=0.9").commit(30).live().results()
    clusters = reader.part.get_by_role("group", name="The clusters").get_by_role("button")
    removed = reader.part.get_by_role("region", name="Text that is removed")
    outcomes = set()
    for i in range(4):
        name = clusters.nth(i).locator("span").first.text_content()
        clusters.nth(i).click()
        expect(reader.in_part("[data-diff='left'] h5")).to_have_text(f"Kept: {name}")
        removed_name = removed.locator("h5").text_content().removeprefix("Removed: ")
        assert data.names.count(name) == data.names.count(removed_name) == 1
        identical = texts[name] == texts[removed_name]
        outcomes.add(identical)
        expect(removed.get_by_text("These two are identical word for word.")).to_have_count(int(identical))
        assert (reader.in_part("[data-diff] :is(ins, del)").count() == 0) is identical
    assert outcomes == {True, False}


def test_a_corpus_of_another_track_is_refused(new_reader):
    """If an address names a corpus that the track does not have, the page says so and shows the track's own."""
    reader = new_reader()
    reader.open("?track=tiny&part=1&corpus=frames").commit(30).live().results()
    expect(reader.notice()).to_contain_text("corpus must be one of signals, speech, licences, not 'frames'")
    expect(reader.value("corpus.documents")).to_have_text("500")
