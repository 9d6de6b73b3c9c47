"""Derived data: reused if they fit, recomputed if not, and kept and compared by `derive`."""

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dataselect_core import datasets
from tools import apart, derive, gap_maps, optimum

ROOT = Path(__file__).resolve().parents[2]
CORE = Path("src") / "dataselect_core"


@pytest.fixture
def checkout(tmp_path):
    """A checkout with its data and derived data; its data folder is `data`."""
    root = tmp_path / "checkout"
    ignore = shutil.ignore_patterns("__pycache__")
    for name in (CORE, Path("tools"), Path("derived")):
        shutil.copytree(ROOT / name, root / name, ignore=ignore)
    shutil.copytree(datasets.data_directory(), root / "data", ignore=ignore)
    for name in derive.PACKED.values():
        (root / "data" / name).unlink()
    return root


@pytest.fixture
def computed(monkeypatch):
    """A record of computations, which are replaced since they take minutes: entries with their arguments."""
    computations = []

    def compute(root, data, entry, arguments, progress=None):
        computations.append((entry, *arguments))
        return {"made of": [entry, *arguments], "third": 1 / 3}

    monkeypatch.setattr(derive.apart, "compute", compute)
    return computations


def build(root, **options):
    """Run the step."""
    return derive.build(root, root / "data", **options)


def gap_map(root):
    """The module of the maps, wherever it is."""
    return next((root / CORE).rglob("gap_map.py"))


def edit(path, old, new):
    """Change a source."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_the_repository_contains_the_results_of_its_code():
    """Every result in derived/ has the key of the current code, so that a page is built without long computation."""
    data = datasets.data_directory()
    for stage in derive.jobs(ROOT):
        for job in stage:
            saved = derive.read(ROOT / "derived" / job.place)
            assert saved, f"{job.place} is missing: run `python build.py derive`, and commit what it writes"
            assert saved["key"] == derive.key(ROOT, data, job), (
                f"{job.place} is outdated: run `python build.py derive`"
            )
            assert set(saved["made_with"]) == {"python", "numpy", "platform"}


def test_matching_results_are_reused(checkout, computed):
    """A build of a fresh checkout computes nothing, and gives the page the repository's results."""
    results, fresh = build(checkout)
    assert (computed, fresh) == ([], True)
    for kind, name in derive.PACKED.items():
        packed = json.loads(gzip.decompress((checkout / "data" / name).read_bytes()))
        assert packed == results[kind]
        assert packed == json.loads(gzip.decompress((datasets.data_directory() / name).read_bytes()))
    assert list(results["sweep"]) == list(optimum.PROBLEMS) and list(results["map"]) == [
        "cloud",
        "edge",
        "mobile",
        "tiny",
    ]
    assert list(results["expected"]) == ["1", "2", "3"]


def test_outdated_results_are_recomputed_once(checkout, computed):
    """If the code changes its meaning, only the results that depend on it are computed, once, and kept."""
    edit(gap_map(checkout), "MOVE = (0.1, 0.9)", "MOVE = (0.1, 0.8)")
    first = build(checkout)
    entries = {entry for entry, *_ in computed}
    assert "tools.gap_maps:compute" in entries and "tools.optimum:compute" not in entries
    assert first[0]["map"]["edge"]["made of"][0] == "tools.gap_maps:compute"
    count = len(computed)
    assert build(checkout) == first
    assert len(computed) == count


def test_a_change_of_one_track_recomputes_only_that_track(checkout, computed):
    """A changed supply makes a new map; a changed limit or price does not."""
    path = checkout / CORE / "facts" / "tracks.json"
    facts = json.loads(path.read_text("utf-8"))
    facts["edge"]["part_3"]["real"]["value"] += 1
    facts["tiny"]["part_3"]["limits"]["fid"]["value"] += 0.1
    facts["cloud"]["part_3"]["real_price"]["value"] += 1
    path.write_text(json.dumps(facts), "utf-8")
    build(checkout)
    maps = [arguments for entry, *arguments in computed if entry == "tools.gap_maps:compute"]
    assert maps == [[gap_maps.settings(checkout)["edge"]]]


