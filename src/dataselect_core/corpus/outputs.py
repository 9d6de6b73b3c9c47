"""The outputs of a run: checked before it begins, written whole or not at all, and never over its inputs.

A file or a folder is written under a hidden name next to its place, and renamed when all outputs are complete. A
link is followed and kept. A pipe or a device is written to directly, because it cannot be replaced by renaming. Outputs
with a URL are checked here and written by `remote`.
"""

import os
import shutil
import stat
import sys
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from dataselect_core.corpus.errors import CorpusError
from dataselect_core.corpus.remote import NO_ENGINE, RemoteOutput, RemotePath, is_url

STANDARD = "-"  # standard output


class Output:
    """A place to write to; made by `Outputs.add`.

    Attributes
    ----------
    label : str
        Its name in messages, such as "the report".
    name : str
        The path as the caller named it.
    kind : "file", "folder", "stream" or "standard"
        A stream is a pipe or a device.
    path : Path or None
        Its final path, with links followed; None for standard output.
    """

    def __init__(self, label: str, name: Any, kind: str, path: Any, staged: Any) -> None:
        self.label, self.name, self.kind, self.path = label, name, kind, path
        self._staged = staged  # a file or folder under a hidden name; None: written to directly

    def open(self) -> Any:
        """A binary file to write into; for a folder use `file`."""
        if self.kind == "standard":
            sys.stdout.flush()
            return _StandardOutput(sys.stdout.buffer)
        if self.kind == "stream":
            return open(self.path, "wb", buffering=1 << 16)
        mode = stat.S_IMODE(os.stat(self.path).st_mode) if self.path.exists() else None
        handle = os.open(
            self._staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666
        )
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(handle, mode)
        return Durable(os.fdopen(handle, "wb"))

    def file(self, name: str) -> Any:
        """A binary file in a new folder; `Outputs.commit` moves the folder to its place."""
        path = self._staged / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return Durable(open(path, "wb"))

    def commit(self) -> None:
        """Move the written file or folder to its place."""
        if self._staged is None or not self._staged.exists():
            return
        if self.kind == "folder":
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists():
                self.path.rmdir()
        os.replace(self._staged, self.path)
        _sync_folder(self.path.parent)

    def discard(self) -> None:
        """Remove the written file or folder if it was not moved to its place."""
        if self._staged is None:
            return
        if self.kind == "folder":
            shutil.rmtree(self._staged, ignore_errors=True)
        else:
            self._staged.unlink(missing_ok=True)


