// Keeps the lab for offline use. The build writes the line `const LIST = {build, files: {path: [sha256, bytes]}}` above
// this code and puts the file at the site's root. docs/offline.md describes how one version replaces another.
//
// Every address except index.html contains a hash of its content, and a file is kept only if its SHA-256 matches the
// list. So a page gets the files it was built with, whichever worker answers; they are kept until the page is closed.
// If anything fails here, the request goes to the network as if there were no worker.
"use strict";

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const INDEX = "index.html";
const OURS = `data-selection-lab ${worker.registration.scope} `; // other sites of this origin and nested labs differ
const NAME = OURS + LIST.build;
const MARK = "https://lab.invalid/complete"; // only a name: nothing is requested from it
const PATIENCE = 5000; // ms that a page waits for the browser's storage
const SPARE = 1.5; // the free space must be this many times the size of the lab

const at = (path) => new URL(path, worker.registration.scope).href;
const size = Object.values(LIST.files).reduce((sum, [, bytes]) => sum + bytes, 0);

/** The names of this lab's caches, of any version. */
const ours = async () => (await caches.keys()).filter((name) => name.startsWith(OURS));

/** The kept versions, newest first; `at` is 0 for an incomplete one. */
async function versions() {
  const kept = await Promise.all((await ours()).map(async (name) => {
    const mark = await caches.match(MARK, { cacheName: name });
    return { name, at: mark ? (await mark.json()).at : 0 };
  }));
  return kept.sort((a, b) => b.at - a.at);
}

