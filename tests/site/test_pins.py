"""The pinned requirements: complete for every supported Python and system, so that nothing is resolved."""

import copy
import json
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import pins

SUPPORTED = [platform for platform in pins.PLATFORMS if platform not in {("win32", "x86")}]
MACHINES = [(python, platform) for platform in SUPPORTED for python in pins.PYTHONS]
FORKS = [
    ((3, 11), ("linux", "x86_64")),
    ((3, 13), ("linux", "x86_64")),
    ((3, 12), ("win32", "amd64")),
]  # of markers
# Packages without a wheel, each covered by a sentence of `environment.objection`.
LACKING = {
    "requirements-build": {((3, 11), ("win32", "arm64")): ["pyyaml"]},
    "requirements-test": {
        **{(python, ("musl", "x86_64")): ["playwright", "scikit-learn"] for python in pins.PYTHONS},
        **{
            (python, ("musl", "aarch64")): ["matplotlib", "playwright", "scikit-learn"]
            for python in pins.PYTHONS
        },
        **{(python, ("win32", "arm64")): ["pyarrow"] for python in pins.PYTHONS},
    },
}


@pytest.fixture(scope="module")
def record():
    """The record of the pinned versions."""
    return json.loads(pins.RECORD.read_text("utf-8"))


def pins_of(*names):
    """The pins of some requirements files together."""
    return [pin for name in names for pin in pins.read(pins.HERE / f"{name}.txt")]


def requirements_of(name):
    """The requirements of an `.in` file."""
    lines = (pins.HERE / f"{name}.in").read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if line and line[0] not in "#-"]


@pytest.mark.parametrize(("python", "platform"), MACHINES)
def test_every_requirement_of_a_pinned_package_is_pinned(record, python, platform):
    """A resolver is never needed: with extras and markers, each requirement is in the list that installs it."""
    for names in (("requirements-build",), ("requirements-build", "requirements-test")):
        problems = pins.missing_requirements(
            requirements_of(names[-1]), pins_of(*names), record, python, platform
        )
        assert problems == []


@pytest.mark.parametrize("names", [("requirements-build",), ("requirements-build", "requirements-test")])
@pytest.mark.parametrize(("python", "platform"), MACHINES)
def test_each_pin_has_a_wheel_for_each_machine(record, names, python, platform):
    """Every pin has a wheel that fits each machine, unless a sentence says otherwise."""
    lacking = sorted({pin for name in names for pin in LACKING[name].get((python, platform), [])})
    assert pins.missing_wheels(pins_of(*names), record, python, platform) == lacking


@pytest.mark.parametrize("name", sorted(pins.NAMES))
def test_a_removed_pin_is_noticed(record, name):
    """The check of completeness notices if any single pin is missing, even one that only a marker or extra requires."""
    other_pins = pins_of("requirements-build") if name == "requirements-test" else []
    own_pins = pins_of(name)
    for removed, _ in own_pins:
        if any(removed.name == pin.name for pin, _ in other_pins):
            continue  # the other list still has it
        remaining = [pair for pair in own_pins if pair[0].name != removed.name] + other_pins
        problems = [
            problem
            for python, platform in FORKS
            for problem in pins.missing_requirements(
                requirements_of(name), remaining, record, python, platform
            )
        ]
        assert problems, removed.name


def test_a_new_requirement_is_noticed(record):
    """If a recorded requirement with an extra is not pinned, the check fails and names both."""
    changed = copy.deepcopy(record)
    (version,) = changed["pytest-cov"]
    changed["pytest-cov"][version]["requires"].append("brand-new[toml]>=3 ; python_version >= '3.11'")
    names = ("requirements-build", "requirements-test")
    problems = pins.missing_requirements(
        requirements_of(names[1]), pins_of(*names), changed, (3, 11), ("linux", "x86_64")
    )
    assert len(problems) == 1
    assert "pytest-cov" in problems[0]
    assert "brand-new[toml]>=3" in problems[0]


def test_the_record_agrees_with_the_installed_packages(record):
    """An independent check: the installed packages have the requirements that `requirements.json` lists.

    The pip of `.venv` is the one that Python includes, so the pinned pip is not checked there.
    """
    compared = 0
    for name in {pin.name for pin, _ in pins_of("requirements-build", "requirements-test")}:
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # for another system
        versions = record[canonicalize_name(name)]
        assert distribution.version in versions, (
            f"{name} {distribution.version} is installed, and not as pinned"
        )
        recorded = {str(Requirement(line)) for line in versions[distribution.version]["requires"]}
        assert recorded == {str(Requirement(line)) for line in distribution.requires or []}, name
        compared += 1
    assert compared > 50


@pytest.mark.parametrize("name", pins.NAMES)
def test_every_pin_names_one_version_and_its_files(record, name):
    """A line without `==`, without hashes, or without a record cannot be installed by hash and fails here."""
    for pin, hashes in pins_of(name):
        (specifier,) = pin.specifier
        assert specifier.operator == "==", pin
        assert "*" not in specifier.version, pin
        assert pin.extras == set(), pin
        wheels = record[canonicalize_name(pin.name)][specifier.version]["wheels"]
        assert wheels, pin
        assert set(wheels.values()) <= hashes, pin


def test_both_lists_pin_the_same_versions():
    """Packages in both the list for the build and the list for the tests have the same pins."""
    build, test = ({(pin.name, str(pin.marker)): pin for pin, _ in pins_of(name)} for name in pins.NAMES[:2])
    shared = build.keys() & test.keys()
    assert len(shared) > 5
    assert all(build[key] == test[key] for key in shared)
