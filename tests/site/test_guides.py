"""The guides: their claims hold, their form makes links that the lab accepts, and students do not find them."""

import base64
import hashlib
import html
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from playwright.sync_api import expect

import dataselect_core
from dataselect_core.figures.deduplication import figures as deduplication
from dataselect_core.ledger import record
from dataselect_core.tracks import TRACKS, track
from dataselect_core.values import Findings, measured
from tools import expected, guides, serve

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {
    "corpus": "licences",
    "threshold": 0.7,
    "width": 5,
    "num_perm": 128,
    "seed": 1,
    "banding": "auto",
    "bands": 14,
    "rows": 9,
    "compute": "operations",
}


@pytest.fixture(scope="module")
def instructors(dist):
    """The guide for instructors as built."""
    return (dist / "guide-instructors.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def authors(dist):
    """The guide for authors as built."""
    return (dist / "guide-authors.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def wheel(dist):
    """The wheel next to the guides."""
    (path,) = dist.glob("*.whl")
    return path


# -- location ----------------------------------------------------------------------------------------------


def test_the_readme_names_the_guides_and_the_lab_does_not(dist):
    """Nothing that the lab's page loads names a guide; the README names both."""
    files = [dist / "index.html", *(dist / "assets").glob("*.js"), *(dist / "assets").glob("*.css")]
    for path in files:
        if path.name.startswith(
            "guide-"
        ):  # the script of the guide itself, which the lab's page does not load
            continue
        assert not re.search(r"guide-(?:authors|instructors)", path.read_text(encoding="utf-8")), path.name
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "guide-authors.html" in readme and "guide-instructors.html" in readme


def test_guides_have_no_inline_script_and_load_no_foreign_file(authors, instructors):
    """Both follow the lab's policy: own scripts and styles only, and no indexing by search engines."""
    for text in (authors, instructors):
        assert "Content-Security-Policy" in text and "noindex" in text
        tags = re.findall(r"<(?:script|link|img|iframe)\b[^>]*>", text)
        addresses = [html.unescape(url) for tag in tags for url in re.findall(r'(?:src|href)="([^"]*)"', tag)]
        assert addresses and all(url.startswith(("assets/", "data:")) for url in addresses)
        assert all(
            re.search(r'src="assets/', tag) for tag in tags if tag.startswith("<script") and "json" not in tag
        )
        assert not re.search(r"\[\[|\{\{(?! data-selection-lab)|\son\w+=", text.replace("&lt;", ""))


# -- expected figures --------------------------------------------------------------------------------------


def test_ranges_span_all_settings_and_omit_the_prediction():
    """Low and high cover all settings of a column; a figure that a column lacks stays empty."""
    tables = {"both": [("few", [{"x": 1}, {"x": 3}]), ("one", [{"x": 2}])]}
    calls = []

    def recompute(id, settings, assumptions, prediction):
        calls.append((id, settings["x"], assumptions, prediction))
        values = {"a.b": settings["x"] * 10, "own": prediction, "none": None}
        values |= {"only.one": 5} if settings["x"] == 2 else {}
        return Findings({path: measured(value, "u", "s") for path, value in values.items()}, [])

    (table,) = expected.ranges(lambda chosen_track: ((30.0, 60.0), tables), track("edge"), recompute)
    assert table["columns"] == ["few", "one"]
    assert table["rows"] == [
        ["a.b", "u", "measured", [[10, 30], [20, 20]]],
        ["none", "u", "measured", [None, None]],
        ["only.one", "u", "measured", [None, [5, 5]]],
    ]
    expected_calls = (
        (1, 30.0),
        (1, 60.0),
        (2, 30.0),
        (3, 30.0),
    )  # the first setting twice, with another prediction
    assert sorted(calls) == [("edge", x, {}, prediction) for x, prediction in expected_calls]


def test_the_guide_has_expected_figures_of_every_part(instructors):
    """All three parts have tables on all four tracks, and no figure depends on the student's own prediction."""
    blocks = re.findall(r'<details data-expected="(\w+/\d)">', instructors)
    assert blocks == [f"{track.id}/{part}" for part in "123" for track in TRACKS]
    assert not re.search(r"<code>reveal\.(?:prediction|gap|factor|direction)</code>", instructors)


@pytest.mark.parametrize("id", [each.id for each in TRACKS])
def test_the_guide_has_every_figure_of_every_corpus(instructors, id):
    """Each track has a table for each of its corpora, with all figures except those of the student's own prediction."""
    section = re.search(rf'<details data-expected="{id}/1">.*?</details>', instructors, flags=re.DOTALL)[0]
    assert re.findall(r"<caption>.*?, corpus (\w+)</caption>", section) == list(track(id).part_1.limits)
    paths = set(re.findall(r"<code>([\w.]+)</code>", section))
    figures = deduplication.recompute(id, SETTINGS, {}, 30.0).values
    assert set(figures) - paths == {"reveal.prediction", "reveal.gap"}


def test_a_recomputed_figure_is_within_its_range(instructors):
    """The numbers in the guide come from the core: licence texts at 0.7, seed 1, are within the printed ends."""
    section = re.search(r'<details data-expected="cloud/1">.*?</details>', instructors, flags=re.DOTALL)[0]
    table = next(part for part in section.split("<table")[1:] if "corpus licences</caption>" in part)
    column = re.findall(r'<th scope="col">(.*?)</th>', table).index("threshold 0.7") - 1
    figures = deduplication.recompute("cloud", SETTINGS, {}, 30.0).values
    for path in ("removed.words_share", "lsh.recall", "clusters.chained_share", "icr.ratio"):
        row = re.search(rf"<code>{re.escape(path)}</code></th>(.*?)</tr>", table)[1]
        cell = re.findall(r"<td>(.*?)</td>", row)[column].replace(",", "").replace("−", "-")
        low, high = (float(end) for end in (cell.split(" to ") * 2)[:2])
        assert low * (1 - 1e-3) <= figures[path].value <= high * (1 + 1e-3), path


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (1.0, 1.0, "1"),
        (0.25, 0.5, "0.25 to 0.5"),
        (0.0, 1234.0, "0 to 1,234"),
        (1.5e7, 1.5e7, "1.500e+07"),
        (-0.12345, 0.1, "-0.1235 to 0.1"),
        (0.000123, 0.000123, "1.230e-04"),
    ],
)
def test_ranges_are_rounded_to_four_digits(low, high, text):
    """There is one value if both ends look the same, and otherwise both."""
    assert guides.span([low, high]) == text


