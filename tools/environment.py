"""Install the pinned packages in `.venv`, with any supported Python and only the standard library.

Nothing is resolved: pip installs the files whose hashes are in `requirements-*.txt` and ignores their requirements
(`tests/site/test_pins.py` proves that the lists are complete), so a new release of a package changes nothing. The
packages come in two levels: those that a build and `serve` need, and those that the tests and the benchmark need in
addition.
"""

import base64
import contextlib
import csv
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tools import pip_client
from tools.locked import locked

OLDEST, NEWEST = (3, 11), (3, 14)
OLDEST_PIP = (22, 3)  # of Python 3.11.0; the first that can install into another Python (`--python`)
GLIBC = (2, 28)  # the version that the pinned wheels are built for
BUILD, TEST = "build", "test"
LEVELS = (BUILD, TEST)
MACHINES = {
    "linux": {"x86_64", "aarch64"}, "darwin": {"arm64", "x86_64"}, "win32": {"amd64", "arm64"},
}  # fmt: skip


class EnvironmentFault(Exception):
    """`.venv` cannot be made; the message says why, and what helps."""


@dataclass(frozen=True)
class Machine:
    """The properties that decide which files fit; `glibc` is None except on Linux, and `()` for another C library."""

    system: str
    processor: str
    python: tuple
    implementation: str = "cpython"
    wide: bool = True
    threads_free: bool = False
    glibc: tuple | None = None

    @classmethod
    def current(cls):
        """The Python that runs this, and its machine."""
        return cls(
            system=sys.platform,
            processor=platform.machine().lower(),
            python=sys.version_info[:2],
            implementation=sys.implementation.name,
            wide=sys.maxsize > 2**32,
            threads_free=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
            glibc=_glibc(),
        )


def _glibc():
    if sys.platform != "linux":
        return None
    try:
        name, _, number = os.confstr("CS_GNU_LIBC_VERSION").partition(" ")
        return tuple(map(int, number.split(".")[:2])) if name == "glibc" else ()
    except (ValueError, OSError, AttributeError):
        return ()


def objection(machine, level=BUILD):
    """Why a machine cannot have the packages of a level, as a sentence; None if it can."""
    version = "{}.{}".format(*machine.python)
    if not OLDEST <= machine.python <= NEWEST:
        return (
            f"The lab needs Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}; this is {version}, for which"
            " the pinned packages do not exist."
        )
    if machine.implementation != "cpython":
        return f"The pinned packages exist for CPython, the usual Python; this is {machine.implementation}."
    if machine.threads_free:
        return f"The pinned packages do not exist for the free-threaded Python {version}t; use the usual {version}."
    if not machine.wide:
        return (
            "This Python is a 32-bit program, for which the pinned packages do not exist; use a 64-bit one."
        )
    processors = MACHINES.get(machine.system)
    if processors is None:
        return f"The pinned packages exist for Linux, macOS and Windows; this system is {machine.system}."
    if machine.processor not in processors:
        return (
            f"The pinned packages exist for {' and '.join(sorted(processors))} processors of this system;"
            f" this one is {machine.processor or 'unknown'}."
        )
    if (machine.system, machine.processor, machine.python) == ("win32", "arm64", (3, 11)):
        return "On Windows on ARM the pinned packages need Python 3.12 or newer; this is 3.11."
    if level == TEST and (machine.system, machine.processor) == ("win32", "arm64"):
        return "The packages of the tests (pyarrow) do not exist for Windows on ARM. `build` and `serve` work there."
    if machine.glibc is not None and machine.glibc < GLIBC:
        number = "{}.{}".format(*GLIBC)
        if machine.glibc:
            its_version = ".".join(map(str, machine.glibc))
            return f"The pinned packages need glibc {number} or newer; this system has {its_version}."
        if level == TEST:
            return (
                "The packages of the tests (scikit-learn, Playwright) do not exist for musl, the C library of Alpine"
                f" Linux: run this on a system with glibc {number} or newer. `build` and `serve` need none of them."
            )
    return None


