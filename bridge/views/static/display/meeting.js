// The meeting that goes on, or the next one: when, what, whose, how to join it, or why not.

import { $, put, show } from "./change.js";
import { clock, day, dayKey, t } from "./words.js";

export const PROVIDERS = {
  zoom: "Zoom", zoomgov: "Zoom for Government", teams: "Microsoft Teams", webex: "Webex",
  meet: "Google Meet", gotomeeting: "GoTo Meeting", ringcentral: "RingCentral", pexip: "Pexip",
  skype: "Skype for Business", bluejeans: "BlueJeans", jitsi: "Jitsi",
};

// What somebody at the door can do something about; the rest would only be noise there.
const TOLD = new Set([
  "body_stripped", "link_unreadable", "no_dial_route", "passcode_unknown", "tentative",
  "endpoint_unsupported", "endpoint_unreachable", "endpoint_denied",
]);

export function provider(booking) {
  if (booking.join?.provider === "sip") return t("meeting.video_call");
  return PROVIDERS[booking.join?.provider] ?? t("meeting.online");
}

// From when to when, in the words of its language.
export function times(booking, zone) {
  if (booking.all_day) return t("meeting.all_day");
  return t("meeting.from_to", { start: clock(booking.start, zone), end: clock(booking.end, zone) });
}

// Draw it, or nothing where there is none.
export function drawMeeting({ standing, at, zone }) {
  const booking = standing && (standing.current ?? standing.next);
  show($("meeting"), Boolean(booking));
  if (!booking) return clear();
  const running = booking === standing.current;
  put($("times"), when(booking, running, at, zone));
  put($("title"), booking.title || t("meeting.untitled"));
  put($("organizer"), booking.organizer);
  show($("organizer-line"), Boolean(booking.organizer));
  drawJoin(booking);
  drawProgress(booking, running, at);
}

// Hidden words could still be read by who looks for them.
function clear() {
  for (const id of ["times", "title", "organizer", "join-provider", "join-dial", "reason"]) put($(id), "");
}

function when(booking, running, at, zone) {
  const sameDay = dayKey(booking.start, zone) === dayKey(at, zone);
  const said = [
    t(running ? "meeting.now" : "meeting.next"),
    running || sameDay ? "" : day(booking.start, zone),
    times(booking, zone),
    booking.state === "tentative" ? t("meeting.not_confirmed") : "",
    booking.checked_in ? t("state.checked_in") : "",
  ];
  return said.filter(Boolean).join(" · ");
}

function drawJoin(booking) {
  show($("join"), booking.can_join);
  put($("join-provider"), booking.can_join ? provider(booking) : "");
  put($("join-dial"), (booking.can_join && booking.join?.dial) || "");
  const told = !booking.can_join && TOLD.has(booking.no_join_reason);
  show($("reason"), told);
  put($("reason"), told ? t(`reasons.${booking.no_join_reason}`) : "");
}

function drawProgress(booking, running, at) {
  const shown = running && !booking.all_day;
  show($("progress"), shown);
  if (!shown) return;
  const share = Math.min(1, (at - booking.start) / (booking.end - booking.start));
  const width = `${(share * 100).toFixed(1)}%`;
  const bar = $("progress").firstElementChild;
  if (bar.style.inlineSize !== width) bar.style.inlineSize = width;
}
