"""The leaky test: training on copies of test documents reverses the verdict."""

import math
from collections import Counter

import numpy as np
import pytest

from dataselect_core import datasets
from dataselect_core.dedup.audit import Audit
from dataselect_core.dedup.leak import leaky_stepwise, leaky_test
from dataselect_core.shingles import tokens


@pytest.fixture(scope="module")
def crawl():
    """A crawl of which half are copies, and the documents kept at 0.6."""
    audit = Audit(datasets.crawl().texts)
    return audit, audit.at(0.6)


def test_the_leaky_test_reverses_the_verdict(crawl):
    """Held out by cluster, deduplication lowers the loss; by document, it raises it; both intervals exclude 0."""
    mean, half = leaky_test(*crawl, seeds=range(1, 4)).change()
    assert mean[0] < -half[0] and mean[1] > half[1]


def test_one_way_of_holding_out_in_steps_gives_the_same_losses(crawl):
    """Each seed is a step with a share below 1; the end is that way's column; another way is refused by name."""
    whole = leaky_test(*crawl, seeds=(1, 2))
    for j, held_out in enumerate(("cluster", "document")):
        *steps, losses = leaky_stepwise(*crawl, held_out, seeds=(1, 2))
        assert [share for _, share in steps] == [0, 0.5]
        assert losses.tolist() == np.stack([whole.raw[:, j], whole.kept[:, j]], 1).tolist()
    with pytest.raises(ValueError, match="held_out must be"):
        next(leaky_stepwise(*crawl, "chance"))


def test_losses_by_document_equal_a_plain_loop(crawl):
    """The losses of one seed, held out by document, equal a recomputation with plain loops and dictionaries."""
    audit, point = crawl
    result = leaky_test(audit, point, seeds=(1, 2))
    order, mass, heldout = np.random.default_rng(1).permutation(len(audit)), audit.mass, []
    room = audit.corpus.heldout_share * mass.sum()
    for i in order:
        if mass[i] <= room:
            heldout.append(i)
            room -= mass[i]
    texts = [list(tokens(text)) for text in datasets.crawl().texts]
    train = sorted(set(range(len(texts))) - set(heldout))
    vocabulary = len({word for text in texts for word in text}) + 1
    for indices, loss in (
        (train, result.raw[0, 1]),
        ([i for i in train if point.keep[i]], result.kept[0, 1]),
    ):
        assert loss == pytest.approx(
            bigram_loss([texts[i] for i in indices], [texts[i] for i in heldout], vocabulary), rel=1e-9
        )


def bigram_loss(train, test, vocabulary, discount=0.75):
    """Interpolated bigrams with absolute discounting, mean nats per word; None starts each text."""
    unigrams = Counter(word for text in train for word in text)
    bigrams = Counter(pair for text in train for pair in zip([None, *text], text))
    contexts, kinds = Counter(), Counter()
    for (context, _), count in bigrams.items():
        contexts[context] += count
        kinds[context] += 1
    total, loss, words = sum(unigrams.values()), 0.0, 0
    for text in test:
        for context, word in zip([None, *text], text):
            p = max(unigrams[word] - discount, 0) / total + discount * len(unigrams) / total / vocabulary
            if contexts[context]:
                p = (max(bigrams[context, word] - discount, 0) + discount * kinds[context] * p) / contexts[
                    context
                ]
            loss, words = loss - math.log(p), words + 1
    return loss / words


@pytest.mark.parametrize("seeds", [(1,), ("a", "b"), (-1, 2)])
def test_bad_seeds_are_refused(crawl, seeds):
    """Fewer than two seeds, and seeds that are not valid numbers, are refused by name."""
    with pytest.raises((TypeError, ValueError), match="^seeds must"):
        leaky_test(*crawl, seeds=seeds)
