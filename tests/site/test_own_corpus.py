"""A corpus of the reader's own in Chromium: dropped, chosen, deduplicated, downloaded, and all failures."""

import json
import re
import subprocess
import sys
import zipfile

import pytest
from playwright.sync_api import expect
from reader import Reader

from dataselect_core import datasets

OWN = "[data-own-corpus]"
DROP = """([place, files]) => {
  const data = new DataTransfer();
  for (const [name, text] of files) data.items.add(new File([text], name));
  const target = document.querySelector(place);
  for (const kind of ["dragenter", "dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
  }
}"""
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


class OwnCorpus:
    """A reader with a corpus of their own."""

    def __init__(self, reader):
        self.reader, self.page = reader, reader.page

    def locator(self, selector):
        return self.page.locator(f"{OWN} {selector}")

    def button(self, name):
        return self.page.locator(OWN).get_by_role("button", name=name)

    def choose(self, *paths, kind="file"):
        """Choose files with the button and the browser's own window."""
        with self.page.expect_file_chooser() as chooser:
            self.button(f"Choose a {kind}").click()
        chooser.value.set_files([str(path) for path in paths])
        return self

    def done(self):
        """Wait for result and learning curve."""
        expect(self.locator("[data-own-status]")).to_have_text("Done.", timeout=60_000)
        expect(self.locator("[data-own-error]")).to_be_hidden()
        expect(self.locator("[data-own-progress]")).to_be_hidden()
        return self

    def says(self, sentence):
        """Wait for an error message."""
        expect(self.locator("[data-own-error]")).to_contain_text(sentence)
        expect(self.locator("[data-own-progress]")).to_be_hidden()
        return self

    def download(self, folder):
        """Download the kept documents with the browser; return the path."""
        expect(self.locator("[data-own-download]")).to_have_attribute("href", re.compile("^blob:"))
        with self.page.expect_download() as download:
            self.locator("[data-own-download]").click()
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path


@pytest.fixture(scope="module")
def texts():
    """Paragraphs of licence texts, followed by exact copies and near-copies."""
    paragraphs = [
        " ".join(part.split()) for text in datasets.licences().texts[:60] for part in text.split("\n\n")
    ]
    paragraphs = [part for part in paragraphs if len(part.split()) > 15][:300]
    return paragraphs + paragraphs[:40] + [f"{part} and so on" for part in paragraphs[60:100]]


