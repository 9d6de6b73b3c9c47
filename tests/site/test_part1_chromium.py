"""Part 1 as a reader does it, in Chromium."""

import re
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect
from reader import CRAWL, LICENCES, NO_PYTHON, PATIENCE, Reader

GESTURE = 1200  # ms between two movements of the slider
DIGITS = re.compile(r"\d")
BLUE, GREEN, GREY = (0x00, 0x63, 0x95), (0x00, 0x70, 0x2F), (0x47, 0x55, 0x69)
COUNT = """(canvas, [r, g, b]) => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let found = 0;
  const near = (a, b) => Math.abs(a - b) < 32;
  for (let i = 0; i < pixels.length; i += 4) {
    if (near(pixels[i], r) && near(pixels[i + 1], g) && near(pixels[i + 2], b) && pixels[i + 3] > 200) found++;
  }
  return found;
}"""
NAMELESS = """() => {
  const nameless = [];
  const walk = (root) => {
    for (const e of root.querySelectorAll("*")) {
      const shown = e.getClientRects().length > 0;
      if (shown && e.matches("input, select, textarea, button, [role=slider], [role=button]")) {
        const by = (e.getAttribute("aria-labelledby") || "").split(" ").map((id) => root.getElementById?.(id)?.textContent || "");
        const text = e.matches("button, [role=button]") ? e.textContent : "";
        const name = [e.getAttribute("aria-label"), ...by, ...[...(e.labels || [])].map((l) => l.textContent), text];
        if (!name.join("").trim()) nameless.push(e.outerHTML.slice(0, 200));
      }
      if (e.shadowRoot) walk(e.shadowRoot);
    }
  };
  walk(document);
  return nameless;
}"""
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def drawn(reader, plot, color):
    """The number of pixels of about one colour in a plot."""
    return reader.in_part(f"[data-plot='{plot}'] canvas").first.evaluate(COUNT, list(color))


def texts(reader, selector):
    """The texts of the cells, row by row."""
    return reader.in_part(selector).evaluate(
        "(table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim()))"
    )


