"""Near-duplicates for display: the members of a cluster, and where two texts, frames, signals or utterances differ."""

import difflib

import numpy as np

from dataselect_core import cepstra
from dataselect_core.datasets import simulated_clips

WORDS_OF_CONTEXT = 24  # words kept at either end of a long stretch in which both texts agree
MOST_WORDS = 6000  # of each text; a comparison beyond that would keep the reader waiting
COLUMNS = 150  # of a drawn signal
SIDE = 8  # fields of a spectrogram in each direction
CHANGED_LEVELS = 26  # of 255 levels: a pixel that differs by more counts as changed


def largest(audit, point, most=40):
    """The clusters of more than one item, largest first: [{kept, name, size, words}]."""
    cluster = point.cluster.astype(np.intp)
    size = np.bincount(cluster, minlength=point.cluster.size)
    mass = np.bincount(cluster, weights=audit.mass, minlength=point.cluster.size)
    names = audit.corpus.names
    order = sorted(np.flatnonzero(size > 1), key=lambda kept: (-size[kept], kept))[:most]
    return [{"kept": int(k), "name": names[k], "size": int(size[k]), "words": int(mass[k])} for k in order]


def members(audit, point, kept):
    """The items of one cluster with their exact similarity to the kept one, the kept one first."""
    names = audit.corpus.names
    _index("kept", kept, audit)
    if not point.keep[kept]:
        raise ValueError(f"kept must be the number of a {audit.corpus.item} that is kept, not {kept}")
    others = np.flatnonzero((point.cluster == kept) & ~point.keep)
    similarity = audit.exact(np.column_stack([np.full(others.size, kept), others]))
    order = np.argsort(-similarity, kind="stable")
    return {
        "kept": {"index": kept, "name": names[kept], "words": int(audit.mass[kept])},
        "removed": [
            {
                "index": int(others[i]),
                "name": names[others[i]],
                "words": int(audit.mass[others[i]]),
                "similarity": float(similarity[i]) or None,
            }
            for i in order
        ],
    }


def side_by_side(audit, left, right):
    """Two items: the result of `SIDES` for their kind, their names and exact similarity (None below 0.3).

    `identical` is true if no word, pixel or sample differs.
    """
    _index("left", left, audit)
    _index("right", right, audit)
    names = audit.corpus.names
    return {
        "kind": audit.corpus.kind,
        "names": [names[left], names[right]],
        "similarity": float(audit.exact(sorted((left, right)))[0]) or None,
        **SIDES[audit.corpus.kind](audit.corpus, left, right),
    }


def _texts(corpus, left, right):
    """Two texts in stretches, one list per side: ["same" | "only" | "gap", text].

    difflib compares them word by word; a long stretch without a difference is shortened to its ends.
    """
    a, b = corpus.texts[left].split(), corpus.texts[right].split()
    identical, is_cut = a == b, max(len(a), len(b)) > MOST_WORDS
    a, b = a[:MOST_WORDS], b[:MOST_WORDS]
    sides = {"left": [], "right": []}
    for kind, a0, a1, b0, b1 in difflib.SequenceMatcher(None, a, b).get_opcodes():
        if kind == "equal":
            for side, words in (("left", a[a0:a1]), ("right", b[b0:b1])):
                sides[side].extend(_shortened(words))
        else:
            if a1 > a0:
                sides["left"].append(["only", " ".join(a[a0:a1])])
            if b1 > b0:
                sides["right"].append(["only", " ".join(b[b0:b1])])
    return {**sides, "cut": MOST_WORDS if is_cut else None, "identical": identical}


def _frames(corpus, left, right):
    """Three pictures, ink 0 to 255 row by row: the kept frame, the removed one, and their difference."""
    kept, removed = (corpus.pictures[i].astype(int) for i in (left, right))
    difference = np.abs(kept - removed)
    positions = ", ".join(f"row {row + 1} column {column + 1}" for row, column in _strongest(difference))
    changed = int((difference > CHANGED_LEVELS).sum())
    return {
        "identical": not difference.any(),
        "pictures": [
            _picture("Kept", kept, f"{_about(kept)}."),
            _picture("Removed", removed, f"{_about(removed)}."),
            _picture(
                "Difference",
                difference,
                f"{changed} of {difference.size} pixels differ by more than a tenth of full ink"
                + (f", most at {positions}." if changed else "."),
            ),
        ],
    }


