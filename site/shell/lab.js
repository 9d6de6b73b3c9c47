// The page's only global. Every file of the shell adds its part to it. An error in one piece does not stop the others:
// calls of several listeners go through `listeners`, and work that may fail on its own goes through `attempt`.
"use strict";

globalThis.lab = {
  /** Elements below `root` that match, as an array. @param {string} selector @param {ParentNode} [root] */
  all(selector, root = document) {
    return /** @type {HTMLElement[]} */ ([...root.querySelectorAll(selector)]);
  },

  /** The first element that matches, or null. @param {string} selector @param {ParentNode} [root] */
  one(selector, root = document) {
    return /** @type {HTMLElement | null} */ (root.querySelector(selector));
  },

  /** The first field that matches. @param {string} selector @param {ParentNode} [root] */
  field: (selector, root) => /** @type {HTMLInputElement | null} */ (lab.one(selector, root)),

  /** All fields or buttons that match. @param {string} selector @param {ParentNode} [root] */
  fields: (selector, root) => /** @type {HTMLInputElement[]} */ (lab.all(selector, root)),

  /** The first form that matches. @param {string} selector @param {ParentNode} [root] */
  form: (selector, root) => /** @type {LabForm | null} */ (lab.one(selector, root)),

  /** The first table that matches. @param {string} selector @param {ParentNode} [root] */
  table: (selector, root) => /** @type {HTMLTableElement | null} */ (lab.one(selector, root)),

  /** The first `details` element that matches. @param {string} selector @param {ParentNode} [root] */
  details: (selector, root) => /** @type {HTMLDetailsElement | null} */ (lab.one(selector, root)),

  /** All progress bars that match. @param {string} selector @param {ParentNode} [root] */
  bars: (selector, root) => /** @type {HTMLProgressElement[]} */ (/** @type {Element[]} */ (lab.all(selector, root))),

  /** JSON that the build put into the page. @param {string} selector */
  json(selector) {
    const element = lab.one(selector);
    return element ? JSON.parse(element.textContent || "null") : null;
  },

  /** An element with attributes and children; text is never read as HTML. */
  element(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  },

  /** A fold: closed if one step is shown at a time, open if everything is on one page. A fold that the reader has
   * opened is still open after it is rebuilt. @param {string} name unique in the page */
  fold(name, summary, ...content) {
    const fold = lab.element("details", { "data-fold": name }, lab.element("summary", {}, summary), ...content.filter(Boolean));
    /** @type {HTMLDetailsElement} */ (fold).open = lab.details(`details[data-fold="${name}"]`)?.open ?? document.documentElement.dataset.view !== "steps";
    return fold;
  },

  /** Opens or closes all folds. @param {boolean} open */
  folds(open) {
    for (const fold of lab.all("details[data-fold]")) /** @type {HTMLDetailsElement} */ (fold).open = open;
  },

  /** Sets what the page can do now: `static`, `starting`, `live` or `failed`. */
  setBoot(state) {
    document.documentElement.dataset.boot = state;
    performance.mark(`lab:${state}`);
    document.dispatchEvent(new CustomEvent("lab:boot", { detail: state }));
  },

  /** Shows once that a piece of the page does not work. @param {unknown} error @param {string} [piece] */
  fault: (error, piece = "") => globalThis.labFirst.fault(error, piece),

  /** Runs work that may fail on its own: an error, now or later in its promise, is shown and stops nothing else.
   * @param {string} piece @param {(...given: any[]) => any} work */
  attempt(piece, work, ...parameters) {
    try {
      const result = work(...parameters);
      return typeof result?.then === "function" ? result.then(undefined, (error) => lab.fault(error, piece)) : result;
    } catch (error) {
      lab.fault(error, piece);
      return undefined;
    }
  },

  /** A list of listeners; an error in one does not stop the others. @param {string} piece */
  listeners(piece) {
    /** @type {((...given: any[]) => any)[]} */
    const registered = [];
    return {
      /** @param {(...given: any[]) => any} listener @param {{first?: boolean}} [options] */
      add(listener, { first = false } = {}) {
        if (first) registered.unshift(listener);
        else registered.push(listener);
      },
      tell(...parameters) {
        for (const listener of [...registered]) lab.attempt(piece, listener, ...parameters);
      },
      /** Calls them one after the other: each has finished before the next begins. */
      async tellInTurn(...parameters) {
        for (const listener of [...registered]) await lab.attempt(piece, listener, ...parameters);
      },
    };
  },

  /** Runs something once all scripts of the page that could be loaded have run. @param {() => any} work */
  later(work) {
    const run = () => lab.attempt("start", work);
    if (globalThis.labFirst.whole) queueMicrotask(run);
    else document.addEventListener("lab:whole", run, { once: true });
  },

  /** Loads a script of this site, as a promise. Works from a folder, where fetch does not. @param {string} url */
  script: (url) => new Promise((resolve, reject) => {
    const fail = () => reject(Object.assign(new Error(`${url} could not be loaded`), { download: url }));
    globalThis.labFirst.load(url, () => resolve(undefined), fail);
  }),

  offline: location.protocol === "file:",
};

/** Placeholders for Python's side of the page, until boot.js and documents.js replace them. */
lab.boot = (() => {
  const listeners = lab.listeners("workbench");
  return {
    live: false,
    start() {},
    post() {},
    /** @param {(message: any) => any} listener gets the worker's messages once Python runs */
    listen: listeners.add,
    heard: listeners.tell,
    heardInTurn: listeners.tellInTurn,
  };
})();
lab.documents = { showFirst() {}, send: () => 0, model: () => null, has: () => false, reader: 0 };
