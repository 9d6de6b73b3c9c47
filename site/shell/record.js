// Captured evidence and the reader's record: shown, exported, imported, cleared.
"use strict";

lab.evidence = {
  capture(section, track, results) {
    const part = section.dataset.part;
    const message = lab.one(`[data-captured="${part}"]`, section);
    if (!results || results.locked) {
      message.textContent = "There is nothing to capture yet: commit a prediction and wait for the figures.";
      return;
    }
    if (results.unfinished) {
      message.textContent = "Not everything is measured yet: wait for the last figures (or move a control, if you cancelled), then capture.";
      return;
    }
    // These are shown, but they depend on this reader's actions and cannot be recomputed.
    const session = new Set(results.session || []);
    const values = Object.fromEntries(Object.entries(results.values).filter(([path]) => !session.has(path)));
    const entry = {
      at: new Date().toISOString(), lab: lab.store.record().lab, engine: results.engine || null,
      settings: results.settings, assumptions: results.assumptions || {}, values,
      cases: (results.cases || []).filter((name) => !session.has(name)),
    };
    lab.store.set({ [`${track}/${part}/evidence`]: entry }).then(() => {
      message.textContent = lab.store.failed ? "Captured on this page, but it could not be saved. Export it to a file." : "Captured.";
    });
    lab.plots.keep(section, track);
    this.show(section, track);
  },

  /** What computed the evidence, as dataselect_core.ledger.runtime describes it. */
  by({ lab: edition, engine }) {
    const message = engine ? `Python ${engine.python}, NumPy ${engine.numpy}, ${engine.platform}` : "an unknown engine";
    return edition ? `lab ${edition}, ${message}` : message;
  },

  /** Which of "settings" and "assumptions" have changed since the evidence was captured; read from the record, so it
   * also works without Python. */
  moved(track, part) {
    const entryOf = (name) => lab.store.get(`${track}/${part}/${name}`);
    const entry = entryOf("evidence");
    if (!entry) return [];
    const latest = track === lab.main?.track ? lab.main.latest(part) : null;
    const settings = latest && !latest.locked ? latest.settings : entryOf("settings") || entry.settings;
    return [
      ...(lab.schema.same(settings, entry.settings) ? [] : ["settings"]),
      ...(lab.schema.same(entryOf("assumptions") || {}, entry.assumptions || {}) ? [] : ["assumptions"]),
    ];
  },

  /** Whether the controls have changed since the evidence was captured. */
  stale: (track, part) => lab.evidence.moved(track, part).length > 0,

  /** The lines that the page shows of a part's evidence: [label, path, format], from the texts of the part. */
  lines: (element) => JSON.parse(element.dataset.lines || "[]"),

  /** The label of such a line for captured figures: “{removed.words} removed” becomes “Pixels removed”, with the unit
   * of that figure. */
  named(label, values) {
    const words = label.replace(/\{([\w.]+)\}/g, (_, path) => values?.[path]?.unit || "content");
    return words[0].toUpperCase() + words.slice(1);
  },

  /** The lines of a part for which the evidence has a figure. */
  found: (element, entry) => lab.evidence.lines(element).filter(([, path]) => (entry.values[path]?.value ?? null) !== null)
    .map(([label, ...rest]) => [lab.evidence.named(label, entry.values), ...rest]),

  /** Settings in the words of their controls, and the limits of a class, as dataselect_core.ledger.report has them:
   * “Corpus Licence texts, Similarity threshold 0.700”. */
  settings(part, settings) {
    const { settings: tables, limits } = lab.state.titles;
    const known = (name) => (settings[name] ?? null) !== null;
    const follows = (name) => ["bands", "rows"].includes(name) && settings.banding === "auto";
    return [
      ...Object.entries(tables[part] || {}).filter(([name]) => known(name) && !follows(name)).map(([name, { label }]) => `${label} ${lab.state.said(part, name, settings[name])}`),
      ...Object.entries(limits).filter(([name, limit]) => limit.part === part && known(name)).map(([name, { said, format }]) => `${said} ${lab.format(settings[name], format)}`),
    ].join(", ");
  },

  /** Shows the captured evidence, marked as stale if a control has moved since. */
  show(section, track) {
    const part = section.dataset.part;
    const element = lab.one(`[data-evidence="${part}"]`, section);
    if (!element) return;
    const entry = lab.store.get(`${track}/${part}/evidence`);
    if (!entry) {
      element.replaceChildren();
      return;
    }
    const stale = this.stale(track, part);
    const line = ([label, path, format]) => lab.element("li", {}, `${label}: ${lab.format(entry.values[path]?.value, format)} `, lab.element("span", { class: "figure", "data-kind": entry.values[path]?.kind }));
    element.replaceChildren(
      lab.element("p", {}, lab.element("strong", {}, stale ? "Captured, now stale: a control has moved since." : "Captured evidence, current.")),
      lab.fold(`evidence ${track} ${part}`, "What was captured", lab.element("ul", {},
        lab.element("li", {}, `Settings: ${this.settings(part, entry.settings)}`),
        ...this.found(element, entry).map(line))));
  },
};

