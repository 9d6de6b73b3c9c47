// Replaces sw.js in a site built with --no-service-worker. It immediately replaces any worker that a reader has, and
// removes itself and everything that this lab kept. An open page continues with the network.
"use strict";

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const OURS = `data-selection-lab ${worker.registration.scope} `;

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil((async () => {
  await worker.registration.unregister();
  for (const name of await caches.keys()) if (name.startsWith(OURS)) await caches.delete(name);
})()));
