// The page itself: track, lock, record and workbench, tied together.
"use strict";

lab.main = (() => {
  const root = document.documentElement;
  const address = lab.state.read();
  const parts = () => lab.all("[data-part]");
  let track = "cloud";
  /** Settings of each part as Python last reported them. @type {Map<string, any>} */
  const settings = new Map();
  const latest = new Map();
  const revealed = new Map();
  let applying = null; // settings that came with the address, until the workbench has them

  const key = (part, what, of = track) => `${of}/${part}/${what}`;

  function notice(text) {
    const place = lab.one("[data-notice]");
    if (!place) return;
    place.textContent = text;
    place.hidden = !text;
  }

  // -- track ---------------------------------------------------------------------------------------------

  function chooseTrack(id, remember = true) {
    track = id;
    root.dataset.trackNow = id;
    for (const radio of lab.all("input[data-track]")) radio.checked = radio.dataset.track === id;
    if (remember) lab.store.set({ track: id });
    for (const section of parts()) showTrack(section);
    remindAddress();
  }

  function showTrack(section) {
    const part = section.dataset.part;
    lab.fill.clear(section);
    lab.assumptions.show(section, track, lab.store.get(key(part, "assumptions")) || {});
    const text = lab.one(`[data-reflection="${part}"]`, section);
    if (text) text.value = lab.store.get(key(part, "reflection")) || "";
    lab.clusters.reset(section);
    lab.lock.show(section, lab.store.get(key(part, "prediction")));
    if (lab.store.get(key(part, "prediction"))) reveal(section);
    lab.evidence.show(section, track);
    if (lab.boot.live) openInPython(section);
  }

  function remindAddress() {
    const part = nearestPart();
    const query = lab.state.write({ track, part, settings: settings.get(part) });
    try {
      history.replaceState(null, "", query + location.hash);
    } catch { /* some embedders forbid it; the page works without */ }
  }

  function nearestPart() {
    return address.part || parts()[0].dataset.part;
  }

  // -- lock and reveal -----------------------------------------------------------------------------------

  async function commit(section, answer) {
    const part = section.dataset.part;
    await lab.store.set({ [key(part, "prediction")]: { ...answer, locked_at: new Date().toISOString() } });
    lab.lock.show(section, lab.store.get(key(part, "prediction")), true);
    await reveal(section);
    if (lab.boot.live) lab.documents.send({ type: "ask", part, id: 0, name: "lock", arguments: { prediction: answer.value } });
  }

  async function reveal(section) {
    const part = section.dataset.part;
    for (const guarded of lab.all(`[data-guard="${part}"]`, section)) guarded.hidden = false;
    section.dataset.revealed = "";
    if (!revealed.has(part)) revealed.set(part, lab.boot.script(section.dataset.revealSrc).catch(() => {
      revealed.delete(part);
      notice("The explanations of this part could not be loaded. Reload the page to try again; your prediction is saved.");
    }));
    await revealed.get(part);
    if (latest.has(part)) lab.fill.results(section, latest.get(part));
    globalThis.dispatchEvent(new Event("resize"));
  }

  /** The guarded texts of a part arrive as a script, because a page from a folder may not fetch. */
  lab.reveal = (part, html) => {
    const section = lab.one(`[data-part="${part}"]`);
    const template = document.createElement("template");
    template.innerHTML = html;
    for (const fragment of lab.all("[data-fragment]", template.content)) {
      for (const place of lab.all(`[data-reveal="${fragment.dataset.fragment}"]`, section)) place.replaceChildren(...fragment.cloneNode(true).childNodes);
    }
  };

  // -- Python --------------------------------------------------------------------------------------------

  function openInPython(section) {
    const part = section.dataset.part;
    const prediction = lab.store.get(key(part, "prediction"));
    const saved = lab.store.get(key(part, "settings")) || {};
    const state = { track, prediction: prediction ? prediction.value : null, settings: { ...saved, ...(applying || {}) }, assumptions: lab.assumptions.read(section, track) };
    applying = null;
    latest.delete(part);
    lab.documents.send({ type: "open", part, state });
  }

  lab.boot.listen((message) => {
    if (message.type === "live") queueMicrotask(() => setTimeout(() => parts().forEach(openInPython)));
    else if (message.type === "error") notice(`Something went wrong in the workbench; what you wrote is kept. Move a control or reload the page. (${lastLine(message.text)})`);
  });

  const lastLine = (text) => text.trim().split("\n").pop().slice(0, 200);

  document.addEventListener("lab:python", ({ detail }) => {
    const section = lab.one(`[data-part="${detail.part}"]`);
    if (detail.type === "results") {
      settings.set(String(detail.part), detail.settings);
      latest.set(String(detail.part), detail);
      lab.fill.results(section, detail);
      if (!detail.locked) lab.clusters.show(section, detail.clusters || []);
      if (!detail.locked) notice("");
      lab.evidence.show(section, track);
      lab.store.set({ [key(detail.part, "settings")]: detail.settings });
      remindAddress();
      section.dataset.results = detail.locked ? "locked" : String(Number(section.dataset.results || 0) + 1 || 1);
    } else if (detail.type === "work") work(section, detail);
    else if (detail.type === "answer") lab.clusters.answer(section, detail);
    else if (detail.type === "ignored") notice(detail.text);
    else if (detail.type === "trouble") notice(`The workbench could not finish: ${detail.text}. Your work is kept; change a control to try again.`);
  });

  function work(section, { label, share }) {
    for (const status of lab.all("[data-work-status]", section)) status.textContent = label ? `${label} …` : "";
    for (const bar of lab.all("[data-work-progress]", section)) {
      bar.value = share;
      bar.hidden = !label;
    }
    for (const button of lab.all('[data-action="cancel"]', section)) button.hidden = !label;
  }

  // -- what the reader does ------------------------------------------------------------------------------

  const sectionOf = (element) => element.closest("[data-part]");

  document.addEventListener("change", (event) => {
    const element = /** @type {HTMLElement} */ (event.target);
    if (element.matches("input[data-track]")) chooseTrack(element.dataset.track);
    else if (element.matches("[data-assumption]")) {
      const section = sectionOf(element);
      const part = section.dataset.part;
      const values = lab.assumptions.read(section, track);
      lab.store.set({ [key(part, "assumptions")]: values });
      if (lab.boot.live) lab.documents.send({ type: "ask", part, id: 0, name: "assume", arguments: { assumptions: values } });
    } else if (element.matches("[data-import-file]")) lab.record.take(element.files[0]);
  });

  let writing = 0;
  document.addEventListener("input", (event) => {
    const element = /** @type {HTMLTextAreaElement} */ (event.target);
    if (!element.matches("[data-reflection]")) return;
    const entry = key(element.dataset.reflection, "reflection");
    const text = element.value.slice(0, 20000);
    clearTimeout(writing);
    writing = setTimeout(() => lab.store.set({ [entry]: text }).then(() => {
      for (const place of lab.all(`[data-saved="${element.dataset.reflection}"]`)) place.textContent = lab.store.failed ? "not saved" : "saved";
    }), 300);
  });
  document.addEventListener("focusout", (event) => {
    const element = /** @type {HTMLTextAreaElement} */ (event.target);
    if (element.matches?.("[data-reflection]")) {
      clearTimeout(writing);
      lab.store.set({ [key(element.dataset.reflection, "reflection")]: element.value.slice(0, 20000) });
    }
  });

  document.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.matches("form[data-lock]")) return;
    event.preventDefault();
    const answer = lab.lock.read(form);
    if (answer) commit(sectionOf(form), answer);
  });

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-action]") : null;
    if (!button) return;
    const action = /** @type {HTMLElement} */ (button).dataset.action;
    const section = sectionOf(button);
    if (action === "cancel") lab.documents.send({ type: "cancel", part: section.dataset.part });
    else if (action === "capture") lab.evidence.capture(section, track, latest.get(section.dataset.part));
    else if (action === "reset-assumptions") {
      const part = section.dataset.part;
      lab.store.set({ [key(part, "assumptions")]: {} });
      lab.assumptions.show(section, track, {});
      if (lab.boot.live) lab.documents.send({ type: "ask", part, id: 0, name: "assume", arguments: { assumptions: lab.assumptions.read(section, track) } });
    } else lab.record.act(action);
  });

  async function start() {
    performance.mark("lab:paint");
    await lab.store.ready();
    chooseTrack(address.track || lab.store.get("track") || "cloud", false);
    applying = Object.keys(address.settings).length ? address.settings : null;
    if (address.ignored.length) notice(`The address was understood only in part: ${address.ignored.join("; ")}.`);
    if (address.part && address.part !== parts()[0].dataset.part && !location.hash) lab.one(`[data-part="${address.part}"]`)?.scrollIntoView();
    lab.boot.start();
  }

  requestAnimationFrame(() => requestAnimationFrame(start));

  return { key, get track() { return track; }, latest: (part) => latest.get(String(part)), refresh: () => chooseTrack(lab.store.get("track") || track, false) };
})();
