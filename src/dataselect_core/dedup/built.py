"""An audit that was computed elsewhere, as a small file: what it needs to answer, without the texts.

The build of the lab computes the audits with which a part opens, with this core, and the page opens with them. Later
the page computes the audit itself and compares (`differences`).

A file begins with the length of its header, which is JSON; then the arrays follow, as differences where that makes
them small, the lowest bytes of all numbers first, so that they compress well. The bigrams are listed document by
document, number by number: near-duplicates then have long stretches in common. Signatures are stored without their
values, since LSH only needs to know which are equal: 0 for a value that is new in its column, else one more than the
number of its first occurrence among the new ones.
"""

import json
import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from dataselect_core.arrays import Hashes, Integers
from dataselect_core.dedup.audit import Audit
from dataselect_core.dedup.items import Texts
from dataselect_core.information import CurvePlan
from dataselect_core.information.plan_tables import plan_of, tables
from dataselect_core.minhash import EMPTY

TOLERANCE = 1e-9
RISING = ("pairs", "plan.kinds", "plan.heldout")
"""Arrays that are stored as differences."""
BIGRAMS = "bigrams"
"""The array that is stored number by number."""


class DistantTexts(Texts):
    """A corpus of texts of which only names, sizes and origins are here.

    Parameters
    ----------
    names : sequence of str
    mass : int64[n]
        Words of each text.
    origin : int64[n] or None
    """

    def __init__(self, names: Iterable[str], mass: Integers, origin: Integers | None) -> None:
        self.names, self.origin = tuple(names), origin
        self.mass = mass

    @property
    def texts(self) -> Sequence[str]:  # type: ignore[override]  # never set: the whole corpus replaces this one
        """Raises ValueError, with a sentence for the reader."""
        raise ValueError("The texts are still being loaded. Try again in a moment.")


class BuiltAudit(Audit):
    """An audit from a file.

    Attributes
    ----------
    tables : dict of int64 arrays
        The counts that the file has, as `information.plan_tables.tables` returns them.
    """

    tables: dict[str, Integers]


def file_name(corpus: str, redundancy: float | None) -> str:
    """The name of the file for a corpus with a share of copies (None: it is not simulated)."""
    return f"{corpus}.audit" if redundancy is None else f"{corpus}-{100 * redundancy:.0f}.audit"


def pack(audit: Audit, key: Sequence[Any] = ()) -> bytes:
    """The file of an audit.

    Parameters
    ----------
    audit : Audit
    key : sequence of JSON values
        What the audit was made from; `unpack` refuses a file with another key.

    Raises
    ------
    ValueError
        If the audit is not one of texts, or one of them has no words.
    """
    corpus, n = audit.corpus, len(audit)
    if (
        not isinstance(audit.plan, CurvePlan)
        or corpus.texts is None
        or (audit.signatures == EMPTY).all(axis=1).any()
    ):
        raise ValueError("audit must be one of texts that all have words")
    sizes = np.array([len(members) for members in audit.sets])
    both = sizes[audit.pairs].sum(axis=1)
    arrays = {
        "mass": audit.mass,
        "sizes": sizes,
        "signatures": _coded(audit.signatures),
        "pairs": audit.pairs[:, 0] * n + audit.pairs[:, 1],
        "shared": np.rint(audit.similarity * both / (1 + audit.similarity)).astype(np.int64),
        **_steps(tables(audit.plan, corpus.texts)),
    }
    if corpus.origin is not None:
        arrays["origin"] = corpus.origin
    places, blobs = [], []
    for name, array in arrays.items():
        flat = np.asarray(array).ravel().astype(np.int64)
        flat = np.diff(flat, prepend=0) if name in RISING else flat
        size = next(k for k in (1, 2, 4, 8) if int(flat.max(initial=0)) < 256**k)
        places.append([name, flat.size, size])
        planes = np.stack([(flat >> (8 * k)).astype(np.uint8) for k in range(size)])
        blobs.append((planes.T if name == BIGRAMS else planes).tobytes())
    settings = {"width": audit.width, "num_perm": audit.num_perm, "seed": audit.seed}
    header = {"key": list(key), **settings, "names": list(corpus.names), "arrays": places}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join([struct.pack("<I", len(text)), text, *blobs])


