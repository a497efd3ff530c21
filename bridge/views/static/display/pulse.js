// When a second makes a difference. All that the page says of times is in whole minutes, up to or
// since one of the times it knows of: between two of those there is nothing to draw.

const MINUTE_MS = 60_000;

export class Pulse {
  #phases = [0];                   // where in a minute something may change
  #last = NaN;

  // The bookings of the agenda, and since when what is known is so.
  mind(bookings, asOf) {
    const times = bookings.flatMap(({ start, end, check_in: asked }) =>
      [start, end, asked?.opens, asked?.until]);
    this.#phases = [...new Set([0, ...[...times, asOf].filter(Boolean).map((one) => one % MINUTE_MS)])];
  }

  // It is drawn as it is at this instant.
  drawn(at) {
    this.#last = +at;
  }

  // Whether it may look different by now. Clocks also go backwards.
  moved(at) {
    const minute = (one, phase) => Math.floor((one - phase) / MINUTE_MS);
    return this.#phases.some((phase) => minute(at, phase) !== minute(this.#last, phase));
  }
}
