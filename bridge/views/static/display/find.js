// Another room that is free: looked for by where it is, for how long, for how many and with what.

import { button, make, write } from "./make.js";
import { say } from "./problems.js";
import { ask } from "./wish.js";
import { clock, dayKey, isolate, span, t } from "./words.js";

const MINUTES = [30, 60];          // where the room's policy names no durations
const PEOPLE = [0, 4, 8, 12];      // 0: any
const MOST_FEATURES = 8;
const SETTLE_MS = 250;             // several wishes in a row are one question

const WIDER = { floor: ["floor"], building: ["floor", "building"] };

// What can be wished for at this room, and what is wished for at first.
function wishes({ offers, room }) {
  const places = (WIDER[offers.find] ?? ["floor", "building", "any"])
    .filter((one) => one === "any" || room[one]);
  return {
    minutes: offers.book?.length ? offers.book : MINUTES,
    places,
    features: (room.features ?? []).slice(0, MOST_FEATURES),
    start: { place: places[places.length - 1] ?? "any", people: 0, features: new Set() },
  };
}

function query(chosen, room) {
  const asked = new URLSearchParams({ minutes: String(chosen.minutes) });
  if (chosen.people) asked.set("capacity", String(chosen.people));
  if (chosen.place !== "any" && room.building) asked.set("building", room.building);
  if (chosen.place === "floor" && room.floor) asked.set("floor", room.floor);
  if (chosen.features.size) asked.set("features", [...chosen.features].join(","));
  return asked;
}

export function find({ base, sheet, scene, perform }) {
  const { display } = scene();
  const can = wishes(display);
  const chosen = { minutes: can.minutes[Math.min(1, can.minutes.length - 1)], ...can.start };
  const said = make("p", { name: "found", role: "status" });
  const list = make("ul", { name: "rooms" });
  let timer = 0;
  let turn = 0;

  function look() {
    clearTimeout(timer);
    write(said, t("acts.find_searching"));
    timer = setTimeout(search, SETTLE_MS);
  }

  async function search() {
    turn += 1;
    const mine = turn;
    const told = await ask(`${base}/alternatives?${query(chosen, display.room)}`);
    if (mine !== turn) return;     // wished for something else meanwhile, or gone
    if (!told.ok) {
      list.replaceChildren();
      write(said, told.code === "no_answer" ? t("acts.not_now_lost") : say(told.code, "find", told.wait));
      return;
    }
    const rooms = told.body.rooms ?? [];
    write(said, rooms.length
      ? t("acts.find_found", { n: rooms.length })
      : `${t("acts.find_none")}. ${t("acts.find_looser")}`);
    list.replaceChildren(...rooms.map((one) => entry(one, scene(), chosen, take)));
  }

  function take(one) {
    perform({
      act: "find",
      title: isolate(one.name),
      path: "/alternatives",
      body: { room: one.id, minutes: chosen.minutes, title: t("acts.booking_title") },
      done: (answer) => {
        const { at, zone } = scene();
        const end = answer.booking?.end ? new Date(answer.booking.end) : new Date(+at + chosen.minutes * 60_000);
        return t("acts.done_booked_there", { room: isolate(one.name), time: clock(end, zone) });
      },
    });
  }

  const body = [
    row(t("acts.find_for"), can.minutes.map((one) => [one, span(one * 60_000)]), chosen, "minutes", look),
    row(t("acts.find_where"), can.places.map((one) => [one, place(one, display.room)]), chosen, "place", look),
    row(t("acts.find_capacity"), PEOPLE.map((one) => [
      one, one ? t("acts.find_at_least", { n: one }) : t("acts.find_any"),
    ]), chosen, "people", look),
    can.features.length ? toggles(t("acts.find_features"), can.features, chosen.features, look) : "",
    said,
    list,
  ].filter(Boolean);
  sheet.show({
    title: t("acts.find_title"),
    body,
    tone: "find",
    left: () => { clearTimeout(timer); turn += 1; },
  });
  look();
}

function place(which, room) {
  if (which === "any") return t("acts.find_any");
  if (which === "building") return isolate(room.building);
  return floor(room.floor);
}

const floor = (name) => (/^-?\d+$/.test(name) ? t("meeting.floor", { floor: name }) : isolate(name));

// One of several; pressed, as a screen reader says it.
function row(label, choices, chosen, key, changed) {
  if (choices.length < 2) return "";
  const chips = choices.map(([value, text]) => {
    const chip = button({ name: "chip", text, "aria-pressed": String(chosen[key] === value) }, () => {
      chosen[key] = value;
      for (const one of chips) one.setAttribute("aria-pressed", String(one === chip));
      changed();
    });
    return chip;
  });
  return make("div", { name: "wish", role: "group", "aria-label": label },
    make("span", { text: label }), make("div", {}, ...chips));
}

function toggles(label, features, chosen, changed) {
  const chips = features.map((one) => {
    const chip = button({ name: "chip", text: isolate(one), "aria-pressed": "false" }, () => {
      if (!chosen.delete(one)) chosen.add(one);
      chip.setAttribute("aria-pressed", String(chosen.has(one)));
      changed();
    });
    return chip;
  });
  return make("div", { name: "wish", role: "group", "aria-label": label },
    make("span", { text: label }), make("div", {}, ...chips));
}

function entry(one, { at, zone }, chosen, take) {
  const until = one.until ? new Date(one.until) : null;
  const today = until && dayKey(until, zone) === dayKey(at, zone);
  const facts = [
    isolate(one.building || ""),
    one.floor ? floor(one.floor) : "",
    one.capacity ? t("meeting.people", { n: one.capacity }) : "",
    ...(one.features ?? []).map(isolate),
  ].filter((text) => text && text !== isolate(""));
  const text = t("acts.book_span", { span: span(chosen.minutes * 60_000) });
  const touch = button(
    { name: "strong", text, "aria-label": `${text}, ${isolate(one.name)}` },
    () => take(one),
  );
  return make("li", {},
    make("div", {},
      make("b", { text: isolate(one.name) }),
      make("span", { text: today ? t("acts.find_free_until", { time: clock(until, zone) }) : t("acts.find_free_day") }),
      make("small", { text: facts.join(" · ") })),
    touch);
}
