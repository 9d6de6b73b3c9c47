"""Frames and their visual words: the stated process, words compared with Python sets, and the known truth."""

from itertools import combinations

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH
from scipy.ndimage import shift

from dataselect_core import datasets
from dataselect_core.datasets import simulated_drive
from dataselect_core.datasets.visual_words import SIZES, patch_words
from dataselect_core.dedup import exact_pairs, exact_similarity
from dataselect_core.lsh import candidate_pairs
from dataselect_core.minhash import signatures


def patches_of(picture):
    """The patches of a picture as tuples: shape, place and shades."""
    height, width = picture.shape
    patches = set()
    for rows, columns in SIZES:
        for y in range(height - rows + 1):
            for x in range(width - columns + 1):
                patch = picture[y : y + rows, x : x + columns]
                if patch.any():
                    patches.add((rows, columns, y, x, *patch.ravel().tolist()))
    return patches


def jaccard(a, b):
    """The Jaccard similarity of two Python sets; an empty set is similar to nothing."""
    return len(a & b) / len(a | b) if a and b else 0.0


@pytest.fixture(scope="module")
def drive():
    """The drive of the Edge track."""
    return datasets.drive(0.7, 1)


@pytest.fixture(scope="module")
def words(drive):
    """Its visual words."""
    return simulated_drive.visual_words(drive.pictures)


# -- words ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("height", "width", "shades"), [(2, 2, 2), (3, 5, 4), (8, 8, 3)])
def test_each_word_means_one_patch(height, width, shades):
    """Two pictures share as many words as patches, and no word means two patches."""
    pictures = np.random.default_rng(height).integers(0, shades, (12, height, width))
    pictures[3] = 0
    sets = patch_words(pictures, shades)
    tuples = [patches_of(picture) for picture in pictures]
    assert [len(members) for members in sets] == [len(members) for members in tuples]
    assert sets[3].size == 0
    assert all(
        members.dtype == np.uint32 and (np.diff(members.astype(np.int64)) > 0).all() for members in sets
    )
    all_patches = set().union(*tuples)
    assert len(np.unique(np.concatenate(sets))) == len(all_patches)
    pairs = list(combinations(range(12), 2))
    assert exact_similarity(sets, pairs).tolist() == [jaccard(tuples[i], tuples[j]) for i, j in pairs]


@pytest.mark.parametrize(
    ("pictures", "shades", "error", "message"),
    [
        (np.zeros((2, 3)), 3, TypeError, "whole shades"),
        (np.zeros((2, 3), int), 3, ValueError, "n, height, width"),
        (np.zeros((0, 3, 3), int), 3, ValueError, "n, height, width"),
        (np.zeros((1, 1, 3), int), 3, ValueError, "2 by 2"),
        (np.full((1, 3, 3), 3), 3, ValueError, "from 0 to 2"),
        (np.full((1, 3, 3), -1), 3, ValueError, "from 0 to 2"),
        (np.zeros((1, 3, 3), int), 1, ValueError, "shades"),
        (np.zeros((1, 3, 3), int), True, ValueError, "shades"),
        (np.zeros((1, 500, 500), int), 9, ValueError, "more words than 32 bits"),
    ],
)
def test_invalid_pictures_are_refused(pictures, shades, error, message):
    """Another type, another shape, or too many shades are refused, and the message says what is allowed."""
    with pytest.raises(error, match=message):
        patch_words(pictures, shades)


