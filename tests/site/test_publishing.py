"""Publishing: the workflows, the files of a release, permanent versions, and how the lab is cited."""

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import expect

import dataselect_core
from tools import pack, release, serve, versions

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LINTER = shutil.which("zizmor", path=str(Path(sys.executable).parent))
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


# -- workflows ---------------------------------------------------------------------------------------------


def lint(folder):
    """Exit code and output of the linter for the workflows of a folder; it works offline."""
    command = [LINTER, "--offline", "--strict-collection", "--no-progress", "--color=never", "."]
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return process.returncode, process.stdout + process.stderr


def jobs(path):
    """The jobs of a workflow: name -> dictionary."""
    return yaml.safe_load(path.read_text("utf-8"))["jobs"]


def uses(path):
    """Every line of a workflow that uses an action or another workflow, without its indentation."""
    return re.findall(r"^\s*-?\s*(uses:.*)$", path.read_text("utf-8"), flags=re.MULTILINE)


def test_the_workflows_are_the_four_documented_ones():
    """The workflows are the four that docs/publishing.md describes."""
    assert [path.stem for path in WORKFLOWS] == ["check", "pages", "release", "weekly"]
    guide = (ROOT / "docs" / "publishing.md").read_text("utf-8")
    assert all(f"`{path.stem}`" in guide for path in WORKFLOWS)


def test_the_linter_reports_no_error():
    """A security linter for workflows has no complaint."""
    status, output = lint(ROOT)
    assert status == 0, output


def test_the_linter_detects_unsafe_workflows(tmp_path):
    """The linter finds credentials that stay, other people's text in a command, and bad syntax."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    text = (ROOT / ".github" / "workflows" / "check.yml").read_text("utf-8")
    for changed in (
        text.replace("persist-credentials: false", "persist-credentials: true"),
        text.replace("run: python build.py test\n", 'run: echo "${{ github.event.pull_request.title }}"\n'),
        text.replace("timeout-minutes: 150", "timeout-minuets: 150"),
    ):
        assert changed != text
        (folder / "check.yml").write_text(changed, "utf-8")
        assert lint(tmp_path)[0] != 0


@each_workflow
def test_every_action_is_pinned_by_its_commit(path):
    """Actions are pinned by commit, since tags can move, with the version in a comment; own workflows are local."""
    assert uses(path)
    for line in uses(path):
        pinned = re.fullmatch(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", line)
        local = re.fullmatch(r"uses: \./(\.github/workflows/[a-z]+\.yml)", line)
        assert pinned or (local and (ROOT / local[1]).is_file()), line


def test_no_action_is_pinned_to_two_commits():
    """No action is pinned to two versions."""
    pins = {line for path in WORKFLOWS for line in uses(path) if "@" in line}
    assert len({line.partition("@")[0] for line in pins}) == len(pins), sorted(pins)


@each_workflow
def test_every_job_limits_its_permissions_and_time(path):
    """Every job names its permissions and its time limit."""
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {} and "group" in workflow["concurrency"]
    for name, job in jobs(path).items():
        assert isinstance(job["permissions"], dict) and job["permissions"], name
        if "uses" not in job:  # a called workflow has its own limit
            assert 0 < job["timeout-minutes"] <= 180, name


def test_only_publishing_jobs_may_write():
    """Only the jobs that publish may write, so code of a pull request can write nothing."""
    writers = {
        (path.stem, name): {right for right, access in job["permissions"].items() if access == "write"}
        for path in WORKFLOWS
        for name, job in jobs(path).items()
    }
    assert {job: rights for job, rights in writers.items() if rights} == {
        ("pages", "deploy"): {"pages", "id-token"},
        ("release", "publish"): {"contents", "id-token", "attestations"},
        ("release", "pages"): {"actions"},
    }


def test_checks_run_the_readmes_command_on_every_supported_python():
    """The README's command runs completely on Linux; the core runs on each Python, and on three systems."""
    check_jobs = jobs(ROOT / ".github" / "workflows" / "check.yml")
    assert "python build.py test" in [step.get("run") for step in check_jobs["everything"]["steps"]]
    assert "python build.py test " in (ROOT / "README.md").read_text("utf-8")
    matrix = check_jobs["core"]["strategy"]["matrix"]
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert {item["system"].partition("-")[0] for item in matrix["include"]} == {"macos", "windows"}


# -- releases ----------------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path):
    """A repository that is ready for the tag v0.2.0, with the output of `build.py zip`."""
    files = {
        "src/dataselect_core/__init__.py": '__version__ = "0.2.0"\n',
        "CHANGELOG.md": "# Changelog\n\n## 0.2.0 (2026-12-01)\n\n- New.\n\n## 0.1.0 (2026-11-01)\n\n- First.\n",
        "CITATION.cff": 'version: "0.2.0"\ndate-released: "2026-12-01"\n',
        ".build/data-selection-lab-0.2.0.zip": "zip",
        "dist/dataselect_core-0.2.0-py3-none-any.whl": "wheel",
    }
    for name, text in files.items():
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path / "repository"


