"""Files as they are handed in: folders in folders, archives, mails and documents, all read in memory.

Nothing is written: a path from inside an archive is only a name to show. Archives are limited in size, in number of
files, in how much a file may grow when it is unpacked, and in depth.
"""

import html
import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path

from dataselect_core.ledger.record import MOST_REPORT_BYTES

MOST_UNPACKED = 1_000_000_000  # of all files in one archive
MOST_FILES = 20_000
MOST_GROWTH = 200  # times, for a file of more than a megabyte: reports with pictures hardly grow
MOST_DEPTH = 4
SUBMITTERS = "submission_metadata.yml"
"""The file in which Gradescope lists who handed in what: it is passed over, but its content is kept."""
OWN_OUTPUT = re.compile(r"verification[^/]*\.(?:csv|html)", re.IGNORECASE)
SKIPPED = (
    (re.compile(r"\._.*"), "a resource fork that macOS adds"),
    (re.compile(r"\.DS_Store|Thumbs\.db|desktop\.ini|Icon\r?", re.IGNORECASE), "a file of the file manager"),
    (
        re.compile(r"~\$.*|.*~|.*\.(?:bak|tmp|swp|crdownload|part)", re.IGNORECASE),
        "a temporary or backup file",
    ),
    (re.compile(r"\..*"), "a hidden file"),
    (
        re.compile(r"timestamp\.txt|submission_metadata\.yml|gradebook.*\.(?:csv|txt)|grades.*\.csv"),
        "a list of the platform",
    ),
    (OWN_OUTPUT, "made by this check"),
)
KINDS = frozenset(
    (
        "md",
        "markdown",
        "html",
        "htm",
        "xhtml",
        "json",
        "txt",
        "text",
        "eml",
        "mht",
        "mhtml",
        "docx",
        "odt",
        "zip",
    )
)
UNREADABLE = {
    "pdf": "a PDF, which contains no record",
    "doc": "a document of an old word processor, which is not read",
    "rtf": "a text in RTF, in which the record is lost",
    "pages": "a document of Pages, which is not read",
    "rar": "an archive that cannot be read: use a zip",
    "7z": "an archive that cannot be read: use a zip",
    "tar": "an archive that cannot be read: use a zip",
    "gz": "an archive that cannot be read: use a zip",
    "tgz": "an archive that cannot be read: use a zip",
}
PICTURES = frozenset(("png", "jpg", "jpeg", "gif", "webp", "svg", "heic", "bmp", "tif", "tiff"))
MAIL = re.compile(
    rb"(?:[A-Za-z-]{2,40}:[^\n]*\r?\n(?:[ \t][^\n]*\r?\n)*)*?(?:MIME-Version|Content-Type):", re.IGNORECASE
)

UNNAMED = {"text/html": "page.html", "text/markdown": "report.md", "application/json": "record.json"}
"""The names of parts of a mail that have none."""


@dataclass(frozen=True)
class Item:
    """One file of the list.

    Attributes
    ----------
    path : str
        The path to show: inside an archive, it follows the archive's path and a slash.
    parts : tuple of str
        Names of folders, archives and the file, below the path that was named on the command line.
    data : bytes or str or None
        None if it is passed over; a str if a mail or a document declared its encoding.
    reason : str
        Why it is passed over, or empty.
    named : bool
        Whether it was named on the command line itself.
    empty : bool
        Whether it is a folder with nothing in it.
    """

    path: str
    parts: tuple[str, ...]
    data: bytes | str | None = field(default=None, repr=False)
    reason: str = ""
    named: bool = False
    empty: bool = False


def items(paths: Sequence[Path]) -> Iterator[Item]:
    """Every file of some files and folders, in their order; no file is left out without a reason.

    Parameters
    ----------
    paths : sequence of pathlib.Path
    """
    for path in paths:
        if path.is_dir():
            yield from _folder(path)
        else:
            yield from _file(path, str(path), (path.name,), named=True)


