// Brings Python to life in a worker and tells the reader honestly how far it is. Whatever fails ends in one
// sentence, a retry, and a way on without Python.
"use strict";

lab.boot = (() => {
  const manifest = lab.json("[data-manifest]");
  const steps = {
    download: "Fetching Python",
    interpreter: "Starting Python",
    packages: "Unpacking NumPy and Panel",
    core: "Installing the lab's core",
    workbench: "Building the workbench",
  };
  const shelf = lab.shelf(manifest.snapshot);
  const PATIENCE = 30_000; // ms for what was kept to come to life, which takes one or two seconds
  /** @type {Worker | null} */
  let worker = null;
  let attempt = 0;
  let started = 0;
  let step = "download";
  let loaded = 0;
  let total = 1;
  let ticking = 0;
  const payloads = new Map();
  const listeners = new Set();

  const absolute = (url) => new URL(url, document.baseURI).href;
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

  /** Says something new to everybody, a screen reader included: so only when a step begins, not at each byte. */
  function say(text) {
    for (const element of lab.all("[data-boot-text]")) if (element.textContent !== text) element.textContent = text;
  }

  function progress() {
    const seconds = Math.round((performance.now() - started) / 1000);
    say(`${steps[step]}. You can read and predict meanwhile.`);
    for (const count of lab.all("[data-boot-count]")) count.textContent = `${megabytes(loaded)} of ${megabytes(total)} MB, ${seconds} s`;
    for (const bar of lab.all("[data-boot-status] progress")) bar.value = Math.min(1, loaded / total);
  }

  /** A script of this site, as a promise. Works from a folder, where fetch does not. A second try goes past what a
   * cache may hold of the first. */
  function script(url, again = false) {
    return new Promise((resolve, reject) => {
      const element = document.createElement("script");
      element.src = again ? `${url}?again=${Date.now()}` : url;
      element.async = false;
      element.onload = () => resolve(undefined);
      element.onerror = () => {
        element.remove();
        if (again) reject(Object.assign(new Error(`${url} could not be loaded`), { download: url }));
        else script(url, true).then(resolve, reject);
      };
      document.head.append(element);
    });
  }

  const ran = new Set();

  /** The page's libraries, in their order, since each needs those before it; what has run does not run again. */
  async function pageScripts() {
    const missing = manifest.scripts.filter((url) => !ran.has(url));
    if (!lab.offline) for (const url of missing) document.head.append(lab.element("link", { rel: "preload", as: "script", href: url }));
    for (const url of missing) {
      await script(url);
      ran.add(url);
    }
  }

  /** Offline files call this: a gzipped file as base64. */
  lab.payload = (name, base64) => payloads.set(name, base64);

  async function unpack(name) {
    const text = payloads.get(name);
    payloads.delete(name);
    const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  }

  async function fromFolder(name) {
    await script(manifest.files[name].offline);
    return unpack(name);
  }

  function missing() {
    if (typeof WebAssembly !== "object") return "This browser cannot run WebAssembly (or it is switched off), which Python needs here.";
    if (typeof Worker !== "function") return "This browser does not allow web workers, in which Python runs here.";
    if (typeof DecompressionStream !== "function") return "This browser is too old for the lab: it needs Chrome 109, Firefox 115, Safari 16.4 or newer.";
    return null;
  }

  function fail(sentence, detail) {
    clearInterval(ticking);
    if (worker) worker.terminate();
    worker = null;
    lab.setBoot("failed");
    say(sentence);
    if (detail) console.debug(detail);
    for (const element of lab.all("[data-boot-detail]")) {
      element.textContent = detail || "";
      element.closest("details")?.toggleAttribute("hidden", !detail);
    }
    for (const listener of listeners) listener({ type: "failed" });
  }

  function sentenceFor(message) {
    if (message.download) {
      return `A file of the lab did not arrive (${message.download.split("/").pop()}). Check the connection and try again; everything you wrote is kept, and the text and your prediction work without it.`;
    }
    return "Python could not start in this browser. Try again; if it fails twice, a current Chrome or Firefox usually helps. The text and your prediction work without it.";
  }

  /** @param {Promise<void>} [ready] what has to be over before the worker begins */
  async function start(ready) {
    const mine = ++attempt;
    if (worker) worker.terminate();
    worker = null;
    started = performance.now();
    step = "download";
    loaded = 0;
    total = manifest.eager.reduce((sum, name) => sum + manifest.files[name].size, 0);
    lab.setBoot("starting");
    for (const details of lab.all("[data-boot-detail]")) details.closest("details")?.setAttribute("hidden", "");
    const reason = missing();
    if (reason) return fail(`${reason} The text and your prediction work without it.`, "");
    clearInterval(ticking);
    ticking = setInterval(progress, 500);
    progress();
    try {
      const found = lab.offline ? Promise.resolve(ready).then(shelf.get) : null;
      const files = {};
      const transfer = [];
      for (const [name, file] of Object.entries(manifest.files)) {
        files[name] = { url: lab.offline ? null : absolute(file.url), packed: file.packed, size: file.size };
      }
      const scripts = pageScripts().then(() => lab.documents.showFirst());
      scripts.catch((error) => mine === attempt && fail(sentenceFor(error), String(error)));
      if (lab.offline) {
        for (const name of manifest.eager) {
          files[name].bytes = await fromFolder(name);
          transfer.push(files[name].bytes);
          if (mine !== attempt) return;
        }
      }
      await ready;
      if (mine !== attempt) return;
      const source = new Blob([`"use strict";(${lab.worker})((${lab.snapshot})(), (${lab.shelf})("${manifest.snapshot}"));`], { type: "text/javascript" });
      const address = URL.createObjectURL(source);
      worker = new Worker(address);
      worker.onerror = (event) => {
        event.preventDefault();
        if (mine === attempt) fail(sentenceFor({}), event.message || "The worker could not start.");
      };
      worker.onmessage = ({ data }) => mine === attempt && receive(data, scripts);
      worker.postMessage({
        type: "boot",
        files,
        eager: lab.offline ? [] : manifest.eager.filter((name) => !name.endsWith(".js")),
        lock: JSON.stringify(manifest.lock),
        wheel: manifest.wheel,
        panelRoot: manifest.panelRoot,
        shelf: !lab.offline,
      }, transfer);
      const handed = await found;
      if (mine === attempt && handed) worker.postMessage({ type: "shelf", ...handed }, handed.kept ? [handed.kept.memory] : []);
    } catch (error) {
      if (mine === attempt) fail(sentenceFor(error), String(error));
    }
  }

  /** What was kept of an earlier visit does not come to life: Python starts in the ordinary way. */
  function startAfresh(why) {
    console.debug(why);
    start(shelf.refuse());
  }

  async function receive(message, scripts) {
    const mine = attempt;
    if (document.documentElement.dataset.boot === "live" && ["loaded", "step"].includes(message.type)) return;
    if (message.type === "loaded") {
      const file = manifest.files[message.name];
      if (file && manifest.eager.includes(message.name)) loaded += file.size;
      progress();
    } else if (message.type === "step") {
      step = message.name;
      progress();
    } else if (message.type === "need") {
      let bytes = null;
      try {
        bytes = await fromFolder(message.name);
      } catch { /* the worker is told that there is none */ }
      if (worker) worker.postMessage({ type: "file", name: message.name, bytes }, bytes ? [bytes] : []);
    } else if (message.type === "unfit") {
      startAfresh(message.text);
    } else if (message.type === "start") {
      document.documentElement.dataset.python = message.python;
      if (message.python === "kept") setTimeout(() => mine === attempt && !lab.boot.live && worker && startAfresh("It took too long."), PATIENCE);
    } else if (message.type === "keep") {
      shelf.put(message.kept);
    } else if (message.type === "failed") {
      fail(sentenceFor(message), message.text);
    } else if (message.type === "live") {
      try {
        await scripts;
      } catch {
        return; // has been said
      }
      for (const listener of listeners) await listener(message);
      clearInterval(ticking);
      say("Python is running in this page.");
      lab.setBoot("live");
    } else {
      for (const listener of listeners) listener(message);
    }
  }

  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-boot-retry]")) start(shelf.drop());
  });

  return {
    start,
    script,
    /** @param {(message: any) => any} listener gets what the worker says, once Python is alive */
    listen: (listener) => listeners.add(listener),
    post: (message, transfer = []) => worker && worker.postMessage(message, transfer),
    get live() {
      return document.documentElement.dataset.boot === "live";
    },
  };
})();
