// Stands in the place of sw.js in a site built with --no-service-worker: takes the place of whatever worker a reader
// has at once, removes itself and what this lab kept. A page that is open goes on from the network.
"use strict";

const OURS = `data-selection-lab ${self.registration.scope} `;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil((async () => {
  await self.registration.unregister();
  for (const name of await caches.keys()) if (name.startsWith(OURS)) await caches.delete(name);
})()));
