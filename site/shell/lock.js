// The prediction locks. A prediction is committed before anything that the lock guards is shown, and never changed
// afterwards. A lock is named after its part ("1"); a second lock in the same part has a longer name ("2-indexing").
"use strict";

lab.lock = (() => {
  const partOf = (id) => id.split("-")[0];
  /** The key of a lock's entry in the record, below its track and part. */
  const entry = (id) => (id.includes("-") ? `prediction-${id.slice(id.indexOf("-") + 1)}` : "prediction");
  const guards = (id) => lab.all(`[data-guard="${id}"]`);
  /** A field's label as the page was written: a browser may have translated the label that is shown. */
  const labelOf = (field) => field.dataset.label;

  /** A label for use in a sentence: with a small first letter, otherwise unchanged. */
  const inside = (label) => label.replace(/^[A-Z](?=[^A-Z])/, (letter) => letter.toLowerCase());

  /** The page's label for a value that a reader can choose at the lock of a part. */
  function words(part, value) {
    const choice = lab.fields(`form[data-lock="${part}"] input[type="radio"]`).find((radio) => radio.value === value);
    return choice ? labelOf(choice) : value ?? "–";
  }

  /** Names of the fields of a form that make up the prediction, in order; the reason is not one of them. */
  const names = (form) => [...new Set([...form.elements].map((field) => field.name).filter((name) => name && name !== "why"))];

  /** One field: its value, and the words in which the page repeats it; or what is wrong. */
  function readField(form, name) {
    const field = form.elements.namedItem(name);
    if (field instanceof RadioNodeList) {
      const chosen = [...field].find((radio) => radio.checked);
      return chosen ? { value: chosen.value, said: labelOf(chosen) } : { field: field[0], wrong: "Choose one of the answers." };
    }
    const value = field.value.trim() === "" ? NaN : Number(field.value);
    const low = field.min === "" ? -Infinity : Number(field.min);
    const high = field.max === "" ? Infinity : Number(field.max);
    if (!Number.isFinite(value) || value < low || value > high) {
      return { field, wrong: `Enter a number from ${field.min} to ${field.max}: ${inside(labelOf(field))}.` };
    }
    // A choice may limit the number: "about the same" and 80 points contradict each other.
    const choice = lab.all("input[data-most]:checked", form)[0];
    if (choice && value > Number(choice.dataset.most)) {
      return { field, wrong: `“${labelOf(choice)}” goes with at most ${choice.dataset.most} ${field.dataset.unit}. Enter a smaller number, or choose another answer.` };
    }
    const unit = field.dataset.unit ? ` ${field.dataset.unit}` : "";
    return { value, said: `${labelOf(field)}: ${lab.format(value)}${unit}` };
  }

  /** The prediction in a form, or null after showing what is wrong. `value` is a number if the form asks for a number. */
  function read(form) {
    const error = lab.one(`[data-lock-error="${form.dataset.lock}"]`, form);
    const fields = names(form).map((name) => [name, readField(form, name)]);
    const invalid = fields.find(([, reading]) => reading.wrong);
    error.hidden = !invalid;
    error.textContent = invalid ? invalid[1].wrong : "";
    for (const [, reading] of fields) reading.field?.setAttribute("aria-invalid", "true");
    if (invalid) {
      invalid[1].field.focus();
      return null;
    }
    for (const field of form.elements) field.removeAttribute("aria-invalid");
    const value = fields.length === 1 ? fields[0][1].value : Object.fromEntries(fields.map(([name, reading]) => [name, reading.value]));
    return { value, said: fields.map(([, reading]) => reading.said).join("; "), why: form.elements.namedItem("why")?.value.slice(0, 200) || "" };
  }

  /** Shows a lock open, or committed with its prediction. */
  function show(form, prediction, focus = false) {
    const id = form.dataset.lock;
    const committed = lab.one(`[data-lock-committed="${id}"]`);
    const track = document.documentElement.dataset.trackNow;
    // Text that is being typed is kept when the page first shows its track; a change of track or record clears it.
    const isOther = !committed.hidden || (form.dataset.of && form.dataset.of !== track);
    form.dataset.of = track;
    for (const field of form.elements) field.disabled = Boolean(prediction);
    for (const fields of lab.all(".fields", form)) fields.hidden = Boolean(prediction);
    committed.hidden = !prediction;
    for (const element of guards(id)) {
      element.hidden = !prediction;
      const note = element.previousElementSibling; // the note that it is locked
      if (note?.matches(".locked")) note.toggleAttribute("hidden", Boolean(prediction));
    }
    const section = form.closest("[data-part]");
    if (!id.includes("-")) section.toggleAttribute("data-revealed", Boolean(prediction));
    if (!prediction) {
      if (isOther) form.reset();
      lab.one(`[data-lock-answer="${id}"]`).textContent = "";
      for (const element of guards(id)) for (const target of lab.all("[data-reveal]", element)) target.replaceChildren();
      return;
    }
    const text = lab.one(`[data-lock-answer="${id}"]`);
    const when = new Date(prediction.locked_at);
    const predictionText = prediction.said || lab.format(prediction.value);
    text.textContent = `Locked: ${predictionText}${prediction.why ? `, because “${prediction.why}”` : ""} (${Number.isNaN(when.getTime()) ? "earlier" : when.toLocaleString()}).`;
    if (focus) text.focus();
  }

  return { read, show, entry, partOf, words };
})();
