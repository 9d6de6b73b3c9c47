"""The stock boot of the same workbench, to compare with the lab's own boot.

It starts like the page that `panel convert --to pyodide-worker` writes: Pyodide as published, with its
standard library as sources, in a worker; `loadPackage` for NumPy and micropip; one `micropip.install` of
the `.py` wheels; the app as an archive; its document sent to the page and drawn there by BokehJS. Where it
differs from that page, it is faster:

- all files come from the same server as the lab's, none from a CDN;
- Panel's and Bokeh's wheels are trimmed, like the ones that Panel puts on its CDN for this;
- micropip gets the address of every wheel and resolves nothing (`deps=False`), and the packages that Bokeh
  requires but this app never imports (Pillow, contourpy, narwhals, tornado, xyzservices) are not installed;
- MarkupSafe and PyYAML are installed as pure Python, to which they fall back without their binary modules.

The app is the lab's (`apps.bridge.Bridge`), with the lab's wheel of the core and the lab's data. It computes the audit
with which it opens; the lab's page opens with one that its build has computed, and checks it later.
"""

import gzip
import io
import json
import re
import shutil
import zipfile
from pathlib import Path

from tools import bundle, fetch, site

PYODIDE = ["pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", "numpy", "micropip"]
WHEELS = [name for name in bundle.PURE if name != "micropip"]
TRIMMED = {
    "panel": r"^panel/(dist/(?!css/)|examples/|tests/)",
    "bokeh": r"^bokeh/(?!core/_templates).*(\.js|\.d\.ts|\.tsbuildinfo|bokeh\.json)$",
    "markupsafe": r"\.so$",
    "pyyaml": r"\.so$",
}

WORKER = """\
importScripts("pyodide/pyodide.js");
let bridge;

async function start({ wheels }) {
  const pyodide = await loadPyodide({ env: { HOME: "/home/pyodide", PANEL_CDN_ROOT: "panel/" } });
  const bytes = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());
  await pyodide.loadPackage(["numpy", "micropip"]);
  pyodide.globals.set("wheels", pyodide.toPy(wheels.map((name) => new URL(`wheels/${name}`, location).href)));
  await pyodide.runPythonAsync("import micropip\\nawait micropip.install(wheels, deps=False)");
  const site = pyodide.runPython("import site\\nsite.getsitepackages()[0]");
  pyodide.unpackArchive(await bytes("apps.zip"), "zip", { extractDir: site });
  const folder = `${site}/dataselect_data`;
  pyodide.FS.mkdirTree(folder);
  const load = async (name) => pyodide.FS.writeFile(`${folder}/${name}`, await bytes(`data/${name}`));
  pyodide.runPython("import sys, types\\nsys.modules['pyodide_http'] = types.SimpleNamespace(patch_all=lambda: None)");
  bridge = pyodide.pyimport("apps.bridge").Bridge((text) => postMessage({ text }), load);
  postMessage({ documents: bridge.documents() });
}

let queue = Promise.resolve();
onmessage = ({ data }) => {
  const work = () => (data.wheels ? start(data) : bridge.receive(data.text));
  queue = queue.then(work).catch((error) => postMessage({ failed: String(error) }));
};
"""

