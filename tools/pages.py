"""The words become the page: Markdown, the facts and the templates into index.html and the guarded texts.

`build` finds the parts by their files in site/pages. A part N is

    part-N.md             its front matter and one section for every step of RHYTHM
    part-N.TRACK.md       what one track adds
    part-N.bench.html     the workbench: the steps from "Try it" to "Constraint check"
    part-N.reveal.md      what the lock guards; never in index.html
    part-N-NAME.reveal.md what a second lock of the part, "N-NAME", guards (may be left out)

and each track opens with scene.TRACK.md. After the parts come synthesis.md and synthesis.TRACK.md.

A text may hold
    \\( \\)  \\[ \\]                    LaTeX, written as MathML
    {{path|format}}                a number the shell fills in when Python reports it
    {{N:path|format}}              in the synthesis: a number of the evidence captured in part N
    {{native.path|format}}         a number computed natively, written at build time
    {{track.path|format}}          a figure of the text's track, from facts/tracks.json
    {{path|choice}}                what the reader chose at the lock of the part, in the words of the choice
    {{path|label}}                 an option of a control, in the words of the control: "least confidence"
    {{track.path|format|NAME}}     the same, a limit: where the link of a class sets NAME, the shell puts that there
    ::: when CASE ... :::          a block the shell shows when Python reports that case
"""

import hashlib
import html
import json
import math
import re
from functools import lru_cache
from pathlib import Path

import jinja2
import markdown
from latex2mathml.converter import convert as mathml
from markupsafe import Markup

RHYTHM = (
    ("need", "What you need to know"),
    ("mission", "Your mission"),
    ("prediction", "Your prediction"),
    ("try", "Try it"),
    ("evidence", "Evidence"),
    ("check", "Constraint check"),
    ("sources", "Sources"),
    ("reflection", "Reflection"),
    ("checkpoint", "Checkpoint"),
)
SYNTHESIS = {
    "evidence": "Evidence",
    "takeaways": "Takeaways",
    "cost": "Cost",
    "wall": "The Data Wall",
    "strategy": "Strategy",
}
FORMATS = ("percent", "points", "integer", "number", "fixed", "dollars", "price", "si")
CHOICE = "choice"  # no number: what the reader chose at a lock
LABEL = "label"  # no number: an option of a control, as the control's list has it
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
MARKDOWN = ("tables", "md_in_html", "attr_list", "sane_lists")
PENDING = "–"


class PageError(ValueError):
    """A text of the site that cannot be rendered; the message names the file and what is wrong."""


# -- numbers -------------------------------------------------------------------------------------------


def significant(value, digits=3):
    """As Intl.NumberFormat writes `maximumSignificantDigits`: 1234.5 -> 1,230."""
    text = f"{float(f'{value:.{digits}g}'):,.10f}"
    return text.rstrip("0").rstrip(".")


def format_number(value, form):
    """A number as the reader sees it, as site/shell/format.js writes it; `form` is one of FORMATS."""
    text = _written(value, form)
    return "−" + text[1:] if text.startswith("-") else text


def _written(value, form):
    size, sign = abs(value), "−" if value < 0 else ""
    if form == "percent":
        return f"{100 * value:,.1f} %"
    if form == "points":
        return f"{value:,.1f}".removesuffix(".0") + " points"
    if form == "integer":
        return f"{math.floor(value + 0.5):,}"  # as Math.round
    if form == "fixed":
        return f"{value:,.3f}"
    if form == "dollars":
        for scale, word in ((1e12, " trillion"), (1e9, " billion"), (1e6, " million")):
            if size >= scale:
                return f"{sign}${significant(size / scale)}{word}"
        return f"{sign}${size:,.0f}" if size >= 100 else f"{sign}${size:,.2f}".removesuffix(".00")
    if form == "price":
        return f"{sign}${significant(size)}"
    if form == "si":
        for scale, prefix in (
            (1e24, "Y"),
            (1e21, "Z"),
            (1e18, "E"),
            (1e15, "P"),
            (1e12, "T"),
            (1e9, "G"),
            (1e6, "M"),
            (1e3, "k"),
        ):
            if size >= scale:
                return f"{significant(value / scale)} {prefix}"
        return significant(value)
    if form == "number":
        if value == round(value) and size < 1e6:
            return f"{value:,.0f}"
        if size >= 1e6 or size < 1e-3:
            mantissa, _, exponent = f"{value:.2e}".partition("e")
            return f"{mantissa}e{int(exponent)}"
        return significant(value)
    raise PageError(f"format must be one of {', '.join(FORMATS)}, not {form!r}")


