"""A corpus of the reader's own without a browser: kept documents, messages, and the end of each failure."""

import asyncio
import bz2
import gzip
import json
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from apps.part1 import own_corpus, own_files
from quiet_page import Page, run

from dataselect_core import datasets
from dataselect_core.dedup import deduplicate
from dataselect_core.dedup.audit import Audit

JOB = 1
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def texts():
    """Paragraphs of licence texts, one per line, followed by exact copies and near-copies."""
    paragraphs = [
        " ".join(part.split()) for text in datasets.licences().texts[:40] for part in text.split("\n\n")
    ]
    paragraphs = [part for part in paragraphs if len(part.split()) > 15][:150]
    return paragraphs + paragraphs[:20] + [f"{part} and so on" for part in paragraphs[30:50]]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder where the page puts files."""
    monkeypatch.setattr(own_corpus, "FOLDER", tmp_path / "own")
    return tmp_path / "own"


@pytest.fixture(scope="module")
def workbench():
    """A page with Part 1, made only once."""
    return Page()


@pytest.fixture
def page(workbench, folder):
    """A page whose Part 1 has its first settings, and no corpus of the reader."""
    bench = workbench.bench
    bench._quiet = True  # nobody watches these controls move
    for name, value in bench._defaults.items():
        bench.controls[name].value = value
    bench.own.clear()
    workbench.messages.clear()
    return workbench


def write_files(folder, files, job=JOB):
    """Write the files of a job, as the page does before it asks."""
    for name, content in files.items():
        path = folder / str(job) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def process_files(page, folder, files, name=None, job=JOB, **layout):
    """Hand files over and wait for the end; return the messages of that job without progress."""
    write_files(folder, files, job)

    async def conversation():
        await page.ask("own", job=job, file=name or next(iter(files)), **layout)
        await rest(page)

    run(conversation())
    return [
        message for message in page.of_type("own") if message["job"] == job and message["state"] != "work"
    ]


async def rest(page):
    while page.bench.own.working:
        await asyncio.sleep(0)


def ask(page, name, **arguments):
    """Ask one question; return Python's answer, or the sentence that refuses it."""
    page.messages.clear()
    run(page.ask(name, **arguments))
    return page.of_type("answer")[-1]["answer"] if page.of_type("answer") else page.sentences[-1]


def jsonl(texts, field="text"):
    return "".join(json.dumps({"n": i, field: text}) + "\n" for i, text in enumerate(texts)).encode()


def run_command(tmp_path, name, content, *options):
    """The same corpus, deduplicated with the command line."""
    (tmp_path / name).write_bytes(content)
    out = tmp_path / f"out-{name}"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "dataselect_core",
            "dedup",
            tmp_path / name,
            "-o",
            out,
            "--quiet",
            "--on-error",
            "skip",
            *options,
        ],
        check=True,
    )
    return out.read_bytes()


@pytest.mark.parametrize(
    ("name", "field"),
    [("c.txt", "text"), ("c.jsonl", "body"), ("c.csv", "body"), ("c.json", "body"), ("c.jsonl.bz2", "body")],
)
def test_the_kept_file_equals_the_output_of_the_command(page, folder, tmp_path, texts, name, field):
    """For each format the kept file equals the command's byte for byte, with the settings of the controls."""
    content = {
        "c.txt": "\r\n".join(texts).encode(),
        "c.jsonl": b"\xef\xbb\xbf" + jsonl(texts, "body"),
        "c.json": b"[" + b",".join(jsonl(texts, "body").splitlines(True)) + b"]",
        "c.jsonl.bz2": bz2.compress(jsonl(texts, "body")),
        "c.csv": (
            "n,body\n" + "".join(f'{i},"{t.replace(chr(34), chr(34) * 2)}"\n' for i, t in enumerate(texts))
        ).encode(),
    }[name]
    page.bench.threshold.value, page.bench.width.value, page.bench.seed.value = 0.7, 4, 3
    page.bench.banding.value, page.bench.bands.value, page.bench.rows.value = "hand", 20, 6
    result = process_files(page, folder, {name: content}, field=field)[0]
    assert result["state"] == "result"
    kept = run_command(
        tmp_path,
        name,
        content,
        "--threshold",
        "0.7",
        "--width",
        "4",
        "--seed",
        "3",
        "--bands",
        "20",
        "--rows",
        "6",
        "--field",
        field,
    )
    path = folder / f"{JOB}-kept" / result["kept"]["name"]
    assert path.read_bytes() == kept != content
    text = path.parent / "kept.txt" if name.endswith(".bz2") else path
    if name.endswith(".bz2"):
        assert text.read_bytes() == bz2.decompress(kept)
    assert result["kept"] == {
        "name": f"c-kept{name[1:]}",
        "path": str(path),
        "text": str(text),
        "bytes": len(kept),
    }
    figures = {path.removeprefix("own."): value["value"] for path, value in result["values"].items()}
    keep = deduplicate(texts, 0.7, 128, 4, 3).keep
    assert (figures["documents"], figures["setting.bands"], figures["setting.rows"]) == (len(texts), 20, 6)
    assert abs(figures["kept.documents"] - keep.sum()) <= 3  # other bands may find one pair more
    assert (
        figures["removed.documents"]
        == figures["same"] + figures["similar"]
        == len(texts) - figures["kept.documents"]
    )


