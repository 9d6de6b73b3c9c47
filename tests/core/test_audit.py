"""The audit: exact removal against brute force, held-out text without leaks, and the licence texts."""

from itertools import combinations
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataselect_core import datasets
from dataselect_core.dedup.audit import CHAINED, FLOOR, HELDOUT_THRESHOLD, Audit
from dataselect_core.learners.bigram import BigramModel
from dataselect_core.lsh import candidate_pairs, collision_probability, optimal_bands
from dataselect_core.shingles import tokens

WIDTH = 2
LEVELS = [percent / 100 for percent in range(100, 49, -1)]


def corpus(seed, originals=12, copies=18):
    """Generated texts of a few words, some of which are edited copies of others, in shuffled order."""
    random = Random(seed)
    words = [f"w{k}" for k in range(60)]
    texts = [" ".join(random.choices(words, k=random.randint(4, 30))) for _ in range(originals)]
    for _ in range(copies):  # copies of copies too, to get chains
        copy = random.choice(texts).split()
        for _ in range(random.randint(0, 3)):
            copy[random.randrange(len(copy))] = random.choice(words)
        texts.append(" ".join(copy))
    random.shuffle(texts)
    return texts


def shingles(text):
    """The shingles of a text as a set of tuples, without hashing."""
    words = tokens(text)
    if len(words) < WIDTH:
        return {tuple(words)} if words else set()
    return {tuple(words[k : k + WIDTH]) for k in range(len(words) - WIDTH + 1)}


def jaccard(a, b):
    """Jaccard similarity of two texts, by its definition."""
    a, b = shingles(a), shingles(b)
    return len(a & b) / len(a | b) if a and b else 0.0


def first_in_cluster(n, pairs):
    """For each document, the smallest index in its cluster, by union-find."""
    parent = list(range(n))

    def find(i):
        while parent[i] != i:
            i = parent[i]
        return i

    for i, j in pairs:
        low, high = sorted((find(i), find(j)))
        parent[high] = low
    return [find(i) for i in range(n)]


def similar_pairs(texts, threshold):
    """All pairs of texts at least as similar as the threshold."""
    return [(i, j) for i, j in combinations(range(len(texts)), 2) if jaccard(texts[i], texts[j]) >= threshold]


@pytest.fixture(scope="module", params=range(4))
def texts_and_audit(request):
    """Generated texts and their audit."""
    texts = corpus(request.param)
    return texts, Audit(texts, width=WIDTH, num_perm=64, seed=request.param)


@pytest.fixture(scope="module")
def licences():
    """The audit of the licence texts."""
    return Audit(datasets.licences().texts)


@pytest.fixture(scope="module")
def crawl():
    """The simulated crawl, and its audit."""
    data = datasets.crawl(0.5, 1)
    return data, Audit(data.texts)


def test_words_and_pairs_equal_brute_force(texts_and_audit):
    """Words are separated by white space, and the exact pairs are all pairs from the floor up and no others."""
    texts, audit = texts_and_audit
    assert audit.mass.tolist() == [len(text.split()) for text in texts]
    expected = similar_pairs(texts, FLOOR)
    assert [tuple(pair) for pair in audit.pairs.tolist()] == expected
    assert audit.similarity.tolist() == [jaccard(texts[i], texts[j]) for i, j in expected]


def test_exact_similarity_equals_the_definition_for_any_pair(texts_and_audit):
    """Any pair has its exact similarity, or 0 below the floor."""
    texts, audit = texts_and_audit
    pairs = list(combinations(range(len(texts)), 2))
    expected = [jaccard(texts[i], texts[j]) for i, j in pairs]
    assert audit.exact(pairs).tolist() == [s if s >= FLOOR else 0.0 for s in expected]
    assert audit.exact([]).shape == (0,)


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.75, 0.9, 1.0])
def test_exact_removal_equals_union_find(texts_and_audit, threshold):
    """The first document of each component of the exact pairs is kept, and everything removed is counted."""
    texts, audit = texts_and_audit
    point = audit.exact_at(threshold)
    pairs = similar_pairs(texts, threshold)
    cluster = first_in_cluster(len(texts), pairs)
    removed = [i for i, kept in enumerate(cluster) if kept != i]
    assert [tuple(pair) for pair in point.pairs.tolist()] == pairs
    assert point.cluster.tolist() == cluster
    assert np.flatnonzero(~point.keep).tolist() == removed
    assert point.documents_removed == len(removed)
    assert point.words_removed == sum(len(texts[i].split()) for i in removed)
    assert (point.bands, point.rows, point.missed, point.false_positives) == (0, 0, 0, 0)
    assert point.recall == (1.0 if pairs else None)
    assert point.expected_recall is None


