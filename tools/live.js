// The development server adds this script to every page that it serves; it is no part of the site.
// It reloads the page after a build, puts a new style sheet or new Python in place without that, and shows why a build
// failed.
(() => {
  const KEEP = "lab:live";
  const PATIENCE = 15_000; // ms in which a page grows to its height again
  const SITE = "/lib/python3.13/site-packages";
  // The modules of the lab are imported anew. Where that fails, the old ones stay. Beside a source of the core lies its
  // byte code, which Python would take without looking at the source.
  const REMAKE = `
import importlib, importlib.util, os, sys

def own():
    return [name for name in sys.modules if name.partition(".")[0] in ("apps", "dataselect_core")]

def remake(send, load):
    old = {name: sys.modules.pop(name) for name in own()}
    try:
        importlib.invalidate_caches()
        from apps.bridge import Bridge
        return Bridge(send, load)
    except BaseException:
        for name in own():
            del sys.modules[name]
        sys.modules.update(old)
        raise

for path in PATHS:
    kept = importlib.util.cache_from_source(path)
    if os.path.exists(kept):
        os.remove(kept)
remake
`;
  let known = null;
  /** Whether the page's Python has taken over the sources that changed last. */
  let swapped = Promise.resolve(false);
  /** What to call when Python has done with each swap, in their order. */
  let waiting = null;

  // Kept over a reload: where the reader was. Settings and answers are in the record.
  function reload() {
    try {
      sessionStorage.setItem(KEEP, JSON.stringify({ x: scrollX, y: scrollY }));
    } catch {
      // without storage the page begins at its top
    }
    location.reload();
  }

  function restore() {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(KEEP));
      sessionStorage.removeItem(KEEP);
    } catch {
      // as above
    }
    if (!kept) return;
    const began = performance.now();
    let moved = false;
    for (const name of ["wheel", "touchmove", "keydown", "pointerdown"]) {
      addEventListener(name, () => (moved = true), { once: true, passive: true });
    }
    const again = () => {
      if (moved) return;
      if (Math.abs(scrollY - kept.y) > 1) scrollTo({ left: kept.x, top: kept.y, behavior: "instant" });
      const there = Math.abs(scrollY - kept.y) <= 1 && document.documentElement.dataset.boot === "live";
      if (!there && performance.now() - began < PATIENCE) setTimeout(again, 100);
    };
    again();
  }

  function style(url) {
    for (const old of document.querySelectorAll('link[rel="stylesheet"]')) {
      if (!/\/style\.[0-9a-f]+\.css$/.test(old.href)) continue;
      const next = old.cloneNode();
      next.href = url;
      next.addEventListener("load", () => old.remove(), { once: true });
      old.after(next);
    }
  }

  /** Hands changed Python sources to the Python of the page. @param {Record<string, string>} sources */
  function swap(sources) {
    if (!lab.boot.live) return Promise.resolve(false);
    const files = Object.entries(sources).map(([name, text]) => ({ path: `${SITE}/${name}`, bytes: new TextEncoder().encode(text).buffer }));
    const paths = JSON.stringify(files.map(({ path }) => path));
    return new Promise((resolve) => {
      if (!waiting) {
        waiting = [];
        lab.boot.listen(({ type, well }) => type === "swapped" && waiting.shift()(well));
      }
      waiting.push(resolve);
      lab.boot.post({ type: "swap", files, program: REMAKE.replace("PATHS", paths) }, files.map(({ bytes }) => bytes));
    });
  }

  function fault(text) {
    document.querySelector("[data-live-fault]")?.remove();
    if (!text) return;
    const box = document.createElement("div");
    box.dataset.liveFault = "";
    box.setAttribute("role", "alert");
    box.style.cssText =
      "position:fixed;inset:auto 0 0 0;max-height:70vh;overflow:auto;z-index:2147483647;padding:1rem;margin:0;" +
      "background:#7a0c0c;color:#fff;font:14px/1.4 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere";
    box.textContent = `The build failed; this is the last good page.\n\n${text}`;
    document.body.append(box);
  }

  async function take(told) {
    if (told.code) {
      swapped = swap(told.code);
      return;
    }
    fault(told.fault);
    if (known === null || told.token === known) known = told.token;
    else if (told.style && told.before === known) {
      known = told.token;
      style(told.style);
    } else if (told.swapped && told.before === known && (await swapped)) known = told.token;
    else reload();
  }

  const events = new EventSource("/@lab/events");
  // One message at a time: the next build is compared with the one that the page shows once it has taken this one over.
  let turn = Promise.resolve();
  events.addEventListener("message", ({ data }) => (turn = turn.then(() => take(JSON.parse(data))).catch(reload)));
  // A page that leaves closes its line, or six of them would be all that a browser allows.
  addEventListener("pagehide", () => events.close());
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  restore();
})();
