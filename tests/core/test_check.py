"""Reports contain the whole record, and every figure in them can be recomputed."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from dataselect_core.figures.deduplication import figures as deduplication
from dataselect_core.ledger import (
    Ledger,
    LedgerError,
    ledger_text,
    migrate,
    report_html,
    report_markdown,
    verify,
)
from dataselect_core.ledger.check import captured_by

SETTINGS = {
    "corpus": "licences",
    "threshold": 0.7,
    "width": 5,
    "num_perm": 64,
    "seed": 1,
    "banding": "auto",
    "bands": 1,
    "rows": 1,
    "compute": "operations",
}
HOSTILE = 'Because <script>alert("x")</script> `]|_* \n```\n| a | b |'


def entry(value):
    return {"value": value, "at": 1_700_000_000_000}


ENGINE = {"python": "3.13.2", "numpy": "2.2.5", "platform": "emscripten 4.0.9 wasm32"}


@pytest.fixture(scope="module")
def findings():
    """The core's findings for one setting."""
    return deduplication.recompute("cloud", SETTINGS, {}, 30.0)


@pytest.fixture(scope="module")
def figures(findings):
    """The figures for one setting, as a page would have captured them."""
    return {path: value.as_dict() for path, value in findings.values.items()}


@pytest.fixture
def ledger(figures, findings):
    """A record with one captured part and a reflection full of markup."""
    return Ledger(
        {
            "schema": 3,
            "lab": "0.1.0",
            "reader": "r1",
            "student": "7b-12",
            "entries": {
                "cloud/1/prediction": entry(
                    {"value": 30.0, "said": "Reduction: 30 %", "why": "a guess", "locked_at": "2026"}
                ),
                "cloud/1/evidence": entry(
                    {
                        "at": "2026",
                        "lab": "0.1.0",
                        "engine": ENGINE,
                        "settings": SETTINGS,
                        "assumptions": {},
                        "values": figures,
                        "cases": findings.cases,
                    }
                ),
                "cloud/1/reflection": entry(HOSTILE),
                "edge/1/prediction": entry({"value": 50.0, "said": "50 %"}),
            },
        }
    )


def test_every_figure_of_a_genuine_report_agrees(ledger):
    """All captured figures are recomputed from settings and seed alone."""
    checks = verify(ledger)
    assert len(checks) > 50 and all(check.agrees for check in checks)
    assert {(check.track, check.part) for check in checks} == {("cloud", "1")}


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values["removed.words"].update(value=values["removed.words"]["value"] + 1),
        lambda values: values["curve.loss_change"].update(value=values["curve.loss_change"]["value"] - 1e-6),
        lambda values: values["scale.dollars"].update(kind="measured"),
        lambda values: values["lsh.recall"].update(value=None),
        lambda values: values.update({"made.up": {"value": 1, "unit": "", "kind": "measured", "source": ""}}),
        lambda values: values.pop("check.guardrail.value"),
    ],
)
def test_verify_finds_a_changed_figure(ledger, change):
    """If a number or a kind is changed, or a figure is invented or left out, exactly that figure disagrees."""
    values = {path: dict(value) for path, value in ledger.get("cloud", "1", "evidence")["values"].items()}
    change(values)
    evidence = {**ledger.get("cloud", "1", "evidence"), "values": values}
    entries = {**ledger.record["entries"], "cloud/1/evidence": entry(evidence)}
    checks = verify(replace(ledger, record={**ledger.record, "entries": entries}))
    assert sum(not check.agrees for check in checks) == 1


def test_verify_finds_a_changed_case(ledger, findings):
    """A limit that is missed cannot be reported as met: both the claim and the hidden case are listed."""
    remaining_cases = [case for case in findings.cases if case not in ("guardrail-ok", "corpus-licences")]
    evidence = {
        **ledger.get("cloud", "1", "evidence"),
        "cases": [*remaining_cases, "guardrail-fails", "guardrail-fails"],
    }
    entries = {**ledger.record["entries"], "cloud/1/evidence": entry(evidence)}
    disagreements = [
        check for check in verify(Ledger({**ledger.record, "entries": entries})) if not check.agrees
    ]
    assert "guardrail-ok" in findings.cases and {check.kind for check in disagreements} == {"case"}
    assert [(check.path, check.claimed, check.recomputed) for check in disagreements] == [
        ("cases.guardrail-fails", "holds", None),
        ("cases.corpus-licences", None, "holds"),
        ("cases.guardrail-ok", None, "holds"),
    ]


def test_a_report_names_the_engine_of_its_figures(ledger):
    """A report shows the versions of lab, Python and NumPy and the platform next to the evidence, or "unknown"."""
    engine_line = "lab 0.1.0, Python 3.13.2, NumPy 2.2.5, emscripten 4.0.9 wasm32"
    assert captured_by(ledger) == {("cloud", "1"): engine_line}
    assert f"<p>Computed by {engine_line}.</p>" in report_html(
        ledger
    ) and "record schema 3" in report_markdown(ledger)
    older_record = migrate({**ledger.record, "schema": 2})
    assert "Computed by lab 0.1.0, an unknown engine." in report_markdown(Ledger(older_record))