@pytest.mark.parametrize("threshold", [0.5, 0.75, 1.0])
def test_chained_documents_differ_from_their_kept_document(texts_and_audit, threshold):
    """A removed document is chained if its own similarity to the kept document is below the stated share."""
    texts, audit = texts_and_audit
    for point in (audit.exact_at(threshold), audit.at(threshold)):
        chained = [
            i
            for i, kept in enumerate(point.cluster.tolist())
            if kept != i and jaccard(texts[kept], texts[i]) < CHAINED
        ]
        assert point.chained == len(chained)


def test_the_audit_counts_chained_documents():
    """If only neighbours of three texts are alike, the third is removed because of the second."""
    texts = ["a b c d e f g h", "a b c d e f g h i j k l", "c d e f g h i j k l m n", "z y x w v u t s r q"]
    audit = Audit(texts, width=1)
    assert audit.exact([(0, 1), (1, 2), (0, 2)]).tolist() == [8 / 12, 10 / 14, 6 / 14]
    point = audit.exact_at(0.6)
    assert point.cluster.tolist() == [0, 0, 0, 3]
    assert (point.documents_removed, point.chained) == (2, 1)


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
def test_lsh_counts_equal_a_comparison_with_all_pairs(texts_and_audit, threshold):
    """Found, missed and false pairs match a comparison of the candidate pairs with brute force."""
    texts, audit = texts_and_audit
    point = audit.at(threshold)
    assert (point.bands, point.rows) == optimal_bands(threshold, 64)
    candidates = {tuple(pair) for pair in candidate_pairs(audit.signatures, point.bands, point.rows).tolist()}
    true_pairs = set(similar_pairs(texts, threshold))
    assert {tuple(pair) for pair in point.proposed.tolist()} == candidates
    assert {tuple(pair) for pair in point.pairs.tolist()} == true_pairs & candidates
    assert (point.candidates, point.true_pairs, point.found_pairs) == (
        len(candidates),
        len(true_pairs),
        len(true_pairs & candidates),
    )
    assert (point.missed, point.false_positives) == (
        len(true_pairs - candidates),
        len(candidates - true_pairs),
    )
    assert point.cluster.tolist() == first_in_cluster(len(texts), true_pairs & candidates)
    assert point.recall == len(true_pairs & candidates) / len(true_pairs)
    curve = [1 - (1 - jaccard(texts[i], texts[j]) ** point.rows) ** point.bands for i, j in true_pairs]
    assert point.expected_recall == pytest.approx(sum(curve) / len(curve), rel=1e-12)


def test_bands_and_rows_can_be_given(texts_and_audit):
    """Bands and rows can be given; with one row per band, any shared value makes a pair a candidate."""
    _texts, audit = texts_and_audit
    point = audit.at(0.7, bands=64, rows=1)
    assert (point.bands, point.rows, point.threshold) == (64, 1, 0.7)
    assert point.candidates >= audit.at(0.7).candidates
    with pytest.raises(ValueError, match="bands \\* rows must be at most num_perm = 64, not 13 \\* 5"):
        audit.at(0.7, 13, 5)
    for arguments in ({"bands": 4}, {"rows": 4}):
        with pytest.raises(ValueError, match="bands and rows must be given together or not at all"):
            audit.at(0.7, **arguments)


@given(st.integers(0, 10**6), st.floats(0.5, 1), st.floats(0.5, 1))
@settings(max_examples=25, deadline=None)
def test_a_higher_threshold_never_removes_more(seed, first, second):
    """A lower threshold also removes every document that a higher threshold removes, by exact similarity."""
    audit = Audit(corpus(seed, 6, 9), width=WIDTH, num_perm=8)
    low, high = audit.exact_at(min(first, second)), audit.exact_at(max(first, second))
    assert set(np.flatnonzero(~high.keep)) <= set(np.flatnonzero(~low.keep))
    assert high.words_removed <= low.words_removed


