"""Turn the Markdown of the parts and of the opening scenes in site/pages into values for the templates."""

import re

from tools import front_matter
from tools.assumption_rows import assumption_rows
from tools.markdown_text import inline, render, split
from tools.number_formats import FORMATS
from tools.page_error import PageError

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
MUST = {
    "title": str,
    "stage": str,
    "minutes": int,
    "question": str,
    "answer_label": str,
    "answer_unit": str,
    "answer_min": front_matter.NUMBER,
    "answer_max": front_matter.NUMBER,
    "brief": str,  # what one has to know before the prediction
    "steps": dict,  # step of STEPS -> its heading
    "changes": dict,  # label -> path|format, for figures that change when a control is moved
    "more": dict,  # anchor -> title, for the items in the step "more"
    "evidence": dict,  # label -> path|format
    "reflection": str,
    "assumptions": dict,  # name of a fact -> label, or nothing for its own title
}
STEPS = {"predict": "Predict", "explore": "Explore", "explain": "Explain", "decide": "Decide", "more": "More"}
MAY = {
    "choices_label": str,
    "choices": dict,  # value -> words
    "choices_most": dict,  # value -> the largest answer that goes with it
    "reflection_lock": str,
}


def part_numbers(pages):
    """The numbers of the parts whose Markdown is in the directory `pages`."""
    matches = (re.fullmatch(r"part-(\d+)\.md", path.name) for path in pages.iterdir())
    return sorted(int(match[1]) for match in matches if match)


def evidence_lines(evidence, name):
    """The lines of captured evidence in a record: label -> "path|format" as [label, path, format]."""
    lines = []
    for label, figure in evidence.items():
        path, _, form = str(figure).partition("|")
        if form not in FORMATS:
            raise PageError(f"{name}: evidence {label!r}: format must be one of {', '.join(FORMATS)}")
        lines.append([label, path, form])
    return lines


def read_part(pages, number, tracks, prices, constraints, native):
    """Everything that index.html shows of one part."""
    name = f"part-{number}.md"
    meta, body = front_matter.read((pages / name).read_text(encoding="utf-8"), name, MUST, MAY)
    sections = split(body, "##", name)
    titles = [title for _, title in RHYTHM]
    if list(sections) != titles:
        raise PageError(
            f"{name}: the sections must be {', '.join(titles)}, in this order; found {', '.join(sections)}"
        )
    most = meta.get("choices_most", {})
    part = {"number": number, **meta, "bench": f"part-{number}.bench.html"}
    part["sections"] = {key: render(sections[title], name, {"native": native}) for key, title in RHYTHM}
    part["reflection"] = inline(meta["reflection"], name)
    part["choices"] = [
        {"value": value, "label": label, "most": most.get(value)}
        for value, label in meta.get("choices", {}).items()
    ]
    part["evidence"] = evidence_lines(meta["evidence"], name)
    if list(meta["steps"]) != list(STEPS):
        raise PageError(f"{name}: steps must have a heading for {', '.join(STEPS)}, in this order")
    part["brief"] = inline(meta["brief"], name)
    part["constraints"] = constraint_rows(number, tracks, constraints)
    part["changes"] = evidence_lines(meta["changes"], name)
    part["assumptions"] = assumption_rows(meta["assumptions"], number, tracks, prices)
    part["tracks"] = [_of_track(pages, number, track_id, track, native) for track_id, track in tracks.items()]
    return part


def constraint_rows(number, tracks, table):
    """The rows of `facts/constraints.json` for one part, in order; a row of some tracks alone once for each of them."""
    rows = []
    for name, row in table[str(number)].items():
        if "title" in row:
            rows.append({"name": name, "track": "", **row})
        else:
            kinds = {track_id: track[f"part_{number}"][name] for track_id, track in tracks.items()}
            rows += [{"name": name, "track": track_id, **row[kind]} for track_id, kind in kinds.items()]
    return rows


def _of_track(pages, number, track_id, track, native):
    """The values that one track adds to a part."""
    name = f"part-{number}.{track_id}.md"
    meta, body = front_matter.read((pages / name).read_text(encoding="utf-8"), name, {"icon": str})
    values = {"native": native, "track": {**track, **track[f"part_{number}"]}}
    crisis_name, dot, crisis = track["crisis"].partition(". ")
    return {
        "id": track_id,
        **track,
        **meta,
        "crisis_name": crisis_name + dot.strip(),
        "crisis": crisis,
        "text": render(body, name, values),
    }


def scenes(pages, tracks):
    """The opening scene of every track, from scene.TRACK.md: track -> HTML."""
    opening = {}
    for track_id, track in tracks.items():
        name = f"scene.{track_id}.md"
        opening[track_id] = render((pages / name).read_text(encoding="utf-8"), name, {"track": track})
    return opening
