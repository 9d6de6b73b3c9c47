"""Worker processes: any number of them gives the same results, in the same order.

A small corpus never starts one, because starting a process takes about as long as hashing a few megabytes.
"""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from dataselect_core.corpus.errors import CorpusError

INLINE = 8  # tasks of `ordered`, of about a megabyte each, that are done before processes are started
AHEAD = 4  # tasks per process that may wait or be done; with `reading.CHUNK_BYTES` this limits the memory
ENDED = (
    "a worker process ended before its work was done: it was killed, or there was not enough memory; nothing was"
    " written. Fewer workers (--jobs) need less memory"
)


def processors() -> int:
    """The number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def peak_memory() -> int | None:
    """The most memory this process has used, in bytes; None if the system does not report it."""
    try:
        with open("/proc/self/status") as status:  # getrusage would count the parent's memory at the fork
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource  # not on every system
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class Workers:
    """Some processes, which are started when there is enough work.

    Parameters
    ----------
    jobs : int
        With 1, everything is done in this process.

    Attributes
    ----------
    peaks : dict
        The number of each process -> the most memory it has used, in bytes.
    """

    def __init__(self, jobs: int = 1) -> None:
        self.jobs = jobs
        self.peaks: dict[int, int] = {}
        self._tasks, self._pool = 0, None

    def submit(self, function: Callable, *arguments: Any) -> Callable[[], Any]:
        """A function that waits for and returns `function(*given)`, which must be pure and can be pickled.

        Raises
        ------
        CorpusError
            In the call or in the returned function, if a process was killed.
        """
        if self._pool is None and not (self.jobs > 1 and self._tasks > INLINE):
            result = function(*arguments)
            return lambda: result
        from concurrent.futures.process import BrokenProcessPool  # missing in a page's Python

        try:
            with _signals_blocked():
                future = self._processes().submit(_run_measured, function, arguments)
        except BrokenProcessPool:
            raise CorpusError(ENDED) from None
        return lambda: self._result(future, BrokenProcessPool)

    def ordered(self, tasks: Iterable[tuple], size: int | None = None) -> Iterator[Any]:
        """The results of many tasks, in their order, with only a few tasks per process ahead.

        Parameters
        ----------
        tasks : iterable of (function, argument, ...)
        size : int or None
            At most this many ahead; None: enough to keep all processes busy.
        """
        ahead = deque()
        for task in tasks:
            self._tasks += 1
            ahead.append(self.submit(*task))
            if len(ahead) > (size or (AHEAD * self.jobs if self.jobs > 1 else 0)):
                yield ahead.popleft()()
        while ahead:
            yield ahead.popleft()()

    def close(self) -> None:
        """End all processes; their current tasks are finished first, which takes seconds at most."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None

    def _result(self, future, pool_error):
        try:
            number, peak, result = future.result()
        except pool_error:
            raise CorpusError(ENDED) from None
        self.peaks[number] = max(self.peaks.get(number, 0), peak or 0)
        return result

    def _processes(self):
        if self._pool is None:
            from concurrent.futures import ProcessPoolExecutor
            from multiprocessing import get_context

            # Start new processes instead of forking this one, which would also copy its threads and open files.
            self._pool = ProcessPoolExecutor(self.jobs, get_context("spawn"), _start_worker)
        return self._pool


@contextmanager
def _signals_blocked():
    """Let no signal interrupt the start of a process, and pass no signal of the terminal on to it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    previous_mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous_mask)


def _start_worker():
    """In a worker: leave Ctrl-C to the parent, end when the parent ends, and use one thread."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    parent = parent_process().sentinel

    def watch():
        wait([parent])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _run_measured(function, arguments):
    return os.getpid(), peak_memory(), function(*arguments)
