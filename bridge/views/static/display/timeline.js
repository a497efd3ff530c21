// The rest of the day: a line of its hours, and a list of what comes, with the gaps between.

import { $, make, put, show, theirs } from "./change.js";
import { provider, times } from "./meeting.js";
import { takes } from "./standing.js";
import { clearStrip, drawStrip, voice } from "./strip.js";
import { clock, day, dayKey, span, t } from "./words.js";
import { instant } from "./zone.js";

const GAP_MS = 15 * 60_000;        // shorter ones are no use to anybody
const LATER = 3;                   // meetings of other days that are told

let listed = "";

// Draw both. What is shown as the meeting of now is not listed again.
export function drawTimeline({ standing, bookings, at, zone }) {
  if (!standing) return clear();
  const shown = standing.current ?? standing.next;
  const left = bookings.filter((one) => one.end > at && one !== shown);
  const today = dayKey(at, zone);
  const rest = left.filter((one) => dayKey(one.start, zone) <= today);
  const later = left.filter((one) => dayKey(one.start, zone) > today).slice(0, LATER);
  const key = JSON.stringify([today, rest, later, shown?.id, shown?.end, zone, voice(zone)]);
  const same = key === listed;
  if (!same) show($("strip"), true);  // to be measured
  drawStrip(bookings, at, zone);
  if (same) return;
  listed = key;
  const items = [...ofToday(rest, shown, bookings, at, zone), ...ofOtherDays(later, zone)];
  $("list").style.setProperty("--when", `${widest([...rest, ...later], zone)}ch`);
  $("list").replaceChildren(...items);
  fit();
}

// After the size or the words changed what fits has to be found out anew.
export function relist() {
  listed = "";
}

function clear() {
  listed = "";
  show($("strip"), false);
  clearStrip();
  if ($("list").firstChild) $("list").replaceChildren();
}

function ofToday(rest, shown, bookings, at, zone) {
  if (!rest.length) return [note(t("meeting.nothing_more"), "empty")];
  const items = [];
  const midnight = instant(at, zone, { days: 1 });
  let end = shown && shown.start < midnight ? latest(bookings.filter((one) => one.start <= shown.start)) : at;
  let told = false;                // how long it is free from there; notes within do not end that
  for (const [place, one] of rest.entries()) {
    const next = rest.slice(place).find(takes);
    if (!told && next && one.start > at && next.start - end >= GAP_MS) {
      items.push(gap(next.start - end));
      told = true;
    }
    items.push(entry(one, zone));
    if (!takes(one)) continue;
    end = new Date(Math.max(end, one.end));
    told = false;
  }
  return items;
}

function latest(bookings) {
  return new Date(Math.max(...bookings.filter(takes).map((one) => one.end)));
}

function ofOtherDays(later, zone) {
  const items = [];
  let last = "";
  for (const one of later) {
    const which = day(one.start, zone);
    if (which !== last) items.push(note(which, "tomorrow"));
    last = which;
    items.push(entry(one, zone));
  }
  return items;
}

// In characters, so that no time of day has to wrap.
function widest(bookings, zone) {
  const widths = bookings.map((one) => (one.all_day ? times(one, zone) : clock(one.start, zone)))
    .map((said) => [...said].reduce((sum, sign) => sum + (sign > "\u2e80" ? 1.7 : sign > "9" ? 1.25 : 1), 0));
  return Math.min(12, Math.max(5, ...widths)) + 0.5;
}

function entry(booking, zone) {
  const when = make("span", "when", booking.all_day ? t("meeting.all_day") : clock(booking.start, zone));
  if (!booking.all_day) when.append(make("small", "", `– ${clock(booking.end, zone)}`));
  const what = make("span", "what", make("b", "", theirs(booking.title || t("meeting.untitled"))));
  const more = [
    booking.state === "tentative" && t("meeting.not_confirmed"),
    booking.can_join && provider(booking),
    booking.organizer && theirs(booking.organizer),
  ].filter(Boolean);
  if (more.length) what.append(make("small", "", ...more.flatMap((one, at) => (at ? [" · ", one] : [one]))));
  return make("li", booking.show_as === "free" ? "entry is-note" : "entry", when, what);
}

function gap(ms) {
  return note(make("span", "", t("meeting.free_for", { span: span(ms) })), "gap");
}

function note(said, name) {
  return make("li", name, said);
}

// What does not fit is counted rather than cut. Where little fits, first the gaps give way, which
// the line shows too, then the line itself.
function fit() {
  const items = [...$("list").children];
  const wanted = Math.min(2, items.filter(counts).length);
  show($("strip"), true);
  if (shorten() >= wanted) return;
  $("list").replaceChildren(...items.filter((item) => !item.classList.contains("gap")));
  if (shorten() >= wanted) return;
  show($("strip"), false);
  $("list").replaceChildren(...items);
  shorten();
}

const counts = (item) => item.classList.contains("entry");

function shorten() {
  const list = $("list");
  const more = make("li", "more");
  let hidden = 0;
  while (list.scrollHeight > list.clientHeight + 1 && list.children.length > 1) {
    const last = more.isConnected ? more.previousElementSibling : list.lastElementChild;
    if (!last) break;
    if (counts(last)) hidden += 1;
    last.remove();
    put(more, t("meeting.and_more", { n: hidden }));
    if (hidden) list.append(more);
  }
  const before = more.previousElementSibling;
  if (before && !counts(before)) before.remove();  // a gap or a day before nothing
  return [...list.children].filter(counts).length;
}
