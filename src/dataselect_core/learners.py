"""The learners of the lab: models that are really trained, and count what that takes."""

from .bigram import BigramModel

__all__ = ["BigramModel"]
