"""The command `dedup` on a Dask cluster of several processes: outputs as on one machine, even if a worker is lost."""

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from test_dedup_jobs import outputs, texts, write

from dataselect_core.__main__ import main
from dataselect_core.corpus.files import CorpusFiles
from dataselect_core.dedup import distributed as engine
from dataselect_core.dedup import parts, stars
from dataselect_core.dedup.pairs import clusters
from dataselect_core.dedup.streaming import deduplicate_files

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and three single-threaded worker processes that only this machine can reach."""
    with distributed.LocalCluster(
        n_workers=3,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=":0",
        memory_limit="1GiB",
        silence_logs=50,
    ) as local_cluster:
        yield local_cluster


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder, with a folder that the workers share."""
    monkeypatch.chdir(tmp_path)
    Path("shared").mkdir()
    monkeypatch.setattr(engine, "PART_BYTES", 60_000)
    return tmp_path


def address(cluster):
    return cluster.scheduler_address.replace("tcp://", "dask://")


def run_command(name, out, *options):
    """Run the command with all its outputs in a folder; return their bytes."""
    Path(out).mkdir()
    ending = "" if Path(name).is_dir() else "".join(Path(name).suffixes)
    files = ["-o", f"{out}/kept{ending}", "--removed", f"{out}/removed", "--clusters", f"{out}/clusters"]
    assert main(["dedup", name, *files, "--threshold", "0.5", "--quiet", *map(str, options)]) == 0
    return outputs(Path(out))


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.csv", "a.parquet", "folder"])
def test_outputs_equal_those_of_one_machine(cluster, folder, name):
    """Kept rows, removed rows with similarities, and clusters are equal byte for byte; no temporary file is left."""
    write(name, texts(900))
    engine_options = ["--engine", address(cluster), "--temporary", "shared"]
    id_options = [] if name == "folder" else ["--id", "id"]
    local, remote = (
        run_command(name, "one", "--jobs", 1, *id_options),
        run_command(name, "many", *engine_options, *id_options),
    )
    assert local == remote
    assert local["removed"].count(b"\n") > 10
    assert not list(Path("shared").iterdir())


@pytest.mark.parametrize("options", [{"verify": False}, {"threshold": 0.3, "width": 2, "keep": "longest"}])
@pytest.mark.parametrize("edges", [0, None])
def test_workers_and_command_find_the_same_components(cluster, folder, options, edges):
    """Components found on the workers or in the command are equal, estimated or exact, with either rule to keep."""
    write("a.jsonl", [" ".join(text.split()[:12]) for text in texts(700)])
    local = deduplicate_files(CorpusFiles("a.jsonl"), **options)
    with engine.connected(address(cluster)) as client:
        remote = engine.deduplicate_on(
            client, CorpusFiles("a.jsonl"), folder="shared", client_edges=edges, bucket_bytes=4000, **options
        )
    for name in ("keep", "cluster", "similarity", "same_sets"):
        assert np.array_equal(getattr(local, name), getattr(remote, name), equal_nan=True), name
    for name in ("file", "start", "size", "words", "line"):
        assert np.array_equal(getattr(local.index, name), getattr(remote.index, name)), name


def kill_once(function, marker):
    """A task that kills its worker the first time that any worker runs it."""

    def task(argument):
        try:
            os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return function(argument)
        function(argument)
        return os.kill(os.getpid(), signal.SIGKILL)

    return task


@pytest.mark.parametrize("stage", ["sign_part", "compare_bucket", "similarity_of"])
def test_a_lost_worker_does_not_change_the_outputs(cluster, folder, monkeypatch, stage):
    """If one worker process is killed in mid-run, after its task has written its files, the outputs are the same."""
    write("a.jsonl", texts(900))
    local = run_command("a.jsonl", "one", "--jobs", 1)
    monkeypatch.setattr(parts, stage, kill_once(getattr(parts, stage), str(folder / "killed")))
    assert local == run_command("a.jsonl", "many", "--engine", address(cluster), "--temporary", "shared")
    assert Path("killed").exists()
    assert not list(Path("shared").iterdir())


def test_malformed_lines_have_the_same_numbers_as_on_one_machine(cluster, folder, capsys):
    """A malformed line in the last part of a split file has the right number, whether it is skipped or ends the run."""
    write("a.jsonl", texts(900))
    with open("a.jsonl", "a") as file:
        file.write('\nnot JSON\n{"text": "the last one"}\n')
    engine_options = ["--engine", address(cluster), "--temporary", "shared"]
    for number, options in enumerate((["--jobs", "1"], engine_options)):
        report = ["--report", f"{number}.json", "--on-error", "skip", "--quiet"]
        assert main(["dedup", "a.jsonl", *report, *options]) == 0
    reports = [json.loads(Path(f"{number}.json").read_text()) for number in (0, 1)]
    assert reports[0]["malformed"] == reports[1]["malformed"]
    assert reports[1]["malformed"]["lines"][0]["line"] == 902
    capsys.readouterr()
    assert main(["dedup", "a.jsonl", "-o", "kept.jsonl", *engine_options]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "line 902" in error
    assert not Path("kept.jsonl").exists() and not list(Path("shared").iterdir())


def test_each_refusal_is_one_sentence(folder, capsys, monkeypatch):
    """No scheduler, no Dask, an unknown kind of address, and no shared folder are each refused."""
    write("a.jsonl", texts(5))
    monkeypatch.setattr(engine.connected.__wrapped__, "__defaults__", (1,))
    assert main(["dedup", "a.jsonl", "--engine", "dask://127.0.0.1:9", "--temporary", "shared"]) == 1
    assert "no Dask scheduler answers at dask://127.0.0.1:9" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["dedup", "a.jsonl", "--engine", "dask://127.0.0.1:9", "--temporary", "shared"]) == 1
    assert "python -m pip install 'dataselect-core[dask]'" in capsys.readouterr().err
    for options in (["--engine", "ray://h:1", "--temporary", "shared"], ["--engine", "dask://h:1"]):
        with pytest.raises(SystemExit) as exit_info:
            main(["dedup", "a.jsonl", *options])
        assert exit_info.value.code == 2


@pytest.mark.parametrize("seed", range(6))
def test_stars_find_the_components(tmp_path, seed):
    """On random graphs and on a long path in any order, the components equal those of union-find, in few steps."""
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(2, 400))
    path = np.stack([np.arange(1, nodes), np.arange(nodes - 1)], axis=1)
    edges = rng.permutation(nodes)[path] if seed % 2 else rng.integers(0, nodes, (nodes, 2))
    edges = np.sort(edges[edges[:, 0] != edges[:, 1]], axis=1)[:, ::-1]
    names = [tmp_path / f"{number}.npy" for number in range(3)]
    for name, edges_part in zip(names, np.array_split(edges, 3), strict=True):
        np.save(name, edges_part)
    components, steps = stars.components(
        names, tmp_path, lambda task, arguments: [task(argument) for argument in arguments], 5
    )
    root = np.arange(nodes)
    root[components[:, 0]] = components[:, 1]
    assert np.array_equal(root, clusters(nodes, edges))
    assert steps < 40
