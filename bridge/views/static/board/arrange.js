// How many cards stand beside and below one another: as large as they can be, and where they would
// become too small to be read, as many as there is room for.

const LEAST_WIDTH = 15;            // of a card, in rem
const LEAST_HEIGHT = 7.4;
const MOST_HEIGHT = 19;
const WIDE = 2.1;                  // how much wider than high a card looks best

export function arrange(list, count) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const box = list.parentElement.getBoundingClientRect();
  const most = {
    columns: Math.max(1, Math.floor(box.width / (LEAST_WIDTH * rem))),
    rows: Math.max(1, Math.floor(box.height / (LEAST_HEIGHT * rem))),
  };
  let best = { ...most, size: 0 };
  for (let columns = 1; columns <= most.columns; columns += 1) {
    const rows = Math.ceil(count / columns);
    if (rows > most.rows) continue;
    const size = Math.min(box.width / columns / WIDE, box.height / rows);
    if (size > best.size) best = { columns, rows, size };
  }
  const height = Math.min(MOST_HEIGHT * rem, box.height / Math.max(1, best.rows));
  set(list, "--columns", String(best.columns));
  set(list, "--height", `${height}px`);
  set(list, "--letters", `${Math.min(box.width / best.columns / 15.5, height / 7)}px`);
  return best.columns * best.rows;
}

function set(element, name, value) {
  if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
}
