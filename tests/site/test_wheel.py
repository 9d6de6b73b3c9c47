"""The core's wheel: reproducible, complete, installable."""

import ast
import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools import wheel

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path):
    """A copy of the sources of the wheel."""
    copy = tmp_path / "checkout"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "dataselect_core", copy / "src" / "dataselect_core", ignore=ignore)
    (copy / "tools").mkdir()
    for name in ("pyproject.toml", "LICENSE", "tools/wheel.py"):
        shutil.copyfile(ROOT / name, copy / name)
    return copy


def pip(*arguments, **options):
    """Run pip without a network."""
    command = [sys.executable, "-m", "pip", *map(str, arguments), "--no-index", "--no-deps", "-qq"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, **options)


def test_two_builds_give_the_same_bytes(checkout, tmp_path):
    """File times and files left by a test run do not change the bytes of the wheel."""
    first = wheel.build(checkout, tmp_path / "one").read_bytes()
    package = checkout / "src" / "dataselect_core"
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "values.cpython-311.pyc").write_bytes(b"left over")
    for path in package.rglob("*.py"):
        os.utime(path, (1e9, 1e9))
        path.chmod(0o600)
    assert wheel.build(checkout, tmp_path / "two").read_bytes() == first


def test_the_wheel_is_marked_as_typed(tmp_path):
    """The wheel has the marker that makes type checkers read the annotations of an installed package."""
    with zipfile.ZipFile(wheel.build(ROOT, tmp_path)) as archive:
        assert "dataselect_core/py.typed" in archive.namelist()


def test_a_changed_source_changes_the_wheel(checkout, tmp_path):
    """The wheel contains the current source."""
    first = wheel.build(checkout, tmp_path / "one").read_bytes()
    (checkout / "src" / "dataselect_core" / "values.py").write_text("KINDS = ()\n")
    assert wheel.build(checkout, tmp_path / "two").read_bytes() != first


def test_record_lists_every_file_with_its_hash(tmp_path):
    """RECORD, which installers use to check a wheel, agrees with the wheel's files."""
    with zipfile.ZipFile(wheel.build(ROOT, tmp_path)) as archive:
        record = next(name for name in archive.namelist() if name.endswith("/RECORD"))
        lines = [line.rsplit(",", 2) for line in archive.read(record).decode().splitlines()]
        assert sorted(name for name, _, _ in lines) == sorted(archive.namelist())
        for name, digest, size in lines:
            if name != record:
                data = archive.read(name)
                expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
                assert (digest, int(size)) == (f"sha256={expected}", len(data))


def test_the_wheel_contains_the_whole_package(tmp_path):
    """Every module and every file of facts of the checkout is in the wheel, without tests and tools."""
    path = wheel.build(ROOT, tmp_path)
    assert path.name == "dataselect_core-0.1.0-py3-none-any.whl"
    package = ROOT / "src" / "dataselect_core"
    expected = {
        p.relative_to(package.parent).as_posix()
        for p in package.rglob("*")
        if p.suffix in (".py", ".json", ".typed")
    }
    with zipfile.ZipFile(path) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert expected
    assert names == expected


def test_the_wheel_installs_with_its_metadata(tmp_path):
    """Pip installs the wheel; version, licence, dependencies, extras and readme are those of the project."""
    pip("install", "--target", tmp_path / "site", wheel.build(ROOT, tmp_path))
    program = (
        "import importlib.metadata as m, dataselect_core as d; i = m.metadata('dataselect-core');"
        "print(d.__file__, d.__version__, i['Version'], i['License-Expression'],"
        " i.get_all('Provides-Extra'), 'pip install' in i.get_payload(), m.requires('dataselect-core'), sep='|')"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    output = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert output.startswith(str(tmp_path / "site"))
    *facts, extras, readme, requires = output.strip().split("|")[1:]
    assert facts == ["0.1.0", "0.1.0", "MIT"]
    assert readme == "True"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert ast.literal_eval(extras) == list(project["optional-dependencies"])
    parsed = [Requirement(requirement) for requirement in ast.literal_eval(requires)]
    assert [str(item) for item in parsed if item.marker is None] == ["numpy>=2.0"]
    for extra, requirements in project["optional-dependencies"].items():
        selected = [
            item
            for item in parsed
            if item.marker and item.marker.evaluate({"extra": extra, "python_version": "3.11"})
        ]
        assert [item.name for item in selected] == [Requirement(item).name for item in requirements]
    zstd = next(item for item in parsed if item.name == "zstandard")
    assert not zstd.marker.evaluate({"extra": "zstd", "python_version": "3.14"})


def test_pip_builds_the_same_wheel_through_the_standard_hooks(checkout, tmp_path):
    """`pip wheel .` and the source archive give the same bytes as the build's own wheel."""
    expected = wheel.build(checkout, tmp_path / "own").read_bytes()
    pip("wheel", "--wheel-dir", tmp_path / "pip", ".", cwd=checkout)
    assert next((tmp_path / "pip").glob("*.whl")).read_bytes() == expected

    program = "import sys; sys.path.insert(0, 'tools'); import wheel; print(wheel.build_sdist(sys.argv[1]))"
    name = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=checkout,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    pip("wheel", "--wheel-dir", tmp_path / "sdist", tmp_path / name)
    assert next((tmp_path / "sdist").glob("*.whl")).read_bytes() == expected
