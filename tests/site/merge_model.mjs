// Several tabs of one browser at random: the real store.js, schema.js and merge.js, one storage, a channel that may be
// slow or deaf, and saves that may fail. Prints what was said to be saved and is not there, as JSON.
//   node merge_model.mjs SHELL SEED STEPS indexeddb|localstorage
import fs from "node:fs";
import path from "node:path";

const [shell, seed, steps, kind] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4]), process.argv[5]];
let state = seed * 2654435761 + 1;
const random = () => {
  state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) | 0;
  return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
};
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const facts = (name) => JSON.parse(fs.readFileSync(new URL(`../../src/dataselect_core/facts/${name}.json`, import.meta.url), "utf8"));
const table = { parts: facts("settings").parts, tracks: facts("tracks"), record: facts("record") };
const source = ["schema", "merge", "store"].map((name) => fs.readFileSync(path.join(shell, `${name}.js`), "utf8"));

const disk = new Map();
const channels = new Set();
let full = false;
const localStorage = {
  getItem: (key) => disk.get(key) ?? null,
  setItem(key, text) {
    if (full && key === "data-selection-lab") throw new Error("QuotaExceededError");
    disk.set(key, text);
  },
  removeItem: (key) => disk.delete(key),
};

/** As much of IndexedDB as the store uses: one transaction after the other, answers that come later, an abort where the
 * disk is full, connections that the browser closes. */
const kept = new Map();
let turn = Promise.resolve();

class Transaction {
  constructor() {
    this.requests = [];
    turn = turn.then(() => this.run());
  }

  async run() {
    const before = new Map(kept);
    for (let next = this.requests.shift(); next; next = this.requests.shift()) {
      await new Promise((done) => setTimeout(done, below(2)));
      try {
        next.request.result = structuredClone(next.work());
      } catch (error) {
        kept.clear();
        for (const [key, value] of before) kept.set(key, value);
        this.error = error;
        this.onabort?.();
        return;
      }
      next.request.onsuccess?.();
    }
    this.oncomplete?.();
  }

  ask(work) {
    const request = {};
    this.requests.push({ request, work });
    return request;
  }

  objectStore() {
    const keys = () => [...kept.keys()].sort();
    return {
      get: (key) => this.ask(() => kept.get(key)),
      put: (value, key) => {
        const copy = structuredClone(value);
        return this.ask(() => {
          if (full) throw new Error("QuotaExceededError");
          kept.set(key, copy);
        });
      },
      count: () => this.ask(() => kept.size),
      clear: () => this.ask(() => { kept.clear(); }),
      getAllKeys: () => this.ask(keys),
      getAll: () => this.ask(() => keys().map((key) => kept.get(key))),
    };
  }
}

/** The `indexedDB` of one tab; `shut` closes the connection that it has. */
function database() {
  const connections = [];
  return {
    shut: () => { for (const each of connections) each.closed = true; },
    open() {
      const request = {};
      const connection = {
        transaction() {
          if (this.closed) throw new Error("InvalidStateError: the connection is closed");
          return new Transaction();
        },
        close() { this.closed = true; },
      };
      connections.push(connection);
      setTimeout(() => { request.result = connection; request.onsuccess?.(); });
      return request;
    },
  };
}

class Channel {
  constructor() { channels.add(this); }
  postMessage() {
    for (const other of channels) if (other !== this && !other.deaf) setTimeout(() => other.onmessage?.({}), below(3));
  }
}

const nothing = () => {};
const wrong = [];
/** What was said to be saved: tokens of texts, the first prediction of each place, runs, fields. */
let said;
const forget = () => { said = { tokens: new Map(), predictions: new Map(), runs: new Set(), counted: 0, marker: null, fields: new Map(), seconds: 0 }; };
forget();
let era = 0; // of the record: a cleared one begins a new era
let tokens = 0;
const gone = new Set(); // what was saved before the record was cleared

const TEXTS = ["cloud/1/reflection", "cloud/1/decision", "tiny/synthesis/risk"];
const LOCKS = ["cloud/1/prediction", "cloud/2/prediction-indexing", "tiny/3/prediction"];
const SEARCH = "cloud/2/kept-search";

