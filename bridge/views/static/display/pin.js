// The pad for the room's PIN. Its digits are held by no field that a browser could keep, and are
// forgotten with the sheet.

import { button, make } from "./make.js";
import { span, t } from "./words.js";

const LEAST = 4;
const MOST = 8;
const MINUTE_MS = 60_000;

// Ask for it: resolves to the digits, or to null where whoever was asked has gone. `wrong` is the
// code of what became of the last one, `wait` how many seconds nothing more is accepted.
export function askPin(sheet, { wrong = "", wait = 0 } = {}) {
  return new Promise((resolve) => {
    let digits = "";
    const dots = make("p", { name: "pin-dots", role: "status", dir: "ltr" });
    const ok = button({ name: "strong", text: t("acts.ok"), "aria-disabled": "true" }, done);

    function draw() {
      dots.replaceChildren(
        make("span", { name: "spoken", text: t("acts.pin_digits", { n: digits.length }) }),
        ...Array.from({ length: Math.max(LEAST, digits.length) }, (_, at) =>
          make("i", { name: at < digits.length ? "set" : "" })),
      );
      ok.setAttribute("aria-disabled", String(digits.length < LEAST));
    }

    function add(digit) {
      if (digits.length < MOST) digits += digit;
      draw();
    }

    function erase() {
      digits = digits.slice(0, -1);
      draw();
    }

    function done() {
      if (digits.length < LEAST) return;
      resolve(digits);
      digits = "";
    }

    function keyed(event) {
      if (/^[0-9]$/.test(event.key)) add(event.key);
      else if (event.key === "Backspace") erase();
      else if (event.key === "Enter" && !event.target.closest("button")) done();
      else return;
      event.preventDefault();
    }

    const keys = [..."123456789"].map((one) => button({ text: one }, () => add(one)));
    const last = [
      button({ icon: "erase", "aria-label": t("acts.pin_delete") }, erase),
      button({ text: "0" }, () => add("0")),
      ok,
    ];
    draw();
    sheet.show({
      title: t("acts.pin_title"),
      note: words(wrong, wait),
      tone: wrong ? "problem" : "",
      body: [dots, make("div", { name: "pin-pad", dir: "ltr" }, ...keys, ...last)],
      keyed,
      left: () => { digits = ""; resolve(null); },
    });
  });
}

function words(wrong, wait) {
  if (wait) return t("acts.pin_locked", { span: span(Math.max(wait * 1000, MINUTE_MS)) });
  return wrong === "pin_wrong" ? t("acts.pin_wrong") : "";
}
