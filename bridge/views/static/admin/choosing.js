// Ticks all rooms, or those of a floor, and says how many are chosen. Without it one tick by one.

export function chooseRooms(root) {
  const form = root.querySelector("form[data-choose]");
  if (!form) {
    return;
  }
  const every = form.querySelector("[data-all]");
  const rooms = [...form.querySelectorAll("input[name=room]")];
  const said = form.querySelector("#chosen");
  const total = rooms.length;
  if (total) {
    every.removeAttribute("name"); // the rooms' own ticks are sent, and are what is meant
  }

  const tell = () => {
    const ticked = rooms.filter((one) => one.checked).length;
    if (total) {
      every.checked = ticked === total;
      every.indeterminate = ticked > 0 && ticked < total;
      const { none, one, other } = said.dataset;
      const words = ticked === 0 ? none : ticked === 1 ? one : other;
      said.textContent = words.replace(/[12]/, ticked.toLocaleString(root.documentElement.lang));
    }
    for (const button of form.querySelectorAll("[data-these]")) {
      const inside = [...button.closest("fieldset").querySelectorAll("input[name=room]")];
      button.setAttribute("aria-pressed", String(inside.every((one) => one.checked)));
    }
  };

  every.addEventListener("change", () => {
    for (const one of rooms) {
      one.checked = every.checked;
    }
    tell();
  });
  for (const button of form.querySelectorAll("[data-these]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const inside = [...button.closest("fieldset").querySelectorAll("input[name=room]")];
      const tick = inside.some((one) => !one.checked);
      for (const one of inside) {
        one.checked = tick;
      }
      tell();
    });
  }
  form.addEventListener("change", tell);
  tell();
}