async function tab(number, view = {}) {
  let channel = null;
  const lab = { listeners: () => { const all = []; return { add: (each) => all.push(each), tell: (...given) => all.forEach((each) => each(...given)) }; }, attempt: (_, work) => work(), json: () => table };
  Object.assign(view, { number, lab, texts: {}, search: null, told: null, replaced: false });
  const document = {
    documentElement: { dataset: { version: "1" } },
    addEventListener: nothing,
    dispatchEvent: ({ type }) => { if (type === "lab:replaced") view.replaced = true; },
  };
  view.database = kind === "indexeddb" ? database() : undefined;
  class Own extends Channel { constructor() { super(); channel = this; } }
  for (const text of source) new Function("lab", "document", "localStorage", "BroadcastChannel", "indexedDB", "navigator", text)(lab, document, localStorage, Own, view.database, {});
  channel.deaf = random() < 0.3;
  view.close = () => { channels.delete(channel); channel.onmessage = null; };
  lab.store.watch((error) => { if (error !== undefined) view.told = error; });
  await lab.store.ready();
  return view;
}

/** Sets entries; `kept` is called when the page would say that they are saved. */
async function set(view, entries, kept) {
  const of = era;
  await view.lab.store.set(entries);
  if (!view.told && of === era && !view.replaced) kept();
}

const moves = {
  write(view) {
    const entry = pick(TEXTS);
    const token = `w${tokens += 1}`;
    const field = view.texts[entry] ?? (view.texts[entry] = { given: view.lab.store.get(entry) || "", value: view.lab.store.get(entry) || "" });
    field.value = random() < 0.5 ? `${field.value} ${token}` : `${token} ${field.value}`;
    (field.mine ||= []).push(token);
    if (random() < 0.6) return this.leave(view, entry);
    return undefined;
  },
  /** As texts.js saves a field. */
  leave(view, entry = pick(TEXTS)) {
    const field = view.texts[entry];
    if (!field) return undefined;
    delete view.texts[entry];
    const kept = view.lab.store.get(entry) || "";
    const text = kept === field.given ? field.value : view.lab.merge.texts(kept, field.value, 20000);
    return set(view, { [entry]: text }, () => {
      for (const token of field.mine) {
        said.tokens.set(token, entry);
        (view.own ||= []).push(token);
      }
    });
  },
  commit(view) {
    const entry = pick(LOCKS);
    return set(view, { [entry]: { value: below(100), said: "", locked_at: new Date(below(1e9)).toISOString() } }, () => {
      if (!said.predictions.has(entry)) said.predictions.set(entry, JSON.stringify(view.lab.store.get(entry)));
    });
  },
  run(view) {
    const search = structuredClone(view.search ?? view.lab.store.get(SEARCH) ?? { used: 0, last: 0, marker: null, spent: [], runs: [] });
    const id = `r${tokens += 1}`;
    const counted = !search.marker;
    search.last += 1;
    if (counted) { search.used += 1; search.spent.push(id); }
    if (search.runs.length > 30) return undefined;
    search.runs.push({ id, number: search.last, counted, shown: true, right: [[1, 2]], settings: { strategy: "random" } });
    view.search = random() < 0.3 ? search : null; // the workbench has not heard of the others yet
    return set(view, { [SEARCH]: search }, () => { said.runs.add(id); });
  },
  mark(view) {
    const search = structuredClone(view.lab.store.get(SEARCH));
    if (!search?.runs.length || search.marker || random() < 0.8) return undefined;
    const run = pick(search.runs);
    search.marker = { run: run.number, labels: below(100), of: run.id };
    return set(view, { [SEARCH]: search }, () => { said.marker ??= JSON.stringify(view.lab.store.get(SEARCH).marker); });
  },
  move(view) {
    const entry = "cloud/1/settings";
    const name = `of_tab_${view.number}`;
    const value = tokens += 1;
    return set(view, { [entry]: { ...(view.lab.store.get(entry) || {}), [name]: value } }, () => { said.fields.set(name, Math.max(value, said.fields.get(name) || 0)); });
  },
  wait(view) {
    const entry = "cloud/1/seconds";
    const more = 1 + below(5);
    return set(view, { [entry]: (view.lab.store.get(entry) || 0) + more }, nothing);
  },
  async bring(view) {
    if (!view.file || view.file.reader !== view.lab.store.reader) view.file = view.lab.store.parse(view.lab.store.text());
    else await view.lab.store.take(structuredClone(view.file));
  },
  async reload(view) {
    for (const entry of Object.keys(view.texts)) await this.leave(view, entry);
    view.close();
    await tab(view.number, view);
  },
  shut(view) { view.database?.shut(); },
  disk() { full = !full && random() < 0.3; },
  async clear(view) {
    if (random() > 0.08) return;
    full = false;
    era += 1;
    for (const word of said.tokens.keys()) gone.add(word);
    forget();
    for (const each of views) Object.assign(each, { texts: {}, search: null, file: null, own: [] });
    await view.lab.store.clear();
  },
};

