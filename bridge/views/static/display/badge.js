// How old the data are, and what is missing since when. It is always there; the worse, the larger.

import { $, mark, put, show } from "./change.js";
import { ago, clock, day, dayKey, t } from "./words.js";

// Draw what `live.js` knows of it: good, old, lost, out or first.
export function drawBadge({ trust, at, zone }) {
  mark(document.documentElement, "trust", trust.state);
  const wrong = missing(trust, at, zone);
  put($("wrong"), wrong);
  show($("wrong"), Boolean(wrong));
  put($("read"), readAt(trust, at, zone));
}

// The sentence that only changes with what it is about: it is read aloud.
function missing({ state, missing: what, since, asOf, words }, at, zone) {
  if (state === "good") return words ?? "";
  if (state === "out" || what === "signed_out") return t("pair.revoked");
  if (!asOf && state !== "lost") return state === "first" ? t("badge.connecting") : told(t("badge.never_read"), words);
  const named = ["network", "bridge", "calendar"].includes(what) ? what : "bridge";
  return told(dated(`badge.missing_${named}`, since ?? asOf ?? at, at, zone), words);
}

function told(sentence, words) {
  return words ? t("badge.with_trouble", { words: sentence, trouble: words }) : sentence;
}

// While all is well its age; otherwise from when it is, and how long that is ago.
function readAt({ state, asOf }, at, zone) {
  if (!asOf || state === "out") return "";
  const age = ago(at - asOf);
  return state === "good" ? t("badge.read_ago", { ago: age }) : `${dated("badge.as_of", asOf, at, zone)} (${age})`;
}

function dated(key, date, at, zone) {
  const time = clock(date, zone);
  if (dayKey(date, zone) === dayKey(at, zone)) return t(key, { time });
  return t(`${key}_day`, { day: day(date, zone), time });
}
