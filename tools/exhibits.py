"""Exhibits of the pages that are the same for every reader: computed natively, kept as derived data.

Each function returns figures, which the texts name as {{native.exhibit.NAME.path|format}}, and `cases`, each true or
false: a block `::: when built-NAME-CASE` in a guarded text is kept if that case holds, and is left out otherwise.
"""

import math

SIGNS = {"better": "▲", "worse": "▼", "same": "≈"}  # compared with its control; ≈: no clear difference


def verdict(mean, half):
    """The verdict on a difference where more is better: "better", "worse", or "same" if its interval includes 0."""
    if not (math.isfinite(mean) and math.isfinite(half)):
        raise ValueError(f"a verdict needs a mean and its interval, not {mean!r} ± {half!r}")
    if abs(mean) <= half:
        return "same"
    return "better" if mean > 0 else "worse"


def verdicts(name, outcome):
    """The three cases of a verdict, of which one is true: "NAME-better", "NAME-worse", "NAME-same"."""
    return {f"{name}-{sign}": sign == outcome for sign in SIGNS}


def leaky(progress=None):
    """Part 1: the change of loss by deduplication, held out by cluster and by document; two corpora, five seeds."""
    from dataselect_core import datasets
    from dataselect_core.dedup.audit import Audit
    from dataselect_core.dedup.leak import HELD_OUT, leaky_test

    corpora = {"crawl": (datasets.crawl().texts, 0.6), "licences": (datasets.licences().texts, 0.7)}
    figures, cases = {}, {}
    for name, (texts, threshold) in corpora.items():
        audit = Audit(texts)
        leak = leaky_test(audit, audit.at(threshold))
        mean, half = leak.change()
        figures[name] = {"threshold": threshold}
        outcomes = [verdict(-mean[j], half[j]) for j in range(len(HELD_OUT))]
        for j, held_out in enumerate(HELD_OUT):
            figures[name][held_out] = {
                "raw": float(leak.raw[:, j].mean()),
                "kept": float(leak.kept[:, j].mean()),
                "change": float(mean[j]),
                "half": float(half[j]),
            }
            cases |= verdicts(f"{name}-{held_out}", outcomes[j])
        turns = {*outcomes} == {"better", "worse"}
        cases |= {f"{name}-turns": turns, f"{name}-stays": not turns}
    return {"seeds": len(leak.seeds), **figures, "cases": cases}


def pruning(progress=None):
    """Part 2: digits pruned by EL2N, clean and with 5 % wrong labels; three shares, five seeds."""
    from dataselect_core import datasets
    from dataselect_core.pruning.experiment import KEEPS, prune
    from dataselect_core.statistics import half_width

    X, y = datasets.digits()
    shares, rate, seeds = (0.5, 0.2, 0.1), 0.05, range(5)
    figures, cases = {}, {}
    for labels, wrong in (("clean", 0.0), ("wrong", rate)):
        result = prune(X, y, shares, wrong, seeds)
        mean, half = result.mean(), result.interval()
        gap, gap_half = result.against_random()
        figures[labels] = {"whole": float(result.whole.mean()), "whole_half": float(half_width(result.whole))}
        for j, share in enumerate(shares):
            row = figures[labels][f"keep_{share * 100:.0f}"] = {}
            for i, keep in enumerate(KEEPS):
                row[keep] = {"mean": float(mean[i, j]), "half": float(half[i, j])}
                if keep != "random":
                    outcome = verdict(gap[i, j], gap_half[i, j])
                    row[keep]["sign"] = SIGNS[outcome]
                    cases |= verdicts(f"{labels}-{share * 100:.0f}-{keep}", outcome)
    among = result.wrong_among_hardest
    figures["among"] = {"mean": float(among.mean()), "half": float(half_width(among))}
    outcome = verdict(among.mean() - rate, half_width(among))
    return {"seeds": len(seeds), "rate": rate, **figures, "cases": cases | verdicts("among", outcome)}


