"""The sweep over every setting of Part 2's labelling problems, which gives the page the true optimum.

`tools.derive` calls it and keeps the result.
"""

PROBLEMS = ("digits", "rare", "breast_cancer", "speech")


def compute(name, progress=None):
    """The sweep of one problem, as `reference_sweep.pack` packs it.

    Parameters
    ----------
    name : str
        One of `PROBLEMS`.
    progress : callable, optional
        Takes the share of a step that is done.
    """
    from dataselect_core.sampling import reference_sweep

    problem = reference_sweep.problem(name)
    test = reference_sweep.split(problem, problem.test_share, reference_sweep.SEEDS[0])[3]
    rare = None if problem.rare is None else int((test == problem.rare[0]).sum())
    curves = 1 + len(reference_sweep.MEASURES) * len(reference_sweep.BATCH_SIZES)
    sweep = reference_sweep.run(name, lambda curve: progress(1 / curves) if progress else None)
    return reference_sweep.pack(sweep, len(test), rare)


def figures():
    """Labels to 90 % on the digits, for a reader whose browser cannot run Python: name -> number."""
    from dataselect_core.sampling import reference_sweep
    from dataselect_core.sampling.project import labels_to_reach

    labels = {}
    for curve in reference_sweep.curves("digits"):
        name = "random" if curve.strategy == "random" else f"{curve.strategy}_{curve.batch_size}"
        labels[name] = float(labels_to_reach(curve.labels, curve.mean, 0.9))
    return labels
