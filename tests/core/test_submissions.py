"""Folders from learning platforms: every file is listed, every student once, and copies are stated as facts."""

import argparse
import csv
import io
import struct
import zipfile
from html.parser import HTMLParser

import pytest

from dataselect_core.cli import verify as command
from dataselect_core.figures.deduplication import figures as deduplication
from dataselect_core.ledger import Ledger, containers, lms, report_html, report_markdown, submissions, summary

SETTINGS = {
    "corpus": "licences",
    "threshold": 0.7,
    "width": 5,
    "num_perm": 16,
    "seed": 1,
    "banding": "auto",
    "bands": 1,
    "rows": 1,
    "compute": "operations",
}
NAMES = [
    "Lisa Müller",
    "Seán O’Brien",
    "O'Neill, Ann",
    "王小明",
    "이영희",
    "Дмитрий",
    "نور",
    "Zoë-Kim d'Arc",
    "=SUM(A1)",
    "Ñandú",
]


def ledger(student=None, reader="r1", threshold=0.7, prediction=30.0, reflection="", at=5, **changes):
    """The record of a reader who captured part 1 of the cloud track; `changes` replace values of figures, by path."""
    settings = {**SETTINGS, "threshold": threshold}
    findings = deduplication.recompute("cloud", settings, {}, prediction)
    values = {path: value.as_dict() for path, value in findings.values.items()}
    for path, value in changes.items():
        values[path.replace("__", ".")]["value"] = value
    evidence = {
        "lab": "0.1.0",
        "engine": None,
        "settings": settings,
        "assumptions": {},
        "values": values,
        "cases": findings.cases,
    }
    entries = {
        "cloud/1/prediction": {"value": prediction, "said": f"{prediction:g} %"},
        "cloud/1/evidence": evidence,
        "cloud/1/reflection": reflection
        or f"What {reader} saw: the longest texts are the redundant ones, so removing them saves most.",
    }
    record = {
        "schema": 3,
        "lab": "0.1.0",
        "reader": reader,
        "entries": {k: {"value": v, "at": at} for k, v in entries.items()},
    }
    return Ledger({**record, "student": student} if student else record)


def check(tmp_path, *reports, options=()):
    """Run the command; return (status, rows of the students' table by student, rows of the figures' table)."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    out = tmp_path / "results"
    out.mkdir(exist_ok=True)
    arguments = [*map(str, reports), "-o", str(out / "verification.csv"), "--jobs", "1", "--quiet", *options]
    status = command.run(parser.parse_args(arguments))
    tables = []
    for name in ("verification-students.csv", "verification.csv"):
        raw = (out / name).read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf")  # without the mark, spreadsheets garble letters
        tables.append(list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig")))))
    return status, {row["student"]: row for row in tables[0]}, tables[1]


def write_files(folder, files):
    """Write files by path: texts, bytes, or None for an empty folder."""
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.mkdir(parents=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def zip_archive(files):
    """The same files as an archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_junk_is_passed_over_with_a_reason_and_does_not_change_a_verdict(tmp_path):
    """Resource forks, hidden files, pictures, lists and old results are listed, and do not affect the status."""
    good = report_markdown(ledger("Lisa"))
    files = {
        "lisa/report.md": good,
        "tom/deep/er/report.md.txt": report_markdown(ledger("Tom", "r2")),
        "lisa/._report.md": b"\0\5\x16\7\0\2\0\0Mac OS X",
        "__MACOSX/tom/._report.md": b"\0\5\x16\7",
        ".DS_Store": b"\0\0\0\1Bud1",
        "lisa/plot.png": b"\x89PNG",
        "tom/timestamp.txt": "2026-01-01",
        "grades.csv": "a,b",
        "verification.csv": "report,student",
        "notes.txt": "buy milk",
        "tom/notes.pdf": b"%PDF-1.7",
    }
    status, students, rows = check(tmp_path, write_files(tmp_path / "in", files))
    assert status == 0 and {name: row["verdict"] for name, row in students.items()} == {
        "Lisa": "agrees",
        "Tom": "agrees",
    }
    reasons = {row["report"].split("/in/")[1]: row["note"] for row in rows if row["agrees"] == "passed over"}
    assert set(reasons) == set(files) - {"lisa/report.md", "tom/deep/er/report.md.txt"} and all(
        reasons.values()
    )
    assert (
        "resource fork" in reasons["__MACOSX/tom/._report.md"]
        and "contains no record" in reasons["notes.txt"]
    )


