// Where all rooms are on the page, typing shows those that fit at once; otherwise the form is sent.

export function filterTree(root) {
  const tree = root.querySelector(".tree[data-whole]");
  const typed = root.querySelector("#q");
  if (!tree || !typed) {
    return;
  }
  const rows = [...tree.querySelectorAll(".row")].map((row) => ({
    row,
    words: row.dataset.words.toLocaleLowerCase(),
  }));
  const branches = [...tree.querySelectorAll("details")];
  const before = branches.map((branch) => branch.open);
  const found = root.querySelector("#found");
  const nothing = root.querySelector("#nothing");
  const show = () => {
    const words = typed.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const rooms = new Set();
    for (const { row, words: hay } of rows) {
      row.hidden = !words.every((word) => hay.includes(word));
      if (!row.hidden) {
        rooms.add(row.querySelector("a").href);
      }
    }
    branches.forEach((branch, number) => {
      branch.hidden = !branch.querySelector(".row:not([hidden])");
      branch.open = words.length ? true : before[number];
    });
    nothing.hidden = rooms.size > 0;
    const form = rooms.size === 1 ? found.dataset.one : found.dataset.other;
    found.textContent = form.replace(/[12]/, rooms.size.toLocaleString(root.documentElement.lang));
  };
  typed.addEventListener("input", show);
  if (typed.value) {
    show();
  }
}