def _picture(title, ink, alt):
    return {"title": title, "ink": ink.ravel().tolist(), "alt": alt}


def _about(ink):
    """Where the ink of a picture is, in words."""
    rows, columns = ink.sum(axis=1), ink.sum(axis=0)
    total = max(1, int(ink.sum()))
    centre_row, centre_column = (
        float(line @ np.arange(1, line.size + 1)) / total for line in (rows, columns)
    )
    return f"mean ink {ink.mean() / 255:.0%}, centred on row {centre_row:.1f} and column {centre_column:.1f} of 8"


def _strongest(difference, most=3):
    """Rows and columns of the largest differences."""
    order = np.argsort(-difference, axis=None, kind="stable")[:most]
    return [divmod(int(i), difference.shape[1]) for i in order if difference.flat[i] > CHANGED_LEVELS]


def _signals(corpus, left, right):
    """Two curves: the lowest and highest sample of each of `COLUMNS` equal stretches, in [-1, 1]."""
    kept, removed = (corpus.signals[i] for i in (left, right))
    return {
        "identical": np.array_equal(kept, removed),
        "curves": [_curve("Kept", kept), _curve("Removed", removed)],
    }


def _curve(title, signal):
    borders = np.linspace(0, signal.size, COLUMNS + 1)[:-1].astype(np.intp)
    full_scale = 32768
    loudness = simulated_clips.loudness(signal).mean(axis=0)
    low, high = simulated_clips.band_edges()[int(loudness.argmax()) :][:2]
    peak = np.abs(signal.astype(int)).max() / full_scale
    return {
        "title": title,
        "low": np.minimum.reduceat(signal, borders) / full_scale,
        "high": np.maximum.reduceat(signal, borders) / full_scale,
        "seconds": signal.size / simulated_clips.FACTS["rate"],
        "alt": f"{signal.size:,} samples, {signal.size / simulated_clips.FACTS['rate']:.2f} s; "
        f"peak {peak:.0%} of full scale; loudest between {low:.0f} and {high:.0f} Hz.",
    }


def _speech(corpus, left, right):
    """Three pictures as of frames: the smooth spectrum of the kept utterance, of the removed one, their difference."""
    kept, removed = (_spectrogram(corpus.cepstra[i]) for i in (left, right))
    difference = np.abs(kept - removed)
    changed = int((difference > CHANGED_LEVELS).sum())
    return {
        "identical": np.array_equal(corpus.cepstra[left], corpus.cepstra[right]),
        "pictures": [
            *(
                _picture(
                    title,
                    ink,
                    f"{len(corpus.cepstra[i])} frames from left to right, frequencies from low at the bottom; "
                    "dark is loud.",
                )
                for title, ink, i in (("Kept", kept, left), ("Removed", removed, right))
            ),
            _picture(
                "Difference",
                difference,
                f"{changed} of {difference.size} fields differ by more than a tenth of the range.",
            ),
        ],
    }


def _spectrogram(frames):
    """The spectrum of an utterance in eight stretches of time and eight bands: int[8, 8], 0 to 255 over 60 decibels."""
    power = cepstra.power_spectrum(frames)
    power = power[np.linspace(0, len(power) - 1, SIDE).round().astype(int)]
    level = 10 * np.log10(power.reshape(SIDE, SIDE, -1).mean(axis=2))
    return np.rint(255 * np.clip((level.T[::-1] + 30) / 60, 0, 1)).astype(int)


SIDES = {"texts": _texts, "frames": _frames, "signals": _signals, "speech": _speech}


def _index(name, index, audit):
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(audit):
        raise ValueError(
            f"{name} must be the number of a {audit.corpus.item}, 0 to {len(audit) - 1}, not {index!r}"
        )


def _shortened(words):
    if len(words) <= 2 * WORDS_OF_CONTEXT + 8:
        return [["same", " ".join(words)]]
    return [
        ["same", " ".join(words[:WORDS_OF_CONTEXT])],
        ["gap", len(words) - 2 * WORDS_OF_CONTEXT],
        ["same", " ".join(words[-WORDS_OF_CONTEXT:])],
    ]
