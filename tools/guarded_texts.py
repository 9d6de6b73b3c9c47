"""The texts that the locks guard: never in index.html, but in a separate script for each lock."""

import hashlib
import json
import re

from tools.json_in_page import script_json
from tools.markdown_text import render, split
from tools.page_error import PageError

BUILT = re.compile(r"^::: when built-([\w-]+)\n(.*?)^:::\n", re.MULTILINE | re.DOTALL)


def further_locks(pages, number):
    """The names of a part's locks except the first: "2-NAME" for every part-2-NAME.reveal.md."""
    matches = (re.fullmatch(rf"part-({number}-[a-z]+)\.reveal\.md", path.name) for path in pages.iterdir())
    return sorted(match[1] for match in matches if match)


def reveal_html(pages, lock, native):
    """The texts that one lock guards: a <div data-fragment="NAME"> for every [data-reveal="NAME"]."""
    name = f"part-{lock}.reveal.md"
    text = settle((pages / name).read_text(encoding="utf-8"), native.get("exhibit", {}), name)
    fragments = split(text, "#", name)
    return "\n".join(
        f'<div data-fragment="{key}">\n{render(text, name, {"native": native})}\n</div>'
        for key, text in fragments.items()
    )


def settle(text, exhibits, name):
    """A text with only those blocks `::: when built-EXHIBIT-CASE` whose case holds in the exhibit of that name.

    Raises
    ------
    PageError
        There is no such case.
    """
    cases = {
        f"{exhibit}-{case}": holds
        for exhibit, figures in exhibits.items()
        for case, holds in figures["cases"].items()
    }

    def replacement(match):
        if match[1] not in cases:
            raise PageError(f"{name}: there is no case built-{match[1]} (known: {', '.join(sorted(cases))})")
        return match[2] if cases[match[1]] else ""

    return BUILT.sub(replacement, text)


def write_reveal(out, lock, fragments):
    """Write the guarded texts as a classic script under a hashed name; return its relative URL."""
    content = script_json(json.dumps(fragments, ensure_ascii=False))
    code = f"lab.reveal({json.dumps(lock)}, {content});\n"
    url = f"assets/reveal-{lock}.{hashlib.sha256(code.encode()).hexdigest()[:10]}.js"
    (out / url).write_text(code, encoding="utf-8")
    return url
