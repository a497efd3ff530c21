// Elements by script. Words go in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

export function make(tag, { text, name, icon, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  if (icon) element.append(sign(icon));
  if (text !== undefined) element.append(text);
  element.append(...children);
  return element;
}

export function button(attributes, touched, ...children) {
  const element = make("button", { type: "button", ...attributes }, ...children);
  element.addEventListener("click", (event) => {
    if (element.getAttribute("aria-disabled") !== "true") touched(event);
  });
  return element;
}

// Only what differs is written: a screen that is drawn each second must not flicker.
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const SETTLE_MS = 350;
const settling = new WeakMap();

// What has just come under a finger is not touched by a tap that was meant for what was there.
export function settle(element) {
  element.dataset.fresh = "";
  clearTimeout(settling.get(element));
  settling.set(element, setTimeout(() => { delete element.dataset.fresh; }, SETTLE_MS));
}

const PATHS = {
  book: "M12 5v14M5 12h14",
  extend: "M12 7v5l3 2M20 12a8 8 0 1 1-3-6.2M20 4v4h-4",
  end: "M7 7h10v10H7z",
  check_in: "M4 12.5l5.5 5.5L20 7",
  release: "M10 4H5v16h5M10 12h10M16 8l4 4-4 4",
  join: "M3 7h11v10H3zM14 11l7-4v10l-7-4",
  leave: "M3 14c5-5 13-5 18 0l-3 3-4-1.6v-3M3 14l3 3 4-1.6v-3",
  wait: "M12 3a9 9 0 1 1-9 9",
  find: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13M15.5 15.5L21 21",
  report: "M12 4l9 16H3zM12 10v5M12 17.6v.4",
  more: "M5 12h.1M12 12h.1M19 12h.1",
  close: "M6 6l12 12M18 6L6 18",
  done: "M4 12.5l5.5 5.5L20 7",
  problem: "M12 4l9 16H3zM12 10v5M12 17.6v.4",
  erase: "M9 6h12v12H9l-6-6zM12.5 9.5l5 5M17.5 9.5l-5 5",
};

export function sign(which) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  drawing.setAttribute("class", `sign-${which}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[which] ?? PATHS.more);
  drawing.append(path);
  return drawing;
}
