"""Parquet files and Hugging Face datasets: read by column, written in the form of the input."""

import contextlib
import gzip
import io
import json
from pathlib import Path

import numpy as np
import pytest

from dataselect_core.__main__ import main
from dataselect_core.corpus.files import CorpusFiles
from dataselect_core.dedup.streaming import deduplicate_files

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

FOX = "the quick brown fox jumps over the lazy dog and runs away into the dark green woods"
TEXTS = [FOX, "a ship sailed past the cliffs", FOX + " again", "last words", FOX]
KEPT = [0, 1, 3]


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    """Use relative names, as a user would."""
    monkeypatch.chdir(tmp_path)


def dedup(*arguments):
    return main(["dedup", *map(str, arguments), "--bands", "42", "--rows", "3", "--quiet"])


def table(texts=TEXTS, **extra_columns):
    columns = {
        "id": list(range(len(texts))),
        "text": texts,
        "meta": [{"lang": "en", "text": t} for t in texts],
    }
    return pa.table(columns | extra_columns).replace_schema_metadata({"huggingface": '{"info": {}}'})


@pytest.mark.parametrize("compression", ["zstd", "snappy", "none"])
@pytest.mark.parametrize("field", ["text", "meta.text"])
def test_parquet_keeps_columns_schema_and_compression(compression, field):
    """The kept rows have every column, from row groups of any size, also if the field is a path into a struct."""
    pq.write_table(table(), "a.parquet", compression=compression, row_group_size=2)
    assert dedup("a.parquet", "--field", field, "-o", "k.parquet") == 0
    result = pq.read_table("k.parquet")
    assert result.equals(table().take(KEPT))
    assert result.schema.metadata == table().schema.metadata
    codec = pq.read_metadata("k.parquet").row_group(0).column(0).compression
    assert codec == pq.read_metadata("a.parquet").row_group(0).column(0).compression


def test_a_column_with_a_dot_is_preferred_to_a_path():
    """A column whose own name has a dot is preferred to a path, as in JSON."""
    pq.write_table(table(**{"meta.text": ["x y", "x y", "z", "z", "z"]}), "a.parquet")
    assert dedup("a.parquet", "--field", "meta.text", "-o", "k.parquet") == 0
    assert pq.read_table("k.parquet")["id"].to_pylist() == [0, 2]


def test_missing_texts_are_problems_with_their_row(capsys):
    """A row without a text stops the run or is left out, and later rows keep their numbers."""
    texts = [FOX, None, "last words", FOX, "more"]
    pq.write_table(table(texts), "a.parquet")
    assert dedup("a.parquet", "-o", "k.parquet") == 1
    assert "a.parquet, row 2 has no string in the field 'text'" in capsys.readouterr().err
    assert dedup("a.parquet", "-o", "k.parquet", "--on-error", "skip") == 0
    assert pq.read_table("k.parquet")["id"].to_pylist() == [0, 2, 4]


@pytest.mark.parametrize(
    ("field", "message"),
    [("body", "no column 'body'; its columns are 'id', 'text', 'meta'"), ("id", "contains int64")],
)
def test_a_missing_or_non_text_column_is_refused(capsys, field, message):
    """The error lists the columns, or the type of the column."""
    pq.write_table(table(), "a.parquet")
    assert dedup("a.parquet", "--field", field) == 1
    assert message in capsys.readouterr().err


def save(folder, texts, stamp="0123456789abcdef"):
    """Save a dataset as `datasets.Dataset.save_to_disk` does, in two shards."""
    folder.mkdir(parents=True)
    names = [f"data-0000{i}-of-00002.arrow" for i in range(2)]
    for name, part in zip(names, (texts[:3], texts[3:]), strict=True):
        with (
            pa.OSFile(str(folder / name), "wb") as sink,
            pa.ipc.new_stream(sink, table(texts).schema) as writer,
        ):
            writer.write_table(table(texts).slice(0 if name == names[0] else 3, len(part)))
    (folder / "state.json").write_text(
        json.dumps(
            {"_data_files": [{"filename": name} for name in names], "_fingerprint": stamp, "_split": "train"}
        )
    )
    (folder / "dataset_info.json").write_text('{"features": {}}')
    (folder / "cache-1234.arrow").write_bytes(b"of some earlier map()")


def test_a_dataset_gives_a_dataset():
    """The shards lose rows, the description is copied, and the fingerprint changes."""
    save(Path("ds/train"), TEXTS)
    Path("ds/dataset_dict.json").write_text('{"splits": ["train"]}')
    assert dedup("ds", "-o", "kept") == 0
    ids = []
    for name in ("data-00000-of-00002.arrow", "data-00001-of-00002.arrow"):
        with pa.OSFile(f"kept/train/{name}") as source:
            ids += pa.ipc.open_stream(source).read_all()["id"].to_pylist()
    assert ids == KEPT
    assert Path("kept/dataset_dict.json").read_text() == '{"splits": ["train"]}'
    state = json.loads(Path("kept/train/state.json").read_text())
    assert state["_fingerprint"] != "0123456789abcdef"
    assert len(state["_data_files"]) == 2
    assert not Path("kept/train/cache-1234.arrow").exists()


