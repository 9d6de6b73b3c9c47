"""The models that are actually trained in the lab."""

from dataselect_core.learners.bigram import BigramModel
from dataselect_core.learners.softmax import SoftmaxRegression

__all__ = [
    "BigramModel",
    "SoftmaxRegression",
]