def eventually(reader, condition):
    """Wait for a condition on pixels, which are drawn some frames after the values have arrived."""
    for _ in range(PATIENCE // 100):
        if condition():
            return
        reader.page.wait_for_timeout(100)
    pytest.fail("the plot was not drawn as expected")


@pytest.fixture(scope="module")
def booted(chromium, address):
    """A reader with Part 1 live on the licence texts, the prediction 30 % locked."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    reader = Reader(context, address).open("?track=cloud&part=1&corpus=licences")
    reader.commit(30, "a third of the texts").live().results()
    yield reader
    context.close()


@pytest.fixture
def lab(booted):
    """That reader at threshold 0.80, on the Cloud track; the test ends with a check for errors."""
    booted.choose_track("Cloud Titan")
    booted.choose_corpus(LICENCES)
    booted.type_threshold(0.8)
    yield booted
    booted.check()
    booted.errors.clear()


# -- a first visit -----------------------------------------------------------------------------------------


def test_results_follow_a_prediction_made_before_python_runs(reader):
    """A reader predicts while Python is still loading; results and reveal then appear by themselves."""
    with reader.hold_back("**/*.wasm"):
        reader.open()
        expect(reader.html).to_have_attribute("data-boot", "starting")
        expect(reader.part.get_by_role("heading", name="Cloud Titan: LLM Architect")).to_be_visible()
        expect(reader.slider()).to_be_visible()  # the first view, rendered by the build
        for guarded in reader.in_part("[data-guard='1']").all():
            expect(guarded).to_be_hidden()
        reader.commit(30, "it sounds fair")
        expect(reader.html).to_have_attribute("data-boot", "starting")
        expect(reader.in_part("[data-lock-answer='1']")).to_contain_text("it sounds fair")
    reader.live().results()

    expect(reader.html).to_have_attribute("data-first-view", "kept")
    expect(reader.value("removed.words_share")).to_have_text(re.compile(r"^\d+\.\d %$"))
    expect(reader.value("removed.words_share")).to_have_attribute("data-kind", "measured")
    expect(reader.value("removed.flops_share")).to_have_attribute("data-kind", "modelled")
    for plot, color in (("ICR_Curve", BLUE), ("ICR_Curve", GREEN), ("SCurvePlot", BLUE)):
        eventually(reader, lambda plot=plot, color=color: drawn(reader, plot, color) > 100)
    assert len(texts(reader, "table[data-table-for='ICR_Curve']")) > 10
    assert len(texts(reader, "table[data-table-for='SCurvePlot']")) > 3
    expect(reader.in_part("[data-summary-for='ICR_Curve']")).to_contain_text("the deduplicated run reads")
    expect(reader.value("reveal.prediction")).to_have_text("30.0 %")
    expect(reader.value("reveal.measured")).to_have_text(DIGITS)
    expect(reader.in_part("[data-reveal='prediction']")).to_contain_text("FLOPs")
    marks = reader.page.evaluate("() => performance.getEntriesByType('mark').map((mark) => mark.name)")
    assert {"lab:paint", "lab:live"} <= set(marks)
    assert len(reader.requests) > 20  # that none left the origin only counts if requests were seen


def test_an_absurd_address_is_ignored_and_reveals_nothing(reader, address):
    """The settings of an address are checked; invalid ones are named, harmless, and open no lock.

    Before a prediction is committed, no result is visible, in the page, or in its source.
    """
    query = (
        "?track=xyz&threshold=99&foo=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&seed=7&width=1e99&prediction=30"
    )
    with urlopen(f"{address}index.html{query}", timeout=60) as answer:
        source = answer.read().decode()
    reader.open(query)
    for message in (
        "track=xyz was ignored",
        "threshold=99 was ignored; allowed: 0.5 to 1",
        "foo",
        "width=1e99",
    ):
        expect(reader.notice()).to_contain_text(message)
    expect(reader.notice().locator("img")).to_have_count(0)
    expect(reader.page.get_by_role("radio", name="Cloud Titan")).to_be_checked()
    reader.live()
    expect(reader.part).to_have_attribute("data-results", "locked")
    expect(reader.notice()).to_contain_text("track=xyz was ignored")
    expect(reader.page).to_have_url(re.compile(r"\?track=cloud&part=1.*seed=7"))

    for text in (source, reader.page.content()):
        assert "The redundant texts are the long ones" not in text
        assert "30 % of the samples is not 30 % of the FLOPs" not in text
        assert "the deduplicated run reads" not in text
    for guarded in reader.in_part("[data-guard='1']").all():
        expect(guarded).to_be_hidden()
    for place in reader.in_part("[data-reveal]").all():
        expect(place).to_be_empty()
    for path in ("removed.words_share", "lsh.recall", "reveal.measured", "scale.dollars_saved", "icr.ratio"):
        for output in reader.in_part(f"[data-value='{path}']").all():
            assert not DIGITS.search(output.text_content()), f"{path} is in the page"
    reader.part.get_by_role("button", name="Capture this evidence").click()
    expect(reader.in_part("[data-captured='1']")).to_contain_text("commit a prediction")


def test_the_lock_refuses_an_invalid_percentage(new_reader):
    """Anything but a number from 0 to 100 is refused with the range, and nothing is revealed."""
    reader = new_reader(script=NO_PYTHON)
    field = reader.part.get_by_label("Reduction in total training FLOPs")
    message = reader.part.get_by_role("alert").filter(has_text="from 0 to 100")
    for value in ("", "-1", "101", "1e9"):
        reader.open()
        field.fill(value)
        field.press("Enter")
        # The message does not change the case of the words.
        expect(message).to_contain_text("from 0 to 100: reduction in total training FLOPs.")
        expect(message).to_be_visible()
        expect(reader.in_part("[data-lock-committed='1']")).to_be_hidden()
        expect(reader.in_part("[data-guard='1']").first).to_be_hidden()


# -- controls ----------------------------------------------------------------------------------------------


def test_the_slider_works_by_keyboard(lab):
    """Arrow keys on the slider's handle move the threshold, and values, table, summary and curve follow."""
    before = lab.number("removed.words_share")
    table, summary = (
        texts(lab, "table[data-table-for='ICR_Curve']"),
        lab.in_part("[data-summary-for='ICR_Curve']").inner_text(),
    )
    lab.slider().focus()
    for _ in range(5):
        lab.page.keyboard.press("ArrowLeft")
    lab.at_threshold(0.75)
    expect(lab.field("Similarity threshold (number)")).to_have_value("0.75")
    assert lab.number("removed.words_share") > before
    assert texts(lab, "table[data-table-for='ICR_Curve']") != table
    assert lab.in_part("[data-summary-for='ICR_Curve']").inner_text() != summary
    lab.page.keyboard.press("ArrowRight")
    lab.at_threshold(0.76)


def test_the_number_field_moves_the_slider(lab):
    """A number typed next to the slider moves it, and the results follow."""
    lab.type_threshold(0.95)
    few = lab.number("removed.documents")
    expect(lab.slider()).to_have_attribute("aria-valuetext", re.compile(r"^0?\.950*$"))
    lab.type_threshold(0.55)
    assert lab.number("removed.documents") > 2 * few


def test_the_plot_keeps_the_curve_of_the_previous_setting(lab):
    """After a change of the threshold, the curve of the previous setting stays in the plot."""
    lab.choose_corpus(CRAWL)
    lab.choose_corpus(LICENCES)  # another corpus has no previous setting
    eventually(lab, lambda: drawn(lab, "ICR_Curve", GREEN) > 100)
    grey_before = drawn(lab, "ICR_Curve", GREY)
    lab.page.wait_for_timeout(GESTURE)  # steps in quick succession are one movement
    lab.type_threshold(0.95)
    eventually(lab, lambda: drawn(lab, "ICR_Curve", GREY) > grey_before + 20)


def test_a_threshold_out_of_range_is_refused(lab):
    """A threshold outside the slider's range is refused: the field shows the old value, and a sentence says why."""
    field = lab.field("Similarity threshold (number)")
    message = lab.part.get_by_role("alert").filter(has_text="Similarity threshold must be from 0.5 to 1")
    for value in ("0.45", "7", "-1", ".004", "1e309", ""):
        field.fill(value)
        field.press("Enter")
        expect(field).to_have_value("0.8")
        expect(message).to_contain_text(f"so {value or 'an empty field'} is not accepted. It is still 0.8.")
        expect(message).to_be_visible()
        lab.at_threshold(0.8)
    field.press("ControlOrMeta+a")
    field.press_sequentially("0,7")  # as many people would write it
    field.press("Enter")
    lab.at_threshold(0.7)
    expect(field).to_have_value("0.7")
    expect(message).to_be_hidden()
    lab.part.get_by_text("Advanced: width").click()
    width = lab.field("Words in a shingle")
    for value in ("0", "13", ""):
        width.fill(value)
        width.press("Enter")
        expect(width).to_have_value("5")
        expect(
            lab.part.get_by_role("alert").filter(has_text="Words in a shingle must be from 1 to 12")
        ).to_be_visible()
    lab.part.get_by_text("Advanced: width").click()


def test_the_reveal_explains_the_licence_texts(lab):
    """If 30 % of the licence texts are removed, nearly 60 % of the words are, and the page says why."""
    assert lab.number("reveal.documents_share") == pytest.approx(30, abs=1)
    assert lab.number("reveal.measured") == pytest.approx(59.0, abs=0.5)
    assert lab.number("reveal.points") == pytest.approx(29.0, abs=0.5)
    expect(lab.value("reveal.points")).to_have_text(re.compile(r"^\d\d(\.\d)? points$"))
    reveal = lab.in_part("[data-reveal='prediction']")
    expect(reveal).to_contain_text("Too low.")
    expect(reveal).to_contain_text("30 % of the samples is not 30 % of the FLOPs")
    expect(reveal.get_by_text("Too high.")).to_be_hidden()


def test_only_the_crawl_shows_its_truth(lab):
    """The simulated crawl has a known truth, and the licence texts have none."""
    truth = lab.in_part("[data-reveal='crawl']").get_by_text("Because the copies are made")
    expect(truth).to_be_hidden()
    lab.choose_corpus(CRAWL)
    expect(truth).to_be_visible()
    assert lab.number("truth.precision") > 90
    assert parse_qs(urlsplit(lab.page.url).query)["corpus"] == ["crawl"]


def test_a_cluster_shows_two_texts(lab):
    """A click on a cluster shows two of its texts side by side with marked differences, and another can be chosen."""
    clusters = lab.part.get_by_role("group", name="The clusters").get_by_role("button")
    expect(clusters.nth(3)).to_be_visible()
    sizes = [int(re.search(r"(\d+) \w+, ", text)[1]) for text in clusters.all_inner_texts()]
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] >= 2
    clusters.first.click()
    kept, removed = (
        lab.part.get_by_role("region", name=f"Text that is {status}") for status in ("kept", "removed")
    )
    expect(kept.locator("del").first).to_be_visible()
    expect(removed.locator("ins").first).to_be_visible()
    first = removed.inner_text()
    choice = lab.part.get_by_label("Removed text to compare")
    expect(choice).to_be_visible()  # its options are counted next, and counting does not wait
    choice.select_option(index=choice.locator("option").count() - 1)
    expect(removed).not_to_have_text(first)
    clusters.nth(1).click()
    expect(clusters.nth(1)).to_have_attribute("aria-pressed", "true")