lab.record = (() => {
  const status = () => lab.one("[data-store-status]");
  const kinds = { indexeddb: "Saved in this browser.", localstorage: "Saved in this browser (in its smaller store).", memory: "Not saved: this browser keeps nothing for this page. Export to a file before you leave." };

  /** The questions that the page asks before work is lost. */
  const questions = {
    replace: {
      title: "Replace your work?",
      text: "The file is another reader’s work. Replace the work on this page with it? Export yours first if you may want it again.",
      yes: "Replace", opener: lab.one('[data-action="import"]'),
    },
    clear: {
      title: "Clear your work?",
      text: "Clear all your work in this browser? Export it first if you may want it again.",
      yes: "Clear",
    },
    "new-reader": {
      title: "Start as a new reader?",
      text: "The work of the present reader is cleared from this browser. Export it first if it is wanted.",
      yes: "Start as a new reader",
    },
  };

  // The browser empties the storage of a credentialless frame when the reader leaves the page around it.
  const passing = "Kept only until you leave the page around this frame. Export to a file before you do.";

  let refused = ""; // why a file was not imported: shown until the reader does something else
  for (const event of ["input", "pointerdown", "keydown"]) document.addEventListener(event, () => { refused = ""; }, { capture: true });

  function message(error) {
    if (lab.store.kind === "memory" && lab.store.why) return `Not saved: ${lab.store.why}. What you do is kept on this page only. Export it to a file before you leave.`;
    if (error?.replaced) return `Not saved: ${error.message}.`;
    if (error && lab.store.kind !== "memory") return `Your last change could not be saved (${error.message || error}). It is still on this page: export it to a file.`;
    const kept = window.credentialless && lab.store.kind !== "memory" ? passing : kinds[lab.store.kind];
    return kept + (lab.store.corrupt ? " An earlier record could not be read; it is kept and part of the export." : "");
  }

  lab.store.watch((error) => {
    lab.store.failed = Boolean(error);
    const element = status();
    if (error === undefined) {
      if (element) element.dataset.state = "saving"; // without a message, since it takes only some milliseconds
      show();
      return;
    }
    if (element) {
      const text = refused && !error ? refused : message(error);
      if (element.textContent !== text) element.textContent = text;
      element.dataset.state = error ? "failed" : "saved";
      for (const button of lab.all('[data-action="export-corrupt"]')) button.hidden = !lab.store.corrupt;
    }
    show();
  });

  function show() {
    const element = lab.one("[data-ledger]");
    if (!element) return;
    const rows = [];
    for (const track of lab.state.tracks) {
      for (const section of lab.all("[data-part]")) {
        const part = section.dataset.part;
        const prediction = lab.store.get(`${track}/${part}/prediction`);
        if (!prediction) continue;
        const evidence = lab.store.get(`${track}/${part}/evidence`);
        const reflection = lab.store.get(`${track}/${part}/reflection`) || "";
        rows.push(lab.element("tr", {}, lab.element("th", { scope: "row" }, `${lab.report.trackName(track)}, part ${part}`),
          lab.element("td", { "data-label": "Predicted" }, prediction.said || String(prediction.value)),
          lab.element("td", { "data-label": "Evidence" }, evidence ? lab.fold(`record ${track} ${part}`, "captured", lab.evidence.found(lab.one(`[data-evidence="${part}"]`, section), evidence).map(([label, path, format]) => `${label}: ${lab.format(evidence.values[path]?.value, format)}`).join("; ")) : "not captured yet"),
          lab.element("td", { "data-label": "Reflection" }, reflection.trim() ? `${reflection.trim().split(/\s+/).length} words` : "missing")));
      }
    }
    if (!rows.length) return put(element, lab.element("p", { class: "quiet" }, "Nothing recorded yet. Commit a prediction to begin."));
    put(element, lab.element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Your record, as a table" }, lab.element("table", { class: "figures" },
      lab.element("thead", {}, lab.element("tr", {}, ...["Track and part", "Predicted", "Evidence", "Reflection"].map((text) => lab.element("th", { scope: "col" }, text)))),
      lab.element("tbody", {}, ...rows))));
  }

  /** Replaces the content only if it has changed, so that a screen reader does not begin again. */
  function put(element, content) {
    if (element.innerHTML !== content.outerHTML) element.replaceChildren(content);
  }

  /** Offers a file for download. */
  function save(name, text, type) {
    const link = lab.element("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  function download(name, text) {
    save(name, text, "application/json");
    const box = lab.field("[data-export-text]"); // the text itself, in case a download is not allowed
    if (box) {
      box.value = text;
      box.hidden = false;
    }
  }

  /** Lost letters, or UTF-8 that was read in another code page. */
  const BROKEN = /\ufffd|[\u00c2-\u00f4\u0102\u0413\u0420\u0421][\u0080-\u00bf\u2010-\u203a\u20ac]/u;
  const STARTING = "Python, which may be able to restore it, is not running in this page yet. Try again when it is. Nothing was changed.";

  /** The record in a file: read here if the file is intact, else restored by Python if that can be done safely. */
  async function recordOf(file) {
    if (file.size > lab.schema.MOST_REPORT_BYTES) throw new Error("The file is larger than any report of this lab. Nothing was changed.");
    const bytes = await file.arrayBuffer();
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
      const candidate = lab.store.parse(lab.report.recordIn(text));
      if (BROKEN.test(JSON.stringify(candidate))) throw new Error("Letters of the file look broken.");
      return { candidate, notes: [] };
    } catch (error) {
      if (error.newer || error.large) throw error;
      if (!lab.boot.live) throw new Error(`${error instanceof TypeError ? "The file is no text in UTF-8." : String(error.message || error).replace(/ Nothing was changed\.$/, "")} ${STARTING}`);
      const read = await lab.desk.ask({ type: "read", name: file.name, file: await lab.desk.base64(bytes) })
        .catch((why) => { throw new Error(`The file cannot be imported: ${why.message}. Nothing was changed.`); });
      return { candidate: lab.store.parse(read.record), notes: read.notes };
    }
  }

  async function take(file) {
    const element = status();
    if (!file) return;
    try {
      const { candidate, notes } = await recordOf(file);
      const replaces = candidate.reader !== lab.store.reader && !lab.store.empty;
      if (replaces && !(await lab.dialog.ask(questions.replace))) {
        element.textContent = refused = "Not imported. Nothing was changed.";
        return;
      }
      const isOther = candidate.reader !== lab.store.reader;
      await lab.store.take(candidate);
      if (isOther) another();
      else lab.main.refresh();
      element.textContent = lab.store.failed ? "Imported on this page, but it could not be saved." : notes.length ? `Imported. Restored while reading: ${notes.join("; ")}.` : "Imported.";
    } catch (error) {
      element.textContent = refused = String(error.message || error);
    }
  }

  async function forget(action) {
    if (!(await lab.dialog.ask({ ...questions[action], opener: lab.one(`[data-action="${action}"]`) }))) return;
    const isNew = action === "new-reader";
    if (isNew) lab.links.leave(lab.store.student);
    await lab.store.clear();
    another(isNew ? lab.main.firstTrack : lab.main.track);
    lab.where.forget();
    if (lab.steps.on()) lab.steps.go("start");
  }

  /** Shows the record of another reader, and removes what the last one has left on the page outside the record. */
  function another(track) {
    for (const element of lab.all("[data-captured]")) element.textContent = "";
    const box = lab.field("[data-export-text]");
    box.value = "";
    box.hidden = true;
    document.dispatchEvent(new CustomEvent("lab:another-reader"));
    lab.main.refresh(track);
  }

  document.addEventListener("lab:replaced", () => {
    another();
    lab.main.notice("Another tab has begun a new record; this page now shows that one.");
  });

  return {
    take, save,
    act(action) {
      if (action === "export") download("data-selection-lab.json", lab.store.text());
      else if (action === "export-corrupt") download("data-selection-lab-unreadable.json", lab.store.corruptText() || "");
      else if (action === "import") {
        const field = lab.field("[data-import-file]");
        field.value = ""; // the same file may be chosen again
        field.click();
      }
      else if (action === "clear" || action === "new-reader") forget(action);
    },
  };
})();
