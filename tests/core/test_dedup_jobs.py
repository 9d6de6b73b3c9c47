"""The command `dedup` over several processes: the same outputs, an orderly end, and lost workers."""

import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dataselect_core
from dataselect_core.__main__ import main
from dataselect_core.cli.dedup import progress_line
from dataselect_core.corpus.errors import CorpusError
from dataselect_core.corpus.files import CorpusFiles
from dataselect_core.dedup import clustering, reading, similarity, workers
from dataselect_core.dedup.streaming import deduplicate_files

SOURCE = str(Path(dataselect_core.__file__).parent.parent)


def texts(n, seed=3):
    """Texts of words in two scripts; a third are copies with some words changed, and every tenth is very short."""
    rng, documents = np.random.default_rng(seed), []
    for number in range(n):
        if number % 10 == 9:
            documents.append(f"кратко {rng.integers(n)}")
        elif documents and number % 3 == 0:
            words = documents[rng.integers(len(documents))].split()
            words[rng.integers(len(words))] = str(rng.integers(3))
            documents.append(" ".join(words))
        else:
            documents.append(" ".join(f"слово{word}" for word in rng.integers(0, 500, 30)))
    return documents


def write(name, rows):
    """Write a file of these texts in the format of its name."""
    lines = [json.dumps({"text": text, "id": f"r{number}"}) + "\n" for number, text in enumerate(rows)]
    if name.endswith(".gz"):
        Path(name).write_bytes(gzip.compress("".join(lines).encode()))
    elif name.endswith(".jsonl"):
        Path(name).write_text("".join(lines))
    elif name.endswith(".csv"):
        Path(name).write_text("id,text\n" + "".join(f'r{n},"{text}"\n' for n, text in enumerate(rows)))
    elif name.endswith(".parquet"):
        arrow = pytest.importorskip("pyarrow")
        import pyarrow.parquet

        table = arrow.table({"text": rows, "id": [f"r{number}" for number in range(len(rows))]})
        pyarrow.parquet.write_table(table, name, row_group_size=100)
    else:
        Path(name).mkdir()
        for number, text in enumerate(rows[:200]):
            Path(name, f"{number:03}.txt").write_text(text)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A working folder, with processes that start at once and small tasks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workers, "INLINE", 0)
    monkeypatch.setattr(reading, "CHUNK_DOCUMENTS", 50)
    monkeypatch.setattr(reading, "CHUNK_BYTES", 4000)
    monkeypatch.setattr(clustering, "COMPARE_DOCUMENTS", 50)
    monkeypatch.setattr(clustering, "COMPARE_BYTES", 4000)
    Path("empty").mkdir()


