"""A short run of `tools/fuzz_inputs.py`, and its power: it finds faults that are put into the readers."""

import json

import pytest

from dataselect_core.ledger import report_diff, units
from tools import fetch, fuzz_inputs, lock

EVER = 10_000  # seconds: the number of cases ends a run here


@pytest.mark.parametrize(("kind", "cases"), [("report", 30), ("record", 60), ("address", 60), ("lock", 30)])
def test_no_case_fails(kind, cases):
    """The first cases of each kind give a result or a sentence, the right verdict, and no file outside."""
    number, outcomes, failures = fuzz_inputs.run([kind], 1, 0, cases, EVER)
    assert failures == [] and number == cases == sum(outcomes.values())
    assert len(outcomes) > 1  # both what is accepted and what is refused, or several verdicts


def test_the_fuzzer_finds_a_check_that_reads_too_little(monkeypatch):
    """If the check no longer compares texts, a forged report agrees and the run says so."""
    monkeypatch.setattr(report_diff, "_differences", lambda *_: [])
    _, _, failures = fuzz_inputs.run(["report"], 1, 0, 20, EVER)
    assert any(" agrees " in str(error) for _, error in failures)


def test_the_fuzzer_finds_a_check_that_compares_form(monkeypatch):
    """If wrapped lines are no longer joined, an honest report disagrees and the run says so."""
    monkeypatch.setattr(report_diff, "_rejoined", lambda units, extra, missing: (extra, missing))
    _, _, failures = fuzz_inputs.run(["report"], 1, 25, 12, EVER)
    assert any("an honest report disagrees" in str(error) for _, error in failures)


def test_the_fuzzer_finds_a_reader_that_throws(monkeypatch):
    """An error of the check's own code fails the case, though `verify` only reports it."""
    monkeypatch.setattr(units.re, "split", lambda *_: 1 / 0)
    _, _, failures = fuzz_inputs.run(["report"], 1, 0, 10, EVER)
    assert failures


@pytest.mark.parametrize("place", ["said", "why", "locked_at"])
def test_the_page_refuses_null_where_the_core_does(place, tmp_path):
    """A null in place of a text of a prediction is refused by the page as by the core, and a missing one is accepted."""
    page = fuzz_inputs.Page(tmp_path)
    record = {
        "schema": 3,
        "lab": "1",
        "reader": "r",
        "entries": {"cloud/1/prediction": {"at": 1, "value": {"value": 1}}},
    }
    assert page.ask({"record": record})["accepted"]
    record["entries"]["cloud/1/prediction"]["value"][place] = None
    assert page.ask({"record": record})["accepted"] is False
    page.close()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"file": "../../outside.js"}, "is not the name of a file"),
        ({"file": "/etc/hosts"}, "is not the name of a file"),
        ({"sha256": "../x"}, "64 hexadecimal digits"),
        ({"size": -1}, "number of bytes"),
        ({"sources": []}, "must have sources"),
        ({"sources": [{"url": "file:///etc/hosts"}]}, "must have sources"),
        ({"version": None}, "has no version"),
    ],
)
def test_a_lock_that_leaves_its_folder_is_refused(change, words, tmp_path):
    """A lock with a path for a file name, a wrong hash, size or source is refused before anything is fetched."""
    content = lock.load()
    name = next(iter(content["files"]))
    content["files"][name] |= change
    (tmp_path / "lock.json").write_text(json.dumps(content))
    with pytest.raises(fetch.FetchError, match=words) as failure:
        lock.load(tmp_path / "lock.json")
    assert name in str(failure.value) and "lock.json" in str(failure.value)


def test_the_page_listens_to_no_host_page():
    """No script of the page listens for messages of other windows, so a page around it can send it nothing."""
    shell = fuzz_inputs.ROOT / "site" / "shell"
    listening = {
        path.name: [
            line.strip()
            for line in path.read_text("utf-8").split("\n")
            if '"message"' in line or "onmessage" in line
        ]
        for path in shell.glob("*.js")
    }
    own = {  # a worker, the service worker, and the channel between tabs: all of the page's own origin
        "boot.js": "worker.onmessage = ",
        "offline.js": 'workers().addEventListener("message", heard);',
        "store.js": "channel.onmessage = hearInTurn;",
        "sw.js": 'worker.addEventListener("message", ',
        "worker.js": "self.onmessage = ",
    }
    found = {name: lines for name, lines in listening.items() if lines}
    assert set(found) == set(own)
    for name, lines in found.items():
        assert len(lines) == 1 and own[name] in lines[0]
