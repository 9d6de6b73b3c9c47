"""`.venv`: made from the lock without resolving, in any surroundings; repaired if an installation broke off.

The tests install small packages from a folder or a local server, with the pip that this Python includes;
`build.py fresh` does the same with the real packages and other pips.
"""

import ast
import base64
import contextlib
import ensurepip
import hashlib
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from tools import environment, pins
from tools.environment import BUILD, TEST, Machine, objection

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("environment.py", "pip_client.py", "locked.py", "browsers.py")
ENSURE = """
import sys
from pathlib import Path
{before}
from tools.environment import Environment, EnvironmentFault
try:
    Environment(Path.cwd()).ensure(sys.argv[1:])
except EnvironmentFault as fault:
    sys.exit("FAULT " + str(fault))
"""
# Settings of a user that would change what is installed, or where.
HOSTILE = {
    "target": "/nonexistent/target", "user": "1", "prefix": "/nonexistent/prefix", "root": "/nonexistent/root",
    "constraint": "/nonexistent/constraints.txt", "require-virtualenv": "1", "no-binary": ":all:", "no-deps": "0",
    "only-binary": "", "dry-run": "1", "quiet": "3", "ignore-installed": "1", "platform": "win32",
    "python-version": "2.7", "python": "/nonexistent/python", "requirement": "/nonexistent/more.txt", "pre": "1",
    "uploaded-prior-to": "2001-01-01", "report": "/nonexistent/report.json", "use-feature": "no-such-feature",
    "editable": "/nonexistent/source", "progress-bar": "on", "config-settings": "x", "require-hashes": "0",
}  # fmt: skip


def make_wheel(folder, name, version, requires=(), files=("__init__.py",)):
    """Make a wheel with a few files; return its path."""
    info = f"{name}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    entries = {f"{name}/{file}": f"version = {version!r}\n" for file in files}
    entries[f"{info}/METADATA"] = "\n".join([*metadata, *(f"Requires-Dist: {line}" for line in requires), ""])
    entries[f"{info}/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    digests = {entry: hashlib.sha256(text.encode()).digest() for entry, text in entries.items()}
    rows = [
        f"{entry},sha256={base64.urlsafe_b64encode(digest).decode().rstrip('=')},"
        for entry, digest in digests.items()
    ]
    entries[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""])
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for entry, text in entries.items():
            archive.writestr(entry, text)
    return path


