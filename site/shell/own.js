// The reader's own corpus: chosen or dropped and sent to Python, which returns the kept documents. Files are sent to
// the worker of this page and nowhere else.
"use strict";

lab.own = (() => {
  const PART = "1";
  const FOLDER = "/tmp/own"; // in Pyodide's file system; own_corpus.py reads it
  const AT_A_TIME = 8 << 20; // bytes sent at once
  const TEXT_SHOWN = 1_000_000; // characters of the kept documents that are shown as text
  const COMMAND = "python -m dataselect_core dedup";

  let jobs = 0; // number of the last job; each choice of the reader is one
  let current = 0; // the running job; messages about an earlier one are not shown
  let shown = 0; // the job whose result is on the page
  let shownSettings = null;
  /** The reader's last choice: {name, entries: [{path, file}], folder}. @type {any} */
  let chosen = null;
  let waiting = false; // chosen before Python was ready
  let links = []; // addresses of the kept documents
  const answers = new Map(); // id of a file that was sent or requested -> the promise that waits for it
  let requests = 0;
  /** @type {ReturnType<typeof lab.clusterReader>} */
  const clusters = lab.clusterReader("own_", () => ({ job: shown }));

  const panel = () => lab.one("[data-own-corpus]");
  const element = (name) => lab.one(`[data-own-${name}]`, panel());
  const field = (name) => lab.field(`[data-own-${name}]`, panel());
  const fold = (name) => lab.details(`[data-own-${name}]`, panel());
  const size = (bytes) => (bytes < 1048576 ? `${lab.format(bytes / 1024, "number")} KiB` : `${lab.format(bytes / 1048576, "number")} MiB`);
  const limit = () => Number(panel().dataset.ownBytes);
  const endings = () => field("file").accept.split(",");
  const ends = (name) => endings().some((ending) => name.toLowerCase().endsWith(ending));

  // -- messages to the reader ----------------------------------------------------------------------------

  function say(text, share = null) {
    element("status").textContent = text;
    element("progress").hidden = share === null;
    field("progress").value = share ?? 0;
    element("cancel").hidden = share === null;
    element("again").hidden = share !== null || !chosen;
    element("clear").hidden = share !== null || !(chosen || shown);
  }

  function complain(text) {
    const message = element("error");
    message.textContent = text;
    message.hidden = !text;
  }

  function fail(text) {
    current = 0;
    waiting = false;
    say(shown ? "The result below is of before." : "");
    complain(text);
  }

  // -- files ---------------------------------------------------------------------------------------------

  /** Sends the worker a message with files, or a request for a file; resolves with its bytes. */
  function trade(message, transfer = []) {
    return new Promise((resolve, reject) => {
      answers.set(++requests, { resolve, reject });
      lab.boot.post({ ...message, id: requests }, transfer);
    });
  }

  /** Takes the chosen or dropped files, each as {path, file}; the paths in a folder begin with its name. */
  function choose(entries, folder) {
    complain("");
    const hidden = ({ path }) => path.split("/").slice(1).some((name) => name.startsWith("."));
    const readable = folder ? entries.filter((entry) => ends(entry.path) && !hidden(entry)) : entries;
    const name = folder ? entries[0]?.path.split("/")[0] : entries[0]?.path;
    if (!readable.length) {
      fail(entries.length ? `${name} contains no file that ends in ${endings().join(", ")}. Choose another folder.` : "There is no file in what you chose. Choose a file, or a folder with files in it.");
      return;
    }
    const bytes = readable.reduce((sum, { file }) => sum + file.size, 0);
    if (bytes > limit()) {
      fail(`${name} has ${size(bytes)}, and this page reads at most ${size(limit())}. Choose a part of it, or use the command ${COMMAND}, which has no such limit.`);
      return;
    }
    chosen = { name, folder, entries: readable };
    begin();
  }

  async function begin() {
    const job = ++jobs;
    const previousJob = current;
    current = job;
    complain("");
    waiting = !lab.boot.live;
    if (waiting) {
      say(`${chosen.name} waits until Python is ready.`, 0);
      return;
    }
    if (previousJob) ask("own_cancel", { job: previousJob });
    const { name, entries } = chosen;
    say(`Reading ${name} …`, 0);
    try {
      let done = 0;
      for (let i = 0; i < entries.length;) {
        const files = [];
        let bytes = 0;
        while (i < entries.length && bytes < AT_A_TIME && files.length < 200) {
          const { path, file } = entries[i++];
          files.push(read(path, file).then((content) => ({ path: `${FOLDER}/${job}/${path}`, bytes: content })));
          bytes += file.size;
        }
        const ready = await Promise.all(files);
        if (job !== current) break;
        await trade({ type: "put", files: ready }, ready.map((item) => item.bytes));
        if (job !== current) break;
        done += files.length;
        say(`Reading ${name} …`, 0.2 * done / entries.length);
      }
    } catch (error) {
      if (job !== current) return;
      ask("own_cancel", { job });
      fail(error.sentence || `The files could not be handed to Python (${error.message || error}). Choose a smaller part, or reload the page and try again.`);
      return;
    }
    if (job !== current) {
      ask("own_cancel", { job });
      return;
    }
    ask("own", { job, file: name, field: field("field").value, split: field("split").value || null, delimiter: field("delimiter").value });
  }

  async function read(path, file) {
    try {
      return await file.arrayBuffer();
    } catch {
      throw Object.assign(new Error(), { sentence: `${path} could not be read: it was moved, changed or locked since you chose it, or there is no memory for it. Choose it again.` });
    }
  }

  const ask = (name, args) => lab.boot.live && lab.main.ask(PART, name, args);

  /** Collects all files below a dropped folder. */
  async function walk(entry, path, collected) {
    if (entry.isFile) collected.push({ path, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) });
    else {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (!some.length) return;
        for (const child of some) await walk(child, `${path}/${child.name}`, collected);
      }
    }
  }

  async function drop(transfer) {
    const entries = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.());
    const files = [...transfer.files];
    if (entries.length === 1 && entries[0]?.isDirectory) {
      const collected = [];
      try {
        await walk(entries[0], entries[0].name, collected);
      } catch (error) {
        fail(`The folder could not be read (${error.message || error}). Choose it with the button instead.`);
        return;
      }
      choose(collected, true);
    } else if (entries.some((entry) => entry?.isDirectory)) fail("Drop one folder, or files, but not both at once.");
    else several(files);
  }

  /** One file is a corpus; several together are a folder. */
  function several(files) {
    if (files.length === 1) choose([{ path: files[0].name, file: files[0] }], false);
    else if (files.length) choose(files.map((file) => ({ path: `corpus/${file.name}`, file })), true);
  }

  // -- messages from Python ------------------------------------------------------------------------------

  function heard(message) {
    if (message.state === "result") show(message);
    else if (message.state === "learning") {
      if (message.job === shown) learning(message);
      if (message.job === current) finish(message.job);
    } else if (message.job !== current) return;
    else if (message.state === "work") {
      say(`${message.label} …`, message.job === shown ? message.share : 0.2 + 0.8 * message.share);
      if (message.job === shown) element("curve-status").textContent = `${message.label} …`;
    } else if (message.state === "failed") fail(message.text);
  }

  function finish(job) {
    if (job === current) current = 0;
    say("Done.");
  }

  async function show({ job, name, settings, values, cases, problems, clusters: largest, kept, seconds }) {
    shown = job;
    shownSettings = settings;
    element("result").hidden = false;
    element("name").textContent = `${name}: ${lab.format(values["own.removed.documents"].value, "integer")} of ${lab.format(values["own.documents"].value, "integer")} documents removed in ${seconds.toFixed(1)} s`;
    lab.fill.results(panel(), { values });
    for (const block of lab.all("[data-own-when]", panel())) block.hidden = !cases.includes(block.dataset.ownWhen);
    for (const block of lab.all("[data-own-curve-when]", panel())) block.hidden = true;
    element("curve-status").textContent = "";
    fold("malformed").open = fold("as-text").open = false;
    element("problems").replaceChildren(...problems.map(({ file, line, message }) => lab.element("li", {}, `${file}, line ${lab.format(line, "integer")} ${message}`)));
    const missing = values["own.malformed"].value - problems.length;
    if (missing > 0) element("problems").append(lab.element("li", {}, `and ${lab.format(missing, "integer")} more`));
    lookInto(largest);
    moved();
    say("Deduplicated; a learning curve follows …", 1);
    await keep(kept);
  }

  function lookInto(largest) {
    const list = element("clusters");
    list.replaceChildren();
    if (!largest.length) return;
    // A copy of the part's own list.
    const block = /** @type {HTMLElement} */ (lab.one(".clusters", lab.one(`[data-part="${PART}"]`)).cloneNode(true));
    list.append(block);
    clusters.reset(block);
    lab.one("[data-clusters]", block).setAttribute("aria-labelledby", "own-clusters-title");
    clusters.show(block, largest);
  }

  /** Shows the kept documents as a link to a file and as text; both remain when Python deletes its files. */
  async function keep({ name, path, text, bytes }) {
    for (const url of links) URL.revokeObjectURL(url);
    links = [];
    const link = /** @type {HTMLAnchorElement} */ (element("download"));
    link.removeAttribute("href");
    element("size").textContent = "is being prepared …";
    field("text").value = "";
    try {
      const asText = text === path ? null : new Blob([await trade({ type: "get", path: text })]);
      const file = new Blob([await trade({ type: "get", path })]);
      links = [URL.createObjectURL(file)];
      link.href = links[0];
      link.download = name;
      element("size").textContent = `${name}, ${size(bytes)}. If the download is not allowed here, copy the text below.`;
      fold("as-text").ontoggle = () => fold("as-text").open && write(asText || file);
    } catch (error) {
      element("size").textContent = `could not be prepared (${error.message || error}): deduplicate it again, or choose a smaller part.`;
    }
  }

  async function write(blob) {
    const textArea = field("text");
    if (textArea.value) return;
    textArea.value = await blob.slice(0, TEXT_SHOWN).text();
    element("cut").hidden = blob.size <= TEXT_SHOWN;
    element("cut").textContent = `The first ${size(TEXT_SHOWN)} of ${size(blob.size)}; all of it is in the download.`;
  }

  function learning({ cases = [], values, tables, text = "" }) {
    element("curve-status").textContent = text && `Not trained: ${text}`;
    for (const block of lab.all("[data-own-curve-when]", panel())) block.hidden = !cases.includes(block.dataset.ownCurveWhen);
    lab.fill.results(panel(), { values, tables });
    globalThis.dispatchEvent(new Event("resize")); // a plot that was drawn while hidden has no width yet
  }

  /** Shows a note if the controls have moved since the result on the page. */
  function moved() {
    const now = lab.main.state().settings;
    const names = ["threshold", "width", "num_perm", "seed", "banding"];
    if (shownSettings?.banding === "hand") names.push("bands", "rows");
    element("moved").hidden = !shownSettings || names.every((name) => now[name] === undefined || now[name] === shownSettings[name]);
  }

  function clear() {
    ask("own_clear", {});
    for (const url of links) URL.revokeObjectURL(url);
    links = [];
    chosen = shownSettings = null;
    waiting = false;
    shown = current = 0;
    element("result").hidden = true;
    element("download").removeAttribute("href");
    field("text").value = "";
    element("clusters").replaceChildren();
    element("problems").replaceChildren();
    complain("");
    for (const name of ["file", "folder"]) field(name).value = "";
    for (const name of ["name", "size", "cut", "curve-status"]) element(name).textContent = "";
    element("download").removeAttribute("download");
    say("Forgotten: nothing of your files is left here.");
    element("clear").hidden = true;
  }

  /** The next reader sees neither the files of the last one nor that there were any. */
  function leave() {
    if (!panel()) return;
    clear();
    say("");
    field("field").value = field("field").defaultValue;
    for (const name of ["split", "delimiter"]) for (const option of /** @type {any} */ (field(name)).options) option.selected = option.defaultSelected;
    for (const output of lab.all("[data-value]", panel())) output.textContent = "–";
    for (const body of lab.all("tbody", panel())) body.replaceChildren();
  }
  document.addEventListener("lab:another-reader", leave);

  // -- what the reader does ------------------------------------------------------------------------------

  function start() {
    if (!panel()) return;
    const area = element("drop");
    if (!("webkitdirectory" in HTMLInputElement.prototype)) lab.one('[data-own-choose="folder"]', panel()).hidden = true;
    panel().addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (!button) return;
      if (button.dataset.ownChoose) {
        const chooser = field(button.dataset.ownChoose);
        chooser.value = ""; // the same file may be chosen again
        chooser.click();
      } else if (button.matches("[data-own-cancel]")) {
        if (current) ask("own_cancel", { job: current });
        if (current === shown) element("curve-status").textContent = "Cancelled; the result above stays.";
        current = 0;
        waiting = false;
        say("Cancelled. Nothing was lost; “Deduplicate it again” starts from the beginning.");
      } else if (button.matches("[data-own-again]")) begin();
      else if (button.matches("[data-own-clear]")) clear();
    });
    field("file").addEventListener("change", () => several([...field("file").files]));
    field("folder").addEventListener("change", () => choose([...field("folder").files].map((file) => ({ path: file.webkitRelativePath, file })), true));

    // The browser would open a file that is dropped outside the drop area in place of the lab.
    const files = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
    document.addEventListener("dragover", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      const inside = area.contains(/** @type {Node} */ (event.target));
      event.dataTransfer.dropEffect = inside ? "copy" : "none";
      area.toggleAttribute("data-over", inside);
    });
    document.addEventListener("dragleave", () => area.removeAttribute("data-over"));
    document.addEventListener("drop", (event) => {
      area.removeAttribute("data-over");
      if (!files(event)) return;
      event.preventDefault();
      if (area.contains(/** @type {Node} */ (event.target))) drop(event.dataTransfer);
    });
  }

  document.addEventListener("lab:python", ({ detail }) => {
    if (detail.type === "own") heard(detail);
    else if (detail.type === "results" && String(detail.part) === PART && shown) moved();
  });

  lab.boot.listen((message) => {
    if (message.type === "file" && answers.has(message.id)) {
      const { resolve, reject } = answers.get(message.id);
      answers.delete(message.id);
      if (message.error) reject(new Error(message.error));
      else resolve(message.bytes);
    }
  });

  document.addEventListener("lab:boot", ({ detail }) => {
    if (detail === "live") {
      if (waiting) begin();
      return;
    }
    for (const { reject } of answers.values()) reject(new Error("Python has stopped"));
    answers.clear();
    if (current && !waiting) fail("Python has stopped. Your files are unchanged; try again when it runs.");
    if (shown) element("clusters").replaceChildren(); // its files are gone; figures and download remain
  });

  lab.later(start);

  return {};
})();
