// Says while somebody types what would be wrong with a change: the form is judged by the appliance
// as if it were sent, and nothing is changed. Only fields that were touched are blamed.

const WAIT = 450; // ms without a key before it is asked

export function checkForms(root) {
  for (const form of root.querySelectorAll("form[data-dry]")) {
    watch(form);
  }
}

function watch(form) {
  const touched = new Set();
  let timer, asking;
  for (const list of form.querySelectorAll("ul.wrong")) {
    list.setAttribute("aria-live", "polite");
  }
  form.addEventListener("input", (event) => {
    touched.add(event.target.name);
    clearTimeout(timer);
    asking?.abort();
    timer = setTimeout(async () => {
      asking = new AbortController();
      const found = await ask(form, asking.signal);
      if (found) {
        show(form, found, touched);
      }
    }, WAIT);
  });
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    asking?.abort();
  });
}

async function ask(form, signal) {
  const address = new URL(form.getAttribute("action"), location.href);
  address.searchParams.set("check", "1");
  const body = new URLSearchParams(new FormData(form));
  try {
    const answer = await fetch(address, { method: "POST", body, signal, redirect: "error" });
    return answer.status === 200 ? await answer.json() : null;
  } catch {
    return null; // a newer question, or no network: sending the form tells
  }
}

function show(form, found, touched) {
  for (const list of form.querySelectorAll("ul.wrong")) {
    const name = list.id.slice(0, -"-wrong".length);
    if (touched.has(name)) {
      fill(list, name, found.fields[name] ?? []);
    }
  }
  const said = form.querySelector("[data-said]");
  const others = (found.fields[""] ?? []).filter((one) => one.severity === "error");
  const blamed = Object.keys(found.fields).some((name) => name !== "");
  said.textContent = others.length ? others.map((one) => one.words).join("; ") : blamed ? "" : found.words;
}

function fill(list, name, said) {
  const items = said.map((one) => {
    const item = list.ownerDocument.createElement("li");
    item.className = one.severity;
    item.textContent = one.words;
    return item;
  });
  list.replaceChildren(...items);
  list.hidden = said.length === 0;
  const field = list.ownerDocument.getElementById(name);
  if (said.some((one) => one.severity === "error")) {
    field?.setAttribute("aria-invalid", "true");
  } else {
    field?.removeAttribute("aria-invalid");
  }
}
