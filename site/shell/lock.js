// The prediction lock: a number, committed before anything is shown, never changed after its reveal.
"use strict";

lab.lock = {
  /** The committed answer of a form, or null with the reason shown. */
  read(form) {
    const part = form.dataset.lock;
    const field = form.elements.namedItem("prediction");
    const error = lab.one(`[data-lock-error="${part}"]`, form);
    const value = field.value.trim() === "" ? NaN : Number(field.value);
    const ok = Number.isFinite(value) && value >= Number(field.min) && value <= Number(field.max);
    error.hidden = ok;
    error.textContent = ok ? "" : `Enter a number from ${field.min} to ${field.max}: the reduction you expect, in percent.`;
    field.setAttribute("aria-invalid", String(!ok));
    if (!ok) {
      field.focus();
      return null;
    }
    return { value, why: form.elements.namedItem("why")?.value.slice(0, 200) || "" };
  },

  show(section, prediction, focus = false) {
    const part = section.dataset.part;
    const form = lab.one(`form[data-lock="${part}"]`, section);
    const committed = lab.one(`[data-lock-committed="${part}"]`, section);
    form.hidden = false;
    for (const element of form.elements) element.disabled = Boolean(prediction);
    lab.one(".fields", form).hidden = Boolean(prediction);
    committed.hidden = !prediction;
    for (const locked of lab.all(".locked", section)) locked.hidden = Boolean(prediction);
    if (!prediction) {
      form.reset();
      delete section.dataset.revealed;
      for (const guarded of lab.all(`[data-guard="${part}"]`, section)) guarded.hidden = true;
      for (const place of lab.all("[data-reveal]", section)) place.replaceChildren();
      return;
    }
    const answer = lab.one(`[data-lock-answer="${part}"]`, section);
    const when = new Date(prediction.locked_at);
    answer.textContent = `Locked: ${lab.format(prediction.value)} %${prediction.why ? `, because “${prediction.why}”` : ""} (${Number.isNaN(when.getTime()) ? "earlier" : when.toLocaleString()}).`;
    if (focus) answer.focus();
  },
};
