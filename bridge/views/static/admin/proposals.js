// Proposals: all of a page ticked at once; and how far services have answered, without a reload.

const EVERY = 1000;

export function tickAll(root) {
  const place = root.querySelector("[data-all]");
  const boxes = [...root.querySelectorAll(".picks input[type=checkbox]")];
  if (!place || boxes.length < 2) {
    return;
  }
  const row = root.createElement("div");
  const all = root.createElement("input");
  const words = root.createElement("label");
  row.className = "tick";
  all.type = "checkbox";
  all.id = "all";
  words.htmlFor = all.id;
  words.textContent = place.dataset.all;
  row.append(all, words);
  place.append(row);
  const show = () => {
    const ticked = boxes.filter((one) => one.checked).length;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && !all.checked;
  };
  all.addEventListener("change", () => {
    for (const one of boxes) {
      one.checked = all.checked;
    }
  });
  for (const one of boxes) {
    one.addEventListener("change", show);
  }
  show();
}

export function followAsking(root) {
  if (!root.querySelector("[data-poll]")) {
    return;
  }
  const timer = setInterval(async () => {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.redirected) {
        clearInterval(timer);
        location.replace(answer.url);
        return;
      }
      if (answer.ok) {
        show(root, await answer.text());
      }
    } catch {
      // The appliance is away for a moment: what stands there stays, and is asked for again.
    }
  }, EVERY);
}

function show(root, text) {
  const here = root.querySelector("[data-poll]");
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("[data-poll]");
  if (here && fresh) {
    here.replaceWith(root.adoptNode(fresh));
  }
}
