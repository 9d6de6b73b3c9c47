"""One thing at a time, across processes: a lock on a file, which the system releases when its holder ends.

Standard library only, because the environment is made under a lock. A lock is held by an open file, which no
child program inherits. Therefore it also excludes a second thread of the same process, and it is not re-entrant.
"""

import contextlib
import os
import sys
import time
from pathlib import Path

POLL = 0.1  # seconds between two tries
REMIND = 30  # seconds after which a waiting run prints that again
PLACE = 1 << 30  # Windows locks bytes, and locked bytes cannot be read: lock one far after the text


@contextlib.contextmanager
def locked(path, what, say=None):
    """Hold the lock on a file during a `with` block; wait for it, and say who has it.

    Parameters
    ----------
    path : path
        The lock's file; it is made if missing, with its folder, and is kept afterwards.
    what : str
        A description of the block, which other runs print while they wait: "build", "install packages".
    say : callable, optional
        Takes one line of text; prints on standard error unless given.

    Raises
    ------
    OSError
        The file cannot be written, or the disk does not support locks.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0) as file:
        _wait(file, path, say or _say)
        try:
            file.truncate(0)
            file.seek(0)
            file.write(f"{what} (process {os.getpid()}, since {time.strftime('%H:%M:%S')})".encode())
            yield
        finally:
            with contextlib.suppress(OSError):
                file.truncate(0)
            _release(file)


def holder(path):
    """A description of the holder of a lock, as the holder wrote it; "another process" if it cannot be read."""
    try:
        text = Path(path).read_text("utf-8", "replace").strip()
    except OSError:
        text = ""
    return text or "another process"


def _wait(file, path, say):
    reported = None
    while not _try(file):
        now = time.monotonic()
        if reported is None or now - reported > REMIND:
            say(
                f"Waiting for {holder(path)} to finish"
                if reported is None
                else f"Still waiting for {holder(path)}"
            )
            reported = now
        time.sleep(POLL)


def _say(line):
    print(line, file=sys.stderr, flush=True)


if os.name == "nt":
    import msvcrt

    def _try(file):
        file.seek(PLACE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:  # another process has it; any other error is raised
            return False
        return True

    def _release(file):
        file.seek(PLACE)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try(file):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _release(file):
        fcntl.flock(file, fcntl.LOCK_UN)