def outputs(folder):
    """The bytes of every output."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.csv", "a.parquet", "folder"])
def test_outputs_are_the_same_for_any_number_of_jobs(small, name):
    """Kept rows, removed rows, clusters and counts in the report are equal, byte for byte, for 1, 2 and 3 processes."""
    write(name, texts(600))
    files, reports = [], []
    for jobs in (1, 2, 3):
        out = Path(f"out{jobs}")
        out.mkdir()
        ending = "" if name == "folder" else "".join(Path(name).suffixes)
        arguments = [name, "-o", f"{out}/kept{ending}", "--removed", f"{out}/removed.jsonl"]
        arguments += ["--clusters", f"{out}/clusters.jsonl", "--report", f"r{jobs}.json", "--quiet"]
        assert (
            main(["dedup", *arguments, "--jobs", str(jobs), "--threshold", "0.5", "--temporary", "empty"])
            == 0
        )
        files.append(outputs(out))
        reports.append(json.loads(Path(f"r{jobs}.json").read_text()))
    assert files[0] == files[1] == files[2]
    assert files[0]["removed.jsonl"].count(b"\n") > 20
    counts = [(report["documents"], report["compared_pairs"], report["clusters"]) for report in reports]
    assert counts[0] == counts[1] == counts[2]
    assert [report["jobs"] for report in reports] == [1, 2, 3]
    assert [report["workers_memory_bytes"] > 0 for report in reports] == [False, True, True]
    assert not list(Path("empty").iterdir())


def test_estimated_similarities_do_not_depend_on_the_number_of_jobs(small):
    """Without verification, and if words confirm a single shared hash, the number of jobs changes nothing."""
    write("a.jsonl", texts(600))
    for options in ({"verify": False}, {"threshold": 0.1, "width": 2, "bands": 64, "rows": 2}):
        one, two = (deduplicate_files(CorpusFiles("a.jsonl"), **options, jobs=jobs) for jobs in (1, 2))
        assert np.array_equal(one.keep, two.keep) and np.array_equal(one.cluster, two.cluster)
        assert np.array_equal(one.similarity, two.similarity, equal_nan=True)


def test_a_small_corpus_starts_no_process(tmp_path, monkeypatch):
    """A few thousand documents are handled in one process, however many jobs are allowed."""
    monkeypatch.chdir(tmp_path)
    write("a.jsonl", texts(3000))
    monkeypatch.setattr(workers.Workers, "_processes", None)
    assert deduplicate_files(CorpusFiles("a.jsonl"), jobs=8).keep.sum() > 1000


def damage(name, where):
    """Insert lines into a .jsonl file: no JSON, no text, an empty line, a mark, bytes that are no UTF-8."""
    lines = Path(name).read_bytes().splitlines(keepends=True)
    bad = [b"{\n", b'{"id": 1}\n', b"\n", b"\xef\xbb\xbf{}\n", b'{"text": "\xff"}\n']
    for number, line in zip(where, bad * len(where)):
        lines.insert(number, line)
    Path(name).write_bytes(b"".join(lines))


def test_workers_number_lines_and_problems_as_one_process_does(small):
    """Several processes list the same malformed lines, with their numbers in the file, as one process."""
    write("a.jsonl", texts(600))
    damage("a.jsonl", range(20, 600, 37))
    one, three = (deduplicate_files(CorpusFiles("a.jsonl"), on_error="skip", jobs=jobs) for jobs in (1, 3))
    lines = Path("a.jsonl").read_bytes().splitlines()
    assert len(one.problems) == one.malformed > 10 and one.problems == three.problems
    assert all(lines[problem.line - 1] in (b"{", b'{"id": 1}') or lines[problem.line - 1][0] != ord("{") or
               b"\xff" in lines[problem.line - 1] for problem in three.problems)  # fmt: skip
    for name in ("file", "start", "size", "words", "line"):
        assert np.array_equal(getattr(one.index, name), getattr(three.index, name)), name


def test_the_first_malformed_line_stops_several_processes(small):
    """The message names the first malformed line of the corpus, also if another process reads a later one first."""
    write("a.jsonl", texts(600))
    damage("a.jsonl", [401, 500, 590])
    for jobs in (1, 3):
        with pytest.raises(CorpusError, match=r"a\.jsonl, line 402 is not JSON"):
            deduplicate_files(CorpusFiles("a.jsonl"), jobs=jobs)


@pytest.mark.parametrize("keep", ["first", "longest", "id:max"])
def test_mixed_files_are_read_in_order_by_several_processes(small, keep):
    """Files that can be cut and files that cannot, with a mark, CR LF and no last line break, give the same rows."""
    rows = texts(600)
    write("b.jsonl", rows[200:400])
    write("c.csv", rows[300:])
    Path("a.json").write_bytes(
        b"\xef\xbb\xbf"
        + b"\r\n".join(json.dumps({"text": text, "id": n}).encode() for n, text in enumerate(rows[:250]))
    )
    Path("b.jsonl").write_text(Path("b.jsonl").read_text().replace('"id": "r', '"id": "1').rstrip())
    Path("c.csv").write_text(Path("c.csv").read_text().replace("\nr", "\n"))
    results = [
        deduplicate_files(
            CorpusFiles(["c.csv", "a.json", "b.jsonl"], extras=("id",), against=["a.json"]),
            threshold=0.5,
            keep=keep,
            id_field="id",
            jobs=jobs,
        )
        for jobs in (1, 3)
    ]
    one, three = results
    assert 0 < one.keep.sum() < len(one.keep)
    assert np.array_equal(one.cluster, three.cluster)
    assert np.array_equal(one.index.line, three.index.line) and np.array_equal(
        one.index.start, three.index.start
    )
    assert [one.ids[n] for n in range(len(one.keep))] == [three.ids[n] for n in range(len(three.keep))]


def test_a_file_that_changes_under_several_processes_stops_the_run(small, monkeypatch):
    """A file that is written while other processes read its last lines is noticed."""
    write("a.jsonl", texts(600))
    original = reading.Reading._place

    def place(self, rows):
        Path("a.jsonl").write_text('{"text": "another"}\n')
        original(self, rows)

    monkeypatch.setattr(reading.Reading, "_place", place)
    with pytest.raises(CorpusError, match="was changed while it was read"):
        deduplicate_files(CorpusFiles("a.jsonl"), jobs=3)


def kill_process(*arguments):
    """A task that kills its process, as the system does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("module", "stage", "name"),
    [
        (reading, "sign_lines", "a.jsonl"),
        (reading, "sign_all", "a.jsonl.gz"),
        (similarity, "compare_texts", "a.jsonl"),
    ],
)
def test_a_killed_worker_ends_the_run_without_output(small, capsys, monkeypatch, module, stage, name):
    """If a worker is killed while it reads, signs or compares, the run ends and existing files stay unchanged."""
    kept = name.replace("a", "kept")
    write(name, texts(600))
    Path(kept).write_text("old")
    monkeypatch.setattr(module, stage, kill_process)
    before = sorted(Path().rglob("*"))
    assert main(["dedup", name, "-o", kept, "--jobs", "2", "--temporary", "empty"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "worker process ended" in error and "nothing was written" in error
    assert Path(kept).read_text() == "old"
    assert sorted(Path().rglob("*")) == before


SCENE = """
import os, sys
from dataselect_core.dedup import reading, workers
workers.INLINE, reading.CHUNK_DOCUMENTS = 0, 50
original = workers.Workers._result
def result(self, *arguments):
    value = original(self, *arguments)
    if len(self.peaks) and self._tasks > 5:
        os.kill(os.getpid(), NUMBER)
    return value
workers.Workers._result = result
from dataselect_core.__main__ import main
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_all_workers(tmp_path, monkeypatch, number):
    """After Ctrl-C, SIGTERM and even SIGKILL no worker is left; after the first two no other trace is left either."""
    monkeypatch.chdir(tmp_path)
    write("a.jsonl", texts(600))
    Path("empty").mkdir()
    before = sorted(Path().rglob("*"))
    process = subprocess.Popen(
        [sys.executable, "-c", SCENE.replace("NUMBER", str(int(number))), "dedup", "a.jsonl"]
        + ["-o", "kept.jsonl", "--jobs", "2", "--temporary", "empty"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": SOURCE},
    )
    # Standard error is closed only when every process that has it open has ended.
    error = process.communicate(timeout=120)[1].decode()
    if number == signal.SIGKILL:
        assert process.returncode == -number
        return
    assert process.returncode == 128 + number
    assert error.count("\n") == 1 and "nothing was written" in error
    assert sorted(Path().rglob("*")) == before


def test_progress_shows_rate_and_time_left():
    """Half of 200 MB in 50 s is 2 MB a second with 50 s left; in the first second nothing is predicted."""
    line = progress_line("read", 100_000_000, 200_000_000, 50.0)
    assert line == "read [##########..........] 100 of 200 MB, 2.0 MB/s, 0:50 left"
    assert progress_line("compare", 3, 9, 60.0).endswith("band 4 of 9, 2:00 left")
    assert "left" not in progress_line("read", 1, 200, 0.1)
    assert len(progress_line("read", 10**15 - 1, 10**15, 9e6)) < 80
