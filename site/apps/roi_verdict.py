"""What the committed marker gives the page: its figures, what is to be said of them, and its place in the plot."""

from dataclasses import dataclass

from dataselect_core.figures import labelling_verdict

CLOSE = 0.05  # share of the optimum's cost within which a stop counts as the optimum


@dataclass(frozen=True)
class Verdict:
    """`values` and `cases` for the page; `places` are (cost, accuracy) of the marker and of the optimum or None."""

    values: dict
    cases: list
    places: tuple


def judge(bench):
    """The committed marker against the sweep, at the prices in force: a `Verdict`."""
    marker, target = bench.search.marker, bench.target()
    found = labelling_verdict.judge(marker, bench.prices(), bench.curves(marker["settings"]["data"]), target)
    best = found.best
    places = (found.cost, marker["accuracy"]), best and (best.cost, best.accuracy)
    if best is None:
        return Verdict(found.values, ["verdict-none"], places)
    expected = found.values["marker.expected"].value
    cases = [*_judged(expected, target, found.cost - best.cost, best), *_advice(bench, marker["settings"], marker, best)]
    return Verdict(found.values, cases, places)


def _judged(expected, target, gap, best):
    if expected < target - 0.002:
        return ["verdict-short"]
    return ["verdict-close" if gap <= CLOSE * best.cost else "verdict-dear"]


def _advice(bench, settings, marker, best):
    tried = {(r.settings["strategy"], r.settings["batch"] if r.selects else None) for r in bench.search.runs
             if r.counted and r.settings["data"] == settings["data"]}
    wanted = (best.strategy.replace("_", " "), best.batch_size if best.strategy != "random" else None)
    cases = ["best-tried" if wanted in tried else "best-untried"]
    if settings["strategy"] != best.strategy:
        cases.append("better-strategy")
    elif best.strategy != "random" and settings["batch"] != best.batch_size:
        cases.append("better-batch")
    elif marker["labels"] != best.labels:
        cases.append("better-stop")
    if best.strategy == "random":
        cases.append("optimum-random")
    return cases
