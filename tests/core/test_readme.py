"""The quick start of the package runs without changes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dataselect_core

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "src" / "dataselect_core" / "README.md").read_text("utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def run(*command, folder):
    """A program in its own folder, with the core that these tests use."""
    source = str(Path(dataselect_core.__file__).parent.parent)
    completed = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def test_the_python_examples_run(tmp_path):
    """The examples with texts in memory and with files run one after the other, as a reader would paste them."""
    assert len(PYTHON) == 4
    output = run("-c", "\n".join(PYTHON[:3]), folder=tmp_path)
    assert re.fullmatch(r"3 is removed for line 1 similarity 0\.9\d+\n", output)
    assert len((tmp_path / "kept.jsonl").read_text().splitlines()) == 2


def test_the_example_with_the_datasets_library_runs(tmp_path):
    """If the library is installed, the example saves a folder that the command can deduplicate."""
    pytest.importorskip("datasets")
    run("-c", PYTHON[0] + PYTHON[3], folder=tmp_path)
    run("-m", "dataselect_core", "dedup", "saved", "-o", "deduplicated", folder=tmp_path)


def test_the_documented_command_runs(tmp_path):
    """The line after the installation works on a compressed corpus."""
    import gzip

    command = re.search(r"^python (-m dataselect_core dedup .*)$", README, re.MULTILINE).group(1)
    rows = b"".join(b'{"text": "one two three four five six"}\n' for _ in range(3))
    (tmp_path / "corpus.jsonl.gz").write_bytes(gzip.compress(rows))
    run(*command.split(), folder=tmp_path)
    assert gzip.decompress((tmp_path / "kept.jsonl.gz").read_bytes()) == rows[: len(rows) // 3]
    assert len((tmp_path / "removed.jsonl").read_text().splitlines()) == 2
