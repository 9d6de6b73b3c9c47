"""The selection inequality and the question of the petabyte, by hand and by inserting the answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect_core.economics.break_even import indexing_question, scoring_question, selection_pays
from dataselect_core.sampling.project import Prices

PETABYTE = {
    "dataset_bytes": 1e15,
    "bytes_per_sample": 4000,
    "signature_bytes_per_second": 71e6,
    "cpu_price_per_hour": 0.0408,
    "overhead": 1.0,
    "bytes_per_read": 128e6,
    "price_per_read": 0.0004 / 1000,
    "share_removed": 0.3,
    "gpu_seconds_per_sample": 0.5,
    "epochs": 1,
    "gpu_price_per_hour": 2.5,
}
DECODED = {**PETABYTE, "decode_seconds_per_megabyte": 0.02, "content_share": 0.4}
SCORING = {
    "dataset_bytes": 1e15,
    "bytes_per_sample": 1e8,
    "price_per_score": 0.01,
    "rounds": 1,
    "share_removed": 0.3,
    "gpu_seconds_per_sample": 5.0,
    "epochs": 3,
    "gpu_price_per_hour": 2.5,
    "labels_saved": 1000,
    "price_per_label": 1.0,
}


def test_the_selection_inequality_equals_a_computation_by_hand():
    """100 labels at $2 against 1,000 scores at 1 cent and $5 for training: it pays, and each break-even is exact."""
    check = selection_pays(100, Prices(label=2, score=0.01, pool=1000, training=5))
    assert (check.saved, check.spent, check.net, check.pays) == (200, 15, 185, True)
    assert check.even == pytest.approx(
        {"labels_saved": 7.5, "label": 0.15, "score": 0.195, "pool": 19_500, "training": 190}
    )


def test_scoring_ten_million_images_does_not_pay():
    """At a cent an image, scoring ten million costs $100,000, twice a budget of $50,000 for labels."""
    check = selection_pays(50_000, Prices(label=1.0, score=0.01, pool=1e7, training=0))
    assert check.spent == 100_000
    assert not check.pays
    assert check.even["label"] == pytest.approx(2.0)
    assert check.even["training"] is None


def test_selection_that_saves_no_labels_never_pays():
    """If selection needs more labels than random sampling, no price of labels makes it pay."""
    check = selection_pays(-10, Prices(label=2, score=0.01, pool=1000, training=5))
    assert not check.pays
    assert check.even["label"] is None
    assert check.even["pool"] is None


dollars = st.just(0.0) | st.floats(1e-3, 1e4)


@given(st.just(0.0) | st.floats(1, 1e4) | st.floats(-1e4, -1), dollars, dollars, dollars, dollars)
def test_break_even_values_make_both_sides_equal(labels_saved, label, score, pool, training):
    """Any break-even value, inserted for its term, makes both sides equal."""
    terms = {"labels_saved": labels_saved, "label": label, "score": score, "pool": pool, "training": training}
    check = selection_pays(labels_saved, Prices(label, score, pool, training))
    assert check.pays == (check.saved > check.spent)
    for name, value in check.even.items():
        if value is not None:
            terms_at_even = {**terms, name: value}
            check_at_even = selection_pays(terms_at_even.pop("labels_saved"), Prices(**terms_at_even))
            scale = abs(check.saved) + check.spent
            assert check_at_even.saved == pytest.approx(check_at_even.spent, rel=1e-6, abs=1e-6 * scale)


def test_indexing_a_petabyte_equals_a_computation_by_hand():
    """3,900 core-hours at the reference rate cost about $160, and the GPU savings are far larger."""
    answer = indexing_question(**PETABYTE)
    hours = 1e15 / 71e6 / 3600
    assert hours == pytest.approx(3912, abs=1)
    assert answer.cost_parts["signatures"] == pytest.approx(hours * 0.0408)
    assert answer.cost_parts["signatures"] == pytest.approx(160, rel=0.01)
    assert answer.cost_parts["reads"] == pytest.approx(1e15 / 128e6 * 4e-7)
    assert answer.saving == pytest.approx(1e15 / 4000 * 0.3 * 0.5 / 3600 * 2.5)
    assert answer.cost == pytest.approx(sum(answer.cost_parts.values()))
    assert answer.pays
    assert answer.even["dataset_bytes"] is None
    assert answer.even["share_removed"] == pytest.approx(0.3 * answer.cost / answer.saving)
    assert answer.even["signature_bytes_per_second"] < 71e6


def test_decoding_is_paid_for_all_bytes_and_hashing_for_the_content():
    """20 core-seconds a GB over 1 PB are 5,556 core-hours; two fifths of it are hashed, and save two fifths."""
    answer, text = indexing_question(**DECODED), indexing_question(**PETABYTE)
    assert answer.cost_parts["decoding"] == pytest.approx(5555.56 * 0.0408, rel=1e-5)
    assert text.cost_parts["decoding"] == 0
    assert answer.cost_parts["signatures"] == pytest.approx(0.4 * text.cost_parts["signatures"])
    assert answer.cost_parts["reads"] == text.cost_parts["reads"]
    assert answer.saving == pytest.approx(0.4 * text.saving)


def test_scoring_a_petabyte_equals_a_computation_by_hand():
    """A cent per sample is $100,000 for 10 million, against $31,250 of training and $1,000 of labels."""
    answer = scoring_question(**SCORING)
    assert answer.cost == pytest.approx(100_000)
    assert answer.saving_parts == pytest.approx({"training": 31_250, "labels": 1000})
    assert not answer.pays
    assert answer.even["price_per_score"] == pytest.approx(32_250 / 1e7)
    assert answer.even["labels_saved"] == pytest.approx(68_750)
    assert answer.even["share_removed"] == pytest.approx(0.3 * 99_000 / 31_250)


def test_a_break_even_share_is_at_most_one():
    """If even removing everything would not pay, there is no break-even share."""
    assert scoring_question(**{**SCORING, "price_per_score": 0.05}).even["share_removed"] is None


def test_scoring_for_one_epoch_pays_if_more_than_a_third_is_removed():
    """Scoring costs a third of a training step, so for one epoch it pays only if more than a third is removed."""
    a = {**SCORING, "epochs": 1, "labels_saved": 0, "price_per_score": 5.0 / 3 / 3600 * 2.5}
    assert scoring_question(**a).even["share_removed"] == pytest.approx(1 / 3)
    assert not scoring_question(**{**a, "share_removed": 0.33}).pays
    assert scoring_question(**{**a, "share_removed": 0.34}).pays


@pytest.mark.parametrize(
    ("question", "base"),
    [(indexing_question, PETABYTE), (indexing_question, DECODED), (scoring_question, SCORING)],
)
@given(data=st.data())
def test_break_even_assumptions_make_cost_and_saving_equal(question, base, data):
    """Any break-even value, inserted for its assumption, makes cost and saving equal."""
    scaled = {name: value * data.draw(st.floats(0.01, 100), label=name) for name, value in base.items()}
    scaled |= {name: min(1.0, value) for name, value in scaled.items() if "share" in name}
    answer = question(**scaled)
    assert answer.pays == (answer.saving > answer.cost)
    for name, value in answer.even.items():
        if value is not None and value > 0:
            answer_at_even = question(**{**scaled, name: value})
            scale = max(answer.cost, answer.saving)
            assert answer_at_even.saving == pytest.approx(answer_at_even.cost, rel=1e-6, abs=1e-9 * scale)


@pytest.mark.parametrize("name", DECODED)
def test_selection_pays_on_one_side_of_the_break_even(name):
    """Selection pays on one side of the break-even and not on the other."""
    answer = indexing_question(**DECODED)
    even = answer.even[name]
    if even is not None:
        sides = [indexing_question(**{**DECODED, name: even * f}).pays for f in (0.999, 1.001)]
        assert sides == ([False, True] if answer.above[name] else [True, False])
    else:
        assert name == "dataset_bytes"


@pytest.mark.parametrize(
    ("question", "base"),
    [(indexing_question, PETABYTE), (indexing_question, DECODED), (scoring_question, SCORING)],
)
def test_bad_assumptions_are_refused(question, base):
    """Negative, infinite and missing numbers, a zero divisor, and a share above 1 are refused by name."""
    for name in base:
        for bad in (-1, np.nan, np.inf):
            with pytest.raises(ValueError, match=name):
                question(**{**base, name: bad})
        with pytest.raises(TypeError, match=name):
            question(**{**base, name: None})
    with pytest.raises(ValueError, match="bytes_per_sample"):
        question(**{**base, "bytes_per_sample": 0})
    with pytest.raises(ValueError, match="share_removed"):
        question(**{**base, "share_removed": 1.1})


def test_zero_assumptions_are_allowed():
    """Free CPUs and reads, or nothing removed, are valid assumptions."""
    free = indexing_question(**{**PETABYTE, "cpu_price_per_hour": 0, "price_per_read": 0})
    assert (free.cost, free.pays) == (0, True)
    assert not indexing_question(**{**PETABYTE, "share_removed": 0}).pays


def test_nan_labels_saved_are_refused():
    """A number of labels that is NaN is refused by name."""
    with pytest.raises(ValueError, match="labels_saved"):
        selection_pays(np.nan, Prices(1, 1, 1, 1))
