// Where the page keeps Python between two visits: in the browser's Cache Storage, apart from the reader's record.
// Nothing of the reader's is in it. Whatever goes wrong here means an ordinary start, never a word to the reader.
// Runs in the worker, which need not wait for a busy page; but a worker of a page from a folder has no storage, so
// there it runs in the page.
"use strict";

/** @param {string} key names the build of the lab */
lab.shelf = function shelf(key) {
  const SHELF = "lab-python";
  const ROOM = 4; // times its size must be free, so that it does not push out what matters
  const entry = (what) => `https://lab.invalid/${key}/${what}`; // a name; nothing is requested from it

  /** What this very build of the lab kept, or null; and whether keeping it is worth a try. */
  async function get() {
    try {
      const shelf = await caches.open(SHELF);
      const [places, memory, refused] = await Promise.all(["places", "memory", "refused"].map((what) => shelf.match(entry(what))));
      if (!places || !memory) return { kept: null, keep: !refused };
      return { kept: { ...(await places.json()), memory: await memory.arrayBuffer() }, keep: false };
    } catch {
      return { kept: null, keep: false };
    }
  }

  async function put({ memory, ...places }) {
    try {
      const { quota = 0, usage = 0 } = await navigator.storage.estimate();
      if (quota - usage < ROOM * memory.byteLength) return;
      const shelf = await caches.open(SHELF);
      for (const request of await shelf.keys()) if (!request.url.startsWith(entry(""))) await shelf.delete(request); // of an earlier build
      await shelf.delete(entry("places")); // a half is not taken for a whole
      await shelf.put(entry("memory"), new Response(new Blob([memory])));
      await shelf.put(entry("places"), new Response(JSON.stringify(places))); // last: with it the whole is there
    } catch {
      await drop();
    }
  }

  /** What was kept does not come to life in this browser: not again, until there is a new build. */
  async function refuse() {
    await drop();
    try {
      const shelf = await caches.open(SHELF);
      await shelf.put(entry("refused"), new Response(""));
    } catch { /* then it is tried again */ }
  }

  async function drop() {
    try {
      await caches.delete(SHELF);
    } catch { /* then there is none */ }
  }

  return { get, put, refuse, drop };
};
