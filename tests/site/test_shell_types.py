"""The type checker of the page's scripts: it accepts the members of `lab` that the scripts add, and no others."""

import re
import shutil

import pytest

from tools import shell_types


@pytest.fixture
def shell(tmp_path):
    """A copy of the scripts that a test may break."""
    return shutil.copytree(shell_types.SHELL, tmp_path / "shell")


def errors_in(shell, tmp_path, scope="page"):
    """The errors in one scope, without the paths."""
    errors = shell_types.errors(scope, tmp_path / "checked", shell)
    return [re.sub(r"^site/shell/(\S+?):\d+: ", r"\1: ", line) for line in errors]


@pytest.mark.parametrize("scope", shell_types.SCOPES)
def test_the_scripts_have_no_type_error(tmp_path, scope):
    """The type checker finds no error in the page or in a service worker."""
    assert shell_types.errors(scope, tmp_path / "checked") == []


def test_each_kind_of_mistake_is_named_with_its_place(shell, tmp_path):
    """Unknown members, functions and fields, too many arguments, and impossible event details are each named."""
    mistakes = {
        "lab.stor.get('x');": "Property 'stor' does not exist",
        "lab.store.sav({});": "Property 'sav' does not exist",
        "lab.store.get('a', 'b');": "but got 2",
        "lab.state.address.trck;": "Property 'trck' does not exist",
        "lab.one('input').value;": "Property 'value' does not exist",
        "document.addEventListener('lab:boot', ({ detail }) => detail === 'alive');": "have no overlap",
    }
    text = (shell / "texts.js").read_text("utf-8")
    lines = text.count("\n")
    (shell / "texts.js").write_text(text + "\n".join(mistakes), "utf-8")
    errors = shell_types.errors("page", tmp_path / "checked", shell)
    assert [line.split(": ")[0] for line in errors] == [
        f"site/shell/texts.js:{lines + k + 1}" for k in range(len(mistakes))
    ]
    for line, expected in zip(errors, mistakes.values(), strict=True):
        assert expected in line


def test_a_renamed_member_is_reported_in_each_script(shell, tmp_path):
    """Each script that uses the old name is named."""
    text = (shell / "merge.js").read_text("utf-8")
    (shell / "merge.js").write_text(text.replace("lab.merge = ", "lab.merging = ", 1), "utf-8")
    errors = errors_in(shell, tmp_path)
    assert errors and all("Property 'merge' does not exist" in line for line in errors)
    assert {line.partition(":")[0] for line in errors} == {"main.js", "store.js", "texts.js"}


def test_a_service_worker_has_no_document(shell, tmp_path):
    """A service worker has no document, and only a fetch event has a request."""
    with open(shell / "sw.js", "a", encoding="utf-8") as file:
        file.write('document.title;\nworker.addEventListener("install", (event) => event.request);\n')
    errors = errors_in(shell, tmp_path, "sw")
    assert len(errors) == 2
    assert "Cannot find name 'document'" in errors[0] and "Property 'request' does not exist" in errors[1]


def test_a_folder_without_scripts_is_refused(tmp_path):
    """A check without scripts fails."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no scripts of page"):
        shell_types.errors("page", tmp_path / "checked", tmp_path / "empty")
