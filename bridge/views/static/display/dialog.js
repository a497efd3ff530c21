// The sheet that comes up after a touch: one <dialog>, whose stages follow each other in it.

import { button, make, settle, write } from "./make.js";
import { t } from "./words.js";

const IDLE_MS = 60_000;            // nobody touches it: whoever began has gone
const OUTCOMES = new Set(["done", "problem"]);  // what a screen reader says by itself
const FOCUSABLE = "button:not([hidden]), textarea, select, input";

// `opener()` is where the focus goes when what was touched is not there any more.
export function sheet(dialog, opener) {
  const heading = make("h2", { id: "sheet-title", tabindex: "-1" });
  const cross = button({ name: "cross", icon: "close" }, close);
  const note = make("p", { name: "sheet-note", id: "sheet-note" });
  const body = make("div", { name: "sheet-body" });
  const spoken = make("p", { name: "spoken", role: "status" });
  const frame = make("div", { name: "sheet-frame" },
    make("header", {}, heading, cross), note, body, spoken);
  let stage = null;
  let timer = 0;
  dialog.classList.add("sheet");
  dialog.setAttribute("aria-labelledby", "sheet-title");
  dialog.setAttribute("aria-describedby", "sheet-note");
  dialog.replaceChildren(frame);

  // A stage: {title, note, body: [elements], tone, waits, ends: ms, live(scene), left()}.
  function show(next) {
    leave();
    stage = next;
    dialog.dataset.tone = next.tone ?? "";
    dialog.toggleAttribute("aria-busy", Boolean(next.waits));
    cross.setAttribute("aria-label", t("acts.close"));
    cross.hidden = Boolean(next.waits);
    write(heading, next.title);
    write(note, next.note ?? "");
    write(spoken, OUTCOMES.has(next.tone) ? `${next.title}. ${next.note ?? ""}` : "");
    body.replaceChildren(...(next.body ?? []));
    settle(body);
    if (!dialog.open) dialog.showModal();
    frame.scrollTop = 0;
    (body.querySelector("[data-first]") ?? heading).focus({ preventScroll: true });
    rest();
  }

  function leave() {
    const before = stage;
    stage = null;
    before?.left?.();
  }

  // Another while without a touch. What waits for the bridge ends by itself.
  function rest() {
    clearTimeout(timer);
    if (stage && !stage.waits) timer = setTimeout(close, stage.ends ?? IDLE_MS);
  }

  function close() {
    if (dialog.open) dialog.close();
  }

  // The browser tells of it a task later: a quick hand may have opened the next sheet by then.
  function closed() {
    if (dialog.open) return;
    clearTimeout(timer);
    leave();
    body.replaceChildren();
    const held = document.activeElement;
    if (!held || held === document.body || dialog.contains(held)) opener()?.focus();
  }

  // The browser keeps the focus in a modal dialog, but lets it out to its own buttons.
  function turn(event) {
    if (event.key !== "Tab") return;
    const stops = [...frame.querySelectorAll(FOCUSABLE)].filter((one) => one.offsetParent);
    if (!stops.length) {
      event.preventDefault();
      return;
    }
    const first = stops[0];
    const last = stops[stops.length - 1];
    const held = document.activeElement;
    const out = event.shiftKey ? held === first || held === heading : held === last;
    if (!out) return;
    event.preventDefault();
    (event.shiftKey ? last : first).focus();
  }

  dialog.addEventListener("close", closed);
  dialog.addEventListener("cancel", (event) => { if (stage?.waits) event.preventDefault(); });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog && !stage?.waits) close();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && stage?.waits) event.preventDefault();
    turn(event);
    stage?.keyed?.(event);
  });
  for (const kind of ["pointerdown", "keydown", "input"]) dialog.addEventListener(kind, rest);

  return {
    show,
    close,
    note: (text) => write(note, text),
    isOpen: () => dialog.open,
    draw: (scene) => stage?.live?.(scene),
  };
}
