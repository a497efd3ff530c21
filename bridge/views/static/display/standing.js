// How a room stands at an instant. The same rules as the bridge's own `Standing`: entries that do
// not take the room are shown and passed over, back-to-back and overlapping ones count as one.

export const SOON_MS = 10 * 60_000;  // a meeting that starts within this is announced

// The bookings of an agenda with their times as dates.
export function read(bookings) {
  return bookings.map((one) => ({
    ...one,
    start: new Date(one.start),
    end: new Date(one.end),
    check_in: one.check_in && {
      ...one.check_in,
      opens: new Date(one.check_in.opens),
      until: new Date(one.check_in.until),
    },
  }));
}

// Whether a booking takes the room: neither a note does, nor what has no length.
export const takes = (one) => one.show_as !== "free" && one.start < one.end;

// `state` is one of free, busy, soon, check_in; `until` is when the room is free, or taken;
// `checkIn` the booking that somebody can check in to now.
export function stand(bookings, at) {
  const taken = bookings.filter(takes);
  const running = taken.filter((one) => one.start <= at && at < one.end);
  const current = running.find((one) => !one.all_day) ?? running[0] ?? null;
  const next = first(taken.filter((one) => one.start > at));
  const busy = running.length > 0;
  const soon = !busy && next !== null && next.start - at <= SOON_MS;
  const checkIn = first(running.filter(asks, at)) ?? first(taken.filter(asks, at));
  const needed = checkIn !== null && (!busy || checkIn.start <= at);
  return {
    busy,
    current,
    next,
    until: busy ? endOfBlock(taken, at) : next && next.start,
    soon,
    checkIn,
    state: needed ? "check_in" : busy ? "busy" : soon ? "soon" : "free",
  };
}

// Called with an instant as `this`.
function asks({ check_in: asked, checked_in: came }) {
  return Boolean(asked) && !came && asked.opens <= this && this < asked.until;
}

// Of those that begin together, one with hours before a whole day.
function first(bookings) {
  const before = (a, b) => a.start - b.start || Number(a.all_day) - Number(b.all_day);
  return bookings.reduce((least, one) => (least && before(least, one) <= 0 ? least : one), null);
}

function endOfBlock(taken, at) {
  let end = at;
  for (const one of [...taken].sort((a, b) => a.start - b.start)) {
    if (one.start <= end && one.end > end) end = one.end;
  }
  return end;
}
