// What the sheets ask: for how long, whether really, and what is wrong with the room.

import { button, make, write } from "./make.js";
import { bookable, extendable, follows } from "./moment.js";
import { clock, isolate, span, t } from "./words.js";

const FAULTS = ["display", "video", "audio", "furniture", "climate", "cleaning", "other"];
const LONGEST_NOTE = 200;

// Durations as large buttons, drawn anew as time goes by. `label` gives the first line of one.
function durations(found, label, touched) {
  const list = make("div", { name: "choices", role: "group" });
  const none = make("p", { name: "none", text: t("acts.no_time"), hidden: true });
  const buttons = new Map();
  let drawn = null;

  function one(key) {
    const first = make("b");
    const second = make("small");
    const name = key === "null" ? "whole" : "";
    const element = button({ name }, () => touched(element.choice), first, second);
    return Object.assign(element, { key, draw: (choice, zone) => {
      element.choice = choice;
      write(first, label(choice));
      write(second, t("acts.until_time", { time: clock(choice.end, zone) }));
    } });
  }

  function live(scene) {
    const choices = found(scene);
    const keys = choices.map(({ minutes }) => String(minutes));
    for (const key of keys) if (!buttons.has(key)) buttons.set(key, one(key));
    choices.forEach((choice, at) => buttons.get(keys[at]).draw(choice, scene.zone));
    if (keys.join() === drawn) return;
    drawn = keys.join();
    const held = document.activeElement;
    list.replaceChildren(...keys.map((key) => buttons.get(key)));
    if (list.contains(held)) held.focus();
    none.hidden = keys.length > 0;
  }

  return { body: [list, none], live };
}

export function book({ sheet, scene, perform }) {
  const offers = () => scene().display.offers;
  const length = ({ minutes }) =>
    minutes === null ? t("acts.until_next") : t("acts.for_span", { span: span(minutes * 60_000) });
  const { body, live } = durations(
    ({ bookings, at, standing }) => (!standing || standing.busy ? [] : bookable(offers(), bookings, at)),
    length,
    ({ minutes, end }) => perform({
      act: "book",
      title: t("acts.book_title"),
      path: "/bookings",
      body: { ...until(minutes, end), title: t("acts.booking_title") },
      span: { from: scene().at, to: end },
      done: (answer) => ended("acts.done_booked", answer, end, scene().zone),
    }),
  );
  live(scene());
  sheet.show({ title: t("acts.book_title"), note: t("acts.book_for"), body, live });
}

export function extend({ sheet, scene, perform }, { booking }) {
  const now = () => scene().bookings.find((one) => one.id === booking.id) ?? null;
  const length = ({ minutes }) =>
    minutes === null ? t("acts.until_next") : t("acts.by_span", { span: span(minutes * 60_000) });
  const { body, live } = durations(
    ({ bookings, display }) => (now() ? extendable(display.offers, bookings, now()) : []),
    length,
    ({ minutes, end }) => perform({
      act: "extend",
      booking: booking.id,
      title: t("acts.extend_title"),
      path: `${path(booking)}/extend`,
      body: until(minutes, end),
      span: { from: now()?.end ?? booking.end, to: end },
      done: (answer) => ended("acts.done_extended", answer, end, scene().zone),
    }),
  );
  live(scene());
  sheet.show({ title: t("acts.extend_title"), note: t("acts.extend_by"), body, live });
}

const path = (booking) => `/bookings/${encodeURIComponent(booking.id)}`;
const until = (minutes, end) => (minutes === null ? { end: end.toISOString() } : { minutes });

// The end that the bridge tells counts: it may be sooner than what was asked for.
function ended(key, answer, end, zone) {
  const at = answer.booking?.end ? new Date(answer.booking.end) : end;
  return t(key, { time: clock(at, zone) });
}

