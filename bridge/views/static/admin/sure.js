// Asks before what cannot be taken back. Without scripts the form is sent at once.

export function askFirst(root) {
  for (const form of root.querySelectorAll("form[data-sure]")) {
    let sure = false;
    form.addEventListener("submit", (event) => {
      if (sure) {
        return;
      }
      event.preventDefault();
      const button = event.submitter ?? form.querySelector("button");
      ask(root, form.dataset.sure, button, () => {
        sure = true;
        form.requestSubmit();
      });
    });
  }
}

function ask(root, question, button, go) {
  const dialog = root.createElement("dialog");
  const words = root.createElement("p");
  words.id = "sure";
  words.textContent = question;
  dialog.setAttribute("aria-labelledby", "sure");
  const row = root.createElement("div");
  const no = answer(root, root.body.dataset.cancel, "");
  const yes = answer(root, button.firstChild.textContent.trim(), button.className || "first");
  no.addEventListener("click", () => dialog.close());
  yes.addEventListener("click", () => {
    dialog.close();
    go();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    button.focus();
  });
  row.append(no, yes);
  dialog.append(words, row);
  root.body.append(dialog);
  dialog.showModal();
  no.focus();
}

function answer(root, words, kind) {
  const button = root.createElement("button");
  button.type = "button";
  button.className = kind;
  button.textContent = words;
  return button;
}
