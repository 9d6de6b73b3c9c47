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
    findings = deduplication.recompute("cloud", SETTINGS, {}, 30.0)
    values = {path: value.as_dict() for path, value in findings.values.items()}
    for path, change in changes.items():
        path = path.replace("__", ".")
        values[path] = {**values[path], "value": change(values[path]["value"])}
    evidence = {
        "lab": lab,
        "engine": ENGINE,
        "settings": settings,
        "assumptions": {},
        "values": values,
        "cases": findings.cases,
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
    checks = verify(record)
    return {check.agrees for check in checks}, {check.note for check in checks if not check.agrees}


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "too little memory"),
        (FileNotFoundError("corpus.zip"), "the lab's own data are missing"),
        (RuntimeError("boom"), "the check itself failed: RuntimeError: boom"),
        (ZeroDivisionError("boom"), "the check itself failed"),
        (KeyError("boom"), "the check itself failed"),
        (OSError(5, "Input/output error"), "the check itself failed"),
    ],
)
def test_a_failure_of_the_check_does_not_count_against_the_report(monkeypatch, error, message):
    """If memory runs out, data are missing or the lab has a bug, nothing disagrees, and the note gives the cause."""
    record = ledger()

    def fails(*arguments):
        raise error
        yield

    monkeypatch.setattr(deduplication, "recompute_stepwise", fails)
    agreement, notes = verdicts(record)
    assert agreement == {None} and len(notes) == 1 and message in notes.pop()


def test_a_numpy_error_in_the_lab_is_a_failure_of_the_check(monkeypatch):
    """A ValueError from shapes that do not fit is a failure; a ValueError that the lab raises itself is a refusal."""
    record = ledger()

    def fails(*arguments):
        yield "Adding", 0.5
        np.ones(2) + np.ones(3)

    with monkeypatch.context() as patch:
        patch.setattr(deduplication, "recompute_stepwise", fails)
        assert verdicts(record)[0] == {None}
    agreement, notes = verdicts(ledger(settings={**SETTINGS, "corpus": "web"}))
    assert agreement == {False} and "corpus must be" in notes.pop()


@pytest.mark.parametrize("part", ["1", "2", "3"])
@pytest.mark.parametrize("prediction", ["many", {"direction": "up"}, 7])
@pytest.mark.parametrize("settings", [{}, {"seed": "x"}, {"seed": -1}])
def test_impossible_settings_and_predictions_are_refused(part, prediction, settings):
    """Missing settings, other types and predictions of another form are refused, in every part."""
    *_, answer = answers(Question("cloud", part, settings, {}, prediction))
    assert isinstance(answer, Unanswered) and answer.refused


def test_differences_from_another_edition_or_numpy_are_not_compared(monkeypatch):
    """A differing figure from another edition is not compared, with what to install; nor if random draws differ."""
    changes = {"removed__words": lambda value: value + 1}
    assert verdicts(ledger(**changes))[0] == {True, False}
    agreement, notes = verdicts(ledger(lab="0.0.9", **changes))
    assert agreement == {True, None} and "install dataselect_core-0.0.9-py3-none-any.whl" in notes.pop()
    assert verdicts(ledger(lab="0.0.9"))[0] == {True}  # without differences all agree
    engine_trial.usual.cache_clear()
    monkeypatch.setattr(engine_trial, "draws", lambda: (1, 2, 3))
    try:
        agreement, notes = verdicts(ledger(**changes))
    finally:
        engine_trial.usual.cache_clear()
    assert agreement == {True, None} and "draws other random numbers" in notes.pop()


def test_last_digits_from_another_engine_are_not_compared(monkeypatch):
    """A difference of 1e-8 from another engine is not compared; one of 1e-6, or from this engine, disagrees."""
    assert verdicts(ledger(removed__words_share=lambda value: value * (1 + 1e-8)))[0] == {True, None}
    assert verdicts(ledger(removed__words_share=lambda value: value * (1 + 1e-6)))[0] == {True, False}
    monkeypatch.setattr("dataselect_core.ledger.check.engine", lambda: ENGINE)
    assert verdicts(ledger(removed__words_share=lambda value: value * (1 + 1e-8)))[0] == {True, False}


def test_this_numpy_draws_the_expected_numbers():
    """The expected draws hold here, and other seeds would give others."""
    assert engine_trial.usual() and engine_trial.draws() != engine_trial.USUAL[1:]


def test_a_killed_process_does_not_affect_other_checks(tmp_path, monkeypatch):
    """If a worker is killed, its questions are tried alone and then not compared; the others are answered."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os\n"
        "import dataselect_core.ledger.answers as a\n"
        "import dataselect_core.ledger.check_pool as p\n"
        "original = a.answers\n"
        "def answers(question):\n"
        "    if question.settings['seed'] == 13: os._exit(9)\n"
        "    yield from original(question)\n"
        "p.answers = answers\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{__import__('os').environ.get('PYTHONPATH', '')}")
    (question,) = questions(ledger())
    dying = replace(question, settings={**SETTINGS, "seed": 13})
    results = dict(recomputed([question, dying], 2))
    assert set(results) == {question.key, dying.key} and not isinstance(results[question.key], Unanswered)
    assert "has died" in results[dying.key].reason and not results[dying.key].refused