class Outputs:
    """All outputs of one run: a context manager that removes what was not committed at its end.

    Parameters
    ----------
    files : iterable of path
        Files that are read.
    folders : iterable of path
        Folders that are read; nothing may be written into them.
    remote : bool
        Whether an output may have a URL.
    """

    def __init__(self, files: Iterable[Any] = (), folders: Iterable[Any] = (), remote: bool = False) -> None:
        files, folders, self._remote = list(files), list(folders), remote
        self._files = [path for path in map(_local, files) if path is not None]
        self._folders = [path for path in map(_local, folders) if path is not None]
        self._places = {path.place for path in files if isinstance(path, RemotePath)}
        self._folder_places = {path.place: path for path in folders if isinstance(path, RemotePath)}
        self._identities: set[Any] | None = None
        self._outputs: list[Any] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for output in self._outputs:
            output.discard()

    def add(self, label: str, name: str | Path, folder: bool = False) -> Output | RemoteOutput:
        """Check one place, without changing anything, and return it as an `Output`.

        Parameters
        ----------
        label : str
            For messages, such as "the report".
        name : str or Path
            "-" is standard output; a URL such as `s3://bucket/kept.jsonl` is written over fsspec.
        folder : bool
            Whether a folder will be written.

        Returns
        -------
        Output or RemoteOutput

        Raises
        ------
        CorpusError
            If this run reads the place or a folder that contains it, if it is another output, if it is a folder where
            a file is expected or the reverse, or if it cannot be written.
        """
        name = os.fspath(name)
        output: Output | RemoteOutput
        if name == STANDARD:
            output = self._standard(label, folder)
        elif is_url(name):
            output = self._behind_url(label, name, folder)
        else:
            output = self._named(label, name, folder)
        self._outputs.append(output)
        return output

    def commit(self) -> None:
        """Move all written files and folders to their places."""
        for output in self._outputs:
            output.commit()

    def _standard(self, label, folder):
        if folder:
            raise CorpusError(
                f"{label} is a folder because the corpus has several files; - accepts only one file"
            )
        if any(output.kind == "standard" for output in self._outputs):
            raise CorpusError(f"{label} and another output must not both be standard output (-)")
        if sys.stdout is None or not hasattr(sys.stdout, "buffer"):
            raise CorpusError(f"{label} cannot go to standard output, which is closed")
        return Output(label, STANDARD, "standard", None, None)

    def _named(self, label, name, folder):
        try:
            status = os.stat(name)
        except FileNotFoundError:
            status = None  # also for a broken link: its target is created
        except (OSError, ValueError) as error:
            raise CorpusError(f"{label} {name} cannot be written: {_reason(error)}") from None
        if status and not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            return self._stream(label, name, folder, status)
        if status and not folder and _is_standard(status):
            return self._standard(label, folder)
        path = Path(os.path.realpath(name))
        self._check_kind(label, name, path, status, folder)
        self._check_reading(label, name, path, status)
        root = path.parent
        while folder and not root.exists() and root != root.parent:
            root = root.parent
        staged = root / f".dedup-{os.urandom(8).hex()}.part"
        ignores_case = self._check_writable(label, name, path, root, staged)
        for earlier in self._outputs:
            self._check_other(label, name, path, earlier, ignores_case)
        return Output(label, name, "folder" if folder else "file", path, staged)

    def _behind_url(self, label, name, folder):
        if not self._remote:
            raise CorpusError(NO_ENGINE.format(name))
        path = RemotePath.of(name)
        if path.local is not None:
            return self._named(label, str(path.local) + ("/" if name.endswith("/") else ""), folder)
        kind = path.status().kind
        if not folder and (kind == "directory" or name.endswith("/")):
            raise CorpusError(f"{label} {name} is a folder; it must be a file")
        if folder and (kind == "file" or (kind and next(path.walk(hidden=True), None))):
            raise CorpusError(
                f"{label} {name} must be a new or an empty folder, because the corpus is a folder"
            )
        if path.place in self._places:
            raise CorpusError(
                f"{label} {name} must not be the corpus itself: it is one of the files that are read"
            )
        for place, read in self._folder_places.items():
            if _is_in(path.place, place):
                raise CorpusError(
                    f"{label} {name} must not be the corpus itself, nor be in it ({read} is read)"
                )
        for earlier in self._outputs:
            if not isinstance(earlier, RemoteOutput):
                continue
            if earlier.path.place == path.place:
                raise CorpusError(f"{label} {name} must not be another output as well: it is {earlier.label}")
            if earlier.kind == "folder" and _is_in(path.place, earlier.path.place):
                raise CorpusError(f"{label} {name} must not be in {earlier.label} {earlier.name}")
        output = RemoteOutput(label, name, "folder" if folder else "file", path)
        output.check_writable()
        return output

    def _stream(self, label, name, folder, status):
        if folder or stat.S_ISSOCK(status.st_mode):
            reason = "a folder is needed" if folder else "it is a socket"
            raise CorpusError(f"{label} {name} cannot be written: {reason}")
        if _is_standard(status) and not stat.S_ISCHR(status.st_mode):
            return self._standard(label, folder)
        if not os.access(name, os.W_OK):
            raise CorpusError(f"{label} {name} cannot be written: Permission denied")
        null = os.path.realpath(name) == os.path.realpath(os.devnull)
        if not null and any(
            output.kind == "stream" and os.path.samefile(name, output.path) for output in self._outputs
        ):
            raise CorpusError(f"{label} {name} must not be another output as well")
        return Output(label, name, "stream", Path(name), None)

    def _check_kind(self, label, name, path, status, folder):
        is_folder = status is not None and stat.S_ISDIR(status.st_mode)
        if not folder and (is_folder or name.endswith(("/", os.sep))):
            raise CorpusError(f"{label} {name} is a folder; it must be a file")
        if folder and status and (not is_folder or any(path.iterdir())):
            raise CorpusError(
                f"{label} {name} must be a new or an empty folder, because the corpus is a folder"
            )
        if status and not is_folder and not status.st_mode & 0o222:
            raise CorpusError(f"{label} {name} is a read-only file")

    def _check_reading(self, label, name, path, status):
        if self._identities is None:
            self._identities = {_identity(os.stat(file)) for file in self._files}
        if status and _identity(status) in self._identities:
            raise CorpusError(
                f"{label} {name} must not be the corpus itself: it is one of the files that are read"
            )
        ancestors = [path, *path.parents]
        for folder in self._folders:
            identity = _identity(os.stat(folder))
            if any(ancestor.exists() and _identity(os.stat(ancestor)) == identity for ancestor in ancestors):
                raise CorpusError(
                    f"{label} {name} must not be the corpus itself, nor be in it ({folder} is read)"
                )

    def _check_writable(self, label, name, path, root, staged):
        """Whether the folder ignores case in names; CorpusError if no file can be created in it."""
        if not root.is_dir():
            raise CorpusError(f"there is no folder for {label} {name}")
        try:
            os.stat(path) if path.exists() else os.lstat(path.parent / path.name)
        except FileNotFoundError:
            pass
        except OSError as error:  # a name that is too long for this file system
            raise CorpusError(f"{label} {name} cannot be written: {_reason(error)}") from None
        try:
            handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except OSError as error:
            raise CorpusError(f"{label} {name} cannot be written into {root}: {_reason(error)}") from None
        try:
            os.close(handle)
            return (staged.parent / staged.name.upper()).exists()
        finally:
            staged.unlink(missing_ok=True)

    def _check_other(self, label, name, path, earlier, ignores_case):
        if earlier.path is None or earlier.kind == "stream" or isinstance(earlier, RemoteOutput):
            return
        folded, earlier_folded = ((_folded(p) if ignores_case else p) for p in (path, earlier.path))
        same_file = path.exists() and earlier.path.exists() and os.path.samefile(path, earlier.path)
        if same_file or folded == earlier_folded:
            raise CorpusError(f"{label} {name} must not be another output as well: it is {earlier.label}")
        if earlier.kind == "folder" and earlier_folded in folded.parents:
            raise CorpusError(f"{label} {name} must not be in {earlier.label} {earlier.name}")


