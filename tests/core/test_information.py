"""Learning curves equal models fitted from scratch; the ICR is the slope of the curve; the split never leaks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataselect_core.information import (
    Curve,
    heldout_split,
    icr,
    last_icr,
    learning_curve,
    prepare,
    tokens_to_reach,
)
from dataselect_core.learners import BigramModel

words = st.lists(st.sampled_from("abcdefghij"), max_size=15)


def corpus(n=60, seed=0):
    """Documents of a small language with frequent and rare words; some are empty, and some are copies."""
    rng = np.random.default_rng(seed)
    documents = [[f"w{int(w)}" for w in rng.zipf(1.4, rng.integers(0, 60)) if w < 500] for _ in range(n)]
    documents[5] = []
    return documents + documents[:10]


def check(curve, documents, order, heldout, vocabulary, discount=0.75):
    """Compare every point of a curve with a model fitted from scratch."""
    for i, end in enumerate(curve.documents):
        model = BigramModel(discount, vocabulary).fit([documents[j] for j in order[:end]])
        assert curve.loss[i] == pytest.approx(model.log_loss(heldout), abs=1e-12)
        assert curve.tokens[i] == model.tokens
        assert curve.operations[i] == model.operations
        assert curve.parameters[i] == model.parameters
        assert curve.flops[i] == 6 * model.parameters * model.tokens


@pytest.mark.parametrize("seed", [None, 1, 2])
@pytest.mark.parametrize("checkpoints", [1, 12, [1, 2, 7, 30]])
def test_the_curve_equals_models_fitted_from_scratch(seed, checkpoints):
    """Loss, tokens, operations, parameters and FLOPs at each checkpoint equal those of a fresh model."""
    documents = corpus()
    test = np.arange(0, 70, 7)
    train = np.setdiff1d(np.arange(70), test)
    plan = prepare(documents, train, test, seed=seed)
    keep = np.random.default_rng(3).random(70) < 0.8
    order = plan.train_index[keep[plan.train_index]]
    heldout = [documents[i] for i in test]
    check(plan.curve(keep, checkpoints), documents, order, heldout, plan.vocabulary)
    check(plan.curve(None, checkpoints), documents, plan.train_index, heldout, plan.vocabulary)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(words, min_size=1, max_size=8),
    st.lists(words, min_size=1, max_size=3),
    st.integers(1, 9),
    st.floats(0.1, 0.9),
)
def test_the_curve_of_any_corpus_equals_models_fitted_from_scratch(documents, heldout, checkpoints, discount):
    """On any documents, even empty ones, a learning curve equals models fitted from scratch."""
    documents, heldout = [*documents, ["a", "b"]], [*heldout, ["b", "x"]]
    curve = learning_curve(documents, heldout, checkpoints, discount=discount)
    size = len({w for d in documents + heldout for w in d}) + 1
    check(curve, documents, range(len(documents)), heldout, size, discount)
    assert curve.documents[-1] == len(documents) or not any(documents[curve.documents[-1] :])


@pytest.mark.parametrize("checkpoints", [254, 255, 256, 257, 300])
def test_a_curve_with_many_checkpoints_is_exact(checkpoints):
    """A curve with a point after each of hundreds of documents is as exact as one with a few points."""
    documents = [["a", f"w{i % 7}", f"v{i % 11}"] for i in range(300)]
    heldout = [["a", "w3", "v3", "a"]]
    curve = learning_curve(documents, heldout, list(range(1, checkpoints + 1)))
    assert curve.loss.size == checkpoints
    for i in (0, 100, checkpoints - 2, checkpoints - 1):
        model = BigramModel(vocabulary=20).fit(documents[: i + 1])
        assert curve.loss[i] == pytest.approx(model.log_loss(heldout), abs=1e-12)
        assert curve.operations[i] == model.operations


def test_checkpoints_are_at_equal_shares():
    """Each checkpoint is the first end of a document at or after its share of the words; the last one is the end."""
    documents = [["a"] * 10 for _ in range(40)]
    curve = learning_curve(documents, [["a"]], 8)
    assert curve.tokens.tolist() == [50 * i for i in range(1, 9)]
    uneven = learning_curve([["a"] * 90, ["a"] * 5, ["a"] * 5], [["a"]], 10)
    assert uneven.documents.tolist() == [1, 3]
    assert uneven.tokens[-1] == 100


def test_the_seed_decides_the_order_of_reading():
    """The seed sets the order; None keeps the given one; the same seed gives exactly the same curve."""
    documents = corpus()
    train, test = np.arange(60), np.arange(60, 70)
    unshuffled = prepare(documents, train, test, seed=None)
    assert unshuffled.train_index.tolist() == train.tolist()
    first, repeated, other = (prepare(documents, train, test, seed=s) for s in (1, 1, 2))
    assert first.curve().loss.tobytes() == repeated.curve().loss.tobytes()
    assert first.train_index.tolist() != other.train_index.tolist()
    assert sorted(first.train_index) == train.tolist()
    assert first.curve().loss[-1] == pytest.approx(other.curve().loss[-1], abs=1e-12)


def test_duplicates_cost_compute_and_lower_the_icr():
    """Copies cost as many operations as fresh text, but a corpus without them has a higher ICR."""
    rng = np.random.default_rng(4)
    table = rng.dirichlet(np.full(40, 0.05), size=40)

    def write(n):
        word, out = 0, []
        for _ in range(n):
            word = int(rng.choice(40, p=table[word]))
            out.append(f"w{word}")
        return out

    unique, heldout = [write(60) for _ in range(30)], [write(400)]
    raw = [d for d in unique for _ in range(4)]
    with_copies, without_copies = learning_curve(raw, heldout, 5), learning_curve(unique, heldout, 5)
    assert with_copies.tokens[-1] == 4 * without_copies.tokens[-1]
    uniform = np.log(41)
    assert (uniform - without_copies.loss[-1]) / without_copies.operations[-1] > (
        uniform - with_copies.loss[-1]
    ) / with_copies.operations[-1]


def test_the_icr_equals_the_slope_of_known_curves():
    """A straight line has its slope everywhere; the slope of a logarithm is one over the compute."""
    compute = np.array([1.0, 2.0, 4.0, 7.0])
    assert icr(3 * compute + 1, compute) == pytest.approx([3, 3, 3, 3])
    c = np.geomspace(1, 100, 4000)
    assert icr(np.log(c), c)[1:-1] * c[1:-1] == pytest.approx(np.ones(3998), rel=1e-5)
    uneven = np.array([1.0, 2.0, 4.0, 7.0, 20.0])
    assert icr(uneven**2, uneven)[1:-1] == pytest.approx(2 * uneven[1:-1])
    assert icr([0, 5], [0, 10]) == pytest.approx([0.5, 0.5])
    assert icr([2, 1], [1, 2])[0] == -1


@pytest.mark.parametrize(
    ("progress", "flops"),
    [
        ([1], [1]),
        ([1, 2], [1, 2, 3]),
        ([1, 2], [2, 2]),
        ([1, 2], [2, 1]),
        ([1, np.nan], [1, 2]),
        ([1, 2], [1, np.inf]),
        ([[1, 2]], [[1, 2]]),
    ],
)
def test_icr_refuses_curves_without_a_slope(progress, flops):
    """Too few points, unequal lengths, compute that does not rise, and NaN are refused by name."""
    with pytest.raises(ValueError, match="progress|flops"):
        icr(progress, flops)


def curve_of(tokens, loss):
    zeros = np.zeros(len(tokens))
    return Curve(zeros, np.array(tokens), zeros, zeros, zeros, np.array(loss))


def test_tokens_to_reach_returns_the_first_crossing():
    """The first crossing counts, with a logarithmic scale between points; a loss never reached gives None."""
    curve = curve_of([100, 1000, 10000, 20000], [5.0, 4.0, 3.0, 3.5])
    assert tokens_to_reach(curve, 3.5) == pytest.approx(1000 * 10**0.5)
    assert tokens_to_reach(curve, 4.0) == pytest.approx(1000)
    assert tokens_to_reach(curve, 6.0) == 100
    assert tokens_to_reach(curve, 2.9) is None
    with pytest.raises(ValueError, match="loss must be finite"):
        tokens_to_reach(curve, float("nan"))


def test_progress_starts_at_zero():
    """Progress is the reduction of the loss since the first checkpoint."""
    assert curve_of([1, 2, 3], [5.0, 4.0, 4.5]).progress.tolist() == [0, 1, 0.5]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 50)), min_size=2, max_size=30),
    st.floats(0.05, 0.6),
    st.integers(0, 100),
)
def test_the_split_never_cuts_a_cluster(documents, share, seed):
    """The two sides are disjoint and cover everything, and no cluster is on both sides."""
    cluster = np.array([0, 99] + [c for c, _ in documents])
    size = np.array([10, 10] + [w for _, w in documents])
    train, heldout = heldout_split(cluster, share, seed, size)
    assert sorted([*train, *heldout]) == list(range(cluster.size))
    assert not set(cluster[train]) & set(cluster[heldout])
    assert train.size and heldout.size
    if np.unique(cluster[heldout]).size > 1:
        assert size[heldout].sum() <= share * size.sum() + 1e-9


def test_the_split_reaches_its_share():
    """With small clusters the held-out words are close to the share and not above it, for every seed."""
    size = np.random.default_rng(0).integers(1, 100, 500)
    splits = [heldout_split(np.arange(500) // 2, 0.1, seed, size)[1] for seed in range(5)]
    for heldout in splits:
        assert 0.098 < size[heldout].sum() / size.sum() <= 0.1
    assert len({tuple(h) for h in splits}) == 5
    assert heldout_split(np.arange(500) // 2, 0.1, 3, size)[1].tolist() == splits[3].tolist()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cluster": [0, 0, 0]}, "two clusters"),
        ({"cluster": [0.0, 1.0]}, "integer labels"),
        ({"cluster": [0, 1], "share": 0}, "share must be strictly"),
        ({"cluster": [0, 1], "share": float("nan")}, "share must be strictly"),
        ({"cluster": [0, 1], "words": [1]}, "words must be 2"),
        ({"cluster": [0, 1], "words": [1, -1]}, "words must be 2"),
    ],
)
def test_the_split_refuses_bad_arguments(arguments, message):
    """A single cluster, a share outside (0, 1) and wrong word counts are refused by name."""
    with pytest.raises(ValueError, match=message):
        heldout_split(**arguments)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: p.curve(np.ones(3, dtype=bool)), "keep must be a mask of 70"),
        (lambda p: p.curve(np.ones(70, dtype=int)), "keep must be a mask of 70"),
        (lambda p: p.curve(np.zeros(70, dtype=bool)), "keep must leave at least one"),
        (lambda p: p.curve(checkpoints=0), "checkpoints must be between 1 and"),
        (lambda p: p.curve(checkpoints=[3, 2]), "checkpoints must be strictly increasing"),
        (lambda p: p.curve(checkpoints=[1, 1000]), "checkpoints must be strictly increasing"),
        (lambda p: p.curve(checkpoints=2.5), "checkpoints must be a whole number"),
        (lambda p: prepare(corpus(), [0, 1], [1, 2]), "must not share a document"),
        (lambda p: prepare(corpus(), [0, 700], [1]), "train_index must hold distinct"),
        (lambda p: prepare(corpus(), [0], []), "heldout_index must be a non-empty"),
        (lambda p: prepare(corpus(), [0], [5]), "heldout_index must hold at least one document with words"),
        (lambda p: prepare(corpus(), [0], [1], discount=2), "discount must lie"),
    ],
)
def test_the_plan_refuses_bad_arguments(call, message):
    """Masks, checkpoints and document numbers that do not fit are refused by name."""
    plan = prepare(corpus(), np.arange(60), np.arange(60, 70))
    with pytest.raises(ValueError, match=message):
        call(plan)


def test_a_masked_curve_equals_a_model_of_the_kept_documents():
    """With a mask the curve equals a model trained only on the kept documents, with the vocabulary of all."""
    documents, heldout = corpus(), corpus(8, seed=9)
    keep = np.random.default_rng(2).random(len(documents)) < 0.5
    curve = learning_curve(documents, heldout, checkpoints=4, keep=keep)
    order = np.flatnonzero(keep)
    vocabulary = len({word for document in documents + heldout for word in document}) + 1
    check(curve, documents, order, heldout, vocabulary)
    assert curve.documents[-1] == order.size
    for wrong in (keep[1:], keep.astype(int)):
        with pytest.raises(ValueError, match=f"keep must be a mask of {keep.size} booleans"):
            learning_curve(documents, heldout, keep=wrong)


@given(st.integers(2, 30), st.floats(0.05, 1), st.integers(0, 2**32 - 1))
def test_the_marginal_icr_is_the_slope_of_the_last_stretch(size, share, seed):
    """It equals a least-squares line through the two ends of that stretch, whose start is found by a plain scan."""
    generator = np.random.default_rng(seed)
    spent, learned = np.cumsum(generator.uniform(0.1, 2, size)), generator.normal(size=size)
    start = next(i for i in range(size) if spent[i] >= (1 - share) * spent[-1] or i == size - 2)
    ends = [start, size - 1]
    slope = np.polynomial.Polynomial.fit(spent[ends], learned[ends], 1).convert().coef[1:]
    expected = slope[0] if slope.size else 0.0
    assert last_icr(learned, spent, share) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_curve_that_flattens_has_a_small_marginal_icr():
    """For progress that grows with the logarithm of compute, the end teaches far less than the mean of the run."""
    spent = np.arange(1.0, 101)
    learned = np.log(spent)
    assert last_icr(learned, spent) == pytest.approx(np.log(100 / 80) / 20)
    assert last_icr(learned, spent) < learned[-1] / spent[-1] / 3


@pytest.mark.parametrize("share", [0, -0.1, 1.1])
def test_a_share_of_the_curve_is_above_0_and_at_most_1(share):
    """A share out of its range is refused by name."""
    with pytest.raises(ValueError, match="share must be above 0 and at most 1"):
        last_icr([0, 1], [1, 2], share)
