"""Corpora in memory: each format compared with the standard library, and bytes copied unchanged."""

import csv
import io
import json
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dataselect_core.corpus import formats
from dataselect_core.corpus.memory import PAGE_BYTES, PAGE_DOCUMENTS, CorpusError, kept_bytes, read_corpus

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), min_size=1, max_size=8)
BREAKS = st.sampled_from(["\n", "\r\n"])


def read_back(corpus, data, keep):
    """The paragraphs of a file that has only the kept paragraphs."""
    return read_corpus("a.txt", kept_bytes(corpus, data, np.array(keep)), split="paragraph").documents


@given(TEXTS, BREAKS, st.booleans(), st.data())
def test_jsonl_equals_line_by_line_json(texts, line_break, escaped, data):
    """The text of every object is found, and the kept bytes are exactly the kept lines."""
    lines = [
        json.dumps({"id": i, "text": text}, ensure_ascii=escaped) + line_break for i, text in enumerate(texts)
    ]
    raw = (line_break + "".join(lines)).encode()
    corpus = read_corpus("a.jsonl", raw)
    assert corpus.documents == texts
    assert corpus.problems == []
    assert corpus.lines.tolist() == list(range(2, len(texts) + 2))
    keep = data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)))
    expected = "".join(line for line, is_kept in zip(lines, keep, strict=True) if is_kept)
    assert kept_bytes(corpus, raw, keep) == expected.encode()


@given(TEXTS, BREAKS, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.booleans(), st.data())
def test_csv_equals_the_csv_module(texts, line_break, quoting, mark, data):
    """Quoted line breaks, quotes and commas are preserved, and a selection is again a CSV with its header."""
    assume(quoting == csv.QUOTE_ALL or not any("\r" in text for text in texts))  # not quoted by Python 3.11
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator=line_break, quoting=quoting)
    writer.writerows([("id", "text", "note"), *((i, text, "x") for i, text in enumerate(texts))])
    raw = (b"\xef\xbb\xbf" if mark else b"") + buffer.getvalue().encode()
    corpus = read_corpus("a.csv", raw)
    rows = list(csv.DictReader(io.StringIO(buffer.getvalue(), newline="")))
    assert corpus.documents == [row["text"] for row in rows] == texts
    keep = data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)).filter(any))
    kept = kept_bytes(corpus, raw, keep)
    assert kept.startswith(raw[: corpus.preamble])
    reread = list(csv.DictReader(io.StringIO(kept.decode("utf-8-sig"), newline="")))
    assert reread == [row for row, is_kept in zip(rows, keep, strict=True) if is_kept]


@given(st.lists(st.sampled_from(["a b", "c", "", "  ", "\t", "d e f"]), max_size=12), BREAKS, st.booleans())
def test_txt_is_split_into_lines_paragraphs_or_one_document(lines, line_break, last_open):
    """Documents are the lines that are not blank, the blocks between blank lines, or the whole file, as asked."""
    text = line_break.join(lines) + ("" if last_open else line_break)
    by_line = [line for line in lines if line.strip()]
    blocks = [
        block
        for block in re.split(r"\n(?:[ \t]*\n)+", "\n" + text.replace("\r\n", "\n") + "\n\n")
        if block.strip()
    ]
    if not by_line:
        with pytest.raises(CorpusError, match="contains no documents"):
            read_corpus("a.txt", text.encode())
        return
    assert [document.rstrip("\r\n") for document in read_corpus("a.txt", text.encode()).documents] == by_line
    paragraphs = read_corpus("a.txt", text.encode(), split="paragraph")
    assert [document.split() for document in paragraphs.documents] == [block.split() for block in blocks]
    as_document = read_corpus("a.txt", text.encode(), split="document")
    assert as_document.documents == [text]