def test_the_figures_add_up(page, folder, texts):
    """Documents, words, kinds and clusters equal those of the reference on the same texts."""
    result = process_files(page, folder, {"c.txt": "\n".join(texts)})[0]
    figures = {path.removeprefix("own."): value["value"] for path, value in result["values"].items()}
    expected = deduplicate(texts, figures["setting.threshold"])
    words = np.array([len(text.split()) for text in texts])
    assert (
        figures["kept.documents"] == expected.keep.sum()
        and figures["kept.words"] == words[expected.keep].sum()
    )
    assert figures["removed.words_share"] == pytest.approx(words[~expected.keep].sum() / words.sum())
    assert figures["clusters"] == (np.bincount(expected.cluster) > 1).sum()
    assert figures["largest"] == np.bincount(expected.cluster).max()
    assert 20 <= figures["same"] < figures["removed.documents"]
    assert [cluster["size"] for cluster in result["clusters"]] == sorted(
        (size for size in np.bincount(expected.cluster).tolist() if size > 1), reverse=True
    )[:40]


def test_the_learning_curve_equals_that_of_the_audit(page, folder, texts):
    """The learning curve on the page, drawn and as a table, is the audit of the same texts."""
    learning = process_files(page, folder, {"c.txt": "\n".join(texts)})[1]
    audit = Audit(texts)
    point = audit.at(page.bench.settings()["threshold"])
    expected = audit.learning(point)
    assert learning["cases"][0] == "curve"
    figures = {path: value["value"] for path, value in learning["values"].items()}
    assert figures["own.curve.dedup_loss"] == pytest.approx(expected.kept.loss[-1], abs=1e-12)
    assert figures["own.icr.raw"] == pytest.approx(1e6 * expected.icr_raw)
    assert figures["own.lsh.missed"] == point.missed
    rows = learning["tables"]["Own_ICR_Curve"]["rows"]
    assert len(rows) == expected.raw.loss.size + expected.kept.loss.size
    drawn = page.bench.own.plot.renderers[0].data_source.data["y"]
    assert drawn.tolist() == (expected.uniform_loss - expected.raw.loss).tolist()


def test_clusters_list_their_members_and_texts(page, folder, texts):
    """A cluster lists its members by line, and two of them are shown with their own texts."""
    result = process_files(page, folder, {"c.txt": "\n\n".join(texts)})[0]  # blank lines count as lines
    first = result["clusters"][0]
    answer = ask(page, "own_cluster", job=JOB, kept=first["kept"])
    word = texts[first["kept"]].split()[0]
    assert answer["kept"]["name"].startswith(f"line {2 * first['kept'] + 1}: {word}")
    assert len(answer["removed"]) == first["size"] - 1 and answer["more"] == 0
    removed = answer["removed"][0]["index"]
    sides = ask(page, "own_diff", job=JOB, left=first["kept"], right=removed)
    assert sides["similarity"] == answer["removed"][0]["similarity"] >= page.bench.threshold.value
    for side, index in (("left", first["kept"]), ("right", removed)):
        words = [word for kind, text in sides[side] if kind != "gap" for word in text.split()]
        assert set(words) <= set(texts[index].split())
    for reply in (ask(page, "own_cluster", job=9, kept=0), ask(page, "own_diff", job=9, left=0, right=1)):
        assert reply.endswith("choose their file again")
    assert "must be the number of a document" in ask(page, "own_cluster", job=JOB, kept=10_000)


def test_a_huge_cluster_lists_only_its_first_members(page, folder, monkeypatch):
    """If a cluster has too many members, only the first are listed, with the number of the others."""
    monkeypatch.setattr(own_corpus, "SHOWN_MEMBERS", 5)
    process_files(
        page, folder, {"c.txt": "one two three four five six\n" * 30 + "something else for once here\n"}
    )
    answer = ask(page, "own_cluster", job=JOB, kept=0)
    assert ([member["index"] for member in answer["removed"]], answer["more"]) == ([1, 2, 3, 4, 5], 24)


