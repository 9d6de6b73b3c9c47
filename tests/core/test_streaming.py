"""Streamed deduplication: equal to `deduplicate` in memory and to datasketch, with bounded memory."""

import json
import os
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dataselect_core.corpus.files import CorpusFiles
from dataselect_core.corpus.formats import CorpusError
from dataselect_core.datasets import licences
from dataselect_core.dedup import clustering, deduplicate, reading, similarity, streaming
from dataselect_core.dedup.streaming import deduplicate_files

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "é", "??"]), max_size=7).map(" ".join)
MEMORY = 150  # MB for 100,000 documents; 59 were measured, and the file alone has 72


def jsonl(path, texts):
    """Write a file of these texts."""
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return CorpusFiles(path)


def random_texts(random, n, length=60, copies=0.4):
    """Texts of invented words; a share of them are earlier texts with a few words changed."""
    texts = []
    for _ in range(n):
        if texts and random.random() < copies:
            words = texts[random.integers(len(texts))].split()
            for position in random.integers(0, length, random.integers(0, 5)):
                words[position] = f"w{random.integers(5000)}"
        else:
            words = [f"w{word}" for word in random.integers(0, 5000, length)]
        texts.append(" ".join(words))
    return texts


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("threshold", [0.3, 0.8, 1.0])
def test_streaming_the_licences_equals_deduplicate(tmp_path, threshold, verify):
    """On the real corpus, at any threshold, verified or not, the clusters and kept documents are the same."""
    texts = licences().texts
    result = deduplicate_files(jsonl(tmp_path / "a.jsonl", texts), threshold, verify=verify)
    expected = deduplicate(texts, threshold, verify=verify)
    assert np.array_equal(result.cluster, expected.cluster)
    assert np.array_equal(result.keep, expected.keep)
    assert result.index.words.tolist() == [len(text.split()) for text in texts]


@given(
    st.lists(WORDS, min_size=1, max_size=12),
    st.floats(0.05, 1),
    st.integers(1, 3),
    st.booleans(),
    st.integers(0, 3),
)
def test_streaming_any_texts_equals_deduplicate(tmp_path_factory, texts, threshold, width, verify, seed):
    """Repeated, empty and short texts give the same clusters as in memory, whatever the parameters."""
    corpus = jsonl(tmp_path_factory.mktemp("any") / "a.jsonl", texts)
    result = deduplicate_files(corpus, threshold, 32, width, seed, verify)
    expected = deduplicate(texts, threshold, 32, width, seed, verify)
    assert np.array_equal(result.cluster, expected.cluster)
    assert result.empty == sum(re.search("[a-dé]", text) is None for text in texts)


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (reading, "CHUNK_DOCUMENTS", 3),
        (reading, "CHUNK_BYTES", 400),
        (clustering, "COMPARE_DOCUMENTS", 3),
        (clustering, "COMPARE_BYTES", 400),
        (similarity, "CACHED", 0),
        (similarity, "CACHED", 150),
    ],
)
def test_memory_settings_do_not_change_the_result(tmp_path, monkeypatch, module, name, value):
    """However little is read, compared or held at a time, the clusters are the same."""
    texts = random_texts(np.random.default_rng(2), 300)
    corpus = jsonl(tmp_path / "a.jsonl", texts)
    expected = deduplicate(texts, 0.6)
    assert 50 < (~expected.keep).sum() < 250
    monkeypatch.setattr(module, name, value)
    for verify in (True, False):
        result = deduplicate_files(corpus, 0.6, verify=verify)
        assert np.array_equal(result.cluster, deduplicate(texts, 0.6, verify=verify).cluster)


def test_kept_documents_equal_datasketch(tmp_path):
    """Candidates of datasketch's LSH, compared as Python sets and joined by SciPy, give the same clusters."""
    texts = random_texts(np.random.default_rng(3), 400)
    result = deduplicate_files(jsonl(tmp_path / "a.jsonl", texts), 0.7, bands=42, rows=3)
    shingles = [
        {" ".join(words[i : i + 5]) for i in range(len(words) - 4)} for words in map(str.split, texts)
    ]
    index = MinHashLSH(num_perm=128, params=(42, 3))
    edges = []
    for i, members in enumerate(shingles):
        signature = MinHash(num_perm=128, seed=7)
        signature.update_batch([shingle.encode() for shingle in members])
        edges += [
            (i, j)
            for j in index.query(signature)
            if len(members & shingles[j]) / len(members | shingles[j]) >= 0.7
        ]
        index.insert(i, signature)
    # With 42 bands of 3 rows a pair at 0.7 is missed once in 30 million, so another hash finds the same pairs.
    graph = coo_array((np.ones(len(edges)), np.array(edges).T), (400, 400))
    labels = connected_components(graph, directed=False)[1]
    first = [labels.tolist().index(label) for label in labels]
    assert len(edges) > 50
    assert result.cluster.tolist() == first