@pytest.mark.parametrize(
    "settings", [{}, {**SETTINGS, "threshold": 7}, {**SETTINGS, "corpus": "web"}, {**SETTINGS, "width": "5"}]
)
def test_impossible_settings_disagree_with_a_reason(ledger, settings):
    """If the lab refuses the settings of a report, each figure fails, and the check goes on."""
    evidence = {**ledger.get("cloud", "1", "evidence"), "settings": settings}
    entries = {**ledger.record["entries"], "cloud/1/evidence": entry(evidence)}
    checks = verify(Ledger({**ledger.record, "entries": entries}))
    assert checks and not any(check.agrees for check in checks)
    assert all("cannot be recomputed" in check.note for check in checks)


def test_verify_reports_progress_and_accepts_only_a_ledger(ledger):
    """Progress names track and part; anything but a Ledger is a TypeError."""
    steps = []
    verify(ledger, lambda track, part: steps.append((track, part)))
    assert steps == [("cloud", "1")]
    with pytest.raises(TypeError, match="Ledger"):
        verify({})


def test_a_report_in_any_form_contains_the_record(ledger):
    """Markdown, HTML and JSON give back the same record."""
    for report in (report_markdown(ledger), report_html(ledger), ledger.to_text()):
        assert Ledger.from_text(ledger_text(report)) == ledger


def test_markdown_lists_captured_and_missing_items(ledger):
    """The Markdown has prediction, figures with kind and source, and a list of what each part lacks."""
    text = report_markdown(ledger)
    assert "Cloud Titan, Part 1: The Deduplication Audit" in text and "because: a guess" in text
    assert "Missing: captured evidence, a reflection." in text
    assert re.search(r"\| removed\.words\\?_share \| 0\.\d+ \|  \| measured \|", text)
    assert "Student: 7b-12" in text and "Final strategy: missing." in text


def test_markup_of_a_reader_is_shown_as_text(ledger):
    """A reflection can neither close the record's block nor run a script, in Markdown or HTML."""

    class Tags(HTMLParser):
        def __init__(self):
            super().__init__()
            self.tags = []

        def handle_starttag(self, tag, attrs):
            self.tags.append((tag, dict(attrs).get("type")))

    tags = Tags()
    tags.feed(report_html(ledger))
    assert [kind for tag, kind in tags.tags if tag == "script"] == ["application/json"]
    assert "<script>" not in report_markdown(ledger).split("```json ledger")[0]


def test_the_page_accepts_only_png_pictures():
    """A picture must be a PNG in base64; anything else is refused."""
    empty = Ledger({"schema": 3, "lab": "0.1.0", "reader": "r", "entries": {}})
    assert 'alt="ICR &lt;curve&gt;" src="data:image/png;base64,QUJD"' in report_html(
        empty, [("ICR <curve>", "QUJD")]
    )
    with pytest.raises(ValueError, match="base64"):
        report_html(empty, [("x", '"><script>')])
    assert "No prediction has been committed yet." in report_markdown(empty)


def test_a_text_without_a_record_is_refused():
    """A page or a text without a record, or one that is too large, is refused."""
    with pytest.raises(LedgerError, match="not a report"):
        ledger_text("# Something else")
    with pytest.raises(LedgerError, match="larger"):
        ledger_text("x" * 100_000_001)


def test_a_report_names_the_gap_and_the_binding_constraint(ledger, figures):
    """The report shows prediction next to measurement, and names the limit that is missed, or else the nearest one."""
    text = report_markdown(ledger)
    gap = abs(figures["reveal.measured"]["value"] - 0.3)
    measured = 100 * figures["reveal.measured"]["value"]
    assert f"Predicted 30.0 %, measured {measured:.1f} %: a gap of {100 * gap:.1f} percentage points." in text
    values = {
        "check.a.value": 0.9,
        "check.a.limit": 1,
        "check.b.value": 5,
        "check.b.limit": 10,
        "check.c.value": None,
        "check.c.limit": 1,
    }
    constraint_figures = {
        path: {"value": value, "unit": "", "kind": "measured", "source": ""} for path, value in values.items()
    }
    for cases, binding in (
        (["a-ok", "b-ok"], "a"),
        (["a-ok", "b-fails"], "b"),
        (["a-fails", "b-fails"], "b"),
    ):
        evidence = {"settings": {}, "values": constraint_figures, "cases": cases}
        entries = {"cloud/1/prediction": entry({"value": 1}), "cloud/1/evidence": entry(evidence)}
        record = {"schema": 3, "lab": "0.1.0", "reader": "r", "entries": entries}
        assert f"Binding constraint: {binding}." in report_markdown(Ledger(record))
