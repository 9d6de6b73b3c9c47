"""The engine that computed a figure: the versions of Python and NumPy, and where they ran."""

import platform
import re
import sys
from collections.abc import Mapping

import numpy as np

from dataselect_core.facts import load

PARTS: tuple[str, ...] = tuple(load("record")["engine"])
VERSION = re.compile(load("record")["version"])
"""Allowed form of each version in a record, which may come from anywhere."""
UNKNOWN = "an unknown engine"


def engine() -> dict[str, str]:
    """The current engine: dict of `python`, `numpy` and `platform`, all texts.

    The platform is `sys.platform` with the processor: "linux x86_64", or in WebAssembly "emscripten 4.0.9 wasm32",
    with the version of the runtime that Python was built with.
    """
    runtime = getattr(sys, "_emscripten_info", None)
    version = ".".join(map(str, runtime.emscripten_version)) if runtime else ""
    platform_name = " ".join(filter(None, (sys.platform, version, platform.machine())))
    return {"python": platform.python_version(), "numpy": np.__version__, "platform": platform_name}


def described(engine: Mapping[str, str] | None, lab: str | None = None) -> str:
    """An engine in the words of a report; None if an earlier edition did not record it.

    Parameters
    ----------
    engine : dict or None
    lab : str, optional
        Version of the lab, which is placed first.
    """
    text = (
        UNKNOWN
        if engine is None
        else f"Python {engine['python']}, NumPy {engine['numpy']}, {engine['platform']}"
    )
    return f"lab {lab}, {text}" if lab else text
