"""Agrees, disagrees, not compared: a failed check or another edition never counts against a report."""

import json
from dataclasses import replace

import numpy as np
import pytest

from dataselect_core.figures.deduplication import figures as deduplication
from dataselect_core.ledger import Ledger, engine_trial, verify
from dataselect_core.ledger.answers import Unanswered, answers
from dataselect_core.ledger.check import Question, questions
from dataselect_core.ledger.check_pool import recomputed

SETTINGS = {
    "corpus": "licences",
    "threshold": 0.7,
    "width": 5,
    "num_perm": 16,
    "seed": 1,
    "banding": "auto",
    "bands": 1,
    "rows": 1,
    "compute": "operations",
}
ENGINE = {"python": "3.13.2", "numpy": "2.2.5", "platform": "emscripten 4.0.9 wasm32"}


def ledger(lab="0.1.0", settings=SETTINGS, prediction=30.0, **changes):
    """The record of a reader who captured part 1 of the cloud track; `changes` map values of figures, by path."""
    found = deduplication.recompute("cloud", SETTINGS, {}, 30.0)
    values = {path: value.as_dict() for path, value in found.values.items()}
    for path, change in changes.items():
        path = path.replace("__", ".")
        values[path] = {**values[path], "value": change(values[path]["value"])}
    evidence = {
        "lab": lab,
        "engine": ENGINE,
        "settings": settings,
        "assumptions": {},
        "values": values,
        "cases": found.cases,
    }
    entries = {"cloud/1/prediction": {"value": prediction, "said": "30 %"}, "cloud/1/evidence": evidence}
    record = {
        "schema": 3,
        "lab": lab,
        "reader": "r1",
        "entries": {key: {"value": value, "at": 1} for key, value in entries.items()},
    }
    return Ledger(json.loads(json.dumps(record)))


def verdicts(record):
    """The verdicts on the figures of a record, and the notes of those that do not agree."""
    made = verify(record)
    return {check.agrees for check in made}, {check.note for check in made if not check.agrees}


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError(), "too little memory"),
        (FileNotFoundError("corpus.zip"), "the lab's own data are missing"),
        (RuntimeError("boom"), "the check itself failed: RuntimeError: boom"),
        (ZeroDivisionError("boom"), "the check itself failed"),
        (KeyError("boom"), "the check itself failed"),
        (OSError(5, "Input/output error"), "the check itself failed"),
    ],
)
def test_a_failure_of_the_check_is_no_fault_of_the_report(monkeypatch, error, says):
    """If memory runs out, data are missing or the lab has a bug, nothing disagrees, and the note gives the cause."""
    record = ledger()

    def fails(*given):
        raise error
        yield

    monkeypatch.setattr(deduplication, "recompute_stepwise", fails)
    found, notes = verdicts(record)
    assert found == {None} and len(notes) == 1 and says in notes.pop()


def test_an_error_that_numpy_raises_in_our_code_is_ours(monkeypatch):
    """A ValueError from shapes that do not fit is a failure; a ValueError that the lab raises itself is a refusal."""
    record = ledger()

    def fails(*given):
        yield "Adding", 0.5
        np.ones(2) + np.ones(3)

    with monkeypatch.context() as patched:
        patched.setattr(deduplication, "recompute_stepwise", fails)
        assert verdicts(record)[0] == {None}
    found, notes = verdicts(ledger(settings={**SETTINGS, "corpus": "web"}))
    assert found == {False} and "corpus must be" in notes.pop()


@pytest.mark.parametrize("part", ["1", "2", "3"])
@pytest.mark.parametrize("prediction", ["many", {"direction": "up"}, 7])
@pytest.mark.parametrize("settings", [{}, {"seed": "x"}, {"seed": -1}])
def test_what_no_page_asks_is_refused(part, prediction, settings):
    """Missing settings, other types and predictions of another form are refused, in every part."""
    *_, answer = answers(Question("cloud", part, settings, {}, prediction))
    assert isinstance(answer, Unanswered) and answer.refused


def test_another_edition_and_another_numpy_explain_a_difference(monkeypatch):
    """A differing figure from another edition is not compared, with what to install; nor if random draws differ."""
    other = {"removed__words": lambda value: value + 1}
    assert verdicts(ledger(**other))[0] == {True, False}
    found, notes = verdicts(ledger(lab="0.0.9", **other))
    assert found == {True, None} and "install dataselect_core-0.0.9-py3-none-any.whl" in notes.pop()
    assert verdicts(ledger(lab="0.0.9"))[0] == {True}  # without differences all agree
    engine_trial.usual.cache_clear()
    monkeypatch.setattr(engine_trial, "draws", lambda: (1, 2, 3))
    try:
        found, notes = verdicts(ledger(**other))
    finally:
        engine_trial.usual.cache_clear()
    assert found == {True, None} and "draws other random numbers" in notes.pop()


def test_the_last_digits_may_be_another_processors(monkeypatch):
    """A difference of 1e-8 from another engine is not compared; one of 1e-6, or from this engine, disagrees."""
    assert verdicts(ledger(removed__words_share=lambda value: value * (1 + 1e-8)))[0] == {True, None}
    assert verdicts(ledger(removed__words_share=lambda value: value * (1 + 1e-6)))[0] == {True, False}
    monkeypatch.setattr("dataselect_core.ledger.check.engine", lambda: ENGINE)
    assert verdicts(ledger(removed__words_share=lambda value: value * (1 + 1e-8)))[0] == {True, False}


def test_this_numpy_draws_what_the_lab_is_built_with():
    """The expected draws hold here, and other seeds would give others."""
    assert engine_trial.usual() and engine_trial.draws() != engine_trial.USUAL[1:]


def test_a_process_that_dies_ends_no_other_check(tmp_path, monkeypatch):
    """If a worker is killed, its questions are tried alone and then not compared; the others are answered."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os\n"
        "import dataselect_core.ledger.answers as a\n"
        "import dataselect_core.ledger.check_pool as p\n"
        "true = a.answers\n"
        "def answers(question):\n"
        "    if question.settings['seed'] == 13: os._exit(9)\n"
        "    yield from true(question)\n"
        "p.answers = answers\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{__import__('os').environ.get('PYTHONPATH', '')}")
    (asked,) = questions(ledger())
    dying = replace(asked, settings={**SETTINGS, "seed": 13})
    found = dict(recomputed([asked, dying], 2))
    assert set(found) == {asked.key, dying.key} and not isinstance(found[asked.key], Unanswered)
    assert "has died" in found[dying.key].why and not found[dying.key].refused