def test_an_edited_price_changes_the_dollars(lab):
    """Twice the price of a GPU-hour gives twice the bill; a reset restores the track's price."""
    before = lab.value("scale.dollars").text_content()
    lab.part.get_by_text("Assumptions behind the scale").click()
    price = lab.part.get_by_label(re.compile("GPU.hour", re.IGNORECASE)).first
    default = price.input_value()
    price.fill("-1")
    price.press("Tab")
    message = lab.part.get_by_text(f"Until then the default, {default}, is used.")
    expect(message).to_be_visible()
    expect(price).to_have_accessible_description(
        re.compile(rf"^Enter a number from .* to .*default, {default}, is used\.")
    )
    price.fill(default)
    price.press("Tab")
    expect(message).to_be_hidden()
    price.fill(str(2 * float(price.input_value())))
    price.press("Tab")
    expect(lab.value("scale.dollars")).not_to_have_text(before)
    amount = [
        float(re.search(r"[\d.]+", text)[0]) for text in (before, lab.value("scale.dollars").text_content())
    ]
    assert amount[1] == pytest.approx(2 * amount[0], rel=0.01)
    lab.part.get_by_role("button", name="Reset to the defaults of the track").click()
    expect(lab.value("scale.dollars")).to_have_text(before)
    lab.part.get_by_text("Assumptions behind the scale").click()


