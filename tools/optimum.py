"""Try out every setting of Part 2's labelling problems, so that the page knows the true optimum.

`build` writes sweep.json.gz, the same bytes every time. What was computed is kept in .build/optimum under a
hash of everything it depends on, the code and the data, so that only a change of those costs the minutes again.
Run as a module, it computes one problem and prints it: python -m tools.optimum digits
"""

import gzip
import hashlib
import json
import sys

from tools import apart

CODE = ("arguments", "exhaustive", "sampling", "softmax", "sweep")
DATA = {"digits": "digits.u8.gz", "rare": "digits.u8.gz", "breast_cancer": "breast_cancer.csv.gz"}


def key(root, data, name):
    """A hash of what the sweep of one problem depends on."""
    whole = hashlib.sha256(name.encode())
    for module in CODE:
        whole.update((root / "src" / "dataselect_core" / f"{module}.py").read_bytes())
    whole.update(gzip.decompress((data / DATA[name]).read_bytes()))
    return whole.hexdigest()[:16]


def build(root, data, cache):
    """Write the sweep of all problems into the directory of the data files.

    Parameters
    ----------
    root : Path
        The repository.
    data : Path
        Directory of the data files, where digits and tumours already are.
    cache : Path
        Made when missing; holds one file for each problem and state of the code.

    Returns
    -------
    Path
        sweep.json.gz
    """
    cache.mkdir(parents=True, exist_ok=True)
    found = {}
    for name in DATA:
        kept = cache / f"{name}.{key(root, data, name)}.json"
        if not kept.exists():
            apart.write(kept, apart.output(root, data, "optimum", name).encode("ascii"))
        found[name] = json.loads(kept.read_text(encoding="ascii"))
    packed = gzip.compress(json.dumps(found, separators=(",", ":")).encode("ascii"), 9, mtime=0)
    target = data / "sweep.json.gz"
    if not target.exists() or target.read_bytes() != packed:
        apart.write(target, packed)
    return target


def figures():
    """Labels to 90 % on the digits, for a reader whose browser cannot run Python: name -> number."""
    from dataselect_core.sampling import reference_sweep
    from dataselect_core.sampling.project import labels_to_reach

    found = {}
    for curve in reference_sweep.curves("digits"):
        name = "random" if curve.strategy == "random" else f"{curve.strategy}_{curve.batch_size}"
        found[name] = float(labels_to_reach(curve.labels, curve.mean, 0.9))
    return found


def main(name):
    """Compute one problem and print it."""
    from dataselect_core.sampling import reference_sweep

    problem = reference_sweep.problem(name)
    test = reference_sweep.split(problem, reference_sweep.TEST_SHARE, reference_sweep.SEEDS[0])[3]
    rare = None if problem.rare is None else int((test == problem.rare[0]).sum())
    packed = reference_sweep.pack(reference_sweep.run(name), len(test), rare)
    print(json.dumps(packed, separators=(",", ":")))


if __name__ == "__main__":
    main(sys.argv[1])