@pytest.mark.parametrize(
    ("path", "name", "platform"),
    [
        ("lisa_12345_678_report-1.md", "lisa", "Canvas"),
        ("obriensean_LATE_12_34_a_b_c.html", "obriensean", "Canvas"),
        ("Lisa Müller_4711_assignsubmission_file_/report.md", "Lisa Müller", "Moodle"),
        ("O'Neill, Ann_9_assignsubmission_file_report.md", "O'Neill, Ann", "Moodle"),
        ("王小明_8_assignsubmission_onlinetext_/onlinetext.html", "王小明", "Moodle"),
        ("submission_31415/report.md", "submission 31415", "Gradescope"),
        ("submitted/lisa/ps1/report.md", "lisa", "nbgrader"),
        ("Lab 9_lmueller_attempt_2026-01-31-10-11-12_report.md", "lmueller", "Blackboard"),
    ],
)
def test_the_student_is_read_from_the_names_of_platforms(path, name, platform):
    """Each platform's pattern gives the name, whatever letters it has."""
    giver = lms.submitter(path.split("/"))
    assert (giver.name, giver.platform) == (name, platform)


@pytest.mark.parametrize(
    "path", ["report.md", "lisa/report.md", "my_report_2.md", "__MACOSX/lisa_1_2_report.md", "a_1.md"]
)
def test_other_names_give_no_student(path):
    """A name that only resembles a pattern gives no student."""
    assert lms.submitter(path.split("/")) is None


def test_gradescopes_list_gives_the_names(tmp_path):
    """Numbered folders get the names in `submission_metadata.yml`, in a folder and in an archive."""
    metadata = "---\nsubmission_11:\n  :submitters:\n  - :name: Zoë O'Hara\n    :sid: 1\n  :score: 0\nsubmission_12:\n  :submitters:\n  - :name: 王小明\n"
    files = {"submission_metadata.yml": metadata}
    files |= {f"submission_{n}/report.md": report_markdown(ledger(reader=f"r{n}")) for n in (11, 12)}
    assert set(check(tmp_path, write_files(tmp_path / "in", files))[1]) == {"Zoë O'Hara", "王小明"}
    (tmp_path / "export.zip").write_bytes(
        zip_archive({"assignment_1_export/" + name: text for name, text in files.items()})
    )
    assert set(check(tmp_path, tmp_path / "export.zip")[1]) == {"Zoë O'Hara", "王小明"}


def test_several_files_of_one_student_count_once(tmp_path):
    """The same record as HTML and as Markdown counts once; an older report is passed over, and the newest counts."""
    new, old = ledger("Lisa", at=9), ledger("Lisa", at=5, removed__words=1)
    files = {
        "lisa_1_10_report.md": report_markdown(old),
        "lisa_1_11_report-1.md": report_markdown(new),
        "lisa_1_12_report.html": report_html(new),
        "tom_2_13_report.md": report_markdown(ledger("Tom", "r2")),
    }
    status, students, rows = check(tmp_path, write_files(tmp_path / "in", files))
    assert status == 0 and list(students) == ["Lisa", "Tom"]
    assert students["Lisa"]["files"].count("report") == 2 and "_10_" not in students["Lisa"]["files"]
    (older,) = (row for row in rows if row["agrees"] == "passed over")
    assert "an older report of the same student" in older["note"]


