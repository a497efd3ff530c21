// The room's state, in words as large as they can be; colour and shape follow `data-state`.

import { $, mark, put, show } from "./change.js";
import { clock, day, dayKey, span, t } from "./words.js";
import { instant } from "./zone.js";

const CLEAR_MS = 12 * 3_600_000;   // within this a time of day alone tells which day is meant
const UNSURE_MS = 12 * 3_600_000;  // what is older tells nothing of who has the room

// Draw it. Without a `standing` nothing is known of the room yet, or any more.
export function drawState({ standing, at, zone, trust, status }) {
  const said = words(standing, at, zone, trust);
  mark(document.documentElement, "state", said.state);
  put($("word"), t(`state.${said.state}`));
  put($("until"), said.until);
  put($("detail"), said.detail);
  show($("until"), Boolean(said.until));
  show($("detail"), Boolean(said.detail));
  drawPresence(status?.presence?.state, said.state);
}

function words(standing, at, zone, trust) {
  if (trust.state === "out") return { state: "unknown", until: "", detail: "" };
  if (!standing) return { state: "waiting", until: "", detail: "" };
  if (unsure(trust, at)) return { state: "unknown", until: "", detail: asOf(trust.asOf, at, zone) };
  const { state } = standing;
  if (state === "check_in") return { state, ...checkIn(standing, at, zone) };
  if (state === "soon") return { state, ...soon(standing, at, zone) };
  return { state, ...until(standing, at, zone) };
}

// Whether the agenda is too old for any word about now.
function unsure(trust, at) {
  return trust.state !== "good" && Boolean(trust.asOf) && at - trust.asOf > UNSURE_MS;
}

function asOf(date, at, zone) {
  const time = clock(date, zone);
  const today = dayKey(date, zone) === dayKey(at, zone);
  return today ? t("badge.as_of", { time }) : t("badge.as_of_day", { day: day(date, zone), time });
}

function soon({ next }, at, zone) {
  return {
    until: t("state.in_span", { span: span(next.start - at) }),
    detail: t("state.at_time", { time: clock(next.start, zone) }),
  };
}

function checkIn({ checkIn: { check_in: asked } }, at, zone) {
  const left = { span: span(asked.until - at) };
  return {
    until: t("state.by_time", { time: clock(asked.until, zone) }),
    detail: t(asked.releases ? "state.given_back_in" : "state.check_in_left", left),
  };
}

function until({ busy, current, until: end }, at, zone) {
  if (!end) return { until: busy ? "" : t("state.rest_of_week"), detail: "" };
  const midnight = instant(at, zone, { days: 1 });
  if (busy && current.all_day && +end === +midnight) return { until: t("state.rest_of_day"), detail: "" };
  const length = t("state.for_span", { span: span(end - at) });
  const time = clock(end, zone);
  if (end < midnight || end - at < CLEAR_MS) return { until: t("state.until", { time }), detail: length };
  if (!busy) return { until: t("state.rest_of_day"), detail: "" };
  return { until: untilDay(end, zone), detail: "" };
}

// A block that ends at midnight ends with the day before.
function untilDay(end, zone) {
  const atMidnight = +end === +instant(end, zone);
  if (atMidnight) return t("state.until_end_of", { day: day(new Date(end - 1), zone) });
  return t("state.until_day_time", { day: day(end, zone), time: clock(end, zone) });
}

// What is seen in the room itself, whatever its calendar says.
function drawPresence(presence, state) {
  const there = presence === "in_call" || presence === "in_use";
  show($("presence"), there);
  if (!there) return;
  const unbooked = presence === "in_use" && (state === "free" || state === "soon");
  mark($("presence"), "presence", presence);
  put($("presence-words"), t(unbooked ? "state.in_use_unbooked" : `state.${presence}`));
}
