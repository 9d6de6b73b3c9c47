"""The icon, drawn here as SVG and PNG from the same corners, and the manifest: both let a browser install the lab."""

import json
import struct
import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np

from tools import site_facts

_COLOURS = site_facts.load_facts(Path(__file__).resolve().parents[1], "colours")
BLUE, WHITE, PAPER = (_COLOURS["light"][name] for name in ("blue", "on-blue", "paper"))
THEME = {
    scheme: _COLOURS[scheme]["soft"] for scheme in ("light", "dark")
}  # the colour of the head of the page
NAME, SHORT = "Data Selection lab", "Data Selection"
ABOUT = "Predict, measure on real texts, and defend a decision about data. Python runs in the browser."
SIDE, RADIUS = 32, 6  # of the drawing and of its corners
FUNNEL = (
    (7, 8),
    (25, 8),
    (18, 17),
    (18, 24),
    (14, 26),
    (14, 17),
)  # within the circle that a mask leaves visible: 0.4 of SIDE
FINE = 4  # samples per pixel, in each direction


def svg(rounded=True):
    """The icon as SVG text."""
    corners = " ".join(f"{x},{y}" for x, y in FUNNEL)
    radius = f" rx='{RADIUS}'" if rounded else ""
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {SIDE} {SIDE}'>"
        f"<rect width='{SIDE}' height='{SIDE}'{radius} fill='{BLUE}'/>"
        f"<polygon points='{corners}' fill='{WHITE}'/></svg>"
    )


@lru_cache  # the same for every build of a process
def png(size, rounded=True):
    """The icon as the bytes of a PNG of `size` by `size` pixels; without rounded corners it fills the square."""
    centres = (np.arange(size * FINE) + 0.5) * SIDE / (size * FINE)
    x, y = np.meshgrid(centres, centres)
    shape = np.zeros(x.shape, bool)
    for (x1, y1), (x2, y2) in zip(FUNNEL, FUNNEL[1:] + FUNNEL[:1], strict=True):
        if y1 != y2:  # even-odd rule: a side counts where the ray to the right crosses it
            shape ^= ((y1 <= y) != (y2 <= y)) & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    plate = np.ones(x.shape, bool)
    if rounded:
        dx, dy = (np.maximum(np.abs(each - SIDE / 2) - (SIDE / 2 - RADIUS), 0) for each in (x, y))
        plate = dx**2 + dy**2 <= RADIUS**2
    share = [each.reshape(size, FINE, size, FINE).mean((1, 3))[..., None] for each in (shape, plate)]
    blue, white = (
        np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], float) for colour in (BLUE, WHITE)
    )
    pixels = (
        np.concatenate([blue + (white - blue) * share[0], 255 * share[1]], axis=2).round().astype(np.uint8)
    )
    rows = np.concatenate([np.zeros((size, 1), np.uint8), pixels.reshape(size, -1)], axis=1)  # 0: no filter

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)  # eight bits per channel, RGBA
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows.tobytes(), 9))
        + chunk(b"IEND", b"")
    )


def build(add):
    """Write the icons and the manifest; all its addresses are relative, so it works in any folder.

    Parameters
    ----------
    add : callable
        `add(name, data)` writes a file below assets/ and returns its URL relative to index.html.

    Returns
    -------
    dict
        "app_manifest", "touch_icon": relative URLs; "theme": scheme -> colour.
    """

    def icon(name, data, sizes, kind, purpose="any"):
        src = add(name, data).rpartition("/")[2]  # the manifest is in the same folder
        return {"src": src, "sizes": sizes, "type": kind, "purpose": purpose}

    icons = [icon("icon.svg", svg().encode(), "any", "image/svg+xml")]
    icons += [icon(f"icon-{size}.png", png(size), f"{size}x{size}", "image/png") for size in (192, 512)]
    icons.append(icon("icon-maskable-512.png", png(512, False), "512x512", "image/png", "maskable"))
    manifest = {
        "name": NAME,
        "short_name": SHORT,
        "description": ABOUT,
        "lang": "en",
        "start_url": "../index.html",  # without an id, this also distinguishes the lab from others of its origin
        "scope": "../",
        "display": "standalone",
        "display_override": [
            "minimal-ui",
            "standalone",
        ],  # with buttons to go back and to reload, if there are any
        "theme_color": THEME["light"],
        "background_color": PAPER,
        "icons": icons,
    }
    return {
        "app_manifest": add("lab.webmanifest", json.dumps(manifest, indent=1).encode()),
        "touch_icon": add("icon-touch-180.png", png(180, False)),
        "theme": THEME,
    }