class Environment:
    """The `.venv` of one checkout.

    Parameters
    ----------
    root : path
        The checkout; `tools/requirements-*.txt` are below it.
    """

    def __init__(self, root):
        self.root = Path(root).resolve()
        self.folder = self.root / ".venv"
        self.python = self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self.stamp = self.folder / "lab-packages.json"
        self.unfinished = self.folder / "lab-unfinished"

    def is_running(self):
        """Whether this process runs in it."""
        return Path(sys.prefix).resolve() == self.folder.resolve()

    def requirements(self, level):
        """The file that pins a level."""
        return self.root / "tools" / f"requirements-{level}.txt"

    def ensure(self, levels=(BUILD,), say=print):
        """Install the packages of some levels unless they are installed; other packages are kept.

        Raises
        ------
        EnvironmentFault
            The machine or its Python cannot have them, or the installation failed.
        """
        if self._holds(levels):
            return
        machine = Machine.current()
        for level in levels:
            if reason := objection(machine, level):
                raise EnvironmentFault(reason)
        with locked(self.root / ".build" / "environment.lock", "the installation of packages in .venv", say):
            if not self._holds(levels):  # another run may have done it meanwhile
                self._install(levels, say)

    def start_again(self, arguments):
        """Run a command line in its Python instead of this one, with a clean environment."""
        command = [str(self.python), *map(str, arguments)]
        environment = pip_client.clean(os.environ)
        if os.name != "nt":
            os.execve(self.python, command, environment)
        process = subprocess.Popen(command, env=environment)
        while True:
            try:
                sys.exit(process.wait())
            except KeyboardInterrupt:  # Ctrl-C reached the child as well, which ends by itself
                continue

    # --- Its state ---

    def _state(self):
        """The content of the stamp: the digests of the installed lists, and the Python they were installed for."""
        try:
            state = json.loads(self.stamp.read_text("utf-8"))
            return state if isinstance(state, dict) else {}
        except (OSError, ValueError):
            return {}

    def _digest(self, level):
        return hashlib.sha256(self.requirements(level).read_bytes()).hexdigest()

    def _base(self):
        """The program behind `.venv`: it changes when the system's Python is replaced."""
        return os.path.realpath(self.python)

    def _holds(self, levels):
        state = self._state()
        return (
            self.python.exists()
            and (self.folder / "pyvenv.cfg").exists()
            and self._site_packages().is_dir()
            and not self.unfinished.exists()
            and state.get("program") == self._base()
            and all(state.get(level) == self._digest(level) for level in levels)
        )

    def _works(self):
        """Whether its Python starts, belongs to `.venv`, has a supported version, and has a pip that is new enough."""
        code = "import sys; print(sys.prefix); print(*sys.version_info[:2])"
        try:
            completed = subprocess.run(
                [self.python, "-I", "-c", code], check=False, capture_output=True, text=True,
                env=pip_client.clean(os.environ), stdin=subprocess.DEVNULL,
            )  # fmt: skip
            prefix, numbers = completed.stdout.splitlines()
        except (OSError, ValueError):
            return False
        version = tuple(map(int, numbers.split()))
        return (
            Path(prefix).resolve() == self.folder.resolve()
            and OLDEST <= version <= NEWEST
            and self._site_packages(version).is_dir()
            and pip_client.version(self.python) >= OLDEST_PIP
        )

    def _site_packages(self, python=None):
        if os.name == "nt":
            return self.folder / "Lib" / "site-packages"
        if python:
            return self.folder / "lib" / "python{}.{}".format(*python) / "site-packages"
        folders = sorted(self.folder.glob("lib/python3.*/site-packages"))
        return folders[0] if folders else self.folder / "lib" / "site-packages"

    # --- Making it ---

    def _install(self, levels, say):
        if not self._works():
            say(f"Making .venv with Python {platform.python_version()}")
            self._make()
        elif self.unfinished.exists():
            broken = self._drop_broken()
            say(f"An earlier installation was interrupted; {broken} packages are installed again")
        state = self._state()
        required = [level for level in LEVELS if level in levels or level in state]
        missing = [level for level in required if state.get(level) != self._digest(level)]
        if self.unfinished.exists() or state.get("program") != self._base():
            missing = required
        lists = [self.requirements(level) for level in missing]
        count = len({_pin(line) for path in lists for line in path.read_text("utf-8").splitlines()} - {None})
        say(f"Installing the pinned packages of {' and '.join(missing)} in .venv (once)")
        self.unfinished.write_text(" ".join(missing))
        files = [part for path in lists for part in ("-r", path)]
        try:
            # The first import of a module compiles its bytecode; most modules are never imported.
            pip_client.pip(
                self.python, "install", "--no-deps", "--require-hashes", "--only-binary=:all:", "--no-compile", *files,
                progress=("packages", count),
            )  # fmt: skip
        except pip_client.PipError as error:
            raise EnvironmentFault(
                f"pip could not install the pinned packages:\n{error}\n{_advice(str(error))}"
            ) from None
        state |= {level: self._digest(level) for level in missing} | {"program": self._base()}
        scratch = self.stamp.with_suffix(".new")
        scratch.write_text(json.dumps(state), "utf-8")
        os.replace(scratch, self.stamp)
        self.unfinished.unlink()

    def _make(self):
        """Create `.venv`, with pip in it."""
        if not importlib.util.find_spec("venv"):
            raise EnvironmentFault(
                "This Python has no module venv, so .venv cannot be made; use a complete Python."
            )
        has_pip = importlib.util.find_spec("pip") is not None
        if not importlib.util.find_spec("ensurepip") and not has_pip:
            _install_venv_module()
            importlib.invalidate_caches()
        if self.is_running():
            raise EnvironmentFault(
                ".venv is damaged and cannot repair itself: delete the folder and start again."
            )
        command = [sys.executable, "-m", "venv", "--clear", self.folder]
        if importlib.util.find_spec("ensurepip"):
            self._run(command)
        else:  # Debian without python3-venv: the pip of this Python installs into .venv, first a pinned pip
            self._run([*command, "--without-pip"])
            pinned = self.root / "tools" / "requirements-pip.txt"
            if pip_client.version(sys.executable) < OLDEST_PIP:
                raise EnvironmentFault(
                    "This Python has no ensurepip, and its pip is older than 22.3: install the package that contains"
                    f" ensurepip (on Debian and Ubuntu: sudo apt install {_venv_package()}) and start again."
                )
            try:
                pip_client.pip(
                    sys.executable, "install", "--no-deps", "--require-hashes", "--only-binary=:all:", "-r", pinned,
                    target=self.python,
                )  # fmt: skip
            except pip_client.PipError as error:
                raise EnvironmentFault(
                    f"pip could not be put into .venv:\n{error}\n{_advice(str(error))}"
                ) from None
        name = "pip.ini" if os.name == "nt" else "pip.conf"
        if (Path(sys.prefix) / name).is_file():  # with it, this Python's own pip reaches its registry
            shutil.copy(Path(sys.prefix) / name, self.folder / name)

    def _run(self, command):
        completed = subprocess.run(
            [str(part) for part in command], check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            env=pip_client.clean(os.environ), errors="replace",
        )  # fmt: skip
        if completed.returncode:
            lines = (completed.stdout + completed.stderr).strip().splitlines()[-pip_client.SHOWN :]
            raise EnvironmentFault(
                "\n".join([f".venv cannot be made in {self.root}:", *(f"  {line}" for line in lines)])
            )

    def _drop_broken(self):
        """Make pip forget the packages with missing or changed files; return their number.

        An interrupted pip can leave a package that counts as installed but lacks files, or its list of files.
        """
        broken = 0
        site_packages = self._site_packages()
        for info in sorted(site_packages.glob("*.dist-info")):
            if not _is_complete(info):
                shutil.rmtree(info, ignore_errors=True)
                broken += 1
        for leftover in site_packages.glob("~*"):  # pip moved this away to replace it
            shutil.rmtree(leftover, ignore_errors=True)
        return broken


