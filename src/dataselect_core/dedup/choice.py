"""Choose the document of a cluster that is kept."""

import math
from datetime import UTC, datetime

import numpy as np

from dataselect_core.arrays import Floats, Integers
from dataselect_core.corpus.errors import Malformed

RULES = ("first", "longest")
ENDS = {"max": 1, "min": -1}


class Choice:
    """A rule that chooses the kept document of each cluster; on a tie it takes the first.

    Parameters
    ----------
    rule : str
        "first" in input order, "longest" in characters, or "FIELD:max" or "FIELD:min": the largest or smallest
        number or ISO date under that key; a document without one comes last.

    Attributes
    ----------
    field : str or None
        The key that the rule reads.
    first : bool
        Whether the rule needs no comparison.

    Raises
    ------
    TypeError, ValueError
        If the rule is none of these.
    """

    def __init__(self, rule: str) -> None:
        if not isinstance(rule, str):
            raise TypeError(f"keep must be a str, not {type(rule).__name__}")
        field, _, end = rule.rpartition(":")
        if rule not in RULES and not (field and end in ENDS):
            raise ValueError(f"keep must be first, longest, FIELD:max or FIELD:min, not {rule!r}")
        self.rule = rule
        self.field = None if rule in RULES else field
        self.first = rule == "first"
        self._sign = ENDS.get(end, 1)

    def rank(self, text: str, value: object) -> float:
        """The rank of a document; the document with the highest rank is kept.

        Parameters
        ----------
        text : str
        value : object
            Value of the field.

        Returns
        -------
        float

        Raises
        ------
        Malformed
            If the value is neither a number nor a date.
        """
        if self.field is None:
            return float(len(text))
        if value is None or value == "":
            return -math.inf
        rank = self._sign * _number(self.field, value)
        return -math.inf if math.isnan(rank) else rank

    @staticmethod
    def renumber(cluster: Integers, rank: Floats) -> Integers:
        """The cluster of every document, numbered by the document with the highest rank.

        Parameters
        ----------
        cluster : int64[n]
            Clusters, numbered by their first document.
        rank : float64[n]

        Returns
        -------
        int64[n]
        """
        order = np.lexsort((np.arange(len(cluster)), -rank, cluster))
        ordered = cluster[order]
        best = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(order)])
        by_first = np.arange(len(cluster))
        by_first[ordered[best]] = order[best]
        return by_first[cluster]


def _number(field, value):
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    try:
        return float(value)
    except (TypeError, ValueError):
        pass
    try:
        date = datetime.fromisoformat(value)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        raise Malformed(f"has neither a number nor a date in the field {field!r}") from None
