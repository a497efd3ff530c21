// Touches only what differs: nothing flickers, and a screen reader hears only what is new.

export const $ = (id) => document.getElementById(id);

// Put words into an element that holds nothing else.
export function put(element, words) {
  const node = element.firstChild;
  if (!node) {
    if (words) element.append(words);
  } else if (node.data !== words) {
    node.data = words;
  }
}

export function show(element, shown) {
  if (element.hidden === shown) element.hidden = !shown;
}

export function mark(element, name, value) {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}

// An element with a class, and inside of it words or other elements.
export function make(kind, name, ...inside) {
  const made = document.createElement(kind);
  if (name) made.className = name;
  made.append(...inside);
  return made;
}

// A stranger's words: whatever their direction, they leave the rest of the line alone.
export function theirs(words) {
  return make("bdi", "", words);
}
