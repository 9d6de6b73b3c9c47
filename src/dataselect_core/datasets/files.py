"""The lab's data sets: real ones that packages ship, and a simulated crawl made from one of them.

Each function reads one small file from the data directory and returns the same values natively and
in the browser. The directory is `DATASELECT_DATA` if that is set in the environment, else
`dataselect_data` next to the package. `tools/data.py` derives the files when the lab is built.
"""

import csv
import gzip
import json
import os
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from dataselect_core.arrays import Floats, Integers
from dataselect_core.datasets import simulated_clips, simulated_drive
from dataselect_core.datasets.simulated_crawl import Crawl, simulate

FILES = {  # files that each function reads; a page puts these into the data directory before the call
    "licences": ("licences.json.gz", "provenance.json"),
    "crawl": ("addresses.json.gz", "provenance.json"),
    "drive": ("digits.u8.gz", "provenance.json"),
    "digits": ("digits.u8.gz",),
    "breast_cancer": ("breast_cancer.csv.gz",),
    "rainfall": ("rainfall.csv.gz",),
    "rainfall_mm": ("rainfall.csv.gz",),
    "speech": ("speech.i32.gz", "provenance.json"),
    "ratings": ("ratings.tsv.gz", "provenance.json"),
    "nist_digits": ("nist_digits.u8.gz",),
    "rules": ("rules.json.gz", "provenance.json"),
    "labelling_sweep": ("sweep.json.gz",),
    "gap_maps": ("maps.json.gz",),
}


class DataMissing(FileNotFoundError):
    """A data file is missing; the message says which, where it was expected, and how to get it."""


@dataclass(frozen=True)
class Licences:
    """Licence texts of the SPDX list, in source order.

    Attributes
    ----------
    ids : tuple of str
        SPDX identifiers.
    names : tuple of str
        Full names.
    texts : tuple of str
        Full texts, unchanged.
    provenance : str
        Package, version, licence, and processing.
    """

    ids: tuple = field(repr=False)
    names: tuple = field(repr=False)
    texts: tuple = field(repr=False)
    provenance: str


@dataclass(frozen=True)
class Speech:
    """Utterances of nine speakers, in source order: the 270 for training, then the 370 for testing.

    Attributes
    ----------
    cepstra : list of float64[frames, 12]
        LPC cepstrum coefficients 1 to 12 of each frame; 7 to 29 frames per utterance. Logarithms of power, no unit.
    y : int64[640]
        The speaker, 0 to 8.
    provenance : str
        Package, version, licence, and processing.
    """

    cepstra: list = field(repr=False)
    y: np.ndarray = field(repr=False)
    provenance: str


@dataclass(frozen=True)
class Ratings:
    """Words and phrases, each rated by ten people.

    Attributes
    ----------
    texts : tuple of str
        In source order; a few occur twice.
    values : float64[7520, 10]
        Whole numbers from -4 (extremely negative) through 0 (neutral) to 4 (extremely positive). Column j is not
        one person: the source does not record who rated what.
    provenance : str
        Package, version, licence, and processing.
    """

    texts: tuple = field(repr=False)
    values: np.ndarray = field(repr=False)
    provenance: str


@dataclass(frozen=True)
class Rules:
    """Licence texts as they are found in software, in order of the names of their rules.

    Attributes
    ----------
    texts : tuple of str
    expressions : tuple of str
        The licence of each text, as the people who curate the rules gave it.
    provenance : str
        Package, version, licence, and processing.
    """

    texts: tuple = field(repr=False)
    expressions: tuple = field(repr=False)
    provenance: str


def data_directory() -> Path:
    """Path of the directory that holds the data files; it need not exist."""
    directory = os.environ.get("DATASELECT_DATA")
    return Path(directory) if directory else Path(__file__).parents[2] / "dataselect_data"


def licences() -> Licences:
    """The 727 licence texts of the SPDX list: a real corpus with natural near-duplicates.

    Returns
    -------
    Licences
        In the order of the source file; 772 thousand words.

    Raises
    ------
    DataMissing
        If the data file is not in the data directory.
    """
    data = json.loads(_read("licences.json.gz"))
    position = {source: i for i, source in enumerate(data["order"])}  # similar texts are adjacent in the file
    ids, names, texts = (
        tuple(data[name][position[i]] for i in range(len(position))) for name in ("ids", "names", "texts")
    )
    return Licences(ids, names, texts, provenance("licences.json.gz"))