def votes(progress=None):
    """Part 2: how often one rating, and the votes of three and five, are wrong, and what each teaches for its price."""
    from dataselect_core import datasets
    from dataselect_core.votes import VOTERS, buy_labels, clustering, majority

    rated = datasets.ratings()
    ratings = rated.values
    figures = {}
    for voters in (1, 3, 5):
        vote = majority(ratings, voters)
        figures[f"of_{voters}"] = {
            name: getattr(vote, name) for name in ("opposite", "opposite_half", "wrong", "wrong_half")
        }
    spread = clustering(ratings)
    names = ("none", "none_half", "many", "many_half", "none_if_even", "many_if_even")
    figures |= {"items": vote.items, **{name: getattr(spread, name) for name in names}}
    cases = verdicts("clusters", verdict(spread.many - spread.many_if_even, spread.many_half))
    budgets, same = (600, 1500, 3000), 1000
    plans = [tuple(budget // count for count in VOTERS) for budget in budgets] + [(same,) * len(VOTERS)]
    bought = buy_labels(rated.texts, ratings, plans)
    (mean, half), (gap, gap_half) = bought.mean(), bought.against_first()
    for i, name in enumerate([*(f"labels_{budget}" for budget in budgets), "same_items"]):
        figures[name] = {
            f"of_{count}": {
                "mean": float(mean[i, j]),
                "half": float(half[i, j]),
                "sign": SIGNS[verdict(gap[i, j], gap_half[i, j])] if j else "",
            }
            for j, count in enumerate(VOTERS)
        }
    cases |= verdicts("three", verdict(gap[2, 1], gap_half[2, 1]))
    cases |= verdicts("items", verdict(gap[3, 1], gap_half[3, 1]))
    return {**figures, "seeds": len(bought.seeds), "cases": cases}


def voices(progress=None):
    """Part 3 with real speech: mixes of one size, and at 90 % synthetic other simulators; twenty seeds, paired."""
    from dataclasses import replace

    from dataselect_core import datasets
    from dataselect_core.gap import gap_map
    from dataselect_core.gap import voices as speech

    start = speech.Setting(share=0.0, randomisation=speech.RANDOMISATION, total=1000, real=500, critical=8)
    start = replace(start, total=gap_map.move_total(start))
    settings = {f"share_{share * 100:.0f}": replace(start, share=share) for share in speech.SHARES}
    settings["given"] = replace(settings["share_90"], simulator_rain=True)
    settings["plain"] = replace(settings["share_90"], randomisation=0.0)
    settings["wild"] = replace(settings["share_90"], randomisation=1.0)
    data = datasets.speech()
    compared = speech.compare(list(settings.values()), data.cepstra, data.y, datasets.rainfall_mm())
    names, figures, cases = list(settings), {}, {}
    for i, name in enumerate(names):
        control = names.index("share_10" if name.startswith("share") else "share_90")
        figures[name] = {"real": settings[name].counts()[0], "synthetic": settings[name].counts()[1]}
        for measure, scale in (("accuracy", 100), ("recall", 100), ("fid_infinity", 1)):
            mean, half = compared.mean(measure)
            change, change_half = compared.change(measure, control, i)
            outcome = "same" if i == control else verdict(change, change_half)
            figures[name][measure] = {
                "mean": float(mean[i]),
                "half": float(half[i]),
                "change": scale * change,
                "change_half": scale * change_half,
                "sign": "" if i == control or measure == "fid_infinity" else SIGNS[outcome],
            }
            if (name, measure) in (("share_90", "recall"), ("share_90", "accuracy")):
                cases |= verdicts(measure, outcome)
            if measure == "accuracy" and name in ("given", "wild"):
                cases |= verdicts(name, outcome)
    return {"seeds": len(compared.seeds), "total": start.total, **figures, "cases": cases}


def chapter(progress=None):
    """Part 3: statements of the textbook's chapter next to measurements here, each with its seeds and interval."""
    import numpy as np

    from dataselect_core import datasets
    from dataselect_core.facts import load
    from dataselect_core.gap.shares import add_synthetic
    from dataselect_core.sampling import reference_sweep
    from dataselect_core.sampling.evaluation import curve_at_prior
    from dataselect_core.sampling.sweep import label_factors
    from dataselect_core.scaling import effective_data
    from dataselect_core.scaling.data_wall import chapter_cluster
    from dataselect_core.statistics import half_width

    claims = {
        topic: {name: {"value": fact["value"], "kind": fact["kind"]} for name, fact in facts.items()}
        for topic, facts in load("chapter").items()
    }
    added = add_synthetic(*datasets.digits(), datasets.rainfall_mm())
    mean, half = added.gain()
    gains, cases = {}, {}
    for i, real in enumerate(added.real):
        for j, share in enumerate(added.shares):
            name = f"real_{real}_share_{share * 100:.0f}"
            said = verdict(mean[i, j], half[i, j])
            gains[name] = {
                "gain": 100 * float(mean[i, j]),
                "half": 100 * float(half[i, j]),
                "sign": SIGNS[said],
            }
            if share == max(added.shares) and real in (min(added.real), max(added.real)):
                cases |= verdicts("few" if real == min(added.real) else "many", said)
    factors = {}
    _, in_test, prior = reference_sweep.watched_shares("rare", reference_sweep.TEST_SHARE, 0)
    for name in reference_sweep.SIZES:
        curves = {(c.strategy, c.batch_size): c for c in reference_sweep.curves(name)}
        pair = [curves["random", reference_sweep.BASELINE_BATCH], curves["margin", 10]]
        kinds = {name: pair}
        if pair[0].recall is not None:
            kinds["natural"] = [curve_at_prior(each, in_test, prior) for each in pair]
        for kind, (random, margin) in kinds.items():
            found = label_factors(random, margin, 0.9)
            found = found[~np.isnan(found)]  # seeds in which both reach it
            factors[kind] = {
                "factor": float(found.mean()),
                "half": float(half_width(found)),
                "seeds": len(found),
                "sign": SIGNS[verdict(found.mean() - 1, half_width(found))],
            }
    capacity = chapter_cluster(load("prices")["peak_flops"]["value"])
    curated = claims["repetition"]["curated"]["value"]
    by_law = {f"worth_{n}": effective_data(curated, n * curated) / (n * curated) for n in (2, 4)}
    by_law |= {
        "capacity": capacity,
        "epochs": capacity / curated,
        "worth_all": effective_data(curated, capacity) / capacity,
    }
    return {
        "claims": claims,
        "seeds": len(added.seeds),
        "sweep_seeds": len(reference_sweep.SEEDS),
        **gains,
        **{f"factor_{kind}": each for kind, each in factors.items()},
        **{name: {"value": float(value), "kind": "modelled"} for name, value in by_law.items()},
        "cases": cases,
    }


def writers(progress=None):
    """Part 3: digits of two real sources and of the simulator, judged on each real source; ten seeds."""
    from dataselect_core import datasets
    from dataselect_core.gap.sources import ORIGINS, cross
    from dataselect_core.statistics import half_width

    def measured(values):
        return {"mean": float(values.mean()), "half": float(half_width(values))}

    found = cross(*datasets.digits(), *datasets.nist_digits())
    (gap, gap_half), (more, more_half) = found.beyond_simulator(), found.beyond_alone()
    figures, cases = {}, {}
    for i, target in enumerate(("uci", "nist")):
        figures[target] = {"alone": measured(found.alone[:, i])}
        for j, origin in enumerate(ORIGINS):
            figures[target][origin] = {
                name: measured(getattr(found, name)[:, i, j])
                for name in ("accuracy", "mixed", "fid", "fid_infinity")
            }
            figures[target][origin]["sign"] = SIGNS[verdict(more[i, j], more_half[i, j])]
        cases |= verdicts(f"{target}-gap", verdict(gap[i], gap_half[i]))
        cases |= verdicts(f"{target}-added", verdict(more[i, 1], more_half[i, 1]))
    return {"seeds": len(found.seeds), "size": found.size, "added": found.added, **figures, "cases": cases}


def truth(progress=None):
    """Part 1: clusters of licence texts against the licences that people gave them, at five thresholds."""
    from dataselect_core import datasets
    from dataselect_core.dedup.pairs import exact_pairs
    from dataselect_core.dedup.truth import THRESHOLDS, agreement
    from dataselect_core.shingles import shingle_sets

    rules = datasets.rules()
    pairs, similarity = exact_pairs(shingle_sets(rules.texts), min(THRESHOLDS), rules.texts)
    found = agreement(rules.expressions, pairs, similarity)
    half, figures = found.half(), {}
    for k, threshold in enumerate(found.thresholds):
        row = figures[f"at_{threshold * 100:.0f}"] = {"removed": float(found.removed[k])}
        for i, name in enumerate(("precision", "recall", "lost")):
            row[name] = {"mean": float(getattr(found, name)[k]), "half": float(half[i, k])}
    change, change_half = found.change(found.thresholds.index(0.9), found.thresholds.index(0.5))
    cases = {}
    for i, (name, sign) in enumerate((("precision", 1), ("recall", 1), ("lost", -1))):
        cases |= verdicts(name, verdict(sign * change[i], change_half[i]))
    return {"documents": len(rules.texts), "licences": found.classes, **figures, "cases": cases}


EXHIBITS = {
    "leaky": leaky,
    "truth": truth,
    "pruning": pruning,
    "votes": votes,
    "voices": voices,
    "writers": writers,
    "chapter": chapter,
}
LATER = ("chapter",)
"""Those that read sweeps, so that they are computed after them."""
