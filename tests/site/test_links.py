"""Links: every setting is kept in the address, class links apply, and hostile addresses do nothing."""

import json
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from dataselect_core import settings
from dataselect_core.ledger.check import verify
from dataselect_core.ledger.record import Ledger

SETTINGS = {
    "1": {
        "corpus": "licences",
        "threshold": "0.72",
        "width": "4",
        "num_perm": "64",
        "seed": "7",
        "banding": "hand",
        "bands": "8",
        "rows": "4",
        "compute": "flops",
    },
    "2": {
        "strategy": "margin",
        "batch": "20",
        "data": "rare",
        "initial": "30",
        "budget": "300",
        "seed": "7",
        "seeds": "3",
        "test_share": "0.4",
    },
    "3": {
        "synthetic": "35",
        "randomisation": "0.4",
        "measure": "recall",
        "total": "700",
        "real": "300",
        "rain": "hand",
        "wet_share": "45",
        "simulator_rain": "yes",
        "label_noise": "12",
        "seed": "7",
        "seeds": "2",
        "noise": "10",
    },
}
CLASS = {
    "track": "cloud",
    "part": "1",
    "class": "CS-101",
    "student": "Ada L",
    "fixed": "seed,limits",
    "seed": "7",
    "budget_limit": "0.55",
    "guardrail_limit": "0.02",
}
NO_WORKER = "delete globalThis.Worker"  # Python never starts, and these tests do not need it
SCRIPT = "<img src=x onerror=window.hit=1><script>window.hit=1</script>"


def settings_of(url):
    """The settings in an address: name -> value."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def wait_for_workbench(reader, part):
    """Wait until the workbench of a part has answered with its settings."""
    reader.live()
    expect(reader.locator(f"[data-part='{part}']")).to_have_attribute(
        "data-results", re.compile("locked|[0-9]")
    )
    return reader


def export_record(reader):
    """The record in the exported file."""
    with reader.page.expect_download() as download:
        reader.page.get_by_role("button", name=re.compile("^Export")).first.click()
    return json.loads(download.value.path().read_text(encoding="utf-8"))


@pytest.fixture
def quick(new_reader):
    """A reader whose browser cannot start Python, and who reads and predicts without it."""
    return new_reader(script=NO_WORKER)


@pytest.mark.parametrize("part", SETTINGS)
def test_every_setting_round_trips(reader, part):
    """A link with every setting of a part opens with them, and the address from Python's settings is the same."""
    expected = {"track": "edge", "part": part, **SETTINGS[part]}
    wait_for_workbench(reader.open(f"?{urlencode(expected)}"), part)
    expect(reader.notice()).to_be_hidden()
    assert settings_of(reader.page.url) == expected


@pytest.mark.parametrize("part", SETTINGS)
def test_the_round_trip_covers_every_setting(part):
    """The settings tried above are all that an address may have for a part."""
    assert set(settings.SETTINGS[part]) == set(SETTINGS[part])


def test_the_copied_link_contains_a_moved_control(new_reader):
    """The copied link contains the controls' values, and opens with them for somebody else."""
    reader = new_reader(permissions=["clipboard-read", "clipboard-write"])
    reader.open("?track=edge&part=1&corpus=licences").commit(30).live().results()
    reader.type_threshold(0.83)
    reader.part.get_by_role("button", name="Copy link to this state").click()
    expect(reader.part.get_by_text("Copied.", exact=True)).to_be_visible()
    link = reader.page.evaluate("() => navigator.clipboard.readText()")
    assert settings_of(link)["threshold"] == "0.83"
    other_reader = new_reader()
    other_reader.page.goto(link)
    wait_for_workbench(other_reader, "1")
    expect(other_reader.field("Similarity threshold (number)")).to_have_value("0.83")
    expect(other_reader.page.get_by_role("radio", name="Edge Guardian")).to_be_checked()


def test_the_link_is_shown_as_text_without_a_clipboard(new_reader):
    """If the browser refuses the clipboard, the link is shown and selected in a field, without names of persons."""
    clipboard = "{ value: { writeText: () => Promise.reject(new Error('no')) } }"
    refuse = f"Object.defineProperty(navigator, 'clipboard', {clipboard})"
    reader = new_reader(script=f"{NO_WORKER}; {refuse}").open(f"?{urlencode(CLASS)}&embed=1")
    reader.part.get_by_role("button", name="Copy link to this state").click()
    field = reader.part.get_by_role("textbox", name="Link to this state")
    expect(field).to_be_focused()
    link = settings_of(field.input_value())
    assert link["class"] == "CS-101" and link["budget_limit"] == "0.55"
    assert not {"student", "embed"} & set(link)
    expect(reader.part.get_by_text("Copy the address from the field")).to_be_visible()


def test_a_reload_before_python_keeps_the_settings(quick):
    """The settings of an address are kept if the page is reloaded before Python has answered."""
    quick.open("?track=edge&part=1&threshold=0.77&seed=5")
    expect(quick.page).to_have_url(re.compile("threshold=0.77.*seed=5"))
    quick.reload()
    expect(quick.page).to_have_url(re.compile("threshold=0.77.*seed=5"))


# -- the link of a class -----------------------------------------------------------------------------------


