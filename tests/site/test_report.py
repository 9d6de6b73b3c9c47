"""Report, check, map and synthesis: the documents that a reader hands in, and their verification."""

import asyncio
import json
import re

import pytest
from known_figures import known_figures
from playwright.sync_api import expect
from quiet_page import ROOT, Page, first_licences, run
from reader import Reader
from reports import COMPUTED, ENGINE, SETTINGS, ask, captured, choose, entry, figure, predicted, record

from dataselect_core.figures.deduplication import figures as deduplication
from dataselect_core.ledger import SCHEMA, Ledger, LedgerError, ledger_text, report_markdown, verify
from dataselect_core.ledger.runtime import VERSION, described, engine
from tools.page_error import PageError
from tools.synthesis_text import cost_line

NO_PYTHON = "delete globalThis.Worker;"
ATTACK = "<img src=x onerror='globalThis.hacked = true'><script>globalThis.hacked = true</script> ``` | [x](javascript:x)"
PICTURE = re.compile(r'<img alt="([^"]+)" src="data:image/png;base64,([A-Za-z0-9+/=]{2000,})"')
STORED = """() => new Promise((resolve, reject) => {
  const request = indexedDB.open("data-selection-lab", 1);
  request.onerror = reject;
  request.onsuccess = () => {
    const all = request.result.transaction("records").objectStore("records").get("record");
    all.onsuccess = () => { request.result.close(); resolve(all.result); };
  };
})"""
STORE = """(record) => new Promise((resolve, reject) => {
  const request = indexedDB.open("data-selection-lab", 1);
  request.onsuccess = () => {
    const change = request.result.transaction("records", "readwrite");
    change.objectStore("records").put(record, "record");
    change.oncomplete = () => { request.result.close(); resolve(); };
    change.onerror = reject;
  };
})"""


# -- Python's answers, without a browser -------------------------------------------------------------------


@pytest.fixture
def small(tmp_path, monkeypatch):
    """The record of a reader who captured a corpus of 90 licence texts at `SETTINGS`."""
    first_licences(tmp_path, 90)
    monkeypatch.setenv("DATASELECT_DATA", str(tmp_path))
    findings = deduplication.recompute("cloud", SETTINGS, {}, 30.0)
    values = {path: value.as_dict() for path, value in findings.values.items()}
    evidence = {**captured(), "values": values, "cases": findings.cases}
    return record({"cloud/1/prediction": predicted(), "cloud/1/evidence": evidence})


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_python_writes_the_requested_report(small, form):
    """The answer contains the record, names figures as the page does, and has the question's number."""
    lines = {"1": [["Words that went", "removed.words_share", "percent"]]}
    pictures = [
        {
            "title": "A plot",
            "place": "cloud/1",
            "png": "QUJD",
            "summary": "It rises.",
            "columns": ["x"],
            "rows": [["7"]],
        }
    ]
    page = ask(
        {
            "type": "report",
            "id": 5,
            "form": form,
            "record": json.dumps(small),
            "lines": lines,
            "pictures": pictures,
        }
    )
    reply = page.messages[-1]
    assert reply["id"] == 5 and reply["type"] == "report"
    assert Ledger.from_text(ledger_text(reply["answer"])).record == small
    for words in (
        "Words that went",
        "It rises.",
        "Missing: a reflection.",
        "Part 2: Active Learning ROI",
        COMPUTED,
    ):
        assert words in reply["answer"]
    assert ("QUJD" in reply["answer"]) == (form == "html")


@pytest.mark.parametrize(
    "message",
    [
        {"form": "pdf", "record": "{}"},
        {"form": "html", "record": "{"},
        {"form": "html"},
        {"form": "html", "record": '{"schema": 2, "entries": {"<script>": 1}}'},
        {"form": "html", "record": json.dumps(record({})), "pictures": [{"title": "x", "png": '"><script>'}]},
        {"form": "html", "record": json.dumps(record({})), "pictures": [7]},
    ],
)
def test_an_invalid_request_gets_an_error_and_the_next_one_works(message):
    """For an unknown form, a broken record or an invalid picture there is one sentence, and the next question works."""
    valid_request = {"type": "report", "id": 2, "form": "markdown", "record": json.dumps(record({}))}
    page = ask({"type": "report", "id": 1, **message}, valid_request, until=2)
    assert "error" in page.messages[0] and page.messages[0]["id"] == 1
    assert "No prediction" in page.messages[1]["answer"]


