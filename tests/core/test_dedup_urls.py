"""The command `dedup` with URLs: on an engine it reads and writes over fsspec, with outputs as from local files."""

import json
import os
import sys
from pathlib import Path

import pytest
from test_dedup_engine import address, cluster, folder, kill_once
from test_dedup_jobs import texts, write

from dataselect_core.__main__ import main
from dataselect_core.corpus.files import CorpusFiles
from dataselect_core.corpus.inputs import find
from dataselect_core.corpus.outputs import Outputs
from dataselect_core.corpus.remote import RemotePath
from dataselect_core.dedup import parts

distributed = pytest.importorskip("distributed")
fsspec = pytest.importorskip("fsspec")
assert cluster and folder  # fixtures of the other file

FORMATS = ["a.jsonl", "a.jsonl.gz", "a.csv", "a.parquet", "folder"]


@pytest.fixture(scope="module")
def inside():
    """A cluster in this process, because other processes do not see what is in its memory."""
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address=":0",
        silence_logs=50,
    ) as local_cluster:
        yield local_cluster


@pytest.fixture
def memory():
    """Fsspec's file system in memory, empty."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def dedup(corpus, out, *options):
    """Run the command with all its outputs below a folder or URL; return its exit status."""
    ending = "" if "." not in corpus.rpartition("/")[2] else "." + corpus.rpartition("/")[2].partition(".")[2]
    files = ["-o", f"{out}/kept{ending}", "--removed", f"{out}/removed", "--clusters", f"{out}/clusters"]
    return main(["dedup", corpus, *files, "--threshold", "0.5", "--quiet", *map(str, options)])


def on(cluster):
    return "--engine", address(cluster), "--temporary", "shared"


def contents(root):
    """Bytes of all files below a URL, hidden ones too, by their path."""
    system, path = fsspec.core.url_to_fs(root)
    return {name.removeprefix(path + "/"): system.cat_file(name) for name in sorted(system.find(path))}


def refused(capsys, *arguments):
    """The one sentence with which the command refuses to run."""
    capsys.readouterr()
    assert main(["dedup", *map(str, arguments)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    return error


@pytest.mark.parametrize("name", FORMATS)
def test_files_behind_urls_give_the_outputs_of_local_files(cluster, folder, name):
    """Three worker processes that read over fsspec give the bytes that one machine gives, and leave no file behind."""
    write(name, texts(900))
    Path("one").mkdir()
    Path("many").mkdir()
    ids = [] if name == "folder" else ["--id", "id"]
    assert dedup(name, "one", "--jobs", 1, *ids) == 0
    assert dedup(f"file://{folder}/{name}", f"file://{folder}/many", *on(cluster), *ids) == 0
    local = contents(f"file://{folder}/one")
    assert local == contents(f"file://{folder}/many")
    assert local["removed"].count(b"\n") > 10
    assert not list(Path("shared").iterdir())


@pytest.mark.parametrize("name", FORMATS)
def test_an_object_store_gets_the_outputs_of_local_files(inside, folder, memory, name):
    """Kept rows, removed rows and clusters in a store without folders equal the local ones; no hidden object remains."""
    write(name, texts(900))
    Path("one").mkdir()
    assert dedup(name, "one", "--jobs", 1) == 0
    memory.put(name, f"/in/{name}", recursive=True)
    assert dedup(f"memory://in/{name}", "memory://out", *on(inside)) == 0
    assert contents("memory://out") == contents(f"file://{folder}/one")


def test_only_the_texts_stay_in_the_shared_folder(inside, folder, memory, monkeypatch):
    """The copy of a part that a worker reads is deleted once the part is signed, so that it is not stored twice."""
    write("a.jsonl", texts(900))
    memory.put("a.jsonl", "/a.jsonl")
    find_equal = parts.first_of_bucket

    def list_files(task):
        Path("names").write_text("\n".join(path.name for path in Path("shared").rglob("*")))
        return find_equal(task)

    monkeypatch.setattr(parts, "first_of_bucket", list_files)
    assert main(["dedup", "memory://a.jsonl", "--quiet", *on(inside)]) == 0
    names = Path("names").read_text()
    assert "texts" in names and "copy" not in names


def test_patterns_and_references_are_found_behind_urls(inside, folder, memory):
    """A pattern, a folder and a reference behind URLs mean the files that they mean on a disk, with the same names."""
    documents = texts(300)
    for name, rows in (("in/a.jsonl", [0, 100]), ("in/x/b.jsonl", [100, 200]), ("old/c.jsonl", [150, 300])):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        write(name, documents[slice(*rows)])
    Path("in/.hidden.jsonl").write_text("not JSON")
    Path("in/notes.md").write_text("no corpus")
    for name in ("in", "old"):
        memory.put(name, f"/{name}", recursive=True)
    outputs = []
    for prefix, out in (("", "local"), ("memory://", "memory://remote")):
        engine = on(inside) if prefix else ("--jobs", "1")
        Path("local").mkdir(exist_ok=True)
        for number, corpus in enumerate(
            ([f"{prefix}in"], [f"{prefix}in/**/*.jsonl"], [f"{prefix}in/[a-c].jsonl", f"{prefix}in/x"])
        ):
            command = [
                "dedup",
                *corpus,
                "--against",
                f"{prefix}old/*",
                "-o",
                f"{out}/{number}",
                "--quiet",
                *engine,
            ]
            assert main([*command, "--clusters", f"{out}/clusters-{number}"]) == 0
        root = out if prefix else f"file://{folder}/local"
        outputs.append({name: data.replace(b"memory://", b"") for name, data in contents(root).items()})
    assert outputs[0] == outputs[1]
    assert {"0/a.jsonl", "0/x/b.jsonl", "2/x/b.jsonl"} <= set(outputs[1])


def test_a_folder_of_a_dataset_is_read_behind_a_url(inside, folder, memory):
    """The Arrow files that `state.json` lists are read, and the files that describe the dataset are copied."""
    arrow = pytest.importorskip("pyarrow")
    Path("set").mkdir()
    table = arrow.table({"text": texts(60)})
    for name in ("data.arrow", "cache.arrow"):
        with arrow.ipc.new_stream(f"set/{name}", table.schema) as writer:
            writer.write_table(table)
    state = {"_data_files": [{"filename": "data.arrow"}], "_fingerprint": "f"}
    Path("set/state.json").write_text(json.dumps(state))
    Path("set/dataset_info.json").write_text("{}")
    memory.put("set", "/set", recursive=True)
    assert main(["dedup", "set", "-o", "kept", "--quiet"]) == 0
    assert main(["dedup", "memory://set", "-o", "memory://kept", "--quiet", *on(inside)]) == 0
    assert contents("memory://kept") == contents(f"file://{folder}/kept")
    assert set(contents("memory://kept")) == {"data.arrow", "state.json", "dataset_info.json"}


def test_a_lost_worker_does_not_change_what_is_read_behind_a_url(cluster, folder, monkeypatch):
    """If a worker is killed after it has copied and signed its part, the outputs are the same."""
    write("a.jsonl", texts(900))
    Path("one").mkdir()
    Path("many").mkdir()
    assert dedup("a.jsonl", "one", "--jobs", 1) == 0
    monkeypatch.setattr(parts, "sign_part", kill_once(parts.sign_part, str(folder / "killed")))
    assert dedup(f"file://{folder}/a.jsonl", f"file://{folder}/many", *on(cluster)) == 0
    assert contents(f"file://{folder}/one") == contents(f"file://{folder}/many")
    assert Path("killed").exists() and not list(Path("shared").iterdir())


def test_a_malformed_line_behind_a_url_has_its_number(inside, folder, memory, capsys):
    """A malformed line in the last part of a file that was cut has the number that it has in the whole file."""
    write("a.jsonl", texts(900))
    with open("a.jsonl", "a") as file:
        file.write('\nnot JSON\n{"text": "the last one"}\n')
    memory.put("a.jsonl", "/a.jsonl")
    error = refused(capsys, "memory://a.jsonl", "-o", "memory://kept.jsonl", *on(inside))
    assert "line 902" in error
    assert set(contents("memory://")) == {"a.jsonl"} and not list(Path("shared").iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ["s3://bucket/x.jsonl"],
        ["a.jsonl", "-o", "s3://bucket/kept.jsonl"],
        ["a.jsonl", "--report", "memory://report.json"],
        ["a.jsonl", "--against", "memory://old.jsonl"],
    ],
)
def test_a_url_without_an_engine_is_refused(folder, capsys, arguments):
    """One sentence says that URLs need an engine, for each place in which a URL can be given."""
    write("a.jsonl", texts(5))
    error = refused(capsys, *arguments)
    assert f"{arguments[-1]} is a URL; URLs are only read and written with --engine dask://HOST:PORT" in error


def test_each_refusal_of_a_url_is_one_sentence(inside, folder, memory, capsys, monkeypatch):
    """No such file, an unknown kind of URL, a missing package, a password, and a chain of URLs are each named."""
    write("a.jsonl", texts(5))
    memory.put("a.jsonl", "/a.jsonl")
    engine = on(inside)
    assert "memory://b.jsonl is not a file or a folder" in refused(capsys, "memory://b.jsonl", *engine)
    assert "memory://b*.jsonl matches no file" in refused(capsys, "memory://b*.jsonl", *engine)
    assert "Protocol not known: nowhere" in refused(capsys, "nowhere://a.jsonl", *engine)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    assert "s3://b/a.jsonl needs another package: Install s3fs" in refused(capsys, "s3://b/a.jsonl", *engine)
    error = refused(capsys, "ftp://me:secret@host/a.jsonl", *engine)
    assert "password" in error and "secret" not in error
    assert "chain" in refused(capsys, "zip://a.jsonl::memory://a.zip", *engine)
    assert "on one file system" in refused(capsys, "memory://a.jsonl", "a.jsonl", "-o", "kept", *engine)
    with pytest.raises(SystemExit) as exit_info:
        main(["dedup", "a.jsonl", "--engine", address(inside), "--temporary", "memory://work"])
    assert exit_info.value.code == 2
    for module in [name for name in sys.modules if name.partition(".")[0] == "fsspec"]:
        monkeypatch.setitem(sys.modules, module, None)
    error = refused(capsys, "memory://a.jsonl", *engine)
    assert "needs fsspec: python -m pip install 'dataselect-core[dask]'" in error


@pytest.mark.parametrize(
    "corpus, arguments, reason",
    [
        ("memory://in/a.jsonl", ["-o", "memory://in/a.jsonl"], "one of the files that are read"),
        ("memory://in/a.jsonl", ["-o", "memory:///in//x/../a.jsonl"], "one of the files that are read"),
        ("memory://in", ["-o", "memory://in/x/kept"], "nor be in it (memory://in is read)"),
        ("memory://in", ["-o", "memory://inside", "--report", "memory://in/r.json"], "nor be in it"),
        ("memory://in", ["-o", "memory://full"], "must be a new or an empty folder"),
        ("memory://in", ["-o", "memory://full/b.jsonl"], "must be a new or an empty folder"),
        ("memory://in", ["-o", "memory://out", "--removed", "memory://out/r"], "must not be in the output"),
        ("memory://in/a.jsonl", ["-o", "memory://full"], "is a folder; it must be a file"),
        ("memory://in/a.jsonl", ["-o", "memory://new/"], "is a folder; it must be a file"),
        ("memory://in/a.jsonl", ["-o", "memory://k.jsonl.gz"], "its name must end in .jsonl"),
        ("memory://in/a.jsonl", ["--removed", "memory://r", "--clusters", "memory:///r"], "it is the list of removed rows"),
        ("a.jsonl", ["-o", "file://{folder}/a.jsonl"], "one of the files that are read"),
        ("file://{folder}/a.jsonl", ["-o", "a.jsonl"], "one of the files that are read"),
        ("file://{folder}/linked.jsonl", ["-o", "a.jsonl"], "one of the files that are read"),
        ("file://{folder}/in", ["-o", "in/kept"], "nor be in it"),
    ],
)  # fmt: skip
def test_an_output_behind_a_url_cannot_harm_an_input(
    inside, folder, memory, capsys, corpus, arguments, reason
):
    """An output that is an input or another output, or in a folder that is read, is refused before anything is written."""
    write("a.jsonl", texts(5))
    os.symlink("a.jsonl", "linked.jsonl")
    Path("in").mkdir()
    write("in/a.jsonl", texts(5))
    for target in ("/in/a.jsonl", "/full/b.jsonl"):
        memory.put("a.jsonl", target)
    before = contents("memory://"), sorted(Path().rglob("*"))
    arguments = [argument.format(folder=folder) for argument in (corpus, *arguments)]
    assert reason in refused(capsys, *arguments, *on(inside))
    assert before == (contents("memory://"), sorted(Path().rglob("*")))


@pytest.mark.parametrize("failure", ["write", "move", "check"])
@pytest.mark.parametrize("corpus", ["memory://in/a.jsonl", "memory://in"])
def test_an_output_behind_a_url_is_whole_or_absent(
    inside, folder, memory, capsys, monkeypatch, failure, corpus
):
    """If a store fails while an output is checked, written or moved, it has what it had before."""
    write("a.jsonl", texts(200))
    for target in ("/in/a.jsonl", "/in/b.jsonl", "/kept.jsonl"):
        memory.put("a.jsonl", target)
    before = contents("memory://")
    calls = []

    def fail(self, *arguments, **options):
        calls.append(arguments)
        if failure == "move" and len(calls) == 1 and corpus.endswith("in"):
            return original(self, *arguments, **options)  # the second of two files fails
        raise PermissionError(13, "the quota is used up")

    system = type(memory)
    name = {"write": "_open", "move": "cp_file", "check": "pipe_file"}[failure]
    original = getattr(system, name)
    if failure == "write":

        def broken(self, path, mode="rb", *arguments, **options):
            file = original(self, path, mode, *arguments, **options)
            if mode == "wb" and ".part" in path and file is not None and len(calls) > 0:
                file.write = lambda data: fail(self, data)
            calls.append(path) if mode == "wb" else None
            return file

        monkeypatch.setattr(system, name, broken)
    else:
        monkeypatch.setattr(system, name, fail)
    output = "memory://new" if corpus.endswith("in") else "memory://kept.jsonl"
    error = refused(capsys, corpus, "-o", output, *on(inside))
    assert "the quota is used up" in error and output in error
    assert calls and contents("memory://") == before


class Renaming(type(fsspec.filesystem("memory"))):
    """A file system that renames files and folders, but not to a name that exists."""

    protocol = "renaming"

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.replace("renaming://", "memory://"))

    def mv(self, old, new):
        old, new = self._strip_protocol(old), self._strip_protocol(new)
        if self.exists(new):
            raise FileExistsError(17, "the name exists")
        for name in [name for name in self.store if name == old or name.startswith(old + "/")]:
            self.store[new + name.removeprefix(old)] = self.store.pop(name)


@pytest.mark.parametrize("broken", [False, True])
def test_a_file_system_that_renames_gets_the_outputs(inside, folder, memory, capsys, monkeypatch, broken):
    """Files and folders are renamed, also to a name in use; if that fails, the earlier file is there again."""
    fsspec.register_implementation("renaming", Renaming, clobber=True)
    write("a.jsonl", texts(50))
    for target in ("/in/a.jsonl", "/in/b.jsonl"):
        memory.put("a.jsonl", target)
    memory.pipe_file("/kept.jsonl", b"the last run")
    before, rename = contents("memory://"), Renaming.mv

    def fail(self, old, new):
        if old.endswith(".part"):
            raise PermissionError(13, "the quota is used up")
        rename(self, old, new)

    if broken:
        monkeypatch.setattr(Renaming, "mv", fail)
    for corpus, output in (("in/a.jsonl", "kept.jsonl"), ("in", "kept")):
        command = ["dedup", f"renaming://{corpus}", "-o", f"renaming://{output}", "--quiet", *on(inside)]
        assert main(command) == int(broken)
        assert ("the quota is used up" in capsys.readouterr().err) == broken
    if broken:
        assert contents("memory://") == before
    else:
        assert main(["dedup", "a.jsonl", "-o", "kept.jsonl", "--quiet"]) == 0
        kept = Path("kept.jsonl").read_bytes()
        assert memory.cat_file("/kept.jsonl") == memory.cat_file("/kept/a.jsonl") == kept
        assert len(contents("memory://")) == 5


def test_an_output_behind_a_url_replaces_an_earlier_one(inside, folder, memory):
    """A file of that name is replaced, as on a disk."""
    write("a.jsonl", texts(50))
    memory.put("a.jsonl", "/a.jsonl")
    memory.pipe_file("/kept.jsonl", b"the last run")
    assert main(["dedup", "memory://a.jsonl", "-o", "memory://kept.jsonl", "--quiet", *on(inside)]) == 0
    assert main(["dedup", "a.jsonl", "-o", "kept.jsonl", "--quiet"]) == 0
    assert memory.cat_file("/kept.jsonl") == Path("kept.jsonl").read_bytes()


def test_a_file_that_changes_or_ends_early_stops_the_run(inside, folder, memory, capsys, monkeypatch):
    """A file that is replaced during the run, and a connection that ends too early, are named; nothing is written."""
    write("a.jsonl", texts(50))
    memory.put("a.jsonl", "/a.jsonl")
    sign = parts._signed

    def replace_first(*arguments):
        memory.pipe_file("/a.jsonl", b'{"text": "another one"}\n')
        return sign(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(parts, "_signed", replace_first)
        error = refused(capsys, "memory://a.jsonl", "-o", "memory://kept.jsonl", *on(inside))
    assert "a.jsonl was changed while it was read" in error
    memory.put("a.jsonl", "/a.jsonl")
    opened = RemotePath.open

    def cut(path, *arguments):
        stream = opened(path, *arguments)
        stream.raw._file.getvalue, stream.raw._file.read = None, lambda size: b""
        return stream

    monkeypatch.setattr(RemotePath, "open", cut)
    error = refused(capsys, "memory://a.jsonl", "-o", "memory://kept.jsonl", *on(inside))
    assert "a.jsonl ended after 0 of" in error
    assert set(contents("memory://")) == {"a.jsonl"}


def test_names_that_are_no_urls_stay_paths(folder, memory):
    """A drive of Windows and a path with a colon are no URLs; a library caller allows URLs by name."""
    for name in ("C://a.jsonl", "a:b.jsonl", "dir/s3:/a.jsonl"):
        with pytest.raises(ValueError, match="is not a file or a folder"):
            find([name])
    with pytest.raises(ValueError, match="is a URL"):
        CorpusFiles("memory://a.jsonl")
    with pytest.raises(ValueError, match="is a URL"):
        Outputs().add("the report", "memory://r.json")
    memory.pipe_file("/a.jsonl", b'{"text": "one"}\n')
    corpus = CorpusFiles("memory://a.jsonl", remote=True)
    assert [document.text for _, document in corpus.documents()] == ["one"]
