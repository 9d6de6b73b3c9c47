"""Turn synthesis.md and synthesis.TRACK.md into values for the templates of the synthesis, after the parts."""

import re

from markupsafe import Markup

from tools import front_matter
from tools.markdown_text import render, split
from tools.page_error import PageError

SECTIONS = {
    "evidence": "Evidence",
    "takeaways": "Takeaways",
    "cost": "Cost",
    "wall": "The Data Wall",
    "strategy": "Strategy",
}


def read_synthesis(pages, tracks, native):
    """Everything that index.html shows after the parts."""
    name = "synthesis.md"
    must = {"title": str, "cost": dict, "saved": dict}  # label -> figures, see `cost_line`
    meta, body = front_matter.read((pages / name).read_text(encoding="utf-8"), name, must)
    sections = split(body, "##", name)
    if list(sections) != list(SECTIONS.values()):
        raise PageError(
            f"{name}: the sections must be {', '.join(SECTIONS.values())}, in this order; "
            f"found {', '.join(sections)}"
        )
    texts = {key: render(sections[title], name, {"native": native}) for key, title in SECTIONS.items()}
    # Without the reader's numbers, there are no takeaways.
    texts["takeaways"] = Markup(str(texts["takeaways"]).replace("<li>", "<li hidden>"))
    costs = {key: [cost_line(*line, name) for line in meta[key].items()] for key in ("cost", "saved")}
    of_tracks = []
    for track_id, track in tracks.items():
        name = f"synthesis.{track_id}.md"
        text = render((pages / name).read_text(encoding="utf-8"), name, {"native": native, "track": track})
        of_tracks.append({"id": track_id, "text": text})
    return {"title": meta["title"], "sections": texts, "costs": costs, "tracks": of_tracks}


def cost_line(label, figures, name):
    """A line of the bill from its label and "PART:path / PART:path": of these figures, the first that exists counts."""
    paths = [path.strip() for path in str(figures).split("/")]
    if not all(re.fullmatch(r"[123]:[a-z0-9_.]+", path) for path in paths):
        raise PageError(f"{name}: a cost must be 'Label: PART:path', not '{label}: {figures}'")
    return [label, paths]
