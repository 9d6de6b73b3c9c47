"""The simulated crawl: correct truth, the requested redundancy, and the same bytes on every platform."""

import hashlib
import re
from collections import Counter

import numpy as np
import pytest

from dataselect_core import datasets
from dataselect_core.datasets import simulated_crawl as module


@pytest.fixture(scope="module")
def crawl():
    """The lab's crawl, with half of the words redundant."""
    return datasets.crawl()


def shingles(text):
    """The set of distinct 5-token tuples, an oracle without hashing."""
    tokens = re.findall(r"[a-z0-9]+", text.lower())
    return {tuple(tokens[i : i + 5]) for i in range(len(tokens) - 4)}


def jaccard(a, b):
    return len(a & b) / len(a | b)


def similarities(crawl, kind):
    """The exact similarity of every copy of a kind to its original."""
    base = {
        o: shingles(t)
        for o, t, k in zip(crawl.origin, crawl.texts, crawl.copy, strict=True)
        if k == "original"
    }
    return np.array(
        [
            jaccard(shingles(t), base[o])
            for o, t, k in zip(crawl.origin, crawl.texts, crawl.copy, strict=True)
            if k == kind
        ]
    )


def test_a_crawl_has_distinct_ids_and_fields_of_one_length(crawl):
    """Ids are distinct, the fields have one entry per document, and the size suits a browser."""
    n = len(crawl.ids)
    assert n == len(crawl.texts) == len(crawl.copy) == len(crawl.origin) == len(set(crawl.ids))
    assert 1000 < n <= 1500 and set(crawl.copy) == set(module.KINDS)
    assert crawl.origin.dtype == np.int64
    assert "SIMULATED" in crawl.provenance and "datasets-sotu" in crawl.provenance


@pytest.mark.parametrize("redundancy", [0, 0.1, 0.3, 0.5, 0.75, 0.9])
@pytest.mark.parametrize("seed", [1, 2])
def test_redundancy_is_reached_at_a_constant_size(redundancy, seed):
    """The share of words in copies is within .01 of the requested share, and the crawl always has the same size."""
    crawl = datasets.crawl(redundancy, seed)
    words = np.array([len(text.split()) for text in crawl.texts])
    copies = np.array([kind != "original" for kind in crawl.copy])
    assert crawl.redundancy == words[copies].sum() / words.sum()
    assert abs(crawl.redundancy - redundancy) < 0.01
    assert abs(words.sum() - 450_000) < 0.01 * 450_000


def test_every_page_has_one_original_and_copies_name_it(crawl):
    """Each origin occurs once as the original, and the id of a copy begins with its original's id."""
    original = {o: i for o, i, k in zip(crawl.origin, crawl.ids, crawl.copy, strict=True) if k == "original"}
    assert len(original) == crawl.copy.count("original")
    assert set(original) == set(crawl.origin)
    for document, origin, kind in zip(crawl.ids, crawl.origin, crawl.copy, strict=True):
        if kind != "original":
            assert re.fullmatch(rf"{re.escape(original[origin])}~{kind}-\d+", document)


def test_mirrors_equal_their_original_and_reprints_contain_it(crawl):
    """A mirror equals its original byte for byte, a reprint contains it whole, and an edited copy differs."""
    base = {o: t for o, t, k in zip(crawl.origin, crawl.texts, crawl.copy, strict=True) if k == "original"}
    for text, origin, kind in zip(crawl.texts, crawl.origin, crawl.copy, strict=True):
        if kind == "mirror":
            assert text == base[origin]
        elif kind == "reprint":
            assert base[origin] in text and len(text) > len(base[origin])
        elif kind == "edited":
            assert text != base[origin]


