// The board of a list: which rooms are free and until when, live, and how old that is.
// It asks again and again, and at the moment at which a room changes by the clock.

import { BridgeClock } from "../display/clock.js";
import { clock, day, dayKey, placed, speak, t } from "../display/words.js";
import { arrange } from "./arrange.js";
import { cards } from "./cards.js";

const EVERY_MS = 10_000;           // between two questions
const PATIENCE_MS = 8_000;         // a bridge that hangs is as good as none
const LOST_MS = 30_000;            // without an answer for this long there is no connection
const TURN_MS = 12_000;            // how long a page stays, where there are several
const TITLE = document.title;

const root = document.documentElement;
const url = `/api/v1/lists/${root.dataset.list}/board`;
const $ = (id) => document.getElementById(id);
const shown = cards($("rooms"), $("room"));

let board = null;
let etag = null;
const time = new BridgeClock();
const steady = () => performance.now();  // somebody may set the device's clock
const began = { at: steady(), time: time.now() };
let heard = null;                  // when the bridge last answered, by both
let refused = 0;                   // the status that said no
let asking = false;
let askedAt = 0;
let page = 0;
let turned = steady();
let slept = false;
let held = false;

const now = () => time.now();

function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

async function ask() {
  if (asking) return;
  asking = true;
  askedAt = steady();
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), PATIENCE_MS);
  try {
    const headers = etag ? { "If-None-Match": etag } : {};
    const answer = await fetch(url, { headers, cache: "no-store", signal: giveUp.signal });
    const known = answer.status === 200 || answer.status === 304;
    refused = [401, 403, 404].includes(answer.status) ? answer.status : 0;
    if (known) await take(answer);
    if (refused) forget();
  } catch { /* said by the badge, once it lasts */ } finally {
    clearTimeout(timer);
    asking = false;
  }
  show();
}

async function take(answer) {
  const body = answer.status === 200 ? await answer.json() : null;
  time.told(Date.parse(answer.headers.get("Bridge-Time")), steady() - askedAt);
  heard = { at: steady(), time: time.now() };
  if (!body) return;
  etag = answer.headers.get("ETag");
  const look = JSON.stringify(body.look);
  const first = !board || JSON.stringify(board.look) !== look;
  board = body;
  if (first) {
    root.dataset.theme = body.look.theme;
    await speak({ language: body.look.language, clock: body.look.clock });
  }
}

// Whoever may not see the rooms any more does not go on showing them.
function forget() {
  board = etag = null;
  page = 0;
  shown([], now(), { building: false });
  for (const id of ["name", "count", "empty"]) text($(id), "");
  $("hold").hidden = true;
  document.title = TITLE;
}

// Whether a room has changed by the clock alone since the bridge told of it.
function due(at) {
  return board?.rooms.some((one) => one.until && Date.parse(one.until) <= at.getTime());
}

function show() {
  const at = now();
  const zone = board?.rooms[0]?.time_zone;
  text($("time"), clock(at, zone));
  text($("date"), day(at, zone));
  showTrust(at, zone);
  if (!board) return;
  text($("name"), board.list.name);
  document.title = board.list.name;
  const free = board.rooms.filter((one) => one.state === "free").length;
  const building = common(board.rooms);
  const count = board.rooms.length ? t("board.free_count", { n: free }) : "";
  text($("count"), [building && placed(building), count].filter(Boolean).join(" · "));
  $("empty").hidden = board.rooms.length > 0;
  text($("empty"), t("board.empty"));
  showPage(at);
}

// The building that all rooms are in; empty where they are in several.
function common(rooms) {
  const buildings = new Set(rooms.map((one) => one.building));
  return buildings.size === 1 ? [...buildings][0] : "";
}

function showPage(at) {
  const { pages, each } = arrange($("rooms"), board.rooms.length);
  if (!held && steady() - turned >= TURN_MS) {
    turned = steady();
    page += 1;
  }
  page %= pages;
  shown(board.rooms.slice(page * each, (page + 1) * each), at, { building: !common(board.rooms) });
  $("hold").hidden = pages < 2;
  text($("page"), t("board.page_of", { page: page + 1, pages }));
  $("hold").setAttribute("aria-pressed", String(held));
  $("hold").setAttribute("aria-label", `${$("page").textContent}. ${t("board.hold")}`);
}

function showTrust(at, zone) {
  const last = heard ?? began;
  const lost = steady() - last.at > LOST_MS;
  let words = "";
  if (refused === 404) words = t("board.unknown_list");
  else if (refused) words = t("board.not_allowed");
  else if (lost) words = since(last.time, at, zone);
  root.dataset.trust = words ? "lost" : heard ? "good" : "first";
  text($("trust").lastElementChild, words);
}

function since(when, at, zone) {
  const time = clock(when, zone);
  if (dayKey(when, zone) === dayKey(at, zone)) return t("badge.missing_bridge", { time });
  return t("badge.missing_bridge_day", { day: day(when, zone), time });
}

$("hold").addEventListener("click", () => {
  held = !held;
  turned = steady();
  show();
});
addEventListener("resize", show);
document.addEventListener("words", show);
document.addEventListener("visibilitychange", () => document.hidden || ask());

setInterval(() => {
  const leapt = time.leapt(slept);
  slept = document.hidden;
  const quiet = steady() - askedAt;
  if (leapt || quiet >= EVERY_MS || (quiet >= 1000 && due(now()))) ask();
  show();
}, 1000);

await speak({});
ask();
