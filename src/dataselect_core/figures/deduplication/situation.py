"""The situation of Part 1, from which its figures follow: track, corpus, audit, prediction, limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dataselect_core import datasets
from dataselect_core import settings as settings_table
from dataselect_core.arrays import Integers
from dataselect_core.dedup.audit import Audit, Point
from dataselect_core.dedup.items import Frames, Items, Signals, Texts, Utterances
from dataselect_core.economics.assumptions import Assumptions
from dataselect_core.economics.scale import Scale, at_scale
from dataselect_core.figures import class_limits
from dataselect_core.settings import limits_of
from dataselect_core.tracks import Track

ASKED_SHARE = 0.3  # the card asks about 30 % of the samples


AT_SCALE = ("parameters", "tokens", "corpus_bytes")  # sizes a reader may change


TRACK_PRICES = ("gpu_hour_price", "signature_rate", "decode_time")  # prices and rates that a track sets


SIMULATION_SEED = 1


SOURCES = {
    "licences": "licences",
    "crawl": "crawl",
    "frames": "drive",
    "signals": "clips",
    "speech": "speech",
}  # function in `datasets`


CHECKED = ("threshold", "width", "num_perm", "seed")
"""Settings that determine how much work the check of a report takes."""


LIMITS = limits_of("1")
"""Limits that a class link may set, see `class_limits`."""


@dataclass
class Situation:
    """Everything that a set of figures depends on, except the threshold.

    Attributes
    ----------
    track : Track
    corpus : {"licences", "crawl", "frames", "signals", "speech"}
    audit : Audit
    lock_point : Point or None
        The point at which the share of documents that the lock asks about is removed.
    prediction : float
        Percent.
    by_hand : bool
        Whether bands and rows were set by hand.
    edited : dict
        Assumptions the reader has changed.
    fixed : dict
        Limits set by a class link, by their names in `LIMITS`; the track's limits apply for the others.
    """

    track: Track
    corpus: str
    audit: Audit
    lock_point: object
    prediction: float
    by_hand: bool = False
    edited: dict = field(default_factory=dict)
    fixed: dict = field(default_factory=dict)

    def limits(self) -> Any:
        """The limits of the constraint check: budget and guardrail, as `Value`s."""
        own = self.track.part_1.limits[self.corpus]
        return [
            class_limits.in_force(self.fixed, name, limit)
            for name, limit in zip(LIMITS, (own.budget, own.guardrail), strict=True)
        ]

    def scale(self, point: Point) -> Scale:
        """The redundancy of a point at the scale of the track."""
        return scale(self.track, point.cluster, self.audit.mass, self.edited)


def corpus(name: str, track: Track) -> Items:
    """The corpus of that name on this track, as `items.Items`.

    Raises
    ------
    ValueError
        If this track does not have the corpus.
    """
    corpora = track.part_1.limits
    if name not in corpora:
        raise ValueError(f"corpus must be {' or '.join(corpora)} on this track, not {name!r}")
    if name == "licences":
        data = datasets.licences()
        return Texts(data.texts, data.names)
    if name == "speech":
        return Utterances(datasets.speech())
    simulation = getattr(datasets, SOURCES[name])(redundancy(name, track), SIMULATION_SEED)
    if name == "crawl":
        return Texts(simulation.texts, simulation.ids, simulation.origin)
    return (Frames if name == "frames" else Signals)(simulation)


def redundancy(name: str, track: Track) -> float | None:
    """Share of copies in a corpus of this name; None if it is not simulated."""
    return None if name in ("licences", "speech") else track.part_1.redundancy.value


def scale(track: Track, cluster: Integers, words: Integers, edited: Mapping[str, float]) -> Scale:
    """`at_scale` with the sizes and prices of the reader, else of the track, else of the lab.

    Raises
    ------
    ValueError
        If `edited` has a name that is not an assumption, or a value that is out of its range.
    """
    unknown = set(edited) - set(Assumptions()) - set(AT_SCALE)
    if unknown:
        raise ValueError(f"there is no assumption {', '.join(sorted(unknown))}")
    defaults = track.part_1
    size = {name: edited.get(name, getattr(defaults, name).value) for name in AT_SCALE}
    prices = {name: value for name, value in edited.items() if name not in AT_SCALE}
    of_track = {name: getattr(defaults, name).value for name in TRACK_PRICES}
    assumptions = Assumptions(**{**of_track, **prices})
    return at_scale(cluster, words, **size, assumptions=assumptions)


def check(settings: Mapping[str, Any]) -> None:
    """Raise ValueError for settings of a report that need more work than the page's controls allow."""
    settings_table.check("1", settings, CHECKED)