# -- checking reports --------------------------------------------------------------------------------------


def test_the_wheel_lists_every_file_with_its_hash(wheel):
    """Its record lists every file with its hash, and the data is next to the package."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (record_name,) = (name for name in names if name.endswith(".dist-info/RECORD"))
        lines = [line.rsplit(",", 2) for line in archive.read(record_name).decode().splitlines()]
        assert {name for name, _, _ in lines} == set(names) and len(lines) == len(names)
        for name, digest, size in lines:
            if name == record_name:
                continue
            data = archive.read(name)
            expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert (digest, size) == (f"sha256={expected}", str(len(data))), name
        assert "dataselect_data/licences.json.gz" in names


def test_a_teacher_installs_one_wheel_and_checks_a_report(wheel, instructors, tmp_path):
    """With the guide's two commands in a new folder, a genuine report agrees and a changed one does not."""
    assert f"pip install https://lab.example/data-selection/{wheel.name}" in instructors
    target = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:  # as pip does with a pure wheel
        archive.extractall(target)
    settings = {**SETTINGS, "budget_limit": 0.55}
    findings = deduplication.recompute("cloud", settings, {}, 30.0)
    values = {path: value.as_dict() for path, value in findings.values.items()}
    entry = {"at": "2026-11-23T12:00:00Z", "settings": settings, "values": values, "cases": findings.cases}
    ledger = {
        "schema": record.SCHEMA,
        "lab": "0.1.0",
        "reader": "r",
        "student": "ada",
        "entries": {
            "cloud/1/prediction": {"value": {"value": 30, "said": "30 %"}, "at": 1},
            "cloud/1/evidence": {"value": entry, "at": 2},
        },
    }
    command = re.search(r"python -m dataselect_core (verify) (submissions\.zip)", instructors)
    environment = {name: value for name, value in os.environ.items() if name != "DATASELECT_DATA"}

    environment["PYTHONPATH"] = str(target)

    def verify():
        with zipfile.ZipFile(tmp_path / command[2], "w") as submissions:
            submissions.writestr("ada_7_assignsubmission_file_/ada.json", json.dumps(ledger))
        arguments = [sys.executable, "-m", "dataselect_core", command[1], command[2]]
        return subprocess.run(
            arguments, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
        )

    process = verify()
    assert process.returncode == 0, process.stdout + process.stderr
    assert "check.budget.limit" in (tmp_path / "verification.csv").read_text(encoding="utf-8")
    values["check.budget.limit"]["value"] = 0.75
    assert verify().returncode == 1


