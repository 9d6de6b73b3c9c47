// Where a reader was: the place, the step, the scroll position and the focused field, for the next visit. It is kept in
// this browser only; reports and exports do not contain it.
"use strict";

lab.where = (() => {
  const WHERE = "data-selection-lab where";
  const PATIENCE = 60_000; // ms after which late figures no longer scroll the page
  const framed = window.parent !== window; // in a frame, focus and scroll position belong to the page around it
  const bare = !location.search; // as the page was opened; later its address contains the state

  function keep() {
    if (framed || !lab.steps.on()) return;
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
    for (const event of ["wheel", "touchstart", "keydown", "pointerdown"]) addEventListener(event, () => moved.abort(), { signal: moved.signal });
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
    } catch { /* nothing was kept */ }
  }

  globalThis.addEventListener("pagehide", () => lab.attempt("where the reader is", keep));

  return {
    putBack, forget,
    get kept() { return kept(); },
    /** The kept place, for a reader who returns by the bare address, without a part, a track or a class in it. */
    get left() { return bare && lab.steps.on() ? kept() : null; },
  };
})();