def test_each_paragraph_includes_its_blank_lines():
    """Paragraphs in a selection remain separate paragraphs."""
    raw = b"\n\na b\nc\n\n\nd\n \ne f"
    corpus = read_corpus("a.txt", raw, split="paragraph")
    assert kept_bytes(corpus, raw, [True, False, True]) == b"a b\nc\n\n\ne f"
    assert read_back(corpus, raw, [True, True, False]) == ["a b\nc\n\n\n", "d\n \n"]


def test_problems_of_jsonl_have_line_number_and_reason():
    """Each kind of mistake is a problem with its line and reason, and the good lines are read."""
    raw = (
        b'{"text": "one"}\n{"text": 3}\n["text"]\n{"text": \n{"title": "x"}\n\n{"text": "\xff"}\n'
        + b"[" * 100_000
        + b"\n"
        + b'{"n": '
        + b"1" * 5000
        + b'}\n{"text": "two"}'
    )
    corpus = read_corpus("a.jsonl", raw)
    assert corpus.documents == ["one", "two"]
    assert corpus.lines.tolist() == [1, 10]
    expected = {
        2: "no string in the field 'text'",
        3: "not a JSON object",
        4: "not JSON: Expecting value",
        5: "no field 'text'",
        7: "not UTF-8: byte 11 of it is 0xff",
        8: "nested too deeply",
        9: "Exceeds the limit",
    }
    assert [problem.line for problem in corpus.problems] == list(expected)
    for problem, reason in zip(corpus.problems, expected.values(), strict=True):
        assert reason in problem.message
        assert str(problem).startswith(f"a.jsonl, line {problem.line} ")


def test_malformed_csv_records_do_not_affect_later_records():
    """After a quote that is never closed, a wrong number of columns or bad bytes, reading goes on."""
    raw = b'id,text\n1,"open\n2,fine\n3,too,many\n4,caf\xe9\n5,"a ""b"\n\n\xe9,last\n6,a\rb\n'
    corpus = read_corpus("a.csv", raw)
    assert corpus.documents == ["fine", 'a "b', "last"]
    assert [problem.line for problem in corpus.problems] == [2, 4, 5, 9]
    reasons = ["not closed", "has 3 columns where the header has 2", "0xe9", "carriage return"]
    assert all(reason in problem.message for reason, problem in zip(reasons, corpus.problems, strict=True))
    assert kept_bytes(corpus, raw, [True, False, True]) == b"id,text\n2,fine\n\xe9,last\n"


def test_long_texts_of_a_csv_are_read():
    """A text longer than the csv module's default limit is one document."""
    text = "word " * 60_000
    assert read_corpus("a.csv", f"text\n{text}\n".encode()).documents == [text]


def test_field_and_delimiter_can_be_chosen():
    """Fields can have any name, delimiters can be set, and a file that ends in .tsv has tabs."""
    assert read_corpus("a.jsonl", b'{"body": "x"}', field="body").documents == ["x"]
    assert read_corpus("a.csv", b"id;body\n1;x, y\n", field="body", delimiter=";").documents == ["x, y"]
    assert read_corpus("A.TSV", b"id\ttext\n1\tx, y\n").documents == ["x, y"]
    assert read_corpus("a.ndjson", b'{"text": "x"}').documents == ["x"]


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv"])
def test_a_byte_order_mark_is_not_part_of_the_text(name):
    """The mark is skipped, kept in any selection, and not part of the first document."""
    raw = (
        b"\xef\xbb\xbf"
        + {"a.txt": b"x\ny\n", "a.jsonl": b'{"text": "x\\n"}\n{"text": "y\\n"}\n', "a.csv": b"text\nx\ny\n"}[
            name
        ]
    )
    corpus = read_corpus(name, raw)
    assert [text.strip() for text in corpus.documents] == ["x", "y"]
    assert kept_bytes(corpus, raw, [False, True]).startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("name", "text"), [("a.txt", "{}"), ("a.jsonl", '{{"text": "{}"}}'), ("a.csv", '1,"{}"')]
)
def test_a_document_that_is_too_long_is_a_problem(monkeypatch, name, text):
    """The document is skipped with its line number, without being held in memory, and the next one is read."""
    monkeypatch.setattr(formats, "LONGEST", 60)
    header = "id,text\n" if name == "a.csv" else ""
    raw = (header + "\n".join([text.format("short"), text.format("x" * 200), text.format("last")])).encode()
    corpus = read_corpus(name, raw)
    assert [document.strip() for document in corpus.documents] == ["short", "last"]
    assert [(problem.line, problem.message[:9]) for problem in corpus.problems] == [
        (3 if header else 2, "is longer")
    ]


