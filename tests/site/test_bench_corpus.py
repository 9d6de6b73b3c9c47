"""The benchmark of the `dedup` command: its corpus, what it measures, its peers and their pins."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dataselect_core.__main__ import main as dataselect
from dataselect_core.shingles import tokens
from tools import bench_corpus, bench_peers, commands, pins

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def corpus(tmp_path):
    """A corpus of 400 documents, and which of them equal an earlier one or are changed copies."""
    path = tmp_path / "corpus.jsonl"
    return path, *bench_corpus.make(path, 400, seed=3)


def test_the_copies_in_the_corpus_are_those_it_says(corpus):
    """`equal` are exactly the texts that came before; each changed copy differs in 1 to 8 words from an earlier text."""
    path, equal, changed = corpus
    rows = [json.loads(line) for line in path.read_text("ascii").splitlines()]
    assert [row["id"] for row in rows] == list(range(400))
    texts = [row["text"].split() for row in rows]
    assert {len(text) for text in texts} == {bench_corpus.WORDS}
    assert [text in texts[:place] for place, text in enumerate(texts)] == equal.tolist()
    distance = [
        min((sum(map(str.__ne__, text, other)) for other in texts[:place]), default=100)
        for place, text in enumerate(texts)
    ]
    assert all((1 <= d <= bench_corpus.MOST_EDITS) == c for d, c in zip(distance, changed, strict=True) if d)
    assert 20 < equal.sum() < 100 and 20 < changed.sum() < 100


def test_each_seed_gives_other_texts(tmp_path):
    """The same seed gives the same bytes, and another seed other texts, so that no program knows them."""
    made = []
    for number, seed in enumerate((1, 1, 2)):
        bench_corpus.make(tmp_path / str(number), 20, seed)
        made.append((tmp_path / str(number)).read_bytes())
    assert made[0] == made[1] != made[2]


NESTED = """
import subprocess, sys, time
held = bytearray(80_000_000)
if len(sys.argv) == 1:
    subprocess.run([sys.executable, __file__, "child"], check=True)
else:
    while time.process_time() < 0.5:
        held[-1] += 1 if held[-1] < 9 else -9
"""


def test_a_measurement_counts_all_processes(tmp_path):
    """Processor time and memory include those of a process that the program starts."""
    script = tmp_path / "nested.py"
    script.write_text(NESTED)
    found = bench_corpus.measured([sys.executable, script])
    assert found["processor_seconds"] >= 0.5
    assert found["peak_mb"] > 160


def test_a_program_that_fails_is_no_figure():
    """The benchmark stops, and shows what the program said; a signal counts as a failure too."""
    with pytest.raises(RuntimeError, match="ended with 3:\nit broke"):
        bench_corpus.measured([sys.executable, "-c", "print('it broke'); raise SystemExit(3)"])
    with pytest.raises(RuntimeError, match="ended with -9"):
        bench_corpus.measured([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])


def test_what_was_removed_is_read_from_the_output(tmp_path):
    """Rows that are not in the kept file, or in the files of the kept folder, are removed, whatever the spacing."""
    kept = tmp_path / "kept.jsonl"
    kept.write_text('{"id": 0, "text": "a, b"}\n{"id": 3, "text": "c"}\n')
    assert bench_corpus.removed_from(kept, 5).tolist() == [False, True, True, False, True]
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "one.json").write_text('{"id":4,"text":"x"}\n')
    (folder / "two.json").write_text('{"id":1,"text":"x"}\n')
    assert bench_corpus.removed_from(folder, 5).tolist() == [True, False, True, True, False]


@pytest.mark.parametrize("text", ["a b c d e f", "a b c d e", "a b", ""])
def test_peers_get_the_shingles_of_the_command(text):
    """The strings that peers sign are the 5-grams of the command's words; a shorter text is one shingle."""
    words = tokens(text)
    grams = [" ".join(words[i : i + 5]) for i in range(max(1, len(words) - 4))] if words else []
    assert bench_peers.shingles(text) == grams


def test_a_cluster_keeps_its_first():
    """Groups that share a document are one cluster, in whatever order they come."""
    assert bench_peers.first_of_each(7, [[5, 2], [6, 5], [1, 3], [3, 1]]) == [0, 1, 2, 1, 4, 2, 2]


def test_a_peer_does_the_work_of_the_command(corpus, tmp_path, monkeypatch):
    """The datasketch peer and the command remove every equal copy, and of the rest nothing that is no copy."""
    path, equal, changed = corpus
    monkeypatch.setitem(sys.modules, "orjson", json)
    bench_peers.datasketch(path, tmp_path / "theirs.jsonl")
    command = bench_corpus.programs("python", [1], [])["this command, --jobs 1"](
        path, tmp_path / "ours.jsonl"
    )
    assert command[:3] == [sys.executable, "-m", "dataselect_core"]
    assert dataselect([str(part) for part in command[3:]]) == 0
    for kept in ("theirs.jsonl", "ours.jsonl"):
        gone = bench_corpus.removed_from(tmp_path / kept, len(equal))
        assert gone[equal].all() and not gone[~equal & ~changed].any()
        assert set((tmp_path / kept).read_bytes().splitlines()) <= set(path.read_bytes().splitlines())


