"""Run pip so that a user's settings decide where packages come from, and nothing else.

A user's `PIP_*` variables and `pip.conf` have two kinds of settings: how to reach a registry (kept), and how to
install (dropped: `PIP_TARGET`, `PIP_USER`, a constraint or `no-binary` would install other packages, or install
them elsewhere). Standard library only; works with pip 22.3 (Python 3.11.0) and newer.
"""

import collections
import json
import os
import re
import subprocess
import sys
import threading
import time

# Settings for reaching a registry, and for the folder of the downloads.
KEPT = {
    "cache-dir", "cert", "client-cert", "default-timeout", "extra-index-url", "find-links", "index-url",
    "keyring-provider", "no-cache-dir", "no-index", "proxy", "pypi-url", "resume-retries", "retries", "timeout",
    "trusted-host", "use-deprecated", "use-feature",
}  # fmt: skip
# Of these two, only the values for certificates are kept: pip stops at a value that its version does not support.
FEATURES = {"use-feature": ("truststore", (22, 2)), "use-deprecated": ("legacy-certs", (24, 2))}
# Variables that change which modules Python finds: a child process has to find those of its own environment.
LEAKS = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSAFEPATH",
    "PYTHONPLATLIBDIR",
    "PYTHONEXECUTABLE",
    "__PYVENV_LAUNCHER__",
)
SHOWN = 12  # lines of pip's output that an error shows
TICK = 0.5  # seconds between two looks at the progress on a terminal
REPORT = 15  # seconds between two lines of progress without a terminal


class PipError(Exception):
    """pip failed; the message has pip's last lines."""


def clean(environment):
    """The variables of an environment without those that make Python find other modules."""
    return {key: value for key, value in environment.items() if key not in LEAKS}


