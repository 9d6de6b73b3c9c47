"""Part 3 as a reader does it, in Chromium: predict, look, mix, solve the challenge, inject noise."""

import re
from urllib.request import urlopen

import numpy as np
import pytest
from playwright.sync_api import expect
from reader import Reader

from dataselect_core import datasets
from dataselect_core.gap import gap_map, mix
from dataselect_core.tracks import TRACKS, track

LONG = 90_000  # ms: dozens of trainings, on machines that are busy with other tests
DIGITS = re.compile(r"\d")
PIXELS = "(canvas) => { const p = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data; let h = 0; for (let i = 0; i < p.length; i += 4) h = (h * 31 + p[i] + 3 * p[i + 1] + 7 * p[i + 2]) | 0; return h; }"
DARK = "(canvas) => { const p = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data; let n = 0; for (let i = 0; i < p.length; i += 4) if (p[i + 3] > 0 && p[i] < 90 && p[i + 2] < 160) n++; return n; }"
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL = """() => {
  const small = [];
  const walk = (root) => {
    for (const e of root.querySelectorAll("*")) {
      const box = e.getBoundingClientRect();
      if (box.width && e.matches("input, select, button, [role=slider], [role=button]")) {
        const name = [e.getAttribute("aria-label"), ...[...(e.labels || [])].map((l) => l.textContent), e.textContent];
        if (!name.join("").trim() || box.height < 15) small.push(e.outerHTML.slice(0, 160));
      }
      if (e.shadowRoot) walk(e.shadowRoot);
    }
  };
  walk(document.querySelector("[data-part='3']"));
  return small;
}"""


class MixReader(Reader):
    """A reader who works on part 3."""

    @property
    def part(self):
        """Part 3."""
        return self.page.locator("[data-part='3']")

    def open(self, query="?track=tiny&part=3&seeds=2"):
        """Open the lab at part 3."""
        return super().open(query)

    def commit(self, direction="It falls", points=10):
        """Lock a prediction: direction and size."""
        self.part.get_by_label(direction, exact=True).check()
        self.part.get_by_label("By how much").fill(str(points))
        self.part.get_by_role("button", name="Commit").click()
        expect(self.in_part("[data-lock-answer='3']")).to_contain_text(f"{points} percentage points")
        return self

    def pictures(self):
        """Wait for the sheet of pictures."""
        expect(self.in_part("[data-sheet] canvas")).to_have_count(5)
        return self

    def results(self):
        """Wait until everything at the current setting is measured."""
        expect(self.value("noise.ratio")).to_have_text(DIGITS, timeout=LONG)
        expect(self.in_part("table[data-table-for='Strategies'] tbody")).not_to_contain_text(
            "being measured", timeout=LONG
        )
        expect(self.in_part("[data-work-status]")).to_have_text("", timeout=LONG)
        return self

    def advanced(self):
        """Open the folded settings."""
        if not self.field("Number of seeds").is_visible():
            self.part.get_by_text("Advanced:").click()
        return self

    def type(self, label, value):
        """Set a number field."""
        field = self.field(label)
        field.fill(str(value))
        field.press("Enter")
        return self

    def mix(self, share, randomisation):
        """Set both sliders with their fields; return when the page shows the values."""
        self.type("Synthetic share, % (number)", share)
        self.type("Domain randomisation (number)", randomisation)
        expect(self.value("map.share")).to_have_text(f"{share:.1f} %")
        expect(self.in_part("[data-summary-for='DomainGapPlot']")).to_contain_text(
            f"randomisation {randomisation:g} "
        )
        return self

    def picture(self, row):
        """A number that depends on all pixels of a row of the sheet."""
        return self.in_part(f"[data-sheet-row='{row}'] canvas").evaluate(PIXELS)

    def plot(self, name):
        """A number that depends on all pixels of a plot."""
        return self.in_part(f"[data-plot='{name}'] canvas").first.evaluate(PIXELS)

    def verdict(self, limit):
        """The result of a limit in the constraint check."""
        row = self.in_part(".checks tbody tr").nth(("accuracy", "recall", "fid", "supply").index(limit))
        return row.locator(".status")

    def rows(self, name):
        """The cells of a table, row by row."""
        return self.in_part(f"table[data-table-for='{name}']").evaluate(
            "(table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim()))"
        )


