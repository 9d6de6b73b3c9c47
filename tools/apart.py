"""Run the long computations of a build in a separate Python, and write each result completely or not at all.

To compute, run it as a module: python -m tools.apart MODULE:FUNCTION '["argument"]' RESULT.json
"""

import json
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

PROGRESS = "progress: "
"""The beginning of a line of standard error with which a computation reports the share that is done."""


def compute(root, data, entry, arguments, progress=None):
    """The result of a function as JSON-ready values; it runs on a single thread, since more would only wait.

    Parameters
    ----------
    root, data : Path
        The repository; the directory of the data files.
    entry : str
        "module:function".
    arguments : list
        JSON-ready. The function also takes `progress`: a callable that takes the share of a step.
    progress : callable, optional
        Called with that share, in this process.

    Raises
    ------
    subprocess.CalledProcessError
        The computation failed; its messages are on standard error.
    """
    single = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}
    environment = {**os.environ, **single, "DATASELECT_DATA": str(data), "PYTHONHASHSEED": "0"}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (root, root / "src")))
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        command = [sys.executable, "-m", "tools.apart", entry, json.dumps(arguments), str(result)]
        with subprocess.Popen(
            command, cwd=root, env=environment, text=True, encoding="utf-8",
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
        ) as child:  # fmt: skip
            try:
                for line in child.stderr:
                    if not line.startswith(PROGRESS):
                        sys.stderr.write(line)
                    elif progress:
                        progress(float(line.removeprefix(PROGRESS)))
            except BaseException:
                child.kill()
                raise
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, command)
        return json.loads(result.read_text("utf-8"))


def write(path, data):
    """Write a temporary file next to it, then move that: a build that is stopped leaves no half file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)


def main(entry, arguments, result):
    """Compute, and write the result."""
    module, _, function = entry.partition(":")

    def progress(share):
        print(f"{PROGRESS}{share}", file=sys.stderr, flush=True)

    value = getattr(import_module(module), function)(*json.loads(arguments), progress=progress)
    write(Path(result), json.dumps(value).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