def test_bands_and_rows_can_be_set_by_hand(lab):
    """Bands and rows can be set by hand; a product above the permutations is refused with a reason."""
    lab.part.get_by_text("Advanced: width").click()
    lab.part.get_by_label("Bands × rows").select_option(label="By hand")
    expect(lab.field("Bands")).to_be_enabled()
    for name, value in (("Bands", 20), ("Rows", 5)):
        lab.field(name).fill(str(value))
        lab.field(name).press("Enter")
    expect(lab.value("setting.bands")).to_have_text("20")
    expect(lab.value("setting.rows")).to_have_text("5")
    recall = lab.number("lsh.recall")
    lab.field("Rows").fill("30")
    lab.field("Rows").press("Enter")
    expect(lab.notice()).to_contain_text("600 permutations")
    expect(lab.notice()).to_contain_text("128")
    expect(lab.value("setting.rows")).to_have_text("5")
    lab.field("Rows").fill("6")
    lab.field("Rows").press("Enter")
    expect(lab.value("setting.rows")).to_have_text("6")
    expect(lab.notice()).to_be_hidden()
    assert lab.number("lsh.recall") <= recall  # longer bands find less
    lab.part.get_by_label("Bands × rows").select_option(label="Set by the threshold")
    expect(lab.field("Bands")).to_be_disabled()
    expect(lab.value("setting.rows")).not_to_have_text("6")
    lab.part.get_by_text("Advanced: width").click()


def test_the_compute_axis_names_its_kind(lab):
    """The plot's compute axis is measured operations or modelled FLOPs, and a change redraws the plot."""
    before = lab.in_part("[data-plot='ICR_Curve']").screenshot()
    lab.part.get_by_text("Advanced: width").click()
    choice = lab.part.get_by_label("Compute axis")
    expect(choice.locator("option")).to_have_text(["Operations counted (measured)", "6ND FLOPs (modelled)"])
    choice.select_option(label="6ND FLOPs (modelled)")
    expect(lab.page).to_have_url(re.compile("compute=flops"))
    assert lab.in_part("[data-plot='ICR_Curve']").screenshot() != before
    choice.select_option(label="Operations counted (measured)")
    expect(lab.page).to_have_url(re.compile("compute=operations"))
    lab.part.get_by_text("Advanced: width").click()


def test_the_constraint_check_follows_the_threshold(lab):
    """A threshold that removes little fails the budget, and one that removes much meets it."""
    lab.type_threshold(0.99)
    budget = lab.in_part(".checks [data-value='check.budget.value']").locator("xpath=ancestor::tr")
    expect(budget).to_contain_text("50.0 %")
    expect(budget.get_by_text("outside the limit")).to_be_visible()
    lab.type_threshold(0.6)
    expect(budget.get_by_text("within the limit")).to_be_visible()
    expect(budget.get_by_text("outside the limit")).to_be_hidden()


def test_the_math_peek_shows_the_readers_numbers(lab):
    """The formulas contain the reader's own threshold, bands and rows."""
    peek = lab.in_part("[data-math-peek]")
    peek.locator("summary").first.click()
    expect(peek.locator("math").first).to_be_visible()
    expect(peek.get_by_text("With your numbers.")).to_be_visible()
    lab.type_threshold(0.65)
    expect(peek.locator("[data-value='setting.threshold']").first).to_have_text("0.650")
    peek.locator("summary").first.click()


