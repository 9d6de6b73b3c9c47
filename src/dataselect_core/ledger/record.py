"""The design ledger: what a reader predicted, saw, wrote and decided, as one versioned JSON record.

A record is a dictionary::

    {"schema": 3, "lab": "0.1.0", "reader": "…", "student": "…", "entries": {KEY: {"value": …, "at": ms}}}

`KEY` is `TRACK/PART/NAME`, such as `cloud/1/prediction`, or a single word for an entry that belongs to no track. `at`
is the time of the last change in milliseconds since 1970; of two copies of one entry the newer one counts. Records come
from browsers and files, so nothing in them is trusted before `validate` has checked it.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Self

from dataselect_core.facts import load
from dataselect_core.ledger import runtime
from dataselect_core.settings import PARTS
from dataselect_core.values import KINDS

_RULES = load("record")  # the page reads the same table
SCHEMA: int = _RULES["schema"]
TRACKS = tuple(load("tracks"))
MOST_BYTES: int = _RULES["most_bytes"]
MOST_REPORT_BYTES: int = _RULES["most_report_bytes"]  # with pictures; without them it has a few MB
MOST_ENTRIES: int = _RULES["most_entries"]
LATEST: int = _RULES["latest"]  # the year 2100, in milliseconds
KEY = re.compile(
    f"(?:{_RULES['word']}|(?:{'|'.join(TRACKS)})/(?:{'|'.join(PARTS)}|synthesis)/{_RULES['name']})"
)
PATH = re.compile(_RULES["path"])
TEXTS: dict[str, int] = _RULES["texts"]  # name of an entry -> its most characters
LENGTHS: dict[str, int] = _RULES["lengths"]
DEPTH: int = _RULES["depth"]
MOST_CASES: int = _RULES["most_cases"]
SESSION_CASES = tuple(_RULES["of_the_session"])
"""Cases in schema 2 that cannot be recomputed: they depend on what the reader did, not on a setting."""


class LedgerError(ValueError):
    """A record that cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Ledger:
    """A checked record at the current schema.

    Attributes
    ----------
    record : dict
        As described above.
    """

    record: dict[str, Any]

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a record from JSON text: checked, and migrated if it is older.

        Parameters
        ----------
        text : str
            At most 5 MB.

        Returns
        -------
        Ledger

        Raises
        ------
        LedgerError
            If it is not JSON, too large, from a newer edition, or not a record of this lab.
        """
        if not isinstance(text, str):
            raise TypeError(f"text must be a str, not {type(text).__name__}")
        if len(text) > MOST_BYTES:
            raise LedgerError(f"the record is larger than any record of this lab ({MOST_BYTES / 1e6:.0f} MB)")
        try:
            record = json.loads(text, parse_constant=_refuse_constant)
        except LedgerError:
            raise
        except (ValueError, RecursionError):
            raise LedgerError("the record is not JSON") from None
        return cls(migrate(record))

    def to_text(self) -> str:
        """The record as JSON text, the same for the same record."""
        return json.dumps(self.record, indent=1, sort_keys=True, ensure_ascii=False)

    def get(self, track: str, part: str, name: str, default: Any = None) -> Any:
        """The value of one entry."""
        return self.record["entries"].get(f"{track}/{part}/{name}", {}).get("value", default)

    def places(self) -> list[tuple[str, str]]:
        """(track, part) of everything the reader has predicted, in the lab's order."""
        return [
            (track, part)
            for track in TRACKS
            for part in "123"
            if self.get(track, part, "prediction") is not None
        ]

    def missing(self, track: str, part: str) -> list[str]:
        """What a part still lacks, in the words of a report."""
        labels = {"prediction": "a prediction", "evidence": "captured evidence", "reflection": "a reflection"}
        return [words for name, words in labels.items() if not self.get(track, part, name)]


def _refuse_constant(name):
    raise LedgerError(f"the record contains {name}, which is not a number in JSON")


# --- migrations: each takes a record of its schema to the next ---