@pytest.mark.parametrize("pair", [("hnw g", "qii g"), ("апв г", "цфк к")])
@pytest.mark.parametrize("threshold", [0.3, 0.8])
def test_a_collision_of_32_bits_removes_nothing(tmp_path, pair, threshold):
    """Short lines whose only shingles have equal hashes but other words are both kept, and their copies are removed."""
    texts = [pair[0], "x", pair[1], pair[0].upper(), f"{pair[1]}!"]
    result = deduplicate_files(jsonl(tmp_path / "a.jsonl", texts), threshold)
    assert result.cluster.tolist() == [0, 1, 2, 0, 2]
    assert result.same == 2


def test_one_shared_hash_of_several_is_confirmed(tmp_path):
    """If a text of one shingle shares its hash with one of a text's two shingles, their words are compared."""
    texts = [
        "hnw g",
        "qii g zzz",
        "hnw g zzz",
    ]  # two words per shingle; "hnw g" and "qii g" have the same hash
    result = deduplicate_files(jsonl(tmp_path / "a.jsonl", texts), 0.4, width=2, bands=64, rows=2)
    assert deduplicate(texts, 0.4, width=2).pairs.tolist() == [[0, 2]]
    assert result.cluster.tolist() == [0, 1, 0]


def test_thousands_of_copies_need_few_comparisons(tmp_path):
    """Copies, exact and near, are compared with one document of their group, not all with all."""
    base = [f"w{i}" for i in range(100)]
    texts = [" ".join(base)] * 2000 + [" ".join([*base[:50], f"x{i}", *base[51:]]) for i in range(1000)]
    result = deduplicate_files(jsonl(tmp_path / "a.jsonl", texts), 0.7)
    assert result.keep.sum() == 1
    assert result.same == 1999
    assert result.compared < 5000


def test_all_pairs_within_a_group_are_compared(tmp_path):
    """Of three documents that agree in a band, the second and third are compared even if the first is like neither."""
    texts = ["a b c d e f", "u v w x y z", "u v w x y z z"]
    exact = [
        (i, j)
        for i, j in combinations(range(3), 2)
        if deduplicate([texts[i], texts[j]], 0.5, width=2).keep.sum() == 1
    ]
    assert exact == [(1, 2)]

    compared_pairs = []

    class Recorded(similarity.ExactSimilarity):
        """Record the compared pairs."""

        def submit(self, pairs):
            compared_pairs.extend(map(tuple, pairs.tolist()))
            return super().submit(pairs)

    corpus = jsonl(tmp_path / "a.jsonl", texts)
    index = deduplicate_files(corpus, 0.5, width=2).index
    join = clustering.Clusters(3)
    compared = sum(
        clustering.compare_runs(
            np.arange(3), np.array([0]), np.array([3]), Recorded(corpus, index, 2), 0.5, join
        )
    )
    corpus.close()
    assert compared_pairs == [(0, 1), (0, 2), (1, 2)]
    assert compared == 3
    assert join.roots(np.arange(3)).tolist() == [0, 1, 1]


def test_no_similar_pair_is_compared_twice(tmp_path, monkeypatch):
    """The similarity of a removed document to the kept one is not computed again if the clustering has computed it."""
    similar_pairs = []
    submit = similarity.ExactSimilarity.submit

    def recorded(self, pairs):
        values = submit(self, pairs)()
        similar_pairs.extend(tuple(sorted(pair)) for pair in pairs[values >= 0.6].tolist())
        return lambda: values

    monkeypatch.setattr(similarity.ExactSimilarity, "submit", recorded)
    texts = random_texts(np.random.default_rng(2), 300)
    result = deduplicate_files(jsonl(tmp_path / "a.jsonl", texts), 0.6)
    assert (~result.keep).sum() > 50
    assert len(set(similar_pairs)) == len(similar_pairs) > 50


