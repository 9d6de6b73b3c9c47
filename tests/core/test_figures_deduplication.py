"""The figures of Part 1 that a plot does not show: the marginal ICR, the S-curve at the threshold, the second corpus."""

import numpy as np
import pytest
from test_check import SETTINGS

from dataselect_core import datasets
from dataselect_core.dedup.audit import Audit
from dataselect_core.figures.deduplication import figures


@pytest.fixture(scope="module")
def licences():
    """The findings on the licence texts."""
    return figures.recompute("cloud", SETTINGS, {}, 30.0)


def test_the_marginal_icr_is_what_the_last_fifth_taught(licences):
    """Raw and deduplicated, it is the loss that the last fifth of the operations saved, per million operations."""
    audit = Audit(datasets.licences().texts, num_perm=SETTINGS["num_perm"])
    learning = audit.learning(audit.at(SETTINGS["threshold"]))
    for name, curve in (("raw", learning.raw), ("dedup", learning.kept)):
        start = np.flatnonzero(curve.operations >= 0.8 * curve.operations[-1])[0]
        taught = curve.loss[start] - curve.loss[-1]
        slope = 1e6 * taught / (curve.operations[-1] - curve.operations[start])
        assert licences.values[f"icr.last_{name}"].value == pytest.approx(slope, rel=1e-9)
        assert licences.values[f"icr.last_{name}"].value < 0.5 * licences.values[f"icr.{name}"].value


def test_the_s_curve_at_the_threshold_is_below_the_recall(licences):
    """A pair exactly at the threshold is found about as often as missed, and most true pairs are more alike."""
    values = {path: value.value for path, value in licences.values.items()}
    similarity, bands, rows = (values[f"setting.{name}"] for name in ("threshold", "bands", "rows"))
    generator = np.random.default_rng(1)
    agree = generator.random((20_000, bands, rows)) < similarity
    assert values["lsh.at_threshold"] == pytest.approx(agree.all(2).any(1).mean(), abs=0.015)
    assert values["lsh.at_threshold"] < values["lsh.expected_recall"]


def test_the_licence_texts_are_shown_next_to_every_other_corpus(licences):
    """On the crawl, whose shares agree, the licence texts stand beside it; on themselves they do not."""
    assert "corpus-beside" not in licences.cases
    crawl = figures.recompute("cloud", {**SETTINGS, "corpus": "crawl"}, {}, 30.0)
    assert "corpus-beside" in crawl.cases
    shares = [crawl.values[f"reveal.{name}"].value for name in ("documents_share", "measured")]
    assert shares[0] == pytest.approx(shares[1], abs=0.02)
