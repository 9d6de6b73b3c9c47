// The prediction locks. A prediction is committed before anything that the lock guards is shown, and never changed
// afterwards. A lock is named after its part ("1"); a second lock in the same part has a longer name ("2-indexing").
"use strict";

lab.lock = (() => {
  const partOf = (id) => id.split("-")[0];
  /** The key of a lock's entry in the record, below its track and part. */
  const entry = (id) => (id.includes("-") ? `prediction-${id.slice(id.indexOf("-") + 1)}` : "prediction");
  const guards = (id) => lab.all(`[data-guard="${id}"]`);
  const labelOf = (field) => [...(field.labels || [])].map((label) => label.textContent.trim()).join(" ");

  /** A label for use in a sentence: with a small first letter, otherwise unchanged. */
  const inside = (label) => label.replace(/^[A-Z](?=[^A-Z])/, (letter) => letter.toLowerCase());

  /** The page's label for a value that a reader can choose at the lock of a part. */
  function words(part, value) {
    const choice = lab.fields(`form[data-lock="${part}"] input[type="radio"]`).find((radio) => radio.value === value);
    return choice ? labelOf(choice) : value ?? "–";
  }

  /** Names of a form's answers, in order; the reason does not count as an answer. */
  const names = (form) => [...new Set([...form.elements].map((field) => field.name).filter((name) => name && name !== "why"))];

  /** One answer: its value, and the words in which the page repeats it; or what is wrong. */
  function answer(form, name) {
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

  /** The answer in a form, or null after showing what is wrong. `value` is a number if the form asks for a number. */
  function read(form) {
    const error = lab.one(`[data-lock-error="${form.dataset.lock}"]`, form);
    const answers = names(form).map((name) => [name, answer(form, name)]);
    const wrong = answers.find(([, given]) => given.wrong);
    error.hidden = !wrong;
    error.textContent = wrong ? wrong[1].wrong : "";
    for (const [, given] of answers) given.field?.setAttribute("aria-invalid", "true");
    if (wrong) {
      wrong[1].field.focus();
      return null;
    }
    for (const field of form.elements) field.removeAttribute("aria-invalid");
    const value = answers.length === 1 ? answers[0][1].value : Object.fromEntries(answers.map(([name, given]) => [name, given.value]));
    return { value, said: answers.map(([, given]) => given.said).join("; "), why: form.elements.namedItem("why")?.value.slice(0, 200) || "" };
  }

  /** Shows a lock open, or committed with its answer. */
  function show(form, prediction, focus = false) {
    const id = form.dataset.lock;
    const committed = lab.one(`[data-lock-committed="${id}"]`);
    const track = document.documentElement.dataset.trackNow;
    // Text that is being typed is kept when the page first shows its track; a change of track or record clears it.
    const other = !committed.hidden || (form.dataset.of && form.dataset.of !== track);
    form.dataset.of = track;
    for (const field of form.elements) field.disabled = Boolean(prediction);
    for (const fields of lab.all(".fields", form)) fields.hidden = Boolean(prediction);
    committed.hidden = !prediction;
    for (const guarded of guards(id)) {
      guarded.hidden = !prediction;
      const note = guarded.previousElementSibling; // the note that it is locked
      if (note?.matches(".locked")) note.toggleAttribute("hidden", Boolean(prediction));
    }
    const section = form.closest("[data-part]");
    if (!id.includes("-")) section.toggleAttribute("data-revealed", Boolean(prediction));
    if (!prediction) {
      if (other) form.reset();
      for (const guarded of guards(id)) for (const place of lab.all("[data-reveal]", guarded)) place.replaceChildren();
      return;
    }
    const text = lab.one(`[data-lock-answer="${id}"]`);
    const when = new Date(prediction.locked_at);
    const said = prediction.said || lab.format(prediction.value);
    text.textContent = `Locked: ${said}${prediction.why ? `, because “${prediction.why}”` : ""} (${Number.isNaN(when.getTime()) ? "earlier" : when.toLocaleString()}).`;
    if (focus) text.focus();
  }

  return { read, show, entry, partOf, words };
})();