def output(path, form):
    """The place of a number that Python reports."""
    if form not in (*FORMATS, CHOICE, LABEL):
        raise PageError(f"{{{{{path}|{form}}}}}: format must be one of {', '.join(FORMATS)}")
    part, mark, figure = path.partition(":")
    where = (
        f'data-figure="{part}" data-path="{html.escape(figure)}"'
        if mark
        else f'data-value="{html.escape(path)}"'
    )
    return f'<output {where} aria-live="off" data-format="{form}">{PENDING}</output>'


def lookup(path, values):
    """The value at a dotted `path` of nested dictionaries."""
    found = values
    for name in path.split("."):
        if not isinstance(found, dict) or name not in found:
            raise PageError(
                f"{path}: there is no {name!r} (known: {', '.join(sorted(map(str, found)))})"
                if isinstance(found, dict)
                else f"{path}: {name!r} is not inside a table"
            )
        found = found[name]
    return found


def static(path, form, static_values, limit=""):
    """A number known at build time, with its kind; `limit` is the name by which the link of a class replaces it."""
    found, kind = lookup(path, static_values), "measured" if path.startswith("native.") else "modelled"
    if isinstance(found, dict):
        found, kind = found["value"], found.get("kind", kind)
    if isinstance(found, str):
        return html.escape(found)
    replaced = f' data-limit="{html.escape(limit)}" data-format="{html.escape(form)}"' if limit else ""
    return (
        f'<span class="figure" data-kind="{kind}"{replaced}>{html.escape(format_number(found, form))}</span>'
    )


# -- texts ---------------------------------------------------------------------------------------------


def front_matter(text, name):
    """The `key: value` lines between two lines of ---, and the rest of the text."""
    if not text.startswith("---\n"):
        return {}, text
    head, mark, body = text[4:].partition("\n---\n")
    if not mark:
        raise PageError(f"{name}: the front matter is not closed by a line ---")
    pairs = (line.partition(":") for line in head.splitlines() if line.strip())
    return {key.strip(): value.strip() for key, _, value in pairs}, body


def render(text, name, static_values=None):
    """Markdown of the lab into HTML; `static_values` are the tables `native` and `track`."""
    pieces = []

    def keep(piece):
        """Past Markdown, which takes <output> for a block and a formula for emphasis."""
        pieces.append(piece)
        return f"KEPT{len(pieces) - 1}KEPT"

    def formula(match):
        latex = match[1] if match[1] is not None else match[2]
        display = "inline" if match[1] is not None else "block"
        return keep(mathml(latex.strip(), display=display))

    def number(match):
        path, form, limit = (*match[1].strip().split("|", 2), "", "")[:3]
        try:
            if path.startswith(("native.", "track.")):
                return keep(static(path, form or "number", static_values or {}, limit))
            return keep(output(path, form or "number"))
        except PageError as error:
            raise PageError(f"{name}: {error}") from None

    text = re.sub(r"\\\((.+?)\\\)|\\\[(.+?)\\\]", formula, text, flags=re.DOTALL)
    text = re.sub(r"\{\{(.+?)\}\}", number, text)
    stray = re.search(r"\\[()\[\]]|\{\{|\}\}", text)
    if stray:
        raise PageError(f"{name}: {stray[0]} without its other half")
    opened = len(re.findall(r"^::: when [a-z_-]+$", text, flags=re.MULTILINE))
    if opened != len(re.findall(r"^:::$", text, flags=re.MULTILINE)):
        raise PageError(f"{name}: a block '::: when CASE' is not closed by a line ':::' (or the other way)")
    block = '<div data-when="\\1" hidden markdown="1">\n'
    text = re.sub(r"^::: when ([a-z_-]+)$", block, text, flags=re.MULTILINE)
    text = re.sub(r"^:::$", "\n</div>\n", text, flags=re.MULTILINE)
    page = _html(text)
    page = re.sub(r"<table>", '<div class="scroll"><table>', page).replace("</table>", "</table></div>")
    return Markup(re.sub(r"KEPT(\d+)KEPT", lambda match: pieces[int(match[1])], page))


@lru_cache(maxsize=1024)
def _html(text):
    """Markdown into HTML; kept, because a development server renders the same texts again and again."""
    return markdown.markdown(text, extensions=list(MARKDOWN), output_format="html")


