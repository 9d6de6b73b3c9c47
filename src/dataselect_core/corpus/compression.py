"""Compressed files: gzip, bzip2, xz and Zstandard, read and written as streams."""

import importlib
import zlib
from contextlib import suppress
from typing import Any, BinaryIO

from dataselect_core.corpus.errors import CorpusError

CODECS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "Zstandard"}
MAGIC = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\xfd7zXZ\x00": ".xz", b"\x28\xb5\x2f\xfd": ".zst"}
LEVELS = {".gz": 6, ".bz2": 9, ".xz": 6, ".zst": 3}  # each program's own default


def split_codec(name: str) -> tuple[str, str | None]:
    """A file name without the ending of its compression, and that ending in lower case, or None if it has none.

    Parameters
    ----------
    name : str

    Returns
    -------
    str, str or None
    """
    for ending in CODECS:
        if name.lower().endswith(ending):
            return name[: -len(ending)], ending
    return name, None


def decompressed(name: str, stream: BinaryIO, codec: str | None) -> Any:
    """A binary stream of the decompressed content; the compressed stream may have any number of members.

    Parameters
    ----------
    name : str
        For messages.
    stream : binary file
    codec : str
        A key of `CODECS`.

    Returns
    -------
    context manager with read(size)
        Reading it raises the exceptions that `errors` lists.

    Raises
    ------
    CorpusError
        If this Python lacks the codec.
    """
    if codec == ".gz":
        return _module("gzip", name, codec).GzipFile(fileobj=stream, mode="rb")
    if codec == ".bz2":
        return _module("bz2", name, codec).BZ2File(stream, "rb")
    if codec == ".xz":
        return _module("lzma", name, codec).LZMAFile(stream, "rb")
    module = _zstandard(name)
    if hasattr(module, "ZstdFile"):
        return module.ZstdFile(stream, "rb")
    return module.ZstdDecompressor().stream_reader(stream, read_across_frames=True, closefd=False)


def compressed(name: str, sink: BinaryIO, codec: str) -> Any:
    """A binary file that compresses what is written to it into `sink`; closing it leaves `sink` open.

    The same content gives the same bytes: no date and no name are written.
    """
    level = LEVELS[codec]
    if codec == ".gz":
        return _module("gzip", name, codec).GzipFile("", "wb", level, sink, 0)
    if codec == ".bz2":
        return _module("bz2", name, codec).BZ2File(sink, "wb", compresslevel=level)
    if codec == ".xz":
        return _module("lzma", name, codec).LZMAFile(sink, "wb", preset=level)
    module = _zstandard(name)
    if hasattr(module, "ZstdFile"):
        return module.ZstdFile(sink, "wb", level=level)
    return module.ZstdCompressor(level=level).stream_writer(sink, closefd=False)


def check(name: str, codec: str) -> None:
    """Raise CorpusError if this Python lacks a codec."""
    if codec == ".zst":
        _zstandard(name)
    else:
        _module({".gz": "gzip", ".bz2": "bz2", ".xz": "lzma"}[codec], name, codec)


def errors() -> tuple[type[BaseException], ...]:
    """The exceptions that reading a broken compressed stream raises (it may also raise an OSError without errno)."""
    exceptions = [EOFError, zlib.error]
    for module, name in (
        ("lzma", "LZMAError"),
        ("zstandard", "ZstdError"),
        ("compression.zstd", "ZstdError"),
    ):
        with suppress(ImportError):
            exceptions.append(getattr(importlib.import_module(module), name))
    return tuple(exceptions)


def _module(module, name, codec):
    try:
        return importlib.import_module(module)
    except ImportError:
        raise CorpusError(f"{name}: this Python cannot read {CODECS[codec]}; decompress it first") from None


def _zstandard(name):
    for module in ("compression.zstd", "zstandard"):
        try:
            return importlib.import_module(module)
        except ImportError:
            pass
    raise CorpusError(
        f"{name}: reading Zstandard needs Python 3.14 or the package zstandard"
        " (pip install 'dataselect-core[zstd]'); or decompress it first"
    )
