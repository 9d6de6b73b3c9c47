// Details that open over the page or beside it: on a phone the controls that are not at hand come up as a sheet from
// below. What is opened stays where it is in the document; the style sheet places it. While a sheet covers the page,
// nothing else can be reached; Escape, its close button, and a click beside it close it, and the focus returns.
"use strict";

lab.sheets = (() => {
  let open = null; // {element, opener: what gets the focus back, closed: what follows, role: of the element before}
  let frozen = []; // elements that are inert because of it

  /** Makes everything outside an element inert, except what contains it. */
  function freeze(element) {
    for (let inner = element; inner !== document.body && inner.parentElement; inner = inner.parentElement) {
      for (const sibling of inner.parentElement.children) {
        if (sibling === inner || sibling.inert || sibling.matches("script, style, .sheet-cover")) continue;
        sibling.inert = true;
        frozen.push(sibling);
      }
    }
  }

  /** In a frame, a sheet opens where the reader is looking: a textbook may have enlarged the frame to many screens. */
  function place(element, opener) {
    if (window.parent === window || !opener) return;
    const height = Math.min(innerHeight, 560);
    const top = Math.min(Math.max(opener.getBoundingClientRect().top - height / 2, 0), innerHeight - height);
    Object.assign(element.style, { top: `${top}px`, bottom: "auto", maxHeight: `${height}px` });
  }

  function thaw() {
    for (const element of frozen) element.inert = false;
    frozen = [];
  }

  /** Opens an element as a sheet. @param {HTMLElement} element
   * @param {{opener?: HTMLElement | null, covers?: boolean, aim?: HTMLElement | null, closed?: () => void}} [options] */
  function show(element, { opener = null, covers = true, aim = null, closed = () => {} } = {}) {
    if (open) close(false);
    open = { element, opener, closed, role: element.getAttribute("role") };
    element.dataset.opened = covers ? "over" : "beside";
    document.documentElement.dataset.sheetOpen = element.dataset.opened;
    if (covers) {
      element.setAttribute("role", "dialog");
      element.setAttribute("aria-modal", "true");
      element.before(lab.element("div", { class: "sheet-cover" }));
      freeze(element);
      place(element, opener);
    }
    globalThis.dispatchEvent(new Event("resize")); // plots are not drawn while they are hidden
    (aim || lab.one("[data-sheet-close]", element))?.focus({ preventScroll: true });
  }

  function close(giveBack = true) {
    if (!open) return;
    const { element, opener, closed, role } = open;
    open = null;
    thaw();
    for (const cover of lab.all(".sheet-cover")) cover.remove();
    delete element.dataset.opened;
    element.removeAttribute("aria-modal");
    Object.assign(element.style, { top: "", bottom: "", maxHeight: "" });
    if (role) element.setAttribute("role", role);
    else element.removeAttribute("role");
    delete document.documentElement.dataset.sheetOpen;
    closed();
    globalThis.dispatchEvent(new Event("resize"));
    if (giveBack && opener?.isConnected) opener.focus({ preventScroll: true });
  }

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("[data-sheet-close], .sheet-cover")) return close();
    const button = /** @type {HTMLElement | null} */ (event.target.closest("[data-open-sheet]"));
    const element = button && document.getElementById(button.dataset.openSheet);
    if (element) show(element, { opener: button });
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !open || event.defaultPrevented || lab.one(".ask")) return;
    event.preventDefault();
    close();
  });

  // On a screen that is wide enough the controls have a place of their own.
  globalThis.matchMedia("(min-width: 62rem)").addEventListener("change", ({ matches }) => {
    if (matches && open?.element.matches(".controls")) close(false);
  });

  return { show, close, get now() { return open?.element || null; } };
})();
