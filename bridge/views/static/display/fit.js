// Makes what stands beside the door as large as its place allows, and smaller before anything of
// it would be cut. It looks again only when words, buttons or the size of the screen have changed.

import { $, mark } from "./change.js";

const DENSEST = 4;

const root = document.documentElement;

function overflows(element) {
  return element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1;
}

// The state's word on one line, in the largest letters that its width allows.
function enlarge(word) {
  word.style.fontSize = "";
  word.style.whiteSpace = "nowrap";
  const usual = parseFloat(getComputedStyle(word).fontSize);
  const size = Math.floor(usual * Math.min(1, word.clientWidth / word.scrollWidth));
  const least = Math.min(innerWidth, innerHeight) / 12;
  if (size < usual) word.style.fontSize = `${Math.max(size, Math.ceil(least))}px`;
  if (size < least) word.style.whiteSpace = "";
}

function settle() {
  for (let dense = 0; dense <= DENSEST; dense += 1) {
    mark(root, "dense", String(dense));
    enlarge($("word"));
    if (!overflows($("now")) && !overflows($("state"))) return;
  }
}

// Begin to look; `resized` is called when all has another size.
export function watchFit(resized) {
  const watch = new MutationObserver(settle);
  watch.observe($("now"), {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["hidden", "data-act"],
  });
  let size = "";
  new ResizeObserver(() => {
    const now = `${innerWidth} ${innerHeight}`;
    if (size !== now) {
      size = now;
      settle();
      resized();
    }
  }).observe(document.body);
  document.fonts?.ready.then(settle);
}
