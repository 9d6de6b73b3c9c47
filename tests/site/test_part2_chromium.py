"""Part 2 as a reader does it, in Chromium: lock, runs, ten counted ones, the marker, the question of indexing."""

import re
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

PART = "[data-part='2']"
LONG = 120_000  # ms, for Python's computations on a busy machine
BLUE, GREY, GREEN = (0x00, 0x63, 0x95), (0x47, 0x55, 0x69), (0x00, 0x70, 0x2F)
COUNT = """(canvas, [r, g, b]) => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let found = 0;
  for (let i = 0; i < pixels.length; i += 4) if (pixels[i] === r && pixels[i + 1] === g && pixels[i + 2] === b) found++;
  return found;
}"""
ANSWERS_WHILE_RUNNING = """() => new Promise((resolve) => {
  const bar = document.querySelector("[data-part='2'] [data-work-progress]");
  const field = document.querySelector("#reflection-2");
  let slowest = 0, times = 0;
  const next = () => {
    const began = performance.now();
    field.value += "x";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    requestAnimationFrame(() => setTimeout(() => {
      slowest = Math.max(slowest, performance.now() - began);
      times++;
      if (bar.hidden || times > 200) resolve({ slowest, times });
      else setTimeout(next, 10);
    }));
  };
  next();
})"""


class Project:
    """A reader in Part 2."""

    def __init__(self, reader):
        self.reader, self.page = reader, reader.page

    def locator(self, selector):
        return self.page.locator(f"{PART} {selector}")

    def open(self, track="cloud", more=""):
        """Open the part and wait until Python is ready."""
        self.reader.open(f"?track={track}&part=2{more}")
        return self.ready()

    def ready(self):
        """Wait until Python runs and has read the record."""
        expect(self.reader.html).to_have_attribute("data-boot", "live", timeout=LONG)
        expect(self.page.locator(PART)).to_have_attribute("data-results", re.compile("."), timeout=LONG)
        return self

    def predict(self, direction="fewer samples", factor=1.5):
        """Lock a direction and a factor."""
        self.page.get_by_label(direction).check()
        self.page.get_by_label(re.compile("^By what factor")).fill(str(factor))
        self.locator("form[data-lock='2']").get_by_role("button", name="Commit").click()
        expect(self.locator("[data-lock-answer='2']")).to_contain_text(f"{factor} times")
        return self

    def choose(self, strategy, batch):
        """Set the two primary controls."""
        self.locator("[data-root='strategy']").get_by_role("button", name=strategy, exact=True).click()
        self.page.get_by_label("Selection batch size").select_option(str(batch))

    def start(self):
        """Press Run, and wait until the run has begun."""
        before = self.runs.count()
        self.locator("[data-action='run']").click()
        expect(self.runs).to_have_count(before + 1, timeout=LONG)
        return self

    def finish(self):
        """Wait until no computation is running."""
        expect(self.locator("[data-work-progress]")).to_be_hidden(timeout=LONG)
        return self

    def run(self, strategy, batch):
        self.choose(strategy, batch)
        return self.start().finish()

    @property
    def runs(self):
        return self.locator("[data-runs] li")

    def value(self, path):
        return self.locator(f"[data-value='{path}']").first

    def rows(self, table):
        """The cells of a table, row by row."""
        return self.locator(f"table[data-table-for='{table}']").evaluate(
            "(table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim()))"
        )

    def drawn(self, color):
        """The number of pixels of one colour in the plot."""
        return self.locator("[data-plot='LabelingROIPlot'] canvas").first.evaluate(COUNT, list(color))