def _from_1(record):
    """Schema 1 had no words for an answer, and did not record the edition that had captured the evidence."""
    entries = {}
    for key, entry in record["entries"].items():
        value = entry.get("value") if isinstance(entry, dict) else None
        name = key.rsplit("/", 1)[-1]
        if isinstance(value, dict) and name.startswith("prediction"):
            value = {"said": _prediction_text(value.get("value")), **value}
        if isinstance(value, dict) and name == "evidence":
            value = {"lab": record.get("lab") or "0.1.0", "assumptions": {}, **value}
        entries[key] = {**entry, "value": value} if isinstance(entry, dict) and "value" in entry else entry
    return {**record, "schema": 2, "lab": record.get("lab") or "0.1.0", "entries": entries}


def _from_2(record):
    """Schema 2 did not record the engine that had computed the evidence, and had cases that cannot be recomputed."""
    entries = {}
    for key, entry in record["entries"].items():
        value = entry.get("value") if isinstance(entry, dict) else None
        if isinstance(value, dict) and key.rsplit("/", 1)[-1] == "evidence":
            cases = value.get("cases", [])
            if isinstance(cases, list):
                cases = [case for case in cases if not (isinstance(case, str) and case in SESSION_CASES)]
            entry = {**entry, "value": {**value, "cases": cases, "engine": None}}
        entries[key] = entry
    return {**record, "schema": 3, "entries": entries}


def _prediction_text(value):
    if isinstance(value, dict):
        return "; ".join(f"{name} {item}" for name, item in value.items())
    return "" if value is None else f"{value}"


MIGRATIONS = {1: _from_1, 2: _from_2}


def migrate(record: dict[str, Any]) -> dict[str, Any]:
    """Bring a record to the current schema, and check it.

    Parameters
    ----------
    record : dict

    Returns
    -------
    dict
        A new record; the given one is unchanged.

    Raises
    ------
    LedgerError
        If it is not a record, comes from a newer edition, or is refused by `validate`.
    """
    if not isinstance(record, dict) or not isinstance(record.get("entries"), dict):
        raise LedgerError("this is not a record of the lab: it has no entries")
    schema = record.get("schema")
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise LedgerError(f"schema must be a whole number from 1 to {SCHEMA}, not {_short(schema)}")
    if schema > SCHEMA:
        raise LedgerError(
            f"the record comes from a newer edition of the lab (schema {_short(schema)};"
            f" this one reads up to schema {SCHEMA})"
        )
    while record["schema"] < SCHEMA:
        record = MIGRATIONS[record["schema"]](record)
    validate(record)
    return record


# --- checks ---


def validate(record: Any) -> None:
    """Check a record at the current schema.

    Raises
    ------
    LedgerError
        If anything is wrong; the message names the first error and its place.
    """
    if not isinstance(record, dict):
        raise LedgerError(f"a record must be an object, not {type(record).__name__}")
    if record.get("schema") != SCHEMA:
        raise LedgerError(f"schema must be {SCHEMA}, not {_short(record.get('schema'))}")
    for name in ("lab", "reader"):
        _text(name, record.get(name), LENGTHS[name])
    if record.get("student") is not None:
        _text("student", record["student"], LENGTHS["student"])
    entries = record.get("entries")
    if not isinstance(entries, dict):
        raise LedgerError("entries must be an object")
    if len(entries) > MOST_ENTRIES:
        raise LedgerError(f"entries must be at most {MOST_ENTRIES}, not {len(entries)}")
    for key, entry in entries.items():
        _entry(key, entry)


def _entry(key, entry):
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise LedgerError(f"{_short(key)} is not a key of a record")
    if not isinstance(entry, dict) or set(entry) != {"value", "at"}:
        raise LedgerError(f"{key} must have a value and a time, and nothing else")
    if not _number(entry["at"]) or not 0 <= entry["at"] <= LATEST:
        raise LedgerError(
            f"{key}: the time must be milliseconds from 1970 to 2100, not {_short(entry['at'])}"
        )
    value, name = entry["value"], key.rsplit("/", 1)[-1]
    if value is None:
        return
    if name in TEXTS:
        _text(key, value, TEXTS[name])
    elif name.startswith("prediction"):
        _prediction(key, value)
    elif name == "evidence":
        _evidence(key, value)
    elif name == "settings":
        _flat(key, value)
    elif name == "assumptions":
        _numbers(key, value)
    else:
        _plain(key, value, DEPTH)


