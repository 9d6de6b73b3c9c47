"""The Data Wall: compute continues to grow, and fresh data do not.

All results are modelled, from the growth rates in the chapter and the data-constrained scaling law.
"""

import math
from dataclasses import dataclass
from numbers import Real

from dataselect_core.facts import load
from dataselect_core.scaling.laws import data_constrained_loss, effective_data, training_flops

_FACTS = load("wall")


def _fact(table, name):
    return _FACTS[table][name]["value"]


def tokens_pushed(params: float, gpus: float, days: float, utilisation: float, peak_flops: float) -> float:
    """Tokens that a cluster pushes through a dense model: GPU-seconds x useful FLOP/s / 6 N.

    Parameters
    ----------
    params : float
        Parameters N > 0.
    gpus, days : float
        > 0.
    utilisation : float
        Share of the peak that is useful, above 0 and at most 1.
    peak_flops : float
        FLOP/s of one GPU, > 0.

    Returns
    -------
    float
        Tokens.
    """
    for name, value in (
        ("params", params),
        ("gpus", gpus),
        ("days", days),
        ("utilisation", utilisation),
        ("peak_flops", peak_flops),
    ):
        _positive(name, value)
    if utilisation > 1:
        raise ValueError(f"utilisation must be at most 1, not {utilisation!r}")
    return gpus * days * 86_400 * peak_flops * utilisation / training_flops(params, 1)


def chapter_cluster(peak_flops: float) -> float:
    """`tokens_pushed` of the cluster in the chapter: 10,000 H100, 90 days, a 70 B model."""
    return tokens_pushed(
        _fact("cluster", "parameters"),
        _fact("cluster", "gpus"),
        _fact("cluster", "days"),
        _fact("cluster", "utilisation"),
        peak_flops,
    )


@dataclass(frozen=True)
class Wall:
    """A training run some years from now, with compute and data grown at their rates.

    Attributes
    ----------
    years : float
    tokens, unique : float
        Tokens that the compute can read, and distinct tokens that exist for it.
    epochs : float
        How often each distinct token is read; below 1, not all are read.
    effective : float
        Worth of the tokens read, in distinct tokens.
    worth : float
        effective / tokens: worth of a token read, compared with a fresh one.
    loss, loss_fresh : float
        Nats per token, and the loss if every token were fresh.
    """

    years: float
    tokens: float
    unique: float
    epochs: float
    effective: float
    worth: float
    loss: float
    loss_fresh: float


def data_wall(params: float, tokens: float, unique: float, years: float = 0.0) -> Wall:
    """A run of today, moved `years` ahead: its compute grows by 10 in 3 years, its data by 2 in 5.

    The model keeps its size, so its tokens grow in proportion to compute.

    Parameters
    ----------
    params, tokens : float
        Parameters N and tokens read today, > 0.
    unique : float
        Distinct tokens that exist today, > 0.
    years : float, default 0
        At least 0.

    Returns
    -------
    Wall

    References
    ----------
    Muennighoff et al., Scaling Data-Constrained Language Models, 2023, for the worth of repeated data.
    """
    for name, value in (("params", params), ("tokens", tokens), ("unique", unique)):
        _positive(name, value)
    if isinstance(years, bool) or not isinstance(years, Real) or not 0 <= years <= 50:
        raise ValueError(f"years must be a number from 0 to 50, not {years!r}")
    compute, data = _rates()
    tokens_read, unique_then = tokens * math.exp(compute * years), unique * math.exp(data * years)
    worth = effective_data(unique_then, tokens_read)
    return Wall(
        float(years),
        tokens_read,
        unique_then,
        tokens_read / unique_then,
        worth,
        worth / tokens_read,
        data_constrained_loss(params, tokens_read, unique_then),
        data_constrained_loss(params, tokens_read, tokens_read),
    )


def years_to_wall(tokens: float, unique: float, epochs: float | None = None) -> float:
    """Years until everything would have to be read `epochs` times; below 0 if that is in the past.

    Parameters
    ----------
    tokens, unique : float
        As for `data_wall`.
    epochs : float, optional
        > 0; by default 4, up to which repeated data are worth nearly as much as fresh ones.

    Returns
    -------
    float
    """
    epochs = _fact("repetition", "epochs") if epochs is None else epochs
    for name, value in (("tokens", tokens), ("unique", unique), ("epochs", epochs)):
        _positive(name, value)
    compute, data = _rates()
    return math.log(epochs * unique / tokens) / (compute - data)


def _rates():
    """Yearly growth of compute and of data, as exponents."""
    return tuple(
        math.log(_fact("growth", f"{quantity}_factor")) / _fact("growth", f"{quantity}_years")
        for quantity in ("compute", "data")
    )


def _positive(name, value):
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number above 0, not {value!r}")
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be finite and above 0, not {value!r}")
