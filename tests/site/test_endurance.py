"""The endurance run: what it does is seeded, and what it measures is measured."""

import random
import subprocess
import sys

import pytest

from tools import commands, endurance


def moves(seed, count):
    """The names of the first interactions of a reader for whom nothing happens."""
    reader = endurance.Reader(None, random.Random(seed), None)
    for kind in {*reader.KINDS, *reader.RARE}:
        setattr(reader, kind, lambda: None)
    for _ in range(count):
        reader.interact()
    return reader.done


def test_the_moves_are_seeded_and_cover_every_kind():
    """The same seed gives the same moves; 500 of them have each kind, also the rare ones."""
    assert moves(1, 50) == moves(1, 50) != moves(2, 50)
    done = moves(1, 500)
    assert set(done) == {*endurance.Reader.KINDS, *endurance.Reader.RARE} and done.total() == 500


class Session:
    """A session with a browser that only notes what it was asked."""

    def __init__(self):
        self.asked = []

    def send(self, name):
        """Note it."""
        self.asked.append(name)


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_resident_memory_is_that_of_the_process():
    """A process that holds 80 MB more has at least 70 MB more resident memory, measured after a collection."""
    session, sizes = Session(), []
    for amount in (1, 80):
        code = f"held = b'x' * ({amount} * 1_000_000); print('ready', flush=True); input()"
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        process.stdout.readline()
        sizes.append(endurance.resident_mb(session, lambda pid=process.pid: [pid]))
        process.communicate("\n")
    assert 70 < sizes[1] - sizes[0] < 100 and session.asked == ["HeapProfiler.collectGarbage"] * 2


def test_the_commands_have_their_tools():
    """Each trial is a command with arguments of its own."""
    for name in commands.TRIALS:
        assert commands.parse([name, "--", "--seed", "3"]).arguments == ["--seed", "3"]
        assert name in commands.COMMANDS and (commands.ROOT / "tools" / f"{name}.py").is_file()
