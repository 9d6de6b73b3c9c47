"""The guides: a page for authors of textbooks, one for instructors, and the wheel that checks reports.

The student's pages do not link to them. A guide is site/pages/guide-NAME.md; a line [[NAME]] in it is replaced by
something made here: the expected figures, the form for the link of a class, the name of the wheel, the shortcode.
"""

import base64
import hashlib
import html
import io
import json
import re
import zipfile
from pathlib import Path

from markupsafe import Markup

from tools import front_matter, markdown_text, pages, site_facts
from tools.json_in_page import script_json
from tools.number_formats import significant
from tools.page_error import PageError

GUIDES = ("authors", "instructors")
SCRIPTS = {"authors": (), "instructors": ("lab", "forms", "format", "state", "guide")}
EXPECTED = "expected"
SHORTCODE = Path("_extensions") / "data-selection-lab" / "data-selection-lab.lua"


def wheel_with_data(wheel, data):
    """A wheel of the core with the lab's data next to the package: a teacher installs nothing else.

    Parameters
    ----------
    wheel : Path
    data : Path
        Directory of the data files.

    Returns
    -------
    bytes
        The same bytes for the same input.
    """
    archive, added = (
        io.BytesIO(),
        {
            f"dataselect_data/{path.name}": path.read_bytes()
            for path in sorted(data.iterdir())
            if path.is_file()
        },
    )
    with zipfile.ZipFile(wheel) as plain, zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as full:
        for entry in plain.infolist():
            content = plain.read(entry)
            if entry.filename.endswith(".dist-info/RECORD"):
                lines = [f"{name},{_digest(item)},{len(item)}\n" for name, item in added.items()]
                content += "".join(lines).encode()
            full.writestr(entry, content)
        for name, item in added.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            full.writestr(entry, item)
    return archive.getvalue()


def _digest(data):
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def figure(value):
    """A number of the tables, to four digits."""
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value):,}"
    if abs(value) >= 1e6 or 0 < abs(value) < 1e-3:
        return f"{value:.3e}"
    return significant(value, 4)


def span(low_high):
    """Both ends of a range, or its only value."""
    if low_high is None:
        return "–"
    low, high = map(figure, low_high)
    return low if low == high else f"{low} to {high}"


def _of_tracks(limit, tracks):
    """The titles of the tracks that have a limit, or nothing if all have it."""
    return ", ".join(tracks[track_id] for track_id in limit.get("tracks", ()))


def _end(value):
    """One end of a range: 1e9, 0.01, 600."""
    return (
        f"{value:g}".replace("e+0", "e").replace("e+", "e")
        if value < 1e6 or value % 1e6
        else f"{value:.0e}".replace("e+0", "e").replace("e+", "e")
    )


def form_limits(table):
    """The limits for the form that makes class links: part -> rows of name, label, range, percent."""
    rows = {part: [] for part in table["parts"]}
    for name, limit in table["limits"].items():
        percent, titles = limit["format"] == "percent", _of_tracks(limit, table["tracks"])
        unit = ", in %" if percent else ", in $" if limit["format"] == "dollars" else ""
        low, high = (100 * limit[end] if percent else limit[end] for end in ("low", "high"))
        span = f"from {_end(low)}" if high >= 1e9 else f"{_end(low)} to {_end(high)}"
        label = f"{titles}: {limit['label']}{unit}" if titles else f"{limit['label']}{unit}"
        rows[limit["part"]].append((name, label, span, percent))
    return rows


