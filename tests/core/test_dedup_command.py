"""The command `dedup` as a reader runs it: files and folders in and out, reports, errors, exit status."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dataselect_core import __version__
from dataselect_core.__main__ import main
from dataselect_core.cli import dedup as dedup_command
from dataselect_core.cli.dedup_report import peak_memory
from dataselect_core.corpus import files as corpus_files
from dataselect_core.corpus.files import CorpusFiles
from dataselect_core.dedup import deduplicate

FOX = "the quick brown fox jumps over the lazy dog and runs away into the dark green woods"
NEAR = FOX + " again"
SEA = "a ship sailed slowly past the white cliffs while gulls cried above the cold grey sea"
TEXTS = [FOX, SEA, NEAR, "", FOX]
KEPT = [0, 1, 3]  # at 0.8, exact: NEAR has 13 of 14 shingles in common with FOX


def rows_jsonl(texts):
    """One object per line, with two kinds of line breaks, spaces and an extra key, to show that rows are copied."""
    return [
        (json.dumps({"text": text, "n": i}) + (" \r\n" if i % 2 else "\n")).encode()
        for i, text in enumerate(texts)
    ]


def dedup(*arguments):
    """The exit status of the command in this process, with bands that miss nothing here."""
    return main(["dedup", *map(str, arguments), "--bands", "42", "--rows", "3"])


def test_the_documented_command_works(tmp_path):
    """`python -m dataselect_core dedup corpus.jsonl --threshold 0.8 -o kept.jsonl` works in a separate process."""
    rows = rows_jsonl(TEXTS)
    (tmp_path / "corpus.jsonl").write_bytes(b"".join(rows))
    command = [
        sys.executable,
        "-m",
        "dataselect_core",
        "dedup",
        "corpus.jsonl",
        "--threshold",
        "0.8",
        "-o",
        "kept.jsonl",
    ]
    source = str(Path(sys.modules["dataselect_core"].__file__).parent.parent)
    completed = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": source},
    )
    assert (completed.returncode, completed.stderr) == (0, "")
    kept = deduplicate(TEXTS, 0.8).keep
    expected = b"".join(row for row, is_kept in zip(rows, kept, strict=True) if is_kept)
    assert (tmp_path / "kept.jsonl").read_bytes() == expected
    assert "9 bands x 13 rows" in completed.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus.jsonl", "kept.jsonl"]


def test_the_report_has_counts_parameters_and_malformed_lines(tmp_path, capsys):
    """The report has counts, shares of documents and words, parameters and malformed lines, as JSON and as text."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(rows_jsonl(TEXTS)) + b"oops\n")
    assert dedup(path, "-o", tmp_path / "k.jsonl", "--report", tmp_path / "r.json", "--on-error", "skip") == 0
    report = json.loads((tmp_path / "r.json").read_text())
    words = [len(text.split()) for text in TEXTS]
    kept = sum(words[i] for i in KEPT)
    assert report["documents"] == {
        "all": 5,
        "kept": 3,
        "removed": 2,
        "removed_share": 0.4,
        "same_shingles": 1,
        "similar": 1,
        "chained": 0,
        "empty": 1,
        "short": 1,
    }
    assert report["words"] == {
        "all": sum(words),
        "kept": kept,
        "removed": sum(words) - kept,
        "removed_share": (sum(words) - kept) / sum(words),
    }
    assert report["clusters"] == {"count": 1, "largest": 3}
    assert report["malformed"]["count"] == 1
    assert report["malformed"]["lines"] == [
        {"name": "a.jsonl", "line": 6, "message": "is not JSON: Expecting value, at character 1"}
    ]
    assert report["parameters"] == {
        "threshold": 0.8,
        "width": 5,
        "permutations": 128,
        "bands": 42,
        "rows": 3,
        "seed": 1,
        "verify": True,
        "keep": "first",
        "field": "text",
        "split": "line",
        "encoding": "utf-8",
    }
    at_threshold, above = report["found_probability"]
    assert (at_threshold["similarity"], above["similarity"]) == (0.8, pytest.approx(0.9))
    assert at_threshold["probability"] == pytest.approx(1 - (1 - 0.8**3) ** 42)
    assert report["engine"] == f"dataselect-core {__version__}"
    assert report["temporary_bytes"] == 5 * 42 * 8
    assert report["peak_memory_bytes"] > 10e6
    text = capsys.readouterr().out
    assert "1 documents have no letter and no number" in text
    assert "a.jsonl, line 6 is not JSON" in text
    for row in (("documents", 5, 3, 2, "40.0%"), ("words", sum(words), kept, sum(words) - kept)):
        assert any(line.split()[: len(row)] == list(map(str, row)) for line in text.splitlines())


