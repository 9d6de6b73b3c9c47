// Python's side of the page. The page turns this function into a blob and runs it as a classic worker, from a server
// and from a folder: a blob worker inherits the page's Content Security Policy, which also applies to its requests.
"use strict";

/** @param {{take: Function, restore: Function}} snapshot @param {{get: Function, put: Function}} shelf */
lab.worker = function worker(snapshot, shelf) {
  const self = /** @type {WorkerScope} */ (/** @type {unknown} */ (globalThis));
  /** A base address for Pyodide; nothing is ever requested from it. */
  const BASE = "https://lab.invalid/";
  const SITE = "/lib/python3.13/site-packages";
  const INTERPRETER = "pyodide.asm.wasm";
  /** @param {Transferable[]} [handed] objects that are moved instead of copied */
  const post = (message, handed = []) => self.postMessage(message, handed);
  const networkFetch = self.fetch.bind(self);
  const networkImport = self.importScripts.bind(self);

  /** @type {Map<string, {url?: string | null, bytes?: ArrayBuffer, packed?: string | null, size?: number}>} */
  let files = new Map();
  const pending = new Map();
  const wanted = new Map();
  let python = null;
  let FS = null; // Pyodide's file system
  /** Runs a program from the development server, which returns a function that builds Python's side again. */
  let remake = null;

  /** Errors about a file: `trouble` has what happened (`kind` is network, status, html or damaged), `lost` also has the
   * name of the file. */
  const trouble = (kind, status = 0) => Object.assign(new Error(kind), { why: { kind, status } });
  const lost = (name, { why }) => {
    const how = why.kind === "status" ? ` (status ${why.status})` : why.kind === "network" ? "" : " whole";
    return Object.assign(new Error(`${name} could not be downloaded${how}`), { download: name, why });
  };

  /** Ends the start with an error that would be lost otherwise: Pyodide sometimes waits forever. */
  /** @type {(error: unknown) => void} */
  let giveUp = () => {};
  const givenUp = new Promise((_, reject) => { giveUp = reject; });
  givenUp.catch(() => {});

  /** Requests a file, and once more bypassing the cache if the answer is not that file.
   * @param {(answer: Response) => Promise<any>} use returns the content of the answer, or throws */
  async function download(name, use) {
    let last = null;
    for (const cache of ["default", "reload"]) {
      try {
        const answer = await networkFetch(files.get(name).url, { cache });
        if (!answer.ok) throw trouble("status", answer.status);
        return await use(answer);
      } catch (error) {
        last = error.why ? error : trouble("network");
      }
    }
    throw lost(name, last);
  }

  /** The content of an answer. Reports the progress to the page. */
  async function read(name, answer) {
    const reader = answer.body.getReader();
    const pieces = [];
    let length = 0;
    let said = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value);
      length += value.length;
      const now = performance.now();
      if (now - said > 200) {
        said = now;
        post({ type: "bytes", name, bytes: length });
      }
    }
    const content = new Uint8Array(length);
    let at = 0;
    for (const piece of pieces) {
      content.set(piece, at);
      at += piece.length;
    }
    return content;
  }

  /** Whether the bytes match the hash in the file's name; null if there is none or the browser cannot compute hashes. */
  async function isGenuine(content, url) {
    const [, promised] = /\.([0-9a-f]{10})\.[^./]+$/.exec(url) || [];
    if (!promised || !self.crypto?.subtle) return null;
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", content)).slice(0, 5);
    return [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("") === promised;
  }

  /** Whether a web page came instead: a network's sign-in page, or the host's page about a missing file. */
  const isHtml = (content) => /^\s*</.test(new TextDecoder().decode(content.subarray(0, 200)));

  /** The file from an answer, unpacked. If the host labels it as compressed, the browser has unpacked it already; then
   * the size shows whether it is complete. */
  async function fromAnswer(name, answer) {
    const { url, packed, size } = files.get(name);
    const content = await read(name, answer);
    const genuine = await isGenuine(content, url);
    const isUnpacked = packed && !genuine && content.length === size;
    let whole = null;
    try {
      whole = isUnpacked ? content : genuine === false ? null : await unpacked(content, packed);
    } catch { /* it is not an archive */ }
    if (whole && whole.length === size) {
      post({ type: "loaded", name });
      return new Response(whole);
    }
    throw trouble(isHtml(content) ? "html" : "damaged");
  }

  /** Loads the file the other way: as the script that a page from a folder would load. This helps if a host refuses a
   * type of file, or damages the file with a wrong label. */
  async function otherway(name, error) {
    try {
      return new Response(await handed(name));
    } catch {
      throw error;
    }
  }

  /** Requests a file; `pending` keeps the answer until it is used. */
  function start(name) {
    const file = files.get(name);
    if (!file) return Promise.reject(new Error(`${name} is not part of this lab`));
    const answer = file.bytes
      ? Promise.resolve(new Response(file.bytes))
      : file.url ? download(name, (given) => fromAnswer(name, given)).catch((error) => otherway(name, error)) : handed(name).then((content) => new Response(content));
    answer.catch(giveUp);
    pending.set(name, answer);
    return answer;
  }

  /** Unpacks a file. Static hosts do not compress types that they do not know, so the files are compressed already: the
   * large archives with Zstandard (a quarter smaller than with gzip, but a script must unpack them), the others with
   * gzip. */
  async function unpacked(content, packed) {
    if (packed === "gzip") return new Uint8Array(await new Response(new Blob([content]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
    if (packed !== "zstd") return content;
    await decompressor;
    return self.fzstd.decompress(content);
  }

  /** The file from the page, if the worker may not read it itself (in a page opened by double click). */
  function handed(name) {
    if (!wanted.has(name)) { // two parts may need the same file at the same time
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
    const url = typeof request === "string" ? request : request instanceof Request ? request.url : String(request);
    if (url.startsWith(BASE)) {
      const name = url.slice(BASE.length);
      if (name === INTERPRETER) return new Response(); // already being compiled
      const answer = await response(name);
      post({ type: "loaded", name });
      return answer;
    }
    return networkFetch(request, options);
  };

  /** Runs one classic script. */
  function importOne(url) {
    const name = String(url).startsWith(BASE) ? String(url).slice(BASE.length) : null;
    if (!name) return networkImport(url);
    const file = files.get(name);
    if (file.bytes) networkImport(URL.createObjectURL(new Blob([file.bytes], { type: "text/javascript" })));
    else networkImport(file.url);
    return post({ type: "loaded", name });
  }

  /** Runs a script that the start needs. If the browser refuses it (because of the host's content type) or it does not
   * arrive complete, it is downloaded like any other file and run from its bytes. */
  async function run(name) {
    try {
      importOne(BASE + name);
    } catch (error) {
      if (files.get(name).bytes) throw error;
      const answer = await start(name);
      pending.delete(name);
      files.get(name).bytes = await answer.arrayBuffer();
      importOne(BASE + name);
    }
  }

  self.importScripts = (...urls) => urls.forEach(importOne);

  // Pyodide only warns when its WebAssembly cannot be compiled, and then waits for it forever.
  const watched = (promise) => {
    promise.catch(giveUp);
    return promise;
  };
  /** The interpreter, compiled while its file is still arriving; Pyodide would begin after all its scripts have run. */
  let interpreter = null;

  /** Compiles an answer while it arrives, whatever its content type. */
  async function compiled(name, answer) {
    const wasm = "application/wasm";
    const arriving = read(name, answer.clone());
    const typed = answer.headers.get("content-type") === wasm ? answer : new Response(answer.body, { headers: { "content-type": wasm } });
    const compiling = WebAssembly.compileStreaming(typed);
    compiling.catch(() => {}); // errors in the bytes are reported first
    const content = await arriving;
    if ((await isGenuine(content, files.get(name).url)) === false) throw trouble(isHtml(content) ? "html" : "damaged");
    return compiling.catch(() => WebAssembly.compile(content)).catch(() => { throw trouble(isHtml(content) ? "html" : "damaged"); });
  }

  function compile(name) {
    const { bytes: handedBytes, url } = files.get(name);
    const here = async (given) => WebAssembly.compile(await given);
    const module = handedBytes ? here(handedBytes) : !url ? here(handed(name))
      : download(name, (answer) => compiled(name, answer)).catch(async (error) => here((await otherway(name, error)).arrayBuffer()));
    interpreter = watched(module);
    interpreter.then(() => post({ type: "loaded", name }), () => {});
    const instantiate = WebAssembly.instantiate.bind(WebAssembly);
    WebAssembly.instantiate = /** @type {any} */ ((...given) => watched(instantiate(...given)));
    WebAssembly.instantiateStreaming = async (_, imports) => {
      const module = await interpreter;
      return { module, instance: /** @type {any} */ (await WebAssembly.instantiate(module, imports)) };
    };
  }

  /** Writes the files of an uncompressed zip archive below a folder of Pyodide's file system. */
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

  // When Panel is imported, it evaluates a line of JavaScript, which this page's policy forbids; the line is for
  // Panel's own bridge, and this page has another. Panel also imports pandas unless there is a module pyodide_http.
  // Imported objects are never collected, so the garbage collector would only cost time during the imports.
  const PREPARE = `
import gc, sys, types
gc.disable()
import pyodide.code
pyodide.code.run_js = lambda code: None
sys.modules["pyodide_http"] = types.SimpleNamespace(patch_all=lambda: None)
`;
  /** The large archives wait for the decompressor. */
  /** @type {(ready: unknown) => void} */
  let haveDecompressor = () => {};
  const decompressor = new Promise((resolve) => { haveDecompressor = resolve; });

  /** The snapshot of an earlier visit, and whether to save one now: from the shelf here, or sent by the page. */
  /** @type {(what: {kept: any, keep: boolean}) => void} */
  let found = () => {};
  const finding = new Promise((resolve) => { found = resolve; });

  const UNZIP = (wheel) => `
import importlib, zipfile
zipfile.ZipFile("/tmp/${wheel}").extractall("${SITE}")
importlib.invalidate_caches()
`;

  /** Puts the files of the packages where Python looks for them, and the core's wheel where micropip looks for it. */
  async function lay(wheel) {
    for (const name of ["site-packages.zip", "apps.zip"]) unpack(FS, await bytes(name), SITE);
    FS.mkdirTree(`${SITE}/dataselect_data`);
    FS.writeFile(`/tmp/${wheel}`, await bytes(wheel));
  }

  async function boot(message) {
    files = new Map(Object.entries(message.files));
    if (message.kept !== "use") found({ kept: null, keep: message.kept === "pass" });
    else if (message.shelf) shelf.get().then(found);
    // Request all files at once; the steps below wait for them.
    for (const name of message.eager) if (name !== INTERPRETER) start(name);
    step("interpreter");
    compile(INTERPRETER);
    // Without these two functions Pyodide runs Python on one stack. Nothing here needs it to switch stacks, and if it
    // did, Chromium would crash the tab when it ends a busy worker, for example on a reload.
    for (const name of ["Suspending", "promising"]) delete WebAssembly[name];
    haveDecompressor(run("fzstd.js"));
    await decompressor;
    await run("pyodide.js");
    await run("pyodide.asm.js"); // meanwhile the shelf is read; Pyodide would load this script next
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
    const load = Object.assign(async (name) => {
      const path = `${SITE}/dataselect_data/${name}`;
      if (!FS.analyzePath(path).exists) FS.writeFile(path, await bytes(name));
    }, { built: Object.keys(message.files).filter((name) => name.endsWith(".audit")) });
    const send = (text) => post({ type: "python", text });
    remake = (program) => pyodide.runPython(program)(send, load);
    unpack(FS, await bytes("numpy.zip"), SITE);
    if (kept) {
      snapshot.restore(pyodide, kept.places, (path) => new WebAssembly.Module(FS.readFile(path)), { send, load });
      python = pyodide.globals.get("bridge");
      queue = lay(message.wheel).then(() => pyodide.runPython(UNZIP(message.wheel))); // files that Python needs later
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
    if (keep) keepNow = () => keepThis(pyodide, tableStart, { send, load }, documents, message.shelf);
  }

  /** Saves the snapshot for the next visit, once; Python must not contain reader data yet. */
  /** @type {(() => void) | null} */
  let keepNow = null;

  function keepThis(pyodide, tableStart, own, documents, here) {
    keepNow = null;
    try {
      pyodide.globals.set("bridge", python);
      const { memory, places } = snapshot.take(pyodide, tableStart, own);
      const kept = { places, documents, memory: memory.buffer };
      if (here) shelf.put(kept).catch((error) => console.debug(`Not kept for the next visit: ${error.message}`));
      else post({ type: "keep", kept }, [memory.buffer]);
    } catch (error) {
      console.debug(`Not kept for the next visit: ${error.message}`);
    }
  }

  function failed(error) {
    return { type: "failed", download: error.download || null, why: error.why || {}, text: String((error && error.message) || error).slice(-4000) };
  }

  /** Writes files from the page into Pyodide's file system; their bytes are moved, not copied. */
  function put(given) {
    for (const { path, bytes } of given) {
      FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
      FS.writeFile(path, new Uint8Array(bytes), { canOwn: true });
    }
  }

  /** Builds the workbenches from changed sources; the old ones are kept until the new ones work. */
  function swap({ files: sources, program }) {
    try {
      put(sources);
      const made = remake(program);
      const documents = made.documents();
      python = made;
      post({ type: "live", documents });
      post({ type: "swapped", well: true });
    } catch (error) {
      console.debug(String(error.message || error));
      post({ type: "swapped", well: false });
    }
  }

  /** A file for the page; it is removed here. */
  function take(path) {
    const content = FS.readFile(path);
    FS.unlink(path);
    return content.buffer;
  }

  // One message at a time, in order: Python answers one before it gets the next, so a page that waits for `done` never
  // piles up work here.
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
      if (data.type === "prepare") {
        if (!keepNow) return; // without a snapshot to save, opening the part does the same without a wait
        try {
          if (data.text) await python.prepare(data.text);
        } catch (error) { // opening the part reports what is wrong with a setting
          console.debug(String(error.message || error));
        }
        keepNow();
        return;
      }
      if (data.type === "swap") {
        swap(data);
        return;
      }
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