@pytest.mark.parametrize("seed", range(8))
def test_training_texts_have_no_near_duplicate_in_the_held_out_texts(seed):
    """Held-out and training texts together are all texts, and no pair across the two reaches the lowest threshold."""
    texts = corpus(seed)
    audit = Audit(texts, width=WIDTH, num_perm=16, seed=seed)
    train, heldout = audit.train_index.tolist(), audit.heldout_index.tolist()
    assert sorted(train + heldout) == list(range(len(texts)))
    assert heldout
    assert max(jaccard(texts[i], texts[j]) for i in train for j in heldout) < HELDOUT_THRESHOLD
    assert sorted(audit.plan.train_index.tolist()) == train


def test_clusters_never_join_training_and_held_out_texts(texts_and_audit):
    """No training text is ever removed in favour of a held-out text, or the other way round."""
    _, audit = texts_and_audit
    is_heldout = np.isin(np.arange(len(audit)), audit.heldout_index)
    for threshold in (0.5, 0.7, 0.9):
        for point in (audit.at(threshold), audit.exact_at(threshold)):
            assert (is_heldout[point.cluster] == is_heldout).all()


def test_the_curves_equal_a_model_trained_from_scratch(texts_and_audit):
    """Raw and kept losses equal those of a bigram model trained on these documents alone."""
    texts, audit = texts_and_audit
    point = audit.at(0.6)
    learning = audit.learning(point)
    heldout = [texts[i] for i in audit.heldout_index]
    for curve, indices in (
        (learning.raw, audit.train_index),
        (learning.kept, [i for i in audit.train_index if point.keep[i]]),
    ):
        model = BigramModel(vocabulary=audit.plan.vocabulary).fit([texts[i] for i in indices])
        assert curve.loss[-1] == pytest.approx(model.log_loss(heldout), rel=1e-12)
        assert (curve.operations[-1], curve.tokens[-1]) == (model.operations, model.tokens)
        assert curve.documents[-1] == len(indices)
    distinct = {word for text in texts for word in tokens(text)}
    assert learning.uniform_loss == pytest.approx(np.log(len(distinct) + 1), rel=1e-12)
    assert learning.loss_change == learning.kept.loss[-1] - learning.raw.loss[-1]
    assert learning.icr_raw == pytest.approx(
        (learning.uniform_loss - learning.raw.loss[-1]) / learning.raw.operations[-1], rel=1e-12
    )
    assert learning.icr_kept == pytest.approx(
        (learning.uniform_loss - learning.kept.loss[-1]) / learning.kept.operations[-1], rel=1e-12
    )


def test_tokens_saved_are_measured_at_the_best_raw_loss(licences):
    """The share is read from both curves, log-linear between checkpoints, at the raw curve's lowest loss."""
    learning = licences.learning(licences.at(0.7))
    raw, kept = learning.raw, learning.kept
    best = int(np.argmin(raw.loss))
    after = int(np.argmax(kept.loss <= raw.loss[best]))
    tokens_needed = np.exp(
        np.interp(
            -raw.loss[best], -kept.loss[after - 1 : after + 1], np.log(kept.tokens[after - 1 : after + 1])
        )
    )
    assert learning.tokens_saved_share == pytest.approx(1 - tokens_needed / raw.tokens[best], rel=1e-9)


def test_without_duplicates_nothing_changes():
    """Without duplicates nothing is removed: same curve, no recall, and no threshold that removes 30 %."""
    texts = [" ".join(f"t{k}w{j}" for j in range(9)) + " the end" for k in range(20)]
    audit = Audit(texts)
    point = audit.at(0.5)
    assert point.keep.all()
    assert (point.true_pairs, point.recall, point.expected_recall, point.chained) == (0, None, None, 0)
    learning = audit.learning(point)
    assert learning.loss_change == 0
    assert learning.icr_kept == learning.icr_raw
    assert learning.tokens_saved_share == 0
    assert audit.where_removed(0.3) is None
    mean, recall, pairs = audit.recall_by_similarity(point)
    assert mean.size == recall.size == pairs.size == 0