def eventually(reader, condition):
    """Wait for a condition on drawn content."""
    for _ in range(300):
        if condition():
            return
        reader.page.wait_for_timeout(100)
    pytest.fail("the expected content was not drawn")


@pytest.fixture
def fresh(new_reader, address):
    """A reader of part 3 without an open page, in a new browser profile."""
    return MixReader(new_reader().context, address)


@pytest.fixture(scope="module")
def booted(chromium, address):
    """A reader with part 3 live on the tiny track, the prediction locked, and everything measured over two seeds."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    reader = MixReader(context, address).open("?track=tiny&part=3&seeds=2").commit().live().results()
    yield reader
    context.close()


@pytest.fixture
def lab(booted):
    """That reader; the test ends with a check for errors."""
    booted.errors.clear()
    yield booted
    booted.check()


def test_a_prediction_reveals_the_map_and_its_evidence(fresh):
    """The pictures are there before the lock; map, table, sentence, evidence and check come after it."""
    fresh.open().live().pictures()
    for guarded in fresh.in_part("[data-guard='3']").all():
        expect(guarded).to_be_hidden()
    assert not DIGITS.search(fresh.value("reveal.measured").text_content())
    assert not DIGITS.search(fresh.value("check.accuracy.value").text_content())
    fresh.commit("It stays about the same", 2).results()
    expect(fresh.value("reveal.prediction")).to_have_text("0 points")
    expect(fresh.value("reveal.measured")).to_have_attribute("data-kind", "measured")
    expect(fresh.in_part("[data-reveal='prediction']")).to_contain_text("It falls here", use_inner_text=True)
    expect(fresh.in_part("[data-reveal='prediction']")).to_contain_text(
        "You had another direction in mind", use_inner_text=True
    )
    assert fresh.in_part("[data-plot='DomainGapPlot'] canvas").first.evaluate(DARK) > 5000
    table = fresh.rows("DomainGapPlot")
    assert len(table) == 11 and all(len(row) == 12 for row in table)
    expect(fresh.in_part("[data-summary-for='DomainGapPlot']")).to_contain_text(
        "5 of 121 points keep all limits", use_inner_text=True
    )
    expect(fresh.in_part("[data-lock-answer='3']")).to_contain_text(
        "It stays about the same", use_inner_text=True
    )


def test_guarded_results_are_not_in_the_source(fresh, address):
    """Neither the served page nor the page before the lock contains a result."""
    with urlopen(address + "index.html", timeout=60) as answer:
        source = answer.read().decode()
    fresh.open().live().pictures()
    for text in (source, fresh.page.content()):
        assert "It cannot be told apart from no change" not in text
        assert "Negative transfer, at your own point" not in text
    assert not [url for url in fresh.requests if "maps.json" in url]
    expect(
        fresh.part.get_by_text("In use:")
    ).to_be_hidden()  # a line of settings, one of which is not known yet
    fresh.commit()
    expect(fresh.part.get_by_text("In use:")).to_contain_text(re.compile(r"rain on [\d.]+ % of the days"))


def test_both_sliders_move_point_pictures_table_and_check(lab):
    """After a move by keyboard or field, everything that depends on the mix follows immediately, then the live run."""
    lab.mix(50, 0.2).results()
    expect(lab.verdict("fid")).to_contain_text("✓", use_inner_text=True)
    before = {row: lab.picture(row) for row in ("training", "real", "synthetic")}
    map_before, table_before = lab.plot("DomainGapPlot"), str(lab.rows("DomainGapPlot"))
    cut_before = lab.plot("CutMix")
    slider = lab.part.get_by_role("slider", name="Domain randomisation")
    slider.focus()
    for _ in range(8):
        slider.press("ArrowRight")
    expect(lab.in_part("[data-summary-for='DomainGapPlot']")).to_contain_text(
        "randomisation 0.6 ", use_inner_text=True
    )
    share = lab.part.get_by_role("slider", name="Synthetic share, %")
    share.focus()
    for _ in range(4):
        share.press("ArrowRight")
    expect(lab.value("map.share")).to_have_text("70.0 %")
    expect(lab.verdict("fid")).to_contain_text("✗ outside", use_inner_text=True)
    assert lab.number("check.fid.value") > lab.number("check.fid.limit")
    assert str(lab.rows("DomainGapPlot")) != table_before
    [[column]] = [
        [i for i, cell in enumerate(row) if "◯" in cell]
        for row in lab.rows("DomainGapPlot")
        if any("◯" in cell for cell in row)
    ]
    assert column == 1 + 7
    eventually(lab, lambda: lab.plot("DomainGapPlot") != map_before)
    eventually(lab, lambda: lab.picture("synthetic") != before["synthetic"])
    eventually(lab, lambda: lab.picture("training") != before["training"])
    assert lab.picture("real") == before["real"]
    assert lab.plot("CutMix") != cut_before
    alternative = lab.in_part("[data-sheet-row='synthetic'] canvas").get_attribute("aria-label")
    assert "randomisation 0.60" in alternative and "Mean ink" in alternative
    lab.results()
    live = [row[3] for row in lab.rows("MixPoint")]
    assert all(DIGITS.search(cell) for cell in live)


@pytest.mark.parametrize("track", TRACKS, ids=lambda track: track.id)
def test_the_challenge_begins_unsolved_and_can_be_solved(lab, track):
    """Each track begins with a missed limit and advice; a mix in its region keeps all four limits."""
    track_map = gap_map.read(datasets.gap_maps(), track.id)
    limits = mix.Limits(*(getattr(track.part_3.limits, name).value for name in ("accuracy", "fid", "recall")))
    i, j = np.argwhere(track_map.feasible(limits))[0]
    lab.choose_track(track.title)
    if lab.part.get_by_role("button", name="Commit").is_visible():
        lab.commit("It rises", 5)
    lab.mix(round(100 * track.part_3.share.value), track.part_3.randomisation.value)
    expect(lab.in_part("[data-reveal='point']")).to_contain_text(
        "challenge is not solved", use_inner_text=True
    )
    expect(lab.in_part("[data-reveal='check']")).to_contain_text("First thing to try", use_inner_text=True)
    lab.advanced().type("Number of seeds", 5)
    lab.mix(round(100 * track_map.shares[i]), round(float(track_map.randomisations[j]), 2)).results()
    for limit in ("accuracy", "recall", "fid", "supply"):
        expect(lab.verdict(limit)).to_contain_text("✓ within the limit", use_inner_text=True)
    expect(lab.in_part("[data-reveal='point']")).to_contain_text("challenge is solved", use_inner_text=True)
    expect(lab.in_part("[data-reveal='point']")).to_contain_text(
        "The live run agrees with the map", use_inner_text=True
    )
    assert lab.number("check.accuracy.value") == pytest.approx(
        100 * track_map.measures["accuracy"][i, j], abs=0.051
    )


def test_the_noise_panel_measures_the_exponents(lab):
    """After noise is injected, curve, exponents with intervals near theory, and steps against the deadline follow."""
    lab.choose_track("Mobile Nomad")
    if lab.part.get_by_role("button", name="Commit").is_visible():
        lab.commit()
    lab.results()
    for name, theory in (("clean", -1), ("noisy", -1), ("coin", -0.5)):
        low, value, high = (lab.number(f"noise.slope_{name}{end}") for end in ("_low", "", "_high"))
        assert low < value < high and abs(value - theory) <= 0.05
    assert [row[-1] for row in lab.rows("TrainingSteps")][-2:] == ["✗ too late", "✗ too late"]
    assert lab.rows("TrainingSteps")[1][-1] == "✓ in time"
    before = lab.plot("NoisePlot"), lab.plot("LearningCurve"), lab.number("noise.ratio")
    lab.type("Label noise to inject, % (number)", 20)
    expect(lab.value("noise.factor")).to_have_text("2.778")
    lab.results()
    eventually(lab, lambda: lab.plot("NoisePlot") != before[0] and lab.plot("LearningCurve") != before[1])
    assert lab.number("noise.ratio") > before[2] + 1
    lab.type("Label noise to inject, % (number)", 5)


def test_long_work_shows_progress_and_can_be_cancelled(lab):
    """Twenty seeds take long: the page shows progress, answers meanwhile, and stops on request."""
    lab.advanced().type("First seed", 700)
    lab.type("Number of seeds", 20)
    expect(lab.in_part("[data-work-status]")).to_contain_text("seed", use_inner_text=True)
    cancel = lab.part.get_by_role("button", name="Cancel")
    cancel.click()
    expect(cancel).to_be_hidden()
    expect(lab.in_part("[data-work-status]")).to_have_text("")
    lab.type("Number of seeds", 2)
    lab.type("First seed", 1)
    lab.results()


def test_fewer_real_samples_get_their_own_map(lab):
    """With 300 real samples on Tiny Pioneer the track's map is not used, and a small one is measured on request."""
    lab.choose_track("Tiny Pioneer")
    if lab.part.get_by_role("button", name="Commit").is_visible():
        lab.commit()
    lab.results()
    lab.advanced().type("Real samples available", 300)
    lab.type("Total budget, samples", 400)
    expect(lab.in_part("[data-reveal='point']")).to_contain_text(
        "The map was made for the track’s own settings", use_inner_text=True
    )
    lab.page.get_by_role("button", name="Measure a small map for my settings").click()
    expect(lab.in_part("[data-reveal='point']")).to_contain_text(
        "a smaller map for your settings", timeout=2 * LONG, use_inner_text=True
    )
    assert len(lab.rows("DomainGapPlot")) == 6
    lab.type("Real samples available", 500)
    lab.type("Total budget, samples", 1000)
    expect(lab.in_part("[data-reveal='point']")).not_to_contain_text("a smaller map", use_inner_text=True)
    assert len(lab.rows("DomainGapPlot")) == 11
    expect(lab.value("setting.total")).to_have_text("1,000")
    lab.results()


