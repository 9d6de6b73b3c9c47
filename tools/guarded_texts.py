"""What the locks guard: never in index.html, but in a script of its own for every lock."""

import hashlib
import json
import re

from tools.json_in_page import script_json
from tools.markdown_text import render, split


def further_locks(pages, number):
    """Names of a part's locks beside its first: "2-NAME" for every part-2-NAME.reveal.md."""
    matches = (re.fullmatch(rf"part-({number}-[a-z]+)\.reveal\.md", path.name) for path in pages.iterdir())
    return sorted(match[1] for match in matches if match)


def reveal_html(pages, lock, native):
    """What one lock guards: a <div data-fragment="NAME"> for every [data-reveal="NAME"]."""
    name = f"part-{lock}.reveal.md"
    fragments = split((pages / name).read_text(encoding="utf-8"), "#", name)
    return "\n".join(
        f'<div data-fragment="{key}">\n{render(text, name, {"native": native})}\n</div>'
        for key, text in fragments.items()
    )


def write_reveal(out, lock, fragments):
    """Write the guarded texts as a classic script under a hashed name; returns its relative URL."""
    said = script_json(json.dumps(fragments, ensure_ascii=False))
    code = f"lab.reveal({json.dumps(lock)}, {said});\n"
    url = f"assets/reveal-{lock}.{hashlib.sha256(code.encode()).hexdigest()[:10]}.js"
    (out / url).write_text(code, encoding="utf-8")
    return url
