// Which room this is, how many people it holds and what it has; the clock on the wall.

import { $, make, put, show, theirs } from "./change.js";
import { clock, day, t } from "./words.js";

let listed = "";

export function drawClock(at, zone) {
  put($("time"), clock(at, zone));
  put($("date"), day(at, zone));
}

export function drawPlace(room) {
  if (!room) return;
  put($("name"), room.name);
  if (document.title !== room.name) document.title = room.name;
  const capacity = room.capacity ? t("meeting.people", { n: room.capacity }) : "";
  const shown = [room.building, floor(room.floor), capacity, ...(room.features ?? [])].filter(Boolean);
  const key = JSON.stringify(shown);
  if (key === listed) return;
  listed = key;
  $("place").replaceChildren(...shown.map((words) => make("li", "", theirs(words))));
  show($("place"), shown.length > 0);
}

function floor(name) {
  return /^-?\d+$/.test(name ?? "") ? t("meeting.floor", { floor: name }) : name;
}
