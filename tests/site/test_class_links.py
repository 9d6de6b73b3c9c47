"""The limits of a class link in the page: read as in the core, shown instead of the track's, and applied."""

import json
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from dataselect_core.figures.active_learning import situation as labelling
from dataselect_core.figures.deduplication import situation as deduplication
from dataselect_core.figures.domain_gap import situation as mixes
from dataselect_core.ledger import report
from dataselect_core.ledger.check import verify
from dataselect_core.ledger.record import Ledger
from dataselect_core.tracks import TRACKS

RANGES = {"1": deduplication.LIMITS, "2": labelling.LIMITS, "3": mixes.CLASS_LIMITS}
WHOLE = {"rounds_limit", "supply_limit"}  # the others may have fractions
LIMITS = {
    "budget_limit": "0.53",
    "guardrail_limit": "0.021",
    "target_limit": "0.815",
    "cost_limit": "1234",
    "overhead_limit": "0.21",
    "critical_limit": "0.31",
    "rounds_limit": "5",
    "accuracy_limit": "0.905",
    "fid_limit": "0.777",
    "recall_limit": "0.705",
    "supply_limit": "321",
    "deadline_limit": "45678",
}
SHOWN = {
    "budget_limit": "53.0 %",
    "guardrail_limit": "2.1 %",
    "target_limit": "81.5 %",
    "cost_limit": "$1,234",
    "overhead_limit": "21.0 %",
    "critical_limit": "31.0 %",
    "rounds_limit": "5",
    "accuracy_limit": "90.5 %",
    "fid_limit": "0.777",
    "recall_limit": "70.5 %",
    "supply_limit": "321",
    "deadline_limit": "45,678",
}
LINK = {"class": "CS-101", "fixed": "limits", **LIMITS}
NO_WORKER = "delete globalThis.Worker"  # Python never starts, and these tests do not need it
LONG = 120_000  # ms, for Python's computations on a busy machine


@pytest.fixture
def quick(new_reader):
    """A reader whose browser cannot start Python."""
    return new_reader(script=NO_WORKER)


def open_part(reader, part, track="mobile", **more):
    """Open the link of the class at a part of a track; return that part."""
    reader.open(f"?{urlencode({'track': track, 'part': part, **LINK, **more})}")
    return reader.page.locator(f"[data-part='{part}']")


def test_the_page_and_the_core_have_the_same_limits(quick):
    """The address accepts every limit of the core, for the same part and range, and nothing outside the range."""
    quick.open()
    read_limits = "(query) => lab.state.read(query).link.limits"
    parts = quick.page.evaluate(
        "() => Object.entries(lab.state.limits).map(([name, { limit }]) => [limit, name])"
    )
    assert sorted(map(tuple, parts)) == sorted(
        (part, name) for part, ranges in RANGES.items() for name in ranges
    )
    for name, (low, high) in ((name, ends) for ranges in RANGES.values() for name, ends in ranges.items()):
        for value in (low, high):
            assert quick.page.evaluate(read_limits, f"?fixed=limits&{name}={value}") == {name: value}
        for value in (low - 0.005, high * 1.01, "x", *([low + 1.5] if name in WHOLE else [])):
            assert quick.page.evaluate(read_limits, f"?fixed=limits&{name}={value}") == {}, (name, value)


@pytest.mark.parametrize("track", [each.id for each in TRACKS])
def test_the_missions_show_the_class_limits(quick, track):
    """In the story of each part all limits are the link's; with a link without limits all are the track's."""
    places = f"[data-for-track='{track}'] [data-limit]"
    quick.open(f"?track={track}&part=1&class=CS-101&fixed=seed&seed=3")
    before = {
        name: text
        for name, text in quick.page.locator(places).evaluate_all(
            "(all) => all.map((one) => [one.dataset.limit, one.textContent])"
        )
    }
    open_part(quick, "1", track)
    after = quick.page.locator(places).evaluate_all(
        "(all) => all.map((one) => [one.dataset.limit, one.textContent])"
    )
    assert after and all(text == SHOWN[name] for name, text in after)
    own_limits = {"cloud": {"overhead_limit"}, "mobile": {"rounds_limit", "deadline_limit"}}.get(
        track, {"critical_limit"}
    )
    common = {
        "budget_limit",
        "guardrail_limit",
        "target_limit",
        "cost_limit",
        "accuracy_limit",
        "fid_limit",
        "recall_limit",
        "supply_limit",
    }
    assert set(before) == {name for name, _ in after} == common | own_limits
    assert not set(before.items()) & set(SHOWN.items())


def test_each_part_names_the_values_fixed_by_the_class(quick):
    """Every part names its own limits on the chosen track; the record names all of them."""
    part = open_part(quick, "2", "mobile", fixed="seed,limits", seed="7")
    notice = part.locator("[data-class-link]")
    expect(notice).to_have_text(
        "Class: CS-101. Fixed by the link of your class: seed 7, accuracy at least 81.5 %, "
        "project at most $1,234, rounds of selection at most 5. These limits replace those of "
        "the track."
    )
    quick.choose_track("Edge Guardian")
    expect(notice).to_contain_text("recall of the watched class at least 31.0 %")
    expect(notice).not_to_contain_text("rounds")
    expect(quick.locator("[data-part='3'] [data-class-link]")).to_have_text(
        "Class: CS-101. Fixed by the link of your class: seed 7, field accuracy at least 90.5 %, FID at most 0.777, "
        "safety recall at least 70.5 %, real samples 321, training steps at most 45,678. These limits replace those of "
        "the track."
    )
    record = quick.locator("#record [data-class-link]")
    expect(record).to_contain_text("budget at most 53.0 %")
    expect(record).to_contain_text("FID at most 0.777")


