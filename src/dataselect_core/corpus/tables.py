"""Tables: Parquet files, and the Arrow files of a Hugging Face dataset; this module needs pyarrow.

A Hugging Face dataset on disk (`Dataset.save_to_disk`) is a folder with `dataset_info.json`, `state.json` and Arrow
files in the streaming format; a `DatasetDict` is a folder of such folders. Hub repositories have Parquet files.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from dataselect_core.arrays import Integers
from dataselect_core.corpus.errors import CorpusError

ROWS = 1024  # per batch
ARROW_FILE = b"ARROW1"  # first bytes of the random-access format; other files are in the streaming format
DATASET = ("dataset_info.json", "state.json", "dataset_dict.json")
NO_TEXT = "has no string in the field"


def arrow() -> Any:
    """pyarrow, or a CorpusError that says how to install it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise CorpusError(
            "reading Parquet and Hugging Face datasets needs pyarrow (pip install 'dataselect-core[parquet]')"
        ) from None
    return pyarrow


def texts(name: str, stream: Any, layout: Any) -> Iterator[tuple[int, str | None, tuple[Any, ...]]]:
    """The texts of a table, in order.

    Parameters
    ----------
    name : str
        For messages.
    stream : seekable binary file
    layout : Layout

    Yields
    ------
    row, text, values : int, str or None, tuple
        The row, from 1; the text, or None if it is missing; the values of the layout's extras.

    Raises
    ------
    CorpusError
        If the stream is not a table of that format, or has no string column of that name.
    """
    pa = arrow()
    with _named(name, pa):
        schema, batches, announced = _opened(pa, stream, layout.format)
        path = _path(pa, name, schema, layout.field)
        kind = _field(pa, schema, path).type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind)):
            raise CorpusError(f"{name}: the column {layout.field!r} contains {kind}, not strings")
        extras = [_path(pa, name, schema, extra, needed=False) for extra in layout.extras]
        row = 0
        roots = list(dict.fromkeys(column[0] for column in (path, *extras) if column))
        for batch in batches(roots):
            if layout.format == "arrow":
                batch.validate(full=True)  # otherwise damaged data in the file would end the process
            columns = [_column(pa, batch, column) for column in (path, *extras)]
            for text, *values in zip(*columns, strict=True):
                row += 1
                yield row, text if isinstance(text, str) else None, tuple(values)
        _check_rows(name, row, announced)


def write(name: str, stream: Any, layout: Any, rows: Integers, sink: Any) -> None:
    """Write some rows of a table in its original format.

    Parameters
    ----------
    name, stream, layout :
        As in `texts`.
    rows : int64[m]
        From 0, ascending.
    sink : binary file
    """
    pa = arrow()
    with _named(name, pa):
        # Both calls read from the stream, so they come before the table is read.
        parquet = layout.format == "parquet"
        compression = _compression(pa, stream) if parquet else None
        random_access = not parquet and _is_file(stream)
        schema, batches, announced = _opened(pa, stream, layout.format)
        if parquet:
            writer = pa.parquet.ParquetWriter(sink, schema, compression=compression)
        elif random_access:
            writer = pa.ipc.new_file(sink, schema)
        else:
            writer = pa.ipc.new_stream(sink, schema)
        with writer:
            start = 0
            for batch in batches(None):
                first, last = np.searchsorted(rows, (start, start + batch.num_rows))
                if last > first:
                    writer.write_batch(batch.take(pa.array(rows[first:last] - start)))
                start += batch.num_rows
        _check_rows(name, start, announced)


def _check_rows(name, rows, announced):
    """Refuse a damaged Parquet file whose columns have different lengths: rows of it would be lost."""
    if announced is not None and rows != announced:
        raise CorpusError(
            f"{name} cannot be read as a table: it announces {announced:,} rows and has {rows:,}"
        )


