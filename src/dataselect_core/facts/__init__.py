"""Facts about the world: prices, hardware, laws, scenarios, as data with a source for each."""

import json
from importlib.resources import files
from typing import Any


def load(name: str) -> dict[str, Any]:
    """The facts of one file, as plain dictionaries.

    Parameters
    ----------
    name : str
        File name without `.json`, such as "laws", "prices" or "tracks".

    Returns
    -------
    dict
        A fresh copy. In facts about the world every leaf with a number is {value, unit, kind, source, date}; the
        tables "settings", "colours" and "record" are the lab's own rules.
    """
    return json.loads(files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8"))
