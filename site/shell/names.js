// Panel's widgets are in shadow roots, and some of their elements have no name. This file gives each one a name after
// every rendering, so that a screen reader can announce what a handle or a button is for.
"use strict";

lab.names = (() => {
  /** @param {ParentNode} root @param {(element: Element) => void} visit */
  function walk(root, visit) {
    for (const element of root.querySelectorAll("*")) {
      visit(element);
      if (element.shadowRoot) walk(element.shadowRoot, visit);
    }
  }

  function label(element, text) {
    if (text && element.getAttribute("aria-label") !== text) element.setAttribute("aria-label", text);
  }

  /** The title of the widget whose shadow root contains `element`. */
  function title(element) {
    const root = element.getRootNode();
    const labelElement = root.querySelector?.("label, .bk-slider-title");
    return labelElement ? labelElement.textContent.replace(/[:\s]*[-\d.,–]*\s*$/, "").trim() : "";
  }

  function handles(section) {
    for (const place of lab.all("[data-root]", section)) {
      walk(place, (element) => {
        if (element instanceof HTMLInputElement) lab.ranges.watch(element);
        if (element.classList.contains("noUi-handle")) label(element, title(element));
        else if (element.matches(".bk-spin-btn-up, .bk-spin-btn-down")) {
          element.setAttribute("role", "button");
          label(element, `${title(element)}, ${element.matches(".bk-spin-btn-up") ? "more" : "less"}`);
        } else if (element.matches("input, select") && !/** @type {HTMLInputElement} */ (element).labels?.length) label(element, title(element));
        else if (element.matches(".bk-btn-group")) {
          element.setAttribute("role", "group");
          label(element, document.getElementById(place.dataset.labelled)?.textContent || place.dataset.root);
        } else if (element.matches(".bk-btn-group > .bk-btn")) {
          element.setAttribute("aria-pressed", String(element.classList.contains("bk-active")));
        } else if (element.matches("canvas")) element.setAttribute("aria-hidden", "true");
      });
    }
  }

  /** Parts whose elements get their names again at the next frame. */
  const pendingParts = new Set();
  function handlesSoon(part) {
    if (!pendingParts.size) requestAnimationFrame(() => {
      for (const pendingPart of pendingParts) handles(lab.one(`[data-part="${pendingPart}"]`));
      pendingParts.clear();
    });
    pendingParts.add(part);
  }

  return { handles, handlesSoon };
})();