def test_malformed_lines_stop_the_run_or_are_skipped(tmp_path):
    """Stopping names the line; skipping counts it, and the indices of the other documents have no gap."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a b c"}\noops\n{"text": "a b c"}\n{"text": "d"}\n[]\n')
    with pytest.raises(CorpusError, match="a.jsonl, line 2 is not JSON"):
        deduplicate_files(CorpusFiles(path))
    result = deduplicate_files(CorpusFiles(path), on_error="skip")
    assert result.keep.tolist() == [True, False, True]
    assert (result.malformed, [problem.line for problem in result.problems]) == (2, [2, 5])


def test_few_problems_are_kept_and_all_are_counted(tmp_path, monkeypatch):
    """A file full of mistakes does not fill the memory with messages."""
    monkeypatch.setattr(reading, "PROBLEMS", 10)
    path = tmp_path / "a.jsonl"
    path.write_text("oops\n" * 100 + '{"text": "a"}\n')
    result = deduplicate_files(CorpusFiles(path), on_error="skip")
    assert (result.malformed, len(result.problems)) == (100, 10)


def test_a_corpus_that_changes_during_the_run_is_refused(tmp_path):
    """If a file changes before it is read again or copied, the run is refused."""
    path = tmp_path / "a.jsonl"
    texts = [" ".join(f"w{i}" for i in range(50)), " ".join(f"w{i}" for i in range(1, 50))]

    def progress(stage, done, total):
        if stage == "compare":
            path.write_text('{"text": "x"}\n')

    with pytest.raises(CorpusError, match="a.jsonl was changed while it was read"):
        deduplicate_files(jsonl(path, texts), progress=progress)
    corpus = jsonl(path, texts)
    result = deduplicate_files(corpus)
    path.write_text('{"text": "x"}\n')
    with pytest.raises(CorpusError, match="a.jsonl was changed while it was read"):
        corpus.write(tmp_path / "out.jsonl", result.index, result.keep)
    assert not (tmp_path / "out.jsonl").exists()


def test_the_cache_of_shingles_is_bounded(tmp_path, monkeypatch):
    """Shingle sets that were used least recently are dropped first."""
    monkeypatch.setattr(similarity, "CACHED", 100)
    corpus = jsonl(tmp_path / "a.jsonl", random_texts(np.random.default_rng(1), 10, copies=0))
    exact = similarity.ExactSimilarity(corpus, deduplicate_files(corpus).index, 5)
    for j in range(1, 10):
        assert exact(np.array([[0, j]])).tolist() == [0]
        assert sum(map(len, exact._cache.values())) == exact._shingles <= 100
    assert list(exact._cache) == [9]
    corpus.close()


def test_progress_is_reported(tmp_path):
    """All bytes are read, then all bands are compared, and progress never goes backwards."""
    corpus = jsonl(tmp_path / "a.jsonl", random_texts(np.random.default_rng(1), 9000, 20))
    steps = []
    deduplicate_files(corpus, progress=lambda *step: steps.append(step))
    read = [done for stage, done, total in steps if stage == "read" and total == corpus.bytes]
    assert read == sorted(read)
    assert read[-1] == corpus.bytes
    assert len(read) > 2
    assert sorted(set(steps[len(read) :])) == [("compare", band, 9) for band in range(9)]
    assert steps[len(read) :] == sorted(steps[len(read) :])


def test_a_stopped_run_closes_its_files(tmp_path):
    """If a page stops in the middle, no file stays open, and the corpus can be read again."""
    corpus = jsonl(tmp_path / "a.jsonl", random_texts(np.random.default_rng(1), 9000, 20))
    steps = streaming.deduplication_steps(corpus)
    assert next(steps)[0] == "read"
    steps.close()
    assert deduplicate_files(corpus).keep.sum() > 5000


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"threshold": 0}, ValueError, r"threshold must be in \(0, 1\]"),
        ({"num_perm": 1}, ValueError, "num_perm must be between 2 and 65536"),
        ({"width": 0}, ValueError, "width must be at least 1"),
        ({"seed": -1}, ValueError, "seed must be between 0"),
        ({"bands": 9}, ValueError, "bands and rows must be given together"),
        ({"bands": 9, "rows": 15}, ValueError, r"bands \* rows must be at most num_perm = 128, not 9 \* 15"),
        ({"bands": 0, "rows": 15}, ValueError, "bands must be at least 1"),
        ({"on_error": "ask"}, ValueError, "on_error must be 'stop' or 'skip', not 'ask'"),
    ],
)
def test_bad_arguments_are_refused(tmp_path, options, error, message):
    """The error names the argument and what is allowed."""
    with pytest.raises(error, match=message):
        deduplicate_files(jsonl(tmp_path / "a.jsonl", ["a"]), **options)


def test_a_hundred_thousand_documents_need_little_memory(tmp_path):
    """Deduplicating 100,000 documents (72 MB) takes far less memory than holding them would."""
    random = np.random.default_rng(4)
    vocabulary = np.array([f"word{i}" for i in range(20_000)])
    path = tmp_path / "a.jsonl"
    with open(path, "w") as file:
        for _ in range(500):
            rows = vocabulary[random.integers(0, 20_000, (160, 80))].tolist()
            rows += rows[:40]
            file.writelines(json.dumps({"text": " ".join(row)}) + "\n" for row in rows)
    command = [
        sys.executable,
        "-m",
        "dataselect_core",
        "dedup",
        path,
        "-o",
        tmp_path / "kept.jsonl",
        "--report",
        "-",
    ]
    source = str(Path(streaming.__file__).parent.parent)
    completed = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": source}
    )
    assert completed.returncode == 0, completed.stderr
    report = json.loads(completed.stdout)
    print(f"{report['seconds']} s, {report['peak_memory_bytes'] / 1e6:.0f} MB")
    assert report["documents"]["all"] == 100_000
    assert report["documents"]["removed"] == 20_000
    assert report["peak_memory_bytes"] < MEMORY * 1e6
