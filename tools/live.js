// The development server adds this script to every page that it serves; it is no part of the site.
// It reloads the page after a build, puts a new style sheet in place without that, and shows why a build failed.
(() => {
  const KEEP = "lab:live";
  const PATIENCE = 15_000; // ms in which a page grows to its height again
  let known = null;

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

  const events = new EventSource("/@lab/events");
  events.addEventListener("message", ({ data }) => {
    const told = JSON.parse(data);
    fault(told.fault);
    if (known === null || told.token === known) known = told.token;
    else if (told.style && told.before === known) {
      known = told.token;
      style(told.style);
    } else reload();
  });
  // A page that leaves closes its line, or six of them would be all that a browser allows.
  addEventListener("pagehide", () => events.close());
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  restore();
})();
