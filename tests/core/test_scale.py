"""The audit's redundancy at scale: by hand, and compared with the scaling laws."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataselect_core.economics import Assumptions
from dataselect_core.economics.scale import at_scale, place_in_fit
from dataselect_core.scaling import clustered_loss, data_constrained_loss, effective_data

COPIES = st.lists(st.integers(0, 500), max_size=4)
SIZES = st.lists(st.tuples(st.integers(1, 500), COPIES), min_size=1, max_size=8)


def corpus(sizes):
    """Clusters of (words of the kept text, words of its copies) as the two arrays that `at_scale` takes."""
    cluster, words = [], []
    for kept, copies in sizes:
        first = len(words)
        cluster += [first] * (1 + len(copies))
        words += [kept, *copies]
    return np.array(cluster), np.array(words)


def test_tokens_and_costs_equal_a_computation_by_hand():
    """Three texts, one of them a copy: tokens, FLOPs, hours and dollars as worked out on paper."""
    prices = Assumptions(gpu_hour_price=3.0, utilisation=0.4, peak_flops=1e15)
    scale = at_scale([0, 0, 2], [100, 100, 300], 1e9, 5e10, 8e12, prices)
    assert (scale.parameters, scale.tokens) == (1e9, 5e10)
    assert scale.tokens_after == pytest.approx(4e10)
    assert scale.flops == pytest.approx(6 * 1e9 * 5e10)
    assert scale.flops_after == pytest.approx(6 * 1e9 * 4e10)
    hours = 3e20 / (0.4 * 1e15 * 3600)
    assert scale.gpu_hours == pytest.approx(hours)
    assert scale.gpu_hours_after == pytest.approx(0.8 * hours)
    assert scale.dollars == pytest.approx(3 * hours)
    assert scale.dollars_after == pytest.approx(2.4 * hours)
    # One copy: R = 1, so the cluster's 1e10 tokens are worth 1e10 (1 + R* (1 - exp(-1 / R*))).
    worth = 1e10 * (1 + 15.387756 * (1 - math.exp(-1 / 15.387756))) + 3e10
    assert scale.effective_tokens == pytest.approx(worth, rel=1e-9)
    cores = 8e12 / prices.signature_rate / 3600
    read_dollars = math.ceil(8e12 / prices.object_bytes) * prices.read_request_price
    assert scale.indexing_dollars == pytest.approx(
        cores * prices.index_overhead * prices.vcpu_hour_price + read_dollars
    )
    assert at_scale([0, 0, 2], [100, 100, 300], 1e9, 5e10).indexing_dollars == 0


def test_the_prices_of_the_lab_are_the_default():
    """Without assumptions the lab's own prices are used."""
    assert at_scale([0], [1], 1e9, 1e9) == at_scale([0], [1], 1e9, 1e9, 0.0, Assumptions())


@given(st.lists(st.integers(1, 900), min_size=1, max_size=9), st.integers(1, 60), st.floats(1e6, 1e12))
def test_even_copies_follow_the_even_law(words, copies, parameters):
    """If every text has the same number of copies, loss and worth equal the law for even repetition."""
    cluster, words = corpus([(size, [size] * (copies - 1)) for size in words])
    scale = at_scale(cluster, words, parameters, 1e11)
    unique = 1e11 / copies
    assert scale.tokens_after == pytest.approx(unique)
    assert scale.effective_tokens == pytest.approx(effective_data(unique, 1e11))
    assert scale.loss == pytest.approx(data_constrained_loss(parameters, 1e11, unique), rel=1e-9)
    assert scale.loss_after == pytest.approx(data_constrained_loss(parameters, unique, unique), rel=1e-9)


def test_the_law_equals_its_published_value():
    """242 B tokens of which 25 B are unique give the published check value of the law."""
    assert clustered_loss(6.34e9, [25e9], [242e9]) == pytest.approx(2.2256440889984477, rel=1e-12)
    halves = clustered_loss(6.34e9, [5e9, 20e9], [48.4e9, 193.6e9])
    assert halves == pytest.approx(2.2256440889984477, rel=1e-12)


@given(SIZES)
def test_copies_are_worth_something_but_less_than_fresh_text(sizes):
    """The worth is between the kept tokens and all tokens; deduplication never costs more or lowers the loss."""
    cluster, words = corpus(sizes)
    scale = at_scale(cluster, words, 1e9, 1e10)
    slack = 1 + 1e-12
    assert scale.tokens_after <= scale.effective_tokens * slack <= scale.tokens * slack**2
    assert scale.tokens_after == pytest.approx(1e10 * sum(kept for kept, _ in sizes) / words.sum())
    assert scale.flops_after <= scale.flops * slack
    assert scale.dollars_after <= scale.dollars * slack
    assert scale.loss <= scale.loss_after * slack


