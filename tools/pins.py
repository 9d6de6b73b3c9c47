"""The pinned requirements of `.venv`: make them, record their metadata, and check that they are complete.

`requirements-*.in` name the packages that we want; uv resolves them for every supported Python and system at once, and
writes `requirements-*.txt` with the hash of every file. `requirements.json` records, for each pinned version, which
packages it requires and which of its wheels fit a supported machine, so that tests can prove without a network that
the lock is complete. Only `build.py update-lock` changes these files.
"""

import functools
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.tags import compatible_tags, cpython_tags, mac_platforms
from packaging.utils import canonicalize_name, parse_wheel_filename

HERE = Path(__file__).parent
NAMES = ("requirements-build", "requirements-test", "requirements-pip")
PEERS = "requirements-peers"  # for `bench --corpus`, outside `.venv`: only where a peer has wheels
MUTANTS = "requirements-mutants"  # for `mutants`, also outside `.venv`
RECORD = HERE / "requirements.json"
RESOLVER = "uv==0.13.9"  # resolves for all platforms and Pythons at once, with the hash of every file
PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
_GLIBC = [f"manylinux_2_{minor}" for minor in range(28, 16, -1)] + ["manylinux2014"]
_GLIBC += [f"manylinux_2_{minor}" for minor in range(16, 4, -1)] + ["manylinux2010", "manylinux1"]
# The machines that the pins are made for, by the names in wheels, with the oldest supported version of each system.
PLATFORMS = {
    ("linux", "x86_64"): [f"{name}_x86_64" for name in _GLIBC],
    ("linux", "aarch64"): [f"{name}_aarch64" for name in _GLIBC],
    ("musl", "x86_64"): ["musllinux_1_2_x86_64", "musllinux_1_1_x86_64"],
    ("musl", "aarch64"): ["musllinux_1_2_aarch64", "musllinux_1_1_aarch64"],
    ("darwin", "arm64"): list(mac_platforms((14, 0), "arm64")),
    ("darwin", "x86_64"): list(mac_platforms((14, 0), "x86_64")),
    ("win32", "amd64"): ["win_amd64"],
    ("win32", "arm64"): ["win_arm64"],
    ("win32", "x86"): ["win32"],
}


@functools.cache
def tags(python, platform):
    """The wheel tags that fit one Python (a pair of numbers) on one of `PLATFORMS`."""
    names = PLATFORMS[platform]
    interpreter = f"cp{python[0]}{python[1]}"
    return {*cpython_tags(python, platforms=names), *compatible_tags(python, interpreter, names)}


def marker_environment(python, platform):
    """The values of environment markers on one Python and one of `PLATFORMS`."""
    system, machine = platform
    version = f"{python[0]}.{python[1]}"
    return {
        "python_version": version, "python_full_version": f"{version}.0", "implementation_version": f"{version}.0",
        "implementation_name": "cpython", "platform_python_implementation": "CPython",
        "sys_platform": "linux" if system == "musl" else system,
        "os_name": "nt" if system == "win32" else "posix",
        "platform_system": {"win32": "Windows", "darwin": "Darwin"}.get(system, "Linux"),
        "platform_machine": machine.upper() if system == "win32" else machine,
        "platform_release": "", "platform_version": "", "extra": "",
    }  # fmt: skip


def read(path):
    """The lines of a `requirements-*.txt`: list of `(Requirement, set of sha256)`."""
    pins = []
    for line in path.read_text("utf-8").replace("\\\n", " ").splitlines():
        words, *hashes = re.split(r"\s+--hash=sha256:", line.strip())
        if words and not words.startswith("#"):
            pins.append((Requirement(words), set(hashes)))
    return pins


_requirement = functools.cache(Requirement)  # the same lines are read for every machine
_parsed = functools.cache(parse_wheel_filename)


def installed_on(pins, python, platform):
    """The packages that an installation of some `(Requirement, hashes)` takes on one machine: name -> version."""
    environment = marker_environment(python, platform)
    return {
        canonicalize_name(pin.name): next(iter(pin.specifier)).version
        for pin, _ in pins
        if pin.marker is None or pin.marker.evaluate(environment)
    }


