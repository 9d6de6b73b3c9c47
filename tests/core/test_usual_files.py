"""Common files: each format, compressed or not, in other encodings, in folders and patterns, as input and output."""

import bz2
import gzip
import json
import lzma
import random
from pathlib import Path

import pytest

from dataselect_core.__main__ import main
from dataselect_core.corpus import encodings
from dataselect_core.corpus.fields import MISSING, lookup
from dataselect_core.corpus.files import CorpusFiles
from dataselect_core.dedup.streaming import deduplicate_files

FOX = "the quick brown fox jumps over the lazy dog and runs away into the dark green woods"
SEA = "a ship sailed slowly past the white cliffs while gulls cried above the cold grey sea"
TEXTS = [FOX, SEA, FOX + " again", "last words", FOX]
KEPT = [0, 1, 3]
PACK = {
    "": (bytes, bytes),
    ".gz": (gzip.compress, gzip.decompress),
    ".bz2": (bz2.compress, bz2.decompress),
    ".xz": (lzma.compress, lzma.decompress),
}
GERMAN = "Die Größe der Wörter überrascht: schöne Straßen, süße Äpfel und ein Café für fünf Euro."
CHINESE = "今天天气很好，我们一起去公园散步，看到了许多美丽的花和快乐的孩子。"
JAPANESE = "今日はとても天気がよかったので、みんなで公園へ行ってきれいな花を見ました。"


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    """Use relative names, as a user would."""
    monkeypatch.chdir(tmp_path)


def dedup(*arguments):
    """The exit status, with bands that miss nothing here."""
    return main(["dedup", *map(str, arguments), "--bands", "42", "--rows", "3", "--quiet"])


def file_parts(kind, texts):
    """The rows of a file of a kind, and the bytes before, between and after them."""
    if kind in ("jsonl", "ndjson"):
        return [b"", b"", b""], [
            json.dumps({"n": i, "text": t}).encode() + b"\n" for i, t in enumerate(texts)
        ]
    if kind == "json":
        rows = [b"\n  " + json.dumps({"n": i, "text": t}, indent=3).encode() for i, t in enumerate(texts)]
        return [b" [", b",", b"\n]\n\n"], [*rows[:-1], rows[-1]]
    if kind in ("csv", "tsv"):
        d = "," if kind == "csv" else "\t"
        return [f"n{d}text\r\n".encode(), b"", b""], [f"{i}{d}{t}\r\n".encode() for i, t in enumerate(texts)]
    return [b"", b"", b""], [t.encode() + b"\n" for t in texts]


def file_bytes(kind, texts, keep=None):
    """The bytes of a whole file, or of a file with only the kept rows."""
    (before, between, after), rows = file_parts(kind, texts)
    return before + between.join(rows if keep is None else [rows[i] for i in keep]) + after


@pytest.mark.parametrize("codec", [*PACK, ".zst"])
@pytest.mark.parametrize("kind", ["jsonl", "ndjson", "json", "csv", "tsv", "txt"])
def test_each_format_is_written_in_the_form_of_the_input(kind, codec):
    """The kept rows are copied byte for byte, into a file of the same format and compression."""
    if codec == ".zst":
        zstandard = pytest.importorskip("zstandard")
        pack = zstandard.ZstdCompressor().compress
        unpack = lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)
    else:
        pack, unpack = PACK[codec]
    data = file_bytes(kind, TEXTS)
    middle = len(data) // 2
    members = pack(data[:middle]) + pack(data[middle:]) if codec else data  # as `cat a.gz b.gz` makes it
    Path(f"a.{kind}{codec}").write_bytes(members)
    assert dedup(f"a.{kind}{codec}", "-o", f"k.{kind}{codec}") == 0
    assert unpack(Path(f"k.{kind}{codec}").read_bytes()) == file_bytes(kind, TEXTS, KEPT)
    assert dedup(f"k.{kind}{codec}", "-o", f"again.{kind}{codec}") == 0
    assert unpack(Path(f"again.{kind}{codec}").read_bytes()) == file_bytes(kind, TEXTS, KEPT)


