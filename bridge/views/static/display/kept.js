// What is kept on the device for an outage: the last answers about its own room, and when they
// came. Where the browser keeps nothing (plain http that is not loopback) all of it does nothing.

const CACHE = "display kept";
const OLDEST_MS = 7 * 86_400_000;  // the served window ends then: nothing is known of later days

export class Kept {
  #folder;
  #turn = Promise.resolve();       // one write after the other, or the older one might win

  constructor(room) {
    this.#folder = `/kept/${room}/`;
  }

  // Keeps an answer; `at` and `offset` are the bridge's time and how far the device's was off.
  put(name, body, clock) {
    const told = JSON.stringify({ at: +clock.now(), offset: clock.offset, body });
    return this.#next(async (cache) => {
      for (const { url } of await cache.keys()) {
        if (!new URL(url).pathname.startsWith(this.#folder)) await cache.delete(url);
      }
      const headers = { "Content-Type": "application/json" };
      await cache.put(this.#folder + name, new Response(told, { headers }));
    });
  }

  // What was kept: { at, offset, body }; null where there is nothing, or nothing that still counts.
  async get(name) {
    const told = await this.#next(async (cache) => (await cache.match(this.#folder + name))?.json());
    return told ?? null;
  }

  // Nothing of the room remains on the device.
  forget() {
    navigator.serviceWorker?.controller?.postMessage({ forget: true });
    return this.#next(() => caches.delete(CACHE));
  }

  #next(act) {
    if (!globalThis.caches) return Promise.resolve(null);
    const turn = this.#turn.then(async () => act(await caches.open(CACHE)));
    this.#turn = turn.catch(() => null);  // a full disk must not stop the display
    return this.#turn;
  }
}

export const counts = (told, at) => told !== null && at - told.at < OLDEST_MS;
