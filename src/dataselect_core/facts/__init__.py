"""Facts of the world: prices, hardware, laws, scenarios. Data, not code; each with its source."""

import json
from importlib.resources import files
from typing import Any


def load(name: str) -> dict[str, Any]:
    """The facts of one file, as plain dictionaries.

    Parameters
    ----------
    name : str
        File name without `.json`: "laws", "prices", "tracks" or "reported".

    Returns
    -------
    dict
        A fresh copy. Every leaf that holds a number is {value, unit, kind, source, date}.
    """
    return json.loads(files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8"))
