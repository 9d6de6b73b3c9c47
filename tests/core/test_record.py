"""The reader's record: read, migrated and checked, whatever a browser or a file contains."""

import json
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect_core.ledger import SCHEMA, Ledger, LedgerError, migrate, validate
from dataselect_core.ledger.runtime import engine


def entry(value, at=1_700_000_000_000):
    return {"value": value, "at": at}


def record(**entries):
    """A record with the current schema; keyword `cloud_1_prediction` stands for `cloud/1/prediction`."""
    by_key = {name.replace("__", "-").replace("_", "/"): value for name, value in entries.items()}
    return {"schema": SCHEMA, "lab": "0.1.0", "reader": "r1", "entries": by_key}


FIGURE = {"value": 0.5, "unit": "", "kind": "measured", "source": "here"}
ENGINE = {"python": "3.13.2", "numpy": "2.2.5", "platform": "emscripten 4.0.9 wasm32"}
EVIDENCE = {
    "at": "2026-11-23T10:00:00Z",
    "settings": {"threshold": 0.7},
    "values": {"removed.words": FIGURE},
    "cases": ["budget-ok"],
}


def test_a_written_record_is_read_unchanged():
    """A record written as text is read back as the same record, and writing it again gives the same text."""
    ledger = Ledger(record(cloud_1_prediction=entry({"value": 30, "said": "30 %"}), track=entry("cloud")))
    reread = Ledger.from_text(ledger.to_text())
    assert reread == ledger and reread.to_text() == ledger.to_text()


def test_places_are_in_the_order_of_the_lab_and_missing_lists_gaps():
    """Tracks and parts with a prediction are listed in the lab's order, with what each still lacks."""
    ledger = Ledger(
        record(
            tiny_1_prediction=entry({"value": 1}),
            cloud_1_prediction=entry({"value": 2}),
            cloud_1_evidence=entry(EVIDENCE),
        )
    )
    assert ledger.places() == [("cloud", "1"), ("tiny", "1")]
    assert ledger.missing("cloud", "1") == ["a reflection"]
    assert ledger.missing("tiny", "1") == ["captured evidence", "a reflection"]


def test_migrating_an_older_record_does_not_change_the_original():
    """Schema 1 gains the words of an answer and the edition of its evidence; the original record does not change."""
    old = {
        "schema": 1,
        "reader": "r",
        "entries": {
            "cloud/1/prediction": entry({"value": 30, "locked_at": "2026-11-01T00:00:00Z"}),
            "cloud/1/evidence": entry(EVIDENCE),
            "cloud/1/reflection": entry("why"),
        },
    }
    before = json.dumps(old)
    new = migrate(old)
    assert json.dumps(old) == before
    assert new["schema"] == SCHEMA and new["lab"] == "0.1.0"
    assert new["entries"]["cloud/1/prediction"]["value"]["said"] == "30"
    assert new["entries"]["cloud/1/evidence"]["value"]["assumptions"] == {}
    assert new["entries"]["cloud/1/reflection"]["value"] == "why"


def test_evidence_of_schema_2_has_an_unknown_engine_and_no_cases_of_the_session():
    """The engine is unknown whatever the old record says, and cases that nobody can recompute are removed."""
    cases = ["run-selects", "best-tried", "runs-left"]
    old = {**record(mobile_2_evidence=entry({**EVIDENCE, "cases": cases, "engine": ENGINE})), "schema": 2}
    evidence = migrate(old)["entries"]["mobile/2/evidence"]["value"]
    assert evidence["engine"] is None and evidence["cases"] == ["run-selects"]
    assert (
        evidence["values"] == EVIDENCE["values"]
        and old["entries"]["mobile/2/evidence"]["value"]["cases"] == cases
    )


def test_the_engine_of_this_python_is_valid_in_a_record():
    """Python, NumPy and platform are read from the running Python, in a form that the check of records accepts."""
    current_engine = engine()
    assert current_engine["python"] == sys.version.split()[0] and current_engine["numpy"] == np.__version__
    assert current_engine["platform"].split()[0] == sys.platform
    validate(record(cloud_1_evidence=entry({**EVIDENCE, "engine": current_engine})))


def test_a_newer_record_is_refused_with_advice():
    """A record from a later edition is named as such, not called broken."""
    with pytest.raises(LedgerError, match="newer edition"):
        migrate({**record(), "schema": SCHEMA + 1})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "no entries"),
        ("null", "no entries"),
        ('{"schema": 2}', "no entries"),
        ('{"schema": "2", "entries": {}}', "schema must be"),
        ('{"schema": true, "entries": {}}', "schema must be"),
        ('{"schema": 0, "entries": {}}', "schema must be"),
        (
            '{"schema": 3, "lab": "0", "reader": "r", "entries": {"cloud/1/prediction": {"value": NaN, "at": 1}}}',
            "NaN",
        ),
        ("[" * 100_000, "not JSON"),
        ("x" * 5_000_001, "larger"),
    ],
)
def test_an_invalid_record_is_refused_with_a_reason(text, message):
    """Broken, foreign, oversized or too deeply nested text raises one clear error."""
    with pytest.raises(LedgerError, match=message):
        Ledger.from_text(text)


