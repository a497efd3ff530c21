// The room's stream of events. A connection that breaks is resumed by the browser, which tells the
// bridge what it had last; one that stays silent, or breaks again and again, is given up, and
// whoever owns the stream decides when to try anew.

const SILENT_MS = 40_000;          // the bridge speaks every 15 s
const MUTE_MS = 8_000;             // it speaks at once: a proxy that holds it back is no stream
const SHORT_MS = 30_000;           // a connection that broke sooner was none to rely on
const SHORT_AT_MOST = 2;

export class Stream {
  #url;
  #on;
  #source = null;
  #opened = 0;                     // by the steady clock, as all times here
  #heard = null;                   // when this connection last said something
  #short = 0;

  // `on.event(name, body, id)` for each event, `on.open()` when a connection begins to speak,
  // `on.broken()` when one broke, whether or not the browser goes on trying.
  constructor(url, on) {
    this.#url = url;
    this.#on = on;
  }

  get open() {
    return this.#source !== null;
  }

  // Whether it may be relied on: then nobody needs to ask.
  get alive() {
    return this.open && this.#heard !== null;
  }

  begin() {
    this.end();
    this.#short = 0;
    const source = new EventSource(this.#url);
    this.#source = source;
    this.#began();
    for (const name of ["agenda", "status"]) {
      source.addEventListener(name, (event) => {
        if (source === this.#source) this.#hear(name, event);
      });
    }
    source.addEventListener("error", () => {
      if (source === this.#source) this.#broke(source.readyState === EventSource.CLOSED);
    });
  }

  end() {
    this.#source?.close();
    this.#source = null;
    this.#heard = null;
  }

  // To be called every second: gives up a connection that says nothing.
  watch() {
    if (!this.open) return;
    const patience = this.#heard === null ? MUTE_MS : SILENT_MS;
    if (performance.now() - (this.#heard ?? this.#opened) > patience) this.#broke(true);
  }

  #began() {
    this.#opened = performance.now();
    this.#heard = null;
  }

  #hear(name, event) {
    const first = this.#heard === null;
    if (first) this.#opened = performance.now();
    this.#heard = performance.now();
    this.#on.event(name, JSON.parse(event.data), event.lastEventId);
    if (first) this.#on.open();
  }

  #broke(forGood) {
    const lived = this.#heard === null ? 0 : performance.now() - this.#opened;
    this.#short = lived < SHORT_MS ? this.#short + 1 : 1;
    if (forGood || this.#short > SHORT_AT_MOST) this.end();
    else this.#began();
    this.#on.broken();
  }
}