/** Whether the content of a response matches the list; reads it to the end. */
async function genuine(response, sha256) {
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", await response.arrayBuffer()));
  return [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("") === sha256;
}

// -- filling -----------------------------------------------------------------------------------------------

/** Sends the progress to the open pages. */
async function tell(message) {
  for (const client of await worker.clients.matchAll({ type: "window", includeUncontrolled: true })) client.postMessage({ lab: "offline", build: LIST.build, ...message });
}

/** A response that can answer a navigation: browsers refuse one that was redirected. */
function direct(response) {
  if (!response.redirected) return response;
  const headers = new Headers(response.headers);
  for (const name of ["content-encoding", "content-length"]) headers.delete(name); // the body is already unpacked
  return new Response(response.body, { headers });
}

/** Puts one file into the cache: from this or another version, else from the browser's cache, else from the host. */
async function keep(cache, path, sha256) {
  const url = at(path);
  const cached = await cache.match(url);
  if (cached && await genuine(cached, sha256)) return;
  for (const name of await ours()) {
    const response = name === NAME ? null : await caches.match(url, { cacheName: name });
    if (response && await genuine(response.clone(), sha256)) {
      await cache.put(url, response);
      return;
    }
  }
  /** @type {RequestCache[]} */
  const cacheModes = [path === INDEX ? "no-cache" : "force-cache", "reload"];
  for (const cacheMode of cacheModes) {
    let answer = null;
    try {
      answer = await fetch(url, { cache: cacheMode, priority: "low" });
      if (!answer.ok || !await genuine(answer.clone(), sha256)) answer = null;
    } catch { /* no connection; the error below names the file */ }
    if (answer) {
      await cache.put(url, direct(answer));
      return;
    }
  }
  throw Object.assign(new Error(`${path} did not arrive as it was built`), { why: "file" });
}

/** Fills the cache of this version, one file at a time, since the reader is working meanwhile. Files from an
 * interrupted attempt are used. The mark comes last: a version without it is incomplete. */
async function fill() {
  try {
    const { quota = Infinity, usage = 0 } = await (worker.navigator.storage?.estimate() ?? {});
    const cache = await caches.open(NAME);
    const isStarted = (await cache.keys()).length > 0;
    if (!isStarted && quota - usage < SPARE * size) throw new DOMException("", "QuotaExceededError");
    let done = 0;
    for (const [path, [sha256, bytes]] of Object.entries(LIST.files)) {
      await keep(cache, path, sha256);
      done += bytes;
      await tell({ done, size });
    }
    await cache.put(MARK, new Response(JSON.stringify({ at: Date.now(), size })));
    await tell({ done: size, size });
  } catch (error) {
    const room = error.name === "QuotaExceededError";
    if (room) await caches.delete(NAME); // half a version is useless and takes space from others
    await tell({ failed: room ? "room" : error.why || "storage", size });
    throw error;
  }
}

/** Deletes versions older than this one that no open page uses; an open page holds a lock with its version's name. */
async function tidy() {
  const all = await versions();
  const mine = all.find(({ name }) => name === NAME);
  if (!mine?.at) return;
  const open = worker.navigator.locks
    ? new Set((await worker.navigator.locks.query()).held.map(({ name }) => name))
    : (await worker.clients.matchAll({ includeUncontrolled: true })).length ? new Set(await ours()) : new Set();
  for (const { name, at: when } of all) {
    const filling = !when && worker.registration.installing;
    if (when < mine.at && !open.has(name) && !filling) await caches.delete(name);
  }
}

// -- answering ---------------------------------------------------------------------------------------------

let silent = false; // whether the storage has failed to answer once; then no request waits for it again

/** The answer of the storage if it comes within PATIENCE, else null. */
async function within(look) {
  if (silent) return null;
  let timer = 0;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => {
      silent = true;
      resolve(null);
    }, PATIENCE);
  });
  try {
    return await Promise.race([look(), late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** The page of the newest complete version. */
async function newestPage() {
  for (const { name, at: when } of await versions()) {
    const response = when ? await caches.match(at(INDEX), { cacheName: name }) : null;
    if (response) return response;
  }
  return null;
}

/** A file by its address, from this version or from any other that is kept. */
async function kept(url) {
  const mine = await caches.match(url, { cacheName: NAME });
  if (mine) return mine;
  for (const name of await ours()) {
    const response = await caches.match(url, { cacheName: name });
    if (response) return response;
  }
  return null;
}

/** A file from the host. Refuses what a proxy or a portal sent in its place; fills the gap in the cache. */
async function fromHost(request, path) {
  const response = await fetch(request);
  const [sha256] = LIST.files[path] || [];
  if (!response.ok || !sha256) return response;
  if (!await genuine(response.clone(), sha256)) throw new Error(`${path} did not arrive as it was built`);
  try {
    if (await caches.has(NAME)) await (await caches.open(NAME)).put(at(path), response.clone());
  } catch { /* then the gap remains */ }
  return response;
}

async function file(request, path) {
  const url = at(path);
  // The page requests a file again, bypassing the caches, if the first copy was unusable.
  const again = request.cache === "reload" || new URL(request.url).searchParams.has("again");
  const response = again ? null : await within(() => kept(url));
  if (response) return response;
  try {
    const answer = await fromHost(request, path);
    if (answer.ok || !again) return answer;
    return await within(() => kept(url)) || answer;
  } catch {
    return (again && await within(() => kept(url))) || Response.error();
  }
}

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const address = url.origin + url.pathname;
  if (request.method !== "GET" || !address.startsWith(worker.registration.scope)) return;
  const path = address.slice(worker.registration.scope.length);
  if (request.mode === "navigate") { // a guide or any other page comes from the network
    if (path === "" || path === INDEX) event.respondWith(within(newestPage).then((found) => found || fetch(request)));
  } else if (/^(assets|panel)\//.test(path)) event.respondWith(file(request, path));
});

// -- life --------------------------------------------------------------------------------------------------
// There is no skipWaiting: a new worker takes over when no page of the old one is open. A reload, or a page opened
// meanwhile, still gets the newest complete version, since every worker serves every version.

worker.addEventListener("install", (event) => event.waitUntil(fill()));
// Requests wait for this, so it must not hang.
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("message", (event) => {
  if (event.data?.lab !== "offline") return;
  if (event.data.fill === LIST.build) event.waitUntil(fill().catch(() => {}));
  if (event.data.tidy) event.waitUntil(tidy().catch(() => {}));
});
