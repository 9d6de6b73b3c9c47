"""Add every released version to a site, under its number, so that a course can link to one that does not change.

    python -m tools.versions SITE RELEASES

SITE is a built site. RELEASES has a folder for each release, named by its tag, with the release's zip and the
zip's SHA-256. Afterwards SITE/v0.1.0/index.html is that version as it was released, and SITE/versions.html lists all.
Standard library only: .github/workflows/pages.yml runs it outside `.venv`.
"""

import hashlib
import re
import sys
import zipfile
from pathlib import Path, PurePosixPath

TAG = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
FOLDER = "data-selection-lab-{}"  # the only folder inside a release's zip, by the release's number
ROOM = 1_000_000_000  # bytes: GitHub Pages publishes no larger site
PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <link rel="icon" href="data:,">
  <title>Versions of the Data Selection lab</title>
</head>
<body>
<h1>Versions of the Data Selection lab</h1>
<p><a href="index.html">The newest</a> changes. Each numbered version stays as it was released.</p>
<ul>
{items}
</ul>
</body>
</html>
"""


def add(site, releases):
    """Unpack every release below its tag in a site, and list them in versions.html.

    Parameters
    ----------
    site : path
        A built site, which is changed.
    releases : path
        A folder per release, named by its tag (v0.1.0): one zip, with its hash next to it.

    Returns
    -------
    list of str
        The tags, newest first.

    Raises
    ------
    SystemExit
        A release does not match its hash or is not an archive of the lab, or all of them are too large for GitHub
        Pages; the message names it. The site may then be half changed and must not be published.
    """
    site, folders = Path(site), sorted(Path(releases).iterdir())
    for folder in folders:
        if not TAG.fullmatch(folder.name):
            raise SystemExit(f"The release {folder.name} is not named after a version such as v0.1.0.")
        unpack(archive(folder), site / folder.name)
    tags = sorted((folder.name for folder in folders), key=order, reverse=True)
    items = "\n".join(f'  <li><a href="{tag}/index.html">{tag[1:]}</a></li>' for tag in tags)
    (site / "versions.html").write_text(PAGE.format(items=items or "  <li>None yet.</li>"), "utf-8")
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    if size > ROOM:
        raise SystemExit(
            f"The site with its {len(tags)} versions has {size / 1e6:.0f} MB, and GitHub Pages accepts"
            f" {ROOM / 1e6:.0f}. Publish the oldest versions somewhere else,"
            " and name that place before you withdraw their releases."
        )
    return tags


def order(tag):
    """The key for sorting tags: v0.10.0 follows v0.9.0."""
    return tuple(map(int, TAG.fullmatch(tag).groups()))


def archive(folder):
    """The zip of a release, after its hash was compared."""
    archives = sorted(folder.glob("*.zip"))
    if len(archives) != 1:
        raise SystemExit(f"The release {folder.name} must have one zip of the lab; it has {len(archives)}.")
    (path,) = archives
    note = path.with_name(f"{path.name}.sha256")
    if not note.is_file():
        raise SystemExit(f"The release {folder.name} does not give the SHA-256 of {path.name}.")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if note.read_text("utf-8").split()[:1] != [digest]:
        raise SystemExit(f"{path.name} of the release {folder.name} is not the file that its SHA-256 names.")
    return path


def unpack(path, out):
    """Write the files of a release's zip into the new folder `out`, named by its tag; none can get outside it."""
    top = FOLDER.format(out.name[1:])
    if out.exists():
        raise SystemExit(f"{out} already exists, so {path.name} cannot be unpacked there.")
    try:
        with zipfile.ZipFile(path) as packed:
            for entry in packed.infolist():
                parts = PurePosixPath(entry.filename).parts
                outside = entry.filename.startswith("/") or re.search(r"[\\:\0]", entry.filename)
                if outside or ".." in parts or parts[:1] != (top,):
                    raise SystemExit(
                        f"{path.name} has a file at {entry.filename!r}, which is outside {top}/."
                    )
                if entry.is_dir():
                    continue
                target = out.joinpath(*parts[1:])
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(packed.read(entry))
    except zipfile.BadZipFile as error:
        raise SystemExit(f"{path.name} cannot be unpacked: {error}.") from None
    if not (out / "index.html").is_file():
        raise SystemExit(f"{path.name} has no index.html, so it is not an archive of the lab.")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    print("\n".join(add(*sys.argv[1:])) or "No release yet.")
