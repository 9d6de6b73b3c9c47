"""The workbenches depend on the core and on what they share, and no part depends on another."""

import ast
import sys
from pathlib import Path

APPS = Path(__file__).resolve().parents[2] / "site" / "apps"
ALLOWED = {"bokeh", "dataselect_core", "numpy", "panel", "param"}
BROWSER = {"js", "pyodide"}  # imported inside functions that only a browser calls


def imported(path):
    """The modules that a file names in its import statements, and whether each is imported at its top."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in tree.body) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), node in tree.body


def test_workbenches_import_only_allowed_modules():
    """The standard library, NumPy, Panel, Bokeh, the core, `apps.shared` and modules next to `apps.parts`; its own part."""
    violations = []
    for path in sorted(APPS.rglob("*.py")):
        own = path.relative_to(APPS).parts[0]
        for name, at_top in imported(path):
            first, _, rest = name.partition(".")
            part = rest.partition(".")[0] if first == "apps" else ""
            other_part = part.startswith("part") and part != "parts" and part != own and own != "parts.py"
            allowed = first in ALLOWED | {"apps"} | sys.stdlib_module_names or (
                first in BROWSER and not at_top
            )
            if other_part or not allowed:
                violations.append(f"{path.relative_to(APPS)} imports {name}")
    assert violations == []