def test_the_address_contains_the_class_supply_once(quick):
    """If the supply is fixed, another supply is named and dropped; the address stays without it, also after reload."""
    open_part(quick, "3", real="400")
    expect(quick.notice()).to_contain_text("real=400 was ignored; supply_limit fixes it")
    for _ in range(2):
        query = {name: values[0] for name, values in parse_qs(urlsplit(quick.page.url).query).items()}
        assert query == {"track": "mobile", "part": "3", **LINK}
        quick.reload()
        expect(quick.notice()).to_be_hidden()


def test_the_class_deadline_cannot_be_changed(quick):
    """The field shows the link's steps and is disabled; without the limit the reader's own number returns."""
    quick.open("?track=mobile&part=3")
    expect(quick.html).to_have_attribute("data-track-now", "mobile")
    part = quick.page.locator("[data-part='3']")
    form = part.locator("form[data-lock='3']")
    form.get_by_label("It falls", exact=True).check()
    form.get_by_label("By how much").fill("10")
    form.get_by_role("button", name="Commit").click()
    part.get_by_text("Assumptions: prices, steps").click()
    field = part.get_by_label("Steps before the deadline")
    field.fill("777")
    field.press("Tab")
    quick.saved()
    open_part(quick, "3")
    expect(field).to_have_value("45678")
    expect(field).to_be_disabled()
    expect(field).to_have_attribute("title", "Set by the link of your class.")
    quick.open("?track=mobile&part=3")
    expect(field).to_have_value("777")
    expect(field).to_be_enabled()


def test_a_report_without_python_names_the_class_limits(quick):
    """The head of the plain report lists the limits of the class link."""
    open_part(quick, "1")
    with quick.page.expect_download() as download:
        quick.page.get_by_role("button", name="As Markdown", exact=True).click()
    text = download.value.path().read_text(encoding="utf-8").replace("\\", "")
    assert (
        "Link of the class: CS-101, budget at most 53.0 %, guardrail at most 2.1 %, accuracy at least 81.5 %"
        in text
    )


def test_both_reports_describe_a_limit_in_the_same_words(quick):
    """Python and the page use the same words and format for a limit of a class."""
    open_part(quick, "1")
    assert {
        name: (limit["said"], limit["format"])
        for name, limit in quick.page.evaluate("lab.state.limits").items()
    } == {name: (limit.said, limit.format) for name, limit in report.LIMITS.items()}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("part=3&seeds=1", "seeds=1 was ignored; allowed in part 3: 2 to 20"),
        ("part=3&seeds=21", "seeds=21 was ignored; allowed in part 3: 2 to 20"),
        ("part=2&seeds=0", "seeds=0 was ignored; allowed in part 2: 1 to 20"),
        (
            "part=2&fixed=limits&target_limit=0.4",
            "target_limit=0.4 was ignored; allowed: 0.5 to 1, a share of the test",
        ),
        ("part=3&fid_limit=0.4", "fid_limit was ignored; it needs fixed=limits"),
        ("part=2&fixed=limits&rounds_limit=2.5", "rounds_limit=2.5 was ignored; allowed: 1 to 600"),
    ],
)
def test_invalid_values_are_named_on_the_page(quick, query, words):
    """A number of seeds below the part's minimum and an invalid limit are named on the page."""
    quick.open(f"?track=mobile&{query}")
    expect(quick.notice()).to_contain_text(words)


@pytest.mark.parametrize("query", ["part=2&seeds=1", "part=3&seeds=2"])
def test_the_minimum_number_of_seeds_is_accepted(quick, query):
    """The smallest number of seeds of a workbench is accepted, and stays in the address."""
    quick.open(f"?track=mobile&{query}")
    expect(quick.notice()).to_be_hidden()
    assert query in quick.page.url


def test_a_labelling_project_is_judged_by_the_class_limits(reader):
    """Under the link a project is judged, captured and exported; a native check recomputes every figure."""
    part = open_part(reader, "2", seeds="1", budget="60", batch="20", strategy="margin")
    part.get_by_label("fewer samples").check()
    part.get_by_label(re.compile("^By what factor")).fill("1.5")
    part.locator("form[data-lock='2']").get_by_role("button", name="Commit").click()
    expect(reader.html).to_have_attribute("data-boot", "live", timeout=LONG)
    expect(part).to_have_attribute("data-results", re.compile("[0-9]"), timeout=LONG)
    part.get_by_role("button", name="Run", exact=True).click()
    expect(part.locator("[data-runs] li")).to_have_count(1, timeout=LONG)
    expect(part.locator("[data-work-progress]")).to_be_hidden(timeout=LONG)
    for name, limit in (("target", "81.5 %"), ("budget", "$1,234"), ("guardrail", "5")):
        limit_cell = part.locator(f"[data-value='check.{name}.limit']:visible")
        expect(limit_cell).to_have_text(limit)
        expect(limit_cell).to_have_attribute("title", "modelled: set by the link of a class")
    part.get_by_role("button", name="Capture this evidence").click()
    expect(part.locator("[data-captured]")).to_have_text("Captured.")
    with reader.page.expect_download() as download:
        reader.page.get_by_role("button", name=re.compile("^Export")).first.click()
    record = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert record["entries"]["class"]["value"]["cost_limit"] == 1234
    assert record["entries"]["mobile/2/evidence"]["value"]["settings"]["rounds_limit"] == 5
    checks = verify(Ledger.from_text(json.dumps(record)))
    assert len(checks) > 50 and all(check.agrees for check in checks)
    reader.open("?track=mobile&part=2")
    expect(part.locator("[data-value='check.budget.limit']:visible")).to_have_text("$19,400", timeout=LONG)
    expect(part.locator("[data-evidence]")).to_contain_text("stale")