def test_archives_give_the_same_rows_as_folders(tmp_path):
    """A zip of the class, with a student's own zip in it, gives the same rows as the folders."""
    files = {
        f"{name}_{n}_assignsubmission_file_/report.md": report_markdown(ledger(name, f"r{n}"))
        for n, name in enumerate(NAMES)
    }
    nested_path = "Eve_77_assignsubmission_file_/my work.zip"
    inner = {"__MACOSX/._report.md": b"\0", "my work/report.md": report_markdown(ledger("Eve", "r77"))}
    (tmp_path / "class.zip").write_bytes(zip_archive({**files, nested_path: zip_archive(inner)}))
    status, students, rows = check(tmp_path, tmp_path / "class.zip")
    safe = {f"'{name}" if name.startswith("=") else name for name in NAMES}
    assert status == 0 and set(students) == {*safe, "Eve"}
    assert any("/my work.zip/my work/report.md" in row["report"] for row in rows)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["class.zip", "results"]


def test_paths_in_an_archive_are_never_written(tmp_path):
    """Paths that leave the folder, absolute paths and links are only shown; their reports are read in memory."""
    text = report_markdown(ledger("Lisa"))
    (tmp_path / "a.zip").write_bytes(
        zip_archive({"../../evil.md": text, "/tmp/evil-of-the-lab.md": "x", "a/../../b.md": "x"})
    )
    before = sorted(path for path in tmp_path.rglob("*"))
    items = list(containers.items([tmp_path / "a.zip"]))
    assert [item.path.split("a.zip/", 1)[1] for item in items] == [
        "evil.md",
        "tmp/evil-of-the-lab.md",
        "a/b.md",
    ]
    assert items[0].data == text.encode() and sorted(path for path in tmp_path.rglob("*")) == before


def test_oversized_archives_are_refused(tmp_path, monkeypatch):
    """Archives that grow too much, are too big, too full, too nested or lie about sizes are refused with a reason."""
    reasons = {}
    (tmp_path / "growth.zip").write_bytes(zip_archive({"report.md": b"\0" * 30_000_000}))
    nested = zip_archive({"report.md": "x"})
    for _ in range(6):
        nested = zip_archive({"more.zip": nested})
    (tmp_path / "nested.zip").write_bytes(nested)
    (tmp_path / "broken.zip").write_bytes(zip_archive({"report.md": "x" * 100})[:-30])
    (tmp_path / "number.zip").write_bytes(zip_archive({f"{n}.md": "x" for n in range(30)}))
    reasons["growth"] = " ".join(item.reason for item in containers.items([tmp_path / "growth.zip"]))
    monkeypatch.setattr(containers, "MOST_FILES", 20)
    monkeypatch.setattr(containers, "MOST_UNPACKED", 5000)
    lying = bytearray(zip_archive({"report.md": bytes(range(256)) * 30}))
    position = lying.index(b"PK\1\2")
    lying[position + 24 : position + 28] = struct.pack("<I", 10)
    (tmp_path / "lying.zip").write_bytes(lying)
    (tmp_path / "size.zip").write_bytes(zip_archive({"a.md": b"ab" * 1500, "b.md": b"cd" * 1500}))
    for name in ("nested", "broken", "number", "lying", "size"):
        reasons[name] = " ".join(item.reason for item in containers.items([tmp_path / f"{name}.zip"]))
    assert "grows more than" in reasons["growth"] and "nested in too many archives" in reasons["nested"]
    assert "cannot be read" in reasons["broken"] and "more than 20 files" in reasons["number"]
    assert reasons["lying"] and "all that an archive may unpack" in reasons["size"]


