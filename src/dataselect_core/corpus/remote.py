"""Files behind a URL such as `s3://bucket/corpus.jsonl`, read and written over fsspec (extra: dask).

A `RemotePath` is a pair of strings, so that it can be sent to workers, each of which opens its own connection. An
output is written under a hidden name and moved when all outputs are complete. A file system renames it. An object
store copies it inside the store, where an object appears whole or not at all, and deletes the hidden one.
"""

import io
import os
import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from dataselect_core.corpus.errors import CorpusError

MISSING = "{} is a URL, which needs fsspec: python -m pip install 'dataselect-core[dask]'"
NO_ENGINE = "{} is a URL; URLs are only read and written with --engine dask://HOST:PORT"
BUFFER = 1 << 20
SEARCH_BYTES = 1 << 16  # requested at a time while the beginning of a line is searched
# Each of them changes when the file does; the first one that a file system has is compared.
MARKS = (
    "ETag", "etag", "md5Hash", "generation", "mtime", "LastModified", "Last-Modified", "last_modified", "modified",
    "modify", "modificationTime", "updated", "created",
)  # fmt: skip


def is_url(name: Any) -> TypeGuard[str]:
    """Whether a name is a URL; a scheme has two letters or more, unlike a drive of Windows."""
    return isinstance(name, str) and re.match(r"[A-Za-z][A-Za-z0-9+.-]+(::[^/]+)?://", name) is not None


@dataclass(frozen=True)
class Status:
    """What is at a URL: `kind` is "file", "directory" or None; `size` is None if the server does not send it."""

    kind: str | None
    size: int | None = None
    mark: str = ""
    seekable: bool = True

    @property
    def stamp(self) -> tuple[Any, ...]:
        """Size and mark, which show that a file was changed."""
        return self.size or 0, self.mark


