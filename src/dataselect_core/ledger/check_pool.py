"""Answers the questions of many reports, each once, and on request in several processes."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, as_completed
from multiprocessing import active_children, get_context
from typing import Any

from dataselect_core.ledger.answers import Unanswered, answers
from dataselect_core.ledger.check import Question

TURNS = 4  # parcels that each process gets, so that a long one at the end does not leave the others idle
MOST = 61  # processes: what Windows can wait for


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def recomputed(
    questions: Sequence[Question], jobs: int = 1, progress: Callable[[Question, str], object] | None = None
) -> Iterator[tuple[Any, Any]]:
    """Answer questions, in no certain order; the answers do not depend on the number of processes.

    Parameters
    ----------
    questions : sequence of check.Question
        Those with the same key are answered once.
    jobs : int
        Processes to share the work, at least 1; 1 is this process alone.
    progress : callable(Question, str), optional
        In this process alone: called with what is under way and its label.

    Yields
    ------
    (key, answer) : the answer is a `Findings`, or an `Unanswered` with the reason why there is none. A process that
        dies (of want of memory, as a rule) ends no other report's check: what it was at is tried once more alone.
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
    """Lists of questions that one process answers: kin stay together, as far as the others have work too."""
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
    from concurrent.futures import ProcessPoolExecutor  # there is none where there are no processes

    others, dead = set(active_children()), []
    # Fresh processes everywhere: a copy of this one could hold locks of threads that it does not have.
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
    """Ctrl-C reaches every process of a terminal; the first one ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _answered(parcel):
    """The answers to a parcel of questions: [(key, answer)]."""
    found = []
    for question in parcel:
        *_, answer = answers(question)
        found.append((question.key, answer))
    return found
