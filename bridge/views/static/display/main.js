// The page beside the door, put together: what the bridge tells is kept, and looked at once a second.
// First how the room stands; the rest comes once that is there.
// Every word from a calendar goes into the page as text, never as markup.

import { drawBadge } from "./badge.js";
import { $ } from "./change.js";
import { watchFit } from "./fit.js";
import { begin as beginLive } from "./live.js";
import { drawDim, wear } from "./look.js";
import { drawMeeting } from "./meeting.js";
import { keepPaired } from "./paired.js";
import { drawClock, drawPlace } from "./place.js";
import { Pulse } from "./pulse.js";
import { read, stand } from "./standing.js";
import { drawState } from "./state.js";
import { speak } from "./words.js";

const TICK_MS = 1000;
const CALM = 5;                    // ticks between two of the data's age: each costs a new picture
const AGAIN_MS = 5_000;            // until the rest of the page is asked for again

const room = document.documentElement.dataset.room;
const told = {
  agenda: null,
  status: null,
  display: null,
  trust: { state: "first", missing: null, since: null, asOf: null, words: null },
};
const pulse = new Pulse();
let live = null;
let whole = null;                  // the rest of the page
let askedAt = -Infinity;           // when it was asked for
let ticks = 0;
let spoken = false;                // without words there is nothing to draw

const zoneOf = ({ agenda, display }) => (agenda ?? display)?.room.time_zone;

function draw() {
  if (!spoken) return;
  const at = live.now();
  const { status, display, trust } = told;
  const agenda = trust.state === "out" ? null : told.agenda;  // who is signed out may not look
  const zone = zoneOf(told);
  pulse.mind(told.agenda?.bookings ?? [], trust.asOf);
  pulse.drawn(at);
  const bookings = agenda?.bookings ?? [];
  const known = agenda && (agenda.as_of || bookings.length);
  const standing = known ? stand(bookings, at) : null;
  drawClock(at, zone);
  drawPlace({ ...told.agenda?.room, ...display?.room });
  drawState({ standing, at, zone, trust, status });
  drawBadge({ trust, at, zone });
  drawMeeting({ standing, at, zone });
  drawDim(at, zone);
  whole?.show({ agenda, standing, bookings, display, status, at, zone, trust });
  if (!whole && (known || trust.state !== "first")) complete();
}

// Most seconds change nothing but the age of the data: a weak tablet has better things to do.
function tick() {
  if (!spoken) return;
  const at = live.now();
  if (!whole || pulse.moved(at)) {
    draw();
    return;
  }
  ticks = (ticks + 1) % CALM;
  const zone = zoneOf(told);
  if (ticks === 0) drawBadge({ trust: told.trust, at, zone });
  drawDim(at, zone);
  whole.tick(at, ticks === 0);
}

async function complete() {
  if (performance.now() - askedAt < AGAIN_MS) return;
  askedAt = performance.now();
  const found = await import("./whole.js").catch(() => null);  // the bridge may be away already
  whole ??= found?.begin({
    bar: $("bar"), dialog: $("sheet"), room, now: () => live.now(), refresh: () => live.refresh(),
  });
  if (whole) draw();
}

function redraw() {
  whole?.again();
  draw();
}

// What `live.js` hears.
const on = {
  agenda(body) {
    told.agenda = body && { ...body, bookings: read(body.bookings) };
    draw();
  },
  status(body) {
    const same = body?.presence?.state === told.status?.presence?.state;
    told.status = body;
    if (!same) draw();             // what else it tells comes as `trust`
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
document.addEventListener("words", redraw);
watchFit(redraw);
if (!told.display) await speak({});
spoken = true;
draw();
setInterval(tick, TICK_MS);
const { release, token } = document.documentElement.dataset;
if (token === "held") keepPaired(room, () => release);  // who sits at the appliance needs none
