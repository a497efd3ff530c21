// The page beside the door: what the room's agenda says now, live, and how old that is.
// Every word from a calendar goes into the page as text, never as markup.

import { begin } from "./display/live.js";
import { look, press, stands, target } from "./joining.js";
import { stand } from "./standing.js";

const SOON_MS = 10 * 60_000;      // a meeting that starts within this is announced

const WORDS = {
  free: "Free", busy: "In use", soon: "Starting soon", waiting: "One moment",
  no_online_meeting: "No online meeting in the invitation",
  body_stripped: "No join button: this mailbox deletes the text of invitations",
  link_unreadable: "No join button: the link was made unreadable by a mail filter",
  no_dial_route: "No join button: this meeting has no way in for room systems",
  passcode_unknown: "No join button: the invitation lacks the numeric passcode",
  private_hidden: "", tentative: "Not accepted yet", all_day_excluded: "", rule_excluded: "",
};
const PROVIDERS = {
  zoom: "Zoom", zoomgov: "Zoom for Government", teams: "Microsoft Teams", webex: "Webex",
  meet: "Google Meet", gotomeeting: "GoTo Meeting", ringcentral: "RingCentral", pexip: "Pexip",
  skype: "Skype for Business", bluejeans: "BlueJeans", jitsi: "Jitsi", sip: "Video call",
};

const root = document.documentElement;
const room = root.dataset.room;
const base = `/api/v1/rooms/${room}`;
const $ = (id) => document.getElementById(id);

let agenda = null;
let place = "";
let trust = { state: "first" };

const live = begin({
  room,
  on: {
    agenda: take,
    status: () => show(),
    display: () => {},
    trust: (told) => { trust = told; show(); },
  },
});
const { now } = live;

function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

function clock(date, zone) {
  return new Intl.DateTimeFormat(undefined, {
    hour: "2-digit", minute: "2-digit", timeZone: zone,
  }).format(date);
}

function day(date, zone) {
  return new Intl.DateTimeFormat(undefined, {
    weekday: "long", day: "numeric", month: "long", timeZone: zone,
  }).format(date);
}

function dayKey(date, zone) {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(date);
}

function span(ms) {
  const minutes = Math.max(1, Math.ceil(ms / 60_000));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return rest ? `${hours} h ${rest} min` : `${hours} h`;
}

function times(booking, zone) {
  return booking.all_day ? "All day" : `${clock(booking.start, zone)} – ${clock(booking.end, zone)}`;
}

function showNow(standing, at, zone) {
  const { current, next, until } = standing;
  const soon = !standing.busy && next && next.start - at <= SOON_MS;
  const state = standing.busy ? "busy" : soon ? "soon" : "free";
  root.dataset.state = state;
  text($("word"), WORDS[state]);
  text($("until"), untilWords(standing, soon, at, zone));
  const shown = current ?? next;
  $("meeting").hidden = !shown;
  if (shown) showMeeting(shown, current, at, zone);
}

function untilWords({ busy, until, next }, soon, at, zone) {
  if (soon) return `in ${span(next.start - at)}, at ${clock(next.start, zone)}`;
  if (!until) return busy ? "" : "for the rest of the week";
  const sameDay = dayKey(until, zone) === dayKey(at, zone);
  if (sameDay) return `until ${clock(until, zone)}, for ${span(until - at)}`;
  return busy ? `until ${day(until, zone)}` : "for the rest of the day";
}

function showMeeting(booking, current, at, zone) {
  const today = dayKey(booking.start, zone) === dayKey(at, zone);
  const when = [
    current ? "" : "Next",
    current || today ? "" : day(booking.start, zone),
    times(booking, zone),
    booking.state === "tentative" ? "not confirmed" : "",
  ];
  text($("times"), when.filter(Boolean).join(" · "));
  text($("title"), booking.title || "Meeting");
  text($("organizer"), booking.organizer);
  $("organizer").hidden = !booking.organizer;
  const join = booking.join;
  $("join").hidden = !booking.can_join;
  if (booking.can_join) {
    text($("join-provider"), join ? PROVIDERS[join.provider] ?? join.provider : "Online meeting");
    text($("join-dial"), join?.dial ?? "");
  }
  const reason = booking.can_join ? "" : WORDS[booking.no_join_reason] ?? "";
  text($("reason"), reason);
  $("reason").hidden = !reason || booking.no_join_reason === "no_online_meeting";
  const running = current && !booking.all_day;
  $("progress").hidden = !running;
  if (running) {
    const share = Math.min(1, (at - booking.start) / (booking.end - booking.start));
    $("progress").firstElementChild.style.transform = `scaleX(${share.toFixed(4)})`;
  }
}

let listed = "";
let taken = "";
let touched = null;                // the meeting that the button is about, and what it does

