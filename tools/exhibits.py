"""Exhibits of the pages that are the same for every reader: computed natively with several seeds, kept as derived data.

Each function gives the figures that the texts name as {{native.exhibit.NAME.path|format}}, and what is true of them:
`::: when built-NAME-CASE` in a guarded text stays where that case holds, and is left out elsewhere.
"""

SIGNS = {"better": "▲", "worse": "▼", "same": "≈"}  # than its control; ≈: cannot be told apart


def verdict(mean, half):
    """Of a difference where more is better: "better", "worse", or "same" where its interval holds 0."""
    if abs(mean) <= half:
        return "same"
    return "better" if mean > 0 else "worse"


def leaky(progress=None):
    """Part 1: the change of loss by deduplication, held out by cluster and by document; two corpora, five seeds."""
    from dataselect_core import datasets
    from dataselect_core.dedup.audit import Audit
    from dataselect_core.dedup.leak import HELD_OUT, leaky_test

    corpora = {"crawl": (datasets.crawl().texts, 0.6), "licences": (datasets.licences().texts, 0.7)}
    values, cases = {}, {}
    for name, (texts, threshold) in corpora.items():
        audit = Audit(texts)
        found = leaky_test(audit, audit.at(threshold))
        mean, half = found.change()
        values[name] = {"threshold": threshold}
        said = []
        for j, by in enumerate(HELD_OUT):
            values[name][by] = {
                "raw": float(found.raw[:, j].mean()),
                "kept": float(found.kept[:, j].mean()),
                "change": float(mean[j]),
                "half": float(half[j]),
            }
            said.append(verdict(-mean[j], half[j]))
            for each in SIGNS:
                cases[f"{name}-{by}-{each}"] = said[-1] == each
        cases[f"{name}-turns"] = {*said} == {"better", "worse"}
    values["seeds"] = len(found.seeds)
    return {"values": values, "cases": cases}


def pruning(progress=None):
    """Part 2: digits pruned by EL2N, clean and with 5 % wrong labels; three shares, five seeds."""
    from dataselect_core import datasets
    from dataselect_core.pruning.experiment import KEEPS, prune

    X, y = datasets.digits()
    shares, seeds = (0.5, 0.2, 0.1), range(5)
    values, cases = {"seeds": len(seeds)}, {}
    for labels, wrong in (("clean", 0.0), ("wrong", 0.05)):
        found = prune(X, y, shares, wrong, seeds)
        mean, half = found.mean(), found.interval()
        gap, gap_half = found.against_random()
        values[labels] = {"whole": float(found.whole.mean())}
        for j, share in enumerate(shares):
            row = values[labels][f"keep_{share * 100:.0f}"] = {}
            for i, keep in enumerate(KEEPS):
                row[keep] = {"mean": float(mean[i, j]), "half": float(half[i, j])}
                if keep == "random":
                    continue
                said = verdict(gap[i, j], gap_half[i, j])
                row[keep]["sign"] = SIGNS[said]
                for each in SIGNS:
                    cases[f"{labels}-{share * 100:.0f}-{keep}-{each}"] = said == each
        values[labels]["among"] = float(found.wrong_among_hardest.mean())
    return {"values": values, "cases": cases}


def votes(progress=None):
    """Part 2: how often one rating, and the vote of three and of five, is wrong; how the errors cluster."""
    from dataselect_core import datasets
    from dataselect_core.votes import clustering, majority

    ratings = datasets.ratings().values
    values = {}
    for voters in (1, 3, 5):
        found = majority(ratings, voters)
        values[f"of_{voters}"] = {
            "opposite": found.opposite,
            "half": 1.96 * found.standard_error,
            "wrong": found.wrong,
        }
    values["items"] = found.items
    spread = clustering(ratings)
    for name in ("none", "many", "none_if_even", "many_if_even"):
        values[name] = getattr(spread, name)
    even = spread.many <= spread.many_if_even
    return {"values": values, "cases": {"clustered": not even, "even": even}}


EXHIBITS = {"leaky": leaky, "pruning": pruning, "votes": votes}