def test_exact_pairs_of_the_drive_equal_python_sets(drive, words):
    """Every pair of the first frames has the Jaccard similarity of their sets of patches."""
    shades = simulated_drive.FACTS["shades"]
    tuples = [patches_of(picture.astype(int) * shades // 256) for picture in drive.pictures[:120]]
    pairs, similarity = exact_pairs(words[:120], 0.3)
    expected = {(i, j): jaccard(tuples[i], tuples[j]) for i, j in combinations(range(120), 2)}
    assert dict(zip(map(tuple, pairs.tolist()), similarity.tolist(), strict=True)) == {
        pair: value for pair, value in expected.items() if value >= 0.3
    }
    assert len(pairs) > 100


def test_signatures_and_candidates_equal_datasketch(words):
    """Signatures and candidate pairs of visual words equal those of datasketch too."""
    sample = words[:150]
    signature_rows = signatures(sample, 128, 1)
    lsh, expected = MinHashLSH(params=(14, 9), num_perm=128), set()
    for i, members in enumerate(sample):
        reference = MinHash(num_perm=128, seed=1, hashfunc=int)
        for value in members.tolist():
            reference.update(value)
        assert np.array_equal(signature_rows[i], reference.hashvalues)
        expected |= {(j, i) for j in lsh.query(reference)}
        lsh.insert(i, reference)
    assert {tuple(pair) for pair in candidate_pairs(signature_rows, 14, 9).tolist()} == expected


# -- the drive -----------------------------------------------------------------------------------------


def test_frames_are_slightly_moved_images(drive):
    """A frame is its real image with shift, light and noise within the stated bounds."""
    X, y = datasets.digits()
    facts = simulated_drive.FACTS
    assert (drive.label == y[drive.origin]).all()
    first = np.flatnonzero(np.diff(drive.origin, prepend=-1))
    assert (
        np.abs(drive.pictures[first].reshape(-1, 64) - 255 * X[drive.origin[first]]).max()
        <= 2 * facts["noise"] + 1
    )
    brightest = X[drive.origin].max(axis=1) * 255 * (256 + facts["light_reach"]) / 256 + 2 * facts["noise"]
    assert (drive.pictures.max(axis=(1, 2)) <= np.ceil(brightest)).all()


def test_a_moved_image_equals_scipys():
    """Parts of a pixel are interpolated bilinearly, and the area beyond the border is empty."""
    ink = np.random.default_rng(1).integers(0, 17, (20, 8, 8))
    right, down = np.random.default_rng(2).integers(-64, 65, (2, 20))
    light = np.random.default_rng(3).integers(-76, 77, 20)
    frames = simulated_drive._render(ink, right, down, light)
    for i in range(20):
        padded = np.pad(ink[i].astype(float), 2)
        moved = shift(padded, (down[i] / 64, right[i] / 64), order=1)[2:-2, 2:-2]
        assert np.abs(frames[i] - moved / 16 * 255 * (256 + light[i]) / 256).max() < 1 + 1e-6


def test_frames_of_a_scene_are_consecutive(drive):
    """Frames of a scene are consecutive, and the number of scenes follows from the share of copies."""
    borders = np.flatnonzero(np.diff(drive.origin))
    assert len(borders) + 1 == len(np.unique(drive.origin)) == 300
    assert len(drive.ids) == len(set(drive.ids)) == len(drive.pictures) == 1000
    assert drive.redundancy == pytest.approx(0.7)
    assert "SIMULATED" in drive.provenance and "300 real images" in drive.provenance


@pytest.mark.parametrize(("redundancy", "scenes"), [(0.0, 1000), (0.25, 750), (0.9, 100)])
def test_the_requested_redundancy_is_reached(redundancy, scenes):
    """The requested redundancy is reached exactly."""
    simulated = datasets.drive(redundancy, 3)
    assert len(np.unique(simulated.origin)) == scenes
    assert simulated.redundancy == pytest.approx(redundancy)


def test_the_same_seed_gives_the_same_drive(drive):
    """The same seed gives the same frames and truth, bit for bit; another seed gives others."""
    same, other = datasets.drive(0.7, 1), datasets.drive(0.7, 2)
    assert np.array_equal(drive.pictures, same.pictures) and np.array_equal(drive.origin, same.origin)
    assert drive.ids == same.ids
    assert not np.array_equal(drive.origin, other.origin)


def test_frames_are_similar_within_and_different_between_scenes(drive, words):
    """Similarities of one scene's frames cover the thresholds; frames of two scenes rarely reach them."""
    n = len(words)
    pairs, similarity = exact_pairs(words, 0.01)
    same = drive.origin[pairs[:, 0]] == drive.origin[pairs[:, 1]]
    size = np.unique(drive.origin, return_counts=True)[1]
    pair_count = int((size * (size - 1) // 2).sum())
    within = np.concatenate([similarity[same], np.zeros(pair_count - same.sum())])
    assert (np.quantile(within, [0.05, 0.5, 0.95]) > [0.5, 0.75, 0.95]).all()
    assert np.quantile(within, 0.25) < 0.75
    reach = (similarity[~same] >= 0.5).sum() / (n * (n - 1) / 2 - pair_count)
    assert 0 < reach < 0.001  # some real images do look alike


@pytest.mark.parametrize(("threshold", "precision", "recall"), [(0.6, 0.98, 0.75), (0.8, 0.99, 0.4)])
def test_confirmed_pairs_are_nearly_always_from_one_scene(drive, words, threshold, precision, recall):
    """Pairs that LSH finds and exact similarity confirms are nearly always from one scene in the known truth."""
    signature_rows = signatures(words, 128, 1)
    pairs = candidate_pairs(signature_rows, *{0.6: (17, 7), 0.8: (9, 13)}[threshold])
    pairs = pairs[exact_similarity(words, pairs) >= threshold]
    correct = (drive.origin[pairs[:, 0]] == drive.origin[pairs[:, 1]]).sum()
    size = np.unique(drive.origin, return_counts=True)[1]
    assert correct / len(pairs) >= precision
    assert correct / (size * (size - 1) // 2).sum() >= recall


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"redundancy": 0.95}, ValueError, "redundancy must be in"),
        ({"redundancy": "x"}, TypeError, "redundancy"),
        ({"redundancy": float("nan")}, ValueError, "redundancy"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": 1.5}, TypeError, "seed"),
        ({"images": np.zeros((5, 63))}, ValueError, "images must have shape"),
        ({"images": np.full((5, 64), 0.3)}, ValueError, "sixteenths"),
        ({"images": np.full((5, 64), 2.0)}, ValueError, "sixteenths"),
        ({"labels": np.zeros(4, int)}, ValueError, "labels must be 5 digits"),
    ],
)
def test_bad_arguments_are_refused(change, error, message):
    """A bad argument is named, with what is allowed."""
    arguments = {"images": np.ones((5, 64)), "labels": np.arange(5), "redundancy": 0.5, "seed": 1, **change}
    with pytest.raises(error, match=message):
        simulated_drive.simulate(**arguments)


def test_blocks_are_means():
    """The learner gets the mean ink of 2 x 2 pixels."""
    pictures = np.random.default_rng(1).integers(0, 256, (3, 8, 8)).astype(np.uint8)
    means = simulated_drive.blocks(pictures)
    assert means.shape == (3, 16)
    assert means[1, 6] == pytest.approx(pictures[1, 2:4, 4:6].mean() / 255)
