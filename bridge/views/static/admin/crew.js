// Pages of people and tokens are whole without this: it copies what is shown once, and shows room
// lists only to roles that have them.

for (const shown of document.querySelectorAll("[data-copy]")) {
  if (navigator.clipboard) {
    offerCopy(shown);
  }
}
for (const lists of document.querySelectorAll("fieldset[data-only]")) {
  followRole(lists);
}

function offerCopy(shown) {
  const button = document.createElement("button");
  const said = document.createElement("span");
  button.type = "button";
  button.textContent = shown.dataset.copy;
  said.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(shown.textContent);
      said.textContent = shown.dataset.copied;
    } catch {
      // Not allowed here: it is selected, to be copied by hand.
      getSelection().selectAllChildren(shown);
    }
  });
  shown.after(button, said);
}

function followRole(lists) {
  const roles = lists.dataset.only.split(" ");
  const form = lists.form;
  const follow = () => {
    const role = new FormData(form).get("role");
    lists.hidden = lists.disabled = !roles.includes(role);
  };
  form.addEventListener("change", follow);
  follow();
}
