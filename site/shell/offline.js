// Keeps the lab for offline use: registers the service worker (sw.js) once Python has run in this page, shows its
// progress, announces a newer version, and can switch everything off. Nothing in the page waits for it.
"use strict";

lab.offlineUse = (() => {
  const build = document.documentElement.dataset.build || ""; // empty: this edition has no service worker
  const scope = new URL("./", location.href).href;
  const OURS = `data-selection-lab ${scope} `;
  const MARK = "https://lab.invalid/complete";
  const OFF = `${OURS}off`;
  const TOLD = `${OURS}told`;
  const CHECK = 15 * 60_000; // minimum ms between two checks for a newer version
  const opened = Date.now();
  const watchedWorkers = new WeakSet();
  let announced = "";

  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
  const box = () => /** @type {HTMLInputElement} */ (lab.one("[data-offline-switch]"));

  function say(text) {
    const element = lab.one("[data-offline-status]");
    if (element && element.textContent !== text) element.textContent = text;
  }

  /** Whether this page is in a frame of another origin; browsers keep the storage of such a frame separate. */
  function foreign() {
    try {
      for (let inner = /** @type {Window} */ (window); inner !== inner.parent; inner = inner.parent) {
        if (inner.parent.location.origin !== location.origin) return true;
      }
      return false;
    } catch {
      return true;
    }
  }

  /** The browser's service workers, or null if it has none for this page. */
  function workers() {
    try {
      const possible = /^https?:$/.test(location.protocol) && globalThis.isSecureContext && globalThis.caches && !foreign();
      return possible ? navigator.serviceWorker || null : null;
    } catch {
      return null; // a frame in a sandbox, or a browser that stores nothing
    }
  }

  // -- the reader's choice, kept in this browser and not in the record ------------------------------------

  function read(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  }

  function write(key, value) {
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, value);
    } catch { /* then it applies to this page only */ }
  }

  let isWanted = read(OFF) === null;

  // -- what is kept ---------------------------------------------------------------------------------------

  async function ours() {
    return (await caches.keys()).filter((name) => name.startsWith(OURS));
  }

  /** The mark of a complete version, {at, size}, or null. */
  async function mark(version) {
    const response = await caches.match(MARK, { cacheName: OURS + version });
    return response ? response.json() : null;
  }

  /** The registration of this lab only: the browser may also return the one of a parent folder. */
  async function registration() {
    const match = await workers().getRegistration(scope);
    return match && match.scope === scope ? match : null;
  }

  async function remove() {
    await (await registration())?.unregister();
    for (const name of await ours()) await caches.delete(name);
  }

  /** Holds a lock while this page is open, so that the worker deletes nothing of its version. */
  function hold() {
    try {
      navigator.locks?.request(OURS + build, { mode: "shared" }, () => new Promise(() => {})).catch(() => {});
    } catch { /* a browser without locks keeps everything while a page is open */ }
  }

  // -- messages -------------------------------------------------------------------------------------------

  const REASONS = {
    room: "this browser has not enough free space for it",
    file: "a file did not arrive whole",
    storage: "this browser could not store it",
  };

  function failed(why, size) {
    if (!isWanted) return;
    const sizeText = size ? ` (${megabytes(size)})` : "";
    say(`Not kept${sizeText}: ${REASONS[why] || "this browser, or the host, does not allow it"}. It is tried again at the next visit.`);
  }

  /** Shows that the lab works offline; at the top, next to Python's state, only the first time. */
  async function ready() {
    const keptVersion = await mark(build);
    if (!keptVersion || !isWanted || !(await registration())?.active) return;
    say(`Works offline now: ${megabytes(keptVersion.size)} are kept in this browser.`);
    if (read(TOLD)) return;
    write(TOLD, "1");
    const element = lab.one("[data-offline-said]");
    if (element) element.textContent = `Works offline now (${megabytes(keptVersion.size)} kept).`;
  }

  /** Announces, once, a version that became complete after this page was opened. */
  async function announce() {
    for (const name of await ours()) {
      const version = name.slice(OURS.length);
      const keptVersion = version === build ? null : await mark(version);
      if (!keptVersion || keptVersion.at < opened || version === announced) continue;
      announced = version;
      const element = lab.one("[data-update]");
      element.hidden = false;
      lab.one("[data-update-text]", element).textContent = "A newer version of the lab is ready; it is used the next time you open it.";
    }
  }

  const look = () => Promise.all([ready(), announce()]).catch(() => {});

  // -- following the worker -------------------------------------------------------------------------------

  function follow(worker) {
    if (!worker || watchedWorkers.has(worker)) return;
    watchedWorkers.add(worker);
    const installing = worker.state === "installing";
    worker.addEventListener("statechange", () => {
      look();
      if (worker.state === "redundant" && installing) setTimeout(unsaid, 1000); // its own message may still arrive
    });
  }

  /** Reports a worker that has ended without a message. */
  async function unsaid() {
    if (lab.one("[data-offline-status]").textContent.startsWith("Not kept")) return;
    if (!(await mark(build).catch(() => null))) failed("");
  }

  function watch(registered) {
    follow(registered.installing);
    follow(registered.waiting);
    registered.addEventListener("updatefound", () => follow(registered.installing));
    let last = Date.now();
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState !== "visible" || Date.now() - last < CHECK) return;
      last = Date.now();
      registered.update().catch(() => {}); // offline, most likely
    });
    setInterval(() => document.visibilityState === "visible" && registered.update().catch(() => {}), 2 * CHECK);
  }

  let watched = false;

  async function keep() {
    if (!(await mark(build))) say("Keeping the lab for offline use …");
    const registered = await workers().register("sw.js", { scope: "./", updateViaCache: "none" });
    if (!watched) watch(registered);
    watched = true;
    follow(registered.installing);
    // If this page's version is not kept, it is newer than the worker's, or its files were deleted: then fill it again.
    const missing = !(await mark(build));
    if (missing && registered.active) registered.update().catch(() => {});
    registered.active?.postMessage({ lab: "offline", fill: missing ? build : null, tidy: true });
    await look();
  }

  function heard({ data }) {
    if (data?.lab !== "offline" || !isWanted) return;
    if (data.build !== build) {
      if (data.done === data.size) look();
    } else if (data.failed) failed(data.failed, data.size);
    else if (data.done < data.size) say(`Keeping the lab for offline use: ${Math.floor(data.done / 1e6)} of ${megabytes(data.size)}.`);
    else look();
  }

  async function start() {
    const element = lab.one("[data-offline-use]");
    if (!workers()) return;
    if (!build) {
      await remove();
      return;
    }
    element.hidden = false;
    box().checked = isWanted;
    workers().addEventListener("message", heard);
    workers().startMessages?.();
    if (isWanted) await look();
    else say("Not kept: without a connection the lab does not open.");
  }

  async function begin() {
    if (!workers() || !build || !isWanted) return;
    try {
      await keep();
    } catch (error) {
      console.debug(error);
      failed("");
    }
  }

  async function flip() {
    isWanted = box().checked;
    write(OFF, isWanted ? null : "1");
    if (isWanted) return begin();
    write(TOLD, null);
    try {
      await remove();
      say("Not kept: without a connection the lab does not open.");
    } catch {
      say("What is kept could not be removed. This browser's settings can remove it.");
    }
  }

  document.addEventListener("change", ({ target }) => {
    if (target instanceof Element && target.matches("[data-offline-switch]")) flip();
  });
  document.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element)) return;
    if (target.closest("[data-update-now]")) location.reload();
    else if (target.closest("[data-update-later]")) lab.one("[data-update]").hidden = true;
  });
  // Not before Python has run, so that a first visit does not wait longer; and then after a pause.
  document.addEventListener("lab:boot", ({ detail }) => {
    if (detail === "live") setTimeout(begin, 1000);
  });

  if (build) hold();
  lab.later(() => start().catch(() => {}));
  return { foreign };
})();
