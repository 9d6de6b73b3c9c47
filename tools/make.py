"""One build, from the sources to `dist/`: one at a time, no step twice, and `dist/` is complete at every moment."""

import hashlib
import json
import re
import shutil
import sys
import sysconfig
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import built_audits, bundle, data, derive, fetch, lock, site, views, wheel
from tools.locked import locked

SOURCES = (
    "build.py",
    "pyproject.toml",
    "LICENSE",
    "_extensions",
    "derived",
    "site",
    "src/dataselect_core",
    "tools",
)
DATA = Path("src") / "dataselect_data"
HASHED = re.compile(r"^(assets|offline)/.+\.[0-9a-f]{10}\.\w+$")  # a name that says what is in the file
LOCK = Path(".build") / "lock"
SHOWN = ("_extensions", "derived", "site", "src/dataselect_core")  # of SOURCES, what the site is made from


def build(root, what="a build", earlier=False, compiler=None):
    """Make `dist/`, and `.venv` with the core installed; steps whose inputs have not changed do nothing.

    Parameters
    ----------
    root : Path
        The repository.
    what : str
        The name of this build, which another build prints while it waits.
    earlier : bool
        Use derived data that are older than the code, instead of computing them for minutes.
    compiler : bundle.Compiler, optional
        A compiler that is already running.

    Returns
    -------
    bool
        Whether anything was done.
    """
    with locked(root / LOCK, what, print):
        began = time.perf_counter()
        stamp, now = root / ".build" / "built.json", inputs(root)
        if stamp.exists() and stamp.read_text("utf-8") == state(root, now):
            print("Nothing has changed since the last build", flush=True)
            return False
        stamp.unlink(missing_ok=True)
        core, fresh = steps(root, earlier, compiler)
        if Path(sys.prefix).resolve() == (root / ".venv").resolve():  # not if a copy of the tree is built
            say("Installing the core and its data in .venv")
            install(core, root / DATA)
        if fresh and inputs(root) == now:
            stamp.write_text(state(root, now), "utf-8")
        print(f"Built in {time.perf_counter() - began:.1f} s", flush=True)
        return True


def steps(root, earlier=False, compiler=None):
    """All steps up to `dist/`, in order; returns the core's wheel, and whether all derived data fit the code."""
    pinned, folder = lock.load(), root / DATA
    say("Fetching what ships")
    fetch.fetch_all(pinned)
    say("Building the core's wheel")
    core = wheel.build(root, root / ".build" / "wheel")
    say("Preparing Python for the browser, and deriving the data")
    with ThreadPoolExecutor(1) as pool:  # one waits for Node, the other computes
        runtime = pool.submit(prepare_runtime, root, pinned, compiler)
        data.build(lambda name: fetch.fetch(pinned, name), folder)
        derived, fresh = derive.build(root, folder, earlier)
        views.make(root, folder, site.PANEL_ROOT)  # kept, for `write_site`
        built_audits.make(root, folder)  # kept too
        runtime.result()
    say("Writing dist/")
    write_site(root, pinned, core, derived, compiler)
    return core, fresh


def prepare_runtime(root, pinned, compiler=None):
    """Compile and compress the files of the browser's Python."""
    bundle.build(root, pinned)
    bundle.own_code(root, pinned, compiler)  # kept, for `write_site`
    site.pack_runtime(root, root / ".build" / "runtime")


def write_site(root, pinned, core, derived, compiler=None):
    """Write the site in `.build/site`; when it is complete, bring `dist/` to the same state."""
    new, last = root / ".build" / "site", root / ".build" / "site-last"
    if new.exists():
        shutil.rmtree(last, ignore_errors=True)
        new.rename(last)
    new.mkdir(parents=True)
    runtime = root / ".build" / "runtime"
    site.build(root, new, runtime, core, root / DATA, derived, last, compiler)
    (new / "licences.txt").write_text(notice(root, pinned), "utf-8")
    shutil.rmtree(last, ignore_errors=True)
    shown = source_hash(root, SHOWN)
    update_folder(new, root / "dist")
    (root / ".build" / "shown.sha256").write_text(shown, "utf-8")


