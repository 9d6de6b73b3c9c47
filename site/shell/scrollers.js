// Formulas and lists that are wider than their place scroll sideways; they get a tab stop for as long as they do, so that
// the arrow keys can move them. Tables have theirs in the page.
"use strict";

(() => {
  const SCROLLERS = 'main math[display="block"], main .goals';
  let waits = false;

  function check() {
    waits = false;
    for (const element of lab.all(SCROLLERS)) {
      const scrolls = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
      if (scrolls && !element.hasAttribute("tabindex")) element.setAttribute("tabindex", "0");
      else if (!scrolls && element !== document.activeElement) element.removeAttribute("tabindex");
    }
  }

  function checkSoon() {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => lab.attempt("scrollers", check));
  }

  lab.later(() => {
    const main = lab.one("main");
    if (main && globalThis.ResizeObserver) new ResizeObserver(checkSoon).observe(main);
    for (const event of ["toggle", "lab:python"]) document.addEventListener(event, checkSoon, { capture: true });
    globalThis.addEventListener("resize", checkSoon);
    checkSoon();
  });
})();
