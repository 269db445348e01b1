// The portal's worker, for when there is no network. What the server says of its reader stands above this line as KEPT:
// `name` (host, reader, version), `whose` (empty: nobody's, so it ends itself), `shell`, `pages`, `offline`.
"use strict";

const isOurs = (url) => url.origin === location.origin;
// Files whose address changes with their content, and fonts under their version.
const isHashed = (url) => url.pathname.startsWith("/static/") && (url.searchParams.has("v") || url.pathname.includes("/fonts/"));

// Of all pages only these are ever kept: today's classes with the seat pass, and the page for no network at all.
async function keep() {
  const cache = await caches.open(KEPT.name);
  for (const path of KEPT.pages) {
    try {
      const answer = await fetch(path, { redirect: "manual", headers: { Accept: "text/html" } });
      if (answer.ok) await cache.put(path, answer);
      else await cache.delete(path);
    } catch {
      return; // no network: what is kept stays
    }
  }
}

async function clean() {
  for (const name of await caches.keys()) if (name !== KEPT.name || !KEPT.whose) await caches.delete(name);
  if (KEPT.whose) await self.clients.claim();
  else await self.registration.unregister();
}

async function forget() {
  const cache = await caches.open(KEPT.name);
  for (const path of KEPT.pages) await cache.delete(path);
}

async function fromCacheFirst(request) {
  const cache = await caches.open(KEPT.name);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

async function fromNetworkFirst(request, path) {
  try {
    const answer = await fetch(request);
    if (path.startsWith("/sign-in")) await forget(); // whoever is asked to sign in is nobody here
    return answer;
  } catch {
    const cache = await caches.open(KEPT.name);
    const wanted = KEPT.pages.includes(path) ? path : KEPT.pages[0];
    return (await cache.match(wanted)) ?? (await cache.match(KEPT.offline)) ?? Response.error();
  }
}

self.addEventListener("install", (event) => {
  const stored = caches.open(KEPT.name).then((cache) => cache.addAll(KEPT.shell));
  event.waitUntil((KEPT.whose ? stored : Promise.resolve()).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(clean()));
self.addEventListener("message", (event) => {
  if (event.data === "keep" && KEPT.whose) event.waitUntil(keep());
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (!KEPT.whose || request.method !== "GET" || !isOurs(url)) return;
  if (isHashed(url)) event.respondWith(fromCacheFirst(request));
  else if (request.mode === "navigate") event.respondWith(fromNetworkFirst(request, url.pathname));
});
