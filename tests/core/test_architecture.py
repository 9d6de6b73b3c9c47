"""The core is built in layers, as docs/architecture.md lists them: imports go to the same row or to rows above it."""

import ast
import re
from pathlib import Path

import dataselect_core

ROOT = Path(__file__).resolve().parents[2]
CORE = Path(dataselect_core.__file__).parent


def layers():
    """Package or module -> number of its row in the table, from the top."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    section = page.split("## The core")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE)
    return {name: i for i, row in enumerate(rows) for name in re.findall(r"`(\w+)`", row)}


def imports(path):
    """The first names below `dataselect_core` that a module imports, at its top or inside a function."""
    package = path.relative_to(CORE).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                base = ("dataselect_core", *package)[: len(package) + 2 - node.level]
                module = ".".join([*base, *filter(None, [node.module])])
            if module == "dataselect_core":
                yield from (alias.name for alias in node.names)
            elif module.startswith("dataselect_core."):
                yield module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("dataselect_core."))


def test_every_package_and_module_has_a_row():
    """The table lists every package and module of the core, and nothing else."""
    names = {path.stem if path.suffix else path.name for path in CORE.iterdir() if path.suffix in ("", ".py")}
    assert set(layers()) == {name for name in names if not name.startswith("__")}


def test_no_module_imports_from_a_row_below_its_own():
    """Imports point up the table: a row depends only on rows above it."""
    row = layers()
    violations = []
    for path in sorted(CORE.rglob("*.py")):
        package = path.relative_to(CORE).parts[0].removesuffix(".py")
        if package in row:
            violations += [
                f"{path.relative_to(CORE)} imports {name}"
                for name in imports(path)
                if row.get(name, 0) > row[package]
            ]
    assert violations == []
