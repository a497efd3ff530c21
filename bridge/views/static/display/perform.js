// Does what a sheet was touched for: asks for the PIN, shows that it goes on, and says how it went.

import { button, make, sign, write } from "./make.js";
import { between } from "./moment.js";
import { askPin } from "./pin.js";
import { LATER, OUTRUN, say, UNCERTAIN } from "./problems.js";
import { touchKey, wish } from "./wish.js";
import { clock, isolate, t } from "./words.js";

const LONG_MS = 5_000;             // from then on it is said that it takes a while
const TOLD_MS = 8_000;             // a good end needs no touch to go away

// A deed: {act, title, path, body, done(answer) -> words, span: {from, to}, booking}.
export function performer({ base, sheet, scene, offered, open, refresh, refuse }) {
  let running = false;

  async function perform(deed) {
    if (running) return;           // a double tap
    running = true;
    try {
      await through({ key: touchKey(), ...deed });
    } finally {
      running = false;
    }
  }

  async function through(deed) {
    const told = await withPin(deed.act, (pin) => {
      working(deed);
      return wish(`${base}${deed.path}`, deed.body, { key: deed.key, pin });
    });
    if (told === null) return;
    const read = refresh();
    if (told.ok) {
      done(deed, told.body);
      return;
    }
    if (told.code === "other_organizer") refuse(deed.booking);
    if (OUTRUN.has(told.code)) await read;
    failed(deed, told);
  }

  // Has `send(pin)` done, with a PIN where one is asked for; null where nobody gave one.
  async function withPin(act, send) {
    let asked = scene().display?.pin?.includes(act) ? {} : null;
    for (;;) {
      const pin = asked ? await askPin(sheet, asked) : "";
      if (pin === null) return null;
      const told = await send(pin);
      if (told.code !== "pin_required" && told.code !== "pin_wrong") return told;
      asked = { wrong: told.code };
    }
  }

  function working(deed) {
    const words = make("p", { role: "status", text: t("acts.working") });
    const timer = setTimeout(() => write(words, t("acts.still_working")), LONG_MS);
    sheet.show({
      title: deed.title,
      body: [make("div", { name: "working" }, sign("wait"), words)],
      waits: true,
      left: () => clearTimeout(timer),
    });
  }

  function done(deed, body) {
    const notes = [
      body.overlaps ? t("acts.overlaps") : "",
      body.shown === false ? t("acts.not_shown") : "",
    ];
    sheet.show({
      title: deed.done(body),
      note: notes.filter(Boolean).join(" "),
      tone: "done",
      body: [make("div", { name: "choices row" }, button({ text: t("acts.ok"), "data-first": true }, sheet.close))],
      ends: body.overlaps ? undefined : TOLD_MS,
    });
  }

  function failed(deed, told) {
    const taken = make("ul", { name: "taken" });
    const live = ({ bookings, zone }) => {
      const found = deed.span ? between(bookings, deed.span.from, deed.span.to) : [];
      const lines = found.filter((one) => one.id !== deed.booking).map((one) => t("acts.taken_by", {
        title: isolate(one.title || t("meeting.untitled")),
        start: clock(one.start, zone),
        end: clock(one.end, zone),
      }) + (one.organizer ? ` · ${isolate(one.organizer)}` : ""));
      if (lines.join("\n") === taken.dataset.said) return;
      taken.dataset.said = lines.join("\n");
      taken.replaceChildren(...lines.map((text) => make("li", { text })));
    };
    if (told.code === "room_taken") live(scene());
    const ways = waysOn(deed, told.code);
    ways.push(button({ text: t("acts.close"), "data-first": !ways.length }, sheet.close));
    sheet.show({
      title: t("acts.failed_title"),
      note: say(told.code, deed.act, told.wait),
      tone: "problem",
      body: [taken, make("div", { name: "choices row" }, ...ways)],
      live: told.code === "room_taken" ? live : undefined,
    });
  }

  // What can be done about it.
  function waysOn(deed, code) {
    const ways = [];
    const add = (text, touched) =>
      ways.push(button({ text, name: ways.length ? "" : "strong", "data-first": !ways.length }, touched));
    if (UNCERTAIN.has(code)) add(t("acts.retry"), () => perform(deed));
    if (LATER.has(code)) add(t("acts.retry"), () => perform({ ...deed, key: touchKey() }));
    const next = {
      room_taken: deed.act === "find" ? ["find"] : [deed.act, "find"],
      other_organizer: ["release"],
      booking_not_running: ["release"],
    }[code] ?? [];
    for (const act of next) {
      const found = offered().find((one) => one.act === act);
      if (found) add(act === deed.act ? t("acts.back") : t(`acts.${act}`), () => open(found));
    }
    return ways;
  }

  return { perform, withPin, failed };
}
