"""Signatures, band keys and ids in temporary files, for more documents than fit in memory."""

import json
from array import array
from typing import Any, BinaryIO

import numpy as np

from dataselect_core.arrays import BandKeys, Hashes, Integers
from dataselect_core.corpus.spool import Spool

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # odd: the golden ratio's fraction in 64 bits


def band_keys(signatures: Hashes, bands: int, rows: int) -> BandKeys:
    """A 64-bit key of every band of every signature; equal bands have equal keys.

    Parameters
    ----------
    signatures : uint32[n, num_perm]
    bands, rows : int
        Band k is the columns k * rows to (k + 1) * rows - 1.

    Returns
    -------
    uint64[n, bands]
    """
    banded = signatures[:, : bands * rows].reshape(len(signatures), bands, rows)
    keys = np.zeros((len(signatures), bands), np.uint64)
    for row in range(rows):
        keys += banded[:, :, row]
        keys *= MULTIPLIER
        keys ^= keys >> np.uint64(32)
    return keys


class Table:
    """Blocks of numbers in a file.

    Parameters
    ----------
    file : binary file, open to write and read

    Attributes
    ----------
    size : int
        Bytes written.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = 0

    def _append(self, block):
        self._file.seek(self.size)
        self.size += self._file.write(np.ascontiguousarray(block).data)

    def _read(self, start, count, dtype):
        self._file.seek(start)
        return np.frombuffer(self._file.read(count * np.dtype(dtype).itemsize), dtype)


class Keys(Table):
    """The keys of all bands; a block has one band after the other, so that one band can be read alone."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self._blocks: list[tuple[int, int]] = []  # first byte and number of documents of each block

    def append(self, keys: BandKeys) -> None:
        """Add the keys of the next m documents, uint64[m, bands]."""
        self._blocks.append((self.size, len(keys)))
        self._append(keys.T)

    def band(self, band: int) -> BandKeys:
        """The keys of one band: uint64[n]."""
        return np.concatenate(
            [
                self._read(start + 8 * band * documents, documents, np.uint64)
                for start, documents in self._blocks
            ]
        )


class Signatures(Table):
    """The signatures of all documents, one after the other."""

    def append(self, signatures: Hashes) -> None:
        """Add the signatures of the next m documents, uint32[m, num_perm]."""
        self.num_perm = signatures.shape[1]
        self._append(signatures)

    def rows(self, documents: Integers) -> Hashes:
        """The signatures of some documents, uint32[m, num_perm]."""
        return np.array(
            [
                self._read(4 * self.num_perm * document, self.num_perm, np.uint32)
                for document in documents.tolist()
            ]
        )


class Ids:
    """The ids of a corpus' documents, in a temporary file.

    Parameters
    ----------
    folder : path or None
        Folder of the file; None: the system's temporary folder.
    """

    def __init__(self, folder: Any = None) -> None:
        self._spool, self._ends, self._buffer = Spool(folder), array("q", [0]), bytearray()

    def append(self, value: Any) -> None:
        """Add the id of the next document: any JSON value; other values are saved as text."""
        self._buffer += json.dumps(value, default=str).encode()
        self._ends.append(self._spool.size + len(self._buffer))
        if len(self._buffer) > 1 << 16:
            self.flush()

    def flush(self) -> None:
        """Write the collected ids."""
        self._spool.append(self._buffer)
        self._buffer = bytearray()

    def __getitem__(self, document: int | np.integer) -> Any:
        start, stop = self._ends[document], self._ends[document + 1]
        return json.loads(self._spool.read(start, stop - start))

    def close(self) -> None:
        """Remove the file."""
        self._spool.close()
