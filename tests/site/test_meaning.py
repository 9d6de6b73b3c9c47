"""The key of the meaning of code: what changes it, and what does not."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tools import gap_maps, meaning, node

ROOT = Path(__file__).resolve().parents[2]
PROJECT = {
    "core/__init__.py": '"""The core."""\n__version__ = "1"\n',
    "core/start.py": """
        '''Where it starts.'''
        import numpy as np
        from . import middle
        from .parts import shown

        LIMIT = 3  # reached

        def unused():
            return 1

        def run(n, progress=None):
            '''Runs.'''
            from .late import inside
            total = np.sum([middle.double(each) for each in n])
            return total + inside(LIMIT) + shown(n)
    """,
    "core/middle.py": """
        from core.deep import FACTOR as BY, beside

        def double(n):
            return BY * n

        def other(n):
            return beside(n)
    """,
    "core/deep.py": "FACTOR = 2\n\ndef beside(n):\n    return n\n",
    "core/late.py": "def inside(n):\n    return helper(n)\n\ndef helper(n):\n    return open('late.csv'), n\n",
    "core/parts/__init__.py": "from .one import shown\nfrom .two import hidden\n",
    "core/parts/one.py": "def shown(n):\n    return n + 1\n",
    "core/parts/two.py": "def hidden(n):\n    return n + 2\n",
}


@pytest.fixture
def project(tmp_path):
    """A small project, and a way to edit it: `project(path, old, new)`; without arguments it returns the key."""
    for name, text in PROJECT.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), "utf-8")

    def edit(name=None, old="", new="", entry="core.start:run"):
        if name:
            path = tmp_path / name
            before = path.read_text("utf-8") if path.exists() else ""
            assert old in before
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(before.replace(old, new) if old else before + new, "utf-8")
        walk = meaning.Walk(meaning.Sources(tmp_path))
        walk.visit(entry)
        edit.strings = walk.strings
        return walk.key()

    edit.folder = tmp_path
    return edit


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("core/start.py", "LIMIT = 3", "LIMIT = 4"),
        ("core/start.py", "+ shown", "- shown"),
        ("core/middle.py", "BY * n", "BY + n"),
        ("core/deep.py", "FACTOR = 2", "FACTOR = 2.0"),
        ("core/late.py", "'late.csv'", "'later.csv'"),
        ("core/parts/one.py", "n + 1", "n + 3"),
        ("core/parts/__init__.py", "", "shown = lambda n: n\n"),
        ("core/__init__.py", "", "import numpy\nnumpy.seterr(all='raise')\n"),
        ("core/deep.py", "", "FACTOR = FACTOR + 1\n"),
        ("core/deep.py", "", "import core.middle\ncore.middle.double = abs\n"),
    ],
)
def test_a_change_of_reached_code_changes_the_key(project, name, old, new):
    """A change deep in the chain, inside a function, behind a re-export or at import time changes the key."""
    assert project() != project(name, old, new)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("core/start.py", "# reached", "# a comment"),
        ("core/start.py", "'''Runs.'''", "'''Runs, in other words.'''"),
        ("core/start.py", "'''Where it starts.'''", ""),
        ("core/start.py", "LIMIT = 3", "\n\nLIMIT = (\n    3\n)"),
        ("core/start.py", "return 1", "return 2"),
        ("core/middle.py", "return beside(n)", "return -beside(n)"),
        ("core/parts/two.py", "n + 2", "n + 9"),
        ("core/__init__.py", '"1"', '"2"'),
        ("core/deep.py", "return n", "return -n"),
        ("core/middle.py", "def double(n):", "def double(n: int) -> int:"),
        ("core/start.py", "LIMIT = 3", "LIMIT: int = 3"),
        ("core/start.py", "from .late", "found: list[int]\n    from .late"),
        ("core/start.py", "total", "sum_of_all"),
        ("core/start.py", "each", "number"),
        ("core/new.py", "", "print('nobody imports this')\n"),
    ],
)
def test_a_change_without_meaning_keeps_the_key(project, name, old, new):
    """Comments, docstrings, layout, types, names of variables and unreachable code do not change the key."""
    assert project() == project(name, old, new)


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("def late(n):\n    a, b = n\n    return a - b\n", "a - b", "b - a"),
        ("def late(n):\n    a = n\n    return [a for b in n]\n", "a for b", "b for b"),
        ("def late(n):\n    a = b = n\n    return lambda: a\n", "lambda: a", "lambda: b"),
        ("def late(n, m=2):\n    return n\n", "m=2", "k=2"),
        ("def late(n):\n    a = n\n    return locals()\n", "a = n", "b = n"),
        ("def late(n):\n    one = n\n    return f'{one=}'\n", "one", "two"),
        ("def late(n):\n    class Row:\n        a = n\n    a = n\n    return Row\n", " a =", " b ="),
        ("def late(n):\n    def step():\n        return n\n    return step.__name__\n", "step", "turn"),
    ],
)
def test_another_variable_or_a_name_that_others_know_changes_the_key(project, code, old, new):
    """Which variable is used is part of the key; so are names of parameters, attributes and definitions."""
    project("core/own.py", "", code)
    before = project(entry="core.own:late")
    assert project("core/own.py", old, new, entry="core.own:late") != before


def test_a_field_changes_the_key_and_its_type_does_not(project):
    """An annotation adds a field to a class: another name changes the key, another type does not."""
    project("core/late.py", "", "\nclass Point:\n    x: int\n    y: int = 2\n")
    before = project("core/late.py", "return helper(n)", "return Point, helper(n)")
    assert project("core/late.py", "x: int", "x: float") == before
    changed_keys = [
        project("core/late.py", "x: float", "x: ClassVar[float]"),
        project("core/late.py", "x: ClassVar[float]", "z: float"),
        project("core/late.py", "    z: float\n", ""),
        project("core/late.py", "y: int = 2", "y = 2"),
    ]
    assert len({before, *changed_keys}) == 5


def test_a_moved_module_keeps_the_key(project):
    """If the same code is at another place or imported in another way, the key is the same."""
    before, folder = project(), project.folder
    (folder / "core" / "inner").mkdir()
    (folder / "core" / "inner" / "__init__.py").write_text("")
    shutil.move(folder / "core" / "deep.py", folder / "core" / "inner" / "deepest.py")
    project("core/middle.py", "from core.deep import FACTOR as BY, beside", "from .inner import deepest as d")
    project("core/middle.py", "BY * n", "d.FACTOR * n")
    project("core/middle.py", "beside(n)", "d.beside(n)")
    assert (
        project("core/start.py", "from .late import inside", "import core.late as late") != before
    )  # the edit is not complete yet
    assert project("core/start.py", "inside(LIMIT)", "late.inside(LIMIT)") == before


@pytest.mark.parametrize(
    "call",
    [
        "import_module('core.parts.two').hidden(n)",
        "import_module('.parts.two', __package__).hidden(n)",
        "import_module(f'core.parts.{n}').hidden(n)",
        "import_module(f'.parts.{n}', __package__).hidden(n)",
        "import_module(NAMES[n]).hidden(n)",
        "__import__('core.parts.two').hidden(n)",
        "getattr(parts_two, n)",
    ],
)
def test_a_module_imported_by_name_is_part_of_the_key(project, call):
    """If a module, or a name in it, is computed, everything that it may be is part of the key."""
    project("core/start.py", "", "from importlib import import_module\nimport core.parts.two as parts_two\n")
    before = project("core/start.py", "return total", f"{call}\n    return np.sum")
    assert project("core/parts/two.py", "n + 2", "n + 9") != before


def test_strings_of_reached_code_are_collected(project):
    """The strings of reached code, and no others, are collected for comparison with the names of files."""
    project()
    assert "late.csv" in project.strings
    assert "1" not in project.strings


def test_a_missing_entry_is_named(project):
    """A wrong name gives a sentence and no key."""
    with pytest.raises(ValueError, match="there is no walk in core.start"):
        project(entry="core.start:walk")


def test_every_way_to_bind_a_name_is_followed(project):
    """Loops, conditions, unpacking and a fallback for a missing import can all bind a name."""
    project("core/late.py", "", "for WAY in (1,):\n    pass\n")
    for code in (
        "if len('a'):\n    helper = abs\nelse:\n    helper = max\n",
        "helper, rest = abs, 1\n",
        "try:\n    from fast import helper\nexcept ImportError:\n    helper = min\n",
        "def helper(n):\n    return WAY\n",
        "class helper(dict):\n    size = 1\n",
    ):
        before = project()
        assert project("core/late.py", "", code) != before, code


@pytest.mark.parametrize(
    ("code", "reached"),
    [
        ("def late(FACTOR):\n    return FACTOR\n", False),
        ("def late(n):\n    FACTOR = n\n    return [FACTOR for n in n]\n", False),
        ("def late(n):\n    return [FACTOR for FACTOR in n]\n", False),
        ("late = lambda FACTOR: FACTOR\n", False),
        (
            "def late(n):\n    try:\n        n()\n    except OSError as FACTOR:\n        return FACTOR\n",
            False,
        ),
        ("def late(n, m=FACTOR):\n    return n\n", True),
        ("def late(n):\n    return [FACTOR for FACTOR in FACTOR]\n", True),
        ("def late(n):\n    return [FACTOR for FACTOR in n] + FACTOR\n", True),
        ("def late(n):\n    global FACTOR\n    FACTOR = n\n    return FACTOR\n", True),
        ("def late(n):\n    def inner():\n        FACTOR = n\n    return inner, FACTOR\n", True),
        ("class late:\n    FACTOR = 1\n    def f(self):\n        return FACTOR\n", True),
        ("@FACTOR\ndef late(FACTOR):\n    return FACTOR\n", True),
        ("def late(n, m=FACTOR):\n    match n:\n        case [*FACTOR]:\n            pass\n", True),
    ],
)
def test_local_names_hide_those_of_the_module(project, code, reached):
    """A parameter or variable with the name of a definition hides it; where it does not, the definition counts."""
    project("core/own.py", "", "FACTOR = 5\n" + code)
    before = project(entry="core.own:late")
    assert (project("core/own.py", "FACTOR = 5", "FACTOR = 6", entry="core.own:late") != before) is reached


def test_the_key_is_the_same_in_another_python(tmp_path):
    """The Python of the browser, two versions newer than the oldest one that builds, gives the same keys."""
    entries = ["dataselect_core.figures.deduplication.figures:recompute", "tools.optimum:compute"]
    program = (tmp_path / "keys.py").write_text
    program(
        (ROOT / "tools" / "meaning.py").read_text("utf-8")
        + "\nimport json\n"
        + "def keys(folders, entries):\n"
        + "    found = []\n"
        + "    for entry in entries:\n"
        + "        walk = Walk(Sources(*folders))\n"
        + "        walk.visit(entry)\n"
        + "        found.append(walk.key())\n"
        + "    return json.dumps(found)\n",
        "utf-8",
    )
    script = """
        import { readFileSync } from "node:fs";
        const [folder, root, file, entries] = process.argv.slice(2);
        const { loadPyodide } = await import("file://" + folder + "/pyodide.mjs");
        const pyodide = await loadPyodide({ indexURL: folder + "/" });
        pyodide.FS.mkdirTree("/lab");
        pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root }, "/lab");
        pyodide.FS.writeFile("/keys.py", readFileSync(file));
        pyodide.runPython("import sys; sys.path.insert(0, '/'); import keys");
        console.log(pyodide.pyimport("keys").keys(pyodide.toPy(["/lab/src", "/lab"]), pyodide.toPy(JSON.parse(entries))));
    """
    (tmp_path / "run.mjs").write_text(textwrap.dedent(script), "utf-8")
    try:
        process = node.node(
            tmp_path / "run.mjs", ROOT / ".build" / "pyodide", ROOT, tmp_path / "keys.py", json.dumps(entries),
            capture_output=True,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        pytest.fail(error.stderr[-2000:])
    native_keys = []
    for entry in entries:
        walk = meaning.Walk(meaning.Sources(ROOT / "src", ROOT))
        walk.visit(entry)
        native_keys.append(walk.key())
    assert json.loads(process.stdout.splitlines()[-1]) == native_keys


def test_every_executed_function_is_in_the_key():
    """Every function of the core that runs while a small map and a small sweep are made is in the key."""
    program = """
        import json, sys
        ran = set()
        def watch(frame, event, argument):
            name = frame.f_globals.get("__name__", "")
            if event == "call" and name.startswith("dataselect_core"):
                ran.add((frame.f_code.co_filename, frame.f_code.co_firstlineno, frame.f_code.co_name))
        from dataselect_core import datasets
        from dataselect_core.gap import gap_map, mix as mixing
        from dataselect_core.sampling import reference_sweep as exhaustive
        import tools.gap_maps, tools.optimum
        fixed = json.loads(sys.argv[1])
        exhaustive.SEEDS, exhaustive.BATCH_SIZES, exhaustive.SIZES["digits"] = (0,), (100,), (None, 8, 20, 120, 120)
        gap_map.AXIS = gap_map.MOVE = (0.1, 0.9)
        sys.setprofile(watch)
        tools.optimum.compute("digits")
        X, y = datasets.digits()
        setting = mixing.Setting(share=0.0, randomisation=0.0, **fixed)
        gap_map.measure(setting, X, y, datasets.rainfall_mm(), axis=(0.0, 0.5), seeds=(1, 2), move_seeds=(1, 2),
                        real=(50,), added=(100,))
        sys.setprofile(None)
        print(json.dumps(sorted(ran)))
    """
    settings = json.dumps(gap_maps.settings(ROOT)["tiny"])
    process = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), settings],
        cwd=ROOT, check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
    )  # fmt: skip
    reached = set()
    sources = meaning.Sources(ROOT / "src", ROOT)
    walk = meaning.Walk(sources)
    walk.visit("tools.optimum:compute")
    walk.visit("tools.gap_maps:compute")
    for module, name in walk.definitions:
        parsed = sources.module(module)
        statements = parsed.bound.get(name, ()) if name else parsed.effects
        path = str(sources.path(module))
        reached |= {
            (path, s.lineno - len(getattr(s, "decorator_list", ())), s.end_lineno) for s in statements
        }
    executed = [
        call for call in json.loads(process.stdout) if call[0] != "<string>"
    ]  # methods that dataclasses generate
    assert len(executed) > 40
    for file, line, name in executed:
        assert any(file == path and first <= line <= last for path, first, last in reached), (
            file,
            line,
            name,
        )


def test_known_dependencies_of_the_core_are_found():
    """Known dependencies of the core are found, whatever the files are called."""
    walk = meaning.Walk(meaning.Sources(ROOT / "src", ROOT))
    walk.visit("tools.gap_maps:compute")
    names = {name for _, name in walk.definitions}
    assert {
        "frechet_distance",
        "fid",
        "flip_labels",
        "SoftmaxRegression",
        "rainfall_mm",
        "digits",
        "rain",
    } <= names
    assert {"digits.u8.gz", "rainfall.csv.gz", "weather", "simulator", "strokes", "mixing"} <= walk.strings
    assert "deduplicate" not in names and "breast_cancer.csv.gz" not in walk.strings
