// The cards of a board. `building`: whether each tells which one it is in. Only what changes is touched, so that nothing flickers.

import { clock, day, dayKey, placed, t } from "../display/words.js";

const SOON_MS = 10 * 60_000;       // a meeting that starts within this is announced
const LATE_MS = 5000;              // how long an answer may take

export function cards(list, template) {
  const made = [];
  return (rooms, at, { building }) => {
    while (made.length < rooms.length) {
      const item = template.content.firstElementChild.cloneNode(true);
      made.push(item);
      list.append(item);
    }
    while (made.length > rooms.length) made.pop().remove();
    rooms.forEach((room, index) => draw(made[index], room, at, building));
  };
}

function draw(item, room, at, building) {
  const state = stateOf(room, at);
  if (item.dataset.state !== state) item.dataset.state = state;
  put(item, "h2", room.name);
  put(item, ".word", t(`state.${state}`));
  put(item, ".until", until(room, state, at));
  put(item, ".place", place(room, building));
  put(item, ".old", room.as_of ? old(room, at) : "");
  item.querySelector(".old").hidden = !room.as_of;
}

// What the bridge said holds until the moment it named, and no longer: without a newer word nobody
// knows how the room stands.
function stateOf(room, at) {
  const left = room.until ? Date.parse(room.until) - at.getTime() : Infinity;
  if (left < -LATE_MS) return "unknown";
  return room.state === "free" && left <= SOON_MS ? "soon" : room.state;
}

function until(room, state, at) {
  if (state === "unknown") return "";
  const zone = room.time_zone;
  const when = room.until ? new Date(room.until) : null;
  const today = when && dayKey(when, zone) === dayKey(at, zone);
  if (!when || (!today && state === "free")) return t("state.rest_of_day");
  if (!today && state === "busy") return t("state.until_day", { day: day(when, zone) });
  return t(state === "soon" ? "board.next_at" : "state.until", { time: clock(when, zone) });
}

function place(room, building) {
  const floor = /^-?\d+$/.test(room.floor) ? t("meeting.floor", { floor: room.floor }) : room.floor && placed(room.floor);
  return [floor, building && room.building && placed(room.building)].filter(Boolean).join(" · ");
}

function old(room, at) {
  const when = new Date(room.as_of);
  const zone = room.time_zone;
  const today = dayKey(when, zone) === dayKey(at, zone);
  const time = today ? clock(when, zone) : day(when, zone);
  return `${t("board.old_since", { time })} · ${t("board.old")}`;
}

function put(item, name, value) {
  const element = item.querySelector(name);
  if (element.textContent !== value) element.textContent = value;
}
