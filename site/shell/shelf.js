// Keeps the snapshot of Python between two visits in the browser's Cache Storage, separate from the reader's record. It
// contains no reader data. If anything fails here, Python starts in the ordinary way, without a message to the reader.
// This code runs in the worker, which does not have to wait for a busy page; but in a page opened from a folder the
// worker has no storage, so there it runs in the page.
"use strict";

/** @param {string} key names the build of the lab */
lab.shelf = function shelf(key) {
  const SHELF = "lab-python";
  const ROOM = 4; // the free space must be this many times its size, so that it displaces nothing important
  const entry = (item) => `https://lab.invalid/${key}/${item}`; // only a name: nothing is requested from it

  /** The snapshot that exactly this build of the lab has saved, or null; and whether to try to save one. */
  async function get() {
    try {
      const shelf = await caches.open(SHELF);
      const [places, memory, refused] = await Promise.all(["places", "memory", "refused"].map((item) => shelf.match(entry(item))));
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
      // Delete the snapshots of earlier builds.
      for (const request of await shelf.keys()) if (!request.url.startsWith(entry(""))) await shelf.delete(request);
      await shelf.delete(entry("places")); // so that half a snapshot is never taken for a whole one
      await shelf.put(entry("memory"), new Response(new Blob([memory])));
      await shelf.put(entry("places"), new Response(JSON.stringify(places))); // last: it marks the snapshot as complete
    } catch {
      await drop();
    }
  }

  /** The snapshot does not start in this browser: none is saved again until there is a new build. */
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