@pytest.fixture(scope="module")
def booted(chromium, address):
    """A reader with Part 1 live and no prediction."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(60_000)
    reader = Reader(context, address).open("?track=mobile&part=1&threshold=0.8").live()
    for part in "123":  # all their data are loaded
        expect(reader.locator(f"[data-part='{part}']")).to_have_attribute("data-results", re.compile("."))
    yield reader
    context.close()


@pytest.fixture
def own(booted):
    """That reader without a corpus; the test ends with a check for errors."""
    own = OwnCorpus(booted)
    if own.button("Clear").is_visible():
        own.button("Clear").click()
    own.locator("[data-own-delimiter]").select_option(",")
    own.locator("[data-own-field]").fill("text")
    yield own
    booted.check()
    booted.errors.clear()


def command(path, out, *options):
    """Deduplicate the same file with the command line."""
    subprocess.run(
        [sys.executable, "-m", "dataselect_core", "dedup", path, "-o", out, "--quiet", *options], check=True
    )


def jsonl(texts, field="text"):
    return "".join(json.dumps({"n": i, field: text}) + "\n" for i, text in enumerate(texts))


def test_privacy_limits_and_formats_are_shown_first(own):
    """Privacy, limits and formats are shown first; the section needs no prediction and has no result yet."""
    for words in (
        "Your files never leave this machine",
        "32 MiB and 50,000 documents",
        "5,000 documents and 1.5 million",
        ".txt",
        ".jsonl",
        ".csv",
    ):
        expect(own.page.locator(OWN)).to_contain_text(words)
    policy = own.page.locator("meta[http-equiv]").first.get_attribute("content")
    assert "default-src 'none'" in policy and "connect-src 'self' blob: data:" in policy
    expect(own.locator("[data-own-result]")).to_be_hidden()
    for name in ("Cancel", "Deduplicate it again", "Clear"):
        expect(own.button(name)).to_be_hidden()


@pytest.mark.parametrize("name", ["mine.txt", "mine.jsonl", "mine.csv"])
def test_the_download_equals_the_output_of_the_command(own, tmp_path, texts, name):
    """The download equals the command's output byte for byte, and no request leaves the page while Python works."""
    path = tmp_path / name
    quoted = [text.replace('"', '""') for text in texts]
    content = {
        "mine.txt": "\n\n".join(texts),
        "mine.jsonl": jsonl(texts),
        "mine.csv": "n;text\n" + "".join(f'{i};"{text}"\r\n' for i, text in enumerate(quoted)),
    }
    path.write_text(content[name], newline="")
    own.locator("[data-own-delimiter]").select_option(";" if name == "mine.csv" else ",")
    before = len(own.reader.own_requests)
    own.choose(path).done()
    assert [url for url in own.reader.own_requests[before:] if not url.startswith("blob:")] == []
    expect(own.locator("[data-own-name]")).to_contain_text(f"{name}: ")
    command(path, tmp_path / "kept", *(["--delimiter", ";"] if name == "mine.csv" else []))
    kept = own.download(tmp_path)
    assert kept.name == name.replace(".", "-kept.")
    assert kept.read_bytes() == (tmp_path / "kept").read_bytes() != path.read_bytes()
    own.locator("[data-own-as-text] summary").click()
    expect(own.locator("[data-own-text]")).to_have_value(kept.read_text().replace("\r\n", "\n"))


def test_the_result_shows_figures_clusters_and_malformed_lines(own, tmp_path, texts):
    """The result has kinds of figures, clusters side by side, malformed lines by number, and a learning curve."""
    path = tmp_path / "rows.jsonl"
    path.write_text(jsonl(texts[:200]) + "no json\n" + jsonl(texts[200:]))
    own.choose(path).done()
    expect(own.locator("[data-value='own.documents']")).to_have_text(f"{len(texts)}")
    for place in own.locator(":is(.figures, .tiles) [data-value]").all():
        assert place.get_attribute("data-kind") == "measured" and re.search(r"\d", place.text_content())
    own.locator("[data-own-malformed] summary").click()
    expect(own.locator("[data-own-problems]")).to_have_text(re.compile("^rows.jsonl, line 201 is not JSON: "))
    button = own.locator("[data-clusters] button").first
    expect(button).to_contain_text("line ")
    button.click()
    expect(own.locator("[data-diff='left'] h5")).to_contain_text("Kept: line ")
    expect(own.locator("[data-diff='right'] h5")).to_contain_text("Removed: line ")
    expect(own.locator("[data-root='own'] canvas").first).to_be_visible()
    own.page.get_by_text("Learning against compute, as a table").click()
    assert own.locator("table[data-table-for='Own_ICR_Curve'] tbody tr").count() > 10


def test_a_moved_control_is_reported_and_used_in_the_next_run(own, tmp_path, texts):
    """The figures name their settings; a moved threshold is reported, and the next run uses it."""
    path = tmp_path / "mine.txt"
    path.write_text("\n".join(texts))
    own.choose(path).done()
    expect(own.locator("[data-own-moved]")).to_be_hidden()
    field = own.reader.field("Similarity threshold (number)")
    field.fill("0.6")
    field.press("Enter")
    expect(own.locator("[data-own-moved]")).to_be_visible()
    own.button("Deduplicate it again").click()
    expect(own.locator("[data-value='own.setting.threshold']")).to_have_text("0.600")
    own.done()
    expect(own.locator("[data-own-moved]")).to_be_hidden()
    command(path, tmp_path / "kept", "--threshold", "0.6")
    assert own.download(tmp_path).read_bytes() == (tmp_path / "kept").read_bytes()
    own.reader.choose_track("Tiny Pioneer")  # this changes the controls, but not the reader's corpus
    expect(own.locator("[data-value='own.documents']")).to_have_text(f"{len(texts)}")
    own.reader.choose_track("Mobile Nomad")
    field.fill("0.8")
    field.press("Enter")