PAGE = """\
<!doctype html><meta charset="utf-8"><title>The stock boot</title>
SCRIPTS
<section data-part="1"></section>
<script>
const section = document.querySelector("section");
const worker = new Worker("worker.js");
const send = (message) => worker.postMessage({ text: JSON.stringify(message) });
let bokeh = null;
let latest = null;
globalThis.lab = { main: { latest: () => latest } };

async function show(json) {
  bokeh = Bokeh.require("document").Document.from_json(json);
  const places = bokeh.roots().map(() => section.appendChild(document.createElement("div")));
  await Bokeh.embed.add_document_standalone(bokeh, section, places, false);
  bokeh.on_change((event) => {
    const events = event.events ? (event.sync ? event.events : []) : [event];
    if (events.length) send({ type: "patch", part: "1", patch: bokeh.create_json_patch(events) });
  }, true);
  performance.mark("lab:live");
  document.documentElement.dataset.boot = "live";
  const settings = Object.fromEntries(new URLSearchParams(location.search));
  settings.threshold = Number(settings.threshold);
  const { track, part, ...state } = settings;
  send({ type: "open", part, state: { track, prediction: 20, settings: state } });
}

worker.onmessage = ({ data }) => {
  if (data.failed) {
    document.documentElement.dataset.boot = "failed";
    throw new Error(data.failed);
  }
  if (data.documents) return show(JSON.parse(data.documents)["1"]);
  const said = JSON.parse(data.text);
  if (said.type === "patch") bokeh.apply_json_patch(said.patch);
  if (said.type !== "results") return;
  latest = said;
  section.dataset.results = Number(section.dataset.results || 0) + 1;
};
worker.postMessage({ wheels: WHEELS });
</script>
"""


def make(root, lock, lab, out):
    """Write the page and everything that it loads.

    Parameters
    ----------
    root : Path
        The repository, with `.build/runtime` made.
    lock : dict
        The lock of the files that ship.
    lab : Path
        The built site, from which the app, the core and the data are taken.
    out : Path
        Directory to write; made here.
    """
    (out / "wheels").mkdir(parents=True)
    (out / "pyodide").mkdir()
    runtime = root / ".build" / "runtime"
    for name in PYODIDE:
        shutil.copy(fetch.fetch(lock, name), out / "pyodide")
    packages = json.loads(fetch.fetch(lock, "pyodide-lock.json").read_text("utf-8"))
    # The same version on PyPI is packed differently and has another hash than the one on Pyodide's CDN.
    packages["packages"]["micropip"]["sha256"] = lock["files"]["micropip"]["sha256"]
    (out / "pyodide" / "pyodide-lock.json").write_text(json.dumps(packages), "utf-8")
    wheels = [trimmed(name, fetch.fetch(lock, name), out / "wheels") for name in WHEELS]
    wheels += unpack(lab, out)
    (out / "apps.zip").write_bytes(archive(root / "site" / "apps", "apps"))
    for name in site.PAGE_SCRIPTS:
        shutil.copy(runtime / name, out)
    shutil.copytree(runtime / "panel", out / "panel")
    (out / "worker.js").write_text(WORKER, "utf-8")
    scripts = "\n".join(f'<script src="{name}"></script>' for name in site.PAGE_SCRIPTS)
    names = json.dumps([path.name for path in wheels])
    (out / "index.html").write_text(PAGE.replace("SCRIPTS", scripts).replace("WHEELS", names), "utf-8")


def archive(folder, prefix):
    """The Python files of a folder as a zip, the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target:
        for path in sorted(folder.rglob("*.py")):
            entry = zipfile.ZipInfo(f"{prefix}/{path.relative_to(folder).as_posix()}", (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o100644 << 16
            target.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def unpack(lab, out):
    """Unpack the core's wheel and the data of the built site; return the wheel, in a list."""
    (out / "data").mkdir()
    for packed in (lab / "assets").glob("*.bin"):
        name = packed.name.rsplit(".", 2)[0]
        if not name.endswith((".zip", ".audit")):  # an app that starts the usual way computes its audits
            folder = "wheels" if name.endswith(".whl") else "data"
            (out / folder / name).write_bytes(gzip.decompress(packed.read_bytes()))
    return list((out / "wheels").glob("dataselect_core-*.whl"))


def trimmed(name, wheel, folder):
    """Put a wheel into a folder, without the files that `TRIMMED` leaves out, and installable on every platform."""
    project, version = wheel.name.split("-")[:2]
    target = folder / f"{project}-{version}-py3-none-any.whl"
    if name not in TRIMMED:
        return Path(shutil.copy(wheel, target))
    with (
        zipfile.ZipFile(wheel) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as target_archive,
    ):
        for member in source.namelist():
            if not re.search(TRIMMED[name], member):
                target_archive.writestr(member, source.read(member))
    return target
