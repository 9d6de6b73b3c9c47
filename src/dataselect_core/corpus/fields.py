"""Values in an object, by a path with dots."""

from typing import Any

MISSING = object()


def lookup(value: Any, path: str) -> Any:
    """The value under a key, or under nested keys: `meta.text` is `{"meta": {"text": …}}`.

    A key that itself has a dot takes precedence over a path.

    Parameters
    ----------
    value : dict
    path : str

    Returns
    -------
    object
        `MISSING` if there is no such key.
    """
    if not isinstance(value, dict):
        return MISSING
    if path in value:
        return value[path]
    cut = path.rfind(".")
    while cut > 0:
        if path[:cut] in value:
            nested = lookup(value[path[:cut]], path[cut + 1 :])
            if nested is not MISSING:
                return nested
        cut = path.rfind(".", 0, cut)
    return MISSING
