// One touch: has the room join a meeting or leave it, and says how that stands. What is dialled is
// the bridge's affair: of a private meeting nothing is known here but that it can be joined.

const SLOW_MS = 15_000;            // between two questions about the call while a meeting is open
const QUICK_MS = 2_000;            // the same while the room dials
const RISING_MS = 30_000;          // how long a call may take to come up
const EARLY_MS = 60_000;           // so long before a meeting opens it is worth asking
const PATIENCE_MS = 100_000;       // a room system may have to wake up first
const TOLD_MS = 60_000;            // how long it is said that joining failed

const FAILED = {
  endpoint_busy: "The room is in another call. End that first.",
  endpoint_unreachable: "The room system does not answer.",
  endpoint_denied: "The room system does not accept the bridge. Please tell support.",
  endpoint_unsupported: "The room system cannot join this meeting.",
  no_endpoint: "The room system cannot join this meeting.",
  no_join: "This meeting cannot be joined.",
  join_not_open: "This meeting cannot be joined now.",
  unknown_booking: "This meeting is not there any more.",
  unauthorized: "This display is not signed in.",
  forbidden: "This display may not join.",
  too_many_requests: "Too many tries. Wait a moment.",
};
const UNKNOWN = "That did not work. Try again, or dial at the room system.";

let call = { dials: false, may_join: false, state: "unknown", booking: null, opens_s: 0, closes_s: 0 };
let asked = -Infinity;             // when the bridge was asked last, by our clock
let asking = false;
let sent = null;                   // what was pressed: { booking, what, since, failed }

const opens = (one) => new Date(one.start - call.opens_s * 1000);
const open = (one, at) => at >= opens(one) && at < new Date(+one.end + call.closes_s * 1000);

// The meeting that one touch is about: the one that is shown, or the next one if that is open.
export function target({ current, next }, at) {
  if (!call.dials || !call.may_join) return null;
  const shown = current ?? next;
  if (shown?.can_join) return shown;
  return next?.can_join && open(next, at) ? next : null;
}

// What the button says and does for a meeting.
export function stands(booking, at, clock) {
  const mine = sent?.booking === booking.id ? sent : null;
  if (mine?.failed && Date.now() - mine.since > TOLD_MS) sent = null;
  const busy = mine && !mine.failed && (mine.waiting || Date.now() - mine.since < RISING_MS);
  const up = call.state === "in_call" || call.state === "dialling";
  if (call.state === "in_call" && call.booking === booking.id && mine?.what !== "leave") {
    return { act: "leave", label: "Leave", said: mine?.failed ?? "The room is in this meeting." };
  }
  if (busy || (call.state === "dialling" && call.booking === booking.id)) {
    return { act: "wait", label: mine?.what === "leave" ? "Leaving …" : "Joining …", said: "" };
  }
  if (call.state === "unknown" && call.booking === booking.id && !mine && open(booking, at)) {
    return { act: "join", label: "Join again", said: "The room system was told to join." };
  }
  if (mine?.failed && open(booking, at)) return { act: "join", label: "Try again", said: mine.failed };
  if (up && call.booking !== booking.id) {
    return { act: "closed", label: "Join", said: "The room is in another call." };
  }
  if (!open(booking, at)) return { act: "closed", label: "Join", said: later(booking, at, clock) };
  return { act: "join", label: "Join", said: itself(booking, at, clock) };
}

function later(booking, at, clock) {
  return at < opens(booking) ? `Opens at ${clock(opens(booking))}.` : "It is over.";
}

function itself(booking, at, clock) {
  const due = new Date(booking.start - call.joins_itself_s * 1000);
  if (call.joins_itself_s == null || at >= due) return "";
  return `The room joins by itself at ${clock(due)}.`;
}

// Ask how the call stands, as often as that may matter.
export async function look(booking, at, changed) {
  const first = asked === -Infinity;
  const near = booking && at >= new Date(opens(booking) - EARLY_MS);
  const quick = (sent && !sent.failed) || call.state === "dialling";
  const due = Date.now() - asked >= (quick ? QUICK_MS : near ? SLOW_MS : 20 * SLOW_MS);
  if (asking || !(first || due)) return;
  asking = true;
  asked = Date.now();
  try {
    const answer = await fetch(`${base()}/call`, { cache: "no-store", signal: AbortSignal.timeout(10_000) });
    if (answer.ok) call = await answer.json();
    if (settled()) sent = null;
  } catch { /* said by the badge */ } finally {
    asking = false;
  }
  changed();
}

function settled() {
  if (!sent || sent.failed || sent.waiting) return false;
  const there = call.state === "in_call" && call.booking === sent.booking;
  const unseen = call.state === "unknown" && call.booking === sent.booking;
  const done = sent.what === "join" ? there || unseen : !there;
  return done || Date.now() - sent.since > RISING_MS;
}

// What was touched is sent once; the key lets the bridge know a second try of the network's.
export async function press(booking, act, changed) {
  const what = act === "leave" ? "leave" : "join";
  const mine = { booking: booking.id, what, since: Date.now(), failed: "", waiting: true };
  sent = mine;
  changed();
  const key = [...crypto.getRandomValues(new Uint8Array(16))].join("-");
  try {
    const answer = await fetch(`${base()}/bookings/${booking.id}/${what}`, {
      method: "POST", body: "{}", signal: AbortSignal.timeout(PATIENCE_MS),
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    });
    if (!answer.ok) mine.failed = FAILED[(await answer.json()).code] ?? UNKNOWN;
  } catch {
    mine.failed = UNKNOWN;
  }
  mine.waiting = false;
  mine.since = Date.now();
  asked = 0;
  changed();
}

const base = () => `/api/v1/rooms/${document.documentElement.dataset.room}`;
