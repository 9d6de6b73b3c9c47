"""What a model has learned for the compute it has spent: learning curves and the ICR."""

from dataselect_core.information.curve import Curve, icr, last_icr, tokens_to_reach
from dataselect_core.information.heldout import heldout_split
from dataselect_core.information.text_curve import CurvePlan, learning_curve, prepare

__all__ = [
    "Curve",
    "CurvePlan",
    "heldout_split",
    "icr",
    "last_icr",
    "learning_curve",
    "prepare",
    "tokens_to_reach",
]
