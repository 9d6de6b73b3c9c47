// Where a reader was: the place, the step, the scroll position and the focused field, for the next visit. It is kept in
// this browser only; reports and exports do not contain it.
"use strict";

lab.where = (() => {
  const WHERE = "data-selection-lab where";
  const ON_PAGE = "data-selection-lab where on the page"; // of this tab, for a reload
  const PATIENCE = 60_000; // ms after which late figures no longer scroll the page
  const MOVES = ["wheel", "touchstart", "keydown", "pointerdown"]; // of a reader, who then decides what is in view
  const framed = window.parent !== window; // in a frame, focus and scroll position belong to the page around it
  const bare = !location.search; // as the page was opened; later its address contains the state

  /** All on one page, what is at the top of the window, and how far from its edge: results above it change the height. */
  function onPage() {
    const inView = ({ y, height }) => height > 0 && y >= 0 && y < innerHeight;
    const seen = lab.all("main [id]").map((element) => ({ element, box: element.getBoundingClientRect() })).filter(({ box }) => inView(box));
    const first = seen.sort((one, other) => one.box.y - other.box.y)[0];
    return first ? { id: first.element.id, y: first.box.y, focus: document.activeElement?.id || "" } : null;
  }

  /** After a reload of the whole page, keeps that element where it was while Python fills the page. */
  function putPageBack() {
    /** @type {PerformanceNavigationTiming | undefined} */
    const navigation = /** @type {any} */ (performance.getEntriesByType("navigation")[0]);
    if (framed || navigation?.type !== "reload") return;
    let last = null;
    try {
      last = JSON.parse(sessionStorage.getItem(ON_PAGE) || "null");
    } catch { /* then the browser decides */ }
    const element = last && document.getElementById(String(last.id));
    if (!element) return;
    history.scrollRestoration = "manual";
    const restore = () => element.getClientRects().length && scrollBy(0, element.getBoundingClientRect().y - (Number(last.y) || 0));
    document.getElementById(String(last.focus))?.focus({ preventScroll: true });
    const grown = new ResizeObserver(restore);
    grown.observe(document.body);
    const moved = new AbortController();
    moved.signal.addEventListener("abort", () => grown.disconnect());
    for (const event of MOVES) addEventListener(event, () => moved.abort(), { signal: moved.signal });
    setTimeout(() => moved.abort(), PATIENCE);
    restore();
  }

  function keep() {
    if (framed) return;
    if (!lab.steps.on()) {
      try {
        sessionStorage.setItem(ON_PAGE, JSON.stringify(onPage()));
      } catch { /* then a reload begins where the browser puts it */ }
      return;
    }
    const { part } = lab.main.state();
    const where = { track: lab.main.track, place: lab.steps.place, part, step: lab.steps.step(part) || "", scroll: scrollY, focus: document.activeElement?.id || "" };
    try {
      localStorage.setItem(WHERE, JSON.stringify(where));
    } catch { /* then the next visit begins at the start */ }
  }

  const isOfPart = ({ part, step }) => lab.state.steps.includes(step) && lab.all("[data-part]").some((section) => section.dataset.part === part);

  /** The kept place, if this lab has it; else null. */
  function kept() {
    if (framed) return null;
    try {
      const place = JSON.parse(localStorage.getItem(WHERE) || "null");
      if (!place || !lab.state.tracks.includes(place.track)) return null;
      return ["start", "synthesis", "record"].includes(place.place) || (place.place === "part" && isOfPart(place)) ? place : null;
    } catch {
      return null;
    }
  }

  /** Restores scroll position and focus; the scroll position again when figures come, unless the reader moved on. */
  function putBack({ scroll, focus }) {
    const restoreScroll = () => scrollTo(0, Number(scroll) || 0);
    const moved = new AbortController();
    for (const event of MOVES) addEventListener(event, () => moved.abort(), { signal: moved.signal });
    document.getElementById(String(focus))?.focus({ preventScroll: true });
    restoreScroll();
    document.addEventListener("lab:python", ({ detail }) => {
      if (detail.type === "results" && !moved.signal.aborted) requestAnimationFrame(restoreScroll);
    }, { signal: moved.signal });
    setTimeout(() => moved.abort(), PATIENCE);
  }

  function forget() {
    try {
      localStorage.removeItem(WHERE);
      sessionStorage.removeItem(ON_PAGE);
    } catch { /* nothing was kept */ }
  }

  globalThis.addEventListener("pagehide", () => lab.attempt("where the reader is", keep));

  return {
    putBack, putPageBack, forget,
    get kept() { return kept(); },
    /** The kept place, for a reader who returns by the bare address, without a part, a track or a class in it. */
    get left() { return bare && lab.steps.on() ? kept() : null; },
  };
})();
