// The page's one global. Every file of the shell adds its part to it; nothing is bundled, so that the same
// files run from a server and from a double-clicked index.html (where module scripts are refused).
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

  /** JSON that the build left in the page. @param {string} selector */
  json(selector) {
    const element = lab.one(selector);
    return element ? JSON.parse(element.textContent || "null") : null;
  },

  /** An element with attributes and children; text stays text, whatever it holds. */
  element(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  },

  /** `static`, `starting`, `live` or `failed`: what the page can do just now. */
  setBoot(state) {
    document.documentElement.dataset.boot = state;
    performance.mark(`lab:${state}`);
    document.dispatchEvent(new CustomEvent("lab:boot", { detail: state }));
  },

  /** Runs something once every file of the shell is there: they are deferred scripts, and this event follows the
   * last of them. @param {() => void} work */
  later: (work) => document.addEventListener("DOMContentLoaded", () => work(), { once: true }),

  offline: location.protocol === "file:",
};
