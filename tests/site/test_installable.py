"""Requirements for installing the lab as an app, and the service worker's list."""

import hashlib
import json
import re
import struct
import zlib

import pytest
from editions import another, copied, switched_off
from host import hosting
from playwright.sync_api import expect
from reader import NO_PYTHON

from tools import browsers, installable, service_worker


@pytest.fixture
def app_manifest(dist):
    """The manifest that index.html names, and its folder."""
    (address,) = re.findall(r'<link rel="manifest" href="([^"]+)">', (dist / "index.html").read_text("utf-8"))
    path = dist / address
    return json.loads(path.read_text("utf-8")), path.parent


def pixels(data):
    """Rows of RGBA pixels of a PNG, read according to its specification (8 bits per channel, no filter)."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    offset, body, size = 8, b"", None
    while offset < len(data):
        (length,), kind = struct.unpack(">I", data[offset : offset + 4]), data[offset + 4 : offset + 8]
        content = data[offset + 8 : offset + 8 + length]
        assert struct.unpack(">I", data[offset + 8 + length : offset + 12 + length])[0] == zlib.crc32(
            kind + content
        )
        if kind == b"IHDR":
            size = struct.unpack(">II", content[:8])
            assert tuple(content[8:]) == (8, 6, 0, 0, 0)
        elif kind == b"IDAT":
            body += content
        offset += 12 + length
    raw = zlib.decompress(body)
    width, height = size
    rows = [raw[i * (4 * width + 1) + 1 : (i + 1) * (4 * width + 1)] for i in range(height)]
    return [[tuple(row[4 * x : 4 * x + 4]) for x in range(width)] for row in rows]


def test_chromium_can_install_the_lab_from_a_folder(playwright, dist, tmp_path):
    """Chromium can install the lab from a path with odd letters, and all its addresses are inside that path."""
    site = copied(dist, tmp_path / "site")
    with hosting(site, "/a repo/ä%23b/") as host:
        home = host.address.replace(" ", "%20").replace("ä", "%C3%A4").replace("%23", "%2523")
        browser = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"), executable_path=browsers.chromium_path(), args=["--no-sandbox"]
        )
        try:
            page = browser.new_page()
            page.add_init_script(NO_PYTHON)
            page.goto(home + "index.html", wait_until="domcontentloaded")
            client = browser.new_cdp_session(page)
            result = client.send("Page.getAppManifest")
            assert result["errors"] == [] and result["url"].startswith(home + "assets/")
            manifest = result["manifest"]
            assert manifest["startUrl"] == home + "index.html" and manifest["scope"] == home
            assert client.send("Page.getAppId")["appId"] == home + "index.html"  # not that of a neighbour
            problems = client.send("Page.getInstallabilityErrors")["installabilityErrors"]
            assert problems == []
        finally:
            browser.close()


def test_the_manifest_names_existing_files(app_manifest):
    """Names are set, addresses are relative, and each icon has the stated size."""
    manifest, folder = app_manifest
    assert manifest["name"] == "Data Selection lab" and manifest["short_name"]
    assert not re.search(r'": "(/|https?:)', json.dumps(manifest))
    purposes = {(icon["purpose"], icon["sizes"]) for icon in manifest["icons"]}
    assert {("any", "any"), ("any", "192x192"), ("any", "512x512"), ("maskable", "512x512")} <= purposes
    for icon in manifest["icons"]:
        data = (folder / icon["src"]).read_bytes()
        if icon["type"] == "image/png":
            side = int(icon["sizes"].partition("x")[0])
            assert struct.unpack(">II", data[16:24]) == (side, side)


def test_theme_colours_follow_the_scheme(new_reader):
    """The browser's frame has the colour of the page's head, in the light and the dark scheme."""
    page = new_reader(script=NO_PYTHON).open().page
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        declared = page.locator(f"meta[name='theme-color'][media*='{scheme}']").get_attribute("content")
        shown = page.locator(".masthead").evaluate("(head) => getComputedStyle(head).backgroundColor")
        assert shown == f"rgb({', '.join(str(int(declared[i : i + 2], 16)) for i in (1, 3, 5))})"


def test_the_icon_looks_like_the_svg(playwright, new_reader):
    """The PNGs look like the SVG in a browser; a mask may cut everything outside the middle four fifths."""
    side = 64
    drawn = pixels(installable.png(side))
    reader = new_reader(viewport={"width": side, "height": side})
    reader.page.set_content(
        f"<style>*{{margin:0}}svg{{display:block;width:{side}px}}</style>{installable.svg()}"
    )
    screenshot = pixels_of_screenshot(reader.page, side)
    mismatches = [
        (x, y)
        for y in range(side)
        for x in range(side)
        if drawn[y][x][3] == 255
        and max(abs(a - b) for a, b in zip(drawn[y][x][:3], screenshot[y][x][:3])) > 24
    ]
    assert not mismatches, mismatches[:5]
    masked = pixels(installable.png(side, rounded=False))
    blue = masked[0][0]
    assert blue == (0, 99, 149, 255)
    for y in range(side):
        for x in range(side):
            if (x + 0.5 - side / 2) ** 2 + (y + 0.5 - side / 2) ** 2 > (0.4 * side) ** 2:
                assert masked[y][x] == blue


def pixels_of_screenshot(page, side):
    """The page's pixels as rows of RGB, read through the browser's canvas."""
    import base64

    shot = base64.b64encode(page.screenshot()).decode()
    flat = page.evaluate(
        """async ([shot, side]) => {
          const image = new Image();
          image.src = `data:image/png;base64,${shot}`;
          await image.decode();
          const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
          const context = canvas.getContext("2d");
          context.drawImage(image, 0, 0);
          return [...context.getImageData(0, 0, side, side).data];
        }""",
        [shot, side],
    )
    return [[tuple(flat[4 * (y * side + x) :][:4]) for x in range(side)] for y in range(side)]


# -- the list ------------------------------------------------------------------------------------------


def read_list(folder):
    """The list at the head of the built worker."""
    first, _, code = (folder / "sw.js").read_text("utf-8").partition("\n")
    assert "use strict" in code
    return json.loads(first.removeprefix("const LIST = ").removesuffix(";"))


def test_the_list_contains_every_file_with_its_hash(dist):
    """Every file that index.html or its manifest names is listed with its SHA-256; guides and payloads are not."""
    file_list = read_list(dist)
    page = (dist / "index.html").read_text("utf-8")
    named_files = set(re.findall(r'(?<=["\'(/])(?:\./)?((?:assets|panel)/[\w./@-]+\.\w+)', page))
    assert len(named_files) > 30 and named_files <= set(file_list["files"])
    for path, (sha256, size) in file_list["files"].items():
        data = (dist / path).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (sha256, size), path
    assert not [
        path for path in file_list["files"] if path.startswith(("offline/", "guide")) or path.endswith(".txt")
    ]
    assert f'data-build="{file_list["build"]}"' in page


def test_every_address_except_the_page_contains_a_hash(dist, tmp_path):
    """Two editions never have different content at one address, so that no page can get a mixture."""
    other_files = read_list(another(dist, tmp_path / "second"))["files"]
    for path, entry in read_list(dist)["files"].items():
        if path != "index.html":
            assert other_files.get(path, entry) == entry
            assert re.search(r"[./][0-9a-f]{10}[./]", path), path


def test_the_version_depends_only_on_the_content(dist, tmp_path):
    """The same site has the same version and worker, however often it is listed; another text changes the version."""
    first = copied(dist, tmp_path / "first")
    before = (first / "sw.js").read_bytes(), (first / "index.html").read_bytes()
    service_worker.build(first)
    assert ((first / "sw.js").read_bytes(), (first / "index.html").read_bytes()) == before
    page = first / "index.html"
    page.write_text(page.read_text("utf-8").replace("Choose your track", "Choose a track"), "utf-8")
    assert service_worker.build(first) != read_list(dist)["build"]


def test_a_disabled_service_worker_is_not_started(dist, tmp_path):
    """With --no-service-worker the page starts no worker, and the worker keeps nothing."""
    site = switched_off(dist, tmp_path / "off")
    assert 'data-build=""' in (site / "index.html").read_text("utf-8")
    worker = (site / "sw.js").read_text("utf-8")
    assert "unregister()" in worker and "LIST" not in worker and '"fetch"' not in worker


def test_a_page_without_a_place_for_its_version_is_refused(tmp_path):
    """A page without a place for its version cannot get a worker."""
    (tmp_path / "index.html").write_text("<html lang='en'>", "utf-8")
    with pytest.raises(ValueError, match="0 places"):
        service_worker.build(tmp_path)


def test_the_development_server_has_no_service_worker(new_reader, dist):
    """`build.py serve` sends the site without a worker, so that changes are visible immediately."""
    from tools import serve

    server = serve.start(dist, worker=False)
    try:
        reader = new_reader(base=f"http://127.0.0.1:{server.server_address[1]}/", service_workers="allow")
        reader.open()
        expect(reader.html).to_have_attribute("data-build", "")
        assert "unregister" in reader.page.request.get(reader.base + "sw.js").text()
    finally:
        server.shutdown()
        server.server_close()
