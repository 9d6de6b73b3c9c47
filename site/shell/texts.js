// Fields of free text that belong to a track: `data-entry="PART/NAME"` is kept under TRACK/PART/NAME, saved while the
// reader writes, and shown again with the track. A text that another tab has saved meanwhile is shown, unless the
// reader is writing in that field; then both texts are kept.
"use strict";

lab.texts = (() => {
  const PAUSE = 300; // ms without a key press before the text is saved
  const timers = new Map();
  const shown = new WeakMap(); // field -> [entry, text]: the text before the reader's changes
  const key = (field) => `${lab.main.track}/${field.dataset.entry}`;
  const statuses = (field) => lab.all(`[data-entry-saved="${field.dataset.entry}"]`);
  const savedText = (entry) => lab.store.get(entry) || "";
  const most = (field) => lab.schema.TEXTS[field.dataset.entry.split("/")[1]]; // characters

  /** Puts a text into a field; keeps the cursor at the same words. */
  function put(field, entry, text) {
    const { value, selectionStart, selectionEnd } = field;
    if (value !== text) {
      const moved = Math.max(0, text.indexOf(value));
      field.value = text;
      if (document.activeElement === field) field.setSelectionRange(selectionStart + moved, selectionEnd + moved);
    }
    shown.set(field, [entry, text]);
  }

  async function save(field, entry, written = field.value.slice(0, most(field))) {
    clearTimeout(timers.get(entry));
    timers.delete(entry);
    const shownText = shown.get(field);
    const before = shownText?.[0] === entry ? shownText[1] : savedText(entry);
    if (written === before) return show(); // the reader has changed nothing: the stored text is kept
    let text = written;
    try {
      if (savedText(entry) !== before) text = lab.merge.texts(savedText(entry), written, most(field));
    } catch (error) {
      for (const status of statuses(field)) status.textContent = `not saved: ${error.message}. Shorten yours.`;
      return;
    }
    if (key(field) === entry) put(field, entry, text);
    await lab.store.set({ [entry]: text });
    for (const status of statuses(field)) status.textContent = lab.store.failed ? "not saved" : "saved";
  }

  const fields = () => /** @type {HTMLTextAreaElement[]} */ (lab.all("textarea[data-entry]"));

  /** Shows the texts of the present track; a field in which the reader is writing is left alone. */
  function show() {
    if (!lab.main) return;
    for (const field of fields()) {
      const entry = key(field);
      const shownText = shown.get(field);
      if (timers.has(entry) || (shownText?.[0] === entry && field.value !== shownText[1])) continue;
      put(field, entry, savedText(entry));
    }
  }

  /** @returns {element is HTMLTextAreaElement} */
  const ours = (element) => element instanceof HTMLTextAreaElement && element.matches("[data-entry]");
  document.addEventListener("input", ({ target }) => {
    if (!ours(target)) return;
    const [entry, written] = [key(target), target.value.slice(0, most(target))];
    clearTimeout(timers.get(entry));
    timers.set(entry, setTimeout(() => save(target, entry, written), PAUSE));
  });
  document.addEventListener("focusout", ({ target }) => {
    if (ours(target)) save(target, key(target));
  });
  globalThis.addEventListener("pagehide", () => {
    // A text in progress when the page closes.
    if (ours(document.activeElement)) save(document.activeElement, key(document.activeElement));
  });

  /** Shows all texts as the record has them, after the track or the reader has changed. */
  function showAgain() {
    for (const field of fields()) {
      for (const status of statuses(field)) status.textContent = "";
      shown.delete(field);
      if (!timers.has(key(field))) put(field, key(field), savedText(key(field)));
    }
  }

  lab.later(() => lab.store.watch((error) => {
    show();
    if (error !== null) return;
    // A later save has included it.
    for (const status of fields().flatMap(statuses)) if (status.textContent === "not saved") status.textContent = "saved";
  }));

  return { show, showAgain };
})();
