// The reader's record: entries `key -> {value, at}`, the newest of each key wins, so that two tabs merge instead
// of overwriting each other. IndexedDB, else localStorage, else memory; which one is said on the page.
"use strict";

lab.store = (() => {
  const SCHEMA = 1;
  const NAME = "data-selection-lab";
  const KEY = "record";
  const deadline = 3000;

  const fresh = () => ({ schema: SCHEMA, reader: crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2), entries: {} });
  let record = fresh();
  let kind = "memory";
  /** @type {IDBDatabase | null} */
  let database = null;
  let corrupt = null;
  const watchers = new Set();
  const channel = typeof BroadcastChannel === "function" ? new BroadcastChannel(NAME) : null;

  const asPromise = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const within = (promise) => Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error("storage does not answer")), deadline))]);

  function valid(candidate) {
    return Boolean(candidate && candidate.schema === SCHEMA && typeof candidate.reader === "string" && candidate.entries && typeof candidate.entries === "object"
      && Object.entries(candidate.entries).every(([key, entry]) => /^[\w./-]{1,80}$/.test(key) && entry && typeof entry.at === "number" && Number.isFinite(entry.at)));
  }

  function merged(mine, theirs) {
    if (!theirs || mine.reader !== theirs.reader) return mine;
    const entries = { ...theirs.entries };
    for (const [key, entry] of Object.entries(mine.entries)) if (!entries[key] || entries[key].at <= entry.at) entries[key] = entry;
    return { ...mine, entries };
  }

  async function open() {
    try {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => request.result.createObjectStore("records");
      database = await within(asPromise(request));
      database.onversionchange = () => database?.close();
      kind = "indexeddb";
    } catch {
      try {
        localStorage.setItem(`${NAME}-test`, "1");
        localStorage.removeItem(`${NAME}-test`);
        kind = "localstorage";
      } catch {
        kind = "memory";
      }
    }
  }

  async function load() {
    let found = null;
    try {
      if (kind === "indexeddb") found = await within(asPromise(database.transaction("records").objectStore("records").get(KEY)));
      else if (kind === "localstorage") found = JSON.parse(localStorage.getItem(NAME) || "null");
    } catch (error) {
      corrupt = kind === "localstorage" ? localStorage.getItem(NAME) : String(error);
    }
    if (found && !valid(found)) {
      corrupt = found;
      found = null;
    }
    return found;
  }

  /** Saves, merged with what another tab may have written meanwhile. Throws where nothing could be saved. */
  async function save() {
    if (kind === "memory") throw new Error("this browser does not let the page store anything");
    const kept = corrupt;
    if (kind === "indexeddb") {
      const transaction = database.transaction("records", "readwrite");
      const records = transaction.objectStore("records");
      const done = new Promise((resolve, reject) => {
        transaction.oncomplete = () => resolve(undefined);
        transaction.onabort = transaction.onerror = () => reject(transaction.error || new Error("the save was not completed"));
      });
      const request = records.get(KEY);
      request.onsuccess = () => {
        if (kept) records.put(kept, `corrupt-${Date.now()}`);
        if (valid(request.result)) record = merged(record, request.result);
        records.put(record, KEY);
      };
      await within(done);
    } else {
      if (kept) localStorage.setItem(`${NAME}-corrupt`, typeof kept === "string" ? kept : JSON.stringify(kept));
      const theirs = JSON.parse(localStorage.getItem(NAME) || "null");
      if (valid(theirs)) record = merged(record, theirs);
      localStorage.setItem(NAME, JSON.stringify(record));
    }
    channel?.postMessage("saved");
  }

  let queue = Promise.resolve();
  function saved() {
    queue = queue.then(() => save().then(() => tell(null), (error) => tell(error)));
    return queue;
  }

  function tell(error) {
    for (const watch of watchers) watch(error);
  }

  channel && (channel.onmessage = async () => {
    const theirs = await load();
    if (!theirs) return;
    record = theirs.reader === record.reader ? merged(record, theirs) : theirs;
    tell(null);
  });

  return {
    async ready() {
      await open();
      const found = await load();
      if (found) record = found;
      if (kind !== "memory" && navigator.storage?.persist) navigator.storage.persist().catch(() => {});
      tell(kind === "memory" ? new Error("this browser does not let the page store anything") : null);
    },
    get: (key) => record.entries[key]?.value,
    keys: (prefix) => Object.keys(record.entries).filter((key) => key.startsWith(prefix)).sort(),
    at: (key) => record.entries[key]?.at,
    /** Sets entries; resolves when they are saved or the failure has been shown. */
    set(entries) {
      for (const [key, value] of Object.entries(entries)) record.entries[key] = { value, at: Math.max(Date.now(), (record.entries[key]?.at || 0) + 1) };
      tell(undefined);
      return saved();
    },
    /** Forgets everything, for this reader or the next one. */
    async clear() {
      record = fresh();
      if (kind === "indexeddb") {
        const transaction = database.transaction("records", "readwrite");
        transaction.objectStore("records").clear();
        await within(new Promise((resolve, reject) => { transaction.oncomplete = () => resolve(undefined); transaction.onerror = () => reject(transaction.error); })).catch(tell);
      } else if (kind === "localstorage") {
        for (const key of Object.keys(localStorage)) if (key.startsWith(NAME)) localStorage.removeItem(key);
      }
      corrupt = null;
      return saved();
    },
    text: () => JSON.stringify({ ...record, lab: document.documentElement.dataset.version, exported: new Date().toISOString(), ...(corrupt ? { corrupt } : {}) }, null, 2),
    /** Takes a record from a file. @param {string} text */
    import(text) {
      if (text.length > 5e6) throw new Error("The file is larger than any record of this lab (5 MB).");
      let candidate;
      try {
        candidate = JSON.parse(text);
      } catch {
        throw new Error("The file is not a record of this lab: it is not JSON.");
      }
      if (candidate && candidate.schema > SCHEMA) throw new Error("The record comes from a newer edition of the lab. Open it there; nothing was changed here.");
      if (!valid(candidate)) throw new Error("The file is not a record of this lab. Nothing was changed.");
      record = { schema: SCHEMA, reader: candidate.reader, entries: { ...candidate.entries } };
      tell(undefined);
      return saved();
    },
    watch: (watcher) => watchers.add(watcher),
    get kind() { return kind; },
    get corrupt() { return Boolean(corrupt); },
  };
})();