def ending(name: str) -> str:
    """The ending of a name in lower case, without the dot; empty if there is none."""
    _, dot, last = name.rpartition(".")
    return last.lower() if dot else ""


def _folder(root):
    count = 0
    for folder, subfolders, names in os.walk(root):
        subfolders.sort()
        relative = Path(folder).relative_to(root).parts
        if not subfolders and not names and relative:
            yield Item(folder, relative, reason="an empty folder", empty=True)
        for name in sorted(names):
            count += 1
            path = Path(folder, name)
            if count > MOST_FILES:
                yield Item(
                    str(root),
                    (root.name,),
                    reason=f"contains more than {MOST_FILES:,} files; the rest was not read",
                )
                return
            yield from _file(path, str(path), (*relative, name))


def _file(path, shown_path, parts, named=False):
    reason = "" if named else _skip_reason(parts)
    if reason and path.name != SUBMITTERS:
        yield Item(shown_path, parts, reason=reason)
        return
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            yield Item(shown_path, parts, reason="cannot be read: it is not a file", named=named)
            return
        is_zip = ending(path.name) == "zip"
        if status.st_size > (MOST_UNPACKED if is_zip else MOST_REPORT_BYTES):
            reason = f"larger than any report of this lab ({MOST_REPORT_BYTES / 1e6:.0f} MB)"
            yield Item(shown_path, parts, reason=reason, named=named)
            return
        if is_zip:
            with open(path, "rb") as file:
                yield from _archive(file, shown_path, parts, _Budget(), 1, named)
            return
        data = path.read_bytes()
        if reason:
            yield Item(shown_path, parts, data, reason)
            return
    except OSError as error:
        yield Item(shown_path, parts, reason=f"cannot be read: {error.strerror or error}", named=named)
        return
    yield from _contents(data, shown_path, parts, _Budget(), 0, named)


def _skip_reason(parts):
    """Why a file of this name is passed over, or an empty text."""
    if "__MACOSX" in parts:
        return "a resource fork that macOS adds"
    for pattern, reason in SKIPPED:
        if pattern.fullmatch(parts[-1]):
            return reason
    kind = ending(parts[-1])
    if kind in KINDS or not re.fullmatch(r"[a-z0-9]{1,8}", kind):
        return ""
    if kind in PICTURES:
        return "a picture"
    return UNREADABLE.get(kind, f"not a report: a file of the kind .{kind}")


class _Budget:
    """How much one archive, with the archives in it, may still unpack."""

    def __init__(self):
        self.bytes, self.files = MOST_UNPACKED, MOST_FILES


def _contents(data, shown_path, parts, budget, depth, named=False):
    """The file itself, or the files in it."""
    if data.startswith(b"PK\x03\x04"):
        yield from _archive(io.BytesIO(data), shown_path, parts, budget, depth + 1, named)
    elif ending(parts[-1]) in ("eml", "mht", "mhtml") and MAIL.match(data):
        yield from _mail(data, shown_path, parts, budget, depth + 1, named)
    else:
        yield Item(shown_path, parts, data, named=named)


def _archive(file, shown_path, parts, budget, depth, named):
    if depth > MOST_DEPTH:
        yield Item(shown_path, parts, reason="an archive nested in too many archives", named=named)
        return
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            document = _document(archive, names, budget)
            if document is not None:
                yield Item(shown_path, parts, document, named=named)
                return
            for member in members:
                if not member.is_dir():
                    yield from _member(archive, member, shown_path, parts, budget, depth)
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        EOFError,
        OSError,
        ValueError,
        RuntimeError,
    ) as error:
        yield Item(shown_path, parts, reason=f"an archive that cannot be read: {error}", named=named)


