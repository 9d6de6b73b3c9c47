"""The step of the build that computes the maps of part 3: what it keeps, and when it computes again."""

import gzip
import json
import shutil
from pathlib import Path

import pytest

from dataselect_core import datasets
from tools import map

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path):
    """A checkout with the core and the data the maps are made from, and a folder for what is kept."""
    shutil.copytree(
        ROOT / "src" / "dataselect_core",
        tmp_path / "src" / "dataselect_core",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    data = tmp_path / "data"
    data.mkdir()
    for name in map.DATA:
        shutil.copy(datasets.data_directory() / name, data)
    return tmp_path


@pytest.fixture
def computed(monkeypatch):
    """The tracks whose maps were computed, in place of the minutes it takes."""
    made = []

    def output(root, data, module, track):
        made.append(track)
        return json.dumps({"map of": track})

    monkeypatch.setattr(map.apart, "output", output)
    return made


def build(root):
    """Run the step; returns what it wrote."""
    target = map.build(root, root / "data", root / "kept")
    return target, target.read_bytes()


def test_every_track_is_computed_once(checkout, computed):
    """The second build computes nothing and gives the same bytes."""
    target, first = build(checkout)
    assert sorted(computed) == ["cloud", "edge", "mobile", "tiny"]
    assert json.loads(gzip.decompress(first)) == {track: {"map of": track} for track in map.tracks(checkout)}
    target.unlink()
    assert build(checkout) == (target, first)
    assert len(computed) == 4


def test_a_change_of_one_track_costs_that_track_only(checkout, computed):
    """Another supply asks for another map; another limit or price does not."""
    build(checkout)
    computed.clear()
    path = checkout / "src" / "dataselect_core" / "facts" / "tracks.json"
    facts = json.loads(path.read_text("utf-8"))
    facts["edge"]["part_3"]["real"]["value"] += 1
    facts["tiny"]["part_3"]["limits"]["fid"]["value"] += 0.1
    facts["cloud"]["part_3"]["real_price"]["value"] += 1
    path.write_text(json.dumps(facts), "utf-8")
    build(checkout)
    assert computed == ["edge"]


@pytest.mark.parametrize(
    "changed",
    [
        *(f"src/dataselect_core/{name}.py" for name in map.CODE),
        *(f"src/dataselect_core/facts/{name}.json" for name in map.FACTS),
    ],
)
def test_the_key_sees_code_and_facts(checkout, changed):
    """Whatever a map is made by has its part in the key."""
    before = map.key(checkout, checkout / "data", "tiny")
    with open(checkout / changed, "a", encoding="utf-8") as file:
        file.write("\n")
    assert map.key(checkout, checkout / "data", "tiny") != before


def test_the_listed_code_is_all_that_is_imported():
    """The key forgets no module: what `gap_map` brings along of the core is listed."""
    import subprocess
    import sys

    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import dataselect_core.gap.gap_map; print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT / "src")], check=True, capture_output=True, text=True
    )
    used = {name.split(".")[1] for name in done.stdout.split() if name.startswith("dataselect_core.")}
    assert used - {"facts"} == set(map.CODE)


def test_figures_for_a_page_without_python():
    """The figures in the words of the page are those of the maps."""
    found = map.figures()
    assert list(found) == ["cloud", "edge", "mobile", "tiny"]
    for track in found.values():
        assert track["low"] < track["change"] < track["high"]
        assert track["change"] == pytest.approx(100 * (track["after"] - track["before"]))
        assert 3 <= track["cells"] <= 30 and 0.9 < track["best"] < 1 and 0 < track["share"] < 1
