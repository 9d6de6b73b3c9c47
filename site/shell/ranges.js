// The number fields of the workbenches: a number outside a field's range is refused with a message. Bokeh alone would
// change the number without a message, or leave a number in the field that is not used.
"use strict";

lab.ranges = (() => {
  const SENTENCE = "color: var(--bad); font-size: 13px; font-weight: 500; line-height: 1.4; width: 15rem; margin: 4px 0 0; white-space: normal";
  /** Sentences that are on the page. @type {Set<HTMLElement>} */
  const sentences = new Set();
  /** Shadow roots that are watched already. */
  const watched = new WeakSet();
  const widgets = '[class*="bk-input"]:is([type="text"], [type="number"])';

  /** The model of a field: found by the field's label in the document of its part. */
  function modelOf(field) {
    const label = field.labels?.[0]?.textContent || field.getRootNode().querySelector("label")?.textContent || "";
    return lab.documents.model(outside(field).closest("[data-part]").dataset.part, label.trim());
  }

  /** The element of the page whose shadow contains a field, at any depth. */
  function outside(element) {
    const root = element.getRootNode();
    return root instanceof ShadowRoot ? outside(root.host) : element;
  }

  /** Shows a sentence right under a field, in the same shadow, which the page's style sheet does not reach. */
  function say(field, text) {
    const group = field.closest(".bk-input-group") || field.parentElement;
    lab.one("[role=alert]", group)?.remove();
    if (!text) return;
    sentences.add(lab.element("p", { role: "alert", style: SENTENCE }, text));
    group.append([...sentences].at(-1));
  }

  document.addEventListener("lab:moved", () => { // the reader has moved on
    for (const sentence of sentences) sentence.remove();
    sentences.clear();
  });

  /** Runs before Bokeh's own listener: replaces a number outside the range by the last valid one, and shows why. */
  function changed(event) {
    const field = event.target;
    const model = modelOf(field);
    if (!model || typeof model.low !== "number" || typeof model.high !== "number") return;
    const typed = field.value.trim();
    const number = typed === "" ? NaN : Number(typed);
    if (number >= model.low && number <= model.high) {
      say(field, "");
      return;
    }
    event.stopImmediatePropagation();
    field.value = String(model.value);
    field.dispatchEvent(new Event("input")); // Bokeh remembers the previous text, to refuse letters
    const name = model.title.replace(/\s*\([^)]*\)$/, "");
    say(field, `${name} must be from ${model.low} to ${model.high}, so ${typed === "" ? "an empty field" : typed} is not accepted. It is still ${model.value}.`);
  }

  /** Bokeh's fields accept only a decimal point, but many readers type a comma. */
  function typing(event) {
    const field = event.target;
    if (!field.value.includes(",") || modelOf(field)?.mode === "int") return;
    const cursor = field.selectionStart;
    field.value = field.value.replace(",", ".");
    field.setSelectionRange(cursor, cursor);
  }

  return {
    /** Watches a number field in the shadow of a widget. @param {HTMLInputElement} field */
    watch(field) {
      const root = field.getRootNode();
      if (watched.has(root) || !(root instanceof ShadowRoot) || !field.matches(widgets)) return;
      const model = modelOf(field);
      if (!model || typeof model.low !== "number") return;
      watched.add(root);
      field.title = `From ${model.low} to ${model.high}`;
      root.addEventListener("change", changed, true);
      root.addEventListener("input", typing, true);
    },
  };
})();
