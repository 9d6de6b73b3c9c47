"""RELIABILITY.md has every test of a fault, the numbers of the runs, and says what was not run."""

import json

from tools import mutants, reliability

TEXT = reliability.PAGE.read_text("utf-8")


def test_the_page_names_every_test_of_a_fault():
    """Each test of the listed files is in the committed page, and each test in the page exists."""
    sentences = [
        s for names in reliability.FAULTS.values() for name in names for s in reliability.tests_of(name)
    ]
    faults = TEXT.partition("## Faults that have a test")[2]
    listed = [line.removeprefix("- ") for line in faults.split("\n") if line.startswith("- ")]
    assert sorted(listed) == sorted(sentences), "run: python build.py reliability"


def test_what_was_not_run_is_named(tmp_path):
    """Without results, each section says that it was not run, and with what command it is."""
    assert (
        "Not run here" in reliability.inputs(None)[0] and "Not run here" in reliability.interactions(None)[0]
    )
    rest = reliability.mutants({"modules": {}}, mutants.TESTS)
    assert len(rest) == 1 and all(name in rest[0] for name in mutants.TESTS)


def test_survivors_are_named(tmp_path):
    """A survivor is listed with its place and its change, and a module that was not tried is named."""
    survivor = {"line": 7, "before": "a < b", "after": "a <= b", "operator": "x"}
    result = {"possible": 9, "tried": 3, "caught": 2, "date": "2026-12-01", "survivors": [survivor]}
    (tmp_path / ".build").mkdir()
    (tmp_path / ".build" / "mutants.json").write_text(json.dumps({"modules": {"knee": result}}))
    text = "\n".join(reliability.mutants(reliability.result("mutants", tmp_path), ["knee", "lsh"]))
    assert (
        "2 of 3 tried mutants" in text
        and "knee, line 7: `a < b` → `a <= b`" in text
        and "Not run here: lsh" in text
    )


def test_a_result_of_another_machine_remains(tmp_path):
    """Without a result here, the section of the page stays as it is; with one, it is written again."""
    (tmp_path / "RELIABILITY.md").write_text(
        "## Inputs\n\n7 cases.\n\nCorpora have\n\n## Mutants\n\n3 of 3.\n\n## Rules\n"
    )
    assert reliability.section("Inputs", None, reliability.inputs, tmp_path)[2] == "7 cases."
    assert reliability.section("Mutants", None, lambda _: ["none"], tmp_path)[2] == "3 of 3."
    assert reliability.section("Mutants", {}, lambda _: ["new"], tmp_path)[2] == "new"
