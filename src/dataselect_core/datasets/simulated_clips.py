"""Synthetic short signals: sounds from a few recipes, and augmented copies that are known to be copies."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import Floats, Hashes, Integers, NDArray
from dataselect_core.datasets.visual_words import patch_words
from dataselect_core.facts import load

KINDS = ("voice", "alarm", "whistle", "hum", "rustle")
PEAK = 24_000  # loudest sample of a recording, of 32,767
MOST_REDUNDANT = 0.9
FACTS = {name: fact["value"] for name, fact in load("clips").items()}
HOP = FACTS["hop"]  # samples from one window to the next


@dataclass(frozen=True, eq=False)
class Clips:
    """Clips in the order of a training log, with the recording that each clip comes from.

    Attributes
    ----------
    ids : tuple of str
    signals : tuple of int16 arrays
        Samples, a whole number of hops; `facts/clips.json` has the samples per second.
    origin : int64[n]
        Number of the recording that each clip derives from; two clips are truly redundant exactly when their
        origins are equal.
    label : int64[n]
        Kind of sound, an index into `KINDS`.
    copy : tuple of str
        "recording" or "augmented".
    redundancy : float
        Share of the clips that are copies.
    provenance : str
        States that all sounds are synthetic, and how they were made.
    """

    ids: tuple = field(repr=False)
    signals: tuple = field(repr=False)
    origin: Integers = field(repr=False)
    label: Integers = field(repr=False)
    copy: tuple = field(repr=False)
    redundancy: float
    provenance: str


def simulate(redundancy: float = 0.6, seed: int = 1) -> Clips:
    """Make a training log of a fixed number of clips, without any recording of a real sound.

    1. Recordings are synthesised, a share 1 - redundancy of the clips, from each of `KINDS` in turn: a voice
       (harmonics under two formants, with a gliding pitch), an alarm (two tones in turn), a whistle (a gliding
       tone), a hum (a steady low tone with harmonics), a rustle (noise of one colour in bursts). Pitches, speeds,
       colours and lengths are drawn for each recording.
    2. The other clips are augmented copies. The recording to copy is drawn in proportion to its length, as in a
       pipeline that draws a second of the material instead of a recording. A copy is shifted in time, made
       quieter, and given noise, by amounts drawn for each copy.
    3. All clips are put in a seeded order.

    Draws are integers from one `numpy.random.RandomState`, whose stream is frozen. Sines and exponentials may
    differ between platforms in the last bit; rounding to whole samples removes that difference.

    Parameters
    ----------
    redundancy : float in [0, 0.9]
    seed : int in [0, 2**32)

    Returns
    -------
    Clips
    """
    redundancy = arguments.share("redundancy", redundancy)
    if redundancy > MOST_REDUNDANT:
        raise ValueError(f"redundancy must be in [0, {MOST_REDUNDANT}], not {redundancy}")
    draw = _Draw(arguments.integer("seed", seed, 0, 2**32 - 1))
    facts = FACTS
    n = facts["clips"]
    count = round(n * (1 - redundancy))
    kinds = np.arange(count) % len(KINDS)
    recordings = [_recording(KINDS[kind], draw, facts) for kind in kinds]
    length = np.cumsum([len(recording) for recording in recordings])
    clips = [(f"{KINDS[kind]} {i + 1}", recordings[i], i, "recording") for i, kind in enumerate(kinds)]
    copies = np.zeros(count, dtype=int)
    for _ in range(n - count):
        i = int(np.searchsorted(length, draw.below(int(length[-1])), side="right"))
        copies[i] += 1
        clips.append(
            (
                f"{KINDS[kinds[i]]} {i + 1}, copy {copies[i]}",
                _augmented(recordings[i], draw, facts),
                i,
                "augmented",
            )
        )
    clips = [clips[k] for k in draw.permutation(n)]
    origin = np.array([clip[2] for clip in clips], dtype=np.int64)
    provenance = (
        f"SIMULATED sounds: {count} recordings and {n - count} augmented copies, all of them synthesised here; "
        f"no real sound is among them (redundancy {redundancy:g}, seed {int(seed)})."
    )
    return Clips(
        ids=tuple(clip[0] for clip in clips),
        signals=tuple(clip[1] for clip in clips),
        origin=origin,
        label=origin % len(KINDS),
        copy=tuple(clip[3] for clip in clips),
        redundancy=1 - count / n,
        provenance=provenance,
    )


def spectrum(signal: NDArray[Any]) -> Floats:
    """How loud each frequency band is in each window, in dB: float64[windows, bands].

    Power in Hann windows of two hops, one window per hop of samples, summed over bands of equal frequency
    ratio. Silence has -inf.
    """
    hop, rate = HOP, FACTS["rate"]
    windows = len(signal) // hop
    padded = np.concatenate([np.zeros(hop // 2), signal[: windows * hop], np.zeros(hop // 2)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, 2 * hop)[::hop]
    frames = np.concatenate([frames, np.zeros((windows - len(frames), 2 * hop))])
    shape = 0.5 - 0.5 * np.cos(np.pi * (np.arange(2 * hop) + 0.5) / hop)
    power = np.abs(np.fft.rfft(frames * shape, axis=1)) ** 2
    bins = np.round(band_edges() / rate * 2 * hop).astype(np.intp)
    with np.errstate(divide="ignore"):
        return 10 * np.log10(np.add.reduceat(power, bins[:-1], axis=1))


def band_edges() -> Floats:
    """Borders of the frequency bands, in Hz: float64[bands + 1], of equal ratio."""
    lowest, bands = FACTS["lowest"], FACTS["bands"]
    return lowest * (FACTS["rate"] / 2 / lowest) ** (np.arange(bands + 1) / bands)


def loudness(signal: NDArray[Any]) -> Floats:
    """The spectrum above the floor: float64[windows, bands] in [0, 1], 1 for the loudest band of the clip."""
    decibel = spectrum(signal)
    floor = FACTS["floor"]
    loudest = decibel.max()
    if not np.isfinite(loudest):
        return np.zeros(decibel.shape)
    return np.maximum(0.0, (decibel - loudest + floor) / floor)


def spectral_words(signals: Sequence[NDArray[Any]]) -> list[Hashes]:
    """The set of words of each signal: patches of its spectrum, in shades of loudness.

    A change of gain changes no word. A signal shifted by a part of a window keeps most of its words.

    Returns
    -------
    list of uint32 arrays
    """
    shades = FACTS["shades"]
    pictures = [loudness(signal) for signal in signals]
    longest = max(len(picture) for picture in pictures)
    sheet = np.zeros((len(pictures), longest, pictures[0].shape[1]), dtype=np.int64)
    for picture, row in zip(pictures, sheet, strict=True):
        row[: len(picture)] = np.minimum(picture * shades, shades - 1)
    return patch_words(sheet, shades)


def summary(signals: Sequence[NDArray[Any]]) -> Floats:
    """Input of the learner: mean loudness of each band and its mean change between windows, float64[n, 24].

    Both are means over the windows, so a linear model of them is like one that reads window after window.
    """
    rows = []
    for signal in signals:
        loud = loudness(signal)
        rows.append(
            np.concatenate([loud.mean(axis=0), np.abs(np.diff(loud, axis=0, prepend=loud[:1])).mean(axis=0)])
        )
    return np.array(rows)


def _recording(kind, draw, facts):
    """One sound, as int16 samples."""
    rate = facts["rate"]
    windows = facts["least_windows"] + draw.below(facts["most_windows"] - facts["least_windows"] + 1)
    n = windows * facts["hop"]
    t = np.arange(n) / rate
    course = np.arange(n) / n  # 0 to 1
    if kind == "voice":
        pitch = draw.between(100, 220) * (1 + draw.between(-0.25, 0.25) * course)
        phase = 2 * np.pi * np.cumsum(pitch) / rate
        first, second = draw.between(300, 800), draw.between(900, 1800)
        sound = np.zeros(n)
        for k in range(1, 18):
            near = np.exp(-(((k * pitch - first) / 150) ** 2)) + 0.5 * np.exp(
                -(((k * pitch - second) / 200) ** 2)
            )
            sound += near * np.sin(k * phase) * (k * pitch < rate / 2)
        sound *= 0.15 + np.sin(np.pi * (1 + draw.below(3)) * course) ** 2
    elif kind == "alarm":
        low = draw.between(500, 1000)
        high = low * draw.between(1.2, 1.8)
        second = np.floor(t * draw.between(3, 12)) % 2
        sound = np.sin(2 * np.pi * np.cumsum(np.where(second == 1, high, low)) / rate)
    elif kind == "whistle":
        start, end = draw.between(400, 1800), draw.between(400, 1800)
        sound = np.sin(2 * np.pi * np.cumsum(start + (end - start) * course) / rate) * np.sin(np.pi * course)
    elif kind == "hum":
        base, fall = draw.between(60, 140), draw.between(0.3, 0.8)
        sound = sum(fall**k * np.sin(2 * np.pi * k * base * t + draw.between(0, 6.28)) for k in range(1, 8))
    else:
        frequency = np.fft.rfftfreq(n, 1 / rate)
        middle, width = draw.between(300, 1500), draw.between(200, 700)
        colour = np.exp(-(((frequency - middle) / width) ** 2))
        sound = np.fft.irfft(np.fft.rfft(draw.noise(n)) * colour, n)
        sound *= 0.1 + np.sin(np.pi * (1 + draw.below(4)) * course + draw.between(0, 1)) ** 2
    return np.round(PEAK * sound / np.abs(sound).max()).astype(np.int16)


def _augmented(recording, draw, facts):
    """The recording shifted, quieter, and with noise, by drawn amounts."""
    severity = draw.between(0, 1)
    most = round(severity * facts["shift"])
    shift = draw.below(2 * most + 1) - most
    gain = 1 - draw.between(0, 1) * (1 - facts["quietest"])
    signal = np.zeros(len(recording))
    if shift >= 0:
        signal[shift:] = recording[: len(recording) - shift]
    else:
        signal[:shift] = recording[-shift:]
    noise = draw.noise(len(recording))
    decibel = facts["cleanest"] + severity * (facts["noisiest"] - facts["cleanest"])
    power = np.sqrt((signal**2).mean() / (noise**2).mean()) * 10 ** (-decibel / 20)
    signal = gain * (signal + power * noise)
    return np.round(signal).clip(-32768, 32767).astype(np.int16)


class _Draw:
    """Random numbers made from integers of the frozen stream of RandomState."""

    STEPS = 1 << 20

    def __init__(self, seed):
        self.state = np.random.RandomState(seed)

    def below(self, n):
        return int(self.state.randint(0, n, dtype=np.int64))

    def between(self, low, high):
        return low + (high - low) * self.below(self.STEPS) / self.STEPS

    def noise(self, n):
        """Approximately normal noise of n samples in (-1, 1): sums of two draws."""
        draws = self.state.randint(0, self.STEPS, (2, n), dtype=np.int64)
        return draws.sum(axis=0) / self.STEPS - 1

    def permutation(self, n):
        return np.argsort(self.state.randint(0, 1 << 62, n, dtype=np.int64), kind="stable").tolist()
