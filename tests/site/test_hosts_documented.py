"""Hosts in docs/publishing.md: the lines for nginx run the lab, the others are at least well-formed."""

import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "publishing.md").read_text("utf-8")
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
IMMUTABLE = "public, max-age=31536000, immutable"
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


def block(language):
    """The only code block of a language in the guide."""
    (code,) = re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)
    return code


def free_port():
    """A port that is not in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def head(url):
    """The headers of an answer; wait for a server that has just been started."""
    request = urllib.request.Request(url, method="HEAD", headers={"Accept-Encoding": "gzip"})
    for _ in range(100):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.headers
        except urllib.error.HTTPError:
            raise
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"no server answers at {url}")


@contextmanager
def running(command, address):
    """A server in a separate process during a `with` block."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            head(address)
            yield address
        finally:
            process.terminate()


@pytest.fixture
def nginx(dist, tmp_path):
    """The address of the lab in nginx, with the lines of the guide except for folder and port."""
    port, lines = free_port(), block("nginx")
    changed = {"listen 80;": f"listen 127.0.0.1:{port};", "root /srv/www;": f'root "{tmp_path}/www";'}
    for old, new in changed.items():
        assert lines.count(old) == 1
        lines = lines.replace(old, new)
    shutil.copytree(dist, tmp_path / "www" / "lab")
    shutil.copytree(dist / "assets", tmp_path / "www" / "lab" / "v0.1.0" / "assets")
    user = "user root;\n" if sys.platform == "linux" and Path(tmp_path).owner() == "root" else ""
    scratch = "".join(
        f"{name}_temp_path {tmp_path}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = f"{user}pid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\nevents {{}}\n"
    text += f"http {{\naccess_log off;\n{scratch}{lines}\n}}\n"
    (tmp_path / "nginx.conf").write_text(text, "utf-8")
    command = [NGINX, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-g", "daemon off;"]
    with running(command, f"http://127.0.0.1:{port}/lab/") as address:
        yield address


@needs_nginx
def test_nginx_sends_the_headers_of_the_guide(nginx, dist):
    """Types, compression and caching of each kind of file are right, at the root and below a version number."""

    def first_path(pattern):
        return next(dist.glob(pattern)).relative_to(dist).as_posix()

    kinds = {
        "": ("text/html; charset=utf-8", "no-cache", True),
        "index.html": ("text/html; charset=utf-8", "no-cache", True),
        first_path("assets/page.*.js"): ("text/javascript; charset=utf-8", IMMUTABLE, True),
        first_path("assets/*.css"): ("text/css; charset=utf-8", IMMUTABLE, True),
        first_path("assets/*.wasm"): ("application/wasm", IMMUTABLE, True),
        first_path("assets/*.bin"): ("application/octet-stream", IMMUTABLE, False),
        first_path("offline/*.js"): ("text/javascript; charset=utf-8", IMMUTABLE, True),
        first_path("*.whl"): ("application/octet-stream", "no-cache", False),
        "v0.1.0/" + first_path("assets/*.wasm"): ("application/wasm", IMMUTABLE, True),
    }
    for path, (kind, cache, compressed) in kinds.items():
        headers = head(nginx + path)
        assert headers["Content-Type"] == kind, path
        assert headers["Cache-Control"] == cache, path
        assert (headers["Content-Encoding"] == "gzip") == compressed, path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin", path
        assert headers["Cross-Origin-Embedder-Policy"] == "require-corp", path


@needs_nginx
def test_the_lab_is_live_from_nginx_below_a_path(nginx, new_reader):
    """With the guide's lines, including `nosniff`, Python starts and a prediction gets results."""
    reader = new_reader(nginx).open().live().commit(30).results()
    assert reader.html.get_attribute("data-boot") == "live"


def test_the_lab_is_live_from_pythons_own_server(dist, new_reader):
    """The guide's last host works: `python -m http.server` in the folder."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "http.server",
        str(port),
        "--bind",
        "127.0.0.1",
        "--directory",
        str(dist),
    ]
    with running(command, f"http://127.0.0.1:{port}/") as address:
        new_reader(address).open().live().commit(30).results()


def test_the_configuration_for_iis_is_well_formed():
    """Each type is removed before it is added, since IIS refuses a whole site if a type is named twice."""
    tree = ElementTree.fromstring(block("xml").encode())
    static = tree.find("system.webServer/staticContent")
    removed = [item.get("fileExtension") for item in static.findall("remove")]
    added = [item.get("fileExtension") for item in static.findall("mimeMap")]
    assert removed == added and {".wasm", ".bin", ".js", ".whl"} <= set(added)
    assert [item.tag for item in static] == ["remove", "mimeMap"] * len(added)
