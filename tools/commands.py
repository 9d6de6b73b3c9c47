"""The commands of `build.py`: build, serve, setup, test, bench, zip, fresh, update-lock.

What a step does is in the file of `tools/` that is named after it. The imports at the top are of the standard library
and of tools that need nothing else, because they run before `.venv` is there; what needs it is imported where used.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools import pip_client
from tools.environment import BUILD, TEST, Environment, EnvironmentFault
from tools.fetch import FetchError

TESTS_FAILED = 1  # pytest's exit status for that, and for nothing else
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
    commands.add_parser("build", help="make dist/, and .venv with the core installed")
    serve = commands.add_parser("serve", help="build, serve on 127.0.0.1, build again when a source changes")
    serve.add_argument("--port", type=int, default=8000, help="default 8000; 0 takes a free one")
    commands.add_parser("setup", help="build, and add what the tests and the benchmark need; run nothing")
    test = commands.add_parser("test", help="build, then run all tests; what follows -- goes to pytest")
    test.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    bench = commands.add_parser("bench", help="build, then measure; what follows -- goes to tools/bench.py")
    bench.add_argument("arguments", nargs="*")
    commands.add_parser("zip", help="build, then pack dist/ for readers offline")
    fresh = commands.add_parser(
        "fresh", help="build a clone of HEAD with an empty home and cache, and measure it"
    )
    fresh.add_argument("--pip", metavar="VERSION", help="the pip to begin with: oldest, newest, or a version")
    fresh.add_argument("--python", metavar="PATH", default=sys.executable, help="the Python to begin with")
    fresh.add_argument("--serve", action="store_true", help="until the page answers, and not only the build")
    fresh.add_argument("--log", type=Path, metavar="FILE", help="keep everything that was printed in a file")
    update = commands.add_parser(
        "update-lock", help="fetch again and rewrite tools/lock.json and the requirements"
    )
    update.add_argument("changes", nargs="*", metavar="NAME==VERSION")
    update.add_argument(
        "--upgrade", action="store_true", help="take the newest of all requirements left open"
    )
    return parser.parse_args(arguments)


# --- The steps of a build, in order: from here on, Python is that of .venv ---


def build(options=None):
    """Everything, up to `dist/`. Steps whose inputs have not changed do nothing."""
    from tools import bundle, data, fetch, lock, map, optimum, wheel

    began = time.perf_counter()
    pinned = lock.load()
    say("Fetching what ships")
    fetch.fetch_all(pinned)
    say("Building the core's wheel")
    core = wheel.build(ROOT, ROOT / ".build" / "wheel")
    say("Deriving the data")
    data.build(lambda name: fetch.fetch(pinned, name), ROOT / "src" / "dataselect_data")
    say("Trying out every labelling project (minutes, when the core has changed)")
    optimum.build(ROOT, ROOT / "src" / "dataselect_data", ROOT / ".build" / "optimum")
    say("Measuring the domain gap on every mix (minutes, the first time)")
    map.build(ROOT, ROOT / "src" / "dataselect_data", ROOT / ".build" / "map")
    say("Installing the core and its data in .venv")
    install(core, ROOT / "src" / "dataselect_data")
    say("Preparing Python for the browser")
    bundle.build(ROOT, pinned)
    say("Writing dist/")
    write_site(pinned, core)
    say(f"Built in {time.perf_counter() - began:.1f} s")


def install(core, data):
    """Install the wheel and lay the data beside it, as a reader's Python will have them."""
    site_packages = next(VENV.glob("lib/python3*/site-packages"), VENV / "Lib" / "site-packages")
    stamp = site_packages / "dataselect_core.sha256"
    digest = hashlib.sha256(core.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        pip_client.pip(PYTHON, "install", "--no-index", "--no-deps", "--force-reinstall", core)
        stamp.write_text(digest)
    shutil.rmtree(site_packages / data.name, ignore_errors=True)
    shutil.copytree(data, site_packages / data.name)


def write_site(pinned, core):
    """Write the pages in `.build/dist` and put them in the place of `dist/` when they are whole."""
    from tools import lock, site

    new, old = ROOT / ".build" / "dist", ROOT / ".build" / "dist-old"
    for folder in (new, old):
        shutil.rmtree(folder, ignore_errors=True)
    new.mkdir(parents=True)
    site.build(ROOT, new, ROOT / ".build" / "runtime", core, ROOT / "src" / "dataselect_data")
    (new / "licences.txt").write_text(lock.notice(pinned), "utf-8")
    if (ROOT / "dist").exists():
        (ROOT / "dist").rename(old)
    new.rename(ROOT / "dist")


# --- The commands ---


def serve(options):
    """Build, serve, and build again when a source changes."""
    from tools import serve as server

    server.require_port(options.port)
    build()
    server.run(ROOT, options.port, [PYTHON, ROOT / "build.py", "build"])


def setup(options):
    """Build; what the tests and the benchmark need was installed on the way here. Runs none of them."""
    build()


def test(options):
    """Build, then check style, the installed core (with the coverage gate), and the built site."""
    from tools import browsers

    build()
    browsers.ensure_browsers()
    pytest = [PYTHON, "-m", "pytest"]
    if options.pytest:
        sys.exit(subprocess.run([*pytest, *options.pytest], check=False).returncode)
    coverage = ["--cov=dataselect_core", "--cov-report=term:skip-covered", "--cov-fail-under=95"]
    steps = {
        "Style": [PYTHON, "-m", "ruff", "check", "."],
        "Tests of the core, as installed": [*pytest, "-q", "tests/core", *coverage],
        "Tests of the site": [*pytest, "-q", "tests/site", "--numprocesses=2"],
    }
    failed = []
    for name, command in steps.items():
        say(name)
        status = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
        if status == TESTS_FAILED and name == "Tests of the site":
            # A browser on a busy machine can be late once; what fails again, alone, is broken.
            say("Trying the failed tests once more, alone")
            again = [*pytest, "-q", "tests/site", "--last-failed", "--last-failed-no-failures=none"]
            status = subprocess.run(again, stdin=subprocess.DEVNULL, check=False).returncode
        if status:
            failed.append(name)
    if failed:
        sys.exit(f"Failed: {'; '.join(failed)}.")


def bench(options):
    """Build, then measure."""
    build()
    run([PYTHON, "-m", "tools.bench", *options.arguments])


def pack(options):
    """Build, then pack `dist/` into one archive; the same site gives the same bytes."""
    import zipfile

    build()
    target = ROOT / ".build" / "data-selection-lab.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in (ROOT / "dist").rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(f"data-selection-lab/{path.relative_to(ROOT / 'dist').as_posix()}")
            entry.create_system, entry.external_attr, entry.compress_type = (
                3,
                0o100644 << 16,
                zipfile.ZIP_DEFLATED,
            )
            archive.writestr(entry, path.read_bytes())
    say(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1e6:.1f} MB")


def update_lock(options):
    """Rewrite the lock and the requirements on purpose."""
    from tools import lock

    lock.update(options.changes, upgrade=options.upgrade)


def fresh(options):
    """Do what a stranger does, in a temporary folder, and say how long it took and how much it brought."""
    from tools import fresh as trial

    sys.exit(trial.run(ROOT, options.python, options.pip, options.serve, options.log))


COMMANDS = {
    "build": build,
    "serve": serve,
    "setup": setup,
    "test": test,
    "bench": bench,
    "zip": pack,
    "fresh": fresh,
    "update-lock": update_lock,
}
LEVELS = dict.fromkeys(
    ("setup", "test", "bench"), (BUILD, TEST)
)  # of installed packages; BUILD for all others
WITHOUT_ENVIRONMENT = ("fresh",)


def say(words):
    """One line of progress."""
    print(words, flush=True)


def run(command):
    """Run a command; stop when it fails."""
    subprocess.run([str(part) for part in command], check=True, stdin=subprocess.DEVNULL)
