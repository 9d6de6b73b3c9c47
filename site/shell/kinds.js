// What a number is, on focus or tap: measured, modelled or cited, and its source. The mark under the number says it to
// those who know the marks; the word after the number to those who listen.
"use strict";

lab.kinds = (() => {
  let note = null;

  function hide() {
    note?.remove();
    note = null;
  }

  /** Shows the kind and source of a figure next to it. */
  function show(figure) {
    hide();
    if (!figure.title) return;
    note = lab.element("p", { class: "kind-note", role: "tooltip" }, figure.title);
    (figure.closest("[data-opened]") || document.body).append(note);
    const near = figure.getBoundingClientRect();
    const left = Math.min(Math.max(near.left, 8), innerWidth - note.offsetWidth - 8);
    const above = near.top - note.offsetHeight - 6;
    Object.assign(note.style, { left: `${Math.max(left, 8)}px`, top: `${above > 0 ? above : near.bottom + 6}px` });
  }

  const figureOf = (event) => (event.target instanceof Element && !event.target.closest("a, button, label, summary") ? event.target.closest("output[data-kind]") : null);

  document.addEventListener("click", (event) => {
    const figure = figureOf(event);
    if (figure) show(figure);
    else hide();
  });
  document.addEventListener("focusin", (event) => {
    const figure = figureOf(event);
    if (figure && figure.matches(":focus-visible")) show(figure);
    else hide();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && note) {
      hide();
      event.preventDefault(); // what is open below it stays open
    }
  }, { capture: true });
  globalThis.addEventListener("scroll", hide, { passive: true, capture: true });

  lab.later(() => {
    for (const figure of lab.all(".goals output")) figure.tabIndex = 0;
  });

  return { hide };
})();
