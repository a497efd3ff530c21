// Instants of a room's local time, on days of 23, 24 and 25 hours alike.

const formats = new Map();

function format(zone) {
  if (!formats.has(zone)) formats.set(zone, made(zone));
  return formats.get(zone);
}

function made(timeZone) {
  const shape = {
    hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric",
  };
  try {
    return new Intl.DateTimeFormat("en-US-u-ca-gregory-nu-latn", { ...shape, timeZone });
  } catch {
    return new Intl.DateTimeFormat("en-US-u-ca-gregory-nu-latn", shape);  // this browser knows no such zone
  }
}

// What clock and calendar of a zone show: year, month (from 1), day, hour, minute.
export function local(at, zone) {
  const parts = {};
  for (const { type, value } of format(zone).formatToParts(at)) parts[type] = Number(value);
  return parts;
}

function shown(at, zone) {
  const { year, month, day, hour, minute } = local(at, zone);
  return Date.UTC(year, month - 1, day, hour, minute);
}

// The instant at which so many hours are shown on the day that is so many days after that of `at`.
// Of an hour that comes twice the first; of one that is left out, when it would have been.
export function instant(at, zone, { days = 0, hours = 0 } = {}) {
  const { year, month, day } = local(at, zone);
  const wanted = Date.UTC(year, month - 1, day + days, hours);
  const tried = [-1, 1].map((side) => {
    const near = new Date(wanted + side * 86_400_000);
    return new Date(wanted - (shown(near, zone) - near));
  });
  tried.sort((a, b) => a - b);
  return tried.find((one) => shown(one, zone) === wanted) ?? tried[1];
}

let known = { key: "", found: [] };  // the page asks for the same day every second

// Every full hour that a clock there shows from one instant to another.
export function hours(from, to, zone) {
  const key = `${+from} ${+to} ${zone}`;
  if (key !== known.key) known = { key, found: counted(from, to, zone) };
  return known.found;
}

function counted(from, to, zone) {
  const found = [];
  const quarter = 15 * 60_000;
  for (let at = Math.ceil(from / quarter) * quarter; at <= to; at += quarter) {
    const one = new Date(at);
    const { hour, minute } = local(one, zone);
    if (minute === 0) found.push({ at: one, hour });
  }
  return found;
}
