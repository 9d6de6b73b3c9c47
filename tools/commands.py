"""The commands of `build.py`: build, serve, setup, test, bench, ways, reading, derive, zip, fresh, and the others.

The code of a step is in the file of `tools/` that is named after it. The imports at the top are only from the standard
library and from tools that need nothing else, because they run before `.venv` exists; everything else is imported
where it is used.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tools import pip_client
from tools.environment import BUILD, TEST, Environment, EnvironmentFault
from tools.fetch import FetchError

TRIALS = {
    "mutants": "build, then change single places of the core and of the merging rule; do the tests find them?",
    "endurance": "build, then use all parts for long in Chromium, and measure memory and the slider at both ends",
    "reliability": "write RELIABILITY.md from the results of fuzz_inputs, mutants and endurance, and from the tests",
}
TESTS_FAILED = 1  # pytest's exit status for failed tests, and for nothing else
ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = Environment(ROOT)
VENV, PYTHON = ENVIRONMENT.folder, ENVIRONMENT.python


def main():
    """Read the command line, and carry it out inside `.venv`."""
    options = parse(sys.argv[1:])
    try:
        if options.command not in WITHOUT_ENVIRONMENT:
            ENVIRONMENT.ensure(LEVELS.get(options.command, (BUILD,)), say)
            if not ENVIRONMENT.is_running():
                ENVIRONMENT.start_again([ROOT / "build.py", *sys.argv[1:]])
        os.chdir(ROOT)
        COMMANDS[options.command](options)
    except (FetchError, EnvironmentFault) as error:
        sys.exit(f"\n{error}")
    except pip_client.PipError as error:
        sys.exit(f"\npip failed:\n{error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"\nThis command failed (exit code {error.returncode}): {' '.join(map(str, error.cmd))}")
    except KeyboardInterrupt:
        sys.exit(130)


def parse(arguments):
    """The command and its options."""
    parser = argparse.ArgumentParser(
        prog="build.py", description="Build, serve and test the Data Selection lab."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    making = commands.add_parser("build", help="make dist/, and .venv with the core installed")
    making.add_argument(
        "--no-service-worker",
        action="store_true",
        help="build a site without a service worker; it removes the files that an earlier site kept for offline use",
    )
    serve = commands.add_parser("serve", help="build, serve on 127.0.0.1, build again when a source changes")
    serve.add_argument("--port", type=int, default=8000, help="default 8000; 0 chooses a free one")
    commands.add_parser("setup", help="build, and add what the tests and the benchmark need; run nothing")
    test = commands.add_parser("test", help="build, then run all tests; what follows -- goes to pytest")
    test.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    bench = commands.add_parser("bench", help="build, then measure; what follows -- goes to tools/bench.py")
    bench.add_argument(
        "--corpus", action="store_true", help="dedup against its peers, a million documents end to end"
    )
    bench.add_argument("arguments", nargs="*")
    ways = commands.add_parser(
        "ways", help="build, try every way into the lab, and write what works into README.md"
    )
    ways.add_argument("arguments", nargs="*", help="arguments for tools/ways.py, after --")
    reading = commands.add_parser(
        "reading", help="build, walk each track, and print words, screens and minutes of each step"
    )
    reading.add_argument("arguments", nargs="*", metavar="TRACK")
    album = commands.add_parser("album", help="build, walk each track, and take pictures of each step")
    album.add_argument("arguments", nargs="*", metavar="TRACK")
    accessibility = commands.add_parser(
        "accessibility", help="build, walk each track, and let axe look at each step in seven ways"
    )
    accessibility.add_argument("arguments", nargs="*", metavar="TRACK")
    for name, words in TRIALS.items():
        trial = commands.add_parser(name, help=words)
        trial.add_argument("arguments", nargs="*", help=f"arguments for tools/{name}.py, after --")
    derived = commands.add_parser(
        "derive", help="recompute the files of derived/ that are older than the code, and keep them"
    )
    derived.add_argument("--check", action="store_true", help="recompute all of them, and compare")
    commands.add_parser("reference", help="build, then make the reference of the core from its docstrings")
    commands.add_parser("zip", help="build, then pack dist/ for readers offline")
    fresh = commands.add_parser(
        "fresh", help="build a clone of HEAD with an empty home and cache, and measure it"
    )
    fresh.add_argument("--pip", metavar="VERSION", help="the pip to begin with: oldest, newest, or a version")
    fresh.add_argument("--python", metavar="PATH", default=sys.executable, help="the Python to begin with")
    fresh.add_argument(
        "--serve", action="store_true", help="continue until the page answers, not only until the build ends"
    )
    fresh.add_argument("--log", type=Path, metavar="FILE", help="keep everything that was printed in a file")
    update = commands.add_parser(
        "update-lock", help="fetch again and rewrite tools/lock.json and the requirements"
    )
    update.add_argument("changes", nargs="*", metavar="NAME==VERSION")
    update.add_argument(
        "--upgrade",
        action="store_true",
        help="use the newest release of every requirement that has no fixed version",
    )
    return parser.parse_args(arguments)


def build(options=None):
    """Build everything up to `dist/`; steps whose inputs have not changed do nothing."""
    from tools import make, service_worker

    make.build(ROOT, f"build.py {options.command if options else 'build'}")
    if getattr(options, "no_service_worker", False):
        service_worker.build(ROOT / "dist", enabled=False)  # the next build finds this changed, and undoes it


def serve(options):
    """Build, serve, and build again when a source changes."""
    from tools import live
    from tools import serve as server

    server.require_port(options.port)
    live.run(ROOT, options.port)


def derive(options):
    """Bring the derived data of the repository up to date, or check all of it."""
    from tools import derived_command

    sys.exit(derived_command.run(ROOT, options.check))


def setup(options):
    """Build only; `main` has already installed what the tests and the benchmark need."""
    build(options)


def test(options):
    """Build, then check style and types, the installed core (with the coverage gate), and the built site."""
    from tools import browsers

    build(options)
    browsers.ensure_browsers()
    pytest = [PYTHON, "-m", "pytest"]
    if options.pytest:
        sys.exit(subprocess.run([*pytest, *options.pytest], check=False).returncode)
    parallel = [*pytest, "-q", "--numprocesses=2", "--dist=loadgroup"]  # see tests/conftest.py for the groups
    # Code in the workers of `--jobs` and of Dask runs in other processes and is not counted.
    coverage = ["--cov=dataselect_core", "--cov-report=term:skip-covered", "--cov-fail-under=90"]
    steps = {
        "Style": [PYTHON, "-m", "ruff", "check", "."],
        "Layout": [PYTHON, "-m", "ruff", "format", "--check", "."],
        "Types": [PYTHON, "-m", "mypy"],
        "Types of the page's scripts": [PYTHON, "-m", "tools.shell_types"],
        "Tests of the core, as installed": [*parallel, "tests/core", *coverage],
        "Tests of the site": [*parallel, "tests/site"],
    }
    failed = []
    for name, command in steps.items():
        say(name)
        status = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
        if status == TESTS_FAILED and name == "Tests of the site":
            status = try_again(pytest)
        if status:
            failed.append(name)
    if failed:
        sys.exit(f"Failed: {'; '.join(failed)}.")


def try_again(pytest):
    """Run the failed tests once more, alone, and name those that pass then: they have a race, which must be fixed."""
    import json

    record = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
    failed_before = sorted(json.loads(record.read_text("utf-8"))) if record.exists() else []
    say(f"Trying {len(failed_before)} failed tests once more, alone")
    command = [*pytest, "-q", "tests/site", "--last-failed", "--last-failed-no-failures=none"]
    status = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    failed_again = set(json.loads(record.read_text("utf-8"))) if record.exists() else set()
    for name in failed_before:
        say(f"{'FAILED twice' if name in failed_again else 'FLAKY, passed when tried again'}: {name}")
    return status


def bench(options):
    """Build, then measure."""
    build(options)
    tool = "tools.bench_corpus" if options.corpus else "tools.bench"
    run([PYTHON, "-m", tool, *options.arguments])


def ways(options):
    """Build, then try every way into the lab with both browsers."""
    from tools import browsers

    build(options)
    browsers.ensure_browsers()
    run([PYTHON, "-m", "tools.ways", *options.arguments])


def reading(options):
    """Build, then walk the tracks and print what each step demands of its reader."""
    build(options)
    run([PYTHON, "-m", "tools.reading", *options.arguments])


def album(options):
    """Build, then take pictures of every step."""
    build(options)
    run([PYTHON, "-m", "tools.album", *options.arguments])


def accessibility(options):
    """Build, then run axe on every state."""
    build(options)
    run([PYTHON, "-m", "tools.accessibility", *options.arguments])


def mutants(options):
    """Build, then see whether the tests find changes of single places."""
    build(options)
    run([PYTHON, "-m", "tools.mutants", *options.arguments])


def endurance(options):
    """Build, then use the lab for long."""
    from tools import browsers

    build(options)
    browsers.ensure_browsers()
    run([PYTHON, "-m", "tools.endurance", *options.arguments])


def reliability(_):
    """Write RELIABILITY.md."""
    run([PYTHON, "-m", "tools.reliability"])


def reference(options):
    """Build, then make the pages about the core; they are not part of `dist/`."""
    from tools import reference as pages

    build(options)
    folder = pages.build(ROOT)
    say(f"The reference of the core: {folder / 'index.html'}")


def pack(options):
    """Build, then pack `dist/` into one archive; the same site gives the same bytes."""
    from tools import make, pack

    build(options)
    with make.locked(ROOT / make.LOCK, "build.py zip", say):
        say(pack.summary(pack.write(ROOT, ROOT / "dist", ROOT / ".build")))


def update_lock(options):
    """Rewrite the lock and the requirements on purpose."""
    from tools import lock

    lock.update(options.changes, upgrade=options.upgrade)


def fresh(options):
    """Do what a stranger does, in a temporary folder, and report how long it took and how much it downloaded."""
    from tools import fresh as trial

    sys.exit(trial.run(ROOT, options.python, options.pip, options.serve, options.log))


COMMANDS = {
    "build": build,
    "derive": derive,
    "serve": serve,
    "setup": setup,
    "test": test,
    "bench": bench,
    "ways": ways,
    "reading": reading,
    "album": album,
    "accessibility": accessibility,
    "mutants": mutants,
    "endurance": endurance,
    "reliability": reliability,
    "reference": reference,
    "zip": pack,
    "fresh": fresh,
    "update-lock": update_lock,
}
# The levels of installed packages that a command needs; BUILD by default.
LEVELS = dict.fromkeys(
    (
        "setup",
        "test",
        "bench",
        "ways",
        "reading",
        "album",
        "accessibility",
        "mutants",
        "endurance",
        "reference",
    ),
    (BUILD, TEST),
)
WITHOUT_ENVIRONMENT = ("fresh",)


def say(line):
    """Print one line of progress."""
    print(line, flush=True)


def run(command):
    """Run a command; stop when it fails."""
    subprocess.run([str(part) for part in command], check=True, stdin=subprocess.DEVNULL)
