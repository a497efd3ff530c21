// The day as a line: taken times as blocks with a pattern, gaps between them, and where now is.

import { $, make, put } from "./change.js";
import { clock } from "./words.js";
import { hours, instant } from "./zone.js";

const HOUR_MS = 3_600_000;
const FIRST = 8;                   // hours of a day that are shown even if nothing is in them
const LAST = 18;
const STEPS = [1, 2, 3, 4, 6, 12];

let drawn = "";

// Draw the line of today. The list tells the same in words: this is hidden from screen readers.
export function drawStrip(bookings, at, zone) {
  if ($("strip").hidden) return;
  const today = bookings.filter((one) => one.start < instant(at, zone, { days: 1 }) && one.end > instant(at, zone));
  const span = spanOf(today, at, zone);
  const past = today.filter((one) => one.end <= at).length;
  const key = JSON.stringify([span, today, past, voice(zone), $("track").clientWidth]);
  if (key !== drawn) {
    drawn = key;
    $("track").replaceChildren(...today.map((one) => block(one, span, at)));
    $("hours").replaceChildren(...ticks(span, zone));
  }
  place($("needle"), "insetInlineStart", part(at, span));
}

// What tells in which language and manner times are written.
export function voice(zone) {
  return `${document.documentElement.lang} ${clock(new Date(0), zone)}`;
}

export function clearStrip() {
  drawn = "";
  for (const id of ["track", "hours"]) $(id).replaceChildren();
}

// From which hour to which: the usual ones, and whatever else has something in it today.
function spanOf(today, at, zone) {
  const midnight = instant(at, zone);
  const end = instant(at, zone, { days: 1 });
  const timed = today.filter((one) => !one.all_day);
  const from = Math.min(instant(at, zone, { hours: FIRST }), at - HOUR_MS, ...timed.map((one) => one.start));
  const to = Math.max(instant(at, zone, { hours: LAST }), +at + HOUR_MS, ...timed.map((one) => one.end));
  const all = hours(midnight, end, zone);
  const last = (one) => one.at <= Math.max(from, midnight);
  return {
    from: +(all.filter(last).pop()?.at ?? midnight),
    to: +(all.find((one) => one.at >= Math.min(to, end))?.at ?? end),
  };
}

const part = (at, { from, to }) => Math.min(1, Math.max(0, (at - from) / (to - from)));

function place(element, side, share) {
  const where = `${(share * 100).toFixed(2)}%`;
  if (element.style[side] !== where) element.style[side] = where;
}

function block(one, span, at) {
  const kinds = [
    "block",
    one.show_as === "free" ? "is-note" : "is-taken",
    one.state === "tentative" ? "is-tentative" : "",
    one.end <= at ? "is-past" : "",
  ];
  const made = make("i", kinds.filter(Boolean).join(" "));
  place(made, "insetInlineStart", part(one.start, span));
  place(made, "inlineSize", part(one.end, span) - part(one.start, span));
  return made;
}

// As many hours named as stand beside each other, and none of them half outside.
function ticks(span, zone) {
  const day = hours(instant(new Date(span.from), zone), instant(new Date(span.from), zone, { days: 1 }), zone);
  const all = day.filter(({ at }) => at >= span.from && at <= span.to);
  const probe = make("span", "", clock(new Date(span.from + 11 * HOUR_MS), zone));
  $("hours").replaceChildren(probe);
  const width = $("hours").clientWidth;
  const wide = (probe.offsetWidth || 1) / (width || 1);
  const step = STEPS.find((one) => (all.length / one) * wide * 1.35 <= 1) ?? 24;
  return all.map(({ at, hour }) => {
    const where = part(at, span);
    const named = hour % step === 0 && where >= wide / 2 && where <= 1 - wide / 2;
    const made = make("span", named ? "hour" : "tick");
    if (named) put(made, clock(at, zone));
    place(made, "insetInlineStart", where);
    return made;
  });
}