def test_python_checks_a_report_and_sends_progress(small):
    """Figures and cases of a genuine report agree; progress comes before the answer; forged ones are found."""
    evidence = small["entries"]["cloud/1/evidence"]["value"]
    for change, case, wrong in (
        (0, "corpus-texts", []),
        (1, "corpus-crawl", ["removed.words", "cases.corpus-crawl", "cases.corpus-texts"]),
    ):
        evidence["values"]["removed.words"]["value"] += change
        evidence["cases"] = [case if name == "corpus-texts" else name for name in evidence["cases"]]
        text = report_markdown(Ledger(small)).replace("\n", "\r\n")  # as a mail program may change it
        page = ask({"type": "verify", "id": 3, "text": text})
        *before, answer = page.messages
        assert all(0 <= reply["progress"] <= 1 for reply in before)
        checks = answer["answer"]["checks"]
        assert len(checks) > 50 and [c["path"] for c in checks if not c["agrees"]] == wrong
        assert answer["answer"]["by"] == {
            "computed": [COMPUTED[12:-1]],
            "checked": described(engine(), "0.1.0"),
        }
    assert {"licences.json.gz"} <= set(page.loaded)


def test_python_names_an_edited_line(small):
    """If only the text of a report was edited, its figures agree and the edited line does not."""
    text = report_markdown(Ledger(small))
    edited = re.sub(r"(\| Guardrail: chained removals \| .* \| )(?:not )?met \|", r"\1unknown |", text)
    assert edited != text
    answer = ask({"type": "verify", "id": 4, "text": edited}).messages[-1]["answer"]
    wrong = [check for check in answer["checks"] if not check["agrees"]]
    assert [check["kind"] for check in wrong] == ["text"]
    assert "unknown" in wrong[0]["claimed"] and "met" in wrong[0]["recomputed"]
    assert answer["unread"] == ""


def test_a_check_can_be_stopped(small):
    """After a stop no more messages come, and a new check starts from the beginning."""

    async def conversation():
        page = Page()
        page.holding = asyncio.Event()  # files do not arrive
        await page.bridge.receive(json.dumps({"type": "verify", "id": 1, "text": json.dumps(small)}))
        await asyncio.sleep(0)
        await page.bridge.receive(json.dumps({"type": "stop-verify"}))
        page.holding.set()
        for _ in range(20):
            await asyncio.sleep(0)
        return page

    assert run(conversation()).messages == []


@pytest.mark.parametrize(
    "text", ["", "# Homework", "{", json.dumps({"schema": 99, "entries": {}}), "<script>alert(1)</script>"]
)
def test_an_invalid_report_is_not_checked(text):
    """There is one sentence and no figure."""
    replies = ask({"type": "verify", "id": 1, "text": text}).messages
    assert len(replies) == 1 and replies[0]["error"]