def drop_from_the_desktop(own, *paths):
    """Drag files from the disk over the drop area and drop them, as the browser sees it from outside."""
    box = own.locator(".drop")
    box.scroll_into_view_if_needed()
    area = box.bounding_box()
    middle = {"x": area["x"] + area["width"] / 2, "y": area["y"] + area["height"] / 2}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    devtools = own.page.context.new_cdp_session(own.page)
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, **middle, "data": data})
    devtools.detach()


@pytest.mark.parametrize("action", ["chosen", "dropped"])
def test_a_folder_is_read_as_a_whole(own, tmp_path, texts, action):
    """A folder is read as a whole, other files are passed over, and the kept files are an archive."""
    folder = tmp_path / "set"
    (folder / "deep").mkdir(parents=True)
    for i, text in enumerate([texts[0], texts[1], texts[0], texts[2]]):
        (folder / ("deep" if i > 1 else "") / f"{i}.txt").write_text(text)
    (folder / "picture.png").write_bytes(b"\x89PNG\0")
    if action == "chosen":
        own.choose(folder, kind="folder")
    else:
        drop_from_the_desktop(own, folder)
    own.done()
    command(folder, tmp_path / "kept")
    path = own.download(tmp_path)
    assert path.name == "set-kept.zip"
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    written = (tmp_path / "kept").rglob("*.txt")
    assert kept == {file.relative_to(tmp_path / "kept").as_posix(): file.read_bytes() for file in written}
    assert sorted(kept) == ["0.txt", "1.txt", "deep/3.txt"]


def test_dropped_files_are_read(own):
    """One dropped file is read; several form a folder; outside the drop area nothing happens, and the page stays."""
    address = own.page.url
    own.page.evaluate(DROP, [f"{OWN} .drop", [["a.txt", "one two three\none two three\nfour five six\n"]]])
    own.done()
    expect(own.locator("[data-own-name]")).to_contain_text("a.txt: 1 of 3 documents removed")
    files = [["a.txt", "one two three"], ["b.txt", "one two three"], ["c.txt", "four"]]
    own.page.evaluate(DROP, [f"{OWN} .drop", files])
    expect(own.locator("[data-own-name]")).to_contain_text("corpus: 1 of 3 documents removed")
    own.done()
    own.page.evaluate(DROP, ["h1", [["d.txt", "seven\neight\n"]]])
    expect(own.locator("[data-own-name]")).to_contain_text("corpus: 1 of 3")
    assert own.page.url == address


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.txt", b"", "empty.txt is empty: it contains no text. Choose a file with documents in it."),
        ("latin.txt", "naïve\n".encode("latin-1") * 2, "convert the file to UTF-8"),
        (
            "wide.txt",
            "words\n".encode("utf-16"),
            "wide.txt is UTF-16, as its first bytes show; convert it",
        ),
        ("binary.txt", b"\x7fELF\0\0", "binary.txt is not text: it contains zero bytes"),
        ("picture.png", b"\x89PNG", "picture.png must end in .txt, .jsonl, .ndjson, .json, .csv, .tsv"),
        ("field.jsonl", b'{"body": "a"}\n', "the fields with text are 'body'. Name the one to compare in"),
        ("column.csv", b"a,b\n1,2\n", "column.csv has no column 'text'; its columns are 'a', 'b'."),
        ("one.txt", b"one line", "one.txt contains one document, which cannot be compared with anything"),
        ("large.txt", b"word\n" * 6_800_000, "large.txt has 32.4 MiB, and this page reads at most 32 MiB."),
        (
            "many.txt",
            b"word\n" * 50_001,
            "There are more than 50,000 documents, the most that this page reads.",
        ),
    ],
)
def test_each_failure_gets_one_message(own, tmp_path, name, content, sentence):
    """Each failure says what to do, and the previous result stays, with its download and its clusters."""
    if own.locator("[data-own-result]").is_hidden():
        own.page.evaluate(DROP, [f"{OWN} .drop", [["good.txt", "one two\none two\nthree\n"]]])
        own.done()
    (tmp_path / name).write_bytes(content)
    own.choose(tmp_path / name).says(sentence)
    expect(own.locator("[data-own-name]")).to_contain_text("good.txt: 1 of 3")
    own.locator("[data-clusters] button").first.click()
    expect(own.locator("[data-diff='left'] h5")).to_contain_text("Kept: line 1")
    assert own.download(tmp_path).read_bytes() == b"one two\nthree\n"


