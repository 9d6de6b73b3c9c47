"""Answer the questions of many reports, each once, and on request in several processes."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, as_completed
from multiprocessing import active_children, get_context
from typing import Any

from dataselect_core.ledger.answers import Question, Unanswered, answers

PARCELS_PER_PROCESS = (
    4  # parcels that each process gets, so that a long one at the end does not leave the others idle
)
MOST_PROCESSES = 61  # the most that Windows can wait for


def processors() -> int:
    """Number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def recomputed(
    questions: Sequence[Question], jobs: int = 1, progress: Callable[[Question, str], object] | None = None
) -> Iterator[tuple[Any, Any]]:
    """Answer questions in any order; the answers do not depend on the number of processes.

    Parameters
    ----------
    questions : sequence of answers.Question
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
    workers = min(jobs, len(parcels), MOST_PROCESSES)
    if workers > 1:
        yield from _in_parallel(parcels, workers)
        return
    for parcel in parcels:
        for question in parcel:
            for step in answers(question):
                if progress is not None and isinstance(step, tuple):
                    progress(question, step[0])
            yield question.key, step


def _parcels(questions, jobs):
    """Lists of questions for one process each: related questions are kept together if the others still have work."""
    groups: dict[Any, Any] = {}
    for question in {question.key: question for question in questions}.values():
        groups.setdefault(question.group_key, []).append(question)
    size = max(1, -(-sum(map(len, groups.values())) // (PARCELS_PER_PROCESS * jobs)))
    parcels = [group[i : i + size] for group in groups.values() for i in range(0, len(group), size)]
    return sorted(parcels, key=len, reverse=True)


def _in_parallel(parcels, workers):
    unanswered = yield from _in_processes(parcels, workers)
    for parcel in unanswered:
        if (yield from _in_processes([parcel], 1)):
            reason = "a process that computed it has died, usually because it ran out of memory (--jobs 1 needs less)"
            yield from ((question.key, Unanswered(reason, False)) for question in parcel)


def _in_processes(parcels, workers):
    """Yields (key, answer); returns the parcels that were not answered because a process has died."""
    from concurrent.futures import ProcessPoolExecutor  # missing where there are no processes

    earlier_children, unanswered = set(active_children()), []
    # Start new processes on every system: a fork of this one could hold locks of threads that it does not have.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_leave_interrupts)
    try:
        futures = {pool.submit(_answer_all, parcel): parcel for parcel in parcels}
        for future in as_completed(futures):
            try:
                pairs = future.result()
            except BrokenExecutor:
                unanswered.append(futures[future])
            else:
                yield from pairs
    except BaseException:  # interrupted: nobody waits for the rest
        for child in set(active_children()) - earlier_children:
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return unanswered


def _leave_interrupts():
    """Ignore Ctrl-C in a worker: it reaches every process of a terminal, and the first process ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _answer_all(parcel):
    """The answers to a parcel of questions: [(key, answer)]."""
    pairs = []
    for question in parcel:
        *_, answer = answers(question)
        pairs.append((question.key, answer))
    return pairs
