"""Build the core as a wheel: the same source gives the same bytes, on every machine.

build.py calls `build(source, out)`; `build_wheel` and `build_sdist` are the hooks of PEP 517, so
`pip install .` runs the same code. Standard library only. Entries are sorted, dated 1980, and stored without
compression, because the bytes of deflate differ between versions of zlib.
"""

import ast
import base64
import gzip
import hashlib
import io
import os
import tarfile
import tomllib
import zipfile
from pathlib import Path

DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip archive can hold
PACKAGE = "dataselect_core"


def build(source, out):
    """Build the wheel of the checkout `source` in the folder `out`; return its path."""
    source, out = Path(source), Path(out)
    project = read_project(source)
    stem = f"{PACKAGE}-{project['version']}"
    info = f"{stem}.dist-info"
    entries = {name: (source / "src" / name).read_bytes() for name in package_files(source)}
    entries[f"{info}/METADATA"] = metadata(source, project).encode()
    entries[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: dataselect_core\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    for name in project["license-files"]:
        entries[f"{info}/licenses/{name}"] = (source / name).read_bytes()
    record = [f"{name},{_digest(data)},{len(data)}\n" for name, data in sorted(entries.items())]
    entries[f"{info}/RECORD"] = "".join([*record, f"{info}/RECORD,,\n"]).encode()

    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{stem}-py3-none-any.whl"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name, DATE)
            entry.create_system = 3  # Unix, also when built on Windows
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
    path.write_bytes(buffer.getvalue())
    return path


def package_files(source):
    """Names of the package's files under `src`, sorted: code, facts and nothing that a run left behind."""
    root = source / "src"
    paths = (path for path in (root / PACKAGE).rglob("*") if path.is_file())
    names = (path.relative_to(root).as_posix() for path in paths)
    return sorted(name for name in names if "__pycache__" not in name and not name.endswith((".pyc", ".md")))


def read_project(source):
    """The `[project]` table, with the version that the package itself states."""
    project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]
    module = ast.parse((source / "src" / PACKAGE / "__init__.py").read_text("utf-8"))
    for statement in module.body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == "__version__":
            project["version"] = ast.literal_eval(statement.value)
    return project


def metadata(source, project):
    """The METADATA file (core metadata 2.4), whose body is the readme."""
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"Keywords: {','.join(project['keywords'])}",
        f"Author: {', '.join(author['name'] for author in project['authors'])}",
        f"License-Expression: {project['license']}",
        *(f"License-File: {name}" for name in project["license-files"]),
        *(f"Classifier: {name}" for name in project["classifiers"]),
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {requirement}" for requirement in project["dependencies"]),
    ]
    for extra, requirements in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {_with_extra(requirement, extra)}" for requirement in requirements]
    lines.append("Description-Content-Type: text/markdown")
    return "\n".join(lines) + "\n\n" + (source / project["readme"]).read_text("utf-8")


def _with_extra(requirement, extra):
    """A requirement that only applies if the extra is requested."""
    package, _, condition = (part.strip() for part in requirement.partition(";"))
    conditions = [f"({condition})"] if condition else []
    return f"{package}; {' and '.join([*conditions, f'extra == {extra!r}'])}"


def _digest(data):
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """PEP 517: build a wheel of the current directory; return its name."""
    return build(Path.cwd(), wheel_directory).name


def build_sdist(sdist_directory, config_settings=None):
    """PEP 517: build a source archive of the core from the current directory; return its name."""
    source = Path.cwd()
    project = read_project(source)
    stem = f"{PACKAGE}-{project['version']}"
    names = ["pyproject.toml", "tools/wheel.py", project["readme"], *project["license-files"]]
    entries = {name: (source / name).read_bytes() for name in names}
    entries |= {f"src/{name}": (source / "src" / name).read_bytes() for name in package_files(source)}
    entries["PKG-INFO"] = metadata(source, project).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in sorted(entries.items()):
            entry = tarfile.TarInfo(f"{stem}/{name}")
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    path = os.path.join(sdist_directory, f"{stem}.tar.gz")
    with open(path, "wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
        packed.write(buffer.getvalue())
    return os.path.basename(path)