def test_a_class_link_fixes_seed_and_limits(reader):
    """Seed and limits of the link are shown as fixed, apply on every track, and verify from the record alone."""
    reader.open(f"?{urlencode(CLASS)}").commit(30).live().results()
    class_link = reader.part.locator("[data-class-link]")
    expect(class_link).to_contain_text("Class: CS-101. Student: Ada L.")
    expect(class_link).to_contain_text("seed 7, budget at most 55.0 %, guardrail at most 2.0 %")
    reader.part.get_by_text("Advanced: width").click()
    expect(reader.part.get_by_role("textbox", name="Seed")).to_be_disabled()
    expect(reader.value("check.budget.limit")).to_have_text("55.0 %")
    expect(reader.value("check.guardrail.limit")).to_have_text("2.0 %")

    reader.part.get_by_role("button", name="Capture this evidence").click()
    expect(reader.part.locator("[data-captured]")).to_have_text("Captured.")
    record = export_record(reader)
    assert record["student"] == "Ada L"
    evidence = record["entries"]["cloud/1/evidence"]["value"]
    assert (evidence["settings"]["seed"], evidence["settings"]["budget_limit"]) == (7, 0.55)
    checks = verify(Ledger.from_text(json.dumps(record)))
    assert len(checks) > 50 and all(check.agrees for check in checks)

    reader.choose_track("Edge Guardian")
    reader.commit(40).results()
    expect(reader.value("check.budget.limit")).to_have_text("55.0 %")
    assert CLASS.items() <= (settings_of(reader.page.url) | {"track": "cloud"}).items()
    reader.reload()
    expect(class_link).to_contain_text("seed 7")


def test_a_plain_link_drops_the_class_limits(reader):
    """Limits come only from the link in the address, and evidence made under other limits becomes stale."""
    reader.open(f"?{urlencode(CLASS)}").commit(30).live().results()
    reader.part.get_by_role("button", name="Capture this evidence").click()
    expect(reader.part.locator("[data-captured]")).to_have_text("Captured.")
    reader.saved()
    reader.open("?track=cloud&part=1").live().results()
    expect(reader.value("check.budget.limit")).to_have_text("60.0 %")
    expect(reader.part.locator("[data-evidence]")).to_contain_text("stale")


def test_a_link_does_not_rename_somebody_elses_work(quick):
    """On a shared computer, a link for another student says whose work is there and does not change it."""
    quick.open("?student=ada&class=CS").commit(30).saved()
    quick.open("?student=bob&class=CS")
    expect(quick.notice()).to_contain_text("This link is for bob, and this browser holds the work of ada")
    assert export_record(quick)["student"] == "ada"
    quick.page.get_by_role("button", name="New reader").click()
    quick.answer("Start as a new reader")
    expect(quick.part.locator("[data-class-link]")).to_contain_text("Student: bob.")
    expect(quick.notice()).to_be_hidden()
    assert export_record(quick)["student"] == "bob"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("budget_limit=0.5", "budget_limit was ignored; it needs fixed=limits"),
        ("fixed=seed", "fixed=seed was ignored; it needs a seed"),
        ("fixed=limits", "fixed=limits was ignored; it needs a limit"),
        ("fixed=threshold", "fixed=threshold was ignored; allowed: seed, limits"),
        ("fixed=limits&budget_limit=7", "budget_limit=7 was ignored; allowed: 0.01 to 1"),
        ("seed=3&seed=4", "a second seed was ignored"),
        ("part=1&synthetic=5", "synthetic is not a setting of part 1"),
        ("origin=http://book.example", "origin=http://book.example was ignored"),
    ],
)
def test_ignored_parts_of_an_address_are_named(quick, query, words):
    """Every ignored part of an address is named on the page."""
    quick.open(f"?{query}")
    expect(quick.notice()).to_contain_text(words)


# -- hostile addresses -------------------------------------------------------------------------------------

HOSTILE = {
    "markup in texts": urlencode(dict.fromkeys(("student", "class", "track", "origin", SCRIPT), SCRIPT)),
    "huge numbers": "seed=1e999&width=99999999999999999999&threshold=1e308&budget_limit=1e300&fixed=limits",
    "no numbers": "seed=NaN&threshold=Infinity&width=&num_perm=0x40&bands=-1&rows=1.5",
    "wrong types": "seed[]=1&seed={}&threshold=null&part=[object Object]&fixed=__proto__&__proto__=1",
    "broken escapes": "student=%E0%A4%A&class=%00%01%1f&seed=%F0%9F",
    "hidden characters": urlencode({"student": "ada\u202egnp", "class": "x\u200by"}),
    "javascript origins": urlencode({"embed": "1", "origin": "javascript:alert(1)//https://a.example"}),
    "fifty thousand characters": "a=" + "b" * 50_000 + "&seed=5",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_address_changes_nothing_and_runs_nothing(quick, name):
    """Scripts in texts, invalid numbers and long rubbish do not change record or page, and the page says so."""
    dialogs = []
    quick.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    quick.open("?track=cloud&part=1").commit(30).saved()
    before = export_record(quick)
    quick.open(f"?{HOSTILE[name]}")
    expect(quick.notice()).to_contain_text("understood only in part")
    expect(quick.locator("[data-lock-answer='1']")).to_contain_text("30 %")
    assert len(quick.notice().text_content()) < 800
    assert quick.notice().locator("*").count() == 0
    after = export_record(quick)
    assert (after["entries"], after.get("student")) == (before["entries"], before.get("student"))
    assert quick.page.evaluate("() => window.hit") is None and dialogs == []


def test_only_the_beginning_of_a_long_address_is_read(quick):
    """Only the beginning of an address of 10 MB is read, and a truncated setting is dropped, not guessed."""
    quick.open()
    result = quick.page.evaluate("""() => lab.state.read("?seed=5&x=" + "1".repeat(1e7) + "&width=3")""")
    assert result["settings"] == {"seed": 5}
    assert result["ignored"] == ["what follows its first 2000 characters was ignored"]