def test_documents_and_mails_are_read(tmp_path):
    """A report pasted into a document of Word or LibreOffice, or attached to a mail, gives the record in it."""
    record = ledger("Zoë", reflection="Short: “yes”.")
    text = report_markdown(record)
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    word = "".join(
        f'<w:p><w:r><w:t xml:space="preserve">{line}</w:t></w:r></w:p>' for line in escaped.split("\n")
    )
    word = f'<?xml version="1.0"?>\n<w:document><w:body>{word}</w:body></w:document>'
    office = "".join(f"<text:p>{line.replace('  ', ' <text:s/>')}</text:p>" for line in escaped.split("\n"))
    mail = mail_message(text)
    files = {
        "w/report.docx": zip_archive({"[Content_Types].xml": "", "word/document.xml": word}),
        "o/report.odt": zip_archive(
            {
                "mimetype": "application/vnd.oasis.opendocument.text",
                "content.xml": f"<office:text>{office}</office:text>",
            }
        ),
        "m/report.eml": mail,
    }
    outcomes = [submissions.read(item) for item in containers.items([write_files(tmp_path / "in", files)])]
    ledgers = {outcome.name.split("/in/")[1]: outcome.ledger for outcome in outcomes if outcome.ledger}
    assert ledgers == dict.fromkeys(("w/report.docx", "o/report.odt", "m/report.eml/report.md"), record)


def mail_message(text):
    """A mail with the report as an attachment, as mail programs encode it."""
    from email.message import EmailMessage

    mail = EmailMessage()
    mail["From"], mail["Subject"] = "lisa@school.example", "My report"
    mail.set_content("Here it is.")
    mail.add_attachment(text.encode(), maintype="text", subtype="markdown", filename="report.md")
    return bytes(mail)


def test_names_keep_every_letter_and_never_collide(tmp_path):
    """Ten names in many scripts in one folder give ten students, with all their letters and no formula."""
    files = {f"report-{n}.md": report_markdown(ledger(name, f"r{n}")) for n, name in enumerate(NAMES)}
    status, students, _ = check(tmp_path, write_files(tmp_path / "in", files))
    assert status == 0 and len(students) == len(NAMES)
    assert set(NAMES) - {"=SUM(A1)"} <= set(students) and "'=SUM(A1)" in students
    assert {summary.cell(f"{sign}x")[0] for sign in "=+-@\t\r"} == {"'"} and summary.cell(" =x") == "' =x"
    assert summary.cell(-1.5) == "-1.5" and summary.cell("a=b") == "a=b"


def test_two_students_with_one_name_are_both_listed(tmp_path):
    """Different records with one name are both listed, with a note."""
    files = {f"{n}/report.md": report_markdown(ledger("Anna", f"r{n}")) for n in (1, 2)}
    assert check(tmp_path, write_files(tmp_path / "in", files))[0] == 0
    students, _ = submissions.students(
        [submissions.read(item) for item in containers.items([tmp_path / "in"])]
    )
    assert [student.name for student in students] == ["Anna", "Anna"]
    assert all("another student has the same name" in student.facts for student in students)


def test_equal_work_is_stated_and_does_not_change_the_verdict(tmp_path):
    """The facts name an equal record, another state of the same browser's record, and an equal text."""
    text = "Duplicates waste compute because their gradients repeat; the budget of $12,000 was met at a threshold of 0.8."
    files = {
        "ann_1_1_r.md": report_markdown(ledger("Ann", "ra")),
        "bob_2_2_r.md": report_markdown(ledger("Bob", "ra")),
        "cid_3_3_r.md": report_markdown(
            ledger(
                "Cid", "ra", threshold=0.8, reflection="something else of his own, long enough to be compared"
            )
        ),
        "dee_4_4_r.md": report_markdown(ledger("Dee", "rd", reflection=text)),
        "eve_5_5_r.md": report_markdown(
            ledger("Eve", "re", reflection=text.replace("'", "’").upper(), threshold=0.6)
        ),
        "fay_6_6_r.md": report_markdown(ledger("Fay", "rf")),
    }
    status, students, _ = check(tmp_path, write_files(tmp_path / "in", files))
    facts = {name: row["pointed_out"] for name, row in students.items()}
    assert status == 0 and {row["verdict"] for row in students.values()} == {"agrees"}
    assert "the same record as Bob" in facts["Ann"] and "the same record as Ann" in facts["Bob"]
    assert "a record of the same browser (reader ra) as Ann" in facts["Cid"]
    assert "the same text (cloud, part 1, reflection) as Eve" in facts["Dee"] and facts["Fay"] == ""


