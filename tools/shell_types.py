"""Check the types of the page's scripts with TypeScript's checker, by their JSDoc: `python -m tools.shell_types`.

The scripts share one global, `lab`, to which each adds its part. TypeScript allows additions to this object everywhere,
so it would accept a part that no script defines. Therefore it checks a copy in which each part is a constant and `lab`
is the set of those constants. All errors are reported except requests for more annotations (TS7000 to TS7999).
"""

import contextlib
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tools import fetch, lock, node

ROOT = Path(__file__).resolve().parents[1]
SHELL = ROOT / "site" / "shell"
TOOLS = Path(__file__).with_name("lock-tools.json")  # packages that only tests need: they are not in a site
PART = re.compile(r"^lab\.(\w+) = ", re.MULTILINE)
ERROR = re.compile(
    r"^(?P<file>[^(\n]+)\((?P<line>\d+),\d+\): error (?P<code>TS\d+): (?P<words>.*)$", re.MULTILINE
)
OPTIONS = [
    "--noEmit",
    "--allowJs",
    "--checkJs",
    "--noImplicitAny",
    "--skipLibCheck",
    "--moduleDetection",
    "legacy",
]
# Scripts that run in one scope are checked together: the page's, and each of the service workers.
SCOPES = {
    "page": ("es2023,dom,dom.iterable", "page.d.ts", None),
    "sw": ("es2023,webworker", "service_worker.d.ts", ("sw",)),
    "sw-off": ("es2023,webworker", "service_worker.d.ts", ("sw-off",)),
}


def checker():
    """Path of TypeScript's `tsc.js`, from the pinned package."""
    package = fetch.fetch(lock.load(TOOLS), "typescript")
    folder = package.parent / "lib"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=package.parent) as scratch, tarfile.open(package) as archive:
            unpacked = Path(scratch) / "lib"
            unpacked.mkdir()
            for member in archive:
                parent, _, name = member.name.rpartition("/")
                if parent == "package/lib" and member.isfile():
                    (unpacked / name).write_bytes(archive.extractfile(member).read())
            with contextlib.suppress(OSError):  # another check was quicker; its copy is as good
                unpacked.rename(folder)
    return folder / "tsc.js"


def sources(scope, shell=SHELL):
    """The scripts of a scope."""
    names = SCOPES[scope][2]
    worker_names = {name for _, _, worker_scripts in SCOPES.values() for name in worker_scripts or ()}
    return [
        path
        for path in sorted(Path(shell).glob("*.js"))
        if (path.stem in names if names else path.stem not in worker_names)
    ]


def as_constants(texts):
    """Texts of scripts with each part of `lab` as a constant, and a declaration of `lab` with all of them.

    Parameters
    ----------
    texts : dict of str to str
        Name of a script -> its text. If a part is defined twice, the later script decides, as in the page; lab.js,
        which has placeholders for parts that come later, is the first.

    Returns
    -------
    texts : dict of str to str
        The same with `const lab_NAME = ` in place of `lab.NAME = `; no line moves.
    declaration : str
        TypeScript.
    """
    defined_in = {}
    for name in sorted(texts, key=lambda name: name != "lab"):
        defined_in |= dict.fromkeys(PART.findall(texts[name]), name)

    def constant(name, match):
        suffix = "" if defined_in[match[1]] == name else "_until_it_is_there"
        return f"const lab_{match[1]}{suffix} = "

    constants = {
        name: PART.sub(lambda match, name=name: constant(name, match), text) for name, text in texts.items()
    }
    if "lab" in constants:
        constants["lab"] = constants["lab"].replace("globalThis.lab = {", "const lab_itself = {", 1)
    parts = "".join(f"  {part}: typeof lab_{part};\n" for part in sorted(defined_in))
    return (
        constants,
        f"declare var lab: typeof lab_itself & LabEntrances & {{\n{parts}}};\n" if defined_in else "",
    )


def errors(scope, folder, shell=SHELL):
    """The type errors in a scope's scripts: a list of lines `file:line: words`.

    Parameters
    ----------
    scope : str
        One of `SCOPES`.
    folder : Path
        A folder for the copy.
    shell : Path
        The folder of the scripts.
    """
    libraries, declarations, _ = SCOPES[scope]
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    texts, of_lab = as_constants({path.stem: path.read_text("utf-8") for path in sources(scope, shell)})
    if not texts:
        raise ValueError(f"{shell} has no scripts of {scope}")
    files = {f"{name}.js": text for name, text in texts.items()}
    files |= {declarations: (SHELL / declarations).read_text("utf-8"), "lab.d.ts": of_lab}
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    command = [node.executable(), checker(), *OPTIONS, "--target", "es2023", "--lib", libraries]
    completed = subprocess.run(
        [*map(str, command), *files],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    matches = list(ERROR.finditer(completed.stdout))
    if completed.returncode and not matches:
        raise RuntimeError(f"TypeScript's checker failed:\n{completed.stdout}{completed.stderr}")
    return [
        f"site/shell/{match['file']}:{match['line']}: {match['words']} ({match['code']})"
        for match in matches
        if not match["code"].startswith("TS7")
    ]


def main():
    """Check all scopes and print the errors; the exit status is 1 if there are any."""
    lines = [line for scope in SCOPES for line in errors(scope, ROOT / ".build" / "shell-types" / scope)]
    print("\n".join(lines) or "The types of the page's scripts agree")
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
