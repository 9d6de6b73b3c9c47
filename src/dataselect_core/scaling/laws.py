"""Scaling laws: the loss that a model of a given size reaches on a given amount of data.

All results are modelled, with laws that others fitted to their models. The constants are in facts/laws.json.
"""

import math

import numpy as np

from dataselect_core.arguments import floats
from dataselect_core.arrays import ArrayLike, OneOrMany
from dataselect_core.facts import load

_LAWS = load("laws")


def _constants(law):
    return {name: fact["value"] for name, fact in _LAWS[law].items()}


def _positive(value, name, zero=False):
    allowed = f"finite and {'at least 0' if zero else 'above 0'}"
    array = floats(name, value, allowed=allowed)
    if (array < 0).any() or (not zero and (array == 0).any()):
        raise ValueError(f"{name} must be {allowed}, not {value!r}")
    return array


def _plain(array):
    return float(array) if np.ndim(array) == 0 else array


def chinchilla_loss(params: ArrayLike, tokens: ArrayLike) -> OneOrMany:
    """Loss of a compute-optimal family of models: L = E + A / N^alpha + B / D^beta.

    Parameters
    ----------
    params : float or array
        Parameters N > 0.
    tokens : float or array
        Training tokens D > 0, each seen once.

    Returns
    -------
    float or array
        Nats per token.

    References
    ----------
    Hoffmann et al., Training Compute-Optimal Large Language Models, 2022.
    """
    c = _constants("chinchilla")
    n, d = _positive(params, "params"), _positive(tokens, "tokens")
    return _plain(c["E"] + c["A"] / n ** c["alpha"] + c["B"] / d ** c["beta"])


def _worth(unique, total, decay):
    """U (1 + R* (1 - exp(-R / R*))) with R = total / U - 1 repetitions."""
    repetitions = total / unique - 1
    return unique * (1 - decay * np.expm1(-repetitions / decay))


def effective_data(unique: ArrayLike, total: ArrayLike) -> OneOrMany:
    """Worth of repeated data, in unique tokens: D' = U (1 + R* (1 - exp(-R / R*))).

    R = total / U - 1 counts the repetitions after the first reading; a token that is read repeatedly is
    worth at most 1 + R* = 16.4 fresh ones. If fewer tokens are read than exist, U is the number read.

    Parameters
    ----------
    unique : float or array
        Unique tokens > 0.
    total : float or array
        Tokens read > 0.

    Returns
    -------
    float or array
        Tokens, between min(unique, total) and total.

    References
    ----------
    Muennighoff et al., Scaling Data-Constrained Language Models, 2023.
    """
    total = _positive(total, "total")
    unique = np.minimum(_positive(unique, "unique"), total)
    return _plain(_worth(unique, total, _constants("data_constrained")["R_D"]))


def data_constrained_loss(params: ArrayLike, tokens: ArrayLike, unique: ArrayLike) -> OneOrMany:
    """Loss when unique data is short and is repeated: L = E + A / N'^alpha + B / D'^alpha.

    D' is `effective_data(unique, tokens)`. The parameters beyond those that the unique tokens
    support, U_N = min(N, U G^2) with G = (A / B)^(1 / 2 alpha), lose their worth in the same way,
    with a different decay. The law is for data repeated evenly.

    Parameters
    ----------
    params, tokens : float or array
        Parameters and training tokens, > 0.
    unique : float or array
        Unique tokens among them, > 0; as in `effective_data`, at most `tokens` of them count.

    Returns
    -------
    float or array
        Nats per token.

    References
    ----------
    Muennighoff et al., Scaling Data-Constrained Language Models, 2023.
    """
    params, tokens = _positive(params, "params"), _positive(tokens, "tokens")
    unique = np.minimum(_positive(unique, "unique"), tokens)
    return _constrained(params, unique, effective_data(unique, tokens))


def clustered_loss(params: float, unique_tokens: ArrayLike, total_tokens: ArrayLike) -> float:
    """`data_constrained_loss` of a corpus of near-duplicate clusters, which are repeated unevenly.

    D' is `effective_tokens_of_clusters`; the parameters are supported by all unique tokens together.
    If every cluster is repeated equally often, it equals `data_constrained_loss`.

    Parameters
    ----------
    params : float
        Parameters N > 0.
    unique_tokens, total_tokens : array-like of float, shape (clusters,)
        As for `effective_tokens_of_clusters`; some of them above 0.

    Returns
    -------
    float
        Nats per token.
    """
    data = effective_tokens_of_clusters(unique_tokens, total_tokens)
    return _constrained(_positive(params, "params"), _positive(np.sum(unique_tokens), "unique_tokens"), data)


def _constrained(params, unique, data):
    """The law of `data_constrained_loss`, from the unique tokens and the worth of all tokens read."""
    c = _constants("data_constrained")
    a, b, alpha = math.exp(c["ln_A"]), math.exp(c["ln_B"]), c["alpha"]
    g = (a / b) ** (1 / (2 * alpha))
    size = _worth(np.minimum(params, unique * g * g), params, c["R_N"])
    return _plain(math.exp(c["ln_E"]) + a / size**alpha + b / data**alpha)


def effective_tokens_of_clusters(unique_tokens: ArrayLike, total_tokens: ArrayLike) -> float:
    """Worth of a corpus of near-duplicate clusters, in unique tokens: the law, cluster by cluster.

    A cluster whose kept text has u tokens and whose copies have t tokens in all counts as u tokens
    read t / u times. This treats near-duplicates as exact ones, and applies a law for even repetition to
    each cluster. It is a model, and a lower estimate of the worth of the copies.

    Parameters
    ----------
    unique_tokens : array-like of float, shape (clusters,)
        Tokens of the kept text of each cluster, >= 0.
    total_tokens : array-like of float, shape (clusters,)
        Tokens of all texts of the cluster, including the kept one, >= unique_tokens.

    Returns
    -------
    float
        Effective tokens of the corpus, between the sums of the two.

    Raises
    ------
    ValueError
        If shapes differ, or a cluster has fewer tokens in all than in its kept text.
    """
    unique = _positive(unique_tokens, "unique_tokens", zero=True)
    total = _positive(total_tokens, "total_tokens", zero=True)
    if unique.shape != total.shape or unique.ndim != 1:
        raise ValueError(
            "unique_tokens and total_tokens must be 1-d arrays of one length, not of shapes "
            f"{unique.shape} and {total.shape}"
        )
    if (total < unique).any():
        raise ValueError("total_tokens must be at least unique_tokens in every cluster: it includes them")
    nonempty = unique > 0
    if not nonempty.any():
        return 0.0
    return float(_worth(unique[nonempty], total[nonempty], _constants("data_constrained")["R_D"]).sum())


def training_flops(params: ArrayLike, tokens: ArrayLike) -> OneOrMany:
    """Compute of training a dense model: 6 N D.

    Parameters
    ----------
    params, tokens : float or array
        Parameters N and training tokens D, >= 0.

    Returns
    -------
    float or array
        FLOPs (modelled; two per parameter and token forward, four backward).

    References
    ----------
    Kaplan et al., Scaling Laws for Neural Language Models, 2020.
    """
    flops_per_parameter_token = _constants("training")["flops_per_parameter_token"]
    return _plain(
        flops_per_parameter_token
        * _positive(params, "params", zero=True)
        * _positive(tokens, "tokens", zero=True)
    )