class Durable:
    """A binary file whose content is on the disk once it is closed."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.write, self.flush = file.write, file.flush
        self.closed = False

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self.close()
        else:
            self.closed = True
            with suppress(OSError):  # the disk may be full again, while the written part is discarded
                self._file.close()

    def close(self) -> None:
        """Write all of it to the disk."""
        if not self.closed:
            self.closed = True
            with self._file:
                self._file.flush()
                os.fsync(self._file.fileno())


class _StandardOutput:
    """Standard output, which is flushed and not closed."""

    def __init__(self, file):
        self.write, self.flush = file.write, file.flush

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.flush()

    def close(self):
        """Flush."""
        self.flush()


def _local(path):
    """A path of this machine, also if it was given as a URL; None if it is elsewhere."""
    return path.local if isinstance(path, RemotePath) else Path(path)


def _is_in(place, folder):
    """Whether a place is a folder or is in it; places as in `RemotePath`."""
    return place[:-1] == folder[:-1] and (place[-1] + "/").startswith(folder[-1].rstrip("/") + "/")


def _identity(status):
    return status.st_dev, status.st_ino


def _is_standard(status):
    """Whether standard output is redirected to this file."""
    try:
        return os.path.samestat(status, os.fstat(sys.stdout.fileno()))
    except (AttributeError, OSError, ValueError):
        return False


def _reason(error):
    return getattr(error, "strerror", None) or str(error)


def _folded(path):
    return Path(unicodedata.normalize("NFC", str(path)).casefold())


def _sync_folder(folder):
    """Write the names of a folder to the disk, if the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