@pytest.mark.parametrize("name", ["digits.u8.gz", "rainfall.csv.gz"])
def test_changed_data_change_the_key(checkout, name):
    """A data file affects the key of what reads it, by its content and not by its compression."""
    stage, _ = derive.jobs(checkout)
    job = next(job for job in stage if job.kind == "map")
    data, path = checkout / "data", checkout / "data" / name
    before, content = derive.key(checkout, data, job), gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(content, 1))
    assert derive.key(checkout, data, job) == before
    path.write_bytes(gzip.compress(content[:-65]))
    assert derive.key(checkout, data, job) != before


def test_only_the_provenance_of_used_files_changes_the_key(checkout):
    """The provenance of a file affects the key of what reads that file; that of another, or of a new one, does not."""
    stage, _ = derive.jobs(checkout)
    job, data = next(job for job in stage if job.name == "votes"), checkout / "data"
    before, path = derive.key(checkout, data, job), data / "provenance.json"
    records = json.loads(path.read_text("utf-8"))
    records["new.gz"] = records["speech.i32.gz"]
    records["speech.i32.gz"] = {**records["speech.i32.gz"], "version": "0"}
    path.write_text(json.dumps(records), "utf-8")
    assert derive.key(checkout, data, job) == before
    records["ratings.tsv.gz"] = {**records["ratings.tsv.gz"], "version": "0"}
    path.write_text(json.dumps(records), "utf-8")
    assert derive.key(checkout, data, job) != before


def test_only_the_values_of_used_facts_change_the_key(checkout):
    """A fact affects the key of what reads it; the layout of its file and unused facts do not."""
    stage, _ = derive.jobs(checkout)
    job, data = next(job for job in stage if job.kind == "map"), checkout / "data"
    before = derive.key(checkout, data, job)
    path = checkout / CORE / "facts" / "weather.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")), indent=7), "utf-8")
    (checkout / CORE / "facts" / "prices.json").write_text("{}", "utf-8")
    assert derive.key(checkout, data, job) == before
    facts = json.loads(path.read_text("utf-8"))
    name = next(iter(facts))
    facts[name]["value"] = 3
    path.write_text(json.dumps(facts), "utf-8")
    assert derive.key(checkout, data, job) != before


@pytest.mark.parametrize("name", ["weather", "tracks"])
def test_unreadable_facts_are_named(checkout, name):
    """A syntax error in a file of facts stops the build with the name of the file."""
    (checkout / CORE / "facts" / f"{name}.json").write_text("{,", "utf-8")
    with pytest.raises(ValueError, match=f"{name}.json is not JSON"):
        build(checkout)


def test_a_quick_build_uses_older_results(checkout, computed, capsys):
    """With `earlier`, an older result is used, with a message; a full build recomputes it."""
    edit(gap_map(checkout), "MOVE = (0.1, 0.9)", "MOVE = (0.1, 0.8)")
    results, fresh = build(checkout, earlier=True)
    assert (computed, fresh) == ([], False)
    assert results["map"]["edge"] == derive.read(ROOT / "derived" / "map" / "edge.json")["value"]
    assert "map edge" in capsys.readouterr().out
    assert build(checkout)[1] is True
    assert computed


def test_derive_writes_changed_results_and_removes_stale_ones(checkout, computed):
    """`derive` writes what changed, with the same bytes every time, and removes results that nothing computes now."""
    stale = checkout / "derived" / "map" / "gone.json"
    stale.write_text("{}")
    assert derive.keep(checkout, checkout / "data") == [stale]
    edit(gap_map(checkout), "MOVE = (0.1, 0.9)", "MOVE = (0.1, 0.8)")
    changed = derive.keep(checkout, checkout / "data")
    assert checkout / "derived" / "map" / "edge.json" in changed
    assert checkout / "derived" / "sweep" / "digits.json" not in changed
    before = {path: path.read_bytes() for path in changed}
    shutil.rmtree(checkout / ".build")
    assert derive.keep(checkout, checkout / "data") == []
    assert {path: path.read_bytes() for path in changed} == before


def test_platform_differences_do_not_replace_a_result(checkout, monkeypatch):
    """If a result differs only as platforms do, the repository keeps its own, under the new key."""
    path = checkout / "derived" / "map" / "edge.json"
    before = derive.read(path)

    def compute(root, data, entry, arguments, progress=None):
        jobs_by_arguments = {
            repr(job.arguments): job for stage in derive.jobs(ROOT) for job in stage if job.entry == entry
        }
        value = derive.read(ROOT / "derived" / jobs_by_arguments[repr(tuple(arguments))].place)["value"]
        return json.loads(json.dumps(value), parse_float=lambda text: float(text) * (1 + 1e-13))

    monkeypatch.setattr(derive.apart, "compute", compute)
    edit(gap_map(checkout), 'np.array(move["recall"])', 'np.asarray(move["recall"])')
    edit(gap_map(checkout), "grid = mix.grid(", "grid = dict() | mix.grid(")
    assert path in derive.keep(checkout, checkout / "data")
    after = derive.read(path)
    assert after["value"] == before["value"] and after["key"] != before["key"]