@pytest.mark.parametrize(
    ("name", "output", "form"),
    [
        ("a.txt.gz", "k.txt", ".txt.gz"),
        ("a.txt", "k.txt.gz", ".txt"),
        ("a.txt.gz", "k.txt.xz", ".txt.gz"),
        ("a.txt", "k.csv", ".txt"),
    ],
)
def test_an_output_name_of_another_form_is_refused(capsys, name, output, form):
    """An output name must not suggest another format or compression; a name without an ending is fine."""
    Path(name).write_bytes(PACK[name[5:]][0](b"x y z\n"))
    assert dedup(name, "-o", output) == 1
    assert f"is written in the format of the corpus; its name must end in {form}\n" in capsys.readouterr().err
    assert not Path(output).exists()
    assert dedup(name, "-o", "kept") == 0


def test_the_same_input_gives_the_same_compressed_bytes():
    """The compressed output has no date and no file name."""
    Path("a.txt.gz").write_bytes(gzip.compress(b"x y\n"))
    assert dedup("a.txt.gz", "-o", "k.txt.gz") == dedup("a.txt.gz", "-o", "l.txt.gz") == 0
    assert Path("k.txt.gz").read_bytes() == Path("l.txt.gz").read_bytes()
    assert Path("k.txt.gz").read_bytes()[4:8] == bytes(4)


def test_a_json_with_one_object_per_line_is_read_as_json_lines(capsys):
    """Many programs name JSON Lines .json; a file that is neither is refused with its line."""
    Path("a.json").write_bytes(file_bytes("jsonl", TEXTS))
    assert dedup("a.json", "-o", "k.json") == 0
    assert Path("k.json").read_bytes() == file_bytes("jsonl", TEXTS, KEPT)
    Path("b.json").write_text('{\n "text": "x"\n}\n')
    assert dedup("b.json") == 1
    assert "b.json, line 1 is not JSON" in (error := capsys.readouterr().err)
    assert "a .json is an array of objects, or one object per line" in error


@pytest.mark.parametrize("chunk", [7, 64, 1 << 20])
def test_an_array_is_split_like_the_json_module(monkeypatch, chunk):
    """However little is held at a time, nested arrays, brackets and quotes in strings, and numbers are parsed."""
    from dataselect_core.corpus import json_array

    monkeypatch.setattr(json_array, "CHUNK", chunk)
    rng = random.Random(1)
    difficult = ['"', "\\", "]", "[", "{", "}", ",", "\n", "é", "語", "\\u0041", "x" * 30]
    rows = [
        {"text": "".join(rng.choices(difficult, k=9)), "more": [[1, {"a": [-1.5e300, 10**5000, None]}], "]"]}
        for _ in range(40)
    ]
    import sys

    monkeypatch.setattr(sys, "set_int_max_str_digits", sys.set_int_max_str_digits)
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        text = json.dumps(rows, ensure_ascii=False, indent=rng.choice([None, 2]))
        Path("a.json").write_text(text, "utf-8")
        documents = [document for _, document in CorpusFiles("a.json").documents()]
    finally:
        sys.set_int_max_str_digits(limit)
    assert [document.text for document in documents] == [row["text"] for row in rows]
    assert [text.encode()[d.start : d.stop].strip()[:1] for d in documents] == [b"{"] * 40


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('[{"text": "a"}', "line 1 ends before its array is closed"),
        ('[{"text": "a"},\n', "line 2 ends before its array is closed"),
        ('[{"text": "a"},\n]', "line 2 is not JSON"),
        ('[{"text": "a"}\n{"text": "b"}]', "line 2 has no comma between two elements"),
        ('[{"text": "a"}]\n[]', "line 2 continues after the end of its array"),
        ('[{"text": "a"},\n{"text": oops}]', "line 2 is not JSON"),
        ('[{"text": "a"},\n\n{"text": 5}]', "line 3 has no string in the field 'text'"),
        ('[{"text": "a"}, 7]', "line 1 is not a JSON object"),
        ("[" * 100_000, "nested too deeply"),
        ('"text"', "neither an array of objects nor one object per line"),
    ],
)
def test_a_broken_array_is_refused_with_its_line(capsys, data, message):
    """Nothing is written; an element that is not a document can be skipped, a broken array cannot."""
    Path("a.json").write_text(data)
    assert dedup("a.json", "-o", "k.json") == 1
    assert message in capsys.readouterr().err
    assert not Path("k.json").exists()
    status = dedup("a.json", "-o", "k.json", "--on-error", "skip")
    assert status == (0 if "field" in message or ("object" in message and "neither" not in message) else 1)