def pip_environment(python, section="install"):
    """The variables with which pip runs: of its settings, only those for reaching a registry.

    Parameters
    ----------
    python : path
        The Python whose pip will run; its version decides about some settings.
    section : str
        The command (`install`, `download`), whose section of a `pip.conf` overrides `[global]`.
    """
    from_environment = {_key(name[4:]): value for name, value in os.environ.items() if _is_setting(name)}
    settings = {**_configured(python, section), **from_environment}
    bare = {name: value for name, value in clean(os.environ).items() if not _is_setting(name)}
    bare |= {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    for key, value in settings.items():
        if key in FEATURES:
            value = _feature(key, value, python)
        if key in KEPT and value:
            bare[f"PIP_{key.upper().replace('-', '_')}"] = value
    return bare


def _is_setting(name):
    return name.upper().startswith("PIP_") and name.upper() != "PIP_CONFIG_FILE"


def _key(name):
    return name.lower().replace("_", "-")


def _feature(key, value, python):
    allowed, since = FEATURES[key]
    return allowed if allowed in value.split() and version(python) >= since else ""


# pip's own reader of its files. `pip config list` prints the same, but obeys the files first: a file that names
# another Python or an unknown feature stops it. Older versions give one table, newer ones a table for each file.
READ = """
import json
from pip._internal.configuration import Configuration
reader = Configuration(isolated=False)
reader.load()
found = {}
for key, value in reader.items():
    found.update(value if isinstance(value, dict) else {key: value})
print(json.dumps(found))
"""


def _configured(python, section):
    """The settings in the files of pip's configuration for one command: key -> value, as pip itself reads them."""
    plain = {name: value for name, value in clean(os.environ).items() if not _is_setting(name)}
    completed = subprocess.run(
        [str(python), "-I", "-c", READ], check=False, env=plain, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, errors="replace",
    )  # fmt: skip
    if completed.returncode:
        lines = completed.stderr.strip().splitlines() or ["no reason given"]
        print(f"  pip's configuration cannot be read and is left out: {lines[-1]}", flush=True)
        return {}
    settings = {"global": {}, section: {}}
    for name, value in json.loads(completed.stdout).items():
        scope, _, key = name.partition(".")
        if scope in settings:
            settings[scope][_key(key)] = str(value)
    return {**settings["global"], **settings[section]}


def version(python):
    """The version of a Python's pip, as numbers; `()` if there is no pip that runs."""
    command = [str(python), "-I", "-c", "import pip; print(pip.__version__)"]
    try:
        completed = subprocess.run(
            command, check=False, capture_output=True, text=True, env=clean(os.environ)
        )
    except OSError:
        return ()
    return tuple(map(int, re.findall(r"\d+", completed.stdout)[:2])) if completed.returncode == 0 else ()


def pip(python, section, *arguments, target=None, progress=None):
    """Run a pip command to its end; its output is only shown if it fails.

    Parameters
    ----------
    python : path
        The Python that has the pip.
    section : str
        The command: `install` or `download`.
    *arguments
        The arguments of the command.
    target : path, optional
        Another Python, into which pip installs (`--python`).
    progress : (str, int), optional
        A description of the work, and the number of packages: both are shown, with a count.

    Raises
    ------
    PipError
        pip stopped with an error.
    """
    target_options = ["--python", str(target)] if target else []
    command = [
        str(python),
        "-I",
        "-u",
        "-m",
        "pip",
        *target_options,
        section,
        "--progress-bar=off",
        *map(str, arguments),
    ]
    lines = collections.deque(maxlen=200)
    process = subprocess.Popen(
        command, env=pip_environment(python, section), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    counter = Counter(*progress) if progress else None
    try:
        for line in process.stdout:
            lines.append(line.rstrip())
            if counter:
                counter.read(line)
        process.wait()
    finally:
        if counter:
            counter.end()
        if process.poll() is None:  # Ctrl-C: pip got it too, and tidies up
            try:
                process.wait(10)
            except (subprocess.TimeoutExpired, KeyboardInterrupt):
                process.kill()
                process.wait()
        process.stdout.close()
    if process.returncode:
        errors = [line for line in lines if line.startswith("ERROR")] or list(lines)
        raise PipError("\n".join(f"  {line}" for line in errors[-SHOWN:]) or "  (it printed nothing)")


class Counter:
    """One line about a running pip: its progress, the present package, the time.

    On a terminal the line is drawn again twice a second; elsewhere a new one is printed now and then.
    """

    def __init__(self, words, total):
        self.words, self.total, self.count, self.current = words, total, 0, ""
        self.began = self.printed = time.monotonic()
        self.terminal = sys.stdout.isatty()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._tick, daemon=True)
        self.thread.start()

    def read(self, line):
        """Update the progress from one line of pip's output."""
        words = line.split()
        if line.startswith(("Collecting ", "Processing ", "Requirement already satisfied: ")):
            self.count = min(self.count + 1, self.total)
            name = re.split(
                r"[/\\]", line.partition(": ")[2].split()[0] if words[0] == "Requirement" else words[1]
            )
            self.current = re.split(r"[=<>!~\[;-]\d|[=<>!~\[;]", name[-1])[0]
        elif (
            line.lstrip().startswith("Downloading ")
            and line.rstrip().endswith(")")
            and ".metadata" not in line
        ):
            package = self.current.split()[0] if self.current else ""
            self.current = f"{package} ({line.rpartition('(')[2].rstrip().rstrip(')')})"
        elif line.startswith("Installing collected"):
            self.current = "unpacking"

    def text(self):
        """The line: `  fetching packages: 12 of 34, numpy (16 MB), 8 s`."""
        current = f", {self.current}" if self.current else ""
        return f"  {self.words}: {self.count} of {self.total}{current}, {time.monotonic() - self.began:.0f} s"

    def end(self):
        """Stop, and clear the line."""
        self.over.set()
        self.thread.join()
        if self.terminal:
            print("\r\033[K", end="", flush=True)

    def _tick(self):
        while not self.over.wait(TICK):
            if self.terminal:
                print(f"\r\033[K{self.text()[:78]}", end="", flush=True)
            elif time.monotonic() - self.printed > REPORT:
                self.printed = time.monotonic()
                print(self.text(), flush=True)
