"""Recomputation in several processes: the same answers in the same order, whatever their number."""

import argparse
from multiprocessing import active_children

import pytest

from dataselect_core.cli import verify
from dataselect_core.figures.domain_gap import figures
from dataselect_core.ledger import Ledger
from dataselect_core.ledger.check import Question, answers
from dataselect_core.ledger.check_pool import _parcels as parcels
from dataselect_core.ledger.check_pool import processors, recomputed
from dataselect_core.values import Findings

AUDIT = {
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
LABELS = {
    "strategy": "margin",
    "batch": 20,
    "data": "digits",
    "initial": 20,
    "budget": 60,
    "seed": 1,
    "seeds": 1,
    "test_share": 0.3,
}
RUN = {f"active.{name}": value for name, value in LABELS.items() if name != "data"} | {
    "active.number": 1,
    "active.labels": 60,
}
MIX = {
    "synthetic": 40,
    "randomisation": 0.5,
    "total": 200,
    "real": 300,
    "rain": "record",
    "wet_share": 43,
    "simulator_rain": "no",
    "label_noise": 0,
    "seed": 1,
    "seeds": 2,
    "noise": 5,
    "map": "track",
}
FALLS, FEWER = {"direction": "falls", "prediction": 9}, {"direction": "fewer", "prediction": 2}


@pytest.fixture(autouse=True)
def empty_caches(monkeypatch):
    """Forget what other tests computed with smaller experiments; fresh processes would not have it either."""
    for cache in ("_runs", "_experiments"):
        monkeypatch.setattr(figures, cache, {})


def questions():
    """Questions from all three parts, one of them twice, and one that cannot be answered."""
    audits = [
        Question("cloud", "1", {**AUDIT, "threshold": threshold}, {}, 30) for threshold in (0.7, 0.8, 0.7)
    ]
    return [
        *audits,
        Question("edge", "2", {**LABELS, **RUN}, {}, FEWER),
        Question("tiny", "3", MIX, {}, FALLS),
        Question("tiny", "3", {**MIX, "total": 10**9}, {}, FALLS),
    ]


def report(folder, name, captured_questions, **changes):
    """A report that captured the answers to these questions; `changes` replace values by path."""
    entries = {}
    for question in captured_questions:
        *_, findings = answers(question)
        values = {path: value.as_dict() for path, value in findings.values.items()}
        values = {path: {**value, "value": as_json(value["value"])} for path, value in values.items()}
        for path, value in changes.items():
            values[path.replace("__", ".")]["value"] = value
        prefix = f"{question.track}/{question.part}"
        entries[f"{prefix}/prediction"] = {"value": {"value": question.prediction, "said": "x"}, "at": 1}
        entries[f"{prefix}/evidence"] = {
            "value": {
                "settings": question.settings,
                "assumptions": {},
                "values": values,
                "cases": findings.cases,
                "engine": None,
            },
            "at": 1,
        }
    record = {"schema": 3, "lab": "0.1.0", "reader": name, "entries": entries}
    (folder / f"{name}.json").write_text(Ledger(record).to_text(), encoding="utf-8")


def as_json(value):
    """A number as it is in JSON."""
    return value.item() if hasattr(value, "item") else value


def test_the_answers_do_not_depend_on_the_number_of_processes():
    """Two processes give each question the same answer as one process, also if the answer is a refusal."""
    single, double = (list(recomputed(questions(), jobs)) for jobs in (1, 2))
    assert len(single) == len(double) == 5 and dict(single) == dict(double)
    double = dict(double)
    assert sum(isinstance(answer, Findings) for answer in double.values()) == 4
    assert "total must be" in double[questions()[-1].key].reason


def test_table_summary_progress_and_status_are_the_same_for_every_number_of_processes(tmp_path, capsys):
    """Genuine, forged and broken reports give the same output, byte for byte, with one, two and three processes."""
    reports = tmp_path / "reports"
    reports.mkdir()
    one, two, _, run, mix, _ = questions()
    report(reports, "a", [one, run, mix])
    report(reports, "b", [two], removed__words=7)
    report(reports, "c", [one])
    (reports / "d.json").write_text("{")
    parser, results = argparse.ArgumentParser(), set()
    verify.add_arguments(parser)
    for jobs in ("1", "2", "3"):
        table = tmp_path / "table.csv"
        status = verify.run(parser.parse_args([str(reports), "-o", str(table), "--jobs", jobs]))
        results.add((status, table.read_bytes(), *capsys.readouterr()))
    assert len(results) == 1
    status, table, out, err = results.pop()
    assert (
        status == 1
        and table.count(b",no,") == table.count(b",not compared,") == 1
        and [line[:5] for line in err.splitlines()] == ["[1/4]", "[2/4]", "[3/4]", "[4/4]"]
    )
    assert "DISAGREES" in out and "NOT COMPARED" in out


def test_questions_with_one_corpus_share_a_process():
    """Questions with the same corpus go to one process unless others would be idle; none is lost or repeated."""
    class_of_two = [
        Question("cloud", "1", {**AUDIT, "seed": seed, "threshold": threshold}, {}, 30)
        for threshold in (0.6, 0.7)
        for seed in range(20)
    ]
    groups = parcels(class_of_two * 2, 2)
    assert len(groups) == 20 and sum(map(len, groups)) == 40
    assert all(len({question.settings["seed"] for question in parcel}) == 1 for parcel in groups)
    related = [Question("tiny", "3", {**MIX, "synthetic": share}, {}, FALLS) for share in range(40)]
    groups = parcels(related, 2)
    assert len(groups) == 8 and sorted(
        question.settings["synthetic"] for parcel in groups for question in parcel
    ) == list(range(40))


def test_an_interruption_ends_the_other_processes():
    """After Ctrl-C during the work, no other process is left."""
    long = [Question("tiny", "3", {**MIX, "seed": seed, "seeds": 20}, {}, FALLS) for seed in range(40)]
    work = recomputed([questions()[0], *long], 2)
    next(work)
    workers = active_children()
    assert len(workers) == 2
    with pytest.raises(KeyboardInterrupt):
        work.throw(KeyboardInterrupt())
    assert active_children() == [] and all(
        worker.exitcode != 0 for worker in workers
    )  # terminated, not waited for


def test_other_processes_report_missing_data(tmp_path, monkeypatch):
    """If the lab's data are not installed, every answer gives this reason and is not a refusal."""
    monkeypatch.setenv("DATASELECT_DATA", str(tmp_path))
    results = dict(recomputed(questions()[:4], 2))
    assert len(results) == 3 and active_children() == []
    assert all("data are missing" in answer.reason and not answer.refused for answer in results.values())


@pytest.mark.parametrize("jobs", [0, -1, True, 1.5, "2"])
def test_an_invalid_number_of_processes_is_refused(jobs):
    """A number of processes below 1 or of another type is refused by name."""
    with pytest.raises(ValueError, match="jobs must be"):
        list(recomputed([], jobs))
    assert processors() >= 1
