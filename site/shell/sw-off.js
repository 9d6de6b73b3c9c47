// Stands in the place of sw.js in a site built with --no-service-worker: takes the place of whatever worker a reader
// has at once, removes itself and what this lab kept. A page that is open goes on from the network.
"use strict";

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const OURS = `data-selection-lab ${worker.registration.scope} `;

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil((async () => {
  await worker.registration.unregister();
  for (const name of await caches.keys()) if (name.startsWith(OURS)) await caches.delete(name);
})()));