def test_a_folder_is_returned_as_an_archive(page, folder, texts):
    """A folder's kept files are a .zip, byte for byte, and also one text."""
    files = {f"set/{i:02}.txt": text for i, text in enumerate([texts[0], texts[1], texts[0]])}
    files |= {"set/rows.jsonl": jsonl(texts[2:6] + texts[3:5]), "set/.hidden.txt": b"x", "set/notes.md": b"x"}
    result = process_files(page, folder, files, name="set")[0]
    assert result["kept"]["name"] == "set-kept.zip"
    with zipfile.ZipFile(result["kept"]["path"]) as archive:
        assert archive.namelist() == ["00.txt", "01.txt", "rows.jsonl"]
        assert archive.read("01.txt") == texts[1].encode()
        assert archive.read("rows.jsonl") == b"".join(jsonl(texts[2:6]).splitlines(True))
    text = (folder / f"{JOB}-kept" / "kept.txt").read_text()
    assert text.startswith(f"===== 00.txt =====\n{texts[0]}\n===== 01.txt")
    answer = ask(page, "own_cluster", job=JOB, kept=0)
    assert [member["name"].split(":")[0] for member in answer["removed"]] == ["02.txt"]
    assert "folder" in result["cases"]


def test_malformed_lines_are_listed_by_number(page, folder, texts):
    """Lines that cannot be read are left out, and listed with line and reason."""
    rows = jsonl(texts[:5]).splitlines(True)
    rows[1:1] = [b"not json\n", b'{"n": 1}\n', b'{"text": "\xff"}\n']
    result = process_files(page, folder, {"c.jsonl": b"".join(rows)})[0]
    assert [problem["line"] for problem in result["problems"]] == [2, 3, 4]
    assert {problem["file"] for problem in result["problems"]} == {"c.jsonl"}
    assert [problem["message"].split(":")[0] for problem in result["problems"]] == [
        "is not JSON",
        "has no field 'text'",
        "is not UTF-8",
    ]
    assert result["values"]["own.malformed"]["value"] == 3 and "malformed" in result["cases"]
    assert result["values"]["own.documents"]["value"] == 5


