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


def process(*arguments, before="", **options):
    """The command in a separate process, after some lines of Python as preparation."""
    code = f"import os, signal, sys\n{before}\nfrom dataselect_core.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    env = {**os.environ, "PYTHONPATH": SOURCE, **options.pop("env", {})}
    return subprocess.Popen(
        [sys.executable, "-c", code, "dedup", *map(str, arguments)],
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        env=env,
        **options,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.jsonl", "--report", "a.jsonl"], "must not be the corpus itself"),
        (["a.jsonl", "-o", "hard.jsonl"], "must not be the corpus itself"),
        (["a.jsonl", "-o", "soft.jsonl"], "must not be the corpus itself"),
        (["soft.jsonl", "--report", "./in/../a.jsonl"], "must not be the corpus itself"),
        (["other", "-o", "empty", "--report", "in/sub/b.jsonl"], "must not be the corpus itself"),
        (["in", "--report", "in/sub/r.json"], "nor be in it"),
        (["in", "--report", "way/r.json"], "nor be in it"),
        (["in", "-o", "in/sub/new/kept"], "nor be in it"),
        (["a.jsonl", "in", "-o", "in/new"], "nor be in it"),
        (["a.jsonl", "-o", "k.jsonl", "--report", "./k.jsonl"], "must not be another output"),
        (["in", "-o", "new", "--report", "new/r.json"], "there is no folder for the report"),
        (["in", "-o", "empty", "--report", "empty/r.json"], "must not be in the output"),
        (["a.jsonl", "-o", "-", "--report", "-"], "must not both be standard output"),
        (["in", "-o", "-"], "accepts only one file"),
        (["a.jsonl", "-o", "a.jsonl/kept.jsonl"], "cannot be written: Not a directory"),
        (["a.jsonl", "--report", "empty"], "the report empty is a folder"),
        (["a.jsonl", "-o", "new/"], "is a folder"),
        (["a.jsonl", "-o", "nowhere/k.jsonl"], "there is no folder for the output"),
        (["a.jsonl", "-o", "k" * 300], "File name too long"),
        (["a.jsonl", "-o", "k.jsonl", "--report", "r" * 300], "File name too long"),
        (["a.jsonl", "-o", "locked.jsonl"], "is a read-only file"),
        (["a.jsonl", "-o", "/proc/kept.jsonl"], "cannot be written into /proc"),
        (["a.jsonl", "-o", "nul\0byte"], "cannot be written: "),
        (["a.jsonl", "--temporary", "a.jsonl"], "temporary files a.jsonl cannot be written"),
    ],
)
def test_a_forbidden_output_is_refused_before_reading(folder, monkeypatch, capsys, arguments, message):
    """Whatever name an input has, nothing is read, nothing changes, and one sentence gives the reason."""
    monkeypatch.setattr(dedup_command, "deduplicate_files", None)
    before = state(folder)
    assert main(["dedup", *arguments]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert state(folder) == before


def test_names_that_differ_by_case_are_one_output_if_the_disk_folds_case(folder, monkeypatch):
    """If a disk folds case, K.jsonl and k.jsonl, or two spellings of one accent, are the same output."""
    for fold in (False, True):
        monkeypatch.setattr(Outputs, "_check_writable", lambda *arguments, fold=fold: fold)
        for first, second in (("K.jsonl", "k.jsonl"), ("caf\u00e9.json", "cafe\u0301.json")):
            targets = Outputs()
            targets.add("the output", first)
            if fold:
                with pytest.raises(CorpusError, match="another output"):
                    targets.add("the report", second)
            else:
                targets.add("the report", second)


def test_a_link_is_followed_and_kept(folder):
    """The target of a link is replaced, even if it does not exist yet."""
    Path("real.jsonl").write_text("old")
    os.symlink("real.jsonl", "l.jsonl")
    os.symlink("other/new.json", "r.json")
    assert main(["dedup", "a.jsonl", "-o", "l.jsonl", "--report", "r.json"]) == 0
    assert os.readlink("l.jsonl") == "real.jsonl"
    assert Path("real.jsonl").read_bytes() == Path("a.jsonl").read_bytes()
    assert Path("r.json").is_symlink()
    assert json.loads(Path("other/new.json").read_text())["documents"]["all"] == 3


def test_pipes_and_devices_are_written_to_and_kept(folder):
    """A named pipe passes the rows to its reader, and a terminal is still a terminal."""
    os.mkfifo("pipe")
    received = []
    reader = threading.Thread(target=lambda: received.append(Path("pipe").read_bytes()))
    reader.start()
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    assert main(["dedup", "a.jsonl", "-o", "pipe", "--report", name, "--quiet"]) == 0
    reader.join()
    assert received == [Path("a.jsonl").read_bytes()]
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)
    assert stat.S_ISCHR(os.stat(name).st_mode)
    assert b'"schema"' in os.read(master, 100)


def test_standard_output_receives_only_the_rows(folder):
    """`-o -` writes the content of the file; the report goes to standard error. /dev/stdout works the same way."""
    for target in ("-", "/dev/stdout"):
        child = process("a.jsonl", "-o", target)
        out, error = child.communicate()
        assert (child.returncode, out) == (0, Path("a.jsonl").read_bytes())
        assert b"Near-duplicate" in error


def test_the_file_behind_standard_output_is_not_replaced(folder):
    """`-o k.jsonl > k.jsonl` gives the rows, and the report does not overwrite them."""
    with open("k.jsonl", "wb") as file, process("a.jsonl", "-o", "k.jsonl", stdout=file) as child:
        assert child.wait() == 0
    assert Path("k.jsonl").read_bytes() == Path("a.jsonl").read_bytes()


