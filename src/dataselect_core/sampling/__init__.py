"""Which labels to buy: random and uncertainty sampling, batch by batch."""

from dataselect_core.sampling.measures import MEASURES, STRATEGIES, most_uncertain, uncertainty
from dataselect_core.sampling.rounds import Round, Run, active_learning, active_learning_rounds
from dataselect_core.sampling.splits import rare_class, stratified_split

__all__ = [
    "MEASURES",
    "STRATEGIES",
    "Round",
    "Run",
    "active_learning",
    "active_learning_rounds",
    "most_uncertain",
    "rare_class",
    "stratified_split",
    "uncertainty",
]