ASK = "Name the one to compare in “Field or column of the text”."
LATIN = (
    "; its bytes suggest Windows-1252: convert the file to UTF-8 (or use --encoding cp1252 in the command)"
)
FAILURES = {
    "empty": ("c.txt", b"", {}, "c.txt is empty: it contains no text. Choose a file"),
    "blank": ("c.txt", b"\n \n", {}, "c.txt is empty: it contains no text. Choose a file"),
    "one document": (
        "c.txt",
        b"just one line",
        {},
        "c.txt contains one document, which cannot be compared with anything: choose",
    ),
    "one whole file": ("c.txt", b"a\nb\n", {"split": "document"}, "c.txt contains one document"),
    "one object": ("c.jsonl", b'{"text": "a"}', {}, "c.jsonl contains one document, which cannot"),
    "wrong field": (
        "c.jsonl",
        b'{"body": "a", "id": 3}\n' * 3,
        {},
        f"c.jsonl, line 1 has no field 'text'; the fields with text are 'body'. {ASK}",
    ),
    "no text at all": (
        "c.jsonl",
        b'{"id": 3}\n' * 3,
        {},
        "c.jsonl: nothing can be read; line 1 has no field 'text', and 2 more are malformed",
    ),
    "no objects": ("c.jsonl", b"words\n" * 3, {}, "c.jsonl: nothing can be read; line 1 is not JSON"),
    "wrong column": (
        "c.csv",
        b"id,body\n1,a\n",
        {},
        f"c.csv has no column 'text'; its columns are 'id', 'body'. {ASK}",
    ),
    "wrong delimiter": (
        "c.csv",
        b"id;text\n1;a\n",
        {},
        "c.csv has no column 'text'; its columns are 'id;text'",
    ),
    "latin-1": (
        "c.txt",
        "naïve\n".encode("latin-1") * 3,
        {},
        f"c.txt: nothing can be read; line 1 is not UTF-8: byte 3 of it is 0xef{LATIN}, and 2 more",
    ),
    "utf-16": (
        "c.txt",
        "words\n".encode("utf-16"),
        {},
        "c.txt is UTF-16, as its first bytes show; convert it",
    ),
    "utf-16 without a mark": (
        "c.txt",
        "words\n".encode("utf-16-le"),
        {},
        "c.txt is not text: it contains zero",
    ),
    "binary": (
        "c.txt",
        b"\x7fELF\x02\0\0words\n",
        {},
        "c.txt is not text: it contains zero bytes, as binary",
    ),
    "another format": ("c.pdf", b"%PDF", {}, "c.pdf must end in .txt, .jsonl, .ndjson, .json, .csv, .tsv"),
    "a table": (
        "c.parquet",
        b"PAR1",
        {},
        "c.parquet is a table, whose reader is too large for a page. Use the",
    ),
    "half an archive": ("c.txt.gz", gzip.compress(b"words")[:9], {}, "c.txt.gz is incomplete or is not gzip"),
    "a large archive": (
        "c.txt.gz",
        gzip.compress(b"x" * (own_files.PAGE_BYTES + 1), mtime=0),
        {},
        "The files have more than 33,554,432 bytes once they are decompressed, the most",
    ),
    "no split": ("c.txt", b"a\nb\n", {"split": "word"}, "split must be one of line, paragraph, document"),
    "no delimiter": ("c.csv", b"text\na\n", {"delimiter": ""}, "delimiter must be one ASCII character"),
    "a field that is none": ("c.jsonl", b"{}\n", {"field": 7}, "field must be a str"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_each_failure_gets_one_message(page, folder, failure):
    """Each failure is one message that names the file and says what to do, and leaves no file behind."""
    name, content, layout, sentence = FAILURES[failure]
    messages = process_files(page, folder, {name: content}, **layout)
    assert [message["state"] for message in messages] == ["failed"]
    assert messages[0]["text"].startswith(sentence) and str(folder) not in messages[0]["text"]
    assert messages[0]["text"].endswith((".", ")"))
    assert not (folder / str(JOB)).exists() and not page.bench.own.working


@pytest.mark.parametrize(
    ("limit", "value", "content", "sentence"),
    [
        ("PAGE_BYTES", 20, b"word\n" * 5, "The files have 25 bytes, and this page reads at most 20. Choose"),
        (
            "PAGE_DOCUMENTS",
            4,
            b"word\n" * 5,
            "There are more than 4 documents, the most that this page reads",
        ),
        ("PAGE_LINES", 4, b"\n" * 5, "The files have 5 lines, and this page reads at most 4. Choose a part"),
        (
            "MOST_MALFORMED_AT_START",
            3,
            b"\xff\n" * 5 + b"word\n" * 2,
            "c.txt: nothing can be read; line 1 is not UTF-8",
        ),
    ],
)
def test_files_beyond_a_limit_are_refused(page, folder, monkeypatch, limit, value, content, sentence):
    """If files are too large, they are refused with the limit and another way."""
    monkeypatch.setattr(own_files, limit, value)
    assert process_files(page, folder, {"c.txt": content})[0]["text"].startswith(sentence)


@pytest.mark.parametrize("error", [MemoryError(), OSError(28, "No space left"), ZeroDivisionError("x")])
def test_a_failure_keeps_the_shown_result(page, folder, texts, monkeypatch, error):
    """If a second corpus fails during the work, the page gets a message, and the first can still be viewed."""
    first = process_files(page, folder, {"c.txt": "\n".join(texts)})[0]

    def failing(*_, **__):
        yield "read", 0, 1
        raise error

    monkeypatch.setattr(own_corpus, "deduplication_steps", failing)
    last = process_files(page, folder, {"d.txt": "\n".join(texts)}, job=2)[-1]
    assert last["state"] == "failed"
    sentences = {
        MemoryError: "There was not enough memory",
        OSError: "[Errno 28] No space left",
        ZeroDivisionError: "This could not be finished (ZeroDivisionError: x)",
    }
    assert last["text"].startswith(sentences[type(error)])
    assert not (folder / "2").exists()
    assert ask(page, "own_cluster", job=JOB, kept=first["clusters"][0]["kept"])["removed"]


def test_a_cancelled_job_leaves_no_file(page, folder, texts, monkeypatch):
    """A cancelled job sends nothing more and leaves no file; the shown result stays, and the next job works."""
    monkeypatch.setattr(own_corpus, "PAUSE", 0)
    first = process_files(page, folder, {"c.txt": "\n".join(texts)})[0]
    write_files(folder, {"d.txt": "\n".join(texts)}, 2)

    async def conversation():
        await page.ask("own", job=2, file="d.txt")
        while not [message for message in page.of_type("own") if message["job"] == 2]:
            await asyncio.sleep(0)
        await page.ask("own_cancel", job=2)
        for _ in range(50):
            await asyncio.sleep(0)

    run(conversation())
    assert {message["state"] for message in page.of_type("own") if message["job"] == 2} == {"work"}
    assert not (folder / "2").exists() and not page.bench.own.working
    assert ask(page, "own_cluster", job=JOB, kept=first["clusters"][0]["kept"])["removed"]
    assert process_files(page, folder, {"d.txt": "\n".join(texts)}, job=3)[0]["state"] == "result"


def test_the_newest_corpus_wins(page, folder, texts):
    """A second corpus during the first one's work ends the first, and only the second gives a result."""
    write_files(folder, {"c.txt": "\n".join(texts)}, 1)
    write_files(folder, {"d.txt": "\n".join(texts[:60])}, 2)

    async def conversation():
        await page.ask("own", job=1, file="c.txt")
        await asyncio.sleep(0)
        await page.ask("own", job=2, file="d.txt")
        await rest(page)

    run(conversation())
    results = [message for message in page.of_type("own") if message["state"] == "result"]
    assert [(message["job"], message["name"]) for message in results] == [(2, "d.txt")]
    assert not (folder / "1").exists() and (folder / "2").exists()


def test_a_new_result_replaces_the_files_of_the_previous_one(page, folder, texts):
    """Only the files of the shown corpus stay in memory, and clearing removes these too."""
    process_files(page, folder, {"c.txt": "\n".join(texts)}, job=1)
    process_files(page, folder, {"c.txt": "\n".join(texts)}, job=2)
    assert sorted(path.name for path in folder.iterdir()) == ["2", "2-kept"]
    assert ask(page, "own_clear") is True
    assert not folder.exists()
    assert ask(page, "own_cluster", job=2, kept=0).endswith("choose their file again")


@pytest.mark.parametrize(
    ("limit", "value", "case"),
    [
        ("CURVE_DOCUMENTS", 10, "curve-large"),
        ("CURVE_WORDS", 100, "curve-large"),
        ("CURVE_PAIRS", 3, "curve-alike"),
    ],
)
def test_a_missing_learning_curve_has_a_reason(page, folder, texts, monkeypatch, limit, value, case):
    """A corpus too large for the audit is still deduplicated, with the reason why there is no curve."""
    monkeypatch.setattr(own_corpus, limit, value)
    result, learning = process_files(page, folder, {"c.txt": "\n".join(texts)})
    assert (result["state"], learning["cases"], "values" in learning) == ("result", [case], False)


def test_a_corpus_of_one_cluster_has_no_curve(page, folder):
    """If all documents are alike, none is left for testing, which is not a failure."""
    result, learning = process_files(page, folder, {"c.txt": "the same six words every time\n" * 5})
    assert result["values"]["own.kept.documents"]["value"] == 1
    assert learning["cases"] == ["curve-one"]


def test_an_empty_control_is_named(page, folder, texts):
    """An emptied field of the controls is named in a sentence, and the files are removed."""
    page.bench.width.value = None
    messages = process_files(page, folder, {"c.txt": "\n".join(texts)})
    assert [(message["state"], message["text"]) for message in messages] == [
        ("failed", "width must be a whole number, not None")
    ]
    assert not (folder / str(JOB)).exists()


@pytest.mark.parametrize(
    ("job", "name"),
    [
        (0, "c.txt"),
        ("1", "c.txt"),
        (True, "c.txt"),
        (1, ".."),
        (1, "a/b"),
        (1, 7),
    ],
)
def test_an_invalid_job_is_refused(page, folder, job, name):
    """A job or a name that the page would never send is refused, and no file is touched."""
    write_files(folder, {"c.txt": "a\nb\n"})
    outside = folder.parent / "outside.txt"
    outside.write_text("a\nb\n")
    reply = ask(page, "own", job=job, file=name)
    if not isinstance(reply, str):
        reply = page.of_type("own")[-1]["text"]
    assert reply.startswith(("job must", "file must"))
    assert outside.exists()


class Inputs(HTMLParser):
    """The attributes of the inputs for files."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        if tag == "input" and ("type", "file") in attributes:
            self.found.append(dict(attributes))


def test_any_file_can_be_chosen():
    """No list of endings restricts the choice: iOS knows neither .jsonl nor .ndjson and would not let one choose them."""
    inputs = Inputs()
    inputs.feed((ROOT / "site" / "pages" / "part-1.own.html").read_text("utf-8"))
    assert any("data-own-file" in each for each in inputs.found)
    assert not any("accept" in each for each in inputs.found)