@dataclass(frozen=True)
class RemotePath:
    """A file or folder behind a URL, with those methods of a `Path` that a corpus needs.

    Parameters
    ----------
    source : str
        The URL as the user gave it, which determines the file system.
    path : str
        A path in that file system.
    """

    source: str
    path: str
    _listed: Status | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, url: str) -> "RemotePath":
        """The path of a URL.

        Raises
        ------
        CorpusError
            If fsspec or the package for this kind of URL is missing, or the URL has a password.
        """
        if "::" in url:
            raise CorpusError(f"{url} is a chain of URLs, which is not supported")
        with reported(re.sub(r"//[^/]*@", "//", url), "read"):
            password = urlsplit(url).password
        if password is not None:
            shown = re.sub(r"//[^/]*@", "//", url)
            raise CorpusError(
                f"a password in the URL of {shown} would be written to reports; set it in fsspec's configuration"
            )
        return cls(url, _system(url)[1].rstrip("/"))

    def __str__(self) -> str:
        system, path = _system(self.source)
        source, path = self.source.rstrip("/"), path.rstrip("/")
        if self.path == path:
            return source
        if source.endswith(path):
            return source.removesuffix(path) + self.path
        return str(system.unstrip_protocol(self.path))

    def __truediv__(self, name: str) -> "RemotePath":
        return RemotePath(self.source, f"{self.path}/{name}")

    @property
    def system(self) -> Any:
        """The fsspec file system."""
        return _system(self.source)[0]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return posixpath.basename(self.path)

    @property
    def parent(self) -> "RemotePath":
        """The folder it is in."""
        return RemotePath(self.source, posixpath.dirname(self.path))

    @property
    def local(self) -> Path | None:
        """The same as a path of this machine, if it is one."""
        return Path(self.path) if _protocol(self.system) == "file" else None

    @property
    def place(self) -> tuple[str, ...]:
        """Equal for two URLs of one place: kind of file system, server, and path without `.`, `..` and `//`."""
        options = self.system.storage_options
        server = [str(options.get(key, "")).lower() for key in ("host", "port", "account_name")]
        return _protocol(self.system), *server, posixpath.normpath("/" + self.path.lstrip("/"))

    def status(self, again: bool = False) -> Status:
        """What is there; from the listing that found it, unless `again` is true."""
        if self._listed is not None and not again:
            return self._listed
        with reported(self, "read"):
            self.system.invalidate_cache()
            try:
                return _status(self.system, self.system.info(self.path))
            except FileNotFoundError:
                return Status(None)

    def is_dir(self) -> bool:
        """Whether it is a folder."""
        return self.status().kind == "directory"

    def is_file(self) -> bool:
        """Whether it is a file."""
        return self.status().kind == "file"

    def expand(self) -> list["RemotePath"] | None:
        """The files and folders that match it as a pattern, sorted; None if it is not a pattern."""
        if _protocol(self.system) in ("http", "https") or not re.search(r"[*?[]", self.path):
            return None
        if self.status().kind:
            return None
        with reported(self, "read"):
            matches = self.system.glob(self.path, detail=True)
        # As with `glob` for local files, a hidden name only matches a part of a pattern that begins with a dot.
        pattern_parts = self.path.split("/")
        found = [
            path
            for path in sorted(matches)
            if not any(part.startswith(".") and part not in pattern_parts for part in path.split("/"))
            or any(part.startswith(".") and re.search(r"[*?[]", part) for part in pattern_parts)
        ]
        return [self._found(path, matches[path]) for path in found]

    def walk(self, hidden: bool = False) -> Iterator[tuple["RemotePath", list["RemotePath"]]]:
        """Every folder below this one that has files, with its files; hidden ones only if `hidden` is true."""
        with reported(self, "read"):
            self.system.invalidate_cache()
            listing = self.system.find(self.path, detail=True)
        folders: dict[str, list[RemotePath]] = {}
        for path, info in listing.items():
            parts = posixpath.relpath(path, self.path).split("/")
            if hidden or not any(part.startswith(".") for part in parts):
                folders.setdefault(posixpath.dirname(path), []).append(self._found(path, info))
        for folder in sorted(folders):
            yield RemotePath(self.source, folder), folders[folder]

    def relative_to(self, folder: "RemotePath") -> PurePosixPath:
        """The path below a folder."""
        return PurePosixPath(posixpath.relpath(self.path, folder.path or "/"))

    def open(self, block: int | None = None) -> io.BufferedReader:
        """A binary stream, buffered, whose errors are `CorpusError`; `block` bytes are requested at a time."""
        with reported(self, "read"):
            if not self.status().seekable:
                block = 0
            return io.BufferedReader(
                _Reading(self, self.system.open(self.path, "rb", block)), block or BUFFER
            )

    def read_bytes(self) -> bytes:
        """The whole content of a small file."""
        with self.open() as stream:
            return stream.read()

    def read_text(self, encoding: str = "utf-8") -> str:
        """The whole content of a small text file."""
        return self.read_bytes().decode(encoding)

    def _found(self, path, info):
        status = _status(self.system, info)
        # A web page that lists files has no sizes; then the status of each is requested.
        return RemotePath(self.source, path.rstrip("/"), None if status.size is None else status)


def common_root(paths: list[RemotePath]) -> RemotePath:
    """The folder that contains all these files; CorpusError if they are on several file systems."""
    if len({path.place[:-1] for path in paths}) > 1:
        raise CorpusError("the files must be on one file system")
    return RemotePath(paths[0].source, posixpath.commonpath([path.parent.path for path in paths]))


@contextmanager
def reported(path: Any, action: str) -> Iterator[None]:
    """Turn whatever a file system raises into a CorpusError that names the URL."""
    try:
        yield
    except CorpusError:
        raise
    except Exception as error:  # each library has its own kinds, and not all are OSError
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        if isinstance(error, FileNotFoundError):
            reason = "there is no such file" if action == "read" else "there is no such folder"
        raise CorpusError(f"{path} cannot be {action}: {reason.splitlines()[0]}") from None