def test_tokens_saved_is_none_if_the_kept_texts_teach_less():
    """If copies teach the test text best, the deduplicated corpus never reaches the raw loss."""
    near_copies = [f"alpha beta gamma delta {end}" for end in ("one", "two", "three", "four", "five", "six")]
    test = "alpha beta gamma delta " + " ".join(f"u{k}" for k in range(8))
    rest = " ".join(f"v{k}" for k in range(100))
    audit = Audit([test, *near_copies, rest], width=1)
    assert audit.heldout_index.tolist() == [0]
    learning = audit.learning(audit.exact_at(0.6))
    assert learning.tokens_saved_share is None
    assert learning.loss_change > 0


def scan(audit, share):
    """The threshold whose removal is nearest to a share, found by trying all of them from the highest down."""
    removed = [audit.exact_at(level).documents_removed for level in LEVELS]
    requested_count = share * len(audit)
    nearest = min(range(len(LEVELS)), key=lambda k: (abs(removed[k] - requested_count), k))
    return None if removed[nearest] < requested_count / 2 else (LEVELS[nearest], removed[nearest])


@pytest.mark.parametrize("share", [0.01, 0.1, 0.25, 0.3, 0.45, 0.5, 0.6, 0.9, 0.99])
def test_where_removed_returns_the_nearest_threshold(texts_and_audit, share):
    """The result equals that of a plain scan: nearest share, then highest threshold, None if nothing is near."""
    _, audit = texts_and_audit
    point = audit.where_removed(share)
    expected = scan(audit, share)
    assert (point and (point.threshold, point.documents_removed)) == expected
    if point:
        assert (point.keep == audit.exact_at(point.threshold).keep).all()


@given(st.integers(0, 10**6), st.floats(0.01, 0.99))
@settings(max_examples=25, deadline=None)
def test_where_removed_equals_a_scan_on_any_corpus(seed, share):
    """The same holds for many small corpora, where several thresholds often remove the same documents."""
    audit = Audit(corpus(seed, 4, 5), width=WIDTH, num_perm=4)
    point = audit.where_removed(share)
    assert (point and (point.threshold, point.documents_removed)) == scan(audit, share)


def test_recall_by_similarity_counts_every_pair_once(texts_and_audit):
    """The bins hold all exact pairs, their mean similarity and the share that LSH proposed, by plain counting."""
    texts, audit = texts_and_audit
    point = audit.at(0.7)
    proposed = {tuple(pair) for pair in point.proposed.tolist()}
    bins = {}
    for i, j in similar_pairs(texts, FLOOR):
        similarity = jaccard(texts[i], texts[j])
        position = min(int((similarity - FLOOR) / 0.1 + 1e-9), 6)
        bins.setdefault(position, []).append((similarity, (i, j) in proposed))
    mean, recall, pairs = audit.recall_by_similarity(point, width=0.1)
    assert pairs.sum() == len(audit.pairs)
    assert pairs.tolist() == [len(bins[k]) for k in sorted(bins)]
    assert mean.tolist() == pytest.approx([np.mean([s for s, _ in bins[k]]) for k in sorted(bins)])
    assert recall.tolist() == pytest.approx([np.mean([p for _, p in bins[k]]) for k in sorted(bins)])


def test_identical_texts_are_in_the_last_bin():
    """A similarity of exactly 1 belongs to the highest bin, whatever its width."""
    audit = Audit(["a b c d e f"] * 3 + ["u v w x y z"] * 2)
    for width in (0.05, 0.1, 0.3, 0.7):
        mean, recall, pairs = audit.recall_by_similarity(audit.at(0.9), width)
        assert (mean.tolist(), recall.tolist(), pairs.tolist()) == ([1.0], [1.0], [4])


@pytest.mark.parametrize(
    ("threshold", "pairs", "documents", "words"),
    [
        (0.5, 1257, 0.4127, 0.6593),
        (0.7, 639, 0.2875, 0.5738),
        (0.9, 173, 0.1348, 0.3320),
    ],
)
def test_removal_on_the_licences_equals_known_values(licences, threshold, pairs, documents, words):
    """Exact pairs and removed shares on the licence texts equal the known values."""
    point = licences.exact_at(threshold)
    assert point.true_pairs == pairs
    assert round(point.documents_removed / 727, 4) == documents
    assert round(point.words_removed / 772233, 4) == words