def test_a_run_without_output_writes_only_the_report(tmp_path, capsys):
    """Without -o nothing is written, and `--report -` prints JSON and nothing else."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(rows_jsonl(TEXTS)))
    assert dedup(path, "--report", "-") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["output"] is None
    assert [file.name for file in tmp_path.iterdir()] == ["a.jsonl"]
    assert dedup(path, "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_kept_csv_rows_are_copied_byte_for_byte(tmp_path):
    """The kept rows and the header of a CSV are copied byte for byte."""
    rows = [f'{i},"{text[:20]}\r\n{text[20:]}",x\r\n'.encode() for i, text in enumerate(TEXTS)]
    (tmp_path / "a.csv").write_bytes(b"id,body,z\r\n" + b"".join(rows))
    assert dedup(tmp_path / "a.csv", "--field", "body", "-o", tmp_path / "k.csv") == 0
    assert (tmp_path / "k.csv").read_bytes() == b"id,body,z\r\n" + b"".join(rows[i] for i in KEPT)
    with open(tmp_path / "k.csv", newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == list(map(str, KEPT))


@pytest.mark.parametrize(
    ("split", "data", "kept"),
    [
        ([], f"{FOX}\n\n{SEA}\n{NEAR}\n{FOX}", f"{FOX}\n{SEA}\n"),
        (["--split", "paragraph"], f"{FOX}\n{SEA}\n\n{SEA}\n\n{FOX}\n{SEA}\n", f"{FOX}\n{SEA}\n\n{SEA}\n\n"),
    ],
)
def test_txt_is_split_by_line_or_paragraph(tmp_path, split, data, kept):
    """Each line is a document, or with --split paragraph each block between blank lines."""
    (tmp_path / "a.txt").write_text(data)
    assert dedup(tmp_path / "a.txt", *split, "-o", tmp_path / "k.txt") == 0
    assert (tmp_path / "k.txt").read_text() == kept


def test_a_folder_gives_a_folder(tmp_path, capsys):
    """A .txt is one document, copied or not; other files lose rows; names, order and bytes do not change."""
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text(FOX + "\n\n" + "and so on")
    (folder / "sub" / "b.txt").write_text(FOX + "\nand so on")
    (folder / "sub" / "c.jsonl").write_bytes(b"".join(rows_jsonl([SEA, FOX + " and so on", "last words"])))
    (folder / "picture.png").write_bytes(b"\xff")
    (folder / ".hidden.txt").write_text("x")
    output = tmp_path / "made" / "out"
    assert dedup(folder, "-o", output) == 0
    assert sorted(p.relative_to(output).as_posix() for p in output.rglob("*.*")) == ["a.txt", "sub/c.jsonl"]
    assert (output / "a.txt").read_text() == FOX + "\n\n" + "and so on"
    rows = rows_jsonl([SEA, FOX + " and so on", "last words"])
    assert (output / "sub" / "c.jsonl").read_bytes() == rows[0] + rows[2]
    assert "1 files of other kinds were skipped" in capsys.readouterr().out
    assert CorpusFiles(folder).names == ["a.txt", "sub/b.txt", "sub/c.jsonl"]


def test_only_a_successful_run_replaces_the_output(tmp_path, capsys):
    """A successful run replaces the output; a run that stops at a malformed line leaves it unchanged."""
    path, output = tmp_path / "a.jsonl", tmp_path / "k.jsonl"
    output.write_text("old")
    path.write_bytes(b'{"text": "x"}\noops\n')
    assert dedup(path, "-o", output) == 1
    assert "a.jsonl, line 2 is not JSON" in capsys.readouterr().err
    assert output.read_text() == "old"
    assert dedup(path, "-o", output, "--on-error", "skip") == 0
    assert output.read_bytes() == b'{"text": "x"}\n'
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.jsonl"], "missing.jsonl is not a file or a folder"),
        (["empty.jsonl"], "empty.jsonl contains no documents"),
        (["a.jsonl", "-o", "a.jsonl"], "must not be the corpus itself"),
        (["a.jsonl", "-o", "."], "is a folder"),
        (["folder", "-o", "folder/out"], "nor be in it"),
        (["folder", "-o", "a.jsonl"], "must be a new or an empty folder"),
        (["folder", "-o", "full"], "must be a new or an empty folder"),
        (["full"], "contains no file that ends in .txt"),
        (["folder", "--format", "txt"], "format must not be given for a folder"),
        (["a.dat"], "a.dat must end in .txt"),
        (["a.jsonl", "--field", "body"], "line 1 has no field 'body'"),
        (["a.jsonl", "--temporary", "nowhere"], "nowhere"),
        (
            ["a.jsonl", "-o", "k.jsonl", "--report", "nowhere/r.json"],
            "no folder for the report nowhere/r.json",
        ),
        (["bad.jsonl", "--on-error", "skip"], "no documents that can be read; bad.jsonl, line 1 is not JSON"),
    ],
)
def test_a_refused_run_ends_with_status_one_and_one_sentence(
    tmp_path, monkeypatch, capsys, arguments, message
):
    """The status is 1, with one line on standard error and nothing written."""
    monkeypatch.chdir(tmp_path)
    Path("a.jsonl").write_text('{"text": "x"}\n')
    Path("bad.jsonl").write_text("oops\n")
    Path("empty.jsonl").write_text("")
    Path("a.dat").write_text("x")
    for folder, name in (("folder", "a.txt"), ("full", "a.dat")):
        Path(folder).mkdir()
        Path(folder, name).write_text("x")
    before = sorted(tmp_path.rglob("*"))
    assert main(["dedup", *arguments]) == 1
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.startswith("dedup: ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["dedup"], "required: corpus"),
        (["dedup", "a", "--threshold", "1.2"], r"threshold must be in (0, 1], not 1.2"),
        (["dedup", "a", "--threshold", "high"], "threshold must be a number, not 'high'"),
        (["dedup", "a", "--threshold", "nan"], "threshold must be in (0, 1]"),
        (["dedup", "a", "--permutations", "1"], "permutations must be between 2 and 4096, not 1"),
        (["dedup", "a", "--bands", "4"], "--bands and --rows must be given together"),
        (["dedup", "a", "--bands", "40", "--rows", "4"], "at most the 128 permutations"),
        (["dedup", "a", "--on-error", "ask"], "invalid choice: 'ask'"),
        (["undo"], "invalid choice: 'undo'"),
    ],
)
def test_wrong_usage_ends_with_status_two(capsys, arguments, message):
    """The status is 2, and the message names the option and what is allowed."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_an_impossible_output_is_refused_before_reading(tmp_path, monkeypatch):
    """The error comes before any reading."""
    monkeypatch.setattr(dedup_command, "deduplicate_files", None)
    (tmp_path / "a.jsonl").write_text('{"text": "x"}\n')
    assert main(["dedup", str(tmp_path / "a.jsonl"), "-o", str(tmp_path)]) == 1


def test_an_interrupted_run_leaves_no_file(tmp_path, monkeypatch, capsys):
    """Ctrl-C ends with status 130, one sentence, and no partial file."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "x"}\n')

    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(corpus_files, "_copy", interrupt)
    assert main(["dedup", str(path), "-o", str(tmp_path / "k.jsonl")]) == 130
    assert "interrupted; nothing was written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [path]


def test_peak_memory_grows_with_use_and_never_falls():
    """Peak memory grows when memory is used, and never falls."""
    before = peak_memory()
    block = bytearray(os.urandom(1)) * 300_000_000
    assert peak_memory() >= max(before, len(block))
    del block
    assert peak_memory() >= 300e6