def test_from_text_refuses_bytes():
    """Bytes are the caller's mistake, and raise a TypeError that says so."""
    with pytest.raises(TypeError, match="str"):
        Ledger.from_text(b"{}")


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"__proto__": entry(1)}, "not a key"),
        ({"cloud/9/prediction": entry({})}, "not a key"),
        ({"mars/1/prediction": entry({})}, "not a key"),
        ({"<script>": entry(1)}, "not a key"),
        ({"cloud/1/reflection": {"value": "x"}}, "a value and a time"),
        ({"cloud/1/reflection": {"value": "x", "at": 1, "run": "me"}}, "a value and a time"),
        ({"cloud/1/reflection": entry("x", -1)}, "time"),
        ({"cloud/1/reflection": entry("x", 1e300)}, "time"),
        ({"cloud/1/reflection": entry("x", True)}, "time"),
        ({"cloud/1/reflection": entry(5)}, "must be a text"),
        ({"cloud/1/reflection": entry("x" * 20_001)}, "at most 20000"),
        ({"cloud/1/prediction": entry(30)}, "must be an object"),
        ({"cloud/1/prediction": entry({"value": [1]})}, "must be a text"),
        ({"cloud/1/prediction": entry({"value": 1, "why": "x" * 201})}, "at most 200"),
        ({"cloud/1/prediction": entry({"value": {"direction": {}}})}, "must be a text"),
        ({"cloud/1/assumptions": entry({"gpu_hour_price": "2"})}, "gpu_hour_price must be a number"),
        ({"cloud/1/evidence": entry({"settings": {}, "assumptions": {"epochs": True}})}, "must be a number"),
        ({"cloud/1/evidence": entry([])}, "must be an object"),
        ({"cloud/1/evidence": entry({"values": {"<b>": FIGURE}})}, "not a path"),
        ({"cloud/1/evidence": entry({"values": {"a.b": {"value": 1, "kind": "guessed"}}})}, "kind"),
        ({"cloud/1/evidence": entry({"values": {"a.b": {**FIGURE, "value": [1]}}})}, "must be a text"),
        ({"cloud/1/evidence": entry({"values": 3})}, "values"),
        ({"cloud/1/evidence": entry({"cases": "x"})}, "cases"),
        ({"cloud/1/evidence": entry({"cases": ["<i>"]})}, "cases"),
        ({"cloud/1/evidence": entry({"cases": ["a"] * 201})}, "at most 200"),
        ({"cloud/1/evidence": entry({"lab": 7})}, "evidence.lab must be a text"),
        ({"cloud/1/evidence": entry({"lab": "x" * 101})}, "at most 100"),
        ({"cloud/1/evidence": entry({"engine": "CPython"})}, "engine must be null or have"),
        ({"cloud/1/evidence": entry({"engine": {}})}, "engine must be null or have"),
        ({"cloud/1/evidence": entry({"engine": {**ENGINE, "browser": "x"}})}, "engine must be null or have"),
        ({"cloud/1/evidence": entry({"engine": {**ENGINE, "python": 3.13}})}, "python must be a text"),
        ({"cloud/1/evidence": entry({"engine": {**ENGINE, "numpy": "2" * 61}})}, "at most 60"),
        ({"cloud/1/evidence": entry({"engine": {**ENGINE, "numpy": "<script>"}})}, "numpy is not a version"),
        (
            {"cloud/1/evidence": entry({"engine": {**ENGINE, "platform": "linux\n# x"}})},
            "platform is not a version",
        ),
        ({"cloud/1/settings": entry([])}, "at most 100 names"),
        ({"cloud/1/settings": entry({"threshold": 10**400})}, "must be a text"),
        ({"cloud/1/kept-runs": entry([[[[[[[[[[[[[1]]]]]]]]]]]]])}, "too deeply"),
        ({"cloud/1/kept-runs": entry({"x" * 201: 1})}, "too long"),
        (
            {f"cloud/1/kept-{'a' * 20}-{i}".replace("1", "1", 1): entry(1) for i in range(2001)},
            "at most 2000",
        ),
    ],
)
def test_a_hostile_entry_is_refused_and_named(entries, message):
    """Scripts as keys, wrong types, huge numbers and texts, and extra members are each refused with their place."""
    with pytest.raises(LedgerError, match=message):
        validate({"schema": SCHEMA, "lab": "0.1.0", "reader": "r", "entries": entries})


@pytest.mark.parametrize(
    "change",
    [{"lab": 3}, {"reader": None}, {"reader": "x" * 101}, {"student": 5}, {"entries": []}, {"schema": 1}],
)
def test_the_head_of_a_record_is_checked(change):
    """Edition, reader and student must be short texts, and entries an object."""
    with pytest.raises(LedgerError):
        validate({**record(), **change})


def test_a_record_must_be_an_object():
    """A list is refused."""
    with pytest.raises(LedgerError, match="object"):
        validate([])


def test_texts_of_a_reader_may_contain_anything():
    """Markup in a reflection is accepted like any other text, and an entry may have no value."""
    validate(
        record(cloud_1_reflection=entry("<script>alert(1)</script> ``` | _"), cloud_1_decision=entry(None))
    )


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    )
)
def test_any_input_is_a_record_or_a_ledger_error(thing):
    """Any input is either valid or raises a LedgerError."""
    for candidate in (
        thing,
        {"schema": SCHEMA, "lab": "0", "reader": "r", "entries": thing},
        {"schema": 1, "reader": "r", "entries": {"cloud/1/evidence": thing}},
        record(cloud_1_prediction=thing),
        record(edge_2_evidence=entry(thing)),
    ):
        try:
            migrate(candidate)
        except LedgerError:
            pass
