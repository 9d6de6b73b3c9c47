"""One thing at a time, across processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tools.locked import holder, locked

ROOT = Path(__file__).resolve().parents[2]
HOLD = (
    "import sys; from tools.locked import locked\n"
    "with locked(sys.argv[1], 'hold it'):\n"
    "    print('held', flush=True); sys.stdin.read()\n"
)


@pytest.fixture
def holder_process(tmp_path):
    """A process that holds the lock `tmp_path/lock` until its standard input ends."""
    command = [sys.executable, "-c", HOLD, tmp_path / "lock"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_waits_and_names_the_holder(tmp_path, holder_process):
    """The waiting run names the holder's task and process, and continues when the holder is done."""
    messages = []

    def report(line):
        messages.append(line)
        holder_process.stdin.close()  # the holder ends only after this run waited for it

    with locked(tmp_path / "lock", "wait", report):
        assert holder_process.wait(30) == 0
    assert len(messages) == 1
    assert f"hold it (process {holder_process.pid}" in messages[0]


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_killed_holder_leaves_no_lock(tmp_path, holder_process):
    """A killed holder, with its name still in the file, blocks nobody."""
    holder_process.send_signal(signal.SIGKILL)
    holder_process.wait(30)
    assert "hold it" in holder(tmp_path / "lock")
    messages = []
    with locked(tmp_path / "lock", "go on", messages.append):
        assert f"go on (process {os.getpid()}" in holder(tmp_path / "lock")
    assert messages == []
    assert holder(tmp_path / "lock") == "another process"


def test_an_exception_releases_the_lock(tmp_path):
    """A block that fails releases the lock, and its error is passed on."""
    with pytest.raises(KeyError, match="broken"), locked(tmp_path / "new" / "lock", "fail"):
        raise KeyError("broken")
    with locked(tmp_path / "new" / "lock", "work", pytest.fail):
        pass


def test_threads_of_one_process_take_turns(tmp_path):
    """Two builds in threads of one process never run at the same time."""
    active, counts = [], []

    def work():
        for _ in range(20):
            with locked(tmp_path / "lock", "work", lambda line: None):
                active.append(1)
                counts.append(len(active))
                time.sleep(0.001)  # long enough for another thread to enter
                active.pop()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert counts == [1] * 60