def missing_requirements(requirements, pins, record, python, platform):
    """The requirements on one machine that are not pinned: list of sentences, empty if the pins are complete.

    Parameters
    ----------
    requirements : list of Requirement
        The requirements to begin with: the lines of the `.in` files.
    pins : list of (Requirement, set)
        As returned by `read`.
    record : dict
        The content of `requirements.json`.
    python, platform
        The machine, see `tags`.
    """
    installed = installed_on(pins, python, platform)
    environment = marker_environment(python, platform)
    visited, problems = set(), []
    queue = [("the list", requirement, "") for requirement in requirements]
    while queue:
        dependent, requirement, extra = queue.pop()
        if requirement.marker and not requirement.marker.evaluate({**environment, "extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        if name not in installed:
            problems.append(f"{dependent} requires {requirement}, which is not pinned")
            continue
        if not requirement.specifier.contains(installed[name], prereleases=True):
            problems.append(f"{dependent} requires {requirement}, and {installed[name]} is pinned")
        for extra in {"", *requirement.extras}:
            if (name, extra) not in visited:
                visited.add((name, extra))
                lines = record[name][installed[name]]["requires"]
                queue += [(f"{name}[{extra}]", _requirement(line), extra) for line in lines]
    return problems


def missing_wheels(pins, record, python, platform):
    """The names of pinned packages that have no wheel with a pinned hash for one machine."""
    fitting = tags(python, platform)
    hashes = {
        (canonicalize_name(pin.name), next(iter(pin.specifier)).version): digests for pin, digests in pins
    }
    return sorted(
        name
        for name, version in installed_on(pins, python, platform).items()
        if not any(
            _parsed(file)[3] & fitting and digest in hashes[name, version]
            for file, digest in record[name][version]["wheels"].items()
        )
    )


# --- Making them ---


def named():
    """The names in the `.in` files, including a new one that has no pin yet."""
    lines = [
        line
        for name in (*NAMES, PEERS, MUTANTS)
        for line in (HERE / f"{name}.in").read_text("utf-8").splitlines()
    ]
    specs = [line for line in lines if line and not line.startswith(("#", "-"))]
    return {canonicalize_name(Requirement(line).name) for line in specs}


def update(changes=(), upgrade=False):
    """Rewrite `requirements-*.txt` and `requirements.json`; a pin only changes if it is named, or if it has to.

    Parameters
    ----------
    changes : list of str
        Each is `name==version`.
    upgrade : bool
        Take the newest release of everything that the `.in` files leave open.
    """
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "-qq", "--target", scratch, RESOLVER], check=True
        )
        environment = {**os.environ, "PYTHONPATH": scratch}

        def resolve(*arguments):
            command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
            command += ["--no-header", "--no-annotate", "--python-version", "{}.{}".format(*PYTHONS[0])]
            subprocess.run([*command, *arguments], check=True, cwd=HERE, env=environment)

        packages = []
        upgrades = [word for change in changes for word in ("--upgrade-package", change)]
        more = ["--upgrade"] if upgrade else upgrades
        resolve("--generate-hashes", *more, f"{PEERS}.in", "-o", f"{PEERS}.txt")
        without = ("--no-emit-package", "yattag")  # it has no wheel
        resolve("--generate-hashes", *more, *without, f"{MUTANTS}.in", "-o", f"{MUTANTS}.txt")
        for name in NAMES:
            resolve("--generate-hashes", *more, f"{name}.in", "-o", f"{name}.txt")
            pylock = Path(scratch) / "pylock.toml"
            pylock.unlink(missing_ok=True)
            resolve("--format=pylock.toml", "-c", f"{name}.txt", f"{name}.in", "-o", str(pylock))
            packages += tomllib.loads(pylock.read_text("utf-8"))["packages"]
    record = {}
    for package in packages:
        versions = record.setdefault(canonicalize_name(package["name"]), {})
        versions[package["version"]] = {"wheels": _fitting_wheels(package)}
    for name, version, requires in _requirements(packages):
        record[canonicalize_name(name)][version]["requires"] = requires
    RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", "utf-8")


def _fitting_wheels(package):
    """The wheels of a package that fit a supported machine: name of the file -> sha256."""
    fitting = set().union(*(tags(python, platform) for python in PYTHONS for platform in PLATFORMS))
    digests = {wheel["url"].rpartition("/")[2]: wheel["hashes"]["sha256"] for wheel in package["wheels"]}
    return {
        name: digest for name, digest in sorted(digests.items()) if parse_wheel_filename(name)[3] & fitting
    }


def _requirements(packages):
    """The requirements of each pinned version, from its own metadata: `(name, version, list of lines)` each."""
    for python in PYTHONS[:2]:  # the pins of the oldest Python, and those of all others
        environment = marker_environment(python, ("linux", "x86_64"))
        chosen = {
            package["name"]: f"{package['name']}=={package['version']}"
            for package in packages
            if "python" not in package.get("marker", "") or Marker(package["marker"]).evaluate(environment)
        }
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-qq",
            "--dry-run",
            "--ignore-installed",
            "--no-deps",
        ]
        command += ["--only-binary=:all:", "--target=unused", "--python-version", "{}.{}".format(*python)]
        command += [word for name in PLATFORMS["linux", "x86_64"] for word in ("--platform", name)]
        completed = subprocess.run(
            [*command, "--report=-", *chosen.values()], check=True, stdout=subprocess.PIPE, text=True
        )
        for item in json.loads(completed.stdout)["install"]:
            metadata = item["metadata"]
            yield metadata["name"], metadata["version"], sorted(metadata.get("requires_dist", []))
