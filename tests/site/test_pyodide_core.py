"""The core in the browser's Python: the same figures as natively, although an index has 32 bits."""

import json
import math
from pathlib import Path

import core_figures
import pytest

import dataselect_core
from dataselect_core import datasets
from tools import bundle, lock, node

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
CODE = """
import os, sys
os.environ["DATASELECT_DATA"] = "/data"
sys.dont_write_bytecode = True
sys.path[:0] = ["/packages", "/tests"]
import core_figures
core_figures.write("/out/browser.json")
"""


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """The results of every call in Pyodide and here: two dictionaries."""
    out = tmp_path_factory.mktemp("figures")
    bundle.build(ROOT, lock.load())
    core = Path(dataselect_core.__file__).parent  # only the core, as Pyodide has its own NumPy
    node.node(
        HERE / "pyodide_run.cjs",
        ROOT / ".build" / "runtime",
        CODE,
        f"packages/dataselect_core={core}",
        f"data={datasets.data_directory()}",
        f"tests={HERE}",
        f"out={out}",
    )
    core_figures.write(out / "native.json")
    return tuple(json.loads((out / f"{place}.json").read_text("utf-8")) for place in ("browser", "native"))


def difference(browser, native, where=""):
    """The first difference of two results: floats may differ by 1e-9 of their size, everything else must be equal."""
    if isinstance(native, dict) and isinstance(browser, dict) and native.keys() == browser.keys():
        pairs = [(browser[key], native[key], f"{where}.{key}") for key in native]
    elif isinstance(native, list) and isinstance(browser, list) and len(native) == len(browser):
        pairs = [(b, n, f"{where}[{i}]") for i, (b, n) in enumerate(zip(browser, native, strict=True))]
    elif isinstance(native, float) and isinstance(browser, float):
        same = math.isclose(browser, native, rel_tol=1e-9, abs_tol=1e-15)
        return None if same else f"{where}: {browser!r} in the browser, {native!r} natively"
    else:
        same = browser == native and type(browser) is type(native)
        return None if same else f"{where}: {str(browser)[:200]} in the browser, {str(native)[:200]} natively"
    return next((text for pair in pairs if (text := difference(*pair))), None)


def test_the_browser_counts_with_32_bits(figures):
    """The two machines differ; otherwise the comparison would show nothing."""
    browser, native = figures
    assert (browser["bits"], native["bits"]) == (32, 64)


@pytest.mark.parametrize("name", core_figures.CALLS)
def test_the_browser_computes_the_native_results(figures, name):
    """Integers, texts and types of arrays are equal, and floats agree to 1e-9."""
    browser, native = (figure["results"][name] for figure in figures)
    assert "failed" not in native, native
    assert difference(browser, native) is None


def test_the_comparison_finds_every_difference():
    """A float that is off by 1e-8, another integer, another type, and a missing entry are all found."""
    assert difference({"a": [1.0, 2]}, {"a": [1.0 + 1e-12, 2]}) is None
    others = [{"a": [1.0 + 1e-8, 2]}, {"a": [1.0, 3]}, {"a": [1.0]}, {"b": [1.0, 2]}, {"a": [1.0, 2.0]}]
    assert all(difference({"a": [1.0, 2]}, other) for other in others)
    assert difference({"dtype": "int32"}, {"dtype": "int64"})
