// The service worker: keeps the page for when the bridge or the network is away. The bridge puts
// before it what it stands for: RELEASE, FILES (the digest of every file by its path) and SHELL
// (what it keeps from the beginning). Of calendars it knows nothing: what a page keeps of those it
// marks itself, and `/api/` is never answered from here.

/* global RELEASE, FILES, SHELL */

const OURS = "display ";
const CACHE = `${OURS}release ${RELEASE}`;
const KEPT = `${OURS}kept`;        // the pages' own, kept.js
const PATIENCE_MS = 6_000;         // a bridge that hangs is as good as none
const PAGE = /^\/display\/[^/]+$/;
const NOT_YOURS = [401, 403, 404, 410];

// A file or page of this very release, and no other: a release is kept whole or not at all.
function mine(path, answer) {
  if (answer.status !== 200 || answer.redirected) return false;
  if (PAGE.test(path)) return answer.headers.get("Display-Release") === RELEASE;
  return path in FILES && (answer.headers.get("ETag") ?? "").includes(FILES[path]);
}

async function take(cache, path) {
  const answer = await fetch(path, { cache: "no-cache" });
  if (!mine(path, answer)) throw new Error(`of another release: ${path}`);
  await cache.put(path, answer);
}

const pathOf = (request) => new URL(request.url).pathname;

// What the release before kept beyond the common: its page, and the words of its language.
async function inherited() {
  const found = new Set();
  for (const name of await caches.keys()) {
    if (!name.startsWith(`${OURS}release `) || name === CACHE) continue;
    for (const request of await (await caches.open(name)).keys()) found.add(pathOf(request));
  }
  return [...found].filter((path) => !SHELL.includes(path) && (path in FILES || PAGE.test(path)));
}

async function install() {
  const cache = await caches.open(CACHE);
  try {
    await Promise.all(SHELL.map((path) => take(cache, path)));
    for (const path of await inherited()) {
      // A display that was signed out meanwhile has no page any more.
      await take(cache, path).catch((error) => { if (!PAGE.test(path)) throw error; });
    }
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

async function activate() {
  for (const name of await caches.keys()) {
    if (name.startsWith(OURS) && name !== CACHE && name !== KEPT) await caches.delete(name);
  }
  await clients.claim();
}

async function forgetPages(but) {
  const cache = await caches.open(CACHE);
  for (const request of await cache.keys()) {
    const path = pathOf(request);
    if (PAGE.test(path) && path !== but) await cache.delete(request);
  }
}

const forget = () => Promise.all([forgetPages(), caches.delete(KEPT)]);

async function keep(paths) {
  const cache = await caches.open(CACHE);
  for (const path of new Set(paths)) {
    if (!(path in FILES || PAGE.test(path)) || await cache.match(path)) continue;
    if (PAGE.test(path)) await forgetPages(path);
    await take(cache, path).catch(() => null);
  }
}

async function file(request, path) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(path);
  if (kept) return kept;
  const answer = await fetch(request);
  if (mine(path, answer)) await cache.put(path, answer.clone());
  return answer;
}

const within = (promise) => Promise.race([
  promise,
  new Promise((_, refuse) => { setTimeout(refuse, PATIENCE_MS, new Error("no answer")); }),
]);

async function page(request, path) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(path);
  let answer;
  try {
    answer = await within(fetch(request));
  } catch {
    return kept ?? Response.error();
  }
  if (NOT_YOURS.includes(answer.status) || answer.type === "opaqueredirect") {
    await forget();
    return answer;
  }
  if (mine(path, answer)) {
    await forgetPages(path);
    await cache.put(path, answer.clone());
    return answer;
  }
  const release = answer.headers.get("Display-Release");
  if (kept) {
    // The page asks for the newer release by itself, once that can replace this one whole.
    if (release) registration.update().catch(() => null);
    return kept;
  }
  // A page of another release takes its files from where it came from.
  if (release) await caches.delete(CACHE);
  return answer;
}

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(activate()));
addEventListener("message", (event) => {
  const { data } = event;
  if (data?.go) skipWaiting();
  if (data?.forget) event.waitUntil(forget());
  if (Array.isArray(data?.keep)) event.waitUntil(keep(data.keep));
});
addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate" && PAGE.test(url.pathname)) {
    event.respondWith(page(request, url.pathname));
  } else if (url.pathname in FILES) {
    event.respondWith(file(request, url.pathname));
  }
});