def test_the_table_compares_with_the_first_row():
    """The ratio is processor time against the first program; a slower peer has more than 1."""
    row = {
        "seconds": 2.0,
        "processor_seconds": 4.0,
        "peak_mb": 80.4,
        "removed": 1234,
        "equal": 1.0,
        "changed": 0.25,
    }
    lines = bench_corpus.table({"this": row, "peer": {**row, "processor_seconds": 10.0, "equal": 0.5}})
    assert [line.split() for line in lines[1:]] == [
        ["this", "2.0", "s", "4.0", "s", "1.00", "80", "MB", "1,234", "100.0%", "25.0%"],
        ["peer", "2.0", "s", "10.0", "s", "2.50", "80", "MB", "1,234", "50.0%", "25.0%"],
    ]
    signed = bench_corpus.signature_table({"this": {"seconds": 0.5}, "peer": {"seconds": 1.0}}, 1000)
    assert signed[1].split() == ["peer", "1.000", "s", "1,000", "texts/s", "2.00"]


def test_the_peers_are_pinned_and_apart():
    """Each peer is pinned with hashes of its files, and no extra of the package installs one."""
    pinned = {canonicalize_name(pin.name): hashes for pin, hashes in pins.read(bench_corpus.REQUIREMENTS)}
    named = {canonicalize_name(Requirement(line).name) for line in lines(f"{pins.PEERS}.in")}
    assert set(bench_corpus.PEERS) <= named <= set(pinned) and all(pinned.values())
    assert named <= pins.named()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    assert {Requirement(one).name for one in wanted}.isdisjoint(bench_corpus.PEERS)


def lines(name):
    """The requirements in a file of tools/."""
    found = (pins.HERE / name).read_text("utf-8").splitlines()
    return [line for line in found if line and line[0] not in "#-"]


def test_the_environment_of_the_peers_is_made_once_with_hashes(tmp_path, monkeypatch):
    """The lock goes to pip with `--require-hashes`; a finished environment is used again, an unfinished one made again."""
    monkeypatch.setenv("LAB_CACHE", str(tmp_path))
    calls = []

    def create(folder, **options):
        calls.append("made")
        folder.mkdir(exist_ok=True)

    def pip(*given, **options):
        calls.append(given)
        if len(calls) == 2:
            raise RuntimeError("the line broke")

    monkeypatch.setattr(bench_corpus.venv, "create", create)
    monkeypatch.setattr(bench_corpus.pip_client, "pip", pip)
    with pytest.raises(RuntimeError):
        bench_corpus.environment()
    python = bench_corpus.environment()
    assert bench_corpus.environment() == python and tmp_path in python.parents
    assert len(calls) == 4
    assert "--require-hashes" in calls[3] and bench_corpus.REQUIREMENTS in calls[3]


def test_the_command_line(capsys):
    """`build.py bench --corpus` hands what follows -- to the benchmark, which refuses what it does not know."""
    options = commands.parse(["bench", "--corpus", "--", "--documents", "5"])
    assert options.corpus and options.arguments == ["--documents", "5"]
    assert not commands.parse(["bench"]).corpus
    with pytest.raises(SystemExit):
        bench_corpus.main(["--documents", "1"])
    with pytest.raises(SystemExit):
        bench_corpus.main(["--leave-out", "nobody"])
    capsys.readouterr()


def test_the_whole_run_writes_its_figures(tmp_path, monkeypatch, capsys):
    """Without peers a small run prints a row for one process, says who is missing, and writes all of it as JSON."""
    monkeypatch.setattr(bench_corpus, "ROOT", tmp_path)
    monkeypatch.setattr(bench_corpus, "environment", lambda: "python")
    signed = {"this core": {"seconds": 1.0, "runs": [1.0]}}
    monkeypatch.setattr(bench_corpus, "signatures_alone", lambda python, repeats: signed)
    out = [word for name in bench_corpus.PEERS for word in ("--leave-out", name)]
    bench_corpus.main(["--documents", "50", *out])
    said = capsys.readouterr().out
    assert "this command, --jobs 1" in said and "rensa was left out" in said
    found = json.loads((tmp_path / ".build" / "bench-corpus.json").read_text())
    row = found["end_to_end"]["this command, --jobs 1"]
    assert row["equal"] == 1.0 and row["processor_seconds"] > 0 and len(row["runs"]) == 1
    assert found["signatures"]["rows"] == signed and found["versions"].keys() >= set(bench_corpus.PEERS)


def test_the_script_of_the_peers_runs_apart(tmp_path):
    """The script needs nothing of the project: it starts in an isolated Python and names what is missing."""
    script = ROOT / "tools" / "bench_peers.py"
    done = subprocess.run(
        [sys.executable, "-I", script, "rensa", tmp_path / "none.jsonl", tmp_path / "kept.jsonl"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "ModuleNotFoundError: No module named 'rensa'" in done.stderr