def test_a_threshold_of_068_removes_thirty_percent_of_the_licences(licences):
    """A threshold of .68 removes 30 % of the documents and 59 % of the words: the redundant texts are long."""
    point = licences.where_removed(0.3)
    assert point.threshold == 0.68
    assert round(point.documents_removed / 727, 4) == 0.2999
    assert round(point.words_removed / 772233, 4) == 0.5900


def test_recall_on_the_crawl_follows_the_s_curve(crawl):
    """On thousands of pairs the measured recall is near the curve's mean, in total and in the fuller bins."""
    _, audit = crawl
    point = audit.at(0.7)
    assert abs(point.recall - point.expected_recall) < 0.03
    mean, recall, pairs = audit.recall_by_similarity(point)
    full_bins = pairs >= 100
    curve = collision_probability(mean[full_bins], point.bands, point.rows)
    assert full_bins.sum() >= 5
    assert np.abs(recall[full_bins] - curve).max() < 0.1


def test_pairs_on_the_crawl_join_copies_of_one_page(crawl):
    """Every pair found on the crawl joins copies of one page, and most such pairs are found."""
    data, audit = crawl
    pairs = audit.at(0.5).pairs
    assert (data.origin[pairs[:, 0]] == data.origin[pairs[:, 1]]).all()
    sizes = np.bincount(data.origin)
    assert len(pairs) > 0.9 * (sizes * (sizes - 1) // 2).sum()


def test_stepwise_gives_the_same_audit():
    """The steps have labels and rising shares below 1, and the last one is the audit that the class itself makes."""
    texts = corpus(1)
    *steps, last = Audit.stepwise(texts, WIDTH, 16, 3)
    assert all(label for label, _ in steps)
    shares = [share for _, share in steps]
    assert shares == sorted(set(shares))
    assert 0 <= shares[0] <= shares[-1] < 1
    audit = Audit(texts, WIDTH, 16, 3)
    assert isinstance(last, Audit)
    assert (last.signatures == audit.signatures).all()
    assert (last.raw.loss == audit.raw.loss).all()
    assert (last.heldout_index == audit.heldout_index).all()


def test_the_seed_decides_permutations_and_held_out_set():
    """The same seed gives the same audit; another seed gives another held-out set and other signatures."""
    texts = corpus(2)
    first, repeated, other = (Audit(texts, num_perm=16, seed=seed) for seed in (1, 1, 2))
    assert (first.raw.loss == repeated.raw.loss).all()
    assert (first.signatures != other.signatures).any()
    assert first.heldout_index.tolist() != other.heldout_index.tolist()


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        ("one text", TypeError, "texts must be a list of str, one per document, not a str"),
        ([], ValueError, "texts must hold at least one document, not none"),
        (["a b", 3], TypeError, "texts\\[1\\] must be a str, not int"),
        (["a b c"], ValueError, "cluster must hold at least two clusters to split, not 1"),
        (["", " \n"], ValueError, "texts must hold at least one word"),
    ],
)
def test_invalid_texts_are_refused(texts, error, message):
    """A single text, no texts, items that are not texts, and too few words or clusters are refused."""
    with pytest.raises(error, match=message):
        Audit(texts)


@pytest.mark.parametrize("method", ["at", "exact_at"])
def test_thresholds_out_of_range_are_refused(texts_and_audit, method):
    """A threshold below the one for the held-out set, above 1, NaN or of another type is refused by name."""
    for threshold in (0.49, 1.01, 0, -1, float("nan")):
        with pytest.raises(ValueError, match="threshold must"):
            getattr(texts_and_audit[1], method)(threshold)
    for threshold in ("0.7", None, True):
        with pytest.raises(TypeError, match="threshold must be a number"):
            getattr(texts_and_audit[1], method)(threshold)


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_shares_out_of_range_are_refused(texts_and_audit, share):
    """A share of documents must be strictly between 0 and 1."""
    with pytest.raises(ValueError, match="share must lie strictly between 0 and 1"):
        texts_and_audit[1].where_removed(share)
