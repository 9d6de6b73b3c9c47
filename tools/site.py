"""Write dist/: hashed assets, the payloads of the offline page, the first views, index.html.

The name of every file that ships contains a hash of its content. Files that a static host would not compress are stored
gzipped, the large archives compressed with Zstandard. All files are stored a second time, gzipped, as classic scripts
under offline/, since a page that is opened from a folder may load nothing else.
"""

import base64
import gzip
import hashlib
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import (
    apart,
    built_audits,
    bundle,
    colours,
    guides,
    installable,
    lock,
    node,
    pages,
    service_worker,
    shell,
    site_facts,
    track_styles,
    views,
)
from tools import scripts as scripts_of_the_page
from tools.progress import Progress

HERE = Path(__file__).parent
PANEL_ROOT = "panel/"  # where the documents look for Panel's stylesheets, relative to index.html
SHELL = (
    "lab",
    "forms",
    "dialog",
    "format",
    "fill",
    "names",
    "state",
    "schema",
    "merge",
    "store",
    "snapshot",
    "shelf",
    "worker",
    "boot",
    "documents",
    "ranges",
    "lock",
    "assumptions",
    "clusters",
    "scrollers",
    "desk",
    "plots",
    "record",
    "report",
    "verify",
    "texts",
    "map",
    "synthesis",
    "main",
    "sheets",
    "kinds",
    "motion",
    "drawer",
    "steps",
    "where",
    "links",
    "embed",
    "part2",
    "part3",
    "touch",
    "own",
    "offline",
)
COLOURS = {
    "background-color": "paper",
    "on-background-color": "ink",
    "surface-color": "soft",
    "on-surface-color": "ink",
    "border-color": "control-border",
    "primary-color": "blue",
    "on-primary-color": "on-blue",
}
# Bokeh draws some arrows in its own colours: those of number fields in --color, those of lists as a picture, which gets a
# grey that contrasts with light and with dark.
ARROWS = """
:host { --color: var(--ink, #18191D); }
select.bk-input:not([multiple], [size]) {
  background-image: url("data:image/svg+xml,%3Csvg viewBox='0 0 25 20' xmlns='http://www.w3.org/2000/svg'%3E%3Cpath d='M0 0h25L12.5 20Z' fill='%23808080'/%3E%3C/svg%3E");
}
"""
PAGE_SCRIPTS = ("bokeh.min.js", "bokeh-widgets.min.js", "bokeh-tables.min.js", "panel.min.js")
ARCHIVES = ("python_stdlib.zip", "numpy.zip", "site-packages.zip")  # of third-party code
RUNTIME = ("fzstd.js", "pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", *ARCHIVES)
SERVED_PLAIN = (".js", ".wasm")  # static hosts compress these themselves
LARGE = (".zip", ".audit")  # worth a decompressor of our own


def digest(data):
    """A short name for some bytes, from their hash."""
    return hashlib.sha256(data).hexdigest()[:10]


def style(root):
    """The style sheet: the colours, the rules that follow from the tables, then the others."""
    rules = (root / "site" / "shell" / "style.css").read_text("utf-8")
    tracks = track_styles.css(site_facts.load_facts(root, "tracks"))
    return f"{colours.css(site_facts.load_facts(root, 'colours'))}\n{tracks}\n{rules}".encode()


class Assets:
    """Writes files under names that contain a hash of their content.

    Parameters
    ----------
    out, cache : Path
        The new folder of the site; the folder where compressed files are cached.
    last : Path, optional
        The folder of the last build: unchanged files are moved from there.
    """

    def __init__(self, out, cache, last=None):
        self.out, self.cache, self.last = out, cache, last
        cache.mkdir(parents=True, exist_ok=True)
        (out / "assets").mkdir(parents=True)
        (out / "offline").mkdir()

    def put(self, url, data):
        """Write one file at a relative URL."""
        previous = self.last / url if self.last else None
        if previous and previous.is_file() and previous.read_bytes() == data:
            previous.replace(self.out / url)
        else:
            (self.out / url).write_bytes(data)

    def add(self, name, data):
        """Write one file for the page itself; returns its relative URL."""
        stem, _dot, kind = name.rpartition(".")
        url = f"assets/{stem}.{digest(data)}.{kind}"
        self.put(url, data)
        return url

    def pack(self, data, how="gzip"):
        """The bytes compressed, by "gzip" or "zstd"; cached from build to build, since compressing takes seconds."""
        return packed(self.cache, data, how)

    def ship(self, name, data):
        """Write one file for Python's worker, once for a server and once for a folder; returns its manifest entry."""
        compression = packing(name)
        # not ".gz", which some servers would unpack
        url = self.add(f"{name}.bin", self.pack(data, compression)) if compression else self.add(name, data)
        offline = f"offline/{name}.{digest(data)}.js"
        text = base64.b64encode(
            self.pack(data)
        ).decode()  # gzip, which the page can unpack without another script
        self.put(offline, f'lab.payload("{name}","{text}");\n'.encode())
        arriving = (self.out / url).stat().st_size
        return {"url": url, "offline": offline, "size": len(data), "bytes": arriving, "packed": compression}


def packing(name):
    """How a file is compressed on the server: None (not at all), "gzip" or "zstd"."""
    return None if name.endswith(SERVED_PLAIN) else "zstd" if name.endswith(LARGE) else "gzip"


