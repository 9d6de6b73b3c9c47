"""What a measured redundancy would mean for a training run of another size. All of it is modelled."""

from dataclasses import dataclass

import numpy as np

from .economics import indexing_cost, training_cost
from .scaling import data_constrained_loss, effective_tokens_of_clusters, training_flops


@dataclass(frozen=True)
class Scale:
    """One training run on the raw corpus, and one on the deduplicated corpus.

    Attributes
    ----------
    parameters, tokens, tokens_after : float
        Model size; tokens read in one pass over the raw and the deduplicated corpus.
    effective_tokens : float
        What the raw corpus is worth in tokens without repetition.
    flops, flops_after : float
        6 N D.
    gpu_hours, gpu_hours_after, dollars, dollars_after : float
    indexing_dollars : float
        MinHash signatures for the raw corpus, and reading it once.
    loss, loss_after : float
        Data-constrained scaling law, nats per token.
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


def at_scale(cluster, words, parameters, tokens, corpus_bytes=0.0, assumptions=None):
    """Carry the redundancy of a small corpus over to a training run of `tokens` tokens.

    The corpus at scale is taken to have the same shares: a cluster with a part p of the words here
    has p of the tokens there. Near-duplicates count as exact ones, and one pass over the raw corpus
    reads each cluster as often as it has copies.

    Parameters
    ----------
    cluster : int[n]
        Index of the kept document of each document's cluster (`Point.cluster`).
    words : int[n]
        Words of each document.
    parameters, tokens : float
        Model size N and raw tokens D at scale, > 0.
    corpus_bytes : float, default 0
        Size of the raw corpus at scale, for the cost of indexing it.
    assumptions : Assumptions, optional

    Returns
    -------
    Scale

    Raises
    ------
    ValueError
        Shapes that differ, a corpus without words, or sizes that are not above 0.
    """
    cluster, words = np.asarray(cluster), np.asarray(words, dtype=float)
    if cluster.shape != words.shape or cluster.ndim != 1:
        raise ValueError(f"cluster and words must be 1-d arrays of one length, not {cluster.shape} and {words.shape}")
    if not words.sum() > 0:
        raise ValueError("words must hold at least one word")
    for name, value in (("parameters", parameters), ("tokens", tokens)):
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be a finite number above 0, not {value!r}")
    kept = np.flatnonzero(cluster == np.arange(cluster.size))
    share = tokens / words.sum()
    total = np.bincount(cluster.astype(np.intp), weights=words, minlength=cluster.size)[kept] * share
    unique = words[kept] * share
    after = float(unique.sum())
    worth = effective_tokens_of_clusters(unique, total)
    flops, flops_after = training_flops(parameters, tokens), training_flops(parameters, after)
    cost, cost_after = training_cost(flops, assumptions), training_cost(flops_after, assumptions)
    return Scale(
        parameters=float(parameters), tokens=float(tokens), tokens_after=after, effective_tokens=worth,
        flops=flops, flops_after=flops_after, gpu_hours=cost.gpu_hours, gpu_hours_after=cost_after.gpu_hours,
        dollars=cost.dollars, dollars_after=cost_after.dollars,
        indexing_dollars=indexing_cost(corpus_bytes, assumptions).dollars,
        loss=data_constrained_loss(parameters, worth, worth), loss_after=data_constrained_loss(parameters, after, after),
    )