def test_a_paragraph_or_file_that_is_too_long_is_a_problem(monkeypatch):
    """The length of a block includes all its lines."""
    monkeypatch.setattr(formats, "LONGEST", 20)
    corpus = read_corpus("a.txt", b"a b\n\n" + b"c d e\n" * 9 + b"\nf\n", split="paragraph")
    assert corpus.documents == ["a b\n\n", "f\n"]
    assert [problem.line for problem in corpus.problems] == [3]
    with pytest.raises(CorpusError, match="no document that can be read; line 1 is longer than 20 bytes"):
        read_corpus("a.txt", b"a" * 21, split="document")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.jsonl", b"", "a.jsonl contains no documents"),
        ("a.txt", b" \n\n", "contains no documents"),
        ("a.csv", b"", "first line must be a header"),
        ("a.csv", b"id,text\n", "contains no documents"),
        ("a.csv", b"id,body\n1,x\n", r"no column 'text'; its columns are 'id', 'body'"),
        ("a.csv", b"text,text\n1,x\n", "more than one column 'text'"),
        ("a.csv", b'id,"text\n1,x\n', "the header cannot be read"),
        ("a.jsonl", b"oops\n", "no document that can be read; line 1 is not JSON"),
        ("a.txt", "text".encode("utf-16"), "UTF-16"),
        ("a.json", b"[]", "a.json contains no documents"),
        ("a.jsonl.gz", b"", "decompress it, or write it"),
        ("a", b"x", "must end in"),
        ("a.txt", b"x" * (PAGE_BYTES + 1), "at most 33,554,432 can be read"),
        ("a.txt", b"x\n" * (PAGE_DOCUMENTS + 1), "more than 50,000 documents"),
    ],
)
def test_an_unreadable_corpus_is_refused_with_a_reason(name, data, message):
    """No documents, another encoding or format, and too much data are refused, each with its own sentence."""
    with pytest.raises(CorpusError, match=message):
        read_corpus(name, data)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"split": "page"}, ValueError, "split must be one of line, paragraph, document, not 'page'"),
        ({"delimiter": ";;"}, ValueError, "delimiter must be one ASCII character"),
        ({"delimiter": '"'}, ValueError, "delimiter must be one ASCII character"),
        ({"delimiter": 3}, TypeError, "delimiter must be a str"),
        ({"field": 3}, TypeError, "field must be a str"),
        ({"max_bytes": 0}, ValueError, "max_bytes must be at least 1"),
        ({"max_documents": 1.5}, TypeError, "max_documents must be an integer"),
        ({"data": "text"}, TypeError, "data must be bytes, not str"),
        ({"name": b"a.txt"}, TypeError, "name must be a str, not bytes"),
    ],
)
def test_bad_arguments_are_refused(options, error, message):
    """The error names the argument and what is allowed."""
    with pytest.raises(error, match=message):
        read_corpus(**{"name": "a.txt", "data": b"x", **options})


@pytest.mark.parametrize("keep", [[True], [1, 0], [[True, False]]])
def test_keep_must_have_one_boolean_per_document(keep):
    """A selection of another shape or type is refused."""
    corpus = read_corpus("a.txt", b"x\ny\n")
    with pytest.raises(ValueError, match=r"keep must be bool\[2\]"):
        kept_bytes(corpus, b"x\ny\n", keep)