# -- track, address, access --------------------------------------------------------------------------------


def test_each_track_keeps_its_own_prediction(lab):
    """Another track has its own lock; on the way back the first prediction and its results return."""
    lab.choose_track("Edge Guardian")
    expect(lab.part.get_by_role("heading", name="Edge Guardian: AV Systems Lead")).to_be_visible()
    expect(lab.part.get_by_role("heading", name="Cloud Titan: LLM Architect")).to_be_hidden()
    assert parse_qs(urlsplit(lab.page.url).query)["track"] == ["edge"]
    if lab.in_part("form[data-lock='1'] .fields").is_visible():
        expect(lab.in_part("[data-guard='1']").first).to_be_hidden()
        expect(lab.value("removed.words_share")).not_to_have_text(DIGITS)
        lab.commit(55)
    lab.results()
    expect(lab.value("reveal.prediction")).to_have_text("55.0 %")
    lab.choose_track("Cloud Titan")
    expect(lab.in_part("[data-lock-answer='1']")).to_contain_text("30 %")
    lab.results()
    expect(lab.value("reveal.prediction")).to_have_text("30.0 %")
    rows = lab.locator("[data-ledger] tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("55 %")


def test_controls_have_names(lab):
    """Every field, button and slider handle has a name for assistive technology."""
    lab.part.get_by_text("Advanced: width").click()
    lab.part.get_by_role("group", name="The clusters").get_by_role("button").first.click()
    expect(lab.part.get_by_label("Removed text to compare")).to_be_visible()
    lab.type_threshold(0.82)  # widgets are redrawn, and must be named again
    assert lab.page.evaluate(NAMELESS) == []
    expect(lab.part.get_by_role("group", name="Controls").get_by_text("Corpus", exact=True)).to_be_visible()
    expect(lab.part.get_by_role("group", name="Corpus", exact=True).get_by_role("button")).to_have_count(2)
    lab.part.get_by_text("Advanced: width").click()


def test_part_1_fits_a_phone(new_reader):
    """At 360 pixels nothing overflows sideways, and all of Part 1 works by touch."""
    reader = new_reader(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    reader.open("?track=tiny&part=1&corpus=licences")
    assert reader.page.evaluate(SIDEWAYS) <= 0
    reader.part.get_by_label("Reduction in total training FLOPs").fill("40")
    reader.part.get_by_role("button", name="Commit").tap()
    reader.live().results()
    assert reader.page.evaluate(SIDEWAYS) <= 0
    table = reader.part.get_by_role("region", name="What was removed")  # it may scroll, but need not
    assert table.evaluate("(region) => region.scrollWidth - region.clientWidth") <= 0
    before = reader.value("setting.threshold").text_content()
    reader.part.get_by_role("button", name="Similarity threshold (number), less").tap()
    expect(reader.value("setting.threshold")).not_to_have_text(before)
    reader.part.get_by_role("group", name="The clusters").get_by_role("button").first.tap()
    choice = reader.part.get_by_label("Removed text to compare")
    expect(choice).to_be_visible()  # its options are counted next, and counting does not wait
    choice.select_option(index=choice.locator("option").count() - 1)
    expect(reader.in_part("[data-diff] del").first).to_be_visible()
    reader.part.get_by_text("Advanced: width").tap()
    assert reader.page.evaluate(SIDEWAYS) <= 0


def test_the_model_answer_is_hidden_until_the_reader_writes_one(lab):
    """The model answer is nowhere in the page after the lock, until the reader has written a sentence."""
    heading = lab.part.get_by_text("What a good answer reconciles", exact=True)
    model_answer = lab.part.locator("[data-reveal='reflection']")
    expect(heading).to_be_hidden()
    assert model_answer.text_content() == ""
    field = lab.part.locator("textarea[data-reflection='1']")
    field.fill("Short.")
    expect(heading).to_be_hidden()
    field.fill("Reading a copy again spends the same operations and teaches nothing new.")
    expect(heading).to_be_visible()
    heading.click()
    expect(model_answer).to_be_visible()
    assert len(model_answer.text_content()) > 200
    field.fill("")
    expect(heading).to_be_hidden()
    assert model_answer.text_content() == ""


def test_the_control_is_shown_with_its_interval(lab):
    """The button compares with random removal; a verdict with an interval and a line in the plot appear."""
    lab.part.get_by_role("button", name="Compare with as much removed at random").click()
    verdict = lab.part.get_by_role("paragraph").filter(has_text="Against its control")
    expect(verdict).to_be_visible(timeout=240_000)
    expect(verdict).to_contain_text(re.compile(r"± \d"))
    lab.check()
