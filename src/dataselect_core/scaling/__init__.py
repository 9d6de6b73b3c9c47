"""Scaling laws: loss, effective data and compute of a training run."""

from dataselect_core.scaling.laws import (
    chinchilla_loss,
    clustered_loss,
    data_constrained_loss,
    effective_data,
    effective_tokens_of_clusters,
    training_flops,
)

__all__ = [
    "chinchilla_loss",
    "clustered_loss",
    "data_constrained_loss",
    "effective_data",
    "effective_tokens_of_clusters",
    "training_flops",
]
