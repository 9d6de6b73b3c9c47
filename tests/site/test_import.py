"""Import of files as people have them: saved again, quoted, zipped; read, restored, or refused with a sentence."""

import base64
import io
import json
import re
import zipfile

import pytest
from apps import code_pages
from playwright.sync_api import expect
from reader import NO_PYTHON
from reports import ask, choose, predicted, record

from dataselect_core.ledger import Ledger, report_markdown
from dataselect_core.ledger.letters import CODE_PAGES
from tools import bundle


def make_zip(**files):
    """An archive with those files, as bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("_", "."), data)
    return buffer.getvalue()


def changed_files(ledger):
    """Name -> (bytes of a report after a change, what was restored or an empty text)."""
    text = report_markdown(ledger)
    curly = re.sub(r'"([^"\n]*)"', "“\\1”", text)
    return {
        "untouched.md": (text.encode(), ""),
        "in Windows-1252.md": (text.encode("cp1252"), "Windows-1252"),
        "in UTF-16.txt": (text.encode("utf-16"), "UTF-16"),
        "line ends of an old Macintosh.md": (text.replace("\n", "\r").encode(), ""),
        "quoted by mail.txt": (re.sub("^", "> ", text, flags=re.MULTILINE).encode(), "quotation by mail"),
        "with curly quotation marks.md": (curly.encode(), "curly quotation marks"),
        "of a platform.zip": (make_zip(report_md=text), ""),
    }


NAMES = list(changed_files(Ledger(record({"cloud/1/reflection": "Café, Müller’s"}))))


@pytest.mark.parametrize("name", NAMES)
def test_a_file_changed_by_other_programs_is_restored(name):
    """A file in another code page, quoted, with other marks or in a zip gives the same record, with notes on fixes."""
    ledger = Ledger(record({"cloud/1/reflection": "Café, Müller’s", "cloud/1/prediction": predicted()}))
    data, restored = changed_files(ledger)[name]
    (reply,) = ask({"type": "read", "id": 1, "name": name, "file": base64.b64encode(data).decode()}).messages
    assert json.loads(reply["answer"]["record"]) == ledger.record
    assert restored in "; ".join(reply["answer"]["notes"])


@pytest.mark.parametrize(
    "name, data, words",
    [
        ("essay.pdf", b"%PDF-1.7 ...", "PDF"),
        ("photo.png", b"\x89PNG\r\n", "picture"),
        ("empty.zip", make_zip(), "no record"),
        (
            "class.zip",
            make_zip(a_json=json.dumps(record({}, reader="a")), b_json=json.dumps(record({}, reader="b"))),
            "2 readers",
        ),
        (
            "read in another code page.json",
            json.dumps(record({"cloud/1/reflection": "Müller, Café, übrig"}), ensure_ascii=False)
            .encode()
            .decode("latin-1")
            .encode(),
            "broken",
        ),
        (
            "letters lost.json",
            json.dumps(record({"cloud/1/reflection": "M\ufffdller"}), ensure_ascii=False).encode(),
            "lost",
        ),
        ("a tale.zip", b"PK\x03\x04 and nothing more", ""),
    ],
    ids=["PDF", "picture", "empty archive", "two readers", "misread", "lost", "broken archive"],
)
def test_a_file_that_cannot_be_restored_is_refused(name, data, words):
    """Nothing is imported with broken letters, or from a file without a record or with more than one."""
    (reply,) = ask({"type": "read", "id": 1, "name": name, "file": base64.b64encode(data).decode()}).messages
    assert "answer" not in reply and words in reply["error"] and reply["error"]


def test_a_report_in_another_code_page_is_imported_completely(new_reader):
    """With Python the letters are restored, and the page says how; without, nothing changes and it says what to do."""
    ledger = Ledger(record({"cloud/1/reflection": "Café, Müller’s", "cloud/1/prediction": predicted()}))
    data = report_markdown(ledger).encode("cp1252")
    reader_without_python = new_reader(script=NO_PYTHON, steps=False).open("?track=cloud&part=1").saved()
    choose(reader_without_python, "Import a file", "report.md", data)
    expect(reader_without_python.status()).to_contain_text("Try again when it is. Nothing was changed.")
    expect(reader_without_python.locator("#reflection-1")).to_have_value("")
    reader = new_reader(steps=False).open("?track=cloud&part=1").live()
    choose(reader, "Import a file", "report.md", data)
    expect(reader.status()).to_contain_text("Imported. Restored while reading: read as Windows-1252")
    expect(reader.locator("#reflection-1")).to_have_value("Café, Müller’s")
    choose(reader, "Import a file", "essay.pdf", b"%PDF-1.7")
    expect(reader.status()).to_contain_text("is a PDF, which contains no record")
    expect(reader.status()).to_contain_text("Nothing was changed.")
    expect(reader.locator("#reflection-1")).to_have_value("Café, Müller’s")


def test_the_browser_decodes_every_code_page_of_the_check():
    """The browser decodes the code pages that the shipped Python lacks; the other two are shipped."""
    assert set(code_pages.LABELS) == set(CODE_PAGES) - {"cp1252", "cp850"}
    excluded = re.compile("|".join(bundle.DROPPED_OF_STDLIB))
    assert excluded.search("encodings/cp1250.py")
    assert not any(excluded.search(f"encodings/{name}.py") for name in ("cp1252", "cp850"))
