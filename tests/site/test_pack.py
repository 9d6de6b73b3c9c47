"""The archive to download: the same sources give the same bytes wherever and however they are built."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools import bundle, data, lock, make, pack, site_facts, wheel

ROOT = Path(__file__).resolve().parents[2]
FROM_DOWNLOADS = (".build/runtime", ".build/pyodide", ".build/packed", make.DATA)


@pytest.fixture(scope="module")
def archive(dist, tmp_path_factory):
    """The archive of the built site."""
    return pack.write(ROOT, dist, tmp_path_factory.mktemp("packed"))


def test_the_archive_contains_the_site_in_one_folder(archive, dist):
    """Everything is below one folder named after the version, without a path or a time of this machine."""
    top = f"data-selection-lab-{site_facts.version(ROOT)}"
    assert archive.name == f"{top}.zip"
    with zipfile.ZipFile(archive) as packed:
        assert packed.testzip() is None
        names = packed.namelist()
        assert all(name.startswith(f"{top}/") and ".." not in name for name in names)
        assert f"{top}/index.html" in names and f"{top}/licences.txt" in names and f"{top}/LICENSE" in names
        for path in dist.rglob("*"):
            if path.is_file():
                assert packed.read(f"{top}/{path.relative_to(dist).as_posix()}") == path.read_bytes()
        assert {entry.date_time for entry in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in packed.infolist()} == {0o100644}
        content = b"".join(packed.read(name) for name in names)
    assert str(ROOT).encode() not in content  # Pyodide's own files name the machine that they were built on
    assert archive.stat().st_size < 40e6


def test_the_hash_file_matches_the_archive(archive):
    """The file next to it has the form that `sha256sum --check` reads."""
    line = archive.with_name(f"{archive.name}.sha256").read_text()
    assert line == f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n"


def test_the_archive_lists_its_contents(archive):
    """CONTENTS.txt has a line for every other file: its hash, its size and a licence."""
    with zipfile.ZipFile(archive) as packed:
        files = {name.partition("/")[2]: packed.read(name) for name in packed.namelist()}
    rows = re.findall(
        r"^([0-9a-f]{64}) +(\d+)  (\S.*?)  +(\S+)$", files["CONTENTS.txt"].decode(), re.MULTILINE
    )
    assert {name for *_, name in rows} == files.keys() - {"CONTENTS.txt"}
    for digest, size, licence, name in rows:
        assert (hashlib.sha256(files[name]).hexdigest(), len(files[name])) == (digest, int(size))
        assert re.fullmatch(r"[A-Za-z0-9.()+ -]+", licence), name


@pytest.mark.parametrize(
    ("name", "licence"),
    [
        ("assets/pyodide.asm.0123456789.wasm", "MPL-2.0 AND PSF-2.0"),
        ("assets/numpy.zip.0123456789.bin", "BSD-3-Clause"),
        ("offline/python_stdlib.zip.0123456789.js", "PSF-2.0"),
        ("offline/fzstd.js.0123456789.js", "MIT"),
        ("assets/bokeh-tables.min.0123456789.js", "BSD-3-Clause"),
        ("panel/1.9.4/dist/css/button.css", "BSD-3-Clause"),
        ("assets/digits.u8.gz.0123456789.bin", "BSD-3-Clause AND CC-BY-4.0"),
        ("offline/licences.json.gz.0123456789.js", "CC0-1.0"),
        ("assets/main.0123456789.js", "MIT"),
        ("index.html", "MIT"),
    ],
)
def test_licences_come_from_the_lock(name, licence):
    """Files by others are listed under their licence, and the lab's own under its own."""
    assert pack.licence(name, lock.load()) == licence


def test_every_third_party_file_has_a_licence_in_the_lock(dist):
    """The lock lists every file of the runtime and every data set, so that none counts as the lab's own."""
    pinned = lock.load()["files"]
    runtime = [path.name for path in (ROOT / ".build" / "runtime").iterdir() if path.is_file()]
    third_party_files = [
        name for name in runtime if name not in ("manifest.json", "pyodide-lock.json")
    ] + list(data.SOURCES)
    for name in third_party_files:
        for source in pack.MADE_FROM.get(name, [name]):
            assert source in pinned, name
    licence = pack.licence("assets/site-packages.zip.0123456789.bin", lock.load())
    for package in bundle.PURE:
        assert pinned[package]["license"].split(" OR ")[0].strip("()") in licence


def test_packing_twice_gives_the_same_bytes(archive, dist, tmp_path):
    """Other file times and permissions change nothing."""
    copy = tmp_path / "other name" / "dist"
    shutil.copytree(dist, copy)
    for path in copy.rglob("*"):
        if path.is_file():
            os.utime(path, (1e9, 1e9))
            path.chmod(0o600)
    (tmp_path / "out").mkdir()
    assert pack.write(ROOT, copy, tmp_path / "out").read_bytes() == archive.read_bytes()


def test_another_folder_builds_the_same_wheel_site_and_archive(tmp_path):
    """Copied sources with another place, times, permissions, zone, language and hash seed give the same bytes.

    Files made only from pinned downloads, and compressed files, are copied, since they take minutes; with
    LAB_FROM_NOTHING, as once a week, nothing is copied.
    """
    old = make.outdated(ROOT)
    if old:
        pytest.fail(f"{old}: run `python build.py build`.")
    root = tmp_path / "Anderswo #2 ä"
    root.mkdir()
    for name in make.SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root / name)
    for folder in () if os.environ.get("LAB_FROM_NOTHING") else FROM_DOWNLOADS:
        shutil.copytree(ROOT / folder, root / folder)
    for path in root.rglob("*"):
        if path.is_file():
            os.utime(path, (1e9, 1e9))
    program = (
        "import os; os.umask(0o077); from pathlib import Path; from tools import make, pack;"
        "make.steps(Path.cwd()); pack.write(Path.cwd(), Path('dist'), Path('.'))"
    )
    environment = {
        **os.environ,
        "TZ": "Asia/Kathmandu",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "77",
        "PYTHONPATH": str(root),
    }
    subprocess.run([sys.executable, "-c", program], cwd=root, env=environment, check=True)
    first, second = files(ROOT / "dist"), files(root / "dist")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    name = f"{wheel.PACKAGE}-{site_facts.version(ROOT)}-py3-none-any.whl"
    assert (ROOT / ".build" / "wheel" / name).read_bytes() == (root / ".build" / "wheel" / name).read_bytes()
    packed = f"data-selection-lab-{site_facts.version(ROOT)}.zip"
    assert pack.write(ROOT, ROOT / "dist", tmp_path).read_bytes() == (root / packed).read_bytes()


def files(folder):
    """Every file of a folder: relative path -> bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
