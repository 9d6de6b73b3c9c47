"""Data pruning: which samples of a labelled set are hard, and what is lost when only some are kept."""

from dataselect_core.pruning.scores import el2n

__all__ = ["el2n"]