@pytest.mark.parametrize(
    "part, same, size, limit",
    [
        ("2", "about as many", 50, "at most 1.1 times"),
        ("3", "It stays about the same", 80, "at most 2 percentage points"),
    ],
)
def test_each_choice_of_a_lock_is_on_one_line_and_limits_the_number(reader, part, same, size, limit):
    """Each radio button is on one line with its words, and "the same" with a large number is refused."""
    reader.open(f"?track=cloud&part={part}")
    choices = reader.page.locator(f"form[data-lock='{part}']").get_by_role("radio").all()
    assert len(choices) == 3
    for choice in choices:
        label = reader.page.locator(f"label[for='{choice.get_attribute('id')}']")
        # Both at one moment: the page above may still grow.
        button, words = label.evaluate(
            "(label) => [label.control, label].map((e) => e.getBoundingClientRect().toJSON())"
        )
        assert abs(button["y"] + button["height"] / 2 - words["y"] - words["height"] / 2) < 6
        assert words["x"] > button["x"]
    form = reader.page.locator(f"form[data-lock='{part}']")
    expect(form.get_by_label(same)).to_have_accessible_description(f"({limit})")
    form.get_by_label(same).check()
    form.get_by_role("spinbutton").fill(str(size))
    form.get_by_role("button", name="Commit").click()
    expect(form.get_by_role("alert")).to_contain_text(f"“{same}” goes with {limit}")
    expect(reader.locator(f"[data-lock-committed='{part}']")).to_be_hidden()


def test_part_2_reveals_nothing_before_its_locks(reader, address):
    """Before the commitments neither results nor the texts that explain them are in the page or its source."""
    with urlopen(address + "index.html?part=2", timeout=60) as answer:
        source = answer.read().decode()
    project = Project(reader).open()
    for text in (source, reader.page.content()):
        assert "It depends on the batch" not in text and "Entropy is behind" not in text
        assert "Indexing costs less than it saves" not in text and "indexing is nearly free" not in text
    for guarded in reader.locator("[data-guard='2']").all():
        expect(guarded).to_be_hidden()
    project.predict()
    expect(project.locator("[data-action='run']")).to_be_enabled()
    for guarded in project.locator("[data-guard='2-indexing']").all():
        expect(guarded).to_be_hidden()
    assert "indexing is nearly free" not in reader.page.content()
    expect(project.value("measure.native")).to_have_text(re.compile("71 M"))
    expect(project.locator("[data-value^='index.']")).to_have_count(0)
    assert project.rows("IndexingPlot") == project.rows("BreakEven") == []