def unpack(data: bytes, key: Sequence[Any] = ()) -> BuiltAudit:
    """The audit in a file. It has no texts and no sets; its signatures have other values, equal where theirs are.

    Raises
    ------
    ValueError
        If the file is not one of `pack`, or was made with another key.
    """
    try:
        start = 4 + struct.unpack_from("<I", data)[0]
        header = json.loads(data[4:start])
    except (struct.error, ValueError) as error:
        raise ValueError(f"data must be the file of an audit ({error})") from None
    if header["key"] != list(key):
        raise ValueError(f"data must be an audit of {list(key)}, not of {header['key']}")
    arrays = {}
    for name, count, size in header["arrays"]:
        planes = np.frombuffer(data, np.uint8, count * size, start)
        planes = planes.reshape(count, size).T if name == BIGRAMS else planes.reshape(size, count)
        flat = np.zeros(count, np.int64)
        for k in range(size):
            flat |= planes[k].astype(np.int64) << (8 * k)
        arrays[name] = np.cumsum(flat) if name in RISING else flat
        start += count * size
    audit = BuiltAudit.__new__(BuiltAudit)
    audit.width, audit.num_perm, audit.seed = (header[name] for name in ("width", "num_perm", "seed"))
    audit.corpus = DistantTexts(header["names"], arrays["mass"], arrays.get("origin"))
    audit.mass = arrays["mass"]
    n = len(audit)
    audit.signatures = _decoded(arrays["signatures"].reshape(n, audit.num_perm))
    audit._key = arrays["pairs"]
    audit.pairs = np.stack(np.divmod(audit._key, n), axis=1)
    audit.similarity = arrays["shared"] / (arrays["sizes"][audit.pairs].sum(axis=1) - arrays["shared"])
    audit.tables = _table(arrays)
    audit.plan = plan_of(audit.tables)
    # Not drawn again: `numpy.random` would have to be imported, which takes longer than all of this.
    audit.train_index, audit.heldout_index = np.sort(audit.plan.train_index), audit.plan.heldout_index
    audit.raw = audit.plan.curve()
    return audit


def differences(built: BuiltAudit, computed: Audit) -> list[str]:
    """What differs between an audit from a file and the same one, computed: names of attributes.

    Equal signatures are compared, not their values; numbers that are not whole may differ by `TOLERANCE`.
    """
    if not isinstance(computed.plan, CurvePlan) or computed.corpus.texts is None:
        raise ValueError("computed must be an audit of texts")
    plans = [built.tables, tables(computed.plan, computed.corpus.texts)]
    curves = (built.raw, computed.raw)
    pairs: dict[str, Sequence[Any]] = {
        "settings": [(a.width, a.num_perm, a.seed) for a in (built, computed)],
        "names": [a.corpus.names for a in (built, computed)],
        "origin": [() if a.corpus.origin is None else a.corpus.origin for a in (built, computed)],
        **{
            name: [getattr(a, name) for a in (built, computed)]
            for name in ("mass", "pairs", "similarity", "train_index", "heldout_index")
        },
        "signatures": [_coded(a.signatures) for a in (built, computed)],
        **{f"plan.{name}": [plan[name] for plan in plans] for name in plans[0]},
        **{f"raw.{name}": [getattr(curve, name) for curve in curves] for name in vars(built.raw)},
    }
    return [name for name, (mine, other) in pairs.items() if not _equal(mine, other)]


def complete(built: BuiltAudit, computed: Audit) -> None:
    """Give an audit from a file everything that the computed one has."""
    vars(built).clear()
    vars(built).update(vars(computed))


def _equal(mine, other):
    mine, other = np.asarray(mine), np.asarray(other)
    if mine.shape != other.shape:
        return False
    if mine.dtype.kind != "f":
        return bool((mine == other).all())
    return bool(np.allclose(mine, other, rtol=TOLERANCE, atol=0, equal_nan=True))


def _steps(table):
    """The counts of a plan as a file has them: each bigram of a document as its distance from the one before."""
    kind, in_document = table["kind"], table["in_document"]
    steps, first = np.diff(kind, prepend=0), _first(in_document)
    steps[first] = kind[first]
    others = {f"plan.{name}": array for name, array in table.items() if name != "kind"}
    return {**others, BIGRAMS: steps}


def _table(arrays):
    """The counts of a plan, from those of a file."""
    table = {name.removeprefix("plan."): array for name, array in arrays.items() if name.startswith("plan.")}
    in_document, steps = table["in_document"], arrays[BIGRAMS]
    kind, first = np.cumsum(steps), _first(in_document)
    # What was added up before each document does not belong to it.
    before = np.repeat(kind[first] - steps[first], in_document[in_document > 0].astype(np.intp))
    return {**table, "kind": kind - before}


def _first(in_document):
    """The places where the bigrams of each document begin that has any."""
    return (np.cumsum(in_document) - in_document)[in_document > 0]


def _coded(signatures: Hashes) -> Integers:
    codes = np.empty(signatures.shape, np.int64)
    for column in range(signatures.shape[1]):
        _, first, value = np.unique(signatures[:, column], return_index=True, return_inverse=True)
        rank = np.empty(len(first), np.int64)
        rank[np.argsort(first)] = np.arange(1, len(first) + 1)
        codes[:, column] = rank[value]
        codes[first, column] = 0
    return codes


def _decoded(codes: Integers) -> Hashes:
    new = codes == 0
    return np.where(new, np.cumsum(new, axis=0) - 1, codes - 1).astype(np.uint32)
