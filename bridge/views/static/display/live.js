// What the page knows of its room, live, and how far that can be trusted. Events come by a stream;
// where none holds, by asking; where nobody answers, from what was kept. Nothing that is old is
// handed on without `trust` saying so.

import { BridgeClock } from "./clock.js";
import { Kept, counts } from "./kept.js";
import { Release } from "./release.js";
import { Stream } from "./stream.js";

const TICK_MS = 1_000;
const PATIENCE_MS = 10_000;        // a bridge that hangs is as good as none
const SPEAK_MS = 3_000;            // a stream that says nothing by then is not waited for
const POLL_MS = 15_000;            // between two questions where no stream holds
const FIRST_MS = 1_000;            // until the first new try; each one after it waits twice as long
const LONGEST_MS = 60_000;
const SURE_MS = 5_000;             // a try that failed so slowly needs no second one to be believed
const KEEP_MS = 300_000;           // how old what is kept may be, where only its age changes
const STREAM_AGAIN_MS = 5_000;     // until a stream that was given up is tried anew, and so on

const FINE = { state: "first", missing: null, since: null, asOf: null, words: null };

// Every display backs off on its own: after an outage not all come at once.
const backedOff = (first, times) => {
  return Math.min(LONGEST_MS, first * 2 ** Math.min(times, 10)) * (0.5 + Math.random() / 2);
};

class Live {
  #on;
  #base;
  #clock = new BridgeClock();
  #kept;
  #release = new Release();
  #stream;
  #status = null;
  #etag = null;                    // of the agenda that the page has
  #agenda = null;
  #keptAt = 0;
  #events = 0;                     // how many agendas came by the stream
  #version = null;                 // of what `/display` said
  #trust = {};
  #answered = null;                // when the bridge last said anything, by its own clock
  #lost = null;                    // { missing, since, words } while it does not
  #out = null;                     // since when this display may not look any more
  #recalled = null;                // what was kept, until the bridge says something
  #failures = 0;
  #due = Infinity;                 // when to ask again, by the steady clock, as the next one
  #told = 0;                       // how long the bridge wants not to be asked
  #streamDue = Infinity;
  #givenUp = 0;
  #asking = null;
  #looking = false;
  #slept = false;
  #timer = null;
  #ears = [];