def test_a_reader_completes_a_project_from_lock_to_verdict(reader):
    """After ten runs, one of them cut off, plot, table, frontier and marker are right, and a reload keeps them."""
    project = Project(reader).open("mobile").predict()
    page = reader.page

    project.run("Random", 10)
    expect(project.value("search.used")).to_have_text("1")
    assert project.drawn(GREY) > 100
    first = project.rows("LabelingROIPlot")
    assert len(first) == 29 and {row[0] for row in first} == {"1: random, batch 10"}

    project.run("Margin", 10)
    assert project.drawn(BLUE) > 300
    assert len(project.rows("LabelingROIPlot")) == 58
    on_frontier = {row[0] for row in project.rows("LabelingROIPlot") if row[-1] == "yes"}
    assert "2: margin, batch 10" in on_frontier
    expect(project.value("own.ratio")).to_have_text(re.compile(r"^1\.\d{3}$"))
    summary = project.locator("[data-summary-for='LabelingROIPlot']")
    expect(summary).to_contain_text("It reaches 90 % at about")
    expect(project.locator("#part-2-check")).to_contain_text("shown rounded and compared as they are")
    expect(project.value("swept.ratio")).to_have_text(re.compile(r"^1\.\d{3}$"))
    expect(project.value("reveal.direction")).to_have_text("fewer samples")

    project.run("Entropy", 50)
    assert project.drawn(GREEN) > 50
    expect(project.locator("[data-reveal='notes']")).to_contain_text("Entropy is behind random sampling here")
    expect(project.locator("[data-reveal='notes']")).to_contain_text("A large batch loses at first")
    assert [row[:3] for row in project.rows("RunList")] == [
        ["1", "random", "10"],
        ["2", "margin", "10"],
        ["3", "entropy", "50"],
    ]

    project.choose("Margin", 5)  # cut off half-way, followed by another
    project.start()
    expect(project.locator("[data-work-status]")).to_contain_text("Run 4")
    project.locator("[data-action='cancel']").click()
    project.finish()
    project.run("Margin", 20)
    assert [row[0] for row in project.rows("RunList")] == ["1", "2", "3", "4", "5"]
    expect(project.value("search.used")).to_have_text("5")

    project.locator("summary").filter(has_text="Advanced").click()
    seeds = page.get_by_role("textbox", name=re.compile("Number of seeds")).or_(
        page.get_by_label(re.compile("Number of seeds"))
    )
    seeds.first.fill("1")
    seeds.first.press("Enter")
    expect(page).to_have_url(re.compile("seeds=1"))
    for batch in (50, 100, 20, 10, 50):
        project.run("Margin", batch)
    expect(project.value("search.used")).to_have_text("10")
    expect(project.locator("[data-action='run']")).to_be_disabled()
    expect(project.locator("[data-when='runs-used']")).to_be_visible()

    project.locator("select[name='run']").select_option("5")
    labels, commit = (
        page.get_by_label("Labels", exact=True),
        page.get_by_role("button", name="Commit the marker"),
    )
    for press in (lambda: labels.press("Enter"), commit.click):  # labels that no run has are not committed
        labels.fill("99999")
        press()
        expect(
            project.locator("[role='alert']").filter(has_text="Run 5 goes from 20 to 300 labels")
        ).to_be_visible()
        expect(labels).to_have_value("99999")
        expect(project.locator("[data-marker-preview]")).to_be_empty()
    labels.fill("183")
    labels.press("Enter")  # applies the number without committing it
    expect(project.locator("[data-marker-preview]")).to_contain_text("Run 5 at 180 labels: $16,900")
    expect(project.locator("[role='alert']").filter(has_text="goes from")).to_be_hidden()
    expect(project.locator("[data-marker-said]")).to_be_hidden()
    expect(commit).to_be_visible()
    commit.click()
    expect(project.locator("[data-marker-said]")).to_have_text("Committed: run 5 at 180 labels.")
    expect(project.locator("[data-marker-preview]")).to_be_empty()
    expect(project.value("optimum.labels")).to_have_text("180")
    expect(project.value("optimum.gap_dollars")).to_have_text("$0")
    expect(project.locator("[data-reveal='verdict']")).to_contain_text("You found it.")
    expect(project.locator("form[data-marker]")).to_be_hidden()
    expect(project.locator("[data-action='run']")).to_be_enabled()

    reader.saved()
    page.reload()
    project.ready()
    expect(project.locator("[data-marker-said]")).to_have_text("Committed: run 5 at 180 labels.")
    expect(project.runs).to_have_count(10)
    expect(project.value("optimum.cost")).to_have_text("$16,900")
    project.run("Random", 100)  # exploring continues, uncounted
    expect(project.runs.last).to_contain_text("not counted")


def test_the_remaining_runs_survive_a_reload_and_a_change_of_track(reader):
    """Neither a reload nor a change of track gives a run back."""
    project = Project(reader).open("cloud", "&seeds=1&budget=60").predict()
    for _ in range(2):
        project.run("Random", 20)
    expect(project.value("search.left")).to_have_text("8")
    reader.choose_track("Tiny Pioneer")
    expect(project.locator("form[data-lock='2'] .fields")).to_be_visible()
    reader.choose_track("Cloud Titan")
    expect(project.value("search.left")).to_have_text("8")
    reader.saved()
    reader.reload()
    project.ready()
    expect(project.value("search.left")).to_have_text("8")
    expect(project.runs).to_have_count(2)


def test_the_page_responds_during_a_run(reader):
    """A reader can type, and sees it, while Python trains; the run continues and ends."""
    project = Project(reader).open("cloud", "&seeds=2&budget=300").predict()
    project.choose("Margin", 5)
    project.start()
    timing = reader.page.evaluate(ANSWERS_WHILE_RUNNING)
    assert timing["times"] > 10, timing  # a page that waits for the run answers once, at its end
    project.finish()
    expect(project.value("run.labels")).to_have_text("300")


