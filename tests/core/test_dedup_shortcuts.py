"""Faster ways to results that also have a plain way: both give the same."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect_core.corpus import formats
from dataselect_core.dedup import clustering, reading
from dataselect_core.dedup import pairs as pairs_module
from dataselect_core.dedup.pairs import exact_similarity
from dataselect_core.minhash import minima, permutations, signatures

BLANK_LIKE = "".join(map(chr, [*range(9, 14), *range(28, 33), 0, 127, 0x85, 0xA0, 0x2003, 0x3000]))


@given(st.lists(st.text(st.sampled_from(BLANK_LIKE + "ab.é你")), min_size=1, max_size=8))
def test_words_are_counted_as_split_counts_them(texts):
    """Every blank of `str.split` separates words, in ASCII and beyond; neighbours in one batch do not matter."""
    assert reading.word_counts(texts).tolist() == [len(text.split()) for text in texts]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(JSON, st.sampled_from(["", "\n", "\r\n", " \t\n"]), st.sampled_from(["", " ", "\ufeff"]))
def test_a_line_of_json_is_read_as_the_json_module_reads_it(value, after, before):
    """Any value, with blanks around it, is what `json.loads` makes of it."""
    line = before + json.dumps(value) + after
    try:
        expected = repr(json.loads(line))
    except json.JSONDecodeError as error:
        with pytest.raises(json.JSONDecodeError) as raised:
            formats._parse(line)
        assert str(raised.value) == str(error)
    else:
        assert repr(formats._parse(line)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "{}x",
        "{} {}",
        "{}\x0b",
        '{"a":1,}',
        "{'a':1}",
        '{"a":' + "9" * 5000 + "}",
        '{"a":"\n"}',
        "{}\0",
    ],
)
def test_what_the_json_module_refuses_is_refused_with_its_words(line):
    """Cut-off objects, text after an object, control characters: the error is the one of `json.loads`."""
    with pytest.raises(ValueError) as expected:
        json.loads(line)
    with pytest.raises(type(expected.value)) as raised:
        formats._parse(line)
    assert str(raised.value) == str(expected.value)


@pytest.mark.parametrize("at_a_time", [1, 50, 1 << 21])
def test_similarities_are_those_of_sets(at_a_time, monkeypatch):
    """Whether a document is in one pair or in many, and however many are handled at once, J = |A and B| / |A or B|."""
    monkeypatch.setattr(pairs_module, "AT_A_TIME", at_a_time)
    draw = np.random.default_rng(5)
    sets = [np.unique(draw.integers(0, 40, draw.integers(0, 30))).astype(np.uint32) for _ in range(40)]
    sets[7] = np.array([0, 1, 2**32 - 1], np.uint32)
    for many in (0, 1, 5, 60, 200):
        pairs = draw.integers(0, 40, (many, 2))
        expected = [
            len(set(a) & set(b)) / max(1, len(set(a) | set(b)))
            for a, b in ((sets[i].tolist(), sets[j].tolist()) for i, j in pairs.tolist())
        ]
        assert exact_similarity(sets, pairs).tolist() == expected


def test_the_first_permutations_give_the_first_slots():
    """The command computes only the slots that its bands need: they are those of the whole signature."""
    sets = [np.arange(n, dtype=np.uint32) * 7 for n in (0, 1, 5, 300)]
    a, b = permutations(128, 4)
    for k in (1, 16, 117, 128):
        assert (minima(sets, a[:k], b[:k]) == signatures(sets, 128, 4)[:, :k]).all()


@pytest.mark.parametrize("bits", [1, 8, 22])
@pytest.mark.parametrize("distinct", [0, 1, 5, 500])
def test_runs_are_all_keys_that_occur_twice(bits, distinct, monkeypatch):
    """Each key that occurs twice is one run with all its positions in order, also if other keys have the same low bits."""
    monkeypatch.setattr(clustering, "TABLE_BITS", bits)
    draw = np.random.default_rng(distinct)
    pool = (draw.integers(0, 1 << 62, distinct).astype(np.uint64) << np.uint64(2)) | np.uint64(3)
    keys = draw.choice(pool, 600) if distinct else np.empty(0, np.uint64)
    order, starts, sizes = clustering.runs(keys)
    runs = [order[start : start + size].tolist() for start, size in zip(starts, sizes, strict=True)]
    expected = [np.flatnonzero(keys == key).tolist() for key in np.unique(keys)]
    assert runs == [positions for positions in expected if len(positions) > 1]