def test_a_quote_mark_in_a_tsv_is_a_character(capsys):
    """A quotation mark in a .tsv is part of the text; with `quoting="csv"` quotes enclose fields."""
    Path("a.tsv").write_text(
        'n\ttext\n1\t"Unbalanced start\n2\ta plain row\n3\tends with a quote"\n4\t"Hello" he said\n'
    )
    texts = [document.text for _, document in CorpusFiles("a.tsv").documents()]
    assert texts == ['"Unbalanced start', "a plain row", 'ends with a quote"', '"Hello" he said']
    assert dedup("a.tsv", "-o", "k.tsv") == 0
    assert Path("k.tsv").read_bytes() == Path("a.tsv").read_bytes()
    Path("b.tsv").write_text('n\ttext\n1\t"a tab\there"\n')
    assert dedup("b.tsv") == 1
    assert "line 2 has 3 columns where the header has 2" in capsys.readouterr().err
    assert [d.text for _, d in CorpusFiles("b.tsv", quoting="csv").documents()] == ["a tab\there"]
    Path("c.csv").write_text('n,text\n1,"Unbalanced\n2,plain\n')
    assert [d.text for _, d in CorpusFiles("c.csv", quoting="none").documents()] == ['"Unbalanced', "plain"]


def test_a_path_finds_nested_texts_and_a_key_with_a_dot_is_preferred():
    """`--field meta.text` finds nested texts; if there are several readings, the longest key is tried first."""
    assert lookup({"meta": {"text": "in"}}, "meta.text") == "in"
    assert lookup({"meta": {"text": "in"}, "meta.text": "own"}, "meta.text") == "own"
    assert lookup({"a.b": {"c": 1}, "a": {"b.c": 2}}, "a.b.c") == 1
    assert lookup({"a.b": 5, "a": {"b.c": 2}}, "a.b.c") == 2
    assert lookup({"a": [{"b": 1}]}, "a.b") is lookup({}, "a") is MISSING
    Path("a.jsonl").write_text("".join(json.dumps({"meta": {"text": t}}) + "\n" for t in TEXTS))
    assert dedup("a.jsonl", "--field", "meta.text", "-o", "k.jsonl") == 0
    assert len(Path("k.jsonl").read_text().splitlines()) == len(KEPT)


@pytest.mark.parametrize(
    ("encoding", "text", "suggestion"),
    [
        ("utf-16", FOX, "utf-16"),
        ("utf-16", CHINESE, "utf-16"),
        ("utf-16-le", FOX, "utf-16-le"),
        ("utf-16-be", GERMAN, "utf-16-be"),
        ("utf-32", FOX, "utf-32"),
        ("cp1252", GERMAN, "cp1252"),
        ("cp1252", "“Quoted” – it’s a naïve façade", "cp1252"),
        ("gb18030", CHINESE, "gb18030"),
        ("gb18030", "2021年的价格是 35 元 (about five dollars)。" * 2, "gb18030"),
        ("shift_jis", JAPANESE, "shift_jis"),
        ("shift_jis", "コンピュータのデータを選択する", "shift_jis"),
    ],
)
def test_an_encoding_is_suggested_and_works(capsys, encoding, text, suggestion):
    """The error suggests the encoding by the bytes; with it, the kept rows are copied with the same bytes."""
    rows = [text + f" {i}\n" for i in range(30)] * 2
    Path("a.txt").write_bytes("".join(rows).encode(encoding))
    assert dedup("a.txt", "-o", "k.txt") == 1
    assert f"(or use --encoding {suggestion} in the command)" in capsys.readouterr().err
    assert dedup("a.txt", "-o", "k.txt", "--encoding", suggestion, "--threshold", "1") == 0
    kept = Path("k.txt").read_bytes()
    assert kept == Path("a.txt").read_bytes()[: len(kept)]
    assert len(kept) < Path("a.txt").stat().st_size or text in (CHINESE, JAPANESE)
    assert kept.decode(encoding).startswith(rows[0])


def test_utf16_without_a_mark_is_read_by_its_zero_bytes():
    """`--encoding utf-16` detects the byte order, and the output has no added mark."""
    for order in ("le", "be"):
        Path("a.txt").write_bytes((FOX + "\n" + SEA + "\n" + FOX + "\n").encode(f"utf-16-{order}"))
        assert dedup("a.txt", "-o", "k.txt", "--encoding", "utf-16") == 0
        assert Path("k.txt").read_bytes() == (FOX + "\n" + SEA + "\n").encode(f"utf-16-{order}")


