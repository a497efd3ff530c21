// How many cards stand beside and below one another: as large as they can be, and where they would
// become too small to be read, as many as there is room for.

const LEAST_WIDTH = 15;            // of a card, in rem
const LEAST_HEIGHT = 7.4;
const MOST_HEIGHT = 19;
const WIDE = 2.1;                  // how much wider than high a card looks best

// Returns how many pages that makes, and how many cards each has.
export function arrange(list, count) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const box = list.parentElement.getBoundingClientRect();
  const most = {
    columns: Math.max(1, Math.floor(box.width / (LEAST_WIDTH * rem))),
    rows: Math.max(1, Math.floor(box.height / (LEAST_HEIGHT * rem))),
  };
  const pages = Math.max(1, Math.ceil(count / (most.columns * most.rows)));
  const each = Math.max(1, Math.ceil(count / pages));
  const { columns, rows } = best(box, most, each);
  const height = Math.min(MOST_HEIGHT * rem, box.height / rows);
  set(list, "--columns", String(columns));
  set(list, "--height", `${height}px`);
  set(list, "--letters", `${Math.min(box.width / columns / 18, height / 9)}px`);
  return { pages, each };
}

function best(box, most, count) {
  let found = { ...most, size: 0 };
  for (let columns = 1; columns <= most.columns; columns += 1) {
    const rows = Math.ceil(count / columns);
    if (rows > most.rows) continue;
    const size = Math.min(box.width / columns / WIDE, box.height / rows);
    if (size > found.size) found = { columns, rows, size };
  }
  return found;
}

function set(element, name, value) {
  if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
}