def dataset_file(name: str, content: bytes, selection: bytes) -> bytes:
    """The content of one of the files that describe a dataset, after rows are removed.

    The fingerprint changes, because results cached under the old one belong to other rows.

    Parameters
    ----------
    name : str
        One of `DATASET`.
    content : bytes
    selection : bytes
        Bytes that identify this selection of rows.

    Returns
    -------
    bytes
    """
    if name != "state.json":
        return content
    state = json.loads(content)
    before = str(state.get("_fingerprint"))
    state["_fingerprint"] = hashlib.blake2b(before.encode() + selection, digest_size=8).hexdigest()
    return (json.dumps(state, indent=2) + "\n").encode()


def data_files(folder: Any) -> list[str] | None:
    """The Arrow files of a dataset's folder, in its order; None if the folder is not a dataset.

    Parameters
    ----------
    folder : Path or RemotePath

    Returns
    -------
    list of str or None
    """
    try:
        state = json.loads((folder / "state.json").read_text("utf-8"))
        names = [entry["filename"] for entry in state["_data_files"]]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if state.get("_indices_data_files"):
        raise CorpusError(
            f"{folder} has an index of rows next to its data; save it with flatten_indices() first"
        )
    return [name for name in names if isinstance(name, str) and "/" not in name and (folder / name).is_file()]


def _opened(pa, stream, format):
    """The schema, a function from column names (None: all) to batches of rows, and how many the file announces."""
    stream.seek(0)
    if format == "parquet":
        file = pa.parquet.ParquetFile(stream)
        rows = file.metadata.num_rows
        return file.schema_arrow, lambda columns: file.iter_batches(ROWS, columns=columns), rows
    if _is_file(stream):
        reader = pa.ipc.open_file(stream)
        batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
        return reader.schema, lambda columns: batches, None
    reader = pa.ipc.open_stream(stream)
    return reader.schema, lambda columns: iter(reader), None


def _is_file(stream):
    stream.seek(0)
    first = stream.read(len(ARROW_FILE))
    stream.seek(0)
    return first == ARROW_FILE


def _compression(pa, stream):
    stream.seek(0)
    metadata = pa.parquet.read_metadata(stream)
    if not metadata.num_row_groups or not metadata.num_columns:
        return "snappy"
    name = metadata.row_group(0).column(0).compression.lower()
    return "none" if name == "uncompressed" else name


def _path(pa, name, schema, field, needed=True):
    """The column and the fields below it; a column whose name has a dot takes precedence."""
    names = schema.names
    if names.count(field) == 1:
        return (field,)
    parts = field.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        root = ".".join(parts[:cut])
        if names.count(root) == 1:
            try:
                _field(pa, schema, (root, *parts[cut:]))
            except KeyError:
                continue
            return (root, *parts[cut:])
    if needed:
        number = "more than one" if names.count(field) else "no"
        raise CorpusError(
            f"{name} has {number} column {field!r}; its columns are {', '.join(map(repr, names))}"
        )
    return None


def _field(pa, schema, path):
    field = schema.field(path[0])
    for part in path[1:]:
        if not pa.types.is_struct(field.type) or field.type.get_field_index(part) < 0:
            raise KeyError(part)
        field = field.type.field(part)
    return field


def _column(pa, batch, path):
    if path is None:
        return [None] * batch.num_rows
    column = batch.column(batch.schema.names.index(path[0]))
    for part in path[1:]:
        column = pa.compute.struct_field(column, part)
    return column.to_pylist()


@contextmanager
def _named(name, pa):
    """Turn errors of the library into a CorpusError that names the file."""
    import pyarrow.compute

    assert pyarrow.compute  # loaded, as an attribute of pa
    try:
        yield
    except CorpusError:
        raise
    except (pa.ArrowException, UnicodeDecodeError, EOFError) as error:
        raise CorpusError(f"{name} cannot be read as a table: {str(error).splitlines()[0]}") from None
    except MemoryError:
        raise CorpusError(
            f"{name} cannot be read as a table: a batch of it asks for more memory than there is; the file is damaged,"
            " or its batches are too large"
        ) from None
    except OSError as error:
        if error.errno is not None:  # an error of the disk, not of the format
            raise
        raise CorpusError(f"{name} cannot be read as a table: {str(error).splitlines()[0]}") from None