def test_an_invalid_byte_is_reported_with_its_line(capsys):
    """In UTF-8 and another encoding the error has file, line and byte; if the line is skipped, others do not change."""
    good = [f"{JAPANESE} {i}".encode("shift_jis") for i in range(3)]
    Path("a.txt").write_bytes(b"\n".join([good[0], b"bad \xff\xfe here", *good[1:]]))
    assert dedup("a.txt", "--encoding", "shift_jis", "-o", "k.txt") == 1
    assert "a.txt, line 2 is not shift_jis: it contains the byte 0xff" in capsys.readouterr().err
    assert (
        dedup("a.txt", "--encoding", "shift_jis", "-o", "k.txt", "--on-error", "skip", "--threshold", "1")
        == 0
    )
    assert Path("k.txt").read_bytes().startswith(good[0] + b"\n")
    assert b"bad" not in Path("k.txt").read_bytes()
    Path("b.txt").write_bytes("".join(f"{GERMAN} {i}\n" for i in range(50)).encode() + b"caf\xe9\n")
    assert dedup("b.txt") == 1
    assert "line 51 is not UTF-8: byte 4 of it is 0xe9; the rest of the file is" in capsys.readouterr().err


def test_an_invalid_byte_in_another_column_makes_the_row_malformed(capsys):
    """The byte cannot be written in that encoding, so the row is malformed; in UTF-8 it is copied unchanged."""
    Path("a.csv").write_bytes(b"n,text\n1,one\n\xff\xfe,two\n3,three\n")
    assert dedup("a.csv", "--encoding", "shift_jis", "-o", "k.csv") == 1
    assert "a.csv, line 3 is not shift_jis: it contains the byte 0xff" in capsys.readouterr().err
    assert dedup("a.csv", "--encoding", "shift_jis", "-o", "k.csv", "--on-error", "skip") == 0
    assert Path("k.csv").read_bytes() == b"n,text\n1,one\n3,three\n"
    assert dedup("a.csv", "-o", "k.csv") == 0
    assert Path("k.csv").read_bytes() == Path("a.csv").read_bytes()


def test_likely_returns_none_for_noise():
    """Noise gets no encoding, and UTF-8 is recognised with and without a mark."""
    noise = random.Random(5).randbytes(4000)
    assert encodings.likely_encoding(noise) is None
    assert (
        encodings.likely_encoding(CHINESE.encode()) == encodings.likely_encoding(b"\xef\xbb\xbfx") == "utf-8"
    )


def test_files_folders_and_patterns_can_be_mixed():
    """Files are read once each, in the given order; the output is a folder with their paths below the common folder."""
    Path("data/sub").mkdir(parents=True)
    Path("data/b.jsonl").write_bytes(file_bytes("jsonl", [SEA]))
    Path("data/a.txt").write_text(FOX + "\n" + "two lines, two documents\n")
    Path("data/sub/c.csv.gz").write_bytes(gzip.compress(file_bytes("csv", [FOX, "third"])))
    Path("data/sub/whole.txt").write_text(FOX + "\nis one document with this")
    corpus = CorpusFiles(["data/*.txt", "data/b.jsonl", "data/sub", "data/b.jsonl"])
    assert corpus.names == [
        "data/a.txt",
        "data/b.jsonl",
        "data/sub/c.csv.gz",
        "data/sub/whole.txt",
    ] or corpus.names == [
        "a.txt",
        "b.jsonl",
        "sub/c.csv.gz",
        "sub/whole.txt",
    ]
    assert dedup("data/*.txt", "data/b.jsonl", "data/sub", "-o", "out") == 0
    assert Path("out/a.txt").read_text() == FOX + "\ntwo lines, two documents\n"
    assert gzip.decompress(Path("out/sub/c.csv.gz").read_bytes()) == b"n,text\r\n1,third\r\n"
    assert sorted(p.name for p in Path("out").rglob("*.*")) == ["a.txt", "b.jsonl", "c.csv.gz", "whole.txt"]


