// Fields of free text that belong to a track: `data-entry="PART/NAME"` is kept under TRACK/PART/NAME, saved while the
// reader writes, and shown again with the track.
"use strict";

lab.texts = (() => {
  const PAUSE = 300; // ms without a key before it is saved
  const timers = new Map();
  const key = (field) => `${lab.main.track}/${field.dataset.entry}`;
  const said = (field) => lab.all(`[data-entry-saved="${field.dataset.entry}"]`);

  async function save(field, entry) {
    clearTimeout(timers.get(entry));
    timers.delete(entry);
    const text = field.value.slice(0, 5000);
    if (text === (lab.store.get(entry) || "")) return;
    await lab.store.set({ [entry]: text });
    for (const place of said(field)) place.textContent = lab.store.failed ? "not saved" : "saved";
  }

  const fields = () => /** @type {HTMLTextAreaElement[]} */ (lab.all("textarea[data-entry]"));

  /** The texts of the present track; a field that is being written in is left alone. */
  function show() {
    if (!lab.main) return;
    for (const field of fields()) {
      if (timers.has(key(field))) continue;
      const text = lab.store.get(key(field)) || "";
      if (field.value !== text) field.value = text;
    }
  }

  const ours = (element) => element instanceof HTMLTextAreaElement && element.matches("[data-entry]");
  document.addEventListener("input", ({ target }) => {
    if (!ours(target)) return;
    const entry = key(target);
    clearTimeout(timers.get(entry));
    timers.set(entry, setTimeout(() => save(target, entry), PAUSE));
  });
  document.addEventListener("focusout", ({ target }) => {
    if (ours(target)) save(target, key(target));
  });

  lab.later(() => {
    lab.store.watch(show);
    new MutationObserver(() => {
      for (const field of fields()) for (const place of said(field)) place.textContent = "";
      show();
    }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-track-now"] });
  });

  return { show };
})();