  constructor(room, on) {
    this.#on = on;
    this.#base = `/api/v1/rooms/${room}`;
    this.#kept = new Kept(room);
    this.#stream = new Stream(`${this.#base}/stream`, {
      event: (name, body, id) => this.#hear(name, body, id),
      open: () => this.#opened(),
      broken: () => this.#broken(),
    });
  }

  begin() {
    this.#listen(window, "online", () => this.ask());
    this.#listen(window, "offline", () => this.ask());
    this.#listen(document, "visibilitychange", () => this.#woke());
    this.#listen(document, "resume", () => this.#woke());
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#recall();
    this.#stream.begin();
    this.#due = performance.now() + SPEAK_MS;
    this.#look();
    this.#release.begin();
    queueMicrotask(() => this.#judge());
  }

  end() {
    clearInterval(this.#timer);
    for (const [target, name, ear] of this.#ears) target.removeEventListener(name, ear);
    this.#stream.end();
  }

  now() {
    return this.#clock.now();
  }

  // Ask for the agenda. Whoever asks while a question is under way gets the answer to a later one.
  async ask() {
    if (this.#asking) {
      await this.#asking;
      return this.#asking ?? this.ask();
    }
    this.#due = Infinity;
    this.#told = 0;
    this.#asking = this.#ask();
    await this.#asking;
    this.#asking = null;
    if (!this.#stream.alive || this.#lost || this.#out) {
      const wait = this.#failures ? backedOff(FIRST_MS, this.#failures - 1) : POLL_MS;
      this.#due = performance.now() + Math.max(wait, this.#told);
    }
    return undefined;
  }

  // A page that fails to draw must not look like a bridge that fails to answer.
  #tell(name, body) {
    try {
      this.#on[name](body);
    } catch (error) {
      setTimeout(() => { throw error; });
    }
  }

  #listen(target, name, ear) {
    target.addEventListener(name, ear);
    this.#ears.push([target, name, ear]);
  }

  #woke() {
    this.#slept = true;
    if (document.visibilityState === "visible") this.#tick();
  }

  #tick() {
    if (this.#clock.leapt(this.#slept)) this.#due = 0;
    this.#slept = document.visibilityState !== "visible";
    this.#stream.watch();
    const at = performance.now();
    if (at >= this.#streamDue && !this.#lost && !this.#out) {
      this.#streamDue = Infinity;
      this.#stream.begin();
    }
    if (at >= this.#due) this.ask();
    if (this.#trust.state === "good" || this.#trust.state === "old") this.#release.pass();
  }

  // What was kept is shown at once, and holds until the bridge says otherwise.
  async #recall() {
    const [agenda, display] = await Promise.all([this.#kept.get("agenda"), this.#kept.get("display")]);
    if (agenda) this.#clock.recall(agenda);
    if (!counts(agenda, this.#clock.now()) || this.#answered || this.#out) return;
    this.#recalled = agenda;
    if (this.#lost) this.#lost.since = new Date(agenda.at);
    if (display && this.#version === null) this.#tell("display", display.body);
    this.#tell("agenda", agenda.body);
    this.#judge();
  }

  #opened() {
    this.#givenUp = 0;
    this.#due = Infinity;
    this.#release.check();
  }

  #broken() {
    if (!this.#stream.open) {
      this.#streamDue = performance.now() + backedOff(STREAM_AGAIN_MS, this.#givenUp);
      this.#givenUp += 1;
    }
    this.ask();
  }

  #hear(name, body, id) {
    if (name === "status") {
      this.#clock.told(Date.parse(body.time));
      this.#stand(body);
    } else {
      // The first agenda comes before the first exact time; its age is good to a second.
      if (this.#clock.offset === null) this.#clock.told(Date.parse(body.as_of) + 1000 * body.age_s);
      this.#events += 1;
      this.#take(body, id);
    }
    this.#answer();
  }

  #answer() {
    this.#answered = this.#clock.now();
    this.#recalled = null;
    this.#lost = null;
    this.#failures = 0;
    this.#judge();
  }

  #take(body, etag) {
    const { as_of, age_s, stale } = body;
    this.#status = { health: [], ...this.#status, as_of, age_s, stale };
    if (etag && etag === this.#etag) return;
    this.#etag = etag;
    this.#agenda = body;
    this.#tell("agenda", body);
    this.#keep();
  }

  #keep() {
    this.#keptAt = performance.now();
    const { as_of, age_s, stale } = this.#status;
    this.#kept.put("agenda", { ...this.#agenda, as_of, age_s, stale }, this.#clock);
  }

  #stand(status) {
    this.#status = status;
    if (this.#agenda && performance.now() - this.#keptAt > KEEP_MS) this.#keep();
    this.#tell("status", status);
    if (status.display !== undefined && status.display !== this.#version) this.#look();
  }

  async #ask() {
    const began = performance.now();
    const events = this.#events;
    try {
      const headers = this.#etag && this.#answered ? { "If-None-Match": this.#etag } : {};
      const answer = await this.#get("/agenda", headers);
      const whole = answer.status === 200 ? answer.json() : null;
      this.#clock.told(Date.parse(answer.headers.get("Bridge-Time")), performance.now() - began);
      if ([401, 403, 410].includes(answer.status)) return await this.#leave();
      this.#out = null;
      if (!whole && answer.status !== 304) return this.#refused(answer);
      if (events !== this.#events) return this.#answer();  // the stream was sooner, and knows more
      if (whole) this.#take(whole, answer.headers.get("ETag"));
      else this.#aged(answer.headers.get("Agenda-As-Of"));
      if (!this.#stream.alive) await this.#askAround();
      this.#answer();
      if (!this.#stream.open && this.#streamDue === Infinity) this.#streamDue = 0;
    } catch {
      this.#fail(performance.now() - began > SURE_MS);
    }
    return undefined;
  }

  #aged(asOf) {
    const age = asOf === "never" ? null : Math.round((this.now() - Date.parse(asOf)) / 1000);
    this.#status = { health: [], ...this.#status, as_of: age === null ? null : asOf, age_s: age };
  }

  // What the stream tells beside the agenda, where there is none. Its age is that of the agenda which
  // was asked for before: there may be a newer one by now, but not here.
  async #askAround() {
    const answer = await this.#get("", {});
    if (!answer.ok) return;
    const { health, presence } = answer.json();
    const { as_of, age_s, stale } = this.#status;
    const time = this.#clock.now().toISOString();
    this.#stand({ as_of, age_s, stale, health, presence, time });
    await this.#look();
  }

  // What the room looks like and offers, asked for when it changed.
  async #look() {
    if (this.#looking) return;
    this.#looking = true;
    const wanted = this.#status?.display;
    try {
      const answer = await this.#get("/display", {});
      if (answer.ok) {
        const body = answer.json();
        if (body.version !== this.#version) {
          this.#version = body.version;
          this.#tell("display", body);
          this.#kept.put("display", body, this.#clock);
        }
      } else if (answer.status === 404) {
        this.#version = wanted ?? this.#version;  // nothing is told of it, until it changes again
      }
    } catch { /* said by the badge; the next status asks again */ } finally {
      this.#looking = false;
    }
  }

  #refused(answer) {
    const kind = answer.headers.get("Content-Type") ?? "";
    const told = kind.startsWith("application/problem+json") ? answer.json() : null;
    this.#fail(true, told?.title ?? null);
    this.#told = Math.min(1000 * Number(answer.headers.get("Retry-After")) || 0, LONGEST_MS);
  }

  // Nobody answers. A single quick failure may be a bridge that restarts, unless nothing was heard
  // yet. Whether a network or the bridge is away cannot be told from here but by the device's word.
  #fail(sure, words = null) {
    this.#failures += 1;
    const offline = navigator.onLine === false;
    if (!this.#lost && (sure || offline || this.#failures > 1 || !this.#answered)) {
      const since = this.#answered ?? (this.#recalled ? new Date(this.#recalled.at) : this.now());
      this.#lost = { since };
    }
    if (this.#lost) Object.assign(this.#lost, { missing: offline ? "network" : "bridge", words });
    this.#judge();
  }

  // Signed out: nothing of the room stays, neither on the device nor on the screen.
  async #leave() {
    const had = this.#etag !== null || this.#recalled !== null;
    this.#out ??= this.now();
    this.#lost = null;
    this.#failures += 1;
    this.#etag = null;
    this.#recalled = null;
    this.#answered = null;
    this.#stream.end();
    this.#judge();
    await this.#kept.forget();
    if (had) location.reload();    // the bridge has the page that says what to do
  }

  async #get(path, headers) {
    const stopped = new AbortController();
    const timer = setTimeout(() => stopped.abort(), PATIENCE_MS);
    try {
      const { signal } = stopped;
      const answer = await fetch(this.#base + path, { headers, cache: "no-store", signal });
      const body = await answer.text();
      return {
        status: answer.status, ok: answer.ok, headers: answer.headers, json: () => JSON.parse(body),
      };
    } finally {
      clearTimeout(timer);
    }
  }

  #judge() {
    const found = this.#found();
    const same = Object.keys(FINE).every((key) => {
      const [one, other] = [found[key], this.#trust[key]];
      return one === other || (one instanceof Date && +one === +(other ?? NaN));
    });
    if (same) return;
    this.#trust = found;
    Object.assign(document.documentElement.dataset, {
      trust: found.state, missing: found.missing ?? "nothing",
    });
    this.#tell("trust", found);
  }

  #found() {
    if (this.#out) return { ...FINE, state: "out", missing: "signed_out", since: this.#out };
    const read = this.#status?.as_of ?? this.#recalled?.body.as_of;
    const asOf = read ? new Date(read) : null;
    if (this.#lost) return { ...FINE, ...this.#lost, state: "lost", asOf };
    if (!this.#answered) {
      return { ...FINE, asOf, since: this.#recalled ? new Date(this.#recalled.at) : null };
    }
    const health = (this.#status?.health ?? []).filter((one) => !one.endpoint);
    const ofAge = ["stale", "never_read"];
    const trouble = health.find((one) => !ofAge.includes(one.code));
    const words = trouble?.words ?? null;
    if (asOf && !this.#status.stale) return { ...FINE, state: "good", asOf, words };
    const never = health.find((one) => one.code === "never_read");
    const since = asOf ?? (never?.since ? new Date(never.since) : null);
    return { ...FINE, state: "old", missing: "calendar", since, asOf, words };
  }
}

// Follows a room. `on.agenda(body)`, `on.status(body)` and `on.display(body)` get what the API says,
// as it is; `on.trust(trust)` how far to believe that, each time it changes:
//   state    good | old (the calendar was not read) | lost (nobody answers) | out (signed out) |
//            first (nothing was heard yet; what was kept may be shown)
//   missing  null | network | bridge | calendar | signed_out
//   since    when that began, by the bridge's clock; with `first`, when what is shown was kept
//   asOf     when the calendar was last read well
//   words    what the bridge says of a trouble, or null
// None of them is called before this returns. State and missing also stand at <html>, as `data-trust`
// and `data-missing`.
export function begin({ room, on }) {
  const live = new Live(room, on);
  live.begin();
  return { now: () => live.now(), refresh: () => live.ask(), stop: () => live.end() };
}