def _prediction(key, value):
    if not isinstance(value, dict):
        raise LedgerError(f"{key} must be an object")
    _text(f"{key}.said", value.get("said", ""), LENGTHS["said"])
    _text(f"{key}.why", value.get("why", ""), LENGTHS["why"])
    _text(f"{key}.locked_at", value.get("locked_at", ""), LENGTHS["locked_at"])
    answer = value.get("value")
    if isinstance(answer, dict):
        _flat(f"{key}.value", answer)
    elif not _number(answer):
        _text(f"{key}.value", answer, LENGTHS["answer"])


def _evidence(key, value):
    if not isinstance(value, dict):
        raise LedgerError(f"{key} must be an object")
    _text(f"{key}.at", value.get("at", ""), LENGTHS["at"])
    _text(f"{key}.lab", value.get("lab", ""), LENGTHS["lab"])
    _engine(f"{key}.engine", value.get("engine"))
    _flat(f"{key}.settings", value.get("settings", {}))
    _numbers(f"{key}.assumptions", value.get("assumptions", {}))
    cases = value.get("cases", [])
    if not isinstance(cases, list) or not all(
        isinstance(case, str) and PATH.fullmatch(case) for case in cases
    ):
        raise LedgerError(f"{key}.cases must be a list of names")
    if len(cases) > MOST_CASES:
        raise LedgerError(f"{key}.cases must be at most {MOST_CASES}, not {len(cases)}")
    values = value.get("values", {})
    if not isinstance(values, dict) or len(values) > MOST_ENTRIES:
        raise LedgerError(f"{key}.values must be an object of at most {MOST_ENTRIES} figures")
    for path, figure in values.items():
        location = f"{key}.values.{_short(path)}"
        if not PATH.fullmatch(path):
            raise LedgerError(f"{location} is not a path of a figure")
        if not isinstance(figure, dict) or figure.get("kind") not in KINDS:
            raise LedgerError(f"{location} must have a kind: {', '.join(KINDS)}")
        if figure.get("value") is not None and not _number(figure["value"]):
            _text(location, figure["value"], LENGTHS["value"])
        for name in ("unit", "source"):
            _text(f"{location}.{name}", figure.get(name, ""), LENGTHS[name])
    if "settings" not in value:
        raise LedgerError(f"{key} must have the settings with which it was captured")


def _engine(location, value):
    """Check versions as `runtime.engine` returns them, or None if they are not known."""
    if value is None:
        return
    if not isinstance(value, dict) or set(value) != set(runtime.PARTS):
        raise LedgerError(f"{location} must be null or have {', '.join(runtime.PARTS)}, and nothing else")
    for name, version in value.items():
        _text(f"{location}.{name}", version, LENGTHS["version"])
        if not runtime.VERSION.fullmatch(version):
            raise LedgerError(f"{location}.{name} is not a version: {_short(version)}")


def _flat(location, value):
    """Check an object of numbers, truth values and short texts."""
    if not isinstance(value, dict) or len(value) > LENGTHS["names"]:
        raise LedgerError(f"{location} must be an object of at most {LENGTHS['names']} names")
    for name, item in value.items():
        if not isinstance(name, str) or len(name) > LENGTHS["name"]:
            raise LedgerError(f"{location} has a name that is too long")
        if not (item is None or isinstance(item, bool) or _number(item)):
            _text(f"{location}.{name}", item, LENGTHS["item"])


def _numbers(location, value):
    """Check assumptions: an object of numbers."""
    _flat(location, value)
    for name, item in value.items():
        if not _number(item):
            raise LedgerError(f"{location}.{name} must be a number")


def _plain(location, value, depth):
    """Check any JSON value of limited depth, with finite numbers and texts of limited length."""
    if depth == 0:
        raise LedgerError(f"{location} is nested too deeply")
    if isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str) or len(name) > LENGTHS["plain name"]:
                raise LedgerError(f"{location} has a name that is too long")
            _plain(location, item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _plain(location, item, depth - 1)
    elif not (value is None or isinstance(value, bool) or _number(value)):
        _text(location, value, LENGTHS["plain text"])


def _number(value):
    """Whether a value is a number that a figure can be: finite, and not a truth value."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return -1e300 < value < 1e300 if isinstance(value, int) else math.isfinite(value)


def _text(location, value, max_length):
    if not isinstance(value, str):
        raise LedgerError(f"{location} must be a text, not {type(value).__name__}")
    if len(value) > max_length:
        raise LedgerError(f"{location} must be at most {max_length} characters, not {len(value)}")


def _short(value):
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
