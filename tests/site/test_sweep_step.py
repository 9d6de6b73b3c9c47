"""The sweep as a step of the build: computed once, the same bytes every time, and what the core computes."""

import gzip
import json
from pathlib import Path

import pytest

from dataselect_core import datasets
from dataselect_core.sampling import reference_sweep
from tools import optimum

ROOT = Path(__file__).resolve().parents[2]
TINY = {"test_size": 4, "rare_size": None, "curves": []}


@pytest.fixture
def data(tmp_path):
    """A data directory with the two data sets and no sweep."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in set(optimum.DATA.values()):
        (folder / name).write_bytes((datasets.data_directory() / name).read_bytes())
    return folder


@pytest.fixture
def computed(monkeypatch):
    """The problems for which the minutes were spent."""
    names = []

    def output(root, data, module, name):
        names.append(name)
        return json.dumps(TINY)

    monkeypatch.setattr(optimum.apart, "output", output)
    return names


def test_what_is_known_is_not_computed_again(data, computed, tmp_path):
    """A second build writes the same bytes without computing."""
    target = optimum.build(ROOT, data, tmp_path / "cache")
    first = target.read_bytes()
    assert computed == ["digits", "rare", "breast_cancer"]
    target.unlink()
    assert optimum.build(ROOT, data, tmp_path / "cache").read_bytes() == first
    assert len(computed) == 3
    assert set(json.loads(gzip.decompress(first))) == set(reference_sweep.SIZES)


def test_other_data_are_another_sweep(data, computed, tmp_path):
    """Only the problem whose data changed is computed again."""
    optimum.build(ROOT, data, tmp_path / "cache")
    (data / "breast_cancer.csv.gz").write_bytes(gzip.compress(b"other data"))
    optimum.build(ROOT, data, tmp_path / "cache")
    assert computed[3:] == ["breast_cancer"]


def test_other_code_is_another_sweep(data, tmp_path):
    """Every module that decides a run is part of the key."""
    core = tmp_path / "root" / "src" / "dataselect_core"
    core.mkdir(parents=True)
    for module in optimum.CODE:
        (core / f"{module}.py").write_text(module)
    before = optimum.key(tmp_path / "root", data, "digits")
    for module in optimum.CODE:
        (core / f"{module}.py").write_text(module + " changed")
        after = optimum.key(tmp_path / "root", data, "digits")
        assert after != before
        before = after


def test_the_figures_for_a_page_without_python():
    """Labels to 90 %: margin in small batches saves labels, entropy does not, batches of 100 lose."""
    figures = optimum.figures()
    assert figures["margin_10"] < 0.8 * figures["random"] < figures["entropy_50"]
    assert min(figures[f"{s}_100"] for s in ("least_confidence", "margin", "entropy")) > figures["random"]
