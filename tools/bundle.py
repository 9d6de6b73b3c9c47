"""Make what the browser loads, from the fetched files: Pyodide, NumPy, Panel and Bokeh, without what is not used.

`.build/runtime/` then contains these files, and `manifest.json` there lists the path, SHA-256 and size of each:

    pyodide.js, pyodide.asm.js, pyodide.asm.wasm, pyodide-lock.json     as published
    fzstd.js               the decompressor of the archives, as published
    python_stdlib.zip      Pyodide's standard library as .pyc, for `stdLibURL`
    numpy.zip              NumPy's wheel as .pyc, with its binary modules; to be unpacked into site-packages
    site-packages.zip      all pure-Python packages as .pyc, with their dist-info; to be unpacked there too
    bokeh*.min.js, panel.min.js                                         BokehJS and Panel's models
    panel/1.9.4/dist/...   Panel's stylesheets, in the folders that `PANEL_CDN_ROOT` needs

The archives are stored, not deflated. The same inputs give the same bytes; nothing is made twice.
"""

import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

from tools import apart, fetch, node
from tools.progress import Progress

PYODIDE = ["pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "pyodide-lock.json"]
COMPILER = ["pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "pyodide-lock.json", "python_stdlib.zip"]
PURE = [
    "panel", "bokeh", "param", "pyviz-comms", "jinja2", "markupsafe", "pyyaml", "packaging", "micropip",
]  # fmt: skip
COMPILE = Path(__file__).with_name("compile.mjs")
SITE_PACKAGES = "/lib/python3.13/site-packages/"

# Parts of packages that no browser needs: their own tests, binaries of other platforms, sources in other languages,
# type stubs, the JavaScript that the page loads itself, servers and notebooks, and command-line or documentation
# tools. Panel's Markdown panes are not used here: the texts are HTML before Python starts.
DROPPED = [
    r"(^|/)tests?/", r"(^|/)conftest\.py$", r"\.(pyi|so|c|h|pyx|pxd|a|ts|tsx|less|map|md|ipynb|toml)$",
    r"(^|/)(py\.typed|package-lock\.json|tsconfig\.json|\.eslintrc\.js)$",
    r"\.dist-info/(?!METADATA$|RECORD$|licenses/|LICEN[CS]E|COPYING)", r"\.data/", r"\.dist-info/RECORD$",
    r"^panel/dist/(?!css/loading\.css)", r"^panel/(examples|command|_templates/.*\.(png|jpg|gif|svg))",
    r"^panel/(theme|template)/.*\.(png|jpg|gif|svg|ico|woff2?|ttf|js)$", r"^panel/assets/",
    r"^panel/io/(admin|compile|convert|django|fastapi|ipywidget|jupyter_\w+|rest)\.py$", r"^panel/auth\.py$",
    r"^panel/template/.*\.(html|css)$", r"^param/ipython\.py$",
    r"^bokeh/(sphinxext|command|client|sampledata|server/static)/", r"^bokeh/_sri/[12]\.",
    r"^packaging/(licenses/|(?!__init__|version|_structures)\w+\.py$)",
    r"^numbergen/", r"^doc/", r"^examples/", r"^pyviz_comms/(labextension/(?!package\.json)|nbextension)",
]  # fmt: skip
DROPPED_OF_NUMPY = [
    r"(^|/)tests/", r"(^|/)conftest\.py$", r"\.(pyi|c|h|pyx|pxd|a|ini|pc|build|typed)$", r"/include/",
    r"^numpy/(f2py|distutils|typing|_pyinstaller|doc)/", r"\.dist-info/(?!METADATA$|LICEN[CS]E)",
    r"^numpy/(testing/|linalg/lapack_lite)", r"^numpy/random/(_examples|lib)/", r"^numpy/_core/lib/", r"^numpy/lib/.*\.mk$",
]  # fmt: skip
# Parts of the standard library that need processes, terminals, sockets or a developer, and rare encodings.
DROPPED_OF_STDLIB = [
    r"^(multiprocessing|_pyrepl|xmlrpc|wsgiref|xml/(sax|dom))/", r"^http/(server|cookiejar)\.py$",
    r"^(mailbox|imaplib|smtplib|ftplib|poplib|netrc|getpass|pty|tty|sched|wave|plistlib|nturl2path)\.py$",
    r"^(pydoc|doctest|pdb|bdb|cmd|rlcompleter|trace|pstats|pickletools|tabnanny|modulefinder|pyclbr)\.py$",
    r"^(compileall|configparser|filecmp|fileinput|getopt|optparse|py_compile|shelve|timeit)\.py$",
    r"^asyncio/(windows_\w+|proactor_events|__main__)\.py$", r"^logging/config\.py$",
    r"^(zipapp|symtable|_pyio|_pydatetime|_android_support|_apple_support|_ios_support|this)\.py$",
    r"^encodings/(cp(?!437|850|1252)|iso8859_(?!1\.|15\.)|mac_|koi8|kz|big5|gb|euc_|shift_|iso2022|johab|hz)",
    r"^encodings/(hp_|ptcp|tis)",
    r"^ctypes/macholib/", r"(^|/)(py\.typed|mypy\.ini|README\.txt)$",
]  # fmt: skip
PAGE_FILES = {
    "bokeh": {f"bokeh/server/static/js/{name}": name for name in
              ("bokeh.min.js", "bokeh-widgets.min.js", "bokeh-tables.min.js")},
    "panel": {"panel/dist/panel.min.js": "panel.min.js"},
}  # fmt: skip
PANEL_STYLES = re.compile(r"^panel/(dist/(css|bundled/theme)/[^/]+\.css)$")


def build(root, lock):
    """Bring `.build/runtime/` up to date; returns its manifest."""
    out = root / ".build" / "runtime"
    files = {name: fetch.fetch(lock, name) for name in [*PYODIDE, *COMPILER, "fzstd", "numpy", *PURE]}
    key = inputs_key(files)
    manifest_file = out / "manifest.json"
    if manifest_file.exists():
        previous = json.loads(manifest_file.read_text("utf-8"))
        if previous["key"] == key and all(
            (out / item["path"]).exists() for item in previous["files"].values()
        ):
            return previous
    scratch = root / ".build" / "runtime-new"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    for name in PYODIDE:
        shutil.copyfile(files[name], scratch / name)
    with tarfile.open(files["fzstd"]) as package:
        (scratch / "fzstd.js").write_bytes(package.extractfile("package/umd/index.js").read())
    compile_archives(root, files, scratch)
    copy_page_files(files, scratch)
    manifest = {"key": key, "files": listing(scratch)}
    (scratch / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    shutil.rmtree(out, ignore_errors=True)
    scratch.rename(out)
    return manifest


def inputs_key(files):
    """A hash of everything that determines the content of the bundle."""
    script = Path(__file__)
    parts = [script.read_bytes(), COMPILE.read_bytes()]
    parts += [f"{name} {files[name].parent.name}".encode() for name in sorted(files)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def compile_archives(root, files, out):
    """Select the sources, and let Pyodide compile them."""
    pyodide = pyodide_folder(root, files)
    work = root / ".build" / "sources"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    archives = {
        "python_stdlib.zip": ("/lib/python313.zip/", [files["python_stdlib.zip"]], DROPPED_OF_STDLIB),
        "numpy.zip": (SITE_PACKAGES, [files["numpy"]], DROPPED_OF_NUMPY),
        "site-packages.zip": (SITE_PACKAGES, [files[name] for name in PURE], DROPPED),
    }
    jobs, modules = [], 0
    for name, (prefix, wheels, dropped) in archives.items():
        selected = selection(wheels, dropped)
        modules += sum(member.endswith(".py") for member in zipfile.ZipFile(io.BytesIO(selected)).namelist())
        (work / name).write_bytes(selected)
        jobs.append({"from": str(work / name), "to": str(out / name), "prefix": prefix})
    (work / "jobs.json").write_text(json.dumps(jobs), "utf-8")
    with Progress("compiling the runtime for the browser", modules) as progress:
        node.count("compiled", progress.step, COMPILE, pyodide, work / "jobs.json")


def pyodide_folder(root, files):
    """Pyodide as published, in one folder, for Node."""
    folder = root / ".build" / "pyodide"
    folder.mkdir(parents=True, exist_ok=True)
    for name in COMPILER:
        shutil.copyfile(files[name], folder / name)
    return folder


def own_code(root, lock, compiler=None):
    """The workbenches, and the core's byte code, to be unpacked into site-packages: a zip, as bytes.

    The core itself is installed from its wheel, which has sources. Its byte code is where Python would write it at
    the first import, so that no visit has to compile it. Each module's byte code is cached from build to build, so that
    an edit recompiles one module.

    Parameters
    ----------
    root : Path
        The repository.
    lock : dict
    compiler : Compiler, optional
        A compiler that is already running.
    """
    sources = {
        f"{package}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for package, folder in (
            ("apps", root / "site" / "apps"),
            ("dataselect_core", root / "src" / "dataselect_core"),
        )
        for path in sorted(folder.rglob("*.py"))
    }
    files = {name: fetch.fetch(lock, name) for name in COMPILER}
    base, work = inputs_key(files), root / ".build" / "own"
    byte_code = {
        name: work / f"{hashlib.sha256(repr((base, name, content)).encode()).hexdigest()[:32]}.pyc"
        for name, content in sources.items()
    }
    missing = [name for name, path in byte_code.items() if not path.exists()]
    if missing:
        work.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(work / "sources.zip", "w") as target:
            for name in missing:
                target.writestr(name, sources[name])
        job = {"from": str(work / "sources.zip"), "to": str(work / "compiled.zip"), "prefix": SITE_PACKAGES}
        if compiler:
            compiler.compile([job])
        else:
            (work / "jobs.json").write_text(json.dumps([job]), "utf-8")
            node.count("compiled", lambda: None, COMPILE, pyodide_folder(root, files), work / "jobs.json")
        with zipfile.ZipFile(work / "compiled.zip") as compiled:
            for name in missing:
                apart.write(byte_code[name], compiled.read(f"{name}c"))
    for stale in set(work.glob("*.pyc")) - set(byte_code.values()):
        stale.unlink()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name in sorted(byte_code):
            target.writestr(
                zipfile.ZipInfo(byte_code_path(f"{name}c"), (1980, 1, 1, 0, 0, 0)),
                byte_code[name].read_bytes(),
            )
    return archive.getvalue()


class Compiler:
    """Pyodide in Node, started once, for a development server: it compiles an edited module in a moment.

    Parameters
    ----------
    root : Path
        The repository.
    lock : dict
    """

    def __init__(self, root, lock):
        files = {name: fetch.fetch(lock, name) for name in COMPILER}
        self.jobs = root / ".build" / "own" / "jobs.json"
        self.jobs.parent.mkdir(parents=True, exist_ok=True)
        command = [node.executable(), COMPILE, pyodide_folder(root, files)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self._process = subprocess.Popen([*map(str, command)], text=True, encoding="utf-8", **pipes)

    def compile(self, jobs):
        """Run some jobs; raises `CompileError` with Python's message about a source."""
        self.jobs.write_text(json.dumps(jobs), "utf-8")
        lines = []
        try:
            self._process.stdin.write(f"{self.jobs}\n")
            self._process.stdin.flush()
            for line in self._process.stdout:
                if line.strip() == "done":
                    return
                if line.strip() == "failed":
                    break
                lines.append(line)
        except OSError:
            pass
        raise CompileError("".join(lines).strip() or "The compiler for the browser has ended; start again.")

    @property
    def ended(self):
        """Whether the process has ended."""
        return self._process.poll() is not None

    def close(self):
        """End the process."""
        self._process.kill()
        self._process.wait()


class CompileError(Exception):
    """Pyodide cannot compile a source; the message is Pyodide's own."""


def byte_code_path(name):
    """The path of a module's byte code: in the core, `__pycache__`, so that Python does not compile the source."""
    package, _, module = name.rpartition("/")
    in_core = package.startswith("dataselect_core")
    return f"{package}/__pycache__/{module.removesuffix('.pyc')}.cpython-313.pyc" if in_core else name


def selection(wheels, dropped):
    """One archive of the wheels' files, without those that match a pattern of `dropped`."""
    unwanted = re.compile("|".join(dropped))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as source:
                for name in sorted(source.namelist()):
                    if not name.endswith("/") and not unwanted.search(name):
                        target.writestr(name, source.read(name))
    return out.getvalue()


def copy_page_files(files, out):
    """Copy the scripts and stylesheets that the page itself loads."""
    for wheel, members in PAGE_FILES.items():
        with zipfile.ZipFile(files[wheel]) as archive:
            for member, name in members.items():
                (out / name).write_bytes(archive.read(member))
    with zipfile.ZipFile(files["panel"]) as archive:
        version = files["panel"].name.split("-")[1]
        for member in archive.namelist():
            style = PANEL_STYLES.match(member)
            if style:
                target = out / "panel" / version / style.group(1)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(member))


def listing(folder):
    """Every file of a folder: name -> path, SHA-256, size."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in paths]
    return {
        name: {"path": name, "sha256": fetch.sha256(path), "size": path.stat().st_size}
        for name, path in zip(names, paths)
    }
