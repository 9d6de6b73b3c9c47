"""Near-duplicates to look at: who is in a cluster, and where two texts differ."""

import difflib

import numpy as np

SHOWN_ALIKE = 24  # words kept at either end of a long stretch in which both texts agree
MOST_WORDS = 6000  # of each text; a comparison beyond that would keep the reader waiting


def largest(point, names, words, most=40):
    """The clusters of more than one document, largest first: [{kept, name, size, words}]."""
    cluster = point.cluster.astype(np.intp)
    size = np.bincount(cluster, minlength=point.cluster.size)
    mass = np.bincount(cluster, weights=words, minlength=point.cluster.size)
    order = sorted(np.flatnonzero(size > 1), key=lambda kept: (-size[kept], kept))[:most]
    return [{"kept": int(k), "name": names[k], "size": int(size[k]), "words": int(mass[k])} for k in order]


def members(audit, point, kept, names):
    """The documents of one cluster with their exact similarity to the kept one, the kept one first."""
    _document("kept", kept, names)
    if not point.keep[kept]:
        raise ValueError(f"kept must be the number of a document that is kept, not {kept}")
    others = np.flatnonzero((point.cluster == kept) & ~point.keep)
    similarity = audit.exact(np.column_stack([np.full(others.size, kept), others]))
    order = np.argsort(-similarity, kind="stable")
    return {
        "kept": {"index": kept, "name": names[kept], "words": int(audit.words[kept])},
        "removed": [
            {"index": int(others[i]), "name": names[others[i]], "words": int(audit.words[others[i]]),
             "similarity": float(similarity[i]) or None}
            for i in order
        ],
    }


def side_by_side(audit, left, right, names):
    """Two texts in stretches: ["same" | "only" | "gap", text], each side its own list.

    The comparison is difflib's, word by word; a long stretch without a difference is shortened to its ends.
    """
    _document("left", left, names)
    _document("right", right, names)
    a, b = audit.texts[left].split(), audit.texts[right].split()
    cut = max(len(a), len(b)) > MOST_WORDS
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
    return {
        **sides, "names": [names[left], names[right]], "cut": MOST_WORDS if cut else None,
        "similarity": float(audit.exact(sorted((left, right)))[0]) or None,
    }


def _document(name, index, names):
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(names):
        raise ValueError(f"{name} must be the number of a document, 0 to {len(names) - 1}, not {index!r}")


def _shortened(words):
    if len(words) <= 2 * SHOWN_ALIKE + 8:
        return [["same", " ".join(words)]]
    return [
        ["same", " ".join(words[:SHOWN_ALIKE])],
        ["gap", len(words) - 2 * SHOWN_ALIKE],
        ["same", " ".join(words[-SHOWN_ALIKE:])],
    ]
