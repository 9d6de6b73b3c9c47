"""The files of a corpus, found from a mix of files, folders and patterns, in a fixed order."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from dataselect_core.corpus.compression import split_codec
from dataselect_core.corpus.errors import CorpusError
from dataselect_core.corpus.formats import FORMATS
from dataselect_core.corpus.remote import NO_ENGINE, RemotePath, common_root, is_url
from dataselect_core.corpus.tables import DATASET, data_files

FilePath: TypeAlias = Path | RemotePath

OTHER_JSON = (*DATASET, "dataset_infos.json")  # they describe a dataset and contain no documents


@dataclass
class InputFiles:
    """The files of a corpus.

    Attributes
    ----------
    root : Path or RemotePath
        The folder that all are in.
    paths : list of Path or RemotePath
    in_folder : list of bool
        Whether each was found in a folder instead of given by name.
    folders : list of Path or RemotePath
        Folders that were given by name.
    metadata : list of Path or RemotePath
        Files that describe a dataset and contain no documents.
    ignored : int
        Files of a folder that were skipped because of their ending.
    """

    root: FilePath | None = None
    paths: list[FilePath] = field(default_factory=list)
    in_folder: list[bool] = field(default_factory=list)
    folders: list[FilePath] = field(default_factory=list)
    metadata: list[FilePath] = field(default_factory=list)
    ignored: int = 0


def find(paths: Sequence[str | Path], remote: bool = False) -> InputFiles:
    """Find the files that some paths and patterns mean.

    Parameters
    ----------
    paths : list of path
        A file, a folder (all files below it with an ending that can be read, ordered by name; names that begin with
        a dot are skipped), or a pattern such as `data/*.jsonl` or `data/**/*.gz`. A file that is named twice is read
        once.
    remote : bool
        Whether URLs are accepted.

    Returns
    -------
    InputFiles

    Raises
    ------
    CorpusError
        If a file does not exist, or a folder or pattern has no file that can be read.
    """
    inputs, seen = InputFiles(), set()
    for name in paths:
        for path in _expand_url(name, remote) if is_url(name) else _expand(name):
            matches: list[FilePath]
            if path.is_dir():
                inputs.folders.append(path)
                matches = _below(path, inputs)
            elif path.is_file() or (isinstance(path, Path) and (path.is_fifo() or path.is_char_device())):
                matches = [path]
            else:
                raise CorpusError(f"{path} is not a file or a folder")
            for match in matches:
                place = match.place if isinstance(match, RemotePath) else os.path.abspath(match)
                if place not in seen:
                    seen.add(place)
                    inputs.paths.append(match)
                    inputs.in_folder.append(path.is_dir())
    inputs.root = _root(paths, inputs)
    return inputs


def _expand(name):
    path = Path(name)
    try:
        if path.exists() or not glob.has_magic(os.fspath(name)):
            return [path]
        matches = sorted(glob.glob(os.fspath(name), recursive=True))
    except (OSError, ValueError) as error:
        raise CorpusError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    matches = [Path(match) for match in matches]
    if "**" in os.fspath(name):  # it matches folders and also their content
        matches = [match for match in matches if not match.is_dir()]
    if not matches:
        raise CorpusError(f"{name} matches no file")
    return matches


def _expand_url(url, remote):
    if not remote:
        raise CorpusError(NO_ENGINE.format(url))
    path = RemotePath.of(url)
    matches = path.expand()
    if matches is None:
        return [path]
    if "**" in url:
        matches = [match for match in matches if not match.is_dir()]
    if not matches:
        raise CorpusError(f"{url} matches no file")
    return matches


def _walk(folder):
    """Every folder below a folder, with its files; hidden ones are left out."""
    for current, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield Path(current), [Path(current, name) for name in files if not name.startswith(".")]


def _below(folder, inputs):
    """The files of a folder, in the order of their names."""
    paths, ignored = [], 0
    for current, files in folder.walk() if isinstance(folder, RemotePath) else _walk(folder):
        has_state = any(path.name == "state.json" for path in files)
        dataset_files = data_files(current) if has_state else None
        for path in files:
            name = path.name
            if name in OTHER_JSON and (dataset_files is not None or name != "state.json"):
                inputs.metadata.append(path)
            elif not _readable(path) or (
                dataset_files is not None and name.endswith(".arrow") and name not in dataset_files
            ):
                ignored += 1
            else:
                paths.append(path)
    inputs.ignored += ignored
    if not paths:
        raise CorpusError(f"{folder} contains no file that ends in {', '.join(FORMATS)}")
    return sorted(paths, key=lambda path: path.relative_to(folder).as_posix())


def _readable(path):
    """Whether it is a file with an ending that can be read; a pipe is not, as the program would wait for it."""
    return Path(split_codec(path.name)[0]).suffix.lower() in FORMATS and path.is_file()


def _refuse(error):
    raise error


def _root(paths, inputs):
    if not inputs.paths:
        return None
    if len(paths) == 1 and len(inputs.folders) == 1:
        return inputs.folders[0]
    if len(inputs.paths) == 1:
        return inputs.paths[0].parent
    if any(isinstance(path, RemotePath) for path in inputs.paths):
        if not all(isinstance(path, RemotePath) for path in inputs.paths):
            raise CorpusError("the files must be on one file system, but only some have URLs")
        return common_root(inputs.paths)
    try:
        return Path(os.path.commonpath([os.path.abspath(path.parent) for path in inputs.paths]))
    except ValueError:
        raise CorpusError("the files must be on one drive") from None