@given(SIZES, st.integers(0, 10**6))
@example([(139, [])], 0)  # a document without copies: what rounding saves is nothing
def test_only_shares_matter(sizes, seed):
    """The order of the documents and the unit of their words change nothing."""
    cluster, words = corpus(sizes)
    order = np.random.default_rng(seed).permutation(words.size)
    rank = np.argsort(order)
    moved = at_scale(rank[cluster[order]], 7 * words[order], 1e9, 1e10)
    for name, value in vars(at_scale(cluster, words, 1e9, 1e10)).items():
        same = value if isinstance(value, (str, bool)) else pytest.approx(value, rel=1e-9)
        assert getattr(moved, name) == same


def test_without_copies_nothing_is_saved():
    """A corpus without copies is worth all of its tokens."""
    scale = at_scale(np.arange(4), [5, 6, 0, 7], 1e9, 1e10)
    assert scale.tokens_after == scale.effective_tokens == pytest.approx(1e10)
    assert scale.loss == pytest.approx(scale.loss_after, rel=1e-12)


@pytest.mark.parametrize(
    ("cluster", "words", "message"),
    [
        ([0, 0], [1], "of one length, not of shapes \\(2,\\) and \\(1,\\)"),
        ([[0]], [[1]], "1-d arrays"),
        ([1, 2, 2], [1, 1, 1], "cluster must be the index of a kept document"),
        ([0, 5], [1, 1], "cluster must be the index of a kept document"),
        ([0, -1], [1, 1], "cluster must be the index of a kept document"),
        ([0.0, 1.0], [1, 1], "cluster must be the index of a kept document"),
        ([0, 1], [1, float("nan")], "words must be finite and at least 0"),
        ([0, 1], [1, -1], "words must be finite and at least 0"),
        ([0, 0], [0, 3], "words must be above 0 for a kept document"),
        ([], [], "words must be above 0 for a kept document"),
    ],
)
def test_invalid_corpora_are_refused(cluster, words, message):
    """Arrays that do not fit, clusters without a kept text and kept texts without words are refused."""
    with pytest.raises(ValueError, match=message):
        at_scale(np.array(cluster, dtype=None if cluster else int), words, 1e9, 1e10)


@pytest.mark.parametrize("name", ["parameters", "tokens", "corpus_bytes"])
def test_invalid_sizes_are_refused(name):
    """Each size must be finite and large enough, and the error names it."""
    good = {"parameters": 1e9, "tokens": 1e10, "corpus_bytes": 1e10}
    for value in (-1, 1e-9 if name != "corpus_bytes" else -1e-9, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"{name} must be finite and at least"):
            at_scale([0], [1], **{**good, name: value})
    for value in ("1e9", None, True):
        with pytest.raises(TypeError, match=f"{name} must be a number"):
            at_scale([0], [1], **{**good, name: value})


def test_the_loss_at_the_same_compute_equals_the_published_law():
    """The kept texts, repeated until as many tokens are read as before, by hand, with the constants of the paper."""
    result = at_scale([0, 0, 2], [100, 100, 300], 1e9, 2e11)
    unique = 2e11 * 400 / 500
    # Muennighoff et al. 2023, equations 5 to 7, with their fitted constants
    a, b, e, alpha, r_d, r_n = math.exp(6.255), math.exp(7.3049), math.exp(0.6254), 0.3527, 15.3878, 5.3097
    worth = unique * (1 + r_d * (1 - math.exp(-(2e11 / unique - 1) / r_d)))
    supported = min(1e9, unique * (a / b) ** (1 / alpha))
    size = supported * (1 + r_n * (1 - math.exp(-(1e9 / supported - 1) / r_n)))
    assert result.loss_same_compute == pytest.approx(e + a / size**alpha + b / worth**alpha, rel=1e-3)
    assert result.loss_same_compute < result.loss < result.loss_after


@pytest.mark.parametrize(
    ("parameters", "tokens", "expected"),
    [
        (70e9, 15e12, "beyond"),
        (1e9, 2e11, "within"),
        (1e6, 1e9, "below"),
        (1e9, 2e12, "beyond"),
        (1e9, 1e7, "below"),
    ],
)
def test_the_fit_states_where_the_law_is_valid(parameters, tokens, expected):
    """Cloud's run is beyond the fitted range and Tiny's is below it; either size decides."""
    assert at_scale([0, 0], [1, 1], parameters, tokens).fit == place_in_fit(parameters, tokens) == expected


def test_indexing_pays_if_the_run_saves_more():
    """Indexing pays if the run saves more dollars than it costs, and never without redundancy."""
    result = at_scale([0, 0, 2], [100, 100, 300], 1e9, 2e11, 1e12)
    assert result.pays is (result.dollars - result.dollars_after > result.indexing_dollars) is True
    assert at_scale([0, 1], [1, 1], 1e9, 2e11, 1e12).pays is False
