"""Costs and savings of selection: training, labelling, scoring, indexing.

Every price and rate is an `Assumption` with its source and date, from facts/prices.json; a reader may
replace any of them. Costs are modelled: they follow from these assumptions.
"""

import math
from dataclasses import dataclass

from dataselect_core.arguments import amount, choice, number
from dataselect_core.economics.assumptions import Assumptions
from dataselect_core.economics.break_even import indexing_hours, indexing_parts
from dataselect_core.facts import load


@dataclass(frozen=True)
class TrainingCost:
    """Cost of a training run: its FLOPs, GPU-hours and dollars."""

    flops: float
    gpu_hours: float
    dollars: float


@dataclass(frozen=True)
class IndexingCost:
    """Cost of an index: total core-hours, and dollars for computing, reading and both."""

    core_hours: float
    compute_dollars: float
    read_dollars: float
    dollars: float


def training_cost(flops: float, assumptions: Assumptions | None = None) -> TrainingCost:
    """GPU-hours and dollars of a training run.

        hours = FLOPs / (peak * utilisation * 3600),  dollars = hours * price

    Parameters
    ----------
    flops : float
        Compute, >= 0, such as `scaling.training_flops(N, D)`.
    assumptions : Assumptions, optional
        Uses `peak_flops`, `utilisation`, `gpu_hour_price`.

    Returns
    -------
    TrainingCost
    """
    a = assumptions or Assumptions()
    flops = amount("flops", flops)
    hours = flops / (a.peak_flops * a.utilisation * 3600)
    return TrainingCost(flops, hours, hours * a.gpu_hour_price)


def implied_utilisation(flops: float, gpu_hours: float, peak_flops: float) -> float:
    """Share of the peak that a reported training run actually used: FLOPs / (GPU-hours * 3600 * peak).

    Parameters
    ----------
    flops, gpu_hours, peak_flops : float
        Modelled FLOPs of the training run, reported GPU-hours (> 0), peak FLOP/s of a GPU (> 0).

    Returns
    -------
    float
        0.28 for Llama 3 70B: 6 * 70e9 * 15e12 FLOPs in 6.4 million H100-hours.
    """
    hours, peak = amount("gpu_hours", gpu_hours), amount("peak_flops", peak_flops)
    if hours == 0 or peak == 0:
        raise ValueError("gpu_hours and peak_flops must be above 0")
    return amount("flops", flops) / (hours * 3600 * peak)


def labelling_cost(
    labels: float, assumptions: Assumptions | None = None, price: str = "label_price"
) -> float:
    """Dollars for labels: items times labellers per item times price.

    Parameters
    ----------
    labels : float
        Items to label, >= 0.
    assumptions : Assumptions, optional
        Uses `labellers` and the named price.
    price : {"label_price", "box_price", "polygon_price", "segmentation_price", "expert_label_price"}

    Returns
    -------
    float
    """
    a = assumptions or Assumptions()
    prices = [name for name in a if a[name].unit == "$/label"]
    price = choice("price", price, prices)
    return amount("labels", labels) * a.labellers * getattr(a, price)


def scoring_cost(items: float, assumptions: Assumptions | None = None) -> float:
    """Dollars to score a pool once with a model; each round of selection costs this again.

    Parameters
    ----------
    items : float
        Items in the pool, >= 0.
    assumptions : Assumptions, optional
        Uses `score_price`.

    Returns
    -------
    float
    """
    a = assumptions or Assumptions()
    return amount("items", items) * a.score_price


def indexing_cost(bytes: float, assumptions: Assumptions | None = None) -> IndexingCost:
    """Core-hours and dollars of indexing a corpus by MinHash: decoding it, hashing it, and reading it once.

    It includes shuffling candidate pairs between machines, waiting and retries as a factor on the core-hours
    of decoding and signatures, `index_overhead`.

    Parameters
    ----------
    bytes : float
        Size of the data as stored, >= 0.
    assumptions : Assumptions, optional
        Uses `signature_rate`, `decode_time`, `content_share`, `index_overhead`, `vcpu_hour_price`, `object_bytes`,
        `read_request_price`.

    Returns
    -------
    IndexingCost
    """
    a = assumptions or Assumptions()
    return _indexing_cost(amount("bytes", bytes), a, a.index_overhead)


def _indexing_cost(size: float, a: Assumptions, overhead: float) -> IndexingCost:
    parts = indexing_parts(
        size,
        a.signature_rate,
        a.vcpu_hour_price,
        overhead,
        a.object_bytes,
        a.read_request_price,
        a.decode_time,
        a.content_share,
    )
    hours = sum(indexing_hours(size, a.signature_rate, a.decode_time, a.content_share)) * overhead
    compute = parts["decoding"] + parts["signatures"]
    return IndexingCost(hours, compute, parts["reads"], compute + parts["reads"])


