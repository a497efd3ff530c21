// Makes what stands beside the door as large as its place allows, and smaller before anything of
// it would be cut. It looks again only when words, buttons or the size of the screen have changed.

import { $, mark } from "./change.js";

const DENSEST = 5;

const root = document.documentElement;

// Letters may reach out of their own lines, but nothing may reach out of the page.
function fits() {
  const { scrollHeight, clientHeight, scrollWidth, clientWidth } = $("now");
  const wide = $("state").scrollWidth > $("state").clientWidth + 1;
  return !wide && scrollHeight <= clientHeight + 1 && scrollWidth <= clientWidth + 1;
}

// Each on one line, in the largest letters that its width allows; below its `least` pixels it wraps
// instead. All are written, then all read: what is read after a write has the page laid out anew.
function enlarge(wanted) {
  for (const { element } of wanted) {
    element.style.fontSize = "";
    element.style.whiteSpace = "nowrap";
  }
  const found = wanted.map(({ element, least }) => {
    const usual = parseFloat(getComputedStyle(element).fontSize);
    const size = Math.floor(usual * Math.min(1, element.clientWidth / element.scrollWidth));
    return { element, least, usual, size };
  });
  for (const { element, least, usual, size } of found) {
    if (size < least) element.style.whiteSpace = "";
    if (size < usual) element.style.fontSize = `${Math.max(size, Math.ceil(Math.min(least, usual)))}px`;
  }
}

function settle() {
  const far = Math.min(innerWidth, innerHeight) / 12;  // what can be read from across a hall
  const rem = parseFloat(getComputedStyle(root).fontSize);
  const [word, name] = [$("word"), $("name").parentElement];
  const wanted = [{ element: word, least: far }, { element: name, least: 1.7 * rem }];
  const clock = [{ element: $("time"), least: 0 }];
  for (let dense = 0; dense <= DENSEST; dense += 1) {
    mark(root, "dense", String(dense));
    enlarge(dense ? wanted : [...wanted, ...clock]);
    if (fits()) return;
  }
}

// Begin to look; `resized` is called when all has another size.
export function watchFit(resized) {
  const watch = new MutationObserver(settle);
  const words = { subtree: true, childList: true, characterData: true };
  watch.observe($("now"), { ...words, attributes: true, attributeFilter: ["hidden", "data-act"] });
  watch.observe($("time"), words);
  let size = "";
  const look = new ResizeObserver(() => {
    const now = `${innerWidth} ${innerHeight} ${$("now").clientHeight} ${$("day").clientHeight}`;
    if (size === now) return;
    size = now;
    settle();
    resized();
  });
  for (const id of ["now", "day"]) look.observe($(id));
  document.fonts?.ready.then(settle);
}
