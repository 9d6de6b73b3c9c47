// Starts Python in a worker and shows the reader its progress. Every failure ends in one sentence, a retry button, and
// a way to continue without Python.
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
  const SILENCE = 20; // s without data before the page says so
  const STUCK = 90; // s without a message before a snapshot whose files have all arrived is skipped
  const SLOW = 20; // s before the page shows how long the download will still take
  /** @type {Worker | null} */
  let worker = null;
  let attempt = 0;
  let started = 0;
  let step = "download";
  /** The bytes that have arrived of each file that the start needs. @type {Map<string, number>} */
  const received = new Map();
  const total = manifest.eager.reduce((sum, name) => sum + manifest.files[name].bytes, 0);
  let quiet = 0; // s since the worker's last message, while this page was awake
  let ticked = 0;
  let ticking = 0;
  /** What to do with the snapshot of an earlier visit: "use" it; "pass": skip it, but keep it until there is another;
   * "refuse": skip it, since it does not start here, and delete it once a new Python runs. */
  let snapshotUse = "use";
  const payloads = new Map();
  const { listen, heard, heardInTurn } = lab.boot;

  const absolute = (url) => new URL(url, document.baseURI).href;
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  const loaded = () => [...received.values()].reduce((sum, bytes) => sum + bytes, 0);
  const arrives = () => loaded() < total;

  /** Shows a new status. Screen readers announce it, so the text changes when a step begins and not with every byte. */
  function say(text) {
    for (const element of lab.all("[data-boot-text]")) if (element.textContent !== text) element.textContent = text;
  }

  /** The remaining download time at the pace so far, in words; empty if it is short. */
  function remaining(seconds) {
    const secondsLeft = (seconds * (total - loaded())) / Math.max(1, loaded());
    if (seconds < SLOW || !arrives() || secondsLeft < SLOW) return "";
    return secondsLeft > 3600 ? ", more than an hour left at this pace" : secondsLeft > 90 ? `, about ${Math.round(secondsLeft / 60)} minutes left` : `, about ${10 * Math.ceil(secondsLeft / 10)} s left`;
  }

  /** The sentence shown if nothing arrives. The page keeps waiting; files that have arrived or were saved are kept. */
  function silent() {
    if (arrives()) return `No byte has arrived for ${SILENCE} s; the lab is still waiting. “Try again” sends a new request and keeps what has arrived. You can read and predict meanwhile.`;
    return `${steps[step]} takes long on this machine; it is still being worked on. You can read and predict meanwhile.`;
  }

  function progress() {
    const now = performance.now();
    quiet += Math.min(1, (now - ticked) / 1000); // do not count the time when the machine slept
    ticked = now;
    const seconds = Math.round((now - started) / 1000);
    const waits = quiet >= SILENCE;
    document.documentElement.toggleAttribute("data-waiting", waits);
    say(waits ? silent() : `${steps[step]}. You can read and predict meanwhile.`);
    for (const count of lab.all("[data-boot-count]")) count.textContent = `${megabytes(loaded())} of ${megabytes(total)} MB, ${seconds} s${remaining(seconds)}`;
    for (const bar of lab.bars("[data-boot-status] progress")) bar.value = Math.min(1, loaded() / total);
    if (quiet >= STUCK && document.documentElement.dataset.python === "kept" && !arrives()) startAfresh("It took too long.", "pass");
  }

  /** Any message from the worker counts as progress. */
  function alive() {
    quiet = 0;
    if (document.documentElement.hasAttribute("data-waiting")) progress();
  }

  const loadedScripts = new Set();

  /** Loads the page's libraries in order, since each needs those before it; none of them runs twice. */
  async function pageScripts() {
    const missing = manifest.scripts.filter((url) => !loadedScripts.has(url));
    if (!lab.offline) for (const url of missing) document.head.append(lab.element("link", { rel: "preload", as: "script", href: url }));
    for (const url of missing) {
      await lab.script(url);
      loadedScripts.add(url);
    }
  }

  /** The files in `offline/` call this with a gzipped file as base64. */
  lab.payload = (name, base64) => payloads.set(name, base64);

  async function unpack(name) {
    const text = payloads.get(name);
    payloads.delete(name);
    const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  }

  async function fromFolder(name) {
    await lab.script(manifest.files[name].offline);
    return unpack(name);
  }

  function missing() {
    if (typeof WebAssembly !== "object") return "This browser cannot run WebAssembly (or it is switched off), which Python needs here.";
    if (typeof Worker !== "function") return "This browser does not allow web workers, in which Python runs here.";
    if (typeof DecompressionStream !== "function" || typeof BigInt !== "function" || typeof ReadableStream !== "function") return globalThis.labFirst.TOO_OLD;
    return null;
  }

  const WITHOUT = "Everything you wrote is kept, and the text and your prediction work without it.";

  function fail(sentence, detail) {
    clearInterval(ticking);
    if (worker) worker.terminate();
    worker = null;
    document.documentElement.removeAttribute("data-waiting");
    lab.setBoot("failed");
    globalThis.labFirst.say(sentence);
    if (detail) console.debug(detail);
    for (const element of lab.all("[data-boot-detail]")) {
      element.textContent = detail || "";
      element.closest("details")?.toggleAttribute("hidden", !detail);
    }
    heard({ type: "failed" });
  }

  /** Fails with an explanation of what happened to a file, as far as that is known.
   * @param {{download?: string, why?: any, text?: string}} lost */
  function failFor({ download, why = {}, text = "" }) {
    if (!download) return fail(`Python could not start in this browser. Try again; if it fails twice, a current Chrome or Firefox usually helps. ${WITHOUT}`, text);
    const thisAttempt = attempt;
    const url = manifest.files[download]?.url || download;
    return globalThis.labFirst.why(url, why, (cause) => {
      if (thisAttempt === attempt) fail(`${globalThis.labFirst.MISSED} (${download.split("/").pop()}). ${globalThis.labFirst.words(cause)} ${WITHOUT}`, text);
    });
  }

  async function start() {
    const thisAttempt = ++attempt;
    if (worker) worker.terminate();
    worker = null;
    started = performance.now();
    ticked = started;
    quiet = 0;
    step = "download";
    received.clear();
    lab.setBoot("starting");
    for (const details of lab.all("[data-boot-detail]")) details.closest("details")?.setAttribute("hidden", "");
    const reason = missing();
    if (reason) return fail(`${reason} ${WITHOUT}`, "");
    clearInterval(ticking);
    ticking = setInterval(progress, 500);
    progress();
    try {
      const snapshot = !lab.offline ? null : snapshotUse === "use" ? shelf.get() : Promise.resolve({ kept: null, keep: snapshotUse === "pass" });
      const files = {};
      const transfer = [];
      for (const [name, file] of Object.entries(manifest.files)) {
        files[name] = { url: lab.offline ? null : absolute(file.url), packed: file.packed, size: file.size };
      }
      const scripts = pageScripts().then(() => lab.documents.showFirst());
      scripts.catch((error) => thisAttempt === attempt && failFor({ download: error.download, text: String(error) }));
      if (lab.offline) {
        for (const name of manifest.eager) {
          files[name].bytes = await fromFolder(name);
          transfer.push(files[name].bytes);
          if (thisAttempt !== attempt) return undefined;
          quiet = 0;
        }
      }
      const source = new Blob([`"use strict";(${lab.worker})((${lab.snapshot})(), (${lab.shelf})("${manifest.snapshot}"));`], { type: "text/javascript" });
      worker = new Worker(URL.createObjectURL(source));
      worker.onerror = (event) => {
        event.preventDefault();
        if (thisAttempt === attempt) failFor({ text: event.message || "The worker could not start." });
      };
      worker.onmessage = ({ data }) => thisAttempt === attempt && receive(data, scripts);
      worker.postMessage({
        type: "boot",
        files,
        eager: lab.offline ? [] : manifest.eager.filter((name) => !name.endsWith(".js")),
        lock: JSON.stringify(manifest.lock),
        wheel: manifest.wheel,
        panelRoot: manifest.panelRoot,
        shelf: !lab.offline,
        kept: snapshotUse,
      }, transfer);
      const snapshotReply = await snapshot;
      if (thisAttempt === attempt && snapshotReply) worker.postMessage({ type: "shelf", ...snapshotReply }, snapshotReply.kept ? [snapshotReply.kept.memory] : []);
    } catch (error) {
      if (thisAttempt === attempt) failFor({ download: error.download, text: String(error) });
    }
    return undefined;
  }

  /** The snapshot of an earlier visit does not start: starts Python in the ordinary way. The snapshot is kept until
   * that has worked. */
  function startAfresh(why, use) {
    console.debug(why);
    snapshotUse = use;
    start();
  }

  async function receive(message, scripts) {
    const thisAttempt = attempt;
    const live = document.documentElement.dataset.boot === "live";
    if (!live) alive();
    if (message.type === "bytes" || message.type === "loaded") {
      const file = manifest.files[message.name];
      if (live || !file || !manifest.eager.includes(message.name)) return;
      received.set(message.name, message.type === "loaded" ? file.bytes : Math.min(file.bytes, message.bytes));
    } else if (message.type === "step") {
      if (live) return;
      step = message.name;
      progress();
    } else if (message.type === "need") {
      let bytes = null;
      try {
        bytes = await fromFolder(message.name);
      } catch { /* then the reply has no bytes */ }
      if (worker) worker.postMessage({ type: "file", name: message.name, bytes }, bytes ? [bytes] : []);
    } else if (message.type === "unfit") {
      startAfresh(message.text, "refuse");
    } else if (message.type === "start") {
      document.documentElement.dataset.python = message.python;
    } else if (message.type === "keep") {
      shelf.put(message.kept);
    } else if (message.type === "failed") {
      failFor(message);
    } else if (message.type === "live") {
      try {
        await scripts;
      } catch {
        return; // already shown
      }
      await heardInTurn(message);
      if (thisAttempt !== attempt) return;
      clearInterval(ticking);
      document.documentElement.removeAttribute("data-waiting");
      say("Python is running in this page.");
      lab.setBoot("live");
      if (snapshotUse === "refuse") shelf.refuse();
    } else {
      heard(message);
    }
  }

  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-boot-retry]") && !globalThis.labFirst.updated) {
      if (document.documentElement.dataset.python === "kept" && !arrives()) snapshotUse = "pass"; // it did not start
      start();
    }
  });

  lab.later(start); // at once: until Python is live it does not need the scripts that follow

  return {
    start,
    listen,
    post: (message, transfer = []) => worker && worker.postMessage(message, transfer),
    get live() {
      return document.documentElement.dataset.boot === "live";
    },
  };
})();
