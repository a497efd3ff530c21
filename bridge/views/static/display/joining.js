// One touch: has the room join a meeting or leave it, and says how that stands. What is dialled is
// the bridge's affair: of a private meeting nothing is known here but that it can be joined.

import { touchKey, wish } from "./wish.js";
import { clock, t } from "./words.js";

const SLOW_MS = 15_000;            // between two questions about the call while a meeting is open
const QUICK_MS = 2_000;            // the same while the room dials
const RISING_MS = 30_000;          // how long a call may take to come up
const EARLY_MS = 60_000;           // so long before a meeting opens it is worth asking
const PATIENCE_MS = 100_000;       // a room system may have to wake up first
const TOLD_MS = 60_000;            // how long it is said that joining failed
const ASK_MS = 10_000;

// How the room's call stands. `say` gives the words for a code, `changed` is called when it moved.
export function joining({ base, say, changed }) {
  let call = { dials: false, may_join: false, state: "unknown", booking: null, opens_s: 0, closes_s: 0 };
  let asked = -Infinity;           // when the bridge was asked last, by our clock
  let asking = false;
  let sent = null;                 // what was pressed: { booking, what, since, failed, waiting }

  const opens = (one) => new Date(one.start - call.opens_s * 1000);
  const open = (one, at) => at >= opens(one) && at < new Date(+one.end + call.closes_s * 1000);

  // The meeting that one touch is about: the one that is shown, or the next one if that is open.
  function target({ current, next }, at) {
    if (!call.dials || !call.may_join) return null;
    const shown = current ?? next;
    if (shown?.can_join) return shown;
    return next?.can_join && open(next, at) ? next : null;
  }

  // What the button says and does for a meeting.
  function stands(booking, at, zone) {
    const mine = sent?.booking === booking.id ? sent : null;
    if (mine?.failed && Date.now() - mine.since > TOLD_MS) sent = null;
    const busy = mine && !mine.failed && (mine.waiting || Date.now() - mine.since < RISING_MS);
    const here = call.booking === booking.id;
    if (call.state === "in_call" && here && mine?.what !== "leave") {
      return { act: "leave", label: t("acts.leave"), said: mine?.failed || t("acts.in_meeting") };
    }
    if (busy || (call.state === "dialling" && here)) {
      return { act: "wait", label: t(mine?.what === "leave" ? "acts.leaving" : "acts.joining"), said: "" };
    }
    if (call.state === "unknown" && here && !mine && open(booking, at)) {
      return { act: "join", label: t("acts.join_again"), said: t("acts.told_to_join") };
    }
    if (mine?.failed && open(booking, at)) {
      return { act: "join", label: t("acts.retry"), said: mine.failed };
    }
    const closed = { act: "closed", label: t("acts.join") };
    if ((call.state === "in_call" || call.state === "dialling") && !here) {
      return { ...closed, said: t("acts.other_call") };
    }
    if (!open(booking, at)) return { ...closed, said: later(booking, at, zone) };
    return { act: "join", label: t("acts.join"), said: itself(booking, at, zone) };
  }

  function later(booking, at, zone) {
    const first = opens(booking);
    return at < first ? t("acts.opens_at", { time: clock(first, zone) }) : t("acts.over");
  }

  function itself(booking, at, zone) {
    const due = new Date(booking.start - call.joins_itself_s * 1000);
    if (call.joins_itself_s == null || at >= due) return "";
    return t("acts.joins_itself", { time: clock(due, zone) });
  }

  // Ask how the call stands, as often as that may matter.
  async function look(booking, at) {
    const first = asked === -Infinity;
    const near = booking && at >= new Date(opens(booking) - EARLY_MS);
    const quick = (sent && !sent.failed) || call.state === "dialling";
    const due = Date.now() - asked >= (quick ? QUICK_MS : near ? SLOW_MS : 20 * SLOW_MS);
    if (asking || !(first || due)) return;
    asking = true;
    asked = Date.now();
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), ASK_MS);
    try {
      const answer = await fetch(`${base}/call`, { cache: "no-store", signal: stop.signal });
      if (answer.ok) call = await answer.json();
      if (settled()) sent = null;
    } catch { /* said by the badge */ } finally {
      clearTimeout(timer);
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

  // What was touched is one wish, whatever the network does with it. Returns the code of what went
  // wrong with the PIN, so that it can be asked for again; "" otherwise.
  async function press(booking, act, { key = touchKey(), pin = "" } = {}) {
    const what = act === "leave" ? "leave" : "join";
    const mine = { booking: booking.id, what, since: Date.now(), failed: "", waiting: true };
    sent = mine;
    changed();
    const url = `${base}/bookings/${encodeURIComponent(booking.id)}/${what}`;
    const told = await wish(url, {}, { key, pin, patience: PATIENCE_MS });
    const again = ["pin_required", "pin_wrong"].includes(told.code) ? told.code : "";
    if (!told.ok && !again) mine.failed = say(told.code, "join");
    mine.waiting = false;
    mine.since = Date.now();
    if (again && sent === mine) sent = null;
    asked = 0;
    changed();
    return again;
  }

  return { target, stands, look, press, waits: () => Boolean(sent?.waiting), sent: () => sent !== null };
}
