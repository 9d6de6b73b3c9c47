"""The comparison with engines for larger corpora: its corpus and its counts; the engines are run by hand."""

import hashlib
import json

import pytest

from tools import compare_engines as compare


def test_the_corpus_equals_the_documented_one():
    """The corpus is the one of the table in docs/larger-corpora.md; another one would give another table."""
    texts = compare.synthetic()
    assert len(texts) == 20_000 and {len(text.split()) for text in texts} == {100}
    assert hashlib.sha256("\n".join(texts).encode("ascii")).hexdigest() == (
        "63c979da15e68b60f45aa233af6e486cb85ffb99d94d10b83a8df658bd4f5177"
    )
    assert texts[:50] == compare.synthetic(50) != compare.synthetic(50, seed=2)


def test_copies_have_graded_edits():
    """Three of every ten texts equal an earlier original except for 0 to 8 words, each number in turn."""
    texts = [text.split() for text in compare.synthetic(300, words=40)]
    edits = []
    for index, text in enumerate(texts):
        earlier = [original for i, original in enumerate(texts[:index]) if i % 10 < 7]
        distances = [sum(a != b for a, b in zip(text, original, strict=True)) for original in earlier]
        changed = min(distances, default=40)
        if index % 10 < 7:
            assert changed > 30
        else:
            edits.append(changed)
    assert edits == [copy % 9 for copy in range(90)]


def test_the_corpus_is_written_as_jsonl(tmp_path):
    """There is one object per line, with its index as a string and the text unchanged."""
    compare.write(tmp_path / "corpus.jsonl", ["a b", 'ä "\n'])
    lines = (tmp_path / "corpus.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{"id": "0", "text": "a b"}, {"id": "1", "text": 'ä "\n'}]


# Seven documents; clusters {0, 2, 5} and {1, 4}, of which an engine keeps 5 and 1.
KEPT = [5, 1, 5, 3, 1, 5, 6]


def test_the_first_document_of_a_cluster_counts_as_kept():
    """Whichever document an engine keeps, the count treats the first of a cluster as kept."""
    assert compare.removed(KEPT) == {2, 4, 5}
    assert compare.removed([0, 1, 0, 3, 1, 0, 6]) == {2, 4, 5}
    assert compare.removed([0, 1, 2]) == set()


def test_differing_removals_are_counted():
    """Documents that only one of the two removes are counted."""
    assert compare.differs({2, 4, 5}, {2, 4, 5}) == 0
    assert compare.differs({2, 4, 5}, {2, 3, 6}) == 4


def test_kept_documents_that_are_not_first_are_counted():
    """Of the four kept documents, 1, 3, 5 and 6, only 5 comes after others of its cluster."""
    assert compare.not_first(KEPT) == 1


@pytest.mark.parametrize(
    ("values", "form", "expected"),
    [
        ([4996], ",", "4,996"),
        ([50, 45, 57], ",", "45-57"),
        ([9.04, 9.01], ".1f", "9.0"),
    ],
)
def test_a_spread_shows_one_number_or_a_range(values, form, expected):
    """There is one number if minimum and maximum look the same, and otherwise both."""
    assert compare.spread(values, form) == expected


def test_the_table_compares_each_corpus_with_its_first_row():
    """Two corpora are next to each other, each compared with its first row; an equal result differs by 0."""
    first = [("this", [{1, 2}]), ("seeds", [{1}, {1, 3}]), ("other", [set()])]
    second = [("this", [set(range(1000))]), ("seeds", [{1}, {1, 2}]), ("other", [set(range(1000))])]
    assert compare.table({"one": first, "two": second}).splitlines() == [
        "|  | one: removed | differs | two: removed | differs |",
        "| --- | --- | --- | --- | --- |",
        "| this | 2 |  | 1,000 |  |",
        "| seeds | 1-2 | 1-2 | 1-2 | 998-999 |",
        "| other | 0 | 2 | 1,000 | 0 |",
    ]
