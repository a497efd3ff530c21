// What can be done at the door.

import { make, put, show as appear } from "./change.js";
import { look, press, stands, target } from "./joining.js";
import { clock } from "./words.js";

// Put the buttons into `bar`; what comes back is called at each draw.
export function begin({ bar }) {
  const label = make("span");
  const button = make("button", "", sign(), label);
  button.type = "button";
  button.id = "act-button";
  const said = make("p");
  said.id = "act-said";
  const act = make("div", "act", button, said);
  act.hidden = true;
  bar.append(act);
  let touched = null;
  let last = null;
  button.addEventListener("click", () => {
    if (touched?.act === "join" || touched?.act === "leave") press(touched.meeting, touched.act, again);
  });

  function again() {
    if (last) show(last);
  }

  function show(drawn) {
    last = drawn;
    const { standing, at, zone } = drawn;
    const meeting = standing && target(standing, at);
    const todo = meeting && stands(meeting, at, (date) => clock(date, zone));
    touched = todo && { meeting, act: todo.act };
    appear(act, Boolean(todo));
    if (todo) {
      const other = meeting !== (standing.current ?? standing.next) ? `Next: ${meeting.title}. ` : "";
      if (act.dataset.act !== todo.act) act.dataset.act = todo.act;
      // Not `disabled`: whoever got here by keyboard would be thrown back to the page's begin.
      const disabled = String(todo.act === "wait" || todo.act === "closed");
      if (button.getAttribute("aria-disabled") !== disabled) button.setAttribute("aria-disabled", disabled);
      put(label, todo.label);
      put(said, other + todo.said);
    }
    if (standing) look(meeting ?? standing.current ?? standing.next, at, again);
  }

  return { show };
}

function sign() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", "M2 6h13v12H2zM15 11l6.5-4v10L15 13z");
  svg.append(path);
  return svg;
}