def test_an_edited_price_changes_the_cost(lab):
    """An edited price changes the cost of the mix, and the track's default restores it."""
    cost = lab.number("cost.total")
    lab.part.get_by_text("Assumptions:").click()
    field = lab.part.get_by_label("A real sample with an ordinary label")
    field.fill("1")
    field.press("Enter")
    expect(lab.value("cost.real_price")).to_have_text("$1/sample")
    assert lab.number("cost.total") < cost
    lab.part.get_by_role("button", name="Reset to the defaults of the track").click()
    eventually(lab, lambda: lab.number("cost.total") == cost)


def test_a_link_opens_the_same_mix_and_the_record_keeps_it(fresh):
    """The address contains the setting; prediction, reflection and evidence survive a reload."""
    fresh.open(
        "?track=edge&part=3&synthetic=45&randomisation=0.15&measure=fid&seeds=2&total=300&real=290"
    ).commit()
    fresh.live().results()
    expect(fresh.value("setting.total")).to_have_text("300")
    assert "synthetic=45" in fresh.page.url and "measure=fid" in fresh.page.url
    fresh.part.get_by_role("textbox", name="Your answer").fill("Quality first.")
    fresh.part.get_by_role("button", name="Capture this evidence").click()
    expect(fresh.in_part("[data-captured='3']")).to_have_text("Captured.")  # and saved
    saved = fresh.number("check.accuracy.value")
    expect(fresh.locator("[data-store-status]")).to_contain_text("Saved", use_inner_text=True)
    fresh.reload().live().results()
    expect(fresh.part.get_by_role("textbox", name="Your answer")).to_have_value("Quality first.")
    expect(fresh.in_part("[data-lock-answer='3']")).to_contain_text("It falls", use_inner_text=True)
    assert fresh.number("check.accuracy.value") == saved
    expect(fresh.in_part("[data-evidence='3']")).to_contain_text(f"{saved:.1f} %")


def test_part_3_fits_a_phone(new_reader, address):
    """At 360 px nothing scrolls sideways, every control has a name, and the map is drawn with fewer digits."""
    reader = MixReader(new_reader(viewport={"width": 360, "height": 740}).context, address)
    reader.open().commit().live().results()
    assert reader.page.evaluate(SIDEWAYS) == 0
    assert reader.page.evaluate(SMALL) == []
    assert reader.in_part("[data-plot='DomainGapPlot'] canvas").first.evaluate(DARK) > 2000
    reader.check()


def test_part_3_works_from_a_file(new_reader, dist):
    """Opened by double click, part 3 loads its data, draws, trains, and agrees with the map."""
    base = dist.as_uri() + "/"
    reader = (
        MixReader(new_reader(base=base).context, base).open("?track=edge&part=3").commit().live().results()
    )
    expect(reader.in_part("[data-reveal='point']")).to_contain_text(
        "The live run agrees with the map", use_inner_text=True
    )
    reader.pictures()
    assert reader.number("setting.share") == 100 * track("edge").part_3.share.value
    reader.check()