def limits_html(table):
    """The table of the limits that the address of a class may set."""
    rows = []
    for name, limit in table["limits"].items():
        titles = _of_tracks(limit, table["tracks"]).replace(", ", " and ")
        scope = f"Part {limit['part']}" + (f", {titles}" if titles else "")
        label = limit["label"]
        description = f"{scope}: {label if label[:3] == 'FID' else label[0].lower() + label[1:]}"
        if limit["of"]:
            description += f" ({limit['of']})"
        rows.append(
            f"<tr><td><code>{name}</code></td><td>{html.escape(description)}</td>"
            f"<td>{_end(limit['low'])} to {_end(limit['high'])}</td></tr>"
        )
    head = "<tr><th>In the address</th><th>Limits</th><th>Allowed</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def expected_html(tables, tracks, parts):
    """The tables of `derive.build`, folded by part and track."""
    lines = []
    for part, by_track in tables.items():
        lines.append(f'<h3 id="expected-{part}">Part {part}: {html.escape(parts[part])}</h3>')
        for track, track_tables in by_track.items():
            title = tracks[track]["title"]
            lines.append(f'<details data-expected="{track}/{part}"><summary>{html.escape(title)}</summary>')
            lines += [_table(table, f"{title}, Part {part}, {table['title']}") for table in track_tables]
            lines.append("</details>")
    return "\n".join(lines)


def _table(table, caption):
    caption = html.escape(caption)
    headings = ("Figure", *table["columns"], "Unit", "Kind")
    head = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in headings)
    rows = []
    for path, unit, kind, ends in table["rows"]:
        cells = "".join(f"<td>{span(low_high)}</td>" for low_high in ends)
        rows.append(
            f'<tr><th scope="row"><code>{html.escape(path)}</code></th>{cells}'
            f"<td>{html.escape(unit)}</td><td>{kind}</td></tr>"
        )
    body = "".join(rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}"><table class="figures">'
        f"<caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def shortcode_html(root):
    """The syntax of the shortcode for Quarto, from the head of its source, because braces have a meaning in a text."""
    text = (root / SHORTCODE).read_text("utf-8")
    lines = re.findall(r"^--   (\{\{<.*>\}\})$", text, flags=re.MULTILINE)
    return f'<pre tabindex="0"><code>{html.escape(chr(10).join(lines), quote=False)}\n</code></pre>'


def build(root, out, assets, tables, wheel):
    """Write guide-authors.html and guide-instructors.html.

    Parameters
    ----------
    root, out : Path
        The repository, and the directory of the built site.
    assets : dict
        "style": relative URL of the style sheet; "first": relative URL of the script that loads the others;
        "scripts": name of a guide -> relative URL of its joined script, if it has one.
    tables : dict
        As from `derive.build`.
    wheel : str
        Name of the wheel that is in the same folder as the guides.
    """
    folder, tracks = root / "site" / "pages", site_facts.load_facts(root, "tracks")
    table = site_facts.settings_table(root)
    environment = pages.templates(folder)
    blocks = {
        EXPECTED: expected_html(tables, tracks, table["parts"]),
        "link-form": environment.get_template("link-form.html").render(
            tracks=tracks,
            parts=table["parts"],
            limits=form_limits(table),
            seed=table["settings"]["1"]["seed"],
        ),
        "limits": limits_html(table),
        "wheel": html.escape(wheel),
        "quarto": shortcode_html(root),
    }
    for name in GUIDES:
        source = f"guide-{name}.md"
        meta, text = front_matter.read((folder / source).read_text(encoding="utf-8"), source, {"title": str})
        body = str(markdown_text.render(text, source)).replace("<pre>", '<pre tabindex="0">')  # it may scroll
        unknown = set(re.findall(r"\[\[([a-z-]+)\]\]", body)) - set(blocks)
        if unknown:
            missing = ", ".join(sorted(unknown))
            raise PageError(f"{source}: there is no {missing}, only {', '.join(blocks)}")
        body = re.sub(
            r"<p>\[\[([a-z-]+)\]\]</p>|\[\[([a-z-]+)\]\]", lambda match: blocks[match[1] or match[2]], body
        )
        page = environment.get_template("guide.html").render(
            title=meta["title"],
            body=Markup(body),
            style=assets["style"],
            first=assets["first"],
            script=assets["scripts"].get(name),
            settings=script_json(json.dumps(table, ensure_ascii=False)),
            csp=pages.policy(),
        )
        (out / f"guide-{name}.html").write_text(page, encoding="utf-8")