def test_the_file_is_read_again_with_the_right_field(own, tmp_path, texts):
    """The message names the fields; with one of them the same file is read without being chosen again."""
    path = tmp_path / "mine.jsonl"
    path.write_text(jsonl(texts, "body"))
    own.choose(path).says("'body'")
    own.page.get_by_label("Field or column of the text").fill("body")
    own.button("Deduplicate it again").click()
    own.done()
    expect(own.locator("[data-value='own.documents']")).to_have_text(f"{len(texts)}")


def test_work_can_be_cancelled_or_replaced(own, tmp_path, texts):
    """Work on a large file can be cancelled, and a second file in the middle of the work replaces the first."""
    large = tmp_path / "large.txt"
    large.write_text("\n".join(f"{text} {i}" for i in range(40) for text in texts))
    own.choose(large)
    own.button("Cancel").click()
    expect(own.locator("[data-own-status]")).to_contain_text("Cancelled.")
    expect(own.locator("[data-own-result]")).to_be_hidden()
    own.choose(large)
    expect(own.locator("[data-own-status]")).to_contain_text("hashing")
    small = tmp_path / "small.txt"
    small.write_text("one two\none two\nthree\n")
    own.choose(small).done()
    expect(own.locator("[data-own-name]")).to_contain_text("small.txt: 1 of 3")


def test_clearing_removes_the_result(own):
    """Clearing removes figures, texts and download, and Python forgets the files."""
    own.page.evaluate(DROP, [f"{OWN} .drop", [["a.txt", "one two\none two\nthree\n"]]])
    own.done()
    own.button("Clear").click()
    expect(own.locator("[data-own-result]")).to_be_hidden()
    expect(own.locator("[data-own-status]")).to_have_text("Forgotten: nothing of your files is left here.")
    expect(own.locator("[data-clusters] button")).to_have_count(0)
    assert own.locator("[data-own-text]").input_value() == ""
    assert own.locator("[data-own-download]").get_attribute("href") is None


def test_a_file_can_be_chosen_by_keyboard_on_a_phone(new_reader, dist, tmp_path, texts):
    """On a double-clicked page, 360 px wide, a file chosen by keyboard before Python runs is deduplicated."""
    reader = new_reader(base=dist.as_uri() + "/", viewport={"width": 360, "height": 700})
    reader.page.on("filechooser", lambda _: None)  # from now on the browser opens no window
    own = OwnCorpus(reader.open("?track=mobile&part=1"))
    path = tmp_path / "mine.txt"
    path.write_text("\n".join(texts))
    own.button("Choose a file").focus()
    with reader.page.expect_file_chooser() as chooser:
        reader.page.keyboard.press("Enter")
    chooser.value.set_files(str(path))
    reader.live()
    own.done()
    assert reader.page.evaluate(SIDEWAYS) <= 0
    threshold = reader.field("Similarity threshold (number)").input_value()
    command(path, tmp_path / "kept", "--threshold", threshold)
    assert own.download(tmp_path).read_bytes() == (tmp_path / "kept").read_bytes()
