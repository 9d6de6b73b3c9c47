"""The build as a whole: one at a time, nothing twice, and a served site that is always complete."""

import importlib.metadata
import os
import shutil
import sys
import threading
import time
from pathlib import Path

import pytest

from tools import make, wheel

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A small tree of sources whose build copies the texts of site/ to dist/, and a list of its builds."""
    for name in ("site/pages/a.md", "site/pages/b.md", "src/dataselect_core/__init__.py", "tools/x.py"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("one")
    root = tmp_path / "tree"
    (root / make.DATA).mkdir()
    root_builds = []

    def steps(root, earlier=False, compiler=None):
        texts = {path.name: path.read_text() for path in (root / "site" / "pages").iterdir()}
        if "broken" in texts.values():
            raise ValueError("broken")
        root_builds.append(texts)
        shutil.copytree(root / "site" / "pages", root / ".build" / "site", dirs_exist_ok=True)
        make.update_folder(root / ".build" / "site", root / "dist")
        return None, not earlier

    monkeypatch.setattr(make, "steps", steps)
    return root, root_builds


def test_an_unchanged_tree_is_not_built_again(tree, capsys):
    """A second build does nothing, whatever the times of the files; changed sources and damaged sites are built."""
    root, builds = tree
    assert make.build(root)
    os.utime(root / "site" / "pages" / "a.md", (1, 1))
    assert not make.build(root)
    assert "Nothing has changed" in capsys.readouterr().out
    for change in (
        lambda: (root / "site" / "pages" / "a.md").write_text("two"),
        lambda: (root / "tools" / "new.py").write_text("x"),
        lambda: (root / "dist" / "b.md").unlink(),
        lambda: (root / "dist" / "b.md").write_text("damaged"),
        lambda: (root / make.DATA / "d").write_text("x"),
    ):
        change()
        assert make.build(root)
        assert not make.build(root)
    assert len(builds) == 6


def test_a_full_build_runs_after_a_quick_build(tree):
    """After a quick build with older derived data, a full build still runs."""
    root, builds = tree
    assert make.build(root, earlier=True)
    assert make.build(root)
    assert not make.build(root)
    assert len(builds) == 2


def test_a_failed_build_keeps_the_site_and_is_retried(tree):
    """After a failed build the served site is unchanged, and the next build runs."""
    root, _ = tree
    make.build(root)
    (root / "site" / "pages" / "a.md").write_text("broken")
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            make.build(root)
    assert (root / "dist" / "a.md").read_text() == "one"
    (root / "site" / "pages" / "a.md").write_text("mended")
    assert make.build(root)
    assert (root / "dist" / "a.md").read_text() == "mended"


def test_a_second_build_waits_and_names_the_first(tree, monkeypatch, capsys):
    """Two builds never overlap; the one that waits names the one that runs."""
    root, _ = tree
    active, counts, entered, release = [], [], threading.Event(), threading.Event()

    def steps(root, earlier=False, compiler=None):
        active.append(1)
        counts.append(len(active))
        entered.set()
        release.wait(30)
        active.pop()
        return None, False

    monkeypatch.setattr(make, "steps", steps)
    output = []
    monkeypatch.setattr(
        make, "print", lambda *words, **_: output.append(" ".join(map(str, words))), raising=False
    )
    builds = [
        threading.Thread(target=make.build, args=(root, f"build.py {name}")) for name in ("serve", "test")
    ]
    builds[0].start()
    assert entered.wait(30)
    builds[1].start()
    deadline = time.monotonic() + 30
    while not any("Waiting for" in line for line in output) and time.monotonic() < deadline:
        time.sleep(0.02)
    release.set()
    for thread in builds:
        thread.join()
    assert any("Waiting for build.py serve" in line for line in output)
    assert counts == [1, 1]


def sites(folder):
    """Two states of a site: each page names a script that only its own state has."""
    for state in ("one", "two"):
        root = folder / state
        (root / "assets").mkdir(parents=True)
        code = f"state {state} " * 5000
        name = f"assets/main.{'0' * 9}{'12'[state == 'two']}.js"
        (root / name).write_text(code)
        (root / "index.html").write_text(name)
        (root / "assets" / f"only-{state}.txt").write_text(state)
        yield root


def test_a_served_site_is_always_complete(tmp_path):
    """While builds replace the site, a reader always finds a page and the script that it names."""
    first_site, second_site = sites(tmp_path)
    dist, stop, faults, pages = tmp_path / "dist", threading.Event(), [], set()
    make.update_folder(first_site, dist)

    def read():
        while not stop.is_set():
            try:
                page = (dist / "index.html").read_text()
                script = dist / page
                if not script.exists() and (dist / "index.html").read_text() == page:
                    faults.append(f"{page} is missing")
                pages.add(page)
            except OSError as error:
                faults.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(100):
        make.update_folder(second_site, dist)
        make.update_folder(first_site, dist)
    stop.set()
    reader.join()
    assert faults == []
    assert pages
    make.update_folder(second_site, dist)
    files = sorted(path.relative_to(dist).as_posix() for path in dist.rglob("*") if path.is_file())
    assert files == sorted(
        path.relative_to(second_site).as_posix() for path in second_site.rglob("*") if path.is_file()
    )


def test_unchanged_files_are_not_rewritten(tmp_path):
    """Unchanged files keep their times, so that a sync of the folder sends only changes; empty folders are removed."""
    first_site, _ = sites(tmp_path)
    dist = tmp_path / "dist"
    make.update_folder(first_site, dist)
    (dist / "old" / "deep").mkdir(parents=True)
    (dist / "old" / "deep" / "file").write_text("x")
    times = {path: path.stat().st_mtime_ns for path in dist.rglob("*.*")}
    make.update_folder(first_site, dist)
    assert not (dist / "old").exists()
    assert {path: path.stat().st_mtime_ns for path in dist.rglob("*.*")} == times


def test_an_outdated_build_is_named(tmp_path, monkeypatch):
    """An edit of the core or the site without a build is named before any test runs."""
    root = tmp_path / "tree"
    shutil.copytree(ROOT / "src" / "dataselect_core", root / "src" / "dataselect_core")
    (root / "site").mkdir()
    installed = tmp_path / "packages"
    wheel.build(ROOT, tmp_path)
    shutil.unpack_archive(next(tmp_path.glob("*.whl")), installed, "zip")
    monkeypatch.syspath_prepend(str(installed))
    saved_modules = {
        name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == wheel.PACKAGE
    }
    try:
        assert Path(importlib.import_module(wheel.PACKAGE).__file__).is_relative_to(installed)
        assert make.outdated(root) == ""
        (root / ".build").mkdir()
        (root / ".build" / "shown.sha256").write_text(make.source_hash(root, make.SHOWN))
        assert make.outdated(root) == ""
        (root / "site" / "style.css").write_text("a {}")
        assert "dist/ was built from other sources" in make.outdated(root)
        with open(root / "src" / "dataselect_core" / "values.py", "a", encoding="utf-8") as file:
            file.write("# edited\n")
        assert "dataselect_core/values.py differs" in make.outdated(root)
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == wheel.PACKAGE]:
            del sys.modules[name]
        sys.modules.update(saved_modules)


def test_the_installed_core_replaces_the_previous_one(tmp_path, monkeypatch):
    """An installed wheel replaces the previous one completely, and `importlib.metadata` finds it."""
    packages, data = tmp_path / "packages", tmp_path / "data"
    data.mkdir()
    (data / "d.gz").write_bytes(b"x")
    old = packages / "dataselect_core-0.0.1.dist-info"
    old.mkdir(parents=True)
    (packages / "dataselect_core").mkdir()
    (packages / "dataselect_core" / "gone.py").write_text("x")
    (packages / "other").mkdir()
    monkeypatch.setattr(make.sysconfig, "get_path", lambda name: str(packages))
    make.install(wheel.build(ROOT, tmp_path / "wheel"), data)
    assert not old.exists() and not (packages / "dataselect_core" / "gone.py").exists()
    assert (packages / "other").exists() and (packages / "data" / "d.gz").exists()
    distributions = [
        d for d in importlib.metadata.distributions(path=[str(packages)]) if d.name == "dataselect-core"
    ]
    assert len(distributions) == 1 and all(file.locate().is_file() for file in distributions[0].files)
