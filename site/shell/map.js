// The map of the lab: the progress in each part of the present track, and the time that it was in view.
"use strict";

lab.map = (() => {
  const STATES = { new: ["○", "not started"], predicted: ["◔", "predicted"], evidence: ["◑", "evidence"], checkpoint: ["◕", "checkpoint"], decided: ["●", "decided"] };
  const SYNTHESIS = ["decision", "alternative", "overturn", "risk"];
  const TICK = 1; // seconds
  const SAVE = 15; // seconds of a part that are gathered before they are saved
  const root = document.documentElement;
  let gathered = 0;
  let counted = ""; // whose seconds these are: TRACK/PART
  let lastTick = performance.now();

  const valueOf = (track, part, name) => lab.store.get(`${track}/${part}/${name}`);
  const written = (track, part, name) => Boolean(String(valueOf(track, part, name) || "").trim());

  /** `new`, `predicted`, `evidence`, `checkpoint` (evidence current, reflection written) or `decided`. */
  function state(track, part) {
    if (part === "synthesis") {
      const writtenCount = SYNTHESIS.filter((name) => written(track, part, name)).length;
      return writtenCount === SYNTHESIS.length ? "decided" : writtenCount ? "predicted" : "new";
    }
    if (!valueOf(track, part, "prediction")) return "new";
    if (!valueOf(track, part, "evidence")) return "predicted";
    if (lab.evidence.stale(track, part) || !written(track, part, "reflection")) return "evidence";
    return written(track, part, "decision") || written(track, "synthesis", "decision") ? "decided" : "checkpoint";
  }

  /** The same in words, for the lab map and for the page around a frame. */
  const name = (track, part) => STATES[state(track, part)][1];

  const minutes = (track, part) => Math.floor((valueOf(track, part, "seconds") || 0) / 60);

  function words(track, part) {
    const now = state(track, part);
    if (part === "synthesis" && now === "predicted") return "begun";
    return name(track, part) + (part !== "synthesis" && lab.evidence.stale(track, part) ? ", stale" : "");
  }

  function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function show() {
    if (!lab.main) return;
    const { track } = lab.main;
    let spent = 0;
    for (const element of lab.all("[data-map]")) {
      const part = element.dataset.map;
      element.dataset.state = state(track, part);
      setText(lab.one("[data-map-symbol]", element), STATES[element.dataset.state][0]);
      setText(lab.one("[data-map-state]", element), words(track, part));
      const time = lab.one("[data-map-time]", element);
      if (!time) continue;
      spent += minutes(track, part);
      setText(time, `${minutes(track, part)} of ${time.dataset.mapTime} min`);
    }
    if (lab.steps) lab.steps.begun();
    for (const element of lab.all("[data-map-total]")) setText(element, `${spent} of ${element.dataset.mapTotal} minutes on this track`);
  }

  function save() {
    if (!counted || gathered < 1) return;
    const entry = `${counted}/seconds`;
    const seconds = Math.min(1e7, Math.round((lab.store.get(entry) || 0) + gathered));
    gathered = 0;
    lab.store.set({ [entry]: seconds });
  }

  /** Counts time only while the page is visible, and never while the machine sleeps. */
  function tick() {
    const now = performance.now();
    const passed = (now - lastTick) / 1000;
    lastTick = now;
    if (document.visibilityState !== "visible" || !lab.main || !root.dataset.partNow) return;
    if (lab.steps?.on() && lab.steps.place !== "part") return;
    const present = `${lab.main.track}/${root.dataset.partNow}`;
    if (present !== counted) {
      if (gathered >= SAVE / 3) save();
      gathered = 0;
      counted = present;
    }
    if (passed < 3 * TICK) gathered += passed;
    if (gathered >= SAVE) save();
  }

  document.addEventListener("lab:another-reader", () => { gathered = 0; });

  lab.later(() => {
    lab.store.watch(show);
    new MutationObserver(show).observe(root, { attributes: true, attributeFilter: ["data-track-now"] });
    document.addEventListener("lab:python", () => setTimeout(show));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden" && gathered >= SAVE / 3) save();
      lastTick = performance.now();
    });
    setInterval(tick, 1000 * TICK);
    show();
  });

  return { state, name, words, show };
})();