# -- in a browser ------------------------------------------------------------------------------------------


@pytest.fixture
def guide(new_reader):
    """The guide for instructors in a browser."""
    reader = new_reader(script="delete globalThis.Worker")
    reader.page.goto(f"{reader.base}guide-instructors.html")
    return reader


def make_links(guide, **fields):
    """Fill fields of the form and press the button."""
    for name, text in fields.items():
        guide.page.locator(f"#link-{name}").fill(text)
    guide.page.get_by_role("button", name="Make the links").click()


def test_the_command_names_the_address_of_this_copy(guide):
    """If the guide is read from a server, its pip command is ready to paste, with the wheel's real address."""
    command = guide.page.locator("pre").filter(has_text="pip install").inner_text()
    address = command.split()[-1]
    assert (
        address.startswith(guide.base)
        and "lab.example" not in guide.page.locator("main, body").first.inner_text()
    )
    assert guide.page.request.get(address).body()[:2] == b"PK"
    expect(guide.page.get_by_text("by the address of your copy")).to_be_hidden()


def test_the_form_makes_links_for_students_that_the_lab_accepts(guide):
    """Each student gets a link, and the lab applies all of it."""
    guide.page.get_by_label("Track").select_option("mobile")
    make_links(
        guide,
        **{"class": "CS-101"},
        seed="7",
        budget="55",
        guardrail="2.5",
        students="ada\n\nBob Müller\nada\n",
    )
    lines = [line.split("\t") for line in guide.page.get_by_label("Links").input_value().split("\n")]
    assert [student for student, _ in lines] == ["ada", "Bob Müller"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(lines[1][1]).query).items()}
    assert query == {
        "track": "mobile",
        "part": "1",
        "class": "CS-101",
        "seed": "7",
        "budget_limit": "0.55",
        "guardrail_limit": "0.025",
        "fixed": "seed,limits",
        "student": "Bob Müller",
    }
    guide.page.goto(lines[1][1])
    expect(guide.part.locator("[data-class-link]")).to_contain_text(
        "Class: CS-101. Student: Bob Müller. Fixed by the link of your class: seed 7, budget at most 55.0 %"
    )
    expect(guide.page.get_by_role("radio", name="Mobile Nomad")).to_be_checked()
    expect(guide.notice()).to_be_hidden()


def test_the_form_fixes_limits_in_all_parts(guide):
    """Every limit of the address has a field, percentages become shares, and the lab accepts the link silently."""
    fields = {
        "target": "81.5",
        "cost": "1234",
        "overhead": "21",
        "critical": "31",
        "rounds": "5",
        "accuracy": "90.5",
        "recall": "70.5",
        "fid": "0.777",
        "supply": "321",
        "deadline": "45678",
        "budget": "55",
        "guardrail": "2",
    }
    limits = guide.page.evaluate("() => Object.keys(lab.state.limits)")
    assert {f"{name}_limit" for name in fields} == set(limits)
    guide.page.get_by_label("Opens at").select_option("3")
    guide.page.get_by_label("Track").select_option("edge")
    make_links(guide, **fields)
    address = guide.page.get_by_label("Links").input_value()
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    shares = {
        "target": "0.815",
        "overhead": "0.21",
        "critical": "0.31",
        "accuracy": "0.905",
        "recall": "0.705",
        "budget": "0.55",
        "guardrail": "0.02",
    }
    expected = {f"{name}_limit": text for name, text in (fields | shares).items()}
    assert query == {"track": "edge", "part": "3", "fixed": "limits", **expected}
    guide.page.goto(address)
    expect(guide.locator("[data-part='3'] [data-class-link]")).to_contain_text(
        "field accuracy at least 90.5 %"
    )
    expect(guide.notice()).to_be_hidden()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"seed": "7.5"}, "seed=7.5 was ignored"),
        ({"seed": "x"}, "seed=x was ignored; allowed in part 1: 0 to 9999"),
        ({"budget": "0"}, "budget_limit=0 was ignored"),
        ({"budget": "nan"}, "budget_limit=nan was ignored"),
        ({"guardrail": "101"}, "guardrail_limit=1.01 was ignored"),
        ({"target": "40"}, "target_limit=0.4 was ignored; allowed: 0.5 to 1"),
        ({"supply": "12.5"}, "supply_limit=12.5 was ignored; allowed: 0 to 1000"),
        ({"fid": "x"}, "fid_limit=x was ignored"),
        ({"students": "<script>"}, "<script>: student=<script> was ignored"),
        ({"class": "a<b"}, "class=a<b was ignored"),
        ({"lab": "javascript:alert(1)"}, "must begin with https://"),
        ({"lab": "lab"}, "address of the lab is not one"),
        ({"students": "\n".join(f"s{i}" for i in range(501))}, "At most 500 students"),
    ],
)
def test_the_form_refuses_values_that_the_lab_ignores(guide, fields, words):
    """A wrong field is named, with the lab's own words, and no link is made."""
    make_links(guide, **fields)
    expect(guide.page.locator("[data-link-error]")).to_contain_text(words)
    expect(guide.page.locator("[data-links]")).to_be_hidden()


