// The page's own age. A service worker keeps the page for outages; a new release replaces the old
// one whole, at a moment when nobody is at the display.

const QUIET_MS = 30_000;           // so long after the last touch somebody may still stand there
const LATER_MS = 1_500;            // the first view comes first
const AGAIN_MS = 600_000;          // a reload that did not help is not tried again at once
const WORKER = "/static/display/worker.js";

export class Release {
  #own = document.documentElement.dataset.release;
  #due = false;
  #going = false;
  #touched = -Infinity;
  #registration = null;
  #parts = new Set();
  #later = new Promise((done) => { setTimeout(done, LATER_MS); });

  // Without https or loopback, or with a certificate that the browser does not trust, there are no
  // service workers: the page then works, but cannot begin while the bridge is away.
  async begin() {
    for (const kind of ["pointerdown", "keydown"]) {
      addEventListener(kind, () => { this.#touched = performance.now(); }, { passive: true });
    }
    const workers = navigator.serviceWorker;
    if (!workers) return;
    workers.addEventListener("controllerchange", () => {
      if (this.#going) this.#reload();
      else this.check();
    });
    await this.#later;
    try {
      const options = { scope: "/display/", updateViaCache: "none" };
      this.#registration = await workers.register(WORKER, options);
    } catch { /* works without */ }
  }

  // Ask whether the bridge has another release by now; and have kept what this page consists of.
  async check() {
    await this.#later;
    this.#keep();
    try {
      const answer = await fetch("/static/release.json", { cache: "no-store" });
      if (!answer.ok) return;
      this.#due = (await answer.json()).release !== this.#own;
      if (this.#due) await this.#registration?.update();
    } catch { /* asked again when the bridge is back */ }
  }

  // To be called every second while the bridge answers.
  pass() {
    if (!this.#due || this.#going || !this.#quiet() || this.#registration?.installing) return;
    const waiting = this.#registration?.waiting;
    if (waiting) {
      this.#going = true;
      waiting.postMessage({ go: true });  // its taking over comes back as `controllerchange`
    } else {
      this.#reload();
    }
  }

  #quiet() {
    return !document.querySelector("dialog[open]") && performance.now() - this.#touched > QUIET_MS;
  }

  #reload() {
    const last = Number(sessionStorage.getItem("reloaded") ?? 0);
    if (Math.abs(Date.now() - last) < AGAIN_MS && !this.#going) return;
    sessionStorage.setItem("reloaded", String(Date.now()));
    location.reload();
  }

  // What the page loaded is remembered, and the browser's own list of it cleared: that ends at 250,
  // most of them questions to the bridge.
  #keep() {
    for (const { name } of performance.getEntriesByType("resource")) {
      const { origin, pathname } = new URL(name);
      if (origin === location.origin && pathname.startsWith("/static/")) this.#parts.add(pathname);
    }
    performance.clearResourceTimings();
    const keep = [location.pathname, ...this.#parts];
    navigator.serviceWorker?.controller?.postMessage({ keep });
  }
}