function showAct(standing, at, zone) {
  const meeting = target(standing, at);
  const act = meeting && stands(meeting, at, (date) => clock(date, zone));
  touched = act && { meeting, act: act.act };
  $("act").hidden = !act;
  root.toggleAttribute("data-touch", Boolean(act));
  if (act) {
    const other = meeting !== (standing.current ?? standing.next) ? `Next: ${meeting.title}. ` : "";
    $("act").dataset.act = act.act;
    // Not `disabled`: whoever got here by keyboard would be thrown back to the page's begin.
    $("act-button").ariaDisabled = String(act.act === "wait" || act.act === "closed");
    text($("act-label"), act.label);
    text($("act-said"), other + act.said);
  }
  const room = act ? `${act.label} ${act.said}` : "";
  if (room !== taken) listed = "";  // the list has more room now, or less
  taken = room;
  look(meeting ?? standing.current ?? standing.next, at, show);
}

function entry(booking, zone) {
  const item = document.createElement("li");
  const when = document.createElement("span");
  when.className = "when";
  const end = document.createElement("small");
  when.append(booking.all_day ? "All day" : clock(booking.start, zone));
  if (!booking.all_day) {
    end.textContent = `– ${clock(booking.end, zone)}`;
    when.append(end);
  }
  const what = document.createElement("span");
  what.className = "what";
  const title = document.createElement("b");
  title.textContent = booking.title || "Meeting";
  what.append(title);
  const who = [
    booking.organizer,
    booking.state === "tentative" ? "not confirmed" : "",
    booking.can_join ? PROVIDERS[booking.join?.provider] ?? "online" : "",
  ].filter(Boolean).join(" · ");
  if (who) {
    const small = document.createElement("small");
    small.textContent = who;
    what.append(small);
  }
  item.append(when, what);
  return item;
}

function showDay({ current, next }, at, zone) {
  const today = dayKey(at, zone);
  const left = agenda.bookings.filter((one) => one.end > at && one !== (current ?? next));
  const rest = left.filter((one) => dayKey(one.start, zone) <= today);
  const later = left.filter((one) => dayKey(one.start, zone) > today).slice(0, 3);
  const key = JSON.stringify([today, rest, later, zone]);
  if (key === listed) return;
  listed = key;
  const items = rest.map((one) => entry(one, zone));
  if (!items.length) items.push(note("Nothing more today", "empty"));
  let last = "";
  for (const one of later) {
    const which = day(one.start, zone);
    if (which !== last) items.push(note(which, "tomorrow"));
    last = which;
    items.push(entry(one, zone));
  }
  $("list").replaceChildren(...items);
  fit();
}

// What does not fit is counted rather than cut.
function fit() {
  const list = $("list");
  const more = note("", "more");
  let hidden = 0;
  while (list.scrollHeight > list.clientHeight && list.children.length > 1) {
    const last = more.isConnected ? more.previousElementSibling : list.lastElementChild;
    if (!last.classList.contains("tomorrow")) hidden += 1;
    last.remove();
    more.textContent = `and ${hidden} more`;
    list.append(more);
  }
}

function note(words, name) {
  const item = document.createElement("li");
  item.className = name;
  item.textContent = words;
  return item;
}

function ago(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 90) return `${s} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 172_800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86_400)} days`;
}

function trustWords(at, zone) {
  const { state, missing, since, asOf, words } = trust;
  const read = asOf ? ` Calendar as of ${clock(asOf, zone)}.` : "";
  if (state === "out") return "This display was signed out.";
  if (state === "lost") {
    const what = missing === "network" ? "No network" : "No connection to the bridge";
    return `${what} since ${clock(since, zone)}.${read}`;
  }
  if (state === "first") return `One moment.${read}`;
  if (state === "good") return `Calendar read ${ago(at - asOf)} ago` + (words ? ` · ${words}` : "");
  if (!asOf) return `The calendar was not read yet` + (words ? `: ${words}.` : ".");
  return `Not up to date since ${clock(asOf, zone)}, ${ago(at - asOf)} ago: ` +
    (words ? `${words}.` : "the calendar could not be read.");
}

function showAge(at, zone) {
  text($("age").lastElementChild, trustWords(at, zone));
}

function show() {
  const at = now();
  const zone = agenda?.room.time_zone;
  text($("time"), clock(at, zone));
  text($("date"), day(at, zone));
  if (agenda) {
    text($("name"), agenda.room.name);
    document.title = agenda.room.name;
    const standing = stand(agenda.bookings, at);
    if (trust.asOf || agenda.bookings.length) showNow(standing, at, zone);
    showAct(standing, at, zone);
    showDay(standing, at, zone);
  }
  text($("place"), place);
  showAge(at, zone);
}

function take(body) {
  agenda = {
    ...body,
    bookings: body.bookings.map((one) => ({ ...one, start: new Date(one.start), end: new Date(one.end) })),
  };
  show();
}

async function locate() {
  try {
    const one = await (await fetch(base)).json();
    const floor = /^-?\d+$/.test(one.floor) ? `Floor ${one.floor}` : one.floor;
    place = [one.building, floor, one.capacity && `${one.capacity} people`].filter(Boolean).join(" · ");
    show();
  } catch { /* said by the badge */ }
}

$("act-button").addEventListener("click", () => {
  if (touched?.act === "join" || touched?.act === "leave") press(touched.meeting, touched.act, show);
});

addEventListener("resize", () => {
  listed = "";
  show();
});

setInterval(show, 1000);

locate();
show();