def crawl(redundancy: float = 0.5, seed: int = 1) -> Crawl:
    """A simulated web crawl of about 450,000 words with a given share of redundant words.

    It has pages of State of the Union addresses, and copies of them made by
    `dataselect_core.datasets.simulated_crawl`; it is known which document is a copy of which. See
    `dataselect_core.datasets.simulated_crawl.simulate` for the process and its figures.

    Parameters
    ----------
    redundancy : float in [0, 0.9]
        Share of the words that are in copies.
    seed : int in [0, 2**32)
        The same seed gives the same documents, byte for byte, on every platform.

    Returns
    -------
    Crawl

    Raises
    ------
    DataMissing
        If the data file is not in the data directory.
    TypeError, ValueError
        For a redundancy or a seed that is not allowed.
    """
    ids, texts = _addresses(data_directory())
    return simulate(ids, texts, redundancy, seed, provenance("addresses.json.gz"))


def drive(redundancy: float = 0.7, seed: int = 1) -> simulated_drive.Drive:
    """A simulated drive of 1,000 frames: real images of digits, each seen again in several frames.

    See `dataselect_core.datasets.simulated_drive.simulate` for the process.

    Parameters
    ----------
    redundancy : float in [0, 0.9]
        Share of the frames that show a scene again.
    seed : int in [0, 2**32)

    Returns
    -------
    Drive

    Raises
    ------
    DataMissing
        If the data file is not in the data directory.
    TypeError, ValueError
        For a redundancy or a seed that is not allowed.
    """
    return simulated_drive.simulate(*digits(), redundancy, seed, provenance("digits.u8.gz"))


def clips(redundancy: float = 0.6, seed: int = 1) -> simulated_clips.Clips:
    """A simulated log of 500 short signals: synthetic sounds and augmented copies of them; reads no file.

    See `dataselect_core.datasets.simulated_clips.simulate` for the process, the arguments and the errors.

    Returns
    -------
    Clips
    """
    return simulated_clips.simulate(redundancy, seed)


def digits() -> tuple[Floats, Integers]:
    """1,797 handwritten digits of 8x8 pixels.

    Returns
    -------
    X : float64[1797, 64]
        Ink of each pixel, row by row, in [0, 1]: the counts 0 to 16 of the source, divided by 16.
    y : int64[1797]
        The digit, 0 to 9.
    """
    rows = np.frombuffer(_read("digits.u8.gz"), dtype=np.uint8).reshape(-1, 65)
    return rows[:, :64] / 16.0, rows[:, 64].astype(np.int64)


def nist_digits() -> tuple[Floats, Integers]:
    """10,000 handwritten digits of 8x8 pixels, by other writers than those of `digits`: MNIST, from NIST's collection.

    Each digit fills the smallest square around its ink, and its ink is counted in blocks like that of `digits`. The
    two sources differ in writers, pens and preparation; nothing was done to make them alike.

    Returns
    -------
    X : float64[10000, 64]
        Ink of each pixel, row by row, in [0, 1].
    y : int64[10000]
        The digit, 0 to 9; the rows are in order of it, 863 to 1,127 of each.

    Raises
    ------
    DataMissing
        If the data file is not in the data directory.
    """
    rows = np.frombuffer(_read("nist_digits.u8.gz"), dtype=np.uint8).reshape(-1, 65)
    return rows[:, :64] / 16.0, rows[:, 64].astype(np.int64)


def rules() -> Rules:
    """1,936 licence texts of 50 to 400 words with known licences: near-duplicates whose truth is known.

    Returns
    -------
    Rules
        307 licences; 168 of them have two texts or more.

    Raises
    ------
    DataMissing
        If the data file is not in the data directory.
    """
    data = json.loads(_read("rules.json.gz"))
    return Rules(tuple(data["texts"]), tuple(data["expressions"]), provenance("rules.json.gz"))


def breast_cancer() -> tuple[Floats, Integers]:
    """30 measurements of the cell nuclei in 569 breast tumours.

    Returns
    -------
    X : float64[569, 30]
        Each column scaled to [0, 1] by its minimum and maximum over the whole data set (so the test part of a
        split has influenced the scale).
    y : int64[569]
        0 malignant, 1 benign.
    """
    lines = _read("breast_cancer.csv.gz").decode("ascii").splitlines()[1:]
    table = np.array([line.split(",") for line in lines], dtype=np.float64)
    X, y = table[:, :-1], table[:, -1].astype(np.int64)
    low, high = X.min(axis=0), X.max(axis=0)
    return (X - low) / (high - low), y


