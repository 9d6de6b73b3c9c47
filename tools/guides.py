"""The guides: a page for authors of textbooks, one for instructors, and the wheel that checks reports.

The student's pages do not link to them. A guide is site/pages/guide-NAME.md; a line [[NAME]] in it stands for
what is made here: the expected figures, the form for the link of a class, the name of the wheel.
"""

import base64
import hashlib
import html
import io
import re
import zipfile

import jinja2
from markupsafe import Markup

from tools import pages

GUIDES = ("authors", "instructors")
SCRIPTS = {"authors": (), "instructors": ("lab", "format", "state", "guide")}
EXPECTED = "expected"


def wheel_with_data(wheel, data):
    """A wheel of the core that has the lab's data beside the package: all that a teacher installs.

    Parameters
    ----------
    wheel : Path
    data : Path
        Directory of the data files.

    Returns
    -------
    bytes
        The same for the same input.
    """
    whole, added = (
        io.BytesIO(),
        {
            f"dataselect_data/{path.name}": path.read_bytes()
            for path in sorted(data.iterdir())
            if path.is_file()
        },
    )
    with zipfile.ZipFile(wheel) as plain, zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as full:
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
    return whole.getvalue()


def _digest(data):
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def figure(value):
    """A number of the tables, to four digits."""
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value):,}"
    if abs(value) >= 1e6 or 0 < abs(value) < 1e-3:
        return f"{value:.3e}"
    return pages.significant(value, 4)


def span(low_high):
    """Both ends of a range, or the one value of it."""
    if low_high is None:
        return "–"
    low, high = map(figure, low_high)
    return low if low == high else f"{low} to {high}"


def expected_html(tables, tracks):
    """The tables of `expected.build`, folded by part and track."""
    lines = []
    for part, by_track in tables.items():
        lines.append(f'<h3 id="expected-{part}">Part {part}: {html.escape(pages.PARTS[int(part) - 1])}</h3>')
        for track, found in by_track.items():
            title = tracks[track]["title"]
            lines.append(f'<details data-expected="{track}/{part}"><summary>{html.escape(title)}</summary>')
            lines += [_table(table, f"{title}, Part {part}, {table['title']}") for table in found]
            lines.append("</details>")
    return "\n".join(lines)


def _table(table, caption):
    caption = html.escape(caption)
    headings = ("Figure", *table["columns"], "Unit", "Kind")
    head = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in headings)
    rows = []
    for path, unit, kind, ends in table["rows"]:
        cells = "".join(f"<td>{span(each)}</td>" for each in ends)
        rows.append(
            f'<tr><th scope="row"><code>{html.escape(path)}</code></th>{cells}'
            f"<td>{html.escape(unit)}</td><td>{kind}</td></tr>"
        )
    body = "".join(rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}"><table class="figures">'
        f"<caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def build(root, out, assets, tables, wheel):
    """Write guide-authors.html and guide-instructors.html.

    Parameters
    ----------
    root, out : Path
        The repository, and the directory of the built site.
    assets : dict
        "style": relative URL of the style sheet; "first": that of the script which loads the others;
        "scripts": name of a guide -> relative URL of its joined script, where it has one.
    tables : dict
        As from `expected.build`.
    wheel : str
        Name of the wheel that lies beside the guides.
    """
    folder, tracks = root / "site" / "pages", pages.load_facts(root, "tracks")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made = {
        EXPECTED: expected_html(tables, tracks),
        "link-form": environment.get_template("link-form.html").render(tracks=tracks, parts=pages.PARTS),
        "wheel": html.escape(wheel),
    }
    for name in GUIDES:
        source = f"guide-{name}.md"
        meta, text = pages.front_matter((folder / source).read_text(encoding="utf-8"), source)
        body = str(pages.render(text, source)).replace("<pre>", '<pre tabindex="0">')  # it may scroll
        unknown = set(re.findall(r"\[\[([a-z-]+)\]\]", body)) - set(made)
        if unknown:
            missing = ", ".join(sorted(unknown))
            raise pages.PageError(f"{source}: there is no {missing}, only {', '.join(made)}")
        body = re.sub(
            r"<p>\[\[([a-z-]+)\]\]</p>|\[\[([a-z-]+)\]\]", lambda match: made[match[1] or match[2]], body
        )
        page = environment.get_template("guide.html").render(
            title=meta["title"],
            body=Markup(body),
            style=assets["style"],
            first=assets["first"],
            script=assets["scripts"].get(name),
            csp="; ".join(f"{key} {value}" for key, value in pages.CSP.items()),
        )
        (out / f"guide-{name}.html").write_text(page, encoding="utf-8")
