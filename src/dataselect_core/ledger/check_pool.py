"""Answer the questions of many reports, each once, and on request in several processes."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, as_completed
from multiprocessing import active_children, get_context
from typing import Any

from dataselect_core.ledger.answers import Unanswered, answers
from dataselect_core.ledger.check import Question

TURNS = 4  # parcels that each process gets, so that a long one at the end does not leave the others idle
MOST = 61  # processes: the most that Windows can wait for


def processors() -> int:
    """Number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def recomputed(
    questions: Sequence[Question], jobs: int = 1, progress: Callable[[Question, str], object] | None = None
) -> Iterator[tuple[Any, Any]]:
    """Answer questions in any order; the answers do not depend on the number of processes.

    Parameters
    ----------
    questions : sequence of check.Question
        Questions with the same key are answered once.
    jobs : int
        Processes to share the work, at least 1; with 1, this process does everything.
    progress : callable(Question, str), optional
        Called with the current question and its label, if this process does everything.

    Yields
    ------
    (key, answer) : the answer is a `Findings`, or an `Unanswered` with the reason why there is none. A process that
        dies (usually because memory is short) does not end the check of other reports: its work is tried again alone.
    """
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise ValueError(f"jobs must be a whole number of at least 1, not {jobs!r}")
    parcels = _parcels(questions, jobs)
    workers = min(jobs, len(parcels), MOST)
    if workers > 1:
        yield from _shared(parcels, workers)
        return
    for parcel in parcels:
        for question in parcel:
            for step in answers(question):
                if progress is not None and isinstance(step, tuple):
                    progress(question, step[0])
            yield question.key, step


def _parcels(questions, jobs):
    """Lists of questions for one process each: related questions are kept together if the others still have work."""
    kin: dict[Any, Any] = {}
    for question in {question.key: question for question in questions}.values():
        kin.setdefault(question.kin, []).append(question)
    most = max(1, -(-sum(map(len, kin.values())) // (TURNS * jobs)))
    parcels = [group[i : i + most] for group in kin.values() for i in range(0, len(group), most)]
    return sorted(parcels, key=len, reverse=True)


def _shared(parcels, workers):
    dead = yield from _in_processes(parcels, workers)
    for parcel in dead:
        if (yield from _in_processes([parcel], 1)):
            why = "a process that computed it has died, as a rule for want of memory (--jobs 1 takes less)"
            yield from ((question.key, Unanswered(why, False)) for question in parcel)


def _in_processes(parcels, workers):
    """Yields (key, answer); returns the parcels that were not answered because a process has died."""
    from concurrent.futures import ProcessPoolExecutor  # missing where there are no processes

    others, dead = set(active_children()), []
    # Start new processes on every system: a fork of this one could hold locks of threads that it does not have.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_leave_interrupts)
    try:
        at = {pool.submit(_answered, parcel): parcel for parcel in parcels}
        for done in as_completed(at):
            try:
                found = done.result()
            except BrokenExecutor:
                dead.append(at[done])
            else:
                yield from found
    except BaseException:  # interrupted: nobody waits for the rest
        for child in set(active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return dead


def _leave_interrupts():
    """Ignore Ctrl-C in a worker: it reaches every process of a terminal, and the first process ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _answered(parcel):
    """The answers to a parcel of questions: [(key, answer)]."""
    found = []
    for question in parcel:
        *_, answer = answers(question)
        found.append((question.key, answer))
    return found