class RemoteOutput:
    """An `outputs.Output` behind a URL.

    Attributes
    ----------
    label, name, kind : str
        As in `outputs.Output`; the kind is "file" or "folder".
    path : RemotePath
    """

    def __init__(self, label: str, name: str, kind: str, path: RemotePath) -> None:
        self.label, self.name, self.kind, self.path = label, name, kind, path
        self._staged = path.parent / f".dedup-{os.urandom(8).hex()}.part"
        self._written: list[RemotePath] = []

    def check_writable(self) -> None:
        """Write and delete a small file; CorpusError if that is impossible."""
        with reported(f"{self.label} {self.name}", "written"):
            self.path.system.pipe_file(self._staged.path, b"\n")
            self.path.system.rm_file(self._staged.path)

    def open(self) -> Any:
        """A binary file to write into; for a folder use `file`."""
        return self._open(self._staged)

    def file(self, name: str) -> Any:
        """A binary file in a folder; `commit` moves it to its place."""
        path = self._staged / name
        with reported(self.name, "written"):
            path.system.makedirs(path.parent.path, exist_ok=True)
        return self._open(path)

    def commit(self) -> None:
        """Move what was written to its place."""
        if not self._written:
            return
        system, source, target = self.path.system, self._staged.path, self.path.path
        with reported(self.name, "written"):
            system.invalidate_cache()
            exists = system.exists(target)
            if self.kind == "folder":
                if exists and system.isdir(target):
                    system.rmdir(target)
                try:
                    if _copies(system):  # such a store has no folders
                        for path in self._written:
                            system.mv(path.path, target + path.path.removeprefix(source))
                    else:
                        system.mv(source, target)
                except BaseException:
                    with suppress(Exception):  # of a folder that was new or empty, nothing is left
                        system.rm(target, recursive=True)
                    raise
            else:
                _replace(system, source, target, exists)
        self._written = []

    def discard(self) -> None:
        """Remove what was written and not moved to its place."""
        if self._written:
            self._written = []
            with suppress(Exception):
                self.path.system.invalidate_cache()
                self.path.system.rm(self._staged.path, recursive=self.kind == "folder")

    def _open(self, path):
        with reported(self.name, "written"):
            self._written.append(path)
            return _Writing(self.name, path.system.open(path.path, "wb"))


class _Reading(io.RawIOBase):
    """A file of fsspec as a raw file of `io`, so that short reads and errors are treated in one place."""

    def __init__(self, path, file):
        self._path, self._file = path, file

    def readable(self):
        return True

    def seekable(self):
        return self._file.seekable()

    def seek(self, offset, whence=io.SEEK_SET):
        with reported(self._path, "read"):
            return self._file.seek(offset, whence)

    def tell(self):
        return self._file.tell()

    def readinto(self, into):
        with reported(self._path, "read"):
            data = self._file.read(len(into))
        into[: len(data)] = data
        return len(data)

    def close(self):
        if not self.closed:
            with suppress(Exception):
                self._file.close()
        super().close()


class _Writing:
    """A file of fsspec with the interface of `outputs.Durable`."""

    def __init__(self, name, file):
        self._name, self._file, self.closed = name, file, False

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.close()
        elif not self.closed:
            self.closed = True
            with suppress(Exception):
                self._file.close()

    def write(self, data):
        with reported(self._name, "written"):
            self._file.write(data)
        return len(data)

    def flush(self):
        """Do nothing; a part of an upload has a minimum size."""

    def close(self):
        if not self.closed:
            self.closed = True
            with reported(self._name, "written"):
                self._file.close()


def _system(url):
    """The file system of a URL and its path in it."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise CorpusError(MISSING.format(url)) from None
    with reported(url, "read"):
        try:
            return url_to_fs(url)
        except ImportError as error:
            raise CorpusError(f"{url} needs another package: {error}") from None


def _protocol(system):
    return system.protocol if isinstance(system.protocol, str) else system.protocol[0]


def _status(system, info):
    kind = {"file": "file", "link": "file", "directory": "directory"}.get(info["type"])
    mark = next((_mark(info[key]) for key in MARKS if info.get(key) is not None), "")
    size = info.get("size")
    # Whether a web server sends parts of a file is only known after a request for one.
    return Status(kind, None if size is None else int(size), mark, _protocol(system) not in ("http", "https"))


def _mark(value):
    """A mark as text; a listing and a status request may give a time or an ETag in different forms."""
    with suppress(ValueError, TypeError):
        value = datetime.fromisoformat(value)
    return str(value.timestamp()) if isinstance(value, datetime) else str(value).strip('"')


def _replace(system, source, target, exists):
    """Move a file. Where a file system cannot rename to a name that exists, the earlier file is kept until then."""
    try:
        system.mv(source, target)
    except Exception:
        if _copies(system) or not exists or not system.exists(source):
            raise
        earlier = f"{source}.earlier"
        system.mv(target, earlier)
        try:
            system.mv(source, target)
        except BaseException:
            system.mv(earlier, target)
            raise
        system.rm_file(earlier)


def _copies(system):
    """Whether a move copies and deletes, as in object stores, instead of renaming."""
    from fsspec import AbstractFileSystem

    return type(system).mv is AbstractFileSystem.mv
