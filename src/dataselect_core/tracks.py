"""The four tracks of the lab: who the reader is, what the task is, and with which settings.

The scenarios are in facts/tracks.json, each number with its kind, source and date.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dataselect_core.facts import load
from dataselect_core.values import Value


@dataclass(frozen=True)
class Limits:
    """What the constraint check of part 1 allows.

    Attributes
    ----------
    budget : Value
        Greatest share of the raw training FLOPs that may remain after deduplication.
    guardrail : Value
        Greatest share of the removed documents that may be chained: with an exact Jaccard similarity below 0.5
        to the document that is kept for them.
    """

    budget: Value
    guardrail: Value


@dataclass(frozen=True)
class Part1:
    """Settings of the deduplication audit for one track.

    Attributes
    ----------
    kind : {"text", "raw video", "pictures", "sound"}
        What its corpus at scale consists of.
    corpus : {"crawl", "licences", "frames", "signals", "speech"}
        The corpus the track begins with.
    redundancy : Value
        Share of copies in its simulated corpus: of the words in a crawl, the frames in a drive, the clips in a log.
    threshold : Value
        Jaccard threshold the track begins with.
    parameters, tokens : Value
        Size of the model and of its training corpus at the track's scale.
    corpus_bytes : Value
        Stored size of that corpus, for the cost of indexing.
    gpu_hour_price : Value
        Dollars per H100-hour.
    signature_rate, decode_time : Value
        Stored bytes of that kind that a core hashes in a second, and core-seconds to decode a MB before.
    limits : mapping of str to Limits
        The limits for each corpus of the track; some thresholds meet them and others do not.
    """

    kind: str
    corpus: str
    redundancy: Value
    threshold: Value
    parameters: Value
    tokens: Value
    corpus_bytes: Value
    gpu_hour_price: Value
    signature_rate: Value
    decode_time: Value
    limits: Mapping[str, Limits]


@dataclass(frozen=True)
class MixLimits:
    """What the constraint check of part 3 requires of a mix.

    Attributes
    ----------
    accuracy : Value
        Least accuracy in the field.
    fid : Value
        Greatest FID between training set and field, in squared block inks.
    recall : Value
        The safety metric: least recall of the critical class on days of heavy rain.
    """

    accuracy: Value
    fid: Value
    recall: Value


@dataclass(frozen=True)
class Part3:
    """Settings of the domain-gap synthesis for one track.

    Attributes
    ----------
    total, real : Value
        Number of samples in the training set, and of real samples that exist.
    critical : Value
        The digit that must not be missed in rain.
    label_noise : Value
        Share of the real labels that are wrong.
    share, randomisation : Value
        Synthetic share and domain randomisation the track begins with.
    real_price, synthetic_price : Value
        Dollars per sample.
    clean_steps, deadline_steps : Value
        Training steps with clean labels, and steps that fit before the deadline.
    target_error : Value
        Error above the best rule, at which the laws of label noise are compared.
    limits : MixLimits
        Some mixes meet all of them, and others do not.
    """

    total: Value
    real: Value
    critical: Value
    label_noise: Value
    share: Value
    randomisation: Value
    real_price: Value
    synthetic_price: Value
    clean_steps: Value
    deadline_steps: Value
    target_error: Value
    limits: MixLimits


@dataclass(frozen=True)
class Part2:
    """Settings of the labelling project for one track.

    Attributes
    ----------
    kind : {"text", "raw video", "pictures", "sound"}
        What the data set to index consists of.
    problem : {"digits", "rare", "breast_cancer", "speech"}
        The data the track begins with, see `reference_sweep.problem`.
    strategy : str
    batch_size : Value
        The first setting that the reader sees: it misses a limit, and the reader has to repair it.
    guardrail : {"overhead", "recall", "rounds"}
        The second limit next to the budget: the share of the cost spent on selection (at most), the
        recall of the critical class (at least), or the rounds of selection (at most).
    label_price, score_price, pool_size, training_price : Value
        Dollars per label, per item scored, items scored in each round, dollars per training.
    evaluation_labels : Value
        Labels of the evaluation set, which is drawn at random and costs the same for each label.
    target, budget, limit : Value
        Accuracy the project needs, dollars it may cost, and the limit of its guardrail.
    bytes_per_sample, gpu_seconds_per_sample, epochs, share_removed, gpu_hour_price : Value
        For deciding whether indexing the data set pays.
    signature_rate, decode_time : Value
        As in `Part1`.
    content_share : Value or None
        Share of the data set to train on, if it is not all of it.
    """

    kind: str
    problem: str
    strategy: str
    batch_size: Value
    guardrail: str
    label_price: Value
    score_price: Value
    pool_size: Value
    training_price: Value
    evaluation_labels: Value
    target: Value
    budget: Value
    limit: Value
    bytes_per_sample: Value
    gpu_seconds_per_sample: Value
    epochs: Value
    share_removed: Value
    gpu_hour_price: Value
    signature_rate: Value
    decode_time: Value
    content_share: Value | None = None


@dataclass(frozen=True)
class Track:
    """A persona with its mission.

    Attributes
    ----------
    id : {"cloud", "edge", "mobile", "tiny"}
    title, persona, north_star, crisis : str
        As on the lab's design card.
    stakeholder : str
        Role of the person who asks the reader to justify the decision.
    part_1 : Part1
    part_2 : Part2
    part_3 : Part3
    """

    id: str
    title: str
    persona: str
    north_star: str
    crisis: str
    stakeholder: str
    part_1: Part1
    part_2: Part2
    part_3: Part3


def track(id: str) -> Track:
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
        If there is no track of that name.
    """
    by_id = {entry.id: entry for entry in TRACKS}
    if not isinstance(id, str) or id not in by_id:
        raise ValueError(f"the id of a track must be one of {', '.join(by_id)}, not {id!r}")
    return by_id[id]


def _value(fact):
    return Value(fact["value"], fact["unit"], fact["kind"], f"{fact['source']} ({fact['date']})")


def _with_kind(facts, kinds):
    """The facts of a part of a track with the rates of its kind of data; the track's own facts win."""
    return {**kinds.get(facts.get("kind", ""), {}), **facts}


def _part_1(facts):
    limits = {
        corpus: Limits(_value(limit["budget"]), _value(limit["guardrail"]))
        for corpus, limit in facts["limits"].items()
    }
    numbers = {name: _value(fact) for name, fact in facts.items() if name not in ("corpus", "limits", "kind")}
    return Part1(kind=facts["kind"], corpus=facts["corpus"], limits=MappingProxyType(limits), **numbers)


def _part_2(facts):
    return Part2(**{name: _value(fact) if isinstance(fact, dict) else fact for name, fact in facts.items()})


def _part_3(facts):
    limits = MixLimits(**{name: _value(limit) for name, limit in facts["limits"].items()})
    return Part3(limits=limits, **{name: _value(fact) for name, fact in facts.items() if name != "limits"})


def _track(id, facts):
    kinds = load("kinds")
    parts = {
        "part_1": _part_1(_with_kind(facts["part_1"], kinds)),
        "part_2": _part_2(_with_kind(facts["part_2"], kinds)),
        "part_3": _part_3(facts["part_3"]),
    }
    return Track(id=id, **{**facts, **parts})


TRACKS = tuple(_track(track_id, facts) for track_id, facts in load("tracks").items())
