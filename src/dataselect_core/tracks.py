"""The four tracks of the lab: who the reader is, what is asked of them, and with which settings.

The scenarios stand in facts/tracks.json, each number with its kind, source and date.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .facts import load
from .values import Value


@dataclass(frozen=True)
class Limits:
    """What the constraint check of part 1 allows.

    Attributes
    ----------
    budget : Value
        Greatest share of the raw training FLOPs that may be left after deduplication.
    guardrail : Value
        Greatest share of the removed documents that may be chained: of an exact Jaccard below 0.5
        with the document that is kept for them.
    """

    budget: Value
    guardrail: Value


@dataclass(frozen=True)
class Part1:
    """Settings of the deduplication audit for one track.

    Attributes
    ----------
    corpus : {"licences", "crawl"}
        The corpus the track begins with.
    redundancy : Value
        Share of redundant words of its simulated crawl.
    threshold : Value
        Jaccard threshold the track begins with.
    parameters, tokens : Value
        Size of the model and of its training corpus at the track's scale.
    corpus_bytes : Value
        Size of that corpus as stored, for the cost of indexing.
    gpu_hour_price : Value
        Dollars per H100-hour.
    limits : mapping of str to Limits
        By corpus; each can be met, by some thresholds and not by others.
    """

    corpus: str
    redundancy: Value
    threshold: Value
    parameters: Value
    tokens: Value
    corpus_bytes: Value
    gpu_hour_price: Value
    limits: Mapping


@dataclass(frozen=True)
class Track:
    """A persona with its mission.

    Attributes
    ----------
    id : {"cloud", "edge", "mobile", "tiny"}
    title, persona, north_star, crisis : str
        As on the lab's design card.
    stakeholder : str
        Role of the one who asks the reader to account for the decision.
    part_1 : Part1
    """

    id: str
    title: str
    persona: str
    north_star: str
    crisis: str
    stakeholder: str
    part_1: Part1


def track(id):
    """The track of that name.

    Parameters
    ----------
    id : {"cloud", "edge", "mobile", "tiny"}

    Returns
    -------
    Track

    Raises
    ------
    ValueError
        Any other name.
    """
    for each in TRACKS:
        if each.id == id:
            return each
    raise ValueError(f"track must be one of {', '.join(t.id for t in TRACKS)}, not {id!r}")


def _value(fact):
    return Value(fact["value"], fact["unit"], fact["kind"], f"{fact['source']} ({fact['date']})")


def _part_1(facts):
    limits = {corpus: Limits(_value(limit["budget"]), _value(limit["guardrail"]))
              for corpus, limit in facts["limits"].items()}
    numbers = {name: _value(fact) for name, fact in facts.items() if name not in ("corpus", "limits")}
    return Part1(corpus=facts["corpus"], limits=MappingProxyType(limits), **numbers)


TRACKS = tuple(Track(id=id, **{**facts, "part_1": _part_1(facts["part_1"])})
               for id, facts in load("tracks").items())
