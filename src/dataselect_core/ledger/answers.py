"""Answer the questions of a check, and distinguish a report that is refused from a failure of the check itself.

A report with settings that no control of the lab allows is refused, which counts against it. Any other failure (too
little memory, missing data, an error in our own code) does not count against the report.
"""

import dis
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from dataselect_core.settings import SETTINGS

PARTS = {"1": "deduplication", "2": "active_learning", "3": "domain_gap"}
SHARED_SETTINGS = {"1": ("corpus", "width", "num_perm", "seed"), "2": None, "3": ("noise", "seed", "seeds")}
"""Part -> settings of the slowest step, whose result is cached from one recomputation to the next."""
CORE_PREFIX = "dataselect_core."
DATA_MODULES = ("datasets", "facts", "corpus", "gap.gap_map", "sampling.reference_sweep")
"""Modules that read the lab's own files: an error they raise is about those files."""


@dataclass(frozen=True)
class Question:
    """The input for recomputing one part of a record: everything that its figures depend on."""

    track: str
    part: str
    settings: dict[str, Any]
    assumptions: dict[str, float]
    prediction: object

    @property
    def key(self) -> Any:
        """A key that is the same for two questions with the same answer."""
        return json.dumps(
            (self.track, self.part, self.settings, self.assumptions, self.prediction), sort_keys=True
        )

    @property
    def group_key(self) -> Any:
        """A key that is the same for two questions that are quicker to answer one after the other, in one process."""
        names = SHARED_SETTINGS[self.part]
        if names is None:
            return self.key
        track = self.track if self.part == "1" else ""
        return json.dumps((self.part, track, [self.settings.get(name) for name in names]), sort_keys=True)


@dataclass(frozen=True)
class Unanswered:
    """Why there is nothing to compare with.

    Attributes
    ----------
    reason : str
        A sentence without a full stop.
    refused : bool
        True if the lab refuses the settings of the report; False if the check itself failed.
    """

    reason: str
    refused: bool


def answers(question: Question) -> Iterator[Any]:
    """Answer one question.

    Parameters
    ----------
    question : Question

    Yields
    ------
    (label, share) before each step; last the `Findings`, or an `Unanswered`. The function raises only exceptions that
    stop the program.
    """
    if question.prediction is None:
        reason = "cannot be recomputed: there is no prediction, and without one the lab shows no figures"
        yield Unanswered(reason, refused=True)
        return
    yield "Recomputing", 0.0
    arguments = question.track, question.settings, question.assumptions, question.prediction
    try:
        figures = import_module(f"dataselect_core.figures.{PARTS[question.part]}.figures")
        yield from figures.recompute_stepwise(*arguments)
    except Exception as error:  # an error in one report must not end the check of the others
        yield _unanswered(error, question)


def _unanswered(error, question):
    description = f"{type(error).__name__}: {error}"
    if isinstance(error, MemoryError):
        return Unanswered("this machine has too little memory to compute it (--jobs 1 needs less)", False)
    if isinstance(error, FileNotFoundError):
        return Unanswered(f"the lab's own data are missing on this machine: {error}", False)
    if _refuses(error) or _malformed(error, question):
        return Unanswered(f"cannot be recomputed: {description}", True)
    return Unanswered(f"the check itself failed: {description}", False)


def _refuses(error):
    """Whether a `raise` statement in the lab's own code raised this error because of its input."""
    if type(error) is not ValueError:
        return False
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    module = trace.tb_frame.f_globals.get("__name__", "")
    in_core = module.startswith(CORE_PREFIX) and not module.removeprefix(CORE_PREFIX).startswith(DATA_MODULES)
    # NumPy raises ValueError too, from a line of our code that has no `raise`: that is an error in our code.
    return in_core and trace.tb_frame.f_code.co_code[trace.tb_lasti] == dis.opmap["RAISE_VARARGS"]


def _malformed(error, question):
    """Whether the error is due to settings or a prediction in another form than the page writes them."""
    if not isinstance(error, (LookupError, TypeError, AttributeError, ValueError, OverflowError)):
        return False
    table, settings = SETTINGS[question.part], question.settings
    if question.part != "1" and not isinstance(question.prediction, dict):
        return True
    if question.part == "1" and not isinstance(question.prediction, (int, float)):
        return True
    missing_name = error.args[0] if isinstance(error, KeyError) and error.args else None
    if missing_name not in settings and (
        missing_name in table or missing_name in ("direction", "prediction")
    ):
        return True
    for name in table.keys() & settings.keys():
        try:
            table[name].check(settings[name])
        except (ValueError, TypeError):
            return True
    return False