def test_a_release_contains_zip_wheel_hashes_and_notes(repository, tmp_path):
    """sha256sum can check the gathered files, and the notes are the section of the change log."""
    release.check("v0.2.0", repository)
    names = release.gather("v0.2.0", tmp_path / "out", repository)
    archive, wheel = "data-selection-lab-0.2.0.zip", "dataselect_core-0.2.0-py3-none-any.whl"
    assert names == ["NOTES.md", archive, f"{archive}.sha256", wheel, f"{wheel}.sha256"]
    for name in (archive, wheel):
        digest, stated_name = (tmp_path / "out" / f"{name}.sha256").read_text().split()
        assert (
            stated_name == name
            and digest == hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest()
        )
    assert (tmp_path / "out" / "NOTES.md").read_text() == "- New.\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("src/dataselect_core/__init__.py", "0.2.0", "0.2.1", "the tag must be v0.2.1"),
        ("CHANGELOG.md", "0.2.0", "0.3.0", "has no section “## 0.2.0”"),
        ("CHANGELOG.md", "(2026-12-01)", "(unreleased)", "put the day of the release there"),
        ("CITATION.cff", "0.2.0", "0.1.0", "cites version 0.1.0"),
        ("CITATION.cff", "2026-12-01", "2026-11-01", "Make them agree"),
        ("CITATION.cff", "date-released", "# date", "of None"),
    ],
)
def test_an_inconsistent_tag_is_refused(repository, file, old, new, words):
    """Before anything is built, a sentence says which file names another version or day."""
    path = repository / file
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(SystemExit, match=re.escape(words)):
        release.check("v0.2.0", repository)


def test_a_release_needs_a_built_zip(repository, tmp_path):
    """Without the zip, the error says what to run."""
    release.archive(repository, "0.2.0").unlink()
    with pytest.raises(SystemExit, match="build.py zip"):
        release.gather("v0.2.0", tmp_path / "out", repository)


def test_the_citation_has_the_version_of_the_core():
    """CITATION.cff has all that version 1.2.0 of its format requires, and the version and licence of the package."""
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert cff["cff-version"] == "1.2.0" and cff["type"] == "software"
    assert all(isinstance(cff[key], str) and cff[key] for key in ("message", "title", "license"))
    assert cff["authors"] and all(set(author) <= {"name", "website"} for author in cff["authors"])
    assert cff["version"] == dataselect_core.__version__ == release.version(ROOT)
    assert f'license = "{cff["license"]}"' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert release.cited(ROOT)[0] == cff["version"]


# -- permanent versions ------------------------------------------------------------------------------------


def write_release(folder, tag, files, stated_digest=None):
    """A downloaded release: its zip and the zip's hash."""
    (folder / tag).mkdir(parents=True)
    path = folder / tag / f"data-selection-lab-{tag[1:]}.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    digest = stated_digest or hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(f"{path.name}.sha256").write_text(f"{digest}  {path.name}\n")
    return path


def lab_files(text, number="0.1.0"):
    """The members of an archive of the lab."""
    top = f"data-selection-lab-{number}"
    return {f"{top}/index.html": text, f"{top}/assets/a.js": f"'{text}'"}


