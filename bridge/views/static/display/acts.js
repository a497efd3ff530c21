// What can be done at the door: a bar of large buttons that fit the moment, and their sheets.

import { sheet as sheetOf } from "./dialog.js";
import { find } from "./find.js";
import { joining } from "./joining.js";
import { button, make, settle, sign, write } from "./make.js";
import { fitting, hindrance, parted } from "./moment.js";
import { performer } from "./perform.js";
import { say } from "./problems.js";
import { book, confirm, extend, more, report } from "./sheets.js";
import { touchKey, wish } from "./wish.js";
import { isolate, t } from "./words.js";

const SAID_MS = 10_000;            // how long it is said that somebody has checked in
const SHEETS = { book, extend, end: confirm, release: confirm, report, find };
const HINDRED = {
  signed_out: () => t("acts.not_now_signed_out"),
  calendar: () => t("acts.not_now_old"),
  bridge: () => t("acts.not_now_lost"),
};
const NOTHING = {};
const GOOD = { state: "good" };

// Draws into `bar`, and its sheets into `dialog`; `refresh()` has the agenda read again.
export function begin({ bar, dialog, room, refresh }) {
  const base = `/api/v1/rooms/${encodeURIComponent(room)}`;
  const said = make("p", { id: "act-said", role: "status" });
  const row = make("div", { name: "act-row", role: "group" });
  const buttons = new Map();
  const sheet = sheetOf(dialog, () => row.querySelector("button"));
  const join = joining({ base, say, changed: () => scene && draw() });
  let scene = null;                // what was shown last
  let found = [];                  // what fits the moment
  let refused = null;              // a booking that proved to be somebody else's
  let claimed = null;              // a booking that was checked in to, though the agenda lags behind
  let remark = { words: "", until: 0 };
  let lively = false;              // something here may change with each second
  bar.replaceChildren(row, said);
  bar.setAttribute("aria-live", "off");

  const { perform, withPin, failed } = performer({
    base, sheet, refresh: async () => refresh(),
    scene: () => scene,
    offered: () => found,
    open,
    refuse: (id) => { refused = id; },
  });

  function show(next) {
    scene = { ...next, bookings: next.agenda?.bookings ?? [] };
    draw();
  }

  // It is later, and nothing else is new; `due` from time to time, for what depends on more.
  function tick(at, due) {
    if (!scene) return;
    scene = { ...scene, at };
    const before = lively;
    lively = sheet.isOpen() || Date.now() < remark.until || join.sent();
    if (lively || before || due) draw();
    else look();
  }

  function look() {
    const { standing, display, at } = scene;
    if (!display?.offers?.join || !standing) return;
    join.look(join.target(standing, at) ?? standing.current ?? standing.next, at);
  }

  function draw() {
    const { standing, display, at, zone, bookings } = scene;
    const offers = display?.offers ?? NOTHING;
    const meeting = offers.join && standing ? join.target(standing, at) : null;
    const call = meeting && join.stands(meeting, at, zone);
    if (!bookings.some((one) => one.id === claimed && one.check_in && !one.checked_in)) claimed = null;
    found = standing
      ? fitting({ bookings, offers, standing, at, join: meeting, refused, claimed })
      : [];
    drawBar(parted(found), call);
    drawSaid(meeting, call);
    sheet.draw(scene);
    look();
  }

  const barred = (act) => hindrance(act, scene.trust ?? GOOD);
  const why = (act) => HINDRED[barred(act)]?.() ?? "";

  function drawBar({ large, rest }, call) {
    const shown = large.map((one) => ({ ...one, ...labelled(one, call) }));
    if (rest.length) shown.push({ act: "more", label: t("acts.more") });
    set(row, "aria-label", t("acts.actions"));
    for (const one of shown) drawButton(one);
    const elements = shown.map(({ act }) => buttons.get(act));
    const same = elements.length === row.children.length && elements.every((one, at) => one === row.children[at]);
    if (same) return;
    const held = row.contains(document.activeElement) ? document.activeElement : null;
    row.replaceChildren(...elements);
    settle(row);
    if (held) (row.contains(held) ? held : row.querySelector("button"))?.focus();
  }

  function labelled({ act }, call) {
    if (act !== "join") return { label: t(`acts.${act}`), icon: act };
    const icon = { leave: "leave", wait: "wait" }[call.act] ?? "join";
    return { label: call.label, icon, off: call.act === "wait" || call.act === "closed", doing: call.act };
  }

  function drawButton({ act, label, icon = act, off = false, doing = "" }) {
    if (!buttons.has(act)) {
      const words = make("span", act === "join" ? { id: "act-label" } : {});
      const element = button({ id: act === "join" ? "act-button" : `act-${act.replace("_", "-")}` }, () => touch(act));
      element.append(sign(icon), words);
      buttons.set(act, Object.assign(element, { icon, words }));
    }
    const element = buttons.get(act);
    if (element.icon !== icon) {
      element.replaceChild(sign(icon), element.firstChild);
      element.icon = icon;
    }
    write(element.words, label);
    // Not `disabled`: whoever got here by keyboard would be thrown back to the page's begin.
    set(element, "aria-disabled", String(off || (act !== "more" && barred(act) !== "")));
    set(element, "data-act", doing || act);
  }

  function drawSaid(meeting, call) {
    const { standing } = scene;
    const shown = standing?.current ?? standing?.next;
    const other = meeting && meeting !== shown && call.said
      ? `${t("acts.next_is", { title: isolate(meeting.title || t("meeting.untitled")) })} ` : "";
    const hindered = found.map(({ act }) => why(act)).find(Boolean) ?? "";
    const noted = Date.now() < remark.until ? remark.words : "";
    write(said, noted || hindered || (call?.said ? other + call.said : ""));
    const empty = !row.children.length && !said.textContent;
    if (bar.hidden !== empty) bar.hidden = empty;  // written again, it would have all measured anew
  }

  function touch(act) {
    const one = found.find((each) => each.act === act);
    if (act === "more") more({ sheet, scene: () => scene, offered: () => parted(found).rest, open, why });
    else if (one) open(one);
  }

  function open(one) {
    if (barred(one.act)) return;
    if (one.act === "check_in") checkIn(one.booking);
    else if (one.act === "join") dial(one.booking);
    else SHEETS[one.act]({ base, sheet, scene: () => scene, perform, offered: () => found, open }, one);
  }

  // Nothing is lost where it fails, so that it is shown as done at once.
  async function checkIn(booking) {
    if (claimed === booking.id) return;
    const deed = {
      act: "check_in",
      booking: booking.id,
      key: touchKey(),
      title: t("acts.check_in_title"),
      path: `/bookings/${encodeURIComponent(booking.id)}/check-in`,
      body: {},
      done: () => t("acts.done_checked_in"),
    };
    claimed = booking.id;
    const told = await withPin("check_in", (pin) => {
      sheet.close();
      note(t("acts.done_checked_in"));
      return wish(`${base}${deed.path}`, deed.body, { key: deed.key, pin });
    });
    refresh();
    if (told?.ok) return;
    claimed = null;
    note("");
    if (told) failed(deed, told);
  }

  async function dial(booking) {
    const { act } = join.stands(booking, scene.at, scene.zone);
    if (act !== "join" && act !== "leave") return;
    const key = touchKey();
    await withPin("join", async (pin) => {
      sheet.close();
      return { code: await join.press(booking, act, { key, pin }) };
    });
  }

  function note(words) {
    remark = { words, until: Date.now() + SAID_MS };
    draw();
  }

  return { show, tick };
}

function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