def pin(path):
    """The line of a requirements file that pins a wheel."""
    name, version, *_ = path.name.split("-")
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Project:
    """A checkout with the tools that make `.venv`, and a few small packages."""

    def __init__(self, folder, wheels):
        self.folder, self.wheels = folder, wheels

    def ensure(self, *levels, before="", check=True, **settings):
        """Make `.venv` in a separate process; return its output."""
        process = subprocess.run(
            [sys.executable, "-c", ENSURE.format(before=before), *levels],
            check=False, cwd=self.folder, env=self.environment(settings), capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        if check:
            assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout + process.stderr

    def environment(self, settings):
        """The variables of a user whose registry is the folder of wheels, with the test's additions."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))
        }
        registry = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_CONFIG_FILE": os.devnull}
        return {
            name: value for name, value in {**inherited, **registry, **settings}.items() if value is not None
        }

    def versions(self):
        """Versions of what can be imported in `.venv`: name -> version."""
        code = "import importlib, json, sys\nfound = {}\nfor name in ('alpha', 'beta', 'gamma'):\n"
        code += "    try: found[name] = importlib.import_module(name).version\n    except ImportError: pass\n"
        python = environment.Environment(self.folder).python
        process = subprocess.run(
            [python, "-c", code + "print(json.dumps(found))"], capture_output=True, check=True
        )
        return json.loads(process.stdout)

    def package(self, name):
        """The folder of an installed package."""
        (path,) = (self.folder / ".venv").rglob(f"site-packages/{name}")
        return path


def make_project(folder, wheels):
    """Put the tools and lists in a folder: `alpha` for the build, which requires `beta[more]`; `gamma` for tests."""
    (folder / "tools").mkdir(parents=True)
    for name in TOOLS:
        shutil.copy(ROOT / "tools" / name, folder / "tools")
    beta = pin(wheels / "beta-1-py3-none-any.whl")
    (folder / "tools" / "requirements-build.txt").write_text(pin(wheels / "alpha-1-py3-none-any.whl") + beta)
    (folder / "tools" / "requirements-test.txt").write_text(pin(wheels / "gamma-1-py3-none-any.whl") + beta)
    (bundled,) = (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl")
    shutil.copy(bundled, wheels)
    (folder / "tools" / "requirements-pip.txt").write_text(pin(bundled))
    return Project(folder, wheels)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """A registry with releases that are newer than the lock."""
    folder = tmp_path_factory.mktemp("wheels")
    make_wheel(folder, "alpha", "1", ["beta[more]>=1"])
    make_wheel(folder, "alpha", "2")
    make_wheel(folder, "beta", "1", ["gone>=3; extra == 'more'"], ["__init__.py", "part.py"])
    make_wheel(folder, "beta", "9")
    make_wheel(folder, "gamma", "1")
    return folder


@pytest.fixture(scope="module")
def built_project(tmp_path_factory, wheels):
    """A project whose `.venv` has the packages of the build."""
    project = make_project(tmp_path_factory.mktemp("made") / "lab", wheels)
    project.output = project.ensure(BUILD)
    return project


@pytest.fixture
def project(built_project, tmp_path):
    """A copy of that project for one test to change."""
    shutil.copytree(built_project.folder, tmp_path / "lab", symlinks=True)
    return Project(tmp_path / "lab", built_project.wheels)


@pytest.fixture
def new_project(wheels, tmp_path):
    """A project without a `.venv`, in a folder whose name has a space and a letter outside ASCII."""
    return make_project(tmp_path / "das Labör", wheels)


def test_new_releases_change_nothing(built_project):
    """The pinned versions are installed, not newer ones or unpinned requirements of a release."""
    assert built_project.versions() == {"alpha": "1", "beta": "1"}
    assert built_project.output.count("Installing") == 1


def test_packages_for_tests_are_added_and_kept(project):
    """The packages for tests are added without changing others; a later build removes nothing and prints nothing."""
    before = project.package("beta").stat().st_ino
    output = project.ensure(BUILD, TEST)
    assert "packages of test" in output
    assert project.versions() == {"alpha": "1", "beta": "1", "gamma": "1"}
    assert project.package("beta").stat().st_ino == before
    assert project.ensure(BUILD, PIP_FIND_LINKS=None) == ""
    assert project.ensure(BUILD, TEST, PIP_FIND_LINKS=None) == ""
    assert project.versions()["gamma"] == "1"


def test_a_changed_pin_is_installed(project):
    """If the lock changes to another version, the next start installs it, even if it is older."""
    path = project.folder / "tools" / "requirements-build.txt"
    old = path.read_text()
    path.write_text(old.splitlines()[0] + "\n" + pin(project.wheels / "beta-9-py3-none-any.whl"))
    project.ensure(BUILD)
    assert project.versions() == {"alpha": "1", "beta": "9"}
    path.write_text(old)
    project.ensure(BUILD)
    assert project.versions() == {"alpha": "1", "beta": "1"}


@pytest.mark.parametrize("place", ["variables", "a file", "the section of a file"])
def test_pip_settings_do_not_change_the_installed_packages(project, tmp_path, place):
    """Whatever a user's pip is configured to do, in variables or a pip.conf, the pinned packages are installed."""
    if place == "variables":
        settings = {f"PIP_{name.upper().replace('-', '_')}": value for name, value in HOSTILE.items()}
    else:
        section = "global" if place == "a file" else "install"
        lines = [f"[{section}]", *(f"{name} = {value}" for name, value in HOSTILE.items() if value)]
        # The file also says how the registry is reached, and this is kept.
        lines += ["[global]"] * (section != "global") + ["no-index = true", f"find-links = {project.wheels}"]
        (tmp_path / "pip.conf").write_text("\n".join(lines))
        settings = {
            "PIP_CONFIG_FILE": str(tmp_path / "pip.conf"),
            "PIP_NO_INDEX": None,
            "PIP_FIND_LINKS": None,
        }
    project.ensure(BUILD, TEST, **settings)
    assert project.versions() == {"alpha": "1", "beta": "1", "gamma": "1"}


def test_an_unreadable_pip_configuration_is_ignored(project, tmp_path):
    """A broken pip.conf is reported and does not stop the installation."""
    (tmp_path / "pip.conf").write_text("no section\n= nothing\n")
    output = project.ensure(TEST, PIP_CONFIG_FILE=str(tmp_path / "pip.conf"))
    assert "configuration cannot be read" in output
    assert "gamma" in project.versions()


def test_python_variables_have_no_effect(new_project, tmp_path):
    """A PYTHONPATH with another pip, PYTHONSAFEPATH and warnings as errors change nothing."""
    (tmp_path / "other" / "pip").mkdir(parents=True)
    (tmp_path / "other" / "pip" / "__init__.py").write_text("raise SystemExit('the wrong pip')")
    lines = f"sys.path.insert(0, {str(new_project.folder)!r})"
    new_project.ensure(
        BUILD, before=lines, PYTHONPATH=str(tmp_path / "other"), PYTHONSAFEPATH="1", PYTHONWARNINGS="error",
        PYTHONHOME=None,
    )  # fmt: skip
    assert new_project.versions() == {"alpha": "1", "beta": "1"}


def test_the_pinned_pip_is_installed_without_ensurepip(new_project):
    """If Python's own pip has to fill `.venv`, it installs the pip of the lock and then the packages."""
    new_project.ensure(BUILD, before="sys.modules['ensurepip'] = None")
    assert new_project.versions() == {"alpha": "1", "beta": "1"}


@pytest.mark.parametrize("missing_modules", [["ensurepip", "pip"], ["venv"]])
def test_a_python_without_pip_or_venv_gets_a_message(new_project, missing_modules):
    """Without any pip, or without `venv`, one sentence says what is missing and what helps."""
    lines = "; ".join(f"sys.modules[{name!r}] = None" for name in missing_modules)
    lines += "; from tools import browsers; browsers.debian_root = lambda: False"
    output = new_project.ensure(BUILD, before=lines, check=False)
    assert "FAULT This Python has n" in output
    assert ".venv cannot be made" in output
    assert "Traceback" not in output


def damage_record(project):
    """Simulate an installation that broke off before it listed the files of a package."""
    (record,) = (project.folder / ".venv").rglob("beta-1.dist-info/RECORD")
    record.unlink()
    (project.package("beta") / "part.py").unlink()


def damage_file(project):
    """Simulate an installation whose last file is empty."""
    (project.package("beta") / "part.py").write_text("")


def damage_package(project):
    """Simulate a package of which only the description is left."""
    shutil.rmtree(project.package("beta"))


@pytest.mark.parametrize("damage", [damage_record, damage_file, damage_package])
def test_an_interrupted_installation_is_repaired(project, damage):
    """After an interruption, half-installed packages are repaired at the next start, and no others."""
    damage(project)
    (project.folder / ".venv" / "lab-unfinished").write_text("build")
    before = project.package("alpha").stat().st_ino
    output = project.ensure(BUILD)
    assert "1 packages are installed again" in output
    assert (project.package("beta") / "part.py").read_text() == "version = '1'\n"
    assert project.package("alpha").stat().st_ino == before
    assert project.ensure(BUILD, PIP_FIND_LINKS=None) == ""


@pytest.mark.parametrize("missing_part", ["pyvenv.cfg", "lab-packages.json", "bin/python", "lib"])
@pytest.mark.skipif(os.name == "nt", reason="the folder of another system")
def test_an_incomplete_venv_is_repaired(project, missing_part):
    """Whatever part of `.venv` is lost, the next start installs the packages without a loop or a traceback."""
    path = project.folder / ".venv" / missing_part
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    project.ensure(BUILD)
    assert project.versions() == {"alpha": "1", "beta": "1"}


@contextlib.contextmanager
def registry(wheels, behaviour):
    """A registry on this machine; `behaviour(path)` may stop an answer. Yield its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            path = wheels / self.path.rpartition("/")[2]
            names = [path.name for path in wheels.glob(f"{self.path.strip('/')}-*")]
            page = "".join(f'<a href="/files/{name}">{name}</a>' for name in names)
            body = path.read_bytes() if path.is_file() else page.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream" if path.is_file() else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if behaviour(self.path):
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def registry_settings(address):
    """The settings of a user whose registry has that address."""
    return {"PIP_INDEX_URL": address, "PIP_NO_INDEX": None, "PIP_FIND_LINKS": None, "PIP_RETRIES": "0"}


def test_a_lost_connection_is_reported_and_resumed(project):
    """If the registry stops answering, one sentence says what helps, and it does help."""
    with registry(project.wheels, lambda path: "gamma-1" not in path) as address:
        output = project.ensure(BUILD, TEST, check=False, **registry_settings(address))
    assert "FAULT pip could not install the pinned packages" in output
    assert "run the command again" in output.lower()
    assert "Traceback" not in output
    with registry(project.wheels, lambda path: True) as address:
        project.ensure(BUILD, TEST, **registry_settings(address))
    assert project.versions() == {"alpha": "1", "beta": "1", "gamma": "1"}


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C reaches the tests too")
@pytest.mark.parametrize("stop_signal", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_start_is_resumed(project, stop_signal):
    """After Ctrl-C or a kill during a download, the next start completes the installation."""
    reached, resumed = threading.Event(), threading.Event()

    def behaviour(path):
        if "gamma-1" in path and not resumed.is_set():
            reached.set()
            resumed.wait(60)
            return False
        return True

    with registry(project.wheels, behaviour) as address:
        process = subprocess.Popen(
            [sys.executable, "-c", ENSURE.format(before=""), BUILD, TEST], cwd=project.folder,
            env=project.environment(registry_settings(address)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        assert reached.wait(120)
        os.killpg(process.pid, stop_signal)
        assert process.wait(60) != 0
        resumed.set()
        project.ensure(BUILD, TEST, **registry_settings(address))
    assert project.versions() == {"alpha": "1", "beta": "1", "gamma": "1"}


def test_simultaneous_starts_take_turns(new_project):
    """Of two first starts one installs; the other waits, says what it waits for, and installs nothing."""
    command = [sys.executable, "-c", ENSURE.format(before=""), BUILD]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    processes = [
        subprocess.Popen(command, cwd=new_project.folder, env=new_project.environment({}), **pipes)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert "".join(outputs).count("Installing the pinned packages") == 1
    assert "".join(outputs).count("Waiting for the installation of packages") <= 1
    assert new_project.versions() == {"alpha": "1", "beta": "1"}


def test_a_file_that_differs_from_the_pinned_one_is_refused(project, tmp_path):
    """If a registry gives other bytes under the same name, the error says so, and none of them is installed."""
    other_wheels = tmp_path / "wheels"
    other_wheels.mkdir()
    make_wheel(other_wheels, "gamma", "1", files=["__init__.py", "intruder.py"])
    output = project.ensure(TEST, check=False, PIP_FIND_LINKS=str(other_wheels))
    assert "What arrived is not the file that was pinned" in output
    assert "gamma" not in project.versions()


# --- Machines ---

LINUX = {"system": "linux", "processor": "x86_64", "python": (3, 12), "glibc": (2, 36)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, None),
        ({"python": (3, 11)}, None),
        ({"python": (3, 14)}, None),
        ({"processor": "aarch64", "glibc": (2, 28)}, None),
        ({"system": "darwin", "processor": "arm64", "glibc": None}, None),
        ({"system": "win32", "processor": "amd64", "glibc": None}, None),
        ({"python": (3, 15)}, "Python 3.11 to 3.14; this is 3.15"),
        ({"python": (3, 10)}, "Python 3.11 to 3.14; this is 3.10"),
        ({"implementation": "pypy"}, "pypy"),
        ({"wide": False}, "32-bit"),
        ({"threads_free": True}, "free-threaded"),
        ({"processor": "riscv64"}, "riscv64"),
        ({"processor": "i686"}, "i686"),
        ({"system": "freebsd14", "glibc": None}, "freebsd14"),
        ({"glibc": (2, 17)}, "glibc 2.28 or newer; this system has 2.17"),
        ({"glibc": ()}, "musl"),
        ({"system": "win32", "processor": "arm64", "python": (3, 11), "glibc": None}, "3.12 or newer"),
    ],
)
def test_an_unsupported_machine_gets_a_message(change, words):
    """Unsupported machines get one sentence that names the problem; supported ones get none."""
    reason = objection(Machine(**{**LINUX, **change}), TEST)
    if words is None:
        assert reason is None
    else:
        assert words in reason
        assert reason.endswith(".")


@pytest.mark.parametrize("level", [BUILD, TEST])
@pytest.mark.parametrize("python", pins.PYTHONS)
@pytest.mark.parametrize("platform", pins.PLATFORMS)
def test_a_machine_is_refused_only_if_a_wheel_is_missing(platform, python, level):
    """The sentence for each machine agrees with the wheels that the lock has for it."""
    system, processor = platform
    glibc = {"linux": environment.GLIBC, "musl": ()}.get(system)
    machine = Machine(
        "linux" if system == "musl" else system, "amd64" if processor == "x86" else processor, python,
        wide=processor != "x86", glibc=glibc,
    )  # fmt: skip
    names = ["requirements-build", "requirements-test"][: 1 + (level == TEST)]
    locked_pins = [line for name in names for line in pins.read(pins.HERE / f"{name}.txt")]
    record = json.loads(pins.RECORD.read_text("utf-8"))
    missing = pins.missing_wheels(locked_pins, record, python, platform)
    assert bool(missing) == (objection(machine, level) is not None), missing


def test_this_machine_is_supported():
    """The machine that runs the tests is detected correctly, with its glibc, processor and version."""
    machine = Machine.current()
    assert objection(machine, TEST) is None
    assert machine.python == sys.version_info[:2]
    assert (machine.glibc is None) == (sys.platform != "linux")


# --- Old Pythons ---

OLD = [
    Path.home() / ".pyenv" / "versions" / name / "bin" / "python" for name in ("2.7.18", "3.6.15", "3.10.13")
]
OLD += [
    Path(found) for found in map(shutil.which, ("python2", "python2.7", "python3.6", "python3.8")) if found
]


@pytest.mark.parametrize("python", [path for path in OLD if path.exists()])
def test_an_old_python_gets_a_message(python):
    """Python 2.7 and 3 before 3.11 print which Python is needed and which was found, without a traceback."""
    trial = subprocess.run([python, "-c", ""], capture_output=True, check=False)
    if trial.returncode:
        pytest.skip("a version manager's name for a Python that is not there")
    process = subprocess.run(
        [python, ROOT / "build.py", "serve"], capture_output=True, text=True, check=False
    )
    assert process.returncode == 1
    assert "needs Python 3.11 to 3.14; this is " in process.stderr
    assert "Traceback" not in process.stderr
    assert process.stderr.count("\n") == 1


def test_build_py_parses_in_any_python():
    """`build.py` has no syntax newer than Python 2.7, so an old Python gets as far as the sentence."""
    tree = ast.parse((ROOT / "build.py").read_text("utf-8"))
    newer = (
        ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Nonlocal, ast.Starred, ast.AsyncFunctionDef, ast.Match,
        ast.YieldFrom, ast.MatMult,
    )  # fmt: skip
    for node in ast.walk(tree):
        assert not isinstance(node, newer), ast.unparse(node)
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None
            assert not node.args.kwonlyargs
        if isinstance(node, ast.Call):
            assert getattr(node.func, "id", "") != "print"
        if isinstance(node, ast.Raise):
            assert node.cause is None
    (ROOT / "build.py").read_bytes().decode("ascii")
