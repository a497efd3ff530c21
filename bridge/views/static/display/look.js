// How the page looks: the theme, the site's colours and logo, and dark hours. Whatever comes from
// the bridge is checked before it becomes a style.

import { $, mark, show } from "./change.js";
import { local } from "./zone.js";

const AWAKE_MS = 60_000;           // so long after a touch the display stays bright
const COLOUR = /^#[0-9a-f]{6}$/i;
const OWN_PATH = /^\/(?![/\\])[\w\-./?=&%]+$/;
const PROPERTIES = { free: "--free", busy: "--busy", soon: "--soon", check_in: "--check-in" };

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const more = matchMedia("(prefers-contrast: more)");
let look = {};
let awake = -Infinity;             // when it was touched last, by our own clock

// Look like this from now on.
export function wear(wanted) {
  look = wanted ?? {};
  themed();
  const colours = look.colours ?? {};
  let own = false;
  for (const [name, property] of Object.entries(PROPERTIES)) {
    const colour = COLOUR.test(colours[name] ?? "") && root.dataset.theme !== "contrast" ? colours[name] : "";
    own = own || Boolean(colour);
    root.style.setProperty(property, colour);
  }
  root.toggleAttribute("data-own-colours", own);
  root.toggleAttribute("data-own-soon", Boolean(root.style.getPropertyValue("--soon")));
  const logo = OWN_PATH.test(look.logo ?? "") ? look.logo : "";
  if (logo && $("logo").getAttribute("src") !== logo) $("logo").src = logo;
  show($("logo"), Boolean(logo));
}

function themed() {
  const wanted = ["light", "dark", "contrast"].includes(look.theme) ? look.theme : "auto";
  const own = more.matches ? "contrast" : dark.matches ? "dark" : "light";
  mark(root, "theme", wanted === "auto" ? own : wanted);
}

// Darken the page when nobody is there to look; a touch lights it up.
export function drawDim(at, zone) {
  const alone = performance.now() - awake > AWAKE_MS;
  const dim = alone && hoursOf(look.dim) && within(look.dim, local(at, zone));
  show($("dim"), Boolean(dim));
}

const hoursOf = (dim) => dim && /^\d\d:\d\d$/.test(dim.from) && /^\d\d:\d\d$/.test(dim.to);

function within({ from, to }, { hour, minute }) {
  const now = `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
  return from <= to ? from <= now && now < to : from <= now || now < to;
}

function wake(event) {
  awake = performance.now();
  if ($("dim").hidden) return;
  event.preventDefault();          // whoever wakes it cannot see what is touched
  event.stopPropagation();
  show($("dim"), false);
}

addEventListener("pointerdown", wake, { capture: true });
addEventListener("keydown", wake, { capture: true });
for (const one of [dark, more]) one.addEventListener("change", () => wear(look));
themed();
