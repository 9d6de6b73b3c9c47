// The page itself: connects track, lock, record and workbench.
"use strict";

lab.main = (() => {
  const root = document.documentElement;
  const { address } = lab.state;
  const parts = () => lab.all("[data-part]");
  let track = "cloud";
  /** Settings of each part as Python last reported them. @type {Map<string, any>} */
  const settings = new Map();
  /** The latest results of each part, of the present track. @type {Map<string, any>} */
  const latest = new Map();
  /** Guarded texts, by the address of the script that contains them. @type {Map<string, Promise<void>>} */
  const fetched = new Map();
  const fragments = new Map();
  const handlers = new Map(); // handlers of Python's answers, by the name of the question
  let part = "1";
  const recordReady = lab.store.ready();
  let opened = false; // whether the workbenches of this boot have received the reader's record
  let applying = null; // {part, settings} that came with the address, until the workbench has them

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
    latest.clear();
    settings.clear();
    deciding.clear();
    root.dataset.trackNow = id;
    for (const radio of lab.fields("input[data-track]")) radio.checked = radio.dataset.track === id;
    if (remember) lab.store.set({ track: id });
    lab.attempt("texts", lab.texts.showAgain);
    for (const section of parts()) lab.attempt(`Part ${section.dataset.part}`, showTrack, section);
    remindAddress();
  }

  function showTrack(section) {
    const part = section.dataset.part;
    // Each of these runs by itself: if one fails, because of the record or of the page, the others still run.
    lab.attempt("figures", lab.fill.clear, section);
    lab.attempt("assumptions", () => lab.assumptions.show(section, track, lab.store.get(key(part, "assumptions")) || {}));
    lab.attempt("clusters", () => lab.clusters.reset(section));
    for (const form of lab.all("form[data-lock]", section)) {
      lab.attempt("lock", () => {
        const prediction = lab.store.get(key(part, lab.lock.entry(form.dataset.lock)));
        lab.lock.show(form, prediction);
        if (prediction) reveal(form);
      });
    }
    lab.attempt("answer", showModelAnswer, section);
    lab.attempt("evidence", () => lab.evidence.show(section, track));
    if (opened) lab.attempt("workbench", openInPython, section);
  }

  /** What the page shows, as properties of an address. */
  function state() {
    const fromAddress = applying?.part === part ? applying.settings : {};
    return { track, part, step: lab.steps?.step(part), settings: settings.get(part) || { ...(lab.store.get(key(part, "settings")) || {}), ...fromAddress } };
  }

  function remindAddress() {
    const query = lab.state.write({ ...state(), view: lab.steps?.on() ? undefined : address.view, link: address.link, embed: address.embed, origin: address.origin });
    try {
      history.replaceState(null, "", query + location.hash);
    } catch { /* some embedders forbid it; the page works without it */ }
  }

  /** Shows one part; the others remain in the page, hidden. */
  function choosePart(id, scroll = true) {
    part = id;
    root.dataset.partNow = id;
    for (const section of parts()) section.hidden = section.dataset.part !== id;
    for (const link of lab.all("a[data-go-part]")) {
      if (link.dataset.goPart === id) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    remindAddress();
    globalThis.dispatchEvent(new Event("resize"));
    if (scroll && !lab.steps?.on()) lab.one(`[data-part="${id}"] h2`)?.scrollIntoView();
  }

  // -- lock and reveal -----------------------------------------------------------------------------------

  async function commit(form, prediction) {
    const section = sectionOf(form);
    const part = section.dataset.part;
    const id = form.dataset.lock;
    const entry = key(part, lab.lock.entry(id));
    await lab.store.set({ [entry]: { ...prediction, locked_at: new Date().toISOString() } });
    lab.lock.show(form, lab.store.get(entry), true);
    await lab.attempt("explanations", reveal, form);
    if (lab.boot.live) ask(part, "lock", { prediction: prediction.value, lock: id });
    // To the result, unless the reader has moved on.
    if (id === part && lab.steps?.step(part) === "predict") lab.steps.go("part", { part, name: "explore" });
  }

  /** Loads the texts that a lock guards, and puts them into their places. */
  async function reveal(form) {
    const section = sectionOf(form);
    const url = form.dataset.revealSrc || section.dataset.revealSrc;
    if (!fetched.has(url)) fetched.set(url, lab.script(url));
    try {
      await fetched.get(url);
    } catch {
      fetched.delete(url);
      unexplained.add(form);
      notice(UNEXPLAINED);
      return;
    }
    unexplained.delete(form);
    if (!unexplained.size && lab.one("[data-notice]")?.textContent === UNEXPLAINED) notice("");
    // The reader may have chosen another track meanwhile.
    if (!lab.store.get(key(section.dataset.part, lab.lock.entry(form.dataset.lock)))) return;
    place(form.dataset.lock);
    if (latest.has(section.dataset.part)) lab.fill.results(section, latest.get(section.dataset.part));
    globalThis.dispatchEvent(new Event("resize"));
  }

  /** Committed locks whose texts did not arrive. The page requests them again when the connection is back, and with
   * each result. */
  const unexplained = new Set();
  const UNEXPLAINED = "The explanations of this part could not be loaded. They are asked for again when the line is back; your prediction is saved.";
  const explain = () => { for (const form of [...unexplained]) lab.attempt("explanations", reveal, form); };
  globalThis.addEventListener("online", explain);

  /** The guarded texts of a lock arrive as a script, because a page from a folder may not fetch. */
  lab.reveal = (lock, html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    fragments.set(String(lock), template);
  };

  function place(lock) {
    const section = lab.one(`[data-part="${lab.lock.partOf(lock)}"]`);
    for (const fragment of lab.all("[data-fragment]", fragments.get(lock).content)) {
      for (const target of lab.all(`[data-reveal="${fragment.dataset.fragment}"]`, section)) {
        if (!target.closest("[data-written]")) target.replaceChildren(...fragment.cloneNode(true).childNodes);
      }
    }
    showModelAnswer(section);
  }

  const OWN = 40; // characters that a reader must write before the model answer is shown

  /** Inserts a part's model answer once the reader has written an answer; before that it is not in the page. */
  function showModelAnswer(section) {
    const part = section.dataset.part;
    const details = lab.details("[data-written]", section);
    const target = details && lab.one("[data-reveal]", details);
    if (!target) return;
    const guarded = /** @type {HTMLElement} */ (details.closest("[data-guard]"));
    const { guard } = guarded.dataset;
    const text = lab.field(`[data-reflection="${part}"]`, section).value;
    const isWritten = text.trim().length >= OWN && fragments.has(guard) && !guarded.hidden;
    details.hidden = !isWritten;
    lab.one("[data-write-first]", section).hidden = isWritten;
    if (!isWritten) {
      target.replaceChildren();
      details.open = false;
    } else if (!target.childNodes.length) {
      const fragment = lab.one(`[data-fragment="${target.dataset.reveal}"]`, fragments.get(guard).content);
      target.replaceChildren(...fragment.cloneNode(true).childNodes);
      if (latest.has(part)) lab.fill.results(section, latest.get(part));
    }
  }

  // -- Python --------------------------------------------------------------------------------------------

  function ask(part, name, args) {
    return lab.documents.send({ type: "ask", part, id: 0, name, arguments: args });
  }

  /** The settings that a part opens with: those of the record, replaced by those of the address and of the class. */
  function settingsOf(part) {
    const { seed } = address.link;
    const fromAddress = applying && applying.part === part ? applying.settings : {};
    return { ...(lab.store.get(key(part, "settings")) || {}), ...fromAddress, ...(seed === undefined ? {} : { seed }) };
  }

  /** Python computes the first results of Part 1 before its memory contains reader data, so that the snapshot for the
   * next visit includes them. If the reader is at another part, this is left out. */
  function prepareInPython() {
    const now = root.dataset.partNow || "1";
    const text = now === "1" ? JSON.stringify({ part: now, state: { track, settings: settingsOf(now) } }) : null;
    lab.boot.post({ type: "prepare", text });
  }

  /** Sends a workbench everything that the page has for it. */
  function openInPython(section) {
    const part = section.dataset.part;
    const entryOf = (name) => lab.store.get(key(part, name));
    const predictions = {};
    for (const form of lab.all("form[data-lock]", section)) {
      const prediction = entryOf(lab.lock.entry(form.dataset.lock));
      if (prediction) predictions[form.dataset.lock] = prediction.value;
    }
    const saved = {};
    for (const name of lab.store.keys(key(part, "kept-"))) saved[name.slice(key(part, "kept-").length)] = lab.store.get(name);
    const openSettings = settingsOf(part);
    if (applying && applying.part === part) applying = null;
    const { fixed, limits } = address.link;
    settings.set(part, openSettings);
    lab.documents.send({ type: "open", part, state: {
      track, reader: lab.documents.reader, prediction: predictions[part] ?? null, predictions, kept: saved,
      settings: openSettings, fixed, limits, assumptions: lab.assumptions.read(section),
    } });
  }

  lab.boot.listen((message) => {
    if (message.type === "live") started.then(() => setTimeout(() => {
      opened = true;
      lab.attempt("preparation", prepareInPython);
      for (const section of parts()) lab.attempt("workbench", openInPython, section);
    }));
    else if (message.type === "failed") opened = false;
    else if (message.type === "error") notice(`Something went wrong in the workbench; what you wrote is kept. Move a control or reload the page. (${lastLine(message.text)})`);
  });

  /** Parts whose evidence is captured as soon as all of it is measured, because the reader has decided. */
  const deciding = new Set();

  /** Captures the evidence for a decision, unless the present state is captured already. */
  function captureFor(part) {
    const results = latest.get(part);
    if (!deciding.has(part) || !results || results.locked || results.unfinished) return;
    deciding.delete(part);
    if (lab.store.get(key(part, "evidence")) && !lab.evidence.stale(track, part)) return;
    lab.evidence.capture(lab.one(`[data-part="${part}"]`), track, results);
  }

  document.addEventListener("change", ({ target }) => {
    if (!(target instanceof HTMLTextAreaElement)) return;
    const entry = /^(\d)\/decision$/.exec(target.dataset.entry || "");
    // No result is shown before the prediction.
    if (!entry || !target.value.trim() || !lab.store.get(key(entry[1], "prediction"))) return;
    deciding.add(entry[1]);
    lab.attempt("evidence", captureFor, entry[1]);
  });

  const lastLine = (text) => text.trim().split("\n").pop().slice(0, 200);

  document.addEventListener("lab:python", ({ detail }) => {
    const section = lab.one(`[data-part="${detail.part}"]`);
    if (detail.type === "keep") {
      const entry = key(detail.part, `kept-${detail.name}`, detail.track);
      lab.store.set({ [entry]: detail.value });
      if (!lab.merge.same(lab.store.get(entry), detail.value)) takeOver(entry);
    }
    if (detail.track && detail.track !== track) return; // of the track the reader has just left
    if (detail.type === "results") {
      const previous = settings.get(String(detail.part)) || {};
      settings.set(String(detail.part), detail.settings);
      latest.set(String(detail.part), detail);
      lab.attempt("figures", lab.fill.results, section, detail);
      if (detail.clusters) lab.attempt("clusters", () => lab.clusters.show(section, detail.clusters, detail.nouns));
      lab.attempt("evidence", () => lab.evidence.show(section, track));
      explain();
      const entry = key(detail.part, "settings");
      lab.store.set({ [entry]: lab.merge.fields(previous, detail.settings, lab.store.get(entry) || detail.settings) });
      remindAddress();
      lab.attempt("evidence", captureFor, String(detail.part));
      section.dataset.results = detail.locked ? "locked" : String(Number(section.dataset.results || 0) + 1 || 1);
    } else if (detail.type === "work") work(section, detail);
    else if (detail.type === "answer") handlers.get(detail.name)?.(section, detail);
    else if (detail.type === "ignored") notice(detail.text);
    else if (detail.type === "trouble") notice(`The workbench could not finish: ${detail.text.replace(/^JsException: (Error: )?/, "")}. Your work is kept; change a control to try again.`);
  });

  // -- what another tab has saved ------------------------------------------------------------------------

  /** Gives the workbench the search as the record has it now. */
  function takeOver(entry) {
    const [of, part, name] = entry.split("/");
    if (of === track && opened) ask(part, name.replace("kept-", ""), { kept: lab.store.get(entry) });
  }

  /** Shows an entry of this track that another tab has saved; the focus does not move. */
  function showElsewhere(entry) {
    const [of, part, name] = entry.split("/");
    const section = lab.one(`[data-part="${part}"]`);
    if (of !== track || !section) return;
    if (name.startsWith("prediction")) {
      const form = lab.all("form[data-lock]", section).find((candidate) => lab.lock.entry(candidate.dataset.lock) === name);
      const prediction = lab.store.get(entry);
      if (!form || !prediction) return;
      const hadFocus = form.contains(document.activeElement);
      lab.lock.show(form, prediction, hadFocus); // the element with the focus is hidden: the committed prediction gets the focus
      lab.attempt("explanations", reveal, form);
      if (opened) ask(part, "lock", { prediction: prediction.value, lock: form.dataset.lock });
    } else if (name === "assumptions") {
      if (document.activeElement?.closest("[data-assumption]")) return; // shown with the next change of this page
      lab.assumptions.show(section, track, lab.store.get(entry) || {});
      if (opened) ask(part, "assume", { assumptions: lab.assumptions.read(section) });
    } else if (name.startsWith("kept-")) takeOver(entry);
    else if (name === "reflection") showModelAnswer(section);
    lab.evidence.show(section, track);
  }

  document.addEventListener("lab:elsewhere", ({ detail }) => {
    for (const entry of detail) lab.attempt("another tab", showElsewhere, entry);
  });

  /** Shows the progress of long work; `quiet` work does not keep the reader waiting, so nothing cancels it. */
  function work(section, { label, share, quiet = false }) {
    for (const status of lab.all("[data-work-status]", section)) status.textContent = label ? `${label} …` : "";
    for (const bar of lab.bars("[data-work-progress]", section)) {
      bar.value = share;
      bar.hidden = !label;
    }
    for (const button of lab.all('[data-action="cancel"]', section)) button.hidden = !label || quiet;
  }

  // -- what the reader does ------------------------------------------------------------------------------

  const sectionOf = (element) => element.closest("[data-part]");

  document.addEventListener("change", (event) => {
    const element = /** @type {HTMLElement} */ (event.target);
    if (element.matches("input[data-track]")) chooseTrack(element.dataset.track);
    else if (element.matches("[data-assumption]")) {
      const section = sectionOf(element);
      const part = section.dataset.part;
      const entry = key(part, "assumptions");
      const values = lab.assumptions.read(section);
      const { [element.dataset.assumption]: mine } = values; // the others may have been changed in another tab
      const { [element.dataset.assumption]: _, ...others } = lab.store.get(entry) || {};
      lab.store.set({ [entry]: mine === undefined ? others : { ...others, [element.dataset.assumption]: mine } });
      if (lab.boot.live) ask(part, "assume", { assumptions: values });
    } else if (element.matches("[data-import-file]")) lab.record.take(/** @type {HTMLInputElement} */ (element).files[0]);
  });

  document.addEventListener("lab:moved", () => notice("")); // the reader has moved on

  document.addEventListener("input", ({ target }) => {
    if (target instanceof HTMLTextAreaElement && target.matches("[data-reflection]")) showModelAnswer(sectionOf(target));
  });

  document.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.matches("form[data-lock]")) return;
    event.preventDefault();
    const prediction = lab.lock.read(form);
    if (prediction) commit(form, prediction);
  });

  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[data-go-part]") : null;
    if (link) {
      event.preventDefault();
      const to = /** @type {HTMLElement} */ (link).dataset.goPart;
      if (lab.steps?.on()) lab.steps.go("part", { part: to });
      else choosePart(to);
      return;
    }
    const button = event.target instanceof Element ? event.target.closest("[data-action]") : null;
    if (!button) return;
    const action = /** @type {HTMLElement} */ (button).dataset.action;
    const section = sectionOf(button);
    if (action === "cancel") lab.documents.send({ type: "cancel", part: section.dataset.part });
    else if (action === "capture") lab.evidence.capture(section, track, latest.get(section.dataset.part));
    else if (action === "control") ask(section.dataset.part, "control", {});
    else if (action === "leaky") ask(section.dataset.part, "leaky", { held_out: /** @type {HTMLButtonElement} */ (button).value });
    else if (action === "reset-assumptions") {
      const part = section.dataset.part;
      lab.store.set({ [key(part, "assumptions")]: {} });
      lab.assumptions.show(section, track, {});
      if (lab.boot.live) ask(part, "assume", { assumptions: lab.assumptions.read(section) });
    } else lab.record.act(action);
  });

  async function start() {
    performance.mark("lab:paint");
    await recordReady;
    const first = parts()[0].dataset.part;
    part = address.part || first;
    applying = Object.keys(address.settings).length ? { part, settings: address.settings } : null;
    lab.attempt("track", chooseTrack, address.track || lab.where?.left?.track || lab.store.get("track") || "cloud", false);
    lab.attempt("parts", () => choosePart(part, Boolean(address.part) && !location.hash && part !== first && !lab.embed.on));
    lab.attempt("steps", () => lab.steps.open(address, location.hash));
    lab.attempt("address", () => notice([lab.state.complaint(address), lab.links.greet()].filter(Boolean).join(" ")));
    lab.attempt("frame", () => lab.embed.start());
  }

  // Start after the first paint. A page that is not visible does not paint, so it starts after a second instead.
  const painted = new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(resolve));
    setTimeout(resolve, 1000);
  });
  const whole = new Promise((resolve) => lab.later(() => resolve(undefined)));
  const started = Promise.all([painted, whole]).then(start);

  document.addEventListener("lab:late", () => whole.then(() => {
    // The page had started without its record.
    if (root.dataset.trackNow) chooseTrack(lab.store.get("track") || track, false);
  }));

  return { key, ask, notice, choosePart, remind: remindAddress, answer: (name, handler) => handlers.set(name, handler), get track() { return track; }, firstTrack: address.track || "cloud", latest: (part) => latest.get(String(part)), state, refresh: (next = track) => {
    // The texts in the forms may be of another reader.
    for (const form of lab.all("form[data-lock]")) /** @type {HTMLFormElement} */ (form).reset();
    chooseTrack(lab.store.get("track") || next, false);
    notice(lab.links.greet());
  } };
})();