def notice(root, pinned):
    """`lock.notice`, cached until the lock or the code that writes the notice changes."""
    inputs_of_notice = [json.dumps(pinned).encode(), (root / "tools" / "lock.py").read_bytes()]
    cached = (
        root / ".build" / "notice" / f"{hashlib.sha256(bytes(1).join(inputs_of_notice)).hexdigest()[:16]}.txt"
    )
    if not cached.exists():
        shutil.rmtree(cached.parent, ignore_errors=True)
        cached.parent.mkdir(parents=True)
        cached.write_text(lock.notice(pinned), "utf-8")
    return cached.read_text("utf-8")


def update_folder(new, dist):
    """Bring a folder that is being served to the state of another, file by file.

    A reader always gets a complete page: files that pages load are copied first, then the pages; files that no page
    loads any more are removed last. Every file is replaced in one step.
    """
    paths = sorted(
        (path for path in new.rglob("*") if path.is_file()), key=lambda path: _copy_order(new, path)
    )
    for path in paths:
        name = path.relative_to(new).as_posix()
        target = dist / name
        same_size = target.is_file() and target.stat().st_size == path.stat().st_size
        if same_size and (HASHED.match(name) or target.read_bytes() == path.read_bytes()):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        shutil.copyfile(path, part)
        part.replace(target)
    names = {path.relative_to(new) for path in paths}
    for path in sorted(dist.rglob("*"), reverse=True):
        if "__pycache__" in path.parts:  # byte code of installed modules
            continue
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(dist) not in names:
            path.unlink()


def _copy_order(new, path):
    """The position of a file in the order of copying: files in folders, then pages, then other files at the top."""
    name = path.relative_to(new).as_posix()
    return 0 if "/" in name else 1 if name.endswith(".html") else 2, name


def install(core, folder):
    """Install the wheel, with the data next to it, as in a reader's Python.

    A pure-Python wheel is installed by unpacking it; pip finds it, and can remove it, as if pip had installed it.
    """
    packages, unpacked = Path(sysconfig.get_path("purelib")), core.parent / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    with zipfile.ZipFile(core) as archive:
        archive.extractall(unpacked)
    names = {path.name for path in unpacked.iterdir()}
    for stale in packages.glob(f"{wheel.PACKAGE}-*.dist-info"):
        if stale.name not in names:
            shutil.rmtree(stale)
    for name in names:
        update_folder(unpacked / name, packages / name)
    update_folder(folder, packages / folder.name)


def inputs(root):
    """A hash of everything that determines the result of a build: sources, Python and installed packages."""
    digest = hashlib.sha256(sys.version.encode())
    packages = Path(sysconfig.get_path("purelib"))
    installed = {path.name for path in packages.glob("*.dist-info")}  # name and version of each
    digest.update(repr(sorted(name for name in installed if not name.startswith(wheel.PACKAGE))).encode())
    digest.update(source_hash(root, SOURCES).encode())
    return digest.hexdigest()


def source_hash(root, names):
    """A hash of the files of the repository at or below some paths."""
    tops = (root / name for name in names)
    paths = (path for top in tops for path in ([top] if top.is_file() else top.rglob("*")))
    digest = hashlib.sha256()
    for path in sorted(path for path in paths if path.is_file() and "__pycache__" not in path.parts):
        digest.update(f"{path.relative_to(root).as_posix()} ".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def outdated(root):
    """A sentence that names what is older than the sources, the installed core or `dist/`; empty if nothing is.

    Tests read the installed core and `dist/`, and would not see an edit.
    """
    import dataselect_core

    core, source = Path(dataselect_core.__file__).parent, root / "src"
    names = wheel.package_files(source.parent)
    for name in names if core != source / wheel.PACKAGE else ():
        path = core.parent / name
        if not path.is_file() or path.read_bytes() != (source / name).read_bytes():
            return f"The installed core is not the one in src/ ({name} differs)"
    shown = root / ".build" / "shown.sha256"
    if shown.exists() and shown.read_text("utf-8") != source_hash(root, SHOWN):
        return "dist/ was built from other sources than those in site/ and src/"
    return ""


def state(root, now):
    """A finished build, described so that it can be recognised: its inputs, the files of `dist/` and of the data."""
    packages = Path(sysconfig.get_path("purelib"))
    folders = (root / "dist", root / DATA, packages / "dataselect_core", packages / DATA.name)
    files = {
        str(path): [path.stat().st_size, path.stat().st_mtime_ns]
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    return json.dumps({"inputs": now, "files": files}, indent=0)


def say(line):
    """Print one line of progress."""
    print(line, flush=True)
