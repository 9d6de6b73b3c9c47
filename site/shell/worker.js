// Python's side of the page. This function is turned into a blob and run as a classic worker, from a server
// and from a folder alike: a blob worker inherits the page's Content Security Policy, also for its requests.
"use strict";

/** @param {{take: Function, restore: Function}} snapshot @param {{get: Function, put: Function}} shelf */
lab.worker = function worker(snapshot, shelf) {
  /** A name for Pyodide to ask for; nothing is ever requested from it. */
  const BASE = "https://lab.invalid/";
  const SITE = "/lib/python3.13/site-packages";
  const INTERPRETER = "pyodide.asm.wasm";
  const post = (message) => self.postMessage(message);
  const networkFetch = self.fetch.bind(self);
  const networkImport = self.importScripts.bind(self);

  /** @type {Map<string, {url?: string | null, bytes?: ArrayBuffer, packed?: string | null}>} */
  let files = new Map();
  const pending = new Map();
  const wanted = new Map();
  let python = null;
  let FS = null; // Pyodide's file system

  const lost = (name, why) => Object.assign(new Error(`${name} could not be downloaded${why}`), { download: name });

  /** Ends the start with an error that nobody else would pass on: some of Pyodide's waits have no end. */
  let giveUp = () => {};
  const givenUp = new Promise((_, reject) => { giveUp = reject; });
  givenUp.catch(() => {});

  /** A file from the server; asked for once more, past the cache, when it does not arrive whole. */
  async function download(name, file) {
    let why = "";
    for (const cache of ["default", "reload"]) {
      try {
        const answer = await networkFetch(file.url, { cache });
        why = answer.ok ? " whole" : ` (status ${answer.status})`;
        // Read at once, while the interpreter starts; only Wasm is better compiled as it streams in.
        if (answer.ok) return name.endsWith(".wasm") ? answer : new Response(await unpacked(answer, file));
      } catch { /* what is missing is said below */ }
    }
    throw lost(name, why);
  }

  /** Asks for a file; the answer waits in `pending` until somebody takes it. */
  function start(name) {
    const file = files.get(name);
    if (!file) return Promise.reject(new Error(`${name} is not part of this lab`));
    const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
    const answer = file.bytes
      ? Promise.resolve(new Response(file.bytes, { headers: { "content-type": type } }))
      : file.url ? download(name, file) : handed(name).then((content) => new Response(content));
    answer.catch(giveUp);
    pending.set(name, answer);
    return answer;
  }

  /** Static hosts do not compress what they do not know, so files lie compressed: the large archives with Zstandard,
   * a quarter smaller than gzip makes them, which browsers leave to a script; all others gzipped. */
  async function unpacked(answer, { packed, size }) {
    if (packed === "gzip") return new Response(answer.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
    const content = await answer.arrayBuffer();
    if (packed !== "zstd") return content;
    const whole = self.fzstd.decompress(new Uint8Array(content));
    if (whole.length !== size) throw new Error(`${whole.length} bytes in place of ${size}`);
    return whole;
  }

  /** The file from the page, where the worker may not read it itself (a page opened by double click). */
  function handed(name) {
    if (!wanted.has(name)) { // two parts may want the same file at the same time
      const waiting = {};
      waiting.file = new Promise((resolve, reject) => Object.assign(waiting, { resolve, reject }));
      wanted.set(name, waiting);
      post({ type: "need", name });
    }
    return wanted.get(name).file;
  }

  function response(name) {
    const answer = pending.get(name) || start(name);
    pending.delete(name);
    return answer;
  }

  async function bytes(name) {
    const answer = await response(name);
    const buffer = await answer.arrayBuffer();
    post({ type: "loaded", name });
    return new Uint8Array(buffer);
  }

  self.fetch = async (request, options) => {
    const url = typeof request === "string" ? request : request.url || String(request);
    if (url.startsWith(BASE)) {
      const name = url.slice(BASE.length);
      if (name === INTERPRETER) return new Response(); // is being compiled already
      const answer = await response(name);
      post({ type: "loaded", name });
      return answer;
    }
    return networkFetch(request, options);
  };

  /** One classic script, from the server past the cache when the first try fails. */
  function importOne(url) {
    const name = String(url).startsWith(BASE) ? String(url).slice(BASE.length) : null;
    if (!name) return networkImport(url);
    const file = files.get(name);
    post({ type: "loaded", name });
    if (file.bytes) return networkImport(URL.createObjectURL(new Blob([file.bytes], { type: "text/javascript" })));
    for (const address of [file.url, `${file.url}?again=${Date.now()}`]) {
      try {
        return networkImport(address);
      } catch (error) {
        if (error.name !== "NetworkError") throw error;
      }
    }
    giveUp(lost(name, ""));
    throw lost(name, "");
  }

  self.importScripts = (...urls) => urls.forEach(importOne);

  // Pyodide only warns when its WebAssembly cannot be compiled, and then waits for it forever.
  const watched = (promise) => {
    promise.catch(giveUp);
    return promise;
  };
  /** The interpreter, compiled while its file still arrives: Pyodide would begin when all its scripts have run. */
  let interpreter = null;

  function compile(name) {
    interpreter = watched(WebAssembly.compileStreaming(response(name)));
    interpreter.then(() => post({ type: "loaded", name }), () => {});
    const instantiate = WebAssembly.instantiate.bind(WebAssembly);
    WebAssembly.instantiate = (...given) => watched(instantiate(...given));
    WebAssembly.instantiateStreaming = async (_, imports) => {
      const module = await interpreter;
      return { module, instance: await WebAssembly.instantiate(module, imports) };
    };
  }

  /** Writes the files of a zip archive, which lie in it as they are, below a folder of Pyodide's. */
  function unpack(FS, archive, folder) {
    const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
    const text = new TextDecoder();
    const made = new Set();
    let end = archive.length - 22;
    while (view.getUint32(end, true) !== 0x06054b50) end--;
    let at = view.getUint32(end + 16, true);
    for (let left = view.getUint16(end + 10, true); left > 0; left--) {
      const [method, size, name, extra, comment] = [view.getUint16(at + 10, true), view.getUint32(at + 24, true),
        view.getUint16(at + 28, true), view.getUint16(at + 30, true), view.getUint16(at + 32, true)];
      const path = `${folder}/${text.decode(archive.subarray(at + 46, at + 46 + name))}`;
      const local = view.getUint32(at + 42, true);
      const from = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      if (method !== 0) throw new Error(`${path} is compressed inside its archive`);
      const parent = path.slice(0, path.lastIndexOf("/"));
      if (!made.has(parent)) {
        FS.mkdirTree(parent);
        made.add(parent);
      }
      if (!path.endsWith("/")) FS.writeFile(path, archive.subarray(from, from + size), { canOwn: true });
      at += 46 + name + extra + comment;
    }
  }

  const step = (name) => post({ type: "step", name });

  // Panel evaluates a line of JavaScript when it is imported, which the policy of this page forbids; it is for
  // Panel's own bridge, and this page has another. And it wants pandas unless something stands in for requests.
  // Nothing of what is imported will ever be collected, so the collector only costs time until it is there.
  const PREPARE = `
import gc, sys, types
gc.disable()
import pyodide.code
pyodide.code.run_js = lambda code: None
sys.modules["pyodide_http"] = types.SimpleNamespace(patch_all=lambda: None)
`;
  /** What was kept of an earlier visit, and whether to keep this one: of the shelf here, or handed by the page. */
  let found = () => {};
  const finding = new Promise((resolve) => { found = resolve; });

  const UNZIP = (wheel) => `
import importlib, zipfile
zipfile.ZipFile("/tmp/${wheel}").extractall("${SITE}")
importlib.invalidate_caches()
`;

  /** Puts the files of the packages where Python looks for them, and the core's wheel where micropip does. */
  async function lay(wheel) {
    for (const name of ["site-packages.zip", "apps.zip"]) unpack(FS, await bytes(name), SITE);
    FS.mkdirTree(`${SITE}/dataselect_data`);
    FS.writeFile(`/tmp/${wheel}`, await bytes(wheel));
  }

  async function boot(message) {
    files = new Map(Object.entries(message.files));
    if (message.shelf) shelf.get().then(found);
    for (const name of message.eager) start(name); // all at once; the steps below find them under way
    step("interpreter");
    compile(INTERPRETER);
    // Without these Pyodide runs Python on one stack. It would switch stacks otherwise, which nothing here needs,
    // and Chromium crashes the tab when it has to end a busy worker, as on a reload.
    for (const name of ["Suspending", "promising"]) delete WebAssembly[name];
    self.importScripts(`${BASE}fzstd.js`);
    self.importScripts(`${BASE}pyodide.js`);
    self.importScripts(`${BASE}pyodide.asm.js`); // while the shelf is read; Pyodide would load it next
    const { kept, keep } = await finding;
    post({ type: "start", python: kept ? "kept" : "new" });
    const pyodide = await self.loadPyodide({
      indexURL: BASE,
      stdLibURL: `${BASE}python_stdlib.zip`,
      lockFileContents: message.lock,
      packageBaseUrl: BASE,
      env: { HOME: "/home/pyodide", PANEL_CDN_ROOT: message.panelRoot, MPLBACKEND: "agg" },
      stdout: (line) => console.debug(line),
      stderr: (line) => console.debug(line),
      ...(kept ? { _loadSnapshot: kept.memory, _snapshotDeserializer: () => null } : { _makeSnapshot: keep }),
    });
    FS = pyodide.FS;
    const tableStart = pyodide._module.wasmTable.length;
    step("packages");
    const load = async (name) => {
      const path = `${SITE}/dataselect_data/${name}`;
      if (!FS.analyzePath(path).exists) FS.writeFile(path, await bytes(name));
    };
    const send = (text) => post({ type: "python", text });
    unpack(FS, await bytes("numpy.zip"), SITE);
    if (kept) {
      snapshot.restore(pyodide, kept.places, (path) => new WebAssembly.Module(FS.readFile(path)), { send, load });
      python = pyodide.globals.get("bridge");
      queue = lay(message.wheel).then(() => pyodide.runPython(UNZIP(message.wheel))); // what it asks for later
      queue.catch((error) => post(failed(error)));
      post({ type: "live", documents: kept.documents });
      return;
    }
    await lay(message.wheel);
    pyodide.runPython("import importlib\nimportlib.invalidate_caches()");
    step("core");
    await pyodide.runPythonAsync(`import micropip\nawait micropip.install("emfs:/tmp/${message.wheel}", deps=False)`);
    step("workbench");
    pyodide.runPython(PREPARE);
    python = pyodide.pyimport("apps.bridge").Bridge(send, load);
    const documents = python.documents();
    pyodide.runPython("gc.freeze()\ngc.enable()");
    post({ type: "live", documents });
    if (!keep) return;
    try {
      pyodide.globals.set("bridge", python);
      const { memory, places } = snapshot.take(pyodide, tableStart, { send, load });
      const kept = { places, documents, memory: memory.buffer };
      if (message.shelf) await shelf.put(kept);
      else post({ type: "keep", kept }, [memory.buffer]);
    } catch (error) {
      console.debug(`Not kept for the next visit: ${error.message}`);
    }
  }

  function failed(error) {
    return { type: "failed", download: error.download || null, text: String((error && error.message) || error).slice(-4000) };
  }

  /** Files of the reader's, from the page into Pyodide's file system; their bytes are moved, not copied. */
  function put(given) {
    for (const { path, bytes } of given) {
      FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
      FS.writeFile(path, new Uint8Array(bytes), { canOwn: true });
    }
  }

  /** A file for the page, which is handed over and gone here. */
  function take(path) {
    const content = FS.readFile(path);
    FS.unlink(path);
    return content.buffer;
  }

  // One message at a time, in order: Python has answered one before it sees the next, so a page that
  // waits for `done` can never pile work up here.
  let queue = Promise.resolve();
  self.onmessage = ({ data }) => {
    if (data.type === "boot") {
      Promise.race([boot(data), givenUp]).catch(async (error) => {
        const { kept } = await finding;
        post(kept && !error.download ? { type: "unfit", text: String(error.stack || error) } : failed(error));
      });
      return;
    }
    if (data.type === "shelf") {
      found(data);
      return;
    }
    if (data.type === "file") {
      const waiting = wanted.get(data.name);
      wanted.delete(data.name);
      if (data.bytes) waiting.resolve(data.bytes);
      else waiting.reject(Object.assign(new Error(`${data.name} could not be read`), { download: data.name }));
      return;
    }
    queue = queue.then(async () => {
      if (data.type === "put" || data.type === "get") {
        const answer = { type: "file", id: data.id, bytes: null, error: null };
        try {
          if (data.type === "put") put(data.files);
          else answer.bytes = take(data.path);
        } catch (error) {
          answer.error = String(error.message || error);
        }
        self.postMessage(answer, answer.bytes ? [answer.bytes] : []);
        return;
      }
      try {
        await python.receive(data.text);
      } catch (error) {
        post({ type: "error", text: String(error.message || error).slice(-4000) });
      }
      post({ type: "done", seq: data.seq });
    });
  };
};