def test_the_check_finds_differing_results(checkout):
    """Other numbers, shapes or sources and missing files are reported; the last bits of a platform are not."""
    job = derive.jobs(checkout)[0][0]
    this_machine, another_machine = derive.made_with(), {**derive.made_with(), "platform": "another"}
    value = {"a": [1, 0.1, None, True], "b": "x"}
    saved = {"key": "k", "made_with": another_machine, "value": value}

    def differences(new, key="k", **more):
        return derive.compare(job, {**saved, **more}, key, new)

    assert differences({"a": [1, 0.1 * (1 + 1e-12), None, True], "b": "x"}) == []
    assert differences(value, made_with=this_machine) == []
    assert "value.a.1" in differences({"a": [1, 0.1 * (1 + 1e-8), None, True], "b": "x"})[0]
    assert (
        "bytes differ"
        in differences({"a": [1, 0.1 * (1 + 1e-12), None, True], "b": "x"}, made_with=this_machine)[0]
    )
    for different in (
        {"a": [1, 0.1, None], "b": "x"},
        {"a": [1, 0.1, None, True]},
        {"a": [1, 0.1, None, 1], "b": "x"},
    ):
        assert differences(different), different
    assert "other sources" in differences(value, key="l")[0]
    assert "missing" in derive.compare(job, None, "k", value)[0]


def test_a_separate_process_computes_the_same_result(tmp_path):
    """A function gives the same result in a separate Python, reports its progress, and reports an error if it fails."""
    (tmp_path / "slow.py").write_text(
        "def count(n, progress=None):\n"
        "    if n < 0:\n        raise ValueError('n is negative')\n"
        "    for _ in range(n):\n        progress(1 / n)\n"
        "    return [n, 'ä', 0.1]\n",
        "utf-8",
    )
    steps = []
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    assert apart.compute(tmp_path, tmp_path, "slow:count", [4], steps.append) == [4, "ä", 0.1]
    assert steps == [0.25] * 4
    with pytest.raises(subprocess.CalledProcessError):
        apart.compute(tmp_path, tmp_path, "slow:count", [-1])


def test_a_recomputed_sweep_equals_the_saved_one():
    """One curve of the tumours' sweep, random sampling as the quickest, equals the saved one."""
    program = (
        "import json; from dataselect_core.sampling import reference_sweep as e; from dataselect_core.sampling.sweep import sweep;"
        "p = e.problem('breast_cancer');"
        "c = sweep(p.X, p.y, ('random',), (e.BASELINE_BATCH,), p.initial, p.baseline, e.SEEDS, test_share=e.TEST_SHARE);"
        "n = len(e.split(p, e.TEST_SHARE, 0)[3]); print(json.dumps(e.pack(c, n)))"
    )
    process = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    saved = derive.read(ROOT / "derived" / "sweep" / "breast_cancer.json")["value"]
    assert json.loads(process.stdout)["curves"][0] == saved["curves"][0]


def test_the_sweep_provides_figures_for_a_page_without_python():
    """Labels to reach 90 %: margin in small batches saves labels, entropy does not, batches of 100 cost more."""
    figures = optimum.figures()
    assert figures["margin_10"] < 0.8 * figures["random"] < figures["entropy_50"]
    assert min(figures[f"{s}_100"] for s in ("least_confidence", "margin", "entropy")) > figures["random"]


def test_the_maps_provide_figures_for_a_page_without_python():
    """The figures in the words of the page come from the maps."""
    figures = gap_maps.figures()
    assert list(figures) == ["cloud", "edge", "mobile", "tiny"]
    for track in figures.values():
        assert track["low"] < track["change"] < track["high"]
        assert track["change"] == pytest.approx(100 * (track["after"] - track["before"]))
        assert 3 <= track["cells"] <= 30 and 0.9 < track["best"] < 1 and 0 < track["share"] < 1
