"""The site as one archive to download: unpack it, and open `index.html` by a double click.

The same site gives the same bytes: names are sorted, all files have one date, and no path or time of the machine
is included. (Deflate differs between versions of zlib, so the bytes are only the same on one platform.)
CONTENTS.txt in the archive lists every file.
"""

import hashlib
import re
import zipfile

from tools import apart, bundle, data, lock, site_facts
from tools.progress import Progress

NAME = "data-selection-lab"
DATE = (1980, 1, 1, 0, 0, 0)
OWN = "MIT"
CONTENTS = "CONTENTS.txt"
PACKED = (".bin", ".whl", ".png", ".woff2")  # deflating them again would save nothing
MADE_FROM = {  # shipped file -> entries of the lock; all other files have the name of their entry
    "fzstd.js": ["fzstd"],
    "numpy.zip": ["numpy"],
    "site-packages.zip": bundle.PURE,
    **{name: [package] for package, names in bundle.PAGE_FILES.items() for name in names.values()},
    **{name: [source["lock"]] for name, source in data.SOURCES.items()},
}


def write(root, dist, folder):
    """Write `data-selection-lab-VERSION.zip`, and next to it the file `.sha256` that `sha256sum --check` reads.

    Parameters
    ----------
    root, dist, folder : Path
        The repository, the built site, and the folder for the archive.

    Returns
    -------
    Path
        The archive.
    """
    top = f"{NAME}-{site_facts.version(root)}"
    paths = sorted(path for path in dist.rglob("*") if path.is_file())
    files = {path.relative_to(dist).as_posix(): path.read_bytes() for path in paths}
    files["LICENSE"] = (root / "LICENSE").read_bytes()
    files[CONTENTS] = contents(files, lock.load()).encode()
    target = folder / f"{top}.zip"
    part = target.with_suffix(".part")
    with zipfile.ZipFile(part, "w") as archive, Progress("packing", len(files)) as progress:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{top}/{name}", DATE)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # as on Unix, on Windows too
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(PACKED) else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content, compresslevel=9)
            progress.step()
    part.replace(target)
    apart.write(
        target.with_name(f"{target.name}.sha256"), f"{_sha256(target.read_bytes())}  {target.name}\n".encode()
    )
    return target


def contents(files, pinned):
    """One line per file: SHA-256, size in bytes, licence, name."""
    rows = [
        (_sha256(content), f"{len(content):>9}", licence(name, pinned), name)
        for name, content in sorted(files.items())
    ]
    width = max(len(row[2]) for row in rows)
    head = (
        "What is in this folder: SHA-256, size in bytes, licence, name. The texts of the licences, and where each\n"
        "file comes from, are in licences.txt; the lab's own licence is in LICENSE.\n\n"
    )
    return head + "".join(f"{sha}  {size}  {terms:<{width}}  {name}\n" for sha, size, terms, name in rows)


def licence(name, pinned):
    """The licence of one file of the site, as an SPDX expression."""
    if name.startswith("panel/"):
        return pinned["files"]["panel"]["license"]
    stem = re.sub(r"\.[0-9a-f]{10}\.(\w+)$", r".\1", name.rpartition("/")[2])
    stem = stem.removesuffix(".bin") if name.startswith("assets/") else stem.removesuffix(".js")
    if name.startswith(("assets/", "offline/")):
        for candidate in (stem, f"{stem}.js"):
            sources = MADE_FROM.get(candidate, [candidate] if candidate in pinned["files"] else [])
            if sources:
                return _together(pinned["files"][source]["license"] for source in sources)
    if name.endswith(".whl"):  # at the top: the core with all data in it
        return _together(
            [OWN, *(pinned["files"][source["lock"]]["license"] for source in data.SOURCES.values())]
        )
    return OWN


def summary(archive):
    """A message about an archive that has been written."""
    size = archive.stat().st_size / 1e6
    return f"{archive.parent.name}/{archive.name}: {size:.1f} MB; {CONTENTS} in it lists every file and its licence"


def _together(licences):
    parts = dict.fromkeys(part for terms in licences for part in terms.split(" AND "))
    return " AND ".join(f"({part})" if " OR " in part and len(parts) > 1 else part for part in parts)


def _sha256(content):
    return hashlib.sha256(content).hexdigest()