def test_the_datasets_library_opens_the_output():
    """If `datasets` is installed, it can save a dataset and load the deduplicated one."""
    datasets = pytest.importorskip("datasets")
    datasets.Dataset.from_dict({"id": list(range(5)), "text": TEXTS}).save_to_disk("ds")
    assert dedup("ds", "-o", "kept") == 0
    assert datasets.load_from_disk("kept")["id"] == KEPT


def test_random_access_arrow_files_keep_their_format():
    """A file in the other Arrow format is written in that format."""
    with pa.OSFile("a.arrow", "wb") as sink, pa.ipc.new_file(sink, table().schema) as writer:
        writer.write_table(table(), max_chunksize=2)
    assert dedup("a.arrow", "-o", "k.arrow") == 0
    with pa.OSFile("k.arrow") as source:
        assert pa.ipc.open_file(source).read_all()["id"].to_pylist() == KEPT


def test_near_duplicates_are_found_across_formats():
    """Near-duplicates are found across formats."""
    Path("in").mkdir()
    pq.write_table(table(), "in/b.parquet")
    Path("in/a.jsonl").write_text(json.dumps({"text": FOX}) + "\n")
    assert CorpusFiles("in").names == ["a.jsonl", "b.parquet"]
    assert dedup("in", "-o", "out") == 0
    assert pq.read_table("out/b.parquet")["id"].to_pylist() == [1, 3]


def test_a_damaged_arrow_file_is_refused(capsys):
    """Offsets beyond the end of the file are detected before they are used. (They crashed the process.)"""
    with (
        pa.OSFile("a.arrow", "wb") as sink,
        pa.ipc.new_stream(sink, pa.schema({"text": pa.string()})) as writer,
    ):
        writer.write_table(pa.table({"text": ["abc", "defg", "hij"]}))
    data = Path("a.arrow").read_bytes()
    offsets = b"".join(number.to_bytes(4, "little") for number in (0, 3, 7, 10))
    assert data.count(offsets) == 1
    for wrong in (2**31 - 1, 2**30, 5):
        bad = offsets[:4] + wrong.to_bytes(4, "little") + offsets[8:12] + (2**30).to_bytes(4, "little")
        Path("b.arrow").write_bytes(data.replace(offsets, bad))
        assert dedup("b.arrow", "--on-error", "skip") == 1
        assert "b.arrow cannot be read as a table" in capsys.readouterr().err


@pytest.mark.parametrize("length", [2**40, 2**62])
def test_a_table_that_announces_more_than_the_memory_is_named(capsys, length):
    """A damaged length of a batch makes the library ask for terabytes: the message names the file."""
    with (
        pa.OSFile("a.arrow", "wb") as sink,
        pa.ipc.new_stream(sink, pa.schema({"text": pa.string()})) as writer,
    ):
        writer.write_table(pa.table({"text": ["abc" * 24, "defg" * 24, "hij" * 24]}))
    data = Path("a.arrow").read_bytes()
    body = (256).to_bytes(8, "little")
    assert data.count(body) == 1
    Path("b.arrow").write_bytes(data.replace(body, length.to_bytes(8, "little")))
    assert dedup("b.arrow", "--on-error", "skip") == 1
    assert "b.arrow cannot be read as a table: a batch of it asks for more memory" in capsys.readouterr().err


def test_a_parquet_file_whose_columns_differ_in_length_is_refused(capsys):
    """One damaged byte can hide the rows of a column: such a file is refused, and no row is lost in silence."""
    pq.write_table(pa.table({"text": ["one two three"], "n": [1]}), "a.parquet")
    data, places = Path("a.parquet").read_bytes(), []
    for at in range(4, len(data) - 8):
        damaged = data[:at] + bytes([6]) + data[at + 1 :]
        with contextlib.suppress(pa.ArrowException, OSError):
            file = pq.ParquetFile(io.BytesIO(damaged))
            rows = [
                sum(len(batch) for batch in file.iter_batches(columns=columns))
                for columns in (["text"], None)
            ]
            if set(rows) != {file.metadata.num_rows}:
                places.append(at)
    assert len(places) > 3
    for at in places:
        Path("b.parquet").write_bytes(data[:at] + bytes([6]) + data[at + 1 :])
        assert dedup("b.parquet", "-o", "k.parquet", "--on-error", "skip") == 1
        assert "b.parquet cannot be read as a table: it announces" in capsys.readouterr().err
        assert not Path("k.parquet").exists()


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_texts_of_a_compressed_table_can_be_read_again(kind):
    """The texts are kept next to the decompressed table in one temporary file, and neither is taken for the other."""
    if kind == "parquet":
        pq.write_table(table(), "a.parquet")
    else:
        with pa.OSFile("a.arrow", "wb") as sink, pa.ipc.new_stream(sink, table().schema) as writer:
            writer.write_table(table())
    Path(f"b.{kind}.gz").write_bytes(gzip.compress(Path(f"a.{kind}").read_bytes()))
    corpus = CorpusFiles(f"b.{kind}.gz")
    found = deduplicate_files(corpus, 0.8)
    try:
        assert corpus.texts(found.index, np.arange(len(TEXTS))) == TEXTS
    finally:
        corpus.forget()
    assert dedup(f"b.{kind}.gz", "-o", f"k.{kind}.gz") == 0
    kept = gzip.decompress(Path(f"k.{kind}.gz").read_bytes())
    rows = pq.read_table(io.BytesIO(kept)) if kind == "parquet" else pa.ipc.open_stream(kept).read_all()
    assert rows["id"].to_pylist() == KEPT