const views = [await tab(1), await tab(2), await tab(3)];
const rest = () => new Promise((done) => setTimeout(done, kind === "indexeddb" ? 40 : 5));
const stored = () => (kind === "indexeddb" ? kept.get("record") : JSON.parse(disk.get("data-selection-lab") || "null")) || { entries: {} };
const words = (record) => TEXTS.flatMap((entry) => (record.entries[entry]?.value || "").match(/w\d+/g) || []);

/** At rest: what a page calls saved is there, and it still shows what it has called saved. */
function inspect() {
  const there = stored();
  const all = new Set(words(there));
  for (const word of all) if (gone.has(word)) wrong.push(`${word} of the previous reader is still there`);
  for (const view of views) {
    if (view.told || view.replaced || view.lab.store.reader !== there.reader) continue;
    const shown = words(view.lab.store.record());
    for (const word of shown) if (!all.has(word)) wrong.push(`tab ${view.number} calls ${word} saved`);
    for (const word of view.own || []) if (!shown.includes(word)) wrong.push(`tab ${view.number} no longer shows ${word}`);
  }
}

let underway = [];
for (let step = 0; step < steps; step += 1) {
  const view = pick(views);
  if (view.replaced) Object.assign(view, { replaced: false, texts: {}, search: null, own: [] });
  const name = pick(["write", "write", "leave", "commit", "run", "run", "mark", "move", "wait", "bring", "reload", "disk", "shut", "clear"]);
  if (["bring", "reload"].includes(name)) { await Promise.all(underway); underway = []; }
  const done = moves[name](view);
  if (["bring", "reload", "clear"].includes(name)) { await done; await rest(); } else underway.push(done);
  if (random() < 0.3) { await Promise.all(underway); underway = []; await rest(); inspect(); }
}
await Promise.all(underway);
full = false;
await rest();
inspect();

const { entries } = stored();
if (!views.every((view) => view.lab.store.kind === kind)) wrong.push(`not kept in ${kind}: ${views.map((view) => view.lab.store.why || view.lab.store.kind)}`);
const value = (key) => entries[key]?.value;
for (const [token, entry] of said.tokens) if (!new RegExp(`\\b${token}\\b`).test(value(entry) || "")) wrong.push(`${token} of ${entry} is lost`);
for (const [entry, first] of said.predictions) if (JSON.stringify(value(entry)) !== first) wrong.push(`${entry} was rewritten: ${first} is now ${JSON.stringify(value(entry))}`);
const search = value(SEARCH) || { runs: [], used: 0 };
const ids = new Set(search.runs.map((run) => run.id));
for (const id of said.runs) if (!ids.has(id)) wrong.push(`run ${id} is lost`);
if (new Set(search.runs.map((run) => run.number)).size !== search.runs.length) wrong.push("two runs have one number");
if (search.used < search.runs.filter((run) => run.counted).length) wrong.push("a counted run was given back");
if (said.marker && JSON.stringify(search.marker) !== said.marker) wrong.push(`the marker was rewritten: ${said.marker} is now ${JSON.stringify(search.marker)}`);
if (search.marker && search.runs.find((run) => run.number === search.marker.run)?.id !== search.marker.of) wrong.push("the marker names another run");
for (const [name, at_least] of said.fields) if (!(value("cloud/1/settings")?.[name] >= at_least)) wrong.push(`${name} went back from ${at_least} to ${value("cloud/1/settings")?.[name]}`);
console.log(JSON.stringify({ wrong, said: { tokens: said.tokens.size, predictions: said.predictions.size, runs: said.runs.size, fields: said.fields.size } }));
process.exit(0);
