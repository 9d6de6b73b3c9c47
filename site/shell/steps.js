// One step at a time: the page shows one of the lab's places (start, the parts, synthesis, record), and one step of a
// part. The attribute data-step of an element names the steps that show it; the style sheet hides it in the others.
// "All on one page" shows everything, for printing, for searching, and if scripts are missing.
"use strict";

lab.steps = (() => {
  const root = document.documentElement;
  const STEPS = lab.state.steps;
  const VIEW = "data-selection-lab view";
  const LAB = document.title;
  const on = () => root.dataset.view === "steps";
  const sectionOf = (part) => lab.one(`[data-part="${part}"]`);
  const place = () => root.dataset.place || "start";
  const step = (part) => sectionOf(part)?.dataset.stepNow || STEPS[0];

  const shown = new Set(); // parts of which a step has been shown

  /** The step that a part opens with: according to the record, the first that is still to be done. */
  function next(part) {
    const state = lab.map.state(lab.main.track, part);
    return state === "new" ? "predict" : state === "predicted" ? "explore" : "decide";
  }

  function setStep(part, name) {
    const section = sectionOf(part);
    section.dataset.stepNow = name;
    shown.add(part);
    for (const link of lab.all("a[data-go-step]", lab.one(".stepper", section) || section)) {
      if (link.dataset.goStep === name) link.setAttribute("aria-current", "step");
      else link.removeAttribute("aria-current");
    }
  }

  /** Shows a place, or a step of a part. The focus moves to its heading, or to the element `aim` if there is one. */
  function go(to, { part = "", name = "", aim = null, focus = true } = {}) {
    const inDrawer = name === "more" || Boolean(aim?.closest("[data-drawer]"));
    if (inDrawer && to === "part") name = place() === "part" && lab.main.state().part === part && shown.has(part) ? step(part) : next(part);
    root.dataset.place = to;
    lab.drawer.leave(part);
    if (part) setStep(part, name || next(part));
    if (part && lab.main.state().part !== part) lab.main.choosePart(part, false);
    else lab.main.remind();
    begun();
    globalThis.dispatchEvent(new Event("resize")); // plots are not drawn while they are hidden
    const heading = part ? lab.one(`#part-${part}-step-${step(part)}`) : lab.one(`#${{ start: "tracks-title", synthesis: "synthesis-title", record: "record-title" }[to]}`);
    const partTitle = part ? lab.one("h2", sectionOf(part)).textContent : "";
    document.title = [heading?.textContent, partTitle, LAB.split(":")[0]].filter(Boolean).join(" · ");
    if (inDrawer) {
      lab.drawer.open(part, aim);
      return;
    }
    if (!focus) {
      aim?.scrollIntoView();
      return;
    }
    const target = aim || heading;
    if (target && !target.matches("a, button, input, select, textarea, summary, [tabindex]")) target.tabIndex = -1;
    target?.focus({ preventScroll: true });
    (aim || (part ? sectionOf(part) : target))?.scrollIntoView();
  }

  /** Where an element of the page is shown: [place, part, step]. */
  function whereIs(element) {
    const section = element.closest("[data-part]");
    if (!section) return [element.closest("#synthesis") ? "synthesis" : element.closest("#record") ? "record" : "start", "", ""];
    const part = section.dataset.part;
    if (element.closest("[data-drawer]")) return ["part", part, "more"];
    const around = [];
    for (let parent = element; parent !== section; parent = parent.parentElement) if (parent.dataset.step) around.push(parent.dataset.step.split(" "));
    const fits = (name) => around.every((names) => names.includes(name));
    return ["part", part, fits(step(part)) ? step(part) : STEPS.find(fits) || step(part)];
  }

  /** Shows the element that an anchor names, wherever it is, and opens the folds around it. */
  function reveal(hash, focus = true) {
    const element = hash.length > 1 ? document.getElementById(decode(hash.slice(1))) : null;
    if (!element || !on()) return false;
    const [to, part, name] = whereIs(element);
    if (part && !focus && element === sectionOf(part)) go(to, { part, focus: false });
    else go(to, { part, name, aim: element.matches(".step-title, [data-part]") ? null : element, focus });
    for (let fold = element.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    return true;
  }

  function decode(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  }

  /** Points the link of the start page to the first part that is not decided. */
  function begun() {
    const link = lab.one("a[data-begin]");
    if (!link) return;
    const parts = lab.all("[data-part]").map((section) => section.dataset.part);
    const open = parts.find((part) => lab.map.state(lab.main.track, part) !== "decided") || parts[0];
    const fresh = open === parts[0] && lab.map.state(lab.main.track, open) === "new";
    link.dataset.goPart = open;
    link.textContent = `${fresh ? "Begin" : "Go on with"} Part ${open}`;
  }

  function setView(name) {
    root.dataset.view = name;
    try {
      localStorage.setItem(VIEW, name);
    } catch { /* then it applies to this page only */ }
    lab.folds(name !== "steps");
    lab.drawer.fill(name === "steps");
    if (name === "steps") go("part", { part: lab.main.state().part });
    else {
      document.title = LAB;
      lab.main.remind();
      globalThis.dispatchEvent(new Event("resize"));
      sectionOf(lab.main.state().part)?.scrollIntoView();
      lab.one('button[data-view="steps"]')?.focus({ preventScroll: true });
    }
  }

  // -- what the last move changed ----------------------------------------------------------------------------

  const before = new Map(); // part -> {track, settings, values} of the previous results

  /** Shows one sentence: the setting that was moved, and the figures before and after. */
  function changed(part, results) {
    const target = lab.one("[data-change]", sectionOf(part));
    if (!target || results.locked || results.unfinished) return;
    const previous = before.get(part);
    const now = { track: lab.main.track, settings: results.settings, values: results.values || {} };
    const rows = lab.state.titles.settings[part] || {};
    const moved = previous?.track === now.track ? Object.keys(rows).filter((name) => name in now.settings && previous.settings[name] !== now.settings[name]) : [];
    if (previous && previous.track === now.track && !moved.length) {
      if (JSON.stringify(previous.values) === JSON.stringify(now.values)) return;
    }
    before.set(part, now);
    if (!moved.length) {
      if (previous?.track !== now.track) target.textContent = "";
      return;
    }
    const causes = moved.filter((name) => !["bands", "rows"].includes(name) || now.settings.banding === "hand")
      .map((name) => `${rows[name].label} ${lab.state.said(part, name, previous.settings[name])} → ${lab.state.said(part, name, now.settings[name])}`);
    const figures = JSON.parse(target.dataset.change).filter(([, path]) => (now.values[path]?.value ?? null) !== null)
      .map(([label, path, format]) => {
        const [oldText, newText] = [previous.values[path], now.values[path]].map((value) => lab.format(value?.value, format));
        return oldText === newText ? `${label} stays at ${newText}` : `${label} ${oldText} → ${newText}`;
      });
    target.textContent = `${causes.join(", ")}: ${figures.join(", ")}.`;
  }

  document.addEventListener("lab:another-reader", () => {
    before.clear();
    for (const target of lab.all("[data-change]")) target.textContent = "";
  });

  document.addEventListener("lab:python", ({ detail }) => {
    if (detail.type === "results" && (!detail.track || detail.track === lab.main.track)) lab.attempt("change", changed, String(detail.part), detail);
  });

  // -- what is not saved --------------------------------------------------------------------------------------

  let unsaid = ""; // the message of the record, which a reader at another place cannot see

  /** Shows at every place that something is not saved, since the record itself is out of sight. */
  lab.store.watch(() => queueMicrotask(() => {
    const status = lab.one("[data-store-status]");
    const text = status?.dataset.state === "failed" ? status.textContent : "";
    if (!on() || text === unsaid) return;
    if (text || lab.one("[data-notice]")?.textContent === unsaid) lab.main.notice(text);
    unsaid = text;
  }));

  // -- what the reader does ----------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || event.defaultPrevented) return;
    const button = event.target.closest("button[data-view]");
    if (button) return setView(/** @type {HTMLElement} */ (button).dataset.view);
    const link = event.target.closest("a[href]");
    if (!link || !on() || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const href = link.getAttribute("href");
    if (href.startsWith("#") && reveal(href)) {
      event.preventDefault();
      try {
        history.replaceState(null, "", href);
        lab.main.remind();
      } catch { /* some embedders forbid it */ }
    }
  });
  globalThis.addEventListener("hashchange", () => reveal(location.hash));

  return {
    on, go, begun,
    get place() { return place(); },
    /** The step of a part that is shown, for the address; none if everything is on one page. */
    step: (part) => (on() && place() === "part" ? step(part) : undefined),
    /** Opens the page at its first place. @param {LabAddress} address @param {string} hash */
    open({ part, step: name }, hash) {
      if (!on()) {
        if (!hash) lab.attempt("where the reader was", lab.where.putPageBack);
        return;
      }
      lab.folds(false);
      lab.drawer.fill(true);
      if (hash && reveal(hash, false)) return;
      const { kept: last, left } = lab.where;
      if (part) go("part", { part, name: name || next(part), focus: false });
      else if (left?.place === "part") go("part", { part: left.part, name: left.step, focus: false });
      else go(left?.place || "start", { focus: false });
      const isSame = last && last.track === lab.main.track && last.place === place() && (last.place !== "part" || (last.part === lab.main.state().part && last.step === step(last.part)));
      if (isSame && (part || left)) lab.where.putBack(last);
    },
  };
})();
