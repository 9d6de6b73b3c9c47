"""Long computations of a build: in a Python of their own, and kept whole or not at all."""

import os
import subprocess
import sys


def output(root, data, module, argument):
    """What `python -m tools.MODULE ARGUMENT` prints, on a single thread: more would only wait."""
    single = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}
    environment = {**os.environ, **single, "DATASELECT_DATA": str(data), "PYTHONPATH": str(root / "src")}
    command = [sys.executable, "-m", f"tools.{module}", argument]
    done = subprocess.run(command, cwd=root, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def write(path, data):
    """Write beside, then move: a build that is stopped leaves no half file."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)
