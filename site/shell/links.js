// Links: the address of the present view, to copy; and the settings of a class link, shown where the reader is.
"use strict";

lab.links = (() => {
  const { link } = lab.state.address;

  /** The address of the present view, without the student's name and the settings of a frame. */
  function here() {
    const { student, ...shared } = link;
    const address = new URL(location.href);
    address.search = lab.state.write({ ...lab.main.state(), link: shared });
    address.hash = "";
    return address.href;
  }

  async function copy(button) {
    const target = button.closest("[data-copy]");
    const status = lab.one("[data-copied]", target);
    const field = lab.field("[data-link-text]", target);
    const text = here();
    try {
      await navigator.clipboard.writeText(text);
      field.hidden = true;
      status.textContent = "Copied.";
    } catch { // a frame, or a page from a folder, may not reach the clipboard
      field.value = text;
      field.hidden = false;
      field.focus();
      field.select();
      status.textContent = "The browser keeps the clipboard closed to this page. Copy the address from the field.";
    }
  }

  /** The values that the class has fixed on the present track, in words; for one part, or for all. */
  function fixed(part) {
    const limits = Object.entries(link.limits).map(([name, value]) => [lab.state.limits[name], value])
      .filter(([{ limit, tracks }]) => (!part || limit === part) && (!tracks || tracks.includes(lab.main.track)))
      .map(([{ said, format }, value]) => `${said} ${lab.format(value, format)}`);
    const words = link.seed === undefined ? limits : [`seed ${link.seed}`, ...limits];
    return words.length ? `Fixed by the link of your class: ${words.join(", ")}.${limits.length ? " These limits replace those of the track." : ""}` : "";
  }

  function update() {
    for (const element of lab.all("[data-class-link]")) {
      const text = [link.class && `Class: ${link.class}.`, lab.store.student && `Student: ${lab.store.student}.`, fixed(element.dataset.classLink)].filter(Boolean).join(" ");
      element.textContent = text;
      element.hidden = !text;
    }
  }

  /** Replaces the track's limits in the texts by the limits of the class. */
  function replace() {
    for (const element of lab.all("[data-limit]")) {
      const value = link.limits[element.dataset.limit];
      if (value === undefined) continue;
      element.textContent = lab.format(value, element.dataset.format);
      element.title = "Set by the link of your class";
    }
  }

  /** Puts the student of the link into the record, unless the record belongs to somebody else. Returns a message, or an
   * empty text. */
  function greet() {
    const recordStudent = lab.store.student;
    const isOther = Boolean(link.student && recordStudent && recordStudent !== link.student);
    if (link.student && !recordStudent) lab.store.name(link.student);
    if (link.class || link.fixed.length) {
      const entry = { name: link.class || "", seed: link.seed ?? null, ...link.limits };
      if (JSON.stringify(lab.store.get("class")) !== JSON.stringify(entry)) lab.store.set({ class: entry });
    }
    update();
    replace();
    return isOther ? `This link is for ${link.student}, and this browser holds the work of ${recordStudent}. To start as ${link.student}, export that work and choose “New reader” in your record; until then it stays the work of ${recordStudent}.` : "";
  }

  /** Takes the name of a student who leaves this computer out of the link, which would give it to the next reader. */
  function leave(student) {
    if (link.student && link.student === student) delete link.student;
  }

  document.addEventListener("lab:another-reader", () => {
    for (const field of lab.fields("[data-link-text]")) {
      field.value = "";
      field.hidden = true;
    }
    for (const status of lab.all("[data-copied]")) status.textContent = "";
  });

  lab.store.watch(update);
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest('[data-action="copy-link"], [data-own-tab]') : null;
    if (!button) return;
    if (button instanceof HTMLAnchorElement) button.href = here();
    else copy(button);
  });

  /** The settings of the class link that are in the record, in words. */
  const settingsText = (entry) => ["name", "seed", ...Object.keys(lab.state.limits)].filter((name) => (entry[name] ?? "") !== "").map((name) => {
    if (name === "name" || name === "seed") return name === "name" ? entry.name : `seed ${entry.seed}`;
    const { said, format } = lab.state.limits[name];
    return `${said} ${lab.format(entry[name], format)}`;
  }).join(", ");

  return { here, greet, leave, settingsText };
})();