def rainfall() -> tuple[Floats, Integers]:
    """How often, and how hard, it rained in Seattle: 1,461 days, 2012 to 2015.

    Returns
    -------
    X : float64[1461, 1]
        Precipitation of the day as a share of the wettest day's (55.9 mm), in [0, 1], in order of date.
        It is a daily total, not a rate: the heaviest rain within the day is not known.
    y : int64[1461]
        1 if precipitation was measured (more than 0 mm), else 0.
    """
    mm = rainfall_mm()
    return (mm / mm.max())[:, None], (mm > 0).astype(np.int64)


def rainfall_mm() -> Floats:
    """float64[1461], the precipitation behind `rainfall`, in millimetres per day, as written in the source."""
    rows = csv.DictReader(_read("rainfall.csv.gz").decode("ascii").splitlines())
    return np.array([float(row["precipitation_mm"]) for row in rows])


def speech() -> Any:
    """640 utterances of two Japanese vowels by nine men, as cepstrum coefficients: whose voice is it?

    Returns
    -------
    Speech

    Raises
    ------
    DataMissing
        If the data file is not in the data directory.
    """
    data = _read("speech.i32.gz")
    n = int.from_bytes(data[:2], "little")
    frames, speakers = (
        np.frombuffer(data, dtype=np.uint8, count=2 * n, offset=2).astype(np.int64).reshape(2, n)
    )
    planes = np.frombuffer(data, dtype=np.uint8, offset=2 + 2 * n).reshape(4, -1)
    steps = np.ascontiguousarray(planes.T).view("<i4")[:, 0].astype(np.int64)
    parts = np.split(steps, np.cumsum(12 * frames)[:-1])
    # an integer divided by 10^6 is the same float as the decimal number in the source
    cepstra = [np.cumsum(part.reshape(12, -1), axis=1).T / 1e6 for part in parts]
    return Speech(cepstra, speakers, provenance("speech.i32.gz"))


def ratings() -> Any:
    """7,520 words and phrases, each with the ratings of ten people: real disagreement between labellers.

    Returns
    -------
    Ratings

    Raises
    ------
    DataMissing
        If the data file is not in the data directory.
    """
    rows = [line.split("\t") for line in _read("ratings.tsv.gz").decode("utf-8").split("\n")[:-1]]
    values = np.array([row[1].split() for row in rows], dtype=np.float64)
    return Ratings(tuple(row[0] for row in rows), values, provenance("ratings.tsv.gz"))


def labelling_sweep() -> str:
    """JSON text of the lab's sweep over labelling projects, which `reference_sweep.curves` reads."""
    return _read("sweep.json.gz").decode("ascii")


def gap_maps() -> str:
    """JSON text of the maps of the domain gap, one per track, which `gap_map.read` reads."""
    return _read("maps.json.gz").decode("ascii")


def provenance(name: str) -> str:
    """The origin of a data file as one text: source, package, version, licence, and processing.

    Parameters
    ----------
    name : str
        Name of a file in the data directory, such as "licences.json.gz".
    """
    records = json.loads(_bytes("provenance.json"))
    if not isinstance(name, str) or name not in records:
        raise ValueError(f"name must be one of {', '.join(sorted(records))}, not {name!r}")
    r = records[name]
    package = " ".join(filter(None, (r["package"], r["version"])))
    return (
        f"{r['origin']}. Package: {package}. Licence: {r['licence']}. What was done: {r['derivation']}. "
        f"Checked {r['date']}."
    )


@lru_cache(maxsize=1)
def _addresses(directory):
    """Ids and texts of the base pages, cached because a reader tries many settings of the crawl."""
    data = json.loads(_read("addresses.json.gz"))
    return tuple(data["ids"]), tuple(data["texts"])


def _read(name):
    data = _bytes(name)
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(
            f"data file {data_directory() / name} is damaged ({error}); "
            "rebuild it with `python build.py build`"
        ) from error


def _bytes(name):
    path = data_directory() / name
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataMissing(
            f"data file {name} was not found in {path.parent}; make it with "
            "`python build.py build`, or set DATASELECT_DATA to the directory that has it"
        ) from None