@pytest.fixture
def site(tmp_path):
    """A built site, and an empty folder for releases."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("newest")
    (tmp_path / "releases").mkdir()
    return tmp_path / "site", tmp_path / "releases"


def test_every_release_is_in_a_folder_with_its_number(site):
    """All releases are unchanged next to the newest, and listed by number, not by letter."""
    folder, releases = site
    for tag in ("v0.9.0", "v0.10.0", "v0.2.0"):
        write_release(releases, tag, lab_files(tag, tag[1:]))
    assert versions.add(folder, releases) == ["v0.10.0", "v0.9.0", "v0.2.0"]
    assert (folder / "index.html").read_text() == "newest"
    for tag in ("v0.9.0", "v0.10.0", "v0.2.0"):
        assert (folder / tag / "index.html").read_text() == tag
        assert (folder / tag / "assets" / "a.js").read_text() == f"'{tag}'"
    links = re.findall(r'<a href="([^"]+)"', (folder / "versions.html").read_text())
    assert links == ["index.html", "v0.10.0/index.html", "v0.9.0/index.html", "v0.2.0/index.html"]


def test_a_release_unpacks_the_archive_of_the_zip_command(site):
    """The archive that build.py writes, gathered for a release, is unpacked below its number with every file."""
    folder, releases = site
    number = release.version(ROOT)
    built = folder.parent / "built"
    for name in ("src/dataselect_core/__init__.py", "LICENSE", "CHANGELOG.md"):
        (built / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, built / name)
    for name in ("index.html", "dataselect_core-1-py3-none-any.whl", "assets/own.js"):
        (built / "dist" / name).parent.mkdir(parents=True, exist_ok=True)
        (built / "dist" / name).write_text(name)
    (built / ".build").mkdir()
    pack.write(built, built / "dist", built / ".build")
    release.gather(f"v{number}", releases / f"v{number}", built)
    versions.add(folder, releases)
    for name in ("index.html", "assets/own.js"):
        assert (folder / f"v{number}" / name).read_text() == name


def test_a_site_without_releases_has_only_the_newest_version(site):
    """Deployment works before the first release."""
    assert versions.add(*site) == []
    assert sorted(path.name for path in site[0].iterdir()) == ["index.html", "versions.html"]


@pytest.mark.parametrize(
    ("tag", "files", "stated_digest", "words"),
    [
        ("v0.1.0", lab_files("x"), "0" * 64, "is not the file that its SHA-256 names"),
        ("nightly", lab_files("x"), None, "is not named after a version"),
        ("v0.1", lab_files("x"), None, "is not named after a version"),
        (
            "v0.1.0",
            {**lab_files("x"), "data-selection-lab-0.1.0/../../index.html": "evil"},
            None,
            "is outside",
        ),
        ("v0.1.0", {**lab_files("x"), "/etc/passwd": "evil"}, None, "is outside"),
        ("v0.1.0", {**lab_files("x"), "other/index.html": "evil"}, None, "is outside"),
        ("v0.2.0", lab_files("x", "0.1.0"), None, "is outside data-selection-lab-0.2.0/"),
        ("v0.1.0", {**lab_files("x"), "data-selection-lab-0.1.0/..\\index.html": "evil"}, None, "is outside"),
        ("v0.1.0", {"data-selection-lab-0.1.0/readme.txt": "x"}, None, "has no index.html"),
    ],
)
def test_an_invalid_release_stops_the_deployment(site, tag, files, stated_digest, words):
    """A sentence names the error, and nothing is written outside the release's folder."""
    folder, releases = site
    write_release(releases, tag, files, stated_digest)
    with pytest.raises(SystemExit, match=words):
        versions.add(folder, releases)
    assert (folder / "index.html").read_text() == "newest"
    assert {path.name for path in folder.parent.iterdir()} == {"site", "releases"}


def test_an_incomplete_release_stops_the_deployment(site):
    """If there is no zip or no hash, or the zip is cut off, the error says so."""
    folder, releases = site
    path = write_release(releases, "v0.1.0", lab_files("x"))
    note = path.with_name(f"{path.name}.sha256")
    path.write_bytes(path.read_bytes()[:40])
    note.write_text(hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(SystemExit, match="cannot be unpacked"):
        versions.add(folder, releases)
    note.unlink()
    with pytest.raises(SystemExit, match="does not give the SHA-256"):
        versions.add(folder, releases)
    path.unlink()
    with pytest.raises(SystemExit, match="must have one zip of the lab; it has 0"):
        versions.add(folder, releases)


def test_a_site_that_is_too_large_stops_the_deployment(site, monkeypatch):
    """If there is not enough room, the deployment stops, and no version is silently left out."""
    folder, releases = site
    write_release(releases, "v0.1.0", lab_files("x" * 500))
    monkeypatch.setattr(versions, "ROOM", 400)
    with pytest.raises(SystemExit, match="with its 1 versions has"):
        versions.add(folder, releases)


def test_an_old_version_is_live_next_to_the_newest(new_reader, dist, tmp_path):
    """A reader who has used the newest version also gets the old one, live, at the address with its number."""
    site, releases = tmp_path / "site", tmp_path / "releases"
    shutil.copytree(dist, site)
    files = {
        f"data-selection-lab-0.0.1/{path.relative_to(dist).as_posix()}": path.read_bytes()
        for path in dist.rglob("*")
        if path.is_file() and path.parent.name != "offline"
    }
    old_page = (dist / "index.html").read_text("utf-8").replace("<h1>Signal", "<h1>Old signal")
    write_release(releases, "v0.0.1", {**files, "data-selection-lab-0.0.1/index.html": old_page})
    versions.add(site, releases)
    with serve.serving(site) as address:
        reader = new_reader(address).open().live()
        expect(reader.page.get_by_role("heading", level=1)).to_have_text("Signal-to-noise engineering")
        reader.base = f"{address}v0.0.1/"
        reader.open().live().commit(30).results()
        expect(reader.page.get_by_role("heading", level=1)).to_have_text("Old signal-to-noise engineering")
        reader.page.goto(f"{address}versions.html")
        reader.page.get_by_role("link", name="0.0.1").click()
        expect(reader.page.get_by_role("heading", level=1)).to_have_text("Old signal-to-noise engineering")
        reader.base = address
