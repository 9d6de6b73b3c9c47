"""The lab's one command line: build, serve, test, bench, ways, derive, zip, update-lock.

Needs nothing but Python 3.11 or newer. On first use it makes `.venv` with the pinned packages of
`tools/requirements-*.txt` and goes on in there; what a step does stands in the file of `tools/` that is named
after it.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
REQUIREMENTS = [ROOT / "tools" / name for name in ("requirements-build.txt", "requirements-test.txt")]


def main():
    """Read the command line, and carry it out inside `.venv`."""
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    from tools.fetch import FetchError

    options = parse(sys.argv[1:])
    try:
        if Path(sys.prefix).resolve() != VENV.resolve():
            ensure_environment()
            go_on_in_environment()
        os.chdir(ROOT)
        COMMANDS[options.command](options)
    except FetchError as error:
        sys.exit(f"\n{error}")
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
    test = commands.add_parser("test", help="build, then run all tests; what follows -- goes to pytest")
    test.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    bench = commands.add_parser("bench", help="build, then measure; what follows -- goes to tools/bench.py")
    bench.add_argument("arguments", nargs="*")
    ways = commands.add_parser(
        "ways", help="build, go every way into the lab, and write what works into README.md"
    )
    ways.add_argument("arguments", nargs="*", help="arguments for tools/ways.py, after --")
    derived = commands.add_parser(
        "derive", help="compute anew what of derived/ is older than the code, and keep it"
    )
    derived.add_argument("--check", action="store_true", help="compute all of it anew, and compare")
    commands.add_parser("zip", help="build, then pack dist/ for readers offline")
    update = commands.add_parser(
        "update-lock", help="fetch anew and rewrite tools/lock.json and the requirements"
    )
    update.add_argument("changes", nargs="*", metavar="NAME==VERSION")
    return parser.parse_args(arguments)


# --- The environment: standard library only, in whatever Python was at hand ---


def ensure_environment():
    """Make `.venv` hold exactly the pinned packages; at once when it already does."""
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in REQUIREMENTS)).hexdigest()
    stamp = VENV / "requirements.sha256"
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    say(f"Making .venv with Python {sys.version.split()[0]} and the pinned packages (once)")
    if not works(PYTHON):
        make_environment()
    files = [part for path in REQUIREMENTS for part in ("-r", str(path))]
    quiet = ["-qq", "--no-input", "--disable-pip-version-check"]
    run([PYTHON, "-m", "pip", "install", *quiet, "--require-hashes", "--only-binary=:all:", *files])
    stamp.write_text(wanted)


def go_on_in_environment():
    """Start this command again with the Python of `.venv`; what surrounds it must not leak in."""
    leaks = ("PYTHONPATH", "PYTHONHOME")
    environment = {key: value for key, value in os.environ.items() if key not in leaks}
    command = [str(PYTHON), str(ROOT / "build.py"), *sys.argv[1:]]
    if os.name != "nt":
        os.execve(PYTHON, command, environment)
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)


def make_environment():
    """Create `.venv`, with pip in it."""
    import importlib.util

    for package in ("ensurepip", "pip"):
        if importlib.util.find_spec(package):
            break
    else:
        install_venv_module()
        package = "ensurepip"
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if package == "ensurepip":
        run(command)
    else:  # Debian without python3-venv: the pip of this Python fills .venv, its own pip included
        run([*command, "--without-pip"])
        run([sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "-qq", "--no-input", "pip"])


def works(python):
    """Whether a Python is there, runs, and has pip."""
    if not python.exists():
        return False
    return subprocess.run([python, "-c", "import pip"], check=False, capture_output=True).returncode == 0


def install_venv_module():
    """Debian splits `venv` off from Python: put it back, or say how."""
    from tools import browsers

    package = f"python3.{sys.version_info.minor}-venv"
    if not browsers.debian_root():
        sys.exit(
            "This Python has neither ensurepip nor pip, so .venv cannot be made."
            f" Install them (on Debian and Ubuntu: sudo apt install {package}) and run the command again."
        )
    browsers.apt_install(package)


# --- The commands ---


def build(options=None):
    """Everything, up to `dist/`. Steps whose inputs have not changed do nothing."""
    from tools import make

    make.build(ROOT, f"build.py {options.command if options else 'build'}")


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


def test(options):
    """Build, then check style, the installed core (with the coverage gate), and the built site."""
    from tools import browsers

    build(options)
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
        if status:
            failed.append(name)
    if failed:
        sys.exit(f"Failed: {'; '.join(failed)}.")


def bench(options):
    """Build, then measure."""
    build(options)
    run([PYTHON, "-m", "tools.bench", *options.arguments])


def ways(options):
    """Build, then go every way into the lab with both browsers."""
    from tools import browsers

    build(options)
    browsers.ensure_browsers()
    run([PYTHON, "-m", "tools.ways", *options.arguments])


def pack(options):
    """Build, then pack `dist/` into one archive; the same site gives the same bytes."""
    from tools import make, pack

    build(options)
    with make.locked(ROOT / make.LOCK, "build.py zip", say):
        say(pack.told(pack.write(ROOT, ROOT / "dist", ROOT / ".build")))


def update_lock(options):
    """Rewrite the lock and the requirements on purpose."""
    from tools import lock

    lock.update(options.changes)


COMMANDS = {
    "build": build,
    "derive": derive,
    "serve": serve,
    "test": test,
    "bench": bench,
    "ways": ways,
    "zip": pack,
    "update-lock": update_lock,
}


def say(words):
    """One line of progress."""
    print(words, flush=True)


def run(command):
    """Run a command; stop when it fails."""
    subprocess.run([str(part) for part in command], check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