@lru_cache(maxsize=4)
def _environment(pages):
    """The templates of a folder, compiled anew when one of them changes."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(pages),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def inline(text, name, static_values=None):
    """As `render`, without the paragraph around it."""
    return Markup(re.sub(r"^<p>(.*)</p>$", r"\1", str(render(text, name, static_values)), flags=re.DOTALL))


def split(text, mark, name):
    """The sections of a text that begin with a heading of level `mark`: heading -> text."""
    pieces = re.split(rf"^{mark} (.+)$", text, flags=re.MULTILINE)
    if pieces[0].strip():
        raise PageError(f"{name}: text before the first heading {mark!r}")
    return {title.strip(): body for title, body in zip(pieces[1::2], pieces[2::2])}


# -- facts ---------------------------------------------------------------------------------------------


def load_facts(root, name):
    """A file of src/dataselect_core/facts as a dictionary."""
    path = Path(root) / "src" / "dataselect_core" / "facts" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def field_number(value):
    """A number as an <input type=number> takes it; large and small ones with an exponent."""
    if value != 0 and not 1e-3 <= abs(value) < 1e6:
        mantissa, _, exponent = f"{value:.6e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{value:.10g}"


def assumption_rows(wanted, part, tracks, prices):
    """The editable assumptions of a part: `wanted` is "name, name = Label, …" of its front matter.

    A name that a track sets is the track's; the others come from facts/prices.json.
    """
    rows = []
    for entry in wanted.split(","):
        name, _, label = (word.strip() for word in entry.partition("="))
        by_track = {
            track_id: track[f"part_{part}"][name]
            for track_id, track in tracks.items()
            if name in track.get(f"part_{part}", {})
        }
        if not by_track and name not in prices:
            raise PageError(f"part-{part}.md: no fact is named {name!r} in prices.json or tracks.json")
        first = prices.get(name) or next(iter(by_track.values()))
        start = next(iter(by_track.values()), first)
        rows.append(
            {
                "name": name,
                "label": label or first["title"],
                "unit": first["unit"],
                "value": field_number(start["value"]),
                "minimum": field_number(first.get("minimum", 1)),
                "maximum": field_number(first.get("maximum", 1e18)),
                "by_track": {
                    track_id: {**fact, "value": field_number(fact["value"])}
                    for track_id, fact in by_track.items()
                },
                "kind": first["kind"],
                "source": first["source"],
                "date": first["date"],
            }
        )
    return rows


def evidence_lines(text, name):
    """The lines that a record lists of captured evidence, from "Label = path|format, …": [label, path, format]."""
    lines = []
    for entry in text.split(","):
        label, _, figure = (word.strip() for word in entry.partition("="))
        path, _, form = figure.partition("|")
        if form not in FORMATS:
            raise PageError(f"{name}: evidence {entry.strip()!r}: format must be one of {', '.join(FORMATS)}")
        lines.append([label, path, form])
    return lines


# -- parts ---------------------------------------------------------------------------------------------


def parts_found(pages):
    """The numbers of the parts whose Markdown is in the directory `pages`."""
    found = (re.fullmatch(r"part-(\d+)\.md", path.name) for path in pages.iterdir())
    return sorted(int(match[1]) for match in found if match)


def pairs(text):
    """The pairs of a line "NAME = WORDS, …" of a front matter."""
    return [tuple(map(str.strip, entry.split("=", 1))) for entry in text.split(",") if entry.strip()]


def read_part(pages, number, tracks, prices, native):
    """Everything that index.html shows of one part."""
    name = f"part-{number}.md"
    meta, body = front_matter((pages / name).read_text(encoding="utf-8"), name)
    sections = split(body, "##", name)
    titles = [title for _, title in RHYTHM]
    if list(sections) != titles:
        raise PageError(
            f"{name}: the sections must be {', '.join(titles)}, in this order; found {', '.join(sections)}"
        )
    part = {"number": number, **meta, "bench": f"part-{number}.bench.html", "tracks": []}
    part["sections"] = {key: render(sections[title], name, {"native": native}) for key, title in RHYTHM}
    part["reflection"] = inline(meta["reflection"], name)
    most = dict(pairs(meta.get("choices_most", "")))
    part["choices"] = [
        {"value": value, "label": label, "most": most.get(value)}
        for value, label in pairs(meta.get("choices", ""))
    ]
    part["evidence"] = evidence_lines(meta["evidence"], name)
    part["assumptions"] = assumption_rows(meta["assumptions"], number, tracks, prices)
    for track_id, track in tracks.items():
        name = f"part-{number}.{id}.md"
        meta, body = front_matter((pages / name).read_text(encoding="utf-8"), name)
        values = {"native": native, "track": {**track, **track[f"part_{number}"]}}
        crisis_name, dot, crisis = track["crisis"].partition(". ")
        part["tracks"].append(
            {
                "id": track_id,
                **track,
                **meta,
                "crisis_name": crisis_name + dot.strip(),
                "crisis": crisis,
                "text": render(body, name, values),
            }
        )
    return part


def scenes(pages, tracks):
    """The opening scene of every track, from scene.TRACK.md: track -> HTML."""
    found = {}
    for track_id, track in tracks.items():
        name = f"scene.{id}.md"
        found[track_id] = render((pages / name).read_text(encoding="utf-8"), name, {"track": track})
    return found


def read_synthesis(pages, tracks, native):
    """Everything that index.html shows after the parts."""
    name = "synthesis.md"
    meta, body = front_matter((pages / name).read_text(encoding="utf-8"), name)
    sections = split(body, "##", name)
    if list(sections) != list(SYNTHESIS.values()):
        raise PageError(
            f"{name}: the sections must be {', '.join(SYNTHESIS.values())}, in this order; "
            f"found {', '.join(sections)}"
        )
    texts = {key: render(sections[title], name, {"native": native}) for key, title in SYNTHESIS.items()}
    # Without the numbers of a reader there is nothing to take away.
    texts["takeaways"] = Markup(re.sub(r"<li>", "<li hidden>", str(texts["takeaways"])))
    costs = {key: [cost_line(entry, name) for entry in meta[key].split(",")] for key in ("cost", "saved")}
    found = []
    for track_id, track in tracks.items():
        name = f"synthesis.{id}.md"
        text = render((pages / name).read_text(encoding="utf-8"), name, {"native": native, "track": track})
        found.append({"id": track_id, "text": text})
    return {"title": meta["title"], "sections": texts, "costs": costs, "tracks": found}


def cost_line(entry, name):
    """A line of the bill, "Label = PART:path / PART:path": its label, and the figures of which the first counts."""
    label, _, figures = (word.strip() for word in entry.partition("="))
    paths = [path.strip() for path in figures.split("/")]
    if not label or not all(re.fullmatch(r"[123]:[a-z0-9_.]+", path) for path in paths):
        raise PageError(f"{name}: a cost must be 'Label = PART:path', not {entry.strip()!r}")
    return [label, paths]


def further_locks(pages, number):
    """Names of a part's locks beside its first: "2-NAME" for every part-2-NAME.reveal.md."""
    found = (re.fullmatch(rf"part-({number}-[a-z]+)\.reveal\.md", path.name) for path in pages.iterdir())
    return sorted(match[1] for match in found if match)


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


