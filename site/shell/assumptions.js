// The editable assumptions of a part: the track's defaults, and the reader's changes. A value that the link of a class
// fixes is shown but cannot be changed; the reader's own value is kept in the record.
"use strict";

lab.assumptions = {
  /** The assumptions that a class can fix: assumption -> limit of its link. */
  limits: { deadline_steps: "deadline_limit" },

  show(section, track, edited) {
    for (const field of lab.fields("[data-assumption]", section)) {
      const name = field.dataset.assumption;
      const own = field.getAttribute(`data-default-${track}`);
      field.dataset.default = own ?? field.defaultValue;
      field.dataset.own = name in edited ? String(edited[name]) : field.dataset.default;
      const fixed = lab.state.address.link.limits[this.limits[name]];
      field.disabled = fixed !== undefined;
      field.value = fixed === undefined ? field.dataset.own : String(fixed);
      this.check(field);
    }
  },

  /** Checks a field, and shows what is wrong with it, if anything. */
  check(field) {
    const value = field.value.trim() === "" ? NaN : Number(field.value);
    const low = field.min === "" ? 0 : Number(field.min);
    const high = field.max === "" ? Infinity : Number(field.max);
    const ok = Number.isFinite(value) && value >= low && value <= high;
    field.setAttribute("aria-invalid", String(!ok));
    field.title = field.disabled ? "Set by the link of your class." : `From ${field.min} to ${field.max}`;
    this.say(field, ok ? "" : `Enter a number from ${field.min} to ${field.max}. Until then the default, ${field.dataset.default}, is used.`);
    return ok;
  },

  /** Shows a sentence under a field, and links it to the field. */
  say(field, text) {
    const id = `${field.id}-wrong`;
    const existing = document.getElementById(id);
    if (!existing && !text) return;
    const message = existing || lab.element("span", { class: "error small", id, role: "status" });
    if (!existing) {
      field.closest(".with-unit").after(message);
      field.setAttribute("aria-describedby", `${id} ${field.getAttribute("aria-describedby") || ""}`.trim());
    }
    message.textContent = text;
    message.hidden = !text;
  },

  /** The values that the reader changed, if they are numbers within their range. */
  read(section) {
    /** @type {Record<string, number>} */
    const edited = {};
    for (const field of lab.fields("[data-assumption]", section)) {
      const value = Number(field.disabled ? field.dataset.own : field.value);
      if (this.check(field) && value !== Number(field.dataset.default)) edited[field.dataset.assumption] = value;
    }
    return edited;
  },
};
