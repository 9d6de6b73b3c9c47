"""Outputs: where a run may write, how files appear, and what a signal, a full disk or a closed pipe leaves behind."""

import json
import os
import pty
import resource
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import dataselect_core
from dataselect_core.__main__ import main
from dataselect_core.cli import dedup as dedup_command
from dataselect_core.corpus import outputs
from dataselect_core.corpus.errors import CorpusError
from dataselect_core.corpus.outputs import Outputs

SOURCE = str(Path(dataselect_core.__file__).parent.parent)
ROWS = [json.dumps({"text": f"one two three four five {i} six seven"}) + "\n" for i in range(2000)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a corpus, a hard link and symbolic links to it, a folder to read, and obstacles."""
    monkeypatch.chdir(tmp_path)
    Path("a.jsonl").write_text("".join(ROWS[:3]))
    os.link("a.jsonl", "hard.jsonl")
    os.symlink("a.jsonl", "soft.jsonl")
    Path("in/sub").mkdir(parents=True)
    Path("in/sub/b.jsonl").write_text(ROWS[0])
    os.symlink("in/sub", "way")
    Path("other").mkdir()
    os.symlink("../in/sub/b.jsonl", "other/link.jsonl")
    Path("locked.jsonl").write_text("old")
    Path("locked.jsonl").chmod(0o444)
    Path("empty").mkdir()
    return tmp_path


def state(folder):
    """Every name below a folder with its kind, content and inode."""
    return {
        path: (
            path.is_symlink(),
            path.stat().st_mode,
            path.is_file() and path.read_bytes(),
            path.stat().st_ino,
        )
        for path in sorted(folder.rglob("*"))
    }


def process(*given, before="", **options):
    """The command in a separate process, after some lines of Python as preparation."""
    code = f"import os, signal, sys\n{before}\nfrom dataselect_core.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    env = {**os.environ, "PYTHONPATH": SOURCE, **options.pop("env", {})}
    return subprocess.Popen(
        [sys.executable, "-c", code, "dedup", *map(str, given)],
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        env=env,
        **options,
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a.jsonl", "--report", "a.jsonl"], "must not be the corpus itself"),
        (["a.jsonl", "-o", "hard.jsonl"], "must not be the corpus itself"),
        (["a.jsonl", "-o", "soft.jsonl"], "must not be the corpus itself"),
        (["soft.jsonl", "--report", "./in/../a.jsonl"], "must not be the corpus itself"),
        (["other", "-o", "empty", "--report", "in/sub/b.jsonl"], "must not be the corpus itself"),
        (["in", "--report", "in/sub/r.json"], "nor lie in it"),
        (["in", "--report", "way/r.json"], "nor lie in it"),
        (["in", "-o", "in/sub/new/kept"], "nor lie in it"),
        (["a.jsonl", "in", "-o", "in/new"], "nor lie in it"),
        (["a.jsonl", "-o", "k.jsonl", "--report", "./k.jsonl"], "must not be another output"),
        (["in", "-o", "new", "--report", "new/r.json"], "there is no folder for the report"),
        (["in", "-o", "empty", "--report", "empty/r.json"], "must not lie in the output"),
        (["a.jsonl", "-o", "-", "--report", "-"], "must not both be standard output"),
        (["in", "-o", "-"], "takes only a file"),
        (["a.jsonl", "-o", "a.jsonl/kept.jsonl"], "cannot be written: Not a directory"),
        (["a.jsonl", "--report", "empty"], "the report empty is a folder"),
        (["a.jsonl", "-o", "new/"], "is a folder"),
        (["a.jsonl", "-o", "nowhere/k.jsonl"], "there is no folder for the output"),
        (["a.jsonl", "-o", "k" * 300], "File name too long"),
        (["a.jsonl", "-o", "k.jsonl", "--report", "r" * 300], "File name too long"),
        (["a.jsonl", "-o", "locked.jsonl"], "is a file that is read-only"),
        (["a.jsonl", "-o", "/proc/kept.jsonl"], "cannot be written into /proc"),
        (["a.jsonl", "-o", "nul\0byte"], "cannot be written: "),
        (["a.jsonl", "--temporary", "a.jsonl"], "temporary files a.jsonl cannot be written"),
    ],
)
def test_a_place_that_must_not_be_written_is_refused_before_reading(
    folder, monkeypatch, capsys, given, message
):
    """Whatever name an input has, nothing is read, nothing changes, and one sentence gives the reason."""
    monkeypatch.setattr(dedup_command, "deduplicate_files", None)
    before = state(folder)
    assert main(["dedup", *given]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert state(folder) == before


def test_names_that_differ_by_case_are_one_where_the_disk_says_so(folder, monkeypatch):
    """If a disk folds case, K.jsonl and k.jsonl, or two spellings of one accent, are the same output."""
    for fold in (False, True):
        monkeypatch.setattr(Outputs, "_try", lambda *given, fold=fold: fold)
        for one, other in (("K.jsonl", "k.jsonl"), ("caf\u00e9.json", "cafe\u0301.json")):
            places = Outputs()
            places.add("the output", one)
            if fold:
                with pytest.raises(CorpusError, match="another output"):
                    places.add("the report", other)
            else:
                places.add("the report", other)


def test_a_link_is_followed_and_stays(folder):
    """The target of a link is replaced, even if it does not exist yet."""
    Path("real.jsonl").write_text("old")
    os.symlink("real.jsonl", "l.jsonl")
    os.symlink("other/new.json", "r.json")
    assert main(["dedup", "a.jsonl", "-o", "l.jsonl", "--report", "r.json"]) == 0
    assert os.readlink("l.jsonl") == "real.jsonl"
    assert Path("real.jsonl").read_bytes() == Path("a.jsonl").read_bytes()
    assert Path("r.json").is_symlink()
    assert json.loads(Path("other/new.json").read_text())["documents"]["all"] == 3


def test_a_pipe_and_a_device_are_written_to_and_stay(folder):
    """A named pipe passes the rows to its reader, and a terminal is still a terminal."""
    os.mkfifo("pipe")
    got = []
    reader = threading.Thread(target=lambda: got.append(Path("pipe").read_bytes()))
    reader.start()
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    assert main(["dedup", "a.jsonl", "-o", "pipe", "--report", name, "--quiet"]) == 0
    reader.join()
    assert got == [Path("a.jsonl").read_bytes()]
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)
    assert stat.S_ISCHR(os.stat(name).st_mode)
    assert b'"schema"' in os.read(master, 100)


def test_standard_output_takes_the_rows_and_nothing_else(folder):
    """`-o -` writes the content of the file; the report goes to standard error. /dev/stdout works the same way."""
    for place in ("-", "/dev/stdout"):
        done = process("a.jsonl", "-o", place)
        out, error = done.communicate()
        assert (done.returncode, out) == (0, Path("a.jsonl").read_bytes())
        assert b"Near-duplicate" in error


def test_a_file_that_standard_output_leads_to_is_not_replaced(folder):
    """`-o k.jsonl > k.jsonl` gives the rows, and the report does not overwrite them."""
    with open("k.jsonl", "wb") as file:
        assert process("a.jsonl", "-o", "k.jsonl", stdout=file).wait() == 0
    assert Path("k.jsonl").read_bytes() == Path("a.jsonl").read_bytes()


def test_modes_are_those_of_the_file_before_or_the_usual_ones(folder):
    """A replaced private file stays private, and a new file has the usual mode."""
    Path("private.jsonl").write_text("old")
    Path("private.jsonl").chmod(0o600)
    Path("usual").write_text("")
    assert main(["dedup", "a.jsonl", "-o", "private.jsonl", "--report", "r.json"]) == 0
    assert Path("private.jsonl").stat().st_mode == stat.S_IFREG | 0o600
    assert Path("r.json").stat().st_mode == Path("usual").stat().st_mode


DURING = {
    "reading": """
from dataselect_core.dedup import streaming
real = streaming.shingle_sets
def shingle_sets(*given):
    os.kill(os.getpid(), NUMBER)
    return real(*given)
streaming.shingle_sets = shingle_sets
""",
    "writing": """
from dataselect_core.corpus import files
real = files._copy
def copy(stream, start, end, sink):
    real(stream, start, end, sink)
    sink.flush()
    os.kill(os.getpid(), NUMBER)
    os.kill(os.getpid(), signal.SIGINT)
files._copy = copy
""",
    "committing": """
real = os.replace
def replace(*given):
    os.kill(os.getpid(), NUMBER)
    real(*given)
os.replace = replace
""",
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("when", DURING)
@pytest.mark.parametrize("corpus", ["a.jsonl", "in"])
def test_a_signal_leaves_all_or_nothing(folder, number, when, corpus):
    """At any moment, even after a second signal, there is no partial output, no temporary data and no traceback."""
    before = state(folder)
    options = [corpus, "-o", "kept", "--report", "r.json", "--temporary", "empty"]
    usual = "default_int_handler" if number == signal.SIGINT else "SIG_DFL"  # under nohup some are ignored
    scene = f"signal.signal({int(number)}, signal.{usual})\n" + DURING[when].replace(
        "NUMBER", str(int(number))
    )
    done = process(*options, before=scene)
    error = done.communicate()[1].decode()
    assert done.returncode == 128 + number
    assert error.count("\n") == 1
    if when == "committing":
        assert "when everything was written" in error
        assert set(state(folder)) > set(before)
        assert Path("kept").exists()
        assert json.loads(Path("r.json").read_text())["output"] == "kept"
    else:
        assert "nothing was written" in error
        assert state(folder) == before


def test_nohup_stays_in_force(folder):
    """A signal that was ignored when the command started does not stop it."""
    scene = "signal.signal(signal.SIGHUP, signal.SIG_IGN)" + DURING["reading"].replace(
        "NUMBER", "signal.SIGHUP"
    )
    done = process("a.jsonl", "-o", "k.jsonl", before=scene)
    done.communicate()
    assert done.returncode == 0
    assert Path("k.jsonl").exists()


@pytest.mark.parametrize("name", ["big.jsonl", "big.jsonl.xz"])
def test_a_full_disk_leaves_what_was_there(folder, name):
    """The old output is kept, no partial file is left, and the error gives the reason."""
    import lzma

    data = "".join(ROWS).encode() + os.urandom(200_000).hex().encode() + b"\n"
    Path(name).write_bytes(lzma.compress(data) if name.endswith("xz") else data)
    output = name.replace("big", "k")
    Path(output).write_text("old")
    before = state(folder)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))"
    done = process(name, "-o", output, "--report", "r.json", "--on-error", "skip", before=limit)
    error = done.communicate()[1].decode()
    assert (done.returncode, error) == (1, "dedup: File too large\n")
    assert state(folder) == before
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_reader_that_has_gone_is_no_traceback(folder):
    """`-o - | head` ends as other programs do, and an unread report does not count as a failure."""
    Path("big.jsonl").write_text("".join(ROWS))
    for given, status in ((["big.jsonl", "-o", "-"], 141), (["big.jsonl", "-o", "k.jsonl"], 0)):
        done = process(*given)
        done.stdout.close()
        assert done.stderr.read().decode() in ("", "dedup: ") or status == 141
        assert done.wait() == status
    assert Path("k.jsonl").read_text() == "".join(ROWS)


def test_a_console_that_lacks_letters_is_no_failure(folder):
    """A Chinese name on a Western console is shown as code points, and everything is written."""
    Path("语料.jsonl").write_text(ROWS[0])
    for encoding in ("cp1252", "ascii"):
        done = process(
            "语料.jsonl", "-o", "保留.jsonl", env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
        )
        out, error = done.communicate()
        assert (done.returncode, error) == (0, b"")
        assert rb"\u8bed\u6599.jsonl" in out
        assert Path("保留.jsonl").read_text() == ROWS[0]


def test_an_output_is_on_the_disk_before_it_has_its_name(folder, monkeypatch):
    """Every output is synchronised first, and all outputs are written before the first one is renamed."""
    seen = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(outputs.os, "fsync", lambda handle: (seen.append("sync"), sync(handle)))
    monkeypatch.setattr(outputs.os, "replace", lambda *given: (seen.append("rename"), replace(*given)))
    assert main(["dedup", "a.jsonl", "-o", "k.jsonl", "--report", "r.json", "--quiet"]) == 0
    assert seen[:3] == ["sync", "sync", "rename"]
