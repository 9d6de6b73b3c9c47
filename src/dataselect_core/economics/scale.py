"""What a measured redundancy would mean for a training run of another size; all results are modelled."""

from dataclasses import dataclass
from numbers import Real

import numpy as np

from dataselect_core.arguments import floats
from dataselect_core.arrays import ArrayLike
from dataselect_core.economics.assumptions import Assumptions
from dataselect_core.economics.costs import indexing_cost, training_cost
from dataselect_core.scaling.laws import (
    clustered_loss,
    data_constrained_loss,
    effective_tokens_of_clusters,
    training_flops,
)

FITTED = ((7e6, 9e9), (1e8, 9e11))
"""Parameters and tokens of the runs that the data-constrained law was fitted to: Muennighoff et al. 2023, 10 million to
9 billion parameters and up to 900 billion tokens, with a small margin below."""


def place_in_fit(parameters: float, tokens: float) -> str:
    """Whether a size of model and data is "within" the range that the law was fitted to, "below" or "beyond" it."""
    (fewest, most), (shortest, longest) = FITTED
    if parameters < fewest or tokens < shortest:
        return "below"
    return "within" if parameters <= most and tokens <= longest else "beyond"


@dataclass(frozen=True)
class Scale:
    """One training run on the raw corpus, and one on the deduplicated corpus.

    Attributes
    ----------
    parameters, tokens, tokens_after : float
        Model size; tokens read in one pass over the raw and the deduplicated corpus.
    effective_tokens : float
        Number of tokens without repetition that are worth as much as the raw corpus.
    flops, flops_after : float
        6 N D.
    gpu_hours, gpu_hours_after, dollars, dollars_after : float
    indexing_dollars : float
        Cost of MinHash signatures for the raw corpus, with their overhead, and of reading it once.
    loss, loss_after : float
        Data-constrained scaling law, cluster by cluster; nats per token.
    loss_same_compute : float
        Loss if the deduplicated corpus is repeated until as many tokens are read as the raw corpus has: the same
        compute, spent on the kept documents.
    fit : {"within", "below", "beyond"}
        Whether N and D are in the range that the law was fitted to (`FITTED`). Below it a loss has no meaning; beyond
        it the law is extrapolated, which has to be stated.
    pays : bool
        Whether training on fewer tokens, in one pass, saves more dollars than indexing costs.
    """

    parameters: float
    tokens: float
    tokens_after: float
    effective_tokens: float
    flops: float
    flops_after: float
    gpu_hours: float
    gpu_hours_after: float
    dollars: float
    dollars_after: float
    indexing_dollars: float
    loss: float
    loss_after: float
    loss_same_compute: float
    fit: str
    pays: bool


def at_scale(
    cluster: ArrayLike,
    words: ArrayLike,
    parameters: float,
    tokens: float,
    corpus_bytes: float = 0.0,
    assumptions: Assumptions | None = None,
) -> Scale:
    """Apply the redundancy of a small corpus to a training run of `tokens` tokens.

    The corpus at scale is assumed to have the same shares: a cluster with a share p of the words here
    has a share p of the tokens there. Near-duplicates count as exact duplicates, and one pass over the
    raw corpus reads each cluster as often as it has copies.

    Parameters
    ----------
    cluster : int[n]
        Index of the kept document of each document's cluster (`Point.cluster`); for a kept document, its own index.
    words : int[n]
        Words of each document, at least 0.
    parameters, tokens : float
        Model size N and raw tokens D at scale, at least 1.
    corpus_bytes : float, default 0
        Size of the raw corpus at scale, >= 0, for the cost of indexing it.
    assumptions : Assumptions, optional

    Returns
    -------
    Scale

    Raises
    ------
    TypeError, ValueError
        If shapes differ, a cluster lacks its kept document, kept documents have no words, or sizes are out
        of range.
    """
    try:
        cluster = np.asarray(cluster)
    except ValueError:
        raise ValueError("cluster must be one index for each document, not rows of them") from None
    words = floats("words", words, allowed="finite and at least 0")
    if cluster.shape != words.shape or cluster.ndim != 1:
        raise ValueError(
            "cluster and words must be 1-d arrays of one length, not of shapes "
            f"{cluster.shape} and {words.shape}"
        )
    n = cluster.size
    valid = cluster.dtype.kind in "iu" and np.isin(cluster, np.arange(n)).all()
    if not valid or (cluster[cluster] != cluster).any():
        raise ValueError(
            "cluster must be the index of a kept document for each document, and its own index for a kept one"
        )
    if not np.isfinite(words).all() or (words < 0).any():
        raise ValueError("words must be finite and at least 0")
    for name, value, minimum in (
        ("parameters", parameters, 1),
        ("tokens", tokens, 1),
        ("corpus_bytes", corpus_bytes, 0),
    ):
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError(f"{name} must be a number of at least {minimum}, not {value!r}")
        if not minimum <= value < np.inf:
            raise ValueError(f"{name} must be finite and at least {minimum}, not {value!r}")
    kept = np.flatnonzero(cluster == np.arange(n))
    if not words[kept].any():
        raise ValueError("words must be above 0 for a kept document")
    share = tokens / words.sum()
    total = np.bincount(cluster.astype(np.intp), weights=words, minlength=n)[kept] * share
    unique = words[kept] * share
    after = float(unique.sum())
    flops, flops_after = training_flops(parameters, tokens), training_flops(parameters, after)
    cost, cost_after = training_cost(flops, assumptions), training_cost(flops_after, assumptions)
    indexing = indexing_cost(corpus_bytes, assumptions).dollars
    return Scale(
        parameters=float(parameters),
        tokens=float(tokens),
        tokens_after=after,
        effective_tokens=effective_tokens_of_clusters(unique, total),
        flops=flops,
        flops_after=flops_after,
        gpu_hours=cost.gpu_hours,
        gpu_hours_after=cost_after.gpu_hours,
        dollars=cost.dollars,
        dollars_after=cost_after.dollars,
        indexing_dollars=indexing,
        loss=clustered_loss(parameters, unique, total),
        loss_after=clustered_loss(parameters, unique, unique),
        loss_same_compute=float(data_constrained_loss(parameters, tokens, after)),
        fit=place_in_fit(parameters, tokens),
        # Where no words are removed, rounding alone would seem to save something.
        pays=bool(np.delete(words, kept).any() and cost.dollars - cost_after.dollars > indexing),
    )
