"""The command that checks reports: every figure of every file, a table of them, and a reliable exit status."""

import argparse
import csv
import json
import platform
import sys

import numpy as np
import pytest

from dataselect_core.cli import verify as verify_command
from dataselect_core.figures.deduplication import figures as deduplication
from dataselect_core.ledger import Ledger, report_html, report_markdown

SETTINGS = {
    "corpus": "licences",
    "threshold": 0.7,
    "width": 5,
    "num_perm": 32,
    "seed": 1,
    "banding": "auto",
    "bands": 1,
    "rows": 1,
    "compute": "operations",
}

ENGINE = {"python": "3.13.2", "numpy": "2.2.5", "platform": "emscripten 4.0.9 wasm32"}


def entry(value):
    return {"value": value, "at": 1_700_000_000_000}


def ledger(student="7b-12", prediction=30.0, threshold=0.7, **changes):
    """The record of a reader who captured part 1 of the cloud track; `changes` replace values by path."""
    settings = {**SETTINGS, "threshold": threshold}
    findings = deduplication.recompute("cloud", settings, {}, prediction)
    figures = {path: value.as_dict() for path, value in findings.values.items()}
    for path, value in changes.items():
        figures[path.replace("__", ".")]["value"] = value
    return Ledger(
        {
            "schema": 3,
            "lab": "0.1.0",
            "reader": "r1",
            "student": student,
            "entries": {
                "cloud/1/prediction": entry({"value": prediction, "said": "30 %"}),
                "cloud/1/evidence": entry(
                    {
                        "lab": "0.1.0",
                        "engine": ENGINE,
                        "settings": settings,
                        "assumptions": {},
                        "values": figures,
                        "cases": findings.cases,
                    }
                ),
            },
        }
    )


@pytest.fixture(scope="module")
def genuine():
    """One genuine record."""
    return ledger()


