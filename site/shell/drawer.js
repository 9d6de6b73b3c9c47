// The details of each part (how MinHash works, formulas, assumptions, sources, the reader's own corpus …) in a drawer:
// beside the instrument on a wide screen, as a sheet on a smaller one. In the document they are where they belong in the
// text; while one step is shown at a time, they are moved into the drawer of their part.
"use strict";

lab.drawer = (() => {
  const wide = globalThis.matchMedia("(min-width: 70rem)");
  const beside = () => wide.matches && window.parent === window;
  const moved = []; // [piece, the comment that keeps its place]
  const of = (part) => lab.one(`[data-part="${part}"] [data-drawer]`);

  /** The pieces of a part: what is shown under "more" only. */
  const pieces = (section) => lab.all('[data-step="more"]', section).filter((piece) => !piece.parentElement.closest('[data-step="more"], [data-drawer]'));

  /** Moves a piece into the drawer. What a lock guards is still guarded there. */
  function take(piece, target) {
    const guard = /** @type {HTMLElement | null} */ (piece.parentElement.closest("[data-guard]"));
    const mark = document.createComment("moved into the drawer");
    piece.before(mark);
    moved.push([piece, mark]);
    if (!guard) return target.append(piece);
    const last = /** @type {HTMLElement | null} */ (target.lastElementChild);
    const same = last?.dataset.guard === guard.dataset.guard && last.className === guard.className ? last : null;
    const place = same || target.appendChild(lab.element("div", { "data-guard": guard.dataset.guard, class: guard.className || null }));
    place.hidden = guard.hidden;
    place.append(piece);
  }

  /** Moves the details into the drawers, or back to their places. @param {boolean} into */
  function fill(into) {
    if (!into) {
      lab.sheets.close(false);
      for (const [piece, mark] of moved.splice(0)) mark.replaceWith(piece);
      for (const target of lab.all("[data-pieces]")) target.replaceChildren();
      return;
    }
    for (const section of lab.all("[data-part]")) {
      const target = lab.one("[data-pieces]", section);
      if (target) for (const piece of pieces(section)) take(piece, target);
    }
  }

  /** Opens the drawer of a part, at one of its pieces if `aim` is one. @param {string} part @param {HTMLElement | null} [aim] */
  function open(part, aim = null) {
    const drawer = of(part);
    const active = /** @type {HTMLElement | null} */ (document.activeElement);
    const opener = active && active !== document.body && !drawer.contains(active) ? active : lab.one(`[data-part="${part}"] .stepper a[data-go-step="more"]`);
    if (lab.sheets.now !== drawer) lab.sheets.show(drawer, { opener, covers: !beside(), aim: lab.one("h3", drawer), closed: forget });
    if (!aim || aim === lab.one("h3", drawer)) {
      drawer.scrollTop = 0;
      return;
    }
    for (let fold = aim.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    for (const fold of lab.all(":scope > details", aim)) /** @type {HTMLDetailsElement} */ (fold).open = true;
    const target = aim.getClientRects().length ? aim : lab.one(".locked", drawer);
    if (!target.matches("a, button, input, select, textarea, summary, [tabindex]")) target.tabIndex = -1;
    target.focus({ preventScroll: true });
    const head = lab.one(".sheet-head", drawer).offsetHeight;
    drawer.scrollTop += target.getBoundingClientRect().top - drawer.getBoundingClientRect().top - head - 8;
  }

  /** Takes the name of a piece out of the address when its drawer is closed. */
  function forget() {
    const named = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!named || !named.closest("[data-drawer]")) return;
    try {
      history.replaceState(null, "", location.pathname + location.search);
    } catch { /* some embedders forbid it */ }
  }

  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-print]")) globalThis.print();
  });

  // A drawer that is open takes the form that fits the new width.
  wide.addEventListener("change", () => {
    const drawer = lab.sheets.now;
    if (!drawer?.matches("[data-drawer]")) return;
    const { scrollTop } = drawer;
    lab.sheets.show(drawer, { covers: !beside(), closed: forget });
    drawer.scrollTop = scrollTop;
  });

  return {
    fill, open,
    /** Closes the drawer, unless it belongs to this part. @param {string} [part] */
    leave(part = "") {
      const now = lab.sheets.now;
      if (now?.matches("[data-drawer]") && now !== of(part)) lab.sheets.close(false);
    },
  };
})();
