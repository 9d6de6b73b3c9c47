"""The front matter of a text: YAML between two lines of ---, checked for its keys."""

import yaml

from tools.page_error import PageError

NUMBER = (int, float)
WORDS = {str: "text", int: "a whole number", dict: "a table", NUMBER: "a number"}


def read(text, name, must, may=None):
    """The front matter and the rest of a text.

    Parameters
    ----------
    text : str
    name : str
        The file, for messages.
    must, may : dict
        key -> type, for the required keys and for the optional ones.

    Returns
    -------
    tuple of (dict, str)

    Raises
    ------
    PageError
        It is not closed, is not YAML, repeats a key, lacks one, or has one with another name or type.
    """
    head, mark, body = text[4:].partition("\n---\n")
    if not text.startswith("---\n") or not mark:
        raise PageError(f"{name}: the front matter must be between two lines ---, at the beginning")
    try:
        meta = yaml.load(head, _Loader)  # _Loader is a SafeLoader
    except yaml.YAMLError as error:
        raise PageError(f"{name}: the front matter is not YAML: {' '.join(str(error).split())}") from None
    types = {**must, **(may or {})}
    if not isinstance(meta, dict):
        raise PageError(f"{name}: the front matter must be lines 'key: value', with {', '.join(types)}")
    for key in [*(key for key in must if key not in meta), *meta]:
        if key not in types:
            raise PageError(f"{name}: the front matter has {key!r}, and only {', '.join(types)} are known")
        if not isinstance(meta.get(key), types[key]):
            raise PageError(f"{name}: the front matter must have {key}, {WORDS[types[key]]}")
    return meta, body


class _Loader(yaml.SafeLoader):
    """Like SafeLoader, which silently takes the last of two equal keys; this one refuses them."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        for key, _ in node.value:
            if keys.count(key.value) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} occurs twice", key.start_mark
                )
        return super().construct_mapping(node, deep)
