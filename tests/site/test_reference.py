"""The reference of the core: pages made from its docstrings, published next to the lab but not packed or cached."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest
import yaml

import dataselect_core
from tools import reference

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = [
    module.name for module in pkgutil.iter_modules(dataselect_core.__path__) if module.name != "__main__"
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The folder of the reference, newly built."""
    return reference.build(ROOT, tmp_path_factory.mktemp("reference") / "api")


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_package_has_a_page(pages, name):
    """The page of a package or module lists its public names."""
    text = (pages / "dataselect_core" / f"{name}.html").read_text("utf-8")
    module = importlib.import_module(f"dataselect_core.{name}")
    for public_name in getattr(module, "__all__", ()):
        assert f'id="{public_name}"' in text, public_name


def test_a_page_has_docstrings_and_types(pages):
    """The page of a function has its parameters, their types and its sentence; the index links to it."""
    text = re.sub(r"<[^>]+>", "", (pages / "dataselect_core" / "knee.html").read_text("utf-8"))
    assert "The geometric knee of a curve" in text and "sensitivity: float = 1.0" in text
    assert "dataselect_core.html" in (pages / "index.html").read_text("utf-8")


def test_a_page_loads_no_foreign_file(pages):
    """Scripts, styles and pictures are on the page or next to it."""
    for path in pages.rglob("*.html"):
        loaded = re.findall(
            r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"([^\"]+)\"", path.read_text("utf-8")
        )
        assert not [address for address in loaded if re.match(r"(https?:)?//", address)], path


def test_the_reference_is_published_but_not_in_the_built_site():
    """The workflow copies the reference into the site after the releases; the built site does not contain it."""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "pages.yml").read_text("utf-8"))["jobs"]
    commands = [step.get("run", "") for step in jobs["build"]["steps"]]
    index = next(
        i for i, command in enumerate(commands) if command == f"cp -r {reference.PLACE.as_posix()} dist/api"
    )
    assert index > next(i for i, command in enumerate(commands) if "tools.versions" in command)
    assert "python build.py reference" in commands[:index]
    assert not (ROOT / "dist" / "api").exists()
