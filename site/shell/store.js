// The reader's record: entries `key -> {value, at}`, merged with the changes of other tabs by the rules of merge.js. It
// is kept in IndexedDB, else in localStorage, else in memory; the page shows which. Pictures of plots are kept next to
// the record, not in it.
"use strict";

lab.store = (() => {
  const NAME = "data-selection-lab";
  const KEY = "record";
  const CORRUPT = "corrupt-";
  const PICTURE = "picture-";
  const FIRST = 4000; // ms that the page waits for the storage at its start; a later answer is used when it comes
  const deadline = 20000; // ms after which a save counts as failed
  const day = 86400000;

  const version = () => document.documentElement.dataset.version || "0.1.0";
  /** @returns {LabRecord} */
  const fresh = () => ({ schema: lab.schema.SCHEMA, lab: version(), reader: crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2), entries: {} });
  let record = fresh();
  let base = null; // the record as this page last read or wrote it
  let wasStored = false; // whether this record has ever been in the storage
  let generation = 0; // how often another reader's record has replaced this one
  let replacing = false; // whether the next save replaces another reader's record
  let wiping = false; // whether it also removes everything else that this page has stored
  let kind = "memory";
  let unstoredReason = ""; // why nothing is stored, unless the browser simply forbids it
  /** @type {IDBDatabase | null} */
  let database = null;
  let corrupt = null; // a record that could not be read, unchanged
  let corruptKept = false;
  const watchers = lab.listeners("record");
  const pictures = new Map();
  const channel = tabs();
  let persistRequested = false; // whether the browser was asked not to delete the record

  /** The channel to other tabs; a browser that stores nothing for the page may refuse this, too. */
  function tabs() {
    try {
      return new BroadcastChannel(NAME);
    } catch {
      return null;
    }
  }

  /** Asks the browser not to delete the record; only at the first prediction, since Firefox asks the reader. */
  function persist() {
    if (persistRequested || kind === "memory") return;
    persistRequested = true;
    try {
      navigator.storage?.persist?.().catch(() => {});
    } catch { /* then it is kept as long as the browser likes */ }
  }

  const asPromise = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const within = (promise, time = deadline) => Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error("storage does not answer")), time))]);
  const records = (mode) => database.transaction("records", mode).objectStore("records");

  /** A copy that does not change when entries of the given record are set. */
  const copy = (of) => ({ ...of, entries: { ...of.entries } });

  /** Takes over a merged record, and reports to the page which entries another view has changed. */
  function adopt(merged) {
    const changed = Object.keys(merged.entries).filter((key) => !lab.merge.same(merged.entries[key], record.entries[key]));
    record = merged;
    if (changed.length) later(() => document.dispatchEvent(new CustomEvent("lab:elsewhere", { detail: changed })));
  }

  /** The record that a save must write, given the stored one; null if another reader's record has replaced this one. */
  function together(theirs) {
    let theirRecord = null;
    try {
      theirRecord = theirs ? lab.schema.salvage(theirs).record : null;
    } catch { /* it was set aside when the page opened, or another edition has written meanwhile */ }
    if (!theirRecord || replacing) return record;
    if (theirRecord.reader === record.reader) return lab.merge.records(base, record, theirRecord);
    // Two tabs began at the same time.
    if (!wasStored) return lab.merge.records(null, { ...record, reader: theirRecord.reader }, theirRecord);
    return null; // another tab has started anew
  }

  /** Shows the record of another reader that another tab has begun; unsaved changes here belong to the old record. */
  function giveWay(theirs) {
    record = theirs;
    base = copy(theirs);
    generation += 1;
    replacing = wiping = false;
    later(() => document.dispatchEvent(new CustomEvent("lab:replaced")));
    throw replacedBy();
  }

  const replacedBy = () => Object.assign(new Error("another tab has begun a new record, which this page now shows"), { replaced: true });

  const later = (work) => setTimeout(work);

  function memory(reason) {
    kind = "memory";
    unstoredReason = reason;
  }

  /** An open database that answers. */
  async function connection() {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("records");
    const opened = await asPromise(request);
    opened.onversionchange = () => opened.close();
    await asPromise(opened.transaction("records", "readonly").objectStore("records").count());
    return opened;
  }

  /** Opens the database again if the browser has closed it. */
  async function reconnect() {
    try {
      records("readonly");
    } catch {
      database = await within(connection());
    }
  }

  /** The storage answers late: merges its record with the changes made meanwhile. */
  async function answersLate(opened) {
    database = opened;
    kind = "indexeddb";
    unstoredReason = "";
    const storedRecord = await load();
    if (storedRecord && !replacing) {
      adopt(lab.merge.records(null, { ...record, reader: storedRecord.reader }, storedRecord));
      base = copy(storedRecord);
    }
    wasStored = Boolean(storedRecord);
    await saved();
    document.dispatchEvent(new CustomEvent("lab:late"));
  }

  async function open() {
    let opening = null;
    try {
      opening = connection();
      database = await within(opening, FIRST);
      kind = "indexeddb";
    } catch {
      opening?.then(answersLate, () => {});
      try {
        localStorage.setItem(`${NAME}-test`, "1");
        localStorage.removeItem(`${NAME}-test`);
        kind = "localstorage";
      } catch {
        kind = "memory";
      }
    }
  }

  async function stored() {
    if (kind === "indexeddb") {
      await reconnect();
      return within(asPromise(records("readonly").get(KEY)));
    }
    return kind === "localstorage" ? smaller() : null;
  }

  /** The content of the smaller store; read and written without a pause, so that no other tab comes between. */
  function smaller() {
    const text = localStorage.getItem(NAME);
    try {
      return text === null ? null : JSON.parse(text);
    } catch {
      return text;
    }
  }

  /** The record that an earlier visit could not read and set aside. */
  async function setAside() {
    if (kind === "localstorage") return localStorage.getItem(`${NAME}-corrupt`);
    if (kind !== "indexeddb") return null;
    const keys = (await within(asPromise(records("readonly").getAllKeys()))).filter((key) => String(key).startsWith(CORRUPT));
    return keys.length ? within(asPromise(records("readonly").get(keys.sort().pop()))) : null;
  }

  /** The stored record, or null. A record that cannot be read is set aside, never deleted. */
  async function load() {
    let storedRecord;
    try {
      storedRecord = await stored();
      if (corrupt === null) {
        corrupt = (await setAside()) ?? null;
        corruptKept = corrupt !== null;
      }
    } catch {
      memory("the storage of this browser does not answer");
      return null;
    }
    if (storedRecord === null || storedRecord === undefined) return null;
    try {
      const { record: read, whole } = lab.schema.salvage(storedRecord);
      if (!whole) aside(storedRecord);
      return read;
    } catch (error) {
      if (error.newer) memory("the record in this browser comes from a newer edition of the lab, which is left untouched");
      else aside(storedRecord);
      return null;
    }
  }

  function aside(storedRecord) {
    corrupt = storedRecord;
    corruptKept = false;
  }

  /** Saves the record, merged with what another tab may have written meanwhile. Throws if nothing could be saved. */
  async function save() {
    if (kind === "memory") throw new Error(unstoredReason || "this browser does not let the page store anything");
    record.lab = version();
    let replaced = false; // whether this save replaced another record: one that began before the request for that has not
    if (kind === "indexeddb") {
      await reconnect();
      const transaction = database.transaction("records", "readwrite");
      const objectStore = transaction.objectStore("records");
      let written = null;
      let otherRecord = null;
      let writeError = null; // why nothing was written
      const done = new Promise((resolve, reject) => {
        transaction.oncomplete = () => {
          if (written?.reader === record.reader) base = written;
          resolve(undefined);
        };
        transaction.onabort = transaction.onerror = () => reject(transaction.error || new Error("the save was not completed"));
      });
      const request = objectStore.get(KEY);
      request.onsuccess = () => {
        if (corrupt !== null && !corruptKept) objectStore.put(corrupt, `${CORRUPT}${Date.now()}`);
        try {
          const next = together(request.result);
          if (!next) {
            otherRecord = lab.schema.salvage(request.result).record;
            return;
          }
          adopt(next);
          written = copy(next);
          replaced = replacing;
          if (wiping) objectStore.clear(); // in one transaction: another tab's save comes before or after, never between
          objectStore.put(next, KEY);
        } catch (error) {
          writeError = error;
        }
      };
      await within(done);
      if (writeError) throw writeError;
      if (otherRecord) giveWay(otherRecord);
    } else {
      if (corrupt !== null && !corruptKept) localStorage.setItem(`${NAME}-corrupt`, typeof corrupt === "string" ? corrupt : JSON.stringify(corrupt));
      const theirs = smaller();
      const next = together(theirs);
      if (!next) giveWay(lab.schema.salvage(theirs).record);
      replaced = replacing;
      if (wiping) for (const key of Object.keys(localStorage)) if (key.startsWith(NAME)) localStorage.removeItem(key);
      localStorage.setItem(NAME, JSON.stringify(next));
      adopt(next);
      base = copy(next);
    }
    corruptKept = corrupt !== null;
    wasStored = true;
    if (replaced) replacing = wiping = false;
    channel?.postMessage("saved");
  }

  /** Empties the store that is not in use: an earlier visit may have used it because the other one was not available. */
  function forgetOther() {
    try {
      if (kind === "indexeddb") for (const key of [NAME, `${NAME}-corrupt`]) localStorage.removeItem(key);
      else indexedDB.deleteDatabase(NAME);
    } catch { /* it is forbidden now, so no reader can see what it has */ }
  }

  let queue = Promise.resolve();
  function saved() {
    const of = generation; // entries that were set before another reader's record came do not belong to that one
    queue = queue.then(() => (of === generation ? save() : Promise.reject(replacedBy())).then(() => tell(null), (error) => tell(error)));
    return queue;
  }

  let unsaved = false; // whether something on this page is not in the storage
  function tell(error) {
    if (error !== undefined) unsaved = Boolean(error) && !error.replaced;
    watchers.tell(error);
  }

  /** Takes over what another tab has saved. */
  async function hear() {
    if (kind === "memory" || replacing) return; // the stored record is about to be replaced
    const theirs = await load();
    if (!theirs || replacing) return;
    const same = theirs.reader === record.reader;
    const joins = same || !wasStored; // else another tab has begun a new record
    if (joins) {
      try {
        adopt(lab.merge.records(same ? base : null, { ...record, reader: theirs.reader }, theirs));
        base = copy(theirs);
      } catch { /* the next save of this page reports what cannot be merged */ }
    } else {
      record = theirs;
      base = copy(theirs);
      generation += 1;
    }
    wasStored = true;
    if (joins && unsaved) saved(); // perhaps there is space by now; until then the page does not say saved
    else tell(null);
    if (!joins) document.dispatchEvent(new CustomEvent("lab:replaced"));
  }

  // Queued with this page's own saves: a record that was read before a save is older than what that save has seen.
  const hearInTurn = () => { queue = queue.then(() => lab.attempt("another tab", hear)); };
  if (channel) channel.onmessage = hearInTurn;

  // The browser may show this page again as it was left, with messages of other tabs lost: perhaps of another reader.
  globalThis.addEventListener?.("pageshow", ({ persisted }) => { if (persisted) hearInTurn(); });

  return {
    async ready() {
      await open();
      const storedRecord = await load();
      if (storedRecord) {
        record = storedRecord;
        base = copy(storedRecord);
        wasStored = true;
      }
      tell(kind === "memory" ? new Error(unstoredReason || "this browser does not let the page store anything") : null);
    },
    failed: false, // whether the last save has failed; record.js sets it
    get: (key) => record.entries[key]?.value,
    keys: (prefix) => Object.keys(record.entries).filter((key) => key.startsWith(prefix)).sort(),
    at: (key) => record.entries[key]?.at,
    /** Sets entries; resolves when they are saved or the failure has been shown. */
    set(entries) {
      for (const [key, value] of Object.entries(entries)) {
        const present = record.entries[key]?.value;
        const entry = { value: lab.merge.within(key, present, value ?? null), at: Math.max(Date.now(), (record.entries[key]?.at || 0) + 1) };
        try {
          if (lab.merge.same(entry.value, present)) continue;
          lab.schema.check(key, entry);
          record.entries[key] = entry;
        } catch (error) {
          console.error(`The record does not take ${key}: ${error.message}`);
        }
      }
      if (Object.keys(entries).some((key) => /\/prediction/.test(key))) persist();
      tell(undefined);
      return saved();
    },
    get student() { return record.student || ""; },
    /** Sets the name of the student who hands this in; every report contains it. @param {string} text */
    name(text) {
      if (text) record.student = text.slice(0, 100);
      else delete record.student;
      return saved();
    },
    /** Deletes everything, for this reader or the next one. */
    async clear() {
      forgetOther();
      record = fresh();
      base = null;
      replacing = wiping = true;
      pictures.clear();
      corrupt = null;
      corruptKept = false;
      if (kind === "memory" && database) await open(); // it was left untouched only until the reader chose this
      unstoredReason = "";
      return saved();
    },
    /** The record itself, as a report contains it. */
    record: () => JSON.parse(JSON.stringify({ ...record, lab: version() })),
    text() {
      const unread = corrupt === null ? null : typeof corrupt === "string" ? corrupt : JSON.stringify(corrupt);
      const beside = unread !== null && unread.length < lab.schema.MOST_BYTES / 4 ? { corrupt: unread } : {};
      return JSON.stringify({ ...record, lab: version(), exported: new Date().toISOString(), ...beside }, null, 2);
    },
    /** The record that could not be read, as text; null if there is none. */
    corruptText: () => (corrupt === null ? null : typeof corrupt === "string" ? corrupt : JSON.stringify(corrupt, null, 2)),
    /** The record in a text, checked and migrated; throws an error of one sentence. @param {string} text */
    parse(text) {
      if (text.length > lab.schema.MOST_BYTES) throw Object.assign(new Error("The file is larger than any record of this lab (5 MB). Nothing was changed."), { large: true });
      let candidate;
      try {
        candidate = JSON.parse(text);
      } catch {
        throw new Error("The file is not a record of this lab: it is not JSON. Nothing was changed.");
      }
      try {
        return lab.schema.read(candidate);
      } catch (error) {
        if (error.newer) throw Object.assign(new Error("The record comes from a newer edition of the lab. Open it there; nothing was changed here."), { newer: true });
        throw new Error(`The file is not a record of this lab: ${error.message}. Nothing was changed.`);
      }
    },
    /** Takes over a checked record: merges it if it is of the same reader, else replaces this one. */
    take(candidate) {
      const now = Date.now();
      for (const entry of Object.values(candidate.entries)) entry.at = Math.min(entry.at, now + day);
      if (candidate.reader === record.reader) record = lab.merge.imported(record, candidate);
      else {
        record = candidate;
        base = null;
        replacing = true;
        pictures.clear();
      }
      tell(undefined);
      return saved();
    },
    get reader() { return record.reader; },
    get empty() { return !Object.keys(record.entries).some((key) => key.includes("/prediction")); },
    /** Keeps a picture of this reader, in the storage if the browser allows it.
     * @param {string} name @param {any} picture */
    async keepPicture(name, picture) {
      pictures.set(name, { reader: record.reader, ...picture });
      if (kind !== "indexeddb") return;
      try {
        await within(asPromise(records("readwrite").put(pictures.get(name), PICTURE + name)));
      } catch { /* then the picture is missing from a report after a reload */ }
    },
    /** The kept pictures whose names begin with a prefix: [[name, picture]]. @param {string} prefix */
    async keptPictures(prefix) {
      if (kind === "indexeddb") {
        try {
          const range = IDBKeyRange.bound(PICTURE + prefix, `${PICTURE}${prefix}\uffff`);
          const keys = await within(asPromise(records("readonly").getAllKeys(range)));
          const images = await within(asPromise(records("readonly").getAll(range)));
          keys.forEach((key, i) => pictures.set(String(key).slice(PICTURE.length), images[i]));
        } catch { /* those of this visit are still there */ }
      }
      return [...pictures].filter(([name, picture]) => name.startsWith(prefix) && picture.reader === record.reader).sort(([a], [b]) => (a < b ? -1 : 1));
    },
    watch: watchers.add,
    get kind() { return kind; },
    get why() { return unstoredReason; },
    get corrupt() { return corrupt !== null; },
  };
})();