def _member(archive, member, shown_path, parts, budget, depth):
    name = _name(member)
    member_parts = tuple(part for part in re.split(r"[/\\]", name) if part not in ("", ".", "..")) or (
        "(nameless)",
    )
    member_path, item_parts = f"{shown_path}/{'/'.join(member_parts)}", (*parts, *member_parts)
    budget.files -= 1
    if budget.files < 0:
        if budget.files == -1:
            yield Item(
                shown_path, parts, reason=f"contains more than {MOST_FILES:,} files; the rest was not read"
            )
        return
    skip_reason = _skip_reason(member_parts)
    reason = "" if member_parts[-1] == SUBMITTERS else skip_reason
    if not reason and member.flag_bits & 1:
        reason = "protected with a password"
    if not reason:
        try:
            data = _read_member(archive, member, budget)
        except ValueError as error:
            reason = str(error)
        except (
            zipfile.BadZipFile,
            zlib.error,
            NotImplementedError,
            EOFError,
            OSError,
            RuntimeError,
        ) as error:
            reason = f"cannot be unpacked: {error}"
    if reason or skip_reason:
        yield Item(member_path, item_parts, None if reason else data, reason or skip_reason)
    else:
        yield from _contents(data, member_path, item_parts, budget, depth)


def _read_member(archive, member, budget):
    """The bytes of a member; ValueError if it is larger than any report, whatever size the archive states."""
    if member.file_size > 1_000_000 and member.file_size > MOST_GROWTH * max(1, member.compress_size):
        raise ValueError(f"grows more than {MOST_GROWTH} times when it is unpacked, as no report does")
    max_bytes = min(MOST_REPORT_BYTES, budget.bytes)
    with archive.open(member) as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        if max_bytes == MOST_REPORT_BYTES:
            raise ValueError(f"larger than any report ({MOST_REPORT_BYTES / 1e6:.0f} MB)")
        raise ValueError(f"larger than all that an archive may unpack ({MOST_UNPACKED / 1e6:.0f} MB)")
    budget.bytes -= len(data)
    return data


def _name(member):
    """The name, decoded correctly: macOS writes UTF-8 without marking it."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.filename


def _document(archive, names, budget):
    """The text of a document of a word processor, or None."""
    for inner, blocks, blanks in (
        ("word/document.xml", r"</w:p>|<w:br\b[^>]*>|<w:cr\b[^>]*>", r"<w:tab/>"),
        ("content.xml", r"</text:(?:p|h)>|<text:line-break/>", r"<text:(?:s|tab)\b[^>]*/>"),
    ):
        if inner in names and (inner != "content.xml" or "mimetype" in names):
            xml = _read_member(archive, archive.getinfo(inner), budget).decode("utf-8")
            xml = re.sub(blocks, "\n", xml.replace("\n", ""))
            xml = re.sub(blanks, _spaces, xml)
            return html.unescape(re.sub(r"<[^>]*>", "", xml))
    return None


def _spaces(match):
    count = re.search(r'text:c="(\d{1,3})"', match[0])
    return " " * int(count[1]) if count else " " if ":s" in match[0] else "\t"


def _mail(data, shown_path, parts, budget, depth, named):
    """The attachments and the texts of a mail, or of a page that was saved as one file."""
    has_parts = False
    for number, part in enumerate(message_from_bytes(data, policy=policy.default).walk()):
        if part.is_multipart() or number > 100:
            continue
        kind = part.get_content_type()
        name = part.get_filename() or UNNAMED.get(kind, "text.txt" if kind.startswith("text/") else "")
        name = re.split(r"[/\\]", name)[-1]
        payload = part.get_payload(decode=True)
        if not name or payload is None or _skip_reason((name,)):
            continue
        has_parts = True
        if kind.startswith("text/") and part.get_content_charset():
            try:
                yield Item(
                    f"{shown_path}/{name}",
                    (*parts, name),
                    payload.decode(part.get_content_charset()),
                    named=named,
                )
                continue
            except (LookupError, UnicodeDecodeError):
                pass
        yield from _contents(payload, f"{shown_path}/{name}", (*parts, name), budget, depth, named)
    if not has_parts:
        yield Item(shown_path, parts, data, named=named)
