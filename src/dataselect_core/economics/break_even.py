"""Whether selection pays: the inequality of one round, and the question of indexing or scoring everything.

Both sides are in dollars; each answer has, for every assumption, the value that would change the answer.
"""

from dataclasses import dataclass, fields

import numpy as np

from dataselect_core import arguments
from dataselect_core.sampling.project import Prices


@dataclass(frozen=True)
class SelectionCheck:
    """One round under the selection inequality, and the value of each term at which both sides would be equal.

    `saved`, `spent` and `net` are dollars; `pays` is saved > spent. `even` maps "labels_saved",
    "label", "score", "pool", "training" to the break-even value, with all others unchanged, or to None
    if there is no such value > 0.
    """

    saved: float
    spent: float
    net: float
    pays: bool
    even: dict[str, float | None]


def selection_pays(labels_saved: float, prices: Prices) -> SelectionCheck:
    """Whether labels saved × price per label > pool × price per score + training.

    Parameters
    ----------
    labels_saved : float
        Labels that a round of selection makes unnecessary; may be negative.
    prices : Prices

    Returns
    -------
    SelectionCheck
    """
    if not np.isfinite(labels_saved):
        raise ValueError(f"labels_saved must be a finite number, not {labels_saved!r}")

    def parts(labels_saved, label, score, pool, training):
        return [labels_saved * label, -pool * score, -training]

    names = [
        f.name for f in fields(prices) if f.name != "evaluation"
    ]  # the same with and without a selection
    terms = {"labels_saved": labels_saved} | {name: getattr(prices, name) for name in names}
    even = {name: _even(lambda v, name=name: parts(**{**terms, name: v}), terms[name]) for name in terms}
    saved, spent = labels_saved * prices.label, prices.selection
    return SelectionCheck(saved, spent, saved - spent, bool(saved > spent), even)


@dataclass(frozen=True)
class Question:
    """Two sides of a question in dollars, and the values that would change the answer.

    `cost_parts` and `saving_parts` map the parts of each side to dollars; `cost` and `saving` are their
    sums; `pays` is saving > cost. `even` maps each assumption to the value at which both sides are
    equal, with the others unchanged; None if no possible value > 0 does that. `above` maps each assumption with such
    a value to whether it pays above it (else below).
    """

    cost_parts: dict[str, float]
    saving_parts: dict[str, float]
    cost: float
    saving: float
    pays: bool
    even: dict[str, float | None]
    above: dict[str, bool]


def indexing_hours(
    dataset_bytes: float,
    signature_bytes_per_second: float,
    decode_seconds_per_megabyte: float = 0.0,
    content_share: float = 1.0,
) -> tuple[float, float]:
    """Core-hours of decoding and of hashing a data set, without any overhead; parameters as in `indexing_question`.

    All of it has to be decoded, to find what may be trained on; only that is hashed.
    """
    decoding = dataset_bytes / 1e6 * decode_seconds_per_megabyte / 3600
    return decoding, dataset_bytes * content_share / signature_bytes_per_second / 3600


def indexing_parts(
    dataset_bytes: float,
    signature_bytes_per_second: float,
    cpu_price_per_hour: float,
    overhead: float,
    bytes_per_read: float,
    price_per_read: float,
    decode_seconds_per_megabyte: float = 0.0,
    content_share: float = 1.0,
) -> dict[str, float]:
    """Dollars of an index, for every place in the lab that needs its price; parameters as in `indexing_question`.

    Returns
    -------
    dict of str to float
        "decoding" and "signatures", each with its overhead, and "reads".
    """
    decoding, signing = indexing_hours(
        dataset_bytes, signature_bytes_per_second, decode_seconds_per_megabyte, content_share
    )
    return {
        "decoding": decoding * overhead * cpu_price_per_hour,
        "signatures": signing * overhead * cpu_price_per_hour,
        "reads": dataset_bytes / bytes_per_read * price_per_read,
    }


def indexing_question(
    *,
    dataset_bytes: float,
    bytes_per_sample: float,
    signature_bytes_per_second: float,
    cpu_price_per_hour: float,
    overhead: float,
    bytes_per_read: float,
    price_per_read: float,
    share_removed: float,
    gpu_seconds_per_sample: float,
    epochs: float,
    gpu_price_per_hour: float,
    decode_seconds_per_megabyte: float = 0.0,
    content_share: float = 1.0,
) -> Question:
    """Is the CPU cost of indexing a data set higher than the GPU savings from training on less of it?

    Indexing: (bytes × core time to decode them + bytes × content share ÷ throughput) × overhead × price of a core,
    and bytes ÷ size of a read × price of a read. Saving: samples × content share × share removed × epochs × GPU time
    of a sample × price of a GPU.

    Parameters
    ----------
    dataset_bytes, bytes_per_sample, bytes_per_read : float
        Bytes; the last two > 0.
    signature_bytes_per_second : float
        Stored bytes that one core turns into signatures in a second, > 0, once they are decoded.
    cpu_price_per_hour, gpu_price_per_hour : float
        Dollars per hour of one core, of one GPU.
    overhead : float
        Core-hours in all per core-hour of decoding and signatures (shuffle, banding, retries).
    price_per_read : float
        Dollars per request to the object store.
    share_removed : float
        Share of the samples that the index makes unnecessary, from 0 to 1.
    gpu_seconds_per_sample : float
        GPU time to train on one sample once.
    epochs : float
        How often each sample is trained on.
    decode_seconds_per_megabyte : float, default 0
        Core-seconds to decode a stored megabyte: 0 for text, more for pictures, video and sound.
    content_share : float, default 1
        Share of the bytes, and of the samples, that would be trained on, from 0 to 1.

    Returns
    -------
    Question
        cost_parts "decoding", "signatures", "reads"; saving_parts "training".

    Raises
    ------
    ValueError
        For a negative or infinite number, a divisor of 0, a share above 1.
    """

    def sides(a):
        cost = indexing_parts(
            a["dataset_bytes"],
            a["signature_bytes_per_second"],
            a["cpu_price_per_hour"],
            a["overhead"],
            a["bytes_per_read"],
            a["price_per_read"],
            a["decode_seconds_per_megabyte"],
            a["content_share"],
        )
        return cost, {"training": _training_saved(a)}

    return _question(
        sides,
        {
            "dataset_bytes": dataset_bytes,
            "bytes_per_sample": bytes_per_sample,
            "signature_bytes_per_second": signature_bytes_per_second,
            "cpu_price_per_hour": cpu_price_per_hour,
            "overhead": overhead,
            "bytes_per_read": bytes_per_read,
            "price_per_read": price_per_read,
            "share_removed": share_removed,
            "gpu_seconds_per_sample": gpu_seconds_per_sample,
            "epochs": epochs,
            "gpu_price_per_hour": gpu_price_per_hour,
            "decode_seconds_per_megabyte": decode_seconds_per_megabyte,
            "content_share": content_share,
        },
    )