def verify(tmp_path, *reports, options=()):
    """Run the command as the command line does; return (exit status, rows of its CSV as dictionaries)."""
    parser = argparse.ArgumentParser()
    verify_command.add_arguments(parser)
    table = tmp_path / "out" / "checked.csv"
    table.parent.mkdir(exist_ok=True)
    status = verify_command.run(
        parser.parse_args([*map(str, reports), "--csv", str(table), "--jobs", "1", *options])
    )
    with open(table, encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return status, [row for row in rows if row["agrees"] != "passed over"]


def forms(folder, record):
    """The same report in its three forms."""
    texts = {"a.md": report_markdown(record), "b.html": report_html(record), "c.json": record.to_text()}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def test_genuine_reports_agree_in_every_form(tmp_path, genuine, capsys):
    """For Markdown, HTML and JSON of a genuine record all figures agree and are in the table, with status 0."""
    status, rows = verify(tmp_path, *forms(tmp_path, genuine))
    evidence = genuine.get("cloud", "1", "evidence")
    figures, cases = evidence["values"], evidence["cases"]
    assert status == 0 and len(rows) == 3 * (len(figures) + len(cases)) + 2  # a bare record has no text
    assert {row["path"] for row in rows if row["kind"] == "case"} == {f"cases.{name}" for name in cases}
    assert tuple(rows[0]) == verify_command.COLUMNS
    assert {row["agrees"] for row in rows} == {"yes"} and {row["student"] for row in rows} == {"7b-12"}
    words = next(row for row in rows if row["path"] == "removed.words")
    assert float(words["claimed"]) == float(words["recomputed"]) == figures["removed.words"]["value"]
    captured_by = "lab 0.1.0, Python 3.13.2, NumPy 2.2.5, emscripten 4.0.9 wasm32"
    checked_by = f"lab 0.1.0, Python {platform.python_version()}, NumPy {np.__version__}, {sys.platform} {platform.machine()}"
    assert {(row["captured_by"], row["checked_by"]) for row in rows if row["kind"] != "text"} == {
        (captured_by, checked_by)
    }
    captured = capsys.readouterr()
    assert "not who made them" in captured.out and "[3/3]" in captured.err
    assert (
        f"{3 * len(figures)} of {3 * len(figures)} figures and {3 * len(cases)} of {3 * len(cases)} cases agree"
        in captured.out
    )
    assert f"Computed by {captured_by}.\nChecked by {checked_by}.\n" in captured.out


def test_one_changed_figure_fails_the_check(tmp_path, genuine, capsys):
    """One forged figure among genuine reports gives status 1, and only its row says no."""
    files = forms(tmp_path, genuine)
    forged = ledger(student="forger", removed__words_share=0.99)
    files[1].write_text(report_html(forged), encoding="utf-8")
    status, rows = verify(tmp_path, *files)
    disagreements = [row for row in rows if row["agrees"] == "no"]
    assert status == 1 and [(row["student"], row["path"]) for row in disagreements] == [
        ("forger", "removed.words_share")
    ]
    assert "claimed 0.99" in capsys.readouterr().out


def test_a_false_case_fails_the_check(tmp_path, genuine):
    """A report that calls a poor prediction close disagrees in that row and in the row of the case it left out."""
    evidence = genuine.get("cloud", "1", "evidence")
    cases = ["prediction-close" if case == "prediction-low" else case for case in evidence["cases"]]
    assert cases != evidence["cases"]
    entries = {**genuine.record["entries"], "cloud/1/evidence": entry({**evidence, "cases": cases})}
    (tmp_path / "a.json").write_text(
        Ledger({**genuine.record, "entries": entries}).to_text(), encoding="utf-8"
    )
    status, rows = verify(tmp_path, tmp_path / "a.json")
    disagreements = {
        row["path"]: (row["claimed"], row["recomputed"]) for row in rows if row["agrees"] == "no"
    }
    assert status == 1 and disagreements == {
        "cases.prediction-close": ("holds", ""),
        "cases.prediction-low": ("", "holds"),
    }


def test_small_figures_are_compared_relative_to_their_size(tmp_path):
    """A price of a fraction of a cent is compared relative to its size."""
    record = ledger()
    value = record.get("cloud", "1", "evidence")["values"]["curve.loss_change"]["value"]
    (tmp_path / "a.json").write_text(ledger(curve__loss_change=value + 1e-8).to_text(), encoding="utf-8")
    assert verify(tmp_path, tmp_path / "a.json")[0] == 1


def test_unreadable_and_hostile_files_are_counted_and_do_not_end_the_run(tmp_path, genuine, capsys):
    """Other files, broken records, scripts and invalid numbers each get a reason, and the genuine report is checked."""
    good = forms(tmp_path, genuine)[0]
    hostile = genuine.record | {"entries": {"<script>": entry(1)}}
    files = {
        "empty.md": b"",
        "picture.html": b"\x89PNG\xff\xfe",
        "other.md": b"# Homework",
        "broken.json": b"{",
        "nan.json": b'{"schema": 3, "lab": "0", "reader": "r", "entries": {"track": {"value": NaN, "at": 1}}}',
        "script.json": json.dumps(hostile).encode(),
        "newer.json": b'{"schema": 9, "entries": {}}',
        "nothing.json": json.dumps(genuine.record | {"entries": {}}).encode(),
        "deep.json": b'{"a":' * 99_999,
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    status, rows = verify(tmp_path, good, tmp_path / "absent.md", *(tmp_path / name for name in files))
    notes = {row["report"].rsplit("/", 1)[-1]: row["note"] for row in rows if not row["path"]}
    # A record without figures, of a student who handed in another, is passed over; nothing disagrees.
    assert status == 3 and set(notes) == {*files, "absent.md"} - {"nothing.json"} and all(notes.values())
    assert "newer edition" in notes["newer.json"] and "picture" in notes["picture.html"]
    assert all(row["agrees"] == "yes" for row in rows if row["path"])
    output = capsys.readouterr().out
    assert "9 could not be compared" in output and "contains no captured figures; another file" in output


@pytest.mark.parametrize(
    "change",
    [
        {"num_perm": 10**9},
        {"width": 10**6},
        {"seed": -1},
        {"threshold": 1e-9},
        {"num_perm": "128"},
        {"corpus": "../../etc/passwd"},
    ],
)
def test_settings_beyond_the_page_are_refused_without_computing(tmp_path, genuine, change):
    """A report cannot make the check compute more than the page's controls allow."""
    evidence = genuine.get("cloud", "1", "evidence")
    entries = {
        **genuine.record["entries"],
        "cloud/1/evidence": entry({**evidence, "settings": {**evidence["settings"], **change}}),
    }
    (tmp_path / "a.json").write_text(
        Ledger({**genuine.record, "entries": entries}).to_text(), encoding="utf-8"
    )
    status, rows = verify(tmp_path, tmp_path / "a.json")
    assert status == 1 and all("cannot be recomputed: ValueError" in row["note"] for row in rows)


def test_names_are_neither_formulas_nor_terminal_commands(tmp_path, capsys):
    """A student called =HYPERLINK(...) is plain text in a spreadsheet; escape sequences do not reach the terminal."""
    (tmp_path / "a.json").write_text(ledger(student='=HYPERLINK("x")\x1b[2J').to_text(), encoding="utf-8")
    status, rows = verify(tmp_path, tmp_path / "a.json")
    assert status == 0 and {row["student"][:2] for row in rows} == {"'="}
    assert "\x1b" not in capsys.readouterr().out


def test_each_file_of_folders_and_patterns_is_checked_once(tmp_path, genuine):
    """A folder is read with its subfolders, a pattern is resolved without a shell, and each file is checked once."""
    files = forms(tmp_path, genuine)
    folder, pattern = str(tmp_path), str(tmp_path / "*.md")
    assert verify_command.report_paths([folder, pattern, folder]) == [tmp_path, files[0]]
    with pytest.raises(ValueError, match="no reports"):
        verify_command.report_paths([str(tmp_path / "*.pdf")])
    status, rows = verify(tmp_path, tmp_path, pattern)
    assert status == 0 and {row["report"].rsplit("/", 1)[-1] for row in rows} == {"a.md", "b.html", "c.json"}


def test_the_table_never_overwrites_a_report(tmp_path, genuine):
    """If one of the reports is named as the CSV, it is refused before anything is written."""
    report = forms(tmp_path, genuine)[0]
    before = report.read_bytes()
    page = tmp_path / "b.html"
    for source, table in ((report, report), (tmp_path, page), (tmp_path, tmp_path / "b.csv")):
        with pytest.raises(ValueError, match="must not overwrite a report"):
            verify(tmp_path, source, options=("--csv", str(table)))
    assert report.read_bytes() == before and "ledger" in page.read_text("utf-8")


def test_reports_with_one_corpus_share_one_audit(tmp_path, monkeypatch):
    """Forty reports with the same corpus and seed need one audit, whatever their thresholds and predictions."""
    audits = []
    stepwise = deduplication.Audit.stepwise
    for number in range(40):
        text = ledger(f"s{number}", prediction=float(number), threshold=0.6 + 0.01 * (number % 20)).to_text()
        (tmp_path / f"{number}.json").write_text(text, encoding="utf-8")
    monkeypatch.setattr(deduplication, "_AUDITS", {})
    monkeypatch.setattr(
        deduplication.Audit, "stepwise", lambda *arguments: audits.append(1) or stepwise(*arguments)
    )
    status, rows = verify(tmp_path, tmp_path)
    assert status == 0 and len({row["report"] for row in rows}) == 40 and len(audits) == 1


def test_missing_data_of_the_lab_do_not_count_against_a_report(tmp_path, genuine, monkeypatch):
    """If the lab's own data are not installed, no figure is compared, and the note gives the cause."""
    monkeypatch.setenv("DATASELECT_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setattr(deduplication, "_AUDITS", {})
    status, rows = verify(tmp_path, forms(tmp_path, genuine)[0])
    assert status == 3 and {row["agrees"] for row in rows} == {"not compared", "yes"}  # its text agrees
    assert {row["note"].partition(":")[0] for row in rows} == {
        "",
        "the lab's own data are missing on this machine",
    }


def test_the_table_can_be_written_to_standard_output(tmp_path, genuine, capsys):
    """With - the CSV is the only text on standard output."""
    parser = argparse.ArgumentParser()
    verify_command.add_arguments(parser)
    path = forms(tmp_path, genuine)[0]
    assert verify_command.run(parser.parse_args([str(path), "--csv", "-", "--jobs", "1"])) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert rows and all(row["agrees"] == "yes" for row in rows)