def test_a_record_with_another_name_is_pointed_out(tmp_path):
    """A report handed in by Tom but named Lisa is noted; another order, accents or capitals of one name are not."""
    files = {
        "Tom Jones_1_assignsubmission_file_/r.md": report_markdown(ledger("Lisa", "r1")),
        "Müller, Lisa_2_assignsubmission_file_/r.md": report_markdown(ledger("Lisa MÜLLER", "r2")),
        "obriensean_3_4_r.md": report_markdown(ledger("Seán O’Brien", "r3")),
    }
    _, students, _ = check(tmp_path, write_files(tmp_path / "in", files))
    assert students["Lisa"]["pointed_out"] == "handed in as Tom Jones"
    assert students["Lisa MÜLLER"]["pointed_out"] == ""


class Page(HTMLParser):
    """The parts of a page that a test checks."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.captions, self.text, self._in = [], [], "", None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._in = tag

    def handle_endtag(self, tag):
        self._in = None

    def handle_data(self, data):
        self.text += data
        if self._in == "caption":
            self.captions.append(data)


PLATFORMS = {
    "Moodle": lambda n, name, text: {f"{name}_{100 + n}_assignsubmission_file_/report.md": text},
    "Canvas": lambda n, name, text: {f"{name.lower().replace(' ', '')}_{100 + n}_{900 + n}_report.md": text},
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_summary_of_a_class_is_exact(tmp_path, capsys, platform):
    """Of forty submissions one is altered, one copied, one mangled and one missing, and the summary says so exactly."""
    platform_files, files, names = (
        PLATFORMS[platform],
        {},
        [f"Student {chr(65 + n // 10)}{n % 10}" for n in range(40)],
    )
    for n, name in enumerate(names[:39]):  # the last student hands nothing in
        record = ledger(name, f"r{n}", threshold=0.6 + 0.05 * (n % 5), prediction=10.0 + n)
        text = report_markdown(record)
        if n == 7:
            text = (
                text.replace(" not met |", " met |", 1)
                if " not met |" in text
                else text.replace(" met |", " not met |", 1)
            )
        if n == 8:
            record = ledger(names[3], "r3", threshold=0.6 + 0.05 * 3, prediction=13.0)
            text = report_markdown(record)
        if n == 9:
            text = text.encode().decode("latin-1")  # read in another code page, and saved
            text = text.replace("What r9 saw", "WasÂ\xa0Ã¤ r9 saw")
        files |= platform_files(n, name, text)
    files |= {"__MACOSX/._x.md": b"\0", ".DS_Store": b"\0"}
    (tmp_path / "list.txt").write_text(
        "\n".join(f"{name}\thttps://lab.example/" for name in names), encoding="utf-8"
    )
    status, students, _ = check(
        tmp_path, write_files(tmp_path / "in", files), options=("--class-list", str(tmp_path / "list.txt"))
    )
    verdicts = {}
    for row in students.values():
        verdicts.setdefault(row["verdict"], []).append(row)
    # A copy is listed under the name in the record, with who handed it in.
    assert status == 1 and {verdict: len(rows) for verdict, rows in verdicts.items()}.keys() == {
        "agrees",
        "disagrees",
        "could not be compared",
    }
    assert students[names[3]]  # the copy is listed too, under the name in it
    (altered,) = verdicts["disagrees"]
    assert (
        altered["student"] == names[7]
        and "its record gives" in altered["differences"]
        and "line" in altered["differences"]
    )
    mangled, missing = sorted(verdicts["could not be compared"], key=lambda row: row["files"] == "(nothing)")
    assert mangled["student"].lower().replace(" ", "") == names[9].lower().replace(" ", "")
    assert "letters of its record were broken" in mangled["causes"]
    assert missing["student"] == names[39] and "nothing was handed in" in missing["causes"]
    table = list(
        csv.DictReader(
            io.StringIO((tmp_path / "results" / "verification-students.csv").read_text("utf-8-sig"))
        )
    )
    flagged = [row for row in table if row["pointed_out"]]
    assert (
        len(table) == 40
        and len(flagged) == 2
        and all("the same record as" in row["pointed_out"] for row in flagged)
    )
    page = Page((tmp_path / "results" / "verification.html").read_text("utf-8"))
    tags = [tag for tag, _ in page.tags]
    assert tags.count("main") == tags.count("h1") == 1 and "script" not in tags and len(page.captions) == 3
    assert any(tag == "svg" and "values from 10 to 48" in attrs["aria-label"] for tag, attrs in page.tags)
    assert (
        "37 ✓ agrees" in page.text
        and "1 ✗ disagrees" in page.text
        and "2 ? could not be compared" in page.text
    )


def test_a_failing_check_does_not_affect_other_reports(tmp_path, monkeypatch):
    """If the check itself fails on one file, the others are checked, and no report disagrees."""
    original = submissions.text_checks

    def fails(text, record):
        if record.record["student"] == "Lisa":
            raise RecursionError("boom")
        return original(text, record)

    monkeypatch.setattr(submissions, "text_checks", fails)
    files = {f"{name}/r.md": report_markdown(ledger(name, name)) for name in ("Lisa", "Tom")}
    status, students, _ = check(tmp_path, write_files(tmp_path / "in", files))
    assert status == 3 and students["Tom"]["verdict"] == "agrees"
    assert "the check itself failed: RecursionError" in students["Lisa"]["causes"]


def test_a_student_with_an_empty_folder_is_listed(tmp_path):
    """Next to folders with reports, an empty folder or one with only a PDF is a student without a report."""
    files = {"lisa/r.md": report_markdown(ledger("Lisa")), "tom": None, "kim/essay.pdf": b"%PDF"}
    status, students, _ = check(tmp_path, write_files(tmp_path / "in", files))
    assert status == 3 and set(students) == {"Lisa", "tom", "kim"}
    assert "an empty folder" in students["tom"]["causes"] and "essay.pdf (a PDF" in students["kim"]["causes"]


def test_a_class_list_matches_names_of_records_platforms_and_folders(tmp_path):
    """Students who handed nothing in are listed, and nobody else, however the list writes a name."""
    files = {
        "s1/r.md": report_markdown(ledger("Lisa Müller", "r1")),
        "s2/r.md": report_markdown(ledger("Tom", "r2")),
        "s3/r.md": report_markdown(ledger("Seán O’Brien", "r3")),
    }
    (tmp_path / "list.txt").write_text(
        "MÜLLER, Lisa\ns2\nsean\nSeán O'Brien\nTim\n\nTom\thttps://x\n", encoding="utf-8"
    )
    options = ("--class-list", str(tmp_path / "list.txt"))
    status, students, _ = check(tmp_path, write_files(tmp_path / "in", files), options=options)
    assert status == 3 and {name for name, row in students.items() if row["files"] == "(nothing)"} == {
        "sean",
        "Tim",
    }


def test_a_terminal_with_an_old_code_page_does_not_stop_the_check(tmp_path, monkeypatch):
    """If a console cannot show a name, the check still ends normally and shows the letters as code points."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr("sys.stdout", out)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    (tmp_path / "王.md").write_text(report_markdown(ledger("王小明")), encoding="utf-8")
    arguments = [str(tmp_path / "王.md"), "-o", str(tmp_path / "v.csv"), "--jobs", "1"]
    assert command.run(parser.parse_args(arguments)) == 0
    out.flush()
    assert "\\u738b" in out.buffer.getvalue().decode("cp1252")