def test_the_synthesis_names_only_existing_figures():
    """Every figure in takeaways and costs is one that its part reports."""
    text = (ROOT / "site/pages/synthesis.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"([123]):([a-z_]+(?:\.[a-z_]+)+)", text))
    assert len(paths) > 20
    assert {(part, path) for part, path in paths if path not in known_figures(part)} == set()
    assert "removed.count" not in known_figures(
        "1"
    )  # although another figure ends in that word: clusters.count


@pytest.mark.parametrize("figures", [None, "4:a.b", "1:a.b /", "scale.dollars", {"1:a": "b"}])
def test_a_cost_must_name_its_part(figures):
    """A cost without a part is reported as a mistake in the text."""
    with pytest.raises(PageError, match="synthesis.md: a cost must be"):
        cost_line("Cost", figures, "synthesis.md")
    assert cost_line("A", "1:a.b / 2:c.d", "x") == ["A", ["1:a.b", "2:c.d"]]


# -- the page ----------------------------------------------------------------------------------------------


def download(reader, button):
    """Press a button of the report; return name and text of the download."""
    with reader.page.expect_download() as transfer:
        reader.page.get_by_role("button", name=button, exact=True).click()
    expect(reader.locator("[data-report-status]")).to_contain_text("Downloaded")
    with open(transfer.value.path(), encoding="utf-8") as file:
        return transfer.value.suggested_filename, file.read()


def reader_with_entries(new_reader, entries, query="?track=cloud&part=1", **head):
    """A reader without Python whose browser has these entries."""
    reader = new_reader(script=NO_PYTHON).open(query).saved()
    reader.page.evaluate(STORE, record(entries, **head))
    reader.page.goto("about:blank")
    return reader.open(query)


@pytest.fixture(scope="module")
def reporting_reader(chromium, address):
    """A reader who predicted, captured and reflected in part 1, with the three forms of the report."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(60_000)
    reader = Reader(context, address).open("?track=cloud&part=1&corpus=licences")
    reader.commit(30, "a third of the texts").live().results()
    reader.type_threshold(0.8)
    reader.locator("#reflection-1").fill(ATTACK)
    reader.locator("[data-part='1'] [data-action=capture]").click()
    expect(reader.locator("[data-captured='1']")).to_have_text("Captured.")
    expect(reader.locator("[data-entry-saved='1/reflection']")).to_have_text("saved")
    reader.reports = dict(
        download(reader, button) for button in ("Report as a page to print", "As Markdown", "As JSON")
    )
    yield reader
    context.close()


@pytest.fixture
def student(reporting_reader):
    """That reader; the test ends with a check for errors."""
    yield reporting_reader
    reporting_reader.check()
    assert reporting_reader.page.evaluate("() => globalThis.hacked") is None


def test_every_figure_of_a_report_is_recomputed_natively(student):
    """All three forms contain the same record with the current schema, and a native check agrees with each figure."""
    ledgers = [Ledger.from_text(ledger_text(text)) for text in student.reports.values()]
    assert {name.rsplit(".", 1)[1] for name in student.reports} == {"html", "md", "json"}
    for ledger in ledgers:
        checks = verify(ledger)
        assert len(checks) > 50 and [check for check in checks if not check.agrees] == []
        evidence = ledger.get("cloud", "1", "evidence")
        assert ledger.record["schema"] == SCHEMA and evidence["lab"] == ledger.record["lab"]
        assert (
            evidence["engine"]["platform"].startswith("emscripten") and evidence["engine"]["numpy"][0] == "2"
        )
        assert all(VERSION.fullmatch(version) for version in evidence["engine"].values())
        assert {check.path for check in checks if check.kind == "case"} == {
            f"cases.{name}" for name in evidence["cases"]
        }
        assert evidence["assumptions"] == {} and evidence["settings"]["threshold"] == 0.8
        assert {value["kind"] for value in evidence["values"].values()} == {"measured", "modelled"}
        assert ledger.get("cloud", "1", "reflection") == ATTACK


def test_the_printable_report_has_plots_tables_and_missing_parts(student, new_reader):
    """The file contains pictures of both plots and their tables; it shows them and runs no script."""
    text = next(text for name, text in student.reports.items() if name.endswith(".html"))
    assert re.search(
        r"<p>Computed by lab 0\.1\.0, Python 3\.[\d.]+, NumPy 2\.[\d.]+, emscripten [\d.]+ wasm32\.</p>", text
    )
    assert [title for title, _ in PICTURE.findall(text)] == [
        "Learning against compute",
        "What LSH finds, and what it misses",
    ]
    for words in (
        "Missing: not begun.",
        "Final strategy: missing.",
        "a third of the texts",
        "Training FLOPs saved",
        "Constraint check",
        "The same numbers",
        "<td>Words removed</td>",
        "<td>Budget: compute left after deduplication</td>",
        "Key: red dashed line: the threshold in use.",
    ):
        assert words in text
    page = new_reader().page
    page.set_content(text)
    assert page.locator("img").evaluate_all("(all) => all.every((each) => each.naturalWidth > 300)")
    assert page.locator("blockquote").first.text_content() == ATTACK
    assert page.evaluate("() => globalThis.hacked") is None


def test_a_report_is_checked_in_the_page(student):
    """A genuine report agrees figure by figure; a forged figure is found and shown; the record does not change."""
    before = student.page.evaluate(STORED)
    text = next(text for name, text in student.reports.items() if name.endswith(".md"))
    result = student.locator("[data-verify-result]")
    for form in (".html", ".md"):
        report = next(text for name, text in student.reports.items() if name.endswith(form))
        choose(student, "Choose a report to check", f"report{form}", report)
        expect(result).to_contain_text(
            re.compile(r"all \d\d figures and \d+ cases agree, and its text is what its record gives")
        )
    expect(result).to_contain_text("does not show who made them")
    edited = text.replace("- Reader:", "- Grade: excellent\n- Reader:", 1)
    choose(student, "Choose a report to check", "report.md", edited)
    expect(result).to_contain_text(
        re.compile(r"0 of \d\d figures and \d+ cases differ, and 1 place of its text")
    )
    expect(result.get_by_role("row").filter(has_text="Text of the report").first).to_contain_text(
        "Grade: excellent"
    )
    value = json.loads(ledger_text(text))["entries"]["cloud/1/evidence"]["value"]["values"]["removed.words"][
        "value"
    ]
    forged = re.sub(rf'("value": ){value}\b', rf"\g<1>{value + 7}", text)
    choose(student, "Choose a report to check", "report.md", forged)
    expect(result).to_contain_text(re.compile(r"\d of \d\d figures and \d+ cases differ"))
    expect(result).to_contain_text(
        re.compile(
            r"Computed by lab 0\.1\.0, Python (\S+, NumPy \S+, emscripten \S+ wasm32)\. "
            r"Checked by lab 0\.1\.0, Python \1\."
        )
    )
    expect(result.locator(".differs").first).to_contain_text("✗ differs")
    expect(result.get_by_role("row").filter(has_text="removed.words").first).to_contain_text(str(value + 7))
    student.page.get_by_role("button", name="Check my own record").click()
    expect(result).to_contain_text(re.compile(r"all \d\d figures and \d+ cases agree"))
    after = student.page.evaluate(STORED)
    for stored in (before, after):
        stored["entries"].pop("cloud/1/seconds", None)
    assert after == before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# Homework",
        "PK\x03\x04",
        ATTACK,
        '{"schema": 99, "entries": {}}',
        f'<script type="application/json" id="ledger">{{"x": "{ATTACK[:20]}"}}</script>',
        json.dumps({**record({}), "entries": {"<script>": entry(1)}}),
        '{"schema": 2, "entries": {"track": 1e999}}',
    ],
)
def test_a_hostile_report_changes_nothing_and_runs_nothing(student, text):
    """A text that is not a report of the lab is refused in one sentence."""
    before = student.locator("[data-ledger]").inner_html()
    choose(student, "Choose a report to check", "report.html", text)
    expect(student.locator("[data-verify-status]")).to_contain_text("Nothing was changed", ignore_case=True)
    expect(student.locator("[data-verify-result]")).to_be_empty()
    assert student.locator("[data-ledger]").inner_html() == before


def test_the_report_can_be_copied(student):
    """The clipboard gets the Markdown; if it is not available, the text is shown and selected."""
    student.context.grant_permissions(["clipboard-read", "clipboard-write"])
    student.page.get_by_role("button", name="Copy", exact=True).click()
    expect(student.locator("[data-report-status]")).to_have_text("Copied as Markdown.")
    copied = student.page.evaluate("() => navigator.clipboard.readText()")
    assert Ledger.from_text(ledger_text(copied)).get("cloud", "1", "prediction")["value"] == 30
    student.context.clear_permissions()
    student.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    student.page.get_by_role("button", name="Copy", exact=True).click()
    expect(student.locator("[data-report-status]")).to_contain_text("Copy the text below")
    shown = student.page.get_by_label("The report as text").input_value()
    assert (
        ledger_text(shown)
        and student.page.evaluate("() => getSelection().toString() || document.activeElement.selectionEnd")
        != 0
    )


def test_stale_evidence_is_marked_everywhere(student):
    """A moved control makes the evidence stale on the map, in synthesis and report; moved back, it is current."""
    student.type_threshold(0.7)
    expect(student.locator("[data-map='1']")).to_contain_text("stale")
    expect(student.locator("[data-synthesis-evidence] .panel").first).to_contain_text("Stale")
    expect(student.locator("[data-report-missing]")).to_contain_text("its evidence is stale")
    expect(student.locator("[data-evidence='1']")).to_contain_text("Words removed: ")
    _, text = download(student, "As Markdown")
    assert "Stale: the settings have changed since this was captured." in text
    student.type_threshold(0.8)
    expect(student.locator("[data-map='1']")).to_contain_text("checkpoint")
    expect(student.locator("[data-synthesis-evidence] .panel").first).to_contain_text("current")


@pytest.mark.parametrize("button", ["Report as a page to print", "As Markdown", "As JSON"])
def test_the_page_writes_a_report_without_python(new_reader, button):
    """The report names what is missing, keeps markup as text, contains the record, and is on the page as text."""
    entries = {
        "cloud/1/prediction": predicted(),
        "cloud/1/evidence": captured(removed__words_share=0.597),
        "edge/1/prediction": predicted(),
        "cloud/1/decision": ATTACK,
    }
    reader = reader_with_entries(new_reader, entries, student="7b-12")
    expect(reader.locator("[data-report-missing]")).to_contain_text("Part 1: a reflection")
    name, text = download(reader, button)
    assert name.startswith("data-selection-report-7b-12.")
    ledger = Ledger.from_text(ledger_text(text))
    assert ledger.record["student"] == "7b-12" and ledger.get("cloud", "1", "decision") == ATTACK
    if button != "As JSON":
        for words in (
            "Missing: a reflection",
            "Missing: captured evidence, a reflection",
            "Final strategy: missing.",
            COMPUTED,
        ):
            assert words in text
        assert re.search(r"Main figures.*59\.7 %.*All captured figures.*0\.597", text, re.DOTALL)
        assert (
            "<script>globalThis" not in text.split("## Record")[0].split('<script type="application/json"')[0]
        )
    shown = reader.page.get_by_label("The report as text").input_value()
    assert ledger_text(shown)
    if button == "Report as a page to print":
        reader.page.set_content(text)
    assert reader.page.evaluate("() => globalThis.hacked") is None


# -- the record, in the page and natively ------------------------------------------------------------------


CANDIDATES = [
    record({}),
    record({"track": "cloud"}),
    {**record({}), "schema": 1},
    {**record({}), "schema": 4},
    [],
    None,
    7,
    {**record({}), "schema": True},
    {**record({}), "reader": 7},
    {**record({}), "lab": None},
    {**record({}), "student": []},
    {**record({}), "entries": []},
    record({"cloud/1/prediction": predicted()}),
    record({"cloud/1/prediction": 30}),
    record({"cloud/1/prediction": predicted(value=[1])}),
    record({"cloud/9/prediction": predicted()}),
    record({"cloud/1/prediction": predicted(said="x" * 501)}),
    record({"cloud/1/prediction": predicted(value={"direction": "up"})}),
    record({"cloud/1/reflection": "x" * 20_000}),
    record({"cloud/1/reflection": "x" * 20_001}),
    record({"cloud/1/reflection": "\U0001f600" * 20_000}),
    record({"cloud/synthesis/risk": ATTACK}),
    record({"cloud/synthesis/risk": 3}),
    record({"cloud/1/evidence": captured(a__b=1)}),
    record({"cloud/1/evidence": captured(a__b="text")}),
    record({"cloud/1/evidence": captured(a__b=[1])}),
    record({"cloud/1/evidence": captured(a__b=True)}),
    record({"cloud/1/evidence": captured(a__b=None)}),
    record({"cloud/1/evidence": {"values": {}}}),
    record({"cloud/1/evidence": {**captured(), "cases": "x"}}),
    record({"cloud/1/evidence": {**captured(), "values": {"<b>": figure(1)}}}),
    record({"cloud/1/evidence": {**captured(), "values": {"a.b": figure(1, "guessed")}}}),
    record({"cloud/1/evidence": {**captured(), "settings": {"a": {}}}}),
    record({"cloud/1/settings": {"a": None, "b": True}}),
    record({"cloud/1/kept-runs": [[[[[[[[[[1]]]]]]]]]]}),
    record({"cloud/1/kept-runs": [[[[[[[[[[[[1]]]]]]]]]]]]}),
    record({"__proto__": 1}),
    record({"constructor": 1}),
    record({"cloud/1/x": {"y" * 201: 1}}),
    {**record({}), "entries": {"track": {"value": 1, "at": 5e12}}},
    {**record({}), "entries": {"track": {"value": 1}}},
    {**record({}), "entries": {"track": {"value": 1, "at": True}}},
    {**record({}), "entries": {"track": {"value": 1, "at": 1, "x": 1}}},
    {"schema": 1, "reader": "r", "entries": {"cloud/1/prediction": entry({"value": 30})}},
    {"schema": 1, "reader": "r", "entries": {"cloud/1/evidence": entry({"settings": {}, "values": {}})}},
    *(
        {**record({"cloud/2/evidence": {**captured(), **change}}), "schema": schema}
        for schema in (2, SCHEMA)
        for change in (
            {},
            {"engine": None},
            {"engine": "x"},
            {"engine": []},
            {"engine": {}},
            {"engine": {**ENGINE, "more": "1"}},
            {"engine": {**ENGINE, "numpy": 2}},
            {"engine": {**ENGINE, "numpy": None}},
            {"engine": {**ENGINE, "numpy": ""}},
            {"engine": {**ENGINE, "python": ATTACK[:50]}},
            {"engine": {**ENGINE, "python": "3" * 61}},
            {"engine": {**ENGINE, "platform": "linux\n"}},
            {"lab": 7},
            {"lab": None},
            {"lab": "x" * 101},
            {"cases": None},
            {"cases": ["a-ok"] * 201},
            {"cases": ["any-runs", "has-runs", "best-tried"]},
            {"cases": [["any-runs"]]},
            {"cases": ["any-runs"] * 201},
        )
    ),
    {**record({"cloud/1/evidence": captured()}), "schema": 2, "entries": {"__proto__": entry(1)}},
    {
        "schema": 1,
        "reader": "r",
        "entries": {"cloud/1/prediction": entry({"value": {"direction": "up", "prediction": 3}})},
    },
]


def test_page_and_core_accept_the_same_records(new_reader):
    """Page and core accept and refuse the same of eighty records, good, old, broken and hostile, and read the same."""
    reader = new_reader(script=NO_PYTHON).open()
    read = """(texts) => texts.map((text) => {
      try { return lab.schema.read(JSON.parse(text)); } catch { return null; }
    })"""
    texts = [json.dumps(candidate) for candidate in CANDIDATES]
    for text, page_record in zip(texts, reader.page.evaluate(read, texts), strict=True):
        try:
            core_record = Ledger.from_text(text).record
        except LedgerError:
            core_record = None
        assert (page_record is None) == (core_record is None), text[:300]
        if page_record:
            assert page_record == {name: core_record[name] for name in page_record}, text[:300]


def test_a_record_of_the_first_edition_is_migrated(new_reader):
    """A record with schema 1 is read, shown, and saved with the current schema."""
    reader = new_reader(script=NO_PYTHON).open().saved()
    old = {
        "schema": 1,
        "reader": "r",
        "entries": {"cloud/1/prediction": entry({"value": 42, "why": "", "locked_at": ""})},
    }
    reader.page.evaluate(STORE, old)
    reader.reload()
    expect(reader.locator("[data-lock-answer='1']")).to_contain_text("42")
    reader.locator("#reflection-1").fill("New.")
    expect(reader.locator("[data-entry-saved='1/reflection']")).to_have_text("saved")
    saved = reader.page.evaluate(STORED)
    assert saved["schema"] == SCHEMA and saved["reader"] == "r"
    assert saved["entries"]["cloud/1/prediction"]["value"]["said"] == "42"


def test_a_record_of_a_newer_edition_is_not_changed(new_reader):
    """The page says so and works in memory, and after a reload the stored record is unchanged."""
    reader = new_reader(script=NO_PYTHON).open().saved()
    newer = {
        "schema": 99,
        "reader": "r",
        "future": [1],
        "entries": {"cloud/1/prediction": entry({"answer": "?"})},
    }
    reader.page.evaluate(STORE, newer)
    reader.reload()
    for _ in range(2):
        expect(reader.status()).to_contain_text("newer edition")
        reader.commit(42)
        expect(reader.status()).to_contain_text("Not saved")
        assert reader.page.evaluate(STORED) == newer
        reader.reload()
    expect(reader.page.get_by_label("Reduction in total training FLOPs")).to_be_visible()


def test_an_invalid_entry_does_not_affect_the_others(new_reader):
    """Readable entries of a damaged record are kept and shown; the whole record is put aside for export."""
    reader = new_reader(script=NO_PYTHON).open().saved()
    damaged = record({"cloud/1/prediction": predicted(42, "42 %"), "cloud/1/reflection": ["my thesis"]})
    reader.page.evaluate(STORE, damaged)
    reader.reload()
    expect(reader.locator("[data-lock-answer='1']")).to_contain_text("42 %")
    expect(reader.status()).to_contain_text("could not be read")
    with reader.page.expect_download() as transfer:
        reader.page.get_by_role("button", name="Export what could not be read").click()
    with open(transfer.value.path(), encoding="utf-8") as file:
        assert json.load(file) == damaged


def test_a_report_can_be_imported_as_a_record(new_reader):
    """A Markdown report restores the work; it replaces another reader's work only after a question."""
    entries = {"cloud/1/prediction": predicted(42, "42 %")}
    text = report_markdown(Ledger(record(entries)))
    reader = new_reader(script=NO_PYTHON).open()
    choose(reader, "Import a file", "report.md", text)
    expect(reader.locator("[data-lock-answer='1']")).to_contain_text("42 %")
    other = report_markdown(Ledger(record({"cloud/1/prediction": predicted(77, "77 %")}, reader="other")))
    for answer, shows in (("Cancel", "42 %"), ("Replace", "77 %")):
        choose(reader, "Import a file", "report.md", other)
        reader.answer(answer)
        expect(reader.locator("[data-lock-answer='1']")).to_contain_text(shows)


# -- map and synthesis -------------------------------------------------------------------------------------


def test_the_map_shows_the_state_of_each_part(new_reader):
    """The state is "not started", "predicted", "evidence", "checkpoint" or "decided", for the track that is shown."""
    contents = {
        "prediction": predicted(),
        "evidence": captured(),
        "settings": SETTINGS,
        "reflection": "Because.",
    }
    steps = [
        ("prediction", "predicted"),
        ("evidence", "evidence"),
        ("reflection", "checkpoint"),
        ("decision", "decided"),
    ]
    entries = {}
    reader = reader_with_entries(new_reader, {"track": "cloud"})
    expect(reader.locator("[data-map='1']")).to_contain_text("not started")
    for name, words in steps:
        entries[f"cloud/1/{name}"] = contents.get(name, "We ship 0.8.")
        entries["cloud/1/settings"] = SETTINGS
        reader.page.evaluate(STORE, record(entries))
        reader.reload()
        expect(reader.locator("[data-map='1'] [data-map-state]")).to_have_text(words)
        expect(reader.locator("[data-map='2'] [data-map-state]")).to_have_text("not started")
    reader.choose_track("Edge Guardian")
    expect(reader.locator("[data-map='1'] [data-map-state]")).to_have_text("not started")


def test_only_visible_time_is_counted(new_reader):
    """Time counts for the part in view, is shown next to the card's 15 and 45, and stops while the page is hidden."""
    reader = new_reader(script=NO_PYTHON)
    reader.page.clock.install()
    reader.open().page.clock.run_for(130_000)
    expect(reader.locator("[data-map='1'] [data-map-time]")).to_have_text("2 of 15 min")
    expect(reader.locator("[data-map-total]")).to_contain_text("2 of 45 minutes")
    reader.page.evaluate(
        "() => Object.defineProperty(document, 'visibilityState', {get: () => 'hidden', configurable: true})"
    )
    reader.page.clock.run_for(300_000)
    reader.page.evaluate("() => { delete document.visibilityState; }")
    reader.page.clock.run_for(61_000)
    expect(reader.locator("[data-map='1'] [data-map-time]")).to_have_text("3 of 15 min")
    reader.locator(".parts a[data-go-part='2']").click()
    reader.page.clock.run_for(61_000)
    expect(reader.locator("[data-map='2'] [data-map-time]")).to_have_text("1 of 15 min")


def test_the_synthesis_uses_only_captured_evidence(new_reader):
    """A takeaway needs all its numbers; the bill names what is missing and adds up the rest."""
    part_1 = captured(
        reveal__prediction=0.3,
        reveal__measured=0.59,
        reveal__gap=0.29,
        scale__dollars_after=1000,
        scale__indexing_dollars=10,
        scale__dollars_saved=500,
        removed__words_share=0.5,
    )
    entries = {"cloud/1/prediction": predicted(), "cloud/1/evidence": part_1, "cloud/1/settings": SETTINGS}
    reader = reader_with_entries(new_reader, entries)
    synthesis = reader.locator("[data-synthesis]")
    expect(synthesis.get_by_role("listitem").filter(has_text="You expected")).to_contain_text(
        re.compile(r"59\.0 %")
    )
    expect(synthesis.get_by_text("At your threshold")).to_be_hidden()
    panels = reader.locator("[data-synthesis-evidence] .panel")
    expect(panels).to_have_text(
        [re.compile("current"), re.compile("Missing: not begun"), re.compile("Missing: not begun")]
    )
    total = reader.locator("[data-synthesis-costs] .total")
    expect(total).to_contain_text("Sum so far, without labelling project, real and synthetic samples")
    expect(total).to_contain_text("$1,010")
    entries |= {
        "cloud/2/prediction": predicted({"direction": "fewer", "prediction": 2}),
        "cloud/2/evidence": captured(marker__cost=90, run__stop_cost=7),
        "cloud/3/prediction": predicted({"direction": "falls", "prediction": 9}),
        "cloud/3/evidence": captured(cost__total=400),
    }
    reader.page.evaluate(STORE, record(entries))
    reader.reload()
    expect(total).to_have_text(re.compile(r"^Total.*\$1,500"))
    reader.choose_track("Edge Guardian")
    expect(synthesis.get_by_text("Nothing yet")).to_be_visible()
    expect(synthesis.get_by_text("wall of hard negatives")).to_be_visible()


def test_the_decision_is_saved_for_each_track(new_reader):
    """The four fields are saved for their track, are there after a reload, and are part of the report."""
    reader = reader_with_entries(new_reader, {"cloud/1/prediction": predicted()})
    for name in ("decision", "alternative", "overturn", "risk"):
        reader.locator(f"#synthesis-{name}").fill(f"{name}: {ATTACK}")
        reader.locator(f"#synthesis-{name}").blur()
        expect(reader.locator(f"[data-entry-saved='synthesis/{name}']")).to_have_text("saved")
    expect(reader.locator("[data-map='synthesis']")).to_contain_text("decided")
    reader.choose_track("Tiny Pioneer")
    expect(reader.locator("#synthesis-decision")).to_have_value("")
    reader.choose_track("Cloud Titan").reload()
    expect(reader.locator("#synthesis-risk")).to_have_value(f"risk: {ATTACK}")
    _, text = download(reader, "As Markdown")
    assert Ledger.from_text(ledger_text(text)).get("cloud", "synthesis", "overturn") == f"overturn: {ATTACK}"
    assert "Final strategy: missing" not in text
    assert reader.page.evaluate("() => globalThis.hacked") is None


def test_map_synthesis_and_report_fit_a_phone(new_reader):
    """At 360 pixels nothing overflows sideways."""
    part = captured(reveal__prediction=0.3, reveal__measured=0.59, reveal__gap=0.29, scale__dollars_after=1e9)
    reader = new_reader(script=NO_PYTHON, viewport={"width": 360, "height": 740}).open().saved()
    reader.page.evaluate(STORE, record({"cloud/1/prediction": predicted(), "cloud/1/evidence": part}))
    reader.reload()
    download(reader, "As Markdown")
    assert reader.page.evaluate("() => document.documentElement.scrollWidth") <= 360
