"""Change the core's arithmetic and the merging rule one place at a time, and see whether the tests find it.

  python build.py mutants [-- --sample 10 --seed 1 lsh knee merge.js]

Cosmic Ray makes the mutants of the core (`make_mutants.py`; pinned in `requirements-mutants.txt`, in an environment of
its own), a script over TypeScript's tree those of `site/shell/merge.js` (`make_mutants.mjs`). Of each module a seeded
sample is tried in a copy of the repository's files, with the test files in `TESTS`. A test that fails, or that takes
many times as long as without the change, catches a mutant. The result is written to `.build/mutants.json`: of each
module how many mutants there are, how many were tried and caught, and every survivor with its line.
"""

import argparse
import hashlib
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from tools import fetch, node, pip_client, shell_types

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "tools" / "requirements-mutants.txt"
RESULT = ROOT / ".build" / "mutants.json"
CORE = "src/dataselect_core"
MERGE = "merge.js"
TESTS = {
    "lsh": ["test_lsh.py"],
    "minhash": ["test_minhash.py"],
    "knee": ["test_knee.py"],
    "frechet": ["test_frechet.py"],
    "noise": ["test_noise.py"],
    "votes": ["test_votes.py"],
    "scaling/laws": ["test_scaling.py"],
    "economics/acquisition": ["test_acquisition.py"],
    "economics/amortisation": ["test_amortisation.py"],
    "economics/assumptions": ["test_economics.py", "test_bad_input.py"],
    "economics/break_even": ["test_break_even.py"],
    "economics/costs": ["test_economics.py"],
    "economics/scale": ["test_scale.py"],
    "statistics": ["test_noise_experiments.py", "test_evaluation.py", "test_bad_input.py"],
    "sampling/measures": ["test_sampling.py"],
    "pruning/scores": ["test_pruning.py"],
    "ledger/check": ["test_check.py", "test_three_verdicts.py"],
    "ledger/fold": ["test_reformatted_reports.py", "test_report_diff.py"],
    MERGE: ["test_merge.py"],
}
IN_NODE = "no_saved_entry or merged or search or marker or text or value"
SLOWER, LEAST = 8, 60  # times as long as without a change, and seconds, after which a mutant hangs


def environment(say=print):
    """The Python of an environment with exactly the pinned packages; made if missing."""
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + platform.python_version().encode()).hexdigest()[:8]
    folder = fetch.cache_dir() / f"mutants-{key}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "complete").exists():
        say(f"Installing Cosmic Ray in {folder} (once)")
        venv.create(folder, clear=True, with_pip=True)
        given = ("--no-deps", "--require-hashes", "--only-binary=:all:", "-r", REQUIREMENTS)
        pip_client.pip(python, "install", *given, progress=("packages", 27))
        (folder / "complete").touch()
    return python


def path_of(module):
    """The file of a module, relative to the root."""
    return f"site/shell/{MERGE}" if module == MERGE else f"{CORE}/{module}.py"


def mutants_of(module, seed, sample, python):
    """(number of possible mutants, sample of them)."""
    if module != MERGE:
        command = [python, ROOT / "tools" / "make_mutants.py", ROOT / path_of(module), seed, sample]
        found = json.loads(subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE).stdout)
        return found["all"], found["mutants"]
    typescript = shell_types.checker().with_name("typescript.js")
    arguments = ROOT / "tools" / "make_mutants.mjs", typescript, ROOT / path_of(module)
    found = json.loads(node.node(*arguments, capture_output=True).stdout)
    random.Random(f"{seed} {module}").shuffle(found["mutants"])
    return found["all"], found["mutants"][:sample]


def copied(folder):
    """A copy of the files of the repository, in which mutants are tried; the build is the one that there is."""
    command = [
        "git",
        "ls-files",
        "-z",
        "src",
        "tests",
        "tools",
        "site",
        "docs",
        "derived",
        "pyproject.toml",
        "*.md",
    ]
    listed = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
    for name in (".build", "dist", ".venv"):
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)
    return folder


def tested(folder, module, limit):
    """Whether the tests of a module pass in the copy: True, False, or None if they take longer than the limit."""
    where = "tests/site" if module == MERGE else "tests/core"
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    command += [f"{where}/{name}" for name in TESTS[module] if (folder / where / name).exists()]
    command += ["-k", IN_NODE] if module == MERGE else []
    own = {"LAB_OUTDATED": "1", "PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    own["DATASELECT_DATA"] = str(ROOT / "src" / "dataselect_data")
    try:
        process = subprocess.run(
            command, cwd=folder, env={**os.environ, **own}, timeout=limit, check=False, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None
    return process.returncode == 0


def tried(module, seed, sample, python, folder, say):
    """The result of one module."""
    possible, mutants = mutants_of(module, seed, sample, python)
    start = time.monotonic()
    if not tested(folder, module, None):
        raise RuntimeError(f"the tests of {module} fail without any change")
    limit = max(LEAST, SLOWER * (time.monotonic() - start))
    path = folder / path_of(module)
    source, survivors, hangs = path.read_text("utf-8"), [], 0
    for mutant in mutants:
        path.write_text(mutant["source"], "utf-8")
        passes = tested(folder, module, limit)
        hangs += passes is None
        if passes:
            survivors.append({name: mutant[name] for name in ("operator", "line", "before", "after")})
    path.write_text(source, "utf-8")
    caught = len(mutants) - len(survivors)
    say(f"{module}: {caught} of {len(mutants)} caught ({possible} possible)")
    for one in survivors:
        say(f"  survives: line {one['line']}, {one['before']}  ->  {one['after']}")
    return {
        "possible": possible,
        "tried": len(mutants),
        "caught": caught,
        "hung": hangs,
        "survivors": survivors,
    }


def main():
    """Try the mutants of some modules."""
    parser = argparse.ArgumentParser(
        prog="mutants", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(TESTS)} (default: all)")
    parser.add_argument(
        "--sample", type=int, default=10, metavar="N", help="mutants of each module (default: 10)"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    unknown = set(options.modules) - set(TESTS)
    if unknown:
        parser.error(f"no such module: {', '.join(sorted(unknown))}")
    python = environment()
    known = json.loads(RESULT.read_text("utf-8"))["modules"] if RESULT.exists() else {}
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        folder = copied(Path(scratch))
        for module in options.modules or TESTS:
            known[module] = tried(
                module, options.seed, options.sample, python, folder, lambda line: print(line, flush=True)
            )
            known[module] |= {"seed": options.seed, "date": time.strftime("%Y-%m-%d")}
            RESULT.write_text(json.dumps({"modules": known}, indent=1) + "\n", "utf-8")
    tries, caught = (sum(result[name] for result in known.values()) for name in ("tried", "caught"))
    print(f"{caught} of {tries} mutants are caught; {RESULT}")


if __name__ == "__main__":
    main()