def script_json(value):
    """JSON that may stand inside a <script>, in HTML or in JavaScript."""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def settings_table(root):
    """The table of settings and limits as the page gets it: parts and tracks by title, settings, limits."""
    tracks = {track_id: track["title"] for track_id, track in load_facts(root, "tracks").items()}
    return {**load_facts(root, "settings"), "tracks": tracks}


def version(root):
    """The version of the core, which is the lab's."""
    text = (Path(root) / "src" / "dataselect_core" / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"$', text, flags=re.MULTILINE)[1]


def edition(root, numbers):
    """One sentence that says which parts this edition has."""
    titles = load_facts(root, "settings")["parts"]
    named = [f"Part {number}, {titles[str(number)]}" for number in numbers]
    if len(numbers) == len(titles):
        return "This edition has all three parts."
    return f"The lab is planned in three parts; this edition has {' and '.join(named)}."


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
        "manifest": what the boot needs to know, as a dictionary or JSON text (may be left out).
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
        A text names a figure, a format or a section that is not there.
    """
    root, out = Path(root), Path(out)
    pages, tracks, prices = root / "site" / "pages", load_facts(root, "tracks"), load_facts(root, "prices")
    numbers = parts_found(pages)
    fragments = {number: reveal_html(pages, number, native) for number in numbers}
    parts = [read_part(pages, number, tracks, prices, native) for number in numbers]
    opening, synthesis = scenes(pages, tracks), read_synthesis(pages, tracks, native)
    (out / "assets").mkdir(parents=True, exist_ok=True)
    for part in parts:
        number = part["number"]
        part["reveal_src"] = write_reveal(out, number, fragments[number])
        part["further"] = {}  # lock -> where its guarded texts lie, for the form's data-reveal-src
        for lock in further_locks(pages, number):
            fragments[lock] = reveal_html(pages, lock, native)
            part["further"][lock] = write_reveal(out, lock, fragments[lock])
        document = documents.get(number, documents.get(str(number)))
        part["document"] = None if document is None else script_json(document)

    environment = _environment(pages)
    environment.globals.update(
        value=lambda path, form: Markup(output(path, form)),
        math=lambda latex, display="inline": Markup(mathml(latex, display=display)),
        corpus=load_facts(root, "corpus"),
    )
    page = environment.get_template("lab.html").render(
        csp="; ".join(f"{key} {value}" for key, value in CSP.items()),
        rhythm=RHYTHM,
        parts=parts,
        edition=edition(root, numbers),
        assets=assets,
        version=version(root),
        synthesis=synthesis,
        tracks=[{**track, "scene": opening[track["id"]]} for track in parts[0]["tracks"]],
        settings=script_json(json.dumps(settings_table(root), ensure_ascii=False)),
        manifest=None if assets.get("manifest") is None else script_json(assets["manifest"]),
    )
    (out / "index.html").write_text(page, encoding="utf-8")
    return fragments
