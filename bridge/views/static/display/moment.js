// What can be done at the door at an instant, and until when: rules only, nothing is drawn here.

import { takes } from "./standing.js";

const MINUTE_MS = 60_000;
const LEAST_MS = 5 * MINUTE_MS;    // a gap shorter than this is not worth a booking
const NEAR_MS = 60 * MINUTE_MS;    // a meeting this near can be given back at the door
const DURATIONS = [15, 30, 60];    // minutes, where the room can be extended and not be booked
const LARGE = 3;                   // buttons of the bar, beside the one for the rest

export const instant = (when) => (when instanceof Date ? when : new Date(when));

// The meeting that waits for somebody to check in, if one does now.
export function waiting(bookings, at) {
  return bookings.find((one) => one.check_in && !one.checked_in
    && at >= instant(one.check_in.opens) && at < instant(one.check_in.until)) ?? null;
}

// When the room is taken next from an instant on; null for not as far as the agenda reaches.
export function takenFrom(bookings, at, but = null) {
  const starts = bookings
    .filter((one) => takes(one) && one.id !== but && one.end > at)
    .map((one) => Math.max(one.start, at));
  return starts.length ? new Date(Math.min(...starts)) : null;
}

// What takes the room within a span: for telling people what came in between.
export function between(bookings, from, to) {
  return bookings.filter((one) => takes(one) && one.start < to && one.end > from);
}

// What has the room at once when a meeting is ended; null where it becomes free.
export function follows(bookings, at, ended) {
  const soon = between(bookings, at, new Date(+at + LEAST_MS)).filter((one) => one.id !== ended);
  return soon.sort((a, b) => a.start - b.start)[0] ?? null;
}

// The durations that end before the room is taken again: `minutes` for so long, or null for up to
// the next meeting. `from` is where they count from, `offers` what the room allows.
export function choices(offers, minutes, from, next) {
  const gap = next === null ? Infinity : next - from;
  const found = minutes
    .filter((one) => one * MINUTE_MS <= gap)
    .map((one) => ({ minutes: one, end: new Date(+from + one * MINUTE_MS) }));
  const longest = (offers.longest || 24 * 60) * MINUTE_MS;
  const exact = found.some((one) => +one.end === +next);
  if (offers.until_next && !exact && gap >= LEAST_MS && gap <= longest) {
    found.push({ minutes: null, end: next });
  }
  return found;
}

export function bookable(offers, bookings, at) {
  return choices(offers, offers.book ?? [], at, takenFrom(bookings, at));
}

export function extendable(offers, bookings, booking) {
  const minutes = offers.book?.length ? offers.book : DURATIONS;
  return choices(offers, minutes, booking.end, takenFrom(bookings, booking.end, booking.id));
}

// What people may give back: the meeting that runs, waits for them, or is about to begin.
function near({ current, next }, late, at) {
  return current ?? late ?? (next && next.start - at <= NEAR_MS ? next : null);
}

// What needs the calendar as it is now; the rest is also right while that cannot be read.
const CALENDAR = new Set(["book", "extend", "end", "release"]);

// Why something cannot be done now though it is offered; "" for nothing.
export function hindrance(act, trust) {
  if (trust.state === "good") return "";
  if (trust.state === "first") return "first";
  if (trust.missing === "signed_out" || trust.state === "out") return "signed_out";
  if (trust.state === "old") return CALENDAR.has(act) ? "calendar" : "";
  return "bridge";
}

// Everything that fits the moment, the likeliest first: [{act, booking}].
export function fitting({ bookings, offers, standing, at, join, refused, claimed }) {
  const late = waiting(bookings, at);
  const asks = late && late.id !== claimed ? late : null;
  const { current } = standing;
  // Whose meeting it is the agenda may not tell; where it was refused once, it is not asked again.
  const ours = current && !current.all_day && current.own !== false && current.id !== refused;
  const back = near(standing, late, at);
  const found = [];
  const add = (act, fits, booking = null) => { if (fits) found.push({ act, booking }); };
  add("check_in", offers.check_in && asks, asks);
  add("join", offers.join && join, join);
  add("book", !standing.busy && bookable(offers, bookings, at).length);
  add("extend", offers.extend && ours && extendable(offers, bookings, current).length, current);
  add("end", offers.end && ours, current);
  add("find", (offers.find ?? "none") !== "none");
  add("release", offers.release && back, back);
  add("report", offers.report);
  return found;
}

// The same, parted: at most three large buttons, and the rest behind one more.
export function parted(found) {
  const large = found.filter((one) => one.act !== "report").slice(0, LARGE);
  const rest = found.filter((one) => !large.includes(one));
  return rest.length === 1 && large.length < LARGE ? { large: found, rest: [] } : { large, rest };
}
