// The bridge's clock, kept by this device's steady one between two answers: what the device holds
// to be the time of day may be wrong by years, or be set right meanwhile.

const LEAP_MS = 2_000;             // beyond this a difference is no jitter, but another time
const HASTE = 0.25;                // how much of a small difference is believed at once
const SLOW_MS = 5_000;             // an answer that took longer tells nothing exact

export class BridgeClock {
  #steady;
  #wall;
  #ahead = null;                   // the bridge's time less the steady one, in ms
  #shown = -Infinity;
  #last;                           // both clocks when they were compared last

  constructor(steady = () => performance.now(), wall = () => Date.now()) {
    this.#steady = steady;
    this.#wall = wall;
    this.#last = { steady: steady(), wall: wall() };
  }

  // The bridge's time. Small corrections never turn it back; while nothing is known, the device's.
  now() {
    const at = this.#ahead === null ? this.#wall() : this.#steady() + this.#ahead;
    if (at >= this.#shown || this.#shown - at > LEAP_MS) this.#shown = at;
    return new Date(this.#shown);
  }

  // The bridge said what time it is, in an answer that took so many ms.
  told(time, tookMs = 0) {
    if (!Number.isFinite(time) || tookMs > SLOW_MS) return;
    const ahead = time + tookMs / 2 - this.#steady();
    const off = ahead - (this.#ahead ?? Infinity);
    this.#ahead = Math.abs(off) > LEAP_MS ? ahead : this.#ahead + off * HASTE;
  }

  // How far the device's clock is from the bridge's, to be kept for a start without the bridge.
  get offset() {
    return this.#ahead === null ? null : this.#steady() + this.#ahead - this.#wall();
  }

  // A start without the bridge: the device's clock is as wrong as it was, unless that would be
  // before what the bridge said last. A device without a battery begins in the past.
  recall({ at, offset }) {
    if (this.#ahead !== null) return;
    this.#ahead = Math.max(this.#wall() + (offset ?? 0), at) - this.#steady();
  }

  // Compares both clocks; true where one leapt. Asleep, the steady clock of many devices stands
  // still, and only the other one knows for how long; awake, somebody set the other one.
  leapt(slept) {
    const steady = this.#steady();
    const wall = this.#wall();
    const leap = wall - this.#last.wall - (steady - this.#last.steady);
    this.#last = { steady, wall };
    if (Math.abs(leap) <= LEAP_MS) return false;
    if (slept && leap > 0 && this.#ahead !== null) this.#ahead += leap;
    return true;
  }
}
