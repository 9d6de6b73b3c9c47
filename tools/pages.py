"""Make the page: index.html and the guarded texts, from Markdown, the facts and the templates.

`build` finds the parts by their files in site/pages. A part N is

    part-N.md             its front matter and one section for every step of RHYTHM
    part-N.TRACK.md       what one track adds
    part-N.bench.html     the workbench: the steps from "Try it" to "Constraint check"
    part-N.reveal.md      what the lock guards; never in index.html
    part-N-NAME.reveal.md what a second lock of the part, "N-NAME", guards (may be left out)

and each track opens with scene.TRACK.md. After the parts come synthesis.md and synthesis.TRACK.md.
tools/markdown_text.py describes what a text may contain.
"""

import json
from functools import lru_cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from tools import colours
from tools.figures_in_text import output
from tools.guarded_texts import further_locks, reveal_html, write_reveal
from tools.json_in_page import script_json
from tools.markdown_text import formula
from tools.part_texts import RHYTHM, STEPS, part_numbers, read_part, scenes
from tools.site_facts import edition, load_facts, settings_table, tracks_with_kinds, version
from tools.synthesis_text import read_synthesis

CSP = {
    "default-src": "'none'",
    "script-src": "'self' blob: 'wasm-unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' blob: data:",
    "worker-src": "blob: 'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}


@lru_cache(maxsize=4)
def templates(pages):
    """The templates of a folder, compiled again when one of them changes."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(pages),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def policy():
    """The Content Security Policy of every page, for its <meta>."""
    return "; ".join(f"{key} {value}" for key, value in CSP.items())


def build(root, out, assets, documents, native):
    """Write index.html and the guarded texts.

    Parameters
    ----------
    root : path
        The repository.
    out : path
        The directory of the built site.
    assets : dict
        "scripts": list of relative URLs of classic scripts: the first loads the others, in order;
        "style": relative URL;
        "manifest": the data for the boot, as a dictionary or JSON text (may be left out).
    documents : dict
        Part number -> Bokeh document as a dictionary or JSON text; may be empty.
    native : dict
        Figures computed natively (nested), which the texts name as {{native.path|format}}.

    Returns
    -------
    dict
        Part number, or the name of a further lock, -> HTML of its guarded texts, also written to
        assets/reveal-LOCK.HASH.js.

    Raises
    ------
    PageError
        A text names a figure, a format or a section that does not exist.
    """
    root, out = Path(root), Path(out)
    pages, tracks, prices = root / "site" / "pages", tracks_with_kinds(root), load_facts(root, "prices")
    numbers = part_numbers(pages)
    fragments = {number: reveal_html(pages, number, native) for number in numbers}
    constraints = load_facts(root, "constraints")
    parts = [read_part(pages, number, tracks, prices, constraints, native) for number in numbers]
    opening, synthesis = scenes(pages, tracks), read_synthesis(pages, tracks, native)
    (out / "assets").mkdir(parents=True, exist_ok=True)
    for part in parts:
        number = part["number"]
        part["reveal_src"] = write_reveal(out, number, fragments[number])
        part["further"] = {}  # lock -> URL of its guarded texts, for the form's data-reveal-src
        for lock in further_locks(pages, number):
            fragments[lock] = reveal_html(pages, lock, native)
            part["further"][lock] = write_reveal(out, lock, fragments[lock])
        document = documents.get(number, documents.get(str(number)))
        part["document"] = None if document is None else script_json(document)

    environment = templates(pages)
    environment.globals.update(
        value=lambda path, form: Markup(output(path, form)),
        math=formula,
        corpus=load_facts(root, "corpus"),
        colours=colours.drawn(load_facts(root, "colours")),
    )
    page = environment.get_template("lab.html").render(
        csp=policy(),
        rhythm=RHYTHM,
        step_names=STEPS,
        parts=parts,
        edition=edition(root, numbers),
        assets=assets,
        version=version(root),
        synthesis=synthesis,
        tracks=[{**track, "scene": opening[track["id"]]} for track in parts[0]["tracks"]],
        settings=script_json(json.dumps({**settings_table(root), "steps": list(STEPS)}, ensure_ascii=False)),
        manifest=None if assets.get("manifest") is None else script_json(assets["manifest"]),
    )
    (out / "index.html").write_text(page, encoding="utf-8")
    return fragments
