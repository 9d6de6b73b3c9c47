// The editable assumptions of a part: the track's defaults, and what the reader changed.
"use strict";

lab.assumptions = {
  show(section, track, edited) {
    for (const field of lab.all("[data-assumption]", section)) {
      const name = field.dataset.assumption;
      const own = field.getAttribute(`data-default-${track}`);
      field.dataset.default = own ?? field.defaultValue;
      field.value = name in edited ? String(edited[name]) : field.dataset.default;
      this.check(field);
    }
  },

  /** Says what is wrong with a field, if anything. */
  check(field) {
    const value = field.value.trim() === "" ? NaN : Number(field.value);
    const low = field.min === "" ? 0 : Number(field.min);
    const high = field.max === "" ? Infinity : Number(field.max);
    const ok = Number.isFinite(value) && value >= low && value <= high;
    field.setAttribute("aria-invalid", String(!ok));
    field.title = ok ? "" : `A number from ${low} to ${high}; until then the default is used.`;
    return ok;
  },

  /** What the reader changed, and only what is a number in its range. */
  read(section) {
    const edited = {};
    for (const field of lab.all("[data-assumption]", section)) {
      if (this.check(field) && Number(field.value) !== Number(field.dataset.default)) edited[field.dataset.assumption] = Number(field.value);
    }
    return edited;
  },
};
