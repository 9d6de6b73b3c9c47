"""What a release consists of: the zip for readers, the wheel of the core, the SHA-256 of each, and the notes.

    python -m tools.release check v0.1.0            stop unless tag, version, change log and CITATION.cff agree
    python -m tools.release gather v0.1.0 FOLDER    put the files of the release into FOLDER, after `build.py zip`

Standard library only: .github/workflows/release.yml runs it outside `.venv`.
"""

import hashlib
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def archive(root, number):
    """The path of the archive that `build.py zip` makes of a version."""
    return root / ".build" / f"data-selection-lab-{number}.zip"


def version(root=ROOT):
    """The version in the source of the core, which is the lab's."""
    text = (root / "src" / "dataselect_core" / "__init__.py").read_text("utf-8")
    return re.search(r'^__version__ = "(.+)"$', text, flags=re.MULTILINE)[1]


def cited(root=ROOT):
    """The version and the date of release in CITATION.cff; None for one that is missing."""
    text = (root / "CITATION.cff").read_text("utf-8")
    matches = (
        re.search(rf'^{key}: "?([^"\n]+)"?$', text, flags=re.MULTILINE)
        for key in ("version", "date-released")
    )
    return tuple(match and match[1] for match in matches)


def notes(root, number):
    """The section of the change log on one version: `(rest of its heading after the number, text)`."""
    text = (root / "CHANGELOG.md").read_text("utf-8")
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        if heading.split()[0] == number:
            return heading.partition(" ")[2].strip(), body.strip()
    raise SystemExit(f"CHANGELOG.md has no section “## {number}”. Write it before you set the tag.")


def check(tag, root=ROOT):
    """Exit with a message unless everything that names a version agrees with this tag."""
    number = version(root)
    if tag != f"v{number}":
        raise SystemExit(
            f"The tag is {tag}, and src/dataselect_core/__init__.py says {number}: the tag must be v{number}."
        )
    dated, _ = notes(root, number)
    if not re.search(r"\d{4}-\d{2}-\d{2}", dated):
        raise SystemExit(
            f"CHANGELOG.md says “{number} {dated}”: put the day of the release there (2026-11-26)."
        )
    cites, day = cited(root)
    if cites != number or not day or day not in dated:
        raise SystemExit(
            f"CITATION.cff cites version {cites} of {day}; CHANGELOG.md says {number} {dated}. Make them agree."
        )


def gather(tag, out, root=ROOT):
    """Put zip, wheel, hashes and notes of a release into the new folder `out`; return the names of its files."""
    out = Path(out)
    number = tag.removeprefix("v")
    packed = archive(root, number)
    wheels = sorted((root / "dist").glob("*.whl"))  # with the data sets: a teacher installs nothing else
    if not packed.is_file() or len(wheels) != 1:
        raise SystemExit("There is no zip or no wheel to release: run `python build.py zip` first.")
    out.mkdir(parents=True)
    for path in (packed, wheels[0]):
        shutil.copyfile(path, out / path.name)
    for path in sorted(out.iterdir()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        (out / f"{path.name}.sha256").write_bytes(
            f"{digest}  {path.name}\n".encode()
        )  # as sha256sum writes it
    (out / "NOTES.md").write_text(notes(root, number)[1] + "\n", "utf-8")
    return sorted(path.name for path in out.iterdir())


if __name__ == "__main__":
    if sys.argv[1:2] == ["check"] and len(sys.argv) == 3:
        check(sys.argv[2])
    elif sys.argv[1:2] == ["gather"] and len(sys.argv) == 4:
        print("\n".join(gather(*sys.argv[2:])))
    else:
        sys.exit(__doc__)