def packed(cache, data, compression):
    """Bytes compressed, by "gzip" or "zstd"; kept in the folder `cache`, since compressing takes seconds."""
    cached = cache / f"{hashlib.sha256(data).hexdigest()}.{compression}"
    if not cached.exists():
        if compression == "gzip":
            apart.write(cached, gzip.compress(data, 9, mtime=0))
        else:
            compressed, raw = cached.with_suffix(".new"), cached.with_suffix(".raw")
            raw.write_bytes(data)
            node.node(HERE / "zstd.mjs", raw, compressed)
            raw.unlink()
            compressed.replace(cached)
    return cached.read_bytes()


def pack_runtime(root, runtime):
    """Compress what `bundle.build` made, on all processors, so that `build` finds it compressed."""
    cache = root / ".build" / "packed"
    cache.mkdir(parents=True, exist_ok=True)
    files = [(name, (runtime / name).read_bytes()) for name in RUNTIME]
    work = [(data, compression) for name, data in files for compression in {"gzip", packing(name)} - {None}]
    work.sort(key=lambda job: (job[1] == "zstd", len(job[0])), reverse=True)  # the slowest first
    with (
        Progress("compressing", sum(len(data) for data, _ in work)) as progress,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):

        def compress(data, compression):
            packed(cache, data, compression)
            progress.step(len(data))

        for future in [pool.submit(compress, *job) for job in work]:
            future.result()


def themed(sheet):
    """Panel's sheet with the page's colours, which have a dark scheme; Panel's own are used if a page has none."""
    for name, ours in COLOURS.items():
        sheet, count = re.subn(rf"(--panel-{name}): ([^;]+);", rf"\1: var(--{ours}, \2);", sheet)
        if count != 1:
            raise ValueError(f"Panel's theme has --panel-{name} {count} times")
    return sheet + ARROWS


def panel_sheets(runtime, out):
    """Write Panel's stylesheets into the site, in a folder named after their content; returns its relative URL.

    Panel chooses the names of its files, so the name of the folder must differ from build to build.
    """
    sheets = {}
    for path in sorted((runtime / "panel").rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if path.match("theme/default.css"):
                data = themed(data.decode()).encode()
            sheets[path.relative_to(runtime / "panel").as_posix()] = data
    address = f"{PANEL_ROOT}{digest(b''.join(name.encode() + data for name, data in sheets.items()))}/"
    for name, data in sheets.items():
        (out / address / name).parent.mkdir(parents=True, exist_ok=True)
        (out / address / name).write_bytes(data)
    return address


def moved(documents, panel_root):
    """First views whose stylesheets are in `panel_root`."""
    return json.loads(
        re.sub(rf'"(\./)?{re.escape(PANEL_ROOT)}', rf'"\g<1>{panel_root}', json.dumps(documents))
    )


def build(root, out, runtime, wheel, data, derived, last=None, compiler=None):
    """Write the site into the empty folder `out`.

    Parameters
    ----------
    root, out : Path
        The repository, and the folder of the site.
    runtime : Path
        The folder that `bundle.build` made.
    wheel : Path
        The core's wheel.
    data : Path
        Directory of the derived data files.
    derived : dict
        As `derive.build` returns it: kind -> name -> value.
    last : Path, optional
        As in `Assets`.
    compiler : bundle.Compiler, optional
        A compiler that is already running.
    """
    scripts_of_the_page.check(root)
    assets, files = Assets(out, root / ".build" / "packed", last), {}
    for name in RUNTIME:
        files[name] = assets.ship(name, (runtime / name).read_bytes())
    files["apps.zip"] = assets.ship("apps.zip", bundle.own_code(root, lock.load(), compiler))
    files[wheel.name] = assets.ship(wheel.name, wheel.read_bytes())
    eager = list(files)
    for path in sorted(data.iterdir()):
        if path.is_file():
            files[path.name] = assets.ship(path.name, path.read_bytes())
    for name, content in built_audits.make(root, data).items():
        files[name] = assets.ship(name, content)
    panel_root = panel_sheets(runtime, out)
    packages = json.loads((runtime / "pyodide-lock.json").read_text("utf-8"))
    manifest = {
        "files": files,
        "eager": eager,
        "wheel": wheel.name,
        "panelRoot": panel_root,
        "scripts": [assets.add(name, (runtime / name).read_bytes()) for name in PAGE_SCRIPTS],
        "lock": {"info": packages["info"], "packages": {}},
    }
    sources = root / "site" / "shell"
    starting = [files[name]["url"] for name in eager] + [
        (sources / f"{name}.js").read_text("utf-8") for name in ("worker", "snapshot")
    ]
    starting.append(panel_root)
    manifest["snapshot"] = digest("\n".join(starting).encode())  # what Python starts from
    first = assets.add("first.js", (sources / f"{shell.FIRST}.js").read_bytes())
    joined = [shell.add(assets, sources, name, names) for name, names in shell.groups(SHELL).items()]
    names = {
        "scripts": [first, *joined],
        "style": assets.add("style.css", style(root)),
        "manifest": manifest,
        **installable.build(assets.add),
    }
    documents, figures = views.make(root, data, PANEL_ROOT)
    pages.build(root, out, names, moved(documents, panel_root), {**figures, "exhibit": derived["exhibit"]})
    (out / wheel.name).write_bytes(guides.wheel_with_data(wheel, data))
    guide = {
        name: shell.add(assets, sources, f"guide-{name}", needed)
        for name, needed in guides.SCRIPTS.items()
        if needed
    }
    guides.build(root, out, {**names, "first": first, "scripts": guide}, derived["expected"], wheel.name)
    service_worker.build(out)
