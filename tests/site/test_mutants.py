"""Mutation testing: what is changed, that a sample can be repeated, and that caught and surviving mutants are told apart."""

import sys

import pytest
from packaging.utils import canonicalize_name

from tools import mutants, pins

MERGE = mutants.ROOT / mutants.path_of(mutants.MERGE)


def test_every_module_and_its_tests_exist():
    """Each module of the list is a file, and so is each of its test files."""
    for module, names in mutants.TESTS.items():
        assert (mutants.ROOT / mutants.path_of(module)).is_file()
        folder = "site" if module == mutants.MERGE else "core"
        for name in names:
            assert (mutants.ROOT / "tests" / folder / name).is_file(), name


def test_each_mutant_of_the_merging_rule_changes_one_line():
    """Every mutant of merge.js differs from the source in the line that it names, and nowhere else."""
    source = MERGE.read_text("utf-8").split("\n")
    possible, made = mutants.mutants_of(mutants.MERGE, 1, 10_000, None)
    assert possible == len(made) > 60 and len({mutant["operator"] for mutant in made}) > 8
    assert len({mutant["source"] for mutant in made}) == len(made)
    for mutant in made:
        changed = mutant["source"].split("\n")
        if len(changed) == len(source):
            lines = [i for i, (a, b) in enumerate(zip(source, changed, strict=True), 1) if a != b]
            assert len(lines) == 1 and lines[0] >= mutant["line"]


def test_a_sample_can_be_repeated():
    """The same seed gives the same sample, another seed another one."""
    samples = [mutants.mutants_of(mutants.MERGE, seed, 8, None)[1] for seed in (1, 1, 2)]
    assert samples[0] == samples[1] != samples[2] and len(samples[0]) == 8


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A folder with one small module and a test of it, and two mutants: one that the test finds, and one that it does not."""
    (tmp_path / "src").mkdir()
    (tmp_path / "tests" / "core").mkdir(parents=True)
    (tmp_path / "src" / "half.py").write_text("def half(x):\n    return x / 2 + 0\n")
    (tmp_path / "tests" / "core" / "test_half.py").write_text(
        "import half\ndef test_half():\n    assert half.half(4) == 2\n"
    )
    monkeypatch.setitem(mutants.TESTS, "half", ["test_half.py"])
    monkeypatch.setattr(mutants, "path_of", lambda _: "src/half.py")
    made = [
        {
            "operator": "a",
            "line": 2,
            "before": "",
            "after": "",
            "source": "def half(x):\n    return x * 2 + 0\n",
        },
        {
            "operator": "b",
            "line": 2,
            "before": "",
            "after": "",
            "source": "def half(x):\n    return x / 2 - 0\n",
        },
        {
            "operator": "c",
            "line": 2,
            "before": "",
            "after": "",
            "source": "def half(x):\n    while True: pass\n",
        },
    ]
    monkeypatch.setattr(mutants, "mutants_of", lambda *_: (9, made))
    monkeypatch.setattr(mutants, "LEAST", 10)
    monkeypatch.setattr(mutants, "SLOWER", 4)
    return tmp_path


def test_caught_hanging_and_surviving_mutants_are_told_apart(small):
    """A mutant that a test fails for, or that never ends, is caught; one that all tests accept survives, with its line."""
    result = mutants.tried("half", 1, 3, sys.executable, small, lambda _: None)
    assert (result["possible"], result["tried"], result["caught"], result["hung"]) == (9, 3, 2, 1)
    assert [survivor["operator"] for survivor in result["survivors"]] == ["b"]
    assert (small / "src" / "half.py").read_text().endswith("x / 2 + 0\n")  # put back


def test_tests_that_fail_by_themselves_are_no_measure(small):
    """If the tests fail without any change, nothing is counted as caught."""
    (small / "tests" / "core" / "test_half.py").write_text("def test_half():\n    assert False\n")
    with pytest.raises(RuntimeError, match="fail without any change"):
        mutants.tried("half", 1, 3, sys.executable, small, lambda _: None)


def test_what_makes_the_mutants_is_pinned_and_apart():
    """Cosmic Ray is pinned with hashes, and is not installed with anything else."""
    pinned = {canonicalize_name(pin.name): hashes for pin, hashes in pins.read(mutants.REQUIREMENTS)}
    assert "cosmic-ray" in pinned and all(pinned.values()) and "cosmic-ray" in pins.named()
    for name in pins.NAMES:
        assert "cosmic-ray" not in {
            canonicalize_name(pin.name) for pin, _ in pins.read(pins.HERE / f"{name}.txt")
        }
