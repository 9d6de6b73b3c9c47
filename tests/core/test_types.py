"""Every public function of the core has type annotations for its parameters and its result."""

import importlib
import inspect
import pkgutil
from importlib.resources import files

import pytest

import dataselect_core

MODULES = sorted(
    module.name for module in pkgutil.walk_packages(dataselect_core.__path__, "dataselect_core.")
)


def untyped(function):
    """The names of a function's parameters without a type, and "return" if the result has none."""
    signature = inspect.signature(function)
    missing = [
        name
        for number, (name, parameter) in enumerate(signature.parameters.items())
        if parameter.annotation is parameter.empty and not (number == 0 and name in ("self", "cls"))
    ]
    return missing + ["return"] * (signature.return_annotation is signature.empty)


def public_functions(module):
    """Name -> function for the public functions of a module, and the public methods of its public classes."""
    functions = {}
    for name, member in vars(module).items():
        if name.startswith("_") or getattr(member, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(member):
            for method, value in vars(member).items():
                value = getattr(value, "__func__", getattr(value, "fget", getattr(value, "func", value)))
                is_own = inspect.isfunction(value) and value.__code__.co_filename == module.__file__
                if is_own and (method == "__init__" or not method.startswith("_")):
                    functions[f"{name}.{method}"] = value
        elif callable(member) and inspect.isfunction(inspect.unwrap(member)):
            functions[name] = inspect.unwrap(member)
    return functions


@pytest.mark.parametrize("name", MODULES)
def test_public_functions_are_typed(name):
    """A public function or method without a type for each parameter and for its result is an error."""
    module = importlib.import_module(name)
    missing = {path: untyped(function) for path, function in public_functions(module).items()}
    assert {path: names for path, names in missing.items() if names} == {}


def test_untyped_functions_are_found():
    """The check finds parameters and results without types, methods, and functions behind a property or a cache."""
    assert untyped(lambda n: n) == ["n", "return"]
    knee = importlib.import_module("dataselect_core.knee")
    assert set(public_functions(knee)) >= {"knee", "break_even", "ascending_curve"}
    rounds = public_functions(importlib.import_module("dataselect_core.sampling.sweep"))
    assert "Curve.mean" in rounds and "sweep" in rounds
    assert "skeletons" in public_functions(importlib.import_module("dataselect_core.simulator"))


def test_the_package_has_the_marker_for_type_checkers():
    """The installed package has the marker that makes type checkers use its annotations."""
    assert files("dataselect_core").joinpath("py.typed").is_file()
