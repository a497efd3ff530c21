// The page beside the door, put together: what the bridge tells is kept, and drawn once a second.
// Every word from a calendar goes into the page as text, never as markup.

import { begin as beginActs } from "./acts.js";
import { drawBadge } from "./badge.js";
import { $ } from "./change.js";
import { watchFit } from "./fit.js";
import { begin as beginLive } from "./live.js";
import { drawDim, wear } from "./look.js";
import { drawMeeting } from "./meeting.js";
import { keepPaired } from "./paired.js";
import { drawClock, drawPlace } from "./place.js";
import { read, stand } from "./standing.js";
import { drawState } from "./state.js";
import { drawTimeline, relist } from "./timeline.js";
import { speak } from "./words.js";

const TICK_MS = 1000;

const room = document.documentElement.dataset.room;
const told = {
  agenda: null,
  status: null,
  display: null,
  trust: { state: "first", missing: null, since: null, asOf: null, words: null },
};
let live = null;
let acts = null;
let spoken = false;                // without words there is nothing to draw

function draw() {
  if (!spoken || !acts) return;
  const at = live.now();
  const { status, display, trust } = told;
  const agenda = trust.state === "out" ? null : told.agenda;  // who is signed out may not look
  const zone = (told.agenda ?? display)?.room.time_zone;
  const bookings = agenda?.bookings ?? [];
  const known = agenda && (agenda.as_of || bookings.length);
  const standing = known ? stand(bookings, at) : null;
  drawClock(at, zone);
  drawPlace({ ...told.agenda?.room, ...display?.room });
  drawState({ standing, at, zone, trust, status });
  drawBadge({ trust, at, zone });
  drawMeeting({ standing, at, zone });
  drawTimeline({ standing, bookings, at, zone });
  drawDim(at, zone);
  acts.show({ agenda, standing, display, status, at, zone, trust });
}

function redraw() {
  relist();
  draw();
}

// What `live.js` hears.
const on = {
  agenda(body) {
    told.agenda = body && { ...body, bookings: read(body.bookings) };
    draw();
  },
  status(body) {
    told.status = body;
    draw();
  },
  async display(body) {
    told.display = body;
    wear(body?.look);
    await speak({ language: body?.look?.language, clock: body?.look?.clock });
    draw();
  },
  trust(trust) {
    told.trust = trust;
    draw();
  },
};

live = beginLive({ room, on });
acts = beginActs({
  bar: $("bar"), dialog: $("sheet"), room, now: () => live.now(), refresh: () => live.refresh(),
});
document.addEventListener("words", redraw);
watchFit(redraw);
if (!told.display) await speak({});
spoken = true;
draw();
setInterval(draw, TICK_MS);
keepPaired(room, () => document.documentElement.dataset.release);
