"""The audits with which Part 1 opens, computed by the build, so that a page need not compute them before it answers.

Each is kept from build to build under a key of the code, settings and data that it was made from.
"""

import base64
import json

from tools import apart, derive, meaning

TEXTS = ("licences", "crawl")  # the other corpora are smaller: their audits take a few tenths of a second
ENTRY = "tools.built_audits:compute"


def needed(root):
    """The corpora of texts with which a track opens, each with that track: (corpus, track)."""
    tracks = json.loads((root / "src" / "dataselect_core" / "facts" / "tracks.json").read_text("utf-8"))
    opened = [(track["part_1"]["corpus"], name) for name, track in tracks.items()]
    return [(corpus, name) for corpus, name in opened if corpus in TEXTS]


def compute(corpus_name, track_id, progress=None):
    """The name and the file of one audit at the default settings; the file in base64."""
    from dataselect_core import tracks
    from dataselect_core.dedup.audit import Audit
    from dataselect_core.dedup.built import file_name, pack
    from dataselect_core.figures.deduplication.situation import corpus, redundancy
    from dataselect_core.settings import SETTINGS

    track = tracks.track(track_id)
    share = redundancy(corpus_name, track)
    settings = [SETTINGS["1"][name].default for name in ("width", "num_perm", "seed")]
    audit = Audit(corpus(corpus_name, track), *settings)
    content = pack(audit, [corpus_name, share, *settings])
    if progress:
        progress(1.0)
    return {"name": file_name(corpus_name, share), "file": base64.b64encode(content).decode()}


def make(root, data):
    """All files: name -> bytes.

    Parameters
    ----------
    root, data : Path
        The repository; the directory of the data files.
    """
    folder = root / ".build" / "audits"
    sources, files = meaning.Sources(root / "src", root), {}
    for arguments in needed(root):
        key = derive.key(root, data, derive.Job("audit", "-".join(arguments), ENTRY, arguments), sources)
        cached = folder / f"{key}.json"
        if not cached.exists():
            for stale in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-8]:
                stale.unlink(missing_ok=True)
            value = apart.compute(root, data, ENTRY, list(arguments))
            apart.write(cached, json.dumps(value).encode())
        value = json.loads(cached.read_text("utf-8"))
        files[value["name"]] = base64.b64decode(value["file"])
    return files