// Whoever ends a meeting to have the room must know where that is somebody else's then.
function asksToEnd({ bookings, at, zone }, booking) {
  const next = follows(bookings, at, booking.id);
  return next ? t("acts.end_ask_taken", {
    title: isolate(next.title || t("meeting.untitled")),
    start: clock(next.start, zone),
    end: clock(next.end, zone),
  }) : t("acts.end_ask");
}

const CONFIRMED = {
  end: { body: () => ({}), title: "acts.end_title", ask: asksToEnd, done: "acts.done_ends" },
  release: {
    body: () => ({ scope: "this" }),
    title: "acts.release_title",
    ask: () => t("acts.release_ask"),
    done: "acts.done_released",
  },
};

// Ending and giving back change what others rely on: it is said what will happen, then asked.
export function confirm({ sheet, scene, perform }, { act, booking }) {
  const { title, ask, body, done } = CONFIRMED[act];
  const when = make("p", { name: "when" });
  const what = make("p", { name: "what" });
  const go = button({ name: "strong", text: t(`acts.${act}`) }, () => perform({
    act, booking: booking.id, title: t(title), path: `${path(booking)}/${act}`, body: body(),
    done: (answer) => ended(done, answer, scene().at, scene().zone),
  }));

  function live(seen) {
    const { bookings, zone } = seen;
    const now = bookings.find((one) => one.id === booking.id);
    go.setAttribute("aria-disabled", String(!now));
    sheet.note(now ? ask(seen, now) : t("acts.failed_unknown_booking"));
    if (!now) return;
    write(what, isolate(now.title || t("meeting.untitled")));
    write(when, now.all_day ? t("meeting.all_day") : t("meeting.from_to", {
      start: clock(now.start, zone), end: clock(now.end, zone),
    }));
  }

  sheet.show({
    title: t(title),
    note: ask(scene(), booking),
    body: [
      make("div", { name: "meeting-card" }, what, when),
      make("div", { name: "choices row" }, go, button({ text: t("acts.cancel") }, sheet.close)),
    ],
    live,
  });
  live(scene());
}

export function report(context) {
  const { sheet } = context;
  const kinds = FAULTS.map((code) =>
    button({ text: t(`fault.${code}`) }, () => reportOne(context, code)));
  sheet.show({ title: t("fault.title"), body: [make("div", { name: "choices wide" }, ...kinds)] });
}

// A second step, so that nobody is called out by a sleeve.
function reportOne(context, code) {
  const { sheet, perform } = context;
  const note = make("textarea", {
    rows: "2", maxlength: String(LONGEST_NOTE), autocomplete: "off", "aria-describedby": "note-hint",
  });
  const label = make("label", { name: "note" }, make("span", { text: t("fault.note") }), note,
    make("small", { id: "note-hint", text: t("fault.note_hint") }));
  const send = () => perform({
    act: "report",
    title: t(`fault.${code}`),
    path: "/faults",
    body: { code, note: note.value.trim() },
    done: (answer) => t(answer.done === "already" ? "fault.already" : "fault.thanks"),
  });
  sheet.show({
    title: t(`fault.${code}`),
    body: [label, make("div", { name: "choices row" },
      button({ name: "strong", text: t("fault.send") }, send),
      button({ text: t("acts.back") }, () => report(context)))],
  });
}

// What did not fit into the bar; what cannot be done now says why.
export function more({ sheet, scene, offered, open, why }) {
  const list = make("div", { name: "choices wide" });
  const reason = make("p", { name: "none" });
  let drawn = null;

  function live() {
    const rest = offered("rest");
    const key = rest.map(({ act, booking }) => `${act} ${booking?.id} ${why(act)}`).join();
    if (key === drawn) return;
    drawn = key;
    list.replaceChildren(...rest.map((one) => button(
      { icon: one.act, text: t(`acts.${one.act}`), "aria-disabled": String(Boolean(why(one.act))) },
      () => open(one),
    )));
    write(reason, rest.map(({ act }) => why(act)).find(Boolean) ?? "");
  }

  live(scene());
  sheet.show({ title: t("acts.more"), body: [list, reason], live });
}
