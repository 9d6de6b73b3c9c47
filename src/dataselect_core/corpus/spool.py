"""A temporary file for bytes that cannot be read twice from their source."""

import io
import weakref
from tempfile import TemporaryFile
from typing import Any

BLOCK = 1 << 20


class Spool:
    """One temporary file with a region for each item that is saved in it; closing it removes the file.

    Parameters
    ----------
    folder : path or None
        Folder of the file; None: the system's temporary folder.

    Attributes
    ----------
    size : int
        Bytes in it.
    """

    def __init__(self, folder: Any = None) -> None:
        self._folder, self.size = folder, 0
        self._file: Any = None

    def append(self, data: bytes | bytearray) -> None:
        """Add some bytes at the end."""
        if self._file is None:
            self._file = TemporaryFile(buffering=0, dir=self._folder)  # noqa: SIM115 (closed by `close`)
            weakref.finalize(self, self._file.close)  # for a caller who forgets it
        self._file.seek(self.size)
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        self.size += len(data)

    def read(self, start: int, size: int) -> bytes:
        """Read some bytes."""
        if self._file is None:
            return b""
        self._file.seek(start)
        return self._file.read(size)

    def close(self) -> None:
        """Remove it."""
        if self._file is not None:
            self._file.close()
        self._file, self.size = None, 0


class Writer:
    """Collects written bytes for a spool; their region is [start, spool.size) after `flush`."""

    def __init__(self, spool: Spool) -> None:
        self._spool, self._buffer = spool, bytearray()
        self.start, self.written = spool.size, 0

    def write(self, data: bytes) -> int:
        """Add some bytes."""
        self._buffer += data
        self.written += len(data)
        if len(self._buffer) >= BLOCK:
            self.flush()
        return len(data)

    def flush(self) -> None:
        """Append the collected bytes to the spool."""
        self._spool.append(self._buffer)
        self._buffer = bytearray()


class Region(io.RawIOBase):
    """A region of a spool as a readable file."""

    def __init__(self, spool: Spool, start: int, size: int) -> None:
        self._spool, self._start, self._size, self._position = spool, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = max(
            0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        )
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, into: Any) -> int:
        data = self._spool.read(
            self._start + self._position, max(0, min(len(into), self._size - self._position))
        )
        into[: len(data)] = data
        self._position += len(data)
        return len(data)