def test_a_pattern_without_a_match_is_refused_and_a_pipe_is_ignored(capsys):
    """A pattern without a match is refused; a pipe in a folder and a dead link are passed over without waiting."""
    import os

    assert dedup("*.jsonl") == 1
    assert "*.jsonl matches no file" in capsys.readouterr().err
    Path("in").mkdir()
    Path("in/a.txt").write_text("x")
    os.mkfifo("in/b.txt")
    os.symlink("gone.txt", "in/c.txt")
    assert CorpusFiles("in").names == ["a.txt"]
    assert CorpusFiles("in").ignored == 2


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.jsonl.gz", gzip.compress(b'{"text": "x"}\n' * 99, mtime=0)[:-9], "is incomplete or is not gzip"),
        ("a.jsonl.gz", b'{"text": "x"}\n', "is incomplete or is not gzip"),
        ("a.jsonl.bz2", bz2.compress(b"x")[:-3], "is incomplete or is not bzip2"),
        ("a.jsonl.bz2", b"no", "is incomplete or is not bzip2"),
        ("a.jsonl.xz", lzma.compress(b"x" * 999)[:-9], "is incomplete or is not xz"),
        ("a.jsonl.xz", b"no such thing", "is incomplete or is not xz"),
        ("a.jsonl.zst", b"no such thing", "is incomplete or is not Zstandard"),
        (
            "a.jsonl",
            gzip.compress(b"x", mtime=0),
            "is compressed (gzip), as its first bytes show; its name must end in .gz",
        ),
        ("a.txt", bz2.compress(b"x"), "is compressed (bzip2), as its first bytes show"),
        ("a.csv", b"PK\x03\x04....", "is a zip archive, as its first bytes show"),
        ("a.txt", b"PAR1....", "is a Parquet file, as its first bytes show"),
        ("a.zip", b"", "a.zip must end in .txt"),
        ("a.parquet", b"PAR1 but no more", "a.parquet cannot be read as a table"),
        ("a.arrow", b"nothing of the kind", "a.arrow cannot be read as a table"),
        ("a.parquet.gz", gzip.compress(b"", mtime=0), "a.parquet.gz cannot be read as a table"),
    ],
)
def test_a_broken_or_disguised_file_is_refused(capsys, name, data, message):
    """One sentence names the file and its fault; nothing is written."""
    if "arquet" in name or name.endswith(".arrow"):
        pytest.importorskip("pyarrow")
    if name.endswith(".zst"):
        pytest.importorskip("zstandard")
    Path(name).write_bytes(data)
    assert dedup(name, "-o", "k") == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == [name]


def test_a_missing_library_is_named_with_its_extra(monkeypatch, capsys):
    """The error comes before any reading, and names the extra to install."""
    import sys

    missing = [("a.parquet", "pyarrow", "parquet")]
    if sys.version_info < (3, 14):  # later versions read Zstandard themselves
        missing.append(("a.txt.zst", "zstandard", "zstd"))
    for name, module, extra in missing:
        Path(name).write_bytes(b"x")
        monkeypatch.setitem(sys.modules, module, None)
        assert dedup(name) == 1
        assert f"dataselect-core[{extra}]" in capsys.readouterr().err


def test_a_compressed_file_gives_the_same_clusters(monkeypatch):
    """A compressed file is unpacked to a temporary file, and gives the same clusters as the plain file."""
    from dataselect_core.dedup import reading

    texts = [
        " ".join(random.Random(i % 40).choices("abcdefghijklmnop", k=30)) + f" {i % 3}" for i in range(200)
    ]
    Path("a.jsonl").write_bytes(file_bytes("jsonl", texts))
    Path("a.jsonl.gz").write_bytes(gzip.compress(file_bytes("jsonl", texts)))
    monkeypatch.setattr(reading, "CHUNK_BYTES", 500)
    plain = deduplicate_files(CorpusFiles("a.jsonl"), 0.6)
    packed = deduplicate_files(CorpusFiles("a.jsonl.gz"), 0.6)
    assert packed.cluster.tolist() == plain.cluster.tolist()
    assert packed.temporary_bytes - plain.temporary_bytes == len(file_bytes("jsonl", texts))


@pytest.mark.parametrize("end", [b"", b"\n", b" and more\n"])
@pytest.mark.parametrize("before", [b"", b"plain words\n" * 3])
def test_an_accent_at_the_end_of_a_line_suggests_its_encoding(capsys, before, end):
    """An accented letter of Windows-1252 as the last byte of a line is not taken for the start of a UTF-8 character."""
    Path("a.txt").write_bytes(before + b"un caf\xe9" + end)
    assert dedup("a.txt") == 1
    assert "--encoding cp1252" in capsys.readouterr().err