def test_a_replaced_file_keeps_its_mode_and_a_new_file_has_the_usual_mode(folder):
    """A replaced private file stays private, and a new file has the usual mode."""
    Path("private.jsonl").write_text("old")
    Path("private.jsonl").chmod(0o600)
    Path("usual").write_text("")
    assert main(["dedup", "a.jsonl", "-o", "private.jsonl", "--report", "r.json"]) == 0
    assert Path("private.jsonl").stat().st_mode == stat.S_IFREG | 0o600
    assert Path("r.json").stat().st_mode == Path("usual").stat().st_mode


DURING = {
    "reading": """
from dataselect_core.dedup import reading
original = reading.shingle_sets
def shingle_sets(*arguments):
    os.kill(os.getpid(), NUMBER)
    return original(*arguments)
reading.shingle_sets = shingle_sets
""",
    "writing": """
from dataselect_core.corpus import files
original = files._copy
def copy(stream, start, end, sink):
    original(stream, start, end, sink)
    sink.flush()
    os.kill(os.getpid(), NUMBER)
    os.kill(os.getpid(), signal.SIGINT)
files._copy = copy
""",
    "committing": """
original = os.replace
def replace(*arguments):
    os.kill(os.getpid(), NUMBER)
    original(*arguments)
os.replace = replace
""",
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("when", DURING)
@pytest.mark.parametrize("corpus", ["a.jsonl", "in"])
def test_a_signal_leaves_all_outputs_or_none(folder, number, when, corpus):
    """At any moment, even after a second signal, there is no partial output, no temporary data and no traceback."""
    before = state(folder)
    options = [corpus, "-o", "kept", "--report", "r.json", "--temporary", "empty"]
    handler = "default_int_handler" if number == signal.SIGINT else "SIG_DFL"  # under nohup some are ignored
    scene = f"signal.signal({int(number)}, signal.{handler})\n" + DURING[when].replace(
        "NUMBER", str(int(number))
    )
    child = process(*options, before=scene)
    error = child.communicate()[1].decode()
    assert child.returncode == 128 + number
    assert error.count("\n") == 1
    if when == "committing":
        assert "after everything was written" in error
        assert set(state(folder)) > set(before)
        assert Path("kept").exists()
        assert json.loads(Path("r.json").read_text())["output"] == "kept"
    else:
        assert "nothing was written" in error
        assert state(folder) == before


def test_an_ignored_signal_does_not_stop_the_command(folder):
    """A signal that was ignored when the command started does not stop it."""
    scene = "signal.signal(signal.SIGHUP, signal.SIG_IGN)" + DURING["reading"].replace(
        "NUMBER", "signal.SIGHUP"
    )
    child = process("a.jsonl", "-o", "k.jsonl", before=scene)
    child.communicate()
    assert child.returncode == 0
    assert Path("k.jsonl").exists()


@pytest.mark.parametrize("name", ["big.jsonl", "big.jsonl.xz"])
def test_a_full_disk_leaves_the_old_output(folder, name):
    """The old output is kept, no partial file is left, and the error gives the reason."""
    import lzma

    data = "".join(ROWS).encode() + os.urandom(200_000).hex().encode() + b"\n"
    Path(name).write_bytes(lzma.compress(data) if name.endswith("xz") else data)
    output = name.replace("big", "k")
    Path(output).write_text("old")
    before = state(folder)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))"
    child = process(name, "-o", output, "--report", "r.json", "--on-error", "skip", before=limit)
    error = child.communicate()[1].decode()
    assert (child.returncode, error) == (1, "dedup: File too large\n")
    assert state(folder) == before
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_closed_reader_causes_no_traceback(folder):
    """`-o - | head` ends as other programs do, and an unread report does not count as a failure."""
    Path("big.jsonl").write_text("".join(ROWS))
    for arguments, status in ((["big.jsonl", "-o", "-"], 141), (["big.jsonl", "-o", "k.jsonl"], 0)):
        child = process(*arguments)
        child.stdout.close()
        with child.stderr:
            assert child.stderr.read().decode() in ("", "dedup: ") or status == 141
        assert child.wait() == status
    assert Path("k.jsonl").read_text() == "".join(ROWS)


def test_a_console_without_unicode_causes_no_failure(folder):
    """A Chinese name on a Western console is shown as code points, and everything is written."""
    Path("语料.jsonl").write_text(ROWS[0])
    for encoding in ("cp1252", "ascii"):
        child = process(
            "语料.jsonl", "-o", "保留.jsonl", env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
        )
        out, error = child.communicate()
        assert (child.returncode, error) == (0, b"")
        assert rb"\u8bed\u6599.jsonl" in out
        assert Path("保留.jsonl").read_text() == ROWS[0]


def test_outputs_are_synchronised_before_they_are_renamed(folder, monkeypatch):
    """Every output is synchronised first, and all outputs are written before the first one is renamed."""
    calls = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(outputs.os, "fsync", lambda handle: (calls.append("sync"), sync(handle)))
    monkeypatch.setattr(
        outputs.os, "replace", lambda *arguments: (calls.append("rename"), replace(*arguments))
    )
    assert main(["dedup", "a.jsonl", "-o", "k.jsonl", "--report", "r.json", "--quiet"]) == 0
    assert calls[:3] == ["sync", "sync", "rename"]