@pytest.mark.parametrize("name", ["guide-authors.html", "guide-instructors.html"])
def test_guides_fit_a_phone_and_every_field_has_a_name(new_reader, name):
    """At 360 pixels nothing is wider than the page; fields and regions that scroll have names."""
    reader = new_reader(viewport={"width": 360, "height": 640})
    reader.page.goto(f"{reader.base}{name}")
    for folded in reader.page.locator("details").all():
        folded.evaluate("(details) => { details.open = true; }")
    wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert reader.page.evaluate(wide) == 0
    unnamed = """() => [...document.querySelectorAll("input, select, textarea, [role=region]")]
      .filter((e) => !e.labels?.length && !e.getAttribute("aria-label")).map((e) => e.outerHTML)"""
    assert reader.page.evaluate(unnamed) == []


def test_the_printed_example_for_authors_works(authors, chromium, address, tmp_path):
    """The example with a script, copied into a page with the lab's address, grows the frame and receives progress."""
    examples = re.findall(r"<code>(.*?)</code></pre>", authors, flags=re.DOTALL)
    (code,) = (html.unescape(example) for example in examples if "addEventListener" in example)
    code = code.replace("https://lab.example", address.rstrip("/")).replace("/data-selection/", "/")
    (tmp_path / "chapter.html").write_text(f"<!doctype html><title>Chapter</title>{code}", encoding="utf-8")
    height = "document.getElementById('lab').getBoundingClientRect().height"
    context = chromium.new_context()
    try:
        with serve.serving(tmp_path) as book:
            page = context.new_page()
            with page.expect_console_message(lambda message: message.text.endswith("1 not started")):
                page.goto(f"{book}chapter.html")
            lab = "document.documentElement.getBoundingClientRect().height"
            own = page.frames[1].evaluate(f"() => Math.ceil({lab})")
            page.wait_for_function(f"(own) => Math.abs({height} - own) <= 2", arg=own)
    finally:
        context.close()


def test_the_example_for_one_version_names_the_current_version(authors):
    """The guide links to a version as tools/versions.py publishes it, and the shortcode has this version."""
    assert f"/data-selection/v{dataselect_core.__version__}/index.html" in authors
    extension = yaml.safe_load((ROOT / guides.SHORTCODE.parent / "_extension.yml").read_text("utf-8"))
    assert extension["version"] == dataselect_core.__version__
    assert extension["contributes"]["shortcodes"] == [guides.SHORTCODE.name]


def test_the_guide_shows_the_shortcode_of_the_source(authors):
    """Both forms are there, with braces, and each names attributes that the source reads."""
    (code,) = re.findall(r"<code>(\{\{.*?)</code>", authors, flags=re.DOTALL)
    lines = html.unescape(code).splitlines()
    assert len(lines) == 2 and all(line.startswith("{{< data-selection-lab ") for line in lines)
    source = (ROOT / guides.SHORTCODE).read_text("utf-8")
    for name in re.findall(r"(\w+)=", " ".join(lines).replace('"seed=5"', "")):
        assert f"kwargs.{name}" in source


def test_the_guide_explains_each_attribute_of_a_frame(authors):
    """The table explains every attribute in the examples."""
    examples = html.unescape(" ".join(re.findall(r"<code>(.*?)</code></pre>", authors, flags=re.DOTALL)))
    used = {
        name
        for tag in re.findall(r"<iframe(.*?)>", examples, flags=re.DOTALL)
        for name in re.findall(r"([a-z]+)=\"", tag)
    }
    explained = set(re.findall(r"<tr>\s*<td><code>([a-z]+)", authors))
    assert {"title", "allow", "loading"} <= used
    assert used - {"src", "id", "style"} <= explained
