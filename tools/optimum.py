"""Every setting of Part 2's labelling problems tried out, so that the page knows the true optimum: what is computed.

`tools.derive` says when, and keeps it.
"""

PROBLEMS = ("digits", "rare", "breast_cancer")


def compute(name, progress=None):
    """The sweep of one problem, as `exhaustive.pack` packs it.

    Parameters
    ----------
    name : str
        One of `PROBLEMS`.
    progress : callable, optional
        Takes the share of a step that is done.
    """
    from dataselect_core import exhaustive

    problem = exhaustive.problem(name)
    test = exhaustive.split(problem, exhaustive.TEST_SHARE, exhaustive.SEEDS[0])[3]
    rare = None if problem.rare is None else int((test == problem.rare[0]).sum())
    curves = 1 + len(exhaustive.MEASURES) * len(exhaustive.BATCH_SIZES)
    made = exhaustive.run(name, lambda curve: progress(1 / curves) if progress else None)
    return exhaustive.pack(made, len(test), rare)


def figures():
    """Labels to 90 % on the digits, for a reader whose browser cannot run Python: name -> number."""
    from dataselect_core import exhaustive
    from dataselect_core.selection_economics import labels_to_reach

    found = {}
    for curve in exhaustive.curves("digits"):
        name = "random" if curve.strategy == "random" else f"{curve.strategy}_{curve.batch_size}"
        found[name] = float(labels_to_reach(curve.labels, curve.mean, 0.9))
    return found