def scoring_question(
    *,
    dataset_bytes: float,
    bytes_per_sample: float,
    price_per_score: float,
    rounds: float,
    share_removed: float,
    gpu_seconds_per_sample: float,
    epochs: float,
    gpu_price_per_hour: float,
    labels_saved: float = 0.0,
    price_per_label: float = 0.0,
    content_share: float = 1.0,
) -> Question:
    """Does scoring pay, if a model has to see every sample to choose: the question of `indexing_question` for scoring.

    Scoring: samples × rounds × price of a score. Saving: the training as in `indexing_question`, and the
    labels that selection makes unnecessary. A forward pass costs about a third of a training step (2
    of 6 operations per parameter), so at equal prices scoring everything once uses up the saving of a
    single epoch unless it removes more than a third of the data.

    Parameters
    ----------
    dataset_bytes, bytes_per_sample, share_removed, gpu_seconds_per_sample, epochs, gpu_price_per_hour
        As in `indexing_question`.
    price_per_score : float
        Dollars to score one sample once.
    rounds : float
        How often the whole pool is scored.
    labels_saved, price_per_label : float, default 0
        Number of labels made unnecessary, and dollars per label.
    content_share : float, default 1
        As in `indexing_question`; only that share is scored.

    Returns
    -------
    Question
        cost_parts "scoring"; saving_parts "training", "labels".
    """

    def sides(a):
        samples = a["dataset_bytes"] / a["bytes_per_sample"] * a["content_share"]
        saving = {"training": _training_saved(a), "labels": a["labels_saved"] * a["price_per_label"]}
        return {"scoring": samples * a["rounds"] * a["price_per_score"]}, saving

    return _question(
        sides,
        {
            "dataset_bytes": dataset_bytes,
            "bytes_per_sample": bytes_per_sample,
            "price_per_score": price_per_score,
            "rounds": rounds,
            "share_removed": share_removed,
            "gpu_seconds_per_sample": gpu_seconds_per_sample,
            "epochs": epochs,
            "gpu_price_per_hour": gpu_price_per_hour,
            "labels_saved": labels_saved,
            "price_per_label": price_per_label,
            "content_share": content_share,
        },
    )


SHARES = ("share_removed", "content_share")
DIVISORS = ("bytes_per_sample", "signature_bytes_per_second", "bytes_per_read")


def _training_saved(a):
    """Dollars of GPU time for the samples that are not trained on."""
    samples = a["dataset_bytes"] / a["bytes_per_sample"] * a["content_share"] * a["share_removed"]
    return samples * a["epochs"] * a["gpu_seconds_per_sample"] / 3600 * a["gpu_price_per_hour"]


def _question(sides, assumptions):
    """Check the assumptions, compute both sides, and find each assumption's break-even."""
    a = {name: arguments.amount(name, value, name in DIVISORS) for name, value in assumptions.items()}
    for name in SHARES:
        if a[name] > 1:
            raise ValueError(f"{name} must be between 0 and 1, not {a[name]!r}")
    cost_parts, saving_parts = sides(a)
    cost, saving = sum(cost_parts.values()), sum(saving_parts.values())

    def parts(name, value):
        costs, savings = sides({**a, name: value})
        return [*savings.values(), *(-part for part in costs.values())]

    even: dict[str, float | None] = {}
    for name, value in a.items():
        if name in DIVISORS:  # the parts are proportional to its inverse
            inverse = _even(lambda u, name=name: parts(name, 1 / u), 1 / value)
            even[name] = 1 / inverse if inverse else None
        else:
            even[name] = _even(lambda v, name=name: parts(name, v), value)
    for name in SHARES:
        turn = even[name]
        if turn is not None and turn > 1:
            even[name] = None  # not even all of it would be enough
    above = {
        name: sum(parts(name, 2 * turn)) > 0 for name, turn in even.items() if turn is not None
    }  # twice a share may be above 1; the sums do not mind
    return Question(cost_parts, saving_parts, cost, saving, bool(saving > cost), even, above)


def _even(parts, value):
    """The u > 0 at which the signed parts add up to 0, or None; each part is constant in u or proportional to it."""
    unit = abs(value) or 1.0
    constant_sum = proportional_sum = 0.0
    for at_unit, at_double in zip(parts(unit), parts(2 * unit)):
        if at_unit == at_double:
            constant_sum += at_unit
        else:
            proportional_sum += at_unit
    if constant_sum == 0 or proportional_sum == 0 or (constant_sum > 0) == (proportional_sum > 0):
        return None
    even = -constant_sum / proportional_sum * unit
    return even if np.isfinite(even) else None
