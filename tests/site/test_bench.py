"""The benchmark: correct measurements, and readable output."""

import zipfile
from pathlib import Path

import pytest

from tools import bench, bench_loop, serve, stock

ROOT = Path(__file__).resolve().parents[2]

PAGE = """<!doctype html><html data-boot="static">
<section data-part="1"><b class="noUi-handle" tabindex="0">x</b></section><script>
let threshold = 0.9;
globalThis.lab = { main: { latest: () => ({ settings: { threshold } }) } };
addEventListener("keydown", () => setTimeout(() => {
  document.querySelector("section").dataset.results = "stale";
  setTimeout(() => {
    threshold -= 0.01;
    document.querySelector("section").dataset.results = "new" + threshold;
  }, 200);
}));
fetch("payload.bin").then(() => {
  performance.mark("lab:live");
  document.documentElement.dataset.boot = OUTCOME;
});
</script>"""


@pytest.fixture(scope="module")
def browser(playwright):
    """A browser as the benchmark starts it."""
    with bench.profile(playwright) as browser:
        yield browser


def site(folder, outcome):
    """A page with a slider that answers each key with an old result, and 200 ms later with the new one."""
    (folder / "index.html").write_text(PAGE.replace("OUTCOME", f'"{outcome}"'), "utf-8")
    (folder / "payload.bin").write_bytes(bytes(1_000_000))
    return serve.serving(folder)


def test_a_visit_measures_bytes_requests_and_times(browser, tmp_path):
    """A visit counts every byte and request, and an answer counts only if it is a result at a new threshold."""
    with site(tmp_path, "live") as address:
        measurements = bench.visit(browser, f"{address}index.html", moves=3)
    assert measurements["requests"] >= 2
    assert 1.0 < measurements["megabytes"] < 1.01
    assert measurements["move"] >= 200
    assert measurements["drawn"] >= measurements["move"]
    assert measurements["answer"] >= measurements["live"] + 0.2
    assert measurements["paint"] is None


def test_a_page_that_fails_to_start_stops_the_benchmark(browser, tmp_path):
    """A page that does not start stops the benchmark, and the error names it."""
    failure = pytest.raises(RuntimeError, match="index.html did not start")
    with site(tmp_path, "failed") as address, failure:
        bench.visit(browser, f"{address}index.html")


def test_medians_omit_missing_measurements():
    """Medians are computed for figures that every run has; the rest is left out, not guessed."""
    runs = [{"a": 1.0, "b": None, "steps": {}}, {"a": 5.0, "b": 1.0, "steps": {}}, {"a": 2.0, "steps": {}}]
    assert bench.medians(runs) == {"a": 2.0}


def test_the_table_compares_figures_with_stock_and_budget():
    """A line has our figure, the stock figure, their ratio, and the budget; missing values stay empty."""
    figures = [("first live", "live", "s", 2, 5, 3), ("paint", "readable", "ms", 0), ("none", "", "", 0)]
    lines = bench.table(figures, {"first live": 2.0, "paint": 250.4}, {"first live": 7.0})
    assert [line.split() for line in lines[1:]] == [
        ["live", "2.00", "s", "7.00", "s", "3.5", "5", "/", "3,", "ratio", "2"],
        ["readable", "250", "ms"],
    ]


def test_step_lines_show_the_duration_of_each_step():
    """Each step lasts until the next one begins."""
    run = {"steps": {"interpreter": 0.5, "packages": 1.5, "core": 3.5, "workbench": 4.0, "live": 6.0}}
    line = bench.step_lines([run, run], "steps")
    assert line == "page 0.50, interpreter 1.00, packages 2.00, core 0.50, workbench 2.00 s"


def test_stock_wheels_install_everywhere(tmp_path):
    """A trimmed wheel of another platform loses its binaries and claims to be pure; others stay."""
    wheel = tmp_path / "markupsafe-3.0.4-cp313-cp313-manylinux2014_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("__init__.py", "_speedups.so", "nested/METADATA"):
            archive.writestr(f"markupsafe/{name}", name)
    (tmp_path / "out").mkdir()
    trimmed = stock.trimmed("markupsafe", wheel, tmp_path / "out")
    assert trimmed.name == "markupsafe-3.0.4-py3-none-any.whl"
    assert zipfile.ZipFile(trimmed).namelist() == ["markupsafe/__init__.py", "markupsafe/nested/METADATA"]
    pure_wheel = tmp_path / "param-2.4.2-py3-none-any.whl"
    pure_wheel.write_bytes(b"as it is")
    assert stock.trimmed("param", pure_wheel, tmp_path / "out").read_bytes() == b"as it is"


def test_each_edit_of_the_loop_matches_its_source_once():
    """The text to replace occurs once in the named file, and no two edits of a kind are the same."""
    for kind, (name, old, new, condition, _) in bench_loop.EDITS.items():
        text = (ROOT / name).read_text("utf-8")
        assert old == "" or text.count(old) == 1, kind
        assert new.format(1) != new.format(2) and new.format(1).startswith(old[:-1]), kind
        assert "{}" in condition, kind
