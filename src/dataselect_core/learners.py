"""The models that are really trained in the lab."""

from .bigram import BigramModel
from .softmax import SoftmaxRegression

__all__ = ["BigramModel", "SoftmaxRegression"]