def _is_complete(info):
    """Whether every file that a package's RECORD lists exists and has its hash."""
    try:
        with open(info / "RECORD", encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        for name, digest, _ in rows:
            algorithm, _, expected = digest.partition("=")
            if not algorithm:
                if not name.endswith(".pyc") and not (info.parent / name).exists():
                    return False
                continue
            actual = hashlib.new(algorithm, (info.parent / name).read_bytes()).digest()
            if base64.urlsafe_b64encode(actual).rstrip(b"=").decode() != expected:
                return False
    except (OSError, ValueError):
        return False
    return bool(rows)


def _pin(line):
    """The name at the beginning of a line of a requirements file, or None."""
    return line.partition("==")[0] if line and line[0] not in " #-" else None


def _advice(message):
    """Advice for an error of pip."""
    if "No matching distribution" in message:
        return (
            f"There is no file for Python {platform.python_version()} on {platform.platform()}, or the registry"
            " that pip is set to does not have it."
        )
    if "DO NOT MATCH THE HASHES" in message:
        return (  # older pips also say this if a download was interrupted
            "What arrived is not the file that was pinned, and nothing of it was installed. If the connection broke,"
            " run the command again; if this happens again, the registry or a proxy sends another file."
        )
    return "Run the command again: what was downloaded is kept, and the installation continues."


def _venv_package():
    return f"python3.{sys.version_info.minor}-venv"


def _install_venv_module():
    """Install `ensurepip`, which Debian packages separately from Python, or say how to do it."""
    from tools import browsers

    if not browsers.debian_root():
        raise EnvironmentFault(
            "This Python has neither ensurepip nor pip, so .venv cannot be made. Install them"
            f" (on Debian and Ubuntu: sudo apt install {_venv_package()}) and run the command again."
        )
    with contextlib.suppress(SystemExit):
        browsers.apt_install(_venv_package())
    importlib.invalidate_caches()
    if not importlib.util.find_spec("ensurepip"):
        raise EnvironmentFault(
            f"This Python has no ensurepip, and installing {_venv_package()} did not install it."
        )