def test_similarities_of_copies_cover_the_thresholds(crawl):
    """Edited copies cover every tenth from .5 to 1, so that the threshold matters."""
    edited, reprint = similarities(crawl, "edited"), similarities(crawl, "reprint")
    assert edited.min() > 0.45 and np.quantile(edited, 0.05) > 0.5 and edited.max() < 1
    share, _ = np.histogram(edited, [0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert (share / len(edited) > 0.1).all()
    assert reprint.min() > 0.6 and reprint.max() < 1 and 0.8 < np.median(reprint) < 0.9
    assert (similarities(crawl, "mirror") == 1).all()


def test_pages_of_different_origin_do_not_resemble_each_other(crawl):
    """No two documents of different origin share a fifth of their shingles, so the truth has no gaps."""
    sets = [shingles(text) for text in crawl.texts]
    holders = {}
    for i, s in enumerate(sets):
        for shingle in s:
            holders.setdefault(shingle, []).append(i)
    shared = Counter()
    for documents in holders.values():
        if len({crawl.origin[i] for i in documents}) > 1:
            shared.update(
                (i, j) for j in documents for i in documents if i < j and crawl.origin[i] != crawl.origin[j]
            )
    most = max(c / (len(sets[i]) + len(sets[j]) - c) for (i, j), c in shared.items())
    assert most < 0.2


def test_popularity_of_copies_is_skewed(crawl):
    """Most pages are never copied, and a tenth of them have over half of the copies."""
    copies = np.array(sorted(Counter(crawl.origin.tolist()).values(), reverse=True)) - 1
    assert copies[: len(copies) // 10].sum() > 0.5 * copies.sum()
    assert (copies == 0).mean() > 0.5 and copies.max() >= 20


def test_copies_come_before_and_after_their_originals(crawl):
    """The order of the crawl is shuffled: about as many copies come before their original as after it."""
    position = {
        o: index for index, (o, k) in enumerate(zip(crawl.origin, crawl.copy, strict=True)) if k == "original"
    }
    before = [
        index < position[o]
        for index, (o, k) in enumerate(zip(crawl.origin, crawl.copy, strict=True))
        if k != "original"
    ]
    assert 0.4 < np.mean(before) < 0.6


def test_the_same_seed_gives_the_same_bytes(crawl):
    """The crawl of seed 1 has these bytes, in this order, on every platform."""
    digest = hashlib.sha256("\0".join([*crawl.ids, *crawl.texts]).encode()).hexdigest()
    assert digest == "6fb4157a5d9cf103b9e34b998e5d191d82c889a1265811aad753be11514d59a5"
    repeated = datasets.crawl(0.5, np.int64(1))
    assert (
        repeated.ids == crawl.ids
        and repeated.texts == crawl.texts
        and (repeated.origin == crawl.origin).all()
    )
    assert datasets.crawl(0.5, 2).texts != crawl.texts


def test_a_crawl_without_redundancy_has_no_copies():
    """A crawl without redundancy has every page once and no copies."""
    crawl = datasets.crawl(0)
    assert set(crawl.copy) == {"original"} and len(set(crawl.texts)) == len(crawl.texts)
    assert crawl.redundancy == 0


def test_one_page_is_enough():
    """A crawl can be made from a single short page, and all its documents derive from it."""
    crawl = module.simulate(["a"], ["one two three four five six seven eight nine ten " * 4], 0.8, 3)
    assert crawl.copy.count("original") == 1 and (crawl.origin == 0).all() and len(crawl.ids) > 2
    assert crawl.redundancy == pytest.approx(0.8, abs=0.2)


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"redundancy": -0.1}, ValueError, r"redundancy must be in \[0, 0.9\], not -0.1"),
        ({"redundancy": 0.91}, ValueError, "redundancy"),
        ({"redundancy": float("nan")}, ValueError, "redundancy .* not nan"),
        ({"redundancy": "half"}, TypeError, "redundancy must be a number .* not 'half'"),
        ({"redundancy": True}, TypeError, "redundancy"),
        ({"seed": -1}, ValueError, r"seed must be in \[0, 2\*\*32\), not -1"),
        ({"seed": 2**32}, ValueError, "seed"),
        ({"seed": 1.5}, TypeError, "seed must be a whole number"),
        ({"seed": None}, TypeError, "seed"),
    ],
)
def test_bad_settings_are_refused(kwargs, error, message):
    """A share or a seed that is not allowed is refused by name, with what is allowed."""
    with pytest.raises(error, match=message):
        datasets.crawl(**kwargs)


@pytest.mark.parametrize(
    ("ids", "pages", "error", "message"),
    [
        ([], [], ValueError, "at least one"),
        (["a"], ["x", "y"], ValueError, "the same length"),
        (["a"], [None], TypeError, r"pages\[0\] is None"),
        (["a", "b"], ["x", "  "], ValueError, r"pages\[1\] has none"),
    ],
)
def test_bad_pages_are_refused(ids, pages, error, message):
    """Pages that are missing, not texts, or empty are refused by name."""
    with pytest.raises(error, match=message):
        module.simulate(ids, pages)
