"""A page of pictures of the lab: each step of each track on a desktop screen, on a phone, in dark mode, and in print.

It walks the tracks as `tools/reading.py` does. `python build.py album [TRACK …]` writes `.build/album/index.html`.
"""

import html
import sys
from pathlib import Path

from tools.reading import AT_REST, SIZES, Reading, for_each_track, walk

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".build" / "album"
# kind of picture -> (size of the window, emulated medium)
KINDS = {
    "desk": (SIZES["desk"], {}),
    "phone": (SIZES["phone"], {}),
    "dark": (SIZES["desk"], {"color_scheme": "dark"}),
    "print": (SIZES["desk"], {"media": "print"}),
}
USUAL = {"color_scheme": "light", "media": "screen"}
STYLE = """body { font: 16px sans-serif }
figure { display: inline-block; vertical-align: top; margin: 0 1rem 1rem 0 }
img { max-width: 24rem; border: 1px solid #999 }"""


class Album(Reading):
    """A reader who takes pictures of each step.

    Parameters
    ----------
    page : playwright.sync_api.Page
    track : str
        The id of the track, with which the names of the pictures begin.
    """

    def __init__(self, page, track):
        super().__init__(page)
        self.track = track
        self.pictures = []  # (title of the step, {kind: file name})

    def measure(self, row, selector):
        """Take the pictures of a step, from the top of the page."""
        title = f"{row.place} {row.step}".strip()
        files = {}
        for kind, (size, medium) in KINDS.items():
            self.page.set_viewport_size(size)
            self.page.emulate_media(**{**USUAL, **medium})
            self.page.evaluate(AT_REST)
            self.page.evaluate("() => scrollTo(0, 0)")
            files[kind] = f"{self.track}-{title.replace(' ', '-')}-{kind}.png"
            self.page.screenshot(path=FOLDER / files[kind], full_page=True)
        self.page.set_viewport_size(SIZES["desk"])
        self.page.emulate_media(**USUAL)
        self.pictures.append((title, files))


def page_of(albums):
    """The album as a page: a section per track, a row per step."""
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Album</title><style>{STYLE}</style>'
    ]
    for track, pictures in albums:
        parts.append(f"<h1>{html.escape(track.title)}</h1>")
        for title, files in pictures:
            parts.append(f"<h2>{html.escape(title)}</h2>")
            for kind, name in files.items():
                picture = f'<img src="{name}" alt="{html.escape(title)}, {kind}" loading="lazy">'
                parts.append(
                    f'<figure><a href="{name}">{picture}</a><figcaption>{kind}</figcaption></figure>'
                )
    return "\n".join(parts)


def main(names):
    """Walk the tracks, take the pictures, and write the album."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    albums = []

    def visit(page, address, track):
        album = Album(page, track.id)
        walk(album, address, track)
        albums.append((track, album.pictures))
        (FOLDER / "index.html").write_text(page_of(albums), encoding="utf-8")

    for_each_track(names, visit)
    print(f"{sum(len(pictures) for _, pictures in albums)} steps: {FOLDER / 'index.html'}")


if __name__ == "__main__":
    main(sys.argv[1:])
