"""The runtime for the browser: complete, reproducible, and as listed in the manifest."""

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest

from tools import bundle, lock, node

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def runtime():
    """The folder of the runtime, and its manifest."""
    return ROOT / ".build" / "runtime", bundle.build(ROOT, lock.load())


def test_the_bundle_runs_a_workbench(runtime):
    """NumPy computes, Panel builds a document, and every stylesheet in it is shipped."""
    folder, manifest = runtime
    output = node.node(
        HERE / "import_trial.mjs",
        folder,
        ROOT / ".build" / "pyodide" / "pyodide.mjs",
        HERE / "workbench_trial.py",
        capture_output=True,
    ).stdout
    result = json.loads(json.loads(output)["value"])
    assert result["versions"] == ["2.2.5", "3.9.2", "1.9.4", "0.11.0"]
    assert result["residual"] < 1e-12
    assert result["permutation"] == 3582191691  # the known answer of datasketch's scheme
    assert result["left out"] == []
    assert result["addresses"]
    for address in result["addresses"]:
        assert address.startswith("./panel/"), address
        assert address.removeprefix("./") in manifest["files"], address


def test_the_manifest_lists_every_file_correctly(runtime):
    """Path, hash and size of every file are as listed, and no file is unlisted."""
    folder, manifest = runtime
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert on_disk == {"manifest.json", *(item["path"] for item in manifest["files"].values())}
    for item in manifest["files"].values():
        data = (folder / item["path"]).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (item["sha256"], item["size"])


def test_packages_contain_byte_code_and_metadata(runtime):
    """Archives have no source and no test, but the metadata that `importlib.metadata` needs."""
    folder, _ = runtime
    for name in ("python_stdlib.zip", "numpy.zip", "site-packages.zip"):
        with zipfile.ZipFile(folder / name) as archive:
            names = archive.namelist()
        assert not [member for member in names if member.endswith((".py", ".pyi")) or "/tests/" in member]
        assert len(names) == len(set(names))
    assert "bokeh-3.9.2.dist-info/METADATA" in names


def test_compiling_twice_gives_the_same_bytes(runtime, tmp_path):
    """Two runs of the compiler on the same sources, in different processes, give the same bytes."""
    source = io.BytesIO()
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr(
            "b.py", '"""Words."""\nWANTED = {"a", "b"}\n\ndef f(x=frozenset("xyz")):\n    "Doc."\n'
        )
        archive.writestr("a.json", "{}")
    (tmp_path / "in.zip").write_bytes(source.getvalue())
    jobs = [{"from": str(tmp_path / "in.zip"), "to": str(tmp_path / "out.zip"), "prefix": "/lib/"}]
    (tmp_path / "jobs.json").write_text(json.dumps(jobs))
    results = []
    for _ in range(2):
        node.node(ROOT / "tools" / "compile.mjs", ROOT / ".build" / "pyodide", tmp_path / "jobs.json")
        results.append((tmp_path / "out.zip").read_bytes())
    assert results[0] == results[1]
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist() == ["a.json", "b.pyc"]
        assert b"Words." not in archive.read("b.pyc")


def test_an_unchanged_bundle_is_not_rebuilt(runtime):
    """A second build does not touch the files."""
    folder, manifest = runtime
    before = (folder / "manifest.json").stat().st_mtime_ns
    assert bundle.build(ROOT, lock.load()) == manifest
    assert (folder / "manifest.json").stat().st_mtime_ns == before