@dataclass(frozen=True)
class IndexingRange:
    """The lowest and the highest cost of an index, as far as they are known.

    Attributes
    ----------
    low : IndexingCost
        At the lab's own measured rates, with the overhead assumed for the rest.
    high : IndexingCost
        At the core-hours that a published run took: SlimPajama, with cleaning and shuffling.
    overhead : float
        Core-hours of the published run per core-hour of the lab's signatures of text.
    published : bool
        Whether the high end is the published run itself, which was text; for other kinds of data no published run was
        found, and its factor is assumed.
    """

    low: IndexingCost
    high: IndexingCost
    overhead: float
    published: bool = True

    def verdict(self, saving: float) -> str:
        """ "pays" or "costs" if both ends of the range agree for a saving in dollars, else "depends"."""
        saving = amount("saving", saving)
        ends = {saving > self.low.dollars, saving > self.high.dollars}
        return "depends" if len(ends) == 2 else "pays" if ends == {True} else "costs"


def rates_of(kind: str = "text") -> dict[str, float]:
    """The rates of a kind of data, `signature_rate` and `decode_time`, as the lab measured them; see facts/kinds.json.

    Parameters
    ----------
    kind : {"text", "raw video", "pictures", "sound"}
    """
    kinds = load("kinds")
    return {name: fact["value"] for name, fact in kinds[choice("kind", kind, tuple(kinds))].items()}


def indexing_range(bytes: float, assumptions: Assumptions | None = None, kind: str = "text") -> IndexingRange:
    """Core-hours and dollars of an index: from the lab's own measurement to the rate of a published run.

    For text, the high end is the published run: so many core-hours per byte, whatever the lab's rate is. Any other kind
    is decoded before it is hashed; no published run was found, so the same factor is assumed for it.

    Parameters
    ----------
    bytes : float
        Size of the data as stored, >= 0.
    assumptions : Assumptions, optional
        As for `indexing_cost`; by default the lab's, at the rates of the kind.
    kind : {"text", "raw video", "pictures", "sound"}

    Returns
    -------
    IndexingRange
    """
    size, rates = amount("bytes", bytes), rates_of(kind)
    a = assumptions or Assumptions(**rates)
    run = {name: fact["value"] for name, fact in load("reported")["redundancy"].items()}
    per_byte = run["slimpajama_core_hours"] / (
        run["slimpajama_tokens_before"] * run["slimpajama_bytes_per_token"]
    )
    rate = a.signature_rate if kind == "text" else rates_of()["signature_rate"]
    factor = per_byte * rate * 3600
    return IndexingRange(indexing_cost(size, a), _indexing_cost(size, a, factor), factor, kind == "text")


def storage_cost(bytes: float, months: float, assumptions: Assumptions | None = None) -> float:
    """Dollars for keeping a corpus in object storage; 1 GB = 1e9 bytes.

    Parameters
    ----------
    bytes, months : float
        Size and time, >= 0.
    assumptions : Assumptions, optional
        Uses `storage_price`.

    Returns
    -------
    float
    """
    a = assumptions or Assumptions()
    return amount("bytes", bytes) / 1e9 * amount("months", months) * a.storage_price


def selection_pays(select_cost: float, train_subset_cost: float, train_full_cost: float) -> bool:
    """The selection inequality: T_select + T_train(subset) < T_train(full).

    Parameters
    ----------
    select_cost, train_subset_cost, train_full_cost : float
        In one unit, hours or dollars, >= 0.

    Returns
    -------
    bool
        False if both sides are equal.
    """
    select, subset = amount("select_cost", select_cost), amount("train_subset_cost", train_subset_cost)
    return select + subset < amount("train_full_cost", train_full_cost)


def runs_to_break_even(select_cost: float, saving_per_run: float) -> int | None:
    """Training runs after which a selection made once has paid for itself.

    Parameters
    ----------
    select_cost : float
        Spent once, >= 0.
    saving_per_run : float
        Saved by each run, in the same unit; may be 0 or negative.

    Returns
    -------
    int or None
        The first whole number of runs whose savings reach the cost; None if it never pays.
    """
    cost = amount("select_cost", select_cost)
    saving = number("saving_per_run", saving_per_run)
    if cost == 0:
        return 0
    runs = cost / saving if saving > 0 else math.inf
    return math.ceil(runs) if math.isfinite(runs) else None


def return_on_selection(select_cost: float, saving_per_run: float, runs: int) -> float:
    """Return on a selection made once: savings of all runs, per unit spent on it.

    Parameters
    ----------
    select_cost : float
        Spent once, > 0.
    saving_per_run : float
        In the same unit.
    runs : int
        Runs that use the selected data, >= 0.

    Returns
    -------
    float
        Below 1, the selection has not paid for itself yet.
    """
    cost = amount("select_cost", select_cost)
    if cost == 0:
        raise ValueError("select_cost must be above 0 to have a return")
    return number("saving_per_run", saving_per_run) * amount("runs", runs) / cost
