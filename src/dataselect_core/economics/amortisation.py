"""A selection that is paid once and saves something in every run."""

from collections.abc import Sequence
from dataclasses import dataclass

from dataselect_core import arguments
from dataselect_core.economics.costs import return_on_selection, runs_to_break_even

RUNS = (1, 5, 10, 50)
"""Numbers of runs that the textbook's chapter sets side by side."""


@dataclass(frozen=True)
class Amortisation:
    """What a selection returns over several runs.

    Attributes
    ----------
    once, per_run : float
        Dollars paid once, and saved in each run.
    pays_from : int or None
        The first run after which the savings have reached the cost; 0 if it costs nothing, None if it never pays.
    runs : tuple of int
    returns : tuple of (float or None)
        Dollars saved in that many runs for each dollar paid; None if nothing was paid. The chapter's "amortized ROI" is
        this number less 1.
    """

    once: float
    per_run: float
    pays_from: int | None
    runs: tuple[int, ...]
    returns: tuple[float | None, ...]


def amortise(once: float, per_run: float, runs: Sequence[int] = RUNS) -> Amortisation:
    """Spread a cost that is paid once over the runs that it serves.

    Parameters
    ----------
    once : float
        Dollars, >= 0.
    per_run : float
        Dollars saved by each run; may be negative.
    runs : sequence of int
        At least one number, each >= 0.

    Returns
    -------
    Amortisation

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed; the message names it.
    """
    once, per_run = arguments.amount("once", once), arguments.number("per_run", per_run)
    counts = arguments.integers("runs", runs, 0)
    returns = tuple(return_on_selection(once, per_run, count) if once else None for count in counts)
    return Amortisation(once, per_run, runs_to_break_even(once, per_run), counts, returns)
