"""The development server: types, compression, and no access outside its folder."""

import contextlib
import gzip
import http.client
import socket
from urllib.parse import urlsplit

import pytest

from tools import serve


@pytest.fixture
def folder(tmp_path):
    """A small site, with a secret next to it."""
    site = tmp_path / "site"
    (site / "deep").mkdir(parents=True)
    (site / "index.html").write_text("<title>héllo</title>" + "x" * 3000, "utf-8")
    (site / "deep" / "index.html").write_text("deep", "utf-8")
    for name in (
        "a.js",
        "a.mjs",
        "a.css",
        "a.json",
        "a.wasm",
        "a.whl",
        "a.zip",
        "a.gz",
        "a.bin",
        "a.txt",
        "a.svg",
    ):
        (site / name).write_bytes(b"0123456789" * 100)
    (tmp_path / "secret.txt").write_text("secret")
    (site / "way-out.txt").symlink_to(tmp_path / "secret.txt")
    return site


def get(url, path, method="GET", **headers):
    """Request a path exactly as written; return (status, headers, body)."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "text/html; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.json", "application/json; charset=utf-8"),
        ("a.svg", "image/svg+xml; charset=utf-8"),
        ("a.wasm", "application/wasm"),
        ("a.whl", "application/octet-stream"),
        ("a.zip", "application/octet-stream"),
        ("a.gz", "application/octet-stream"),
        ("a.bin", "application/octet-stream"),
    ],
)
def test_each_file_has_the_type_that_browsers_require(folder, name, kind):
    """Each kind of file is served with the type that browsers require."""
    with serve.serving(folder) as url:
        status, headers, _ = get(url, f"/{name}?track=edge")
    assert (status, headers["Content-Type"]) == (200, kind)
    assert headers["Cache-Control"] == "max-age=600"


def test_the_server_compresses_like_a_static_host(folder):
    """Text and WebAssembly are sent gzipped to clients that accept it; other files are sent unchanged."""
    with serve.serving(folder) as url:
        for name, compressed in {
            "index.html": True,
            "a.js": True,
            "a.wasm": True,
            "a.whl": False,
            "a.gz": False,
        }.items():
            original = (folder / name).read_bytes()
            _, headers, body = get(url, f"/{name}", **{"Accept-Encoding": "br, gzip"})
            assert (headers["Content-Encoding"] == "gzip") is compressed
            assert int(headers["Content-Length"]) == len(body)
            assert (gzip.decompress(body) if compressed else body) == original
        for refusal in ("identity", "gzip;q=0", "br"):
            _, headers, body = get(url, "/index.html", **{"Accept-Encoding": refusal})
            assert headers["Content-Encoding"] is None
            assert body == (folder / "index.html").read_bytes()


def test_files_outside_the_folder_are_not_served(folder):
    """No spelling of a path, and no link, gives access outside the served folder."""
    with serve.serving(folder) as url:
        for path in (
            "/../secret.txt", "/%2e%2e/secret.txt", "/deep/../../secret.txt", "/..%2fsecret.txt",
            "/..\\secret.txt",
            "/way-out.txt", "//secret.txt", "/a.js%00", f"/{folder.parent}/secret.txt",
        ):  # fmt: skip
            status, _, body = get(url, path)
            assert (status, b"secret" in body) == (404, False), path


def test_folders_are_redirected_and_missing_files_give_404(folder):
    """A folder's index.html has an address with a slash at its end; missing files give 404."""
    with serve.serving(folder) as url:
        status, headers, _ = get(url, "/deep?part=2")
        assert (status, headers["Location"]) == (301, "/deep/?part=2")
        assert get(url, "/deep/")[2] == b"deep"
        assert get(url, "/absent.js")[0] == 404
        status, headers, body = get(url, "/a.js", method="HEAD")
        assert (status, headers["Content-Length"], body) == (200, "1000", b"")


def test_the_server_is_local_and_stops_after_its_block(folder):
    """The server listens on the loopback address, and stops after the `with` block."""
    with serve.serving(folder, cache_control="no-store") as url:
        assert url.startswith("http://127.0.0.1:")
        assert get(url, "/")[1]["Cache-Control"] == "no-store"
    with pytest.raises(OSError):
        get(url, "/")


def test_a_taken_port_is_named():
    """If the port is taken, one sentence names it and says how to continue."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(SystemExit, match=rf"Port {port} is taken.*--port"):
            serve.require_port(port)
    serve.require_port(port)


def test_a_closed_connection_does_not_stop_the_server(folder):
    """If a connection is closed during an answer, the server still works."""
    (folder / "big.bin").write_bytes(b"\0" * 20_000_000)
    with serve.serving(folder) as url:
        host, _, port = urlsplit(url).netloc.partition(":")
        for _ in range(3):
            with contextlib.closing(socket.create_connection((host, int(port)))) as connection:
                connection.sendall(b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n")
                connection.recv(10)
        assert get(url, "/deep/")[0] == 200
