"""Do what a stranger does: run the first command of the README in a clone of HEAD, with an empty home and empty caches.

It needs only the standard library and the given Python. It reports how long each stage took and how much was
installed and kept in caches, and fails if the stranger's command fails.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tools import pip_client

# The pip that comes with the first release of each Python.
OLDEST_PIP = {(3, 11): "22.3", (3, 12): "23.2.1", (3, 13): "24.2", (3, 14): "25.2"}
# Folders where programs keep a user's files. The variables for registries (proxy, certificates, indexes) are kept.
HOMES = (
    "HOME",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
)
CACHES = ("LAB_CACHE", "PIP_CACHE_DIR", "npm_config_cache", "NPM_CONFIG_CACHE", "PYTHONPYCACHEPREFIX")
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")
PATIENCE = 60  # seconds for a page that has been announced, and for a server that was told to end


class Trial:
    """One trial in a folder: the stages, and everything that was printed."""

    def __init__(self, log):
        self.log = log
        self.began = self.since = time.monotonic()
        self.stages = []
        self.stage = "Cloning HEAD"

    def say(self, line):
        """Print a line, and keep it in the log."""
        line = f"[{time.monotonic() - self.began:6.1f} s] {line}"
        print(line, flush=True)
        if self.log:
            self.log.write(line + "\n")
            self.log.flush()

    def begin(self, stage):
        """End the current stage, and begin another."""
        now = time.monotonic()
        self.stages.append((self.stage, now - self.since))
        self.stage, self.since = stage, now

    def call(self, command, **options):
        """Run a command whose output only matters when it fails."""
        completed = subprocess.run(
            [str(part) for part in command], check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", **options,
        )  # fmt: skip
        if completed.returncode:
            for line in completed.stdout.splitlines():
                self.say(line)
            self.say(f"Failed with exit code {completed.returncode}: {' '.join(map(str, command))}")
        return completed.returncode

    def follow(self, command, **options):
        """Run the stranger's command and print its output; a line that is not indented begins a stage.

        Returns its exit code. If it announces an address, that is 0 if the page there answers and it ends on Ctrl-C.
        """
        # A background process of a script ignores Ctrl-C, and so would the server, which has to end on it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", **options,
        )  # fmt: skip
        try:
            for line in process.stdout:
                line = line.rstrip()
                if not line:
                    continue
                self.say(line)
                if match := ADDRESS.search(line):
                    return self._visit(match[0], process)
                if not line.startswith((" ", "Built")):
                    self.begin(line)
            return process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            process.stdout.close()

    def _visit(self, address, process):
        self.begin("Requesting the page")
        with urllib.request.urlopen(address, timeout=PATIENCE) as response:
            page = response.read()
        self.say(f"{address} answers: {response.status}, {len(page) / 1e3:.0f} kB")
        process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.say("The server does not end on Ctrl-C.")
            return 1
        return 0 if b"<html" in page else 1


def run(root, python, pip=None, serve=False, log=None):
    """Make the trial; return an exit code.

    Parameters
    ----------
    root : path
        The checkout whose HEAD is cloned.
    python : path
        The Python that the stranger has.
    pip : str, optional
        The pip that `.venv` begins with: "oldest" (of the first release of this Python), "newest", or a version.
        Without it, the one that comes with this Python.
    serve : bool
        Continue until the page answers, instead of until `dist/` exists.
    log : path, optional
        A file that keeps everything that is printed.
    """
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(open(log, "w", encoding="utf-8")) if log else None
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-fresh-", ignore_cleanup_errors=True))
        )
        trial = Trial(file)
        status = _try(trial, folder, Path(root), python, pip, serve)
        trial.begin("")
        trial.say("")
        for stage, seconds in trial.stages:
            trial.say(f"{seconds:8.1f} s  {stage}")
        trial.say(f"{sum(seconds for _, seconds in trial.stages):8.1f} s  in all")
        if spent := processor_time():
            trial.say(
                f"{spent:8.1f} s  of processor time; the rest was waiting for the network or for other programs"
            )
        for label, path in (
            ("downloaded and kept in caches", folder / "home"),
            ("installed in .venv", folder / "lab" / ".venv"),
            ("built in dist", folder / "lab" / "dist"),
        ):
            trial.say(f"{size(path) / 1e6:8.1f} MB {label}")
        trial.say("The stranger's command worked." if status == 0 else "The stranger's command FAILED.")
    return status


def _try(trial, folder, root, python, pip, serve):
    home, clone = folder / "home", folder / "lab"
    home.mkdir()
    environment = {key: value for key, value in pip_client.clean(os.environ).items() if key not in CACHES}
    environment |= {name: str(home) for name in HOMES[:2]}
    environment |= {name: str(home / name.lower()) for name in HOMES[2:]}
    environment.pop("VIRTUAL_ENV", None)
    if trial.call(["git", "clone", "--quiet", "--no-hardlinks", root, clone]):
        return 1
    python = shutil.which(python) or python
    version = subprocess.run(
        [python, "-c", "import sys; print(*sys.version_info[:3])"], check=True, capture_output=True, text=True
    ).stdout.split()
    trial.say(
        f"Python {'.'.join(version)}, {sys.platform}, {os.cpu_count()} processors, pip: {pip or 'its own'}"
    )
    if pip:
        # A .venv that has this pip already is like one made by a Python that comes with this pip.
        trial.begin(f"Replacing the pip of this Python with pip ({pip})")
        requirement = {"oldest": f"pip=={OLDEST_PIP.get(tuple(map(int, version[:2])))}", "newest": "pip"}.get(
            pip, f"pip=={pip}"
        )
        inside = clone / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if trial.call([python, "-m", "venv", clone / ".venv"], env=environment):
            return 1
        if trial.call([inside, "-m", "pip", "install", "--quiet", "--upgrade", requirement], env=environment):
            return 1
        trial.say(f"pip {'.'.join(map(str, pip_client.version(inside)))}")
    trial.begin("Starting the command")
    command = ["serve", "--port", "0"] if serve else ["build"]
    status = trial.follow([python, clone / "build.py", *command], cwd=folder, env=environment)
    if status == 0 and not (clone / "dist" / "index.html").is_file():
        trial.say("There is no dist/index.html.")
        return 1
    return status


def processor_time():
    """Seconds that the programs of the trial kept a processor busy, or None if that is unknown."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def size(folder):
    """Bytes of the files below a folder; a file with two names counts once."""
    sizes = {}
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink():
                status = path.stat()
                sizes[status.st_dev, status.st_ino or path] = status.st_size
    return sum(sizes.values())