def test_the_indexing_question_is_answered_with_figures(reader):
    """After the answer is locked, both sides and every break-even appear; an edited field can reverse the answer."""
    project = Project(reader).open("edge").predict("about as many", 1)
    project.page.get_by_label("It depends").check()
    project.page.get_by_label(re.compile("^On what")).fill("GPU time of a sample")
    project.page.get_by_role("button", name="Commit the answer").click()
    expect(project.locator("[data-lock-answer='2-indexing']")).to_contain_text(
        "It depends, because “GPU time of a sample”"
    )
    expect(project.locator("[data-reveal='indexing']")).to_contain_text("indexing costs less than it saves")
    expect(project.locator("[data-reveal='scoring']")).to_contain_text("Scoring every sample costs")
    assert len(project.rows("IndexingPlot")) == 7 and len(project.rows("BreakEven")) == 15
    assert "–" not in {cell for row in project.rows("BreakEven") for cell in row}
    expect(project.value("index.cost")).to_have_attribute("data-kind", "modelled")

    project.locator("summary").filter(has_text="Assumptions behind").click()
    project.locator("[data-assumption='gpu_seconds_per_sample']").fill("0.0001")
    project.locator("[data-assumption='gpu_seconds_per_sample']").press("Enter")
    expect(project.locator("[data-reveal='indexing'] [data-when='index-costs']")).to_be_visible()

    project.page.get_by_role("button", name="Measure in this browser").click()
    expect(project.value("measure.rate")).to_have_text(re.compile(r"\d.*bytes/core-second"), timeout=LONG)
    use = project.page.get_by_role("button", name="Use the measured rate")
    expect(use).to_be_hidden()  # it is a rate of text, and Edge's data are raw video
    project.open("cloud").predict("about as many", 1)
    project.page.get_by_label("It depends").check()
    project.page.get_by_role("button", name="Commit the answer").click()
    expect(project.value("index.cost")).to_have_text(re.compile(r"\$\d"))
    project.page.get_by_role("button", name="Measure in this browser").click()
    expect(use).to_be_visible(timeout=LONG)
    before = project.value("index.cost").text_content()
    use.click()
    expect(project.value("index.cost")).not_to_have_text(before)
    project.locator("summary").filter(has_text="Assumptions behind").click()
    project.locator("[data-action='reset-assumptions']").click()
    expect(project.value("index.cost")).to_have_text(before)


def test_the_share_removed_is_the_readers_own(reader):
    """The share that the reader removed in Part 1 is in the bill of Part 2; the track's can be put back, and taken again."""
    reader.open("?track=mobile&part=1").commit(30).live().results()
    share = reader.value("removed.documents_share").text_content()
    reader.page.get_by_role("navigation", name="Parts").get_by_role("link", name=re.compile("Part 2")).click()
    project = Project(reader).ready().predict()
    project.page.get_by_label("It depends").check()
    project.page.get_by_role("button", name="Commit the answer").click()
    said = project.locator("[data-own-share]")
    expect(said).to_contain_text(f"Share removed: {share}, from your Part 1.")
    expect(project.value("index.share")).to_have_text(share)
    project.locator("summary").filter(has_text="Assumptions behind").click()
    project.locator("[data-action='reset-assumptions']").click()
    expect(said).to_contain_text(f"Share removed: 30.0 %. In your Part 1 it was {share}.")
    said.get_by_role("button", name="Use it").click()
    expect(project.value("index.share")).to_have_text(share)


@pytest.mark.parametrize("width", [360])
def test_part_2_fits_a_phone(new_reader, width):
    """Nothing overflows sideways, before and after a run."""
    reader = new_reader(viewport={"width": width, "height": 740})
    project = Project(reader).open("edge", "&seeds=1&budget=60")
    sideways = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert reader.page.evaluate(sideways) <= 0
    project.predict().run("Entropy", 20)
    assert reader.page.evaluate(sideways) <= 0


def test_two_tabs_count_each_run_once(reader):
    """With one run in each of two tabs at the same time, both tabs list both, once each, and two of ten are used."""
    first = Project(reader).open("edge").predict()
    second = Project(reader.another_tab()).open("edge")
    first.choose("Margin", 50)
    second.choose("Random", 50)
    for tab in (first, second):
        tab.locator("[data-action='run']").click()
    for tab in (first, second):
        expect(tab.runs).to_have_count(2, timeout=LONG)
        tab.finish()
    for tab in (first, second):
        expect(tab.locator("[data-counter]")).to_contain_text("Counted runs: 2 of 10, 8 left.", timeout=LONG)
        expect(tab.runs.get_by_role("button")).to_have_count(2)
        assert sorted(row[1] for row in tab.rows("RunList")) == ["margin", "random"]
    first.page.reload()
    expect(first.ready().runs).to_have_count(2, timeout=LONG)
