"""Items that can be deduplicated: texts, frames, signals and utterances, each with its sets and its learner.

Everything else is the same for all kinds of items: MinHash and LSH on sets, exact Jaccard to check them, a mass that
compute is proportional to, and a model that is tested on clusters it has never seen.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from dataselect_core import arguments, cepstra
from dataselect_core.arrays import Floats, Hashes, Integers, Labels
from dataselect_core.datasets import Speech, simulated_clips, simulated_drive
from dataselect_core.information.sample_curve import PASSES, SamplePlan
from dataselect_core.information.text_curve import CurvePlan, prepare
from dataselect_core.shingles import shingle_sets


class Items:
    """Items to deduplicate; see `Texts`, `Frames`, `Signals` and `Utterances`.

    Attributes
    ----------
    kind : {"texts", "frames", "signals", "speech"}
    item, items : str
        Name of one item, and of several.
    unit, counted : str
        Unit of the mass, and how it is counted.
    sets_of, learner, tested, progress : str
        Words for: the members of a set, the model that learns, the test material, the unit of its loss.
    names : tuple of str
    mass : int64[n]
        Size of each item; compute is proportional to it.
    per_read, passes : int
        Mass that the learner reads at a time, and how often it reads everything, for D in 6 N D.
    heldout_share : float
        Share of the mass that is kept for testing.
    origin : int64[n] or None
        If the copies are simulated and so known: items are redundant exactly when their origins are equal.
    texts : sequence of str or None
        The items, if they are texts.
    """

    kind: str
    item: str
    items: str
    unit: str
    counted: str
    sets_of: str
    learner: str
    tested: str
    progress: str
    names: tuple[str, ...]
    mass: Integers
    per_read: int
    passes: int
    heldout_share: float
    origin: Integers | None = None
    texts: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def sets(self, width: int) -> list[Hashes]:
        """The set of each item, as a list of uint32 arrays; only texts use `width`."""
        raise NotImplementedError

    def plan(self, train_index: Integers, heldout_index: Integers, seed: int) -> CurvePlan | SamplePlan:
        """A learning plan, see `information.CurvePlan` and `SamplePlan`."""
        raise NotImplementedError


class Texts(Items):
    """Texts as sets of word shingles, with a bigram model that learns from them.

    Parameters
    ----------
    texts : sequence of str
    names : sequence of str, optional
    origin : int64[n], optional
    """

    kind, item, items, unit, counted = "texts", "document", "documents", "words", "by white space"
    sets_of, learner, tested, progress = "word shingles", "bigram model", "text", "nats per word"
    per_read, passes, heldout_share = 1, 1, 0.1
    texts: Sequence[str]

    def __init__(
        self, texts: Iterable[str], names: Iterable[str] | None = None, origin: Integers | None = None
    ) -> None:
        self.texts = arguments.documents("texts", texts, "str")
        self.names = tuple(names) if names is not None else tuple(str(i + 1) for i in range(len(self.texts)))
        self.origin = origin

    def sets(self, width: int) -> list[Hashes]:
        return shingle_sets(self.texts, width)

    @cached_property
    def mass(self) -> Integers:  # type: ignore[override]  # it can be set, as in the other classes
        """Words of each text."""
        words = np.array([len(text.split()) for text in self.texts], dtype=np.int64)
        if not words.any():
            raise ValueError("texts must hold at least one word, but all of them are empty")
        return words

    def plan(self, train_index: Integers, heldout_index: Integers, seed: int) -> CurvePlan:
        return prepare(self.texts, train_index, heldout_index, seed=seed)


class _Sampled(Items):
    """Items that a softmax regression learns to tell apart."""

    label: Labels
    classes: int

    passes = PASSES
    learner, heldout_share = "softmax regression", 0.25  # a tenth of some hundred items would be too few

    def plan(self, train_index: Integers, heldout_index: Integers, seed: int) -> SamplePlan:
        return SamplePlan(
            self.features(),
            self.label,
            self.classes,
            self.mass,
            self.per_read,
            train_index,
            heldout_index,
            seed,
        )

    def features(self) -> Floats:
        """Input of the regression for each item: float64[n, d]."""
        raise NotImplementedError


class Frames(_Sampled):
    """Frames of a drive as sets of visual words, and a classifier of what they show.

    Parameters
    ----------
    drive : Drive
    """

    kind, item, items, unit, counted = "frames", "frame", "frames", "pixels", "64 a frame"
    sets_of, tested, progress = "visual words", "scenes", "nats per frame"
    classes, per_read = 10, simulated_drive.PIXELS

    def __init__(self, drive: simulated_drive.Drive) -> None:
        self.pictures, self.label = drive.pictures, drive.label
        self.names, self.origin = drive.ids, drive.origin
        self.mass = np.full(len(drive.pictures), simulated_drive.PIXELS, dtype=np.int64)

    def sets(self, width: int) -> list[Hashes]:
        return simulated_drive.visual_words(self.pictures)

    def features(self) -> Floats:
        """Ink of blocks of 2 x 2 pixels: float64[n, 16]."""
        return simulated_drive.blocks(self.pictures)


class Signals(_Sampled):
    """Clips as sets of spectral words, and a classifier of what kind of sound they are.

    Parameters
    ----------
    clips : Clips
    """

    kind, item, items, unit, counted = "signals", "clip", "clips", "samples", "counted in each clip"
    sets_of, tested, progress = "spectral words", "clips", "nats per clip"
    classes, per_read = len(simulated_clips.KINDS), simulated_clips.HOP

    def __init__(self, clips: simulated_clips.Clips) -> None:
        self.signals, self.label = clips.signals, clips.label
        self.names, self.origin = clips.ids, clips.origin
        self.mass = np.array([len(signal) for signal in clips.signals], dtype=np.int64)

    def sets(self, width: int) -> list[Hashes]:
        return simulated_clips.spectral_words(self.signals)

    def features(self) -> Floats:
        """Mean loudness of each band and its mean change from window to window: float64[n, 24]."""
        return simulated_clips.summary(self.signals)


class Utterances(_Sampled):
    """Real utterances as sets of quantised frames, and a classifier of whose voice it is.

    Parameters
    ----------
    speech : Speech
    """

    kind, item, items, unit, counted = (
        "speech",
        "utterance",
        "utterances",
        "frames",
        "counted in each utterance",
    )
    sets_of, tested, progress = "quantised frames", "utterances", "nats per utterance"
    per_read = 1

    def __init__(self, speech: Speech) -> None:
        self.cepstra, self.label = speech.cepstra, speech.y
        self.classes = int(speech.y.max()) + 1
        self.names = tuple(f"utterance {i + 1}, speaker {y + 1}" for i, y in enumerate(speech.y.tolist()))
        self.mass = np.array([len(frames) for frames in speech.cepstra], dtype=np.int64)

    def sets(self, width: int) -> list[Hashes]:
        return cepstra.words(self.cepstra)

    def features(self) -> Floats:
        """Mean and standard deviation of each coefficient, on the scale of all utterances: float64[n, 24]."""
        features = cepstra.features(self.cepstra)
        return (features - features.mean(axis=0)) / features.std(axis=0)
